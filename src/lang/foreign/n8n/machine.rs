//! What is known while the nodes of a workflow are written.

use indexmap::IndexMap;
use serde_json::Value as Json;

use super::data::{Data, Items, Reads};
use super::document::{Graph, Node};
use super::javascript::{self, Expr, Seen, Value};
use crate::lang::foreign::draft::Draft;
use crate::lang::foreign::term::Term;

/// A workflow of n8n on its way to being one of this language.
pub struct Machine<'a> {
    /// The program.
    pub draft: &'a mut Draft,
    /// The nodes.
    pub graph: &'a Graph<'a>,
    /// What is read of the input.
    pub reads: Reads,
    /// Variables of the workflow.
    pub variables: Vec<String>,
    /// What came out of nodes, as far as it can be reached from here.
    pub known: IndexMap<usize, Items>,
    /// The node that is being written.
    pub name: String,
    /// How many more nodes may be written: ways that meet are written more than once.
    pub left: usize,
    /// Which nodes were written.
    pub written: Vec<bool>,
    /// Whether the run answers with what comes out at its end.
    pub answers_last: bool,
    /// Workflows that are called and not in the document.
    pub called: IndexMap<String, String>,
    /// What they are called here.
    pub subs: Vec<(String, String)>,
    /// What is left to do and has no place yet: comments before the next line.
    pending: Vec<String>,
}

impl<'a> Machine<'a> {
    /// Before its first node.
    pub fn new(draft: &'a mut Draft, graph: &'a Graph<'a>, reads: Reads) -> Self {
        Self {
            draft,
            graph,
            reads,
            variables: Vec::new(),
            known: IndexMap::new(),
            name: String::new(),
            left: graph.nodes.len() * 2 + 100,
            written: vec![false; graph.nodes.len()],
            answers_last: false,
            called: IndexMap::new(),
            subs: Vec::new(),
            pending: Vec::new(),
        }
    }

    /// Something to be said before the next statement.
    pub fn later(&mut self, text: impl Into<String>) {
        let text = text.into();
        if !self.pending.contains(&text) {
            self.pending.push(text);
        }
    }

    /// Says what is pending: comes before each statement, when its values are known.
    pub fn settle(&mut self) {
        let name = self.name.clone();
        std::mem::take(&mut self.pending).iter().for_each(|text| self.draft.todo(&format!("`{name}`: {text}")));
    }

    /// A new variable of the workflow.
    pub fn new_variable(&mut self, wanted: &str) -> String {
        let name = self.draft.name(wanted);
        self.variables.push(name.clone());
        name
    }

    /// A parameter of a node as a value.
    pub fn param(&mut self, node: &Node<'_>, path: &str, items: &Items) -> Option<Term> {
        let json = at(node, path);
        if json.is_null() || json == "" || *json == Json::Object(serde_json::Map::new()) {
            return None;
        }
        Some(self.value(path, json, items))
    }

    /// What a document says in a place, with the expressions in it.
    pub fn value(&mut self, what: &str, json: &Json, items: &Items) -> Term {
        match json {
            Json::String(text) => match text.strip_prefix('=') {
                Some(template) => self.template(what, template, items),
                None => Term::text(text),
            },
            Json::Array(list) => Term::List(list.iter().map(|one| self.value(what, one, items)).collect()),
            Json::Object(fields) if fields.get("__rl") == Some(&Json::Bool(true)) => {
                self.value(what, &json["value"], items)
            }
            Json::Object(fields) => {
                Term::Object(fields.iter().map(|(name, one)| (name.clone(), self.value(name, one, items))).collect())
            }
            json => Term::of(json),
        }
    }

    /// A text with `{{ }}` in it; of one that is nothing else, the value.
    fn template(&mut self, what: &str, template: &str, items: &Items) -> Term {
        match self.read(template, items) {
            Ok(term) => term,
            Err(why) => {
                self.later(format!("`{what}` was `{}`: {why}", template.trim()));
                Term::Path("()".to_owned())
            }
        }
    }

    /// The same, or why there is none.
    pub fn read(&mut self, template: &str, items: &Items) -> Result<Term, String> {
        self.read_in(template, &Seen { items: items.clone(), names: Vec::new() })
    }

    /// The same, where names are bound beside the items.
    pub fn read_in(&mut self, template: &str, seen: &Seen) -> Result<Term, String> {
        let parts = pieces(template)?;
        let is_blank = |part: &Expr| matches!(part, Expr::Text(text) if text.trim().is_empty());
        let values: Vec<&Expr> = parts.iter().filter(|part| !is_blank(part)).collect();
        if let ([value], true) = (values.as_slice(), parts.len() <= 3)
            && !matches!(**value, Expr::Text(_))
        {
            return self.term_of(value, seen);
        }
        let value = self.filled(&parts, seen)?;
        self.written(value)
    }

    /// What an expression is, before it is written: for values that are gone into.
    pub fn reached(&mut self, template: &str, items: &Items) -> Option<Data> {
        let seen = Seen { items: items.clone(), names: Vec::new() };
        let parts = pieces(template.strip_prefix('=')?).ok()?;
        let [expr] = parts.as_slice() else { return None };
        match self.carry(expr, &seen).ok()? {
            Value::Data(data) | Value::Item(data) => Some(data),
            _ => None,
        }
    }

    /// A parameter that has to be there, a text.
    pub fn required(&mut self, node: &Node<'_>, path: &str, items: &Items) -> Term {
        match self.param(node, path, items) {
            Some(Term::Path(nothing)) if nothing == "()" => Term::text("TODO"),
            Some(list @ (Term::List(_) | Term::Object(_))) => {
                self.later(format!("`{path}` is no text"));
                Term::Path(format!("json({})", list.expression()))
            }
            Some(term) => term,
            None => {
                self.later(format!("`{path}` is not given"));
                Term::text("TODO")
            }
        }
    }

    /// All of the items as a list.
    pub fn list(&mut self, items: &Items) -> Term {
        match items {
            Items::Many(list) => list.clone(),
            Items::One(data) => Term::List(vec![data.term(&mut self.reads)]),
            Items::Either(data) => {
                let code = data.term(&mut self.reads).expression();
                self.draft.function("as_items", AS_ITEMS);
                Term::Path(format!("as_items({code})"))
            }
        }
    }

    /// A value under a name of its own, where it is more than a name already.
    pub fn bound(&mut self, name: &str, data: Data) -> Data {
        let (term, fields) = match &data {
            Data::Term(Term::Path(_)) => {
                self.settle();
                return data;
            }
            Data::Term(term) => (term.clone(), None),
            Data::Made(None, fields) if !fields.is_empty() => (data.term(&mut self.reads), Some(fields)),
            Data::Over(..) => (data.term(&mut self.reads), None),
            _ => {
                self.settle();
                return data;
            }
        };
        self.settle();
        let own = self.draft.name(name);
        self.draft.statement(&format!("let {own}: any ="), &term);
        match fields {
            Some(fields) => {
                let field = |name: &String| Data::Path(format!("{own}{}", crate::lang::foreign::term::field(name)));
                let fields = fields.keys().map(|name| (name.clone(), field(name))).collect();
                Data::Made(Some(own.clone()), fields)
            }
            None => Data::Path(own),
        }
    }
}

/// What a document says under a path of names.
pub fn at<'a>(node: &Node<'a>, path: &str) -> &'a Json {
    let mut json: &Json = &node.json["parameters"];
    for key in path.split('.') {
        json = &json[key];
        if json["__rl"] == true {
            json = &json["value"];
        }
    }
    json
}

/// The texts and the expressions of a template.
pub fn pieces(template: &str) -> Result<Vec<Expr>, String> {
    let mut parts = Vec::new();
    let mut rest = template;
    while let Some((before, behind)) = rest.split_once("{{") {
        if !before.is_empty() {
            parts.push(Expr::Text(before.to_owned()));
        }
        // An object in an expression may end in `}}` too.
        let ends: Vec<usize> = behind.match_indices("}}").map(|(at, _)| at).take(8).collect();
        let mut fault = "it does not end".to_owned();
        let mut found = None;
        for end in ends.iter().flat_map(|end| [*end, end + 1]) {
            if !behind.is_char_boundary(end) || !behind[end..].starts_with("}}") {
                continue;
            }
            match javascript::expression(&behind[..end]) {
                Ok(expr) => {
                    found = Some((expr, end));
                    break;
                }
                Err(why) if fault == "it does not end" => fault = why,
                Err(_) => {}
            }
        }
        let Some((expr, end)) = found else { return Err(fault) };
        parts.push(expr);
        rest = &behind[end + 2..];
    }
    if !rest.is_empty() {
        parts.push(Expr::Text(rest.to_owned()));
    }
    Ok(parts)
}

/// What n8n makes of an answer: an item of each entry of a list, else one.
pub const AS_ITEMS: &str = r#"/// The entries of a list, or the only one.
fn as_items(value) {
    if type_of(value) == "array" { value } else { [value] }
}
"#;
