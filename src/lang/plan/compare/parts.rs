//! What nodes, handlers and triggers say, part by part and in full, so that two of them can be laid side by side.

use super::super::connector::Auth;
use super::super::formula::Formula;
use super::super::handler::Handler;
use super::super::node::{Ask, For, ForSource, Kind, Node, Race, Runners, Tolerance, Wait, Whom};
use super::super::trigger::Trigger;
use super::super::workflow::Plan;
use super::super::{visit, written};
use super::change::Part;
use crate::base::value::Value;
use crate::lang::layout;

/// Parts with their texts, in the order of the program.
pub(super) type Parts = Vec<(Part, String)>;

/// What a node says by itself: its head, its parameters and its clauses but handlers, `undo` and reminders.
pub(super) fn node(node: &Node) -> Parts {
    let mut parts = Parts::new();
    kind(&node.kind, &mut parts);
    if let Some(shape) = &node.stated {
        parts.push((Part::Type, shape.to_string()));
    }
    let clauses = &node.clauses;
    if let Some(when) = &clauses.when {
        clause(&mut parts, "when", line(&when.source));
    }
    for (word, bound) in [("timeout", &clauses.timeout), ("deadline", &clauses.deadline), ("key", &clauses.key)] {
        optional(&mut parts, word, bound.as_ref());
    }
    if let Some(proof) = &clauses.auth {
        clause(&mut parts, "auth", auth(proof));
    }
    if clauses.secret {
        clause(&mut parts, "secret", String::new());
    }
    parts
}

fn kind(kind: &Kind, parts: &mut Parts) {
    let head = |parts: &mut Parts, text: String| parts.push((Part::Head, text));
    match kind {
        Kind::Call { params, .. } | Kind::Child { params, .. } | Kind::Start { params, .. } => {
            head(parts, written::head(kind));
            parameters("", params, parts);
        }
        Kind::Script(script) => {
            head(parts, "script".to_owned());
            parts.push((Part::Text, line(&script.source)));
        }
        Kind::Ask(ask) => self::ask(ask, parts),
        Kind::Wait(wait) => self::wait(wait, parts),
        Kind::Let(value) => {
            head(parts, "let".to_owned());
            parts.push((Part::Text, value.to_string()));
        }
        Kind::Set(set) => {
            let (root, sign) = (if set.state { "state" } else { "vars" }, if set.add { "+=" } else { "=" });
            head(parts, format!("set {root}.{} {sign}", set.path.join(".")));
            parts.push((Part::Text, set.value.to_string()));
        }
        Kind::Emit { topic, payload } => {
            head(parts, format!("emit {topic:?}"));
            parameters("", payload, parts);
        }
        Kind::Reply { status, headers, body, raw } => {
            head(parts, format!("reply {status}"));
            parameters("headers", headers, parts);
            parameters(if *raw { "raw" } else { "body" }, body, parts);
        }
        Kind::Return(value) => {
            head(parts, "return".to_owned());
            parts.extend(value.as_ref().map(|value| (Part::Text, value.to_string())));
        }
        Kind::Fail { kind, message, when } => {
            head(parts, format!("fail {kind}"));
            parts.extend(message.as_ref().map(|message| (Part::Text, message.to_string())));
            if let Some(when) = when {
                clause(parts, "when", line(&when.source));
            }
        }
        Kind::Until(condition) => {
            head(parts, "until".to_owned());
            parts.push((Part::Text, line(&condition.source)));
        }
        Kind::If { arms, otherwise } => {
            head(parts, "if".to_owned());
            for ((condition, _), number) in arms.iter().zip(0usize..) {
                let word = match number {
                    0 => "if".to_owned(),
                    1 => "else if".to_owned(),
                    number => format!("else if {number}"),
                };
                clause(parts, &word, line(&condition.source));
            }
            if otherwise.is_some() {
                clause(parts, "else", String::new());
            }
        }
        Kind::Match { subject, arms } => {
            head(parts, "match".to_owned());
            parts.push((Part::Text, line(&subject.source)));
            for arm in arms {
                clause(parts, &format!("{} =>", arm.branch.name), String::new());
            }
        }
        Kind::Sequence(_) => head(parts, "sequence".to_owned()),
        Kind::Parallel(_) => head(parts, "parallel".to_owned()),
        Kind::For(each) => self::each(each, parts),
        Kind::While { condition, max, .. } => {
            head(parts, "while".to_owned());
            parts.push((Part::Text, line(&condition.source)));
            optional(parts, "max", max.as_ref());
        }
        Kind::Repeat { every, max, .. } => {
            head(parts, "repeat".to_owned());
            optional(parts, "every", every.as_ref());
            optional(parts, "max", max.as_ref());
        }
        Kind::Race(race) => self::race(race, parts),
        Kind::Lock { key, places, .. } => {
            head(parts, "lock".to_owned());
            parts.push((Part::Text, key.to_string()));
            clause(parts, "max", places.to_string());
        }
    }
}

fn ask(ask: &Ask, parts: &mut Parts) {
    let whom = match &ask.whom {
        Whom::Role(role) => format!("ask role {role}"),
        Whom::Person(person) => format!("ask person {person}"),
        Whom::Persona(name) => format!("ask persona {name}"),
        Whom::Model(model) => format!("ask model {model}"),
    };
    parts.push((Part::Head, whom));
    parameters("", &ask.params, parts);
    for (tool, bound) in &ask.tools {
        clause(parts, &format!("tool {tool}"), bound.to_string());
    }
    optional(parts, "memory by", ask.memory.as_ref());
    clause(parts, "answer", ask.answer.to_string());
}

fn wait(wait: &Wait, parts: &mut Parts) {
    let (head, text) = match wait {
        Wait::For(time) => ("wait".to_owned(), Some(time.to_string())),
        Wait::Until(condition) => ("wait until".to_owned(), Some(line(&condition.source))),
        Wait::Event { topic, .. } => (format!("wait event {topic:?}"), None),
        Wait::Signal(name) => (format!("wait signal {name:?}"), None),
    };
    parts.push((Part::Head, head));
    parts.extend(text.map(|text| (Part::Text, text)));
    if let Wait::Event { filter: Some(filter), .. } = wait {
        clause(parts, "where", line(&filter.source));
    }
}

fn each(each: &For, parts: &mut Parts) {
    let parallel = if each.parallel { "parallel for" } else { "for" };
    parts.push((Part::Head, format!("{parallel} {}", each.name)));
    match &each.source {
        ForSource::Items(items) => clause(parts, "in", line(&items.source)),
        ForSource::Stream(_) => clause(parts, "from", String::new()),
    }
    optional(parts, "max", each.max.as_ref());
    match &each.tolerate {
        None => {}
        Some(Tolerance::Count(count)) => clause(parts, "tolerate", count.to_string()),
        Some(Tolerance::Percent(percent)) => clause(parts, "tolerate", format!("{percent}%")),
        Some(Tolerance::All) => clause(parts, "tolerate", "all".to_owned()),
    }
}

fn race(race: &Race, parts: &mut Parts) {
    parts.push((Part::Head, "race".to_owned()));
    optional(parts, "winners", race.wins.as_ref());
    match &race.runners {
        Runners::Branches(branches) => {
            for branch in branches {
                clause(parts, &format!("branch {}", branch.name), String::new());
            }
        }
        Runners::Items { name, items, max, .. } => {
            clause(parts, &format!("for {name} in"), line(&items.source));
            optional(parts, "max", max.as_ref());
        }
    }
}

/// The fields of an object by their paths; what is none as a whole.
fn parameters(path: &str, formula: &Formula, parts: &mut Parts) {
    fields(path, formula, &mut |path, text| parts.push((Part::Parameter(path), text)));
}

/// Each field of what a formula makes, by its path.
pub(super) fn fields(path: &str, formula: &Formula, found: &mut dyn FnMut(String, String)) {
    match formula {
        Formula::Object(entries) if !entries.is_empty() || path.is_empty() => {
            for (key, value) in entries {
                fields(&joined(path, key), value, found);
            }
        }
        Formula::Constant(value) => values(path, value, found),
        other => found(path.to_owned(), other.to_string()),
    }
}

fn values(path: &str, value: &Value, found: &mut dyn FnMut(String, String)) {
    match value {
        Value::Map(entries) if !entries.is_empty() || path.is_empty() => {
            for (key, value) in entries.iter() {
                values(&joined(path, key), value, found);
            }
        }
        other => found(path.to_owned(), layout::value(other)),
    }
}

fn joined(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

fn clause(parts: &mut Parts, word: &str, text: String) {
    parts.push((Part::Clause(word.to_owned()), text));
}

fn optional(parts: &mut Parts, word: &str, formula: Option<&Formula>) {
    if let Some(formula) = formula {
        clause(parts, word, formula.to_string());
    }
}

fn auth(auth: &Auth) -> String {
    let args = auth.args.iter().map(|arg| format!(" {arg}"));
    let fields: Vec<String> = auth.fields.iter().map(|(name, value)| format!("{name}: {value}")).collect();
    let fields = if fields.is_empty() { String::new() } else { format!(" {{ {} }}", fields.join(", ")) };
    format!("{}{}{fields}", auth.scheme, args.collect::<String>())
}

/// What a handler says; where `other` says the same at a glance, with all its expressions in full.
pub(super) fn handler(one: (&Handler, &Plan), other: (&Handler, &Plan)) -> String {
    let text = written::handler(one.0, one.1);
    if text != written::handler(other.0, other.1) {
        return text;
    }
    let mut scripts = Vec::new();
    visit::handler(one.0, &mut |script| scripts.push(line(&script.source)));
    if scripts.is_empty() { text } else { format!("{text} ({})", scripts.join("; ")) }
}

/// What starts runs, in full.
pub(super) fn trigger(trigger: &Trigger) -> String {
    let mut text = written::trigger(trigger);
    if let Some(input) = &trigger.input {
        text.push_str(&format!(", input {input}"));
    }
    if let Some((_, fields)) = &trigger.verify {
        text.push_str(&format!(" {fields}"));
    }
    if let Some(challenge) = &trigger.challenge {
        text.push_str(&format!(", challenge {challenge}"));
    }
    if let super::super::trigger::Kind::Connector { params, .. } = &trigger.kind {
        text.push_str(&format!(" {params}"));
    }
    text
}

/// On one line.
pub(super) fn line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
