//! A pace: so many calls in so long, none while the far side asks for a pause, and those who wait in turns by run.

use std::collections::VecDeque;
use std::time::Duration as Span;

use tokio::sync::oneshot;

use super::hours::{Hours, Moment};
use super::{Goes, Limit, Turn};
use crate::base::id::RunId;
use crate::run::activity::Activity;

/// What has the pace of a connector, or of one operation.
#[derive(Debug, Default)]
pub(super) struct Lane {
    limit: Option<Limit>,
    /// When the last calls went, as many as the limit counts.
    went: VecDeque<Moment>,
    held_until: Option<Moment>,
    /// Who waits, by run; the first one is next, and goes to the end then.
    queues: VecDeque<(RunId, VecDeque<oneshot::Sender<Goes>>)>,
    /// Whether somebody lets them go.
    kept: bool,
}

/// What becomes of a call that comes.
#[derive(Debug)]
pub(super) enum Entry {
    /// It goes.
    Free,
    /// It waits; `keeper` where nobody yet lets those who wait go.
    Queued { turn: Turn, keeper: bool },
    /// Its turn would come only then.
    Full(Span),
}

impl Lane {
    /// A call of `run` comes, which would wait so long; it goes at once where it may.
    pub(super) fn enter(&mut self, run: &RunId, limit: Option<Limit>, now: Moment, patience: Span) -> Entry {
        self.limit = limit;
        let wait = self.moment(self.before(run), now).saturating_sub(now);
        if wait.is_zero() && self.queues.is_empty() {
            self.go(now);
            return Entry::Free;
        }
        if wait >= patience {
            return Entry::Full(wait);
        }
        let (sender, turn) = oneshot::channel();
        match self.queues.iter_mut().find(|(other, _)| other == run) {
            Some((_, queue)) => queue.push_back(sender),
            None => self.queues.push_back((run.clone(), VecDeque::from([sender]))),
        }
        Entry::Queued { turn, keeper: !std::mem::replace(&mut self.kept, true) }
    }

    /// A call goes.
    fn go(&mut self, now: Moment) {
        let Some((count, _)) = self.limit else { return };
        self.went.push_back(now);
        while self.went.len() as u64 > count.max(1) {
            self.went.pop_front();
        }
    }

    /// Nobody goes before `until`.
    pub(super) fn hold(&mut self, until: Moment) {
        self.held_until = self.held_until.max(Some(until));
    }

    /// Lets those go whose moment has come, and says when the next one's does; `None` where nobody waits.
    pub(super) fn let_go(&mut self, hours: &Hours) -> Option<Moment> {
        let now = hours.now();
        while let Some((run, mut queue)) = self.queues.pop_front() {
            let moment = self.moment(0, now);
            if moment > now {
                self.queues.push_front((run, queue));
                return Some(moment);
            }
            // Who has given up takes nobody's place.
            let goes = std::iter::from_fn(|| queue.pop_front())
                .any(|turn| turn.send(hours.activity().map(Activity::begin)).is_ok());
            if goes {
                self.go(now);
            }
            if !queue.is_empty() {
                self.queues.push_back((run, queue));
            }
        }
        self.kept = false;
        None
    }

    /// How many would go before a call of `run` that comes now.
    fn before(&self, run: &RunId) -> usize {
        let own = self.queues.iter().find(|(other, _)| other == run).map_or(0, |(_, queue)| queue.len());
        own + self
            .queues
            .iter()
            .filter(|(other, _)| other != run)
            .map(|(_, queue)| queue.len().min(own + 1))
            .sum::<usize>()
    }

    /// When a call may go that has so many before it.
    fn moment(&self, before: usize, now: Moment) -> Moment {
        let open = self.held_until.map_or(now, |until| until.max(now));
        let Some((count, per)) = self.limit else { return open };
        let count = usize::try_from(count).unwrap_or(usize::MAX).max(1);
        let (rounds, place) = (before / count, before % count);
        // The call `count` places earlier must be `per` ago.
        let earlier = (self.went.len() + place).checked_sub(count).and_then(|at| self.went.get(at));
        let first = earlier.map_or(open, |earlier| (*earlier + per.to_std()).max(open));
        first + per.to_std().saturating_mul(u32::try_from(rounds).unwrap_or(u32::MAX))
    }

    pub(super) fn waiting(&self) -> u64 {
        self.queues.iter().map(|(_, queue)| queue.iter().filter(|turn| !turn.is_closed()).count() as u64).sum()
    }

    pub(super) fn held_for(&self, now: Moment) -> Span {
        self.held_until.map_or(Span::ZERO, |until| until.saturating_sub(now))
    }
}
