//! `flow connectors new NAME --openapi FILE`: a connector from a service's own description.

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::Value as Json;

use crate::base::report;
use crate::base::value::Value;
use crate::cli::document;
use crate::cli::exit::{Exit, Refusal, Stop};
use crate::cli::output::{Kind, Output};
use crate::cli::paper::{colour_on_stderr, deliver, say};
use crate::cli::threads::threads;
use crate::host::{Builder, Program};
use crate::lang::catalog::standard;
use crate::lang::openapi::{self, Made, Unusable, Wanted};

/// Of how many operations nobody reads the whole.
const READABLE_MAX: usize = 60;
/// How many names are told where none fits.
const NAMES_MAX: usize = 12;
/// How many things that could not be said are told.
const LEFT_MAX: usize = 12;

/// Write a connector from an OpenAPI document: 3.0, 3.1 or Swagger 2.0, JSON or YAML.
///
/// What it writes checks, has an example for each operation, and is yours to change. What the language cannot say is marked TODO.
#[derive(Debug, Args)]
#[command(
    name = "new",
    after_help = "\
Where no part is named, the whole document is taken; otherwise whatever any of --tag, --path and --operation names.

Examples:
  flow connectors new crm --openapi crm.yaml
  flow connectors new crm --openapi crm.json --tag contacts --tag deals
  flow connectors new crm --openapi https://crm.example/openapi.json --path /v2/contacts -o -"
)]
pub struct New {
    /// What the connector is to be called, such as `crm`.
    #[arg(value_name = "NAME")]
    name: String,
    /// The document: a file, or an address.
    #[arg(long, value_name = "FILE | URL")]
    openapi: String,
    /// Operations with this tag; may be given several times.
    #[arg(long = "tag", value_name = "TAG")]
    tags: Vec<String>,
    /// Operations whose paths begin so; may be given several times.
    #[arg(long = "path", value_name = "PREFIX")]
    paths: Vec<String>,
    /// The operation with this id; may be given several times.
    #[arg(long = "operation", value_name = "ID")]
    operations: Vec<String>,
    /// Where it goes: `NAME.flow` where absent, `-` for stdout.
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Writes over a file that is there.
    #[arg(long)]
    force: bool,
    /// Sets one setting for fetching the document, such as `http.allow_hosts=127.0.0.1`.
    #[arg(long = "set", value_name = "PATH=VALUE")]
    set: Vec<String>,
}

impl New {
    /// The connector that a file describes, all of it.
    pub fn of_file(name: String, file: &Path, output: Option<PathBuf>, force: bool) -> Self {
        let openapi = file.display().to_string();
        let nothing = Vec::new;
        Self { name, openapi, tags: nothing(), paths: nothing(), operations: Vec::new(), output, force, set: nothing() }
    }

    /// Writes it.
    ///
    /// # Errors
    /// A name that cannot be one, a document that cannot be read, a file that is there already.
    pub fn run(&self) -> Result<Exit, Stop> {
        self.check_name()?;
        let output = self.output.clone().unwrap_or_else(|| PathBuf::from(format!("{}.flow", self.name)));
        let to_stdout = output.as_os_str() == "-";
        let file = Output::new(&output, Kind::Program).of([Path::new(&self.openapi)]).force(self.force);
        if !to_stdout {
            file.check()?;
        }
        let document = self.document()?;
        let tags = openapi::tags(document.clone());
        let wanted = Wanted {
            name: self.name.clone(),
            tags: self.tags.clone(),
            paths: self.paths.clone(),
            operations: self.operations.clone(),
        };
        let made = openapi::connector(document, &wanted).map_err(|unusable| self.refused(&unusable))?;
        if to_stdout {
            deliver(&made.text);
        } else {
            file.write(&made.text)?;
        }
        self.tell(&made, &tags, if to_stdout { None } else { Some(&output) });
        // Whatever a description says, what is written of it checks; where it does not, whoever asked sees it at once.
        match Program::from_text(&output.display().to_string(), &made.text) {
            Ok(_) => Ok(Exit::Done),
            Err(faults) => {
                say(&report::to_text(&faults.diagnostics, &faults.sources, colour_on_stderr()));
                Ok(Exit::Wrong)
            }
        }
    }

    fn check_name(&self) -> Result<(), Refusal> {
        let begins = self.name.starts_with(|c: char| c.is_ascii_lowercase());
        let is_word = self.name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
        if !begins || !is_word {
            let message = format!("`{}` cannot be the name of a connector", self.name);
            return Err(Refusal::new(message).hint("a name has small letters, digits and `_`: `crm`, `house_crm`"));
        }
        if standard::connector(&self.name).is_some() {
            let message = format!("`{}` is a connector of the standard library", self.name);
            let hint =
                format!("take another name, such as `my_{0}`; `flow connectors show {0}` shows that one", self.name);
            return Err(Refusal::new(message).hint(hint));
        }
        Ok(())
    }

    /// The document as JSON, wherever it lies and however it is written.
    fn document(&self) -> Result<Json, Stop> {
        let source = &self.openapi;
        let is_address = source.starts_with("https://") || source.starts_with("http://");
        let text = if is_address { self.fetched()? } else { document::read(Path::new(source))? };
        Ok(document::parsed(source, &text)?)
    }

    /// The document at an address, by the rules for every request.
    fn fetched(&self) -> Result<String, Stop> {
        let Some(program) = Program::of_standard("http") else {
            return Err(Refusal::new("this build has no HTTP").into());
        };
        let get = program.package.connectors.get("http").and_then(|http| http.operations.get("get")).cloned();
        let Some(get) = get else { return Err(Refusal::new("this build has no `http.get`").into()) };
        let builder = self.set.iter().fold(Builder::new(program).environment(), |builder, set| builder.set(set));
        let alone = builder.alone(&get).map_err(|error| Refusal::new(error.to_string()))?;
        let params = Value::map([("url", Value::from(self.openapi.as_str())), ("as", "text".into())]);
        let outcome = threads()?.block_on(alone.call(params));
        let answer = outcome.result.map_err(|failure| Refusal::new(failure.message.to_string()))?;
        Ok(answer.get("body").unwrap_or(&answer).to_string())
    }

    fn refused(&self, unusable: &Unusable) -> Refusal {
        let refusal = Refusal::new(format!("{}: {unusable}", self.openapi));
        match unusable {
            Unusable::Unknown { known, .. } => match known.as_slice() {
                [] => refusal.hint("it names none"),
                [only] => refusal.hint(format!("did you mean `{only}`?")),
                many => {
                    let some: Vec<String> = many.iter().take(NAMES_MAX).map(|name| format!("`{name}`")).collect();
                    let more = if many.len() > NAMES_MAX {
                        format!(" and {} more", many.len() - NAMES_MAX)
                    } else {
                        String::new()
                    };
                    refusal.hint(format!("it has {}{more}", some.join(", ")))
                }
            },
            Unusable::Foreign(_) | Unusable::Empty => refusal,
        }
    }

    /// What was written, what could not be said, what to do next.
    fn tell(&self, made: &Made, tags: &[(String, usize)], output: Option<&Path>) {
        let plural = |count: usize, what: &str| format!("{count} {what}{}", if count == 1 { "" } else { "s" });
        let of = if made.operations == made.described { String::new() } else { format!(" of {}", made.described) };
        let place = output.map_or_else(|| self.name.clone(), |output| output.display().to_string());
        say(&format!("{place}: {}{of}", plural(made.operations, "operation")));
        if made.operations > READABLE_MAX && !tags.is_empty() {
            let some: Vec<String> =
                tags.iter().take(NAMES_MAX).map(|(tag, count)| format!("--tag {tag:?} ({count})")).collect();
            say(&format!("  nobody reads so many; a part is chosen by {}", some.join(", ")));
        }
        if !made.left.is_empty() {
            say(&format!("  {} left to you, marked TODO:", plural(made.left.len(), "thing")));
            made.left.iter().take(LEFT_MAX).for_each(|left| say(&format!("    {left}")));
            if made.left.len() > LEFT_MAX {
                say(&format!("    and {} more", made.left.len() - LEFT_MAX));
            }
        }
        if let Some(output) = output {
            say(&format!("  next: flow connectors check {} {}", self.name, output.display()));
        }
    }
}
