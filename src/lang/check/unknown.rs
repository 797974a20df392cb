//! What to say of a name that means nothing.

use std::sync::Arc;

use super::checker::Checker;
use super::code;
use super::expression::written;
use super::names::Kind;
use super::reserved::SCOPES;
use crate::base::diagnostic::{Diagnostic, nearest};
use crate::base::shape::Shape;
use crate::base::span::Span;
use crate::lang::script::{Key, Read};

/// The scopes of a run that there are only once it has started, and those of one that nothing has come for yet.
const RUNS_OWN: [&str; 5] = ["vars", "state", "run", "steps", "input"];

impl Checker<'_> {
    /// A name in an expression that is neither in scope nor a scope name that stands for something here.
    /// `locals` are the names that the expression itself introduces.
    pub fn unknown(&mut self, read: &Read, locals: &[Arc<str>]) {
        let name = &read.root;
        let place = Span { end: read.span.start + name.len() as u32, ..read.span };
        if self.is_broken(name) || self.here.lenient {
            return;
        }
        if self.is_full() {
            self.report(Diagnostic::error(code::UNKNOWN_NAME, place, format!("nothing here is called `{name}`")));
            return;
        }
        if let Some(clause) = self.here.before_run
            && (RUNS_OWN.contains(&&**name) || self.course.declared.contains_key(name))
        {
            return self.not_yet(read, place, clause);
        }
        if SCOPES.contains(&&**name) || matches!(&**name, "key" | "reply") {
            self.not_here(name, place);
            return;
        }
        if self.here.owner.as_ref() == Some(name) {
            let message = format!("`{name}` has no output here: it is the step that failed");
            self.report(
                Diagnostic::error(code::NOT_SEEN, place, message)
                    .hint("`error` says what happened, `steps.NAME` shows the records of earlier steps"),
            );
            return;
        }
        if self.course.ambiguous.contains(name) {
            let message = format!("several steps without a name call `{name}`");
            self.report(
                Diagnostic::error(code::AMBIGUOUS, place, message)
                    .hint(format!("give the one that is meant a name: `step NAME = ... .{name} {{ ... }}`")),
            );
            return;
        }
        if let Some(declared) = self.course.declared.get(name).copied() {
            self.not_seen(name, place, declared);
            return;
        }
        let mut diagnostic = Diagnostic::error(code::UNKNOWN_NAME, place, format!("nothing here is called `{name}`"));
        if let Some((scope, field)) = self.field_of_scope(name) {
            let meant = format!("{scope}.{field}");
            diagnostic = diagnostic.fix(format!("did you mean `{meant}`?"), place, meant);
        } else {
            let mut known: Vec<Arc<str>> = self.names.iter().map(|binding| binding.name.clone()).collect();
            known.extend(locals.iter().cloned());
            known.extend(self.here.params.iter().flatten().map(|(name, _)| name.clone()));
            known.extend(self.here.words.iter().map(|(word, _)| Arc::from(*word)));
            diagnostic = diagnostic.near(name, place, known.iter().map(|name| &**name));
        }
        if diagnostic.hints.is_empty() {
            diagnostic = diagnostic.hint(self.advice(read));
        }
        self.report(diagnostic);
    }

    /// Something of a run that is read by a clause which is computed before there is one.
    pub fn not_yet(&mut self, read: &Read, place: Span, clause: &str) {
        let name = &read.root;
        let message = format!("`{name}` is not there yet: {clause} is computed before the run starts");
        let diagnostic = Diagnostic::error(code::NOT_YET, place, message);
        self.report(match self.same_in_input(read) {
            Some((span, meant)) => diagnostic.fix(format!("did you mean `{meant}`?"), span, meant),
            None if self.here.word("input").is_some() => diagnostic
                .hint("`input` and `trigger` are there: make what has to be known by then a field of the input"),
            None => diagnostic.hint("`trigger` is there: what came is in `trigger.body`"),
        });
    }

    /// The field of the input that is called as what was asked for, or nearly so; and where that was.
    fn same_in_input(&self, read: &Read) -> Option<(Span, String)> {
        let segment = read.path.first()?;
        let Key::Field(asked) = &segment.key else { return None };
        let Shape::Object(input) = self.here.word("input")?.shape.present() else { return None };
        let near = nearest(asked, input.fields.iter().map(|field| &*field.name))?;
        Some((Span { end: segment.span.end, ..read.span }, format!("input.{near}")))
    }

    /// A step that `steps.NAME` asks for in vain.
    pub fn unknown_step(&mut self, name: &Arc<str>, place: Span) {
        if let Some(declared) = self.course.declared.get(name).copied() {
            self.not_seen(name, place, declared);
            return;
        }
        let known: Vec<Arc<str>> = self
            .names
            .iter()
            .filter(|binding| binding.kind == Kind::Step)
            .map(|binding| binding.name.clone())
            .collect();
        let message = format!("no step here is called `{name}`");
        self.report(Diagnostic::error(code::UNKNOWN_NAME, place, message).near(
            name,
            place,
            known.iter().map(|name| &**name),
        ));
    }

    /// A field of `input`, `vars`, `state` or `params` that was meant by its bare name.
    fn field_of_scope(&self, name: &str) -> Option<(&'static str, String)> {
        for scope in ["input", "vars", "state", "params", "config"] {
            let Some(typed) = self.here.word(scope) else { continue };
            match typed.shape.present() {
                Shape::Object(object) if object.fields.iter().any(|field| &*field.name == name) => {
                    return Some((scope, name.to_owned()));
                }
                _ => {}
            }
        }
        None
    }

    fn advice(&self, read: &Read) -> String {
        let name = &read.root;
        if self.declared[self.tree].workflows.contains_key(name) {
            return format!("`{name}` is a workflow: call it as a step, `step x = {name} {{ ... }}`");
        }
        if self.catalog.connectors.contains_key(name) || crate::lang::catalog::standard::connector(name).is_some() {
            let operation = written(read, read.path.len().min(1));
            return format!(
                "`{name}` is a connector: call an operation of it as a step, `step x = {operation} {{ ... }}`, or go \
                 through what it gives, `for item from {operation} {{ ... }} {{ ... }}`"
            );
        }
        if read.path.is_empty() {
            return format!("a text stands in quotes: `\"{name}\"`");
        }
        "values come from `input`, `vars`, and earlier steps by their names".to_owned()
    }

    fn not_here(&mut self, name: &str, place: Span) {
        let (message, hint) = match name {
            "vars" => ("this workflow has no `vars`", "declare them: `vars { name = value }`"),
            "state" => ("this workflow has no `state`", "declare it: `state { cursor: datetime? }`"),
            "error" => ("`error` is only there in handlers", "`steps.NAME.error` is the error of one step"),
            "output" => ("`output` is only there in `undo`, `on success` and tests", "a step's output is its name"),
            "key" => ("`key` is only there in `undo`", "a run's own id is `run.id`"),
            "event" => ("`event` is only there in `where`", "what a step waited for is its output"),
            "response" => ("`response` is only there in connectors", "what a step answered is its output"),
            "params" => ("`params` is only there in connectors, handlers of steps and mocks", "write the value itself"),
            "config" => ("`config` is only there in connectors", "plain settings are `env(\"NAME\")`"),
            "reply" => ("`reply` is only there in tests", "`reply 202 { ... }` answers the caller"),
            "input" => ("`input` is not there here", "it belongs to a workflow"),
            "run" => ("`run` is not there here", "it belongs to a workflow"),
            "trigger" => ("`trigger` is not there here", "it belongs to a workflow and its triggers"),
            _ => ("this name stands for nothing here", "see `flow explain F0205`"),
        };
        self.report(Diagnostic::error(code::NOT_HERE, place, message).hint(hint));
    }

    /// Something of this workflow that is not seen where it is read.
    fn not_seen(&mut self, name: &str, place: Span, declared: Span) {
        let diagnostic = if declared.start > place.start {
            Diagnostic::error(code::NOT_SEEN, place, format!("`{name}` comes later"))
                .also(declared, "declared here")
                .hint("a body runs from top to bottom: move it up, or put both into `parallel { }`")
        } else if declared.start <= place.start && place.end <= declared.end {
            Diagnostic::error(code::NOT_SEEN, place, format!("`{name}` cannot be read while it is made"))
                .also(declared, "it ends here at the earliest")
                .hint("what should live on from turn to turn is a variable: `vars { ... }` and `set`")
        } else {
            Diagnostic::error(code::NOT_SEEN, place, format!("`{name}` is only seen inside its block"))
                .also(declared, "declared here")
                .hint("make it a step, or give it to the block's `output`")
        };
        self.report(diagnostic);
    }

    /// Reports a field, parameter or word that its owner does not know, with the near one.
    pub fn unknown_of<S: AsRef<str>>(
        &mut self,
        code: crate::base::diagnostic::Code,
        name: &str,
        place: Span,
        message: String,
        known: &[S],
    ) {
        if self.is_full() {
            self.report(Diagnostic::error(code, place, message));
            return;
        }
        let names = || known.iter().map(AsRef::as_ref);
        let mut diagnostic = Diagnostic::error(code, place, message).near(name, place, names());
        if nearest(name, names()).is_none() && !known.is_empty() {
            diagnostic = diagnostic.hint(format!("known are {}", super::expression::listed(names())));
        }
        self.report(diagnostic);
    }
}
