//! Puts acts together as the engine does.

use std::path::Path;
use std::sync::Arc;

use indexmap::IndexMap;
use orchestra_flow::base::failure::Failure;
use orchestra_flow::base::id::{Digest, RunId};
use orchestra_flow::base::shape::Shape;
use orchestra_flow::base::span::Span;
use orchestra_flow::base::time::Duration;
use orchestra_flow::base::value::{Map, Value};
use orchestra_flow::connect::{Configured, Connectors, Environment, Natives};
use orchestra_flow::lang::catalog::{Effect, Signature};
use orchestra_flow::lang::plan::connector::{Connector, Operation, Shaping};
use orchestra_flow::run::world::{Act, Outcome, Perform};

/// A value from JSON text.
pub fn json(text: &str) -> Value {
    Value::from_json(serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}")))
}

/// A native operation, by name.
fn native(name: &str) -> Operation {
    let (connector, operation) = name.split_once('.').expect("a test names connector and operation");
    let signature = Signature {
        connector: connector.into(),
        name: operation.into(),
        doc: None,
        effect: Effect::Once,
        params: Vec::new(),
        result: Shape::Any,
        native: true,
        streams: false,
        span: Span::default(),
    };
    Operation {
        signature: Arc::new(signature),
        ahead: Vec::new(),
        request: None,
        shaping: Shaping::default(),
        examples: Vec::new(),
    }
}

/// A connector without anything but its name.
fn bare(name: &str) -> Connector {
    Connector {
        name: name.into(),
        title: None,
        doc: None,
        digest: Digest::default(),
        config: Vec::new(),
        auth: Vec::new(),
        defaults: Shaping::default(),
        operations: IndexMap::new(),
        check: None,
        sources: Vec::new(),
        functions: Default::default(),
    }
}

/// An act of a native operation.
pub fn act(name: &str, params: Value) -> Act {
    Act {
        operation: Arc::new(native(name)),
        params,
        key: "01J:step".into(),
        key_given: false,
        auth: Value::Unit,
        page: Value::Unit,
        streamed: false,
        timeout: Duration::seconds(5),
        run: RunId("01J".into()),
        place: "step".into(),
    }
}

/// The standard natives in `directory`, with the settings that `shape` makes and the `config` of the connector `name`.
pub fn desk(directory: &Path, name: &str, config: Map, shape: impl FnOnce(&mut Environment)) -> Connectors {
    let mut environment = Environment::at(directory);
    environment.allow_hosts = vec!["127.0.0.1".into()];
    shape(&mut environment);
    let configured = Configured::new(Arc::new(bare(name)), config, Vec::new());
    Connectors::new(environment, [configured], Natives::standard())
}

/// Carries out one native operation in `directory`.
pub async fn perform(directory: &Path, name: &str, params: &str) -> Outcome {
    let connector = name.split_once('.').expect("a test names connector and operation").0;
    desk(directory, connector, Map::new(), |_| {}).perform(act(name, json(params))).await
}

/// The value of an outcome that must be one.
pub fn value(outcome: Outcome) -> serde_json::Value {
    match outcome.result {
        Ok(value) => value.to_json(),
        Err(failure) => panic!("{failure}"),
    }
}

/// The failure of an outcome that must be one, and whether it is certain that nothing happened.
pub fn failure(outcome: Outcome) -> (Failure, bool) {
    match outcome.result {
        Ok(value) => panic!("it worked: {value}"),
        Err(failure) => (failure, outcome.certain),
    }
}
