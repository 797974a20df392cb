//! `flow connectors check [NAME]... [FILE]`: whether the credentials of connectors are good, by asking their services.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::Args;
use serde_json::{Value as Json, json};

use super::found::{self, Found, data, is_file, named};
use super::list::in_words;
use crate::base::failure::{Failure, Kind};
use crate::base::value::{Map, Value};
use crate::cli::check::Format;
use crate::cli::elapsed::elapsed;
use crate::cli::exit::{Exit, Refusal, Stop};
use crate::cli::paper::{Palette, deliver, styled};
use crate::cli::program::load;
use crate::cli::threads::threads;
use crate::host::Builder;
use crate::host::builder::Alone;
use crate::host::settings::code;
use crate::host::settings::configure::Uses;
use crate::host::settings::standing::Standing;

/// Where an answer says who has signed in, best first.
const WHO: [&str; 11] = [
    "email",
    "emailAddress",
    "mail",
    "login",
    "username",
    "user",
    "displayName",
    "display_name",
    "fullName",
    "name",
    "hub_domain",
];

/// Check credentials: ask each service who signs in.
///
/// Carries out the operation that a connector names by `check`, once, with the real settings: of the connectors that are named,
/// or of all that a program calls. Ends with 0 if all are fine, with 1 if a service refuses or cannot be reached, with 2 if
/// settings are missing.
#[derive(Debug, Args)]
#[command(
    name = "check",
    after_help = "\
Examples:
  flow connectors check slack jira
  flow connectors check flows/onboarding.flow
  flow connectors check crm main.flow --format json"
)]
pub struct Check {
    /// Connectors, and the program that declares them or whose flow.toml sets them; a program alone means all that it calls.
    #[arg(value_name = "NAME | FILE", required = true)]
    what: Vec<String>,
    /// The data directory that keeps what services gave at logins; `.flow` beside the program where absent.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Sets one setting, such as `connectors.slack.token=...`; may be given several times.
    #[arg(long = "set", value_name = "PATH=VALUE")]
    set: Vec<String>,
    /// For people, or JSON.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// What came of checking one connector.
#[derive(Debug)]
pub struct Verdict {
    connector: String,
    result: Finding,
    /// Ways out, that can be typed.
    pub hints: Vec<String>,
}

#[derive(Debug)]
enum Finding {
    /// The service knows who asks, as far as it says.
    Fine { operation: String, who: Option<String>, took: Duration },
    /// It was asked, and it went wrong.
    Failed { operation: String, failure: Box<Failure> },
    /// It cannot be asked.
    Unset(String),
    /// Nobody signs in, so that there is nothing to check.
    Nothing,
    /// It does not say how to check it.
    Undeclared,
}

impl Check {
    /// Asks all of them, whatever the first says.
    ///
    /// # Errors
    /// Where there is no such connector or program.
    pub fn run(&self) -> Result<Exit, Stop> {
        let (files, names): (Vec<&String>, Vec<&String>) = self.what.iter().partition(|word| is_file(word));
        let file = match files.as_slice() {
            [] => None,
            [file] => Some(Path::new(file.as_str())),
            [..] => return Err(Refusal::new("one program can be named").into()),
        };
        let names: Vec<String> = match (file, names.is_empty()) {
            (Some(file), true) => Uses::of_all(&load(file)?.package).connectors().map(ToString::to_string).collect(),
            _ => names.into_iter().cloned().collect(),
        };
        let found = names.iter().map(|name| named(name, file)).collect::<Result<Vec<_>, _>>()?;
        let runtime = threads()?;
        let verdict = |found| runtime.block_on(Verdict::on(found, self.data.as_deref(), &self.set));
        let verdicts: Vec<Verdict> = found.into_iter().map(verdict).collect();
        match self.format {
            Format::Json => deliver(&format!("{:#}", Json::Array(verdicts.iter().map(Verdict::as_json).collect()))),
            Format::Text => deliver(&verdicts.iter().map(|it| it.in_words(&Palette::for_stdout())).collect::<String>()),
        }
        let any = |exit: Exit| verdicts.iter().any(|verdict| verdict.exit() == exit);
        Ok(if any(Exit::Wrong) {
            Exit::Wrong
        } else if any(Exit::Failed) {
            Exit::Failed
        } else {
            Exit::Done
        })
    }
}

/// What to type so that the connector can be asked.
pub fn to_type(connector: &str, standing: &Standing) -> Vec<String> {
    let exports = standing.needed().into_iter().map(|unset| format!("export {}=...", unset.variable));
    let logs_in = standing.ways.iter().any(|way| way.needs_login);
    exports.chain(logs_in.then(|| format!("flow connectors login {connector}"))).collect()
}

/// What is said of credentials that go unencrypted.
fn in_the_open(alone: &Alone) -> Vec<String> {
    let warnings = alone.warnings().diagnostics.iter().filter(|warning| warning.code == code::PLAIN);
    warnings.map(|warning| warning.message.clone()).collect()
}

/// What to do about a failure.
fn way_out(connector: &str, failure: &Failure) -> Vec<String> {
    let hint = match &failure.kind {
        // What nobody was asked for has no status, and the message says what to do.
        Kind::AuthError if failure.status.is_some() => {
            format!(
                "the service does not take these credentials: renew them; `flow connectors show {connector}` says where they come from"
            )
        }
        // Of an address that is refused the message says what to set.
        Kind::PermissionDenied if failure.status.is_some() => {
            "the credentials are right, and may not do this: give the app or the person the scope".to_owned()
        }
        Kind::ConnectionError | Kind::Timeout => {
            format!("look at the address: `connectors.{connector}.base_url`, and at the network")
        }
        Kind::NotFound => format!("look at the address: `connectors.{connector}.base_url`"),
        _ => return Vec::new(),
    };
    vec![hint]
}

/// The name that an answer gives to whoever has asked: at its top, or one level below.
fn who(answer: &Value, depth: usize) -> Option<String> {
    let fields = answer.as_map()?;
    let own = WHO.iter().find_map(|name| fields.get(*name)?.as_text().filter(|text| !text.is_empty()));
    let below = || fields.values().filter(|_| depth == 0).find_map(|value| who(value, depth + 1));
    own.map(str::to_owned).or_else(below)
}

impl Verdict {
    /// Asks the service of a connector, with its real settings, if it can be asked.
    pub async fn on(found: Found, data_of: Option<&Path>, set: &[String]) -> Self {
        let connector = found.connector.clone();
        let verdict = |result: Finding, hints| Self { connector: connector.name.to_string(), result, hints };
        let standings = found::standings(found.program.clone(), data_of, set);
        let standing = standings.into_iter().find(|(known, _)| known.name == connector.name);
        let standing = standing.map(|(_, standing)| standing).unwrap_or_default();
        let Some(operation) = connector.check.as_ref().and_then(|name| connector.operations.get(name)) else {
            return match connector.auth.is_empty() {
                true => verdict(Finding::Nothing, Vec::new()),
                false => verdict(
                    Finding::Undeclared,
                    vec!["write `check OPERATION` in it, with one that reads and needs no parameters".to_owned()],
                ),
            };
        };
        if !standing.is_ready() {
            return verdict(Finding::Unset(in_words(&connector, &standing)), to_type(&connector.name, &standing));
        }
        let data = data(&found.program, data_of);
        let builder = Builder::new(found.program).environment().credentials_in(&data);
        let builder = set.iter().fold(builder, |builder, assignment| builder.set(assignment));
        let alone = match builder.alone(operation) {
            Ok(alone) => alone,
            Err(error) => return verdict(Finding::Unset(error.to_string()), Vec::new()),
        };
        let begun = Instant::now();
        let outcome = alone.call(Value::from(Map::new())).await;
        let (operation, took) = (operation.signature.full_name().to_string(), begun.elapsed());
        match outcome.result {
            Ok(answer) => {
                let who = who(&answer, 0).map(|who| alone.mask().cover(&who));
                verdict(Finding::Fine { operation, who, took }, in_the_open(&alone))
            }
            Err(failure) => {
                let hints = way_out(&connector.name, &failure);
                verdict(Finding::Failed { operation, failure: Box::new(failure) }, hints)
            }
        }
    }

    /// Whether a service was asked at all.
    pub fn was_asked(&self) -> bool {
        matches!(self.result, Finding::Fine { .. } | Finding::Failed { .. })
    }

    /// How a command ends that was to ask this connector alone.
    pub fn exit(&self) -> Exit {
        match &self.result {
            Finding::Fine { .. } | Finding::Nothing => Exit::Done,
            Finding::Failed { .. } => Exit::Failed,
            Finding::Unset(_) | Finding::Undeclared => Exit::Wrong,
        }
    }

    /// What came of it, in a line.
    pub fn words(&self) -> String {
        match &self.result {
            Finding::Fine { operation, who, took } => {
                let who = who.as_ref().map(|who| format!(", as {who}")).unwrap_or_default();
                let took = elapsed(crate::base::time::Duration(i64::try_from(took.as_millis()).unwrap_or(i64::MAX)));
                format!("fine{who} ({operation}, {took})")
            }
            Finding::Failed { operation, failure } => {
                format!("{} from {operation}: {}", failure.kind, failure.message)
            }
            Finding::Unset(text) => text.clone(),
            Finding::Nothing => "needs no credentials".to_owned(),
            Finding::Undeclared => "signs in, and declares no `check`".to_owned(),
        }
    }

    fn in_words(&self, palette: &Palette) -> String {
        let style = match &self.result {
            Finding::Fine { .. } => palette.good,
            Finding::Failed { .. } => palette.bad,
            Finding::Nothing => palette.faint,
            Finding::Unset(_) | Finding::Undeclared => palette.doubtful,
        };
        let hints: String = self.hints.iter().map(|hint| format!("  {hint}\n")).collect();
        format!("{}: {}\n{hints}", styled(palette.strong, &self.connector), styled(style, self.words()))
    }

    fn as_json(&self) -> Json {
        let mut json = json!({ "connector": self.connector });
        let (state, more) = match &self.result {
            Finding::Fine { operation, who, took } => {
                ("fine", json!({ "operation": operation, "as": who, "millis": took.as_millis() as u64 }))
            }
            Finding::Failed { operation, failure } => {
                let (kind, status) = (failure.kind.name(), failure.status);
                (
                    "failed",
                    json!({ "operation": operation, "type": kind, "status": status, "message": failure.message }),
                )
            }
            Finding::Unset(text) => ("unset", json!({ "message": text })),
            Finding::Nothing => ("nothing", json!({})),
            Finding::Undeclared => ("undeclared", json!({})),
        };
        json["result"] = state.into();
        if let (Some(json), Json::Object(more)) = (json.as_object_mut(), more) {
            json.extend(more);
        }
        json["hints"] = self.hints.clone().into();
        json
    }
}
