//! The parts of a plan in words, as programs write them: what a plan's print and its drawings share.

use std::fmt;

use super::body::Body;
use super::formula::{Formula, Script};
use super::handler::{Handler, HandlerAction, Pause, Types};
use super::node::{For, ForSource, Kind, Node, Race, Runners, Tolerance, Wait, Whom};
use super::trigger::{self, Trigger};
use super::workflow::Plan;
use crate::base::failure;
use crate::lang::catalog::Effect;
use crate::lang::layout;
use crate::lang::syntax::format_expression;

/// How much of an expression is shown.
const SHOWN_CHARS_MAX: usize = 48;

/// On one line, however it was laid out, and no longer than a glance.
pub(super) fn shortened(text: &str) -> String {
    let line = format_expression(text).split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(SHOWN_CHARS_MAX) {
        Some((end, _)) => format!("{}…", line[..end].trim_end()),
        None => line,
    }
}

impl fmt::Display for Formula {
    /// As a program writes it, on one line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Constant(value) => f.write_str(&layout::value(value)),
            Self::Script(script) => f.write_str(&script.source.split_whitespace().collect::<Vec<_>>().join(" ")),
            Self::Object(fields) if fields.is_empty() => f.write_str("{}"),
            Self::Object(fields) => {
                let fields: Vec<String> = fields.iter().map(|(key, value)| format!("{key}: {value}")).collect();
                write!(f, "{{ {} }}", fields.join(", "))
            }
            Self::List(items) => {
                let items: Vec<String> = items.iter().map(ToString::to_string).collect();
                write!(f, "[{}]", items.join(", "))
            }
        }
    }
}

/// A formula, no longer than a glance.
pub(super) fn formula(formula: &Formula) -> String {
    shortened(&formula.to_string())
}

/// What a body gives: a line for each field of an object, else one line.
pub(super) fn output(output: &Formula) -> Vec<String> {
    match output {
        Formula::Object(fields) if fields.len() > 1 => {
            let width = fields.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
            let lines = fields.iter().map(|(name, value)| format!("{name:<width$} = {}", formula(value)));
            lines.zip(0..).map(|(line, at)| format!("{} {line}", if at == 0 { "output" } else { "      " })).collect()
        }
        other => vec![format!("output {}", formula(other))],
    }
}

/// What a node does: its keyword with what follows on its line, or whom it calls.
pub fn head(kind: &Kind) -> String {
    match kind {
        Kind::Call { operation, .. } => operation.to_string(),
        Kind::Child { workflow, .. } => format!("workflow {workflow}"),
        Kind::Start { workflow, .. } => format!("start {workflow}"),
        Kind::Script(_) => "script".to_owned(),
        Kind::Ask(ask) => match &ask.whom {
            Whom::Role(role) => format!("ask role {}", formula(role)),
            Whom::Person(person) => format!("ask person {}", formula(person)),
            Whom::Persona(name) => format!("ask persona {name}"),
            Whom::Model(model) => format!("ask model {}", formula(model)),
        },
        Kind::Wait(wait) => self::wait(wait),
        Kind::Let(value) => format!("let = {}", formula(value)),
        Kind::Set(set) => {
            let root = if set.state { "state" } else { "vars" };
            let sign = if set.add { "+=" } else { "=" };
            format!("set {root}.{} {sign} {}", set.path.join("."), formula(&set.value))
        }
        Kind::Emit { topic, .. } => format!("emit {topic:?}"),
        Kind::Reply { status, .. } => format!("reply {}", formula(status)),
        Kind::Return(value) => with("return", value.as_ref().map(formula)),
        Kind::Fail { kind, .. } => format!("fail {kind}"),
        Kind::Until(condition) => format!("until {}", shortened(&condition.source)),
        Kind::If { .. } => "if".to_owned(),
        Kind::Match { subject, .. } => format!("match {}", shortened(&subject.source)),
        Kind::Sequence(_) => "sequence".to_owned(),
        Kind::Parallel(_) => "parallel".to_owned(),
        Kind::For(each) => for_(each),
        Kind::While { condition, max, .. } => with(
            &format!("while {}", shortened(&condition.source)),
            max.as_ref().map(|max| format!("max {}", formula(max))),
        ),
        Kind::Repeat { every, max, .. } => {
            let head = with("repeat", every.as_ref().map(|every| format!("every {}", formula(every))));
            with(&head, max.as_ref().map(|max| format!("max {}", formula(max))))
        }
        Kind::Race(race) => self::race(race),
        Kind::Lock { key, places, .. } => format!("lock {} max {}", formula(key), formula(places)),
    }
}

fn with(head: &str, tail: Option<String>) -> String {
    tail.map_or_else(|| head.to_owned(), |tail| format!("{head} {tail}"))
}

fn wait(wait: &Wait) -> String {
    match wait {
        Wait::For(time) => format!("wait {}", formula(time)),
        Wait::Until(condition) => format!("wait until {}", shortened(&condition.source)),
        Wait::Event { topic, .. } => format!("wait event {topic:?}"),
        Wait::Signal(name) => format!("wait signal {name:?}"),
    }
}

fn for_(each: &For) -> String {
    let mut head = if each.parallel { "parallel for ".to_owned() } else { "for ".to_owned() };
    head.push_str(&each.name);
    match &each.source {
        ForSource::Items(items) => head.push_str(&format!(" in {}", shortened(&items.source))),
        ForSource::Stream(_) => head.push_str(" from"),
    }
    if let Some(max) = &each.max {
        head.push_str(&format!(" max {}", formula(max)));
    }
    match &each.tolerate {
        None => {}
        Some(Tolerance::Count(count)) => head.push_str(&format!(" tolerate {}", formula(count))),
        Some(Tolerance::Percent(percent)) => head.push_str(&format!(" tolerate {percent}%")),
        Some(Tolerance::All) => head.push_str(" tolerate all"),
    }
    head
}

fn race(race: &Race) -> String {
    let head = with("race", race.wins.as_ref().map(formula));
    match &race.runners {
        Runners::Branches(_) => head,
        Runners::Items { name, items, max, .. } => {
            let max = max.as_ref().map(|max| format!("max {}", formula(max)));
            with(&format!("{head} for {name} in {}", shortened(&items.source)), max)
        }
    }
}

/// What repeating a call means, in one word.
pub(super) fn effect(effect: &Effect) -> &'static str {
    match effect {
        Effect::Read => "read",
        Effect::Keyed { .. } => "keyed",
        Effect::Once => "once",
    }
}

/// The clauses of a node but its handlers and its `undo`, and what its head had no room for.
pub(super) fn clauses(node: &Node) -> Vec<String> {
    let clauses = &node.clauses;
    let mut lines = Vec::new();
    match &node.kind {
        Kind::Wait(Wait::Event { filter: Some(filter), .. }) => {
            lines.push(format!("where {}", shortened(&filter.source)))
        }
        Kind::Fail { message, when, .. } => {
            lines.extend(message.as_ref().map(formula));
            lines.extend(when.as_ref().map(|when| format!("when {}", shortened(&when.source))));
        }
        Kind::Ask(ask) => {
            let tools: Vec<&str> = ask.tools.iter().map(|(tool, _)| &**tool).collect();
            lines.extend((!tools.is_empty()).then(|| format!("tools {}", tools.join(", "))));
            lines.extend(ask.memory.as_ref().map(|memory| format!("memory by {}", formula(memory))));
        }
        Kind::Reply { raw: true, .. } => lines.push("raw".to_owned()),
        _ => {}
    }
    if let Some(when) = &clauses.when {
        lines.push(format!("when {}", shortened(&when.source)));
    }
    let bound = |word: &str, bound: &Option<Formula>| bound.as_ref().map(|bound| format!("{word} {}", formula(bound)));
    lines.extend(bound("timeout", &clauses.timeout));
    lines.extend(bound("deadline", &clauses.deadline));
    lines.extend(bound("key", &clauses.key));
    lines.extend(clauses.auth.as_ref().map(|auth| format!("auth {}", auth.scheme)));
    if clauses.secret {
        lines.push("secret".to_owned());
    }
    lines
}

/// `on TYPES action when guard`
pub fn handler(handler: &Handler, plan: &Plan) -> String {
    let (types, guard) = occasion(handler);
    let action = action(&handler.action, plan);
    // The clause `retry` stands for this.
    let short = matches!(handler.action, HandlerAction::Retry { .. }) && handler.types == Types::worth_retrying();
    if short { format!("{action}{guard}") } else { format!("{types} {action}{guard}") }
}

/// For which errors a handler is: `on TYPES`, and ` when guard` where it has one.
pub(super) fn occasion(handler: &Handler) -> (String, String) {
    let names = |kinds: &[failure::Kind]| kinds.iter().map(|kind| kind.name()).collect::<Vec<_>>().join(" | ");
    let types = match &handler.types {
        Types::None => "nothing".to_owned(),
        Types::All => "error".to_owned(),
        Types::AllAnd(kinds) => format!("error | {}", names(kinds)),
        Types::Some(kinds) => names(kinds),
    };
    let guard = handler.guard.as_ref().map(|guard| format!(" when {}", shortened(&guard.source)));
    (format!("on {types}"), guard.unwrap_or_default())
}

/// What a handler does.
pub(super) fn action(action: &HandlerAction, plan: &Plan) -> String {
    match action {
        HandlerAction::Retry { times, pause } => {
            let times = times.as_ref().map(|times| format!(" {} times", formula(times))).unwrap_or_default();
            let pause = match pause {
                Pause::Every(every) => format!("every {}", formula(every)),
                Pause::Backoff { from, to } => format!("backoff {} to {}", formula(from), formula(to)),
            };
            format!("retry{times} {pause}")
        }
        HandlerAction::Skip(value) => with("skip", value.as_ref().map(formula)),
        HandlerAction::SkipItem => "skip item".to_owned(),
        HandlerAction::Fail { kind, message } => {
            let head = with("fail", kind.as_ref().map(ToString::to_string));
            with(&head, message.as_ref().map(formula))
        }
        HandlerAction::Alternate(body) => format!("alternate {}", gist(body, plan)),
        HandlerAction::Notify(call) => format!("notify {}", head(&plan.node(*call).kind)),
        HandlerAction::Park => "park".to_owned(),
    }
}

/// What a body does, in one line.
pub(super) fn gist(body: &Body, plan: &Plan) -> String {
    match (body.statements.as_slice(), &body.output) {
        ([], None) => "{ }".to_owned(),
        ([], Some(output)) => format!("{{ output {} }}", formula(output)),
        ([only], _) => format!("{{ {} }}", head(&plan.node(*only).kind)),
        ([first, rest @ ..], _) => format!("{{ {}, {} more }}", head(&plan.node(*first).kind), rest.len()),
    }
}

impl fmt::Display for trigger::Kind {
    /// As the plan shows it: what starts runs, without how they are held back.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line = match self {
            Self::Api { method, path } => format!("{method} {path}"),
            Self::Webhook { path } => format!("webhook {path}"),
            Self::Schedule { cron, zone, .. } => {
                with(&format!("schedule {cron:?}"), zone.as_ref().map(|zone| format!("in {zone}")))
            }
            Self::Every { every, .. } => format!("every {every}"),
            Self::File { glob, on } => {
                with(&format!("file {glob:?}"), (!on.is_empty()).then(|| format!("on {}", on.join(" | "))))
            }
            Self::Event { topic } => format!("event {topic:?}"),
            Self::Form { path } => format!("form {path}"),
            Self::Persona { personas, intent } => with(
                &format!("persona {}", personas.join(", ")),
                intent.as_ref().map(|intent| format!("on {intent:?}")),
            ),
            Self::Connector { connector, name, .. } => format!("{connector}.{name}"),
        };
        f.write_str(&line)
    }
}

/// What starts runs, on one line.
pub(super) fn trigger(trigger: &Trigger) -> String {
    let mut line = trigger.kind.to_string();
    if trigger.auth {
        line.push_str(", auth required");
    }
    if let Some((scheme, _)) = &trigger.verify {
        line.push_str(&format!(", verified by {scheme}"));
    }
    if let Some(filter) = &trigger.filter {
        line.push_str(&format!(", where {}", shortened(&filter.source)));
    }
    for pace in pace(trigger) {
        line.push_str(&format!(", {pace}"));
    }
    line
}

/// When and how often what happens becomes a run: the clauses that hold runs back, gather or drop them.
fn pace(trigger: &Trigger) -> Vec<String> {
    let (overlap, catch_up) = match &trigger.kind {
        trigger::Kind::Schedule { overlap, catch_up, .. } => (overlap.as_ref(), catch_up.as_ref()),
        trigger::Kind::Every { overlap, catch_up, .. } => (overlap.as_ref(), catch_up.as_ref()),
        _ => (None, None),
    };
    let by =
        |key: &Option<Script>| key.as_ref().map(|key| format!(" by {}", shortened(&key.source))).unwrap_or_default();
    let mut pace = Vec::new();
    pace.extend(overlap.map(|overlap| format!("overlap {overlap}")));
    pace.extend(catch_up.map(|catch_up| format!("catch_up {catch_up}")));
    pace.extend(trigger.debounce.as_ref().map(|debounce| {
        let max = debounce.max.map(|max| format!(" max {max}")).unwrap_or_default();
        format!("debounce {}{}{max}", debounce.quiet, by(&debounce.by))
    }));
    pace.extend(trigger.batch.as_ref().map(batch));
    pace.extend(
        trigger
            .throttle
            .as_ref()
            .map(|throttle| format!("throttle {} per {}{}", throttle.count, throttle.per, by(&throttle.by))),
    );
    pace
}

fn batch(batch: &trigger::Batch) -> String {
    let count = batch.count.map(|count| count.to_string());
    let within = batch.within.map(|within| within.to_string());
    let zone = batch.zone.as_ref().map(|zone| format!(" zone {zone:?}")).unwrap_or_default();
    let until = batch.until.as_ref().map(|until| format!("until {until:?}{zone}"));
    format!("batch {}", count.into_iter().chain(within).chain(until).collect::<Vec<_>>().join(" or "))
}
