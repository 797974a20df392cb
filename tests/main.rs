//! The tests of the project, in one binary; each module goes in by a door that users use.

mod architecture;
mod base {
    mod calendar;
    mod secret;
    mod shape;
}
#[cfg(feature = "cli")]
mod cli;
mod connect;
mod docs;
#[cfg(feature = "cli")]
mod foreign;
mod fuzz;
mod lang {
    mod check;
    mod compare;
    mod finding;
    mod format;
    mod mangled;
    pub mod openapi;
    mod plan;
    mod respaced;
    mod rhai;
    mod script;
    mod syntax;
}
#[cfg(all(feature = "cli", feature = "lsp"))]
mod lsp;
mod run {
    mod again;
    mod cause;
    pub mod invariants;
    mod journal;
    mod moving;
    pub mod programs;
    pub mod random;
    pub mod semantics;
    pub mod simulator;
    mod rewind;
    mod told;
}
mod scripts;
#[cfg(all(feature = "cli", feature = "serve"))]
mod serve;
#[cfg(feature = "sqlite")]
mod simulate;
#[cfg(feature = "sqlite")]
mod store;
#[cfg(feature = "sqlite")]
mod trigger;
