//! The tree of a program, as written: every node knows its place, nothing is resolved yet.
//!
//! One file per noun of the language; the same nouns name the files of the later phases.

mod block;
mod connector;
mod handler;
mod moved;
mod program;
mod step;
mod test;
mod trigger;
mod types;
mod value;

pub use block::*;
pub use connector::*;
pub use handler::*;
pub(in crate::lang::syntax) use moved::{Further, Moved};
pub use program::*;
pub use step::*;
pub use test::*;
pub use trigger::*;
pub use types::*;
pub use value::*;
