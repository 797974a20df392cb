//! Workflows: what they take, keep and give, and in which order they are looked at.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::block::Owner;
use super::call::Found;
use super::checker::{Checker, Course, Face, Here, Place, Typed};
use super::code;
use super::handler::{Raised, error_shape};
use super::mention::Named;
use super::reserved;
use super::walk::{self, Seen};
use crate::base::diagnostic::Diagnostic;
use crate::base::shape::{Bounds, Field, Object, Shape};
use crate::base::span::Span;
use crate::base::status::Status;
use crate::lang::script::{Expr, Form};
use crate::lang::syntax::ast::{
    Action, Concurrency, Declarations, Declare, Item, Lifecycle, Moment, Name, Output, OutputForm, Path, RunKey, State,
    Value, Workflow,
};

/// What every run says of itself.
/// One of a few texts.
pub(super) fn one_of(texts: &[&str]) -> Shape {
    Shape::OneOf(texts.iter().map(|text| crate::base::value::Value::from(*text)).collect())
}

/// The `status` of a run.
pub(super) fn run_status() -> Shape {
    one_of(&Status::ALL.map(Status::word))
}

/// What is known of a run.
fn run_shape(ended: bool) -> Shape {
    let mut fields = vec![
        ("id", Shape::text()),
        ("workflow", Shape::text()),
        ("version", Shape::Any),
        ("started_at", Shape::DateTime),
    ];
    if ended {
        fields.extend([
            ("status", run_status()),
            ("elapsed", Shape::Duration),
            ("error", Shape::Any),
            ("problems", Shape::list(Shape::Any)),
        ]);
    }
    Shape::object(fields)
}

impl<'a> Checker<'a> {
    /// All workflows of all files, callees before callers where that is possible.
    pub fn workflows(&mut self) {
        let mut all: Vec<(usize, &'a Workflow)> = Vec::new();
        for (place, declared) in self.declared.iter().enumerate() {
            all.extend(declared.workflows.values().map(|workflow| (place, *workflow)));
        }
        all.sort_by_key(|(_, workflow)| workflow.span);
        for (place, workflow) in &all {
            self.tree = *place;
            let name = self.trees[*place].qualified(&workflow.name.text);
            let face = self.face(workflow);
            self.faces.insert(name, face);
        }
        for (place, workflow) in self.callees_first(&all) {
            self.tree = place;
            self.workflow(workflow);
        }
    }

    /// A workflow as others see it before it has been looked at: the types it states.
    fn face(&mut self, workflow: &'a Workflow) -> Face {
        let mut input = Object::default();
        let mut output = Shape::Unit;
        let mut raised = Raised { any: true, ..Raised::default() };
        for item in &workflow.body.items {
            match item {
                Item::Input(declared) => input.fields.extend(self.input_fields(declared)),
                Item::Output(Output { form: OutputForm::Fields(fields), .. }) => {
                    let mut unseen = Vec::new();
                    output = Shape::object(fields.iter().map(|declare| {
                        let shape = declare
                            .ty
                            .as_ref()
                            .map_or(Shape::Any, |ty| self.catalog.types.shape(self.trees, self.tree, ty, &mut unseen));
                        (declare.name.text.clone(), shape)
                    }));
                }
                Item::Output(_) => output = Shape::Any,
                _ => {}
            }
        }
        walk::block(&workflow.body, &mut |seen| match seen {
            Seen::Fail(fail) => raised.add(&fail.kind.text),
            Seen::On(on) => {
                if let crate::lang::syntax::ast::HandlerAction::Fail { kind: Some(kind), .. } = &on.action {
                    raised.add(&kind.text);
                }
            }
            // What children and scripts raise is raised here, too.
            Seen::Code(_) | Seen::Callee(_) => raised.open = true,
            _ => {}
        });
        Face { input: input.into(), output, raised }
    }

    fn input_fields(&mut self, declared: &'a Declarations) -> Vec<Field> {
        let mut found = Vec::new();
        let fields = declared
            .fields
            .iter()
            .map(|declare| {
                let field = self.catalog.types.field(self.trees, self.tree, declare, &mut found);
                if let Some(value) = &declare.value {
                    self.value(value);
                }
                if let Some(ty) = &declare.ty {
                    self.checked.shapes.insert(ty.span, field.shape.clone());
                }
                field
            })
            .collect();
        self.found.append(&mut found);
        fields
    }

    fn callees_first(&self, all: &[(usize, &'a Workflow)]) -> Vec<(usize, &'a Workflow)> {
        let index: BTreeMap<Arc<str>, usize> = all
            .iter()
            .enumerate()
            .map(|(index, (place, workflow))| (self.trees[*place].qualified(&workflow.name.text), index))
            .collect();
        let calls: Vec<Vec<usize>> = all
            .iter()
            .map(|(place, workflow)| {
                let mut paths: Vec<&'a Path> = Vec::new();
                walk::block(&workflow.body, &mut |seen| {
                    if let Seen::Callee(path) = seen {
                        paths.push(path);
                    }
                });
                let called = paths.into_iter().filter_map(|path| match self.look_up_in(*place, path) {
                    Found::Workflow(name) => index.get(&name).copied(),
                    Found::Operation(_) | Found::Nobody => None,
                });
                called.collect()
            })
            .collect();
        // Depth first, without recursion: the depth is the number of workflows.
        let mut order = Vec::with_capacity(all.len());
        let mut seen = vec![false; all.len()];
        for start in 0..all.len() {
            if seen[start] {
                continue;
            }
            seen[start] = true;
            let mut open = vec![(start, 0)];
            while let Some((here, at)) = open.pop() {
                match calls[here].get(at) {
                    Some(next) => {
                        open.push((here, at + 1));
                        if !seen[*next] {
                            seen[*next] = true;
                            open.push((*next, 0));
                        }
                    }
                    None => order.push(all[here]),
                }
            }
        }
        order
    }

    fn workflow(&mut self, workflow: &'a Workflow) {
        self.here = Here::default();
        self.names.clear();
        self.course = Course::default();
        self.name_steps(workflow);
        self.heads_once(workflow);
        let name = self.trees[self.tree].qualified(&workflow.name.text);
        let input = self.faces.get(&name).map(|face| face.input.clone()).unwrap_or_default();
        self.here.words =
            vec![("input", Typed::of(Shape::Object(input.clone()))), ("run", Typed::of(run_shape(false)))];
        self.mention(workflow.name.span, Named::Workflow, vec![workflow.name.span], &Shape::Object(input.clone()));
        for item in &workflow.body.items {
            let Item::Input(declared) = item else { continue };
            for declare in &declared.fields {
                let shape =
                    input.fields.iter().find(|field| field.name == declare.name.text).map(|field| field.shape.clone());
                self.mention_declared(declare, "input", &shape.unwrap_or_default());
            }
        }
        let trigger = self.trigger_shape(workflow);
        self.here.words.push(("trigger", Typed::of(trigger)));
        for item in &workflow.body.items {
            if let Item::Vars(declared) = item {
                self.vars(declared);
            }
        }
        for item in &workflow.body.items {
            if let Item::State(state) = item {
                self.state(state);
            }
        }
        self.heads(workflow);
        self.triggers(workflow, &input);
        self.course.scopes.push(&workflow.body);
        let (result, _) = self.body(&workflow.body, Owner::Workflow);
        let mut output = result.output.shape;
        let returned = std::mem::take(&mut self.course.returned);
        self.checked.shapes.insert(workflow.span, self.promised(workflow, &returned));
        for returned in returned {
            output = output.join(&returned);
        }
        if let Some(face) = self.faces.get_mut(&name) {
            face.output = output;
        }
        self.shared_state(workflow);
        self.lost_outputs(workflow);
    }

    /// What a run's output is held to: the types that `output` states, and nothing that was merely found out.
    fn promised(&self, workflow: &Workflow, returned: &[Shape]) -> Shape {
        let fields = workflow.body.items.iter().find_map(|item| match item {
            Item::Output(Output { form: OutputForm::Fields(fields), .. }) => Some(fields),
            _ => None,
        });
        let Some(fields) = fields else { return Shape::Any };
        let stated = Shape::object(fields.iter().map(|declare| {
            let stated = declare.ty.as_ref().and_then(|ty| self.checked.shapes.get(&ty.span));
            (declare.name.text.clone(), stated.cloned().unwrap_or_default())
        }));
        match returned {
            [] => stated,
            some if some.iter().all(|shape| *shape == Shape::Unit) => stated.optional(),
            // A run that returns something else promises nothing.
            _ => Shape::Any,
        }
    }

    /// Gives names to steps without one, and notes where names are declared.
    fn name_steps(&mut self, workflow: &'a Workflow) {
        let mut taken: BTreeSet<Arc<str>> = BTreeSet::new();
        let mut unnamed: Vec<(Arc<str>, Span)> = Vec::new();
        let mut course = std::mem::take(&mut self.course);
        // A step in `notify` or `undo` is nobody's to refer to.
        let mut bare: BTreeSet<Span> = BTreeSet::new();
        walk::block(&workflow.body, &mut |seen| match seen {
            Seen::Step(step) => {
                for clause in &step.clauses {
                    if let crate::lang::syntax::ast::ClauseKind::Undo(undo) = &clause.kind {
                        bare.insert(undo.span);
                    }
                }
                match (&step.name, &step.action) {
                    (Some(name), _) => {
                        taken.insert(name.text.clone());
                        course.declared.entry(name.text.clone()).or_insert(step.span);
                        course.places.insert(step.span, name.span);
                    }
                    (None, Action::Call(call) | Action::Start(call)) => {
                        if let Some(last) = call.callee.parts.last() {
                            unnamed.push((last.text.clone(), step.span));
                            course.places.insert(step.span, call.callee.span);
                        }
                    }
                    (None, _) => {}
                }
            }
            Seen::On(on) => {
                if let crate::lang::syntax::ast::HandlerAction::Notify(step) = &on.action {
                    bare.insert(step.span);
                }
            }
            Seen::Let(binding) => {
                taken.insert(binding.name.text.clone());
                course.declared.entry(binding.name.text.clone()).or_insert(binding.name.span);
            }
            Seen::Brings(name) => {
                taken.insert(name.text.clone());
            }
            _ => {}
        });
        let written = taken.clone();
        unnamed.retain(|(word, span)| {
            !bare.contains(span) && reserved::reason(word).is_none() && !reserved::is_kept(word)
        });
        let mut count: BTreeMap<Arc<str>, usize> = BTreeMap::new();
        for (word, _) in &unnamed {
            *count.entry(word.clone()).or_default() += 1;
        }
        let mut last: BTreeMap<Arc<str>, usize> = BTreeMap::new();
        for (word, span) in unnamed {
            if count.get(&word) > Some(&1) && !written.contains(&word) {
                course.ambiguous.insert(word.clone());
            }
            let mut name = word.clone();
            let number = last.entry(word.clone()).or_insert(1usize);
            while taken.contains(&name) {
                *number += 1;
                name = format!("{word}_{number}").into();
            }
            taken.insert(name.clone());
            course.declared.entry(name.clone()).or_insert(span);
            course.implied.insert(span, name);
        }
        self.course = course;
    }

    /// Clauses of a workflow that may be said once.
    fn heads_once(&mut self, workflow: &'a Workflow) {
        let mut seen: BTreeMap<&'static str, Span> = BTreeMap::new();
        for item in &workflow.body.items {
            let (word, span) = match item {
                Item::Version(text) => ("version", text.span),
                Item::Deadline(_, span) => ("deadline", *span),
                Item::Concurrency(found) => ("concurrency", found.span),
                Item::Key(found) => ("key", found.span),
                Item::Priority(_, span) => ("priority", *span),
                Item::State(found) => ("state", found.span),
                _ => continue,
            };
            if let Some(first) = seen.insert(word, span) {
                self.report(
                    Diagnostic::error(code::SAID_TWICE, span, format!("`{word}` is said twice"))
                        .also(first, "first said here"),
                );
            }
        }
        let mut fields: BTreeMap<(&'static str, Arc<str>), Span> = BTreeMap::new();
        for item in &workflow.body.items {
            let (scope, declared): (_, &[Declare]) = match item {
                Item::Input(found) => ("input", &found.fields),
                Item::Vars(found) => ("vars", &found.fields),
                Item::State(found) => ("state", &found.fields),
                _ => continue,
            };
            for declare in declared {
                let key = (scope, declare.name.text.clone());
                if let Some(first) = fields.insert(key, declare.name.span) {
                    let message = format!("`{scope}` has two fields `{}`", declare.name.text);
                    self.report(
                        Diagnostic::error(code::TWICE, declare.name.span, message).also(first, "the first one is here"),
                    );
                }
            }
        }
    }

    /// `vars { ... }`: each sees those above it.
    fn vars(&mut self, declared: &'a Declarations) {
        let mut known: Vec<Field> = match self.here.word("vars").map(|typed| typed.shape.clone()) {
            Some(Shape::Object(object)) => object.fields.clone(),
            _ => Vec::new(),
        };
        for declare in &declared.fields {
            let field = self.variable(declare);
            self.mention_declared(declare, "vars", &field.shape);
            known.retain(|other| other.name != field.name);
            known.push(field);
            self.here.words.retain(|(word, _)| *word != "vars");
            let object = Object { name: None, fields: known.clone() };
            self.here.words.push(("vars", Typed::of(Shape::Object(object.into()))));
        }
        if declared.fields.is_empty() && self.here.word("vars").is_none() {
            self.here.words.push(("vars", Typed::of(Shape::Object(Object::default().into()))));
        }
    }

    /// A variable with its initial value.
    fn variable(&mut self, declare: &'a Declare) -> Field {
        let mut found = Vec::new();
        let typed = self.declared_value(declare, &mut found);
        self.found.append(&mut found);
        let mut shape = if declare.ty.is_some() { typed.shape } else { widened(&typed.shape) };
        if typed.secret && declare.ty.is_none() {
            shape = Shape::Secret;
        }
        // The plan takes the type of an untyped variable from its value.
        if let (None, Some(Value::Expr(expr))) = (&declare.ty, &declare.value)
            && let Some(known) = self.checked.expressions.get_mut(&expr.span)
        {
            known.shape = if matches!(shape, Shape::Secret) { Shape::Any } else { shape.clone() };
        }
        // Without an initial value a variable is absent at first.
        if declare.value.is_none() && !matches!(shape.present(), Shape::List(..) | Shape::Set(..) | Shape::Map(..)) {
            shape = if matches!(shape, Shape::Any) { Shape::Any } else { shape.optional() };
        }
        Field { name: declare.name.text.clone(), shape, default: None, doc: None }
    }

    fn state(&mut self, state: &'a State) {
        if let Some(by) = &state.by {
            self.before_run("the key of a state", |this| this.argument(by, &Shape::Any, "the key of a state"));
        }
        let mut fields = Vec::with_capacity(state.fields.len());
        for declare in &state.fields {
            let field = self.before_run("the first value of a state", |this| this.variable(declare));
            if let Some(keep) = &declare.keep {
                self.argument(keep, &Shape::Duration, "`for`");
                if !matches!(field.shape.present(), Shape::Set(..)) {
                    let message = format!(
                        "only members of a set are dropped by age, `{}` is {}",
                        field.name,
                        field.shape.described()
                    );
                    self.report(Diagnostic::error(code::MISPLACED, keep.span(), message).hint("`set<string> for 30d`"));
                }
            }
            self.mention_declared(declare, "state", &field.shape);
            fields.push(field);
        }
        let object = Object { name: None, fields };
        self.here.words.push(("state", Typed::of(Shape::Object(object.into()))));
    }

    /// The clauses of a workflow.
    fn heads(&mut self, workflow: &'a Workflow) {
        for item in &workflow.body.items {
            match item {
                Item::Deadline(limit, _) => {
                    self.argument(limit, &Shape::Duration, "`deadline`");
                }
                Item::Priority(priority, _) => {
                    let bounds = Bounds { min: Some(0.0), max: Some(9.0) };
                    self.before_run("`priority`", |this| this.argument(priority, &Shape::Int(bounds), "`priority`"));
                }
                Item::Concurrency(concurrency) => {
                    self.before_run("`concurrency`", |this| this.concurrency(concurrency));
                }
                Item::Key(key) => self.before_run("`key`", |this| this.run_key(key)),
                _ => {}
            }
        }
    }

    fn concurrency(&mut self, concurrency: &'a Concurrency) {
        self.count(&concurrency.places, "`concurrency`");
        if let Some(per) = &concurrency.per {
            self.argument(per, &Shape::Any, "`per`");
        }
        if let Some(overflow) = &concurrency.overflow {
            self.one_word(overflow, "overflow", &["queue", "skip", "restart"]);
        }
    }

    fn run_key(&mut self, key: &'a RunKey) {
        let typed = self.argument(&key.key, &Shape::Any, "`key`");
        if typed.secret {
            self.leak(key.key.span(), "the key of a run");
        }
        if let Some(keep) = &key.keep {
            self.argument(keep, &Shape::Duration, "`keep`");
        }
    }

    /// A word out of a few.
    pub fn one_word(&mut self, word: &Name, what: &str, known: &[&str]) {
        if !known.contains(&&*word.text) {
            let message = format!("`{what}` knows no `{}`", word.text);
            self.unknown_of(code::UNKNOWN_WORD, &word.text, word.span, message, known);
        }
    }

    pub fn lifecycle(&mut self, lifecycle: &'a Lifecycle, output: &Shape) {
        let mut here = Here { place: Place::Lifecycle, ..self.here.clone() };
        here.words.retain(|(word, _)| *word != "run");
        here.words.push(("run", Typed::of(run_shape(true))));
        match lifecycle.moment {
            Moment::Success => here.words.push(("output", Typed::of(output.clone()))),
            Moment::Failure | Moment::Cancel => here.words.push(("error", Typed::of(error_shape()))),
            Moment::Finally => {
                here.words.push(("output", Typed::default()));
                here.words.push(("error", Typed::default()));
            }
        }
        self.at(here, |this| {
            this.course.scopes.push(&lifecycle.body);
            this.body(&lifecycle.body, Owner::Plain);
            this.course.scopes.pop();
        });
    }

    /// Several runs in one state: the last writer wins, and who reads what it sets may read what another set.
    fn shared_state(&mut self, workflow: &'a Workflow) {
        let shared = workflow.body.items.iter().find_map(|item| match item {
            Item::Concurrency(concurrency) => Some(concurrency),
            _ => None,
        });
        let Some(concurrency) = shared else { return };
        let one = match &concurrency.places {
            crate::lang::syntax::ast::Arg::Expr(expr) => {
                self.constant(expr).and_then(|value| value.as_int()) == Some(1)
            }
            _ => false,
        };
        let state_by = workflow.body.items.iter().find_map(|item| match item {
            Item::State(state) => Some(state.by.as_ref()),
            _ => None,
        });
        let Some(by) = state_by else { return };
        let source = |arg: Option<&crate::lang::syntax::ast::Arg>| match arg {
            Some(crate::lang::syntax::ast::Arg::Expr(expr)) => Some(expr.source.clone()),
            _ => None,
        };
        // One run per state, or fewer, is what a state has anyway.
        if one && (concurrency.per.is_none() || source(concurrency.per.as_ref()) == source(by)) {
            return;
        }
        let mut sets: BTreeSet<Arc<str>> = BTreeSet::new();
        let mut exprs = Vec::new();
        walk::block(&workflow.body, &mut |seen| match seen {
            Seen::Set(set) => {
                if let [root, field, ..] = &set.target.parts[..]
                    && &*root.text == "state"
                {
                    sets.insert(field.text.clone());
                }
            }
            Seen::Expr(expr) => exprs.push((expr.source.clone(), expr.span, Form::Expression)),
            Seen::Code(code) => exprs.push((code.source.clone(), code.span, Form::Block)),
            _ => {}
        });
        let read_and_set = exprs.into_iter().find_map(|(text, span, form)| {
            let compiled: Expr = self.compile(&text, span, form)?;
            compiled.reads().iter().find_map(|read| {
                let first = read.path.first()?;
                let crate::lang::script::Key::Field(name) = &first.key else { return None };
                (&*read.root == "state" && sets.contains(name)).then(|| (name.clone(), read.span))
            })
        });
        if let Some((name, place)) = read_and_set {
            let message = format!(
                "several runs may be in this state: between reading `state.{name}` and setting it, another may set it"
            );
            self.report(
                Diagnostic::warning(code::SHARED_STATE, concurrency.span, message)
                    .also(place, "read here")
                    .hint("leave `concurrency` out: then one run at a time is in a state"),
            );
        }
    }
}

/// The type of a variable whose first value shows it: numbers may get a fraction, lists other items.
fn widened(shape: &Shape) -> Shape {
    match shape {
        Shape::Int(_) | Shape::Float(_) => Shape::Union([Shape::int(), Shape::float()].into()),
        Shape::Text(..) | Shape::Email | Shape::Url | Shape::Uuid => Shape::text(),
        Shape::List(..) => Shape::list(Shape::Any),
        Shape::Set(..) => Shape::Set(Shape::Any.into(), Bounds::NONE),
        Shape::Bool => Shape::Bool,
        Shape::DateTime => Shape::DateTime,
        Shape::Duration => Shape::Duration,
        // An object may grow, and what was absent at first may become anything.
        _ => Shape::Any,
    }
}
