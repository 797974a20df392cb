//! What the names of a tree stand for: locals, paths outside, functions, settings; and what follows from it: what an
//! expression reads, and where a value that is absent does no harm.

use std::sync::Arc;

use super::library::Library;
use super::path::Segment;
use super::tree::{Name, Node};
use crate::base::diagnostic::Diagnostic;
use crate::base::span::Span;

mod call;
mod fact;
mod name;
mod sense;

pub(super) use call::{tolerates, wants};
pub(super) use fact::proven;

/// One outer path that an expression reads.
#[derive(Clone, Debug, PartialEq)]
pub struct Read {
    /// The name in scope it begins with: `input`, a step, `vars` ...
    pub root: Arc<str>,
    /// How it goes on, as far as it is known before the run.
    pub path: Vec<Segment>,
    /// Its place, from the root to the last segment.
    pub span: Span,
    /// Whether `()` at its end does no harm here: it stands before `??`, is compared by `==`, is passed on as it is, or
    /// was tested before.
    pub guarded: bool,
    /// How many of its segments are known to lead to something here, because a test around it said so: with 0 the root
    /// was tested, with `path.len()` the value itself; `None` where nobody looked. A field behind that may be `()` only
    /// where the next is `?.`.
    pub tested: Option<usize>,
}

/// A place at which an outer path is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The read, by its number.
    pub read: usize,
    /// Where its root stands.
    pub root: Span,
    /// Where its segments stand.
    pub segments: Vec<Span>,
}

/// One call of a function by name.
#[derive(Clone, Debug, PartialEq)]
pub struct Called {
    /// The name as written; with its alias for a function of a used file.
    pub name: Arc<str>,
    /// The place of the name.
    pub span: Span,
    /// How many arguments are given, the value before the dot included.
    pub arguments: usize,
    /// Who knows it.
    pub origin: Origin,
}

/// Where a function comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A `fn` of the program.
    Program,
    /// One of the fixed functions of the language.
    Fixed,
    /// Rhai itself.
    Rhai,
    /// A `fn` or a closure of the same script.
    Local,
    /// Nobody that is known before the run: a method whose receiver may be a map that holds a closure.
    Unknown,
}

/// A setting that is read by its literal name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// Its name.
    pub name: Arc<str>,
    /// Whether it was asked for by `secret`, not by `env`.
    pub secret: bool,
    /// The place of the call.
    pub span: Span,
}

/// What must be true of a value where it is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Demand {
    /// Nothing: it is passed on, or `()` is fine.
    Nothing,
    /// It must be there.
    Present,
    /// It is compared with a number.
    Number,
    /// It is compared with a text.
    Text,
}

/// A path that is bound before the evaluation. Paths that are read twice with the same demand share one.
#[derive(Clone, Debug)]
pub(super) struct Slot {
    /// The read that asks for its root.
    pub read: usize,
    pub demand: Demand,
    /// Whether a closure reads it.
    pub captured: bool,
}

/// What there is to know about a tree.
#[derive(Debug, Default)]
pub(super) struct Resolved {
    pub reads: Vec<Read>,
    pub slots: Vec<Slot>,
    pub settings: Vec<Setting>,
    pub called: Vec<Called>,
    /// Every place at which something outside is read.
    pub places: Vec<Place>,
    /// Every place of a variable of its own, with the place at which it is declared.
    pub variables: Vec<(Span, Span)>,
    pub diagnostics: Vec<Diagnostic>,
    /// The names it declares itself.
    pub declared: Vec<Arc<str>>,
    /// Whether a clock, chance, a sink or a function of the program may be asked during the evaluation.
    pub asks: bool,
}

/// Resolves the names of `node`. `params` are the locals at the beginning; inside of the `fn` called `inside` nothing
/// outer is seen. Settings are numbered on from those in `settings`.
pub(super) fn resolve(
    node: &mut Node,
    params: &[Name],
    inside: Option<&str>,
    library: &Library,
    settings: Vec<Setting>,
) -> Resolved {
    let mut resolver = name::Resolver::new(library);
    resolver.found.settings = settings;
    resolver.declare(params.iter().cloned());
    resolver.function = inside.is_some();
    resolver.space = inside.and_then(|name| name.rsplit_once('.')).map(|(space, _)| format!("{space}."));
    resolver.hoist(node);
    resolver.node(node, Demand::Nothing);
    resolver.found
}
