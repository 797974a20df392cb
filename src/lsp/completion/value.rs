//! Values: names in scope, fields and functions behind a dot, and the values that a type leaves to choose from.

use std::sync::Arc;

use lsp_types::CompletionItemKind as ItemKind;

use super::Offering;
use super::list::Item;
use crate::base::shape::{Field, Fit, Shape};
use crate::base::value::Value;
use crate::lang::check::{HOLE, Hole, Named};
use crate::lang::script::functions::{functions, methods, subject};
use crate::lsp::wording;

/// What a statement of Rhai may begin with.
const SCRIPT_WORDS: [&str; 12] =
    ["let", "const", "for", "while", "loop", "do", "return", "throw", "try", "break", "continue", "in"];
/// Durations to begin with.
const DURATIONS: [&str; 7] = ["1s", "10s", "30s", "5m", "15m", "1h", "1d"];

/// How a value of a type begins; `$0` is where it is written.
pub fn begun(shape: &Shape) -> &'static str {
    match shape.present() {
        Shape::Text(..) | Shape::Email | Shape::Url => "\"$0\"",
        Shape::Object(_) | Shape::Map(..) => "{ $0 }",
        Shape::List(..) | Shape::Set(..) => "[$0]",
        _ => "$0",
    }
}

impl Offering<'_> {
    /// What an expression may begin with, or go on with behind a dot.
    pub fn expression(&mut self) {
        let notes = &self.look.study.checked.notes;
        if let Some(wanted) = &notes.wanted {
            self.choices(wanted);
        }
        if self.caret.quoted {
            return;
        }
        match &notes.hole {
            Some(Hole::Field(shape)) => self.fields_of(shape),
            Some(Hole::Name(names)) => {
                self.names(names);
                self.functions();
            }
            Some(Hole::Parameter(_)) => {}
            Some(Hole::Callee(_)) | None => match self.caret.statement().last() {
                Some(last) if matches!(last.text, "." | "?.") => self.fields_of(&Shape::Any),
                _ => self.functions(),
            },
        }
    }

    /// The values that a type leaves to choose from.
    pub fn choices(&mut self, shape: &Shape) {
        match shape.present() {
            Shape::OneOf(values) => values.iter().for_each(|value| self.choice(value)),
            Shape::Union(shapes) => shapes.iter().for_each(|shape| self.choices(shape)),
            Shape::Bool if !self.caret.quoted => self.list.words(0, ["true", "false"]),
            Shape::Duration => self.durations(),
            _ => {}
        }
    }

    fn choice(&mut self, value: &Value) {
        match value.as_text() {
            Some(text) => self.list.text(0, text, "", None),
            None if self.caret.quoted => {}
            None => self.list.add(0, Item::new(&value.to_string(), ItemKind::EnumMember)),
        }
    }

    /// A few durations.
    pub fn durations(&mut self) {
        if !self.caret.quoted {
            DURATIONS.iter().for_each(|long| self.list.add(1, Item::new(long, ItemKind::Value).detail("duration")));
        }
    }

    /// The names an expression can read.
    pub fn names(&mut self, names: &[(Arc<str>, Named, Shape)]) {
        for (name, named, shape) in names.iter().rev() {
            let kind = match named {
                Named::Scope => ItemKind::Module,
                Named::Parameter => ItemKind::Field,
                _ => ItemKind::Variable,
            };
            let rank = if *named == Named::Scope { 2 } else { 1 };
            let detail = if *named == Named::Scope { String::new() } else { shape.to_string() };
            self.list.add(rank, Item::new(name, kind).detail(&detail));
        }
    }

    /// The functions an expression can call.
    fn functions(&mut self) {
        if let Some(module) = self.look.study.checked.modules.first() {
            for function in &module.functions {
                let params: Vec<&str> = function.params.iter().map(|param| &**param).collect();
                let detail = format!("fn {}({})", function.name, params.join(", "));
                let doc = self.look.entry(function.name_span).and_then(|entry| entry.doc.as_ref());
                let item = Item::new(&function.name, ItemKind::Function).detail(&detail);
                self.list.add(3, item.doc(doc.map(|doc| &*doc.text)));
            }
        }
        for function in functions() {
            let item = Item::new(function.name, ItemKind::Function).detail(function.signature);
            self.list.add(4, item.doc(Some(function.doc)));
        }
        for (word, doc) in [("env", "A plain setting: `env(\"NAME\")`."), ("secret", "A secret: `secret(\"NAME\")`.")] {
            self.list.add(4, Item::new(word, ItemKind::Function).doc(Some(doc)));
        }
        self.list.words(5, ["true", "false", "if", "switch"]);
        if self.caret.frames.iter().any(|frame| frame.zone == "rhai") {
            self.list.words(5, SCRIPT_WORDS);
        }
    }

    /// What may stand behind the dot of a value.
    pub fn fields_of(&mut self, shape: &Shape) {
        self.own_fields(shape);
        for method in methods(shape) {
            let kind = if method.is_property() { ItemKind::Property } else { ItemKind::Method };
            let snippet = match (method.is_property(), method.is_bare()) {
                (true, _) => None,
                (false, true) => Some(format!("{}()", method.name)),
                (false, false) => Some(format!("{}($0)", method.name)),
            };
            let item = Item::new(method.name, kind).detail(method.signature).doc(Some(method.doc));
            self.list.add(1, item.snippet(snippet.filter(|_| !self.is_called())));
        }
        let anything = *shape.present() == Shape::Any;
        for function in functions() {
            // What may be left out stands before no dot.
            let Some(first) = function.params.first().filter(|first| !matches!(first.shape, Shape::Optional(_))) else {
                continue;
            };
            let takes = match &first.shape {
                // What takes anything is offered where it is about that.
                Shape::Any => anything || subject(shape) == Some(function.about),
                wanted => anything || wanted.accepts(shape.present()) == Fit::Surely && subject(shape).is_some(),
            };
            if takes {
                let item = Item::new(function.name, ItemKind::Method).detail(function.signature);
                self.list.add(2, item.doc(Some(function.doc)));
            }
        }
    }

    /// The fields of a value.
    pub fn own_fields(&mut self, shape: &Shape) {
        if let Shape::Object(object) = shape.present() {
            for field in &object.fields {
                let detail = field.shape.to_string();
                self.list.add(0, Item::new(&field.name, ItemKind::Field).detail(&detail).doc(field.doc.as_deref()));
            }
        }
    }

    /// What `set` may set.
    pub fn targets(&mut self) {
        match &self.look.study.checked.notes.hole {
            Some(Hole::Field(shape)) => self.own_fields(shape),
            Some(Hole::Name(names)) => {
                for (scope, _, shape) in names {
                    let Shape::Object(object) = shape.present() else { continue };
                    for field in object.fields.iter().filter(|field| &*field.name != HOLE) {
                        let (name, detail) = (format!("{scope}.{}", field.name), field.shape.to_string());
                        let item = Item::new(&name, ItemKind::Field).detail(&detail).doc(field.doc.as_deref());
                        self.list.add(0, item);
                    }
                }
                names.iter().for_each(|(scope, ..)| self.list.add(1, Item::new(scope, ItemKind::Module)));
            }
            Some(Hole::Parameter(_) | Hole::Callee(_)) | None => {}
        }
    }

    /// The parameters of a call or the fields of an object that are not given yet, those first that must be.
    pub fn keys(&mut self) {
        match &self.look.study.checked.notes.hole {
            Some(Hole::Parameter(fields)) => fields.iter().for_each(|field| self.parameter(field)),
            // `{ name }` is short for `{ name: name }`.
            Some(Hole::Name(names)) if !self.caret.quoted => {
                let own: Vec<_> = names.iter().filter(|(_, named, _)| *named != Named::Scope).cloned().collect();
                self.names(&own);
            }
            Some(_) | None => {}
        }
    }

    fn parameter(&mut self, field: &Field) {
        let needed = field.default.is_none() && !field.shape.may_be_absent();
        let snippet = (!self.has_colon()).then(|| format!("{}: {}", field.name, begun(&field.shape)));
        let detail = wording::field(field);
        let item = Item::new(&field.name, ItemKind::Property).detail(&detail).doc(field.doc.as_deref());
        self.list.add(u8::from(!needed), item.snippet(snippet));
    }

    fn is_called(&self) -> bool {
        self.caret.text[self.caret.whole.end..].starts_with('(')
    }
}
