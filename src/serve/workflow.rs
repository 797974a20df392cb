//! Workflows as resources, and starting them.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::body::Sent;
use super::caller::{Caller, Role};
use super::problem::Problem;
use super::query::{Asked, Path};
use super::server::Server;
use crate::base::diagnostic::nearest;
use crate::base::limit::HTTP_WAIT_SECONDS_MAX;
use crate::base::status::Status;
use crate::base::time::Duration;
use crate::lang::plan::{Plan, trigger};
use crate::run::driver::Running;

/// The header that names a start, so that it can be sent again.
const KEY: &str = "idempotency-key";

/// How long a key may be, in bytes.
const KEY_BYTES_MAX: usize = 255;

/// A workflow that can be started.
#[derive(Serialize, ToSchema)]
struct Workflow {
    /// Its name.
    name: Arc<str>,
    title: Option<Arc<str>>,
    /// What it is for.
    doc: Option<Arc<str>>,
    version: Option<Arc<str>>,
    /// The fingerprint of its plan: runs that begin now are pinned to it.
    digest: String,
    tags: Vec<Arc<str>>,
    /// What it takes, as JSON Schema.
    #[schema(value_type = Object)]
    input: Json,
    /// What it gives, as JSON Schema.
    #[schema(value_type = Object)]
    output: Json,
    /// What starts it, beside requests to this interface.
    #[schema(value_type = Vec<Object>)]
    triggers: Vec<Json>,
}

impl Workflow {
    fn of(plan: &Plan) -> Self {
        Self {
            name: plan.name.clone(),
            title: plan.title.clone(),
            doc: plan.doc.clone(),
            version: plan.version.clone(),
            digest: plan.digest.to_string(),
            tags: plan.tags.clone(),
            input: plan.input.to_json_schema(),
            output: plan.output.to_json_schema(),
            triggers: plan.triggers.iter().map(|trigger| described(&trigger.kind)).collect(),
        }
    }
}

/// `{ "type": "api", "method": "POST", ... }`
fn described(kind: &trigger::Kind) -> Json {
    let mut described = serde_json::Map::from_iter([("type".to_owned(), Json::from(kind.word()))]);
    if let Ok(Json::Object(tagged)) = serde_json::to_value(kind) {
        let fields = tagged.into_iter().filter_map(|(_, fields)| match fields {
            Json::Object(fields) => Some(fields),
            _ => None,
        });
        // What it computes with is the program's affair.
        described.extend(fields.flatten().filter(|(name, value)| name != "params" && !value.is_null()));
    }
    described.into()
}

/// Workflows that can be started.
#[derive(Serialize, ToSchema)]
struct Workflows {
    workflows: Vec<Workflow>,
}

/// How a start is to be answered.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Patience {
    /// Waits so long for the end of the run, such as `30s`; without it the answer comes as soon as the run is accepted.
    #[param(example = "30s")]
    wait: Option<String>,
}

/// A run that was started.
#[derive(Serialize, ToSchema)]
struct Started {
    id: Arc<str>,
    #[schema(value_type = String)]
    status: Status,
    /// Its output, if it has completed while it was waited for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    output: Option<Json>,
    /// Its error, if it has failed while it was waited for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    error: Option<Json>,
}

pub(super) fn routes() -> OpenApiRouter<Server> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(show)).routes(routes!(start))
}

/// All workflows.
#[utoipa::path(get, path = "/v1/workflows", responses((status = 200, body = Workflows)))]
async fn list(State(server): State<Server>, caller: Caller) -> Result<Response, Problem> {
    caller.may(Role::Viewer)?;
    let package = server.engine().package();
    let plans = package.plans.values().filter(|plan| caller.sees(&plan.name));
    Ok(server.json(StatusCode::OK, &Workflows { workflows: plans.map(|plan| Workflow::of(plan)).collect() }))
}

/// One workflow: what it takes, what it gives, what starts it.
#[utoipa::path(
    get, path = "/v1/workflows/{name}", params(("name" = String, Path, description = "The workflow")),
    responses((status = 200, body = Workflow), (status = 404, body = Problem, content_type = "application/problem+json"))
)]
async fn show(State(server): State<Server>, caller: Caller, Path(name): Path<String>) -> Result<Response, Problem> {
    caller.may_with(Role::Viewer, &name)?;
    Ok(server.json(StatusCode::OK, &Workflow::of(&*plan(&server, &name)?)))
}

/// Starts a run. The body is its input. The same `Idempotency-Key` gives the same run, however often it is sent.
#[utoipa::path(
    post, path = "/v1/workflows/{name}/runs",
    params(
        ("name" = String, Path, description = "The workflow"),
        ("Idempotency-Key" = Option<String>, Header, description = "Names the start, so that it can be sent again"),
        Patience,
    ),
    request_body = Option<Object>,
    responses(
        (status = 201, body = Started, description = "The run is on disk", headers(("Location" = String))),
        (status = 404, body = Problem, content_type = "application/problem+json", description = "No such workflow"),
        (status = 422, body = Problem, content_type = "application/problem+json", description = "The input does not fit"),
    )
)]
async fn start(
    State(server): State<Server>,
    caller: Caller,
    Path(name): Path<String>,
    Asked(Patience { wait }): Asked<Patience>,
    headers: HeaderMap,
    Sent(input): Sent,
) -> Result<Response, Problem> {
    caller.may_with(Role::Operator, &name)?;
    plan(&server, &name)?;
    let wait = wait.map(|wait| patience(&wait)).transpose()?;
    let running = match key(&headers)? {
        Some(key) => server.engine().start_once(&name, key, &input).await?,
        None => server.engine().start(&name, &input).await?,
    };
    let id = running.id().clone();
    let started = match wait {
        Some(wait) => ended(&server, running, wait).await?,
        None => accepted(&server, running).await?,
    };
    Ok(server.created(&id, &started))
}

/// The workflow of this name.
fn plan(server: &Server, name: &str) -> Result<Arc<Plan>, Problem> {
    let plans = &server.engine().package().plans;
    plans.get(name).cloned().ok_or_else(|| {
        let near = nearest(name, plans.keys().map(AsRef::as_ref));
        let near = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
        Problem::not_found(format!("there is no workflow `{name}`{near}"))
    })
}

/// The key that names what is asked for, if it has one.
pub(super) fn key(headers: &HeaderMap) -> Result<Option<&str>, Problem> {
    let Some(key) = headers.get(KEY) else { return Ok(None) };
    match key.to_str() {
        Ok(key) if !key.is_empty() && key.len() <= KEY_BYTES_MAX => Ok(Some(key)),
        _ => Err(Problem::bad_request(format!("`Idempotency-Key` must be 1 to {KEY_BYTES_MAX} visible characters"))),
    }
}

fn patience(wait: &str) -> Result<Duration, Problem> {
    let wait: Duration = wait.parse().map_err(|wrong| Problem::bad_request(format!("`wait`: {wrong}")))?;
    let most = Duration::seconds(HTTP_WAIT_SECONDS_MAX);
    if wait > most {
        return Err(Problem::bad_request(format!("`wait` may be {most} at most; ask for the run again after that")));
    }
    Ok(wait)
}

/// A run that is not waited for.
async fn accepted(server: &Server, running: Running) -> Result<Started, Problem> {
    let id = running.id().clone();
    let standing = if running.was_joined() { server.engine().standing(&id).await? } else { None };
    let status = standing.map_or_else(|| running.so_far(), |standing| standing.status);
    Ok(Started { id: id.0, status, output: None, error: None })
}

/// A run that is waited for, until it rests, patience ends, or the server stops.
async fn ended(server: &Server, running: Running, wait: Duration) -> Result<Started, Problem> {
    let id = running.id().clone();
    let summary = tokio::select! {
        summary = running.end() => Some(summary),
        () = tokio::time::sleep(wait.to_std()) => None,
        () = server.stopping().cancelled() => None,
    };
    Ok(match summary {
        Some(summary) => Started {
            id: id.0,
            status: summary.status,
            output: (summary.status == Status::Completed).then(|| summary.output.to_json()),
            error: summary.error.map(|error| error.without_absent().to_json()),
        },
        None => {
            let standing = server.engine().standing(&id).await?;
            let status = standing.map_or(Status::Queued, |standing| standing.status);
            Started { id: id.0, status, output: None, error: None }
        }
    })
}
