//! JSONata, as states use it: `{% $sum($states.input.items.price) %}`.
//!
//! A text becomes a tree (`token`, `parse`, `tree`), and the tree an expression of ours (`write`, `functions`). What JSONata does
//! silently is written out where it can matter: a field of a list is the list of that field, one item that was found stands alone.

mod functions;
mod help;
mod parse;
mod token;
mod tree;
mod write;

use serde_json::Value as Json;

use super::document::Document;
use super::machine::Machine;
use crate::lang::foreign::term::Term;
use write::Scope;

/// What an expression of a state may look at.
#[derive(Clone, Debug)]
pub struct Seen {
    /// `$states.input`
    pub input: Document,
    /// `$states.result`
    pub result: Option<Document>,
    /// `$states.errorOutput`
    pub error: Option<Document>,
}

impl Seen {
    /// The document of a state alone.
    pub fn of(input: &Document) -> Self {
        Self { input: input.clone(), result: None, error: None }
    }
}

/// What stands between `{%` and `%}`, where a text is an expression.
pub fn inside(text: &str) -> Option<&str> {
    text.trim().strip_prefix("{%")?.strip_suffix("%}").map(str::trim)
}

impl Machine<'_> {
    /// A value in which texts may be expressions.
    pub fn evaluated(&mut self, json: &Json, seen: &Seen) -> Document {
        match json {
            Json::String(text) => match inside(text) {
                Some(expression) => self.expression(expression, seen),
                None => Document::Term(Term::text(text)),
            },
            Json::Object(fields) => {
                let fields = fields.iter().map(|(name, value)| (name.clone(), self.evaluated(value, seen)));
                Document::Made(None, fields.collect())
            }
            Json::Array(items) => {
                let items: Vec<Document> = items.iter().map(|item| self.evaluated(item, seen)).collect();
                Document::Term(Term::List(items.iter().map(|item| item.term(&mut self.reads)).collect()))
            }
            Json::Null | Json::Bool(_) | Json::Number(_) => Document::Term(Term::of(json)),
        }
    }

    /// The same as an expression on one line.
    pub fn evaluated_code(&mut self, json: &Json, seen: &Seen) -> String {
        self.evaluated(json, seen).term(&mut self.reads).expression()
    }

    /// A condition between `{%` and `%}`.
    pub fn condition_of(&mut self, json: &Json, seen: &Seen) -> String {
        let Some(text) = json.as_str().and_then(inside) else {
            return (json == &Json::Bool(true)).to_string();
        };
        let written = parse::parsed(text).ok_or_else(String::new).and_then(|node| self.truth(&node, &Scope::of(seen)));
        written.unwrap_or_else(|what| {
            self.unread(text, &what);
            "false".to_owned()
        })
    }

    fn expression(&mut self, text: &str, seen: &Seen) -> Document {
        let written =
            parse::parsed(text).ok_or_else(String::new).and_then(|node| self.written(&node, &Scope::of(seen)));
        written.unwrap_or_else(|what| {
            self.unread(text, &what);
            Document::Term(Term::Path("()".to_owned()))
        })
    }

    fn unread(&mut self, text: &str, what: &str) {
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let short: String = text.chars().take(80).collect();
        let why = if what.is_empty() { String::new() } else { format!(", for {what}") };
        self.later(format!("this expression of JSONata is not carried over{why}: {short}"));
    }
}
