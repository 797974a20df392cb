//! What is drawn, before anybody decides where: cards, groups of cards, and what hangs beside them.

use super::super::Formula;
use super::super::body::{Body, Branch};
use super::super::handler::{HandlerAction, HandlerId};
use super::super::node::{For, ForSource, Inside, Kind, Node, NodeId};
use super::super::workflow::{Moment, Plan};
use super::super::written::{self, formula, head, shortened};
use crate::lang::catalog::Effect;
use crate::lang::layout;

/// A whole drawing.
pub(super) struct Graph {
    pub title: String,
    /// Name, version and fingerprint.
    pub subtitle: String,
    pub root: Group,
}

/// A card or a group.
pub(super) enum Item {
    Card(Card),
    Group(Group),
}

/// One statement.
pub(super) struct Card {
    pub id: String,
    pub title: String,
    /// Whom it calls, or what its keyword says.
    pub subtitle: Option<String>,
    /// Clauses and handlers, one a line.
    pub lines: Vec<String>,
    pub tone: Tone,
    pub asides: Vec<Aside>,
}

/// A block.
pub(super) struct Group {
    pub id: String,
    pub title: String,
    pub lines: Vec<String>,
    pub arrangement: Arrangement,
    pub items: Vec<Item>,
    pub asides: Vec<Aside>,
}

/// How the items of a group follow each other.
pub(super) enum Arrangement {
    /// One after the other.
    Sequence,
    /// All at once, but for these: the second waits for the first.
    Parallel(Vec<(usize, usize)>),
    /// One of them, or some: each item is a branch.
    Branches,
}

/// What happens beside the flow: a handler, a reminder. Drawn with a dashed line.
pub(super) struct Aside {
    /// When it happens.
    pub label: String,
    pub item: Item,
}

/// What kind of thing a card is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Tone {
    /// Start and end.
    Edge,
    Read,
    Keyed,
    Once,
    /// Another workflow.
    Child,
    /// Somebody or something is waited for.
    Wait,
    /// Something is computed.
    Pure,
    /// Events and answers.
    Tell,
    /// The flow ends or breaks here.
    Stop,
    /// A handler.
    Handler,
}

impl Item {
    pub(super) fn id(&self) -> &str {
        match self {
            Self::Card(card) => &card.id,
            Self::Group(group) => &group.id,
        }
    }

    pub(super) fn asides(&self) -> &[Aside] {
        match self {
            Self::Card(card) => &card.asides,
            Self::Group(group) => &group.asides,
        }
    }
}

/// The drawing of a plan.
pub(super) fn of(plan: &Plan) -> Graph {
    let model = Model { plan };
    let mut items = vec![Item::Card(model.start())];
    items.extend(model.items(&plan.body));
    items.push(Item::Card(model.end()));
    for moment in Moment::ALL {
        for (index, body) in plan.lifecycle(moment).iter().enumerate() {
            let word = moment.word();
            let id = format!("{}_{index}", word.replace(' ', "_"));
            if let Some(Item::Card(end)) = items.last_mut() {
                end.asides.push(Aside { label: word.to_owned(), item: model.group(id, String::new(), body) });
            }
        }
    }
    let version = plan.version.as_ref().map(|version| format!(" · version {version}")).unwrap_or_default();
    let root = Group {
        id: "run".to_owned(),
        title: String::new(),
        lines: Vec::new(),
        arrangement: Arrangement::Sequence,
        items,
        asides: model.all_handlers(&plan.body.handlers),
    };
    Graph {
        title: plan.title.as_ref().unwrap_or(&plan.name).to_string(),
        subtitle: format!("{}{version} · plan {}", plan.name, plan.digest.short()),
        root,
    }
}

struct Model<'a> {
    plan: &'a Plan,
}

impl Model<'_> {
    fn start(&self) -> Card {
        let lines = self.plan.triggers.iter().map(written::trigger).collect();
        Card {
            id: "start".to_owned(),
            title: "start".to_owned(),
            subtitle: None,
            lines,
            tone: Tone::Edge,
            asides: Vec::new(),
        }
    }

    fn end(&self) -> Card {
        let lines = match &self.plan.body.output {
            None => Vec::new(),
            Some(Formula::Object(fields)) => {
                fields.iter().map(|(name, value)| format!("{name}: {}", formula(value))).collect()
            }
            Some(Formula::Constant(value)) => vec![shortened(&layout::value(value))],
            Some(other) => vec![formula(other)],
        };
        Card {
            id: "finish".to_owned(),
            title: "end".to_owned(),
            subtitle: None,
            lines,
            tone: Tone::Edge,
            asides: Vec::new(),
        }
    }

    fn items(&self, body: &Body) -> Vec<Item> {
        body.statements.iter().map(|id| self.item(*id)).collect()
    }

    fn item(&self, id: NodeId) -> Item {
        let node = self.plan.node(id);
        let id = format!("n{}", id.0);
        let (arrangement, items, body) = match node.kind.inside() {
            Inside::Nothing => return Item::Card(self.card(node, id)),
            Inside::Body(body) => (self.arrangement(node, body), self.turn(node, body), Some(body)),
            Inside::Branches(branches) => match (&node.kind, &branches[..]) {
                // A condition without `else` needs no branches.
                (Kind::If { .. }, [only]) => (Arrangement::Sequence, self.items(&only.body), Some(&only.body)),
                _ => (Arrangement::Branches, self.branches(&id, &node.kind, branches), None),
            },
        };
        let (mut lines, mut asides) = self.clauses(node);
        if let Some(body) = body {
            lines.extend(body.output.as_ref().map(|output| format!("output {}", formula(output))));
            let (simple, bodies) = self.handlers(&body.handlers);
            lines.extend(simple);
            asides.extend(bodies);
        }
        let head = match &node.kind {
            Kind::If { arms, otherwise: None } if arms.len() == 1 => format!("if {}", arms[0].1.name),
            // The branches say it.
            Kind::If { .. } => String::new(),
            kind => head(kind),
        };
        let title = match &node.name {
            Some(name) if head.is_empty() => name.to_string(),
            Some(name) => format!("{name} · {head}"),
            None => head,
        };
        Item::Group(Group { id, title, lines, arrangement, items, asides })
    }

    /// A branch of something, or the body of a handler.
    fn group(&self, id: String, title: String, body: &Body) -> Item {
        let (mut lines, asides) = self.handlers(&body.handlers);
        lines.extend(body.output.as_ref().map(|output| format!("output {}", formula(output))));
        Item::Group(Group { id, title, lines, arrangement: Arrangement::Sequence, items: self.items(body), asides })
    }

    /// Branches, each with the word before its name.
    fn branches(&self, id: &str, kind: &Kind, branches: Vec<&Branch>) -> Vec<Item> {
        let word = |index| match kind {
            Kind::If { .. } if index == 0 => "if ",
            Kind::If { arms, .. } if index < arms.len() => "else if ",
            _ => "",
        };
        let group = |(index, branch): (usize, &Branch)| {
            self.group(format!("{id}_{index}"), format!("{}{}", word(index), branch.name), &branch.body)
        };
        branches.into_iter().enumerate().map(group).collect()
    }

    /// The statements of a body, with the call before them whose pages it goes through.
    fn turn(&self, node: &Node, body: &Body) -> Vec<Item> {
        let mut items = self.items(body);
        if let Kind::For(For { source: ForSource::Stream(call), .. }) = node.kind {
            items.insert(0, self.item(call));
        }
        items
    }

    fn arrangement(&self, node: &Node, body: &Body) -> Arrangement {
        if !matches!(node.kind, Kind::Parallel(_)) {
            return Arrangement::Sequence;
        }
        let waits =
            body.statements.iter().enumerate().flat_map(|(later, id)| {
                self.plan.node(*id).waits.iter().map(move |earlier| (*earlier as usize, later))
            });
        Arrangement::Parallel(waits.collect())
    }

    fn card(&self, node: &Node, id: String) -> Card {
        let (lines, asides) = self.clauses(node);
        let head = head(&node.kind);
        let (title, subtitle) = match (&node.name, &node.kind) {
            (Some(name), Kind::Let(value)) => (format!("let {name}"), Some(formula(value))),
            (Some(name), _) => (name.to_string(), Some(head)),
            (None, _) => (head, None),
        };
        Card { id, title, subtitle, lines, tone: self.tone(node), asides }
    }

    /// What a node says of itself, and what hangs beside it.
    fn clauses(&self, node: &Node) -> (Vec<String>, Vec<Aside>) {
        let (mut lines, mut asides) = (written::clauses(node), Vec::new());
        if let Some(undo) = node.clauses.undo {
            lines.push(format!("undo {}", head(&self.plan.node(undo).kind)));
        }
        let (simple, bodies) = self.handlers(&node.clauses.handlers);
        lines.extend(simple);
        asides.extend(bodies);
        for (index, meanwhile) in node.clauses.meanwhile.iter().enumerate() {
            let word = if meanwhile.repeats { "remind every" } else { "escalate after" };
            let id = format!("n{}_meanwhile_{index}", node.id.0);
            asides.push(Aside {
                label: format!("{word} {}", formula(&meanwhile.after)),
                item: self.group(id, String::new(), &meanwhile.body),
            });
        }
        (lines, asides)
    }

    /// Handlers without anything to run are lines; the others hang beside.
    fn handlers(&self, ids: &[HandlerId]) -> (Vec<String>, Vec<Aside>) {
        let (mut lines, mut asides) = (Vec::new(), Vec::new());
        for id in ids {
            let Some(handler) = self.plan.handlers.get(id.0 as usize) else { continue };
            match &handler.action {
                HandlerAction::Alternate(_) | HandlerAction::Notify(_) => asides.push(self.aside(*id)),
                HandlerAction::Retry { .. }
                | HandlerAction::Skip(_)
                | HandlerAction::SkipItem
                | HandlerAction::Fail { .. }
                | HandlerAction::Park => lines.push(written::handler(handler, self.plan)),
            }
        }
        (lines, asides)
    }

    /// All of them beside: those of the workflow, whose order is the order in which they are asked.
    fn all_handlers(&self, ids: &[HandlerId]) -> Vec<Aside> {
        ids.iter().map(|id| self.aside(*id)).collect()
    }

    fn aside(&self, id: HandlerId) -> Aside {
        let handler = &self.plan.handlers[id.0 as usize];
        let (types, guard) = written::occasion(handler);
        let id = format!("h{}", id.0);
        let item = match &handler.action {
            HandlerAction::Alternate(body) => self.group(id, "alternate".to_owned(), body),
            HandlerAction::Notify(call) => {
                let call = self.plan.node(*call);
                let (lines, asides) = self.clauses(call);
                let subtitle = Some(head(&call.kind));
                Item::Card(Card { id, title: "notify".to_owned(), subtitle, lines, tone: self.tone(call), asides })
            }
            _ => Item::Card(Card {
                id,
                title: written::action(&handler.action, self.plan),
                subtitle: None,
                lines: Vec::new(),
                tone: Tone::Handler,
                asides: Vec::new(),
            }),
        };
        Aside { label: format!("{types}{guard}"), item }
    }

    fn tone(&self, node: &Node) -> Tone {
        match &node.kind {
            Kind::Call { .. } => match self.plan.effect(node) {
                Some(Effect::Read) => Tone::Read,
                Some(Effect::Keyed { .. }) => Tone::Keyed,
                Some(Effect::Once) | None => Tone::Once,
            },
            Kind::Child { .. } | Kind::Start { .. } => Tone::Child,
            Kind::Ask(_) | Kind::Wait(_) => Tone::Wait,
            Kind::Emit { .. } | Kind::Reply { .. } => Tone::Tell,
            Kind::Return(_) | Kind::Fail { .. } | Kind::Until(_) => Tone::Stop,
            Kind::Script(_)
            | Kind::Let(_)
            | Kind::Set(_)
            | Kind::If { .. }
            | Kind::Match { .. }
            | Kind::Sequence(_)
            | Kind::Parallel(_)
            | Kind::For(_)
            | Kind::While { .. }
            | Kind::Repeat { .. }
            | Kind::Race(_)
            | Kind::Lock { .. } => Tone::Pure,
        }
    }
}
