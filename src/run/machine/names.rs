//! What the names of expressions stand for at one place of a run.

use std::cell::{Cell, RefCell};

use super::{Action, Machine};
use crate::base::failure::{Failure, Kind};
use crate::base::time::{Duration, Timestamp};
use crate::base::value::{Map, Value};
use crate::lang::plan::formula::Slot;
use crate::lang::plan::{Formula, Plan, Root, Roots, Script};
use crate::run::event::UnitId;
use crate::run::history::Run;
use crate::run::history::frame::FrameId;
use crate::run::history::unit::Task;
use crate::run::world::Settings;

/// Names that stand for something only in one expression: `error` in a guard, `event` in `where`, the names of a pattern.
#[derive(Default)]
pub(super) struct Given {
    /// By name.
    pub names: Vec<(&'static str, Value)>,
    /// By slot.
    pub slots: Vec<(Slot, Value)>,
    /// What `now()` gives, if not the time of the decision.
    pub now: Option<Timestamp>,
}

struct Names<'a> {
    plan: &'a Plan,
    run: &'a Run,
    unit: UnitId,
    frame: FrameId,
    now: Timestamp,
    settings: &'a dyn Settings,
    given: &'a Given,
    /// Where the text that is computed begins: chance is its own for each text.
    text: u32,
    drawn: Cell<u64>,
    /// The failure of a `let` that was read.
    broken: RefCell<Option<Failure>>,
    printed: RefCell<Vec<String>>,
}

impl Roots for Names<'_> {
    fn root(&self, root: &Root) -> Option<Value> {
        Some(match root {
            Root::Input => self.run.accepted.input.clone(),
            Root::Vars => self.given_here("vars").unwrap_or_else(|| self.run.vars(self.unit)),
            Root::State => self.given_here("state").unwrap_or_else(|| self.run.state_at(self.now)),
            Root::Run => self.run.to_value(self.plan, self.now),
            Root::Trigger => self.run.accepted.trigger.clone(),
            Root::Slot(slot) => self.slot(*slot)?,
            Root::Record(name, slot) => {
                let record = self.run.frames.read(self.frame, *slot).map_or_else(pending, |record| record.to_value());
                Value::map([(name.clone(), record)])
            }
            Root::Error => self.given("error")?,
            Root::Event => self.given("event")?,
            Root::Output => self.given("output")?,
            Root::Key => self.given("key")?,
            Root::Params => self.given("params")?,
            Root::Reply => self.run.reply.clone().unwrap_or_default(),
            // Names of connectors and tests: no workflow can read them.
            Root::Param(_)
            | Root::Config
            | Root::Response
            | Root::Request
            | Root::Steps
            | Root::Calls
            | Root::Emitted => return None,
        })
    }

    fn now(&self) -> Timestamp {
        self.now
    }

    fn draw(&self) -> u64 {
        let count = self.drawn.get();
        self.drawn.set(count + 1);
        // The same in every attempt and after a recovery: chance is a function of the place (semantics 51). The condition
        // of a loop is computed at the loop, once for each turn.
        let turn = match self.run.unit(self.unit).map(|unit| &unit.task) {
            Some(Task::Loop(turns)) => turns.next,
            _ => 0,
        };
        let place = self.run.place(self.plan, self.unit);
        let seed = format!("{}:{place}[{turn}]@{}#{count}", self.run.accepted.run, self.text);
        let mut bytes = [0; 8];
        bytes.copy_from_slice(&blake3::hash(seed.as_bytes()).as_bytes()[..8]);
        u64::from_le_bytes(bytes)
    }

    fn print(&self, text: &str) {
        self.printed.borrow_mut().push(text.to_owned());
    }

    fn env(&self, name: &str) -> Option<Value> {
        self.settings.env(name)
    }

    fn secret(&self, name: &str) -> Option<Value> {
        self.settings.secret(name).map(Value::hidden)
    }
}

impl Names<'_> {
    fn slot(&self, slot: Slot) -> Option<Value> {
        let given = self.given.slots.iter().find(|(place, _)| *place == slot);
        match given {
            Some((_, value)) => Some(value.clone()),
            // A step that has not run, was skipped or lost: `()` (semantics 52).
            None => match self.run.frames.read(self.frame, slot) {
                Some(record) => match record.more.as_ref().and_then(|more| more.broken.as_ref()) {
                    None => Some(record.output.clone()),
                    // The error of a `let` is raised by its first reader (semantics 55).
                    Some(failure) => {
                        self.broken.replace(Some((**failure).clone()));
                        None
                    }
                },
                None => Some(Value::Unit),
            },
        }
    }

    fn given(&self, name: &str) -> Option<Value> {
        self.given_here(name).or_else(|| self.run.frames.given(self.frame, name))
    }

    /// What a name stands for in this expression only.
    fn given_here(&self, name: &str) -> Option<Value> {
        let given = self.given.names.iter().find(|(given, _)| *given == name);
        given.map(|(_, value)| value.clone())
    }
}

/// The record of a step that has not begun.
fn pending() -> Value {
    Value::map([("status", "pending".into()), ("output", Value::Unit), ("error", Value::Unit)])
}

impl Machine<'_> {
    /// Computes a formula at a unit.
    pub(super) fn compute(&mut self, id: UnitId, formula: &Formula) -> Result<Value, Failure> {
        match formula {
            Formula::Constant(value) => Ok(value.clone()),
            formula => self.compute_with(id, formula, &Given::default()),
        }
    }

    /// Computes a formula at a unit, where some names stand for something.
    pub(super) fn compute_with(&mut self, id: UnitId, formula: &Formula, given: &Given) -> Result<Value, Failure> {
        let plan = self.plan;
        self.with_names(id, None, given, text_of(formula), |names| formula.evaluate(plan.functions.library(), names))
    }

    /// Computes a script at a unit.
    pub(super) fn compute_script(&mut self, id: UnitId, script: &Script) -> Result<Value, Failure> {
        self.compute_script_with(id, script, &Given::default())
    }

    /// Computes a script at a unit, where some names stand for something.
    pub(super) fn compute_script_with(&mut self, id: UnitId, script: &Script, given: &Given) -> Result<Value, Failure> {
        let plan = self.plan;
        let text = script.span.start;
        self.with_names(id, None, given, text, |names| script.evaluate(plan.functions.library(), names))
    }

    /// Computes at a unit, but in the frame of this depth: where a handler is written.
    pub(super) fn with_names<T>(
        &mut self,
        id: UnitId,
        depth: Option<u16>,
        given: &Given,
        text: u32,
        compute: impl FnOnce(&dyn Roots) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let unit = self.run.unit(id).ok_or_else(|| Failure::script("the step has ended"))?;
        let frame = depth.map_or(unit.frame, |depth| self.run.frames.at_depth(unit.frame, depth));
        let names = Names {
            plan: self.plan,
            run: &*self.run,
            unit: id,
            frame,
            now: given.now.unwrap_or(self.now),
            settings: self.settings,
            given,
            text,
            drawn: Cell::new(0),
            broken: RefCell::default(),
            printed: RefCell::default(),
        };
        let value = compute(&names);
        let value = match names.broken.take() {
            Some(failure) => value.map_err(|_| failure),
            None => value,
        };
        let printed = names.printed.into_inner();
        self.actions.extend(printed.into_iter().map(Action::Print));
        value
    }

    /// Whether a condition holds.
    pub(super) fn holds(&mut self, id: UnitId, script: &Script) -> Result<bool, Failure> {
        self.holds_with(id, script, &Given::default())
    }

    /// Whether a condition holds, where some names stand for something.
    pub(super) fn holds_with(&mut self, id: UnitId, script: &Script, given: &Given) -> Result<bool, Failure> {
        truth(self.compute_script_with(id, script, given)?, script)
    }

    /// Computes a length of time.
    pub(super) fn duration(&mut self, id: UnitId, formula: &Formula) -> Result<Duration, Failure> {
        duration_of(&self.compute(id, formula)?)
    }

    /// Computes a count.
    pub(super) fn count(&mut self, id: UnitId, formula: &Formula) -> Result<u64, Failure> {
        count_of(&self.compute(id, formula)?)
    }

    /// An error as handlers see it.
    pub(super) fn error_given(&self, id: UnitId, failure: &Failure, step: &std::sync::Arc<str>) -> Map {
        let attempt = self.run.unit(id).map_or(1, |unit| unit.attempts.max(1));
        let error = crate::run::history::frame::error_value(failure, step, attempt);
        let mut map = Map::new();
        map.insert("error".into(), error);
        map.insert("attempt".into(), Value::Int(attempt.into()));
        map
    }
}

/// Where the first text of a formula begins.
pub(super) fn text_of(formula: &Formula) -> u32 {
    match formula {
        Formula::Constant(_) => 0,
        Formula::Script(script) => script.span.start,
        Formula::Object(fields) => fields.iter().map(|(_, part)| text_of(part)).find(|text| *text > 0).unwrap_or(0),
        Formula::List(items) => items.iter().map(text_of).find(|text| *text > 0).unwrap_or(0),
    }
}

/// The truth of a condition; anything but `true` and `false` is an error.
pub(super) fn truth(value: Value, script: &Script) -> Result<bool, Failure> {
    match value.open() {
        Value::Bool(truth) => Ok(*truth),
        other => Err(Failure::script(format!(
            "a condition is `true` or `false`; `{}` is {}",
            script.source,
            article(other.type_name())
        ))
        .at(script.span)),
    }
}

/// A length of time from a duration, or from a text that says one.
pub(super) fn duration_of(value: &Value) -> Result<Duration, Failure> {
    match value.open() {
        Value::Duration(duration) if duration.0 >= 0 => Ok(*duration),
        Value::Duration(duration) => {
            Err(Failure::new(Kind::ValidationError, format!("a length of time is not negative: `{duration}`")))
        }
        Value::Text(text) => {
            text.parse().map_err(|error: String| Failure::new(Kind::ValidationError, error).hiding(&value.secrets()))
        }
        other => Err(Failure::new(
            Kind::ValidationError,
            format!("a duration such as `30s` is needed here, not {}", article(other.type_name())),
        )),
    }
}

/// A count from a whole number.
pub(super) fn count_of(value: &Value) -> Result<u64, Failure> {
    match value.open() {
        Value::Int(number) if *number >= 0 => Ok(number.unsigned_abs()),
        _ => Err(Failure::new(Kind::ValidationError, format!("a whole number from 0 is needed here, not `{value}`"))),
    }
}

fn article(type_name: &str) -> String {
    match type_name {
        "()" => "`()`".to_owned(),
        "int" => "an int".to_owned(),
        name => format!("a {name}"),
    }
}
