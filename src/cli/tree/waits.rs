//! What a line that waits is waiting for, in words.

use crate::base::secret::Mask;
use crate::base::time::{Duration, Timestamp};
use crate::base::value::Value;
use crate::cli::elapsed::elapsed;
use crate::lang::plan::node::Wait;
use crate::lang::plan::{Kind, Node};

/// What a listening node listens for.
pub fn listens_for(node: &Node) -> String {
    match &node.kind {
        Kind::Wait(Wait::Signal(name)) => format!("waits for the signal {name:?}"),
        Kind::Wait(Wait::Event { topic, .. }) => format!("waits for the event {topic:?}"),
        _ => "waits for its condition".to_owned(),
    }
}

/// A sleep that ends at `until`.
pub fn sleeps(now: Timestamp, until: Timestamp) -> String {
    let length = Duration::between(now, until);
    let whole_day = length.0 >= 86_400_000;
    format!("waits {}, until {}", elapsed(length), clock(until, whole_day))
}

/// Who is asked what.
pub fn asks(params: &Value, mask: &Mask) -> String {
    let text = |name: &str| params.get(name).map(ToString::to_string).filter(|text| !text.is_empty());
    let whom = text("whom").unwrap_or_else(|| "somebody".to_owned());
    match text("question") {
        Some(question) => format!("asks {whom}: {}", first_line(&mask.cover(&question))),
        None => format!("asks {whom}"),
    }
}

/// The time of day where the reader is, with the date where it may be another day.
pub fn clock(moment: Timestamp, with_date: bool) -> String {
    let local = moment.to_zoned(jiff::tz::TimeZone::system());
    local.strftime(if with_date { "%Y-%m-%d %H:%M" } else { "%H:%M:%S" }).to_string()
}

/// The first line of a text, cut where it is long.
pub fn first_line(text: &str) -> String {
    const SHOWN_CHARS_MAX: usize = 160;
    let line = text.lines().next().unwrap_or_default();
    let cut = line.len() < text.trim_end().len() || line.chars().count() > SHOWN_CHARS_MAX;
    let shown: String = line.chars().take(SHOWN_CHARS_MAX).collect();
    if cut { format!("{shown}…") } else { shown }
}
