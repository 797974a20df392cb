//! Runs that were rewound, and forks: the lines of what is done again go, and what stands open again goes on in its own.

use super::Tree;
use super::item::{Item, ItemId, Part, State};
use super::note::{Notes, Tone};
use crate::lang::plan::NodeId;
use crate::run::event::{Rewinding, UnitId};

/// What there was of a unit that has ended.
#[derive(Clone, Debug)]
pub(super) enum Was {
    /// A line, which may have gone with what was round it.
    Line(ItemId),
    /// A turn of a loop that was only counted.
    Turn {
        /// The line of the loop.
        of: ItemId,
        /// Which turn.
        index: u32,
        /// How it ended.
        state: State,
    },
}

impl Tree {
    pub(super) fn rewound(&mut self, rewinding: &Rewinding, notes: &mut Notes) {
        for unit in &rewinding.redone {
            let was = self.take(*unit);
            self.take_back(was);
        }
        for (unit, node) in &rewinding.statements {
            self.take_statement_back(*unit, *node);
        }
        let mut last = self.root;
        for unit in &rewinding.open {
            // What lay in a turn that has no line stands under that.
            let line = self.reopen(*unit, notes).or(last);
            if let Some(line) = line {
                self.units.insert(*unit, line);
            }
            last = line;
        }
        let Some(root) = self.root else { return };
        let said = match &rewinding.of {
            Some(of) => format!("forked from {of} by {}", rewinding.by),
            None => format!("rewound by {}", rewinding.by),
        };
        let mut line = Item::new(said.clone(), self.plan.name.to_string(), Part::Step, notes.at);
        (line.state, line.ended) = (State::Completed, Some(notes.at));
        self.add(notes.at, Some(root), line);
        notes.say(self.plan.name.to_string(), Tone::Doubtful, said);
    }

    /// What there is, or was, of a unit.
    fn take(&mut self, unit: UnitId) -> Option<Was> {
        self.units.remove(&unit).map(Was::Line).or_else(|| self.was.as_mut()?.remove(&unit))
    }

    /// What was done in a unit counts no more.
    fn take_back(&mut self, was: Option<Was>) {
        match was {
            Some(Was::Line(line)) => {
                let Some(item) = self.items.get(&line) else { return };
                let (above, turn) = (item.parent, (item.part == Part::Turn).then(|| item.state.clone()));
                if let Some(above) = above {
                    turn.iter().for_each(|state| self.uncount(above, state));
                    if let Some(above) = self.items.get_mut(&above) {
                        above.children.remove(&line);
                    }
                }
                self.remove(line);
            }
            Some(Was::Turn { of, state, .. }) => self.uncount(of, &state),
            None => {}
        }
    }

    /// A script that was no unit is done again.
    fn take_statement_back(&mut self, unit: UnitId, node: NodeId) {
        let line = match self.was.as_ref().and_then(|was| was.get(&unit)) {
            Some(Was::Line(line)) => Some(*line),
            Some(Was::Turn { .. }) => None,
            None => self.units.get(&unit).copied(),
        };
        let children =
            line.and_then(|line| self.items.get(&line)).map(|item| item.children.clone()).unwrap_or_default();
        let is_it = |child: &ItemId| self.items.get(child).is_some_and(|item| item.node == Some(node));
        let found: Vec<ItemId> = children.into_iter().filter(is_it).collect();
        found.into_iter().for_each(|line| self.take_back(Some(Was::Line(line))));
    }

    /// A unit stands open again; its line, if it has one. What handlers and the end of the run have done there is over.
    fn reopen(&mut self, unit: UnitId, notes: &Notes) -> Option<ItemId> {
        let line = match self.take(unit)? {
            Was::Line(line) => line,
            Was::Turn { of, index, state } => {
                self.uncount(of, &state);
                let path = format!("{}[{index}]", self.items.get(&of)?.path);
                return Some(self.add(notes.at, Some(of), Item::new(format!("[{index}]"), path, Part::Turn, notes.at)));
            }
        };
        let item = self.items.get_mut(&line)?;
        let (above, state) = (item.parent, std::mem::replace(&mut item.state, State::Running));
        (item.ended, item.trouble) = (None, None);
        let (is_turn, children) = (item.part == Part::Turn, item.children.clone());
        if let Some(above) = above.filter(|_| is_turn) {
            self.uncount(above, &state);
        }
        let aside = |child: &ItemId| self.items.get(child).is_some_and(|item| item.part == Part::Aside);
        let aside: Vec<ItemId> = children.into_iter().filter(aside).collect();
        aside.into_iter().for_each(|child| self.take_back(Some(Was::Line(child))));
        Some(line)
    }

    /// A turn has not ended after all.
    fn uncount(&mut self, of: ItemId, state: &State) {
        let Some(Part::Loop(turns)) = self.items.get_mut(&of).map(|item| &mut item.part) else { return };
        let ended = state.is_over() && *state != State::Cancelled;
        turns.ended = turns.ended.saturating_sub(u64::from(ended));
        turns.failed = turns.failed.saturating_sub(u64::from(*state == State::Failed));
    }
}
