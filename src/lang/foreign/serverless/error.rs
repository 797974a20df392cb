//! `raise` and `try`: errors, and what is done about them.

use serde_json::Value as Json;

use super::author::{Author, Frame};
use super::expression::{Scope, inside};
use super::value::{Shape, Value};
use super::wait;
use super::walk::Stop;
use crate::lang::foreign::retry::{ATTEMPTS_MAX, schedule};
use crate::lang::foreign::term::Term;
use crate::lang::foreign::time;
use crate::lang::layout;
use crate::lang::openapi::naming;

/// What a failed request may be.
const COMMUNICATION: &str =
    "connection_error | server_error | rate_limited | not_found | conflict | validation_error | outcome_unknown";
/// Types that the language has itself.
const OWN: [&str; 12] = [
    "connection_error",
    "timeout",
    "rate_limited",
    "auth_error",
    "permission_denied",
    "not_found",
    "conflict",
    "validation_error",
    "server_error",
    "outcome_unknown",
    "limit_exceeded",
    "script_error",
];

/// Which errors are meant: types of ours, and what else must hold.
struct Filter {
    types: String,
    holds: Vec<String>,
}

impl Author<'_> {
    /// Writes an error that is raised.
    pub fn raise(&mut self, said: &Json, scope: &Scope) {
        let error = match said.as_str() {
            Some(name) => match self.shared("errors", name) {
                Some(error) => error.clone(),
                None => {
                    self.later(format!("`{name}` is nowhere under `use.errors`"));
                    Json::Null
                }
            },
            None => said.clone(),
        };
        if let Some(kind) = error["type"].as_str().and_then(inside) {
            return self.throw(kind, &error["detail"], scope);
        }
        let kind = match error["type"].as_str() {
            Some(uri) if !uri.contains("${") => raised(uri, error["status"].as_u64()),
            _ => {
                self.later("the type of an error is known before the run here");
                "failed".to_owned()
            }
        };
        let detail = if error["detail"].is_null() { &error["title"] } else { &error["detail"] };
        let detail = (!detail.is_null()).then(|| self.template(detail, scope));
        let detail = detail.map(|detail| self.code(&detail));
        self.settle();
        match detail {
            Some(detail) => self.draft.line(&format!("fail {kind} {detail}")),
            None => self.draft.line(&format!("fail {kind}")),
        }
    }

    /// Writes an error whose type is known only when it is raised, such as one that is raised again.
    fn throw(&mut self, kind: &str, detail: &Json, scope: &Scope) {
        let (kind, detail) = (self.expression(kind, scope), self.template(detail, scope));
        let fields = vec![("type".to_owned(), kind), ("message".to_owned(), detail)];
        let thrown = Value::object(fields, &mut self.reads);
        let thrown = self.code(&thrown);
        self.settle();
        let step = self.draft.name("raise");
        self.draft.line(&format!("step {step} = script {{ throw {thrown} }}"));
    }

    /// Writes tasks that are tried, and what is done where they fail.
    pub fn attempt(
        &mut self,
        name: &str,
        task: &Json,
        taken: &Value,
        clauses: &[String],
        frame: &Frame,
    ) -> Result<Option<Value>, Stop> {
        let (text, then) = self.aside(|author| author.tasks(&task["try"], taken.clone(), &frame.within(), false))?;
        name.clone_into(&mut self.task);
        let catch = &task["catch"];
        let caught = self.caught();
        let scope = Scope::new(taken, frame).with(caught_as(catch), &caught);
        let filter = self.filter(&catch["errors"]["with"]);
        let mut holds = filter.holds.clone();
        holds.extend(self.guards(catch, &scope));
        let mut handlers = clauses.to_vec();
        if !catch["retry"].is_null() {
            self.retry(&catch["retry"], &filter.types, &holds, &scope, &mut handlers);
        }
        let guard = guarded(&holds);
        let mut caught_then = None;
        if !catch["do"].is_null() {
            let inner = frame.with(caught_as(catch), caught);
            let (body, then) = self.aside(|author| {
                author.draft.deeper(true);
                let done = author.tasks(&catch["do"], taken.clone(), &inner, false)?;
                if let Some(done) = &done {
                    let term = done.term(&mut author.reads);
                    author.draft.statement("output", &term);
                }
                author.draft.deeper(false);
                Ok(done)
            })?;
            name.clone_into(&mut self.task);
            handlers.push(format!("on {} alternate {{\n{body}    }}{guard}", filter.types));
            caught_then = then;
        } else if catch["retry"].is_null() {
            let before = taken.term(&mut self.reads).value();
            handlers.push(format!("on {} alternate {{ output {before} }}{guard}", filter.types));
            caught_then = Some(taken.clone());
        }
        self.settle();
        if text.is_empty() {
            return Ok(then);
        }
        // Where both ends are what was there before, nothing new comes of it.
        let is_as_before = |end: &Option<Value>| end.as_ref().is_none_or(|end| end == taken);
        if then.is_none() && caught_then.is_none() {
            self.block(name, &text, Some(taken.clone()), taken, &handlers);
            return Ok(None);
        }
        if is_as_before(&then) && is_as_before(&caught_then) {
            return Ok(self.block(name, &text, Some(taken.clone()), taken, &handlers));
        }
        let step = self.draft.name(name);
        self.draft.open(&format!("step {step}: any = sequence"));
        self.draft.paste(&text);
        if let Some(then) = &then {
            let term = then.term(&mut self.reads);
            self.draft.statement("output", &term);
        }
        self.draft.otherwise("with");
        handlers.iter().for_each(|handler| self.draft.line(handler));
        self.draft.close("");
        Ok(Some(Value::path(step)))
    }

    /// `when` and `exceptWhen`.
    fn guards(&mut self, said: &Json, scope: &Scope) -> Vec<String> {
        let mut holds = Vec::new();
        if let Some(when) = said["when"].as_str() {
            let when = self.condition(when, scope);
            holds.push(if when.contains("||") { format!("({when})") } else { when });
        }
        if let Some(when) = said["exceptWhen"].as_str() {
            let when = self.condition(when, scope);
            holds.push(format!("!({when})"));
        }
        holds
    }

    /// Which errors a `catch` is for.
    fn filter(&mut self, with: &Json) -> Filter {
        let mut holds = Vec::new();
        let status = with["status"].as_u64();
        let mut needs_status = status.is_some();
        let types = match with["type"].as_str() {
            None => "error".to_owned(),
            Some(uri) => match (last_of(uri).as_str(), status) {
                ("communication", Some(status)) => {
                    needs_status = !matches!(status, 401 | 403 | 408 | 429);
                    of_status(status).to_owned()
                }
                ("communication", None) => COMMUNICATION.to_owned(),
                (_, status) => {
                    let kind = raised(uri, status);
                    // What is raised here has no status.
                    needs_status = false;
                    let is_known = OWN.contains(&&*kind) || kind == "error" || raises(self.source.document, &kind, 0);
                    if is_known {
                        kind
                    } else {
                        holds.push(format!("error.type == {}", layout::text(&kind)));
                        "error".to_owned()
                    }
                }
            },
        };
        if let Some(status) = status.filter(|_| needs_status) {
            // What is raised here has no status of its own: its type says which it had there.
            let raised: Vec<String> =
                self.statuses().into_iter().filter(|(_, own)| *own == status).map(|(kind, _)| kind).collect();
            let kinds: Vec<String> = raised.iter().map(|kind| layout::text(kind)).collect();
            holds.push(match kinds.as_slice() {
                [] => format!("error.status == {status}"),
                [only] => format!("(error.status == {status} || error.type == {only})"),
                several => format!("(error.status == {status} || error.type in [{}])", several.join(", ")),
            });
        }
        for field in ["title", "detail"] {
            if let Some(text) = with[field].as_str() {
                holds.push(format!("error.message == {}", layout::text(text)));
            }
        }
        Filter { types, holds }
    }

    /// Writes a policy of retries as a handler.
    fn retry(&mut self, said: &Json, types: &str, holds: &[String], scope: &Scope, handlers: &mut Vec<String>) {
        let policy = match said.as_str() {
            Some(name) => match self.shared("retries", name) {
                Some(policy) => policy.clone(),
                None => {
                    self.later(format!("`{name}` is nowhere under `use.retries`"));
                    return;
                }
            },
            None => said.clone(),
        };
        let limit = &policy["limit"];
        let count = limit["attempt"]["count"].as_u64().filter(|count| *count > 0).map(|count| count.min(ATTEMPTS_MAX));
        let whole = wait::duration(&limit["duration"]);
        let delay = wait::milliseconds(&policy["delay"]).unwrap_or(1_000).max(1);
        let backoff = &policy["backoff"];
        let times = count.map_or_else(String::new, |count| format!(" {count} times"));
        if count.is_none() && whole.is_none() {
            self.later("nothing says how often it is tried again: here 100 times");
        }
        let times = if count.is_none() && whole.is_none() { " 100 times".to_owned() } else { times };
        let turns = count.unwrap_or(10).min(40) as i32;
        let pauses = if backoff["linear"].is_null() {
            None
        } else {
            let more = wait::milliseconds(&backoff["linear"]["increment"]).unwrap_or(delay);
            let grown =
                count.map(|count| (0..count.min(1_000)).map(|at| delay.saturating_add(more.saturating_mul(at))));
            let grown = grown.and_then(|pauses| schedule(&pauses.collect::<Vec<u64>>()));
            if grown.is_none() {
                self.later(format!(
                    "each pause between attempts was {} longer than the one before; here they stay as they are: where that \
                     matters, write several handlers, each `retry 1 times` with a pause of its own",
                    time::milliseconds(more)
                ));
            }
            grown
        };
        let pause = if backoff["exponential"].is_null() {
            format!("every {}", time::milliseconds(delay))
        } else {
            let most = wait::milliseconds(&backoff["exponential"]["maxDelay"]).map_or(86_400_000.0, |most| most as f64);
            let most = (delay as f64 * 2f64.powi(turns - 1)).min(most) as u64;
            format!("backoff {} to {}", time::milliseconds(delay), time::milliseconds(most.max(delay)))
        };
        if backoff["exponential"].is_null() && !policy["jitter"].is_null() {
            self.later(
                "`jitter`: pauses of `every` are all alike; where many runs must not ask at once, write `backoff A to B`, which chance spreads",
            );
        }
        if !limit["attempt"]["duration"].is_null() {
            self.later("how long one attempt may take is a `timeout` of its steps");
        }
        if let Some(whole) = whole {
            handlers.push(format!("deadline {whole}"));
        }
        let mut holds = holds.to_vec();
        holds.extend(self.guards(&policy, scope));
        // What may have happened is tried again there, too.
        let is_widened = types == "error" || types.contains("server_error") && !types.contains("outcome_unknown");
        let widened = if is_widened { format!("{types} | outcome_unknown") } else { types.to_owned() };
        match pauses {
            Some(pauses) => handlers.extend(pauses.into_iter().map(|(times, pause)| {
                format!("on {widened} retry {times} times every {}{}", time::milliseconds(pause), guarded(&holds))
            })),
            None => handlers.push(format!("on {widened} retry{times} {pause}{}", guarded(&holds))),
        }
    }
}

impl Author<'_> {
    /// What a handler may see of the error it is for.
    fn caught(&self) -> Value {
        let statuses: Vec<String> =
            self.statuses().iter().map(|(kind, status)| format!("{}: {status}", layout::key(kind))).collect();
        let status = match statuses.as_slice() {
            [] => Term::Path("error.status".to_owned()),
            // What is raised here has no status of its own: its type says which it had there.
            said => Term::Code(format!("error.status ?? #{{ {} }}[error.type]", said.join(", "))),
        };
        let path = |path: &str| Term::Path(path.to_owned());
        let fields = [
            ("type", path("error.type"), Shape::Text),
            ("status", status, Shape::Any),
            ("title", path("error.message"), Shape::Text),
            ("detail", path("error.message"), Shape::Text),
            ("instance", path("error.step"), Shape::Any),
        ];
        let shapes = fields.iter().map(|(name, _, shape)| ((*name).to_owned(), shape.clone())).collect();
        let terms = fields.into_iter().map(|(name, term, _)| (name.to_owned(), term)).collect();
        Value::of(Term::Object(terms), Shape::Object(shapes))
    }

    /// The types of errors that the document raises itself, with the status each has there.
    fn statuses(&self) -> Vec<(String, u64)> {
        let mut found = Vec::new();
        statuses(self.source.document, 0, &mut found);
        found.sort();
        found.dedup();
        found
    }
}

/// The errors that are raised anywhere, but those that the language has itself.
fn statuses(document: &Json, depth: usize, found: &mut Vec<(String, u64)>) {
    if depth > 100 {
        return;
    }
    let told = |error: &Json| {
        let (uri, status) = (error["type"].as_str()?, error["status"].as_u64()?);
        let kind = raised(uri, Some(status));
        (!uri.contains("${") && !OWN.contains(&&*kind)).then_some((kind, status))
    };
    match document {
        Json::Object(fields) => {
            for (name, it) in fields {
                match name.as_str() {
                    "raise" => found.extend(told(&it["error"])),
                    "errors" if depth < 2 => {
                        found.extend(it.as_object().into_iter().flatten().filter_map(|(_, error)| told(error)));
                    }
                    _ => {}
                }
                statuses(it, depth + 1, found);
            }
        }
        Json::Array(items) => items.iter().for_each(|it| statuses(it, depth + 1, found)),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => {}
    }
}

fn caught_as(catch: &Json) -> &str {
    catch["as"].as_str().unwrap_or("error")
}

fn guarded(holds: &[String]) -> String {
    if holds.is_empty() { String::new() } else { format!(" when {}", holds.join(" && ")) }
}

/// The last word of an address.
fn last_of(uri: &str) -> String {
    uri.trim_end_matches('/').rsplit(['/', '#', ':']).next().unwrap_or_default().to_owned()
}

/// The type that stands for one of theirs where it is raised.
pub fn raised(uri: &str, status: Option<u64>) -> String {
    match last_of(uri).as_str() {
        "timeout" => "timeout".to_owned(),
        "authentication" => "auth_error".to_owned(),
        "authorization" => "permission_denied".to_owned(),
        "validation" => "validation_error".to_owned(),
        "expression" => "script_error".to_owned(),
        "communication" => status.map_or("connection_error", of_status).to_owned(),
        other => match naming::parameter(other).as_str() {
            "error" | "value" => "failed".to_owned(),
            kind => kind.to_owned(),
        },
    }
}

/// The type of what a status says.
fn of_status(status: u64) -> &'static str {
    match status {
        401 => "auth_error",
        403 => "permission_denied",
        404 | 410 => "not_found",
        408 => "timeout",
        409 | 412 | 423 => "conflict",
        429 => "rate_limited",
        400..=499 => "validation_error",
        _ => "server_error",
    }
}

/// Whether a document raises errors of a type anywhere.
fn raises(document: &Json, kind: &str, depth: usize) -> bool {
    let is_it = |error: &Json| error["type"].as_str().is_some_and(|uri| raised(uri, error["status"].as_u64()) == kind);
    if depth > 100 {
        return false;
    }
    match document {
        Json::Object(fields) => fields.iter().any(|(name, it)| {
            let is_raised = name == "raise" && is_it(&it["error"])
                || name == "errors" && it.as_object().into_iter().flatten().any(|(_, error)| is_it(error)) && depth < 2;
            is_raised || raises(it, kind, depth + 1)
        }),
        Json::Array(items) => items.iter().any(|it| raises(it, kind, depth + 1)),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => false,
    }
}
