//! Words that programs may not take for names.

/// Scope names, and the few names of values.
pub(super) const SCOPES: [&str; 12] =
    ["input", "vars", "state", "steps", "run", "trigger", "error", "event", "response", "output", "params", "config"];

/// The clauses of steps.
pub(super) const CLAUSES: [&str; 12] =
    ["when", "after", "timeout", "deadline", "retry", "on", "undo", "key", "auth", "secret", "remind", "escalate"];

/// The words of Rhai, those it keeps for later included.
const RHAI: [&str; 62] = [
    "true",
    "false",
    "let",
    "const",
    "if",
    "else",
    "switch",
    "do",
    "while",
    "until",
    "loop",
    "for",
    "in",
    "continue",
    "break",
    "return",
    "throw",
    "try",
    "catch",
    "fn",
    "private",
    "import",
    "export",
    "as",
    "global",
    "Fn",
    "call",
    "curry",
    "this",
    "is_shared",
    "is_def_fn",
    "is_def_var",
    "type_of",
    "print",
    "debug",
    "eval",
    "async",
    "await",
    "case",
    "default",
    "exit",
    "go",
    "goto",
    "is",
    "match",
    "module",
    "new",
    "nil",
    "null",
    "package",
    "protected",
    "public",
    "shared",
    "spawn",
    "static",
    "super",
    "sync",
    "thread",
    "use",
    "var",
    "void",
    "with",
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
