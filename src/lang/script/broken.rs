//! An evaluation that failed: Rhai's errors in our words and with our places.

use std::sync::Arc;

use rhai::{EvalAltResult, Position};

use super::ambient::Exceeded;
use super::convert::{self, Unfit};
use super::functions;
use super::library::demangled;
use super::{mistaken, path};
use crate::base::failure::{Failure, Kind};
use crate::base::limit;
use crate::base::secret::Secrets;
use crate::base::span::Span;
use crate::base::time::Duration;
use crate::base::value::{Map, Value};

/// Why an expression has no value.
#[derive(Clone, Debug, PartialEq)]
pub struct Broken {
    /// What happened, for people, beginning in lower case.
    pub message: String,
    /// Where; `None` only where Rhai does not say.
    pub span: Option<Span>,
    /// `script_error`, `limit_exceeded`, or the type that the script itself threw.
    pub kind: Kind,
    /// What else was thrown, by name.
    pub details: Arc<Map>,
}

impl Broken {
    /// A `script_error`.
    pub fn script(message: impl Into<String>, span: Option<Span>) -> Self {
        Self { message: message.into(), span, kind: Kind::ScriptError, details: Arc::default() }
    }

    /// The same with these covered in all that it says.
    pub(super) fn hiding(self, secrets: &Secrets) -> Self {
        if secrets.is_empty() {
            return self;
        }
        let details = self.details.iter().map(|(name, value)| (name.clone(), value.clone().covering(secrets)));
        Self { message: secrets.cover(&self.message), details: Arc::new(details.collect()), ..self }
    }

    /// A bound was met.
    pub(super) fn limit(message: impl Into<String>, span: Option<Span>) -> Self {
        Self { kind: Kind::LimitExceeded, ..Self::script(message, span) }
    }
}

impl From<Broken> for Failure {
    fn from(broken: Broken) -> Self {
        Self {
            details: Arc::unwrap_or_clone(broken.details),
            span: broken.span,
            ..Self::new(broken.kind, broken.message)
        }
    }
}

impl std::fmt::Display for Broken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.kind, self.message)
    }
}

/// A value that a script cannot give back.
pub(super) fn unfit(found: &Unfit, span: Option<Span>) -> Broken {
    match found {
        Unfit::Deep => {
            let bound = limit::VALUE_DEPTH_MAX;
            Broken::limit(format!("the value is nested deeper than {bound} levels"), span)
        }
        Unfit::Long => {
            let bound = limit::SCRIPT_MAP_ENTRIES_MAX;
            Broken::limit(format!("the range has more than {bound} numbers"), span)
        }
        Unfit::Kind(name) => {
            let name = convert::called(name);
            Broken::script(format!("the result is {}, which is no value that can be kept", with_article(name)), span)
        }
    }
}

/// The error inside of all the calls round it.
fn innermost(error: EvalAltResult) -> EvalAltResult {
    let mut error = error;
    loop {
        error = match error {
            EvalAltResult::ErrorInFunctionCall(_, _, inner, _) | EvalAltResult::ErrorInModule(_, inner, _) => *inner,
            other => return other,
        };
    }
}

/// What was asked for that was not bound, if that is the error: the name of the variable and where it stands.
pub(super) fn unbound(error: &EvalAltResult) -> Option<(&str, Position)> {
    match error {
        EvalAltResult::ErrorInFunctionCall(_, _, inner, _) => unbound(inner),
        EvalAltResult::ErrorVariableNotFound(name, position) => Some((name, *position)),
        _ => None,
    }
}

/// An error of Rhai in our words. `place` maps Rhai's places to ours.
pub(super) fn translate(error: EvalAltResult, place: &dyn Fn(Position) -> Option<Span>) -> Broken {
    use EvalAltResult as E;
    let error = innermost(error);
    let span = place(error.position());
    let text = match error {
        E::ErrorRuntime(thrown, _) => return thrown_by_script(&thrown, span),
        E::ErrorTerminated(token, _) => {
            return Broken::limit(
                match token.try_cast::<Exceeded>() {
                    Some(Exceeded::Millis(millis)) => {
                        let bound = Duration(i64::try_from(millis).unwrap_or(i64::MAX));
                        format!("the script took longer than {bound}")
                    }
                    Some(Exceeded::Operations(bound)) => format!("the script took more than {bound} operations"),
                    None => "the script was ended".to_owned(),
                },
                span,
            );
        }
        E::ErrorStackOverflow(_) => {
            let bound = limit::SCRIPT_CALLS_MAX;
            return Broken::limit(format!("functions called each other more than {bound} deep"), span);
        }
        E::ErrorTooManyVariables(_) => {
            let bound = limit::SCRIPT_VARIABLES_MAX;
            return Broken::limit(format!("the script has more than {bound} variables"), span);
        }
        E::ErrorDataTooLarge(what, _) => return Broken::limit(too_large(&what), span),
        E::ErrorPropertyNotFound(name, _) => {
            let asking = match path::is_plain(&name) {
                true => format!("`?.{name}`, or `?[...]` where the name is computed,"),
                false => format!("`?[{name:?}]`"),
            };
            format!("there is no field `{name}` here; {asking} gives `()` where it is missing")
        }
        E::ErrorIndexNotFound(index, _) => format!("there is no `{index}` here"),
        E::ErrorDotExpr(text, _) => dot(&text),
        E::ErrorFunctionNotFound(signature, _) => no_function(&signature),
        E::ErrorVariableNotFound(name, _) => format!("there is no variable `{name}`"),
        E::ErrorMismatchDataType(wanted, found, _) => {
            format!(
                "{} is expected here, not {}",
                with_article(convert::called(&wanted)),
                with_article(convert::called(&found))
            )
        }
        E::ErrorMismatchOutputType(wanted, found, _) => {
            format!(
                "{} is expected as the result, not {}",
                with_article(convert::called(&wanted)),
                with_article(convert::called(&found))
            )
        }
        E::ErrorIndexingType(text, _) => {
            let name = convert::called(text.split(' ').next().unwrap_or_default()).to_owned();
            match name.as_str() {
                "()" => "this is `()`, so it has no items; `?[` gives `()` then".to_owned(),
                _ => format!("{} cannot be indexed like this", with_article(&name)),
            }
        }
        E::ErrorArrayBounds(length, index, _) => {
            format!("the list has {} and none at [{index}]; `?[{index}]` gives `()` then", counted(length, "item"))
        }
        E::ErrorStringBounds(length, index, _) => {
            format!("the text has {} and none at [{index}]", counted(length, "character"))
        }
        E::ErrorBitFieldBounds(length, index, _) => format!("a number has {length} bits and none at [{index}]"),
        E::ErrorFor(_) => "`for` goes through lists, sets, maps, texts and ranges, not through this".to_owned(),
        E::ErrorUnboundThis(_) => "`this` means nothing here: the function was not called behind a dot".to_owned(),
        E::ErrorNonPureMethodCallOnConstant(name, _) => {
            let name = name.trim_start_matches("set$").trim_start_matches("get$");
            format!(
                "`{name}` would change a value that stands outside of the script; copy it first: `let mine = ...; mine.{name}(...)`"
            )
        }
        E::ErrorAssignmentToConstant(name, _) => format!("`{name}` is a constant and cannot be changed"),
        E::ErrorDataRace(name, _) => format!("`{name}` is used while it is being changed"),
        E::ErrorArithmetic(text, _) => arithmetic(&text),
        E::ErrorParsing(error, _) => format!("Rhai does not understand this: {error}"),
        other => other.to_string(),
    };
    Broken::script(text, span)
}

/// What `throw` was given.
fn thrown_by_script(thrown: &rhai::Dynamic, span: Option<Span>) -> Broken {
    let value = match convert::from_rhai(thrown) {
        Ok(value) => value,
        Err(found) => return unfit(&found, span),
    };
    match &value {
        Value::Map(map) => {
            let text = |name: &str| map.get(name).and_then(Value::as_text);
            let kind = text("type").map_or(Kind::ScriptError, Kind::named);
            let message = text("message").map_or_else(|| value.to_string(), str::to_owned);
            let mut details = map.as_ref().clone();
            details.shift_remove("type");
            details.shift_remove("message");
            if let Some(Value::Map(inner)) = map.get("details") {
                details.shift_remove("details");
                details.extend(inner.iter().map(|(key, value)| (Arc::clone(key), value.clone())));
            }
            Broken { message, span, kind, details: Arc::new(details) }
        }
        Value::Unit => Broken::script("the script threw an error without a word", span),
        other => Broken::script(other.to_string(), span),
    }
}

fn too_large(what: &str) -> String {
    if what.contains("string") {
        format!("a text grew beyond {} bytes", limit::SCRIPT_TEXT_BYTES_MAX)
    } else if what.contains("map") {
        format!("a map grew beyond {} entries", limit::SCRIPT_MAP_ENTRIES_MAX)
    } else {
        format!("a list grew beyond {} items", limit::SCRIPT_LIST_ITEMS_MAX)
    }
}

/// Rhai: `Unknown property 'x' - a getter is not registered for type '()'`.
fn dot(text: &str) -> String {
    let mut quoted = text.split('\'').skip(1).step_by(2);
    match (quoted.next(), quoted.next()) {
        (Some(name), Some("()")) => format!("this is `()`, so it has no `{name}`; `?.{name}` gives `()` then"),
        (Some(name), Some(found)) => {
            format!("{} has no field `{name}`{}", with_article(convert::called(found)), ours_for(name))
        }
        _ => text.to_lowercase(),
    }
}

/// Rhai: `name (type, type)`.
fn no_function(signature: &str) -> String {
    let (name, types) = signature.split_once('(').unwrap_or((signature, ""));
    let name = demangled(name.trim());
    let types: Vec<&str> = types
        .trim_end_matches(')')
        .split(", ")
        .map(|word| convert::called(word.trim_start_matches('&').trim_start_matches("mut ")))
        .collect();
    let types: Vec<&str> = types.into_iter().filter(|word| !word.is_empty()).collect();
    // `()` splits into what its own bracket has taken.
    let types: Vec<&str> = types.into_iter().map(|word| if word == "(" { "()" } else { word }).collect();
    let absent = if types.contains(&"()") { "; give a value for `()` by `??`" } else { "" };
    let operator = !name.chars().any(|c| c.is_ascii_alphabetic());
    match types.as_slice() {
        [left, right] if operator => {
            format!("`{name}` does not work between {} and {}{absent}", with_article(left), with_article(right))
        }
        [only] if operator => format!("`{name}` does not work on {}{absent}", with_article(only)),
        [] => format!("there is no function `{name}` without arguments"),
        _ => {
            let list = types.iter().map(|word| with_article(word)).collect::<Vec<_>>().join(" and ");
            match functions::fixed(&name) {
                Some(fixed) => format!("`{name}` does not take {list}{absent}; it is `{}`", fixed.signature),
                None => format!("there is no function `{name}` for {list}{absent}{}", nearest_method(&name)),
            }
        }
    }
}

/// What a foreign name is called here.
fn ours_for(name: &str) -> String {
    mistaken::foreign_function(name).map_or_else(String::new, |ours| format!("; it is called `{ours}` here"))
}

fn nearest_method(name: &str) -> String {
    if functions::is_rhai(name) {
        return String::new();
    }
    let ours = ours_for(name);
    if !ours.is_empty() {
        return ours;
    }
    crate::base::diagnostic::nearest(name, functions::names())
        .map_or_else(String::new, |near| format!("; did you mean `{near}`?"))
}

fn arithmetic(text: &str) -> String {
    let lower = text.to_lowercase();
    if lower.contains("zero") {
        "division by zero".to_owned()
    } else if lower.contains("overflow") || lower.contains("too large") || lower.contains("too big") {
        "the number grows beyond what an int can hold".to_owned()
    } else {
        let mut chars = text.chars();
        chars.next().map_or_else(String::new, |first| first.to_lowercase().chain(chars).collect())
    }
}

fn counted(number: usize, of: &str) -> String {
    let s = if number == 1 { "" } else { "s" };
    format!("{number} {of}{s}")
}

/// `an int`, `a list`, `()`.
pub(super) fn with_article(name: &str) -> String {
    match name {
        "()" => "`()`".to_owned(),
        "null" => "`null`".to_owned(),
        "bytes" => "bytes".to_owned(),
        _ if name.starts_with(['a', 'e', 'i', 'o', 'u']) => format!("an {name}"),
        _ => format!("a {name}"),
    }
}
