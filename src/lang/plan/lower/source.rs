//! Triggers that connectors declare: what is told, and what is asked for.

use std::sync::Arc;

use super::super::connector::{Example, Operation, Shaping};
use super::super::formula::{Formula, Root, Script};
use super::super::source::{Anew, Asks, Poll, Source, SourceKind, Start};
use super::connector::{examples, shaping};
use super::request;
use super::value::{Values, made};
use super::workflow::field;
use crate::base::shape::{Field, Shape};
use crate::base::time::Duration;
use crate::lang::catalog::{Effect, Signature};
use crate::lang::syntax::ast::{self, ConnectorItem, TriggerClauseKind};

/// How often a poll asks where nothing is said.
const EVERY_DEFAULT: Duration = Duration::seconds(5 * 60);

pub(super) fn lower(
    declared: &ast::Source,
    connector: &Arc<str>,
    around: &ast::Connector,
    values: &Values<'_>,
) -> Source {
    // What the connector says for all of them comes behind what this one says.
    let shared = around.items.iter().filter_map(|item| match item {
        ConnectorItem::Hook(clause) => Some(clause),
        _ => None,
    });
    let clauses: Vec<&TriggerClauseKind> = declared.clauses.iter().chain(shared).map(|clause| &clause.kind).collect();
    let filter = clauses.iter().find_map(|clause| match clause {
        TriggerClauseKind::Where(filter) => Some(values.script(filter)),
        _ => None,
    });
    let verify = clauses.iter().find_map(|clause| match clause {
        TriggerClauseKind::Verify { scheme, fields } => Some((scheme.text.clone(), values.fields(fields))),
        _ => None,
    });
    let challenge = clauses.iter().find_map(|clause| match clause {
        TriggerClauseKind::Challenge(challenge) => Some(values.expr(challenge)),
        _ => None,
    });
    let examples = examples(around, &declared.name.text, values);
    Source {
        name: declared.name.text.clone(),
        doc: declared.doc.as_ref().map(|doc| doc.text.clone()),
        params: declared.params.iter().map(|param| field(param, values)).collect(),
        item_shape: declared.item_type.as_ref().map(|ty| values.shape(ty.span)).unwrap_or_default(),
        kind: kind(declared, connector, &examples, values),
        verify,
        challenge,
        each: each(declared, values),
        filter,
        item: declared.item.as_ref().map(|item| values.value(item)),
        by: declared.by.as_ref().map(|by| values.script(by)),
        examples,
    }
}

/// What one answer brings. Of pages it is what all of them brought together.
fn each(declared: &ast::Source, values: &Values<'_>) -> Option<Script> {
    let pages = declared.items.iter().any(|item| matches!(item, ast::RequestItem::Paginate { .. }));
    match &declared.each {
        Some(each) => Some(values.script(each)),
        None if pages => Some(made("items", declared.span, vec![Root::Param("items".into())])),
        None if &*declared.kind.text == "poll" => Some(made("response.body", declared.span, vec![Root::Response])),
        None => None,
    }
}

fn kind(declared: &ast::Source, connector: &Arc<str>, examples: &[Example], values: &Values<'_>) -> SourceKind {
    let own = |request: &ast::Request, shaping: Shaping, examples: &[Example]| {
        let operation = operation(declared, connector, request, shaping, values);
        Arc::new(Operation { examples: examples.to_vec(), ..operation })
    };
    let ask = match (&declared.request, &declared.call) {
        (Some(request), _) => Asks::Request(own(request, shaping(&declared.items, values), examples)),
        (None, Some(call)) => Asks::Call(call.name.text.clone(), values.fields(&call.params.fields)),
        (None, None) => return SourceKind::Webhook,
    };
    let start = declared.start.as_ref().map(|start| match start {
        ast::Start::Value(value) => Start::Value(values.value(value)),
        ast::Start::Request(request) => {
            // Who asks, how fast and what fails is as for what comes after it; it has one page.
            let shaping = Shaping { paginate: None, ..shaping(&declared.items, values) };
            Start::Request(own(request, shaping, &[]))
        }
    });
    SourceKind::Poll(Box::new(Poll {
        every: declared.every.as_ref().and_then(|every| values.duration(every)).unwrap_or(EVERY_DEFAULT),
        start,
        ask,
        state: declared.state.as_ref().map(|state| values.value(state)),
        anew: declared
            .anew
            .iter()
            .map(|anew| Anew {
                state: anew.state.as_ref().map(|state| values.value(state)),
                when: values.script(&anew.when),
            })
            .collect(),
    }))
}

/// A request of a poll as an operation that gives the whole answer. What the poll keeps is a parameter of it.
fn operation(
    declared: &ast::Source,
    connector: &Arc<str>,
    request: &ast::Request,
    shaping: Shaping,
    values: &Values<'_>,
) -> Operation {
    let state = Field { name: "state".into(), shape: Shape::Any.optional(), default: None, doc: None };
    let params = declared.params.iter().map(|param| field(param, values)).chain([state]).collect();
    let mut shaping = shaping;
    shaping.output = Some(Formula::Script(made("response", declared.span, vec![Root::Response])));
    shaping.paginate.iter_mut().for_each(|paginate| paginate.whole = true);
    Operation {
        signature: Arc::new(Signature {
            connector: connector.clone(),
            name: declared.name.text.clone(),
            doc: declared.doc.as_ref().map(|doc| doc.text.clone()),
            effect: Effect::Read,
            params,
            result: Shape::Any,
            native: false,
            streams: false,
            span: declared.name.span,
        }),
        ahead: Vec::new(),
        request: Some(request::lower(request, values)),
        shaping,
        examples: Vec::new(),
    }
}
