//! A plan on paper: numbered steps as an indented tree, for whoever reviews what a program will do.

use super::body::{Body, Branch};
use super::formula::Formula;
use super::handler::{ChainId, HandlerAction, HandlerId, Link};
use super::node::{For, ForSource, Inside, Kind, Node, NodeId};
use super::workflow::{Moment, Plan};
use super::written::{self, formula, head, shortened};
use crate::base::shape::Shape;
use crate::base::value::Value;
use crate::lang::layout;

/// In place of a number: what happens beside the steps, in handlers, reminders and at the end.
const BESIDE: &str = "·";

/// The plan as text: head, steps with what each calls and waits for, handlers, compensation, what comes at the end.
pub fn print(plan: &Plan) -> String {
    let mut printer = Printer { plan, rows: Vec::new() };
    printer.body(&plan.body, "", 0);
    for moment in Moment::ALL {
        for (index, body) in plan.lifecycle(moment).iter().enumerate() {
            let word = moment.word();
            let number = if index == 0 { word.to_owned() } else { format!("{word} {}", index + 1) };
            printer.note(0, format!("{number}:"));
            printer.body(body, BESIDE, 1);
        }
    }
    format!("{}\n{}", top(plan), printer.paper())
}

/// What stands above the steps.
fn top(plan: &Plan) -> String {
    let title = plan.title.as_ref().map(|title| format!(" {title:?}")).unwrap_or_default();
    let mut text = format!("workflow {}{title}   plan {}\n", plan.name, plan.digest.short());
    let mut entry = |word: &str, lines: Vec<String>| {
        for (index, line) in lines.into_iter().enumerate() {
            text.push_str(&format!("  {:<12}{line}\n", if index == 0 { word } else { "" }));
        }
    };
    entry("version", plan.version.iter().map(ToString::to_string).collect());
    let fields = plan.input.fields.iter().map(|field| {
        let default = field.default.as_ref().map(|default| format!(" = {}", layout::value(default)));
        format!("{}: {}{}", field.name, field.shape, default.unwrap_or_default())
    });
    entry("input", fields.collect());
    entry("vars", plan.vars.iter().map(|(field, value)| format!("{} = {}", field.name, formula(value))).collect());
    if let Some(state) = &plan.state {
        let by = state.by.iter().map(|by| format!("one per {}", by.source));
        let fields = state.fields.iter().map(|(field, first)| {
            let keep = state.keep.get(&field.name).map(|keep| format!(" for {keep}")).unwrap_or_default();
            let first = if is_nothing(first) { String::new() } else { format!(" = {}", formula(first)) };
            format!("{}: {}{keep}{first}", field.name, field.shape)
        });
        entry("state", by.chain(fields).collect());
    }
    entry("starts by", plan.triggers.iter().map(written::trigger).collect());
    entry("deadline", plan.deadline.iter().map(formula).collect());
    if let Some(concurrency) = &plan.concurrency {
        let per = concurrency.per.as_ref().map(|per| format!(" per {}", formula(per))).unwrap_or_default();
        entry("concurrency", vec![format!("{}{per}, then {}", formula(&concurrency.places), concurrency.overflow)]);
    }
    if let Some(key) = &plan.key {
        let keep = key.keep.map(|keep| format!(" for {keep}")).unwrap_or_default();
        entry("key", vec![format!("{}{keep}", formula(&key.key))]);
    }
    entry("priority", plan.priority.iter().map(formula).collect());
    if !plan.tags.is_empty() {
        entry("tags", vec![plan.tags.join(", ")]);
    }
    text
}

/// Whether a state begins as its type does without a value.
fn is_nothing(first: &Formula) -> bool {
    match first {
        Formula::Constant(Value::Unit) => true,
        Formula::Constant(Value::List(items)) => items.is_empty(),
        Formula::Constant(Value::Set(items)) => items.is_empty(),
        Formula::Constant(Value::Map(entries)) => entries.is_empty(),
        _ => false,
    }
}

/// One line of the tree.
enum Row {
    Step { number: String, depth: usize, name: String, what: String, effect: &'static str, digest: String },
    Note { depth: usize, text: String },
}

struct Printer<'a> {
    plan: &'a Plan,
    rows: Vec<Row>,
}

impl Printer<'_> {
    fn note(&mut self, depth: usize, text: impl Into<String>) {
        self.rows.push(Row::Note { depth, text: text.into() });
    }

    fn body(&mut self, body: &Body, number: &str, depth: usize) {
        self.counted(body, number, depth, &mut 0);
    }

    /// A body whose steps are counted on from `count`, as those of the arms of one `if`.
    fn counted(&mut self, body: &Body, number: &str, depth: usize, count: &mut usize) {
        for id in &body.statements {
            *count += 1;
            let number = match number {
                "" => count.to_string(),
                BESIDE => BESIDE.to_owned(),
                _ => format!("{number}.{count}"),
            };
            self.node(*id, &number, depth, body);
        }
        if let Some(output) = &body.output {
            written::output(output).into_iter().for_each(|line| self.note(depth, line));
        }
        for id in &body.handlers {
            self.handler(*id, depth);
        }
    }

    fn node(&mut self, id: NodeId, number: &str, depth: usize, body: &Body) {
        let plan = self.plan;
        let node = plan.node(id);
        let (effect, what) = match &node.kind {
            Kind::Call { .. } => (plan.effect(node).as_ref().map_or("", written::effect), head(&node.kind)),
            Kind::If { arms, .. } => {
                let first = arms.first().map(|(condition, _)| shortened(&condition.source)).unwrap_or_default();
                ("", format!("if {first}"))
            }
            Kind::Let(value) => ("", format!("= {}", formula(value))),
            kind => ("", head(kind)),
        };
        let name = match &node.name {
            Some(name) if matches!(node.kind, Kind::Let(_)) => format!("let {name}"),
            Some(name) => name.to_string(),
            None => String::new(),
        };
        let digest = node.digest.short();
        self.rows.push(Row::Step { number: number.to_owned(), depth, name, what, effect, digest });
        self.details(node, depth + 1, body);
        self.inside(node, number, depth);
    }

    fn details(&mut self, node: &Node, depth: usize, body: &Body) {
        let plan = self.plan;
        let names = node.waits.iter().filter_map(|place| body.statements.get(*place as usize));
        let names: Vec<&str> = names.map(|id| &*plan.node(*id).label).collect();
        if !names.is_empty() {
            self.note(depth, format!("after {}", names.join(", ")));
        }
        let mut clauses = written::clauses(node);
        clauses.extend(stated(node));
        if !clauses.is_empty() {
            self.note(depth, clauses.join(", "));
        }
        for id in &node.clauses.handlers {
            self.handler(*id, depth);
        }
        if let Some(undo) = node.clauses.undo {
            let call = plan.node(undo);
            let digest = call.digest.short();
            let needs = if node.clauses.undo_is_static { "" } else { ", once the output is known" };
            self.note(depth, format!("undo {}{needs}  {digest}", head(&call.kind)));
        }
        for meanwhile in &node.clauses.meanwhile {
            let word = if meanwhile.repeats { "remind every" } else { "escalate after" };
            self.note(depth, format!("{word} {}:", formula(&meanwhile.after)));
            self.body(&meanwhile.body, BESIDE, depth + 1);
        }
        let own = node.clauses.handlers.len();
        if own > 0 && self.links(node.chain).iter().skip(own).any(|link| !matches!(link, Link::Rim(_))) {
            let met = self.met(node.chain);
            self.note(depth, format!("errors meet {met}"));
        }
    }

    fn links(&self, chain: ChainId) -> &[Link] {
        self.plan.chains.get(chain.0 as usize).map_or(&[], Vec::as_slice)
    }

    /// The handlers of a chain by their numbers.
    fn met(&self, chain: ChainId) -> String {
        let links = self.links(chain).iter().filter_map(|link| match link {
            Link::Handler(id) => Some(tag(*id)),
            Link::Shield(block) => Some(format!("those behind {}", self.plan.node(*block).label)),
            Link::Rim(_) => None,
        });
        links.collect::<Vec<_>>().join(", ")
    }

    fn handler(&mut self, id: HandlerId, depth: usize) {
        let Some(handler) = self.plan.handlers.get(id.0 as usize) else { return };
        if let HandlerAction::Alternate(body) = &handler.action {
            let (types, guard) = written::occasion(handler);
            self.note(depth, format!("{}  {types} alternate{guard}:", tag(id)));
            self.body(body, BESIDE, depth + 2);
        } else {
            self.note(depth, format!("{}  {}", tag(id), written::handler(handler, self.plan)));
        }
    }

    fn inside(&mut self, node: &Node, number: &str, depth: usize) {
        if let Kind::For(For { source: ForSource::Stream(call), body, .. }) = &node.kind {
            self.node(*call, BESIDE, depth + 1, body);
        }
        match node.kind.inside() {
            Inside::Nothing => {}
            Inside::Body(body) => self.body(body, number, depth + 1),
            Inside::Branches(branches) => {
                let mut count = 0;
                for (index, branch) in branches.into_iter().enumerate() {
                    let depth = self.way_in(&node.kind, index, branch, depth);
                    self.counted(&branch.body, number, depth, &mut count);
                }
            }
        }
    }

    /// Notes what leads into a branch; gives how deep its statements stand.
    fn way_in(&mut self, kind: &Kind, index: usize, branch: &Branch, depth: usize) -> usize {
        match kind {
            Kind::If { arms, .. } => {
                match arms.get(index) {
                    // The row of the `if` itself says it.
                    Some(_) if index == 0 => {}
                    Some((condition, _)) => self.note(depth, format!("else if {}", shortened(&condition.source))),
                    None => self.note(depth, "else"),
                }
                depth + 1
            }
            Kind::Race(_) => {
                self.note(depth + 1, format!("branch {}", branch.name));
                depth + 2
            }
            _ => {
                self.note(depth + 1, format!("{} =>", branch.name));
                depth + 2
            }
        }
    }

    /// The rows, in columns.
    fn paper(&self) -> String {
        let width = |cell: &dyn Fn(&Row) -> usize| self.rows.iter().map(cell).max().unwrap_or(0);
        let numbers = width(&|row| match row {
            Row::Step { number, .. } => number.chars().count(),
            Row::Note { .. } => 0,
        });
        let names = width(&|row| match row {
            Row::Step { depth, name, .. } if !name.is_empty() => 2 * depth + name.chars().count() + 2,
            _ => 0,
        });
        let calls = width(&|row| match row {
            Row::Step { depth, name, what, .. } => {
                let indent = if name.is_empty() { 2 * depth } else { names };
                indent + what.chars().count()
            }
            Row::Note { .. } => 0,
        });
        let mut text = String::new();
        for row in &self.rows {
            let line = match row {
                Row::Step { number, depth, name, what, effect, digest } => {
                    let indent = " ".repeat(2 * depth);
                    let left = match name.is_empty() {
                        true => format!("{indent}{what}"),
                        false => format!("{:<names$}{what}", format!("{indent}{name}")),
                    };
                    format!("{number:<numbers$}  {left:<calls$}  {effect:<5}  {digest}")
                }
                Row::Note { depth, text } => format!("{:numbers$}  {}{text}", "", " ".repeat(2 * depth)),
            };
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }
}

fn stated(node: &Node) -> Option<String> {
    node.stated.as_ref().filter(|shape| **shape != Shape::Any).map(|shape| format!("gives {shape}"))
}

/// What a handler is called on this paper.
fn tag(id: HandlerId) -> String {
    format!("h{}", id.0 + 1)
}
