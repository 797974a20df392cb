//! Triggers that connectors declare, and those of workflows that listen by them.

use std::sync::Arc;

use super::checker::{Checker, Typed};
use super::code;
use super::connector::{bare, response_shape};
use crate::base::diagnostic::Diagnostic;
use crate::base::shape::{Field as ShapeField, Fit, Object, Shape};
use crate::lang::catalog::{self, Brings};
use crate::lang::syntax::ast::{
    Connector, ConnectorItem, Example, Path, RequestItem, Source, SourceCall, Start, Trigger, TriggerClause,
    TriggerClauseKind, TriggerKind,
};

/// What the expressions of such a trigger see beside its parameters: no parameter may be called so.
const SEEN: [&str; 6] = ["item", "items", "state", "body", "headers", "query"];

impl<'a> Checker<'a> {
    /// A trigger that a connector declares.
    pub(super) fn source(&mut self, source: &'a Source, declared: &'a Connector, connector: &catalog::Connector) {
        let Some(signature) = connector.sources.get(&source.name.text) else { return };
        self.source_params(source);
        if let Some(ty) = &source.item_type {
            self.note_types(ty);
        }
        if let Some(every) = &source.every {
            self.argument(every, &Shape::Duration, "`every`");
            self.known_before(every, "`every`");
        }
        let mut here = self.here.clone();
        here.params = Some(signature.params.iter().map(bare).collect());
        here.words.push(("params", Typed::default()));
        if signature.brings == Brings::Asked {
            here.words.push(("state", Typed::default()));
        }
        self.at(here, |this| {
            this.source_asks(source, connector, signature);
            this.source_reads(source, signature);
        });
        self.source_lacks(source, declared);
    }

    fn source_params(&mut self, source: &'a Source) {
        for declare in &source.params {
            let name = &declare.name;
            if SEEN.contains(&&*name.text) || catalog::OF_EVERY_SOURCE.contains(&&*name.text) {
                let message = format!("`{}` means something else here", name.text);
                let diagnostic = Diagnostic::error(code::CONNECTOR, name.span, message);
                self.report(diagnostic.hint("give the parameter another name"));
            }
            if let Some(ty) = &declare.ty {
                self.note_types(ty);
            }
            declare.value.iter().for_each(|value| {
                self.value(value);
            });
        }
    }

    /// What a poll asks by.
    fn source_asks(
        &mut self,
        source: &'a Source,
        connector: &catalog::Connector,
        signature: &catalog::SourceSignature,
    ) {
        match &source.start {
            Some(Start::Value(value)) => drop(self.value(value)),
            Some(Start::Request(request)) => self.request(request, &signature.params),
            None => {}
        }
        if let Some(request) = &source.request {
            self.request(request, &signature.params);
        }
        if let Some(call) = &source.call {
            self.source_call(call, connector);
        }
        source.items.iter().for_each(|item| self.request_item(item, false));
    }

    fn source_call(&mut self, call: &'a SourceCall, connector: &catalog::Connector) {
        let name = &call.name;
        let Some(operation) = connector.operations.get(&name.text).cloned() else {
            let known: Vec<&str> = connector.operations.keys().map(|name| &**name).collect();
            let message = format!("there is no operation `{}` here", name.text);
            self.unknown_of(code::UNKNOWN_CALLEE, &name.text, name.span, message, &known);
            self.object(&call.params.fields);
            return;
        };
        if operation.effect != catalog::Effect::Read {
            let message = format!("a poll only looks, and `{}` is not `read`", name.text);
            self.report(
                Diagnostic::error(code::CONNECTOR, name.span, message)
                    .hint("ask by an operation that may be repeated without harm"),
            );
        }
        self.parameters(&call.params.fields, &operation.params, &operation.full_name(), name.span, None);
    }

    /// What is made of what came.
    fn source_reads(&mut self, source: &'a Source, signature: &catalog::SourceSignature) {
        let mut here = self.here.clone();
        match signature.brings {
            Brings::Sent => {
                for word in ["trigger", "body", "headers", "query"] {
                    here.words.push((word, Typed::default()));
                }
            }
            Brings::Asked => {
                here.words.push(("response", Typed::of(response_shape())));
                // A poll that is told to look at once sees who tells it.
                for word in ["body", "headers", "query"] {
                    here.words.push((word, Typed::default()));
                }
            }
        }
        self.at(here, |this| {
            source.each.iter().for_each(|each| drop(this.expression(each)));
            for clause in &source.clauses {
                this.hook_clause(clause);
            }
            for anew in &source.anew {
                this.condition(&anew.when, "the condition of `anew`");
                anew.state.iter().for_each(|state| drop(this.value(state)));
            }
            let mut here = this.here.clone();
            here.words.push(("items", Typed::of(Shape::list(Shape::Any))));
            this.at(here, |this| source.state.iter().for_each(|state| drop(this.value(state))));
            let mut here = this.here.clone();
            here.words.push(("item", Typed::default()));
            this.at(here, |this| {
                for clause in &source.clauses {
                    if let TriggerClauseKind::Where(filter) = &clause.kind {
                        this.condition(filter, "`where`");
                    }
                }
                if let Some(item) = &source.item {
                    this.wanted(item, &signature.item.clone().optional(), "the item");
                }
                source.by.iter().for_each(|by| drop(this.expression(by)));
            });
        });
    }

    /// An example of a trigger: what is told or answered, and the items it brings.
    pub(super) fn source_example(&mut self, example: &'a Example, source: &catalog::SourceSignature) {
        let name = &example.operation;
        let mut takes = source.params.clone();
        if source.brings == Brings::Asked {
            takes.push(ShapeField { name: "state".into(), shape: Shape::Any.optional(), default: None, doc: None });
        }
        self.parameters(&example.params.fields, &takes, &format!("`{}`", name.text), name.span, None);
        self.example_gets(example);
        self.example_is_constant(example);
        let Some(gives) = &example.gives else {
            self.report(
                Diagnostic::error(code::EXAMPLE, example.span, "an example says what comes of it")
                    .hint("`gives [{ ... }]`: the items; `gives []` where it brings none"),
            );
            return;
        };
        self.value(gives);
        let Some(constant) = catalog::types::constant(gives) else { return };
        let Some(items) = constant.as_list() else {
            let message = "the items that a trigger brings are a list";
            self.report(Diagnostic::error(code::EXAMPLE, gives.span(), message).hint("write `gives [{ ... }]`"));
            return;
        };
        for misfit in items.iter().filter_map(|item| source.item.check_answer(item).err()).flatten() {
            let message = format!("this is no item of `{}`: {misfit}", name.text);
            self.report(Diagnostic::error(code::EXAMPLE, gives.span(), message));
        }
    }

    /// `verify` or `challenge` of a whole connector.
    pub(super) fn hook(&mut self, clause: &'a TriggerClause) {
        let mut here = self.here.clone();
        for word in ["trigger", "body", "headers", "query"] {
            here.words.push((word, Typed::default()));
        }
        self.at(here, |this| this.hook_clause(clause));
    }

    fn hook_clause(&mut self, clause: &'a TriggerClause) {
        match &clause.kind {
            TriggerClauseKind::Where(_) => {}
            TriggerClauseKind::Verify { scheme, fields } => self.verify(scheme, fields),
            TriggerClauseKind::Challenge(challenge) => drop(self.expression(challenge)),
            _ => self.report(Diagnostic::error(
                code::CONNECTOR,
                clause.span,
                "this belongs to the trigger of a workflow, not to its declaration",
            )),
        }
    }

    /// What such a trigger cannot do without, and what means nothing to its kind.
    fn source_lacks(&mut self, source: &'a Source, declared: &'a Connector) {
        let name = &source.name;
        if &*source.kind.text == "poll" {
            if source.request.is_none() && source.call.is_none() {
                self.report(Diagnostic::error(code::CONNECTOR, name.span, "a poll asks for something").hint(
                    "say for what: `GET \"/changes\" { ... }`, or an operation: `list_changes { since: state }`",
                ));
            }
            if let (Some(request), Some(call)) = (&source.request, &source.call) {
                self.report(
                    Diagnostic::error(code::CONNECTOR, call.name.span, "a poll asks by one of both")
                        .also(request.span, "it asks by this request")
                        .hint("keep one"),
                );
            }
            if source.by.is_none() {
                self.report(
                    Diagnostic::error(code::CONNECTOR, name.span, "a poll does not know what it has seen already")
                        .hint("say what makes two items the same: `by item.id`; where changes count, `by item.id + item.updated`"),
                );
            }
            return;
        }
        let asks = source.items.iter().filter(|item| !matches!(item, RequestItem::Field(_)));
        let belongs_to_polls = source.request.is_some()
            || source.call.is_some()
            || source.state.is_some()
            || source.start.is_some()
            || !source.anew.is_empty()
            || source.every.is_some()
            || asks.count() > 0;
        if belongs_to_polls {
            self.report(
                Diagnostic::error(code::CONNECTOR, name.span, "a webhook is told, and asks for nothing")
                    .hint("`poll` asks; `start`, `state`, `anew`, `every` and requests belong to it"),
            );
        }
        let is_verify = |clause: &TriggerClause| matches!(clause.kind, TriggerClauseKind::Verify { .. });
        let mut shared = declared.items.iter().filter_map(|item| match item {
            ConnectorItem::Hook(clause) => Some(clause),
            _ => None,
        });
        if !source.clauses.iter().any(is_verify) && !shared.any(is_verify) {
            self.report(
                Diagnostic::warning(code::CONNECTOR, name.span, "anybody may send this, for nothing is verified")
                    .hint("write `verify hmac_sha256 { key: config.signing_secret, header: \"X-Signature\" }`"),
            );
        }
    }

    /// The trigger that `path` names, in a workflow.
    pub(super) fn source_named(&self, path: &Path) -> Option<(&'a Arc<str>, &'a catalog::SourceSignature)> {
        let [connector, source] = &path.parts[..] else { return None };
        let own = self.trees[self.tree].qualified(&connector.text);
        let catalog = self.catalog;
        let known = catalog.connectors.get(&own).or_else(|| catalog.connectors.get(&connector.text))?;
        let signature = known.sources.get(&source.text)?;
        Some((&known.name, signature))
    }

    /// What `trigger` is where a connector brings the items.
    pub(super) fn brought(&self, path: &Path) -> Shape {
        let Some((_, signature)) = self.source_named(path) else { return Shape::Any };
        Shape::object([
            ("type", Shape::text()),
            ("source", Shape::text()),
            ("id", Shape::text().optional()),
            ("at", Shape::DateTime),
            ("body", signature.item.clone()),
            ("items", Shape::Any),
        ])
    }

    /// Without `input:` the item is the input: whether it has what the workflow needs.
    pub(super) fn item_is_input(&mut self, trigger: &Trigger, input: &Object) {
        let TriggerKind::Connector { path, .. } = &trigger.kind else { return };
        let Some((_, signature)) = self.source_named(path) else { return };
        let Shape::Object(item) = signature.item.present() else { return };
        let what = path.dotted();
        for field in &input.fields {
            let brought = item.fields.iter().find(|brought| brought.name == field.name);
            let may_lack = field.default.is_some() || field.shape.may_be_absent();
            let message = match brought {
                None if may_lack => continue,
                None => format!("an item of `{what}` has no `{}`, and the workflow needs it", field.name),
                Some(brought) if field.shape.accepts(brought.shape.present()) == Fit::Never => format!(
                    "`{}` of an item of `{what}` is {}, and the workflow wants {}",
                    field.name,
                    brought.shape.described(),
                    field.shape.described()
                ),
                Some(_) => continue,
            };
            let names: Vec<&str> = item.fields.iter().map(|field| &*field.name).collect();
            self.report(
                Diagnostic::error(code::TRIGGER, trigger.span, message)
                    .hint(format!("say what it is: `input: {{ {}: event... }}`", field.name))
                    .hint(format!("an item has {}", super::expression::listed(names.into_iter()))),
            );
        }
    }
}
