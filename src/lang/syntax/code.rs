//! The codes of what can be wrong with the form of a program; each has a page in `docs/errors/`.

use crate::base::diagnostic::Code;

/// A string, a text or a template that nothing ends.
pub const UNCLOSED_TEXT: Code = Code("F0101");
/// A comment that nothing ends.
pub const UNCLOSED_COMMENT: Code = Code("F0102");
/// A bracket that nothing closes.
pub const UNCLOSED_BRACKET: Code = Code("F0103");
/// A bracket that closes nothing.
pub const STRAY_BRACKET: Code = Code("F0104");
/// Brackets nested too deep.
pub const TOO_DEEP: Code = Code("F0105");
/// A file, or an expression, beyond its bound.
pub const TOO_LARGE: Code = Code("F0106");
/// A character that cannot be seen, or looks like another.
pub const ODD_CHARACTER: Code = Code("F0107");
/// Quotes that are none here.
pub const QUOTES: Code = Code("F0108");
/// A comment of another language.
pub const FOREIGN_COMMENT: Code = Code("F0109");
/// Text that is nothing that may stand in its place.
pub const NOT_UNDERSTOOD: Code = Code("F0110");
/// Two items with nothing between them.
pub const NO_SEPARATOR: Code = Code("F0111");
/// Something that must be written and is not.
pub const MISSING: Code = Code("F0112");
/// A word that no statement begins with, near to one that does.
pub const UNKNOWN_WORD: Code = Code("F0113");
/// A name that Rhai could not read.
pub const MALFORMED_NAME: Code = Code("F0114");
/// `${}` where nothing is filled in, or an unknown escape.
pub const PLAIN_TEXT: Code = Code("F0115");
/// `=` for `:`, or `:` for `=`.
pub const COLON_OR_EQUALS: Code = Code("F0116");
/// The way another language says it.
pub const FOREIGN_WORD: Code = Code("F0117");
/// A `{` below its header.
pub const BRACE_BELOW: Code = Code("F0118");
/// A `;` outside scripts.
pub const SEMICOLON: Code = Code("F0119");
/// A number or duration that is none.
pub const MALFORMED_NUMBER: Code = Code("F0120");
/// Something in a place where it cannot stand.
pub const MISPLACED: Code = Code("F0121");
/// A parameter of a clause that is too long to stand without brackets.
pub const NEEDS_BRACKETS: Code = Code("F0122");
/// A text that looks as if something should be filled in.
pub const NOT_FILLED_IN: Code = Code("F0123");
/// An expression that stops in the middle.
pub const BROKEN_EXPRESSION: Code = Code("F0124");
/// Bounds or patterns of a type that are none.
pub const MALFORMED_TYPE: Code = Code("F0125");
