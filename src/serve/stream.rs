//! `GET /v1/stream`: what happens in all runs, as it happens.
//!
//! A subscriber is a cursor in the journal, so nothing is missed and nothing is kept for it: what it has not taken yet is read
//! when it takes it. Whoever takes nothing for too long is dropped by [`super::listen`].

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::caller::{Caller, Role};
use super::problem::Problem;
use super::query::Asked;
use super::record;
use super::server::Server;
use crate::base::id::RunId;
use crate::run::journal::{Broken, Follow, Mark};

/// How often a stream says that it lives, where nothing else is said.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// The header by which a client says what it heard last.
const LAST: &str = "last-event-id";

/// How many marks are looked at, at most, before what was found is sent.
const MARKS_AT_ONCE_MAX: u64 = 64;

/// Where more bytes than this were found, fewer marks are looked at the next time: they are kept until the client takes them.
const BYTES_AT_ONCE: usize = 256 * 1024;

/// What is to be heard.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Wanted {
    /// Only of this workflow.
    workflow: Option<Arc<str>>,
    /// Only of this run.
    run: Option<Arc<str>>,
    /// From this id on, as `Last-Event-ID` says it; `0` for everything that is kept. Without it, from now on.
    from: Option<String>,
}

pub(super) fn routes() -> OpenApiRouter<Server> {
    OpenApiRouter::new().routes(routes!(follow))
}

/// What happens in all runs, as server-sent events. `data` is a record as in `/v1/runs/{id}/events`, with its `run` and
/// `workflow`; `id` is its place in the journal: whoever sends it back as `Last-Event-ID` misses nothing.
#[utoipa::path(
    get, path = "/v1/stream",
    params(Wanted, ("Last-Event-ID" = Option<String>, Header, description = "The `id` that was heard last")),
    responses((status = 200, description = "Records, as they are written", content_type = "text/event-stream", body = String))
)]
async fn follow(
    State(server): State<Server>,
    caller: Caller,
    Asked(wanted): Asked<Wanted>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    caller.may(Role::Viewer)?;
    if let Some(workflow) = &wanted.workflow {
        caller.may_with(Role::Viewer, workflow)?;
    }
    let last = match headers.get(LAST) {
        Some(last) => Some(last.to_str().unwrap_or_default().to_owned()),
        None => wanted.from,
    };
    let progress = server.engine().progress();
    let place = match last {
        Some(last) => Place::read(&last, progress.taken)?,
        None => Place::after(progress.written),
    };
    let follow = Follow { workflow: wanted.workflow, run: wanted.run.map(RunId) };
    let cursor = Cursor { server, caller, follow, place, found: VecDeque::new(), at_once: 1 };
    let events = stream::unfold(cursor, |mut cursor| async move {
        let event = cursor.next().await?;
        Some((Ok::<_, Infallible>(event), cursor))
    });
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(HEARTBEAT)).into_response())
}

/// A place in the journal: behind so many records of the batch at this mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    mark: Mark,
    records: usize,
}

impl Place {
    /// Behind everything up to `mark`.
    fn after(mark: Mark) -> Self {
        Self { mark: Mark(mark.0.saturating_add(1)), records: 0 }
    }

    /// What an `id` says: `MARK.RECORDS`, or a mark alone for all that lies up to it. No mark lies behind the `last`.
    fn read(id: &str, last: Mark) -> Result<Self, Problem> {
        let whole = || id.parse().ok().map(|mark| Self::after(Mark(mark)));
        let part = || {
            let (mark, records) = id.split_once('.')?;
            Some(Self { mark: Mark(mark.parse().ok()?), records: records.parse().ok()? })
        };
        let place = part().or_else(whole).filter(|place| *place <= Self::after(last));
        place.ok_or_else(|| {
            Problem::bad_request(format!("`{id}` is no place in this journal: take it from an `id` of this stream"))
        })
    }
}

/// Where one client is.
struct Cursor {
    server: Server,
    caller: Caller,
    follow: Follow,
    place: Place,
    /// What was read and not taken yet.
    found: VecDeque<Event>,
    /// How many marks are looked at the next time.
    at_once: u64,
}

impl Cursor {
    /// What comes next; nothing more when the server stops or the journal cannot be read.
    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.found.pop_front() {
                return Some(event);
            }
            let server = self.server.clone();
            let read = tokio::select! {
                read = self.read() => read,
                () = server.stopping().cancelled() => return None,
            };
            if let Err(broken) = read {
                tracing::error!("a stream ends: {broken}");
                return None;
            }
        }
    }

    /// Waits until there is something after this place, and reads on.
    async fn read(&mut self) -> Result<(), Broken> {
        let before = Mark(self.place.mark.0.saturating_sub(1));
        let engine = self.server.engine();
        let written = engine.written_after(before).await?;
        let until = Mark(written.0.min(before.0 + self.at_once));
        let mut bytes = 0;
        for passage in engine.passages(before, until, &self.follow).await? {
            if !self.caller.sees(&passage.workflow) {
                continue;
            }
            let known = if passage.mark == self.place.mark { self.place.records } else { 0 };
            for (index, happened) in passage.records.iter().enumerate().skip(known) {
                let mut shown = record::shown(passage.first + index as u64, happened);
                shown["run"] = (*passage.run.0).into();
                shown["workflow"] = (*passage.workflow).into();
                let id = format!("{}.{}", passage.mark.0, index + 1);
                let data = engine.mask().cover(&shown.to_string());
                bytes += data.len();
                self.found.push_back(Event::default().id(id).data(data));
            }
        }
        self.place = Place::after(until);
        self.at_once = match bytes > BYTES_AT_ONCE {
            true => (self.at_once / 2).max(1),
            false => (self.at_once * 2).min(MARKS_AT_ONCE_MAX),
        };
        Ok(())
    }
}
