//! Taking a run in: what a trigger brings becomes an input, the input is checked, what the run asks for is computed and decided
//! on, its journal begins. Pure: what is known and what o'clock it is comes from outside.

mod claim;
pub mod collection;
mod item;
mod state;

use std::collections::BTreeMap;
use std::sync::Arc;

pub use claim::{Claim, Known, Unread, Verdict, held_by, holder};
pub use item::{Item, Submitted, input_of, taken};
pub use state::{first_state, state_key};

use super::admission::{Admission, Collects};
use super::chain::Line;
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
use crate::lang::plan::{Plan, Root, Roots};

/// How a run is started.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Its id; a new one where absent.
    pub run: Option<RunId>,
    /// What `trigger` is.
    pub trigger: Value,
    /// The run that waits for it.
    pub parent: Option<RunId>,
    /// How many runs wait for it, one through the other.
    pub depth: u32,
    /// The gates that are held until it has ended, by the runs that wait for it.
    pub within: Vec<Holder>,
    /// How many runs lie before it that started one another, each soon after it was accepted itself.
    pub starts: u32,
    /// The run that starts it, or emitted what starts it, and does not wait for it.
    pub origin: Option<RunId>,
    /// What lies before it in its chain.
    pub line: Line,
    /// Why it is accepted and never starts, if that is certain already.
    pub refused: Option<Arc<Failure>>,
    /// What its workflow is to have kept before it; what is kept where absent.
    pub state: Option<Value>,
    /// What is written in the commit of its acceptance.
    pub facts: Vec<Fact>,
    /// What it is found by, beside the `tags` of its workflow.
    pub tags: Vec<Arc<str>>,
    /// The fork that it is carried out for.
    pub fork: Option<RunId>,
}

/// The way a run takes before it starts.
#[derive(Clone, Debug, Default)]
pub struct WayIn {
    /// What it needs before it may start.
    pub admission: Admission,
    /// For whom it collects items first.
    pub collects: Option<Collects>,
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
    /// A clause of a trigger broke on an item.
    #[error("the trigger cannot take this: {0}")]
    Item(Failure),
    /// The input does not fit; every fault by its path.
    #[error("the input does not fit: {}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Input(Vec<Misfit>),
    /// Its key, its places, its priority or the key of its state could not be computed.
    #[error("what the run needs before it may start cannot be computed: {0}")]
    Claim(Failure),
    /// The journal cannot be read or written.
    #[error("{0}")]
    Store(Broken),
    /// Too many runs wait for each other.
    #[error("workflows call each other {} deep; that is the bound", limit::CHILD_DEPTH_MAX)]
    Depth,
}

/// Accepts a run with an input that fits: the run, and the first record of its journal.
pub fn accept(plan: &Plan, run: RunId, input: Value, options: Options, way_in: WayIn, now: Timestamp) -> (Run, Record) {
    // What the input calls a secret stands in what it was made of, too.
    let trigger = options.trigger.received().hiding(&input.secrets());
    let record = Record {
        at: now,
        event: Event::Accepted(Arc::new(Acceptance {
            run,
            workflow: plan.name.clone(),
            plan: plan.digest,
            input,
            trigger,
            state: Value::Unit,
            parent: options.parent,
            depth: options.depth,
            within: options.within,
            starts: options.starts,
            origin: options.origin,
            line: options.line,
            tags: tags(plan, options.tags),
            admission: way_in.admission,
            collects: way_in.collects,
            fork: options.fork,
        })),
    };
    match Run::accept(&record) {
        Ok(run) => (run, record),
        Err(_) => unreachable!("the record is an acceptance"),
    }
}

/// What came of taking a run in.
#[derive(Debug)]
pub enum TakenIn {
    /// It was accepted: the run, and the first record of its journal.
    Accepted(Box<Run>, Record),
    /// This run has its key.
    Held(RunId),
}

/// Takes a run in where there is no journal: what is known are these facts, and what follows is added to them.
///
/// # Errors
/// Where the input does not fit, with every fault at once, or what it asks for cannot be computed.
pub fn take_in(
    plan: &Plan,
    run: RunId,
    input: &Value,
    options: Options,
    (now, settings): (Timestamp, &dyn Settings),
    facts: &mut BTreeMap<Arc<str>, Value>,
) -> Result<TakenIn, StartError> {
    bounded(&options)?;
    let input = fit(plan, input).map_err(StartError::Input)?;
    let names = Names { input: &input, trigger: &options.trigger, now, settings };
    let claim = Claim::of(plan, None, &names)?;
    let admission = match claim.decide(&run, None, now, &*facts) {
        Ok(Verdict::Admitted { admission, facts: follows }) => {
            facts.extend(follows.into_iter().filter_map(|fact| Some((fact.name, fact.value?))));
            admission
        }
        Ok(Verdict::Held(other)) => return Ok(TakenIn::Held(other)),
        Err(Unread(_)) => unreachable!("all that is known is at hand"),
    };
    let (run, record) = accept(plan, run, input, options, WayIn { admission, collects: None }, now);
    Ok(TakenIn::Accepted(Box::new(run), record))
}

/// Whether not too many runs wait for each other.
///
/// # Errors
/// If there are.
pub fn bounded(options: &Options) -> Result<(), StartError> {
    if options.depth as usize > limit::CHILD_DEPTH_MAX { Err(StartError::Depth) } else { Ok(()) }
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

/// The input as the workflow takes it, with its defaults.
///
/// # Errors
/// Every fault by its path.
pub fn fit(plan: &Plan, input: &Value) -> Result<Value, Vec<Misfit>> {
    let given = if input.is_unit() { Value::from(Map::new()) } else { input.clone().received() };
    Shape::Object(Arc::new(plan.input.clone())).check(&given)
}

/// What clauses see that are computed before a run starts.
#[derive(Clone, Copy)]
pub struct Names<'a> {
    /// `input`
    pub input: &'a Value,
    /// `trigger`; `event` is its body.
    pub trigger: &'a Value,
    /// The moment `now()` stands for.
    pub now: Timestamp,
    /// Where settings are found.
    pub settings: &'a dyn Settings,
}

impl Roots for Names<'_> {
    fn root(&self, root: &Root) -> Option<Value> {
        match root {
            Root::Input => Some(self.input.clone()),
            Root::Trigger => Some(self.trigger.clone()),
            Root::Event => Some(self.trigger.get("body").cloned().unwrap_or_default()),
            _ => None,
        }
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
        self.settings.secret(name).map(Value::hidden)
    }
}
