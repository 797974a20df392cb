//! The tests of the project, in one binary; each module goes in by a door that users use.

mod lang {
    mod script;
    mod syntax;
}
