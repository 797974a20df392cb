//! The tests of the project, in one binary; each module goes in by a door that users use.

mod architecture;
mod base {
    mod shape;
}
mod connect;
mod lang {
    mod check;
    mod plan;
    mod script;
    mod syntax;
}
