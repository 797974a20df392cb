//! `flow connectors record NAME.OPERATION`: a real exchange, kept as an example.

mod clean;
mod page;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;

use super::found::{Found, data, is_file, named};
use crate::base::failure::Failure;
use crate::base::report;
use crate::base::shape::{Object, Shape};
use crate::base::value::{Map, Value};
use crate::cli::exit::{Exit, Refusal, Stop};
use crate::cli::output::put;
use crate::cli::paper::{colour_on_stderr, deliver, say};
use crate::cli::run::not_built;
use crate::cli::threads::threads;
use crate::cli::{ask, input};
use crate::host::play::pieces;
use crate::host::{Builder, Program};
use crate::lang::catalog::Effect;
use crate::lang::layout::{End, Example, Gets};
use crate::lang::plan::Operation;
use crate::lang::plan::connector::Ahead;
use clean::Cleaner;

/// Carry an operation out, once, and keep what came as an `example` of the connector.
///
/// Secrets are taken out, e-mail addresses replaced, lists shortened. The example is played before it is kept: what it `gives` is
/// what the operation makes of the answers that are left. It is added to the file that declares the connector; that of a connector
/// of the standard library is only printed.
#[derive(Debug, Args)]
#[command(
    name = "record",
    after_help = "\
Examples:
  flow connectors record crm.get id=42 crm.flow
  flow connectors record crm.create --input '{ \"email\": \"ada@example.com\" }' --yes crm.flow
  flow connectors record slack.whoami"
)]
pub struct Record {
    /// The operation: `crm.get`.
    #[arg(value_name = "NAME.OPERATION")]
    operation: String,
    /// Parameters, as `field=value`, and the program that declares the connector.
    #[arg(value_name = "FIELD=VALUE | FILE")]
    rest: Vec<String>,
    /// All parameters as JSON, as @FILE, or - for stdin.
    #[arg(long, value_name = "JSON")]
    input: Option<String>,
    /// Carries out what changes something, too.
    #[arg(long)]
    yes: bool,
    /// Leaves e-mail addresses as they are.
    #[arg(long)]
    keep_addresses: bool,
    /// The data directory that keeps what services gave at logins; `.flow` beside the program where absent.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Sets one setting, such as `connectors.crm.token=...`; may be given several times.
    #[arg(long = "set", value_name = "PATH=VALUE")]
    set: Vec<String>,
}

impl Record {
    /// Records it.
    ///
    /// # Errors
    /// No such operation, parameters that do not fit, settings that are missing, a service that cannot be reached.
    pub fn run(&self) -> Result<Exit, Stop> {
        let (fields, files): (Vec<&String>, Vec<&String>) = self.rest.iter().partition(|word| is_field(word));
        let file = match files.as_slice() {
            [] => None,
            [file] if is_file(file) => Some(Path::new(file.as_str())),
            [word, ..] => {
                let refusal = Refusal::new(format!("`{word}` is neither `field=value` nor a program"));
                return Err(refusal.hint("a program ends with `.flow`").into());
            }
        };
        let found = named(&self.operation, file)?;
        let Some(operation) = found.operation.clone() else {
            let refusal = Refusal::new(format!("which operation of `{}`?", self.operation));
            return Err(refusal.hint(format!("name it: `{}.OPERATION`", self.operation)).into());
        };
        if operation.request.is_none() {
            let message = format!("`{}` makes no request: its body is in Rust", operation.signature.full_name());
            return Err(Refusal::new(message).into());
        }
        let params = self.params(&operation, &fields)?;
        if operation.signature.effect != Effect::Read && !self.yes {
            let message = format!("`{}` changes something at the service", operation.signature.full_name());
            return Err(Refusal::new(message).hint("`--yes` carries it out, once").into());
        }
        threads()?.block_on(self.record(&found, &operation, params))
    }

    /// The parameters, by their types.
    fn params(&self, operation: &Operation, fields: &[&String]) -> Result<Value, Stop> {
        let signature = &operation.signature;
        let mut params = match &self.input {
            Some(given) => {
                input::read(given)?.as_map().cloned().ok_or_else(|| Refusal::new("--input must be an object"))?
            }
            None => Map::new(),
        };
        for (name, text) in fields.iter().filter_map(|field| field.split_once('=')) {
            let known = signature.params.iter().find(|field| &*field.name == name);
            let value = match known {
                Some(field) => ask::read(field, text).map_err(|reason| Refusal::new(format!("`{name}` {reason}")))?,
                None => text.into(),
            };
            params.insert(name.into(), value);
        }
        let shape = Shape::Object(Object { name: None, fields: signature.params.clone() }.into());
        let whole = Value::from(params.clone());
        shape.check(&whole).map_err(|misfits| {
            let list: String = misfits.iter().map(|misfit| format!("\n  {misfit}")).collect();
            Refusal::new(format!("the parameters do not fit `{}`:{list}", signature.full_name()))
        })?;
        Ok(Value::from(params).without_absent())
    }

    async fn record(&self, found: &Found, operation: &Arc<Operation>, params: Value) -> Result<Exit, Stop> {
        let data = data(&found.program, self.data.as_deref());
        let builder = Builder::new(found.program.clone()).environment().credentials_in(&data);
        let builder = self.set.iter().fold(builder, |builder, assignment| builder.set(assignment));
        let alone = builder.alone(operation).map_err(not_built)?;
        let outcome = alone.call(params.clone()).await;
        let answers = alone.answers();
        let wanted = operation.requests().count();
        match &outcome.result {
            Err(failure) if answers.is_empty() => return Err(nothing_came(failure)),
            Ok(_) if answers.len() != wanted => {
                let message = format!("{} answers came for {wanted} requests: that is no example", answers.len());
                return Err(Refusal::new(message).into());
            }
            Ok(_) | Err(_) => {}
        }
        let failed = outcome.result.err().map(|failure| failure.kind.name().to_owned());
        let mut cleaner = Cleaner::new(&alone, self.keep_addresses)?;
        let params = cleaner.clean(&params);
        let gets = self.gets(found, operation, &answers, &mut cleaner);
        let name = &operation.signature.name;
        let mut example = Example { operation: name, params, gets, end: End::Gives(Value::Unit) };
        let file = page::of(&found.program, &found.connector, operation)?;
        example.end = match &failed {
            // A stand-in plays what went well; what went wrong was judged when it came.
            Some(kind) => End::Fails(kind),
            None => End::Gives(played(&file, found, operation, &example).await?),
        };
        self.keep(&file, &example)
    }

    /// What is left of the answers.
    fn gets<'o>(
        &self,
        found: &Found,
        operation: &'o Operation,
        answers: &[Value],
        cleaner: &mut Cleaner<'_>,
    ) -> Vec<Gets<'o>> {
        let ahead = operation.ahead.iter().filter(|(_, ahead)| matches!(ahead, Ahead::Request(_)));
        let names = ahead.map(|(name, _)| Some(&**name)).chain([None]);
        let last = operation.requests().count();
        let one = |(place, (answer, name)): (usize, (&Value, Option<&'o str>))| {
            let status =
                answer.get("status").and_then(Value::as_int).and_then(|it| u16::try_from(it).ok()).unwrap_or(200);
            let mut body = cleaner.clean(answer.get("body").unwrap_or(&Value::Unit));
            if place + 1 == last {
                page::let_it_end(&found.connector, operation, &mut body);
            }
            let (headers, body) = cleaner.head(answer, body.without_absent());
            Gets { name, status, headers, body }
        };
        answers.iter().zip(names).enumerate().map(one).collect()
    }

    /// Adds the example to the file of the connector, or only shows it.
    fn keep(&self, file: &page::Page, example: &Example<'_>) -> Result<Exit, Stop> {
        checked(file, example)?;
        let text = example.to_string();
        deliver(&text);
        if file.is_standard {
            say("the connector is one of the standard library: nothing was written");
            return Ok(Exit::Done);
        }
        let written = put(Path::new(&file.name), &file.with(&text));
        written.map_err(|error| Refusal::new(format!("`{}` cannot be written: {error}", file.name)))?;
        say(&format!("kept in {}", file.name));
        Ok(Exit::Done)
    }
}

/// Whether a word is `field=value`.
fn is_field(word: &str) -> bool {
    let name = word.split_once('=').map(|(name, _)| name).unwrap_or_default();
    !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

fn nothing_came(failure: &Failure) -> Stop {
    Refusal::new(format!("nothing came that could be kept: {}: {}", failure.kind, failure.message)).into()
}

fn not_the_same(failure: &Failure) -> Stop {
    let message =
        format!("played with the answers that are left, the operation fails: {}: {}", failure.kind, failure.message);
    Refusal::new(message).hint("write the example by hand: docs/making-connectors.md").into()
}

/// What the operation makes of the answers of `example`, which is played as the last one of it in its file.
async fn played(file: &page::Page, found: &Found, operation: &Operation, example: &Example<'_>) -> Result<Value, Stop> {
    let program = checked(file, example)?;
    let name = format!("{}.{}", file.connector, operation.signature.name);
    let Some(piece) = pieces(&program.package).into_iter().rfind(|piece| piece.name() == name) else {
        return Err(Refusal::new(format!("`{}` is not declared in {}", found.connector.name, file.name)).into());
    };
    let played = piece.play(&program).await.map_err(not_built)?;
    played.outcome.result.map(|value| Value::from_json(value.to_json())).map_err(|failure| not_the_same(&failure))
}

/// The program that the file becomes with `example`; what is wrong with it is said.
fn checked(file: &page::Page, example: &Example<'_>) -> Result<Program, Stop> {
    Program::from_text(&file.name, &file.with(&example.to_string())).map_err(|faults| {
        say(&report::to_text(&faults.diagnostics, &faults.sources, colour_on_stderr()));
        Refusal::new("the example does not check, and was not kept").into()
    })
}
