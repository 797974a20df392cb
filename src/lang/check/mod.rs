//! Whether a program means something: names, shapes, effects, order.
//!
//! In: the trees of a program and of what it uses, and the catalog. Out: what was found out about them, and diagnostics.
//! Never: how it will run (held by `tests/architecture.rs`).

pub mod checked;

pub use checked::{Callee, Checked, Expression, Module, Target};
