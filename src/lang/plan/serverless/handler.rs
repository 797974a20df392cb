//! Errors, and what is done about them.

use serde_json::{Map, Value as Json, json};

use super::writer::Writer;
use crate::base::failure::Kind;
use crate::base::value::Value;
use crate::lang::plan::Formula;
use crate::lang::plan::handler::{Handler, HandlerAction, HandlerId, Pause, Types};
use crate::lang::plan::written;

/// Where the types of errors of the language itself are.
const ERRORS: &str = "https://serverlessworkflow.io/spec/1.0.0/errors";

/// What of all errors of communication passes by itself.
const PASSES: &str = "($error.status // 503) >= 500 or $error.status == 429";

impl Writer<'_> {
    /// Tasks with handlers around them: each is a `try` around all before.
    pub fn handled(&mut self, name: &str, tasks: Vec<Json>, handlers: &[HandlerId]) -> Vec<Json> {
        let plan = self.plan;
        let mut tasks = tasks;
        for id in handlers {
            let Some(handler) = plan.handlers.get(id.0 as usize) else { continue };
            if tasks.is_empty() {
                return tasks;
            }
            let Some(catch) = self.catch(handler) else {
                self.later(format!("`{}` is left out", written::handler(handler, plan)));
                std::mem::take(&mut self.pending).iter().for_each(|text| self.note(name, text));
                continue;
            };
            let task = Map::from_iter([("try".to_owned(), Json::Array(tasks)), ("catch".to_owned(), catch)]);
            tasks = vec![self.finished(name, task)];
        }
        tasks
    }

    fn catch(&mut self, handler: &Handler) -> Option<Json> {
        let mut catch = Map::new();
        if let Some(with) = self.filter(&handler.types) {
            catch.insert("errors".to_owned(), json!({ "with": with }));
        }
        let mut holds: Vec<String> = Vec::new();
        holds.extend(one_of(&handler.types));
        if let Some(guard) = &handler.guard {
            match self.jq(guard) {
                Some(jq) => holds.push(jq),
                None => self.later(format!("jq has no equal of the condition: {}", guard.source.trim())),
            }
        }
        match holds.as_slice() {
            [] => {}
            [one] => drop(catch.insert("when".to_owned(), format!("${{ {one} }}").into())),
            several => {
                let all: Vec<String> = several.iter().map(|one| format!("({one})")).collect();
                catch.insert("when".to_owned(), format!("${{ {} }}", all.join(" and ")).into());
            }
        }
        match &handler.action {
            HandlerAction::Retry { times, pause } => {
                let mut retry = Map::new();
                match pause {
                    Pause::Every(every) => {
                        let every = self.time(every);
                        retry.insert("delay".to_owned(), every);
                    }
                    Pause::Backoff { from, to } => {
                        self.later(format!("its pauses grow past `{to}`, and chance does not spread them"));
                        let from = self.time(from);
                        retry.insert("delay".to_owned(), from);
                        retry.insert("backoff".to_owned(), json!({ "exponential": {} }));
                    }
                }
                match times {
                    Some(Formula::Constant(times)) => {
                        retry.insert("limit".to_owned(), json!({ "attempt": { "count": times.to_json() } }));
                    }
                    Some(computed) => self.later(format!("how often it tries again is computed: {computed}")),
                    None => {}
                }
                catch.insert("retry".to_owned(), retry.into());
            }
            HandlerAction::Skip(value) => {
                let task = self.setting(value.as_ref().unwrap_or(&Formula::Constant(Value::Unit)));
                catch.insert("do".to_owned(), json!([{ "skip": task }]));
            }
            HandlerAction::Fail { kind, message } => {
                let detail = message.as_ref().map(|message| self.value(message));
                let error = match kind {
                    Some(kind) => raised(kind, detail),
                    None => self.caught(),
                };
                catch.insert("do".to_owned(), json!([{ "fail": { "raise": { "error": error } } }]));
            }
            HandlerAction::Alternate(body) => {
                let tasks = self.aside(body, "result");
                catch.insert("do".to_owned(), tasks.into());
            }
            HandlerAction::Notify(call) => {
                let pending = std::mem::take(&mut self.pending);
                let mut tasks = self.one(*call);
                self.pending = pending;
                tasks.push(json!({ "on": { "raise": { "error": self.caught() } } }));
                catch.insert("do".to_owned(), tasks.into());
            }
            HandlerAction::SkipItem if self.ends_a_turn => {
                catch.insert("do".to_owned(), json!([{ "skip": { "set": "${ . }" } }]));
            }
            HandlerAction::SkipItem | HandlerAction::Park => return None,
        }
        Some(catch.into())
    }

    /// Which errors are meant; nothing for all.
    fn filter(&self, types: &Types) -> Option<Json> {
        let kinds = match types {
            Types::None | Types::All | Types::AllAnd(_) => return None,
            Types::Some(kinds) => kinds,
        };
        if let [kind] = kinds.as_slice() {
            let error = raised(kind, None);
            let mut with = json!({ "type": error["type"] });
            if error["type"].as_str().is_some_and(|uri| uri.ends_with("/communication"))
                && *kind != Kind::ConnectionError
            {
                with["status"] = error["status"].clone();
            }
            return Some(with);
        }
        // Which of several it is, is a condition.
        (*types == Types::worth_retrying()).then(|| json!({ "type": format!("{ERRORS}/communication") }))
    }
}

/// The condition that an error is one of several.
fn one_of(types: &Types) -> Option<String> {
    let Types::Some(kinds) = types else { return None };
    if *types == Types::worth_retrying() {
        return Some(PASSES.to_owned());
    }
    let is_one = |kind: &Kind| {
        let error = raised(kind, None);
        let is_told_by_status = error["type"].as_str().is_some_and(|uri| uri.ends_with("/communication"));
        match kind {
            Kind::ConnectionError => "$error.status == null or $error.status == 503".to_owned(),
            _ if is_told_by_status => format!("$error.status == {}", error["status"]),
            _ => format!("$error.type == {}", error["type"]),
        }
    };
    (kinds.len() > 1).then(|| kinds.iter().map(is_one).collect::<Vec<_>>().join(" or "))
}

impl Writer<'_> {
    /// The error that is caught, as it is raised again.
    fn caught(&mut self) -> Json {
        self.later("an error that is passed on has the status 500 there: none that is computed is taken");
        json!({ "type": "${ $error.type }", "status": 500, "detail": "${ $error.detail }" })
    }
}

/// An error as it is raised there.
pub(super) fn raised(kind: &Kind, detail: Option<Json>) -> Json {
    let (word, status) = match kind {
        Kind::ConnectionError => ("communication", 503),
        Kind::Timeout => ("timeout", 408),
        Kind::RateLimited => ("communication", 429),
        Kind::AuthError => ("authentication", 401),
        Kind::PermissionDenied => ("authorization", 403),
        Kind::NotFound => ("communication", 404),
        Kind::Conflict => ("communication", 409),
        Kind::ValidationError => ("validation", 400),
        Kind::ServerError => ("communication", 500),
        Kind::ScriptError => ("expression", 400),
        Kind::OutcomeUnknown | Kind::LimitExceeded | Kind::Cancelled | Kind::Own(_) => {
            return error(&format!("flow://errors/{}", kind.name()), 500, kind, detail);
        }
    };
    error(&format!("{ERRORS}/{word}"), status, kind, detail)
}

fn error(uri: &str, status: u16, kind: &Kind, detail: Option<Json>) -> Json {
    let mut error = json!({ "type": uri, "status": status, "title": kind.name() });
    if let Some(detail) = detail {
        error["detail"] = detail;
    }
    error
}
