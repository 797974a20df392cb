//! A text that is open in the editor, and how it changes.

use std::sync::Arc;

use lsp_types::{TextDocumentContentChangeEvent, Uri};

use super::position::{Encoding, Lines};

/// A text that is open in the editor.
#[derive(Clone, Debug)]
pub struct Document {
    /// What the editor calls it.
    pub uri: Uri,
    /// Which version it is, as the editor counts.
    pub version: i32,
    /// The text.
    pub text: Arc<str>,
}

impl Document {
    /// A text that was opened. No editor counts a byte order mark, and the language does not either.
    pub fn new(uri: Uri, version: i32, text: &str) -> Self {
        Self { uri, version, text: unmarked(text).into() }
    }

    /// Takes changes in, one after the other.
    pub fn change(&mut self, version: i32, changes: Vec<TextDocumentContentChangeEvent>, encoding: Encoding) {
        self.version = version;
        for change in changes {
            self.text = match change {
                TextDocumentContentChangeEvent::TextDocumentContentChangeWholeDocument(whole) => {
                    unmarked(&whole.text).into()
                }
                TextDocumentContentChangeEvent::TextDocumentContentChangePartial(part) => {
                    let lines = Lines::new(&self.text, encoding);
                    let (one, other) = (lines.offset(part.range.start), lines.offset(part.range.end));
                    let mut text = self.text.to_string();
                    text.replace_range(one.min(other)..one.max(other), &part.text);
                    text.into()
                }
            };
        }
    }
}

/// A text without the byte order mark that it may begin with.
pub fn unmarked(text: &str) -> &str {
    text.strip_prefix('\u{feff}').unwrap_or(text)
}
