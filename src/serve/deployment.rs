//! Which version of the programs runs, and deploying what stands in the directory of the server now.

use std::path::Path;
use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::body::Sent;
use super::caller::{Caller, Role};
use super::problem::Problem;
use super::server::Server;
use crate::base::report;
use crate::base::time::Timestamp;
use crate::host;
use crate::host::site::{Refused, Undeployed};

/// Which version runs.
#[derive(Serialize, ToSchema)]
struct Version {
    /// Where its programs come from; `null` if they were given.
    directory: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    since: Timestamp,
    /// By whose word.
    by: Arc<str>,
    /// What its deployment meant for the runs that were under way; `null` for the one the process began with.
    #[schema(value_type = Option<Object>)]
    deployment: Option<Arc<host::Deployment>>,
    /// What stands in the directory, if it cannot run: `{ "at", "text", "diagnostics" }`.
    #[schema(value_type = Option<Object>)]
    refused: Option<Json>,
}

/// What is to be deployed.
#[derive(Deserialize, Default, ToSchema)]
#[serde(deny_unknown_fields, default)]
struct Deploy {
    /// Whether only to say what it would mean.
    dry_run: bool,
    /// The directory that the caller means; another one than the server's is refused.
    directory: Option<String>,
}

/// What it means for the runs that are under way.
#[derive(Serialize, ToSchema)]
struct Deployment {
    /// `{ "workflow", "groups": [{ "verdict", "runs", ... }] }` for each workflow of which runs are under way on another plan.
    #[schema(value_type = Vec<Object>)]
    workflows: Vec<host::Deployed>,
}

pub(super) fn routes() -> OpenApiRouter<Server> {
    OpenApiRouter::new().routes(routes!(show)).routes(routes!(deploy))
}

/// Which version runs, what its deployment meant, and why what stands in the directory does not run, if it does not.
#[utoipa::path(get, path = "/v1/deployment", responses((status = 200, body = Version)))]
async fn show(State(server): State<Server>, caller: Caller) -> Result<Response, Problem> {
    caller.may_with_all(Role::Viewer)?;
    let host::site::Version { since, by, deployment, refused } = server.site().version();
    let directory = server.site().directory().map(|directory| directory.display().to_string());
    let refused = refused.as_deref().map(shown);
    Ok(server.json(StatusCode::OK, &Version { directory, since, by, deployment, refused }))
}

/// Deploys what stands in the directory of the server now: new runs are runs of it, and runs under way go on under it where
/// they may. Where it cannot run, nothing changes. The answer says what it means for the runs under way.
#[utoipa::path(
    post, path = "/v1/deployment", request_body = Option<Deploy>,
    responses(
        (status = 200, body = Deployment),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "There is no such directory"),
        (status = 422, body = Problem, content_type = "application/problem+json", description = "The programs cannot run"),
    )
)]
async fn deploy(State(server): State<Server>, caller: Caller, sent: Sent) -> Result<Response, Problem> {
    caller.may_with_all(Role::Admin)?;
    let Deploy { dry_run, directory } = sent.read()?;
    if let Some(directory) = directory {
        is_ours(&server, &directory)?;
    }
    let done = match dry_run {
        true => server.site().preview().await?,
        false => server.site().deploy(&caller.name).await?.as_ref().clone(),
    };
    Ok(server.json(StatusCode::OK, &Deployment { workflows: done.workflows }))
}

/// Whether the caller means the directory of this server.
fn is_ours(server: &Server, meant: &str) -> Result<(), Problem> {
    match server.site().directory() {
        Some(own) if own != Path::new(meant) => {
            let own = own.display();
            Err(Problem::conflict(format!("this server runs the programs of `{own}`, not those of `{meant}`")))
        }
        _ => Ok(()),
    }
}

/// `{ "at", "text", "diagnostics" }`
fn shown(refused: &Refused) -> Json {
    let diagnostics = refused.error.faults().map(|it| report::to_json(&it.diagnostics, &it.sources));
    serde_json::json!({
        "at": refused.at,
        "text": refused.error.to_string(),
        "diagnostics": diagnostics.unwrap_or_else(|| Json::Array(Vec::new())),
    })
}

impl From<Undeployed> for Problem {
    fn from(error: Undeployed) -> Self {
        match error {
            Undeployed::NoDirectory => Self::conflict(error.to_string()),
            Undeployed::Unfit(error) => {
                Self::misfit(format!("the programs cannot run, and the version that runs goes on\n{error}"), Vec::new())
            }
            Undeployed::Broken(broken) => broken.into(),
        }
    }
}
