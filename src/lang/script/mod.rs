//! Inline Rhai: what expressions and scripts say, read and give.
//!
//! A text becomes a tree of our own, so that faults, reads and types have exact places; the tree is written out as Rhai
//! when it is first evaluated, with the paths it reads from outside as plain variables. Constants and paths never get
//! that far.
//!
//! In: the text of an expression with its place, and the `fn`s in scope. Out: an `Expr` that says what it reads and
//! calls, and gives a value in a `Scope`; or diagnostics.
//! Never: a file, the network, a clock, chance or a terminal, except what a `Scope` answers (held by the test of purity
//! in `tests/lang/script.rs`); and rhai outside of this folder (held by `tests/architecture.rs`).

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::base::diagnostic::Diagnostic;
use crate::base::span::Span;

mod add;
mod ambient;
mod broken;
pub mod code;
mod compute;
mod convert;
mod demand;
mod discreet;
mod emit;
mod engine;
mod expr;
mod fault;
pub mod functions;
mod infer;
mod jq;
mod library;
mod literal;
mod mistaken;
mod parse;
mod path;
mod resolve;
mod stack;
mod statement;
mod taint;
mod token;
mod tree;
pub mod word;

pub use add::added;
pub use broken::Broken;
pub use demand::Demand;
pub use expr::{Expr, Scope};
pub use functions::{FixedFunction, functions};
pub use infer::{Gap, Wrong, field, joined};
pub use jq::Outside;
pub use library::Library;
pub use mistaken::method_called;
pub use path::{Key, Segment};
pub use resolve::{Called, Origin, Place, Read, Setting};

/// What kind of text an expression is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Form {
    /// One expression: a value, a condition.
    Expression,
    /// Statements separated by `;`: `script { }`, bodies of `fn` and of personas.
    Block,
}

/// One declared `fn name(params) { body }`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Function {
    /// Its name; `alias.name` for one of a used file.
    pub name: Arc<str>,
    /// The names of its parameters.
    pub params: Vec<Arc<str>>,
    /// The text between its braces.
    pub body: Arc<str>,
    /// The place of that text.
    pub span: Span,
    /// The place of its name.
    pub name_span: Span,
    /// The places of the names of its parameters, where the text is at hand.
    #[serde(skip)]
    pub param_spans: Vec<Span>,
}

/// Compiles `text`, which stands at `span`. What it reads from outside need not exist: who knows the names in scope
/// checks [`Expr::reads`].
pub fn compile(text: &str, span: Span, form: Form, library: &Library) -> Result<Expr, Vec<Diagnostic>> {
    stack::with_room(text, || {
        let tree = match form {
            Form::Expression => parse::expression(text, span),
            Form::Block => parse::block(text, span, true),
        };
        let mut tree = tree.map_err(|found| found.into_iter().map(Diagnostic::from).collect::<Vec<_>>())?;
        let found = resolve::resolve(&mut tree, &[], None, library, Vec::new());
        if !found.diagnostics.is_empty() {
            return Err(found.diagnostics);
        }
        Ok(Expr::new(text, span, tree, found, library.clone()))
    })
}
