//! The tests of the project, in one binary; each module goes in by a door that users use.

mod architecture;
#[cfg(feature = "cli")]
mod cli;
mod connect;
#[cfg(feature = "cli")]
mod docs;
mod lang {
    mod check;
    mod script;
    mod syntax;
}
