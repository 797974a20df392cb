//! Words that programs may not take for names.

/// Scope names, and the few names of values.
pub(super) const SCOPES: [&str; 12] =
    ["input", "vars", "state", "steps", "run", "trigger", "error", "event", "response", "output", "params", "config"];

/// The clauses of steps.
pub(super) const CLAUSES: [&str; 12] =
    ["when", "after", "timeout", "deadline", "retry", "on", "undo", "key", "auth", "secret", "remind", "escalate"];

/// The words of Rhai.
const RHAI: [&str; 26] = [
    "if", "else", "switch", "while", "loop", "for", "in", "do", "until", "break", "continue", "return", "throw", "try",
    "catch", "let", "const", "fn", "private", "true", "false", "this", "import", "export", "as", "null",
];

/// The words that Rhai keeps for later: a step may bear one, but no expression can read it.
const KEPT: [&str; 32] = [
    "use",
    "case",
    "async",
    "public",
    "package",
    "super",
    "var",
    "protected",
    "spawn",
    "shared",
    "is",
    "sync",
    "static",
    "default",
    "thread",
    "yield",
    "new",
    "match",
    "await",
    "with",
    "void",
    "nil",
    "go",
    "goto",
    "exit",
    "module",
    "each",
    "then",
    "unless",
    "begin",
    "end",
    "global",
];

/// Why `name` cannot be the name of a step or the like; `None` if it can.
pub(super) fn reason(name: &str) -> Option<&'static str> {
    if SCOPES.contains(&name) {
        Some("stands for something else in every expression")
    } else if CLAUSES.contains(&name) {
        Some("is a clause of steps")
    } else if RHAI.contains(&name) {
        Some("is a word of the expressions")
    } else {
        None
    }
}

/// Whether no expression can read a value of this name.
pub(super) fn is_kept(name: &str) -> bool {
    KEPT.contains(&name)
}
