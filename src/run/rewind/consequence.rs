//! What follows from what is done again: new generations, what is undone first, what would happen again, who has read what
//! changes.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::scope::Scope;
use super::target::place_in;
use super::{Again, Preview, Redo, Why};
use crate::base::value::Value;
use crate::lang::catalog::Effect;
use crate::lang::plan::{Kind, NodeId, Plan, input_read};
use crate::run::event::{Outcome, Rewinding, Role, UnitId};
use crate::run::history::Run;
use crate::run::history::lives::{Deed, Fate, Life, Lives, Statement, Undoing};

/// The record of a rewind, without who asked for it.
pub(super) fn of(plan: &Plan, run: &Run, lives: &Lives<'_>, scope: &Scope) -> Rewinding {
    let lost = lost(lives, scope);
    let places: BTreeSet<&str> = lost.iter().map(|life| &*life.place).collect();
    let undo = run.undoable().into_iter().filter(|entry| places.contains(&*entry.place));
    let asked: BTreeSet<UnitId> =
        scope.redone.iter().filter(|(_, why)| *why == Why::Asked).map(|(unit, _)| *unit).collect();
    let continued = lost.iter().filter(|life| !asked.contains(&life.id)).filter_map(|life| {
        let act = life.act.as_ref().filter(|act| act.fate != Fate::Done)?;
        Some((life.bare.clone(), act.params.clone(), act.child.clone()?))
    });
    Rewinding {
        open: scope.open.clone(),
        anew: scope.anew.iter().map(|(unit, _)| *unit).collect(),
        redone: left_out(scope).collect(),
        statements: scope.statements.iter().map(|(unit, node, _)| (*unit, *node)).collect(),
        generations: generations(plan, run, lives, scope),
        children: continued.collect(),
        undo: undo.map(|entry| entry.place.clone()).collect(),
        ..Rewinding::default()
    }
}

/// What a rewind means, for people.
pub(super) fn told(
    plan: &Plan,
    run: &Run,
    lives: &Lives<'_>,
    scope: &Scope,
    rewinding: &Rewinding,
    input: Option<&Value>,
) -> Preview {
    let teller = Teller { plan, lives, scope, rewinding };
    Preview {
        redo: teller.redo(),
        again: teller.again(),
        undo: rewinding.undo.clone(),
        continues: rewinding.children.iter().map(|(_, _, run)| run.clone()).collect(),
        kept: teller.kept(),
        reads_edited_input: input.map(|input| teller.readers(&run.accepted.input, input)).unwrap_or_default(),
        plan: None,
    }
}

/// Units of which the journal counts no more, and that belong to what the program does or a handler did in its stead.
fn lost<'b, 'a>(lives: &'b Lives<'a>, scope: &'b Scope) -> Vec<&'b Life<'a>> {
    let redone = left_out(scope).filter_map(|unit| lives.get(unit));
    let mut lost = Vec::new();
    for root in redone.chain(beside(lives, scope)) {
        within(lives, root, &mut lost);
    }
    lost
}

/// Units that are left out with all that is in them.
fn left_out(scope: &Scope) -> impl Iterator<Item = UnitId> {
    scope.redone.iter().map(|(unit, _)| *unit).chain(scope.gone.iter().copied())
}

/// What was done beside the work of units that stand open again.
fn beside<'b, 'a>(lives: &'b Lives<'a>, scope: &'b Scope) -> impl Iterator<Item = &'b Life<'a>> {
    let open = scope.open.iter().filter_map(|unit| lives.get(*unit));
    open.flat_map(|life| lives.iter_of(&life.children)).filter(|child| !child.is_work())
}

/// A unit and all in it, but what was undone or only told.
fn within<'b, 'a>(lives: &'b Lives<'a>, root: &'b Life<'a>, found: &mut Vec<&'b Life<'a>>) {
    let mut next = vec![root];
    while let Some(life) = next.pop() {
        if life.is_work() || matches!(life.role, Role::Alternate(_)) {
            found.push(life);
            next.extend(lives.iter_of(&life.children));
        }
    }
}

/// The generations that what is done again will have: one more than now, at the level at which it is decided anew.
fn generations(plan: &Plan, run: &Run, lives: &Lives<'_>, scope: &Scope) -> Vec<(Arc<str>, u32)> {
    let anew: BTreeSet<UnitId> = scope.anew.iter().map(|(unit, _)| *unit).collect();
    let named = |parent: Option<UnitId>| parent.is_none_or(|parent| !anew.contains(&parent));
    let redone = scope.redone.iter().filter_map(|(unit, _)| lives.get(*unit));
    let mut next: Vec<&Life<'_>> = redone.chain(beside(lives, scope)).filter(|life| named(life.parent)).collect();
    let mut started: Vec<(UnitId, NodeId)> =
        scope.statements.iter().filter(|(unit, ..)| named(Some(*unit))).map(|(unit, node, _)| (*unit, *node)).collect();
    let mut generations = Vec::new();
    while let Some(life) = next.pop() {
        match life.role {
            // They are done for what has new places itself.
            Role::Undo | Role::Meanwhile(_) => {}
            _ if life.role == Role::Run || life.is_group(plan) => {
                next.extend(lives.iter_of(&life.children));
                started.extend(life.statements.keys().map(|node| (life.id, *node)));
            }
            _ => generations.push((Arc::from(life.own_place()), life.generation + 1)),
        }
    }
    for (unit, node) in started {
        let Some(life) = lives.get(unit) else { continue };
        if let Some(Statement::Started(_)) = life.statements.get(&node) {
            let place = place_in(plan, life, node);
            generations.push((place.as_str().into(), run.generation_of(&place) + 1));
        }
    }
    generations.sort();
    generations
}

struct Teller<'a> {
    plan: &'a Plan,
    lives: &'a Lives<'a>,
    scope: &'a Scope,
    rewinding: &'a Rewinding,
}

impl<'a> Teller<'a> {
    fn redo(&self) -> Vec<Redo> {
        let (anew, redone) = (&self.scope.anew, &self.scope.redone);
        let inside = |parent: Option<UnitId>| anew.iter().any(|(unit, _)| Some(*unit) == parent);
        let units = redone.iter().filter(|(unit, _)| !self.lives.get(*unit).is_some_and(|life| inside(life.parent)));
        let mut redo: Vec<(u32, Redo)> = Vec::new();
        for (unit, why) in anew.iter().chain(units) {
            let places = self.steps(*unit).into_iter().map(|life| (life.id.serial, life.place.clone()));
            redo.extend(places.map(|(order, place)| (order, Redo { place, why: *why })));
        }
        let statements =
            self.scope.statements.iter().filter(|(unit, node, _)| !inside(Some(*unit)) && self.is_told(*node));
        redo.extend(statements.filter_map(|(unit, node, why)| {
            let place = place_in(self.plan, self.lives.get(*unit)?, *node).into();
            Some((self.plan.past.place_of(*node).0, Redo { place, why: *why }))
        }));
        self.go_on_inside(&mut redo);
        redo.sort_by_key(|(order, _)| *order);
        redo.into_iter().map(|(_, redo)| redo).collect()
    }

    /// Adds the steps that stand open again where nothing in them is told: they go on with what has no name.
    fn go_on_inside(&self, redo: &mut Vec<(u32, Redo)>) {
        let open = self.scope.open.iter().rev().filter_map(|unit| self.lives.get(*unit));
        for life in open.filter(|life| life.role != Role::Run && !life.is_group(self.plan)) {
            let inside =
                |place: &str| place.strip_prefix(&*life.place).is_some_and(|rest| rest.starts_with(['.', '[']));
            if redo.iter().any(|(_, told)| told.place == life.place || inside(&told.place)) {
                continue;
            }
            let why = if matches!(life.outcome, Some(Outcome::Failed { .. })) { Why::Failed } else { Why::CutOff };
            redo.push((life.id.serial, Redo { place: life.place.clone(), why }));
        }
    }

    /// A unit, or what is in it where it only groups.
    fn steps(&self, unit: UnitId) -> Vec<&'a Life<'a>> {
        let (mut steps, mut next) = (Vec::new(), vec![unit]);
        while let Some(life) = next.pop().and_then(|unit| self.lives.get(unit)) {
            match life.role == Role::Run || life.is_group(self.plan) {
                true => {
                    next.extend(self.lives.iter_of(&life.children).filter(|child| child.is_work()).map(|life| life.id))
                }
                false => steps.push(life),
            }
        }
        steps
    }

    /// Whether people know of a statement.
    fn is_told(&self, node: NodeId) -> bool {
        self.plan.node(node).name.is_some()
    }

    fn kept(&self) -> Vec<Arc<str>> {
        let units = self.scope.kept.iter().flat_map(|unit| self.steps(*unit)).map(|life| life.place.clone());
        let statements = self.scope.kept_statements.iter().filter(|(_, node)| self.is_told(*node));
        let statements =
            statements.filter_map(|(unit, node)| Some(place_in(self.plan, self.lives.get(*unit)?, *node).into()));
        units.chain(statements).collect()
    }

    fn again(&self) -> Vec<Again> {
        let lost = lost(self.lives, self.scope);
        let mut again: Vec<Again> = lost.iter().filter_map(|life| self.happens_again(life)).collect();
        let started = lost.iter().flat_map(|life| life.statements.keys().map(|node| (life.id, *node)));
        let started = started.chain(self.scope.statements.iter().map(|(unit, node, _)| (*unit, *node)));
        again.extend(started.filter_map(|(unit, node)| self.starts_again(unit, node)));
        again.sort_by(|a, b| a.place.cmp(&b.place));
        again.dedup();
        again
    }

    fn happens_again(&self, life: &Life<'_>) -> Option<Again> {
        let deed = life.act.as_ref().filter(|_| life.role == Role::Main)?;
        let node = self.plan.node(life.node);
        let undone = life.undo == Some(Undoing::Done) || self.rewinding.undo.contains(&life.place);
        // A run that undid itself has undone only what can be undone.
        let by_itself = matches!(node.kind, Kind::Child { .. }) && node.clauses.undo.is_none();
        let taken_back = undone && !by_itself;
        let what: Arc<str> = match &node.kind {
            Kind::Call { operation, .. } => match self.plan.effect(node)? {
                Effect::Read => return None,
                // The far side knows the key again, if it is asked for the same; a fork has keys of its own.
                Effect::Keyed { .. }
                    if deed.fate == Fate::Doubt && !self.is_edited(life) && self.rewinding.of.is_none() =>
                {
                    return None;
                }
                Effect::Keyed { .. } | Effect::Once => operation.clone(),
            },
            Kind::Child { workflow, .. } => match self.goes_on(deed) {
                true => return None,
                false => format!("a run of `{workflow}`").into(),
            },
            _ => return None,
        };
        // A run that failed has done something before it did.
        let happened = deed.fate != Fate::Nothing || deed.child.is_some();
        let in_doubt = deed.fate != Fate::Done;
        (happened && !taken_back).then(|| Again { place: life.place.clone(), what, in_doubt })
    }

    fn goes_on(&self, deed: &Deed) -> bool {
        deed.child.as_ref().is_none_or(|run| self.rewinding.children.iter().any(|(_, _, other)| other == run))
    }

    fn is_edited(&self, life: &Life<'_>) -> bool {
        let place = format!("{}~{}", life.own_place(), life.generation + 1);
        self.rewinding.params.iter().any(|(other, _)| **other == *place)
    }

    fn starts_again(&self, unit: UnitId, node: NodeId) -> Option<Again> {
        let life = self.lives.get(unit)?;
        let (Some(Statement::Started(_)), Kind::Start { workflow, .. }) =
            (life.statements.get(&node), &self.plan.node(node).kind)
        else {
            return None;
        };
        let what = format!("a run of `{workflow}`").into();
        Some(Again { place: place_in(self.plan, life, node).into(), what, in_doubt: false })
    }

    /// Steps that keep what they put out and have read a field of the input that is another from now on.
    fn readers(&self, old: &Value, new: &Value) -> Vec<Arc<str>> {
        let differs = |field: Option<&str>| match field {
            Some(field) => old.get(field) != new.get(field),
            None => old != new,
        };
        let reads =
            |node: NodeId| input_read(self.plan, self.plan.node(node)).iter().any(|field| differs(field.as_deref()));
        let mut kept = Vec::new();
        for life in self.scope.kept.iter().filter_map(|unit| self.lives.get(*unit)) {
            within(self.lives, life, &mut kept);
        }
        let units =
            kept.iter().filter(|life| life.role == Role::Main && reads(life.node)).map(|life| life.place.clone());
        let inside = kept.iter().flat_map(|life| life.statements.keys().map(|node| (life.id, *node)));
        let statements = inside.chain(self.scope.kept_statements.iter().copied()).filter(|(_, node)| reads(*node));
        let statements =
            statements.filter_map(|(unit, node)| Some(place_in(self.plan, self.lives.get(unit)?, node).into()));
        units.chain(statements).collect()
    }
}
