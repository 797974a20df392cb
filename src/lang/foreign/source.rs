//! A document with the text it was read from, and what makes it unusable.

use serde_json::Value as Json;

/// A document of another language.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// What it holds.
    pub document: &'a Json,
    /// The text it was read from, JSON or YAML: for the lines of what is wrong.
    pub text: &'a str,
}

/// Why no program can be written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Unusable {
    /// What is wrong, in lower case.
    pub message: String,
    /// Where, from 1.
    pub line: Option<usize>,
    /// A way out.
    pub hint: Option<String>,
}

impl Unusable {
    /// Something that is wrong.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), line: None, hint: None }
    }

    /// No language is known to look like this.
    pub fn foreign() -> Self {
        Self::new("this is no document of a workflow language that can be read").hint(
            "Amazon States Language has `States`, Serverless Workflow has `document` and `do`, n8n has `nodes` and \
             `connections`, OpenAPI has `openapi`",
        )
    }

    /// Adds where.
    #[must_use]
    pub fn at(mut self, line: Option<usize>) -> Self {
        self.line = line;
        self
    }

    /// Adds a way out.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl Source<'_> {
    /// The line of what lies at a path of keys, from 1: each is looked for behind the one before.
    pub fn line(&self, keys: &[&str]) -> Option<usize> {
        let mut from = 0;
        for key in keys {
            from += after_key(&self.text[from..], key)?;
        }
        Some(self.text[..from].matches('\n').count() + 1)
    }
}

/// Where the text goes on behind a key: the word, perhaps in quotes, and a colon.
fn after_key(text: &str, key: &str) -> Option<usize> {
    if key.is_empty() {
        return None;
    }
    text.match_indices(key).find_map(|(at, _)| {
        let end = at + key.len();
        let stands_alone = !text[..at].ends_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '/'));
        let rest = text[end..].trim_start_matches(['"', '\'']).trim_start_matches([' ', '\t']);
        (stands_alone && rest.starts_with(':')).then_some(end)
    })
}
