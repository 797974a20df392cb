//! What the checker found out, by place: the plan is made from the trees and from this.

use std::collections::BTreeMap;
use std::sync::Arc;

use indexmap::IndexMap;

use super::mention::Notes;
use crate::base::shape::Shape;
use crate::base::span::Span;
use crate::lang::catalog::Signature;
use crate::lang::script;
use crate::lang::syntax::ast;

/// A checked program. Without errors among the diagnostics, everything a plan needs is here.
#[derive(Clone, Debug, Default)]
pub struct Checked {
    /// The file itself first, then what it uses, each once.
    pub modules: Vec<Module>,
    /// Connectors that are named, by name: of the program, then of the standard library.
    pub connectors: IndexMap<Arc<str>, Arc<ast::Connector>>,
    /// Personas, by name.
    pub personas: IndexMap<Arc<str>, Arc<ast::Persona>>,
    /// Every inline Rhai, by the span of its text.
    pub expressions: BTreeMap<Span, Expression>,
    /// Who is called, by the span of the callee's path: of steps, `undo`, `notify`, tools, mocks, `for ... from`.
    pub callees: BTreeMap<Span, Callee>,
    /// The type of what stands there: of a written type by its span, of a step's output by the step's span, of a
    /// workflow's output by the workflow's span, of an ask's answer by the step's span.
    pub shapes: BTreeMap<Span, Shape>,
    /// The name a step is known by, by the step's span; none for steps that cannot be referred to.
    pub names: BTreeMap<Span, Arc<str>>,
    /// In `parallel`, by the block's span: for each item the items, by their places in the block, that it waits for.
    pub orders: BTreeMap<Span, Vec<Vec<usize>>>,
    /// Steps that should get a type, by their spans: what they give is read further than their operation says what it is.
    /// With each, what is read of it and has no type, such as `job.body`.
    pub untyped: BTreeMap<Span, String>,
    /// What every name means, where somebody asked for it.
    pub notes: Notes,
}

/// A file that takes part.
#[derive(Clone, Debug)]
pub struct Module {
    /// The name before the dot; empty for the file itself.
    pub alias: Arc<str>,
    /// Its tree.
    pub program: Arc<ast::Program>,
    /// The files it uses, by the names it knows them by, as places among the modules.
    pub uses: Vec<(Arc<str>, usize)>,
    /// The `fn`s in scope in it.
    pub functions: Vec<script::Function>,
    /// These, compiled.
    pub library: script::Library,
}

/// An inline Rhai and what its names mean.
#[derive(Clone, Debug)]
pub struct Expression {
    /// Compiled.
    pub script: script::Expr,
    /// For each of the script's reads, in their order.
    pub targets: Vec<Target>,
    /// The type of its value.
    pub shape: Shape,
}

/// What a name in an expression means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// A scope name: `input vars state run trigger error event output key params config response reply`, or `steps` in tests.
    Scope(Arc<str>),
    /// A step, `let`, item of a loop or name in a pattern; by the spans of all that define this name where it is read
    /// (both arms of an `if` may): a step's span, or the span of a name.
    Binding(Arc<str>, Vec<Span>),
    /// `steps.NAME`: the record of a step; the path after `steps` begins with its name.
    Record(Arc<str>, Vec<Span>),
    /// A parameter of the operation by its bare name, in connectors.
    Param(Arc<str>),
    /// A dotted operation name in `calls(...)`, in tests.
    Calls,
    /// Unknown; a diagnostic says so.
    Unknown,
}

/// Who is called.
#[derive(Clone, Debug)]
pub enum Callee {
    /// An operation of a connector.
    Operation(Arc<Signature>),
    /// A workflow, by its name in the package: `NAME`, or `alias.NAME`.
    Workflow(Arc<str>),
    /// A step that waits or asks, in `mock`.
    Step(Arc<str>),
}
