//! A plan as a document of Serverless Workflow 1.0, of the CNCF.
//!
//! What a step gives is kept in `$context` under the step's name, so that expressions name what they read, as in the program; `.`
//! is never read. What that language cannot say becomes a call of a function named after it, or is left out; each such place is told
//! in the notes and stands under `metadata` of its task.
//!
//! In: a plan. Out: the document, and what in it is not the same.
//! Never: a document that its language does not take; all that is said is said by its own kinds of tasks.

mod auth;
mod block;
mod formula;
mod handler;
mod operation;
mod secret;
mod setting;
mod task;
mod writer;

use std::sync::Arc;

use indexmap::IndexMap;
use serde_json::{Map, Value as Json, json};

use super::formula::Formula;
use super::trigger::Kind;
use super::{Connector, Plan};
use crate::base::value::Value;
use writer::Writer;

/// The version of the language that documents are written in.
const DSL: &str = "1.0.3";
/// The version of a workflow that states none.
const VERSION: &str = "0.1.0";

/// What a plan became.
#[derive(Clone, Debug)]
pub struct Exported {
    /// The document.
    pub document: Json,
    /// How many tasks it has.
    pub tasks: usize,
    /// What is not the same there, in the order of the program: which task, and what.
    pub notes: Vec<String>,
}

/// The document for a plan. `connectors` are those of its package: the operations that it calls stand in the document as requests.
pub fn to_serverless(plan: &Plan, connectors: &IndexMap<Arc<str>, Arc<Connector>>) -> Exported {
    let mut writer = Writer::new(plan, connectors);
    let mut document = Map::new();
    document.insert("document".to_owned(), head(plan));
    if !plan.input.fields.is_empty() {
        let schema = plan.input.to_json_schema();
        document.insert("input".to_owned(), json!({ "schema": { "format": "json", "document": schema } }));
    }
    if let Some(schedule) = schedule(plan, &mut writer) {
        document.insert("schedule".to_owned(), schedule);
    }
    match &plan.deadline {
        Some(Formula::Constant(Value::Duration(deadline))) => {
            document.insert("timeout".to_owned(), json!({ "after": formula::duration(*deadline) }));
        }
        Some(computed) => writer.note(&plan.name, &format!("`deadline {computed}` is left out: it is computed")),
        None => {}
    }
    for (is_said, what) in [
        (plan.state.is_some(), "`state` between runs"),
        (plan.concurrency.is_some(), "`concurrency`"),
        (plan.key.is_some(), "`key`: one run per key"),
        (!plan.on_success.is_empty(), "`on success`"),
        (!plan.on_failure.is_empty(), "`on failure`"),
        (!plan.on_cancel.is_empty(), "`on cancel`"),
        (!plan.finally.is_empty(), "`finally`"),
        (plan.priority.is_some(), "`priority`"),
    ] {
        if is_said {
            writer.note(&plan.name, &format!("{what} is left out"));
        }
    }
    let variables = writer.variables();
    let body = writer.body(&plan.body, "result");
    let handled = writer.handled("work", body, &plan.body.handlers);
    let settings = std::mem::take(&mut writer.settings);
    let mut tasks = Vec::new();
    if !settings.is_empty() {
        tasks.push(writer.finished("settings", setting::task(settings)));
    }
    tasks.extend(variables);
    tasks.extend(handled);
    if tasks.is_empty() {
        tasks.push(json!({ "nothing": { "set": "${ {} }" } }));
    }
    let mut shared = Map::new();
    for (name, parts) in [
        ("authentications", std::mem::take(&mut writer.authentications)),
        ("functions", std::mem::take(&mut writer.functions)),
    ] {
        if !parts.is_empty() {
            shared.insert(name.to_owned(), parts.into());
        }
    }
    let tasks = Json::Array(tasks);
    let secrets = secret::read(shared.values().chain([&tasks]));
    if !secrets.is_empty() {
        shared.insert("secrets".to_owned(), secrets.into());
    }
    if !shared.is_empty() {
        document.insert("use".to_owned(), shared.into());
    }
    document.insert("do".to_owned(), tasks);
    Exported { document: Json::Object(document), tasks: writer.tasks, notes: writer.notes }
}

/// `document`: what it is called.
fn head(plan: &Plan) -> Json {
    let name: String = plan.name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    let is_semantic = |version: &str| {
        let parts: Vec<&str> = version.split('.').collect();
        parts.len() == 3 && parts.iter().all(|part| !part.is_empty() && part.chars().all(|c| c.is_ascii_digit()))
    };
    let version = plan.version.as_deref().filter(|version| is_semantic(version)).unwrap_or(VERSION);
    let mut head = Map::new();
    head.insert("dsl".to_owned(), DSL.into());
    head.insert("namespace".to_owned(), "flow".into());
    head.insert("name".to_owned(), name.trim_matches('-').to_lowercase().into());
    head.insert("version".to_owned(), version.into());
    head.extend(plan.title.as_ref().map(|title| ("title".to_owned(), Json::from(&**title))));
    head.extend(plan.doc.as_ref().map(|doc| ("summary".to_owned(), Json::from(&**doc))));
    let tags: Map<String, Json> = plan.tags.iter().map(|tag| (tag.to_string(), Json::from("true"))).collect();
    if !tags.is_empty() {
        head.insert("tags".to_owned(), tags.into());
    }
    head.into()
}

/// `schedule`: what starts it, as far as the clock or an event does.
fn schedule(plan: &Plan, writer: &mut Writer<'_>) -> Option<Json> {
    let mut schedule = Map::new();
    for trigger in &plan.triggers {
        let (field, said) = match &trigger.kind {
            Kind::Schedule { cron, .. } => ("cron", Json::from(&**cron)),
            Kind::Every { every, .. } => ("every", formula::duration(*every)),
            Kind::Event { topic } => ("on", json!({ "one": { "with": { "type": &**topic } } })),
            other => {
                writer.note(
                    &plan.name,
                    &format!("the trigger `{other}` is left out: whoever runs the document starts it"),
                );
                continue;
            }
        };
        if schedule.contains_key(field) {
            writer.note(&plan.name, &format!("a second trigger is left out: `{}`", trigger.kind));
            continue;
        }
        let is_shaped = match &trigger.kind {
            Kind::Schedule { zone, overlap, catch_up, .. } => zone.is_some() || overlap.is_some() || catch_up.is_some(),
            Kind::Every { overlap, catch_up, .. } => overlap.is_some() || catch_up.is_some(),
            _ => false,
        };
        let is_clause_said = trigger.filter.is_some() || trigger.input.is_some() || trigger.throttle.is_some();
        if is_shaped || is_clause_said || trigger.collects() {
            writer.note(&plan.name, &format!("the clauses of the trigger `{}` are left out", trigger.kind));
        }
        schedule.insert(field.to_owned(), said);
    }
    (!schedule.is_empty()).then(|| schedule.into())
}
