//! A workflow: what it takes and gives, what starts it, and everything it does.

use std::sync::{Arc, OnceLock};

use indexmap::IndexMap;

use super::super::compare::Past;
use super::super::formula::Formula;
use super::super::handler::ChainId;
use super::super::workflow::{Concurrency, Functions, Plan, RunKey, State};
use super::super::{Connector, fingerprint};
use super::builder::Builder;
use super::trigger;
use super::value::Values;
use crate::base::id::Digest;
use crate::base::shape::{Field, Object, Shape};
use crate::base::value::{Map, Value};
use crate::lang::catalog::types::constant;
use crate::lang::check::{Checked, Module};
use crate::lang::syntax::ast::{self, Item, Moment};

/// The plan of one workflow of `module`.
pub(super) fn lower(
    workflow: &ast::Workflow,
    name: Arc<str>,
    module: &Module,
    checked: &Checked,
    connectors: &IndexMap<Arc<str>, Arc<Connector>>,
) -> Plan {
    let mut builder = Builder::new(workflow, module, checked, connectors);
    let mut plan = head(workflow, name, &builder.values);
    let (body, scope) = builder.root(workflow);
    (plan.body, plan.chain) = (body, scope.units);
    for item in &workflow.body.items {
        let Item::Lifecycle(lifecycle) = item else { continue };
        let body = builder.opening(&lifecycle.body, scope);
        match lifecycle.moment {
            Moment::Success => plan.on_success.push(body),
            Moment::Failure => plan.on_failure.push(body),
            Moment::Cancel => plan.on_cancel.push(body),
            Moment::Finally => plan.finally.push(body),
        }
    }
    builder.finish(&mut plan);
    plan.digest = fingerprint::plan(&plan);
    plan
}

/// All but what it does.
fn head(workflow: &ast::Workflow, name: Arc<str>, values: &Values<'_>) -> Plan {
    let mut plan = Plan {
        name,
        title: workflow.title.as_ref().map(|title| title.text.clone()),
        doc: workflow.doc.as_ref().map(|doc| doc.text.clone()),
        version: None,
        digest: Digest::default(),
        span: workflow.name.span,
        input: Object::default(),
        output: values.shape(workflow.span),
        vars: Vec::new(),
        state: None,
        triggers: Vec::new(),
        body: super::super::Body::default(),
        nodes: Vec::new(),
        handlers: Vec::new(),
        chains: Vec::new(),
        chain: ChainId(0),
        on_success: Vec::new(),
        on_failure: Vec::new(),
        on_cancel: Vec::new(),
        finally: Vec::new(),
        deadline: None,
        concurrency: None,
        key: None,
        priority: None,
        tags: Vec::new(),
        operations: IndexMap::new(),
        functions: Functions::default(),
        past: Past::default(),
    };
    for item in &workflow.body.items {
        match item {
            Item::Input(declared) => {
                plan.input.fields.extend(declared.fields.iter().map(|field| self::field(field, values)));
            }
            Item::Vars(declared) => {
                plan.vars.extend(declared.fields.iter().map(|field| variable(field, values)));
            }
            Item::State(declared) => plan.state = Some(state(declared, values)),
            Item::Trigger(trigger) => plan.triggers.push(trigger::lower(trigger, values)),
            Item::Version(version) => plan.version = Some(version.text.clone()),
            Item::Deadline(deadline, _) => plan.deadline = Some(values.arg(deadline)),
            Item::Concurrency(concurrency) => plan.concurrency = Some(self::concurrency(concurrency, values)),
            Item::Key(key) => {
                let keep = key.keep.as_ref().and_then(|keep| values.duration(keep));
                plan.key = Some(RunKey { key: values.arg(&key.key), keep });
            }
            Item::Priority(priority, _) => plan.priority = Some(values.arg(priority)),
            Item::Tags(tags, _) => plan.tags.extend(tags.iter().map(|tag| tag.text.clone())),
            Item::Step(_)
            | Item::Let(_)
            | Item::Set(_)
            | Item::Emit(_)
            | Item::Reply(_)
            | Item::Return(_)
            | Item::Fail(_)
            | Item::Until(_)
            | Item::Output(_)
            | Item::On(_)
            | Item::Handle(_)
            | Item::Lifecycle(_) => {}
        }
    }
    if let (None, Some(state)) = (&plan.concurrency, &plan.state) {
        // One run at a time is inside a state, unless the program says otherwise (semantics 57).
        plan.concurrency = Some(Concurrency {
            places: Formula::Constant(Value::Int(1)),
            per: state.by.clone().map(Formula::Script),
            overflow: "queue".into(),
        });
    }
    plan
}

fn concurrency(declared: &ast::Concurrency, values: &Values<'_>) -> Concurrency {
    Concurrency {
        places: values.arg(&declared.places),
        per: declared.per.as_ref().map(|per| values.arg(per)),
        overflow: declared.overflow.as_ref().map_or_else(|| "queue".into(), |overflow| overflow.text.clone()),
    }
}

fn state(declared: &ast::State, values: &Values<'_>) -> State {
    let keep = |field: &ast::Declare| {
        let keep = values.duration(field.keep.as_ref()?)?;
        Some((field.name.text.clone(), keep))
    };
    State {
        by: declared.by.as_ref().and_then(|by| values.arg_script(by)),
        fields: declared.fields.iter().map(|field| variable(field, values)).collect(),
        keep: declared.fields.iter().filter_map(keep).collect(),
    }
}

/// A field with the formula of what it is at first.
pub(super) fn variable(declared: &ast::Declare, values: &Values<'_>) -> (Field, Formula) {
    let field = field(declared, values);
    let first = match (&declared.value, &field.shape) {
        (Some(value), _) => values.value(value),
        // What is added to has to be there: without a value these begin empty, all others absent.
        (None, Shape::List(..)) => Formula::Constant(Value::list([])),
        (None, Shape::Set(..)) => Formula::Constant(Value::Set(Arc::default())),
        (None, Shape::Map(..)) => Formula::Constant(Value::from(Map::new())),
        (None, _) => Formula::Constant(Value::Unit),
    };
    (field, first)
}

/// A declared field: its type as written, or that of its value.
pub(super) fn field(declared: &ast::Declare, values: &Values<'_>) -> Field {
    let shape = values.declared(declared.ty.as_ref(), declared.value.as_ref());
    let default = declared.value.as_ref().and_then(constant).filter(|default| !default.is_unit());
    Field {
        name: declared.name.text.clone(),
        // As the type wants it; a default that does not fit was reported.
        default: default.map(|default| shape.check(&default).unwrap_or(default)),
        shape,
        doc: declared.doc.as_ref().map(|doc| doc.text.clone()),
    }
}

/// The `fn`s of a module, with what the checker compiled.
pub(super) fn functions(module: &Module) -> Functions {
    Functions { sources: module.functions.clone(), library: OnceLock::from(module.library.clone()) }
}
