//! What a unit waits for now, in words.

use std::sync::Arc;

use super::Queued;
use crate::base::time::Timestamp;
use crate::lang::plan::node::Wait;
use crate::lang::plan::{Kind, Node, Plan, written};
use crate::run::event::{Role, UnitId};
use crate::run::history::unit::{Act, Awaits, Stage, Task, Unit};
use crate::run::history::{Entrance, Run};

/// How many things at most are told of a block in which many wait.
const TOLD_MAX: usize = 20;

/// What `id` waits for: what each step at work in it waits for, in the order in which they were opened.
pub fn waits_for(plan: &Plan, run: &Run, id: UnitId) -> Vec<String> {
    if run.is_at_rest() {
        return Vec::new();
    }
    if run.paused {
        return vec!["the run stands still: somebody paused it, and it waits to be resumed".to_owned()];
    }
    if let Some(told) = on_the_way_in(plan, run) {
        return vec![format!("the run is queued: {told}")];
    }
    let mut told = Vec::new();
    collect(plan, run, id, id, &mut told);
    let left = told.len().saturating_sub(TOLD_MAX);
    told.truncate(TOLD_MAX);
    if left > 0 {
        told.push(format!("and {left} more"));
    }
    told
}

/// The gates before which a run stands, or the steps of it at `place` or inside of that: which, how many places it has, and who
/// of the run waits, by unit and place.
pub fn gates_before(plan: &Plan, run: &Run, place: &str) -> Vec<(Arc<str>, u64, UnitId, String)> {
    if run.entrance == Entrance::Asking {
        let places = run.accepted.admission.places.iter();
        return places.map(|place| (place.gate.clone(), place.places, UnitId::RUN, String::new())).collect();
    }
    let waiting = run.outside().filter_map(|unit| match &unit.task {
        Task::Gate(gate) if gate.asked && !gate.entered => {
            Some((gate.key.clone(), gate.places, unit.id, run.place(plan, unit.id)))
        }
        _ => None,
    });
    let is_inside = |other: &str| {
        place.is_empty()
            || other.strip_prefix(place).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
    };
    waiting.filter(|(_, _, _, other)| is_inside(other)).collect()
}

/// How it stands at a gate, in words.
pub(super) fn queued(queued: &Queued) -> String {
    let Queued { gate, place, inside, ahead, .. } = queued;
    let who = if place.is_empty() { "it".to_owned() } else { format!("`{place}`") };
    let runs: Vec<String> = inside.iter().take(TOLD_MAX).map(ToString::to_string).collect();
    let more = inside.len().saturating_sub(TOLD_MAX);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let before = match ahead {
        0 => format!("{who} is the next one"),
        1 => format!("1 waits before {who}"),
        more => format!("{more} wait before {who}"),
    };
    format!("at {gate:?}: inside {} {}{more}; {before}", if inside.len() == 1 { "is" } else { "are" }, runs.join(", "))
}

/// What a run waits for that has not started.
fn on_the_way_in(plan: &Plan, run: &Run) -> Option<String> {
    let due = run.next_alarm();
    let trigger = run.accepted.collects.as_ref().and_then(|from| plan.triggers.get(from.trigger));
    Some(match run.entrance {
        Entrance::Passed => return None,
        Entrance::Collecting => {
            let count = run.collection.items.len();
            let full = trigger.and_then(|trigger| trigger.batch.as_ref()?.count);
            match full {
                Some(full) => format!("it collects a batch, and has {count} of {full} items{}", bound(due)),
                None if trigger.is_some_and(|trigger| trigger.batch.is_some()) => {
                    format!("it collects a batch, and has {count} items{}", bound(due))
                }
                None => format!("it waits until nothing more comes, and has the last item{}", bound(due)),
            }
        }
        Entrance::Early => match due {
            Some(due) => format!("others came before it by the `throttle` of its trigger, and it may start at {due}"),
            None => "it starts later".to_owned(),
        },
        Entrance::Complete | Entrance::Asking => {
            let places = run.accepted.admission.places.iter();
            let gates: Vec<String> = places.map(|place| format!("{:?} ({})", place.gate, place.places)).collect();
            let at = if gates.is_empty() { String::new() } else { format!(", at {}", gates.join(", ")) };
            format!("it waits for its turn to start{at}")
        }
    })
}

fn collect(plan: &Plan, run: &Run, asked: UnitId, id: UnitId, told: &mut Vec<String>) {
    let Some(unit) = run.unit(id) else { return };
    let mut inside = unit.children.clone();
    inside.sort_by_key(|child| child.serial);
    let own = own(plan, unit).map(|own| format!("{own}{}", by_hand(plan, run, unit)));
    if let Some(own) = own.or_else(|| inside.is_empty().then(|| "it is about to go on".to_owned())) {
        let place = run.place(plan, id);
        told.push(if id == asked || place.is_empty() { own } else { format!("`{place}`: {own}") });
    }
    for child in inside {
        collect(plan, run, asked, child, told);
    }
}

/// How a person brings about what a unit waits for, as far as that is known.
fn by_hand(plan: &Plan, run: &Run, unit: &Unit) -> String {
    let (Task::Act(act), Some(Kind::Ask(ask))) = (&unit.task, unit.node(plan).map(|node| &node.kind)) else {
        return String::new();
    };
    if !act.in_flight {
        return String::new();
    }
    format!("; the answer is a {}: `flow answer RUN {} JSON`", ask.answer, run.place(plan, unit.id))
}

/// What a unit itself waits for; none if only for what runs in it.
fn own(plan: &Plan, unit: &Unit) -> Option<String> {
    if unit.closing.is_some() && !unit.is_between_attempts() {
        return Some("it comes to rest: what is under way in it is allowed its time".to_owned());
    }
    if let Some(trouble) = &unit.trouble {
        return match trouble.awaits {
            Awaits::Person => Some(format!("a person is to retry, skip or fail it ({})", trouble.failure)),
            Awaits::Notify => Some(format!("somebody is being told of its error ({})", trouble.failure)),
            Awaits::Alternate => Some(format!("its `alternate` is at work ({})", trouble.failure)),
            Awaits::Nothing | Awaits::Answered(_) => None,
        };
    }
    if let (true, Some(due)) = (unit.is_between_attempts(), unit.due) {
        return Some(format!("attempt {} begins at {due}", unit.attempts + 1));
    }
    match &unit.task {
        Task::Act(act) if act.in_flight => unit.node(plan).map(|node| under_way(node, unit, act)),
        Task::Sleep { over: false } => unit.due.map(|due| format!("{due} is to come")),
        Task::Listen(_) => unit.node(plan).map(|node| listens(node, unit)),
        Task::Gate(gate) if !gate.entered => {
            let places = if gate.places == 1 { "place".to_owned() } else { format!("one of {} places", gate.places) };
            Some(format!("a {places} in the lock {:?} is to be free", gate.key))
        }
        Task::Loop(_) => unit.due.map(|due| format!("its next turn begins at {due}")),
        Task::None | Task::Act(_) | Task::Sleep { .. } | Task::Body(_) | Task::Race(_) | Task::Gate(_) => {
            (unit.role != Role::Run && unit.stage == Stage::Opened).then(|| "it is about to begin".to_owned())
        }
    }
}

fn under_way(node: &Node, unit: &Unit, act: &Act) -> String {
    let bound = bound(unit.timeout.or(unit.deadline));
    match &node.kind {
        Kind::Ask(_) => {
            let whom = act.params.get("whom").map(ToString::to_string).unwrap_or_default();
            format!("{whom} is to answer{bound}")
        }
        Kind::Child { workflow, .. } => match (&act.joined, unit.child_run()) {
            (Some(run), _) => format!("the run {run} of `{workflow}`, which has the key, is to end{bound}"),
            (None, run) => {
                let run = run.map(|run| run.to_string()).unwrap_or_default();
                format!("the run {run} of `{workflow}` is to end{bound}")
            }
        },
        kind => format!("attempt {} of {} is under way{bound}", unit.attempts, written::head(kind)),
    }
}

fn listens(node: &Node, unit: &Unit) -> String {
    let bound = bound(unit.timeout.or(unit.deadline));
    match &node.kind {
        Kind::Wait(Wait::Event { topic, filter: Some(filter) }) => {
            format!("an event {topic:?} with `{}` is to come{bound}", filter.source)
        }
        Kind::Wait(Wait::Event { topic, filter: None }) => format!("an event {topic:?} is to come{bound}"),
        Kind::Wait(Wait::Signal(name)) => format!("the signal {name:?} is to come{bound}"),
        kind => format!("`{}` is to hold{bound}", written::head(kind)),
    }
}

fn bound(until: Option<Timestamp>) -> String {
    until.map(|until| format!(", until {until} at the latest")).unwrap_or_default()
}
