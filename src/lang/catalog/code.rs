//! The codes of what can be wrong with types and with what a connector declares.

use crate::base::diagnostic::Code;

/// A type that nobody declares.
pub const UNKNOWN_TYPE: Code = Code("F0301");
/// A type that contains itself, or grows too large when written out.
pub const ENDLESS_TYPE: Code = Code("F0302");
/// Something between `<` and `>` or between `(` and `)` that does not belong to the type.
pub const TYPE_ARGUMENTS: Code = Code("F0303");
/// A default or initial value that is not known before the run, or does not fit its type.
pub const DEFAULT: Code = Code("F0304");
/// A name that is declared twice.
pub const TWICE: Code = Code("F0202");
