//! `GET /metrics`: how the server works, for Prometheus. How many runs there are and how they stand is read from the store; what
//! this process has done is counted as it is written down.

use std::fmt;
use std::sync::atomic::AtomicU64;
use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::caller::{Caller, Role};
use super::problem::Problem;
use super::server::Server;
use crate::connect::traffic;
use crate::run::driver::Figures;
use crate::run::journal::{Count, Progress};
use crate::trigger::Asks;

/// How long things took together.
type Seconds = Counter<f64, AtomicU64>;

/// The labels of one figure.
type Labels = Vec<(&'static str, String)>;

/// How the times of requests are grouped, in seconds.
const SECONDS: [f64; 9] = [0.001, 0.0025, 0.01, 0.025, 0.1, 0.25, 1.0, 10.0, 60.0];

/// What the text is.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The requests answered so far.
#[derive(Clone)]
pub(super) struct Requests {
    answered: Family<Labels, Counter>,
    seconds: Histogram,
}

impl Default for Requests {
    fn default() -> Self {
        Self { answered: Family::default(), seconds: Histogram::new(SECONDS) }
    }
}

impl fmt::Debug for Requests {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Requests")
    }
}

/// Counts requests by method, route and status.
pub(super) async fn count(State(server): State<Server>, request: Request, next: Next) -> Response {
    let begun = Instant::now();
    let method = request.method().to_string();
    // Paths themselves would be as many as there are runs.
    let route = request.extensions().get::<MatchedPath>().map_or("none", MatchedPath::as_str).to_owned();
    let response = next.run(request).await;
    let labels = vec![("method", method), ("route", route), ("status", response.status().as_u16().to_string())];
    let Requests { answered, seconds } = server.requests();
    answered.get_or_create(&labels).inc();
    seconds.observe(begun.elapsed().as_secs_f64());
    response
}

pub(super) fn routes() -> OpenApiRouter<Server> {
    OpenApiRouter::new().routes(routes!(metrics))
}

/// How the server works, for Prometheus; of runs, those of the workflows that the token is for.
#[utoipa::path(
    get, path = "/metrics",
    responses((status = 200, description = "OpenMetrics", content_type = "application/openmetrics-text", body = String))
)]
async fn metrics(State(server): State<Server>, caller: Caller) -> Result<Response, Problem> {
    caller.may(Role::Viewer)?;
    let engine = server.engine();
    let mut registry = Registry::with_prefix("flow");
    stand(&mut registry, &caller, &engine.counts().await?);
    work(&mut registry, &caller, &engine.figures());
    write(&mut registry, &engine.progress());
    polls(&mut registry, &server.triggers().map(|triggers| triggers.asks()).unwrap_or_default());
    traffic(&mut registry, &engine.traffic());
    let Requests { answered, seconds } = server.requests().clone();
    registry.register("http_requests", "Requests that were answered", answered);
    registry.register("http_request_seconds", "How long answers took", seconds);
    let mut text = String::new();
    encode(&mut text, &registry).map_err(|error| Problem::unavailable(format!("no figures can be given: {error}")))?;
    Ok(([(CONTENT_TYPE, OPEN_METRICS)], text).into_response())
}

/// How runs stand, as the store says.
fn stand(registry: &mut Registry, caller: &Caller, counts: &[Count]) {
    let runs = Family::<Labels, Gauge>::default();
    for Count { workflow, status, runs: count } in counts.iter().filter(|count| caller.sees(&count.workflow)) {
        let labels = vec![("workflow", workflow.to_string()), ("status", status.word().to_owned())];
        runs.get_or_create(&labels).set(count.cast_signed());
    }
    registry.register("runs", "Runs that are kept, by workflow and status", runs);
}

/// What this process has done.
fn work(registry: &mut Registry, caller: &Caller, figures: &Figures) {
    let (started, ended) = (Family::<Labels, Counter>::default(), Family::<Labels, Counter>::default());
    for (workflow, count) in figures.started.iter().filter(|(workflow, ..)| caller.sees(workflow)) {
        started.get_or_create(&vec![("workflow", workflow.to_string())]).inc_by(*count);
    }
    for (workflow, status, count) in figures.ended.iter().filter(|(workflow, ..)| caller.sees(workflow)) {
        let labels = vec![("workflow", workflow.to_string()), ("status", status.word().to_owned())];
        ended.get_or_create(&labels).inc_by(*count);
    }
    let by_outcome = |counts: &[(&'static str, u64)]| {
        let family = Family::<Labels, Counter>::default();
        for (outcome, count) in counts {
            family.get_or_create(&vec![("outcome", (*outcome).to_owned())]).inc_by(*count);
        }
        family
    };
    registry.register("runs_started", "Runs that this process accepted", started);
    registry.register("runs_ended", "Runs that came to rest in this process", ended);
    registry.register("steps", "Steps that ended in this process", by_outcome(&figures.steps));
    registry.register("attempts", "Attempts that were answered in this process", by_outcome(&figures.attempts));
    registry.register("runs_live", "Runs in memory", gauge(figures.live));
    registry.register("journal_batches", "Batches that this process appended", counter(figures.batches));
    registry.register("journal_records", "Records that this process appended", counter(figures.records));
}

/// How calls of connectors go.
fn traffic(registry: &mut Registry, figures: &traffic::Figures) {
    let (calls, mut times) = (Family::<Labels, Counter>::default(), Vec::new());
    for (operation, went) in &figures.calls {
        let (connector, operation) = operation.rsplit_once('.').unwrap_or_default();
        let labels = vec![("connector", connector.to_owned()), ("operation", operation.to_owned())];
        for (outcome, count) in &went.ended {
            let outcome = ("outcome", (*outcome).to_owned());
            calls.get_or_create(&labels.iter().cloned().chain([outcome]).collect()).inc_by(*count);
        }
        times.push((labels, went.took));
    }
    let (waiting, held) = (Family::<Labels, Gauge>::default(), Family::<Labels, Gauge<f64, AtomicU64>>::default());
    for (name, count, pause) in &figures.lanes {
        let labels = vec![("pace", name.to_string())];
        waiting.get_or_create(&labels).set(count.cast_signed());
        held.get_or_create(&labels).set(pause.as_secs_f64());
    }
    let open = Family::<Labels, Gauge>::default();
    for (name, is_open) in &figures.circuits {
        open.get_or_create(&vec![("far_side", name.to_string())]).set((*is_open).into());
    }
    registry.register("calls", "Attempts of operations that ended, by how", calls);
    registry.register_collector(Box::new(Times(times)));
    registry.register("calls_waiting", "Calls that wait for their turn, by what has a pace", waiting);
    registry.register("calls_held_seconds", "For how long the far side wants no calls", held);
    registry.register("circuit_open", "1 if a far side failed so often that it is left alone", open);
}

/// How long calls took, by operation.
#[derive(Debug)]
struct Times(Vec<(Labels, traffic::Spread)>);

impl Collector for Times {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let help = "How long attempts of operations took, waiting included";
        let mut all = encoder.encode_descriptor("call_seconds", help, None, MetricType::Histogram)?;
        for (labels, took) in &self.0 {
            let groups: Vec<(f64, u64)> = took.groups().collect();
            let mut one = all.encode_family(labels)?;
            one.encode_histogram::<Labels>(took.time.as_secs_f64(), took.count(), &groups, None)?;
        }
        Ok(())
    }
}

/// How asking goes, of triggers that ask.
fn polls(registry: &mut Registry, asks: &[Asks]) {
    let (failing, items) = (Family::<Labels, Gauge>::default(), Family::<Labels, Counter>::default());
    for one in asks {
        let labels = vec![("trigger", one.source.to_string())];
        let count = i64::from(one.standing.failing.is_some());
        failing.get_or_create(&labels).inc_by(count);
        items.get_or_create(&labels).inc_by(one.standing.items);
    }
    registry.register("polls_failing", "Triggers that ask and are not answered", failing);
    registry.register("polled_items", "Items that were new to triggers that ask", items);
}

/// How writing goes.
fn write(registry: &mut Registry, progress: &Progress) {
    let seconds = Seconds::default();
    seconds.inc_by(progress.syncing.as_secs_f64());
    registry.register("journal_syncs", "How often the disk was waited for", counter(progress.syncs));
    registry.register("journal_sync_seconds", "How long the disk was waited for", seconds);
    let queue = progress.taken.0.saturating_sub(progress.written.0);
    registry.register("journal_queue", "What was appended and is not on disk yet", gauge(queue));
    registry.register("journal_stuck", "1 if nothing can be written now", gauge(progress.trouble.is_some().into()));
}

fn counter(value: u64) -> Counter {
    let counter = Counter::default();
    counter.inc_by(value);
    counter
}

fn gauge(value: u64) -> Gauge {
    let gauge = Gauge::default();
    gauge.set(value.cast_signed());
    gauge
}
