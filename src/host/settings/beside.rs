//! What the other programs of a directory name: its `flow.toml` serves them all.

use std::path::Path;

use regex::Regex;

use crate::disk;
use crate::lang::catalog::standard;

/// Whether `connector` is one of the standard library, or one that a program in `directory` declares, or uses by an alias.
pub fn names(directory: &Path, connector: &str) -> bool {
    if standard::connector(connector).is_some() {
        return true;
    }
    let pattern = match connector.split_once('.') {
        Some((alias, _)) => format!(r"\bas\s+{}\b", regex::escape(alias)),
        None => format!(r"\bconnector\s+{}\b", regex::escape(connector)),
    };
    let Ok(pattern) = Regex::new(&pattern) else { return false };
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    let files = entries.map(|entry| entry.path());
    let programs = files.filter(|file| file.extension().is_some_and(|ending| ending == "flow"));
    let mut texts = programs.filter_map(|program| disk::read(&program).ok());
    texts.any(|text| pattern.is_match(&text))
}
