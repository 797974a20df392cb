//! The codes of what can be wrong with the files of a program, before their text is looked at.

use crate::base::diagnostic::Code;

/// A file cannot be read, or is no text.
pub const UNREADABLE: Code = Code("F0100");
