//! The `fn`s of a program: parsed and resolved at once, compiled by Rhai when first one of them is called.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use super::emit::{Emitter, Marks};
use super::engine;
use super::resolve::{self, Called, Setting};
use super::stack;
use super::tree::{Name, Node};
use super::{Function, code, parse};
use crate::base::diagnostic::Diagnostic;
use crate::base::limit;
use crate::base::span::Span;

/// The line of the emitted text at which functions begin: what lies before belongs to the expression that calls them, so
/// that a place says by its line which of the two texts it means.
pub(super) const FIRST_LINE: usize = 32_768;

/// All `fn`s that expressions may call. Cloning it costs a count.
#[derive(Clone, Default)]
pub struct Library(Arc<Inner>);

#[derive(Default)]
struct Inner {
    functions: BTreeMap<Arc<str>, Entry>,
    settings: Vec<Setting>,
    compiled: OnceLock<Result<Compiled, String>>,
}

struct Entry {
    params: Vec<Name>,
    body: Option<Node>,
    /// Whom it calls.
    called: Vec<Called>,
    /// Its variables, with the places at which they are declared.
    variables: Vec<(Span, Span)>,
}

/// The functions as Rhai has them.
#[derive(Clone)]
pub(super) struct Compiled {
    pub ast: rhai::AST,
    pub marks: Marks,
}

impl std::fmt::Debug for Library {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.functions.keys()).finish()
    }
}

impl Library {
    /// No functions.
    pub fn empty() -> Self {
        Self::default()
    }

    /// The functions of a program with everything that is wrong with their bodies. A function of a used file is called
    /// `alias.name`; in its body the others of that file are known by their bare names. Of two functions with one name
    /// the first counts; to complain about it is the affair of who knows the files.
    pub fn compile(functions: &[Function]) -> (Self, Vec<Diagnostic>) {
        let deep = functions.iter().map(|function| &*function.body).find(|body| stack::may_be_deep(body));
        stack::with_room(deep.unwrap_or_default(), || Self::compiled_from(functions))
    }

    fn compiled_from(functions: &[Function]) -> (Self, Vec<Diagnostic>) {
        let mut diagnostics = Vec::new();
        let mut entries = BTreeMap::new();
        for function in functions {
            let body = parse::block(&function.body, function.span, false);
            let body = body.map_err(|found| diagnostics.extend(found.into_iter().map(Diagnostic::from))).ok();
            if function.params.len() > limit::SCRIPT_ARGUMENTS_MAX {
                let message = format!("a `fn` has at most {} parameters", limit::SCRIPT_ARGUMENTS_MAX);
                let found = Diagnostic::error(code::TOO_LARGE, function.name_span, message);
                diagnostics.push(found.hint("hand over a list or a map"));
            }
            let place = |at: usize| function.param_spans.get(at).copied().unwrap_or(function.name_span);
            let name = |(at, text): (usize, &Arc<str>)| Name { text: text.clone(), span: place(at) };
            let params = function.params.iter().enumerate().map(name).collect();
            let entry = Entry { params, body, called: Vec::new(), variables: Vec::new() };
            entries.entry(function.name.clone()).or_insert(entry);
        }
        let names = Self(Arc::new(Inner { functions: entries, ..Inner::default() }));
        let mut resolved = BTreeMap::new();
        let mut settings: Vec<Setting> = Vec::new();
        for (name, entry) in &names.0.functions {
            let mut body = entry.body.clone();
            let (mut called, mut variables) = (Vec::new(), Vec::new());
            if let Some(body) = &mut body {
                let found = resolve::resolve(body, &entry.params, Some(name), &names, std::mem::take(&mut settings));
                diagnostics.extend(found.diagnostics);
                settings = found.settings;
                (called, variables) = (found.called, found.variables);
            }
            resolved.insert(name.clone(), Entry { params: entry.params.clone(), body, called, variables });
        }
        diagnostics.sort_by_key(|found| found.primary.span);
        (Self(Arc::new(Inner { functions: resolved, settings, compiled: OnceLock::new() })), diagnostics)
    }

    /// The names of the functions, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.functions.keys().map(|name| &**name)
    }

    /// The name as the library holds it, if it is one of its functions.
    pub(super) fn name(&self, name: &str) -> Option<Arc<str>> {
        self.0.functions.get_key_value(name).map(|(name, _)| name.clone())
    }

    /// Whether functions are called `alias.name`.
    pub(super) fn has_alias(&self, alias: &str) -> bool {
        self.names().any(|name| name.strip_prefix(alias).is_some_and(|rest| rest.starts_with('.')))
    }

    /// How many parameters a function has.
    pub(super) fn params(&self, name: &str) -> Option<usize> {
        self.0.functions.get(name).map(|entry| entry.params.len())
    }

    /// The parameters of a function and what it does, if it could be read.
    pub(super) fn declared(&self, name: &str) -> Option<(&[Name], &Node)> {
        let entry = self.0.functions.get(name)?;
        Some((&entry.params, entry.body.as_ref()?))
    }

    /// A function as people write its head.
    pub(super) fn signature(&self, name: &str) -> Option<String> {
        let entry = self.0.functions.get(name)?;
        let params: Vec<&str> = entry.params.iter().map(|param| &*param.text).collect();
        Some(format!("{name}({})", params.join(", ")))
    }

    /// What a function does, if it could be read.
    pub(super) fn body(&self, name: &str) -> Option<&Node> {
        self.0.functions.get(name)?.body.as_ref()
    }

    /// What all of them do that could be read.
    pub(super) fn bodies(&self) -> impl Iterator<Item = &Node> {
        self.0.functions.values().filter_map(|entry| entry.body.as_ref())
    }

    /// Whom a function calls.
    pub fn called_in(&self, name: &str) -> &[Called] {
        self.0.functions.get(name).map_or(&[], |entry| &entry.called)
    }

    /// Every place of a function's variables, with the place at which that is declared.
    pub fn variables_in(&self, name: &str) -> &[(Span, Span)] {
        self.0.functions.get(name).map_or(&[], |entry| &entry.variables)
    }

    /// The settings that its functions read.
    pub(super) fn settings(&self) -> &[Setting] {
        &self.0.settings
    }

    /// The functions as Rhai has them; the error says what it did not take.
    pub(super) fn compiled(&self) -> Result<&Compiled, String> {
        let compiled = self.0.compiled.get_or_init(|| {
            let mut emitter = Emitter::new(FIRST_LINE, &[], &self.0.settings, false);
            for (name, entry) in &self.0.functions {
                if let Some(body) = &entry.body {
                    emitter.function(name, &entry.params, body);
                }
            }
            let (text, marks) = emitter.done();
            let ast = engine::engine().compile(text).map_err(|error| error.to_string())?;
            Ok(Compiled { ast, marks })
        });
        compiled.as_ref().map_err(Clone::clone)
    }
}

/// A function's name as Rhai knows it: it has no dots in names.
pub(super) fn mangled(name: &str) -> String {
    name.replace('.', "__of__")
}

/// A function's name as people know it.
pub(super) fn demangled(name: &str) -> String {
    name.replace("__of__", ".")
}
