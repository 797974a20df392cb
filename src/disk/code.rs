//! The codes of what can be wrong with a file before its text is looked at.

use crate::base::diagnostic::Code;

/// A file cannot be read, or is no text.
pub const UNREADABLE: Code = Code("F0100");
