//! `race`: the first to succeed wins, the others are cancelled and undone.

use super::Machine;
use super::turns::items_of;
use crate::base::failure::{Failure, Kind as FailureKind};
use crate::base::value::Value;
use crate::lang::plan::node::{Race, Runners};
use crate::run::event::{Begin, Outcome, Role, UnitId};
use crate::run::history::unit::{Task, Unit};

impl Machine<'_> {
    /// Who races.
    pub(super) fn racing(&mut self, id: UnitId, race: &Race) -> Result<Begin, Failure> {
        let wins = race.wins.as_ref().map_or(Ok(1), |wins| self.count(id, wins))?;
        let (items, max) = match &race.runners {
            Runners::Branches(_) => (Value::Unit, None),
            Runners::Items { items, max, .. } => {
                let span = items.span;
                let items = items_of(self.compute_script(id, items)?).map_err(|failure| failure.at(span))?;
                (items, max.as_ref().map(|max| self.count(id, max)).transpose()?)
            }
        };
        Ok(Begin::Race { items, wins: wins.max(1), max })
    }

    /// Goes on with a race.
    pub(super) fn race(&mut self, id: UnitId) {
        loop {
            let Some(unit) = self.run.unit(id) else { return };
            let Task::Race(race) = &unit.task else { return };
            if race.winners.len() as u64 >= race.wins {
                return self.race_won(id);
            }
            // Too few are left to decide it: it fails as early (semantics 28).
            if u64::from(race.runners.saturating_sub(race.failed)) < race.wins {
                let message =
                    format!("{} of {} branches must succeed; {} could not", race.wins, race.runners, race.failed);
                return self.raise(id, Failure::new(FailureKind::LimitExceeded, message));
            }
            let full = race.max.is_some_and(|max| unit.children.len() as u64 >= max.max(1));
            if full || race.next >= race.runners {
                return;
            }
            let item = race.items.get(race.next as usize).cloned().unwrap_or_default();
            let (node, next) = (unit.node, race.next);
            self.opened(id, node, Role::Branch(next), item);
        }
    }

    /// It is decided: losers are discarded, and the race ends after that: no double booking.
    fn race_won(&mut self, id: UnitId) {
        let Some(unit) = self.run.unit(id) else { return };
        let Task::Race(race) = &unit.task else { return };
        if unit.children.is_empty() {
            let output = if race.wins == 1 {
                race.winners.first().map(|(_, output)| output.clone()).unwrap_or_default()
            } else {
                Value::list(race.winners.iter().map(|(_, output)| output.clone()))
            };
            return self.complete(id, output);
        }
        for loser in unit.children.clone() {
            self.give_up(loser, Outcome::Cancelled);
        }
    }

    /// Whether the race that a branch runs in has its winners.
    pub(super) fn is_decided(&self, branch: &Unit) -> bool {
        match branch.parent.and_then(|race| self.run.unit(race)).map(|race| &race.task) {
            Some(Task::Race(race)) => race.winners.len() as u64 >= race.wins,
            _ => false,
        }
    }

    /// Whether a race can still be won without one more branch.
    pub(super) fn winnable(&self, id: UnitId) -> bool {
        let Some(Task::Race(race)) = self.run.unit(id).map(|unit| &unit.task) else { return false };
        u64::from(race.runners.saturating_sub(race.lost + 1)) >= race.wins
    }
}
