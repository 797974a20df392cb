//! What could be written at a place: the checker says it of a text in which a hole stands there.

use std::collections::BTreeSet;
use std::sync::Arc;

use lsp_types::CompletionItemKind as ItemKind;
use serde_json::{Value, json};

use super::look::Look;
use super::outline::Kind;
use super::place::{PROGRAM, Place};
use super::wording;
use crate::base::failure::KINDS;
use crate::base::shape::{Field, Fit, Shape};
use crate::lang::catalog::{standard, types};
use crate::lang::check::{HOLE, Hole, Named};
use crate::lang::script::functions::{functions as fixed_functions, methods};
use crate::lang::syntax::ast::Declaration;
use crate::lang::syntax::words;

/// What could be written at a place.
pub fn completions(place: &Place<'_>) -> Value {
    let text = place.text();
    let is_word = |letter: char| letter.is_alphanumeric() || letter == '_';
    let start = text[..place.offset].trim_end_matches(is_word).len();
    let rest = &text[place.offset..];
    let end = text.len() - rest.trim_start_matches(is_word).len();
    let holed = |end_of_it: &str| format!("{}{HOLE}{end_of_it}{}", &text[..start], &text[end..]);
    // A connector that is named for the first time is part of the program from here on.
    let mut look = place.desk.look_at_hole(&place.path, &holed(""));
    if is_comment(&look, start) {
        return Value::Null;
    }
    let in_script = is_script(&look, start);
    if in_script && look.study.checked.notes.hole.is_none() {
        // A statement that is begun above others has no `;` yet, without which none of them can be read.
        look = place.desk.look_at_hole(&place.path, &holed(";"));
    }
    let line = text[..start].rsplit('\n').next().unwrap_or_default();
    let mut list = List::default();
    match &look.study.checked.notes.hole {
        Some(Hole::Field(shape)) => list.fields_of(shape),
        Some(Hole::Name(names)) => {
            list.names(names);
            list.functions(&look);
            if in_script {
                list.words(4, &SCRIPT_WORDS);
            } else if is_blank(line) {
                list.clauses();
            }
        }
        Some(Hole::Parameter(fields)) => {
            list.parameters(fields);
            list.clauses();
        }
        Some(Hole::Callee(before)) => {
            list.callees(&look, before);
            // A word that begins a line may be any.
            if before.is_empty() && is_blank(line) {
                list.statements(&look, start);
            }
        }
        None => list.by_place(&look, line, start),
    }
    list.done()
}

/// What a statement of Rhai may begin with.
const SCRIPT_WORDS: [&str; 12] =
    ["let", "const", "for", "while", "loop", "do", "return", "throw", "try", "break", "continue", "in"];

/// Whether a place is among statements of Rhai.
fn is_script(look: &Look, offset: usize) -> bool {
    let scripts = look.outline(PROGRAM).map_or(&[][..], |outline| &outline.scripts);
    scripts.iter().any(|script| {
        let range = look.study.written(*script).range();
        range.start <= offset && offset <= range.end
    })
}

/// Whether nothing but blanks stands before the place on its line, or behind the brace or comma before it.
fn is_blank(line: &str) -> bool {
    let line = line.trim_end();
    line.is_empty() || line.ends_with(['{', ',', '}'])
}

fn is_comment(look: &Look, offset: usize) -> bool {
    let comments = look.study.trees.first().map_or(&[][..], |tree| &tree.program.comments);
    comments.iter().any(|comment| {
        let range = look.study.written(comment.span).range();
        range.start < offset && offset <= range.end
    })
}

/// What is offered, each once.
#[derive(Default)]
struct List {
    items: Vec<Value>,
    known: BTreeSet<String>,
}

impl List {
    fn done(mut self) -> Value {
        self.items.sort_by(|one, other| one["sortText"].as_str().cmp(&other["sortText"].as_str()));
        json!({ "isIncomplete": false, "items": self.items })
    }

    /// Takes an item in: `rank` says what comes first.
    fn add(&mut self, rank: u8, label: &str, kind: ItemKind, detail: &str, doc: Option<&str>) {
        self.insert(rank, label, None, kind, detail, doc);
    }

    fn insert(
        &mut self,
        rank: u8,
        label: &str,
        snippet: Option<String>,
        kind: ItemKind,
        detail: &str,
        doc: Option<&str>,
    ) {
        if label == HOLE || label.is_empty() || !self.known.insert(label.to_owned()) {
            return;
        }
        let mut item = json!({
            "label": label,
            "kind": kind,
            "sortText": format!("{rank}{:04}{label}", self.items.len()),
        });
        if !detail.is_empty() {
            item["detail"] = detail.into();
        }
        if let Some(doc) = doc.filter(|doc| !doc.is_empty()) {
            item["documentation"] = json!({ "kind": "markdown", "value": doc });
        }
        if let Some(snippet) = snippet {
            item["insertText"] = snippet.into();
            item["insertTextFormat"] = 2.into();
        }
        self.items.push(item);
    }

    /// The names an expression can read.
    fn names(&mut self, names: &[(Arc<str>, Named, Shape)]) {
        for (name, named, shape) in names.iter().rev() {
            let kind = match named {
                Named::Scope => ItemKind::Module,
                Named::Parameter => ItemKind::Field,
                _ => ItemKind::Variable,
            };
            let rank = if *named == Named::Scope { 1 } else { 0 };
            let detail = if *named == Named::Scope { String::new() } else { shape.to_string() };
            self.add(rank, name, kind, &detail, None);
        }
    }

    /// The functions an expression can call.
    fn functions(&mut self, look: &Look) {
        if let Some(module) = look.study.checked.modules.first() {
            for function in &module.functions {
                let params: Vec<&str> = function.params.iter().map(|param| &**param).collect();
                let detail = format!("fn {}({})", function.name, params.join(", "));
                let doc = look.entry(function.name_span).and_then(|entry| entry.doc.as_ref());
                self.add(2, &function.name, ItemKind::Function, &detail, doc.map(|doc| &*doc.text));
            }
        }
        for function in fixed_functions() {
            self.add(3, function.name, ItemKind::Function, function.signature, Some(function.doc));
        }
        for (word, doc) in [("env", "A plain setting: `env(\"NAME\")`."), ("secret", "A secret: `secret(\"NAME\")`.")] {
            self.add(3, word, ItemKind::Function, "", Some(doc));
        }
        for word in ["true", "false", "if", "switch"] {
            self.add(4, word, ItemKind::Keyword, "", None);
        }
    }

    /// What may stand behind the dot of a value.
    fn fields_of(&mut self, shape: &Shape) {
        if let Shape::Object(object) = shape.present() {
            for field in &object.fields {
                self.add(0, &field.name, ItemKind::Field, &field.shape.to_string(), field.doc.as_deref());
            }
        }
        for function in methods().iter().chain(fixed_functions()) {
            // What may be left out stands before no dot; of what nothing is known, anything may be asked.
            let takes = function.params.first().is_some_and(|first| match &first.shape {
                Shape::Optional(_) => false,
                _ if *shape.present() == Shape::Any => true,
                first => *first != Shape::Any && first.accepts(shape.present()) != Fit::Never,
            });
            if takes {
                self.add(2, function.name, ItemKind::Method, function.signature, Some(function.doc));
            }
        }
    }

    /// The parameters of a call, those first that must be given.
    fn parameters(&mut self, fields: &[Field]) {
        for field in fields {
            let needed = field.default.is_none() && !field.shape.may_be_absent();
            let value = match field.shape.present() {
                Shape::Text(..) | Shape::Email | Shape::Url => "\"$0\"",
                Shape::Object(_) | Shape::Map(..) => "{ $0 }",
                Shape::List(..) | Shape::Set(..) => "[$0]",
                _ => "$0",
            };
            let snippet = format!("{}: {value}", field.name);
            let rank = u8::from(!needed);
            self.insert(
                rank,
                &field.name,
                Some(snippet),
                ItemKind::Property,
                &wording::field(field),
                field.doc.as_deref(),
            );
        }
    }

    fn clauses(&mut self) {
        self.words(5, &words::CLAUSES);
    }

    fn words(&mut self, rank: u8, words: &[&str]) {
        words.iter().for_each(|word| self.add(rank, word, ItemKind::Keyword, "", None));
    }

    /// Who can be called, behind the words `before`.
    fn callees(&mut self, look: &Look, before: &[Arc<str>]) {
        let study = &look.study;
        let Some(program) = study.trees.first() else { return };
        let place = before.first().and_then(|alias| program.used(alias));
        let (tree, connector) = match (place, before) {
            (_, []) => (Some(0), None),
            (Some(place), [_]) => (Some(place), None),
            (None, [connector]) => (None, Some(connector.to_string())),
            (_, [.., _]) => (None, Some(before.iter().map(|part| &**part).collect::<Vec<_>>().join("."))),
        };
        if let Some(tree) = tree.and_then(|place| study.trees.get(place)) {
            for declaration in &tree.program.declarations {
                match declaration {
                    Declaration::Workflow(workflow) => {
                        let doc = workflow.doc.as_ref().map(|doc| &*doc.text);
                        self.insert(
                            0,
                            &workflow.name.text,
                            braces(&workflow.name.text),
                            ItemKind::Class,
                            "workflow",
                            doc,
                        );
                    }
                    Declaration::Connector(connector) => {
                        let doc = connector.doc.as_ref().map(|doc| &*doc.text);
                        self.add(0, &connector.name.text, ItemKind::Module, "connector", doc);
                    }
                    _ => {}
                }
            }
        }
        if before.is_empty() {
            program.uses.iter().for_each(|(alias, _)| self.add(0, alias, ItemKind::Module, "use", None));
            standard::CONNECTORS.iter().for_each(|file| self.add(1, file.name, ItemKind::Module, "connector", None));
            self.words(5, &["script", "ask", "wait", "start", "if", "for", "match", "parallel", "race", "repeat"]);
        }
        if let Some(connector) = connector.and_then(|name| study.catalog.connectors.get(&*name)) {
            for (name, signature) in &connector.operations {
                let doc = wording::operation(look, signature);
                self.insert(0, name, braces(name), ItemKind::Method, &wording::signature(signature), Some(&doc));
            }
        }
    }

    /// What the place alone says.
    fn by_place(&mut self, look: &Look, line: &str, offset: usize) {
        let before = line.trim_end();
        let word = before.rsplit(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default();
        if opens_text(line) {
            return;
        }
        match word {
            "on" | "fails" | "fail" if !before.is_empty() => return self.errors(word == "on"),
            "handle" => return self.declared(look, Kind::Handler),
            "trigger" => return self.triggers(look),
            "persona" if !before.trim_start().starts_with("persona") => return self.personas(look),
            "for" if before.trim_start().starts_with("test") => return self.declared(look, Kind::Workflow),
            "after" => return self.steps(look),
            _ => {}
        }
        if before.ends_with([':', '<', '|']) || before.ends_with("->") {
            return self.types(look);
        }
        if is_blank(line) {
            self.statements(look, offset);
        }
    }

    fn errors(&mut self, handled: bool) {
        KINDS.iter().for_each(|(name, _)| self.add(0, name, ItemKind::EnumMember, "error", None));
        if handled {
            self.words(1, &["error", "success", "failure", "cancel"]);
        }
    }

    fn types(&mut self, look: &Look) {
        self.declared(look, Kind::Type);
        types::BUILT_IN.iter().for_each(|name| self.add(1, name, ItemKind::Struct, "", None));
    }

    /// What the program declares of one kind.
    fn declared(&mut self, look: &Look, kind: Kind) {
        let entries = look.outline(PROGRAM).map_or(&[][..], |outline| &outline.entries);
        for entry in entries.iter().filter(|entry| entry.kind == kind) {
            self.add(0, &entry.name, ItemKind::Reference, "", entry.doc.as_ref().map(|doc| &*doc.text));
        }
    }

    fn steps(&mut self, look: &Look) {
        let all = look.outline(PROGRAM).map(super::outline::Outline::all).unwrap_or_default();
        for entry in all.into_iter().filter(|entry| entry.kind == Kind::Step && !entry.name.contains('.')) {
            self.add(0, &entry.name, ItemKind::Variable, "step", None);
        }
    }

    fn personas(&mut self, look: &Look) {
        look.study.catalog.personas.keys().for_each(|name| self.add(0, name, ItemKind::Reference, "persona", None));
    }

    fn triggers(&mut self, look: &Look) {
        self.words(0, &["api", "webhook", "schedule", "every", "file", "event", "form", "persona"]);
        for (name, connector) in &look.study.catalog.connectors {
            for source in connector.sources.keys() {
                self.add(1, &format!("{name}.{source}"), ItemKind::Event, "trigger", None);
            }
        }
    }

    /// What a line may begin with, by the braces around it.
    fn statements(&mut self, look: &Look, offset: usize) {
        let offset = u32::try_from(offset).unwrap_or(u32::MAX);
        let all = look.outline(PROGRAM).map(super::outline::Outline::all).unwrap_or_default();
        let around = all.into_iter().rev().find(|entry| {
            let span = look.study.written(entry.span);
            span.start < offset && offset < span.end && !matches!(entry.kind, Kind::Field | Kind::Let | Kind::Use)
        });
        match around.map(|entry| entry.kind) {
            None => self.words(0, &words::DECLARATIONS),
            Some(Kind::Workflow | Kind::Step) => self.words(0, &words::STATEMENTS),
            Some(Kind::Handler) => self.words(0, &["on", "handle"]),
            Some(Kind::Connector) => self.words(
                0,
                &[
                    "config",
                    "auth",
                    "limit",
                    "retry_after",
                    "fail",
                    "accept",
                    "read",
                    "keyed",
                    "once",
                    "operation",
                    "check",
                    "example",
                    "webhook",
                    "poll",
                    "verify",
                ],
            ),
            Some(Kind::Operation | Kind::Source) => self.words(
                0,
                &[
                    "GET", "POST", "PUT", "PATCH", "DELETE", "output", "paginate", "fail", "accept", "timeout", "let",
                    "auth",
                ],
            ),
            Some(Kind::Test) => self.words(
                0,
                &["input", "trigger", "state", "at", "mock", "expect", "advance", "signal", "event", "cancel"],
            ),
            Some(Kind::Persona) => self.words(0, &["about", "intent", "on"]),
            Some(Kind::Type | Kind::Function | Kind::Field | Kind::Let | Kind::Use) => {}
        }
    }
}

/// A callee with its braces.
fn braces(name: &str) -> Option<String> {
    Some(format!("{name} {{ $0 }}"))
}

/// Whether a quote is open at the end of a line.
fn opens_text(line: &str) -> bool {
    let mut open = false;
    let mut letters = line.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' if open => {
                letters.next();
            }
            '"' => open = !open,
            _ => {}
        }
    }
    open
}
