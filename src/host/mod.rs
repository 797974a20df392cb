//! One assembled engine.
//!
//! In: a program, settings. Out: an engine that can run it. Never: a rule of the language; those live in `lang` and `run`
//! (held by `tests/architecture.rs`).

/// Stand-ins on loopback for everything a program would call.
#[cfg(feature = "sandbox")]
pub mod sandbox;
/// What is set beside the program: `flow.toml`, the environment, `--set`.
pub mod settings;
