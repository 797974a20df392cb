//! Whether a program means something: names, shapes, effects, order.
//!
//! In: the trees of a program and of what it uses, and the catalog. Out: what was found out about them, and diagnostics.
//! Never: how it will run (held by `tests/architecture.rs`).
//!
//! Workflows are looked at callees first, each from top to bottom: `checker` knows where the walk is, `names` what is seen
//! there, `expression` what names mean and which type comes of them, `value` whether that is the type that is wanted. Every
//! other file holds what there is to say about one noun of the language.

mod ask;
mod auth;
mod block;
mod branch;
mod call;
pub mod checked;
mod checker;
pub mod code;
mod connector;
mod declaration;
mod error;
mod expression;
mod handler;
mod header;
mod lock;
mod lost;
pub mod mention;
mod names;
mod pages;
mod parallel;
mod persona;
mod race;
mod repeat;
pub(in crate::lang) mod reserved;
mod secret;
mod set;
mod source;
mod step;
mod test;
mod trigger;
mod turns;
mod unknown;
mod value;
mod wait;
mod walk;
mod workflow;

pub use checked::{Callee, Checked, Expression, Module, Target};
pub use mention::{HOLE, Hole, Mention, Named, Notes};

use super::catalog::{Catalog, Tree};
use crate::base::diagnostic::Diagnostic;

/// Everything that can be known of a program before it runs. `trees` are the file itself, the files it uses, then those of
/// the standard library; `catalog` was made of them.
/// With `noting`, every name is noted, with what it means.
pub fn check(trees: &[Tree], catalog: &Catalog, noting: bool) -> (Checked, Vec<Diagnostic>) {
    let mut checker = checker::Checker::new(trees, catalog);
    checker.noting = noting;
    checker.mention_declarations();
    checker.declarations();
    checker.checked.personas = catalog.personas.clone();
    checker.finish()
}
