//! Time as values: moments and durations. What o'clock it is, only the world knows.

use std::fmt;
use std::str::FromStr;

pub use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A length of time in milliseconds, never negative in a program's text; written `500ms 30s 5m 2h 3d 1w`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Duration(pub i64);

/// The units a duration may be written in, longest first, with their milliseconds.
pub const UNITS: [(&str, i64); 6] =
    [("w", 604_800_000), ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

impl Duration {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// So many seconds.
    pub const fn seconds(seconds: i64) -> Self {
        Self(seconds * 1_000)
    }

    /// The moment that comes this long after `moment`, or the last there is.
    pub fn after(self, moment: Timestamp) -> Timestamp {
        moment.checked_add(jiff::SignedDuration::from_millis(self.0)).unwrap_or(Timestamp::MAX)
    }

    /// The moment that comes this long before `moment`, or the first there is.
    pub fn before(self, moment: Timestamp) -> Timestamp {
        moment.checked_sub(jiff::SignedDuration::from_millis(self.0)).unwrap_or(Timestamp::MIN)
    }

    /// How long it is from `earlier` to `later`.
    pub fn between(earlier: Timestamp, later: Timestamp) -> Self {
        Self(i64::try_from(later.duration_since(earlier).as_millis()).unwrap_or(i64::MAX))
    }

    /// As the standard library writes it; a negative one is nothing.
    pub fn to_std(self) -> std::time::Duration {
        std::time::Duration::from_millis(self.0.max(0).unsigned_abs())
    }
}

impl fmt::Display for Duration {
    /// As it is written in a program, in as few units as say it exactly: `1h30m`, `250ms`, `0s`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == 0 {
            return f.write_str("0s");
        }
        if self.0 < 0 {
            f.write_str("-")?;
        }
        let mut left = self.0.unsigned_abs();
        for (unit, size) in UNITS {
            let size = size.unsigned_abs();
            if left >= size {
                write!(f, "{}{unit}", left / size)?;
                left %= size;
            }
        }
        Ok(())
    }
}

impl FromStr for Duration {
    type Err = String;

    /// Reads `90s` and `1h30m`; the error says what a duration looks like.
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "`{text}` is no duration: write a number and a unit, such as `500ms`, `30s`, `5m`, `2h`, `3d`, `1w`"
            )
        };
        let (mut total, mut rest) = (0i64, text.trim());
        if rest.is_empty() {
            return Err(wrong());
        }
        while !rest.is_empty() {
            let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
            let number: i64 = rest[..digits].parse().map_err(|_| wrong())?;
            let unit_end = rest[digits..].find(|c: char| c.is_ascii_digit()).map_or(rest.len(), |at| digits + at);
            let (_, size) = UNITS.into_iter().find(|(unit, _)| *unit == &rest[digits..unit_end]).ok_or_else(wrong)?;
            total = number.checked_mul(size).and_then(|part| total.checked_add(part)).ok_or_else(wrong)?;
            rest = &rest[unit_end..];
        }
        Ok(Self(total))
    }
}
