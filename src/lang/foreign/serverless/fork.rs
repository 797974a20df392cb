//! `fork`: tasks that run at once; all of them count, or the first.

use serde_json::Value as Json;

use super::author::{Author, Frame};
use super::value::Value;
use super::walk::Stop;

impl Author<'_> {
    /// Writes the branches; the list of what they give, or what the first gives.
    pub fn fork(&mut self, name: &str, task: &Json, taken: &Value, frame: &Frame) -> Result<Value, Stop> {
        let said = &task["fork"];
        let competes = said["compete"] == true;
        let items = match &said["branches"] {
            Json::Array(items) => items.iter().collect(),
            Json::Null => Vec::new(),
            other => vec![other],
        };
        let branches: Vec<(&String, &Json)> = items.into_iter().filter_map(Json::as_object).flatten().collect();
        if branches.is_empty() {
            return Ok(taken.clone());
        }
        let step = self.draft.name(name);
        self.settle();
        self.draft.open(&format!("step {step} = {}", if competes { "race" } else { "parallel" }));
        let mut given = Vec::new();
        for (branch, task) in branches {
            self.draft.part();
            let own = self.draft.name(&format!("{branch} branch"));
            let head = if competes { format!("branch {own}") } else { format!("step {own} = sequence") };
            let (text, then) = self.aside(|author| author.task(branch, task, taken.clone(), &frame.within()))?;
            self.draft.open(&head);
            self.draft.paste(&text);
            if let Some(then) = then {
                let term = then.term(&mut self.reads);
                self.draft.statement("output", &term);
            }
            self.draft.close("");
            given.push(Value::path(own));
        }
        if !competes {
            let term = Value::list(&given, &mut self.reads).term(&mut self.reads);
            self.draft.statement("output", &term);
        }
        self.draft.close("");
        name.clone_into(&mut self.task);
        Ok(Value::path(step))
    }
}
