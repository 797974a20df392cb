//! What starts runs, as resources: where each trigger is told something, what it asks for and how that goes.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::caller::{Caller, Role};
use super::problem::Problem;
use super::server::Server;
use crate::base::time::Timestamp;
use crate::trigger::Asks;
use crate::trigger::declared::Declared;

/// One trigger of one workflow.
#[derive(Serialize, ToSchema)]
struct Trigger {
    workflow: Arc<str>,
    /// `api webhook schedule every file event form persona connector`
    r#type: &'static str,
    /// What starts a run, in words.
    starts: String,
    /// Where requests start it.
    path: Option<Arc<str>>,
    /// What it asks for from time to time, and how that goes.
    asks: Option<Asking>,
}

/// How asking goes.
#[derive(Serialize, ToSchema)]
struct Asking {
    /// How often.
    #[schema(value_type = String)]
    every: String,
    /// When it was answered last, by this process.
    #[schema(value_type = Option<String>, format = DateTime)]
    answered_at: Option<Timestamp>,
    /// When it asks next.
    #[schema(value_type = Option<String>, format = DateTime)]
    next_at: Option<Timestamp>,
    /// How many items were new, in this process.
    items: u64,
    failing: Option<Failing>,
}

/// Why nobody answers.
#[derive(Serialize, ToSchema)]
struct Failing {
    #[schema(value_type = String, format = DateTime)]
    since: Timestamp,
    times: u32,
    /// The type of the error: `auth_error` and so on.
    r#type: String,
    message: Arc<str>,
}

/// What starts runs.
#[derive(Serialize, ToSchema)]
struct Listed {
    triggers: Vec<Trigger>,
}

pub(super) fn routes() -> OpenApiRouter<Server> {
    OpenApiRouter::new().routes(routes!(list))
}

/// What starts runs: all triggers, in the order of their programs.
#[utoipa::path(get, path = "/v1/triggers", responses((status = 200, body = Listed)))]
async fn list(State(server): State<Server>, caller: Caller) -> Result<Response, Problem> {
    caller.may(Role::Viewer)?;
    let listening = server.triggers();
    let asks = listening.as_ref().map(|listening| listening.asks()).unwrap_or_default();
    let one = |declared: &Declared| Trigger {
        workflow: declared.plan.name.clone(),
        r#type: declared.trigger().kind.word(),
        starts: declared.trigger().kind.to_string(),
        path: listening.as_ref().and_then(|listening| listening.path_of(declared)),
        asks: asks.iter().find(|asks| asks.triggers.contains(&declared.name)).map(asking),
    };
    let all = Declared::all(&server.engine().package());
    let seen = all.iter().filter(|declared| caller.sees(&declared.plan.name));
    Ok(server.json(StatusCode::OK, &Listed { triggers: seen.map(one).collect() }))
}

fn asking(asks: &Asks) -> Asking {
    let standing = &asks.standing;
    Asking {
        every: asks.every.to_string(),
        answered_at: standing.answered,
        next_at: standing.next,
        items: standing.items,
        failing: standing.failing.as_ref().map(|failing| Failing {
            since: failing.since,
            times: failing.times,
            r#type: failing.kind.to_string(),
            message: failing.message.clone(),
        }),
    }
}
