//! The attempt that an example is: a call with its parameters that is never sent.

use std::sync::Arc;

use super::CREDENTIAL;
use crate::base::id::RunId;
use crate::base::time::Duration;
use crate::base::value::{Map, Value};
use crate::connect::files::passing::described;
use crate::connect::registry::Call;
use crate::connect::{Configured, Environment, fill_defaults};
use crate::lang::plan::connector::{Ahead, Example};
use crate::lang::plan::{Connector, Formula, Operation};
use crate::run::world::Act;

/// The call of `operation` that `example` makes.
pub fn of(connector: &Arc<Connector>, operation: &Arc<Operation>, example: &Example) -> Call {
    let mut act = Act {
        operation: operation.clone(),
        params: example.params.clone(),
        key: "example".into(),
        key_given: false,
        auth: Value::Unit,
        page: Value::Unit,
        streamed: false,
        timeout: Duration::seconds(1),
        run: RunId("example".into()),
        place: "example".into(),
    };
    fill_defaults(&mut act);
    Call {
        act,
        connector: Arc::new(Configured::new(connector.clone(), config(connector), Vec::new())),
        environment: Arc::new(Environment::at(".")),
        ahead: ahead(operation, example),
        found: None,
    }
}

fn config(connector: &Connector) -> Map {
    let fields = connector.config.iter().map(|(field, default)| {
        // An address becomes that of the stand-in; what else has a default is mostly left at it.
        let usual = default.as_ref().and_then(Formula::constant).filter(|_| &*field.name != "base_url");
        (field.name.clone(), usual.cloned().unwrap_or_else(|| CREDENTIAL.into()))
    });
    fields.collect()
}

/// What came of what comes before the request that counts, as the example tells it; its files are not looked at.
fn ahead(operation: &Operation, example: &Example) -> Map {
    let mut answers = example.answers();
    let kept = operation.ahead.iter().map(|(name, ahead)| {
        let value = match ahead {
            Ahead::Request(_) => answers.next().map(|answer| answer.to_value()).unwrap_or_default(),
            Ahead::File(_) => described("", "", 0),
        };
        (name.clone(), value)
    });
    kept.collect()
}

/// The files that `example` looks at or sends, by their paths.
pub fn files(connector: &Arc<Connector>, operation: &Arc<Operation>, example: &Example) -> Vec<Arc<str>> {
    let call = of(connector, operation, example);
    let looked_at = operation.ahead.iter().filter_map(|(_, ahead)| match ahead {
        Ahead::File(path) => crate::connect::http::computed(&call, path).ok()?.as_text().map(Into::into),
        Ahead::Request(_) => None,
    });
    let mut files: Vec<Arc<str>> = looked_at.collect();
    for parts in operation.requests().filter_map(|request| crate::connect::http::rehearse(&call, request).ok()) {
        [&parts.raw, &parts.multipart, &parts.related].into_iter().for_each(|part| named(part, &mut files));
    }
    files.retain(|path| !path.is_empty());
    files
}

/// The paths of the files in a body, `{ path }`.
fn named(part: &Value, files: &mut Vec<Arc<str>>) {
    match part {
        Value::List(items) => items.iter().for_each(|item| named(item, files)),
        Value::Map(map) => {
            files.extend(map.get("path").and_then(Value::as_text).map(Into::into));
            map.values().for_each(|inner| named(inner, files));
        }
        _ => {}
    }
}
