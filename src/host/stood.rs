//! A run as it stood at one of its events: what its names stood for then, and what an expression would have given.

use std::sync::Arc;

use super::beside::Beside;
pub use super::beside::Unanswered;
use super::rehearse::steps;
use crate::base::span::Span;
use crate::base::time::Timestamp;
use crate::base::value::Value;
use crate::lang::plan::Plan;
use crate::lang::script::{self, Form};
use crate::run::event::{Outcome, Record, UnitId};
use crate::run::history::{Fold, Run};
use crate::run::timeline::{self, Step};

/// A run with what was recorded of it, up to one of its events.
#[derive(Clone, Debug)]
pub struct Stood {
    plan: Arc<Plan>,
    records: Arc<[Record]>,
    /// How many of them have happened; at least one.
    at: usize,
}

impl Stood {
    /// The run at its last event; `None` if nothing was recorded of it.
    pub fn new(plan: Arc<Plan>, records: Vec<Record>) -> Option<Self> {
        let at = records.len();
        let stood = Self { plan, records: records.into(), at };
        stood.run().is_some().then_some(stood)
    }

    /// What it is a run of.
    pub fn plan(&self) -> &Arc<Plan> {
        &self.plan
    }

    /// How many events there are.
    pub fn events(&self) -> usize {
        self.records.len()
    }

    /// At which event it is looked at, from 1.
    pub fn event(&self) -> usize {
        self.at
    }

    /// Looks at another event: the nearest there is.
    pub fn go(&mut self, event: usize) {
        self.at = event.clamp(1, self.records.len());
    }

    /// What has happened.
    pub fn records(&self) -> &[Record] {
        &self.records[..self.at]
    }

    /// When that was.
    pub fn now(&self) -> Timestamp {
        self.records[self.at - 1].at
    }

    /// The event, in the word of the journal, and the place it is about; empty where that is the run.
    pub fn told(&self) -> (String, String) {
        let before = run_of(&self.plan, &self.records[..self.at - 1]);
        told(&self.plan, before.as_ref(), &self.records[self.at - 1], self.run().as_ref())
    }

    /// All events that there are, in order: when each was, and what [`Stood::told`] says of it.
    pub fn all(&self) -> Vec<(Timestamp, String, String)> {
        let Some((first, rest)) = self.records.split_first() else { return Vec::new() };
        let Ok(mut fold) = Fold::begin(&self.plan, first) else { return Vec::new() };
        let (word, place) = told(&self.plan, None, first, Some(fold.run()));
        let mut all = vec![(first.at, word, place)];
        for record in rest {
            // What ends is there before, what opens behind.
            let place = place_of(&self.plan, fold.run(), record);
            fold.take(record);
            let (word, behind) = told(&self.plan, None, record, Some(fold.run()));
            all.push((record.at, word, if behind.is_empty() { place.unwrap_or_default() } else { behind }));
        }
        all
    }

    /// The run as it stood.
    fn run(&self) -> Option<Run> {
        run_of(&self.plan, self.records())
    }

    /// What an expression would have given; `span` is where it stands.
    ///
    /// # Errors
    /// What is wrong with it, or why it gives nothing.
    pub fn value_of(&self, text: &str, span: Span) -> Result<Value, Unanswered> {
        let beside = Beside { now: self.now(), settings: None };
        beside.value_of(text, span, self.plan.functions.library(), |name| self.name(name))
    }

    /// The first name in a text that stood for nothing; none where the text cannot be read.
    pub fn unknown(&self, text: &str) -> Option<String> {
        let expr = script::compile(text, Span::default(), Form::Expression, self.plan.functions.library()).ok()?;
        expr.reads().iter().find(|read| self.name(&read.root).is_none()).map(|read| read.root.to_string())
    }

    /// What a name stood for.
    pub fn name(&self, name: &str) -> Option<Value> {
        let (run, now) = (self.run()?, self.now());
        Some(match name {
            "input" => run.accepted.input.clone(),
            "vars" => run.vars(self.unit(&run)),
            "state" => run.state_at(now),
            "trigger" => run.accepted.trigger.clone(),
            "run" => run.to_value(&self.plan, now),
            "error" => run.error().unwrap_or_default(),
            "steps" => steps::of(&self.plan, &run, &self.round()),
            "output" => match &run.outcome {
                Some(Outcome::Completed { output }) => output.clone(),
                _ => Value::Unit,
            },
            _ => return self.made(name),
        })
    }

    /// What has happened, without what did in other turns of the loops round the event.
    fn round(&self) -> Vec<Record> {
        let (_, here) = self.told();
        let records = self.records().iter().zip(self.all());
        let round = records.filter(|(_, (.., place))| !is_beside(&here, place));
        round.map(|(record, _)| record.clone()).collect()
    }

    /// The unit that the event is about, if it is still there; else the run.
    fn unit(&self, run: &Run) -> UnitId {
        self.records[self.at - 1].event.unit().filter(|unit| run.unit(*unit).is_some()).unwrap_or(UnitId::RUN)
    }

    /// What a step, a `let` or an item of this name stood for where the event happened.
    fn made(&self, name: &str) -> Option<Value> {
        self.seen().into_iter().find(|(known, _)| **known == *name).map(|(_, value)| value)
    }

    /// The names of steps, `let`s and items that have a value.
    pub fn names(&self) -> Vec<Arc<str>> {
        self.seen().into_iter().map(|(name, _)| name).collect()
    }

    /// The turns round the event, outermost first: the place of each, what its item is called, and what it is.
    pub fn turns(&self) -> Vec<(String, Arc<str>, Value)> {
        let (_, here) = self.told();
        let mut turns: Vec<(String, Arc<str>, Value)> = Vec::new();
        for Step { place, item, .. } in timeline::steps(&self.plan, self.records()) {
            if let Some((name, value)) = item.filter(|_| is_in(&here, &place)) {
                turns.retain(|(known, ..)| *known != place);
                turns.push((place, name, value));
            }
        }
        turns
    }

    /// Where an item of this name is known first: the place of its turn, and the event with which that begins.
    pub fn item(&self, name: &str) -> Option<(String, usize)> {
        let mut all = timeline::steps(&self.plan, &self.records).into_iter();
        let first = all.find(|step| step.item.as_ref().is_some_and(|(known, _)| **known == *name))?;
        Some((first.place, usize::try_from(first.opened_with).ok()? + 1))
    }

    /// The first event behind this one at which a step or a `let` of this name has a value.
    pub fn comes(&self, name: &str) -> Option<usize> {
        let all = timeline::steps(&self.plan, &self.records).into_iter();
        let named = all.filter(|step| step.name.as_deref() == Some(name)).filter_map(|step| step.ended_with);
        let mut events = named.filter_map(|number| usize::try_from(number).ok().map(|number| number + 1));
        events.find(|event| *event > self.at)
    }

    /// Every name with what it stood for, seen from the event: what was named in the turns round it stands before what was named
    /// elsewhere, and what was named last before what was named first. What was named in other turns of these loops is not seen.
    fn seen(&self) -> Vec<(Arc<str>, Value)> {
        let (_, here) = self.told();
        let mut found: Vec<(Arc<str>, Value, usize)> = Vec::new();
        for step in timeline::steps(&self.plan, self.records()) {
            let item = step.item.filter(|_| is_in(&here, &step.place)).map(|(name, value)| (name, value, step.place));
            let made = step.name.filter(|_| step.ended_at.is_some());
            let made = made.map(|name| (name, step.output, step.parent.unwrap_or_default()));
            for (name, value, place) in item.into_iter().chain(made.filter(|(.., place)| !is_beside(&here, place))) {
                let depth = if is_in(&here, &place) { place.len() + 1 } else { 0 };
                match found.iter_mut().find(|(known, ..)| *known == name) {
                    Some((_, _, known)) if *known > depth => {}
                    Some(known) => *known = (name, value, depth),
                    None => found.push((name, value, depth)),
                }
            }
        }
        found.into_iter().map(|(name, value, _)| (name, value)).collect()
    }
}

/// Whether a place lies in another, or is it.
fn is_in(place: &str, other: &str) -> bool {
    let behind = place.strip_prefix(other);
    behind.is_some_and(|rest| other.is_empty() || rest.is_empty() || rest.starts_with(['.', '[', '~', '/']))
}

/// Whether a place lies in another turn of a loop, round which both are.
fn is_beside(place: &str, other: &str) -> bool {
    let mut turns = other.match_indices('[').filter_map(|(at, _)| {
        let end = at + other[at..].find(']')?;
        place.starts_with(&other[..=at]).then(|| !place.starts_with(&other[..=end]))
    });
    turns.any(|is_another| is_another)
}

/// The place of the unit that an event is about, as a run stands.
fn place_of(plan: &Plan, run: &Run, record: &Record) -> Option<String> {
    let unit = record.event.unit()?;
    run.unit(unit).map(|_| run.place(plan, unit))
}

/// An event, in the word of the journal, and the place it is about; empty where that is the run. The run stood so before, and stands so
/// behind it: a unit that opens is there after the event, one that ends before it.
fn told(plan: &Plan, before: Option<&Run>, record: &Record, behind: Option<&Run>) -> (String, String) {
    let json = serde_json::to_value(&record.event).unwrap_or_default();
    let word = json.get("event").and_then(|word| word.as_str()).unwrap_or_default().to_owned();
    let place = [behind, before].into_iter().flatten().find_map(|run| place_of(plan, run, record)).unwrap_or_default();
    match record.event.statement() {
        Some((_, node)) if place.is_empty() => (word, plan.node(node).label.to_string()),
        Some((_, node)) => (word, format!("{place}.{}", plan.node(node).label)),
        None => (word, place),
    }
}

fn run_of(plan: &Plan, records: &[Record]) -> Option<Run> {
    let (first, rest) = records.split_first()?;
    let mut fold = Fold::begin(plan, first).ok()?;
    rest.iter().for_each(|record| fold.take(record));
    Some(fold.run().clone())
}
