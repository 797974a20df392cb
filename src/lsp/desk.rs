//! All texts the server knows: those open in the editor, and those that were read from disk.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use lsp_types::Uri;

use super::disk::Arrived;
use super::document::Document;
use super::listing::Listing;
use super::look::Look;
use super::path;
use super::place::PROGRAM;
use super::position::Encoding;
use super::waste::Waste;
use crate::lang::{Files, Kept};

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
    /// What was found out last about a text with a hole in it, by the path of the program.
    hole: RefCell<Option<(String, Arc<Look>)>>,
    /// What texts declare, by path; each holds as long as the text is the same.
    listings: RefCell<BTreeMap<String, Arc<Listing>>>,
    /// What was read of texts, whichever they are: with a letter more most of a text is what it was.
    pub kept: RefCell<Kept>,
    /// Where looks go that hold no longer.
    waste: Waste,
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

    /// The paths of all texts of the disk that lie in a folder.
    pub fn below(&self, folder: &str) -> Vec<String> {
        self.disk.keys().filter(|path| path::is_below(path, folder)).cloned().collect()
    }

    /// Forgets a text of the disk.
    pub fn drop_text(&mut self, path: &str) {
        self.disk.remove(path);
        self.listings.borrow_mut().remove(path);
    }

    /// Every program that is known, by path.
    pub fn programs(&self) -> BTreeSet<String> {
        let read = self.disk.iter().filter(|(_, text)| text.is_ok()).map(|(path, _)| path);
        self.open.keys().chain(read).cloned().collect()
    }

    /// What there is to know of the program at `path`; `None` where there is no such text.
    pub fn look(&self, path: &str) -> Option<Arc<Look>> {
        let text = self.text(path)?.ok()?;
        Some(self.look_of(path, &text))
    }

    /// The same, of a program whose text is at hand.
    pub fn look_of(&self, path: &str, text: &str) -> Arc<Look> {
        if let Some(known) = self.looks.borrow().get(path) {
            return known.clone();
        }
        let look = Arc::new(self.look_at_with(path, text, &BTreeMap::new()));
        self.looks.borrow_mut().insert(path.to_owned(), look.clone());
        look
    }

    /// What the text at `path` declares; `None` where there is no such text.
    pub fn listing(&self, path: &str) -> Option<Arc<Listing>> {
        let text = self.text(path)?.ok()?;
        Some(self.listing_of(path, &text))
    }

    /// The same, of a text that is at hand.
    pub fn listing_of(&self, path: &str, text: &Arc<str>) -> Arc<Listing> {
        let mut listings = self.listings.borrow_mut();
        match listings.get(path) {
            Some(known) if Arc::ptr_eq(&known.text, text) => known.clone(),
            _ => {
                let listing = Arc::new(Listing::of(text.clone(), &mut self.kept.borrow_mut()));
                listings.insert(path.to_owned(), listing.clone());
                listing
            }
        }
    }

    /// What there is to know of `holed`, were it at `path`. The last one is kept: while a word is written the hole in its
    /// place stays the same, so that only its first letter costs a look.
    pub fn look_at_hole(&self, path: &str, holed: &str) -> Arc<Look> {
        if let Some((place, look)) = &*self.hole.borrow()
            && place == path
            && look.text(PROGRAM) == holed
        {
            return look.clone();
        }
        let look = Arc::new(self.look_at_with(path, holed, &BTreeMap::new()));
        let before = self.hole.borrow_mut().replace((path.to_owned(), look.clone()));
        before.into_iter().for_each(|(_, look)| self.waste.take(look));
        look
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
        let study = crate::lang::study(path, text, &shelf, &mut self.kept.borrow_mut());
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
        let hole = self.hole.borrow_mut().take_if(|(_, look)| look.asked.contains(path));
        hole.into_iter().for_each(|(_, look)| self.waste.take(look));
        let mut forgotten = Vec::new();
        self.looks.borrow_mut().retain(|program, look| {
            let holds = program != path && !look.asked.contains(path);
            if !holds {
                forgotten.push(program.clone());
                self.waste.take(look.clone());
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
