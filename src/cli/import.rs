//! `flow import FILE`: a program from one of another workflow language.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use serde_json::Value as Json;

use super::connectors::New;
use super::document;
use super::exit::{Exit, Refusal, Stop};
use super::output::{Kind, Output};
use super::paper::{colour_on_stderr, deliver, say};
use crate::base::report;
use crate::host::Program;
use crate::lang::foreign::{self, Imported, Language, Source, Unusable};
use crate::lang::openapi::naming;

/// How many notes are told.
const NOTES_MAX: usize = 20;

/// Write a program from a workflow in another language: Amazon States Language, Serverless Workflow, n8n; a connector from OpenAPI.
///
/// The program goes to stdout and what came of it to stderr. What it writes checks and is yours to change. Where the meaning is not
/// the same it says so in place: `// TODO(import): ...`.
#[derive(Debug, Args)]
#[command(
    name = "import",
    after_help = "\
Exit codes: 0 written, 2 where the document cannot be read or a file is there already.

Examples:
  flow import order.asl.json
  flow import order.asl.json -o order.flow
  flow import --from n8n workflow.json -o mails.flow
  flow import openapi.yaml -o crm.flow"
)]
pub struct Import {
    /// The document: JSON or YAML.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The language it is in; recognised by what is in it where absent.
    #[arg(long, value_enum, value_name = "LANGUAGE")]
    from: Option<From>,
    /// Where the program goes: stdout where absent.
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Writes over a file that is there; never over the document itself.
    #[arg(long)]
    force: bool,
}

/// What is imported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum From {
    /// Amazon States Language.
    Asl,
    /// Serverless Workflow 1.0.
    Serverless,
    /// n8n.
    N8n,
    /// OpenAPI: a connector.
    Openapi,
}

impl From {
    /// The workflow language; none for a description of a service.
    fn language(self) -> Option<Language> {
        match self {
            Self::Asl => Some(Language::StatesLanguage),
            Self::Serverless => Some(Language::ServerlessWorkflow),
            Self::N8n => Some(Language::N8n),
            Self::Openapi => None,
        }
    }
}

impl Import {
    /// Imports it.
    ///
    /// # Errors
    /// A document that cannot be read or is none of these, a file that is there already.
    pub fn run(&self) -> Result<Exit, Stop> {
        self.output().as_ref().map_or(Ok(()), Output::check)?;
        let shown = self.file.display().to_string();
        let text = document::read(&self.file)?;
        let document = document::parsed(&shown, &text)?;
        if self.from == Some(From::Openapi) || self.from.is_none() && describes_a_service(&document) {
            return self.connector(&document);
        }
        let source = Source { document: &document, text: &text };
        let imported = foreign::import(&source, self.from.and_then(From::language), &self.name())
            .map_err(|unusable| refused(&shown, &unusable))?;
        match self.output() {
            Some(output) => output.write(&imported.text)?,
            None => deliver(&imported.text),
        }
        self.tell(&imported);
        // Whatever a document says, what is written of it checks; where it does not, whoever asked sees it at once.
        let name = self.output.as_deref().unwrap_or_else(|| Path::new("imported.flow"));
        match Program::from_text(&name.display().to_string(), &imported.text) {
            Ok(_) => Ok(Exit::Done),
            Err(faults) => {
                say(&report::to_text(&faults.diagnostics, &faults.sources, colour_on_stderr()));
                Ok(Exit::Wrong)
            }
        }
    }

    /// What the program is called where its document does not say: as the file.
    fn name(&self) -> String {
        let name = self.file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        naming::parameter(name.split('.').find(|part| !part.is_empty()).unwrap_or("imported"))
    }

    fn output(&self) -> Option<Output<'_>> {
        let path = self.output.as_ref()?;
        Some(Output::new(path, Kind::Program).of([self.file.as_path()]).force(self.force))
    }

    /// A description of a service becomes a connector, as `flow connectors new` writes it.
    fn connector(&self, document: &Json) -> Result<Exit, Stop> {
        let title = document["info"]["title"].as_str().map(naming::parameter);
        let stem =
            self.output.as_deref().and_then(Path::file_stem).map(|stem| naming::parameter(&stem.to_string_lossy()));
        let name = stem.or(title).unwrap_or_else(|| self.name());
        let output = self.output.clone().unwrap_or_else(|| PathBuf::from("-"));
        New::of_file(name, &self.file, Some(output), self.force).run()
    }

    /// What came one to one, what is to be looked at, what to do next.
    fn tell(&self, imported: &Imported) {
        let plural = |count: usize, what: &str| format!("{count} {what}{}", if count == 1 { "" } else { "s" });
        let place = self.output.as_ref().map_or_else(|| self.name(), |output| output.display().to_string());
        let (parts, alike) = (plural(imported.parts, imported.language.part()), imported.alike);
        let share = if alike == imported.parts { "all one to one".to_owned() } else { format!("{alike} one to one") };
        say(&format!("{place}: {parts} of {}, {share}", imported.language.title()));
        if !imported.notes.is_empty() {
            say(&format!("  {} to look at, marked TODO(import):", plural(imported.notes.len(), "thing")));
            let told = imported.notes.iter().take(NOTES_MAX);
            told.for_each(|note| say(&format!("    line {}: {}", note.line, note.text)));
            if imported.notes.len() > NOTES_MAX {
                say(&format!("    and {} more", imported.notes.len() - NOTES_MAX));
            }
        }
        if let Some(output) = &self.output {
            say(&format!("  next: flow check {0}, flow test {0}", output.display()));
        }
    }
}

/// Whether a document is OpenAPI or Swagger.
fn describes_a_service(document: &Json) -> bool {
    !document["openapi"].is_null() || !document["swagger"].is_null()
}

fn refused(file: &str, unusable: &Unusable) -> Refusal {
    let place = unusable.line.map_or_else(|| file.to_owned(), |line| format!("{file}:{line}"));
    let refusal = Refusal::new(format!("{place}: {unusable}"));
    match &unusable.hint {
        Some(hint) => refusal.hint(hint.clone()),
        None => refusal,
    }
}
