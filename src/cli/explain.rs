//! `flow explain CODE`: the page of a diagnostic.

mod pages;

use anstyle::Style;
use clap::Args;

use super::exit::{Exit, Refusal, Stop};
use super::paper::{Palette, deliver, styled};
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

/// The page as a terminal shows it: headings strong, programs indented instead of fenced.
fn paint(page: &str, palette: &Palette) -> String {
    if palette.strong == Style::new() {
        return page.to_owned();
    }
    let mut painted = String::new();
    let mut fenced = false;
    for line in page.lines() {
        if line.starts_with("```") {
            fenced = !fenced;
        } else if fenced {
            painted.push_str(&format!("    {}\n", styled(palette.busy, line)));
        } else if line.starts_with('#') {
            painted.push_str(&format!("{}\n", styled(palette.strong, line.trim_start_matches(['#', ' ']))));
        } else {
            painted.push_str(&format!("{line}\n"));
        }
    }
    painted
}
