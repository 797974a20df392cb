//! What a caller hears of the run that the request started: its `reply`, its end, or where to ask for it (semantics 65).

use super::Triggers;
use super::request::{Answer, Refusal, Request};
use crate::base::failure::Kind;
use crate::base::id::RunId;
use crate::base::status::Status;
use crate::base::time::Duration;
use crate::base::value::Value;
use crate::run::driver::{Running, Summary};
use crate::run::event::Event;
use crate::run::intake::StartError;

impl Triggers {
    /// Waits for what a run answers, as long as the caller and the server have patience.
    pub(super) async fn heard(&self, request: &Request, mut running: Running) -> Result<Answer, Refusal> {
        let run = running.id().clone();
        let patience = patience(request).map_or(self.patience(), |asked| asked.min(self.patience()));
        // The caller's time, not the program's: a clock that is moved by hand must not hold a connection for ever.
        let answer = tokio::time::timeout(patience.to_std(), reply_or_end(&mut running)).await;
        match answer {
            Ok(Some(Heard::Reply(reply))) => replied(&run, &reply),
            Ok(Some(Heard::End(summary))) => ended(&run, &summary),
            Ok(None) => {
                Err(Refusal::new(503, "the server stops; the run goes on when it is there again").with("run", run.0))
            }
            Err(_) => Ok(accepted(&run)),
        }
    }
}

async fn reply_or_end(running: &mut Running) -> Option<Heard> {
    while let Some(record) = running.next().await {
        if let Event::Replied { status, headers, body, raw, .. } = record.event {
            // What is answered cannot be taken back: it is on disk first.
            return running.written().await.then_some(Heard::Reply(Reply { status, headers, body, raw }));
        }
    }
    running.ended().await.map(|summary| Heard::End(Box::new(summary)))
}

enum Heard {
    Reply(Reply),
    End(Box<Summary>),
}

struct Reply {
    status: i64,
    headers: Value,
    body: Value,
    raw: bool,
}

/// How long the caller wants to wait (RFC 7240).
fn patience(request: &Request) -> Option<Duration> {
    let prefer = request.header("prefer")?;
    prefer.split([',', ';']).map(str::trim).find_map(|wish| match wish.split_once('=') {
        None if wish.eq_ignore_ascii_case("respond-async") => Some(Duration::ZERO),
        Some((name, seconds)) if name.trim().eq_ignore_ascii_case("wait") => {
            seconds.trim().parse().ok().map(Duration::seconds)
        }
        _ => None,
    })
}

/// The run is on disk; it is asked for elsewhere.
pub(super) fn accepted(run: &RunId) -> Answer {
    Answer::json(202, &Value::map([("id", run.0.clone().into())])).header("location", format!("/v1/runs/{run}"))
}

fn replied(run: &RunId, reply: &Reply) -> Result<Answer, Refusal> {
    let status = u16::try_from(reply.status).ok().filter(|status| (200..600).contains(status));
    let Some(status) = status else {
        return Err(Refusal::new(500, format!("the workflow replied with the status {}", reply.status))
            .with("run", run.0.clone()));
    };
    let mut answer = match &reply.body {
        // They have none, and say nothing of one (RFC 9110).
        _ if matches!(status, 204 | 205 | 304) => Answer::empty(status),
        Value::Unit if !reply.raw => Answer::empty(status),
        Value::Bytes(bytes) if reply.raw => Answer::typed(status, "application/octet-stream", bytes.to_vec()),
        body if reply.raw => Answer::typed(status, "text/plain; charset=utf-8", body.to_string().into_bytes()),
        body => Answer::json(status, &body.without_absent()),
    };
    for (name, value) in reply.headers.as_map().into_iter().flatten().filter(|(_, value)| !value.is_unit()) {
        let name = name.to_lowercase();
        answer.headers.retain(|(known, _)| *known != name);
        answer = answer.header(&name, value.to_string());
    }
    Ok(answer)
}

fn ended(run: &RunId, summary: &Summary) -> Result<Answer, Refusal> {
    if let Some(failure) = &summary.failure {
        let refusal = Refusal::new(status_of(&failure.kind), &*failure.message);
        return Err(refusal.with("run", run.0.clone()).with("error", failure.kind.name()));
    }
    match summary.status {
        Status::Completed => Ok(Answer::json(200, &summary.output)),
        status => Err(Refusal::new(409, format!("the run was {status}")).with("run", run.0.clone())),
    }
}

/// The status that stands for a failure of the run. What a program made up is an answer to what it was asked.
fn status_of(kind: &Kind) -> u16 {
    match kind {
        Kind::ValidationError | Kind::LimitExceeded | Kind::Own(_) => 422,
        Kind::PermissionDenied => 403,
        Kind::NotFound => 404,
        Kind::Conflict | Kind::Cancelled => 409,
        Kind::RateLimited => 429,
        Kind::ScriptError => 500,
        // The far side of the workflow, not the caller, has to do better.
        Kind::ConnectionError | Kind::AuthError | Kind::ServerError | Kind::OutcomeUnknown => 502,
        Kind::Timeout => 504,
    }
}

/// Why a request did not start a run.
pub(super) fn not_started(error: StartError) -> Refusal {
    let status = match &error {
        StartError::Input(_) | StartError::Item(_) => 422,
        StartError::UnknownWorkflow(_) | StartError::UnknownTrigger(..) => 404,
        StartError::Store(_) => 503,
        StartError::Claim(_) | StartError::Depth => 500,
    };
    match error {
        StartError::Input(faults) => Refusal { faults, ..Refusal::new(status, "the input does not fit the workflow") },
        other => Refusal::new(status, other.to_string()),
    }
}
