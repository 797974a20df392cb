//! A connector as the manual tells it: what can be set, which answers are failures, each operation with its example.

mod data;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use super::connector::{Auth, Connector, Example, Operation, Rule, Shaping, variable};
use super::formula::Formula;
use super::source::{Source, SourceKind};
use crate::base::shape::{Field, Object, Shape};
use crate::base::value::Value;
use crate::lang::catalog::Effect;
use crate::lang::layout;

pub use data::{as_json, operation_as_json};

/// How wide an example may be before it is broken into lines.
const WIDTH: usize = 100;

/// The page of `connector`, in Markdown.
pub fn page(connector: &Connector) -> String {
    let mut page = format!("# {}\n\n", title(connector));
    if let Some(doc) = &connector.doc {
        let _ = writeln!(page, "{doc}\n");
    }
    let _ = writeln!(page, "Programs name it `{}`. {}", connector.name, signs_in(&connector.auth));
    pace(&connector.defaults, &mut page);
    settings(connector, &mut page);
    failures(&connector.defaults.rules, &mut page);
    if !connector.operations.is_empty() {
        page.push_str("\n## Operations\n\n| operation | effect | what it does |\n|---|---|---|\n");
        for operation in connector.operations.values() {
            let signature = &operation.signature;
            let doc = first_sentence(signature.doc.as_deref().unwrap_or_default());
            let name = &signature.name;
            let _ = writeln!(page, "| [`{name}`](#{name}) | {} | {} |", code(&effect(&signature.effect)), cell(doc));
        }
    }
    connector.operations.values().for_each(|operation| one(connector, operation, &mut page));
    sources(connector, &mut page);
    types(connector, &mut page);
    page
}

/// What the page of `connector` says of one operation, as a page of its own.
pub fn operation(connector: &Connector, operation: &Operation) -> String {
    let mut page = String::new();
    one(connector, operation, &mut page);
    // As the head of a page, not of a section, and under the name that programs call.
    let head = format!("\n### {}\n", operation.signature.name);
    page.replacen(&head, &format!("# {}\n", operation.signature.full_name()), 1)
}

/// What people call it.
pub fn title(connector: &Connector) -> &str {
    connector.title.as_deref().unwrap_or(&connector.name)
}

fn signs_in(auth: &[Auth]) -> String {
    let ways: Vec<String> = auth.iter().map(|auth| code(&way(auth))).collect();
    match ways.as_slice() {
        [] => "It asks for no credentials.".to_owned(),
        [only] => format!("It signs in by {only}."),
        [first, others @ ..] => {
            format!("It signs in by {first}, or, where that is not set, by {}.", others.join(", then "))
        }
    }
}

/// `bearer config.token`, `oauth2 refresh_token`
fn way(auth: &Auth) -> String {
    let args = auth.args.iter().map(ToString::to_string);
    let grant = auth.fields.iter().filter(|(name, _)| &**name == "grant").filter_map(|(_, grant)| match grant {
        Formula::Constant(Value::Text(grant)) => Some(grant.to_string()),
        Formula::Constant(_) | Formula::Script(_) | Formula::Object(_) | Formula::List(_) => None,
    });
    let words: Vec<String> = [auth.scheme.to_string()].into_iter().chain(args).chain(grant).collect();
    words.join(" ")
}

fn pace(shaping: &Shaping, page: &mut String) {
    if let Some((count, per)) = shaping.limit {
        let _ = writeln!(page, "At most {count} requests go out in {per}.");
    }
}

fn settings(connector: &Connector, page: &mut String) {
    if connector.config.is_empty() {
        return;
    }
    page.push_str("\n## Settings\n\n| setting | type | where it comes from | meaning |\n|---|---|---|---|\n");
    for (field, default) in &connector.config {
        let default = default.as_ref().map(|default| format!(", otherwise {}", code(&default.to_string())));
        let variable = variable(&connector.name, &field.name);
        let _ = writeln!(
            page,
            "| `{}` | {} | `{variable}`{} | {} |",
            field.name,
            cell(&code(&field.shape.to_string())),
            cell(&default.unwrap_or_default()),
            meaning(field)
        );
    }
}

fn failures(rules: &[Rule], page: &mut String) {
    if rules.is_empty() {
        return;
    }
    page.push_str(
        "\n## Failures\n\nBefore the status is looked at, an answer is a failure\n\n| of type | when |\n|---|---|\n",
    );
    for rule in rules {
        let when = rule.when.as_ref().map_or_else(|| "always".to_owned(), |when| code(&one_line(&when.source)));
        let kind = rule.kind.as_ref().map_or_else(|| "none".to_owned(), |kind| code(&kind.to_string()));
        let _ = writeln!(page, "| {kind} | {} |", cell(&when));
    }
}

fn one(connector: &Connector, operation: &Operation, page: &mut String) {
    let signature = &operation.signature;
    let _ = writeln!(page, "\n### {}\n", signature.name);
    if let Some(doc) = &signature.doc {
        let _ = writeln!(page, "{doc}\n");
    }
    let mut facts = vec![format!("Effect: {}.", code(&effect(&signature.effect)))];
    if let Some((count, per)) = operation.shaping.limit {
        facts.push(format!("At most {count} in {per}."));
    }
    if !operation.shaping.auth.is_empty() {
        facts.push(signs_in(&operation.shaping.auth));
    }
    if signature.streams {
        facts.push(format!("`for x from {}.{} {{ ... }}` takes it in as it comes.", connector.name, signature.name));
    }
    let _ = writeln!(page, "{}\n", facts.join(" "));
    parameters(&signature.params, page);
    match &signature.result {
        _ if gives_nothing(operation) => page.push_str("Gives nothing."),
        Shape::Any => page.push_str("Gives what the service answers."),
        result => {
            let _ = write!(page, "Gives {}.", code(&result.to_string()));
        }
    }
    let kinds: Vec<String> = raised(operation).iter().map(|kind| code(kind)).collect();
    if !kinds.is_empty() {
        let _ = write!(page, " May fail, among others, as {}.", kinds.join(", "));
    }
    page.push('\n');
    let shown = operation.examples.iter().find(|example| example.gives.is_some());
    shown.iter().for_each(|shown| example(connector, operation, shown, page));
}

fn gives_nothing(operation: &Operation) -> bool {
    let is_empty = matches!(&operation.shaping.output, Some(Formula::Constant(Value::Unit)));
    match &operation.signature.result {
        Shape::Unit => true,
        result => is_empty && *result == Shape::Any,
    }
}

fn parameters(params: &[Field], page: &mut String) {
    if params.is_empty() {
        page.push_str("Takes nothing. ");
        return;
    }
    page.push_str("| parameter | type | meaning |\n|---|---|---|\n");
    for field in params {
        let default = field.default.as_ref().map(|default| format!(" = {}", layout::value(default)));
        let shape = format!("{}{}", field.shape, default.unwrap_or_default());
        let _ = writeln!(page, "| `{}` | {} | {} |", field.name, cell(&code(&shape)), meaning(field));
    }
    page.push('\n');
}

/// The failures that the operation itself names, or its examples show.
fn raised(operation: &Operation) -> Vec<String> {
    let own = operation.shaping.rules.iter().filter_map(|rule| Some(rule.kind.as_ref()?.to_string()));
    let shown = operation.examples.iter().filter_map(|example| Some(example.fails.as_ref()?.to_string()));
    let mut kinds: Vec<String> = own.chain(shown).collect();
    kinds.sort();
    kinds.dedup();
    kinds
}

fn example(connector: &Connector, operation: &Operation, example: &Example, page: &mut String) {
    let callee = format!("{}.{}", connector.name, operation.signature.name);
    let params = match &example.params {
        Value::Map(params) if !params.is_empty() => {
            format!(" {}", layout::laid_out(&example.params, 0, callee.len() + 9, WIDTH))
        }
        _ => String::new(),
    };
    let _ = writeln!(page, "\n```flow fragment\nstep x = {callee}{params}");
    if let Some(gives) = example.gives.as_ref().filter(|gives| !gives.is_unit()) {
        let gives = layout::laid_out(gives, 0, 8, WIDTH).replace('\n', "\n// ");
        let _ = writeln!(page, "// gives {gives}");
    }
    page.push_str("```\n");
}

fn sources(connector: &Connector, page: &mut String) {
    if connector.sources.is_empty() {
        return;
    }
    page.push_str("\n## Triggers\n\n| trigger | how | what it tells |\n|---|---|---|\n");
    for source in &connector.sources {
        let doc = first_sentence(source.doc.as_deref().unwrap_or_default());
        let _ = writeln!(page, "| [`{0}`](#trigger-{0}) | {1} | {2} |", source.name, how(source), cell(doc));
    }
    connector.sources.iter().for_each(|source| trigger(connector, source, page));
}

fn how(source: &Source) -> String {
    match &source.kind {
        SourceKind::Webhook => "is told".to_owned(),
        SourceKind::Poll(poll) if source.verify.is_some() => {
            format!("asks every {}, and when it is told to", poll.every)
        }
        SourceKind::Poll(poll) => format!("asks every {}", poll.every),
    }
}

fn trigger(connector: &Connector, source: &Source, page: &mut String) {
    let name = &source.name;
    let _ = writeln!(page, "\n### trigger {name}\n");
    if let Some(doc) = &source.doc {
        let _ = writeln!(page, "{doc}\n");
    }
    let how = match &source.kind {
        SourceKind::Webhook => format!("It is told at `/hooks/{}`.", connector.name),
        SourceKind::Poll(poll) if source.verify.is_some() => {
            let every = poll.every;
            format!(
                "It asks every {every}, and at once when it is told at `/hooks/{}` that there is something.",
                connector.name
            )
        }
        SourceKind::Poll(poll) => format!("It asks every {}.", poll.every),
    };
    let _ = writeln!(page, "{how}\n");
    parameters(&source.params, page);
    let _ = writeln!(page, "An item is {}.", code(&source.item_shape.to_string()));
    let params: Vec<&Field> = source.params.iter().filter(|field| field.default.is_none()).collect();
    let needed = params.iter().filter(|field| !field.shape.may_be_absent());
    let needed: Vec<String> = needed.map(|field| format!("{}: ...", field.name)).collect();
    let body = if needed.is_empty() { String::new() } else { format!(" {{ {} }}", needed.join(", ")) };
    let _ = writeln!(page, "\n```flow fragment\ntrigger {}.{name}{body}", connector.name);
    let shown = source.examples.iter().find_map(|example| example.gives.as_ref());
    let item = shown.map(|gives| gives.as_list().and_then(|items| items.first()).unwrap_or(gives));
    if let Some(item) = item {
        let _ = writeln!(page, "// an item: {}", layout::laid_out(item, 0, 12, WIDTH).replace('\n', "\n// "));
    }
    page.push_str("```\n");
}

/// The types with names that operations and triggers speak of.
fn types(connector: &Connector, page: &mut String) {
    let mut named = BTreeMap::new();
    for operation in connector.operations.values() {
        operation.signature.params.iter().for_each(|field| collect(&field.shape, &mut named));
        collect(&operation.signature.result, &mut named);
    }
    connector.sources.iter().for_each(|source| collect(&source.item_shape, &mut named));
    if named.is_empty() {
        return;
    }
    page.push_str("\n## Types\n");
    for (name, object) in named {
        let _ = write!(page, "\n### {name}\n\n| field | type | meaning |\n|---|---|---|\n");
        for field in &object.fields {
            let _ =
                writeln!(page, "| `{}` | {} | {} |", field.name, cell(&code(&field.shape.to_string())), meaning(field));
        }
    }
}

fn collect(shape: &Shape, named: &mut BTreeMap<Arc<str>, Arc<Object>>) {
    match shape {
        Shape::List(inner, _) | Shape::Set(inner, _) | Shape::Map(inner, _) | Shape::Optional(inner) => {
            collect(inner, named);
        }
        Shape::Union(members) => members.iter().for_each(|member| collect(member, named)),
        Shape::Object(object) => {
            let known = object.name.as_ref().is_some_and(|name| named.insert(name.clone(), object.clone()).is_some());
            if !known {
                object.fields.iter().for_each(|field| collect(&field.shape, named));
            }
        }
        Shape::Any
        | Shape::Unit
        | Shape::Bool
        | Shape::Int(_)
        | Shape::Float(_)
        | Shape::Text(..)
        | Shape::Email
        | Shape::Url
        | Shape::Uuid
        | Shape::Date
        | Shape::DateTime
        | Shape::Duration
        | Shape::Bytes
        | Shape::Secret
        | Shape::OneOf(_) => {}
    }
}

/// As a declaration writes it: `keyed "Idempotency-Key" for 24h`.
fn effect(effect: &Effect) -> String {
    match effect {
        Effect::Read => "read".to_owned(),
        Effect::Once => "once".to_owned(),
        Effect::Keyed { carrier, keep } => {
            let carrier = carrier.as_ref().map(|carrier| format!(" {carrier:?}"));
            let keep = keep.map(|keep| format!(" for {keep}"));
            format!("keyed{}{}", carrier.unwrap_or_default(), keep.unwrap_or_default())
        }
    }
}

/// The first sentence of a text.
fn first_sentence(text: &str) -> &str {
    text.split_inclusive(". ").next().unwrap_or_default().trim_end()
}

fn meaning(field: &Field) -> String {
    cell(field.doc.as_deref().unwrap_or_default())
}

/// As a cell of a table holds it.
fn cell(text: &str) -> String {
    one_line(text).replace('|', "\\|")
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn code(text: &str) -> String {
    format!("`{text}`")
}
