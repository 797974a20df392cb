//! The words every other module speaks.
//!
//! In: nothing. Out: plain data and the rules that belong to one piece of data alone.
//! Never: I/O, a clock, chance, async (held by `tests/architecture.rs`).

pub mod calendar;
pub mod diagnostic;
pub mod failure;
pub mod id;
pub mod letter;
pub mod limit;
pub mod plain;
pub mod report;
pub mod secret;
pub mod shape;
pub mod span;
pub mod stack;
pub mod status;
pub mod table;
pub mod time;
pub mod value;
