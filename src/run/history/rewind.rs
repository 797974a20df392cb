//! Folding a journal: the records that count, in order. When a run is rewound, part of what it has recorded counts no more;
//! what is left is folded anew, as if the rest had never been.
//!
//! In: a plan and records. Out: a run. Never: a decision; what is left out is written in the record (held by
//! `tests/architecture.rs`).

use std::collections::{BTreeMap, BTreeSet};

use super::Run;
use super::unit::Task;
use crate::lang::catalog::Effect;
use crate::lang::plan::Plan;
use crate::run::event::{Event, Record, Rewinding, Role, UnitId};

/// The run that these records make.
///
/// # Errors
/// If the journal does not begin with an acceptance.
pub fn fold(plan: &Plan, records: &[Record]) -> Result<Run, &'static str> {
    let (first, rest) = records.split_first().ok_or(NO_BEGINNING)?;
    let mut fold = Fold::begin(plan, first)?;
    for record in rest {
        fold.take(record);
    }
    Ok(fold.run)
}

const NO_BEGINNING: &str = "the journal of a run begins with its acceptance";

/// A journal that is folded record by record.
pub struct Fold<'a> {
    plan: &'a Plan,
    counted: Vec<&'a Record>,
    run: Run,
}

impl<'a> Fold<'a> {
    /// Begins with the first record of a journal.
    ///
    /// # Errors
    /// If it is not an acceptance.
    pub fn begin(plan: &'a Plan, first: &'a Record) -> Result<Self, &'static str> {
        Ok(Self { plan, counted: vec![first], run: Run::accept(first)? })
    }

    /// Takes the next record in.
    pub fn take(&mut self, record: &'a Record) {
        if let Event::Rewound(rewinding) = &record.event {
            self.counted = counting(&self.counted, rewinding);
            let mut run = self.again();
            run.carry_over(self.plan, std::mem::replace(&mut self.run, run.clone()));
            self.run = run;
        }
        self.counted.push(record);
        self.run.apply(self.plan, record);
    }

    /// The run as it stands after what was taken in.
    pub fn run(&self) -> &Run {
        &self.run
    }

    /// The records that count.
    pub fn counted(&self) -> &[&'a Record] {
        &self.counted
    }

    /// The records that would still count if the run were rewound so.
    pub fn counting(&self, rewinding: &Rewinding) -> Vec<&'a Record> {
        counting(&self.counted, rewinding)
    }

    /// Folds what counts anew.
    fn again(&self) -> Run {
        let mut run = match self.counted.first().map(|first| Run::accept(first)) {
            Some(Ok(run)) => run,
            _ => unreachable!("the acceptance of a run counts for ever"),
        };
        for record in self.counted.iter().skip(1) {
            run.apply(self.plan, record);
        }
        run
    }
}

/// The records that still count when a run is rewound.
fn counting<'a>(records: &[&'a Record], rewinding: &Rewinding) -> Vec<&'a Record> {
    let mut sieve = Sieve::new(records, rewinding);
    records
        .iter()
        .enumerate()
        .filter(|(at, record)| sieve.counts(*at, &record.event))
        .map(|(_, record)| *record)
        .collect()
}

/// Tells what counts no more.
struct Sieve {
    /// Units that are left out with all that is in them.
    gone: BTreeSet<UnitId>,
    /// Units that stand open again, with the number of the record with which their last generation begins.
    open: BTreeMap<UnitId, usize>,
    statements: BTreeSet<(UnitId, u32)>,
}

impl Sieve {
    fn new(records: &[&Record], rewinding: &Rewinding) -> Self {
        let mut open: BTreeMap<UnitId, usize> = rewinding.open.iter().map(|unit| (*unit, 0)).collect();
        for (at, record) in records.iter().enumerate() {
            if let Event::Renewed { unit } = &record.event
                && let Some(since) = open.get_mut(unit)
            {
                *since = at;
            }
        }
        let statements = rewinding.statements.iter().map(|(unit, node)| (*unit, node.0)).collect();
        Self { gone: rewinding.redone.iter().copied().collect(), open, statements }
    }

    fn counts(&mut self, at: usize, event: &Event) -> bool {
        match event {
            Event::Opened { unit, parent, role, .. } => {
                let counts = self.opening_counts(at, *unit, *parent, *role);
                if !counts {
                    self.gone.insert(*unit);
                }
                counts
            }
            Event::Accepted(_) | Event::Rewound(_) | Event::Signalled { .. } | Event::Arrived { .. } => true,
            // A run that failed before anything was open begins from the start.
            Event::Started { .. } | Event::Set { .. } => !self.open.is_empty(),
            Event::UnwindAsked
            | Event::CancelAsked { .. }
            | Event::PauseAsked { .. }
            | Event::Resumed { .. }
            | Event::Killed { .. }
            | Event::Problem(_)
            | Event::Decided { .. }
            | Event::Rested
            | Event::Dismissed { .. }
            | Event::Delayed { .. }
            | Event::RewindAsked(_) => false,
            event => event.unit().is_none_or(|unit| self.of_unit_counts(at, unit, event)),
        }
    }

    /// What was done beside the work of a unit that stands open again, and what its generations before have done, is over.
    fn opening_counts(&self, at: usize, unit: UnitId, parent: UnitId, role: Role) -> bool {
        if self.gone.contains(&unit) || self.gone.contains(&parent) {
            return false;
        }
        let work = matches!(role, Role::Main | Role::Turn(_) | Role::Branch(_));
        self.open.get(&parent).is_none_or(|since| work && at >= *since)
    }

    fn of_unit_counts(&self, at: usize, unit: UnitId, event: &Event) -> bool {
        if self.gone.contains(&unit) {
            return false;
        }
        let Some(since) = self.open.get(&unit) else { return true };
        if let Some((unit, node)) = event.statement() {
            return at >= *since && !self.statements.contains(&(unit, node.0));
        }
        match event {
            Event::Renewed { .. } => true,
            Event::Began { .. } => at >= *since,
            // How it ended, and all that led there.
            _ => false,
        }
    }
}

impl Run {
    /// Takes over from the run as it was what no rewind takes back: what others did and were told, and what was used up.
    fn carry_over(&mut self, plan: &Plan, old: Self) {
        self.doubts.extend(old.doubts_when_cut_off(plan));
        self.doubts.extend(old.doubts);
        self.events = old.events;
        self.opened = old.opened;
        self.decided = old.decided;
        self.state = old.state;
        self.ages = old.ages;
        self.replied_before = self.reply.is_none() && old.reply.is_some();
        self.reply = old.reply;
        self.problems = old.problems;
        self.problems_before = old.problems_before;
        self.arrivals = old.arrivals;
        self.happened = old.happened;
        self.signals = old.signals;
        self.taken = old.taken;
    }

    /// The keys of `keyed` steps that were under way when the run was killed.
    fn doubts_when_cut_off(&self, plan: &Plan) -> Vec<(String, (crate::base::value::Value, std::sync::Arc<str>))> {
        let keyed = |unit: &&super::unit::Unit| {
            unit.node(plan).is_some_and(|node| matches!(plan.effect(node), Some(Effect::Keyed { .. })))
        };
        let cut_off = self.units().filter(keyed).filter_map(|unit| match &unit.task {
            Task::Act(act) if act.in_flight || unit.doubt => {
                Some((self.place_with(plan, unit.id, false), (act.params.clone(), act.key.clone())))
            }
            _ => None,
        });
        cut_off.collect()
    }
}
