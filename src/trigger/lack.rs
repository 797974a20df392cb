//! What a trigger asks for and does not find where it is to listen: said before anything listens, with its place.

use super::declared::Declared;
use super::names::Names;
use super::route::Clash;
use super::source::Sourced;
use super::verify::Proof;
use crate::base::calendar::Calendar;
use crate::base::diagnostic::Diagnostic;
use crate::base::value::Value;
use crate::lang::check::code;
use crate::lang::plan::trigger::Kind;
use crate::run::world::World;

/// How the paths of the server itself begin.
const TAKEN: [&str; 5] = ["v1", "healthz", "readyz", "metrics", "openapi.json"];

/// What is not as `declared` needs it, if anything.
pub(super) fn of(declared: &Declared, world: &World, files: bool) -> Option<Diagnostic> {
    let trigger = declared.trigger();
    match &trigger.kind {
        Kind::Api { path, .. } | Kind::Webhook { path } | Kind::Form { path } if is_taken(path) => {
            let message = format!("requests to `{path}` are for the server itself");
            return Some(Diagnostic::error(code::TRIGGER, trigger.span, message).hint("give it another path"));
        }
        Kind::Schedule { cron, zone, .. } => {
            let reason = Calendar::read(cron, zone.as_deref()).err()?;
            return Some(Diagnostic::error(code::ZONE, trigger.span, reason));
        }
        Kind::File { .. } if !files => {
            let message = "no directory is open to files: the setting `files.roots` names none that is there";
            return Some(Diagnostic::error(code::TRIGGER, trigger.span, message));
        }
        _ => {}
    }
    let (scheme, fields) = trigger.verify.as_ref()?;
    let names = Names { trigger: &Value::Unit, now: world.clock.now(), settings: &*world.settings };
    let fields = names.evaluate(&declared.plan, fields).map_err(|failure| failure.message.to_string());
    let reason = fields.and_then(|fields| Proof::read(scheme, &fields).map(drop)).err()?;
    Some(Diagnostic::error(code::TRIGGER, trigger.span, reason))
}

/// What is wrong with where a trigger of a connector is told something.
pub(super) fn of_source(sourced: &Sourced) -> Option<Diagnostic> {
    let path = &sourced.path;
    let (message, hint) = if is_taken(path) {
        (format!("requests to `{path}` are for the server itself"), "give it another `path`")
    } else if !path.starts_with('/') || path.contains(['{', '?', '#', ' ']) {
        (format!("`{path}` is no path at which a service can be answered"), "write `path: \"/hooks/NAME\"`")
    } else {
        return None;
    };
    Some(Diagnostic::error(code::TRIGGER, sourced.declared.trigger().span, message).hint(hint))
}

/// Whether the server answers requests to this path itself.
fn is_taken(path: &str) -> bool {
    path.split('/').nth(1).is_some_and(|first| TAKEN.contains(&first))
}

/// Two triggers that mean the same requests.
pub(super) fn clash(clash: &Clash) -> Diagnostic {
    let (first, second) = (clash.first.trigger().span, clash.second.trigger().span);
    Diagnostic::error(code::SAME_TRIGGER, second, "this request starts something else already")
        .also(first, "here")
        .hint("give one of them another path")
}
