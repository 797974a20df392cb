//! The tests of the project, in one binary.

#[path = "lang/script.rs"]
mod script;

mod connect;
