//! Connectors: what their operations take and give, and the requests that carry them out.

use std::sync::Arc;

use indexmap::IndexMap;

use super::super::connector::{
    Ahead, Answer, Auth, Connector, Example, Operation, PageKind, Paginate, RetryAfter, Rule, Shaping,
};
use super::super::formula::{Root, Script};
use super::super::workflow::Functions;
use super::super::{connector, fingerprint};
use super::value::{Values, made};
use super::workflow::field;
use super::{request, source};
use crate::base::failure::Kind;
use crate::base::id::Digest;
use crate::base::shape::Shape;
use crate::base::span::Span;
use crate::base::value::{Map, Value};
use crate::lang::catalog::{Effect, Signature};
use crate::lang::syntax::ast::{self, ConnectorItem, RequestItem};

/// One connector, of the program or of the standard library, under the name by which the package knows it.
pub(super) fn lower(name: &Arc<str>, declared: &ast::Connector, values: &Values<'_>) -> Connector {
    let mut connector = Connector {
        name: name.clone(),
        title: declared.title.as_ref().map(|title| title.text.clone()),
        doc: declared.doc.as_ref().map(|doc| doc.text.clone()),
        digest: Digest::default(),
        config: Vec::new(),
        auth: Vec::new(),
        defaults: Shaping::default(),
        operations: IndexMap::new(),
        check: None,
        sources: Vec::new(),
        functions: Functions::default(),
    };
    for item in &declared.items {
        match item {
            ConnectorItem::Config(config) => {
                connector.config.extend(config.fields.iter().map(|declared| {
                    let formula = declared.value.as_ref().map(|value| values.value(value));
                    (field(declared, values), formula)
                }));
            }
            ConnectorItem::Default(RequestItem::Auth(item)) => connector.auth.push(auth(item, values)),
            ConnectorItem::Default(item) => shape_by(&mut connector.defaults, item, values),
            ConnectorItem::Operation(operation) => {
                let lowered = Arc::new(self::operation(operation, name, declared, values));
                connector.operations.insert(operation.name.text.clone(), lowered);
            }
            ConnectorItem::Check(name) => connector.check = Some(name.text.clone()),
            ConnectorItem::Source(source) => connector.sources.push(source::lower(source, name, declared, values)),
            // They belong to the operations they name, and to the triggers.
            ConnectorItem::Example(_) | ConnectorItem::Hook(_) => {}
        }
    }
    connector.digest = fingerprint::whole(&connector);
    connector
}

fn operation(declared: &ast::Operation, name: &Arc<str>, connector: &ast::Connector, values: &Values<'_>) -> Operation {
    let shaping = shaping(&declared.items, values);
    Operation {
        signature: Arc::new(signature(declared, name, shaping.paginate.is_some(), values)),
        ahead: declared.ahead.iter().map(|one| (one.name.text.clone(), ahead(&one.kind, values))).collect(),
        request: declared.request.as_ref().map(|request| request::lower(request, values)),
        shaping,
        examples: examples(connector, &declared.name.text, values),
    }
}

fn ahead(declared: &ast::AheadKind, values: &Values<'_>) -> Ahead {
    match declared {
        ast::AheadKind::Request(request) => Ahead::Request(request::lower(request, values)),
        ast::AheadKind::File(path) => Ahead::File(values.expr(path)),
    }
}

/// What the operation takes and gives, as it is declared.
fn signature(declared: &ast::Operation, connector: &Arc<str>, pages: bool, values: &Values<'_>) -> Signature {
    let result = match &declared.result {
        Some(ty) => values.shape(ty.span),
        None if declared.native => Shape::Unit,
        None => Shape::Any,
    };
    Signature {
        connector: connector.clone(),
        name: declared.name.text.clone(),
        doc: declared.doc.as_ref().map(|doc| doc.text.clone()),
        effect: match &declared.effect {
            Some(ast::Effect::Read(_)) => Effect::Read,
            Some(ast::Effect::Keyed { carrier, keep, .. }) => Effect::Keyed {
                carrier: carrier.as_ref().map(|carrier| carrier.text.clone()),
                keep: keep.as_ref().and_then(|keep| values.duration(keep)),
            },
            // Never repeating is what does no harm.
            Some(ast::Effect::Once(_)) | None => Effect::Once,
        },
        params: declared.params.iter().map(|param| field(param, values)).collect(),
        streams: pages || declared.native && matches!(result, Shape::List(..)),
        result,
        native: declared.native,
        span: declared.name.span,
    }
}

pub(super) fn shaping(items: &[RequestItem], values: &Values<'_>) -> Shaping {
    let mut shaping = Shaping::default();
    items.iter().for_each(|item| shape_by(&mut shaping, item, values));
    shaping
}

fn shape_by(shaping: &mut Shaping, item: &RequestItem, values: &Values<'_>) {
    match item {
        RequestItem::Auth(item) => shaping.auth.push(auth(item, values)),
        RequestItem::Limit { count, per, .. } => {
            shaping.limit = values.count(count).zip(values.duration(per));
        }
        RequestItem::RetryAfter(header) => shaping.retry_after = Some(moment_in(header)),
        RequestItem::Remaining { left, reset } => {
            shaping.remaining = Some((left.name.text.clone(), moment_in(reset)));
        }
        RequestItem::Fail(fail) => shaping.rules.push(Rule {
            kind: Some(Kind::named(&fail.kind.text)),
            message: fail.message.as_ref().map(|message| values.expr(message)),
            when: fail.when.as_ref().map(|when| values.script(when)),
        }),
        RequestItem::Accept(when) => {
            shaping.rules.push(Rule { kind: None, message: None, when: Some(values.script(when)) });
        }
        RequestItem::Paginate { kind, fields, span } => shaping.paginate = Some(paginate(kind, fields, *span, values)),
        RequestItem::Output(output) => shaping.output = Some(values.output(output)),
        RequestItem::Timeout(timeout) => shaping.timeout = values.duration(timeout),
        RequestItem::Field(field) => match &*field.key.text {
            "query" => shaping.query = Some(values.value(&field.value)),
            "headers" => shaping.headers = Some(values.value(&field.value)),
            "hosts" => {
                let hosts = values.constant(&field.value);
                shaping.hosts =
                    hosts.as_list().unwrap_or_default().iter().map(|host| host.to_string().into()).collect();
            }
            // Other fields belong to the request; the checker says so.
            _ => {}
        },
    }
}

/// The header that says when to come back.
fn moment_in(header: &ast::HeaderOf) -> RetryAfter {
    let name = header.name.text.clone();
    if &*header.unit.text == "milliseconds" { RetryAfter::Millis(name) } else { RetryAfter::Header(name) }
}

fn paginate(kind: &ast::Name, fields: &[ast::Field], span: Span, values: &Values<'_>) -> Paginate {
    let named = |name: &str| fields.iter().find(|field| &*field.key.text == name).map(|field| &field.value);
    let script = |name: &str| match named(name) {
        Some(ast::Value::Expr(expr)) => Some(values.script(expr)),
        _ => None,
    };
    Paginate {
        kind: match &*kind.text {
            "page" => PageKind::Page,
            "offset" => PageKind::Offset,
            "link" => PageKind::Link,
            _ => PageKind::Cursor,
        },
        send: match named("send") {
            Some(ast::Value::Expr(expr)) => sent(&expr.source),
            _ => None,
        },
        next: script("next"),
        items: script("items").unwrap_or_else(|| body(span)),
        size: named("size").map(|size| values.value(size)),
        limit: named("limit").map(|limit| values.value(limit)),
        whole: false,
        max: named("max").and_then(|max| values.constant(max).as_int()).and_then(|max| u64::try_from(max).ok()),
    }
}

/// The part of a request and the name in it: `query.cursor`, `query["$skip"]`.
fn sent(source: &str) -> Option<(Arc<str>, Arc<str>)> {
    let quoted = source.split_once("[\"").and_then(|(part, rest)| Some((part, rest.strip_suffix("\"]")?)));
    quoted.or_else(|| source.split_once('.')).map(|(part, name)| (part.into(), name.into()))
}

/// The answer's body: what an operation gives where it does not say.
fn body(span: Span) -> Script {
    made("response.body", span, vec![Root::Response])
}

/// `auth`, in a connector or for one call.
pub(super) fn auth(declared: &ast::Auth, values: &Values<'_>) -> Auth {
    Auth {
        scheme: declared.scheme.text.clone(),
        args: declared.args.iter().map(|arg| values.arg(arg)).collect(),
        fields: declared.fields.iter().map(|field| (field.key.text.clone(), values.value(&field.value))).collect(),
        span: declared.span,
    }
}

/// The examples of an operation or of a trigger.
pub(super) fn examples(connector: &ast::Connector, name: &str, values: &Values<'_>) -> Vec<Example> {
    let examples = connector.items.iter().filter_map(|item| match item {
        ConnectorItem::Example(example) if *example.operation.text == *name => Some(self::example(example, values)),
        _ => None,
    });
    examples.collect()
}

fn example(declared: &ast::Example, values: &Values<'_>) -> Example {
    let object = |object: &ast::Object| values.constant(&ast::Value::Object(object.clone()));
    let answer = |gets: &ast::Gets| {
        let status = gets.status.as_ref().and_then(|status| values.count(status));
        Answer {
            status: status.and_then(|status| u16::try_from(status).ok()).unwrap_or(connector::STATUS_DEFAULT),
            headers: gets.headers.as_ref().map_or_else(|| Value::from(Map::new()), object),
            body: gets.body.as_ref().map(|body| values.constant(body)).unwrap_or_default(),
        }
    };
    let (ahead, counts): (Vec<_>, Vec<_>) = declared.gets.iter().partition(|gets| gets.name.is_some());
    let counts = counts.first().map(|gets| answer(gets)).unwrap_or_default();
    Example {
        params: object(&declared.params),
        ahead: ahead.into_iter().map(answer).collect(),
        status: counts.status,
        headers: counts.headers,
        gets: counts.body,
        gives: declared.gives.as_ref().map(|gives| values.constant(gives)),
        fails: declared.fails.as_ref().map(|kind| Kind::named(&kind.text)),
        span: declared.span,
    }
}
