//! `for`: tasks for each item of a list, each turn with what the one before gave.

use serde_json::Value as Json;

use super::author::{Author, Frame};
use super::expression::Scope;
use super::value::{Shape, Value};
use super::walk::Stop;
use crate::lang::foreign::condition::negated;

impl Author<'_> {
    /// Writes the loop; what its last turn gives.
    pub fn each(&mut self, name: &str, task: &Json, taken: &Value, frame: &Frame) -> Result<Value, Stop> {
        let said = &task["for"];
        let (each, at) = (said["each"].as_str().unwrap_or("item"), said["at"].as_str().unwrap_or("index"));
        let list = self.expression(said["in"].as_str().unwrap_or("[]"), &Scope::new(taken, frame));
        let list = if list.shape == Shape::Nothing { "[]".to_owned() } else { self.tight(&list) };
        let item = self.draft.name(each);
        let counts = task.to_string().contains(&format!("${at}"));
        let mut inner = frame.with(each, Value::path(&item));
        let mut head = format!("for {item} in {list}");
        let mut begins = None;
        if counts {
            let index = self.draft.name(at);
            head = format!("for {index} in 0..{list}.len()");
            begins = Some(format!("let {item}: any = {list}[{index}]"));
            inner = inner.with(at, Value::call(&index, Shape::Number));
        }
        // What a turn is given is kept in a variable, if a turn looks at it.
        let carried = self.draft.name(&format!("{name} data"));
        let here = Value::path(format!("vars.{carried}"));
        let (text, then) = self.aside(|author| {
            if let Some(begins) = &begins {
                author.draft.line(begins);
            }
            if let Some(holds) = task["while"].as_str() {
                let holds = author.condition(holds, &Scope::new(&here, &inner));
                author.settle();
                author.draft.line(&format!("until {}", negated(&holds)));
            }
            author.tasks(&task["do"], here.clone(), &inner, false)
        })?;
        name.clone_into(&mut self.task);
        let written = then.as_ref().map(|then| self.code(then)).unwrap_or_default();
        let place = here.term(&mut self.reads).expression();
        let is_passed_on = then.as_ref() == Some(&here) && !text.contains(&place);
        if !is_passed_on && (mentions(&text, &place) || mentions(&written, &place)) {
            self.variables.push(carried.clone());
            let first = self.looked_at(taken, &format!("{text}{written}"), &place);
            self.assign(&carried, &first);
            self.draft.open(&head);
            self.draft.paste(&text);
            if let Some(then) = &then {
                self.keep(&carried, then);
            }
            self.draft.close("");
            return Ok(here);
        }
        self.settle();
        let Some(then) = then.filter(|_| !is_passed_on) else {
            self.draft.open(&head);
            self.draft.paste(&text);
            self.draft.close("");
            return Ok(taken.clone());
        };
        let step = self.draft.name(name);
        self.draft.open(&format!("step {step} = {head}"));
        self.draft.paste(&text);
        let term = then.term(&mut self.reads);
        self.draft.statement("output", &term);
        self.draft.close("");
        // Over an empty list it gives what it was given.
        let is_whole = taken.shape == Shape::Input && !self.reads.is_declared();
        let last = format!("{step}.last()");
        match (is_whole, self.code(taken)) {
            (false, before) if taken.shape != Shape::Nothing => {
                Ok(Value::code(format!("{last} ?? {before}"), Shape::Any))
            }
            _ => Ok(Value::call(last, Shape::Any)),
        }
    }
}

impl Author<'_> {
    /// Of the input of a workflow, of which nobody can say what fields it has, those that are read of a variable.
    fn looked_at(&mut self, value: &Value, text: &str, place: &str) -> Value {
        let mut fields: Vec<(String, Value)> = Vec::new();
        for (at, _) in text.match_indices(place) {
            let name = text[at + place.len()..].strip_prefix("?.").map(|behind| {
                let end = behind.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(behind.len());
                behind[..end].to_owned()
            });
            match name {
                Some(name) if value.shape == Shape::Input && !self.reads.is_declared() => {
                    if !fields.iter().any(|(own, _)| *own == name) {
                        let field = value.get(&name, &mut self.reads);
                        fields.push((name, field));
                    }
                }
                _ => return value.clone(),
            }
        }
        Value::object(fields, &mut self.reads)
    }
}

/// Whether a text reads a variable, and not one whose name is longer.
fn mentions(text: &str, place: &str) -> bool {
    text.match_indices(place)
        .any(|(at, _)| !text[at + place.len()..].starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_'))
}
