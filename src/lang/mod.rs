//! Text to plan.
//!
//! In: sources by name, and the catalog of what a flow may name. Out: a plan, if there is no error, and every diagnostic.
//! Never: I/O, a clock, chance, async, hash order; anything that runs (held by `tests/architecture.rs`).

/// Text to tree: grammar, recovery, formatter. The only home of pest.
pub mod syntax;
/// Inline Rhai: compile, what it reads, limits, values in and out. The only home of rhai.
pub mod script;
/// What a flow may name: operations, triggers, personas, as signatures.
pub mod catalog;
/// Tree and catalog to what is checked: names, shapes, effects, order.
pub mod check;
/// Values and examples as programs write them.
pub mod layout;
/// What is checked to the plan; printed, drawn, compared.
pub mod plan;
/// A service's own description to the text of a connector.
pub mod openapi;
/// Programs of other workflow languages to programs of this one.
pub mod foreign;
/// All of these in a row: a file and what it uses, from text to package.
mod compilation;

pub use compilation::{Compilation, Files, NoFiles, Study, beside, compile, compile_after, standard_connector, study};
pub use syntax::{Edit, Kept, Unformatted, format, format_edits};
