//! Steps and blocks: how their lines come, change and end.

use super::item::{Item, Part, State};
use super::note::{Notes, Tone};
use super::turns::{TURNS_TOLD_MAX, loop_of};
use super::{Tree, Was, waits};
use crate::base::time::{Duration, Timestamp};
use crate::cli::elapsed::elapsed;
use crate::lang::plan::node::Runners;
use crate::lang::plan::{Kind, Node, NodeId};
use crate::run::event::{Begin, Choice, Outcome, Role, Then, UnitId};

/// How long a wait must be to be told even where there are very many of them.
pub(super) const PAUSE_TOLD_MIN: Duration = Duration::seconds(5);

impl Tree {
    pub(super) fn opened(&mut self, at: Timestamp, unit: UnitId, parent: UnitId, node_id: NodeId, role: Role) {
        let Some(above) = self.units.get(&parent).copied() else { return };
        let Some(parent_item) = self.items.get(&above) else { return };
        let under = if parent_item.part == Part::Run { "" } else { parent_item.path.as_str() };
        let quiet = parent_item.quiet;
        let dotted = |name: &str| if under.is_empty() { name.to_owned() } else { format!("{under}.{name}") };
        let beside = |name: &str| format!("{under}/{name}");
        let node = self.plan.nodes.get(node_id.0 as usize);
        let label = node.map_or_else(String::new, |node| node.label.to_string());
        let mut item = match role {
            Role::Run => return,
            Role::Main if node.is_some_and(|node| node.unit || node.name.is_some()) => {
                let part = node.and_then(loop_of).map_or(Part::Step, Part::Loop);
                Item::new(label.clone(), dotted(&label), part, at)
            }
            Role::Main => Item::new(String::new(), under.to_owned(), Part::Step, at),
            Role::Turn(index) => Item::new(format!("[{index}]"), format!("{under}[{index}]"), Part::Turn, at),
            Role::Branch(index) => {
                let name = node.and_then(|node| branch_name(node, index));
                match name {
                    Some(name) => Item::new(name.clone(), dotted(&name), Part::Step, at),
                    None => Item::new(format!("[{index}]"), format!("{under}[{index}]"), Part::Turn, at),
                }
            }
            Role::Alternate(_) => Item::new("alternate".to_owned(), beside("alternate"), Part::Aside, at),
            Role::Notify(_) => Item::new(format!("notify {label}"), beside("notify"), Part::Aside, at),
            Role::Undo => Item::new(format!("undo {label}"), beside("undo"), Part::Aside, at),
            Role::Meanwhile(_) => Item::new("meanwhile".to_owned(), beside("meanwhile"), Part::Aside, at),
            Role::Lifecycle(moment, _) => {
                Item::new(moment.word().to_owned(), moment.word().to_owned(), Part::Aside, at)
            }
        };
        item.node = (role == Role::Main).then_some(node_id);
        item.quiet = quiet
            || matches!(role, Role::Turn(index) | Role::Branch(index) if index >= TURNS_TOLD_MAX)
            || (role == Role::Main && self.turns_the_page(above));
        let id = self.add(at, Some(above), item);
        self.units.insert(unit, id);
    }

    pub(super) fn began(&mut self, unit: UnitId, begin: &Begin, notes: &mut Notes) {
        let Some(id) = self.units.get(&unit).copied() else { return };
        let Some(item) = self.items.get_mut(&id) else { return };
        let node = item.node.and_then(|node| self.plan.nodes.get(node.0 as usize));
        let waits = match begin {
            Begin::Sleep { until } => waits::sleeps(notes.at, *until),
            Begin::Listen { .. } => node.map_or_else(String::new, waits::listens_for),
            Begin::Act { params, .. } if params.get("whom").is_some() && is_ask(node) => {
                waits::asks(params, &self.mask)
            }
            Begin::Gate { key, .. } => format!("waits for the lock {key:?}"),
            Begin::Loop { items, .. } => {
                if let Part::Loop(turns) = &mut item.part {
                    turns.total = items.as_list().map(|items| items.len() as u64);
                    let of = turns.total.map_or_else(String::new, |total| format!(", {total} turns"));
                    notes.unless_quiet(Some(item), Tone::Faint, format!("started{of}"));
                }
                return;
            }
            Begin::Act { .. } | Begin::Body { .. } | Begin::Race { .. } => return,
        };
        // Who waits for a person or for long says so even in the thousandth turn.
        let is_short = matches!(begin, Begin::Sleep { until } if Duration::between(notes.at, *until) < PAUSE_TOLD_MIN);
        if is_short {
            notes.unless_quiet(Some(item), Tone::Busy, waits.clone());
        } else {
            notes.say(item.path.clone(), Tone::Busy, waits.clone());
        }
        item.state = State::Waiting(waits);
    }

    pub(super) fn attempted(&mut self, unit: UnitId, attempt: u32, notes: &mut Notes) {
        let Some(item) = self.item_mut(unit) else { return };
        item.attempts = attempt;
        if matches!(item.state, State::Waiting(_)) {
            return;
        }
        item.state = State::Running;
        let text = if attempt > 1 { format!("attempt {attempt}") } else { "started".to_owned() };
        notes.unless_quiet(Some(item), Tone::Faint, text);
    }

    pub(super) fn chose(&mut self, unit: UnitId, choice: &Choice, notes: &mut Notes) {
        let at = notes.at;
        let Some(item) = self.item_mut(unit) else { return };
        let trouble = item.trouble.clone().unwrap_or_default();
        match choice {
            Choice::Retry { at: again } => {
                let attempt = item.attempts.max(1) + 1;
                item.state = State::Retrying { at: *again, attempt };
                let pause = elapsed(Duration::between(at, *again));
                notes.say(item.path.clone(), Tone::Doubtful, format!("retry {} in {pause} ({trouble})", attempt - 1));
            }
            Choice::Park => {
                item.state = State::Parked;
                let (path, name) = (item.path.clone(), item.name.clone());
                notes.say(path, Tone::Doubtful, format!("parked: a person must decide ({trouble})"));
                self.parked.push((unit, name, trouble));
            }
            Choice::Alternate => notes.say(item.path.clone(), Tone::Doubtful, format!("alternate ({trouble})")),
            // What the others do shows where it happens.
            Choice::Pass
            | Choice::Notify
            | Choice::Skip { .. }
            | Choice::SkipItem
            | Choice::Fail { .. }
            | Choice::Unsettled => {}
        }
    }

    pub(super) fn closing(&mut self, unit: UnitId, then: &Then) {
        let Some(item) = self.item_mut(unit) else { return };
        if !matches!(then, Then::End { outcome: Outcome::Completed { .. } }) {
            item.state = State::Closing;
        }
    }

    pub(super) fn ended(&mut self, unit: UnitId, outcome: &Outcome, notes: &mut Notes) {
        let Some(id) = self.units.remove(&unit) else { return };
        let trouble = match outcome {
            Outcome::Skipped { failure: Some(failure), .. } | Outcome::Failed { failure } => self.trouble(failure),
            _ => String::new(),
        };
        let Some(item) = self.items.get_mut(&id) else { return };
        item.ended = Some(notes.at);
        let took = elapsed(Duration::between(item.started, notes.at));
        let shown = !item.name.is_empty();
        let (state, tone, text) = match outcome {
            Outcome::Completed { .. } => (State::Completed, Tone::Good, format!("ok {took}")),
            Outcome::Skipped { failure: None, .. } => (State::Skipped, Tone::Faint, "skipped".to_owned()),
            Outcome::Skipped { failure: Some(_), .. } => {
                (State::Skipped, Tone::Doubtful, format!("skipped ({trouble})"))
            }
            Outcome::Failed { .. } => {
                item.trouble = Some(trouble.clone());
                (State::Failed, Tone::Bad, format!("failed ({trouble})"))
            }
            Outcome::Cancelled => (State::Cancelled, Tone::Faint, "cancelled".to_owned()),
        };
        item.state = state.clone();
        let (is_turn, above) = (item.part == Part::Turn, item.parent);
        let index = item.turn();
        if shown && !(is_turn && state != State::Failed) {
            if state == State::Failed {
                notes.say(item.path.clone(), tone, text);
            } else {
                notes.unless_quiet(Some(item), tone, text);
            }
        }
        if is_turn {
            self.turn_ended(id, &state, notes);
        }
        let was = match above.filter(|_| !self.items.contains_key(&id)) {
            Some(of) => Was::Turn { of, index, state },
            None => Was::Line(id),
        };
        if let Some(known) = &mut self.was {
            known.insert(unit, was);
        }
    }

    /// A script without clauses is no unit: it has a line all the same.
    pub(super) fn computed(&mut self, at: Timestamp, unit: UnitId, id: NodeId, notes: &mut Notes) {
        let Some(node) = self.plan.nodes.get(id.0 as usize) else { return };
        let (Kind::Script(_), Some(name)) = (&node.kind, node.name.clone()) else { return };
        let Some(above) = self.units.get(&unit).copied() else { return };
        let Some(parent) = self.items.get(&above) else { return };
        let under = if parent.part == Part::Run { String::new() } else { format!("{}.", parent.path) };
        let mut item = Item::new(name.to_string(), format!("{under}{name}"), Part::Step, at);
        item.quiet = parent.quiet;
        item.node = Some(id);
        item.state = State::Completed;
        item.ended = Some(at);
        notes.unless_quiet(Some(&item), Tone::Good, "ok".to_owned());
        self.add(at, Some(above), item);
    }
}

fn is_ask(node: Option<&Node>) -> bool {
    node.is_some_and(|node| matches!(node.kind, Kind::Ask(_)))
}

/// The name of a written branch of a race.
fn branch_name(node: &Node, index: u32) -> Option<String> {
    match &node.kind {
        Kind::Race(race) => match &race.runners {
            Runners::Branches(branches) => branches.get(index as usize).map(|branch| branch.name.to_string()),
            Runners::Items { .. } => None,
        },
        _ => None,
    }
}
