//! What goes on around one evaluation, on its thread: the clock and the chance it was given, what it prints, when it
//! began. Functions that Rhai calls have no other way to it; it is put there before an evaluation and taken away after.

use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::time::Instant;

use rhai::Dynamic;

use crate::base::limit;
use crate::base::time::Timestamp;
use crate::base::value::Value;

/// How much one evaluation may print, in bytes; more is cut off.
const PRINTED_BYTES_MAX: usize = 64 * 1024;

/// How many operations go by before the clock is looked at for the first time.
const FIRST_OPERATIONS: u64 = 16;

/// How many operations may go by between two looks at the clock, as long as they are fast.
const CLOCK_OPERATIONS: u64 = 128;

/// Operations that take longer together than this are slow: each can be the digest of a large text, and the clock is looked
/// at behind every one.
const SLOW: std::time::Duration = std::time::Duration::from_millis(5);

/// What an evaluation was given.
#[derive(Default)]
pub(super) struct Ambient {
    pub now: Timestamp,
    /// The number all chance of this evaluation comes from.
    pub seed: u64,
    pub drawn: u64,
    /// The settings it may ask for, by name and whether they are secret.
    pub settings: Vec<(Arc<str>, bool, Option<Value>)>,
    /// The paths that closures ask for when they need them; `None` where one leads nowhere.
    pub slots: Vec<Option<Dynamic>>,
    pub printed: Vec<String>,
    pub printed_bytes: usize,
}

thread_local! {
    static AMBIENT: RefCell<Option<Ambient>> = const { RefCell::new(None) };
    /// How many milliseconds the evaluation may take, until its clock is first looked at; from then on when it must end.
    static TIME: Cell<Time> = const { Cell::new(Time::Allowed(0)) };
    /// How many operations there will have been when the clock is looked at next.
    static OPERATIONS: Cell<u64> = const { Cell::new(FIRST_OPERATIONS) };
    /// How many of them are left until then.
    static LEFT: Cell<u64> = const { Cell::new(FIRST_OPERATIONS) };
}

/// The time of one evaluation. Most end before anybody looks at a clock, which costs more than they do.
#[derive(Clone, Copy)]
enum Time {
    Allowed(u64),
    Until(Clock),
    Over(Exceeded),
}

/// A clock that runs.
#[derive(Clone, Copy)]
struct Clock {
    end: Instant,
    millis: u64,
    looked: Instant,
    /// How many operations go by until the next look.
    pace: u64,
}

impl Clock {
    fn started(millis: u64) -> Self {
        let now = Instant::now();
        Self { end: now + std::time::Duration::from_millis(millis), millis, looked: now, pace: FIRST_OPERATIONS }
    }

    /// The clock behind one more look; the bound, if it was met.
    fn look(self) -> Result<Self, Exceeded> {
        let now = Instant::now();
        if now > self.end {
            return Err(Exceeded::Millis(self.millis));
        }
        let pace = if now - self.looked > SLOW { 1 } else { (2 * self.pace).min(CLOCK_OPERATIONS) };
        Ok(Self { looked: now, pace, ..self })
    }
}

/// Runs `inner` with `ambient` around it, for at most so many milliseconds, and gives both back.
pub(super) fn around<T>(ambient: Option<Ambient>, millis_max: u64, inner: impl FnOnce() -> T) -> (T, Option<Ambient>) {
    TIME.set(Time::Allowed(millis_max));
    OPERATIONS.set(FIRST_OPERATIONS);
    LEFT.set(FIRST_OPERATIONS);
    if ambient.is_none() {
        return (inner(), None);
    }
    let before = AMBIENT.replace(ambient);
    let result = inner();
    let after = AMBIENT.replace(before);
    (result, after)
}

/// Asks what is around; `None` outside of an evaluation that may ask.
pub(super) fn ask<T>(question: impl FnOnce(&mut Ambient) -> T) -> Option<T> {
    AMBIENT.with_borrow_mut(|ambient| ambient.as_mut().map(question))
}

/// A bound that an evaluation has met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Exceeded {
    /// So many operations.
    Operations(u64),
    /// So many milliseconds.
    Millis(u64),
}

/// Counts one operation; what it gives ends the evaluation. Rhai's own count is of no use: what a closure does for a function
/// such as `map` is lost to it.
#[inline]
pub(super) fn tick() -> Option<Dynamic> {
    let left = LEFT.get();
    if left > 1 {
        LEFT.set(left - 1);
        return None;
    }
    look()
}

/// Looks whether the evaluation may go on, and until when. It is kept out of what every operation runs through.
#[cold]
#[inline(never)]
fn look() -> Option<Dynamic> {
    let operations = OPERATIONS.get();
    let clock = match TIME.get() {
        Time::Over(found) => Err(found),
        _ if operations > limit::SCRIPT_OPERATIONS_MAX => Err(Exceeded::Operations(limit::SCRIPT_OPERATIONS_MAX)),
        Time::Until(clock) => clock.look(),
        Time::Allowed(millis) => Ok(Clock::started(millis)),
    };
    // Some functions of Rhai, such as `sort`, drop the errors of their closures: the very next operation fails too.
    TIME.set(clock.map_or_else(Time::Over, Time::Until));
    let pace = clock.map_or(0, |clock| clock.pace);
    OPERATIONS.set(operations + pace);
    LEFT.set(pace);
    clock.err().map(Dynamic::from)
}

/// The next number of this evaluation's chance (SplitMix64 over the seed).
pub(super) fn draw() -> u64 {
    ask(|ambient| {
        ambient.drawn += 1;
        let mut z = ambient.seed.wrapping_add(ambient.drawn.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    })
    .unwrap_or_default()
}

/// Keeps what a script prints.
pub(super) fn print(text: &str) {
    ask(|ambient| {
        let left = PRINTED_BYTES_MAX.saturating_sub(ambient.printed_bytes);
        if left == 0 {
            return;
        }
        let mut end = text.len().min(left);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        ambient.printed_bytes += end + 1;
        ambient.printed.push(text[..end].to_owned());
    });
}
