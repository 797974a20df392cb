//! What all tasks have: `if`, `input`, `output`, `export`, `timeout`; and which kind each is.

use serde_json::Value as Json;

use super::author::{Author, Frame};
use super::expression::Scope;
use super::switch::Arm;
use super::value::Value;
use super::wait;
use super::walk::Stop;

impl Author<'_> {
    /// Writes a task; what it gives, if anything comes behind it.
    pub fn task(&mut self, name: &str, task: &Json, value: Value, frame: &Frame) -> Result<Option<Value>, Stop> {
        name.clone_into(&mut self.task);
        if self.is_deep(frame) {
            return Ok(Some(self.tangled(value)));
        }
        let Some(when) = task["if"].as_str() else { return self.inside(name, task, value, frame) };
        let when = self.condition(when, &Scope::new(&value, frame));
        self.settle();
        let (text, then) = self.aside(|author| author.inside(name, task, value.clone(), &frame.within()))?;
        let skipped = Arm { when: None, text: String::new(), then: Some(value.clone()) };
        Ok(self.join(name, vec![Arm { when: Some(when), text, then }, skipped], &value))
    }

    fn inside(&mut self, name: &str, task: &Json, value: Value, frame: &Frame) -> Result<Option<Value>, Stop> {
        let taken = self.taken(task, &value, frame);
        let Some(raw) = self.kind(name, task, &taken, frame)? else { return Ok(None) };
        name.clone_into(&mut self.task);
        let given = self.given_on(task, &value, &taken, raw, frame);
        self.settle();
        Ok(Some(given))
    }

    /// What a task works on: what it is handed, behind `input.from`.
    pub fn taken(&mut self, task: &Json, value: &Value, frame: &Frame) -> Value {
        if !task["input"]["schema"].is_null() {
            self.later("the schema of a task's input is not looked at: the workflow's is");
        }
        match task["input"].get("from") {
            Some(said) => self.transformed(said, &Scope::new(value, frame)),
            None => value.clone(),
        }
    }

    /// What a task hands on: what it gave, behind `output.as`; `export.as` keeps some of it in `$context`.
    pub fn given_on(&mut self, task: &Json, value: &Value, taken: &Value, raw: Value, frame: &Frame) -> Value {
        let scope = Scope::new(value, frame).with("input", taken).at(&raw);
        let given = match task["output"].get("as") {
            Some(said) => self.transformed(said, &scope.with("output", &raw)),
            None => raw,
        };
        if let Some(said) = task["export"].get("as") {
            let exported = self.transformed(said, &scope.with("output", &given).at(&given));
            if exported != self.context() {
                self.assign("context", &exported);
            }
        }
        given
    }

    /// Writes what is a task's own; what it gives before it is transformed.
    fn kind(&mut self, name: &str, task: &Json, taken: &Value, frame: &Frame) -> Result<Option<Value>, Stop> {
        let clauses: Vec<String> = self.timeout(task).into_iter().collect();
        let is = |field: &str| !task[field].is_null();
        if is("call") {
            return self.call(name, task, taken, &clauses, frame);
        }
        if is("listen") {
            return Ok(Some(self.listen(name, task, taken, &clauses, frame)?));
        }
        if is("run") {
            return Ok(Some(self.run(name, task, taken, &clauses, frame)));
        }
        if is("try") {
            return self.attempt(name, task, taken, &clauses, frame);
        }
        if !clauses.is_empty() {
            // What has no clauses of its own stands in a block that has.
            let (text, then) = self.aside(|author| author.plain(name, task, taken, &frame.within()))?;
            return Ok(self.block(name, &text, then, taken, &clauses));
        }
        self.plain(name, task, taken, frame)
    }

    fn plain(&mut self, name: &str, task: &Json, taken: &Value, frame: &Frame) -> Result<Option<Value>, Stop> {
        let is = |field: &str| !task[field].is_null();
        if is("for") {
            return self.each(name, task, taken, frame).map(Some);
        }
        if is("do") {
            return self.tasks(&task["do"], taken.clone(), &frame.within(), false);
        }
        if is("set") {
            let made = self.template(&task["set"], &Scope::new(taken, frame));
            return Ok(Some(self.bound(name, made)));
        }
        if is("emit") {
            return Ok(Some(self.emit(name, task, taken, frame)));
        }
        if is("fork") {
            return self.fork(name, task, taken, frame).map(Some);
        }
        if is("raise") {
            self.raise(&task["raise"]["error"], &Scope::new(taken, frame));
            return Ok(None);
        }
        if is("wait") {
            self.wait(&task["wait"], &Scope::new(taken, frame));
            return Ok(Some(taken.clone()));
        }
        if is("switch") {
            self.later("a `switch` with an `if` of its own: write the way on by hand");
            self.settle();
            return Ok(Some(taken.clone()));
        }
        let fields: Vec<String> =
            task.as_object().into_iter().flatten().map(|(field, _)| format!("`{field}`")).collect();
        self.later(format!(
            "no kind of task is known by {}",
            if fields.is_empty() { "nothing".to_owned() } else { fields.join(", ") }
        ));
        self.settle();
        Ok(Some(taken.clone()))
    }

    /// A block with clauses around what was written; what comes of it.
    pub fn block(
        &mut self,
        name: &str,
        text: &str,
        then: Option<Value>,
        before: &Value,
        clauses: &[String],
    ) -> Option<Value> {
        if text.is_empty() {
            return then;
        }
        let gives = then.as_ref().filter(|then| *then != before);
        let step = gives.map(|_| self.draft.name(name));
        match &step {
            Some(step) => self.draft.open(&format!("step {step}: any = sequence")),
            None => self.draft.open("sequence"),
        }
        self.draft.paste(text);
        if let Some(gives) = gives {
            let term = gives.term(&mut self.reads);
            self.draft.statement("output", &term);
        }
        self.draft.otherwise("with");
        clauses.iter().for_each(|clause| self.draft.line(clause));
        self.draft.close("");
        step.map(Value::path).or(then)
    }

    /// `timeout`, here or by name.
    fn timeout(&mut self, task: &Json) -> Option<String> {
        let said = task.get("timeout").filter(|said| !said.is_null())?.clone();
        let said = match said.as_str() {
            Some(name) => self.shared("timeouts", name).cloned().unwrap_or_default(),
            None => said,
        };
        match wait::duration(&said["after"]) {
            Some(duration) => Some(format!("timeout {duration}")),
            None => {
                self.later("its `timeout` says no duration that can be read");
                None
            }
        }
    }
}
