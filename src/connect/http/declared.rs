//! Operations that connectors declare: the requests of the template, the output of the answer.

use super::answer::As;
use super::client::{Bounds, Broken};
use super::draft::{Parts, address};
use super::exchange::{Exchange, Manner, bounds};
use super::guard::Allowed;
use super::home;
use super::paging;
use super::scope::Scope;
use super::template;
use crate::base::failure::Failure;
use crate::base::value::Value;
use crate::connect::files::passing::Outgoing;
use crate::connect::registry::Call;
use crate::lang::plan::connector::{Ahead, Operation, Request, UrlPiece};
use crate::lang::plan::{Formula, Root};
use crate::run::world::Outcome;

/// Carries out one attempt of a declared operation.
pub async fn perform(mut call: Call) -> Outcome {
    let (operation, bounds) = (call.act.operation.clone(), bounds(&call));
    let Some(request) = &operation.request else {
        unreachable!("only operations with a request are declared ones");
    };
    if let Err(Broken { failure, .. }) = home::find(&mut call, &bounds).await {
        return Outcome::failed(failure);
    }
    if let Err(failure) = ask_ahead(&mut call, &operation, &bounds).await {
        return Outcome::failed(failure);
    }
    let result = match &operation.shaping.paginate {
        Some(paginate) => paging::perform(&call, request, paginate, bounds).await,
        None => single(&call, request, bounds).await.map(|value| (value, Value::Unit)),
    };
    match result {
        Ok((value, next_page)) => Outcome { next_page, ..Outcome::done(value) },
        Err(Broken { failure, certain }) => Outcome { certain, ..Outcome::failed(failure) },
    }
}

/// Does what comes ahead and keeps what came of it. Whatever goes wrong there, what counts has not been asked for.
async fn ask_ahead(call: &mut Call, operation: &Operation, bounds: &Bounds) -> Result<(), Failure> {
    for (name, ahead) in &operation.ahead {
        let kept = match ahead {
            Ahead::Request(request) => {
                let (parts, exchange, manner) = ready(call, request, bounds.clone())?;
                let sent = exchange.send(&parts, Manner { counts: false, ..manner }).await;
                sent.map_err(|broken| broken.failure)?.1
            }
            Ahead::File(path) => {
                let path = super::computed(call, path)?;
                Outgoing::find(&call.environment, &path.to_string())?.to_value()
            }
        };
        call.ahead.insert(name.clone(), kept);
    }
    Ok(())
}

async fn single(call: &Call, request: &Request, bounds: Bounds) -> Result<Value, Broken> {
    let (parts, exchange, manner) = ready(call, request, bounds).map_err(Broken::definite)?;
    let (_, response) = exchange.send(&parts, manner).await?;
    // The far side has done it; what goes wrong from here on does not undo it.
    output(call, &response).map_err(Broken::unknown)
}

/// What is known before anything is sent.
pub fn ready<'a>(call: &'a Call, request: &Request, bounds: Bounds) -> Result<(Parts, Exchange<'a>, Manner), Failure> {
    let parts = template::fill(call, request)?;
    let reading = match request.fields.get("as") {
        Some(word) => As::named(&word.evaluate(template::library(&call.connector.connector), &Scope::new(call))?)?,
        None => As::Declared,
    };
    let manner = Manner { reading, trusted: is_trusted(call, request, &parts)?, counts: true };
    Ok((parts, Exchange::new(call, bounds)?, manner))
}

/// Whether credentials may go where `request` goes: to an address that the connector's author wrote or its user set, but to
/// one that a parameter or an answer named only if it lies where the connector lives.
fn is_trusted(call: &Call, request: &Request, parts: &Parts) -> Result<bool, Failure> {
    let Some(UrlPiece::Value(Formula::Script(script))) = request.url.pieces.first() else { return Ok(true) };
    if !script.roots.iter().any(|root| matches!(root, Root::Param(_) | Root::Params | Root::State)) {
        return Ok(true);
    }
    // Who brings credentials with the step has named the address, too.
    if !call.act.auth.is_unit() {
        return Ok(true);
    }
    let url = address(&parts.url)?;
    if Allowed::new(call.connector.connector.defaults.hosts.iter().cloned()).permits(&url) {
        return Ok(true);
    }
    let Some(base) = call.base_url() else { return Ok(false) };
    Ok(url.origin() == address(&base)?.origin())
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
