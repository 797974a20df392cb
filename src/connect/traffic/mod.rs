//! What goes out to far sides, seen as a whole: how fast it may, whether they are there, how it went.
//!
//! In: calls on their way out, and what came of them. Out: the word to go, and figures. Never: a call held back without an end:
//! who cannot go in the time it has is told so (held by `tests/connect/pace.rs`).

mod circuit;
mod hours;
mod lane;
mod spread;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration as Span;

use tokio::sync::oneshot;

use self::circuit::Circuit;
use self::hours::Hours;
use self::lane::{Entry, Lane};
pub use self::spread::Spread;
use crate::base::failure::{Failure, Kind};
use crate::base::id::RunId;
use crate::base::time::Duration;
use crate::run::activity::{Activity, Busy};
use crate::run::world::Clock;

/// How many calls in how long.
pub type Limit = (u64, Duration);

/// What all calls of an engine share, whatever program they belong to. Clones are the same one.
#[derive(Clone, Debug, Default)]
pub struct Traffic(Arc<RwLock<Arc<State>>>);

#[derive(Debug, Default)]
struct State {
    hours: Hours,
    lanes: Mutex<BTreeMap<Arc<str>, Lane>>,
    circuits: Mutex<BTreeMap<Arc<str>, Circuit>>,
    calls: Mutex<BTreeMap<Arc<str>, Calls>>,
}

/// How the calls of one operation went.
#[derive(Clone, Debug, Default)]
pub struct Calls {
    /// How many ended how: `ok` or the type of the error.
    pub ended: BTreeMap<&'static str, u64>,
    /// How long they took.
    pub took: Spread,
}

/// How things stand.
#[derive(Clone, Debug, Default)]
pub struct Figures {
    /// By what has a pace, `slack` or `slack.list_users`: how many calls wait, and how long it is held by the far side's word.
    pub lanes: Vec<(Arc<str>, u64, Span)>,
    /// By connector and origin: whether nobody is let through, for as long as it lasts.
    pub circuits: Vec<(Arc<str>, bool)>,
    /// By operation.
    pub calls: Vec<(Arc<str>, Calls)>,
}

/// Whoever held a lock did not leave half a change behind.
fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Traffic {
    /// Nothing has been asked yet; the time is that of `clock`.
    pub fn by(clock: Arc<dyn Clock>) -> Self {
        Self(Arc::new(RwLock::new(Arc::new(State { hours: Hours::of(clock), ..State::default() }))))
    }

    /// From now on calls that wait for their turn count as such in `activity`: a clock that is moved by hand need not wait for them.
    pub fn waits_in(&self, activity: &Activity) {
        self.state().hours.keep(activity);
    }

    /// Goes on where `older` stands: a newer program does not make far sides forget what they were asked.
    pub fn follow(&self, older: &Self) {
        let state = older.state();
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = state;
    }

    fn state(&self) -> Arc<State> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits until a call of `run` may go by the pace of `name`, and says how long that took. Runs that wait go in turns.
    ///
    /// # Errors
    /// `rate_limited` with the time to come back, where its turn does not come within `patience`.
    pub async fn turn(
        &self,
        name: &Arc<str>,
        run: &RunId,
        limit: Option<Limit>,
        patience: Span,
    ) -> Result<Span, Failure> {
        let state = self.state();
        let begun = state.hours.now();
        let entry = {
            let mut lanes = held(&state.lanes);
            if limit.is_none() && !lanes.contains_key(name) {
                return Ok(Span::ZERO);
            }
            lanes.entry(name.clone()).or_default().enter(run, limit, begun, patience)
        };
        let (mut turn, keeper) = match entry {
            Entry::Free => return Ok(Span::ZERO),
            Entry::Full(wait) => return Err(too_many(name, limit, wait)),
            Entry::Queued { turn, keeper } => (turn, keeper),
        };
        if keeper {
            let busy = state.hours.activity().map(Activity::begin);
            tokio::spawn(keep(state.clone(), name.clone(), busy));
        }
        let mut patient = state.hours.sleep(patience);
        let rest = state.hours.rest();
        let came = tokio::select! {
            biased;
            goes = &mut turn => goes.ok(),
            () = &mut patient => None,
        };
        // Before those who woke it let the clock go on.
        drop(rest);
        match came {
            Some(_goes) => Ok(state.hours.now().saturating_sub(begun)),
            // The turns of the others took longer than it looked.
            None => Err(too_many(name, limit, patience)),
        }
    }

    /// Lets nobody through at `name` for a while: the far side asked for it.
    pub fn hold(&self, name: &Arc<str>, pause: Duration) {
        let state = self.state();
        let until = state.hours.now() + pause.to_std();
        held(&state.lanes).entry(name.clone()).or_default().hold(until);
    }

    /// Whether `name` may be asked at all. Where it failed again and again, one call at a time finds out whether it still does.
    ///
    /// # Errors
    /// `connection_error` with what was wrong the last time.
    pub fn admit(&self, name: &Arc<str>) -> Result<(), Failure> {
        let state = self.state();
        match held(&state.circuits).get_mut(name) {
            Some(circuit) => circuit.admit(name, state.hours.now()),
            None => Ok(()),
        }
    }

    /// Takes in how a request to `name` went: `trouble` where nobody was there, or nobody who could answer.
    pub fn went(&self, name: &Arc<str>, trouble: Option<&str>) {
        let state = self.state();
        let mut circuits = held(&state.circuits);
        match trouble {
            Some(trouble) => circuits.entry(name.clone()).or_default().failed(trouble, state.hours.now()),
            None => drop(circuits.remove(name)),
        }
    }

    /// Counts a call of `operation`: how it ended, and how long it took.
    pub fn count(&self, operation: &Arc<str>, outcome: Option<&Kind>, took: Span) {
        let word = match outcome {
            None => "ok",
            // Types of the program's own are as many as it likes.
            Some(kind) => kind.built_in().unwrap_or("own"),
        };
        let state = self.state();
        let mut calls = held(&state.calls);
        let calls = calls.entry(operation.clone()).or_default();
        *calls.ended.entry(word).or_default() += 1;
        calls.took.add(took);
    }

    /// How things stand.
    pub fn figures(&self) -> Figures {
        let state = self.state();
        let now = state.hours.now();
        let lanes = held(&state.lanes);
        let circuits = held(&state.circuits);
        let calls = held(&state.calls);
        Figures {
            lanes: lanes.iter().map(|(name, lane)| (name.clone(), lane.waiting(), lane.held_for(now))).collect(),
            circuits: circuits.iter().map(|(name, circuit)| (name.clone(), circuit.is_open())).collect(),
            calls: calls.iter().map(|(name, calls)| (name.clone(), calls.clone())).collect(),
        }
    }
}

/// Lets those who wait at `name` go, each at its moment, until nobody waits any more. `busy` keeps the clock until the first moment is
/// known.
async fn keep(state: Arc<State>, name: Arc<str>, busy: Option<Busy>) {
    let (mut busy, mut slept) = (busy, None);
    loop {
        let next = held(&state.lanes).get_mut(&name).and_then(|lane| lane.let_go(&state.hours));
        // Whoever was let go is under way again: the clock may be moved on.
        drop(slept.take());
        let Some(moment) = next else { return };
        let mut sleep = state.hours.sleep(moment.saturating_sub(state.hours.now()));
        drop(busy.take());
        (&mut sleep).await;
        slept = Some(sleep);
    }
}

fn too_many(name: &str, limit: Option<Limit>, wait: Span) -> Failure {
    let wait = Duration(i64::try_from(wait.as_millis()).unwrap_or(i64::MAX));
    let message = match limit {
        Some((count, per)) => format!("`{name}` is limited to {count} per {per}, and its turn would come in {wait}"),
        None => format!("`{name}` asked for a pause, which lasts for another {wait}"),
    };
    let mut failure = Failure::new(Kind::RateLimited, message);
    failure.retry_after = Some(wait);
    failure
}

/// What is under way while the word to go is on its way to whoever waits for it.
type Goes = Option<Busy>;

/// A place in a queue; it ends when it is one's turn.
type Turn = oneshot::Receiver<Goes>;
