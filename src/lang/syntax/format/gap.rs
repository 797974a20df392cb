//! Where a blank stands between two tokens on a line.
//!
//! Every token says for each of its sides whether it bears a blank there; one stands where both neighbours do.

use super::super::lexeme;
use super::role::{Roles, Tongue};
use super::token::{Kind, Token};

/// For each token, how many blanks stand before it if it does not begin its line.
pub(super) fn gaps(tokens: &[Token<'_>], roles: &Roles) -> Vec<usize> {
    let mut sides = Sides { roles, before: None, before_that: None, in_lambda: false };
    let mut gaps = Vec::with_capacity(tokens.len());
    let mut behind = false;
    for (at, token) in tokens.iter().enumerate() {
        let (left, right) = sides.of(token, &tokens[at + 1..]);
        let previous = at.checked_sub(1).map(|at| &tokens[at]);
        let empty = previous.is_some_and(|opener| matches!(opener.written, "{" | "#{")) && token.is("}");
        let wanted = behind && left && !empty;
        gaps.push(usize::from(wanted || previous.is_some_and(|previous| grow_together(previous, token))));
        behind = right;
    }
    gaps
}

/// What a sign does.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Duty {
    /// Stands for a value or a word.
    Operand,
    /// Joins what stands before it and behind it.
    Infix,
    /// Belongs to what stands behind it.
    Prefix,
    /// Belongs to what stands before it.
    Postfix,
    /// Holds both sides together.
    Joint,
}

impl Duty {
    /// Whether a blank may stand before and behind.
    fn sides(self) -> (bool, bool) {
        match self {
            Self::Operand | Self::Infix => (true, true),
            Self::Prefix => (true, false),
            Self::Postfix => (false, true),
            Self::Joint => (false, false),
        }
    }
}

/// Goes through the tokens, and knows what stood before.
struct Sides<'a> {
    roles: &'a Roles,
    before: Option<Before<'a>>,
    before_that: Option<Before<'a>>,
    /// Whether the `|` of a lambda is open.
    in_lambda: bool,
}

/// A token that was passed.
#[derive(Clone, Copy)]
struct Before<'a> {
    kind: Kind,
    written: &'a str,
    ends_block: bool,
    duty: Duty,
}

impl<'a> Sides<'a> {
    /// Whether the token bears a blank before and behind it.
    fn of(&mut self, token: &Token<'a>, behind: &[Token<'_>]) -> (bool, bool) {
        if token.is_comment() {
            return (true, true);
        }
        let (duty, sides) = match token.kind {
            Kind::Open => self.opener(token),
            Kind::Close => (Duty::Operand, (token.is("}"), true)),
            Kind::Sign => {
                let duty = self.sign(token, behind);
                (duty, if self.begins_range(token) { (true, false) } else { duty.sides() })
            }
            _ => (Duty::Operand, (true, true)),
        };
        self.before_that = self.before;
        let ends_block = token.ends_block();
        self.before = Some(Before { kind: token.kind, written: token.written, ends_block, duty });
        sides
    }

    /// Whether it is the `..` of a range without a start.
    fn begins_range(&self, token: &Token<'_>) -> bool {
        token.written.starts_with("..")
            && self.before.is_some_and(|before| {
                let after_word = before.kind == Kind::Word && token.tongue == Tongue::Flow;
                self.roles.begins_item(token) || after_word || before.duty == Duty::Infix || before.written == ","
            })
    }

    fn opener(&self, token: &Token<'_>) -> (Duty, (bool, bool)) {
        let left = match token.written {
            "(" | "[" => !self.roles.is_attached(token) && !self.belongs_to_what_stands_before(token),
            "?[" => false,
            _ => true,
        };
        (Duty::Prefix, (left, matches!(token.written, "{" | "#{")))
    }

    /// Whether the bracket calls or indexes what stands before it.
    fn belongs_to_what_stands_before(&self, token: &Token<'_>) -> bool {
        let Some(before) = self.before else { return false };
        if token.tongue == Tongue::Flow || self.roles.begins_operand(token) {
            return false;
        }
        match before.kind {
            Kind::Word => !self.is_keyword(before),
            Kind::Text | Kind::Number => true,
            Kind::Close => !before.ends_block,
            Kind::Sign => before.duty == Duty::Postfix && matches!(before.written, "!" | ">"),
            _ => false,
        }
    }

    fn is_keyword(&self, word: Before<'_>) -> bool {
        let is_property = self.before_that.is_some_and(|before| matches!(before.written, "." | "?."));
        !is_property && KEYWORDS.contains(&word.written)
    }

    /// Whether an expression must begin with the token.
    fn wants_operand(&self, token: &Token<'_>) -> bool {
        let Some(before) = self.before else { return true };
        self.roles.begins_operand(token)
            || match before.kind {
                Kind::Open => true,
                Kind::Word => self.is_keyword(before),
                Kind::Sign => before.duty != Duty::Postfix || matches!(before.written, "," | ";" | ":" | "|"),
                Kind::Close => before.ends_block && token.breaks > 0,
                _ => false,
            }
    }

    fn sign(&mut self, token: &Token<'_>, behind: &[Token<'_>]) -> Duty {
        let calls = || behind.iter().find(|token| !token.is_comment()).is_some_and(|next| next.is("("));
        match (token.written, token.tongue) {
            ("," | ";" | ":", _) => Duty::Postfix,
            ("." | "?." | "::" | ".." | "..=", _) => Duty::Joint,
            ("<", Tongue::Type) => Duty::Joint,
            (">" | "?", Tongue::Type) | ("?", Tongue::Flow) => Duty::Postfix,
            ("|" | "||", Tongue::Rhai) => self.bar(token),
            ("-" | "+", Tongue::Flow | Tongue::Type) => Duty::Prefix,
            ("!", Tongue::Rhai) if !self.wants_operand(token) && calls() => Duty::Postfix,
            ("-" | "+" | "!", Tongue::Rhai) if self.wants_operand(token) => Duty::Prefix,
            _ => Duty::Infix,
        }
    }

    /// A `|` in Rhai: around the parameters of a lambda, or an operator.
    fn bar(&mut self, token: &Token<'_>) -> Duty {
        if self.in_lambda {
            self.in_lambda = false;
            return Duty::Postfix;
        }
        match self.wants_operand(token) {
            false => Duty::Infix,
            // `|| x`: a lambda without parameters.
            true if token.is("||") => Duty::Infix,
            true => {
                self.in_lambda = true;
                Duty::Prefix
            }
        }
    }
}

/// Words of Rhai behind which a value begins.
const KEYWORDS: [&str; 19] = [
    "if", "else", "while", "loop", "until", "for", "in", "do", "switch", "case", "return", "throw", "let", "const",
    "try", "catch", "import", "export", "as",
];

/// Whether two tokens would be read as others if nothing stood between them.
fn grow_together(before: &Token<'_>, after: &Token<'_>) -> bool {
    let apart = |token: &Token<'_>| token.is_comment() || token.kind == Kind::Text;
    let in_type = before.tongue == Tongue::Type && before.kind == Kind::Sign;
    !apart(before) && !apart(after) && !in_type && lexeme::grow_together(before.written, after.written)
}
