//! The tests of the project, in one binary; each module goes in by a door that users use.

mod architecture;
mod connect;
mod run {
    mod journal;
    mod random;
    mod semantics;
    mod simulator;
    mod told;
}
mod lang {
    mod check;
    mod plan;
    mod script;
    mod syntax;
}
