//! Errors: `Fail`, `Retry`, `Catch`.

use indexmap::IndexMap;
use serde_json::Value as Json;

use super::document::Document;
use super::fork::Arm;
use super::graph::Graph;
use super::jsonata::{self, Seen};
use super::machine::{Machine, Query};
use crate::lang::check::reserved::{CLAUSES, SCOPES};
use crate::lang::foreign::retry::{ATTEMPTS_MAX, schedule};
use crate::lang::foreign::term::Term;
use crate::lang::foreign::time;
use crate::lang::openapi::naming;
use crate::lang::script::word::{KEYWORDS, RESERVED};

/// By what pauses grow at most.
const RATE_MAX: f64 = 1_000.0;
/// What `States.TaskFailed` stands for, of all errors.
const NO_TIMEOUT: &str = "error.type != \"timeout\"";

/// What errors are called here.
pub enum Errors {
    /// All of them.
    All,
    /// All but `timeout`.
    Failed,
    /// These.
    Of(Vec<String>),
}

impl Errors {
    /// What `ErrorEquals` names.
    fn of(list: &Json) -> Self {
        let names: Vec<&str> = list.as_array().into_iter().flatten().filter_map(Json::as_str).collect();
        if names.contains(&"States.ALL") || names.contains(&"States.TaskFailed") && names.contains(&"States.Timeout") {
            return Self::All;
        }
        if names.contains(&"States.TaskFailed") {
            return Self::Failed;
        }
        let mut kinds: Vec<String> = Vec::new();
        for kind in names.iter().map(|name| kind(name)) {
            if !kinds.contains(&kind) {
                kinds.push(kind);
            }
        }
        if kinds.is_empty() { Self::All } else { Self::Of(kinds) }
    }

    /// As a handler names them.
    fn listed(&self) -> String {
        match self {
            Self::All | Self::Failed => "error".to_owned(),
            Self::Of(kinds) => kinds.join(" | "),
        }
    }
}

/// The type of an error by its name there.
pub fn kind(name: &str) -> String {
    let known = match name {
        "States.ALL" | "States.TaskFailed" => "error",
        "States.Timeout" | "States.HeartbeatTimeout" => "timeout",
        "States.Permissions" => "permission_denied",
        "States.NoChoiceMatched" => "no_choice_matched",
        "States.DataLimitExceeded" | "States.ExceedToleratedFailureThreshold" => "limit_exceeded",
        "States.Runtime"
        | "States.ParameterPathFailure"
        | "States.ResultPathMatchFailure"
        | "States.IntrinsicFailure"
        | "States.QueryEvaluationError" => "script_error",
        "Lambda.TooManyRequestsException" => "rate_limited",
        "Lambda.ServiceException" | "Lambda.AWSLambdaException" | "Lambda.Unknown" => "server_error",
        "Lambda.SdkClientException" | "Lambda.ClientExecutionTimeoutException" => "connection_error",
        "States.Http.Socket" => "connection_error",
        http if http.starts_with("States.Http.StatusCode.") => match &http["States.Http.StatusCode.".len()..] {
            "401" => "auth_error",
            "403" => "permission_denied",
            "404" | "410" => "not_found",
            "408" => "timeout",
            "409" | "412" | "423" => "conflict",
            "429" => "rate_limited",
            status if status.starts_with('5') => "server_error",
            _ => "validation_error",
        },
        _ => "",
    };
    if !known.is_empty() {
        return known.to_owned();
    }
    let is_word = name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    let is_kept = [&CLAUSES[..], &SCOPES, &KEYWORDS, &RESERVED].iter().any(|words| words.contains(&name));
    if is_word && !is_kept {
        return name.to_owned();
    }
    let plain = naming::parameter(&name.replace("States.", ""));
    let is_kept = CLAUSES.contains(&plain.as_str()) || SCOPES.contains(&plain.as_str());
    if is_kept { format!("{plain}_error") } else { plain }
}

/// Whether a type is one of the language's own.
pub fn is_own(kind: &str) -> bool {
    matches!(
        kind,
        "error"
            | "connection_error"
            | "timeout"
            | "rate_limited"
            | "auth_error"
            | "permission_denied"
            | "not_found"
            | "conflict"
            | "validation_error"
            | "server_error"
            | "outcome_unknown"
            | "limit_exceeded"
            | "script_error"
            | "cancelled"
    )
}

impl Machine<'_> {
    /// Writes a `Fail`.
    pub fn fail(&mut self, state: &Json, document: &Document) {
        let computed = |machine: &mut Self, field: &str| {
            if machine.speaks == Query::Jsonata {
                let expression = &state[field.trim_end_matches("Path")];
                expression.as_str().and_then(jsonata::inside)?;
                return Some(machine.evaluated(expression, &Seen::of(document)).term(&mut machine.reads));
            }
            let path = state[field].as_str()?;
            Some(machine.read(path, document).term(&mut machine.reads))
        };
        let cause = computed(self, "CausePath").or_else(|| state["Cause"].as_str().map(Term::text));
        if let Some(error) = computed(self, "ErrorPath") {
            self.settle();
            let message = cause.unwrap_or_else(|| Term::text(""));
            let own = self.draft.name(&self.state.clone());
            let raised = Term::Object(vec![("type".to_owned(), error), ("message".to_owned(), message)]);
            self.draft.line(&format!("step {own} = script {{ throw {} }}", raised.expression()));
            return;
        }
        self.settle();
        let kind = match kind(state["Error"].as_str().unwrap_or("failed")) {
            all if all == "error" => "failed".to_owned(),
            kind => kind,
        };
        match cause {
            Some(cause) => self.draft.line(&format!("fail {kind} {}", cause.expression())),
            None => self.draft.line(&format!("fail {kind}")),
        }
    }

    /// The clauses of a step for what is said under `Retry` and `Catch`.
    pub fn handlers(&mut self, state: &Json) -> Vec<String> {
        let mut clauses = Vec::new();
        let mut before: Vec<String> = Vec::new();
        for retrier in state["Retry"].as_array().into_iter().flatten() {
            let errors = Errors::of(&retrier["ErrorEquals"]);
            clauses.extend(self.retry(retrier, &errors, &before));
            if let Errors::Of(kinds) = errors {
                before.extend(kinds);
            }
        }
        for catcher in state["Catch"].as_array().into_iter().flatten() {
            let errors = Errors::of(&catcher["ErrorEquals"]);
            let guard = if matches!(errors, Errors::Failed) { format!(" when {NO_TIMEOUT}") } else { String::new() };
            clauses.push(format!("on {} skip{guard}", errors.listed()));
        }
        clauses
    }

    /// One retrier; an earlier one has taken some types for itself.
    fn retry(&mut self, retrier: &Json, errors: &Errors, before: &[String]) -> Vec<String> {
        let times = retrier["MaxAttempts"].as_u64().unwrap_or(3).min(ATTEMPTS_MAX);
        let interval = retrier["IntervalSeconds"].as_u64().unwrap_or(1).clamp(1, time::LONGEST);
        let rate = retrier["BackoffRate"].as_f64().unwrap_or(2.0).clamp(1.0, RATE_MAX);
        // What may have happened is tried again there, too.
        let listed = match errors {
            Errors::All | Errors::Failed => "error | outcome_unknown".to_owned(),
            Errors::Of(kinds)
                if kinds.iter().any(|kind| matches!(&**kind, "timeout" | "server_error" | "connection_error")) =>
            {
                format!("{} | outcome_unknown", kinds.join(" | "))
            }
            Errors::Of(kinds) => kinds.join(" | "),
        };
        let mut holds: Vec<String> = Vec::new();
        if !before.is_empty() && !matches!(errors, Errors::Of(_)) {
            let kinds: Vec<String> = before.iter().map(|kind| format!("{kind:?}")).collect();
            holds.push(format!("!(error.type in [{}])", kinds.join(", ")));
        }
        if matches!(errors, Errors::Failed) {
            holds.push(NO_TIMEOUT.to_owned());
        }
        let guard = if holds.is_empty() { String::new() } else { format!(" when {}", holds.join(" && ")) };
        let pause = if times == 0 || (rate - 1.0).abs() < 1e-9 {
            format!("every {}", time::seconds(interval))
        } else {
            if times > 1 && (rate - 2.0).abs() > 1e-9 {
                let most = retrier["MaxDelaySeconds"].as_u64().map_or(time::LONGEST, |most| most.min(time::LONGEST));
                // To the tenth of a second, as far as anybody notices.
                let pause = |at: i32| ((interval as f64 * rate.powi(at)).min(most as f64) * 10.0).round() as u64 * 100;
                let pauses: Vec<u64> = (0..times.min(1_000) as i32).map(pause).collect();
                if let Some(pauses) = schedule(&pauses) {
                    let handler = |(times, pause)| {
                        format!("on {listed} retry {times} times every {}{guard}", time::milliseconds(pause))
                    };
                    return pauses.into_iter().map(handler).collect();
                }
                self.later(format!(
                    "each pause between attempts was {rate} times as long as the one before; here they double: where that matters, \
                     write several handlers, each `retry 1 times` with a pause of its own"
                ));
            }
            let grown = (interval as f64) * rate.powf((times.min(60) as f64) - 1.0);
            let most = retrier["MaxDelaySeconds"].as_u64().map_or(grown, |most| grown.min(most as f64));
            let most = (most.min(31_622_400.0).ceil() as u64).max(interval);
            format!("backoff {} to {}", time::seconds(interval), time::seconds(most))
        };
        vec![format!("on {listed} retry {times} times {pause}{guard}")]
    }

    /// The ways behind a step that may fail: one for each catcher.
    pub fn caught(&mut self, graph: &Graph<'_>, state: &Json, step: &str, document: &Document) -> Vec<Arm> {
        let mut arms = Vec::new();
        for catcher in state["Catch"].as_array().into_iter().flatten() {
            let error = format!("steps.{step}.error");
            let when = match Errors::of(&catcher["ErrorEquals"]) {
                Errors::All => format!("{error} != ()"),
                Errors::Failed => format!("{error} != () && {error}?.type != \"timeout\""),
                Errors::Of(kinds) => {
                    let kinds: Vec<String> = kinds.iter().map(|kind| format!("{kind:?}")).collect();
                    match kinds.as_slice() {
                        [only] => format!("{error}?.type == {only}"),
                        _ => format!("{error}?.type in [{}]", kinds.join(", ")),
                    }
                }
            };
            let caught = IndexMap::from([
                ("Error".to_owned(), Document::Path(format!("{error}?.type"))),
                ("Cause".to_owned(), Document::Path(format!("{error}?.message"))),
            ]);
            let caught = Document::Made(None, caught);
            let seen = Seen { error: Some(caught.clone()), ..Seen::of(document) };
            let document = match (self.speaks, catcher.get("Output")) {
                (Query::Jsonata, Some(output)) => self.evaluated(output, &seen),
                (Query::Jsonata, None) => caught,
                (Query::Path, _) => self.put(catcher.get("ResultPath"), document, caught),
            };
            let place = self.draft.place();
            self.draft.deeper(true);
            self.assign(catcher, &seen);
            self.draft.deeper(false);
            let first = self.draft.cut(place);
            arms.push(Arm { when: Some(when), to: graph.next(catcher), document, first });
        }
        arms
    }
}
