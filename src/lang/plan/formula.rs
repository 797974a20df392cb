//! What is computed while a plan runs: constants, paths, Rhai, and objects and lists of these.

use std::sync::{Arc, OnceLock};

use serde::{Deserialize, Serialize};

use super::workflow::Functions;
use crate::base::span::Span;
use crate::base::value::Value;
use crate::lang::script;

/// A value to be computed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Formula {
    /// Known already.
    Constant(Value),
    /// Computed by Rhai, or read along a path.
    Script(Script),
    /// An object, field by field.
    Object(Vec<(Arc<str>, Formula)>),
    /// A list, item by item.
    List(Vec<Formula>),
}

impl Formula {
    /// The value, where it is known already.
    pub fn constant(&self) -> Option<&Value> {
        match self {
            Self::Constant(value) => Some(value),
            Self::Script(_) | Self::Object(_) | Self::List(_) => None,
        }
    }
}

/// A piece of Rhai with its names resolved.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Script {
    /// Its text.
    pub source: Arc<str>,
    /// Where it stands.
    pub span: Span,
    /// One expression, or statements.
    pub form: script::Form,
    /// For each of the script's reads, in their order, where its root is found.
    pub roots: Vec<Root>,
    /// The `fn`s it sees where they are not those of the plan: in a `handler` that was taken in from another file.
    pub home: Option<Arc<Functions>>,
    /// Compiled at first use; the checker puts in what it compiled already.
    #[serde(skip)]
    pub compiled: OnceLock<script::Expr>,
}

impl Script {
    /// The compiled form. `library` holds the `fn`s of the plan, which it sees unless it has a home of its own.
    ///
    /// # Panics
    /// If the text does not compile: a plan holds only text that did.
    pub fn compiled(&self, library: &script::Library) -> &script::Expr {
        self.compiled.get_or_init(|| {
            let library = self.home.as_ref().map_or(library, |home| home.library());
            match script::compile(&self.source, self.span, self.form, library) {
                Ok(expr) => expr,
                Err(_) => unreachable!("a plan holds only scripts that compiled when it was made"),
            }
        })
    }
}

/// Where a name of a script finds its value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Root {
    /// `input`
    Input,
    /// `vars`
    Vars,
    /// `state`
    State,
    /// `run`
    Run,
    /// `trigger`
    Trigger,
    /// The output of a step, a `let`, the item of a loop, a name in a pattern.
    Slot(Slot),
    /// `steps.NAME`: the record of a step; the path after `steps` begins with this name.
    Record(Arc<str>, Slot),
    /// `error`, in handlers
    Error,
    /// `event`, in `where`
    Event,
    /// `output`, in `undo` and tests
    Output,
    /// `key`, in `undo`
    Key,
    /// `params`: the parameters of an operation, in connectors, handlers of steps and mocks
    Params,
    /// One parameter of the operation by its bare name, in connectors
    Param(Arc<str>),
    /// `config`, in connectors
    Config,
    /// `response`, in connectors
    Response,
    /// `query`, `body` and so on in `paginate`: parts of the request
    Request,
    /// `reply`, in tests
    Reply,
    /// `steps`, in tests: all records of the run
    Steps,
    /// `calls(connector.operation)`, in tests: the calls made so far, by operation
    Calls,
    /// `emitted("topic")`, in tests: the events emitted so far, by topic
    Emitted,
}

/// A place in a frame. Frames are nested: the run has depth 0; each turn, branch and handler body opens one more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Slot {
    /// Depth of the frame.
    pub depth: u16,
    /// Place in the frame.
    pub index: u32,
}
