//! `respondToWebhook`: the answer to whoever called.

use crate::lang::foreign::n8n::data::Items;
use crate::lang::foreign::n8n::document::Node;
use crate::lang::foreign::n8n::machine::{Machine, at};
use crate::lang::foreign::term::Term;

impl Machine<'_> {
    /// Writes the answer.
    pub fn respond(&mut self, node: &Node<'_>, items: &Items) -> Items {
        let status = at(node, "options.responseCode").as_u64().filter(|code| (100..=599).contains(code));
        let kind = if node.text("respondWith").is_empty() { "firstIncomingItem" } else { node.text("respondWith") };
        let mut fields: Vec<(String, Term)> = Vec::new();
        let mut headers: Vec<(String, Term)> = Vec::new();
        for one in at(node, "options.responseHeaders.entries").as_array().into_iter().flatten() {
            if let Some(name) = one["name"].as_str().filter(|name| !name.is_empty()) {
                headers.push((name.to_owned(), self.value(name, &one["value"], items)));
            }
        }
        if status.is_none() && !at(node, "options.responseCode").is_null() {
            self.later("the status of its answer is computed");
        }
        let mut status = status.unwrap_or(200);
        match kind {
            "json" => {
                let term = self.json_text("responseBody", at(node, "responseBody"), items);
                fields.push(("body".to_owned(), term));
            }
            "text" => {
                let term = self.required(node, "responseBody", items);
                fields.push(("raw".to_owned(), term));
                if headers.is_empty() {
                    headers.push(("Content-Type".to_owned(), Term::text("text/plain")));
                }
            }
            "redirect" => {
                status = 307;
                let to = self.required(node, "redirectURL", items);
                headers.push(("Location".to_owned(), to));
            }
            "noData" => {}
            "allIncomingItems" => {
                let list = self.list(items);
                fields.push(("body".to_owned(), list));
            }
            _ => {
                if kind != "firstIncomingItem" {
                    self.later(format!("it answered with `{kind}`"));
                }
                let first = items.first().term(&mut self.reads);
                fields.push(("body".to_owned(), first));
            }
        }
        if !headers.is_empty() {
            fields.push(("headers".to_owned(), Term::Object(headers)));
        }
        self.settle();
        // A body of plain fields stands without its name.
        match fields.as_slice() {
            [] => self.draft.line(&format!("reply {status}")),
            [(name, term @ Term::Object(own))]
                if name == "body" && !own.iter().any(|(name, _)| matches!(&**name, "body" | "raw" | "headers")) =>
            {
                self.draft.statement(&format!("reply {status}"), term);
            }
            _ => self.draft.statement(&format!("reply {status}"), &Term::Object(fields)),
        }
        items.clone()
    }
}
