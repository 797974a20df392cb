//! Tests: whether what they mock, give and expect can be.

use std::sync::Arc;

use super::call::{Found, as_given};
use super::checked::Callee;
use super::checker::{Checker, Course, Here, Typed};
use super::code;
use super::mention::HOLE;
use super::step::record;
use super::walk::{self, Seen};
use crate::base::diagnostic::{Diagnostic, nearest};
use crate::base::failure::KINDS;
use crate::base::shape::{Bounds, Object, Shape};
use crate::lang::syntax::ast::{
    Action, Declare, Field, Item, Mock, MockAnswer, MockReply, Path, Step, Test, TestItem, Value, Workflow,
};

/// Whom a mock stands for.
struct Mocked {
    /// What it must answer with.
    answer: Shape,
    /// What it is called with.
    params: Shape,
}

impl<'a> Checker<'a> {
    pub fn test(&mut self, test: &'a Test) {
        self.here = Here::default();
        self.names.clear();
        self.course = Course::default();
        let workflow = match self.look_up(&test.workflow) {
            Found::Workflow(name) => Some(name),
            Found::Operation(_) | Found::Nobody => {
                if !test.workflow.parts.iter().any(|part| self.is_broken(&part.text)) {
                    let known: Vec<Arc<str>> = self.declared[self.tree].workflows.keys().cloned().collect();
                    let message = format!("there is no workflow `{}`", test.workflow.dotted());
                    self.unknown_of(code::UNKNOWN_CALLEE, &test.workflow.dotted(), test.workflow.span, message, &known);
                }
                None
            }
        };
        if let Some(name) = &workflow {
            self.checked.callees.insert(test.workflow.span, Callee::Workflow(name.clone()));
            self.mention_workflow(&test.workflow);
            self.note_steps(name);
        }
        let declared = workflow.as_ref().and_then(|name| self.declared_as(name));
        let face = workflow.as_ref().and_then(|name| self.faces.get(name)).cloned().unwrap_or_default();
        let input = test.items.iter().find_map(|item| match item {
            TestItem::Input(value) => Some(value),
            _ => None,
        });
        match (input, &workflow) {
            (Some(value), Some(_)) => {
                self.wanted(value, &Shape::Object(face.input.clone()), "the input");
            }
            (Some(value), None) => {
                self.value(value);
            }
            (None, Some(_)) => {
                let mapped = test.items.iter().any(|item| matches!(item, TestItem::Trigger(_)));
                if !mapped {
                    self.missing(&[], &face.input.fields, &test.workflow.dotted(), test.workflow.span);
                }
            }
            (None, None) => {}
        }
        for item in &test.items {
            self.test_item(item, declared, &face.output);
        }
        let twice = |find: fn(&TestItem) -> bool| test.items.iter().filter(|item| find(item)).count() > 1;
        if twice(|item| matches!(item, TestItem::Input(_))) {
            self.report(Diagnostic::error(code::SAID_TWICE, test.title.span, "this test gives `input` twice"));
        }
        if !test.items.iter().any(|item| matches!(item, TestItem::Expect(..))) {
            self.report(
                Diagnostic::warning(code::TEST, test.title.span, "this test expects nothing")
                    .hint("say what must be true: `expect run.status == \"completed\"`"),
            );
        }
    }

    /// The tree of a workflow by its name in the package.
    pub(super) fn declared_as(&self, name: &str) -> Option<&'a Workflow> {
        self.declared.iter().enumerate().find_map(|(place, declared)| {
            declared
                .workflows
                .values()
                .find(|workflow| *self.trees[place].qualified(&workflow.name.text) == *name)
                .copied()
        })
    }

    /// What a workflow keeps between its runs.
    fn kept_by(&self, workflow: &Workflow) -> Option<Shape> {
        let fields = workflow.body.items.iter().find_map(|item| match item {
            Item::State(state) => Some(&state.fields),
            _ => None,
        })?;
        let shape = |declare: &Declare| {
            let stated = declare.ty.as_ref().and_then(|ty| self.checked.shapes.get(&ty.span));
            (declare.name.text.clone(), stated.cloned().unwrap_or_default().optional())
        };
        Some(Shape::object(fields.iter().map(shape)))
    }

    fn test_item(&mut self, item: &'a TestItem, workflow: Option<&'a Workflow>, output: &Shape) {
        match item {
            // Looked at before.
            TestItem::Input(_) => {}
            TestItem::Trigger(object) => {
                if let Some(Shape::Object(known)) = workflow.map(|workflow| self.trigger_shape(workflow)) {
                    self.hole_in(&object.fields, &known);
                }
                self.object(&object.fields);
            }
            TestItem::State(object) => {
                if let Some(Shape::Object(known)) = workflow.and_then(|workflow| self.kept_by(workflow)) {
                    self.hole_in(&object.fields, &known);
                }
                self.object(&object.fields);
            }
            TestItem::At(moment) => {
                if Shape::DateTime.check(&crate::base::value::Value::from(moment.text.clone())).is_err() {
                    self.report(
                        Diagnostic::error(code::TEST, moment.span, "this is no moment")
                            .hint("a moment looks like \"2026-03-29T00:30:00Z\""),
                    );
                }
            }
            TestItem::Mock(mock) => self.mock(mock, workflow),
            TestItem::Advance(time, _) => {
                self.argument(time, &Shape::Duration, "`advance`");
                self.known_before(time, "`advance`");
            }
            TestItem::Signal { name, payload, .. } => {
                payload.iter().for_each(|payload| {
                    self.value(payload);
                });
                self.awaited(workflow, &name.text, name.span, "signal");
            }
            TestItem::Event { topic, payload, .. } => {
                self.heard(workflow, &topic.text, topic.span);
                payload.iter().for_each(|payload| {
                    self.value(payload);
                });
            }
            TestItem::Cancel(_) => {}
            TestItem::Expect(condition, _) => self.expect(condition, workflow, output),
        }
    }

    /// An event that the workflow may hear; said only where it is nearly one.
    fn heard(&mut self, workflow: Option<&'a Workflow>, topic: &Arc<str>, place: crate::base::span::Span) {
        let Some(workflow) = workflow else { return };
        let mut known: Vec<Arc<str>> = Vec::new();
        walk::block(&workflow.body, &mut |seen| {
            if let Seen::Step(step) = seen
                && let Action::Wait(crate::lang::syntax::ast::Wait::Event { topic, .. }) = &step.action
            {
                known.push(topic.text.clone());
            }
        });
        if !known.contains(topic)
            && let Some(near) = nearest(topic, known.iter().map(|topic| &**topic))
        {
            let message = format!("the workflow waits for no event \"{topic}\"");
            let diagnostic = Diagnostic::warning(code::TEST, place, message);
            self.report(diagnostic.fix(format!("did you mean \"{near}\"?"), place, format!("{near:?}")));
        }
    }

    /// A signal that the workflow waits for.
    fn awaited(&mut self, workflow: Option<&'a Workflow>, name: &Arc<str>, place: crate::base::span::Span, what: &str) {
        let Some(workflow) = workflow else { return };
        let mut known: Vec<Arc<str>> = Vec::new();
        let mut children = false;
        walk::block(&workflow.body, &mut |seen| match seen {
            Seen::Step(step) => {
                if let Action::Wait(crate::lang::syntax::ast::Wait::Signal { name }) = &step.action {
                    known.push(name.text.clone());
                }
            }
            Seen::Callee(path) => children |= path.parts.len() == 1,
            _ => {}
        });
        if known.contains(name) || children {
            return;
        }
        let message = format!("the workflow waits for no {what} \"{name}\"");
        let mut diagnostic = Diagnostic::warning(code::TEST, place, message);
        if let Some(near) = nearest(name, known.iter().map(|name| &**name)) {
            diagnostic = diagnostic.fix(format!("did you mean \"{near}\"?"), place, format!("{near:?}"));
        }
        self.report(diagnostic);
    }

    fn mock(&mut self, mock: &'a Mock, workflow: Option<&'a Workflow>) {
        let targets: Vec<Option<Mocked>> = mock.targets.iter().map(|target| self.mocked(target, workflow)).collect();
        let mut answers = targets.iter().map(|target| target.as_ref().map_or(Shape::Any, |found| found.answer.clone()));
        let one = targets.len() == 1;
        let answer = if one { answers.next().unwrap_or_default() } else { Shape::Any };
        let params = match &targets[..] {
            [Some(target)] => target.params.clone(),
            _ => Shape::Any,
        };
        let mut here = self.here.clone();
        here.words.push(("params", Typed::of(params)));
        for word in ["input", "run", "vars", "state", "trigger"] {
            here.words.push((word, Typed::default()));
        }
        self.at(here, |this| {
            for reply in &mock.replies {
                this.mock_reply(reply, &answer);
            }
        });
    }

    /// Whom a mock stands for: an operation, a workflow, or a step that waits.
    fn mocked(&mut self, target: &'a Path, workflow: Option<&'a Workflow>) -> Option<Mocked> {
        if let ([name], Some(workflow)) = (&target.parts[..], workflow) {
            let step = step_called(workflow, &name.text);
            if let Some(step) = step
                && matches!(step.action, Action::Wait(_) | Action::Ask(_))
            {
                self.checked.callees.insert(target.span, Callee::Step(name.text.clone()));
                self.mention_step(&name.text, target.span);
                let answer = self.checked.shapes.get(&step.span).cloned().unwrap_or_default();
                let answer =
                    if matches!(step.action, Action::Wait(_)) && step.ty.is_none() { Shape::Any } else { answer };
                return Some(Mocked { answer, params: Shape::Any });
            }
            if let Some(step) = step
                && !self.declared[self.tree].workflows.contains_key(&name.text)
            {
                let message = format!("`{}` does not wait: mock what it calls", name.text);
                let mut diagnostic = Diagnostic::error(code::TEST, target.span, message);
                if let Action::Call(call) = &step.action {
                    let callee = call.callee.dotted();
                    diagnostic = diagnostic.fix(format!("that is `{callee}`"), target.span, callee);
                } else {
                    diagnostic = diagnostic.hint("a mock takes an operation, a workflow, or a step that waits or asks");
                }
                self.report(diagnostic);
                return None;
            }
            if !self.declared[self.tree].workflows.contains_key(&name.text) && !self.is_broken(&name.text) {
                let mut known: Vec<Arc<str>> = waiting(workflow);
                known.extend(self.declared[self.tree].workflows.keys().cloned());
                let message = format!("no step that waits and no workflow is called `{}`", name.text);
                let names: Vec<&str> = known.iter().map(|name| &**name).collect();
                self.unknown_of(code::TEST, &name.text, name.span, message, &names);
                return None;
            }
        }
        // Of an unknown workflow no step is known.
        if workflow.is_none() && target.parts.len() == 1 {
            return None;
        }
        match self.callee(target) {
            Found::Operation(signature) => {
                let params = as_given(&signature.params);
                Some(Mocked { answer: signature.result.clone(), params })
            }
            Found::Workflow(name) => {
                let face = self.faces.get(&name).cloned().unwrap_or_default();
                Some(Mocked { answer: face.output, params: as_given(&face.input.fields) })
            }
            Found::Nobody => None,
        }
    }

    fn mock_reply(&mut self, reply: &'a MockReply, answer: &Shape) {
        if let Some(after) = &reply.after {
            self.argument(after, &Shape::Duration, "`after`");
            self.known_before(after, "`after`");
        }
        if let Some(times) = &reply.times {
            self.argument(times, &Shape::Int(Bounds { min: Some(0.0), max: None }), "`times`");
        }
        if let Some(when) = &reply.when {
            self.condition(when, "the condition of a mock");
        }
        match &reply.answer {
            MockAnswer::Value(value) => self.mock_value(value, answer),
            MockAnswer::Fails { kind, message, fields } => {
                if &*kind.text == "error" {
                    let message = "`error` stands for all types: a mock fails with one";
                    self.report(Diagnostic::error(code::TEST, kind.span, message).hint("`fails connection_error`"));
                } else if !self.raised_by_program(&kind.text) {
                    let known: Vec<&str> = KINDS.iter().map(|(name, _)| *name).collect();
                    if let Some(near) = known.iter().find(|known| strsim::damerau_levenshtein(known, &kind.text) <= 2) {
                        let message = format!("there is no error type `{}`", kind.text);
                        self.report(Diagnostic::error(code::UNKNOWN_ERROR, kind.span, message).fix(
                            format!("did you mean `{near}`?"),
                            kind.span,
                            *near,
                        ));
                    }
                }
                message.iter().for_each(|message| {
                    self.expression(message);
                });
                fields.iter().for_each(|fields| {
                    self.object(&fields.fields);
                });
            }
            MockAnswer::Never(_) => {}
        }
    }

    fn raised_by_program(&self, name: &str) -> bool {
        KINDS.iter().any(|(known, _)| *known == name) || self.all_handled().contains(name)
    }

    /// A mocked answer need not be whole: a test gives the fields that matter to it, but what it gives must fit.
    fn mock_value(&mut self, value: &'a Value, answer: &Shape) {
        match value {
            Value::Expr(expr) => self.hole_wanted(&expr.source, answer),
            Value::Object(object) => {
                if let Shape::Object(known) = answer.present() {
                    self.hole_in(&object.fields, known);
                }
            }
            Value::List(_) => {}
        }
        let typed = self.value(value);
        if matches!(answer.present(), Shape::Any | Shape::Unit) {
            return;
        }
        if let (Value::Object(object), Shape::Object(known)) = (value, answer.present()) {
            for field in &object.fields {
                match known.fields.iter().find(|known| known.name == field.key.text) {
                    Some(wanted) => self.mock_value(&field.value, &wanted.shape),
                    None => self.mock_slip(&object.fields, field, known),
                }
            }
            return;
        }
        let misfit = match crate::lang::catalog::types::constant(value) {
            Some(constant) => answer.clone().optional().check_answer(&constant).is_err(),
            None => answer.accepts(&typed.shape) == crate::base::shape::Fit::Never,
        };
        if misfit && !matches!(value, Value::Object(_) | Value::List(_)) {
            let message = format!("this must be {}, as what it stands for gives", answer.described());
            self.report(Diagnostic::error(code::MISMATCH, value.span(), message));
        }
    }

    /// An answer may have more fields than are declared; one that is nearly another that is not given is a slip.
    fn mock_slip(&mut self, given: &[Field], field: &Field, known: &Object) {
        let open = known
            .fields
            .iter()
            .map(|known| &*known.name)
            .filter(|name| given.iter().all(|given| &*given.key.text != *name));
        let (name, place) = (&field.key.text, field.key.span);
        if let Some(near) = nearest(name, open) {
            let message = format!("the answer has no field `{name}`");
            let diagnostic = Diagnostic::warning(code::UNKNOWN_FIELD, place, message);
            self.report(diagnostic.fix(format!("did you mean `{near}`?"), place, near));
        }
    }

    fn expect(
        &mut self,
        condition: &'a crate::lang::syntax::ast::Expr,
        workflow: Option<&'a Workflow>,
        output: &Shape,
    ) {
        // Whoever is still writing it looks for what is declared.
        let is_written = self.noting && condition.source.contains(HOLE);
        let mut here = Here::default();
        let run = Shape::object([
            ("id", Shape::text()),
            ("workflow", Shape::text()),
            ("version", Shape::Any),
            ("started_at", Shape::Any),
            ("ended_at", Shape::Any),
            ("status", super::workflow::run_status()),
            ("elapsed", Shape::Duration),
            ("error", Shape::Any),
            ("problems", Shape::list(Shape::Any)),
            ("output", Shape::Any),
            ("input", Shape::Any),
        ]);
        here.words = vec![
            ("run", Typed::of(run)),
            // What a test expects of it decides whether the run came so far.
            ("output", Typed::of(if is_written { output.clone() } else { lenient(output) })),
            ("reply", Typed::default()),
            ("error", Typed::of(super::handler::error_shape())),
            ("state", Typed::default()),
            ("input", Typed::default()),
            ("vars", Typed::default()),
            ("trigger", Typed::default()),
            ("calls", Typed::default()),
            ("emitted", Typed::default()),
            ("steps", Typed::of(self.records(workflow))),
        ];
        self.at(here, |this| {
            this.names.clear();
            this.condition(condition, "what is expected");
        });
    }

    /// `steps` in tests: the records of all steps that have a name.
    fn records(&self, workflow: Option<&'a Workflow>) -> Shape {
        let Some(workflow) = workflow else { return Shape::Any };
        let mut names: Vec<Arc<str>> = Vec::new();
        walk::block(&workflow.body, &mut |seen| {
            if let Seen::Step(step) = seen {
                match &step.name {
                    Some(name) => names.push(name.text.clone()),
                    None => names.extend(self.checked.names.get(&step.span).cloned()),
                }
            }
        });
        names.sort();
        names.dedup();
        Shape::object(names.into_iter().map(|name| (name, record(&Shape::Any, more()))))
    }
}

/// What records of some steps hold beside what every record holds.
fn more() -> Vec<(&'static str, Shape)> {
    ["winner", "winners", "failed", "by"].map(|name| (name, Shape::Any)).to_vec()
}

/// The output as a test may look at it: every field may be asked for, since the run may have failed before.
fn lenient(output: &Shape) -> Shape {
    match output.present() {
        Shape::Object(object) => Shape::object(object.fields.iter().map(|field| {
            let shape = match field.shape.present() {
                Shape::Unit | Shape::Object(_) => Shape::Any,
                plain => plain.clone(),
            };
            (field.name.clone(), shape)
        })),
        _ => Shape::Any,
    }
}

/// The step with a name, anywhere in a workflow.
fn step_called<'a>(workflow: &'a Workflow, name: &str) -> Option<&'a Step> {
    let mut found = None;
    walk::block(&workflow.body, &mut |seen| {
        if let Seen::Step(step) = seen
            && step.name.as_ref().is_some_and(|known| &*known.text == name)
        {
            found.get_or_insert(step);
        }
    });
    found
}

/// The names of the steps that wait or ask.
fn waiting(workflow: &Workflow) -> Vec<Arc<str>> {
    let mut names = Vec::new();
    walk::block(&workflow.body, &mut |seen| {
        if let Seen::Step(step) = seen
            && matches!(step.action, Action::Wait(_) | Action::Ask(_))
            && let Some(name) = &step.name
        {
            names.push(name.text.clone());
        }
    });
    names
}
