//! Triggers of the standard library: each says what it tells, and has an example; that it holds, `examples` finds out.

use super::declared::{EVERY_SERVICE, package};

#[test]
fn each_trigger_says_what_it_is_and_has_an_example() {
    let package = package(EVERY_SERVICE);
    let mut found = 0;
    for connector in package.connectors.values() {
        for source in &connector.sources {
            let name = format!("{}.{}", connector.name, source.name);
            let is_said = source.doc.is_some() && source.params.iter().all(|param| param.doc.is_some());
            assert!(is_said, "{name} says not what it is");
            assert!(!source.examples.is_empty(), "{name} has no example");
            found += 1;
        }
    }
    assert!(found >= 20, "{found}");
}
