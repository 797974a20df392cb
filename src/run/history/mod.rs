//! A run as it stands: the fold of its events. Whatever can be known of a run is read off here.

pub mod ages;
mod entrance;
mod failures;
mod fold;
pub mod frame;
pub mod lives;
pub mod moved;
pub mod place;
mod rewind;
mod table;
pub mod turns;
pub mod unit;
pub mod view;
mod waits;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use ages::Ages;
pub use entrance::{Collected, Collection, Entrance};
use frame::Frames;
use table::Units;
use unit::{Entry, Task, Unit};

pub use rewind::{Fold, fold};

use super::admission::Turn;
use super::chain::{Line, is_soon};
use super::event::{Acceptance, Alarm, Event, Holder, Outcome, Problem, Record, Rewinding, Role, UnitId};
use crate::base::id::{Digest, RunId};
use crate::base::secret::Secrets;
use crate::base::status::Status;
use crate::base::time::{Duration, Timestamp};
use crate::base::value::{Map, Value};
use crate::lang::plan::node::Runners;
use crate::lang::plan::{Body, HandlerAction, Kind, Node, NodeId, Plan};

/// How often a condition is looked at that time alone may change.
const CLOCK_PAUSE: Duration = Duration::seconds(1);

/// A run between two decisions.
#[derive(Clone, Debug)]
pub struct Run {
    /// What it was accepted with.
    pub accepted: Arc<Acceptance>,
    /// The secrets that it has met so far.
    pub secrets: Secrets,
    /// When it was accepted.
    pub accepted_at: Timestamp,
    /// When it began to run.
    pub started_at: Option<Timestamp>,
    /// The run that it is a fork of.
    pub fork_of: Option<RunId>,
    /// When it came to rest.
    pub rested_at: Option<Timestamp>,
    /// How far it is on its way in.
    pub entrance: Entrance,
    /// What was collected for it.
    pub collection: Collection,
    /// How far its end is.
    pub ending: Ending,
    /// How it ended, once that is decided.
    pub outcome: Option<Outcome>,
    /// Its `state`, with what it has set.
    pub state: Value,
    /// Since when the members of its dated sets are there.
    ages: Ages,
    /// What went wrong beside.
    pub problems: Vec<Arc<Problem>>,
    /// Whether it stands still.
    pub paused: bool,
    /// Since when.
    paused_at: Timestamp,
    /// By whose word.
    paused_by: Arc<str>,
    /// Whether it has ever gone on after that.
    resumed: bool,
    /// Whether somebody asked for it to be cancelled before its outcome was decided.
    pub cancel_asked: bool,
    /// Whether it was killed.
    pub killed: bool,
    /// Whether the run that waited for it has undone it.
    pub undone: bool,
    /// How many problems it had before that.
    problems_before: usize,
    /// What it answered its caller.
    pub reply: Option<Value>,
    /// Whether the answer was given in a part of the run that counts no more: it is not given again, and that is no problem.
    pub(super) replied_before: bool,
    /// The signals and events that came, in order.
    pub arrivals: Vec<Arrival>,
    /// The frames its units and undos need.
    pub frames: Frames,
    /// The number of events folded so far.
    pub events: u64,
    units: Units,
    opened: u32,
    completions: u32,
    agenda: VecDeque<UnitId>,
    alarms: BTreeSet<(Timestamp, UnitId, Alarm)>,
    /// The numbers of the events that came, by their marks.
    happened: BTreeMap<u64, u32>,
    /// The numbers of the signals of each name that nobody has taken yet.
    signals: BTreeMap<Arc<str>, VecDeque<u32>>,
    /// The numbers of the events that each node has taken (semantics 60).
    taken: BTreeMap<NodeId, BTreeSet<u32>>,
    /// What `keyed` steps in doubt were called with, and under which key, by their places without generations: decided
    /// anew with the same parameters, such a step keeps its key (semantics 45).
    doubts: BTreeMap<String, (Value, Arc<str>)>,
    /// How often acts with a `key` clause were decided anew, by their places without generations (semantics 45).
    decided: BTreeMap<String, u32>,
    /// Units that wait for signals, events or conditions.
    listeners: BTreeSet<UnitId>,
    /// Those among them whose condition reads the clock.
    clocked: BTreeSet<UnitId>,
    /// Units with something under way outside this journal: an attempt without an answer, a lock asked for or held.
    outside: BTreeSet<UnitId>,
    /// Those among them whose operation has not answered.
    operating: BTreeSet<UnitId>,
    /// Units in front of their handlers that wait for a person.
    parked: BTreeSet<UnitId>,
    /// Units whose waits have begun or ended since they were last asked for.
    touched: BTreeSet<UnitId>,
    /// What could be undone when the run rested: its parent may ask for it.
    left: BTreeMap<u32, Entry>,
    /// Whether somebody has said that its failure needs nothing more.
    dismissed: bool,
    /// What is done again as soon as what was done of it is undone.
    rewinding: Option<Arc<Rewinding>>,
    /// The run that rewound it last, and its unit that waits for that.
    pub through: Option<(RunId, UnitId)>,
    /// Since the run was rewound: the generations in which units are opened, by their places.
    generations: BTreeMap<Arc<str>, u32>,
    /// Since then: what persons have given units as parameters, by their places.
    edits: BTreeMap<Arc<str>, Value>,
    /// Since then: runs that go on where they failed, by the places without generations of the steps that wait for them, with
    /// what they were asked for.
    continued: BTreeMap<Arc<str>, (Value, RunId)>,
    /// Since then: turns and branches that stand open again and wait for a place among those that run at once.
    held: BTreeMap<UnitId, VecDeque<UnitId>>,
    /// The plan it is to go on under as soon as it may.
    wish: Option<Wish>,
}

/// How far the end of a run is (semantics 41).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Its body runs, or comes to rest.
    NotYet,
    /// Its outcome is decided; what is to be undone is undone, then the lifecycle bodies run: so many have ended.
    Decided(u32),
    /// It rests.
    Rested,
}

/// A plan that a run is to go on under.
#[derive(Clone, Debug)]
struct Wish {
    plan: Digest,
    by: Arc<str>,
    /// Whether something has ended since it was asked last whether it may (semantics 75).
    due: bool,
}

/// A signal or an event that came.
#[derive(Clone, Debug)]
pub struct Arrival {
    /// Whether it is a signal.
    pub signal: bool,
    /// Name of the signal, topic of the event.
    pub name: Arc<str>,
    /// What it carries.
    pub payload: Value,
    /// Whether a wait took it: signals are taken once.
    pub taken: bool,
    /// The place of an event in the total order.
    pub mark: u64,
}

impl Run {
    /// A run that was accepted just now. `record` must hold [`Event::Accepted`].
    ///
    /// # Errors
    /// If the record is another.
    pub fn accept(record: &Record) -> Result<Self, &'static str> {
        let Event::Accepted(accepted) = &record.event else {
            return Err("the journal of a run begins with its acceptance");
        };
        let mut run = Self {
            entrance: Entrance::of(accepted),
            collection: Collection::default(),
            accepted: accepted.clone(),
            secrets: record.event.secrets(),
            accepted_at: record.at,
            started_at: None,
            fork_of: None,
            rested_at: None,
            ending: Ending::NotYet,
            outcome: None,
            state: accepted.state.clone(),
            ages: Ages::default(),
            problems: Vec::new(),
            paused: false,
            paused_at: Timestamp::UNIX_EPOCH,
            paused_by: Arc::default(),
            resumed: false,
            cancel_asked: false,
            killed: false,
            undone: false,
            problems_before: 0,
            reply: None,
            replied_before: false,
            arrivals: Vec::new(),
            frames: Frames::default(),
            events: 1,
            units: Units::default(),
            opened: 0,
            completions: 0,
            agenda: VecDeque::new(),
            alarms: BTreeSet::new(),
            happened: BTreeMap::new(),
            signals: BTreeMap::new(),
            taken: BTreeMap::new(),
            doubts: BTreeMap::new(),
            decided: BTreeMap::new(),
            listeners: BTreeSet::new(),
            clocked: BTreeSet::new(),
            outside: BTreeSet::new(),
            operating: BTreeSet::new(),
            parked: BTreeSet::new(),
            touched: BTreeSet::new(),
            left: BTreeMap::new(),
            dismissed: false,
            rewinding: None,
            through: None,
            generations: BTreeMap::new(),
            edits: BTreeMap::new(),
            continued: BTreeMap::new(),
            held: BTreeMap::new(),
            wish: None,
        };
        run.wait_until(accepted.admission.not_before);
        Ok(run)
    }

    /// The unit with this id, if it has not ended.
    pub fn unit(&self, id: UnitId) -> Option<&Unit> {
        self.units.get(id)
    }

    pub(super) fn unit_mut(&mut self, id: UnitId) -> Option<&mut Unit> {
        self.units.get_mut(id)
    }

    /// All units that have not ended, in the order of their places in the table.
    pub fn units(&self) -> impl Iterator<Item = &Unit> {
        self.units.iter()
    }

    /// The id the next unit will get.
    pub(super) fn next_unit(&self) -> UnitId {
        UnitId { index: self.units.next(), serial: self.opened }
    }

    /// Takes the next unit whose situation has changed.
    pub(super) fn take_agenda(&mut self) -> Option<UnitId> {
        loop {
            let id = self.agenda.pop_front()?;
            // Who was put at the head stands further back once more, and has been looked at.
            if self.unit_mut(id).is_some_and(|unit| std::mem::take(&mut unit.queued)) {
                return Some(id);
            }
        }
    }

    /// The alarm that is due first, if one is due at `now`.
    pub(super) fn due_alarm(&self, now: Timestamp) -> Option<(UnitId, Alarm)> {
        self.alarms.first().filter(|(at, _, _)| *at <= now).map(|(_, unit, alarm)| (*unit, *alarm))
    }

    /// When the machine must be asked again at the latest, if nothing else happens.
    pub fn next_alarm(&self) -> Option<Timestamp> {
        if self.paused { None } else { self.alarms.first().map(|(at, _, _)| *at) }
    }

    /// When it must be woken if it has left memory, where it cannot be as long as an operation is under way.
    pub fn wakes(&self) -> Option<Timestamp> {
        if self.operating.is_empty() { self.next_alarm() } else { None }
    }

    /// The plan it is to go on under as soon as it may, and by whose word.
    pub fn wish(&self) -> Option<(Digest, &Arc<str>)> {
        self.wish.as_ref().map(|wish| (wish.plan, &wish.by))
    }

    /// Whether it must be asked again if it may go on under the plan it is to go on under (semantics 75).
    pub(super) fn wish_is_due(&self) -> bool {
        self.wish.as_ref().is_some_and(|wish| wish.due)
    }

    /// The same; it was asked then.
    pub(super) fn take_due_wish(&mut self) -> Option<(Digest, Arc<str>)> {
        let wish = self.wish.as_mut().filter(|wish| wish.due)?;
        wish.due = false;
        Some((wish.plan, wish.by.clone()))
    }

    /// The earliest signal of this name that nobody has taken.
    pub(super) fn signal(&self, name: &str) -> Option<u32> {
        self.signals.get(name)?.front().copied()
    }

    /// The number of the event at `mark`, if it came.
    pub(super) fn event_at(&self, mark: u64) -> Option<u32> {
        self.happened.get(&mark).copied()
    }

    /// Whether a wait of the node has taken the event at `mark`.
    pub(super) fn has_taken(&self, node: NodeId, mark: u64) -> bool {
        let taken = self.taken.get(&node).zip(self.event_at(mark));
        taken.is_some_and(|(taken, number)| taken.contains(&number))
    }

    /// The place of the last event that a wait of the node has taken.
    pub(super) fn last_taken(&self, node: NodeId) -> u64 {
        let numbers = self.taken.get(&node).into_iter().flatten();
        numbers.filter_map(|number| self.arrivals.get(*number as usize)).map(|event| event.mark).max().unwrap_or(0)
    }

    /// The units that wait for signals, events or conditions.
    pub(super) fn listeners(&self) -> Vec<UnitId> {
        self.listeners.iter().copied().collect()
    }

    /// The units that wait for a condition that reads the clock.
    pub(super) fn clocked(&self) -> Vec<UnitId> {
        self.clocked.iter().copied().collect()
    }

    /// When the machine must be asked again at the latest: at the next alarm, or because time alone may change what a unit
    /// waits for. That is looked at again and again, and leaves no record until it is so.
    pub fn next_look(&self, now: Timestamp) -> Option<Timestamp> {
        let look = (!self.clocked.is_empty() && !self.paused).then(|| CLOCK_PAUSE.after(now));
        [self.next_alarm(), look].into_iter().flatten().min()
    }

    /// The key of a `keyed` step in doubt, or of a run that failed and goes on, that stood at this place, without generations,
    /// with these parameters.
    pub(super) fn doubtful_key(&self, place: &str, params: &Value) -> Option<Arc<str>> {
        let keyed = self.doubts.get(place).filter(|(old, _)| old == params).map(|(_, key)| key.clone());
        // A run that goes on where it failed keeps its id, which is the key of the step that waits for it.
        let run = || self.continued.get(place).filter(|(old, _)| old == params).map(|(_, run)| run.0.clone());
        keyed.or_else(run)
    }

    /// How often an act at this place was decided before: 0 where neither it nor anything round it has begun anew, so that
    /// `place` is the same with its generations.
    pub(super) fn times_decided(&self, bare: &str, place: &str) -> u32 {
        match bare == place {
            true => 0,
            false => self.decided.get(bare).copied().unwrap_or_default() + 1,
        }
    }

    /// How many runs lie behind what this one starts or emits now, which started one another, each soon after it was accepted:
    /// this one and those before it, or none if it took its time.
    pub fn starts_before(&self, now: Timestamp) -> u32 {
        if is_soon(self.accepted_at, now) { self.accepted.starts.max(self.collection.chain) + 1 } else { 0 }
    }

    /// What lies in their chain before the runs that this one starts now; nothing if it took its time.
    pub fn line(&self, now: Timestamp) -> Line {
        let Acceptance { run, workflow, line, .. } = &*self.accepted;
        if is_soon(self.accepted_at, now) { line.on(run, workflow) } else { Line::default() }
    }

    /// The run that its chain began with.
    pub fn first_of_chain(&self) -> &RunId {
        self.accepted.line.first.as_ref().unwrap_or(&self.accepted.run)
    }

    /// Its `state` as programs see it at a moment: without what is too old by then.
    pub fn state_at(&self, now: Timestamp) -> Value {
        self.ages.young(&self.state, now)
    }

    /// What is kept of its `state` for the runs after it.
    pub fn kept_state(&self) -> Value {
        self.ages.kept(&self.state)
    }

    /// Whether it stands still by this one's word.
    pub(super) fn is_paused_by(&self, whom: &str) -> bool {
        self.paused && *self.paused_by == *whom
    }

    /// Whether it has stood still and gone on.
    pub(super) fn was_resumed(&self) -> bool {
        self.resumed
    }

    /// Whether it has come to rest.
    pub fn is_at_rest(&self) -> bool {
        self.ending == Ending::Rested
    }

    /// Whether its failure is still open.
    pub fn has_open_failure(&self) -> bool {
        self.is_at_rest() && !self.dismissed && matches!(self.outcome, Some(Outcome::Failed { .. }))
    }

    /// Whether it is, or is about to be, rewound.
    pub fn is_rewinding(&self) -> bool {
        self.rewinding.is_some()
    }

    /// Whether it has been killed, is to be rewound, and waits for its place to undo first what it had done.
    pub fn waits_to_undo(&self) -> bool {
        self.is_rewinding() && !self.is_at_rest() && self.entrance == Entrance::Asking
    }

    /// Whether after a crash it must be taken up at once: there is something to decide, or something under way outside, or it
    /// looks at the clock.
    pub fn is_busy(&self) -> bool {
        let has_to_do = self.is_coming_in() || !self.agenda.is_empty();
        let looks = has_to_do || !self.outside.is_empty() || !self.clocked.is_empty();
        self.is_rewinding() || !self.is_at_rest() && looks
    }

    /// Its turn at the gates of its workflow, if it is inside or waits for that.
    pub fn turn(&self) -> Option<Turn> {
        let Acceptance { admission, within, .. } = &*self.accepted;
        // Who undoes something first keeps the places for going on.
        let is_there = !self.is_at_rest() || self.is_rewinding();
        let comes = matches!(self.entrance, Entrance::Asking | Entrance::Passed) && is_there;
        (comes && !admission.places.is_empty()).then(|| Turn {
            inside: self.entrance == Entrance::Passed,
            places: admission.places.clone(),
            priority: admission.priority,
            within: within.clone(),
        })
    }

    /// Whether it has begun to do something, however long ago.
    pub(super) fn has_begun(&self) -> bool {
        self.unit(UnitId::RUN).is_some()
    }

    /// Whether it has not started, and nobody would think of it: it waits neither for a moment nor for a place.
    fn is_coming_in(&self) -> bool {
        match self.entrance {
            Entrance::Passed => false,
            Entrance::Complete => true,
            Entrance::Asking if self.accepted.admission.places.is_empty() => true,
            Entrance::Collecting | Entrance::Early | Entrance::Asking => self.cancel_asked || self.killed,
        }
    }

    /// The units with something under way outside this journal, in the order of their places.
    pub fn outside(&self) -> impl Iterator<Item = &Unit> {
        self.outside.iter().filter_map(|id| self.unit(*id))
    }

    /// The gates that are held until a unit has ended: those it is inside of, in this run and in those that wait for this one.
    pub fn gates_around(&self, id: UnitId) -> Vec<Holder> {
        let mut gates = self.accepted.within.clone();
        if !self.accepted.admission.places.is_empty() {
            gates.push((self.accepted.run.clone(), UnitId::RUN));
        }
        let mut next = self.unit(id).and_then(|unit| unit.parent);
        while let Some(unit) = next.and_then(|id| self.unit(id)) {
            if matches!(unit.task, Task::Gate(_)) {
                gates.push((self.accepted.run.clone(), unit.id));
            }
            next = unit.parent;
        }
        gates
    }

    /// The run that a unit waits for, if it does, and whether for its undoing.
    pub fn other_run(&self, plan: &Plan, unit: &Unit) -> Option<(RunId, bool)> {
        if !matches!(unit.node(plan)?.kind, Kind::Child { .. }) {
            return None;
        }
        if !unit.unwinds_child() {
            return Some((unit.child_run()?, false));
        }
        let key = self.frames.given(unit.frame, "key")?;
        Some((RunId(key.to_string().into()), true))
    }

    /// Whether it could still be undone by the run that waits for it.
    pub fn can_unwind(&self) -> bool {
        !self.left.is_empty()
    }

    /// What went wrong while the run that waited for it undid it.
    pub fn not_undone(&self) -> &[Arc<Problem>] {
        if self.undone { &self.problems[self.problems_before..] } else { &[] }
    }

    /// How it stands, in one word (semantics 7).
    pub fn status(&self) -> Status {
        if self.undone && self.is_at_rest() {
            return Status::Undone;
        }
        match (&self.outcome, self.ending) {
            (Some(outcome), Ending::Rested) => outcome.status(),
            _ if self.paused => Status::Paused,
            _ if self.entrance != Entrance::Passed => Status::Queued,
            _ if !self.parked.is_empty() => Status::Parked,
            (None, _) if self.only_waits() => Status::Waiting,
            (Some(_) | None, _) => Status::Running,
        }
    }

    /// Whether nothing is under way: no attempt of an operation, and nothing left to decide.
    fn only_waits(&self) -> bool {
        self.agenda.is_empty() && self.operating.is_empty()
    }

    /// `run` as programs see it; `now` gives `elapsed` while it has not ended.
    pub fn to_value(&self, plan: &Plan, now: Timestamp) -> Value {
        let started = self.started_at.unwrap_or(self.accepted_at);
        let ended = self.rested_at.unwrap_or(now);
        let mut map = Map::new();
        map.insert("id".into(), Value::Text(self.accepted.run.0.clone()));
        map.insert("workflow".into(), Value::Text(plan.name.clone()));
        map.insert("version".into(), plan.version.clone().map_or(Value::Unit, Value::Text));
        map.insert("started_at".into(), Value::moment(started));
        let status = self.outcome.as_ref().map_or(self.status(), Outcome::status);
        map.insert("status".into(), if self.undone { Status::Undone } else { status }.word().into());
        map.insert("elapsed".into(), Value::Duration(Duration::between(started, ended)));
        map.insert("error".into(), self.error().unwrap_or_default());
        let problems = self.problems.iter().map(|problem| {
            Value::map([
                ("place", Value::Text(problem.place.clone())),
                ("type", Value::Text(problem.kind.clone())),
                ("message", Value::Text(problem.message.clone())),
            ])
        });
        map.insert("problems".into(), Value::list(problems));
        map.into()
    }

    /// The error the run failed with, as programs see it.
    pub fn error(&self) -> Option<Value> {
        match self.outcome.as_ref()? {
            Outcome::Failed { failure } => {
                let mut map = failure.to_value();
                let step = failure.details.get("step").cloned().unwrap_or_default();
                map.insert("step".into(), step);
                Some(map.into())
            }
            Outcome::Completed { .. } | Outcome::Skipped { .. } | Outcome::Cancelled => None,
        }
    }

    /// The variables as `unit` sees them.
    pub fn vars(&self, unit: UnitId) -> Value {
        let mut next = Some(unit);
        while let Some(unit) = next.and_then(|id| self.unit(id)) {
            if let Some(view) = &unit.view {
                return view.vars.clone();
            }
            next = unit.parent;
        }
        Value::Unit
    }

    /// The unit that handlers act on for errors raised by a statement in `unit` (semantics 15): the nearest that is one.
    pub(super) fn nearest_unit(&self, plan: &Plan, mut id: UnitId) -> UnitId {
        while let Some(unit) = self.unit(id) {
            match unit.parent {
                Some(parent) if !unit.is_unit(plan) => id = parent,
                _ => break,
            }
        }
        id
    }
}

impl Outcome {
    /// How a run stands that has ended so.
    pub fn status(&self) -> Status {
        match self {
            Self::Completed { .. } => Status::Completed,
            Self::Skipped { .. } => Status::Skipped,
            Self::Failed { .. } => Status::Failed,
            Self::Cancelled => Status::Cancelled,
        }
    }

    /// Its name in programs.
    pub fn word(&self) -> &'static str {
        self.status().word()
    }

    /// What it leaves for those who read the step.
    pub fn output(&self) -> Value {
        match self {
            Self::Completed { output } | Self::Skipped { output, .. } => output.clone(),
            Self::Failed { .. } | Self::Cancelled => Value::Unit,
        }
    }
}

impl Unit {
    /// Whether handlers can act on it; otherwise it only groups.
    pub fn is_unit(&self, plan: &Plan) -> bool {
        match self.role {
            Role::Main => plan.node(self.node).unit,
            _ => true,
        }
    }

    /// The node it carries out; none for the run and its lifecycle bodies.
    pub fn node<'a>(&self, plan: &'a Plan) -> Option<&'a Node> {
        match self.role {
            // The body of an `alternate` may stand for a body at the end of the run, which is no node.
            Role::Run | Role::Lifecycle(..) | Role::Alternate(_) => None,
            Role::Main | Role::Turn(_) | Role::Branch(_) | Role::Notify(_) | Role::Undo | Role::Meanwhile(_) => {
                Some(plan.node(self.node))
            }
        }
    }

    /// The statements it carries out, if it carries out any.
    pub fn body<'a>(&self, plan: &'a Plan) -> Option<&'a Body> {
        body_of(plan, self.node, self.role, self.progress().and_then(|progress| progress.arm))
    }

    /// Whether its statements run at once.
    pub fn is_parallel(&self, plan: &Plan) -> bool {
        matches!(self.role, Role::Main | Role::Notify(_) | Role::Undo)
            && matches!(plan.node(self.node).kind, Kind::Parallel(_))
    }
}

/// The statements that a unit of this role carries out for a node; of a choice those of the arm that was taken.
pub fn body_of(plan: &Plan, node: NodeId, role: Role, arm: Option<u32>) -> Option<&Body> {
    match role {
        Role::Run => Some(&plan.body),
        Role::Lifecycle(moment, index) => plan.lifecycle(moment).get(index as usize),
        Role::Alternate(handler) => match &plan.handlers[handler.0 as usize].action {
            HandlerAction::Alternate(body) => Some(body),
            _ => None,
        },
        Role::Meanwhile(index) => {
            plan.node(node).clauses.meanwhile.get(index as usize).map(|meanwhile| &meanwhile.body)
        }
        Role::Turn(_) => turn_body(&plan.node(node).kind),
        Role::Branch(index) => match &plan.node(node).kind {
            Kind::Race(race) => match &race.runners {
                Runners::Branches(branches) => branches.get(index as usize).map(|branch| &branch.body),
                Runners::Items { body, .. } => Some(body),
            },
            _ => None,
        },
        Role::Main | Role::Notify(_) | Role::Undo => main_body(&plan.node(node).kind, arm),
    }
}

fn turn_body(kind: &Kind) -> Option<&Body> {
    match kind {
        Kind::For(each) => Some(&each.body),
        Kind::While { body, .. } | Kind::Repeat { body, .. } => Some(body),
        _ => None,
    }
}

fn main_body(kind: &Kind, arm: Option<u32>) -> Option<&Body> {
    match kind {
        Kind::Sequence(body) | Kind::Parallel(body) | Kind::Lock { body, .. } => Some(body),
        Kind::If { arms, otherwise } => {
            let arm = arm? as usize;
            arms.get(arm).map(|(_, branch)| &branch.body).or(otherwise.as_ref().map(|branch| &branch.body))
        }
        Kind::Match { arms, .. } => arms.get(arm? as usize).map(|arm| &arm.branch.body),
        _ => None,
    }
}
