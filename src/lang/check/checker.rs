//! The checker: what it knows, where it is, and what it has found.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::checked::{Checked, Expression, Module};
use super::error::Errors;
use super::handler::Raised;
use super::names::{Binding, Names};
use crate::base::diagnostic::Diagnostic;
use crate::base::limit::DIAGNOSTICS_MAX;
use crate::base::shape::{Object, Shape};
use crate::base::span::Span;
use crate::lang::catalog::{Catalog, Tree};
use crate::lang::script;
use crate::lang::syntax::ast;

/// A value as far as it is known before the run.
#[derive(Clone, Debug, Default)]
pub(super) struct Typed {
    pub shape: Shape,
    /// Whether a secret is in it.
    pub secret: bool,
}

impl Typed {
    pub fn of(shape: Shape) -> Self {
        Self { shape, secret: false }
    }
}

/// A workflow seen from outside.
#[derive(Clone, Debug, Default)]
pub(super) struct Face {
    /// What it takes.
    pub input: Arc<Object>,
    /// What it gives; `any` until it has been checked.
    pub output: Shape,
    /// What it may fail with.
    pub raised: Raised,
}

/// What one file declares.
#[derive(Default)]
pub(super) struct Declared<'a> {
    pub workflows: BTreeMap<Arc<str>, &'a ast::Workflow>,
    pub handlers: BTreeMap<Arc<str>, &'a ast::HandlerSet>,
    pub functions: BTreeMap<Arc<str>, &'a ast::Function>,
}

/// In whose braces a statement stands, as far as it decides what may stand there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// In the course of the workflow.
    Body,
    /// In an `alternate`.
    Alternate,
    /// In a `notify`.
    Notify,
    /// In an `undo`.
    Undo,
    /// In a `remind` or `escalate`.
    Remind,
    /// In `on success` and its like, or `finally`.
    Lifecycle,
}

/// Where the checker is.
#[derive(Clone, Debug)]
pub(super) struct Here {
    pub place: Place,
    /// The scope names that stand for something here, with their types.
    pub words: Vec<(&'static str, Typed)>,
    /// The parameters of an operation, by their bare names; only in connectors.
    pub params: Option<Vec<(Arc<str>, Shape)>>,
    /// How many loops are around.
    pub loops: usize,
    /// Whether the nearest body is that of a `parallel`.
    pub parallel: bool,
    /// Whether a `parallel` is anywhere around.
    pub concurrent: bool,
    /// The paths that conditions around have looked at: nobody is told that they may be absent.
    pub tested: Vec<String>,
    /// The locks around, by the text of their keys.
    pub locks: Vec<(Arc<str>, Span)>,
    /// The step whose `undo` or handlers these are.
    pub owner: Option<Arc<str>>,
    /// The clause at hand, as messages call it, where it is computed before there is a run.
    pub before_run: Option<&'static str>,
    /// Whether names may be anybody's: in `handler NAME`, which stands for its text wherever it is taken in.
    pub lenient: bool,
}

impl Default for Here {
    fn default() -> Self {
        Self {
            place: Place::Body,
            words: Vec::new(),
            params: None,
            loops: 0,
            parallel: false,
            concurrent: false,
            tested: Vec::new(),
            locks: Vec::new(),
            owner: None,
            before_run: None,
            lenient: false,
        }
    }
}

impl Here {
    pub fn word(&self, name: &str) -> Option<&Typed> {
        self.words.iter().rev().find(|(word, _)| *word == name).map(|(_, typed)| typed)
    }
}

/// What belongs to the workflow at hand.
#[derive(Default)]
pub(super) struct Course<'a> {
    /// Names of steps and lets anywhere in it, for those who look for one in vain.
    pub declared: BTreeMap<Arc<str>, Span>,
    /// Where steps say their names, by the span of the step.
    pub places: BTreeMap<Span, Span>,
    /// Names given to steps that have none, by span.
    pub implied: BTreeMap<Span, Arc<str>>,
    /// Operation words that several unnamed steps have.
    pub ambiguous: BTreeSet<Arc<str>>,
    /// Variables that a secret was put into.
    pub secret_vars: BTreeSet<Arc<str>>,
    /// What its `return`s give.
    pub returned: Vec<Shape>,
    /// The handlers around, innermost last, for steps that ask what may repeat them.
    pub scopes: Vec<&'a ast::Block>,
    /// Steps that call an operation and state no type, by span.
    pub calls: BTreeSet<Span>,
    /// Where `input`, `vars`, `state` and `config` declare their fields, by scope and name; noted for editors.
    pub fields: BTreeMap<(Arc<str>, Arc<str>), Span>,
    /// Where the parameters of the operation at hand are declared; likewise.
    pub params: BTreeMap<Arc<str>, Span>,
    /// Where the steps of the workflow are named that the test at hand is for; likewise.
    pub steps: BTreeMap<Arc<str>, Vec<Span>>,
}

/// Everything the checker works with.
pub(super) struct Checker<'a> {
    pub trees: &'a [Tree],
    pub catalog: &'a Catalog,
    pub declared: Vec<Declared<'a>>,
    /// Names in text that could not be read, by file.
    pub broken: Vec<BTreeSet<Arc<str>>>,
    /// The topics that are sent anywhere.
    pub events: BTreeSet<Arc<str>>,
    /// The error types of all files.
    pub errors: Errors,
    /// Workflows by their names in the package.
    pub faces: BTreeMap<Arc<str>, Face>,
    /// Compiled expressions; `None` for those that do not compile.
    pub compiled: BTreeMap<Span, Option<script::Expr>>,
    pub checked: Checked,
    /// What the read that was followed last asks for its last part, if what it leads to is surely there.
    pub sure: Option<Shape>,
    /// Places in functions of which a call has been told that they never work.
    pub told: BTreeSet<Span>,
    /// Whether the meaning of every name is noted, for editors.
    pub noting: bool,
    /// The types along the read that was followed last; noted for editors.
    pub trail: Vec<Shape>,
    pub found: Vec<Diagnostic>,
    errors_found: usize,
    warnings_found: usize,
    /// The place of the tree at hand.
    pub tree: usize,
    pub names: Names,
    pub here: Here,
    pub course: Course<'a>,
}

impl<'a> Checker<'a> {
    pub fn new(trees: &'a [Tree], catalog: &'a Catalog) -> Self {
        let declared = trees.iter().map(|tree| Declared::of(&tree.program)).collect();
        let broken =
            trees.iter().map(|tree| tree.program.poisoned.iter().map(|name| name.text.clone()).collect()).collect();
        let mut checker = Self {
            trees,
            catalog,
            declared,
            broken,
            events: super::error::sent(trees),
            errors: Errors::of(trees),
            faces: BTreeMap::new(),
            compiled: BTreeMap::new(),
            checked: Checked::default(),
            sure: None,
            told: BTreeSet::new(),
            noting: false,
            trail: Vec::new(),
            found: Vec::new(),
            errors_found: 0,
            warnings_found: 0,
            tree: 0,
            names: Names::default(),
            here: Here::default(),
            course: Course::default(),
        };
        for place in 0..trees.len() {
            let functions = super::declaration::functions(trees, place, 0);
            let (library, mut wrong) = script::Library::compile(&functions);
            // What is wrong with a function of a used file is said once, where that file is at hand.
            wrong.retain(|found| found.primary.span.file == trees[place].program.file);
            checker.found.append(&mut wrong);
            let tree = &trees[place];
            checker.checked.modules.push(Module {
                alias: tree.alias.clone(),
                program: tree.program.clone(),
                uses: tree.uses.clone(),
                functions,
                library,
            });
        }
        checker
    }

    /// Takes a finding in. What comes after so many that nobody reads them is dropped, errors and warnings apart, so that
    /// warnings never hide an error.
    pub fn report(&mut self, diagnostic: Diagnostic) {
        let count = if diagnostic.is_error() { &mut self.errors_found } else { &mut self.warnings_found };
        *count += 1;
        if *count <= DIAGNOSTICS_MAX + 1 {
            self.found.push(diagnostic);
        }
    }

    /// Whether no further error will be taken in, so that there is no need to look for near names.
    pub fn is_full(&self) -> bool {
        self.errors_found > DIAGNOSTICS_MAX
    }

    /// From here on the paths are known to have been looked at.
    pub fn look_at(&mut self, paths: Vec<String>) {
        for path in paths {
            if !self.here.tested.contains(&path) {
                self.here.tested.push(path);
            }
        }
    }

    /// Whether `name` stands in text that could not be read, so that nobody should be told it does not exist.
    pub fn is_broken(&self, name: &str) -> bool {
        self.broken.get(self.tree).is_some_and(|names| names.contains(name))
    }

    /// Does `inner` somewhere else, and comes back.
    pub fn at<T>(&mut self, here: Here, inner: impl FnOnce(&mut Self) -> T) -> T {
        let before = std::mem::replace(&mut self.here, here);
        let result = inner(self);
        self.here = before;
        result
    }

    /// Does `inner` in a clause of a workflow that is computed before there is a run: what came is all that is there.
    pub fn before_run<T>(&mut self, clause: &'static str, inner: impl FnOnce(&mut Self) -> T) -> T {
        let mut here = self.here.clone();
        here.words.retain(|(word, _)| matches!(*word, "input" | "trigger"));
        here.before_run = Some(clause);
        self.at(here, inner)
    }

    /// Does `inner` in a scope of its own; gives what was declared in it, too.
    pub fn scoped<T>(&mut self, inner: impl FnOnce(&mut Self) -> T) -> (T, Vec<Binding>) {
        let mark = self.names.mark();
        let result = inner(self);
        (result, self.names.leave(mark))
    }

    /// Does `inner` where the conditions that read `paths` are known to have been looked at.
    pub fn having_tested<T>(&mut self, paths: &[String], inner: impl FnOnce(&mut Self) -> T) -> T {
        let before = self.here.tested.len();
        self.look_at(paths.to_vec());
        let result = inner(self);
        self.here.tested.truncate(before);
        result
    }

    /// The library of the file at hand.
    pub fn library(&self) -> script::Library {
        self.checked.modules[self.tree].library.clone()
    }

    pub fn keep_expression(&mut self, span: Span, expression: Expression) {
        self.checked.expressions.insert(span, expression);
    }

    /// What was found, in the order of the text, each thing once.
    pub fn finish(mut self) -> (Checked, Vec<Diagnostic>) {
        self.found.sort_by_key(|found| (found.primary.span, !found.is_error()));
        let mut seen = BTreeSet::new();
        self.found.retain(|found| seen.insert((found.primary.span, found.code.0, found.message.clone())));
        (self.checked, self.found)
    }
}

impl<'a> Declared<'a> {
    fn of(program: &'a ast::Program) -> Self {
        let mut declared = Self::default();
        for declaration in &program.declarations {
            match declaration {
                ast::Declaration::Workflow(workflow) => {
                    declared.workflows.entry(workflow.name.text.clone()).or_insert(workflow);
                }
                ast::Declaration::Handler(handler) => {
                    declared.handlers.entry(handler.name.text.clone()).or_insert(handler);
                }
                ast::Declaration::Fn(function) => {
                    declared.functions.entry(function.name.text.clone()).or_insert(function);
                }
                ast::Declaration::Use(_)
                | ast::Declaration::Type(_)
                | ast::Declaration::Connector(_)
                | ast::Declaration::Persona(_)
                | ast::Declaration::Test(_) => {}
            }
        }
        declared
    }
}
