//! The words of Rhai, and what they can name. The checker holds names of a program against the same lists.

/// Words of Rhai that begin something and can name nothing.
pub const KEYWORDS: [&str; 26] = [
    "if", "else", "switch", "while", "loop", "for", "in", "do", "until", "break", "continue", "return", "throw", "try",
    "catch", "let", "const", "fn", "private", "true", "false", "this", "import", "export", "as", "null",
];

/// Words that Rhai keeps for itself: they can name no variable and no function.
pub const RESERVED: [&str; 25] = [
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
    "module",
];

/// Words of Rhai that are functions and can name nothing else.
pub const CALLED_ONLY: [&str; 10] =
    ["print", "debug", "eval", "call", "curry", "type_of", "is_shared", "is_def_var", "is_def_fn", "Fn"];

/// Those of them that cannot stand behind a dot.
pub(super) const NEVER_METHODS: [&str; 5] = ["print", "debug", "is_def_var", "is_def_fn", "Fn"];

/// Whether Rhai takes a word as a name: it has letters, the first of them before any digit, and is none of its own.
pub(super) fn is_name(word: &str) -> bool {
    super::path::is_plain(word)
        && word.trim_start_matches('_').starts_with(|c: char| c.is_ascii_alphabetic())
        && !KEYWORDS.contains(&word)
        && !RESERVED.contains(&word)
}
