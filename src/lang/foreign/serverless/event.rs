//! `emit` and `listen`: events that are told, and waited for.

use serde_json::Value as Json;

use super::author::{Author, Frame};
use super::expression::{Scope, inside};
use super::value::{Shape, Value};
use super::walk::Stop;
use crate::lang::foreign::term::Term;
use crate::lang::layout;

/// Attributes of an event that are of its envelope.
const ENVELOPE: [&str; 8] = ["id", "source", "type", "time", "subject", "datacontenttype", "dataschema", "specversion"];
/// How many events are waited for at most, where an expression says when it is enough.
const EVENTS_MAX: &str = "10_000";

impl Author<'_> {
    /// Writes an event that is told; the event itself is what the task gives.
    pub fn emit(&mut self, name: &str, task: &Json, taken: &Value, frame: &Frame) -> Value {
        let with = &task["emit"]["event"]["with"];
        let scope = Scope::new(taken, frame);
        let kind = with["type"].as_str().unwrap_or(name).to_owned();
        if inside(&kind).is_some() {
            self.later(format!("the type of an event is known before the run here, and no expression: {kind}"));
        }
        let data = self.template(&with["data"], &scope);
        let payload = match data.term(&mut self.reads) {
            Term::Object(fields) => Term::Object(fields),
            Term::Path(nothing) if nothing == "()" => Term::Object(Vec::new()),
            other => Term::Object(vec![("data".to_owned(), other)]),
        };
        self.settle();
        self.draft.statement(&format!("emit {}", layout::text(&kind)), &payload);
        let mut event = vec![
            ("id".to_owned(), Value::call("uuid()", Shape::Text)),
            ("specversion".to_owned(), Value::text("1.0")),
            ("time".to_owned(), Value::call("now()", Shape::Any)),
        ];
        for (field, said) in with.as_object().into_iter().flatten().filter(|(field, _)| *field != "data") {
            let value = self.template(said, &scope);
            event.retain(|(own, _)| own != field);
            event.push((field.clone(), value));
        }
        event.push(("data".to_owned(), data));
        Value::object(event, &mut self.reads)
    }

    /// Writes a wait for events; the list of what they hold.
    pub fn listen(
        &mut self,
        name: &str,
        task: &Json,
        taken: &Value,
        clauses: &[String],
        frame: &Frame,
    ) -> Result<Value, Stop> {
        let (said, scope) = (&task["listen"], Scope::new(taken, frame));
        if said["read"].as_str().is_some_and(|read| read != "data") {
            self.later("what is read of an event is what it holds, and no envelope");
        }
        let to = &said["to"];
        let value = if let Some(all) = to["all"].as_array() {
            self.all(name, all, &scope, clauses)
        } else if let Some(any) = to["any"].as_array() {
            if to["until"].is_null() {
                self.any(name, any, &scope, clauses)
            } else {
                self.until(name, any, &to["until"], &scope, clauses, frame)
            }
        } else {
            let step = self.draft.name(name);
            self.awaited(&format!("step {step} ="), &to["one"], &scope, clauses);
            Value::list(&[Value::path(step)], &mut self.reads)
        };
        if task["foreach"].is_null() {
            return Ok(value);
        }
        let each = &task["foreach"];
        let list = self.tight(&value);
        let item = self.draft.name(each["item"].as_str().unwrap_or("event"));
        let inner = frame.with(each["item"].as_str().unwrap_or("item"), Value::path(&item));
        let (text, then) = self.aside(|author| author.tasks(&each["do"], Value::path(&item), &inner, false))?;
        let step = self.draft.name(&format!("{name} each"));
        self.draft.open(&format!("step {step} = for {item} in {list}"));
        self.draft.paste(&text);
        if let Some(then) = then {
            let term = then.term(&mut self.reads);
            self.draft.statement("output", &term);
        }
        self.draft.close("");
        Ok(Value::path(step))
    }

    /// Waits for all of several events.
    fn all(&mut self, name: &str, filters: &[Json], scope: &Scope, clauses: &[String]) -> Value {
        if filters.is_empty() {
            return Value::list(&[], &mut self.reads);
        }
        let step = self.draft.name(name);
        self.settle();
        self.draft.open(&format!("step {step} = parallel"));
        let mut given = Vec::new();
        for filter in filters {
            let own = self.draft.name(&event_name(filter, name));
            self.awaited(&format!("step {own} ="), filter, scope, clauses);
            given.push(Value::path(own));
        }
        let term = Value::list(&given, &mut self.reads).term(&mut self.reads);
        self.draft.statement("output", &term);
        self.draft.close("");
        Value::path(step)
    }

    /// Waits for the first of several events.
    fn any(&mut self, name: &str, filters: &[Json], scope: &Scope, clauses: &[String]) -> Value {
        let step = self.draft.name(name);
        if filters.is_empty() {
            self.later("it waits for any event at all: say for which");
            self.awaited(&format!("step {step} ="), &Json::Null, scope, clauses);
            return Value::list(&[Value::path(step)], &mut self.reads);
        }
        if let [only] = filters {
            self.awaited(&format!("step {step} ="), only, scope, clauses);
            return Value::list(&[Value::path(step)], &mut self.reads);
        }
        self.settle();
        self.draft.open(&format!("step {step} = race"));
        for filter in filters {
            let wanted = event_name(filter, name);
            let branch = self.draft.name(&wanted);
            let own = self.draft.name(&format!("{wanted} event"));
            self.draft.open(&format!("branch {branch}"));
            self.awaited(&format!("step {own} ="), filter, scope, clauses);
            self.draft.line(&format!("output {own}"));
            self.draft.close("");
        }
        self.draft.close("");
        Value::list(&[Value::path(step)], &mut self.reads)
    }

    /// Waits for one event after the other, until it is enough.
    fn until(
        &mut self,
        name: &str,
        filters: &[Json],
        until: &Json,
        scope: &Scope,
        clauses: &[String],
        frame: &Frame,
    ) -> Value {
        let seen = self.draft.name(&format!("{name} events"));
        self.variables.push(seen.clone());
        let place = Value::of(Term::Path(format!("vars.{seen}")), Shape::List);
        self.draft.line(&format!("set vars.{seen} = []"));
        self.draft.open(&format!("while true max {EVENTS_MAX}"));
        let one = self.any(&format!("{name} next"), filters, scope, clauses);
        let one = self.code(&one);
        self.draft.line(&format!("set vars.{seen} = vars.{seen} + {one}"));
        let enough = match until.as_str() {
            Some(text) => self.condition(text, &Scope::new(&place, frame)),
            None => {
                self.later("it waits until another event comes: write that as a `race` around the loop");
                "true".to_owned()
            }
        };
        self.settle();
        self.draft.line(&format!("until {enough}"));
        self.draft.close("");
        place
    }

    /// Writes a wait for one event.
    fn awaited(&mut self, head: &str, filter: &Json, scope: &Scope, clauses: &[String]) {
        let with = &filter["with"];
        let kind = with["type"].as_str().unwrap_or_default().to_owned();
        if kind.is_empty() || inside(&kind).is_some() {
            self.later("it does not say of which type the event is");
        }
        let mut holds = self.filtered(with, scope);
        for (key, said) in filter["correlate"].as_object().into_iter().flatten() {
            holds.extend(self.correlated(key, said, scope));
        }
        self.settle();
        let mut parts = clauses.to_vec();
        if !holds.is_empty() {
            parts.insert(0, format!("where {}", holds.join(" && ")));
        }
        let kind = if kind.is_empty() { "any".to_owned() } else { kind };
        let head = format!("{head} wait event {}", layout::text(&kind));
        match parts.as_slice() {
            [] => self.draft.line(&head),
            parts => self.draft.line(&format!("{head} {{ {} }}", parts.join(", "))),
        }
    }

    /// What a key of `correlate` asks of an event: that what is read `from` it is what is expected.
    fn correlated(&mut self, key: &str, said: &Json, scope: &Scope) -> Option<String> {
        let data = Value::object(vec![("data".to_owned(), Value::path("event"))], &mut self.reads);
        let from = said["from"].as_str()?;
        let own = self.expression(from, &scope.at(&data));
        if said["expect"].is_null() {
            self.later(format!(
                "`correlate`: all events of one run agree in `{key}` there, and the first says what it is: keep that in `vars`, and \
                 compare it in `where`"
            ));
            return None;
        }
        let expected = self.template(&said["expect"], scope);
        Some(format!("{} == {}", self.tight(&own), self.tight(&expected)))
    }

    /// What must hold of an event, as it is said of its attributes.
    pub fn filtered(&mut self, with: &Json, scope: &Scope) -> Vec<String> {
        let mut holds = Vec::new();
        for (field, said) in with.as_object().into_iter().flatten() {
            let field = field.as_str();
            if field == "type" {
                continue;
            }
            let own = Value::path("event");
            let of = if field == "data" { own } else { own.get(field, &mut self.reads) };
            match said.as_str() {
                // Who sent an event and how it is wrapped is not told here.
                _ if ENVELOPE.contains(&field) => {}
                Some(text) if inside(text).is_some() || field == "data" => {
                    holds.push(self.condition(text, &scope.at(&of)));
                }
                _ => match said.as_object().filter(|_| field == "data") {
                    Some(fields) => {
                        for (name, said) in fields {
                            let (one, two) = (of.get(name, &mut self.reads), self.template(said, scope));
                            holds.push(format!("{} == {}", self.tight(&one), self.tight(&two)));
                        }
                    }
                    None => {
                        let two = self.template(said, scope);
                        holds.push(format!("{} == {}", self.tight(&of), self.tight(&two)));
                    }
                },
            }
        }
        holds
    }
}

/// What the wait for an event is called: by the last word of its type that is no version.
fn event_name(filter: &Json, name: &str) -> String {
    let kind = filter["with"]["type"].as_str().unwrap_or(name);
    let words: Vec<&str> = kind.split('.').filter(|word| !word.starts_with('v') || word.len() > 2).collect();
    words[words.len().saturating_sub(2)..].join(" ")
}
