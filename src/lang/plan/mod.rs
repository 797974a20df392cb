//! The plan: what a checked program will do, as data.
//!
//! In: a checked program. Out: an immutable, serialisable plan with a digest for each node and for the whole.
//! Never: anything that happens while it runs (held by `tests/architecture.rs`).

pub mod body;
pub mod compare;
pub mod connector;
pub mod effects;
pub mod evaluate;
mod fingerprint;
pub mod formula;
pub mod graph;
pub mod handler;
mod lower;
pub mod node;
mod print;
pub mod reference;
pub mod serverless;
pub mod source;
mod squeeze;
pub mod test;
pub mod trigger;
pub mod visit;
pub mod workflow;
pub mod written;

pub use body::{Body, Branch, Gather, Pattern};
pub use connector::{Connector, Operation};
pub use effects::{Effects, Target, effects, input_read, settings_read};
pub use evaluate::{Roots, With};
pub use formula::{Formula, Root, Script, Slot};
pub use handler::{Chain, ChainId, Handler, HandlerAction, HandlerId, Link, Pause, Types};
pub use lower::lower;
pub use node::{Clauses, Kind, Node, NodeId};
pub use print::print;
pub use source::Source;
pub use workflow::{Moment, Package, Plan};
