//! Plan to events: a pure machine and a thin driver around it.
//!
//! In: plans, and a world that answers. Out: journals. Never: how the world answers (held by `tests/architecture.rs`).

pub mod event;
pub mod history;
pub mod machine;
pub mod world;
