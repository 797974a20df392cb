//! What a statement is made of before the caret: words, signs, and what stands in brackets as one.

/// What a lexeme is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// A word.
    Word,
    /// A text, quotes included.
    Text,
    /// A number, or a duration.
    Number,
    /// A sign.
    Sign,
    /// A bracket with all that is in it.
    Group,
}

/// A part of a statement.
#[derive(Clone, Copy, Debug)]
pub struct Lexeme<'t> {
    /// What it is.
    pub mark: Mark,
    /// As it is written.
    pub text: &'t str,
    /// Where it begins.
    pub start: usize,
}

/// Words of Rhai behind which a value comes.
const OPERATORS: [&str; 9] = ["in", "if", "else", "switch", "while", "until", "return", "throw", "do"];

impl Lexeme<'_> {
    /// Where it ends.
    pub fn end(&self) -> usize {
        self.start + self.text.len()
    }

    /// Whether an expression cannot end with it.
    pub fn wants_more(&self) -> bool {
        match self.mark {
            Mark::Sign => !matches!(self.text, "?" | "%"),
            Mark::Word => OPERATORS.contains(&self.text),
            Mark::Text | Mark::Number | Mark::Group => false,
        }
    }
}
