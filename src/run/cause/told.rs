//! What one event meant for the unit it is about, in words.

use crate::lang::plan::{HandlerId, Plan, written};
use crate::run::event::{Alarm, Answer, Begin, Choice, Decision, Event, Outcome, Rewinding, Role, Then, UnitId};
use crate::run::history::Run;

/// The unit that an event is about, and what it meant for it. `run` stands as before the event.
pub(super) fn of_unit(plan: &Plan, run: &Run, event: &Event) -> Option<(UnitId, String)> {
    Some(match event {
        Event::Began { unit, begin, .. } => (*unit, began(plan, run, *unit, begin)?),
        Event::Attempted { unit, attempt, timeout } => {
            let bound = timeout.map(|timeout| format!(", with time until {timeout}")).unwrap_or_default();
            (*unit, format!("attempt {attempt} began{bound}"))
        }
        Event::Interrupted { unit, .. } => {
            (*unit, "the process had ended while the attempt was under way; another one took it up".to_owned())
        }
        Event::Answered { unit, attempt, answer } => (*unit, answered(*attempt, answer)),
        Event::Raised { unit, inner: true, failure, .. } => (*unit, format!("something in it failed: {failure}")),
        Event::Raised { unit, failure, .. } => (*unit, format!("an error was raised: {failure}")),
        Event::Chose { unit, handler, choice } => (*unit, chose(plan, *handler, choice)?),
        Event::Closing { unit, then } => (*unit, closing(then)),
        Event::Ended { unit, outcome } => (*unit, ended(outcome)),
        Event::Enough { unit } => (*unit, "its `until` was true: the loop ends with it".to_owned()),
        Event::Paused { unit, until } => (*unit, format!("it paused until {until}")),
        Event::Woke { unit, alarm } => (*unit, woke(*alarm)?.to_owned()),
        Event::Renewed { unit } => (*unit, "it began anew".to_owned()),
        Event::Took { unit, .. } => (*unit, "it took what it had waited for".to_owned()),
        Event::Unparked { unit, by, decision } => (*unit, format!("{by} decided: {}", decided(decision))),
        _ => return None,
    })
}

/// By whose word a run goes on, and why.
pub(super) fn rewound(rewinding: &Rewinding) -> String {
    let why = rewinding.why.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
    let from = rewinding.from.as_ref().map(|from| format!(" from `{from}`")).unwrap_or_default();
    let what = match &rewinding.of {
        Some(of) => format!("forked the run `{of}`"),
        None => "let the run go on".to_owned(),
    };
    format!("{} {what}{from}{why}", rewinding.by)
}

/// Why a unit that is no statement was opened. `run` stands as after that.
pub(super) fn opening(plan: &Plan, run: &Run, id: UnitId, role: Role) -> String {
    let above = run.unit(id).and_then(|unit| unit.parent).map(|parent| run.place(plan, parent)).unwrap_or_default();
    match role {
        Role::Run | Role::Main => "it was opened".to_owned(),
        Role::Turn(index) => format!("turn {index} of `{above}`, counted from 0"),
        Role::Branch(_) => format!("it takes part in the race `{above}`"),
        Role::Alternate(handler) => format!("it stands in for `{above}`, by `{}`", handler_text(plan, handler)),
        Role::Notify(handler) => format!("`{above}` had an error, and `{}` tells of it", handler_text(plan, handler)),
        Role::Undo => "what it takes back belongs to something that was given up".to_owned(),
        Role::Meanwhile(_) => format!("its time had come while `{above}` waited"),
        Role::Lifecycle(moment, _) => format!("the outcome of the run was decided; `{}` follows", moment.word()),
    }
}

fn handler_text(plan: &Plan, id: HandlerId) -> String {
    plan.handlers.get(id.0 as usize).map(|handler| written::handler(handler, plan)).unwrap_or_default()
}

fn began(plan: &Plan, run: &Run, id: UnitId, begin: &Begin) -> Option<String> {
    let node = run.unit(id).and_then(|unit| unit.node(plan));
    Some(match begin {
        Begin::Act { key, .. } => format!("its parameters were computed; its key is `{key}`"),
        Begin::Sleep { until } => format!("it began to wait until {until}"),
        Begin::Listen { .. } => format!("it began to wait: `{}`", written::head(&node?.kind)),
        Begin::Body { arm: Some(arm), .. } => format!("it took branch {} of those that are written", arm + 1),
        Begin::Body { arm: None, .. } => return None,
        Begin::Loop { items, .. } => match items.as_list() {
            Some(items) => format!("it goes through {} items", items.len()),
            None => "it began its turns".to_owned(),
        },
        Begin::Race { wins, .. } => format!("it is decided by {wins} that succeed"),
        Begin::Gate { key, places } => format!("it asked for one of {places} places in the lock {key:?}"),
    })
}

fn answered(attempt: u32, answer: &Answer) -> String {
    match answer {
        Answer::Done { by: Some(by), .. } => format!("{by} answered"),
        // The gate of a lock counts no attempts.
        Answer::Done { .. } if attempt == 0 => "it has a place".to_owned(),
        Answer::Done { .. } => format!("attempt {attempt} worked"),
        Answer::Failed { failure, certain: true } => format!("attempt {attempt} failed: {failure}"),
        Answer::Failed { failure, certain: false } => {
            format!("attempt {attempt} failed, and may have happened all the same: {failure}")
        }
    }
}

fn chose(plan: &Plan, handler: Option<HandlerId>, choice: &Choice) -> Option<String> {
    let by = handler.map(|handler| format!("`{}`", handler_text(plan, handler)));
    let by = by.unwrap_or_else(|| "the end of its handlers".to_owned());
    Some(match choice {
        Choice::Pass => return None,
        Choice::Notify => format!("{by}: somebody is told, then the next handler is asked"),
        Choice::Retry { at } => format!("{by}: again at {at}"),
        Choice::Skip { .. } => format!("{by}: it is given up"),
        Choice::SkipItem => format!("{by}: the turn round it is given up"),
        Choice::Alternate => format!("{by}: something else is done instead"),
        Choice::Park => format!("{by}: a person is to decide"),
        Choice::Fail { failure } => format!("{by}: it fails with {failure}"),
        Choice::Unsettled => "no handler settled the error".to_owned(),
    })
}

fn closing(then: &Then) -> String {
    match then {
        Then::End { outcome } => format!("what runs in it comes to rest; then it ends: {}", outcome.word()),
        Then::Discard { outcome } => {
            format!("it is given up: what was done in it is undone; then it ends: {}", outcome.word())
        }
        Then::Anew { at } => format!("what was done in it is undone; then it begins anew at {at}"),
        Then::Raise { failure, .. } => format!("what runs in it comes to rest; then its handlers are asked: {failure}"),
    }
}

fn ended(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Skipped { failure: None, .. } => "it was skipped: its condition was false".to_owned(),
        Outcome::Skipped { failure: Some(failure), .. } => format!("it was given up after {failure}"),
        Outcome::Failed { failure } => format!("it failed: {failure}"),
        Outcome::Completed { .. } | Outcome::Cancelled => format!("it was {}", outcome.word()),
    }
}

fn woke(alarm: Alarm) -> Option<&'static str> {
    match alarm {
        Alarm::Due => Some("the time it had waited for had come"),
        Alarm::Timeout => Some("its `timeout` was over"),
        Alarm::Deadline => Some("its `deadline` was over"),
        // The reminder has a story of its own.
        Alarm::Meanwhile(_) => None,
    }
}

fn decided(decision: &Decision) -> &'static str {
    match decision {
        Decision::Retry { params: Some(_) } => "try again, with other parameters",
        Decision::Retry { params: None } => "try again",
        Decision::Skip { .. } => "skip it",
        Decision::Fail => "let it fail",
    }
}
