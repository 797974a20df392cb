//! Pauses between attempts that grow as `backoff` does not: a handler for each length, one after the other.

/// How many handlers may stand for one policy before they are harder to read than what they say.
const HANDLERS_MAX: usize = 6;

/// How often something is tried again at most: more than that is "always".
pub const ATTEMPTS_MAX: u64 = 1_000_000;

/// Each pause with how many attempts stand behind it, where few handlers say them all. A handler whose attempts are used up leaves the
/// error to the next one, so that they follow each other.
pub fn schedule(pauses: &[u64]) -> Option<Vec<(usize, u64)>> {
    let mut grouped: Vec<(usize, u64)> = Vec::new();
    for pause in pauses {
        match grouped.last_mut() {
            Some((times, last)) if last == pause => *times += 1,
            _ => grouped.push((1, *pause)),
        }
    }
    (!grouped.is_empty() && grouped.len() <= HANDLERS_MAX).then_some(grouped)
}
