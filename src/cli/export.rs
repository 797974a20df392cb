//! `flow export FILE [WORKFLOW]`: a workflow in another language.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::exit::{Exit, Refusal, Stop};
use super::output::{Kind, Output};
use super::paper::{deliver, say};
use super::program::{load, workflow};
use crate::lang::plan::{self, serverless::Exported};

/// How many notes are told.
const NOTES_MAX: usize = 20;

/// Write a workflow as a document of another language: Serverless Workflow 1.0, or Mermaid for a picture.
///
/// The document goes to stdout and what came of it to stderr. What that language cannot say is told, and stands under `metadata` of
/// its task.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  flow export scripts/refund_desk.flow
  flow export orders.flow fulfil -o fulfil.yaml
  flow export --to mermaid orders.flow fulfil")]
pub struct Export {
    /// The program.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Which workflow; may be left out where there is one.
    #[arg(value_name = "WORKFLOW")]
    workflow: Option<String>,
    /// The language it is written in.
    #[arg(long, value_enum, value_name = "LANGUAGE", default_value_t = To::Serverless)]
    to: To,
    /// Where it goes; stdout where absent.
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Writes over a file that is there; never over a program.
    #[arg(long)]
    force: bool,
}

/// What is exported to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum To {
    /// Serverless Workflow 1.0, as YAML.
    Serverless,
    /// Mermaid, as `flow graph` draws it.
    Mermaid,
}

impl Export {
    /// Exports the workflow.
    ///
    /// # Errors
    /// If the program cannot run, it is not clear which workflow is meant, or the document cannot be written, or would be written over
    /// another file.
    pub fn run(&self) -> Result<Exit, Stop> {
        self.output().as_ref().map_or(Ok(()), Output::check)?;
        let program = load(&self.file)?;
        let plan = workflow(&program, self.workflow.as_deref(), &self.file)?;
        match self.to {
            To::Mermaid => self.write(&plan::graph::to_mermaid(plan))?,
            To::Serverless => {
                let exported = plan::serverless::to_serverless(plan, &program.package.connectors);
                let yaml = serde_saphyr::to_string(&exported.document)
                    .map_err(|error| Refusal::new(format!("the document cannot be written as YAML: {error}")))?;
                self.write(&yaml)?;
                tell(&plan.name, &exported);
            }
        }
        Ok(Exit::Done)
    }

    fn write(&self, text: &str) -> Result<(), Refusal> {
        match self.output() {
            None => deliver(text),
            Some(output) => output.write(text)?,
        }
        Ok(())
    }

    fn output(&self) -> Option<Output<'_>> {
        let path = self.output.as_ref()?;
        Some(Output::new(path, Kind::Other("a document")).of([self.file.as_path()]).force(self.force))
    }
}

/// What is the same there, and what is not.
fn tell(name: &str, exported: &Exported) {
    let plural = |count: usize, what: &str| format!("{count} {what}{}", if count == 1 { "" } else { "s" });
    let tasks = plural(exported.tasks, "task");
    if exported.notes.is_empty() {
        return say(&format!("{name}: {tasks} of Serverless Workflow, all one to one"));
    }
    say(&format!("{name}: {tasks} of Serverless Workflow, {} to look at:", plural(exported.notes.len(), "thing")));
    exported.notes.iter().take(NOTES_MAX).for_each(|note| say(&format!("    {note}")));
    if exported.notes.len() > NOTES_MAX {
        say(&format!("    and {} more", exported.notes.len() - NOTES_MAX));
    }
}
