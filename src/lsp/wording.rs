//! What is said of a name: its head as a program writes it, and its documentation.

use std::fmt::Write as _;

use super::look::Look;
use super::outline::Kind;
use crate::base::shape::{Field, Shape};
use crate::base::span::Span;
use crate::lang::catalog::{Effect, Signature};
use crate::lang::check::{Mention, Named};
use crate::lang::script::functions;
use crate::lang::syntax::ast::{ConnectorItem, RequestItem};

/// How wide a type may be on one line.
const WIDTH: usize = 60;

/// A type as programs write it, its fields under each other where they are many.
pub fn shape(shape: &Shape) -> String {
    let line = shape.to_string();
    let Shape::Object(object) = shape.present() else { return line };
    if line.len() <= WIDTH && object.name.is_none() {
        return line;
    }
    let fields: String = object.fields.iter().map(|field| format!("    {}: {}\n", field.name, field.shape)).collect();
    let optional = if matches!(shape, Shape::Optional(_)) { "?" } else { "" };
    match &object.name {
        Some(name) => format!("{name}{optional}\n\n{{\n{fields}}}"),
        None => format!("{{\n{fields}}}{optional}"),
    }
}

/// A field as programs declare it.
pub fn field(field: &Field) -> String {
    match &field.default {
        Some(value) => format!("{}: {} = {}", field.name, field.shape, crate::lang::layout::value(value)),
        None => format!("{}: {}", field.name, field.shape),
    }
}

/// The head of an operation.
pub fn signature(signature: &Signature) -> String {
    let effect = match &signature.effect {
        Effect::Read => "read",
        Effect::Keyed { .. } => "keyed",
        Effect::Once => "once",
    };
    let params: Vec<String> = signature.params.iter().map(field).collect();
    let head = format!("{effect} operation {}", signature.full_name());
    let line = format!("{head}({}) -> {}", params.join(", "), signature.result);
    if line.len() <= 2 * WIDTH {
        return line;
    }
    let params: String = params.iter().map(|param| format!("    {param},\n")).collect();
    format!("{head}(\n{params}) -> {}", shape(&signature.result))
}

/// What repeating an operation means.
pub fn effect(signature: &Signature) -> &'static str {
    match &signature.effect {
        Effect::Read => "`read`: may be repeated.",
        Effect::Keyed { .. } => "`keyed`: may be repeated with the same key.",
        Effect::Once => {
            "`once`: never repeated on its own after bytes may have left; then it fails with `outcome_unknown`."
        }
    }
}

/// The errors that an operation says it raises.
pub fn errors(look: &Look, signature: &Signature) -> Vec<String> {
    let Some(connector) = look.study.catalog.connectors.get(&signature.connector) else { return Vec::new() };
    let own = connector.declared.items.iter().flat_map(|item| match item {
        ConnectorItem::Default(item) => std::slice::from_ref(item),
        ConnectorItem::Operation(operation) if operation.name.span == signature.span => operation.items.as_slice(),
        _ => &[],
    });
    let mut kinds: Vec<String> = Vec::new();
    for item in own {
        if let RequestItem::Fail(fail) = item {
            let kind = fail.kind.text.to_string();
            if !kinds.contains(&kind) {
                kinds.push(kind);
            }
        }
    }
    kinds
}

/// Everything that is said of an operation.
pub fn operation(look: &Look, of: &Signature) -> String {
    let mut text = code(&signature(of));
    if let Some(doc) = &of.doc {
        let _ = write!(text, "\n\n{doc}");
    }
    let _ = write!(text, "\n\n{}", effect(of));
    let errors = errors(look, of);
    if !errors.is_empty() {
        let _ = write!(text, "\n\nFails with `{}`, and with what HTTP says.", errors.join("`, `"));
    }
    let told: Vec<&Field> = of.params.iter().filter(|param| param.doc.is_some()).collect();
    for param in told {
        let _ = write!(text, "\n- `{}`: {}", param.name, param.doc.as_deref().unwrap_or_default());
    }
    text
}

/// A piece of a program, as markdown.
pub fn code(text: &str) -> String {
    format!("```flow\n{text}\n```")
}

/// Everything that is said of a name that stands as `written`.
pub fn mention(look: &Look, written: &str, mention: &Mention) -> Option<String> {
    if let (Named::Operation, Some(place)) = (mention.named, mention.declared.first()) {
        return Some(operation(look, operation_at(look, *place)?));
    }
    let declared = mention.declared.first().and_then(|place| look.entry(*place));
    let head = match (mention.named, declared) {
        (Named::Scope, _) => return Some(scope(written, &mention.shape)),
        (Named::Function, None) => return fixed(written),
        (
            Named::Workflow | Named::Function | Named::Handler | Named::Type | Named::Connector | Named::Persona,
            Some(entry),
        ) => head(look, entry.span, entry.kind),
        (Named::File, _) => format!("use {written}"),
        (Named::Step, _) => format!("step {written}: {}", shape(&mention.shape)),
        (Named::Local, _) => format!("let {written}: {}", shape(&mention.shape)),
        _ => format!("{written}: {}", shape(&mention.shape)),
    };
    let mut text = code(&head);
    let doc = mention.doc.clone().or_else(|| declared.and_then(|entry| entry.doc.as_ref().map(|doc| doc.text.clone())));
    if let Some(doc) = doc {
        let _ = write!(text, "\n\n{doc}");
    }
    Some(text)
}

/// The operation that is declared at a place.
pub fn operation_at(look: &Look, place: Span) -> Option<&Signature> {
    let mut all = look.study.catalog.connectors.values().flat_map(|connector| connector.operations.values());
    all.find(|signature| signature.span == place).map(|signature| &**signature)
}

/// One of the fixed functions.
pub fn fixed(name: &str) -> Option<String> {
    let known = functions::fixed(name)?;
    let (example, value) = known.example;
    Some(format!("{}\n\n{}\n\n`{example}` is `{value}`", code(known.signature), known.doc))
}

/// The lines that say what something is: a type as a whole, of all else what stands before its brace, and its `input`.
fn head(look: &Look, span: Span, kind: Kind) -> String {
    let text = look.study.sources.text(look.study.written(span));
    match kind {
        Kind::Type => text.to_owned(),
        Kind::Workflow => {
            let head = text.split('{').next().unwrap_or_default().trim_end();
            let input = text.split_once("input {").and_then(|(before, rest)| {
                (before.matches('\n').count() < 12).then(|| rest.split_once('}').map(|(fields, _)| fields))?
            });
            match input {
                Some(fields) => {
                    let fields =
                        fields.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("//"));
                    format!("{head} {{\n    input {{ {} }}\n}}", fields.collect::<Vec<_>>().join(", "))
                }
                None => head.to_owned(),
            }
        }
        _ => text.split('{').next().unwrap_or_default().trim_end().to_owned(),
    }
}

/// What a scope stands for.
fn scope(name: &str, of: &Shape) -> String {
    let about = match name {
        "input" => "What the run was given.",
        "vars" => "The variables of the workflow, changed by `set`.",
        "state" => "What is kept between the runs of this workflow.",
        "steps" => "The records of the steps: `status`, `output`, `error`, `attempts` ...",
        "run" => "The run itself.",
        "trigger" => "What started the run.",
        "error" => "The error that is handled.",
        "event" => "The event that is looked at.",
        "response" => "The answer of the service.",
        "output" => "What came of it.",
        "params" => "The parameters of the call.",
        "config" => "The settings of the connector.",
        "reply" => "What the caller was answered.",
        "key" => "The key of the call.",
        _ => "",
    };
    format!("{}\n\n{about}", code(&format!("{name}: {}", shape(of))))
}
