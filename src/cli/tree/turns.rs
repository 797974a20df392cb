//! Loops: their turns are counted, and few of them keep a line.

use super::Tree;
use super::item::{Item, ItemId, Part, State, Turns};
use super::note::{Notes, Tone};
use super::step::PAUSE_TOLD_MIN;
use crate::base::time::{Duration, Timestamp};
use crate::cli::elapsed::elapsed;
use crate::lang::plan::{Kind, Node};
use crate::run::event::UnitId;

/// How many turns of a loop plain lines tell in full; of the rest they tell only what goes wrong.
pub(super) const TURNS_TOLD_MAX: u32 = 10;
/// How many failed turns of a loop keep their line.
const FAILED_TURNS_KEPT_MAX: usize = 5;

impl Tree {
    /// A turn that ended is counted; only the first few that failed keep their line.
    pub(super) fn turn_ended(&mut self, id: ItemId, state: &State, notes: &mut Notes) {
        let Some(above) = self.items.get(&id).and_then(|item| item.parent) else { return };
        let failed = *state == State::Failed;
        let mut keep = true;
        if let Some(Item { part: Part::Loop(turns), path, quiet, children, .. }) = self.items.get_mut(&above) {
            turns.ended += u64::from(*state != State::Cancelled);
            turns.failed += u64::from(failed);
            keep = failed && turns.failed as usize <= FAILED_TURNS_KEPT_MAX;
            if !keep {
                children.remove(&id);
            }
            if let Some(text) = progress(turns).filter(|_| !*quiet) {
                notes.say(path.clone(), Tone::Faint, text);
            }
        }
        if !keep {
            self.remove(id);
        }
    }

    /// Where a loop asks for the next page of a stream, the line of the page before goes. Whether very many turns have gone by.
    pub(super) fn turns_the_page(&mut self, of: ItemId) -> bool {
        let Some(Item { part: Part::Loop(turns), children, .. }) = self.items.get(&of) else { return false };
        let is_read = |page: &Item| page.part == Part::Step && page.state == State::Completed;
        let ended = turns.ended;
        let read: Vec<_> = children.iter().copied().filter(|id| self.items.get(id).is_some_and(is_read)).collect();
        for page in read {
            if let Some(item) = self.items.get_mut(&of) {
                item.children.remove(&page);
            }
            self.remove(page);
        }
        ended >= u64::from(TURNS_TOLD_MAX)
    }

    pub(super) fn paused(&mut self, unit: UnitId, until: Timestamp, notes: &mut Notes) {
        let at = notes.at;
        let Some(item) = self.item_mut(unit) else { return };
        let pause = Duration::between(at, until);
        if let Part::Loop(turns) = &item.part {
            let next = turns.ended + 1;
            item.state = State::Waiting(format!("turn {next} in {}", elapsed(pause)));
            if pause >= PAUSE_TOLD_MIN {
                notes.unless_quiet(Some(item), Tone::Faint, format!("turn {next} in {}", elapsed(pause)));
            }
        }
    }

    pub(super) fn renewed(&mut self, unit: UnitId, notes: &mut Notes) {
        let Some(id) = self.units.get(&unit).copied() else { return };
        let Some(item) = self.items.get_mut(&id) else { return };
        item.state = State::Running;
        if let Part::Loop(turns) = &mut item.part {
            (turns.ended, turns.failed) = (0, 0);
        }
        let gone = std::mem::take(&mut item.children);
        notes.unless_quiet(Some(item), Tone::Doubtful, "begins anew".to_owned());
        gone.into_iter().for_each(|child| self.remove(child));
    }
}

/// How a loop counts, if the node is one.
pub(super) fn loop_of(node: &Node) -> Option<Turns> {
    match &node.kind {
        Kind::For(each) => Some(Turns { parallel: each.parallel, ..Turns::default() }),
        Kind::While { .. } | Kind::Repeat { .. } => Some(Turns::default()),
        _ => None,
    }
}

/// What is said when another tenth of many turns has ended; of a stream, the more seldom the longer it is.
fn progress(turns: &Turns) -> Option<String> {
    let due = match turns.total {
        Some(total) if total >= 20 => turns.ended.is_multiple_of(total / 10) && turns.ended < total,
        Some(_) => false,
        // So many lines for a number of each length: 100, 200, ..., 1000, 2000, ...
        None => turns.ended >= 100 && turns.ended.is_multiple_of(10u64.pow(turns.ended.ilog10())),
    };
    (due && turns.ended > 0).then(|| turns.to_string())
}
