//! A file that takes part in a compilation, and whom it knows.

use std::sync::Arc;

use crate::lang::syntax::ast;

/// A file's tree with the files it uses.
#[derive(Clone, Debug)]
pub struct Tree {
    /// The way to it from the file itself, by aliases: empty for that file, `alerts` for one it uses, `alerts.text` for one
    /// that is used there. Files of the standard library have a slash in it, which no alias can have.
    pub alias: Arc<str>,
    /// What it says.
    pub program: Arc<ast::Program>,
    /// The files it uses, by alias, as places in the list of all trees.
    pub uses: Vec<(Arc<str>, usize)>,
    /// Whether it belongs to the standard library.
    pub standard: bool,
}

impl Tree {
    /// The place of the file known here as `alias`.
    pub fn used(&self, alias: &str) -> Option<usize> {
        self.uses.iter().find(|(known, _)| **known == *alias).map(|(_, place)| *place)
    }

    /// A name declared here as the whole package knows it: `NAME` or `alias.NAME`.
    pub fn qualified(&self, name: &str) -> Arc<str> {
        if self.alias.is_empty() || self.standard { name.into() } else { format!("{}.{name}", self.alias).into() }
    }
}

/// The name by which a used file is known: as written, or the stem of its path.
pub fn alias_of(used: &ast::Use) -> Arc<str> {
    if let Some(alias) = &used.alias {
        return alias.text.clone();
    }
    stem_of(&used.path.text).into()
}

/// The name of a file without folders and ending.
pub fn stem_of(path: &str) -> &str {
    let file = path.rsplit('/').next().unwrap_or_default();
    file.strip_suffix(".flow").unwrap_or(file)
}
