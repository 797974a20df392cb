//! The differences of two plans, in the order in which a reader of the new program meets them.

use std::collections::{BTreeMap, BTreeSet};

use super::super::body::Body;
use super::super::fingerprint;
use super::super::handler::{HandlerAction, HandlerId};
use super::super::node::{Inside, Kind, Node, NodeId};
use super::super::workflow::{Moment, Plan};
use super::super::written;
use super::change::{Change, Part, Position, What};
use super::head;
use super::pair::{self, Pairs};
use super::parts::{self, Parts};
use crate::base::id::Digest;

/// What has changed from `old` to `new`.
pub(super) fn between(old: &Plan, new: &Plan, pairs: &Pairs) -> Vec<Change> {
    let mut reader = Reader {
        old,
        new,
        pairs,
        elsewhere: elsewhere(old, new, pairs),
        renamed: BTreeMap::new(),
        changes: Vec::new(),
    };
    reader.renamed = reader.find_renamed();
    head::differences(old, new, &mut reader.changes);
    reader.body(&old.body, &new.body, &Scope::default());
    for moment in Moment::ALL {
        reader.lifecycle(moment);
    }
    head::surroundings(old, new, &mut reader.changes);
    if reader.changes.is_empty() {
        // Every part of a plan has its words, but for what only the order of the text can change.
        reader.changes.push(Change { at: String::new(), what: part(Part::Head, None, None) });
    }
    reader.changes
}

/// Where a body stands.
#[derive(Clone, Default)]
struct Scope {
    /// What stands in it and has no name is called by this first.
    owner: String,
    /// What it is called itself; none for the body of the workflow.
    inside: Option<String>,
    /// Whether what stands in it runs at once.
    parallel: bool,
}

struct Reader<'p> {
    old: &'p Plan,
    new: &'p Plan,
    pairs: &'p Pairs,
    /// Steps without a partner in their block whose namesake stands in another block, from the new one to the old one.
    elsewhere: BTreeMap<NodeId, NodeId>,
    /// Steps that differ from one that is gone in their names alone.
    renamed: BTreeMap<NodeId, NodeId>,
    changes: Vec<Change>,
}

impl Reader<'_> {
    fn say(&mut self, at: &str, what: What) {
        self.changes.push(Change { at: at.to_owned(), what });
    }

    /// The steps that do what just one step did that is gone, under another name. Blocks are none of them: what stands in them
    /// is theirs.
    fn find_renamed(&self) -> BTreeMap<NodeId, NodeId> {
        let free = |node: &&Node| node.name.is_some() && matches!(node.kind.inside(), Inside::Nothing);
        let by_text = |plan: &Plan, nodes: &mut dyn Iterator<Item = &Node>| {
            let mut found: BTreeMap<Digest, Vec<NodeId>> = BTreeMap::new();
            nodes.for_each(|node| found.entry(fingerprint::nameless(node, plan)).or_default().push(node.id));
            found
        };
        let gone = self.old.nodes.iter().filter(free).filter(|node| self.is_gone(node.id));
        let fresh = self.new.nodes.iter().filter(free).filter(|node| self.is_fresh(node.id));
        let gone = by_text(self.old, &mut { gone });
        let fresh = by_text(self.new, &mut { fresh });
        let pairs = fresh.iter().filter_map(|(text, new)| match (new.as_slice(), gone.get(text)?.as_slice()) {
            ([new], [old]) => Some((*new, *old)),
            _ => None,
        });
        pairs.collect()
    }

    fn is_gone(&self, old: NodeId) -> bool {
        self.pairs.node(old).is_none() && !self.elsewhere.values().any(|other| *other == old)
    }

    fn is_fresh(&self, new: NodeId) -> bool {
        self.pairs.origin(new).is_none() && !self.elsewhere.contains_key(&new)
    }

    fn lifecycle(&mut self, moment: Moment) {
        let (before, after) = (self.old.lifecycle(moment), self.new.lifecycle(moment));
        let word = moment.word();
        for (old, new) in before.iter().zip(after) {
            let scope = Scope { owner: word.to_owned(), inside: Some(format!("`{word}`")), parallel: false };
            self.body(old, new, &scope);
        }
        for body in before.iter().skip(after.len()) {
            let text = written::gist(body, self.old);
            self.say("", part(Part::Clause(word.to_owned()), Some(text), None));
        }
        for body in after.iter().skip(before.len()) {
            let text = written::gist(body, self.new);
            self.say("", part(Part::Clause(word.to_owned()), None, Some(text)));
        }
    }

    fn body(&mut self, old: &Body, new: &Body, scope: &Scope) {
        let mut left = old.statements.iter().copied().peekable();
        for (index, id) in new.statements.iter().enumerate() {
            let origin = self.pairs.origin(*id);
            if origin.is_some() && !self.pairs.is_moved(*id) {
                // What stood before it and is gone is told where it stood.
                while let Some(gone) = left.next_if(|left| Some(*left) != origin) {
                    self.gone(gone, scope);
                }
                left.next();
            }
            self.statement((old, new), index, scope);
        }
        for gone in left {
            self.gone(gone, scope);
        }
        self.output(old, new, scope);
        self.handlers(&old.handlers, &new.handlers, scope);
    }

    fn gone(&mut self, id: NodeId, scope: &Scope) {
        if self.is_gone(id) && !self.renamed.values().any(|old| *old == id) {
            let node = self.old.node(id);
            self.say(&called(node, scope), What::Gone { thing: thing(node) });
        }
    }

    /// What is to be said of the statement at `index` of the new one of two bodies.
    fn statement(&mut self, (before, after): (&Body, &Body), index: usize, scope: &Scope) {
        let node = self.new.node(after.statements[index]);
        let at = called(node, scope);
        let position = self.position(after, index, scope);
        let elsewhere = self.elsewhere.get(&node.id).copied();
        if let Some(old) = self.pairs.origin(node.id) {
            if self.pairs.is_moved(node.id) && !scope.parallel {
                self.say(&at, What::Moved { thing: thing(node), position });
            }
            if scope.parallel {
                self.order((self.old.node(old), before), (node, after), &at);
            }
            self.node(old, node.id, &at);
        } else if let Some(old) = elsewhere {
            self.say(&at, What::Moved { thing: thing(node), position });
            self.own(self.old.node(old), node, &at);
        } else if let Some(old) = self.renamed.get(&node.id) {
            let was = self.old.node(*old).name.as_deref().unwrap_or_default().to_owned();
            self.say(&at, What::Renamed { was });
        } else {
            self.say(&at, What::Added { thing: thing(node), position });
        }
    }

    fn position(&self, body: &Body, index: usize, scope: &Scope) -> Position {
        let neighbour = |at: Option<usize>| {
            let node = self.new.node(*body.statements.get(at?)?);
            Some(node.name.as_ref().map_or_else(|| thing(node), |name| format!("`{name}`")))
        };
        let after = neighbour(index.checked_sub(1));
        let before = if after.is_none() { neighbour(Some(index + 1)) } else { None };
        Position { inside: scope.inside.clone(), after, before }
    }

    /// The differences of two nodes and of all that stands in them.
    fn node(&mut self, old: NodeId, new: NodeId, at: &str) {
        let (before, after) = (self.old.node(old), self.new.node(new));
        let said = self.changes.len();
        if before.digest != after.digest {
            self.own(before, after, at);
        }
        let scope = Scope { owner: at.to_owned(), inside: None, parallel: false };
        self.handlers(&before.clauses.handlers, &after.clauses.handlers, &scope);
        self.undo(before, after, at);
        self.meanwhile(before, after, at);
        if let (Some(old), Some(new)) = (pair::stream(&before.kind), pair::stream(&after.kind))
            && self.pairs.node(old) == Some(new)
        {
            self.node(old, new, &format!("{at}.from"));
        }
        if before.digest != after.digest && self.changes.len() == said {
            self.say(at, part(Part::Text, None, None));
        }
        self.inside(before, after, at);
    }

    /// What two nodes say by themselves.
    fn own(&mut self, before: &Node, after: &Node, at: &str) {
        compare_parts(&parts::node(before), &parts::node(after), at, &mut self.changes);
    }

    fn undo(&mut self, before: &Node, after: &Node, at: &str) {
        let text = |plan: &Plan, id: NodeId| {
            let node = plan.node(id);
            let params: Vec<String> = parts::node(node).into_iter().filter_map(parameter).collect();
            let params = if params.is_empty() { String::new() } else { format!(" {{ {} }}", params.join(", ")) };
            format!("{}{params}", written::head(&node.kind))
        };
        match (before.clauses.undo, after.clauses.undo) {
            (Some(old), Some(new)) => self.node(old, new, &format!("{at}.undo")),
            (Some(old), None) => {
                self.say(at, part(Part::Clause("undo".into()), Some(text(self.old, old)), None));
            }
            (None, Some(new)) => {
                self.say(at, part(Part::Clause("undo".into()), None, Some(text(self.new, new))));
            }
            (None, None) => {}
        }
    }

    fn meanwhile(&mut self, before: &Node, after: &Node, at: &str) {
        let word = |repeats: bool| if repeats { "remind" } else { "escalate" };
        let text = |repeats: bool, after: &super::super::Formula| {
            format!("{} {after}", if repeats { "every" } else { "after" })
        };
        let (before, after) = (&before.clauses.meanwhile, &after.clauses.meanwhile);
        for (old, new) in before.iter().zip(after) {
            let (was, is) = (text(old.repeats, &old.after), text(new.repeats, &new.after));
            let word = word(new.repeats);
            if was != is {
                self.say(at, part(Part::Clause(word.into()), Some(was), Some(is)));
            }
            let owner = format!("{at}.{word}");
            let scope = Scope { inside: Some(format!("`{owner}`")), owner, parallel: false };
            self.body(&old.body, &new.body, &scope);
        }
        for old in before.iter().skip(after.len()) {
            let clause = Part::Clause(word(old.repeats).into());
            self.say(at, part(clause, Some(text(old.repeats, &old.after)), None));
        }
        for new in after.iter().skip(before.len()) {
            let clause = Part::Clause(word(new.repeats).into());
            self.say(at, part(clause, None, Some(text(new.repeats, &new.after))));
        }
    }

    /// What stands in two blocks of the same kind.
    fn inside(&mut self, before: &Node, after: &Node, at: &str) {
        let scope = Scope { owner: at.to_owned(), inside: Some(format!("`{at}`")), parallel: false };
        match (before.kind.inside(), after.kind.inside()) {
            (Inside::Body(old), Inside::Body(new)) if pair::is_same_block(&before.kind, &after.kind) => {
                let parallel = matches!(after.kind, Kind::Parallel(_));
                self.body(old, new, &Scope { parallel, ..scope });
            }
            (Inside::Branches(old), Inside::Branches(new)) => {
                for (old, new) in pair::branches(&old, &new, before.digest == after.digest) {
                    let inside = match &after.kind {
                        Kind::Race(_) => format!("branch `{}` of `{at}`", new.name),
                        _ if &*new.name == "else" => format!("the `else` of `{at}`"),
                        Kind::Match { .. } => format!("`{} =>` of `{at}`", new.name),
                        _ => format!("`{at}` (`{}`)", new.name),
                    };
                    self.body(&old.body, &new.body, &Scope { inside: Some(inside), ..scope.clone() });
                }
            }
            _ => {}
        }
    }

    /// What two statements of a `parallel` wait for, as far as it is in both.
    fn order(&mut self, (old, before): (&Node, &Body), (new, after): (&Node, &Body), at: &str) {
        let named = |body: &Body, node: &Node| -> BTreeSet<NodeId> {
            node.waits.iter().filter_map(|place| body.statements.get(*place as usize)).copied().collect()
        };
        let was: BTreeSet<NodeId> = named(before, old).into_iter().filter_map(|id| self.pairs.node(id)).collect();
        let is = named(after, new);
        for id in was.difference(&is) {
            self.say(at, part(Part::After, Some(thing(self.new.node(*id))), None));
        }
        for id in is.difference(&was) {
            self.say(at, part(Part::After, None, Some(thing(self.new.node(*id)))));
        }
    }

    fn output(&mut self, old: &Body, new: &Body, scope: &Scope) {
        let fields = |body: &Body| {
            let mut found = Parts::new();
            if let Some(output) = &body.output {
                parts::fields("", output, &mut |path, text| found.push((Part::Output(path), text)));
            }
            found
        };
        compare_parts(&fields(old), &fields(new), &scope.owner, &mut self.changes);
    }

    fn handlers(&mut self, old: &[HandlerId], new: &[HandlerId], scope: &Scope) {
        let at = &scope.owner;
        let known = |plan: &'_ Plan, id: HandlerId| written::handler(&plan.handlers[id.0 as usize], plan);
        for id in old {
            if self.pairs.handler(*id).is_none() {
                self.say(at, part(Part::Handler, Some(known(self.old, *id)), None));
            }
        }
        let mut last = None;
        for id in new {
            let Some(was) = self.pairs.handler_origin(*id) else {
                self.say(at, part(Part::Handler, None, Some(known(self.new, *id))));
                continue;
            };
            if last.replace(was).is_some_and(|last| last > was) {
                self.say(at, part(Part::HandlerOrder, None, Some(known(self.new, *id))));
            }
            self.handler(was, *id, scope);
        }
    }

    fn handler(&mut self, old: HandlerId, new: HandlerId, scope: &Scope) {
        let (before, after) = (&self.old.handlers[old.0 as usize], &self.new.handlers[new.0 as usize]);
        let at = &scope.owner;
        let owner = |word: &str| if at.is_empty() { word.to_owned() } else { format!("{at}.{word}") };
        let said = self.changes.len();
        if let (HandlerAction::Notify(old), HandlerAction::Notify(new)) = (&before.action, &after.action) {
            self.node(*old, *new, &owner("notify"));
        }
        let only_call = self.changes.len() > said && {
            let (old, new) = (written::occasion(before), written::occasion(after));
            old == new
        };
        if before.digest != after.digest && !only_call {
            let was = parts::handler((before, self.old), (after, self.new));
            let is = parts::handler((after, self.new), (before, self.old));
            self.say(at, part(Part::Handler, Some(was), Some(is)));
        }
        if let (HandlerAction::Alternate(old), HandlerAction::Alternate(new)) = (&before.action, &after.action) {
            let owner = owner("alternate");
            let scope = Scope { inside: Some(format!("`{owner}`")), owner, parallel: false };
            self.body(old, new, &scope);
        }
    }
}

/// The steps without a partner in their block whose namesake stands in another block, from the new one to the old one.
fn elsewhere(old: &Plan, new: &Plan, pairs: &Pairs) -> BTreeMap<NodeId, NodeId> {
    let gone = old.nodes.iter().filter(|node| pairs.node(node.id).is_none());
    let mut gone: BTreeMap<&str, NodeId> = gone.filter_map(|node| Some((node.name.as_deref()?, node.id))).collect();
    let fresh = new.nodes.iter().filter(|node| pairs.origin(node.id).is_none());
    fresh.filter_map(|node| Some((node.id, gone.remove(node.name.as_deref()?)?))).collect()
}

/// Lays parts side by side and tells those that differ.
pub(super) fn compare_parts(before: &Parts, after: &Parts, at: &str, changes: &mut Vec<Change>) {
    let find =
        |parts: &Parts, wanted: &Part| parts.iter().find(|(part, _)| part == wanted).map(|(_, text)| text.clone());
    for (known, was) in before {
        if find(after, known).is_none() {
            changes.push(Change { at: at.to_owned(), what: part(known.clone(), Some(was.clone()), None) });
        }
    }
    for (known, is) in after {
        let was = find(before, known);
        if was.as_ref() != Some(is) {
            changes.push(Change { at: at.to_owned(), what: part(known.clone(), was, Some(is.clone())) });
        }
    }
}

pub(super) fn part(part: Part, before: Option<String>, after: Option<String>) -> What {
    What::Part { part, before, after }
}

fn parameter((part, text): (Part, String)) -> Option<String> {
    match part {
        Part::Parameter(path) => Some(format!("{path}: {text}")),
        _ => None,
    }
}

/// What a node is called: its name, which is known in the whole workflow, or its label in what has a name round it.
fn called(node: &Node, scope: &Scope) -> String {
    match &node.name {
        Some(name) => name.to_string(),
        None if scope.owner.is_empty() => node.label.to_string(),
        None => format!("{}.{}", scope.owner, node.label),
    }
}

/// What a node is, for people.
fn thing(node: &Node) -> String {
    match (&node.name, &node.kind) {
        (Some(name), Kind::Let(_)) => format!("`let {name}`"),
        (Some(name), _) => format!("step `{name}`"),
        (None, kind) => format!("`{}`", written::head(kind)),
    }
}
