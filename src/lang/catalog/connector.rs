//! Connectors as declared become signatures.

use std::sync::Arc;

use indexmap::IndexMap;

use super::code;
use super::signature::{Effect, Signature};
use super::tree::Tree;
use super::types::{Types, constant};
use crate::base::diagnostic::Diagnostic;
use crate::base::shape::{Field, Shape};
use crate::base::span::Span;
use crate::base::value::Value;
use crate::lang::syntax::ast;

/// The setting with the address before the paths of a connector, and the field of `auth` that finds it in a token's answer.
pub const BASE_URL: &str = "base_url";

/// What is wrong with `text` as the address before the paths of requests, and what to write instead.
pub fn base_url_fault(text: &str) -> Option<(&'static str, &'static str)> {
    let is_web = ["http://", "https://"]
        .iter()
        .any(|scheme| text.get(..scheme.len()).is_some_and(|it| it.eq_ignore_ascii_case(scheme)));
    if !is_web {
        return Some(("is no address of the web", "requests go to `http://...` or `https://...`"));
    }
    match text.find(['?', '#']).map(|at| &text[at..=at]) {
        Some("?") => Some((
            "has a query, and paths come after it",
            "leave out what follows `?`; what each request asks with stands in the connector: `query: { ... }`",
        )),
        Some(_) => Some(("has a fragment, and paths come after it", "leave out what follows `#`: it is never sent")),
        None => None,
    }
}

/// What a connector offers.
#[derive(Clone, Debug)]
pub struct Connector {
    /// Its name, as callees name it from the file itself.
    pub name: Arc<str>,
    /// The place of the tree that declares it.
    pub tree: usize,
    /// As written.
    pub declared: Arc<ast::Connector>,
    /// What may be set.
    pub config: Vec<Field>,
    /// Its operations.
    pub operations: IndexMap<Arc<str>, Arc<Signature>>,
    /// Its triggers.
    pub sources: IndexMap<Arc<str>, SourceSignature>,
}

/// A trigger that a connector declares.
#[derive(Clone, Debug)]
pub struct SourceSignature {
    /// What it takes.
    pub params: Vec<Field>,
    /// How its items come.
    pub brings: Brings,
    /// What it gives for each item.
    pub item: Shape,
    /// Where it is declared.
    pub span: Span,
}

/// How the items of a trigger come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Brings {
    /// They are sent.
    Sent,
    /// They are asked for.
    Asked,
}

/// What a workflow may say of every trigger of a connector, beside its parameters.
pub const OF_EVERY_SOURCE: [&str; 3] = ["path", "every", "from"];

impl SourceSignature {
    /// What a workflow may say of it: its parameters, where it is told, and of a poll how often it asks and from where on.
    pub fn takes(&self) -> Vec<Field> {
        let own = |name: &str, shape: Shape, doc: &str| Field {
            name: name.into(),
            shape: shape.optional(),
            default: None,
            doc: Some(doc.into()),
        };
        let mut takes = self.params.clone();
        takes.push(own("path", Shape::text(), "Where it is told, in place of `/hooks/CONNECTOR`."));
        if self.brings == Brings::Asked {
            takes.push(own("every", Shape::Duration, "How often it asks, in place of what the connector says."));
            let from = Shape::OneOf([Value::from("start"), "now".into()].into());
            takes.push(own("from", from, "`\"start\"`: what is there already is taken, too."));
        }
        takes
    }
}

impl Connector {
    /// Reads a declaration in tree `place`; what is wrong with its types goes to `found`.
    pub fn new(
        trees: &[Tree],
        place: usize,
        declared: &ast::Connector,
        types: &Types,
        found: &mut Vec<Diagnostic>,
    ) -> Self {
        let name = trees[place].qualified(&declared.name.text);
        let mut connector = Self {
            name: name.clone(),
            tree: place,
            declared: Arc::new(declared.clone()),
            config: Vec::new(),
            operations: IndexMap::new(),
            sources: IndexMap::new(),
        };
        for item in &declared.items {
            match item {
                ast::ConnectorItem::Config(config) => {
                    connector.config = config
                        .fields
                        .iter()
                        .map(|declare| {
                            // A setting may default to `env(...)` or `secret(...)`, which only the host knows.
                            let known = declare.value.as_ref().is_none_or(|value| constant(value).is_some());
                            let bare = ast::Declare { value: None, ..declare.clone() };
                            types.field(trees, place, if known { declare } else { &bare }, found)
                        })
                        .collect();
                }
                ast::ConnectorItem::Operation(operation) => {
                    let signature = signature(trees, place, &name, operation, types, found);
                    if let Some(first) = connector.operations.get(&operation.name.text) {
                        let message = format!("the operation `{}` is declared twice", operation.name.text);
                        found.push(
                            Diagnostic::error(code::TWICE, operation.name.span, message)
                                .also(first.span, "first declared here"),
                        );
                        continue;
                    }
                    connector.operations.insert(operation.name.text.clone(), Arc::new(signature));
                }
                ast::ConnectorItem::Source(source) => {
                    let params = source.params.iter().map(|param| types.field(trees, place, param, found)).collect();
                    let item = source.item_type.as_ref().map_or(Shape::Any, |ty| types.shape(trees, place, ty, found));
                    let brings = if &*source.kind.text == "poll" { Brings::Asked } else { Brings::Sent };
                    let signature = SourceSignature { params, brings, item, span: source.name.span };
                    if let Some(first) = connector.sources.insert(source.name.text.clone(), signature) {
                        let message = format!("the trigger `{}` is declared twice", source.name.text);
                        found.push(
                            Diagnostic::error(code::TWICE, source.name.span, message)
                                .also(first.span, "first declared here"),
                        );
                    }
                }
                ast::ConnectorItem::Default(_)
                | ast::ConnectorItem::Check(_)
                | ast::ConnectorItem::Example(_)
                | ast::ConnectorItem::Hook(_) => {}
            }
        }
        connector
    }
}

fn signature(
    trees: &[Tree],
    place: usize,
    connector: &Arc<str>,
    operation: &ast::Operation,
    types: &Types,
    found: &mut Vec<Diagnostic>,
) -> Signature {
    let mut params: Vec<Field> = Vec::new();
    for param in &operation.params {
        if params.iter().any(|known| known.name == param.name.text) {
            let message = format!("the parameter `{}` is declared twice", param.name.text);
            found.push(Diagnostic::error(code::TWICE, param.name.span, message));
            continue;
        }
        params.push(types.field(trees, place, param, found));
    }
    // Without a stated type nothing is known of what an answer holds; `native` operations without one give nothing.
    let result = match &operation.result {
        Some(ty) => types.shape(trees, place, ty, found),
        None if operation.native => Shape::Unit,
        None => Shape::Any,
    };
    let paged = operation.items.iter().any(|item| matches!(item, ast::RequestItem::Paginate { .. }));
    Signature {
        connector: connector.clone(),
        name: operation.name.text.clone(),
        doc: operation.doc.as_ref().map(|doc| doc.text.clone()),
        effect: effect(operation.effect.as_ref()),
        streams: paged || (operation.native && matches!(result, Shape::List(..))),
        params,
        result,
        native: operation.native,
        span: operation.name.span,
    }
}

/// An operation that does not say its effect is taken for the most dangerous kind; the checker asks for the word.
fn effect(written: Option<&ast::Effect>) -> Effect {
    match written {
        Some(ast::Effect::Read(_)) => Effect::Read,
        Some(ast::Effect::Keyed { carrier, keep, .. }) => {
            let keep = match keep {
                Some(ast::Arg::Expr(expr)) => match constant(&ast::Value::Expr(expr.clone())) {
                    Some(Value::Duration(keep)) => Some(keep),
                    _ => None,
                },
                _ => None,
            };
            Effect::Keyed { carrier: carrier.as_ref().map(|carrier| carrier.text.clone()), keep }
        }
        Some(ast::Effect::Once(_)) | None => Effect::Once,
    }
}
