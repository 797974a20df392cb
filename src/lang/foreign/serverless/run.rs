//! `run`: a container, a script, a command, another workflow.

use serde_json::Value as Json;

use super::author::{Author, Frame};
use super::expression::Scope;
use super::value::{Shape, Value};
use crate::lang::foreign::term::Term;

impl Author<'_> {
    /// Writes what is run; what it gives.
    pub fn run(&mut self, name: &str, task: &Json, taken: &Value, clauses: &[String], frame: &Frame) -> Value {
        let (said, scope) = (&task["run"], Scope::new(taken, frame));
        if said["await"] == false {
            self.later("nobody waited for it there; here the workflow goes on when it is done");
        }
        if said["workflow"].is_object() {
            let (workflow, input) = (&said["workflow"], &said["workflow"]["input"]);
            let called = workflow["name"].as_str().unwrap_or(name).to_owned();
            let service = workflow["namespace"].as_str().unwrap_or("workflows").to_owned();
            self.later(format!("`{called}` is a workflow of its own: import it, and call it by its name"));
            return self.stubbed(name, &service, &called, input, &scope, clauses);
        }
        let command = if said["container"].is_object() {
            self.container(&said["container"], &scope)
        } else if said["script"].is_object() {
            self.script(&said["script"], &scope)
        } else {
            self.shell(&said["shell"], &scope)
        };
        self.settle();
        let step = self.draft.name(name);
        self.draft.step(&step, "process.run", &[("command".to_owned(), Term::List(command))], clauses);
        let text = |field: &str| Value::call(format!("{step}.{field}"), Shape::Text);
        let code = Value::call(format!("{step}.status"), Shape::Number);
        match said["return"].as_str().unwrap_or("stdout") {
            "none" => taken.clone(),
            "code" => code,
            "stderr" => text("stderr"),
            "all" => {
                let fields = vec![("code", code), ("stdout", text("stdout")), ("stderr", text("stderr"))];
                let fields = fields.into_iter().map(|(name, it)| (name.to_owned(), it)).collect();
                Value::object(fields, &mut self.reads)
            }
            _ => text("stdout"),
        }
    }

    fn container(&mut self, said: &Json, scope: &Scope) -> Vec<Term> {
        let mut command: Vec<Term> = ["docker", "run", "--rm"].iter().map(|word| Term::text(word)).collect();
        for (field, flag, sign) in [("ports", "-p", ":"), ("volumes", "-v", ":"), ("environment", "-e", "=")] {
            for (name, value) in said[field].as_object().into_iter().flatten() {
                let value = self.template(value, scope);
                command.extend([Term::text(flag), self.pair(name, sign, &value)]);
            }
        }
        let image = self.said(&said["image"], scope);
        command.push(image.term(&mut self.reads));
        let words: Vec<&str> = said["command"].as_str().unwrap_or_default().split_whitespace().collect();
        command.extend(words.into_iter().map(Term::text));
        command.extend(self.arguments(&said["arguments"], scope));
        command
    }

    fn script(&mut self, said: &Json, scope: &Scope) -> Vec<Term> {
        let language = said["language"].as_str().unwrap_or("js");
        let program = match language {
            "python" => ["python3", "-c"],
            "js" | "javascript" => ["node", "-e"],
            other => [other, "-e"],
        };
        let mut command = self.environment(said, scope);
        command.extend(program.map(Term::text));
        if said["code"].is_null() {
            self.later("its source lies elsewhere: put it beside the program and name the file");
        }
        command.push(Term::text(said["code"].as_str().unwrap_or_default()));
        command.extend(self.arguments(&said["arguments"], scope));
        command
    }

    fn shell(&mut self, said: &Json, scope: &Scope) -> Vec<Term> {
        let mut command = self.environment(said, scope);
        let arguments = self.arguments(&said["arguments"], scope);
        let line = self.said(&said["command"], scope);
        let line = if arguments.is_empty() {
            line.term(&mut self.reads)
        } else {
            // The shell puts its arguments behind the command.
            match said["command"].as_str() {
                Some(plain) if !plain.contains("${") => Term::text(&format!("{plain} \"$@\"")),
                _ => Term::Code(format!("{} + \" \\\"$@\\\"\"", self.tight(&line))),
            }
        };
        command.extend([Term::text("sh"), Term::text("-c"), line]);
        if !arguments.is_empty() {
            command.push(Term::text("sh"));
            command.extend(arguments);
        }
        command
    }

    /// A word that a command cannot do without.
    fn said(&mut self, said: &Json, scope: &Scope) -> Value {
        if said.is_null() {
            self.later("it does not say what is run");
            return Value::text("");
        }
        self.template(said, scope)
    }

    /// What is put before a command so that it sees variables of its environment.
    fn environment(&mut self, said: &Json, scope: &Scope) -> Vec<Term> {
        let mut command = Vec::new();
        for (name, value) in said["environment"].as_object().into_iter().flatten() {
            if command.is_empty() {
                command.push(Term::text("env"));
            }
            let value = self.template(value, scope);
            command.push(self.pair(name, "=", &value));
        }
        command
    }

    fn pair(&mut self, name: &str, sign: &str, value: &Value) -> Term {
        match value.term(&mut self.reads) {
            Term::Path(text) if text.starts_with('"') => {
                Term::Path(format!("\"{}{sign}{}", crate::lang::layout::inside(name), &text[1..]))
            }
            other => Term::Path(format!("\"{}{sign}${{{}}}\"", crate::lang::layout::inside(name), other.expression())),
        }
    }

    /// Arguments: a list, or names with values.
    fn arguments(&mut self, said: &Json, scope: &Scope) -> Vec<Term> {
        match said {
            Json::Array(items) => {
                let items: Vec<Value> = items.iter().map(|item| self.template(item, scope)).collect();
                items.iter().map(|item| self.worded(item)).collect()
            }
            Json::Object(fields) => {
                let mut words = Vec::new();
                for (name, value) in fields {
                    words.push(Term::text(name));
                    if !value.is_null() {
                        let value = self.template(value, scope);
                        words.push(self.worded(&value));
                    }
                }
                words
            }
            _ => Vec::new(),
        }
    }

    /// A value as a word of a command.
    fn worded(&mut self, value: &Value) -> Term {
        match value.shape {
            Shape::Text => value.term(&mut self.reads),
            Shape::Nothing => Term::text(""),
            _ => Term::Path(format!("\"${{{}}}\"", self.code(value))),
        }
    }
}
