//! What starts runs.

use std::sync::Arc;

use super::super::trigger::{Batch, Debounce, Kind, Throttle, Trigger};
use super::value::Values;
use crate::base::time::Duration;
use crate::lang::syntax::ast::{self, TriggerClauseKind, TriggerKind};

/// How often a clock strikes whose interval cannot be read; the checker let none through.
const EVERY_DEFAULT: Duration = Duration::seconds(60 * 60);

pub(super) fn lower(declared: &ast::Trigger, values: &Values<'_>) -> Trigger {
    let mut trigger = Trigger {
        span: declared.span,
        kind: kind(declared, values),
        filter: None,
        input: None,
        auth: false,
        verify: None,
        challenge: None,
        debounce: None,
        batch: None,
        throttle: None,
    };
    for clause in &declared.clauses {
        match &clause.kind {
            TriggerClauseKind::Auth(auth) => trigger.auth = &*auth.text == "required",
            TriggerClauseKind::Input(input) => trigger.input = Some(values.fields(&input.fields)),
            TriggerClauseKind::Where(filter) => trigger.filter = Some(values.script(filter)),
            TriggerClauseKind::Verify { scheme, fields } => {
                trigger.verify = Some((scheme.text.clone(), values.fields(fields)));
            }
            TriggerClauseKind::Challenge(challenge) => trigger.challenge = Some(values.expr(challenge)),
            TriggerClauseKind::Debounce { quiet, by, max } => {
                trigger.debounce = values.duration(quiet).map(|quiet| Debounce {
                    quiet,
                    by: by.as_ref().and_then(|by| values.arg_script(by)),
                    max: max.as_ref().and_then(|max| values.duration(max)),
                });
            }
            TriggerClauseKind::Batch { count, within, until } => {
                trigger.batch = Some(Batch {
                    count: count.as_ref().and_then(|count| values.count(count)),
                    within: within.as_ref().and_then(|within| values.duration(within)),
                    until: until.as_ref().map(|until| until.text.clone()),
                    zone: until.as_ref().and_then(|_| zone(declared)),
                });
            }
            TriggerClauseKind::Throttle { count, per, by } => {
                trigger.throttle = values.count(count).zip(values.duration(per)).map(|(count, per)| Throttle {
                    count,
                    per,
                    by: by.as_ref().and_then(|by| values.arg_script(by)),
                });
            }
            // These are part of what starts the run.
            TriggerClauseKind::Zone(_)
            | TriggerClauseKind::Overlap(_)
            | TriggerClauseKind::CatchUp(_)
            | TriggerClauseKind::On(_)
            | TriggerClauseKind::Intent(_) => {}
        }
    }
    trigger
}

/// The zone in which the times of a trigger are meant, where the program says so.
fn zone(declared: &ast::Trigger) -> Option<Arc<str>> {
    declared.clauses.iter().find_map(|clause| match &clause.kind {
        TriggerClauseKind::Zone(zone) => Some(zone.text.clone()),
        _ => None,
    })
}

fn kind(declared: &ast::Trigger, values: &Values<'_>) -> Kind {
    let (mut overlap, mut catch_up, mut on, mut intent) = (None, None, Vec::new(), None);
    for clause in &declared.clauses {
        match &clause.kind {
            TriggerClauseKind::Overlap(name) => overlap = Some(name.text.clone()),
            TriggerClauseKind::CatchUp(name) => catch_up = Some(name.text.clone()),
            TriggerClauseKind::On(names) => on.extend(names.iter().map(|name| name.text.clone())),
            TriggerClauseKind::Intent(text) => intent = Some(text.text.clone()),
            _ => {}
        }
    }
    match &declared.kind {
        TriggerKind::Api { method, path } => Kind::Api { method: method.text.clone(), path: path.text.clone() },
        TriggerKind::Webhook(path) => Kind::Webhook { path: path.text.clone() },
        TriggerKind::Schedule(cron) => {
            Kind::Schedule { cron: cron.text.clone(), zone: zone(declared), overlap, catch_up }
        }
        TriggerKind::Every(every) => {
            Kind::Every { every: values.duration(every).unwrap_or(EVERY_DEFAULT), overlap, catch_up }
        }
        TriggerKind::File(glob) => Kind::File { glob: glob.text.clone(), on },
        TriggerKind::Event(topic) => Kind::Event { topic: topic.text.clone() },
        TriggerKind::Form(path) => Kind::Form { path: path.text.clone() },
        TriggerKind::Persona(names) => {
            Kind::Persona { personas: names.iter().map(|name| name.text.clone()).collect(), intent }
        }
        TriggerKind::Connector { path, params } => Kind::Connector {
            connector: connector(path, values),
            name: path.parts.last().map(|part| part.text.clone()).unwrap_or_default(),
            params: values.fields(params),
        },
    }
}

/// The name by which the package knows the connector of a trigger: its own file's come before those of the standard library.
fn connector(path: &ast::Path, values: &Values<'_>) -> Arc<str> {
    let Some(name) = path.parts.first() else { return Arc::default() };
    let alias = values.module(path.span).map(|module| &*module.alias).unwrap_or_default();
    let qualified: Arc<str> = format!("{alias}.{}", name.text).into();
    if values.checked.connectors.contains_key(&qualified) { qualified } else { name.text.clone() }
}
