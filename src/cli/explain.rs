//! `flow explain CODE`: the page of a diagnostic.

mod pages;

use clap::Args;

use super::exit::{Exit, Refusal, Stop};
use super::manual::paint;
use super::paper::{Palette, deliver};
use crate::base::diagnostic::nearest;

pub use pages::PAGES;

/// Explain a diagnostic: what it means, a program that has it, and the program mended.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  flow explain F0204")]
pub struct Explain {
    /// The code, as it stands in brackets behind `error` or `warning`; without one, all codes are listed.
    #[arg(value_name = "CODE")]
    code: Option<String>,
}

impl Explain {
    /// Prints the page.
    ///
    /// # Errors
    /// If there is no such code.
    pub fn run(&self) -> Result<Exit, Stop> {
        let Some(code) = &self.code else {
            let list: String = PAGES.iter().map(|(_, page)| format!("{}\n", title(page))).collect();
            deliver(&list);
            return Ok(Exit::Done);
        };
        let wanted = code.trim_matches(['[', ']']).to_uppercase();
        match PAGES.iter().find(|(code, _)| *code == wanted) {
            Some((_, page)) => {
                deliver(&paint(page, &Palette::for_stdout()));
                Ok(Exit::Done)
            }
            None => {
                let refusal = Refusal::new(format!("there is no diagnostic `{code}`"));
                Err(Stop::Refused(match nearest(&wanted, PAGES.iter().map(|(code, _)| *code)) {
                    Some(near) => refusal.hint(format!("did you mean `flow explain {near}`?")),
                    None => refusal.hint("`flow explain` lists all of them"),
                }))
            }
        }
    }
}

/// The heading of a page: `F0204: a name nobody declares`.
fn title(page: &str) -> &str {
    page.lines().next().unwrap_or_default().trim_start_matches("# ")
}
