//! `set`: the fields of an item.

use indexmap::IndexMap;
use serde_json::Value as Json;

use crate::lang::foreign::n8n::data::{Data, Items};
use crate::lang::foreign::n8n::document::Node;
use crate::lang::foreign::n8n::machine::{Machine, at};
use crate::lang::foreign::term::Term;

impl Machine<'_> {
    /// Names the fields that are set.
    pub fn set(&mut self, node: &Node<'_>, items: &Items) -> Items {
        let base = items.first();
        let keeps = if node.version < 3.0 {
            node.json["parameters"]["keepOnlySet"] != true
        } else {
            node.json["parameters"]["includeOtherFields"] == true
                || matches!(node.text("include"), "all") && node.version < 3.3
        };
        let made = if node.text("mode") == "raw" { self.raw(node, items) } else { self.assigned(node, items) };
        let data = match made {
            Data::Made(None, fields) if keeps => base.over(fields),
            made => made,
        };
        Items::One(self.bound(node.name, data))
    }

    fn assigned(&mut self, node: &Node<'_>, items: &Items) -> Data {
        let mut fields: IndexMap<String, Data> = IndexMap::new();
        let mut all: Vec<(&str, &Json, &str)> = Vec::new();
        for one in at(node, "assignments.assignments").as_array().into_iter().flatten() {
            all.push((
                one["name"].as_str().unwrap_or_default(),
                &one["value"],
                one["type"].as_str().unwrap_or_default(),
            ));
        }
        // Version 3.0 has a field for each type; before it, there is a list for each.
        for one in at(node, "fields.values").as_array().into_iter().flatten() {
            let kind = one["type"].as_str().unwrap_or("stringValue");
            all.push((one["name"].as_str().unwrap_or_default(), &one[kind], kind.trim_end_matches("Value")));
        }
        for (kind, list) in at(node, "values").as_object().into_iter().flatten() {
            for one in list.as_array().into_iter().flatten() {
                all.push((one["name"].as_str().unwrap_or_default(), &one["value"], kind));
            }
        }
        for (name, value, kind) in all {
            if name.is_empty() {
                continue;
            }
            let reached = value
                .as_str()
                .filter(|_| !matches!(kind, "number" | "boolean"))
                .and_then(|text| self.reached(text, items));
            let data = match reached {
                Some(data) if kind != "string" || matches!(data, Data::Path(_)) => data,
                _ => {
                    let term = self.value(name, value, items);
                    Data::Term(typed(term, kind))
                }
            };
            put(&mut fields, name, data);
        }
        Data::Made(None, fields)
    }

    /// Fields given as JSON.
    fn raw(&mut self, node: &Node<'_>, items: &Items) -> Data {
        let text = at(node, "jsonOutput");
        match self.json_text("jsonOutput", text, items) {
            Term::Object(fields) => {
                Data::Made(None, fields.into_iter().map(|(name, term)| (name, Data::Term(term))).collect())
            }
            term => Data::Term(term),
        }
    }

    /// JSON with expressions in it, as it is typed into a field.
    pub fn json_text(&mut self, what: &str, json: &Json, items: &Items) -> Term {
        let Some(text) = json.as_str() else { return self.value(what, json, items) };
        if let Ok(plain) = serde_json::from_str::<Json>(text) {
            return Term::of(&plain);
        }
        let Some(template) = text.strip_prefix('=') else {
            self.later(format!("`{what}` was no JSON: `{text}`"));
            return Term::Object(Vec::new());
        };
        if let Ok(read) = serde_json::from_str::<Json>(&quoted(template)) {
            return self.value(what, &read, items);
        }
        self.value(what, json, items)
    }
}

/// JSON in which values that are expressions are texts: each as `={{ }}`.
fn quoted(template: &str) -> String {
    let mut json = String::new();
    let mut rest = template;
    let mut in_text = false;
    let mut text = String::new();
    while let Some(letter) = rest.chars().next() {
        if let (Some(behind), Some(end)) = (rest.strip_prefix("{{"), rest.find("}}")) {
            let source = &behind[..end - 2];
            let inside = serde_json::to_string(&format!("{{{{{source}}}}}")).unwrap_or_default();
            let inside = inside.trim_matches('"').to_owned();
            if in_text {
                text.push_str(&inside)
            } else {
                json.push_str(&format!("\"={inside}\""))
            }
            rest = &behind[end..];
            continue;
        }
        rest = &rest[letter.len_utf8()..];
        match (letter, in_text) {
            ('\\', true) => {
                text.push(letter);
                if let Some(next) = rest.chars().next() {
                    text.push(next);
                    rest = &rest[next.len_utf8()..];
                }
            }
            ('"', true) => {
                in_text = false;
                let mark = if text.contains("{{") { "=" } else { "" };
                json.push_str(&format!("\"{mark}{text}\""));
                text.clear();
            }
            ('"', false) => in_text = true,
            (letter, true) => text.push(letter),
            (letter, false) => json.push(letter),
        }
    }
    json
}

/// A constant of the type that is said beside it.
fn typed(term: Term, kind: &str) -> Term {
    let Term::Path(code) = &term else { return term };
    let Some(inner) = code.strip_prefix('"').and_then(|code| code.strip_suffix('"')) else { return term };
    match kind {
        "number" if inner.parse::<f64>().is_ok_and(f64::is_finite) && !inner.contains(['e', 'E']) => {
            Term::Code(inner.to_owned())
        }
        "boolean" if matches!(inner, "true" | "false") => Term::Path(inner.to_owned()),
        "array" | "object" => {
            let plain = inner.replace("\\\"", "\"").replace("\\n", "\n");
            serde_json::from_str::<Json>(&plain).map_or(term, |json| Term::of(&json))
        }
        _ => term,
    }
}

/// Puts a value where a name with dots leads.
fn put(fields: &mut IndexMap<String, Data>, name: &str, data: Data) {
    match name.split_once('.') {
        Some((first, rest)) if !first.is_empty() && !rest.is_empty() && name.matches('.').count() < 16 => {
            let inner = fields.entry(first.to_owned()).or_insert_with(Data::empty);
            match inner {
                Data::Made(None, inner) => put(inner, rest, data),
                other => *other = data,
            }
        }
        _ => {
            fields.insert(name.to_owned(), data);
        }
    }
}
