//! `retry`: how often, and how long it waits in between.

use super::Machine;
use super::names::Given;
use crate::base::failure::Failure;
use crate::base::time::{Duration, Timestamp};
use crate::lang::plan::{Formula, Handler, Pause};
use crate::run::event::UnitId;

impl Machine<'_> {
    /// When the next attempt comes; `None` if the budget is used up, or the target's deadline would come first.
    pub(super) fn retry_at(
        &mut self,
        id: UnitId,
        handler: &Handler,
        times: Option<u64>,
        pause: &Pause,
        given: &Given,
        failure: &Failure,
    ) -> Result<Option<Timestamp>, Failure> {
        let Some(unit) = self.run.unit(id) else { return Ok(None) };
        let used = unit.budgets.get(&handler.id).copied().unwrap_or_default();
        let deadline = unit.deadline;
        if times.is_some_and(|times| u64::from(used) >= times) {
            return Ok(None);
        }
        let mut length = |formula: &Formula| {
            let library = self.plan.functions.library();
            let text = super::names::text_of(formula);
            let value =
                self.with_names(id, Some(handler.depth), given, text, |names| formula.evaluate(library, names))?;
            super::names::duration_of(&value)
        };
        let pause = match pause {
            Pause::Every(every) => length(every)?,
            Pause::Backoff { from, to } => {
                let (from, to) = (length(from)?, length(to)?);
                backoff(from, to, used, self.chance(id, handler, used))
            }
        };
        // The far side's word counts if it is longer (semantics 19).
        let pause = failure.retry_after.map_or(pause, |asked| pause.max(asked));
        let at = pause.after(self.now);
        Ok(deadline.is_none_or(|deadline| at < deadline).then_some(at))
    }

    /// A share between 0 and 1 that is the same whenever this retry of this unit is decided.
    fn chance(&self, id: UnitId, handler: &Handler, used: u32) -> f64 {
        let place = self.run.place(self.plan, id);
        let seed = format!("{}:{place}/retry-{}-{used}", self.run.accepted.run, handler.id.0);
        let mut bytes = [0; 8];
        bytes.copy_from_slice(&blake3::hash(seed.as_bytes()).as_bytes()[..8]);
        (u64::from_le_bytes(bytes) >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// Exponential backoff with full jitter: evenly distributed between nothing and `from` doubled `used` times, at most `to`.
///
/// Source: M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
fn backoff(from: Duration, to: Duration, used: u32, chance: f64) -> Duration {
    let bound = from.0.saturating_mul(1i64.checked_shl(used.min(40)).unwrap_or(i64::MAX)).min(to.0);
    Duration((bound as f64 * chance) as i64)
}
