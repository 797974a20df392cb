//! Calls: who is called, with what.

use std::sync::Arc;

use super::checked::Callee;
use super::checker::{Checker, Typed};
use super::code;
use super::expression::listed;
use super::mention::{Callable, Hole};
use super::reserved;
use super::step::Done;
use crate::base::diagnostic::{Diagnostic, nearest};
use crate::base::shape::{self, Shape};
use crate::base::span::Span;
use crate::lang::catalog::{Signature, standard};
use crate::lang::script::Read;
use crate::lang::syntax::ast::{Action, Call, Field, Name, Path, Step, Value};

/// What could still be given.
pub(super) fn not_given(given: &[Field], wanted: &[shape::Field]) -> Vec<shape::Field> {
    let is_given = |field: &shape::Field| given.iter().any(|given| given.key.text == field.name);
    wanted.iter().filter(|field| !is_given(field)).cloned().collect()
}

/// Who is meant by a callee.
#[derive(Clone, Debug)]
pub(super) enum Found {
    Operation(Arc<Signature>),
    /// A workflow, by its name in the package.
    Workflow(Arc<str>),
    Nobody,
}

impl<'a> Checker<'a> {
    /// A call as a step.
    pub fn call(&mut self, call: &'a Call) -> Done {
        match self.callee(&call.callee) {
            Found::Operation(signature) => {
                let what = signature.full_name();
                self.parameters(&call.params, &signature.params, &what, call.callee.span, Some(&signature));
                self.mention_parameters(&call.params, &signature.params, &Callable::Operation(&signature));
                let params = as_given(&signature.params);
                Done { params, ..Done::new(Typed::of(signature.result.clone())) }
            }
            Found::Workflow(name) => {
                let face = self.faces.get(&name).cloned().unwrap_or_default();
                self.parameters(&call.params, &face.input.fields, &name, call.callee.span, None);
                self.mention_parameters(&call.params, &face.input.fields, &Callable::Workflow(&name));
                Done { params: as_given(&face.input.fields), ..Done::new(Typed::of(face.output)) }
            }
            Found::Nobody => {
                self.object(&call.params);
                Done::new(Typed::default())
            }
        }
    }

    /// `start WORKFLOW`: gives the run's id.
    pub fn start(&mut self, call: &'a Call) -> Done {
        match self.callee(&call.callee) {
            Found::Workflow(name) => {
                let face = self.faces.get(&name).cloned().unwrap_or_default();
                self.parameters(&call.params, &face.input.fields, &name, call.callee.span, None);
                self.mention_parameters(&call.params, &face.input.fields, &Callable::Workflow(&name));
            }
            Found::Operation(signature) => {
                let message = format!("`start` starts a workflow, and `{}` is an operation", signature.full_name());
                self.report(
                    Diagnostic::error(code::UNKNOWN_CALLEE, call.callee.span, message)
                        .hint("leave `start` out to call it"),
                );
                self.object(&call.params);
            }
            Found::Nobody => {
                self.object(&call.params);
            }
        }
        Done::new(Typed::of(Shape::text()))
    }

    /// Whether a step calls an operation.
    pub fn is_operation_call(&self, step: &Step) -> bool {
        self.operation_of(step).is_some()
    }

    /// The operation a step calls, once its callee is known.
    pub fn operation_of(&self, step: &Step) -> Option<Arc<Signature>> {
        let Action::Call(call) = &step.action else { return None };
        match self.checked.callees.get(&call.callee.span) {
            Some(Callee::Operation(signature)) => Some(signature.clone()),
            Some(Callee::Workflow(_) | Callee::Step(_)) | None => None,
        }
    }

    /// Who is meant by a path; noted for the plan.
    pub fn callee(&mut self, path: &Path) -> Found {
        for (at, part) in path.parts.iter().enumerate() {
            self.hole(&part.text, |_| Hole::Callee(path.parts[..at].iter().map(|part| part.text.clone()).collect()));
        }
        let found = self.look_up(path);
        match &found {
            Found::Operation(signature) => {
                self.checked.callees.insert(path.span, Callee::Operation(signature.clone()));
                self.mention_operation(path, signature);
                if let Some(connector) = self.catalog.connectors.get(&signature.connector) {
                    self.checked
                        .connectors
                        .entry(signature.connector.clone())
                        .or_insert_with(|| connector.declared.clone());
                }
            }
            Found::Workflow(name) => {
                self.checked.callees.insert(path.span, Callee::Workflow(name.clone()));
                self.mention_workflow(path);
            }
            Found::Nobody => self.unknown_callee(path),
        }
        found
    }

    /// Who is meant by a path, in silence.
    pub fn look_up(&self, path: &Path) -> Found {
        self.look_up_in(self.tree, path)
    }

    /// Who is meant by a path in tree `place`.
    pub fn look_up_in(&self, place: usize, path: &Path) -> Found {
        let Some((last, before)) = path.parts.split_last() else { return Found::Nobody };
        // The way through used files, as far as it goes.
        let mut place = place;
        let mut at = 0;
        while let Some(next) = before.get(at).and_then(|alias| self.trees[place].used(&alias.text)) {
            place = next;
            at += 1;
        }
        match &before[at..] {
            [] if self.declared[place].workflows.contains_key(&last.text) => {
                Found::Workflow(self.trees[place].qualified(&last.text))
            }
            [connector] => {
                let own = self.trees[place].qualified(&connector.text);
                let standard = (at == 0).then(|| connector.text.clone());
                [Some(own), standard]
                    .into_iter()
                    .flatten()
                    .find_map(|name| self.catalog.connectors.get(&name)?.operations.get(&last.text))
                    .map_or(Found::Nobody, |signature| Found::Operation(signature.clone()))
            }
            _ => Found::Nobody,
        }
    }

    /// `calls(slack.post_message)`: the operation must exist. Gives the type of the list of its calls.
    pub fn asked_calls(&mut self, read: &Read) -> Shape {
        let Some(segment) = read.path.first() else { return Shape::Any };
        let crate::lang::script::Key::Field(name) = &segment.key else { return Shape::Any };
        let mut start = segment.span.start;
        let mut part = |text: &str| {
            let end = start + text.len() as u32;
            let span = Span { start, end, ..segment.span };
            start = end + 1;
            Name { text: text.into(), span }
        };
        let path = Path { parts: name.split('.').map(&mut part).collect(), span: segment.span };
        let params = match self.look_up(&path) {
            Found::Operation(signature) => {
                self.mention_operation(&path, &signature);
                as_given(&signature.params)
            }
            Found::Workflow(name) => {
                self.mention_workflow(&path);
                self.faces.get(&name).map_or(Shape::Any, |face| as_given(&face.input.fields))
            }
            Found::Nobody => {
                self.unknown_callee(&path);
                Shape::Any
            }
        };
        Shape::list(params)
    }

    fn unknown_callee(&mut self, path: &Path) {
        let Some((last, before)) = path.parts.split_last() else { return };
        if path.parts.iter().any(|part| self.is_broken(&part.text)) {
            return;
        }
        if self.is_full() {
            let message = format!("nobody is called `{}`", path.dotted());
            self.report(Diagnostic::error(code::UNKNOWN_CALLEE, path.span, message));
            return;
        }
        if before.is_empty() {
            self.unknown_workflow(path, &last.text);
            return;
        }
        let connector_name = Path { parts: before.to_vec(), span: before[0].span.to(before[before.len() - 1].span) };
        let dotted = connector_name.dotted();
        let known = self.catalog.connectors.get(&*dotted);
        if let Some(connector) = known {
            let operations: Vec<&str> = connector.operations.keys().map(|name| &**name).collect();
            let mut diagnostic = Diagnostic::error(
                code::UNKNOWN_CALLEE,
                last.span,
                format!("the connector `{dotted}` has no operation `{}`", last.text),
            )
            .near(&last.text, last.span, operations.iter().copied());
            if diagnostic.hints.is_empty() {
                diagnostic = diagnostic.hint(format!("it has {}", listed(operations.iter().copied())));
            }
            self.report(diagnostic);
            return;
        }
        if let Some(place) = self.trees[self.tree].used(&before[0].text) {
            let names: Vec<Arc<str>> = self.declared[place].workflows.keys().cloned().collect();
            let message = format!("the file `{}` declares no workflow `{}`", before[0].text, last.text);
            self.unknown_of(code::UNKNOWN_CALLEE, &last.text, last.span, message, &names);
            return;
        }
        let names: Vec<String> = self
            .catalog
            .connectors
            .keys()
            .map(ToString::to_string)
            .chain(standard::CONNECTORS.iter().map(|file| file.name.to_owned()))
            .chain(self.trees[self.tree].uses.iter().map(|(alias, _)| alias.to_string()))
            .collect();
        let mut diagnostic =
            Diagnostic::error(code::UNKNOWN_CALLEE, connector_name.span, format!("there is no connector `{dotted}`"))
                .near(&dotted, connector_name.span, names.iter().map(String::as_str));
        if diagnostic.hints.is_empty() {
            diagnostic = diagnostic
                .hint(format!("declare it: `connector {dotted} {{ ... }}`, or `use \"FILE.flow\" as {dotted}`"));
        }
        self.report(diagnostic);
    }

    fn unknown_workflow(&mut self, path: &Path, name: &Arc<str>) {
        let message = format!("there is no workflow `{name}`");
        let mut diagnostic = Diagnostic::error(code::UNKNOWN_CALLEE, path.span, message);
        let declared = &self.declared[self.tree];
        if declared.functions.contains_key(name) {
            diagnostic = diagnostic
                .hint(format!("`{name}` is a function: functions are called in expressions, `let x = {name}(...)`"));
        } else if declared.handlers.contains_key(name) {
            diagnostic = diagnostic.hint(format!("`{name}` is a handler: take it in by `handle {name}`"));
        } else if let Some(connector) = self.catalog.connectors.get(name) {
            let operations = listed(connector.operations.keys().map(|name| &**name));
            diagnostic = diagnostic.hint(format!("`{name}` is a connector: name an operation of it, {operations}"));
        } else {
            let known: Vec<&str> = declared.workflows.keys().map(|name| &**name).collect();
            diagnostic = diagnostic.near(name, path.span, known.iter().copied());
        }
        if diagnostic.hints.is_empty() {
            let operations: Vec<String> = self
                .catalog
                .connectors
                .values()
                .filter(|connector| connector.operations.contains_key(name))
                .map(|connector| format!("{}.{name}", connector.name))
                .collect();
            diagnostic = match operations.first() {
                Some(operation) => diagnostic.fix("name the connector, too", path.span, operation.clone()),
                None => diagnostic.hint("an operation is called as `connector.operation`"),
            };
        }
        self.report(diagnostic);
    }

    /// The parameters of a call against what is taken.
    pub fn parameters(
        &mut self,
        given: &'a [Field],
        wanted: &[shape::Field],
        what: &str,
        place: Span,
        signature: Option<&Signature>,
    ) {
        self.keys_once(given);
        let renamed = renamed(given, wanted);
        for field in given {
            let name = &field.key.text;
            let Some(found) = wanted.iter().find(|candidate| candidate.name == *name) else {
                self.hole(name, |_| Hole::Parameter(not_given(given, wanted)));
                self.value(&field.value);
                self.unknown_parameter(field, wanted, what, renamed);
                continue;
            };
            let shape = if found.default.is_some() { found.shape.clone().optional() } else { found.shape.clone() };
            let typed = self.wanted(&field.value, &shape, &format!("`{name}` of {what}"));
            if signature.is_some_and(|signature| &*signature.connector == "sql") {
                self.statement_texts(name, &field.value);
            }
            if typed.secret
                && let Some(signature) = signature
            {
                self.secret_parameter(field, found, signature);
            }
        }
        self.missing(given, wanted, what, place);
    }

    /// The statements in a parameter of `sql.*`, alone or in a list: none may be put together from values.
    fn statement_texts(&mut self, name: &str, value: &Value) {
        match (name, value) {
            ("sql", Value::Expr(expr)) if expr.source.contains("${") => self.report(
                Diagnostic::error(code::INJECTION, expr.span, "values do not belong into a statement for a database")
                    .hint("write `?` in their place and `params: [...]`, or `:name` and `params: { name: ... }`"),
            ),
            ("statements", Value::List(list)) => {
                for item in &list.items {
                    match item {
                        Value::Object(object) => {
                            object.fields.iter().for_each(|field| self.statement_texts(&field.key.text, &field.value));
                        }
                        text => self.statement_texts("sql", text),
                    }
                }
            }
            _ => {}
        }
    }

    /// Parameters that are needed and not given.
    pub fn missing(&mut self, given: &[Field], wanted: &[shape::Field], what: &str, place: Span) {
        let renamed = renamed(given, wanted).map(|(_, meant)| meant);
        let missing: Vec<&shape::Field> = lacking(given, wanted).filter(|field| Some(*field) != renamed).collect();
        if missing.is_empty() {
            return;
        }
        let names = listed(missing.iter().map(|field| &*field.name));
        let example: Vec<String> = missing.iter().map(|field| format!("{}: {}", field.name, field.shape)).collect();
        self.report(
            Diagnostic::error(code::MISSING_PARAMETER, place, format!("`{what}` needs {names}"))
                .hint(format!("add {}", example.join(", "))),
        );
    }

    fn unknown_parameter(
        &mut self,
        field: &Field,
        wanted: &[shape::Field],
        what: &str,
        renamed: Option<(&Field, &shape::Field)>,
    ) {
        let name = &field.key.text;
        let place = field.key.span;
        let known: Vec<&str> = wanted.iter().map(|field| &*field.name).collect();
        let message = format!("`{what}` takes no `{name}`");
        if let Some((_, meant)) = renamed.filter(|(wrong, _)| wrong.key.span == place) {
            self.report(Diagnostic::error(code::UNKNOWN_PARAMETER, place, message).fix(
                format!("did you mean `{}`?", meant.name),
                place,
                &*meant.name,
            ));
            return;
        }
        let near = nearest(name, known.iter().copied());
        if near.is_none() && reserved::CLAUSES.contains(&&**name) {
            self.report(
                Diagnostic::error(code::CLAUSE_AS_PARAMETER, place, message)
                    .label("this is a clause, not a parameter")
                    .hint(format!("a clause has no colon: `{name} ...`")),
            );
            return;
        }
        let clause = match &**name {
            "retries" | "retry_count" | "max_retries" | "attempts" => Some("`retry 3 times`"),
            "if" | "condition" | "only_if" => Some("`when ...`"),
            "depends_on" | "needs" => Some("`after [step]`, inside `parallel { }`"),
            "idempotency_key" if near.is_none() => Some("`key \"...\"`"),
            _ => None,
        };
        if let Some(clause) = clause {
            self.report(
                Diagnostic::error(code::CLAUSE_AS_PARAMETER, place, message)
                    .hint(format!("there is a clause: {clause}")),
            );
            return;
        }
        self.unknown_of(code::UNKNOWN_PARAMETER, name, place, message, &known);
    }
}

/// `params` for handlers and mocks: whoever writes them knows which ones are given.
pub(super) fn as_given(fields: &[shape::Field]) -> Shape {
    Shape::object(fields.iter().map(|field| (field.name.clone(), field.shape.present().clone())))
}

/// Fields that are needed and not given.
pub(super) fn lacking<'w>(given: &[Field], wanted: &'w [shape::Field]) -> impl Iterator<Item = &'w shape::Field> {
    let needed = wanted.iter().filter(|field| field.default.is_none() && !field.shape.may_be_absent());
    needed.filter(|field| given.iter().all(|given| given.key.text != field.name))
}

/// The one field that is given under a wrong name, with the one that is meant by it. One mistake is one
/// finding.
pub(super) fn renamed<'g, 'w>(given: &'g [Field], wanted: &'w [shape::Field]) -> Option<(&'g Field, &'w shape::Field)> {
    let unknown = given.iter().filter(|given| wanted.iter().all(|wanted| wanted.name != given.key.text));
    let lacking: Vec<&shape::Field> = lacking(given, wanted).collect();
    unknown.into_iter().find_map(|wrong| {
        let near = nearest(&wrong.key.text, lacking.iter().map(|field| &*field.name))?;
        let meant = lacking.iter().find(|field| &*field.name == near)?;
        Some((wrong, *meant))
    })
}
