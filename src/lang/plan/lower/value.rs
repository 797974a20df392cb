//! Expressions, objects, lists and the parameters of clauses, as formulas.

use std::rc::Rc;
use std::sync::{Arc, OnceLock};

use super::super::formula::{Formula, Root, Script};
use super::super::workflow::Functions;
use super::frame::Layout;
use crate::base::shape::Shape;
use crate::base::span::Span;
use crate::base::time::Duration;
use crate::base::value::{Map, Value};
use crate::lang::catalog::types;
use crate::lang::check::{Checked, Module, Target};
use crate::lang::script::{self, Form};
use crate::lang::syntax::ast;

/// Reads values off the tree: knows what the checker found out, and where names are kept.
#[derive(Clone)]
pub(super) struct Values<'a> {
    pub(super) checked: &'a Checked,
    /// Of the text that is being read.
    pub(super) layout: Rc<Layout>,
    /// The depth of the frame in which that text as a whole stands.
    pub(super) base: u16,
    /// The `fn`s that text sees, where it stands in another file than the workflow.
    pub(super) home: Option<Arc<Functions>>,
}

impl<'a> Values<'a> {
    /// For text without frames: connectors, tests, triggers.
    pub(super) fn flat(checked: &'a Checked) -> Self {
        Self { checked, layout: Rc::default(), base: 0, home: None }
    }

    pub(super) fn value(&self, value: &ast::Value) -> Formula {
        match value {
            ast::Value::Expr(expr) => self.expr(expr),
            ast::Value::Object(object) => self.fields(&object.fields),
            ast::Value::List(list) => listed(list.items.iter().map(|item| self.value(item)).collect()),
        }
    }

    /// A value that may be left out, and is then absent.
    pub(super) fn optional(&self, value: Option<&ast::Value>) -> Formula {
        value.map_or(Formula::Constant(Value::Unit), |value| self.value(value))
    }

    pub(super) fn fields<'f>(&self, fields: impl IntoIterator<Item = &'f ast::Field>) -> Formula {
        object(fields.into_iter().map(|field| (field.key.text.clone(), self.value(&field.value))).collect())
    }

    pub(super) fn output(&self, output: &ast::Output) -> Formula {
        match &output.form {
            ast::OutputForm::Value(value) => self.value(value),
            ast::OutputForm::Fields(fields) => object(
                fields.iter().map(|field| (field.name.text.clone(), self.optional(field.value.as_ref()))).collect(),
            ),
        }
    }

    pub(super) fn expr(&self, expr: &ast::Expr) -> Formula {
        let script = self.script(expr);
        match script.compiled.get().and_then(script::Expr::constant) {
            Some(value) => Formula::Constant(value.clone()),
            None => Formula::Script(script),
        }
    }

    pub(super) fn script(&self, expr: &ast::Expr) -> Script {
        self.text(&expr.source, expr.span, Form::Expression)
    }

    pub(super) fn code(&self, code: &ast::Code) -> Script {
        self.text(&code.source, code.span, Form::Block)
    }

    /// The parameter of a clause. A percentage is its number; `all` is for [`ast::For::tolerate`] alone, which looks itself.
    pub(super) fn arg(&self, arg: &ast::Arg) -> Formula {
        match arg {
            ast::Arg::Expr(expr) => self.expr(expr),
            ast::Arg::Percent(percent, _) => Formula::Constant(Value::Float(*percent)),
            ast::Arg::All(_) => Formula::Constant(Value::Unit),
        }
    }

    /// The parameter of a clause as a script, for places that compute it for each of many things.
    pub(super) fn arg_script(&self, arg: &ast::Arg) -> Option<Script> {
        match arg {
            ast::Arg::Expr(expr) => Some(self.script(expr)),
            ast::Arg::Percent(..) | ast::Arg::All(_) => None,
        }
    }

    /// A value that has to be known before anything runs; absent where it is not.
    pub(super) fn constant(&self, value: &ast::Value) -> Value {
        // Defaults belong to types, whose values the catalog reads itself: the checker keeps no expressions for them.
        types::constant(value).unwrap_or_default()
    }

    fn known(&self, arg: &ast::Arg) -> Option<Value> {
        match self.arg(arg) {
            Formula::Constant(value) => Some(value),
            Formula::Script(_) | Formula::Object(_) | Formula::List(_) => None,
        }
    }

    /// A duration that has to be known before anything runs.
    pub(super) fn duration(&self, arg: &ast::Arg) -> Option<Duration> {
        match self.known(arg)? {
            Value::Duration(duration) => Some(duration),
            _ => None,
        }
    }

    /// A count that has to be known before anything runs.
    pub(super) fn count(&self, arg: &ast::Arg) -> Option<u64> {
        self.known(arg)?.as_int().and_then(|count| u64::try_from(count).ok())
    }

    /// The module of the file in which `span` stands.
    pub(super) fn module(&self, span: Span) -> Option<&'a Module> {
        self.checked.modules.iter().find(|module| module.program.file == span.file)
    }

    /// The type that the checker found for what stands at `span`.
    pub(super) fn shape(&self, span: Span) -> Shape {
        self.checked.shapes.get(&span).cloned().unwrap_or_default()
    }

    /// A written type, or else that of the value.
    pub(super) fn declared(&self, ty: Option<&ast::Type>, value: Option<&ast::Value>) -> Shape {
        match (ty, value) {
            (Some(ty), _) => self.shape(ty.span),
            (None, Some(ast::Value::Expr(expr))) => {
                self.checked.expressions.get(&expr.span).map_or(Shape::Any, |known| known.shape.clone())
            }
            (None, _) => Shape::Any,
        }
    }

    fn text(&self, source: &Arc<str>, span: Span, form: Form) -> Script {
        let Some(known) = self.checked.expressions.get(&span) else { return self.unseen(source, span, form) };
        let roots = known.targets.iter().map(|target| self.root(target, span)).collect();
        let (home, compiled) = (self.home.clone(), OnceLock::from(known.script.clone()));
        Script { source: source.clone(), span, form, roots, home, compiled }
    }

    /// A text that the checker had no need to keep, such as a default, or a part of a path: its names are those of scopes
    /// and of parameters.
    pub(super) fn unseen(&self, source: &str, span: Span, form: Form) -> Script {
        let library = self.module(span).map(|module| module.library.clone()).unwrap_or_default();
        let mut script = Script { form, home: self.home.clone(), ..made(source, span, Vec::new()) };
        if let Ok(compiled) = script::compile(source, span, form, &library) {
            script.roots = compiled.reads().iter().map(|read| scope(&read.root)).collect();
            script.compiled = compiled.into();
        }
        script
    }

    fn root(&self, target: &Target, reader: Span) -> Root {
        let slot = |spans: &[Span]| {
            let mut slot = self.layout.read(spans, reader)?;
            slot.depth += self.base;
            Some(slot)
        };
        match target {
            Target::Scope(name) => scope(name),
            Target::Binding(name, spans) => slot(spans).map_or_else(|| Root::Param(name.clone()), Root::Slot),
            Target::Record(name, spans) => {
                slot(spans).map_or_else(|| Root::Param(name.clone()), |slot| Root::Record(name.clone(), slot))
            }
            Target::Param(name) => Root::Param(name.clone()),
            Target::Calls => Root::Calls,
            // Nothing with such a name was let through the check; as a parameter that nobody gives it is absent.
            Target::Unknown => Root::Param("".into()),
        }
    }
}

/// The root of a scope name; any other bare name is a parameter.
pub(super) fn scope(name: &Arc<str>) -> Root {
    match &**name {
        "input" => Root::Input,
        "vars" => Root::Vars,
        "state" => Root::State,
        "run" => Root::Run,
        "trigger" => Root::Trigger,
        "error" => Root::Error,
        "event" => Root::Event,
        "output" => Root::Output,
        "key" => Root::Key,
        "params" => Root::Params,
        "config" => Root::Config,
        "response" => Root::Response,
        "request" => Root::Request,
        "reply" => Root::Reply,
        "steps" => Root::Steps,
        "calls" => Root::Calls,
        "emitted" => Root::Emitted,
        _ => Root::Param(name.clone()),
    }
}

/// An object; a constant where all its fields are.
pub(super) fn object(fields: Vec<(Arc<str>, Formula)>) -> Formula {
    let constant: Option<Map> =
        fields.iter().map(|(key, value)| Some((key.clone(), value.constant()?.clone()))).collect();
    constant.map_or(Formula::Object(fields), |map| Formula::Constant(Value::from(map)))
}

fn listed(items: Vec<Formula>) -> Formula {
    let constant: Option<Vec<Value>> = items.iter().map(|item| item.constant().cloned()).collect();
    constant.map_or(Formula::List(items), |items| Formula::Constant(Value::list(items)))
}

/// A piece of Rhai that no program wrote: `response.body` where a connector leaves it out, a `{name}` in a path.
pub(super) fn made(source: &str, span: Span, roots: Vec<Root>) -> Script {
    Script { source: source.into(), span, form: Form::Expression, roots, home: None, compiled: OnceLock::new() }
}
