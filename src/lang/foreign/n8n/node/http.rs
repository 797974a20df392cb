//! `httpRequest`: a request to an address.

use serde_json::Value as Json;

use super::pages::Asked;
use crate::lang::foreign::n8n::data::{Data, Items};
use crate::lang::foreign::n8n::document::Node;
use crate::lang::foreign::n8n::machine::{Machine, at};
use crate::lang::foreign::term::Term;
use crate::lang::openapi::naming;

impl Machine<'_> {
    /// Writes the request; what comes out is the body of its answer.
    pub fn http(&mut self, node: &Node<'_>, items: &Items) -> Items {
        let method = match node.text("method") {
            "" => node.text("requestMethod"),
            method => method,
        };
        let method = if method.is_empty() { "GET".to_owned() } else { method.to_uppercase() };
        let mut params: Vec<(String, Term)> = vec![("url".to_owned(), self.required(node, "url", items))];
        let operation = if matches!(&*method, "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE") {
            format!("http.{}", method.to_lowercase())
        } else {
            params.insert(0, ("method".to_owned(), Term::text(&method)));
            "http.request".to_owned()
        };
        let sent = |machine: &mut Self, kind: &str| -> Option<Term> {
            let (list, json) = (format!("{kind}Parameters.parameters"), format!("json{}", capital(kind)));
            if let Some(list) = at(node, &list).as_array() {
                return machine.pairs(list, items);
            }
            let text = at(node, &json);
            let old = at(node, &format!("{kind}ParametersJson"));
            let text = if text.is_null() { old } else { text };
            if text.is_null() || text == "" { None } else { Some(machine.json_text(&json, text, items)) }
        };
        for (theirs, ours) in [("query", "query"), ("header", "headers")] {
            let theirs = if theirs == "header" && !at(node, "jsonHeaders").is_null() { "headers" } else { theirs };
            if at(node, &format!("send{}", capital(if ours == "headers" { "headers" } else { theirs })))
                == &Json::Bool(false)
            {
                continue;
            }
            if let Some(term) = sent(self, theirs) {
                params.push((ours.to_owned(), term));
            }
        }
        self.body(node, items, &mut params);
        let mut clauses = Vec::new();
        let options = &node.json["parameters"]["options"];
        if let Some(timeout) = options["timeout"].as_u64().filter(|timeout| *timeout > 0) {
            let pause = crate::lang::foreign::time::milliseconds(timeout);
            clauses.push(format!("timeout {pause}"));
        }
        clauses.extend(self.credentials(node));
        if options["proxy"].as_str().is_some_and(|proxy| !proxy.is_empty()) {
            self.later("its proxy is not carried over: it is a setting, `http.proxy`");
        }
        let response = &options["response"]["response"];
        let whole = response["fullResponse"] == true;
        if response["neverError"] == true {
            self.later("an answer that says it failed is taken as well: name its statuses by `accept: [404]`");
        }
        match response["responseFormat"].as_str() {
            Some("text") => params.push(("as".to_owned(), Term::text("text"))),
            Some("file") => params.push(("as".to_owned(), Term::text("bytes"))),
            _ => {}
        }
        let asked = Asked { operation: &operation, params: &params, clauses: &clauses };
        let pages = &options["pagination"]["pagination"];
        if whole && pages["paginationMode"].as_str().is_some_and(|mode| mode != "off") {
            self.later("of several pages it gave all answers as they were; here one is asked for: take `body` alone, or write a `while`");
        } else if let Some(items) = self.paged(node, &asked, items) {
            return items;
        }
        let step = self.call(node, &operation, &params, clauses);
        let body = Data::Path(format!("{step}.body"));
        let data = if whole {
            Data::made([
                ("body", body),
                ("headers", Data::Path(format!("{step}.headers"))),
                ("statusCode", Data::Path(format!("{step}.status"))),
            ])
        } else if response["responseFormat"] == "text" {
            Data::made([("data", body)])
        } else if node.goes_on_after_error() || node.has_error_output() {
            Data::Path(format!("{step}?.body"))
        } else {
            body
        };
        let data = self.given(node, &step, data);
        if whole { Items::One(data) } else { Items::Either(data) }
    }

    /// What is sent.
    fn body(&mut self, node: &Node<'_>, items: &Items, params: &mut Vec<(String, Term)>) {
        let kind = match node.text("contentType") {
            "" => node.text("bodyContentType"),
            kind => kind,
        };
        let ours = match kind {
            "form-urlencoded" => "form",
            "multipart-form-data" => "multipart",
            "raw" | "binaryData" => "raw",
            _ => "body",
        };
        if kind == "binaryData" {
            self.later("it sent a file: say `raw: file \"PATH\"`");
            return;
        }
        let json = ["jsonBody", "bodyParametersJson"]
            .into_iter()
            .map(|name| at(node, name))
            .find(|it| !it.is_null() && *it != "");
        let term = if kind == "raw" {
            self.param(node, "body", items)
        } else if let Some(json) = json {
            Some(self.json_text("jsonBody", json, items))
        } else {
            let list = at(node, "bodyParameters.parameters").as_array();
            list.and_then(|list| self.pairs(list, items))
        };
        if let Some(term) = term {
            params.push((ours.to_owned(), term));
        }
    }

    /// Names and values.
    fn pairs(&mut self, list: &[Json], items: &Items) -> Option<Term> {
        let mut fields: Vec<(String, Term)> = Vec::new();
        for one in list {
            let name = one["name"].as_str().unwrap_or_default();
            if name.is_empty() {
                continue;
            }
            let term = self.value(name, &one["value"], items);
            fields.retain(|(own, _)| own != name);
            fields.push((name.to_owned(), term));
        }
        (!fields.is_empty()).then_some(Term::Object(fields))
    }

    /// How it proves who asks.
    fn credentials(&mut self, node: &Node<'_>) -> Option<String> {
        let kind = match node.text("authentication") {
            "genericCredentialType" => node.text("genericAuthType"),
            "predefinedCredentialType" => node.text("nodeCredentialType"),
            "" | "none" => return None,
            kind => kind,
        };
        let name = node.json["credentials"][kind]["name"].as_str().unwrap_or(kind);
        let name = naming::words(name).join("_").to_uppercase();
        let name = if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) {
            format!("N8N_{name}")
        } else {
            name
        };
        Some(match kind {
            "httpBasicAuth" | "basicAuth" => {
                format!("auth basic {{ user: env(\"{name}_USER\"), password: secret(\"{name}_PASSWORD\") }}")
            }
            "httpHeaderAuth" | "headerAuth" => {
                self.later("the credential names a header: put it for `X-Api-Key` if it is another");
                format!("auth header \"X-Api-Key\" secret(\"{name}\")")
            }
            "httpQueryAuth" | "queryAuth" => {
                self.later("the credential names a parameter: put it for `key` if it is another");
                format!("auth query \"key\" secret(\"{name}\")")
            }
            "httpBearerAuth" => format!("auth bearer secret(\"{name}\")"),
            _ => {
                self.later(format!("its credential was `{kind}`: here it is a token"));
                format!("auth bearer secret(\"{name}\")")
            }
        })
    }
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_ascii_uppercase().to_string() + letters.as_str()).unwrap_or_default()
}
