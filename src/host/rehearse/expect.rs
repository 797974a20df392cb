//! Expectations, and what is said where one is not met.

use super::stage::Stage;
use super::{TestFailure, TestSettings};
use crate::base::span::Span;
use crate::base::value::Value;
use crate::host::beside::{Beside, Unanswered};
use crate::lang::plan::{Package, Script};

/// How long a value may be shown.
const SHOWN_CHARS_MAX: usize = 400;

/// Whether an expectation is met; if not, what was found instead.
pub fn check(stage: &Stage, package: &Package, script: &Script) -> Option<TestFailure> {
    let result = value_of(stage, package, &script.source, script.span);
    let failed = |message: String, details| Some(TestFailure { span: script.span, message, details });
    match result {
        Ok(Value::Bool(true)) => None,
        Ok(Value::Bool(false)) => {
            let parts = parts(&script.source).into_iter();
            let details = parts.filter_map(|part| detail(stage, package, part, script.span));
            let mut details: Vec<_> = details.flatten().collect();
            details.extend(outcome(stage));
            failed(format!("expected `{}`", script.source), details)
        }
        Ok(other) => failed(format!("an expectation is `true` or `false`; this is `{}`", shown(&other)), Vec::new()),
        Err(message) => {
            let mut details = Vec::new();
            details.extend(outcome(stage));
            failed(message, details)
        }
    }
}

/// How the run stands, where that may explain why something is not as expected.
fn outcome(stage: &Stage) -> Option<String> {
    let run = stage.name("run")?;
    let status = run.get("status")?.to_string();
    let error = stage.name("error").filter(|error| !error.is_unit());
    Some(match error {
        Some(error) => {
            let part = |name: &str| error.get(name).map(ToString::to_string).unwrap_or_default();
            // What a `fail` of the body raises belongs to no step.
            let step = Some(part("step")).filter(|step| !step.is_empty());
            let step = step.map_or_else(String::new, |step| format!(" in step `{step}`"));
            format!("the run is {status}: {}{step}: {}", part("type"), part("message"))
        }
        None => format!("the run is {status}"),
    })
}

/// What the two sides of a comparison that does not hold are.
fn detail(stage: &Stage, package: &Package, part: &str, span: Span) -> Option<Vec<String>> {
    if matches!(value_of(stage, package, part, span), Ok(Value::Bool(true))) {
        return None;
    }
    let Some((left, sign, right)) = comparison(part) else {
        return Some(vec![format!("`{}` is not true", part.trim())]);
    };
    let said = |side: &str| match value_of(stage, package, side, span) {
        Ok(value) => shown(&value),
        Err(message) => message,
    };
    let (found, wanted) = (said(left), said(right));
    Some(vec![format!("found     {found}"), format!("expected  {sign} {wanted}")])
}

fn shown(value: &Value) -> String {
    let text = match value {
        Value::Unit => "()".to_owned(),
        Value::Text(text) => format!("{text:?}"),
        Value::Duration(duration) => duration.to_string(),
        other => other.to_json().to_string(),
    };
    match text.char_indices().nth(SHOWN_CHARS_MAX) {
        Some((end, _)) => format!("{} ...", &text[..end]),
        None => text,
    }
}

/// Computes a piece of an expectation.
fn value_of(stage: &Stage, package: &Package, text: &str, span: Span) -> Result<Value, String> {
    let beside = Beside { now: stage.now(), settings: Some(&TestSettings) };
    let value = beside.value_of(text.trim(), span, package.functions.library(), |name| stage.name(name));
    value.map_err(|unanswered| match unanswered {
        Unanswered::Wrong(found) => found.into_iter().next().map_or_else(String::new, |first| first.message),
        Unanswered::Broken(failure) => failure.message.to_string(),
    })
}

/// The parts of an expectation joined by `&&`.
fn parts(source: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut from = 0;
    for (at, sign) in signs(source) {
        if sign == "&&" {
            parts.push(&source[from..at]);
            from = at + sign.len();
        }
    }
    parts.push(&source[from..]);
    parts
}

/// The two sides of a comparison, and its sign.
fn comparison(source: &str) -> Option<(&str, &'static str, &str)> {
    let comparisons = ["==", "!=", "<=", ">=", "<", ">"];
    let (at, sign) = signs(source).into_iter().find(|(_, sign)| comparisons.contains(sign))?;
    Some((&source[..at], sign, &source[at + sign.len()..]))
}

/// The signs of an expression that stand outside its brackets and strings.
fn signs(source: &str) -> Vec<(usize, &'static str)> {
    const SIGNS: [&str; 9] = ["&&", "||", "==", "!=", "<=", ">=", "=>", "<", ">"];
    let (mut found, mut depth, mut quote) = (Vec::new(), 0usize, None);
    let mut at = 0;
    while let Some(c) = source[at..].chars().next() {
        let next = at + c.len_utf8();
        match (quote, c) {
            (Some(_), '\\') => {
                at = next + source[next..].chars().next().map_or(0, char::len_utf8);
                continue;
            }
            (Some(open), c) if c == open => quote = None,
            (Some(_), _) => {}
            (None, '"' | '`') => quote = Some(c),
            (None, '(' | '[' | '{') => depth += 1,
            (None, ')' | ']' | '}') => depth = depth.saturating_sub(1),
            (None, '|') if depth == 0 && !source[at..].starts_with("||") => {}
            (None, _) if depth == 0 => {
                if let Some(sign) = SIGNS.into_iter().find(|sign| source[at..].starts_with(sign)) {
                    found.push((at, sign));
                    at += sign.len();
                    continue;
                }
            }
            (None, _) => {}
        }
        at = next;
    }
    found
}
