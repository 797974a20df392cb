//! The way in: runs come in one at a time, so that what one finds is what the one before it left (semantics 67 to 72).
//!
//! At the door a run's claim is decided on, its places are asked for, and its first records are appended with the facts that
//! follow: the order at every gate is the order of the journal. What has to be computed or read for that is there before.

use std::sync::Arc;

use super::drive::Drive;
use super::facts::Door;
use super::inbox::{Inbox, inbox};
use super::writing::take_records;
use super::{Attached, Duty, Inner, Told, lock, start_failure};
use crate::base::failure::Failure;
use crate::base::id::RunId;
use crate::base::time::{Duration, Timestamp};
use crate::base::value::Value;
use crate::lang::plan::Plan;
use crate::run::admission::{Admission, Collects, Gathered, Pace, Reason};
use crate::run::event::{Holder, Record, UnitId};
use crate::run::gate::Asked;
use crate::run::history::{Collected, Entrance, Run};
use crate::run::intake::{self, Claim, Known as _, Names, Options, StartError, Unread, Verdict, collection};
use crate::run::journal::{Batch, Fact, Mark};
use crate::run::machine::{self, Action, Command, Refusal};

/// How long it is known how many runs of a chain have come back, after the last of them: far longer than a chain goes on.
const CHAIN_KNOWN: Duration = Duration::seconds(3_600);

/// A run that is about to come in: everything is checked and computed, nothing has happened.
pub(super) struct Entering {
    pub plan: Arc<Plan>,
    pub run: RunId,
    input: Value,
    options: Options,
    wish: Wish,
    state_key: Option<Arc<str>>,
    /// Why it never starts, if that is certain already: too many runs before it have started one another.
    refused: Option<Arc<Failure>>,
    /// The fact that says how many runs of its chain have come back, if it is one of them; and how many may.
    comes_back: Option<(Arc<str>, u64)>,
    /// A run that is not there any more, whatever the facts say.
    pub gone: Option<RunId>,
}

/// What somebody comes for.
enum Wish {
    /// To be carried out.
    Start(Claim),
    /// To collect items, this one first; the fact says so to others.
    Collect { from: Collects, first: Collected },
}

/// What was decided on somebody who comes.
pub(super) enum Ruling {
    /// On what they came for.
    Granted(Verdict),
    /// Too many runs of their chain have come in before them.
    Refused(Arc<Failure>),
}

/// A run that has come in, before anything is written of it.
pub(super) struct Accepted {
    pub drive: Drive,
    records: Vec<Record>,
    facts: Vec<Fact>,
    skipped: bool,
    inbox: Inbox,
    /// Runs that are to make room for it.
    instead_of: Vec<RunId>,
}

/// How a run came in.
pub(super) enum Came {
    /// Its acceptance is at this mark.
    In(RunId, Mark),
    /// It was accepted and skipped, at this mark.
    Skipped(RunId, Mark),
    /// This one was there before; whoever is attached hears when that is certain.
    Joined(RunId),
}

impl Inner {
    /// A run that is to start with this input, which came by a trigger or without one.
    pub(super) fn entering(
        &self,
        plan: Arc<Plan>,
        input: &Value,
        trigger: Option<usize>,
        mut options: Options,
    ) -> Result<Entering, StartError> {
        intake::bounded(&options)?;
        let input = intake::fit(&plan, input).map_err(StartError::Input)?;
        let names = self.names(&input, &options.trigger);
        let state_key = intake::state_key(&plan, &names).map_err(StartError::Claim)?;
        if let (Some(state), Some(name)) = (options.state.take(), &state_key) {
            options.facts.push(Fact { name: name.clone(), value: Some(state), until: None });
        }
        let refused = options.refused.take();
        let wish = Wish::Start(match refused {
            Some(_) => Claim::default(),
            None => Claim::of(&plan, trigger, &names)?,
        });
        let run = options.run.take().unwrap_or_else(new_run);
        let comes_back = self.comes_back(&plan, &options);
        Ok(Entering { plan, run, input, options, wish, state_key, refused, comes_back, gone: None })
    }

    /// A run that is to collect items, this one first.
    pub(super) fn collecting(&self, plan: Arc<Plan>, from: Collects, first: Collected, options: Options) -> Entering {
        let wish = Wish::Collect { from, first };
        let (run, input, comes_back) = (new_run(), Value::Unit, self.comes_back(&plan, &options));
        Entering { plan, run, input, options, wish, state_key: None, refused: None, comes_back, gone: None }
    }

    /// The fact that says how many runs of a chain have come back, if a run of this plan would be one of them; and how many may.
    fn comes_back(&self, plan: &Plan, options: &Options) -> Option<(Arc<str>, u64)> {
        let fact = options.line.comes_back(&plan.name)?;
        Some((fact, self.world.settings.chain_runs()))
    }

    pub(super) fn names<'a>(&'a self, input: &'a Value, trigger: &'a Value) -> Names<'a> {
        Names { input, trigger, now: self.world.clock.now(), settings: &*self.world.settings }
    }

    /// Lets a run come in.
    pub(super) async fn come_in(
        self: &Arc<Self>,
        entering: &mut Entering,
        attached: Attached,
    ) -> Result<Came, StartError> {
        let (mut attached, mut held) = (Some(attached), Vec::new());
        loop {
            match self.at_the_door(entering, &mut attached) {
                Ok(Came::Joined(run))
                    if entering.run != run && !self.exists(&run).await.map_err(StartError::Store)? =>
                {
                    entering.gone = Some(run);
                }
                Ok(came) => {
                    if let (Came::Joined(run), Some(attached)) = (&came, attached) {
                        self.tell(run, Told::Attach(attached));
                    }
                    return Ok(came);
                }
                Err(Unread(fact)) => held.push(self.facts.hold(fact).await.map_err(StartError::Store)?),
            }
        }
    }

    fn at_the_door(self: &Arc<Self>, entering: &Entering, attached: &mut Option<Attached>) -> Result<Came, Unread> {
        let mut door = self.facts.door(&*self.world.clock);
        let run = entering.run.clone();
        if self.live.contains_key(&run) {
            // Somebody was quicker with the same id.
            return Ok(Came::Joined(run));
        }
        let ruling = entering.decide(&door)?;
        if let Ruling::Granted(Verdict::Held(other)) = ruling {
            return Ok(Came::Joined(other));
        }
        let mut accepted = self.accept(entering, ruling, door.now);
        if let Some(attached) = attached.take() {
            accepted.drive.attach(attached);
        }
        accepted.enlist();
        let batch = accepted.first_batch();
        self.tally.count(&batch);
        let mark = door.append(vec![batch]).first().copied().unwrap_or_default();
        drop(door);
        let skipped = accepted.skipped;
        accepted.go(mark);
        Ok(if skipped { Came::Skipped(run, mark) } else { Came::In(run, mark) })
    }

    /// Takes a run in whose claim was decided on; one whose key another run has is skipped. Its places are asked for.
    pub(super) fn accept(self: &Arc<Self>, entering: &Entering, ruling: Ruling, now: Timestamp) -> Accepted {
        let Entering { plan, run, input, options, wish, state_key, .. } = entering;
        let settings = &*self.world.settings;
        if let (Ruling::Refused(_), Some(first), None) = (&ruling, &options.line.first, &entering.refused) {
            self.lines.spend(first);
        }
        let (admission, mut facts, turned_away) = match ruling {
            Ruling::Granted(Verdict::Admitted { admission, facts }) => (admission, facts, None),
            Ruling::Granted(Verdict::Held(run)) => (Admission::default(), Vec::new(), Some(Reason::Held { run })),
            Ruling::Refused(failure) => (Admission::default(), Vec::new(), Some(Reason::Chain { failure })),
        };
        facts.extend_from_slice(&options.facts);
        let (collects, told) = match wish {
            Wish::Start(_) => (None, None),
            Wish::Collect { from, first } => (Some(from.clone()), Some(Command::Collect(first.clone()))),
        };
        let way_in = intake::WayIn { admission, collects };
        let (mut run, record) = intake::accept(plan, run.clone(), input.clone(), options.clone(), way_in, now);
        let mut instead_of = Vec::new();
        let command = match (turned_away, told) {
            (Some(reason), _) => Some(Command::TurnAway(reason)),
            (None, Some(told)) => Some(told),
            (None, None) if run.entrance == Entrance::Asking && self.duty == Duty::CarryOut => match self.ask(&run) {
                Asked::Inside => None,
                Asked::Waiting(others) => {
                    instead_of = others;
                    None
                }
                Asked::Never(reason) => Some(Command::TurnAway(reason)),
            },
            (None, None) => None,
        };
        let mut records = vec![record];
        if let Some(command) = command {
            let mut actions = Vec::new();
            // A run that was accepted just now takes whatever it is told.
            let _ = machine::tell(plan, &mut run, now, settings, command, &mut actions);
            records.extend(actions.into_iter().filter_map(|action| match action {
                Action::Record(record) => Some(record),
                Action::LeaveLock { key, .. } => {
                    self.leave(&key, &(run.accepted.run.clone(), UnitId::RUN));
                    None
                }
                _ => None,
            }));
        }
        Accepted { facts, instead_of, ..self.come(plan.clone(), run, records, state_key.clone()) }
    }

    /// A run that has come in, with what is to be written of it.
    pub(super) fn come(
        self: &Arc<Self>,
        plan: Arc<Plan>,
        run: Run,
        records: Vec<Record>,
        state_key: Option<Arc<str>>,
    ) -> Accepted {
        let skipped = run.is_at_rest();
        let (tell, inbox) = inbox(&self.activity);
        let drive = Drive::new(self.clone(), plan, run, state_key, tell);
        Accepted { drive, records, facts: Vec::new(), skipped, inbox, instead_of: Vec::new() }
    }

    /// Asks for the places that a run needs.
    pub(super) fn ask(&self, run: &Run) -> Asked {
        match run.turn() {
            Some(turn) => lock(&self.gates).admit(&run.accepted.run, &turn),
            None => Asked::Inside,
        }
    }

    /// Gives a place back, or the wish for one; those who have it now are told.
    pub(super) fn leave(self: &Arc<Self>, gate: &Arc<str>, holder: &Holder) {
        let entered = lock(&self.gates).leave(gate, holder);
        for (run, unit) in entered {
            // A run that has ended meanwhile left its places when it did.
            match unit {
                UnitId::RUN => self.tell(&run, Told::Wake),
                unit => self.command(&run, Command::Enter { unit }),
            };
        }
    }

    /// Lets runs make room for one that comes later.
    pub(super) fn make_room(self: &Arc<Self>, runs: Vec<RunId>, newcomer: &RunId) {
        for run in runs {
            self.command(&run, Command::Cancel { by: format!("overflow restart: {newcomer}").into() });
        }
    }
}

impl Entering {
    /// Decides on what it came for.
    pub(super) fn decide(&self, door: &Door<'_>) -> Result<Ruling, Unread> {
        if let Some(failure) = &self.refused {
            return Ok(Ruling::Refused(failure.clone()));
        }
        Ok(Ruling::Granted(match (self.grant(door)?, &self.comes_back) {
            (Verdict::Admitted { admission, mut facts }, Some((name, most))) => {
                let count = door.fact(name)?.and_then(|fact| fact.as_int()).unwrap_or_default();
                if count.unsigned_abs() >= *most {
                    return Ok(Ruling::Refused(Arc::new(self.options.line.too_wide(&self.plan.name, *most))));
                }
                let until = Some(CHAIN_KNOWN.after(door.now));
                facts.push(Fact { name: name.clone(), value: Some(Value::Int(count + 1)), until });
                Verdict::Admitted { admission, facts }
            }
            (verdict, _) => verdict,
        }))
    }

    /// What it gets of what it came for, whatever lies before it.
    fn grant(&self, door: &Door<'_>) -> Result<Verdict, Unread> {
        let now = door.now;
        match &self.wish {
            Wish::Start(claim) => claim.decide(&self.run, self.gone.as_ref(), now, door),
            Wish::Collect { from, .. } => {
                let other = door.fact(&from.fact)?.and_then(|fact| intake::holder(&fact, now));
                Ok(match other.filter(|other| Some(other) != self.gone.as_ref()) {
                    Some(other) => Verdict::Held(other),
                    None => Verdict::Admitted {
                        admission: Admission::default(),
                        facts: vec![intake::held_by(&from.fact, &self.run, None)],
                    },
                })
            }
        }
    }
}

impl Accepted {
    /// What is written of it first.
    pub(super) fn first_batch(&mut self) -> Batch {
        let (records, facts) = (std::mem::take(&mut self.records), std::mem::take(&mut self.facts));
        records.iter().for_each(|record| self.drive.show(record));
        self.drive.batch(records, facts)
    }

    /// What follows from it for others.
    pub(super) fn facts(&self) -> &[Fact] {
        &self.facts
    }

    /// Makes the run known to those in memory.
    pub(super) fn enlist(&self) {
        self.drive.inner.live.insert(self.drive.id().clone(), self.drive.tell());
    }

    /// Lets the run begin; its first records are at `mark`.
    pub(super) fn go(self, mark: Mark) {
        let Self { mut drive, inbox, instead_of, .. } = self;
        drive.last = mark;
        drive.accepted = match &drive.inner.world.journal {
            Some(_) => mark,
            None => drive.inner.bus.order().accepted(&drive.plan.topics()),
        };
        drive.inner.make_room(instead_of, drive.id());
        tokio::spawn(drive.work(inbox));
    }
}

impl Drive {
    /// Asks for the places the run needs; with all of them, it begins.
    pub(super) async fn ask_for_places(&mut self) {
        let command = match self.inner.ask(&self.run) {
            Asked::Waiting(others) => return self.inner.make_room(others, self.id()),
            Asked::Never(reason) => Command::TurnAway(reason),
            Asked::Inside => {
                let state = match &self.state_key {
                    Some(key) => self.inner.facts.read(key).await,
                    None => Ok(None),
                };
                match state {
                    Ok(state) => Command::Begin { state },
                    Err(broken) => return self.breaks(broken),
                }
            }
        };
        self.tell_self(command);
    }

    /// Takes one more item, and what is known with it.
    pub(super) fn collect(&mut self, item: Collected, facts: Vec<Fact>) -> Result<(), Refusal> {
        let inner = self.inner.clone();
        let mut door = inner.facts.door(&*inner.world.clock);
        let mut actions = Vec::new();
        let (now, settings) = (door.now, &*inner.world.settings);
        machine::tell(&self.plan, &mut self.run, now, settings, Command::Collect(item), &mut actions)?;
        self.append(&mut door, &mut actions, facts);
        Ok(())
    }

    fn append(&mut self, door: &mut Door<'_>, actions: &mut Vec<Action>, facts: Vec<Fact>) {
        let records = take_records(actions);
        self.note(door, records, facts);
    }

    /// Appends records at the door, with what follows for others.
    pub(super) fn note(&mut self, door: &mut Door<'_>, records: Vec<Record>, facts: Vec<Fact>) {
        records.iter().for_each(|record| self.show(record));
        let batch = self.batch(records, facts);
        self.inner.tally.count(&batch);
        self.last = door.append(vec![batch]).first().copied().unwrap_or_default();
    }

    /// What the run has collected comes in as any other input does.
    pub(super) async fn admit(&mut self) {
        let claimed = self.claim();
        let (facts, mut held) = (self.inner.facts.clone(), Vec::new());
        while let Err(Unread(fact)) = self.admit_at_the_door(&claimed) {
            match facts.hold(fact).await {
                Ok(fact) => held.push(fact),
                Err(broken) => return self.breaks(broken),
            }
        }
        // It goes on from there.
        let _ = self.tell.send(Told::Wake);
    }

    /// The run is late, and others with it: it asks for another moment at which it may start, to keep their pace.
    pub(super) async fn keep_pace(&mut self) {
        let Some(pace) = self.run.accepted.admission.pace.clone() else { return };
        let (facts, mut held) = (self.inner.facts.clone(), Vec::new());
        while let Err(Unread(fact)) = self.ask_for_a_moment(&pace) {
            match facts.hold(fact).await {
                Ok(fact) => held.push(fact),
                Err(broken) => return self.breaks(broken),
            }
        }
        // It goes on from there.
        let _ = self.tell.send(Told::Wake);
    }

    fn ask_for_a_moment(&mut self, pace: &Pace) -> Result<(), Unread> {
        let inner = self.inner.clone();
        let mut door = inner.facts.door(&*inner.world.clock);
        let (now, mut facts, mut actions) = (door.now, Vec::new(), Vec::new());
        let until = pace.next(now, &door, &mut facts)?.unwrap_or(now);
        let settings = &*inner.world.settings;
        // A run that is early takes this.
        let _ = machine::tell(&self.plan, &mut self.run, now, settings, Command::Delay { until }, &mut actions);
        self.append(&mut door, &mut actions, facts);
        Ok(())
    }

    /// What the run asks for with what it has collected.
    fn claim(&mut self) -> Result<Claimed, Failure> {
        let index = self.run.accepted.collects.as_ref().map(|from| from.trigger).unwrap_or_default();
        let Some(from) = self.plan.triggers.get(index) else { return Ok(Claimed::default()) };
        let (input, trigger) = collection::gathered(from, &self.run.collection.items);
        let input = intake::fit(&self.plan, &input).map_err(|misfits| start_failure(&StartError::Input(misfits)))?;
        let names = self.inner.names(&input, &trigger);
        let claim = Claim::of(&self.plan, Some(index), &names).map_err(|error| start_failure(&error))?;
        self.state_key = intake::state_key(&self.plan, &names)?;
        Ok(Claimed { claim, input, trigger })
    }

    fn admit_at_the_door(&mut self, claimed: &Result<Claimed, Failure>) -> Result<(), Unread> {
        let inner = self.inner.clone();
        let mut door = inner.facts.door(&*inner.world.clock);
        let now = door.now;
        let (admitted, mut facts) = match claimed {
            Err(failure) => (Err(Reason::Unfit { failure: Arc::new(failure.clone()) }), Vec::new()),
            Ok(Claimed { claim, input, trigger }) => match claim.decide(self.id(), None, now, &door)? {
                Verdict::Held(run) => (Err(Reason::Held { run }), Vec::new()),
                Verdict::Admitted { admission, facts } => {
                    (Ok(Gathered { input: input.clone(), trigger: trigger.clone(), admission }), facts)
                }
            },
        };
        facts.extend(self.given_back(self.run.accepted.collects.iter().map(|from| &from.fact), &door)?);
        let mut actions = Vec::new();
        let settings = &*inner.world.settings;
        // A run whose collection is complete takes this.
        let _ = machine::tell(&self.plan, &mut self.run, now, settings, Command::Admit(admitted), &mut actions);
        self.append(&mut door, &mut actions, facts);
        Ok(())
    }
}

/// What a run asks for with what it has collected.
#[derive(Default)]
struct Claimed {
    claim: Claim,
    input: Value,
    trigger: Value,
}

pub(super) fn new_run() -> RunId {
    RunId(uuid::Uuid::now_v7().to_string().into())
}
