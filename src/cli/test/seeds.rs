//! Seeds: the chances that a test is put to, and what came of them.

use std::fmt;
use std::str::FromStr;

use crate::host::rehearse::Verdict;

/// One seed, or all from one to another, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seeds {
    first: u64,
    last: u64,
}

impl Seeds {
    /// Each of them, in order.
    pub fn each(self) -> impl Iterator<Item = u64> {
        self.first..=self.last
    }
}

impl FromStr for Seeds {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let number = |text: &str| {
            let number: Result<u64, _> = text.trim().parse();
            number.map_err(|_| format!("`{text}` is no seed: write a number (`42`), or a range (`1..1000`)"))
        };
        let (first, last) = match text.split_once("..") {
            None => (number(text)?, number(text)?),
            Some((first, last)) => (number(first)?, number(last.strip_prefix('=').unwrap_or(last))?),
        };
        if first > last {
            return Err(format!("there is no seed from {first} to {last}: the smaller one comes first"));
        }
        Ok(Self { first, last })
    }
}

/// What came of a test with one seed after the other. Shown is the first one that fails, else the first.
#[derive(Debug, Default)]
pub struct Tried {
    /// The seed that is shown; none where none was asked for.
    pub seed: Option<u64>,
    /// What came of it.
    pub verdict: Verdict,
    /// How many were tried.
    pub tried: u64,
    /// Those with which it fails.
    pub failed: Vec<u64>,
}

impl Tried {
    /// One more.
    pub fn and(&mut self, seed: Option<u64>, verdict: Verdict) {
        let (is_first, passed) = (self.tried == 0, verdict.passed());
        self.tried += 1;
        if !passed {
            self.failed.extend(seed);
        }
        if is_first || (!passed && self.verdict.passed()) {
            (self.seed, self.verdict) = (seed, verdict);
        }
    }
}

/// How many failing seeds are named.
const SHOWN_MAX: usize = 10;

impl fmt::Display for Tried {
    /// `fails with 3 of 1000 seeds: 17, 204, 611`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (failed, tried) = (self.failed.len(), self.tried);
        if failed == 0 {
            return write!(f, "passed with each of {tried} seeds");
        }
        let shown: Vec<String> = self.failed.iter().take(SHOWN_MAX).map(u64::to_string).collect();
        let more = if failed > SHOWN_MAX { ", ..." } else { "" };
        write!(f, "fails with {failed} of {tried} seeds: {}{more}", shown.join(", "))
    }
}
