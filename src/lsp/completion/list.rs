//! What is offered, each once, the likeliest first.

use std::collections::BTreeSet;

use lsp_types::{CompletionItemKind as ItemKind, Range};
use serde_json::{Value, json};

use crate::lang::check::HOLE;

/// What is offered.
#[derive(Default)]
pub struct List {
    items: Vec<Value>,
    known: BTreeSet<String>,
    /// Where quotes are around the caret, what is in them.
    inside: Option<Range>,
}

/// Something that could be written.
pub struct Item<'i> {
    /// Its name.
    pub label: &'i str,
    /// What it is.
    pub kind: ItemKind,
    /// What it is, in a few words.
    pub detail: &'i str,
    /// What it means.
    pub doc: Option<&'i str>,
    /// What is written if it is taken, where that is more than its name.
    pub snippet: Option<String>,
}

impl<'i> Item<'i> {
    /// Something of which no more is known than its name.
    pub fn new(label: &'i str, kind: ItemKind) -> Self {
        Self { label, kind, detail: "", doc: None, snippet: None }
    }

    /// With what it is.
    #[must_use]
    pub fn detail(self, detail: &'i str) -> Self {
        Self { detail, ..self }
    }

    /// With what it means.
    #[must_use]
    pub fn doc(self, doc: Option<&'i str>) -> Self {
        Self { doc: doc.filter(|doc| !doc.is_empty()), ..self }
    }

    /// With what is written.
    #[must_use]
    pub fn snippet(self, snippet: Option<String>) -> Self {
        Self { snippet, ..self }
    }
}

impl List {
    /// Nothing yet, for a caret that may have quotes around what lies in `inside`.
    pub fn within(inside: Option<Range>) -> Self {
        Self { inside, ..Self::default() }
    }

    /// The answer to the editor.
    pub fn done(mut self) -> Value {
        self.items.sort_by(|one, other| one["sortText"].as_str().cmp(&other["sortText"].as_str()));
        json!({ "isIncomplete": false, "items": self.items })
    }

    /// Takes something in: `rank` says what comes first.
    pub fn add(&mut self, rank: u8, item: Item<'_>) {
        let Item { label, kind, detail, doc, snippet } = item;
        if label == HOLE || label.is_empty() || !self.known.insert(label.to_owned()) {
            return;
        }
        let mut shown = json!({
            "label": label,
            "kind": kind,
            "sortText": format!("{rank}{:04}{label}", self.items.len()),
        });
        if !detail.is_empty() {
            shown["detail"] = detail.into();
        }
        if let Some(doc) = doc {
            shown["documentation"] = json!({ "kind": "markdown", "value": doc });
        }
        if let Some(snippet) = snippet {
            shown["insertText"] = snippet.into();
            shown["insertTextFormat"] = 2.into();
        }
        self.items.push(shown);
    }

    /// Takes words of the language in.
    pub fn words<'w>(&mut self, rank: u8, words: impl IntoIterator<Item = &'w str>) {
        words.into_iter().for_each(|word| self.add(rank, Item::new(word, ItemKind::Keyword)));
    }

    /// Takes a text in: with its quotes, or without where these are there already.
    pub fn text(&mut self, rank: u8, text: &str, detail: &str, doc: Option<&str>) {
        let quoted = format!("{text:?}");
        let label = if self.inside.is_some() { text } else { &quoted };
        let before = self.items.len();
        self.add(rank, Item::new(label, ItemKind::EnumMember).detail(detail).doc(doc));
        let Some(shown) = self.items.get_mut(before) else { return };
        match &self.inside {
            // An editor would take a part of a text such as `Europe/Berlin` for the word that is being written.
            Some(range) => shown["textEdit"] = json!({ "range": range, "newText": text }),
            None => shown["filterText"] = text.into(),
        }
    }
}
