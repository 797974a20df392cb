//! Taking a run in: its input is checked, its state is found, its journal begins.

use std::sync::Arc;

use super::event::{Acceptance, Event, Holder, Record};
use super::history::Run;
use super::journal::{Broken, Fact};
use super::world::Settings;
use crate::base::failure::Failure;
use crate::base::id::RunId;
use crate::base::limit;
use crate::base::shape::{Misfit, Shape};
use crate::base::time::Timestamp;
use crate::base::value::{Map, Value};
use crate::lang::plan::trigger::Trigger;
use crate::lang::plan::{Plan, Root, Roots, With};

/// How a run is started.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Its id; a new one where absent.
    pub run: Option<RunId>,
    /// What `trigger` is.
    pub trigger: Value,
    /// What `state` is; what the workflow declares where absent.
    pub state: Option<Value>,
    /// The run that waits for it.
    pub parent: Option<RunId>,
    /// How many runs wait for it, one through the other.
    pub depth: u32,
    /// The locks that are held until it has ended, by the runs that wait for it.
    pub within: Vec<Holder>,
    /// How many runs lie before it that started one another, each soon after it was started itself.
    pub starts: u32,
    /// What is written in the commit of its acceptance.
    pub facts: Vec<Fact>,
    /// What it is found by, beside the `tags` of its workflow.
    pub tags: Vec<Arc<str>>,
}

/// What a trigger brings.
#[derive(Clone, Debug)]
pub struct Item {
    /// Which of the workflow's triggers, by its place among them.
    pub trigger: usize,
    /// What `trigger` is: `{ type, body, headers, due ... }`; `event` in its clauses is the body.
    pub value: Value,
    /// The id of the run it is to start, if the same item may come twice: the run that is there already is joined.
    pub run: Option<RunId>,
    /// What is known with it, and written in the same commit: how far its trigger has heard.
    pub facts: Vec<Fact>,
}

/// What became of an item; `R` is a run under way.
#[derive(Debug)]
pub enum Submitted<R> {
    /// `where` is not true of it.
    PassedOver,
    /// It is kept, for a run that starts when it has all its items.
    Collected(RunId),
    /// It was accepted as a run, which may have to wait for its turn.
    Started(R),
    /// A run was there before, under its key or its id.
    Joined(R),
    /// Others have all the places, and late ones are not wanted: its run was accepted and skipped.
    Skipped(R),
}

/// Why a run was not started.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StartError {
    /// There is no such workflow.
    #[error("there is no workflow `{0}`")]
    UnknownWorkflow(Arc<str>),
    /// The workflow has no such trigger; it may have had one in another version.
    #[error("the workflow `{0}` has no trigger {1}")]
    UnknownTrigger(Arc<str>, usize),
    /// `where` or `input:` of a trigger broke on an item.
    #[error("the trigger cannot take this: {0}")]
    Item(Failure),
    /// The input does not fit; every fault by its path.
    #[error("the input does not fit: {}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Input(Vec<Misfit>),
    /// What the state is at first could not be computed.
    #[error("the state could not be made: {0}")]
    State(Failure),
    /// The journal cannot be read or written.
    #[error("{0}")]
    Store(Broken),
    /// Too many runs wait for each other.
    #[error("workflows call each other {} deep; that is the bound", limit::CHILD_DEPTH_MAX)]
    Depth,
}

/// Accepts a run: the run, and the first record of its journal.
///
/// # Errors
/// Where the input does not fit, with every fault at once.
pub fn accept(
    plan: &Plan,
    run: RunId,
    input: &Value,
    options: Options,
    now: Timestamp,
    settings: &dyn Settings,
) -> Result<(Run, Record), StartError> {
    if options.depth as usize > limit::CHILD_DEPTH_MAX {
        return Err(StartError::Depth);
    }
    let input = fit(plan, input).map_err(StartError::Input)?;
    let state = first_state(plan, &input, options.state.as_ref(), now, settings)?;
    let record = Record {
        at: now,
        event: Event::Accepted(Arc::new(Acceptance {
            run,
            workflow: plan.name.clone(),
            plan: plan.digest,
            input,
            trigger: options.trigger.received(),
            state,
            parent: options.parent,
            depth: options.depth,
            within: options.within,
            starts: options.starts,
            tags: tags(plan, options.tags),
        })),
    };
    let run = match Run::accept(&record) {
        Ok(run) => run,
        Err(_) => unreachable!("the record is an acceptance"),
    };
    Ok((run, record))
}

/// The tags of the workflow, and those that were given, each once.
fn tags(plan: &Plan, given: Vec<Arc<str>>) -> Vec<Arc<str>> {
    let mut tags = Vec::new();
    for tag in plan.tags.iter().cloned().chain(given) {
        if !tags.contains(&tag) {
            tags.push(tag);
        }
    }
    tags
}

/// The input that the workflow's trigger makes of an item, if its `where` is true of it.
///
/// # Errors
/// Where there is no such trigger, or one of its clauses breaks.
pub fn input_of(
    plan: &Plan,
    item: &Item,
    now: Timestamp,
    settings: &dyn Settings,
) -> Result<Option<Value>, StartError> {
    let unknown = || StartError::UnknownTrigger(plan.name.clone(), item.trigger);
    let trigger = plan.triggers.get(item.trigger).ok_or_else(unknown)?;
    let names = InputOnly { input: &Value::Unit, now, settings };
    taken(plan, trigger, &item.value, &names).map_err(StartError::Item)
}

/// The input that a trigger makes of what it brings, if its `where` is true of it: by its `input:`, else the body.
///
/// # Errors
/// Where one of its clauses breaks.
pub fn taken(plan: &Plan, trigger: &Trigger, value: &Value, names: &dyn Roots) -> Result<Option<Value>, Failure> {
    let body = value.get("body").cloned().unwrap_or_default();
    let names = With { root: Root::Trigger, value, others: &With { root: Root::Event, value: &body, others: names } };
    let library = plan.functions.library();
    if let Some(filter) = &trigger.filter
        && filter.evaluate(library, &names)? != Value::Bool(true)
    {
        return Ok(None);
    }
    match &trigger.input {
        Some(input) => input.evaluate(library, &names).map(Some),
        None => Ok(Some(body)),
    }
}

/// The input as the workflow takes it, with its defaults.
///
/// # Errors
/// Every fault by its path.
pub fn fit(plan: &Plan, input: &Value) -> Result<Value, Vec<Misfit>> {
    let given = if input.is_unit() { Value::from(Map::new()) } else { input.clone().received() };
    Shape::Object(Arc::new(plan.input.clone())).check(&given)
}

/// What the state of a workflow is before a run: what is `known` of it, and for the rest what the declaration says.
///
/// # Errors
/// Where a value of the declaration breaks, or what is known does not fit it.
pub fn first_state(
    plan: &Plan,
    input: &Value,
    known: Option<&Value>,
    now: Timestamp,
    settings: &dyn Settings,
) -> Result<Value, StartError> {
    let Some(state) = &plan.state else { return Ok(Value::Unit) };
    let names = InputOnly { input, now, settings };
    let mut map = Map::new();
    for (field, formula) in &state.fields {
        let value = match known.and_then(|known| known.get(&field.name)) {
            Some(value) => value.clone().received(),
            None => formula.evaluate(plan.functions.library(), &names).map_err(StartError::State)?,
        };
        let value = if value.is_unit() { empty(&field.shape) } else { value };
        let value = field.shape.check(&value).map_err(|misfits| {
            StartError::Input(misfits.into_iter().map(|misfit| misfit.inside(&field.name).inside("state")).collect())
        })?;
        map.insert(field.name.clone(), value);
    }
    Ok(map.into())
}

/// The name of the fact that a workflow's state is: one for all runs, or one for each value of `by`.
///
/// # Errors
/// Where the key cannot be computed.
pub fn state_key(plan: &Plan, input: &Value, now: Timestamp, settings: &dyn Settings) -> Result<Arc<str>, Failure> {
    match plan.state.as_ref().and_then(|state| state.by.as_ref()) {
        None => Ok(format!("state/{}", plan.name).into()),
        Some(by) => {
            let key = by.evaluate(plan.functions.library(), &InputOnly { input, now, settings })?;
            Ok(format!("state/{}/{}", plan.name, key.canonical()).into())
        }
    }
}

fn empty(shape: &Shape) -> Value {
    match shape {
        Shape::List(..) => Value::list([]),
        Shape::Set(..) => Value::Set(Arc::default()),
        Shape::Map(..) => Value::from(Map::new()),
        _ => Value::Unit,
    }
}

struct InputOnly<'a> {
    input: &'a Value,
    now: Timestamp,
    settings: &'a dyn Settings,
}

impl Roots for InputOnly<'_> {
    fn root(&self, root: &Root) -> Option<Value> {
        (*root == Root::Input).then(|| self.input.clone())
    }
    fn now(&self) -> Timestamp {
        self.now
    }
    fn draw(&self) -> u64 {
        0
    }
    fn print(&self, _: &str) {}
    fn env(&self, name: &str) -> Option<Value> {
        self.settings.env(name)
    }
    fn secret(&self, name: &str) -> Option<Value> {
        self.settings.secret(name)
    }
}
