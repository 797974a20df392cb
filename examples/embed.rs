//! An engine inside another program: a native operation in Rust, a run that is watched, a run that is cancelled.
//!
//! `cargo run --example embed`

use std::error::Error;

use orchestra_flow::run::event::{Begin, Event};
use orchestra_flow::{Builder, Failure, FailureKind, Program, Value};
use serde::{Deserialize, Serialize};

/// The program. A native operation is declared in it, so that its calls are checked like all others.
const PROGRAM: &str = r#"
    connector warehouse "Warehouse" {
        /// Lays pieces aside.
        native once operation reserve(sku: string, pieces: int(1..)) -> { shelf: string, left: int }
    }

    workflow order "Order" {
        input { sku: string, pieces: int }

        step place = warehouse.reserve { sku: input.sku, pieces: input.pieces }
        step paid  = wait signal "paid"

        output { shelf: string = place.shelf }

        on conflict fail rejected "there are not ${input.pieces} of ${input.sku}"
    }
"#;

/// How many pieces the warehouse has of everything.
const STOCK: i64 = 10;

/// What `warehouse.reserve` takes: the fields are its parameters.
#[derive(Deserialize)]
struct Reserve {
    sku: String,
    pieces: i64,
}

/// What it gives.
#[derive(Serialize)]
struct Reserved {
    shelf: String,
    left: i64,
}

async fn reserve(wanted: Reserve) -> Result<Reserved, Failure> {
    if wanted.pieces > STOCK {
        return Err(Failure::new(FailureKind::Conflict, format!("only {STOCK} of `{}` are left", wanted.sku)));
    }
    Ok(Reserved { shelf: format!("A-{}", wanted.sku), left: STOCK - wanted.pieces })
}

/// Runs some orders.
pub fn main() -> Result<(), Box<dyn Error>> {
    // Scripts may nest deep, so the threads that run programs want a large stack.
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .thread_stack_size(orchestra_flow::base::limit::STACK_BYTES)
        .enable_all()
        .build()?;
    runtime.block_on(orders())
}

async fn orders() -> Result<(), Box<dyn Error>> {
    let program = Program::from_text("order.flow", PROGRAM)?;
    let engine = Builder::new(program).native("warehouse.reserve", reserve).build()?;
    let order = |pieces: i64| Value::map([("sku", "tea".into()), ("pieces", Value::Int(pieces))]);

    // One that goes well: the journal is watched, and the payment is signalled when the run waits for it.
    let mut run = engine.start("order", &order(3)).await?;
    while let Some(record) = run.next().await {
        match record.event {
            Event::Answered { .. } => println!("{}: the warehouse has answered", run.id()),
            Event::Began { begin: Begin::Listen { .. }, .. } => engine.signal(run.id(), "paid", Value::Unit).await?,
            _ => {}
        }
    }
    let summary = run.end().await;
    println!("{}: {}", summary.status, summary.output);

    // One that asks for too much.
    let summary = engine.start("order", &order(30)).await?.end().await;
    println!("{}: {}", summary.status, summary.failure.map(|failure| failure.to_string()).unwrap_or_default());

    // One that nobody pays, and that is cancelled.
    let run = engine.start("order", &order(1)).await?;
    run.cancel("the shop");
    println!("{}", run.end().await.status);
    Ok(())
}
