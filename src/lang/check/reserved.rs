//! Words that programs may not take for names.

use crate::lang::script::word::{CALLED_ONLY, KEYWORDS, RESERVED};

/// Scope names, and the few names of values.
pub(in crate::lang) const SCOPES: [&str; 12] =
    ["input", "vars", "state", "steps", "run", "trigger", "error", "event", "response", "output", "params", "config"];

/// The clauses of steps.
pub(in crate::lang) const CLAUSES: [&str; 12] =
    ["when", "after", "timeout", "deadline", "retry", "on", "undo", "key", "auth", "secret", "remind", "escalate"];

/// Why `name` cannot be the name of a step or the like; `None` if it can.
pub(super) fn reason(name: &str) -> Option<&'static str> {
    if SCOPES.contains(&name) {
        Some("stands for something else in every expression")
    } else if CLAUSES.contains(&name) {
        Some("is a clause of steps")
    } else if KEYWORDS.contains(&name) {
        Some("is a word of the expressions")
    } else {
        None
    }
}

/// Why `name` cannot be the name of a function; `None` if it can.
pub(super) fn reason_of_function(name: &str) -> Option<&'static str> {
    if RESERVED.contains(&name) {
        Some("is a word that Rhai keeps for itself")
    } else if CALLED_ONLY.contains(&name) {
        Some("is a function of Rhai")
    } else {
        reason(name)
    }
}

/// Whether no expression can read a value of this name.
pub(super) fn is_kept(name: &str) -> bool {
    RESERVED.contains(&name)
}
