//! What is known while the tasks of a document are written.

use serde_json::Value as Json;

use super::input::Reads;
use super::value::Value;
use crate::base::letter::is_hidden;
use crate::lang::foreign::draft::Draft;
use crate::lang::foreign::source::Source;

/// A document on its way to being a workflow.
pub struct Author<'a> {
    /// The document, for what is shared in it and the lines of what is wrong.
    pub source: &'a Source<'a>,
    /// The program.
    pub draft: &'a mut Draft,
    /// What is read of the input.
    pub reads: Reads,
    /// Variables of the workflow.
    pub variables: Vec<String>,
    /// The task that is being written.
    pub task: String,
    /// How many tasks were written, some of them in several places.
    pub written: usize,
    /// What is left to do and has no place yet: comments before the next line, perhaps with words of the document under them.
    pending: Vec<(String, Option<String>)>,
}

/// What lies around a task.
#[derive(Clone, Debug, Default)]
pub struct Frame {
    /// Names of jq beside those that each task has: what loops go through, what was caught.
    pub names: Vec<(String, Value)>,
    /// How deep its block stands.
    pub depth: usize,
}

impl Frame {
    /// One block further in.
    pub fn within(&self) -> Self {
        Self { depth: self.depth + 1, ..self.clone() }
    }

    /// With another name.
    pub fn with(&self, name: &str, value: Value) -> Self {
        let mut frame = self.within();
        frame.names.push((name.to_owned(), value));
        frame
    }
}

impl<'a> Author<'a> {
    /// Before the first task.
    pub fn new(source: &'a Source<'a>, draft: &'a mut Draft, reads: Reads) -> Self {
        let task = String::new();
        Self { source, draft, reads, variables: Vec::new(), task, written: 0, pending: Vec::new() }
    }

    /// Something shared, under `use`: `retries`, `errors`, `authentications`.
    pub fn shared(&self, kind: &str, name: &str) -> Option<&'a Json> {
        self.source.document["use"][kind].get(name)
    }

    /// Something to be said before the next statement.
    pub fn later(&mut self, text: impl Into<String>) {
        self.pend(text.into(), None);
    }

    /// The same, with an expression of jq that has no equal.
    pub fn unsaid(&mut self, what: &str, jq: &str) {
        let jq: String = jq.chars().map(|c| if is_hidden(c) { ' ' } else { c }).collect();
        let jq = jq.split_whitespace().collect::<Vec<_>>().join(" ");
        self.pend(format!("write in Rhai what jq says; {what} has no equal here"), Some(jq));
    }

    fn pend(&mut self, text: String, jq: Option<String>) {
        let pending = (text, jq);
        if !self.pending.contains(&pending) {
            self.pending.push(pending);
        }
    }

    /// Says what is pending: comes before each statement, when its values are known.
    pub fn settle(&mut self) {
        let task = self.task.clone();
        for (text, jq) in std::mem::take(&mut self.pending) {
            let text = if task.is_empty() { text } else { format!("`{task}`: {text}") };
            self.draft.todo(&text);
            if let Some(jq) = jq {
                self.draft.line(&format!("// jq: {jq}"));
            }
        }
    }

    /// A value under a name of its own, where it is more than a name already.
    pub fn bound(&mut self, name: &str, value: Value) -> Value {
        self.settle();
        if value.is_short() {
            return value;
        }
        let term = value.term(&mut self.reads);
        let own = self.draft.name(name);
        self.draft.statement(&format!("let {own}: any ="), &term);
        value.named(&own)
    }

    /// Assigns to a variable.
    pub fn assign(&mut self, variable: &str, value: &Value) {
        let term = value.term(&mut self.reads);
        self.settle();
        self.draft.statement(&format!("set vars.{variable} ="), &term);
    }

    /// The variable that holds what jq calls `$context`.
    pub fn context(&mut self) -> Value {
        if !self.variables.iter().any(|own| own == "context") {
            self.variables.push("context".to_owned());
        }
        Value::path("vars.context")
    }
}
