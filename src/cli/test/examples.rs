//! The examples of the connectors that programs declare, as tests.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::Instant;

use serde_json::json;
use tokio::runtime::Runtime;

use super::ran::Ran;
use super::told::{failure_text, failures_as_json, headline, indented, place};
use crate::base::span::Sources;
use crate::base::time::Duration;
use crate::cli::elapsed::elapsed;
use crate::cli::exit::Stop;
use crate::cli::paper::Palette;
use crate::cli::threads::threads;
use crate::host::Program;
use crate::host::play::{Piece, own_pieces};
use crate::host::rehearse::TestFailure;

/// The examples of several programs, each once, however many of them use its file.
#[derive(Default)]
pub struct Examples {
    seen: BTreeSet<(PathBuf, u32)>,
    threads: OnceLock<Runtime>,
}

impl Examples {
    /// Those of `program` that were not among them yet, with their titles.
    pub fn of(&mut self, program: &Program) -> Vec<(String, Piece)> {
        let sources = &program.sources;
        let mut pieces = own_pieces(program);
        pieces.retain(|piece| {
            let path = PathBuf::from(&*sources.get(piece.span().file).name);
            self.seen.insert((path.canonicalize().unwrap_or(path), piece.span().start))
        });
        pieces.into_iter().map(|piece| (title(&piece, sources), piece)).collect()
    }

    /// Plays one of them.
    ///
    /// # Errors
    /// If the operating system gives no threads.
    pub fn play(&self, program: &Program, title: &str, piece: &Piece, palette: &Palette) -> Result<Ran, Stop> {
        let began = Instant::now();
        let faults = match self.threads()?.block_on(piece.play(program)) {
            Ok(played) => piece.faults(&played),
            Err(error) => vec![TestFailure { span: piece.span(), message: error.to_string(), details: Vec::new() }],
        };
        let took = Duration(i64::try_from(began.elapsed().as_millis()).unwrap_or(i64::MAX));
        let mut text = headline(title, faults.is_empty(), &elapsed(took), palette);
        faults.iter().for_each(|fault| text.push_str(&indented(&failure_text(fault, &program.sources, palette))));
        let (line, column) = place(piece.span(), &program.sources);
        let json = json!({
            "file": *program.sources.get(piece.span().file).name,
            "line": line,
            "column": column,
            "title": title,
            "example": piece.name(),
            "passed": faults.is_empty(),
            "failures": failures_as_json(&faults, &program.sources),
        });
        Ok(Ran { passed: faults.is_empty(), text, json, took })
    }

    fn threads(&self) -> Result<&Runtime, Stop> {
        match self.threads.get() {
            Some(threads) => Ok(threads),
            None => {
                let threads = threads()?;
                Ok(self.threads.get_or_init(|| threads))
            }
        }
    }
}

/// `example crm.get (line 12)`, in a used file `example house.crm.get (crm.flow:12)`.
fn title(piece: &Piece, sources: &Sources) -> String {
    let (line, _) = place(piece.span(), sources);
    let place = match piece.connector.name.contains('.') {
        true => format!("{}:{line}", sources.get(piece.span().file).name),
        false => format!("line {line}"),
    };
    format!("example {} ({place})", piece.name())
}
