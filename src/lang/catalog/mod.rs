//! What a flow may name: operations, triggers, personas, as signatures.
//!
//! In: the connectors and personas that a program declares or names, and the standard library's. Out: signatures.
//! Never: how an operation is carried out; that is `connect`'s affair (held by `tests/architecture.rs`).

pub mod signature;

pub use signature::{Effect, Signature};
