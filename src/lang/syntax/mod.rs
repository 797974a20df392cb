//! The tree of a program and how text becomes one. The only home of pest.
//!
//! In: the text of one file. Out: a tree, always, and every diagnostic about its form.
//! Never: what names mean (held by `tests/architecture.rs`: nothing of `lang` but `syntax` is named here).

pub mod ast;
