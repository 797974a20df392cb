//! What has been typed so far, as the command reads it.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::ArgMatches;

/// The arguments of the command that is being typed, as far as there are any.
pub struct Line(Option<ArgMatches>);

impl Line {
    /// What a shell has handed over behind `--`.
    pub fn typed() -> Self {
        let words: Vec<OsString> = std::env::args_os().skip_while(|word| word != "--").skip(1).collect();
        // It is not whole, and need not be right.
        let mut matches = super::super::command().ignore_errors(true).try_get_matches_from(words).ok();
        while let Some((_, below)) = matches.as_mut().and_then(ArgMatches::remove_subcommand) {
            matches = Some(below);
        }
        Self(matches)
    }

    /// The values of an argument, those that it has by default too.
    pub fn words(&self, argument: &str) -> Vec<String> {
        let raw = self.0.as_ref().and_then(|matches| matches.try_get_raw(argument).ok().flatten());
        raw.into_iter().flatten().map(|word| word.to_string_lossy().into_owned()).collect()
    }

    /// The first of them.
    pub fn word(&self, argument: &str) -> Option<String> {
        self.words(argument).into_iter().next().filter(|word| !word.is_empty())
    }

    /// The same, as a path.
    pub fn path(&self, argument: &str) -> Option<PathBuf> {
        self.word(argument).map(PathBuf::from)
    }
}
