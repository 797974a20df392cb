//! `flow diff A B`: what changed between two programs, in words.

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use super::check::Format;
use super::exit::{Exit, Refusal, Stop};
use super::paper::{Palette, deliver, styled};
use super::program::load;
use crate::base::id::Digest;
use crate::lang::plan::compare::{Change, compare};
use crate::lang::plan::{Package, Plan};

/// Say in words what changed between two programs.
///
/// Workflows are compared by their names, steps by theirs: a step is the same one whatever was put before it. Layout, comments
/// and documentation are no changes.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  flow diff orders.old.flow orders.flow
  git show HEAD:orders.flow > before.flow && flow diff before.flow orders.flow")]
pub struct Diff {
    /// The program that was.
    #[arg(value_name = "OLD")]
    old: PathBuf,
    /// The program that is.
    #[arg(value_name = "NEW")]
    new: PathBuf,
    /// For people, or one JSON object for tools.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Ends with 1 where there are differences.
    #[arg(long)]
    exit_code: bool,
}

/// What became of one workflow.
#[derive(Serialize)]
struct Difference {
    workflow: String,
    /// The plan that was; none where the workflow is new.
    old: Option<Digest>,
    /// The plan that is; none where the workflow is gone.
    new: Option<Digest>,
    changes: Vec<Said>,
}

/// A change with its words.
#[derive(Serialize)]
struct Said {
    #[serde(flatten)]
    change: Change,
    words: String,
}

impl Diff {
    /// Compares the programs.
    ///
    /// # Errors
    /// If one of them cannot run.
    pub fn run(&self) -> Result<Exit, Stop> {
        let (old, new) = (load(&self.old)?, load(&self.new)?);
        let differences = differences(&old.package, &new.package);
        deliver(&match self.format {
            Format::Text if differences.is_empty() => "no difference: they do the same\n".to_owned(),
            Format::Text => differences.iter().map(text).collect::<Vec<_>>().join("\n"),
            Format::Json => serde_json::to_string_pretty(&serde_json::json!({ "workflows": differences }))
                .map_err(|error| Refusal::new(format!("the changes cannot be written as JSON: {error}")))?,
        });
        Ok(if self.exit_code && !differences.is_empty() { Exit::Failed } else { Exit::Done })
    }
}

/// The workflows that differ: those that both have in the order of the new program, then those that are gone.
fn differences(old: &Package, new: &Package) -> Vec<Difference> {
    let mut found = Vec::new();
    for (name, after) in &new.plans {
        match old.plans.get(name) {
            Some(before) if before.digest == after.digest => {}
            before => found.push(difference(name, before.map(|plan| &**plan), Some(after))),
        }
    }
    let gone = old.plans.iter().filter(|(name, _)| !new.plans.contains_key(*name));
    found.extend(gone.map(|(name, before)| difference(name, Some(before), None)));
    found
}

fn difference(name: &str, old: Option<&Plan>, new: Option<&Plan>) -> Difference {
    let changes = old.zip(new).map(|(old, new)| compare(old, new).changes).unwrap_or_default();
    let said = changes.into_iter().map(|change| Said { words: change.to_string(), change });
    Difference {
        workflow: name.to_owned(),
        old: old.map(|plan| plan.digest),
        new: new.map(|plan| plan.digest),
        changes: said.collect(),
    }
}

fn text(difference: &Difference) -> String {
    let strong = Palette::for_stdout().strong;
    let head = format!("{} {}", styled(strong, "workflow"), styled(strong, &difference.workflow));
    match (&difference.old, &difference.new) {
        (Some(old), Some(new)) => {
            let lines: String = difference.changes.iter().map(|said| format!("  {}\n", said.words)).collect();
            format!("{head}   plan {} -> {}\n{lines}", old.short(), new.short())
        }
        (None, _) => format!("{head} is new\n"),
        (_, None) => format!("{head} is gone\n"),
    }
}
