//! `wait`, and durations: `PT15M`, `{ minutes: 15 }`.

use serde_json::Value as Json;

use super::author::Author;
use super::expression::{Scope, inside};
use crate::lang::foreign::time;

/// A year, the longest that is waited for at once, in milliseconds.
const LONGEST_MS: u64 = 366 * 86_400_000;

impl Author<'_> {
    /// Writes the wait.
    pub fn wait(&mut self, said: &Json, scope: &Scope) {
        let line = match (duration(said), said.as_str().and_then(inside)) {
            (Some(duration), _) => format!("wait {duration}"),
            (None, Some(text)) => {
                let value = self.expression(text, scope);
                format!("wait (duration({}))", self.code(&value))
            }
            (None, None) => {
                self.later("it says no duration that can be read");
                "wait 1s".to_owned()
            }
        };
        self.settle();
        self.draft.line(&line);
    }
}

/// A duration as programs write it.
pub fn duration(said: &Json) -> Option<String> {
    milliseconds(said).map(time::milliseconds)
}

/// How long a duration is.
pub fn milliseconds(said: &Json) -> Option<u64> {
    let total = match said {
        Json::String(text) => of_text(text.trim())?,
        Json::Object(fields) => {
            let units = [
                ("days", 86_400_000.0),
                ("hours", 3_600_000.0),
                ("minutes", 60_000.0),
                ("seconds", 1_000.0),
                ("milliseconds", 1.0),
            ];
            let part =
                |(name, size): &(&str, f64)| fields.get(*name).map(|count| count.as_f64().map(|count| count * size));
            let parts: Vec<Option<f64>> = units.iter().filter_map(part).collect();
            if parts.is_empty() {
                return None;
            }
            parts.into_iter().sum::<Option<f64>>()?
        }
        _ => return None,
    };
    let is_sound = total.is_finite() && total >= 0.0;
    is_sound.then(|| (total.round() as u64).min(LONGEST_MS))
}

/// `P1DT2H30M`, in milliseconds.
fn of_text(text: &str) -> Option<f64> {
    let mut rest = text.strip_prefix('P')?;
    let mut is_time = false;
    let mut total = None;
    while !rest.is_empty() {
        if let Some(behind) = rest.strip_prefix('T') {
            is_time = true;
            rest = behind;
            continue;
        }
        let end = rest.find(|c: char| !(c.is_ascii_digit() || c == '.'))?;
        let count: f64 = rest[..end].parse().ok()?;
        let mut behind = rest[end..].chars();
        let size = match (behind.next()?, is_time) {
            ('W', false) => 604_800_000.0,
            ('D', false) => 86_400_000.0,
            ('H', true) => 3_600_000.0,
            ('M', true) => 60_000.0,
            ('S', true) => 1_000.0,
            _ => return None,
        };
        total = Some(total.unwrap_or(0.0) + count * size);
        rest = behind.as_str();
    }
    total
}
