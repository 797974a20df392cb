//! The codes of diagnostics about inline Rhai; each has a page in `docs/errors`.

use crate::base::diagnostic::Code;

/// The text is no Rhai: something is missing, or stands where it cannot.
pub const SYNTAX: Code = Code("F0901");
/// A form of another language, for which Rhai has its own.
pub const MISTAKEN: Code = Code("F0902");
/// A string that does not end, or an escape or `${}` in it that is wrong.
pub const STRING: Code = Code("F0903");
/// A number or a duration that cannot be read.
pub const NUMBER: Code = Code("F0904");
/// An expression that is too long or too deep.
pub const TOO_LARGE: Code = Code("F0905");
/// An assignment to what cannot be changed here.
pub const ASSIGNMENT: Code = Code("F0906");
/// A function nobody declares, or with another number of arguments.
pub const FUNCTION: Code = Code("F0907");
/// Something of Rhai that scripts of a program may not use.
pub const FORBIDDEN: Code = Code("F0908");
/// A `fn` reads what only stands outside of it.
pub const OUTSIDE: Code = Code("F0909");
/// The name in `env` or `secret` is no plain string.
pub const SETTING: Code = Code("F0910");
/// A comparison with `null`, which is a value to be sent and never stands for absence.
pub const NULL: Code = Code("F0911");
/// `break`, `continue` or a declaration where it means nothing.
pub const PLACE: Code = Code("F0912");
