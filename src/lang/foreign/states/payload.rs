//! What a state makes of its document: paths, templates whose fields end with `.$`, the context object.

use indexmap::IndexMap;
use serde_json::Value as Json;

use super::document::Document;
use super::jsonata::Seen;
use super::machine::{Machine, Query};
use super::path::{self, Segment};
use super::{graph, help, intrinsic};
use crate::lang::foreign::term::Term;

impl Machine<'_> {
    /// What a path or an intrinsic function gives, seen from a document.
    pub fn read(&mut self, text: &str, document: &Document) -> Document {
        let text = text.trim();
        if let Some(context) = text.strip_prefix("$$") {
            return self.context(context);
        }
        let Some(behind) = text.strip_prefix('$') else {
            return Document::Term(intrinsic::call(self, text, document));
        };
        if behind.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') {
            return self.variable(behind);
        }
        match path::parsed(behind) {
            Some(segments) => {
                if segments.iter().any(|segment| matches!(segment, Segment::Slice(..))) {
                    self.draft.function("slice", help::SLICE);
                }
                path::follow(document, &segments, &mut self.reads)
            }
            None => {
                self.later(format!("the path `{text}` looks at every depth, or at several places at once: write what it finds as an expression"));
                document.clone()
            }
        }
    }

    /// A variable that some state assigned.
    fn variable(&mut self, behind: &str) -> Document {
        let end = behind.find(['.', '[']).unwrap_or(behind.len());
        let (name, rest) = behind.split_at(end);
        let variable = self.assigned(name);
        let segments = path::parsed(rest).unwrap_or_default();
        path::follow(&Document::Path(variable), &segments, &mut self.reads)
    }

    /// Something of the context object, behind `$$`.
    pub fn context(&mut self, behind: &str) -> Document {
        let path = |text: &str| Document::Path(text.to_owned());
        let segments = path::parsed(behind).unwrap_or_default();
        let names: Vec<&str> = segments
            .iter()
            .map_while(|segment| match segment {
                Segment::Field(name) => Some(name.as_str()),
                Segment::Index(_) | Segment::All | Segment::Slice(..) | Segment::Filter(_) => None,
            })
            .collect();
        match names.as_slice() {
            ["Execution", "Id" | "Name"] | ["Task", "Token"] => path("run.id"),
            ["Execution", "StartTime"] => path("run.started_at"),
            ["Execution", "Input", ..] if self.input_is_near => {
                path::follow(&Document::Input, &segments[2..], &mut self.reads)
            }
            ["StateMachine", "Id" | "Name"] => path("run.workflow"),
            ["State", "EnteredTime"] => path("now()"),
            ["State", "Name"] => Document::Term(Term::text(&self.state)),
            ["State", "RetryCount"] => path("0"),
            ["Map", "Item", "Index"] => match self.items.last() {
                Some(item) => Document::Path(item.index.clone()),
                None => path("0"),
            },
            ["Map", "Item", "Value", ..] => match self.items.last() {
                Some(item) => {
                    let value = item.value.clone();
                    path::follow(&value, &segments[3..], &mut self.reads)
                }
                None => path("()"),
            },
            _ => {
                self.later(format!("nothing here is `$${behind}`"));
                path("()")
            }
        }
    }

    /// A template: fields whose names end with `.$` are read, all else stands as it is.
    pub fn template(&mut self, template: &Json, document: &Document) -> Document {
        match template {
            Json::Object(fields) => {
                let mut made = IndexMap::new();
                for (name, value) in fields {
                    match (name.strip_suffix(".$"), value) {
                        (Some(name), Json::String(text)) => made.insert(name.to_owned(), self.read(text, document)),
                        (_, value) => made.insert(name.clone(), self.template(value, document)),
                    };
                }
                Document::Made(None, made)
            }
            Json::Array(items) => {
                let items = items.iter().map(|item| self.template(item, document).term(&mut self.reads)).collect();
                Document::Term(Term::List(items))
            }
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => Document::Term(Term::of(template)),
        }
    }

    /// What a state works on: its document behind `InputPath` and `Parameters`, or its `Arguments`.
    pub fn taken_in(&mut self, state: &Json, document: &Document) -> Document {
        if self.speaks == Query::Jsonata {
            return match state.get("Arguments") {
                Some(arguments) => self.evaluated(arguments, &Seen::of(document)),
                None => document.clone(),
            };
        }
        let chosen = self.chosen(state, document);
        match state.get("Parameters") {
            Some(template) => self.template(template, &chosen),
            None => chosen,
        }
    }

    /// The document behind `InputPath`.
    pub fn chosen(&mut self, state: &Json, document: &Document) -> Document {
        match state.get("InputPath") {
            Some(Json::Null) => Document::empty(),
            Some(Json::String(path)) => self.read(path, document),
            _ => document.clone(),
        }
    }

    /// The document behind a state: what it gave, seen through `ResultSelector`, put where `ResultPath` says, cut by `OutputPath`;
    /// or its `Output`. What it assigns is assigned.
    pub fn given_on(&mut self, state: &Json, document: &Document, result: Document) -> Document {
        let seen = Seen { result: Some(result.clone()), ..Seen::of(document) };
        if self.speaks == Query::Jsonata {
            let output = match state.get("Output") {
                Some(output) => {
                    let name = self.state.clone();
                    let output = self.evaluated(output, &seen);
                    self.bound(&format!("{name} output"), output)
                }
                None => result,
            };
            self.assign(state, &seen);
            return output;
        }
        self.assign(state, &seen);
        let result = match state.get("ResultSelector") {
            Some(template) => self.template(template, &result),
            None => result,
        };
        let whole = self.put(state.get("ResultPath"), document, result);
        match state.get("OutputPath") {
            Some(Json::Null) => Document::empty(),
            Some(Json::String(path)) => self.read(path, &whole),
            _ => whole,
        }
    }

    /// Writes what a state, a rule or a catcher assigns: all values are computed before any of them is assigned.
    pub fn assign(&mut self, holder: &Json, seen: &Seen) {
        let Some(fields) = holder["Assign"].as_object() else { return };
        let mut values: Vec<(String, Term)> = Vec::new();
        for (name, value) in fields {
            let (name, value) = if self.speaks == Query::Jsonata {
                (name.as_str(), self.evaluated(value, seen))
            } else {
                let from = seen.error.as_ref().or(seen.result.as_ref()).unwrap_or(&seen.input).clone();
                match (name.strip_suffix(".$"), value) {
                    (Some(name), Json::String(text)) => (name, self.read(text, &from)),
                    (_, value) => (name.as_str(), self.template(value, &from)),
                }
            };
            values.push((name.to_owned(), value.term(&mut self.reads)));
        }
        self.settle();
        let own: Vec<String> = values.iter().map(|(name, _)| self.own_variable(name)).collect();
        let reads_another = values.iter().zip(0..).any(|((_, term), at)| {
            let code = term.expression();
            own.iter().zip(0..).any(|(other, place)| place < at && code.contains(other.as_str()))
        });
        let mut terms: Vec<Term> = values.iter().map(|(_, term)| term.clone()).collect();
        if reads_another {
            for ((name, _), term) in values.iter().zip(&mut terms) {
                let new = self.draft.name(&format!("new {name}"));
                self.draft.statement(&format!("let {new}: any ="), term);
                *term = Term::Path(new);
            }
        }
        own.iter().zip(&terms).for_each(|(own, term)| self.draft.statement(&format!("set {own} ="), term));
    }

    /// A document with a result put where a path says: by default it takes the place of the document.
    pub fn put(&mut self, at: Option<&Json>, document: &Document, result: Document) -> Document {
        match at {
            Some(Json::Null) => document.clone(),
            Some(Json::String(text)) => match graph::fields(text) {
                Some(fields) => document.put(&fields, result, &mut self.reads),
                None => {
                    self.later(format!("the result goes to `{text}`, which is no path of fields"));
                    document.clone()
                }
            },
            _ => result,
        }
    }
}
