//! The way in: from what a trigger brings to a run that starts, with the real store.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use orchestra_flow::base::value::Value;
use orchestra_flow::store::Sqlite;
use orchestra_flow::{Builder, Engine, Item, Program, StartError, Submitted};

use super::runtime;

/// What one process does with a program; then it is gone, with everything that is still under way.
fn process<T>(folder: &Path, program: &str, work: impl AsyncFnOnce(Arc<Sqlite>, Engine) -> T) -> T {
    let runtime = runtime();
    let done = runtime.block_on(async {
        let store = Arc::new(Sqlite::open(folder).expect("it opens"));
        let program = Program::from_text("main.flow", program).unwrap_or_else(|faults| panic!("{faults}"));
        let engine = Builder::new(program).journal(store.clone()).build().unwrap_or_else(|error| panic!("{error}"));
        engine.recover().await.expect("it can be read");
        work(store, engine).await
    });
    runtime.shutdown_timeout(Duration::from_secs(10));
    done
}

/// What a webhook brings.
fn webhook<const N: usize>(body: [(&str, Value); N]) -> Item {
    let value = Value::map([("type", Value::from("webhook")), ("body", Value::map(body))]);
    Item { trigger: 0, value, run: None, facts: Vec::new() }
}

#[test]
fn an_item_becomes_the_input_its_trigger_makes_of_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let program = r#"
        workflow greet {
            input { name: string(1..) }
            trigger webhook "/hooks/greet" { where trigger.body.wanted, input: { name: trigger.body.who } }
            output { text: "hello ${input.name}", kind: trigger.type }
        }
    "#;
    process(folder.path(), program, async |_, engine| {
        let brought = |who: &str, wanted| webhook([("who", who.into()), ("wanted", Value::Bool(wanted))]);
        let Ok(Submitted::Started(run)) = engine.submit("greet", brought("Ada", true)).await else {
            panic!("it is wanted")
        };
        assert_eq!(run.end().await.output.to_json(), serde_json::json!({ "text": "hello Ada", "kind": "webhook" }));
        let passed_over = engine.submit("greet", brought("Ada", false)).await;
        assert!(matches!(passed_over, Ok(Submitted::PassedOver)), "{passed_over:?}");
        let wrong = engine.submit("greet", brought("", true)).await;
        assert!(matches!(wrong, Err(StartError::Input(_))), "{wrong:?}");
        let broken = engine.submit("greet", webhook([("who", "Ada".into())])).await;
        assert!(matches!(broken, Err(StartError::Item(_))), "{broken:?}");
        let nowhere = engine.submit("greet", Item { trigger: 7, ..brought("Ada", true) }).await;
        assert!(matches!(nowhere, Err(StartError::UnknownTrigger(..))), "{nowhere:?}");
    });
}
