//! `executeWorkflow`: another workflow.

use crate::lang::foreign::n8n::data::{Data, Items};
use crate::lang::foreign::n8n::document::Node;
use crate::lang::foreign::n8n::machine::{Machine, at};

impl Machine<'_> {
    /// Calls the workflow, which stands in the program too, or has a place there.
    pub fn sub(&mut self, node: &Node<'_>, items: &Items) -> Items {
        let id = &node.json["parameters"]["workflowId"];
        let said = id["cachedResultName"].as_str().or(id["value"].as_str()).or(id.as_str()).unwrap_or(node.name);
        let said = if said.starts_with('=') || said.is_empty() { node.name } else { said };
        let inside = node.text("workflowJson").to_owned();
        let key = if inside.is_empty() { said.to_owned() } else { format!("{said} {}", node.name) };
        let known = self.subs.iter().find(|(own, ..)| *own == key).map(|(_, name)| name.clone());
        let name = known.unwrap_or_else(|| {
            let name = self.draft.name(said);
            self.subs.push((key, name.clone()));
            self.called.insert(name.clone(), inside);
            name
        });
        let item = match at(node, "workflowInputs.value") {
            given @ serde_json::Value::Object(fields) if !fields.is_empty() => {
                self.value("workflowInputs", given, items)
            }
            _ => items.first().term(&mut self.reads),
        };
        let waits = at(node, "options.waitForSubWorkflow") != &serde_json::Value::Bool(false);
        let callee = if waits { name } else { format!("start {name}") };
        let step = self.call(node, &callee, &[("item".to_owned(), item)], Vec::new());
        if !waits {
            return items.clone();
        }
        let data = Data::Path(step.clone());
        Items::Either(self.given(node, &step, data))
    }
}
