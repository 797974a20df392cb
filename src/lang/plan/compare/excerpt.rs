//! Two long texts, cut to where they differ.

/// How much of a text is shown.
const SHOWN_CHARS_MAX: usize = 72;
/// How much is shown of what both begin with.
const LEAD_CHARS: usize = 16;

/// The two, each no longer than a glance: what both begin with is left out where they are longer.
pub(super) fn excerpts(before: &str, after: &str) -> (String, String) {
    let longest = before.chars().count().max(after.chars().count());
    if longest <= SHOWN_CHARS_MAX {
        return (before.to_owned(), after.to_owned());
    }
    let same = before.chars().zip(after.chars()).take_while(|(before, after)| before == after).count();
    let start = same.saturating_sub(LEAD_CHARS);
    (window(before, start), window(after, start))
}

/// One text, no longer than a glance.
pub(super) fn excerpt(text: &str) -> String {
    window(text, 0)
}

fn window(text: &str, start: usize) -> String {
    let lead = if start > 0 { "…" } else { "" };
    let mut rest = text.chars().skip(start);
    let shown: String = rest.by_ref().take(SHOWN_CHARS_MAX).collect();
    let tail = if rest.next().is_some() { "…" } else { "" };
    format!("{lead}{}{tail}", shown.trim_end())
}
