//! The standard library as texts and trees, each file read once per process: its texts never change, and editors ask with every letter.

use std::sync::{Arc, OnceLock};

use super::standard::{CONNECTORS, File};
use crate::base::span::{FileId, Source};
use crate::lang::syntax::{self, ast};

/// The places in a tree say which file of the compilation they lie in, so a file is read once for each number it has among
/// others. Numbers beyond these are those of programs of very many files, for which it is read anew.
const NUMBERS_MAX: usize = 64;

/// The connectors, then the personas.
const FILES: usize = CONNECTORS.len() + 1;

static SHELF: [[OnceLock<Arc<ast::Program>>; NUMBERS_MAX]; FILES] =
    [const { [const { OnceLock::new() }; NUMBERS_MAX] }; FILES];
static SOURCES: [OnceLock<Source>; FILES] = [const { OnceLock::new() }; FILES];

/// The text of a file of the standard library.
pub fn source(file: File) -> Source {
    SOURCES[place(file)].get_or_init(|| Source::new(file.path, file.text)).clone()
}

/// The tree of a file of the standard library, which is `source`, number `id` among the files of a compilation.
pub fn program(file: File, id: FileId, source: &Source) -> Arc<ast::Program> {
    let read = || Arc::new(syntax::read(id, source).program);
    match SHELF[place(file)].get(usize::from(id.0)) {
        Some(known) => known.get_or_init(read).clone(),
        None => read(),
    }
}

fn place(file: File) -> usize {
    CONNECTORS.iter().position(|known| known.name == file.name).unwrap_or(CONNECTORS.len())
}
