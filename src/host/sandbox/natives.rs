//! Native operations in a sandbox: what would leave this machine by a way of its own is answered with its example.

use std::sync::Arc;

use super::{Record, Sent, echo};
use crate::base::value::Value;
use crate::connect::Natives;
use crate::lang::plan::{Operation, Package};

/// What needs no stand-in of its own, connectors and operations: it speaks HTTP or SMTP to the stand-ins, or stays in the program's
/// directory.
const REAL: [&str; 4] = ["http", "email.send", "files", "log"];

/// `natives`, with the examples of `package` in place of those that need a stand-in.
pub fn stand_in(mut natives: Natives, package: &Package, record: &Record) -> Natives {
    for (name, connector) in &package.connectors {
        let is_real = |operation: &Operation| {
            let full = operation.signature.full_name();
            operation.request.is_some() || REAL.contains(&&**name) || REAL.contains(&&*full)
        };
        for operation in connector.operations.values().filter(|operation| !is_real(operation)) {
            let (operation, record) = (operation.clone(), record.clone());
            natives.bind_fn(operation.signature.full_name(), move |call| {
                let answer = answer(&operation, &call.act.params);
                record.take(Sent {
                    connector: operation.signature.connector.clone(),
                    operation: Some(operation.signature.name.clone()),
                    summary: Arc::default(),
                    body: call.act.params.without_absent(),
                    answer: answer.clone(),
                });
                async move { Ok(answer) }
            });
        }
    }
    natives
}

fn answer(operation: &Arc<Operation>, params: &Value) -> Value {
    let examples = operation.examples.iter().filter(|example| example.gives.is_some());
    let best = examples.max_by_key(|example| echo::likeness(&example.params, params));
    best.map_or(Value::Unit, |example| echo::fit(&example.gives.clone().unwrap_or_default(), &example.params, params))
}
