//! The Rust of the README, at work.

#[path = "../../examples/embed.rs"]
mod example;

// README
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

async fn quote() -> Result<(), Box<dyn std::error::Error>> {
    let program = Program::from_text("quote.flow", QUOTE)?;
    let engine = Builder::new(program)
        .native("shop.price", |asked: Asked| async move { Ok(serde_json::json!({ "cents": 100 * asked.sku.len() })) })
        .build()?;
    let input = Value::map([("sku", "tea".into()), ("pieces", Value::Int(4))]);
    let summary = engine.start("quote", &input)?.end().await;
    assert_eq!(summary.output.to_json(), serde_json::json!({ "cents": 1200 }));
    Ok(())
}
// README

#[test]
fn a_native_operation_answers_a_run() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .thread_stack_size(orchestra_flow::base::limit::STACK_BYTES)
        .enable_all()
        .build()
        .expect("a runtime for a test");
    runtime.block_on(quote()).expect("it runs");
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
