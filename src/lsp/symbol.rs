//! What is declared where: in one text, nested; in all texts, by name.

use lsp_types::SymbolKind;
use serde_json::{Value, json};

use super::desk::Desk;
use super::listing::Listing;
use super::outline::{Entry, Kind};
use super::place::Place;
use super::position::Lines;
use crate::base::span::Span;

/// How many symbols of a workspace are listed.
const SYMBOLS_MAX: usize = 500;

/// What a text declares.
pub fn of_document(place: &Place<'_>) -> Value {
    let (listing, lines) = (place.listing(), place.lines());
    json!(listing.outline.entries.iter().map(|entry| symbol(listing, &lines, entry)).collect::<Vec<Value>>())
}

fn symbol(listing: &Listing, lines: &Lines<'_>, entry: &Entry) -> Value {
    let range = |span: Span| lines.range(listing.written(span));
    let name = if entry.name.is_empty() { "…" } else { &entry.name };
    json!({
        "name": name,
        "detail": word(entry.kind),
        "kind": kind(entry.kind),
        "range": range(entry.span),
        "selectionRange": range(entry.place),
        "children": entry.children.iter().map(|child| symbol(listing, lines, child)).collect::<Vec<Value>>(),
    })
}

/// What all texts declare whose name has the letters of `query` in their order.
pub fn of_workspace(desk: &Desk, query: &str) -> Value {
    let mut found = Vec::new();
    for path in desk.programs() {
        let Some(listing) = desk.listing(&path) else { continue };
        let lines = listing.lines(desk.encoding);
        for entry in listing.outline.all() {
            let listed = !matches!(entry.kind, Kind::Field | Kind::Let | Kind::Use);
            if listed && has_letters(&entry.name, query) && found.len() < SYMBOLS_MAX {
                found.push(json!({
                    "name": entry.name,
                    "kind": kind(entry.kind),
                    "location": { "uri": desk.uri(&path), "range": lines.range(listing.written(entry.place)) },
                    "containerName": path.rsplit('/').next(),
                }));
            }
        }
    }
    json!(found)
}

/// Whether the letters of `query` stand in `name` in their order.
fn has_letters(name: &str, query: &str) -> bool {
    let mut letters = name.chars().flat_map(char::to_lowercase);
    query.chars().flat_map(char::to_lowercase).all(|wanted| letters.any(|letter| letter == wanted))
}

fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::Use => "use",
        Kind::Type => "type",
        Kind::Function => "fn",
        Kind::Workflow => "workflow",
        Kind::Handler => "handler",
        Kind::Connector => "connector",
        Kind::Operation => "operation",
        Kind::Source => "trigger",
        Kind::Persona => "persona",
        Kind::Test => "test",
        Kind::Step => "step",
        Kind::Let => "let",
        Kind::Field => "",
    }
}

fn kind(kind: Kind) -> SymbolKind {
    match kind {
        Kind::Use => SymbolKind::Namespace,
        Kind::Type => SymbolKind::Struct,
        Kind::Function => SymbolKind::Function,
        Kind::Workflow => SymbolKind::Class,
        Kind::Handler => SymbolKind::Interface,
        Kind::Connector => SymbolKind::Module,
        Kind::Operation => SymbolKind::Method,
        Kind::Source => SymbolKind::Event,
        Kind::Persona => SymbolKind::Object,
        Kind::Test => SymbolKind::Event,
        Kind::Step | Kind::Let => SymbolKind::Variable,
        Kind::Field => SymbolKind::Field,
    }
}
