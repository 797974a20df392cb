//! The lives of all units of a run, also of those that have ended: read off the records that count.
//!
//! In: a plan and a journal. Out: what each unit was, how it ended, what lies in it. Never: what follows from that.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Run;
use super::unit::Task;
use crate::base::failure::Kind;
use crate::base::id::RunId;
use crate::base::value::Value;
use crate::lang::plan::{NodeId, Plan};
use crate::run::event::{Answer, Begin, Event, Outcome, Record, Role, Then, UnitId};

/// The units of a run that count, by their ids.
#[derive(Debug, Default)]
pub struct Lives<'a> {
    units: BTreeMap<UnitId, Life<'a>>,
}

/// What one unit was.
#[derive(Debug)]
pub struct Life<'a> {
    /// Its id.
    pub id: UnitId,
    /// The unit round it; none for the run.
    pub parent: Option<UnitId>,
    /// What it carried out.
    pub node: NodeId,
    /// In which capacity.
    pub role: Role,
    /// Its place, with generations.
    pub place: Arc<str>,
    /// Its place, without.
    pub bare: Arc<str>,
    /// Its last generation.
    pub generation: u32,
    /// What it did.
    pub work: Work<'a>,
    /// What it acted with, if it acted.
    pub act: Option<Deed>,
    /// How it ended, if it has.
    pub outcome: Option<Outcome>,
    /// The type of the last error that it raised itself.
    pub raised: Option<Kind>,
    /// Whether it was ended in the midst of its work, without having failed.
    pub cut_short: bool,
    /// What lay in it in its last generation, in the order in which it was opened.
    pub children: Vec<UnitId>,
    /// Its statements that never were units, in its last generation, with what came of them.
    pub statements: BTreeMap<NodeId, Statement>,
    /// If what it did was undone: how that went.
    pub undo: Option<Undoing>,
    /// Whether something in it was undone with something round it.
    pub emptied: bool,
}

/// What a unit did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work<'a> {
    /// It had not begun.
    None,
    /// It acted, waited or computed: nothing that could be taken up in its midst.
    Leaf,
    /// It carried out these statements.
    Body {
        /// Which.
        statements: &'a [NodeId],
        /// Whether all at once.
        parallel: bool,
    },
    /// It went through turns, or let branches race.
    Runners {
        /// How many branches had to succeed, if it was a race.
        wins: Option<u64>,
    },
}

/// What an act was made with.
#[derive(Clone, Debug)]
pub struct Deed {
    /// The parameters.
    pub params: Value,
    /// The key.
    pub key: Arc<str>,
    /// The run that its last attempt waited for, if it waited for one.
    pub child: Option<RunId>,
    /// What is known of it.
    pub fate: Fate,
}

/// What is known of an act.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It was not tried, or it is certain that nothing happened.
    Nothing,
    /// It may have happened.
    Doubt,
    /// It happened.
    Done,
}

/// What came of a statement.
#[derive(Clone, Debug, PartialEq)]
pub enum Statement {
    /// It was carried out.
    Done,
    /// It could not be computed.
    Broken,
    /// It started this run.
    Started(RunId),
}

/// How it went to undo what a step did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Undoing {
    /// It was undone.
    Done,
    /// It was not, or nobody knows.
    Open,
}

impl<'a> Lives<'a> {
    /// The lives in the journal with these records: those that count.
    pub fn of(plan: &'a Plan, records: &[&Record]) -> Self {
        let mut lives = Self::default();
        let Some((first, rest)) = records.split_first() else { return lives };
        let Ok(mut run) = Run::accept(first) else { return lives };
        let mut undone = Vec::new();
        for record in rest {
            run.apply(plan, record);
            lives.take(plan, &run, &record.event, &mut undone);
        }
        lives.find_undone(&undone);
        lives
    }

    /// The unit with this id.
    pub fn get(&self, id: UnitId) -> Option<&Life<'a>> {
        self.units.get(&id)
    }

    /// All units, in the order in which they were opened.
    pub fn iter(&self) -> impl Iterator<Item = &Life<'a>> {
        let mut units: Vec<_> = self.units.values().collect();
        units.sort_by_key(|life| life.id.serial);
        units.into_iter()
    }

    /// The units with these ids.
    pub fn iter_of<'b>(&'b self, units: &'b [UnitId]) -> impl Iterator<Item = &'b Life<'a>> {
        units.iter().filter_map(|unit| self.get(*unit))
    }

    /// The unit with this id and those round it, from the inside out.
    pub fn round(&self, id: UnitId) -> impl Iterator<Item = &Life<'a>> {
        let parent = |life: &&Life<'a>| life.parent.and_then(|parent| self.get(parent));
        std::iter::successors(self.get(id), move |life| parent(life))
    }

    fn take(&mut self, plan: &'a Plan, run: &Run, event: &Event, undone: &mut Vec<(UnitId, UnitId, Arc<str>)>) {
        match event {
            Event::Started { .. } => self.open(plan, run, UnitId::RUN),
            Event::Opened { unit, parent, role, given, .. } => {
                self.open(plan, run, *unit);
                if let Some(above) = self.units.get_mut(parent) {
                    above.children.push(*unit);
                }
                if *role == Role::Undo {
                    let place = given.get("place").and_then(Value::as_text).unwrap_or_default();
                    undone.push((*unit, *parent, place.into()));
                }
            }
            Event::Renewed { unit } => {
                self.open(plan, run, *unit);
            }
            Event::Rewound(rewinding) => rewinding.anew.iter().for_each(|unit| self.rename(plan, run, *unit)),
            _ => {
                if let Some(life) = event.unit().and_then(|unit| self.units.get_mut(&unit)) {
                    life.take(plan, run, event);
                }
            }
        }
    }

    fn open(&mut self, plan: &'a Plan, run: &Run, id: UnitId) {
        let Some(unit) = run.unit(id) else { return };
        let life = Life {
            id,
            parent: unit.parent,
            node: unit.node,
            role: unit.role,
            place: run.place(plan, id).into(),
            bare: run.place_with(plan, id, false).into(),
            generation: unit.generation,
            work: Work::None,
            act: None,
            outcome: None,
            raised: None,
            cut_short: false,
            children: Vec::new(),
            statements: BTreeMap::new(),
            undo: None,
            emptied: false,
        };
        let life = self.units.entry(id).insert_entry(life).into_mut();
        life.begin(plan, run);
    }

    /// It has a new generation.
    fn rename(&mut self, plan: &Plan, run: &Run, id: UnitId) {
        if let (Some(life), Some(unit)) = (self.units.get_mut(&id), run.unit(id)) {
            (life.place, life.generation) = (run.place(plan, id).into(), unit.generation);
        }
    }

    /// Notes at each step whether it was undone, and at what lies round it, up to what was given up, that it holds less now.
    fn find_undone(&mut self, undone: &[(UnitId, UnitId, Arc<str>)]) {
        let steps: BTreeMap<Arc<str>, UnitId> = self
            .units
            .values()
            .filter(|life| matches!(life.role, Role::Main))
            .map(|life| (life.place.clone(), life.id))
            .collect();
        for (undo, discarded, place) in undone {
            let Some(step) = steps.get(place).copied() else { continue };
            let good =
                matches!(self.get(*undo).and_then(|undo| undo.outcome.as_ref()), Some(Outcome::Completed { .. }));
            let emptied: Vec<UnitId> =
                self.round(step).map(|life| life.id).take_while(|unit| unit != discarded).collect();
            for unit in emptied {
                if let Some(life) = self.units.get_mut(&unit) {
                    life.emptied = true;
                }
            }
            if let Some(life) = self.units.get_mut(&step) {
                life.undo = Some(if good { Undoing::Done } else { Undoing::Open });
            }
        }
    }
}

impl<'a> Life<'a> {
    /// Whether it does what the program says, and is not done beside that: by a handler, an `undo`, the end of the run.
    pub fn is_work(&self) -> bool {
        matches!(self.role, Role::Run | Role::Main | Role::Turn(_) | Role::Branch(_))
    }

    /// Its place without its own generation.
    pub fn own_place(&self) -> &str {
        match self.generation {
            0 => &self.place,
            generation => self.place.strip_suffix(&format!("~{generation}")).unwrap_or(&self.place),
        }
    }

    /// Whether it only groups and has no place of its own.
    pub fn is_group(&self, plan: &Plan) -> bool {
        self.role == Role::Main && !plan.node(self.node).unit && plan.node(self.node).name.is_none()
    }

    /// What it is at work with now.
    fn begin(&mut self, plan: &'a Plan, run: &Run) {
        let Some(unit) = run.unit(self.id) else { return };
        self.work = match &unit.task {
            Task::None => Work::None,
            Task::Act(_) | Task::Sleep { .. } | Task::Listen(_) => Work::Leaf,
            Task::Loop(_) => Work::Runners { wins: None },
            Task::Race(race) => Work::Runners { wins: Some(race.wins) },
            Task::Body(_) | Task::Gate(_) => match unit.body(plan) {
                Some(body) => Work::Body { statements: &body.statements, parallel: unit.is_parallel(plan) },
                None => Work::Leaf,
            },
        };
    }

    fn take(&mut self, plan: &'a Plan, run: &Run, event: &Event) {
        match event {
            Event::Began { begin, .. } => {
                if let Begin::Act { params, key, .. } = begin {
                    let (params, key) = (params.clone(), key.clone());
                    self.act = Some(Deed { params, key, child: None, fate: Fate::Nothing });
                }
                self.begin(plan, run);
            }
            Event::Attempted { .. } => {
                let child = run.unit(self.id).and_then(|unit| Some(run.other_run(plan, unit)?.0));
                if let Some(act) = &mut self.act {
                    // Until it is answered, nobody knows; a doubt is cleared by a success only (semantics 35).
                    (act.fate, act.child) = (Fate::Doubt, child);
                }
            }
            Event::Answered { answer, .. } => {
                let doubt = run.unit(self.id).is_some_and(|unit| unit.doubt);
                if let Some(act) = &mut self.act {
                    act.fate = match answer {
                        Answer::Done { .. } => Fate::Done,
                        Answer::Failed { .. } if doubt => Fate::Doubt,
                        Answer::Failed { .. } => Fate::Nothing,
                    };
                }
            }
            Event::Raised { inner, failure, .. } => self.raised = (!inner).then(|| failure.kind.clone()),
            Event::Closing { then, .. } => {
                self.cut_short = matches!(then, Then::End { outcome: Outcome::Completed { .. } }) && !self.has_output();
            }
            Event::Ended { outcome, .. } => self.outcome = Some(outcome.clone()),
            Event::Launched { node, run, .. } => {
                self.statements.insert(*node, Statement::Started(run.clone()));
            }
            Event::Broke { node, .. } => drop(self.statements.insert(*node, Statement::Broken)),
            event => {
                if let Some((_, node)) = event.statement() {
                    self.statements.insert(node, Statement::Done);
                }
            }
        }
    }

    /// Whether it has what it was to bring, and only waits for what was done beside.
    fn has_output(&self) -> bool {
        match self.work {
            Work::Leaf => self.act.as_ref().is_none_or(|act| act.fate == Fate::Done),
            Work::None => true,
            Work::Body { .. } | Work::Runners { .. } => false,
        }
    }
}
