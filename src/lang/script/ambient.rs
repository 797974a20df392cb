//! What goes on around one evaluation, on its thread: the clock and the chance it was given, what it prints, when it
//! began. Functions that Rhai calls have no other way to it; it is put there before an evaluation and taken away after.

use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::time::Instant;

use rhai::Dynamic;

use crate::base::time::Timestamp;
use crate::base::value::Value;

/// How much one evaluation may print, in bytes; more is cut off.
const PRINTED_BYTES_MAX: usize = 64 * 1024;

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
    static BEGAN: Cell<Option<Instant>> = const { Cell::new(None) };
}

/// Runs `inner` with `ambient` around it and gives both back.
pub(super) fn around<T>(ambient: Option<Ambient>, inner: impl FnOnce() -> T) -> (T, Option<Ambient>) {
    let before = AMBIENT.replace(ambient);
    BEGAN.set(None);
    let result = inner();
    let after = AMBIENT.replace(before);
    (result, after)
}

/// Asks what is around; `None` outside of an evaluation that may ask.
pub(super) fn ask<T>(question: impl FnOnce(&mut Ambient) -> T) -> Option<T> {
    AMBIENT.with_borrow_mut(|ambient| ambient.as_mut().map(question))
}

/// How many milliseconds ago the evaluation began, counted from the first time this is asked.
pub(super) fn elapsed_millis() -> u128 {
    let began = BEGAN.get().unwrap_or_else(|| {
        let now = Instant::now();
        BEGAN.set(Some(now));
        now
    });
    began.elapsed().as_millis()
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
