//! What a typed text may be: declarations, a statement, an expression, a script.

use crate::lang::syntax::words::{DECLARATIONS, OF_WORKFLOWS, STATEMENTS};

/// How a text is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Workflows, connectors, types and the like.
    Declarations,
    /// What may stand in the body of a workflow.
    Statement,
    /// A value.
    Expression,
    /// Statements of Rhai.
    Script,
}

/// What a text may be, the likeliest first.
pub fn forms(text: &str) -> &'static [Form] {
    let text = without_comments(text);
    let word = first_word(text);
    let rest = text[word.len()..].trim_start();
    // A soft keyword begins a statement only where a name, a text or a brace follows.
    let opens =
        rest.starts_with(|letter: char| letter.is_alphanumeric() || matches!(letter, '_' | '"' | '[' | '{' | '('));
    let has_semicolon = text.trim_end().trim_end_matches(';').contains(';');
    match word {
        _ if DECLARATIONS.contains(&word) && opens && !rest.starts_with(['(', '[']) => &[Form::Declarations],
        "let" | "step" if rest.is_empty() => &[Form::Statement],
        "if" | "match" => &[Form::Expression, Form::Statement, Form::Script],
        "let" | "for" | "while" if has_semicolon => &[Form::Script, Form::Statement],
        _ if STATEMENTS.contains(&word) && opens => &[Form::Statement, Form::Script],
        _ if has_semicolon => &[Form::Script],
        "loop" | "do" | "try" | "const" | "throw" => &[Form::Script],
        _ => &[Form::Expression, Form::Script],
    }
}

/// Whether this word may begin what is said in a session.
pub fn may_begin(word: &str) -> bool {
    !OF_WORKFLOWS.contains(&word) && !matches!(word, "else" | "branch" | "with")
}

/// The word that begins a text, where it says something of a whole workflow.
pub fn word_of_workflows(text: &str) -> Option<&str> {
    let text = without_comments(text);
    let word = first_word(text);
    let rest = text[word.len()..].trim_start();
    let goes_on = rest.starts_with(|letter: char| letter.is_alphanumeric() || matches!(letter, '_' | '"' | '{' | '['));
    (OF_WORKFLOWS.contains(&word) && (goes_on || rest.is_empty() && matches!(word, "return" | "output")))
        .then_some(word)
}

/// Whether a text says nothing: blanks and comments.
pub fn is_silent(text: &str) -> bool {
    without_comments(text).is_empty()
}

/// A text without the blanks and comments at its head.
pub fn without_comments(text: &str) -> &str {
    let mut text = text.trim_start();
    loop {
        let rest = match text {
            _ if text.starts_with("//") => text.split_once('\n').map_or("", |(_, rest)| rest),
            _ if text.starts_with("/*") => match end_of_comment(text) {
                Some(end) => &text[end..],
                None => return text,
            },
            _ => return text,
        };
        text = rest.trim_start();
    }
}

/// Where a comment that may hold others ends.
fn end_of_comment(text: &str) -> Option<usize> {
    let (mut depth, mut at) = (0usize, 0);
    while let Some(mark) = text.as_bytes().get(at..at + 2) {
        match mark {
            b"/*" => (depth, at) = (depth + 1, at + 2),
            b"*/" if depth == 1 => return Some(at + 2),
            b"*/" => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
    }
    None
}

/// The word at the head of a text.
pub fn first_word(text: &str) -> &str {
    let end = text.find(|letter: char| !letter.is_alphanumeric() && letter != '_').unwrap_or(text.len());
    &text[..end]
}

/// The words of a text with their places, those in strings and comments too: one too many does no harm.
pub fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let is_word = |letter: char| letter.is_alphanumeric() || letter == '_';
    text.split(move |letter: char| !is_word(letter))
        .filter(|word| !word.is_empty())
        .map(|word| (word.as_ptr() as usize - text.as_ptr() as usize, word))
}
