//! Programs of other workflow languages to programs of this one.
//!
//! In: a document of another language as JSON, with the text it was read from. Out: the text of a program that checks, and what
//! could not be said in it. Never: I/O (held by `tests/architecture.rs`), a panic, whatever the document says.
//!
//! **A further language** is a folder beside `states` with one function `write(&Source, &mut Draft) -> Result<(), Unusable>`. It
//! gets a variant of `Language`, which says what the language and its parts are called (`title`, `part`) and how a document of it
//! is recognised (`of`); `import` calls its function, and `src/cli/import.rs` names it for `--from`. A `Draft` takes the
//! program in as it is read: `begin` and `end` hold a workflow; `part` begins what the other language counts by (a state, a task, a
//! node); `line`, `statement`, `step`, `open`, `otherwise` and `close` write it; `name` makes the names of steps legal and unique;
//! `stub` declares what an operation without a connector of ours would be; `todo` is for what cannot be said: it marks the part, and
//! stands in the program where the reader needs it. Values are `Term`s, which lay themselves out. Whatever a document holds,
//! the program must check: samples go to `tests/foreign/NAME/`, and each is imported by the binary, checked, formatted and run there.
//! What all languages need stands beside them: `ways` follows what leads where, `time`, `condition` and `cron` write durations, negations
//! and cron lines, `retry` writes pauses that grow.

mod condition;
mod cron;
mod draft;
mod mend;
mod n8n;
mod retry;
mod serverless;
mod source;
mod states;
mod term;
mod time;
mod ways;

use serde_json::Value as Json;

pub use source::{Source, Unusable};

use crate::lang::syntax;
use draft::Draft;

/// What introduces something in a program that could not be carried over.
pub const TODO: &str = "// TODO(import): ";

/// A workflow language that programs are read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// Amazon States Language, of AWS Step Functions.
    StatesLanguage,
    /// Serverless Workflow 1.0, of the CNCF.
    ServerlessWorkflow,
    /// Workflows of n8n.
    N8n,
}

impl Language {
    /// What it is called.
    pub fn title(self) -> &'static str {
        match self {
            Self::StatesLanguage => "Amazon States Language",
            Self::ServerlessWorkflow => "Serverless Workflow",
            Self::N8n => "n8n",
        }
    }

    /// What its documents are made of.
    pub fn part(self) -> &'static str {
        match self {
            Self::StatesLanguage => "state",
            Self::ServerlessWorkflow => "task",
            Self::N8n => "node",
        }
    }

    /// The language of a document, by what only documents of it have.
    pub fn of(document: &Json) -> Option<Self> {
        if document["States"].is_object() || document["StartAt"].is_string() {
            Some(Self::StatesLanguage)
        } else if document["nodes"].is_array() && document["connections"].is_object() {
            Some(Self::N8n)
        } else if document["document"].is_object() && !document["do"].is_null() {
            Some(Self::ServerlessWorkflow)
        } else {
            None
        }
    }
}

/// A program that was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Imported {
    /// The language it was written in.
    pub language: Language,
    /// Its text.
    pub text: String,
    /// How many parts the document has: states, tasks, nodes.
    pub parts: usize,
    /// How many of them say in the program what they said in the document.
    pub alike: usize,
    /// What is to be looked at, in the order of the text.
    pub notes: Vec<Note>,
}

/// Something that could not be carried over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// The line of the text on which it stands, from 1.
    pub line: usize,
    /// What it says.
    pub text: String,
}

/// The program that a document of another language describes. `name` is what its first workflow is called, where the document
/// does not say.
///
/// # Errors
/// A document of no language that can be read, or one that breaks the rules of its own.
pub fn import(source: &Source<'_>, language: Option<Language>, name: &str) -> Result<Imported, Unusable> {
    let language = language.or_else(|| Language::of(source.document)).ok_or_else(Unusable::foreign)?;
    let mut draft = Draft::new(name);
    match language {
        Language::StatesLanguage => states::write(source, &mut draft)?,
        Language::ServerlessWorkflow => serverless::write(source, &mut draft)?,
        Language::N8n => n8n::write(source, &mut draft)?,
    }
    let (parts, alike) = draft.tally();
    let written = draft.finish(language);
    let (text, taken) = mend::mended(in_style(name, written))?;
    let text = if taken == 0 { text } else { in_style(name, text) };
    let notes = notes(&text);
    Ok(Imported { language, text, parts, alike: alike.saturating_sub(taken), notes })
}

fn in_style(name: &str, text: String) -> String {
    syntax::format(&crate::base::span::Source::new(name, &text)).unwrap_or(text)
}

/// What a program says was not carried over, line by line.
fn notes(text: &str) -> Vec<Note> {
    let said = text.lines().zip(1..).filter_map(|(line, number)| {
        let (_, said) = line.split_once(TODO)?;
        Some(Note { line: number, text: said.to_owned() })
    });
    said.collect()
}
