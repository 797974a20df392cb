//! Services that this library has connectors for, databases of documents, files.

use serde_json::Value as Json;

use super::sql::database;
use super::table::{Answer, Kind, OPERATIONS, Operation};
use crate::lang::foreign::n8n::data::{Data, Items};
use crate::lang::foreign::n8n::document::Node;
use crate::lang::foreign::n8n::machine::{Machine, at};
use crate::lang::foreign::term::Term;

/// Parameters that say how a node looks, and nothing of what is done.
const SILENT: [&str; 21] = [
    "resource",
    "operation",
    "authentication",
    "select",
    "messageType",
    "returnAll",
    "limit",
    "simple",
    "options",
    "jiraVersion",
    "contentType",
    "includeLinkToWorkflow",
    "emailFormat",
    "emailType",
    "driveId",
    "sendTo",
    "otherOptions",
    "additionalFields",
    "useDefaultReminders",
    "appendAttribution",
    "columns",
];

impl Machine<'_> {
    /// Calls the operation of ours that does the same.
    pub fn service(&mut self, node: &Node<'_>, items: &Items) -> Items {
        match node.kind {
            "mongoDb" => return self.mongodb(node, items),
            "readWriteFile" | "readBinaryFile" | "writeBinaryFile" | "readBinaryFiles" => {
                return self.file(node, items);
            }
            _ => {}
        }
        let first = OPERATIONS.iter().find(|row| row.kind == node.kind);
        let resource = Some(node.text("resource")).filter(|it| !it.is_empty()).or(first.map(|row| row.resource));
        let operation = Some(node.text("operation")).filter(|it| !it.is_empty()).or(first.map(|row| row.operation));
        let found = OPERATIONS
            .iter()
            .find(|row| row.kind == node.kind && Some(row.resource) == resource && Some(row.operation) == operation);
        match found {
            Some(row) => self.operation(node, row, items),
            None => self.stub(node, items),
        }
    }

    fn operation(&mut self, node: &Node<'_>, row: &Operation, items: &Items) -> Items {
        let mut params: Vec<(String, Term)> = Vec::new();
        let mut taken: Vec<String> = Vec::new();
        for (theirs, ours, kind) in row.params {
            let (name, required) = ours.strip_suffix('!').map_or((*ours, false), |name| (name, true));
            let found = theirs.split('|').find(|path| !at(node, path).is_null() && at(node, path) != "");
            taken.extend(theirs.split('|').map(|path| path.split('.').next().unwrap_or(path).to_owned()));
            let term = match (kind, found) {
                (Kind::Fixed(text), _) => Some(Term::text(text)),
                (Kind::Always(code), _) => Some(Term::Path((*code).to_owned())),
                (Kind::Ids(name, value), Some(path)) => Some(self.pairs_of(at(node, path), name, value, items)),
                (Kind::Value, _) if theirs.starts_with('{') => Some(self.gathered(node, theirs, items)),
                (_, None) if required => Some(self.required(node, theirs.split('|').next().unwrap_or(theirs), items)),
                (_, None) => None,
                (Kind::List, Some(path)) => Some(self.listed(at(node, path), items)),
                (Kind::Date, Some(path)) => self.param(node, path, items).map(|term| match term.expression() {
                    code if code == "()" || code.starts_with("now()") || code.starts_with("datetime(") => {
                        Term::Path(code)
                    }
                    code => Term::Path(format!("datetime({code})")),
                }),
                (Kind::Value, Some(path)) => {
                    if required {
                        Some(self.required(node, path, items))
                    } else {
                        self.param(node, path, items)
                    }
                }
            };
            if let Some(term) = term.filter(|term| *term != Term::Path("()".to_owned())) {
                params.push((name.to_owned(), term));
            }
        }
        if row.ours == "google_drive.upload" {
            self.later("it sent what was in hand: `path` is that of a file here");
        }
        self.left_out(node, row, &taken);
        if row.ours == "email.send" && !params.iter().any(|(name, _)| matches!(&**name, "text" | "html")) {
            params.push(("text".to_owned(), Term::text("")));
        }
        let kind = match row.answer {
            Answer::Items => "list<any>",
            Answer::Plain => "any",
            Answer::Fields(_) => "",
        };
        let step = self.call_for(node, row.ours, kind, &params, Vec::new());
        let data = match row.answer {
            Answer::Items => {
                return self.rows(node, &step);
            }
            Answer::Plain => Data::Path(step.clone()),
            Answer::Fields(fields) => Data::Answer(step.clone(), fields),
        };
        Items::One(self.given(node, &step, data))
    }

    /// Says which parameters have no counterpart.
    fn left_out(&mut self, node: &Node<'_>, row: &Operation, taken: &[String]) {
        let mut rest: Vec<String> = Vec::new();
        for (name, json) in node.json["parameters"].as_object().into_iter().flatten() {
            let is_said = !json.is_null() && json != "" && json != &Json::Bool(false);
            if is_said && !taken.contains(name) && !SILENT.contains(&name.as_str()) {
                rest.push(name.clone());
            }
        }
        for group in ["additionalFields", "updateFields", "otherOptions", "options", "otherProperties"] {
            for (name, _) in node.json["parameters"][group].as_object().into_iter().flatten() {
                let path = format!("{group}.{name}");
                let is_known = row.params.iter().any(|(theirs, ..)| theirs.contains(&*path));
                if !is_known && !SILENT.contains(&name.as_str()) {
                    rest.push(path);
                }
            }
        }
        rest.truncate(12);
        if !rest.is_empty() {
            let rest: Vec<String> = rest.iter().map(|name| format!("`{name}`")).collect();
            self.later(format!("{} not carried over", rest.join(", ")));
        }
    }

    /// `{A:x,B:y}`: an object of parameters.
    fn gathered(&mut self, node: &Node<'_>, places: &str, items: &Items) -> Term {
        let mut fields = Vec::new();
        for pair in places.trim_matches(['{', '}']).split(',') {
            let Some((name, path)) = pair.split_once(':') else { continue };
            if let Some(term) = self.param(node, path, items) {
                fields.push((name.to_owned(), term));
            }
        }
        Term::Object(fields)
    }

    /// A list of names and values, as an object.
    fn pairs_of(&mut self, json: &Json, name: &str, value: &str, items: &Items) -> Term {
        let mut fields: Vec<(String, Term)> = Vec::new();
        for one in json.as_array().into_iter().flatten() {
            if let Some(own) = one[name].as_str().filter(|own| !own.is_empty()) {
                let term = self.value(own, &one[value], items);
                fields.push((own.to_owned(), term));
            }
        }
        Term::Object(fields)
    }

    /// A list, also where it is a text with commas.
    fn listed(&mut self, json: &Json, items: &Items) -> Term {
        match json {
            Json::String(text) if !text.starts_with('=') => {
                Term::List(text.split(',').map(|one| Term::text(one.trim())).collect())
            }
            json => match self.value("list", json, items) {
                list @ Term::List(_) => list,
                Term::Path(text) if text.starts_with('"') => Term::List(vec![Term::Path(text)]),
                term => term,
            },
        }
    }

    fn mongodb(&mut self, node: &Node<'_>, items: &Items) -> Items {
        let collection = self.required(node, "collection", items);
        let mut params =
            vec![("database".to_owned(), Term::text(&database(node))), ("collection".to_owned(), collection)];
        let asked = |machine: &mut Self, name: &str| {
            let json = at(node, "query");
            let term = if json.is_null() { Term::Object(Vec::new()) } else { machine.json_text("query", json, items) };
            (name.to_owned(), term)
        };
        let operation = match node.text("operation") {
            "" | "find" => {
                params.push(asked(self, "filter"));
                "mongodb.find"
            }
            "aggregate" => {
                params.push(asked(self, "pipeline"));
                "mongodb.aggregate"
            }
            "delete" => {
                params.push(asked(self, "filter"));
                "mongodb.delete"
            }
            "insert" => {
                let document = self.chosen(node, "fields", items);
                params.push(("document".to_owned(), document));
                "mongodb.insert"
            }
            "update" | "findOneAndUpdate" => {
                let key = Some(node.text("updateKey")).filter(|key| !key.is_empty()).unwrap_or("id").to_owned();
                let value = items.first().get(&key, false, &mut self.reads).unwrap_or_else(Data::nothing);
                let value = value.term(&mut self.reads);
                params.push(("filter".to_owned(), Term::Object(vec![(key, value)])));
                let fields = self.chosen(node, "fields", items);
                params.push(("update".to_owned(), Term::Object(vec![("$set".to_owned(), fields)])));
                if node.json["parameters"]["upsert"] == true {
                    params.push(("upsert".to_owned(), Term::Path("true".to_owned())));
                }
                "mongodb.update"
            }
            _ => return self.stub(node, items),
        };
        if matches!(operation, "mongodb.find" | "mongodb.aggregate") {
            let step = self.call(node, operation, &params, Vec::new());
            return self.rows(node, &step);
        }
        let step = self.call_for(node, operation, "any", &params, Vec::new());
        let data = Data::Path(step.clone());
        Items::One(self.given(node, &step, data))
    }

    /// The fields of the item that a node names.
    fn chosen(&mut self, node: &Node<'_>, name: &str, items: &Items) -> Term {
        let names = node.text(name);
        if names.is_empty() || names.starts_with('=') {
            return items.first().term(&mut self.reads);
        }
        let item = items.first();
        let mut fields = Vec::new();
        for name in names.split(',').map(str::trim).filter(|name| !name.is_empty()) {
            let data = item.get(name, false, &mut self.reads).unwrap_or_else(Data::nothing);
            fields.push((name.to_owned(), data.term(&mut self.reads)));
        }
        Term::Object(fields)
    }

    fn file(&mut self, node: &Node<'_>, items: &Items) -> Items {
        let writes = node.text("operation") == "write" || node.kind == "writeBinaryFile";
        let path = ["fileName", "fileSelector", "filePath"].into_iter().find(|name| !at(node, name).is_null());
        let path = self.required(node, path.unwrap_or("fileName"), items);
        let mut params = vec![("path".to_owned(), path)];
        if writes {
            self.later("it wrote what was in hand as a file: `content` is the item here");
            let content = items.first().term(&mut self.reads);
            params.push(("content".to_owned(), Term::Path(format!("json({})", content.expression()))));
            let step = self.call(node, "files.write", &params, Vec::new());
            let data = Data::Answer(step.clone(), &[("fileName", "path")]);
            return Items::One(self.given(node, &step, data));
        }
        let step = self.call(node, "files.read", &params, Vec::new());
        Items::One(Data::made([("data", Data::Path(step))]))
    }
}
