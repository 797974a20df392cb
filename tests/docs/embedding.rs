//! The Rust of the pages, at work: each paragraph of it stands here.

#[path = "../../examples/embed.rs"]
mod example;

use std::error::Error;
#[cfg(feature = "sqlite")]
use std::{path::Path, sync::Arc};

use orchestra_flow::connect::{Call, Native};
use orchestra_flow::run::world::{BoxFuture, Outcome};
#[cfg(feature = "sqlite")]
use orchestra_flow::store::Sqlite;
#[cfg(feature = "sqlite")]
use orchestra_flow::trigger::request::Request;

use orchestra_flow::{Builder, Program, Value};

const QUOTE: &str = r#"
    connector shop {
        native read operation price(sku: string) -> { cents: int }
    }
    workflow quote {
        input { sku: string, pieces: int }
        step one = shop.price { sku: input.sku }
        output { cents: int = one.cents * input.pieces }
    }
"#;

#[derive(serde::Deserialize)]
struct Asked {
    sku: String,
}

async fn quote() -> Result<(), Box<dyn Error>> {
    let program = Program::from_text("quote.flow", QUOTE)?;
    let engine = Builder::new(program)
        .native("shop.price", |asked: Asked| async move { Ok(serde_json::json!({ "cents": 100 * asked.sku.len() })) })
        .build()?;
    let input = Value::map([("sku", "tea".into()), ("pieces", Value::Int(4))]);
    let summary = engine.start("quote", &input).await?.end().await;
    assert_eq!(summary.output.to_json(), serde_json::json!({ "cents": 1200 }));
    Ok(())
}

const LEDGER: &str = r#"
    connector ledger "Ledger" {
        native keyed operation book(account: string, cents: int) -> { id: string }
    }
    workflow post {
        step entry = ledger.book { account: "A1", cents: 5, key "today" }
        output { id: string = entry.id }
    }
"#;

#[derive(serde::Deserialize)]
struct Entry {
    account: String,
    cents: i64,
}

async fn post() -> Result<(), Box<dyn Error>> {
    let program = Program::from_text("ledger.flow", LEDGER)?;
    let engine = Builder::new(program)
        .native("ledger.book", |entry: Entry| async move {
            Ok(serde_json::json!({ "id": format!("{}-{}", entry.account, entry.cents) }))
        })
        .build()?;
    let summary = engine.start("post", &Value::Unit).await?.end().await;
    assert_eq!(summary.output.to_json(), serde_json::json!({ "id": "A1-5" }));
    Ok(())
}

/// Answers with the key of the attempt.
struct Keys;

impl Native for Keys {
    fn call(&self, call: Call) -> BoxFuture<'static, Outcome> {
        Box::pin(async move { Outcome::done(Value::map([("id", Value::from(call.act.key))])) })
    }
}

async fn post_by_key() -> Result<(), Box<dyn Error>> {
    let program = Program::from_text("ledger.flow", LEDGER)?;
    let engine = Builder::new(program).native_body("ledger.book", Keys).build()?;
    let summary = engine.start("post", &Value::Unit).await?.end().await;
    assert_eq!(summary.output.to_json(), serde_json::json!({ "id": "today" }));
    Ok(())
}

/// What one process does with a store in `folder`.
#[cfg(feature = "sqlite")]
async fn nap(folder: &Path) -> Result<(), Box<dyn Error>> {
    let program = Program::from_text("nap.flow", "workflow nap { output { rested: true } }")?;
    let store = Arc::new(Sqlite::open(folder)?);
    let engine = Builder::new(program).journal(store).build()?;
    engine.recover().await?;
    let run = engine.start_once("nap", "monday", &Value::Unit).await?;
    let summary = run.end().await;
    assert_eq!(summary.output.to_json(), serde_json::json!({ "rested": true }));
    Ok(())
}

#[test]
#[cfg(feature = "sqlite")]
fn a_run_under_a_key_is_there_for_the_next_process() {
    let folder = tempfile::tempdir().expect("a folder");
    run(nap(folder.path()));
    run(nap(folder.path()));
}

/// Requests that a program of one's own takes, and a newer version of the workflow.
#[cfg(feature = "sqlite")]
async fn orders(folder: &Path) -> Result<(), Box<dyn Error>> {
    let text = r#"workflow order {
        input { id: string }
        trigger api POST "/orders/{id}" { auth none, input: { id: trigger.path.id } }
        output { id: string = input.id }
    }"#;
    let program = Program::from_text("orders.flow", text)?;
    let store = Arc::new(Sqlite::open(&folder.join("data"))?);
    let request = Request { method: "POST".into(), path: "/orders/7".into(), ..Request::default() };

    let engine = Builder::new(program).journal(store).build()?;
    engine.recover().await?;
    let triggers = engine.triggers()?;
    let listening = triggers.listen(); // clocks, files and events, until it is dropped
    let matched = triggers.route("POST", "/orders/7").map_err(|_| "nobody listens there")?; // and requests
    let answer = triggers.answer(&matched, &request).await;

    let body = answer.map(|answer| answer.body).map_err(|refusal| format!("{refusal:?}"))?;
    assert_eq!(body, br#"{"id":"7"}"#);
    drop(listening);

    let file = folder.join("orders.flow");
    std::fs::write(&file, text)?;
    let newer = Builder::new(Program::from_file(&file)?).build()?;
    let deployment = engine.deploy(&newer, "ops").await?;
    assert!(deployment.workflows.is_empty());
    Ok(())
}

#[test]
#[cfg(feature = "sqlite")]
fn requests_are_answered_and_a_newer_version_is_deployed() {
    let folder = tempfile::tempdir().expect("a folder");
    run(orders(folder.path()));
}

fn run(work: impl Future<Output = Result<(), Box<dyn Error>>>) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .thread_stack_size(orchestra_flow::base::limit::STACK_BYTES)
        .enable_all()
        .build()
        .expect("a runtime for a test");
    runtime.block_on(work).expect("it runs");
}

#[test]
fn a_native_operation_answers_a_run() {
    run(quote());
    run(post());
}

#[test]
fn a_native_body_may_see_the_whole_attempt() {
    run(post_by_key());
}

async fn price_in_words() -> Result<(), Box<dyn Error>> {
    let program = Program::from_text("quote.flow", QUOTE)?;
    let words = |_: Asked| async { Ok(serde_json::json!({ "cents": "twelve" })) };
    let engine = Builder::new(program).native("shop.price", words).build()?;
    let input = Value::map([("sku", "tea".into()), ("pieces", Value::Int(4))]);
    let failure = engine.start("quote", &input).await?.end().await.failure.expect("it failed");
    let said = "`shop.price` did not give what it declares: `cents` must be an int, is the string \"twelve\"";
    assert_eq!((failure.kind.name(), &*failure.message), ("validation_error", said));
    Ok(())
}

#[test]
fn a_native_operation_gives_what_it_declares() {
    run(price_in_words());
}

#[test]
fn a_native_operation_without_a_body_is_said_before_anything_runs() {
    let program = Program::from_text("quote.flow", QUOTE).expect("it has no faults");
    let error = Builder::new(program).build().expect_err("nobody gave it a body");
    assert_eq!(error.to_string(), "these native operations have no body here: shop.price");
}

#[test]
fn the_example_runs() {
    example::main().expect("it runs to its end");
}
