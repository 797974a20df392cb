//! `flow connectors show NAME [OPERATION] [FILE]`: the page of a connector, or of one of its operations.

use std::path::Path;

use clap::Args;

use super::found::{Found, is_file, named, operation};
use crate::cli::check::Format;
use crate::cli::exit::{Exit, Refusal, Stop};
use crate::cli::manual::paint;
use crate::cli::paper::{Palette, deliver};
use crate::lang::plan::reference;

/// Show what a connector can do: its settings, operations, parameters, types, failures and examples.
///
/// The same page as in docs/connectors: laid out on a terminal, Markdown elsewhere.
#[derive(Debug, Args)]
#[command(
    name = "show",
    after_help = "\
Examples:
  flow connectors show slack
  flow connectors show slack post_message
  flow connectors show crm.create main.flow     of a connector that a program declares or uses"
)]
pub struct Show {
    /// The connector, or an operation with its connector: `slack.post_message`.
    #[arg(value_name = "NAME")]
    name: String,
    /// The operation, and the program that declares the connector; either may be left out.
    #[arg(value_name = "OPERATION | FILE", num_args = 0..=2)]
    rest: Vec<String>,
    /// For people, or JSON with the types as JSON Schema.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

impl Show {
    /// Shows it.
    ///
    /// # Errors
    /// Where there is no such connector or operation.
    pub fn run(&self) -> Result<Exit, Stop> {
        let (files, words): (Vec<&String>, Vec<&String>) = self.rest.iter().partition(|word| is_file(word));
        let file = files.first().map(|file| Path::new(file.as_str()));
        let Found { connector, operation: dotted, .. } = named(&self.name, file)?;
        if words.len() + usize::from(dotted.is_some()) > 1 || files.len() > 1 {
            return Err(Refusal::new("one operation of one connector can be shown").into());
        }
        let operation = match words.first() {
            Some(name) => Some(operation(&connector, name)?.clone()),
            None => dotted,
        };
        match (self.format, operation) {
            (Format::Json, None) => deliver(&format!("{:#}", reference::as_json(&connector))),
            (Format::Json, Some(operation)) => deliver(&format!("{:#}", reference::operation_as_json(&operation))),
            (Format::Text, None) => deliver(&paint(&reference::page(&connector), &Palette::for_stdout())),
            (Format::Text, Some(operation)) => {
                deliver(&paint(&reference::operation(&connector, &operation), &Palette::for_stdout()));
            }
        }
        Ok(Exit::Done)
    }
}
