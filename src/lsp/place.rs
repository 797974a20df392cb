//! Where the editor asks: a program, and a byte of its text.

use std::cell::OnceCell;
use std::sync::Arc;

use lsp_types::TextDocumentIdentifier;
use serde::Deserialize;
use serde_json::Value;

use super::desk::Desk;
use super::listing::Listing;
use super::look::Look;
use super::path;
use super::position::Lines;
use crate::base::span::FileId;

/// The program itself among the files of a look.
pub const PROGRAM: FileId = FileId(0);

/// Where the editor asks.
#[derive(Debug)]
pub struct Place<'d> {
    /// All texts.
    pub desk: &'d Desk,
    /// The path of the program.
    pub path: String,
    /// The byte; 0 where the question is about the whole text.
    pub offset: usize,
    /// The whole question.
    pub params: Value,
    text: Arc<str>,
    look: OnceCell<Arc<Look>>,
    listing: OnceCell<Arc<Listing>>,
}

/// What questions about a text have in common.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Asked {
    text_document: TextDocumentIdentifier,
    position: Option<lsp_types::Position>,
}

impl<'d> Place<'d> {
    /// The place that a question is about; `None` where there is no such text.
    pub fn of(desk: &'d Desk, params: Value) -> Option<Self> {
        let asked = Asked::deserialize(&params).ok()?;
        let path = path::of_uri(&asked.text_document.uri);
        let text = desk.text(&path)?.ok()?;
        let offset = asked.position.map_or(0, |position| Lines::new(&text, desk.encoding).offset(position));
        Some(Self { desk, path, offset, params, text, look: OnceCell::new(), listing: OnceCell::new() })
    }

    /// A byte of a text that nobody has opened, were it the program at `path`.
    pub fn at(desk: &'d Desk, path: &str, text: Arc<str>, offset: usize) -> Self {
        let (look, listing) = (OnceCell::new(), OnceCell::new());
        Self { desk, path: path.to_owned(), offset, params: Value::Null, text, look, listing }
    }

    /// What there is to know of the program: found out when first somebody asks, for not every question needs it.
    pub fn look(&self) -> &Look {
        self.look.get_or_init(|| self.desk.look_of(&self.path, &self.text))
    }

    /// What the text declares by its form alone, which is found out much faster.
    pub fn listing(&self) -> &Listing {
        self.listing.get_or_init(|| self.desk.listing_of(&self.path, &self.text))
    }

    /// The lines of the text.
    pub fn lines(&self) -> Lines<'_> {
        Lines::new(&self.text, self.desk.encoding)
    }

    /// The text.
    pub fn text(&self) -> &str {
        &self.text
    }
}
