//! The standard library: every declaration has its body, every body its declaration, every operation an example.

use std::collections::BTreeSet;

use orchestra_flow::base::span::{FileId, Source};
use orchestra_flow::connect::Natives;
use orchestra_flow::lang::syntax::{self, ast};

/// The connectors of every file in `stdlib/`.
fn connectors() -> Vec<ast::Connector> {
    let mut connectors = Vec::new();
    let entries = std::fs::read_dir("stdlib").expect("the standard library").filter_map(Result::ok);
    for entry in entries.filter(|entry| entry.path().extension().is_some_and(|ending| ending == "flow")) {
        let name = entry.path().display().to_string();
        let source = Source::new(name.clone(), &std::fs::read_to_string(entry.path()).expect("a file"));
        let (program, diagnostics) = syntax::parse(FileId(0), &source);
        let shown: Vec<String> = diagnostics
            .iter()
            .map(|it| format!("{name}:{}: {}", source.position(it.primary.span.start).line, it.message))
            .collect();
        assert!(shown.is_empty(), "{}", shown.join("\n"));
        connectors.extend(program.declarations.into_iter().filter_map(|declaration| match declaration {
            ast::Declaration::Connector(connector) => Some(connector),
            _ => None,
        }));
    }
    connectors
}

fn operations(connector: &ast::Connector) -> impl Iterator<Item = &ast::Operation> {
    connector.items.iter().filter_map(|item| match item {
        ast::ConnectorItem::Operation(operation) => Some(&**operation),
        _ => None,
    })
}

#[test]
fn each_native_declaration_has_a_body_and_each_body_a_declaration() {
    let connectors = connectors();
    let declared: BTreeSet<String> = connectors
        .iter()
        .flat_map(|it| operations(it).filter(|op| op.native).map(|op| format!("{}.{}", it.name.text, op.name.text)))
        .collect();
    // A connector of which the build has nothing is declared all the same: a program that uses it is told which feature it needs.
    let is_built = |name: &String| cfg!(feature = "mongodb") || !name.starts_with("mongodb.");
    let declared: BTreeSet<String> = declared.into_iter().filter(is_built).collect();
    let bound: BTreeSet<String> = Natives::standard().names().map(ToOwned::to_owned).collect();
    assert_eq!(declared, bound);
}

#[test]
fn each_operation_says_what_it_does_and_has_an_example() {
    for connector in connectors() {
        assert!(connector.doc.is_some(), "{}", connector.name.text);
        for operation in operations(&connector) {
            let name = format!("{}.{}", connector.name.text, operation.name.text);
            assert!(operation.doc.is_some() && operation.effect.is_some(), "{name}");
            assert!(operation.params.iter().all(|param| param.doc.is_some()), "{name}");
            let has_example = connector.items.iter().any(|item| match item {
                ast::ConnectorItem::Example(example) => {
                    example.operation.text == operation.name.text && example.gives.is_some()
                }
                _ => false,
            });
            assert!(has_example, "{name} has no example");
        }
    }
}
