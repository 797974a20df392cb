//! Triggers of the standard library: each says what it tells, has an example, and the example holds.

use std::sync::Arc;

use orchestra_flow::base::value::Value;
use orchestra_flow::connect::Configured;
use orchestra_flow::lang::plan::{Connector, Source};
use orchestra_flow::trigger;

use super::declared::{EVERY_SERVICE, package};
use crate::run::simulator::NoSettings;

/// A connector with the settings that its declaration knows itself.
fn configured(connector: &Arc<Connector>) -> Arc<Configured> {
    let config = connector.config.iter().map(|(field, default)| {
        let usual = default.as_ref().and_then(|default| default.constant().cloned());
        (field.name.clone(), usual.or_else(|| field.default.clone()).unwrap_or_default())
    });
    Arc::new(Configured::new(connector.clone(), config.collect(), Vec::new()))
}

fn holds(connector: &Arc<Connector>, source: &Source) {
    let name = format!("{}.{}", connector.name, source.name);
    assert!(
        source.doc.is_some() && source.params.iter().all(|param| param.doc.is_some()),
        "{name} says not what it is"
    );
    assert!(!source.examples.is_empty(), "{name} has no example");
    for example in &source.examples {
        let brought = trigger::rehearse(&configured(connector), &source.name, example, &NoSettings);
        let brought = brought.unwrap_or_else(|failure| panic!("{name}: {failure}"));
        let items = Value::list(brought.iter().map(|one| one.item.without_absent()));
        let gives = example.gives.as_ref().expect("it says what comes of it");
        let gives = gives.as_list().expect("a list").iter().map(|item| {
            let item = source.item_shape.check_answer(item).unwrap_or_else(|misfits| panic!("{name}: {misfits:?}"));
            item.without_absent()
        });
        assert_eq!(items.to_json(), Value::list(gives).to_json(), "{name}");
        assert!(source.by.is_none() || brought.iter().all(|one| one.key.is_some()), "{name}: its items have no names");
    }
}

#[test]
fn the_examples_of_triggers_hold() {
    let package = package(EVERY_SERVICE);
    let mut held = Vec::new();
    for connector in package.connectors.values() {
        for source in &connector.sources {
            holds(connector, source);
            held.push(format!("{}.{}", connector.name, source.name));
        }
    }
    assert!(held.len() >= 20, "{held:?}");
}
