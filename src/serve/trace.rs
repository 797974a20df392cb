//! Each run as a trace: told to an OpenTelemetry collector when the run rests, with the times that its journal has.
//!
//! Nothing is kept for this while runs are under way, so one that is cut off by a crash is told whole when it ends. A collector
//! that does not answer costs its traces, and nobody else anything.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::SystemTime;

use opentelemetry::trace::{SpanContext, SpanId, SpanKind, Status as SpanStatus, TraceFlags, TraceId, TraceState};
use opentelemetry::{InstrumentationScope, KeyValue};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{SpanData, SpanEvents, SpanExporter as _, SpanLinks};
use tokio::sync::broadcast::error::RecvError;

use crate::base::failure::Failure;
use crate::base::id::{Digest, RunId};
use crate::base::status::Status;
use crate::base::time::Timestamp;
use crate::host::Engine;
use crate::run::journal::{Broken, Standing};
use crate::run::timeline::Step;

/// Where a collector takes traces, below its address.
const PATH: &str = "/v1/traces";

/// How many spans are sent at once.
const SPANS_AT_ONCE: usize = 512;

/// Tells a collector of every run that rests.
#[derive(Debug)]
pub struct Traces {
    exporter: SpanExporter,
}

impl Traces {
    /// For the collector at this address, such as `http://127.0.0.1:4318`.
    ///
    /// # Errors
    /// If the address is none.
    pub fn to(address: &str) -> Result<Self, String> {
        // Fails only where a provider is installed already, which serves as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let base = address.trim_end_matches('/');
        let endpoint = if base.ends_with(PATH) { base.to_owned() } else { format!("{base}{PATH}") };
        let builder = SpanExporter::builder().with_http().with_protocol(Protocol::HttpJson).with_endpoint(endpoint);
        let mut exporter = builder.build().map_err(|error| error.to_string())?;
        exporter.set_resource(&Resource::builder().with_service_name("flow").build());
        Ok(Self { exporter })
    }

    /// Tells of the runs of `engine`, from now on.
    pub async fn follow(self, engine: Engine) {
        let mut rested = engine.rested();
        loop {
            match rested.recv().await {
                Ok(run) => {
                    if let Err(reason) = self.tell(&engine, &run).await {
                        tracing::warn!(run = %run, "its trace could not be told: {reason}");
                    }
                }
                Err(RecvError::Lagged(missed)) => {
                    tracing::warn!("the traces of {missed} runs could not be told in time")
                }
                Err(RecvError::Closed) => return,
            }
        }
    }

    async fn tell(&self, engine: &Engine, run: &RunId) -> Result<(), String> {
        let broken = |broken: Broken| broken.to_string();
        let Some(standing) = engine.standing(run).await.map_err(broken)? else { return Ok(()) };
        let steps = engine.steps(run).await.map_err(broken)?;
        let mut spans = spans(&standing, &steps).into_iter().peekable();
        while spans.peek().is_some() {
            let some = spans.by_ref().take(SPANS_AT_ONCE).collect();
            self.exporter.export(some).await.map_err(|error| error.to_string())?;
        }
        Ok(())
    }
}

/// The spans of a run: itself, its steps, their attempts.
fn spans(standing: &Standing, steps: &[Step]) -> Vec<SpanData> {
    let trace = TraceId::from_bytes(Digest::of(standing.run.0.as_bytes()).0);
    let end = standing.rested_at.unwrap_or(standing.accepted_at);
    let drawing = Drawing { trace, end };
    let root = span_id(&standing.run.0);
    let failure = (standing.status == Status::Failed).then(|| standing.error.as_deref().unwrap_or("failed"));
    let mut run = drawing.span(root, SpanId::INVALID, standing.workflow.to_string(), standing.accepted_at, Some(end));
    run.status = failure.map_or(SpanStatus::Ok, |kind| SpanStatus::error(kind.to_owned()));
    run.attributes = vec![
        KeyValue::new("flow.run", standing.run.to_string()),
        KeyValue::new("flow.workflow", standing.workflow.to_string()),
        KeyValue::new("flow.status", standing.status.word()),
    ];
    let mut spans = vec![run];
    // The ids of places: of one that was decided anew, the last.
    let mut places: BTreeMap<&str, SpanId> = BTreeMap::new();
    for (number, step) in steps.iter().enumerate() {
        let own = span_id(&format!("{}/{number}", standing.run));
        let above = step.parent.as_deref().and_then(|parent| places.get(parent)).copied().unwrap_or(root);
        places.insert(&step.place, own);
        let mut span = drawing.span(own, above, step.place.clone(), step.opened_at, step.ended_at);
        span.attributes = vec![
            KeyValue::new("flow.place", step.place.clone()),
            KeyValue::new("flow.does", step.does.to_string()),
            KeyValue::new("flow.status", step.status),
        ];
        span.status = status(step.failure.as_deref());
        spans.push(span);
        for attempt in &step.attempts {
            let id = span_id(&format!("{}/{number}/{}", standing.run, attempt.number));
            let mut span = drawing.span(id, own, step.does.to_string(), attempt.began_at, attempt.ended_at);
            span.span_kind = SpanKind::Client;
            span.attributes = vec![KeyValue::new("flow.attempt", i64::from(attempt.number))];
            span.status = status(attempt.failure.as_deref());
            spans.push(span);
        }
    }
    spans
}

/// What all spans of a trace have in common.
struct Drawing {
    trace: TraceId,
    /// When what has no end of its own ends.
    end: Timestamp,
}

impl Drawing {
    fn span(&self, id: SpanId, above: SpanId, name: String, from: Timestamp, to: Option<Timestamp>) -> SpanData {
        SpanData {
            span_context: SpanContext::new(self.trace, id, TraceFlags::SAMPLED, false, TraceState::NONE),
            parent_span_id: above,
            parent_span_is_remote: false,
            span_kind: SpanKind::Internal,
            name: Cow::Owned(name),
            start_time: SystemTime::from(from),
            end_time: SystemTime::from(to.unwrap_or(self.end)),
            attributes: Vec::new(),
            dropped_attributes_count: 0,
            events: SpanEvents::default(),
            links: SpanLinks::default(),
            status: SpanStatus::Unset,
            instrumentation_scope: InstrumentationScope::builder("orchestra_flow").build(),
        }
    }
}

fn status(failure: Option<&Failure>) -> SpanStatus {
    failure.map_or(SpanStatus::Ok, |failure| SpanStatus::error(failure.to_string()))
}

/// The id of a span: always the same one for the same part of the same run.
fn span_id(name: &str) -> SpanId {
    let mut short = [0; 8];
    short.copy_from_slice(&Digest::of(name.as_bytes()).0[..8]);
    SpanId::from_bytes(short)
}
