//! What nodes do, by their families.

mod call;
mod code;
mod condition;
mod http;
mod list;
mod pages;
mod pause;
mod reply;
mod service;
mod set;
mod sql;
mod table;

use super::data::{Data, Items};
use super::document::Node;
use super::machine::Machine;
use crate::lang::foreign::term::Term;
use crate::lang::layout;

impl Machine<'_> {
    /// Writes a node with one way on; what comes out of it.
    pub fn step(&mut self, at: usize, items: &Items) -> Items {
        let node = self.graph.nodes[at];
        match node.kind {
            "noOp" | "stickyNote" | "manualTrigger" => items.clone(),
            "set" => self.set(&node, items),
            "httpRequest" => self.http(&node, items),
            "wait" => self.wait(&node, items),
            "respondToWebhook" => self.respond(&node, items),
            "code" | "function" | "functionItem" => self.code(&node, items),
            "executeWorkflow" => self.sub(&node, items),
            "postgres" | "mySql" | "microsoftSql" => self.sql(&node, items),
            "splitOut" | "aggregate" | "limit" | "sort" | "removeDuplicates" | "summarize" | "itemLists" | "filter" => {
                self.list_node(&node, items)
            }
            _ if node.is_trigger() => {
                self.later("it starts runs, and stands in the middle");
                self.settle();
                items.clone()
            }
            _ => self.service(&node, items),
        }
    }

    /// Writes a step that calls an operation, with what is said of errors; its name.
    pub fn call(
        &mut self,
        node: &Node<'_>,
        operation: &str,
        params: &[(String, Term)],
        clauses: Vec<String>,
    ) -> String {
        self.call_for(node, operation, "", params, clauses)
    }

    /// The same, held to a type: `any` where the document may read fields that the connector does not name.
    pub fn call_for(
        &mut self,
        node: &Node<'_>,
        operation: &str,
        kind: &str,
        params: &[(String, Term)],
        clauses: Vec<String>,
    ) -> String {
        let mut clauses = clauses;
        clauses.extend(self.errors(node));
        self.settle();
        let step = self.draft.name(node.name);
        let head = if kind.is_empty() { step.clone() } else { format!("{step}: {kind}") };
        self.draft.step(&head, operation, params, &clauses);
        step
    }

    /// The clauses for what is said of errors.
    fn errors(&mut self, node: &Node<'_>) -> Vec<String> {
        let mut clauses = Vec::new();
        if node.json["retryOnFail"] == true {
            // They are counted with the first one there.
            let tries = node.json["maxTries"].as_u64().unwrap_or(3).clamp(2, 1_000);
            let pause = node.json["waitBetweenTries"].as_u64().unwrap_or(1_000).clamp(1, 86_400_000);
            let pause = crate::lang::foreign::time::milliseconds(pause);
            clauses.push(format!("on error | outcome_unknown retry {} times every {pause}", tries - 1));
        }
        if node.goes_on_after_error() || node.has_error_output() {
            clauses.push("on error skip".to_owned());
        }
        clauses
    }

    /// What a step gives, as far as it may have failed.
    pub fn given(&self, node: &Node<'_>, step: &str, data: Data) -> Data {
        if node.goes_on_after_error() || node.has_error_output() {
            Data::Risky(step.to_owned(), Box::new(data))
        } else {
            data
        }
    }

    /// The rows that a step gives: none where it failed and is passed over.
    pub fn rows(&self, node: &Node<'_>, step: &str) -> Items {
        let risky = node.goes_on_after_error() || node.has_error_output();
        Items::Many(Term::Path(if risky { format!("({step} ?? [])") } else { step.to_owned() }))
    }

    /// Something nothing here has an operation for: one is declared, to be filled in.
    pub fn stub(&mut self, node: &Node<'_>, items: &Items) -> Items {
        let empty = serde_json::Map::new();
        let parameters = node.json["parameters"].as_object().unwrap_or(&empty);
        let mut given: Vec<(String, Term)> = Vec::new();
        for (name, json) in parameters {
            if !matches!(name.as_str(), "resource" | "operation" | "authentication" | "options") {
                let term = self.value(name, json, items);
                given.push((name.clone(), term));
            }
        }
        let words = [node.text("operation"), node.text("resource")];
        let action = words.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
        let action = if action.is_empty() { "run".to_owned() } else { action };
        let path = layout::text(&format!("/{}", crate::lang::openapi::naming::parameter(&action)));
        let behind = format!("(request: any) -> any {{\n        POST {path} {{ body: request }}\n    }}");
        let title = format!("`{}` of n8n", node.kind);
        let operation = self.draft.stub(node.kind, &title, &action, &action, ("once operation", &behind));
        self.later(format!("`{}` has no operation here for `{action}`: `{operation}` stands for it", node.kind));
        let step = self.call(node, &operation, &[("request".to_owned(), Term::Object(given))], Vec::new());
        let data = Data::Path(step.clone());
        Items::One(self.given(node, &step, data))
    }
}
