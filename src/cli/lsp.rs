//! `flow lsp`: what editors ask while a program is written.

use clap::Args;

use super::exit::{Exit, Refusal, Stop};
use crate::lsp::{self, Ended};

/// Answer an editor: diagnostics as you type, completion, definitions, over standard input and output.
#[derive(Debug, Args)]
#[command(after_help = "Editors start it by themselves; docs/editors.md has the lines for each.")]
pub struct Lsp {
    /// Speak over standard input and output, as it does anyway: some editors say so.
    #[arg(long, hide = true)]
    stdio: bool,
}

impl Lsp {
    /// Serves until the editor is done.
    ///
    /// # Errors
    /// If what comes in is no conversation with an editor.
    pub fn run(&self) -> Result<Exit, Stop> {
        match lsp::serve() {
            Ok(Ended::Asked) => Ok(Exit::Done),
            Ok(Ended::Left) => Ok(Exit::Failed),
            Err(message) => {
                Err(Refusal::new(message).hint("editors start `flow lsp` by themselves: see docs/editors.md").into())
            }
        }
    }
}
