//! Operations that connectors declare: the request of the template, the output of the answer.

use super::answer::As;
use super::client::Broken;
use super::exchange::Exchange;
use super::paging;
use super::scope::Scope;
use super::template;
use crate::base::failure::Failure;
use crate::base::value::Value;
use crate::connect::registry::Call;
use crate::lang::plan::connector::Request;
use crate::run::world::Outcome;

/// Carries out one attempt of a declared operation.
pub async fn perform(call: Call) -> Outcome {
    let Some(request) = &call.act.operation.request else {
        unreachable!("only operations with a request are declared ones");
    };
    let result = match &call.act.operation.shaping.paginate {
        Some(paginate) => paging::perform(&call, request, paginate).await,
        None => single(&call, request).await.map(|value| (value, Value::Unit)),
    };
    match result {
        Ok((value, next_page)) => Outcome { next_page, ..Outcome::done(value) },
        Err(Broken { failure, certain }) => Outcome { certain, ..Outcome::failed(failure) },
    }
}

async fn single(call: &Call, request: &Request) -> Result<Value, Broken> {
    let (parts, exchange, reading) = ready(call, request).map_err(Broken::definite)?;
    let (_, response) = exchange.send(&parts, reading, true).await?;
    // The far side has done it; what goes wrong from here on does not undo it.
    output(call, &response).map_err(Broken::unknown)
}

/// What is known before anything is sent.
pub fn ready<'a>(call: &'a Call, request: &Request) -> Result<(super::draft::Parts, Exchange<'a>, As), Failure> {
    let parts = template::fill(call, request)?;
    let reading = match request.fields.get("as") {
        Some(word) => As::named(&word.evaluate(template::library(&call.connector.connector), &Scope::new(call))?)?,
        None => As::Declared,
    };
    Ok((parts, Exchange::new(call)?, reading))
}

/// What the operation makes of `response`: its `output`, or the body.
fn output(call: &Call, response: &Value) -> Result<Value, Failure> {
    let connector = &*call.connector.connector;
    let formula = call.act.operation.shaping.output.as_ref().or(connector.defaults.output.as_ref());
    match formula {
        Some(formula) => formula.evaluate(template::library(connector), &Scope::with(call, response)),
        None => Ok(response.get("body").cloned().unwrap_or_default()),
    }
}
