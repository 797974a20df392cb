//! One assembled engine, and the worlds it can stand in.

/// The rehearsed world of `flow test`: virtual time, mocks for everything outside.
pub mod rehearse;
