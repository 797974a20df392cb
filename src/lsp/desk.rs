//! All texts the server knows: those open in the editor, and those that were read from disk.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use lsp_types::Uri;

use super::disk::Arrived;
use super::document::Document;
use super::look::Look;
use super::path;
use super::position::Encoding;
use crate::lang::Files;

/// All texts the server knows, and what was found out about them.
#[derive(Debug, Default)]
pub struct Desk {
    /// In what columns are counted.
    pub encoding: Encoding,
    /// What is open, by path.
    pub open: BTreeMap<String, Document>,
    /// What was read, by path; an error says why there is no text.
    disk: BTreeMap<String, Result<Arc<str>, String>>,
    /// What was found out, by the path of the program, as long as no text of it has changed.
    looks: RefCell<BTreeMap<String, Arc<Look>>>,
}

impl Desk {
    /// A desk without texts.
    pub fn new(encoding: Encoding) -> Self {
        Self { encoding, ..Self::default() }
    }

    /// The text at `path`, as the editor has it, else as the disk has it; `None` where nobody has looked yet.
    pub fn text(&self, path: &str) -> Option<Result<Arc<str>, String>> {
        match self.open.get(path) {
            Some(document) => Some(Ok(document.text.clone())),
            None => self.disk.get(path).cloned(),
        }
    }

    /// Every program that is known, by path.
    pub fn programs(&self) -> BTreeSet<String> {
        let read = self.disk.iter().filter(|(_, text)| text.is_ok()).map(|(path, _)| path);
        self.open.keys().chain(read).cloned().collect()
    }

    /// What there is to know of the program at `path`; `None` where there is no such text.
    pub fn look(&self, path: &str) -> Option<Arc<Look>> {
        if let Some(known) = self.looks.borrow().get(path) {
            return Some(known.clone());
        }
        let text = self.text(path)?.ok()?;
        let look = Arc::new(self.look_at(path, &text));
        self.looks.borrow_mut().insert(path.to_owned(), look.clone());
        Some(look)
    }

    /// What there is to know of `text`, were it at `path`; nothing of it is kept.
    pub fn look_at(&self, path: &str, text: &str) -> Look {
        self.look_at_with(path, text, &BTreeMap::new())
    }

    /// What there would be to know of the program at `path`, were `texts` what they say; nothing of it is kept.
    pub fn look_with(&self, path: &str, texts: &BTreeMap<String, Arc<str>>) -> Option<Look> {
        let text = texts.get(path).cloned().or_else(|| self.text(path)?.ok())?;
        Some(self.look_at_with(path, &text, texts))
    }

    /// What the editor calls the text at `path`.
    pub fn uri(&self, path: &str) -> Uri {
        self.open.get(path).map_or_else(|| path::to_uri(path), |document| document.uri.clone())
    }

    fn look_at_with(&self, path: &str, text: &str, instead: &BTreeMap<String, Arc<str>>) -> Look {
        let shelf = Shelf { desk: self, instead, asked: RefCell::default(), missing: RefCell::default() };
        let study = crate::lang::study(path, text, &shelf);
        Look::new(study, shelf.asked.into_inner(), shelf.missing.into_inner())
    }

    /// Takes in what came from the disk; whether anything of it is new.
    pub fn arrived(&mut self, arrived: Arrived) -> bool {
        if self.disk.get(&arrived.path) == Some(&arrived.text) {
            return false;
        }
        self.disk.insert(arrived.path, arrived.text);
        true
    }

    /// Forgets what was found out about every program that the text at `path` takes part in; gives the paths of these.
    pub fn forget(&self, path: &str) -> Vec<String> {
        let mut forgotten = Vec::new();
        self.looks.borrow_mut().retain(|program, look| {
            let holds = program != path && !look.asked.contains(path);
            if !holds {
                forgotten.push(program.clone());
            }
            holds
        });
        forgotten
    }
}

/// The files a program asks for, taken from the desk.
struct Shelf<'d> {
    desk: &'d Desk,
    /// What counts in place of what the desk has.
    instead: &'d BTreeMap<String, Arc<str>>,
    asked: RefCell<BTreeSet<String>>,
    missing: RefCell<BTreeSet<String>>,
}

impl Files for Shelf<'_> {
    fn read(&self, path: &str) -> Result<String, String> {
        self.asked.borrow_mut().insert(path.to_owned());
        match self.instead.get(path).cloned().map(Ok).or_else(|| self.desk.text(path)) {
            Some(text) => text.map(|text| text.to_string()),
            None => {
                self.missing.borrow_mut().insert(path.to_owned());
                Err("it is being read".to_owned())
            }
        }
    }
}
