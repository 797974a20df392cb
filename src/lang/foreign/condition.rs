//! Conditions of a program that is being written.

/// The opposite of a condition.
pub fn negated(when: &str) -> String {
    if let Some(path) = when.strip_suffix(" != ()").filter(|path| !path.contains(' ')) {
        return format!("{path} == ()");
    }
    if let Some(inner) = when.strip_prefix("!(").and_then(|rest| rest.strip_suffix(')'))
        && !inner.contains(['(', ')'])
    {
        return inner.to_owned();
    }
    let is_word = when.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '?'));
    if is_word { format!("!{when}") } else { format!("!({when})") }
}
