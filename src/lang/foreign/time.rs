//! Durations as people write them.

/// A year and a day, in seconds: longer than that, a duration means that nobody thought of an end.
pub const LONGEST: u64 = 366 * 86_400;

/// Of so many milliseconds: 1,500 of them are `1500ms`, 60,000 are `1m`.
pub fn milliseconds(count: u64) -> String {
    let is_short = count < LONGEST * 1_000 && !count.is_multiple_of(1_000);
    if is_short { format!("{count}ms") } else { seconds(count / 1_000) }
}

/// Of so many seconds.
pub fn seconds(count: u64) -> String {
    let count = count.min(LONGEST);
    let units = [(86_400, "d"), (3_600, "h"), (60, "m")];
    match units.iter().find(|(size, _)| count > 0 && count.is_multiple_of(*size)) {
        Some((size, unit)) => format!("{}{unit}", count / size),
        None => format!("{count}s"),
    }
}
