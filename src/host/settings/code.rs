//! The codes of what can be wrong with settings.

use crate::base::diagnostic::Code;

/// `flow.toml` is no TOML, or cannot be read.
pub const UNREADABLE: Code = Code("F0801");
/// A setting that nobody knows.
pub const UNKNOWN: Code = Code("F0802");
/// A setting of the wrong type.
pub const MISFIT: Code = Code("F0803");
/// The program, or a connector that it uses, needs a setting that is missing.
pub const MISSING: Code = Code("F0804");
/// `--set` without `path=value`.
pub const USAGE: Code = Code("F0805");
/// A template of a message that is not there.
pub const TEMPLATE: Code = Code("F0806");
/// An address on which credentials go unencrypted.
pub const PLAIN: Code = Code("F0807");
