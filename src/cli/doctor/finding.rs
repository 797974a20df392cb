//! One line of what the doctor says.

use anstyle::Style;
use serde_json::{Value as Json, json};

use crate::cli::paper::{Palette, styled};

/// How something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// As it should be.
    Fine,
    /// Runs work, but something is probably not as meant.
    Doubtful,
    /// Runs cannot be carried out so.
    Faulty,
}

/// What was found about one thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    pub state: State,
    /// What it is about, in one word.
    pub about: &'static str,
    /// What was found.
    pub message: String,
    /// What to type, or to write.
    pub ways_out: Vec<String>,
}

/// How wide the column of states is.
const STATE_COLUMNS: usize = 7;
/// How wide the column of subjects is.
const ABOUT_COLUMNS: usize = 11;

impl Finding {
    /// All is well.
    pub fn fine(about: &'static str, message: impl Into<String>) -> Self {
        Self { state: State::Fine, about, message: message.into(), ways_out: Vec::new() }
    }

    /// Probably not as meant.
    pub fn doubtful(about: &'static str, message: impl Into<String>) -> Self {
        Self { state: State::Doubtful, ..Self::fine(about, message) }
    }

    /// Wrong.
    pub fn faulty(about: &'static str, message: impl Into<String>) -> Self {
        Self { state: State::Faulty, ..Self::fine(about, message) }
    }

    /// Adds a way out.
    #[must_use]
    pub fn way_out(mut self, line: impl Into<String>) -> Self {
        self.ways_out.push(line.into());
        self
    }

    /// Adds several.
    #[must_use]
    pub fn ways_out(self, lines: impl IntoIterator<Item = String>) -> Self {
        lines.into_iter().fold(self, Self::way_out)
    }

    /// `fault    connector   slack needs SLACK_BOT_TOKEN`, and its ways out below.
    pub fn in_words(&self, palette: &Palette) -> String {
        let (word, style) = match self.state {
            State::Fine => ("ok", palette.good),
            State::Doubtful => ("warning", palette.doubtful),
            State::Faulty => ("fault", palette.bad),
        };
        let indent = STATE_COLUMNS + ABOUT_COLUMNS + 4;
        let line = |style: Style, text: &str| format!("{:indent$}{}\n", "", styled(style, text));
        let ways: String = self.ways_out.iter().map(|way| line(palette.strong, &format!("  {way}"))).collect();
        let (word, about) = (format!("{word:<STATE_COLUMNS$}"), format!("{:<ABOUT_COLUMNS$}", self.about));
        format!("{}  {about}  {}\n{ways}", styled(style, word), self.message)
    }

    /// The same for tools.
    pub fn as_json(&self) -> Json {
        let state = match self.state {
            State::Fine => "ok",
            State::Doubtful => "warning",
            State::Faulty => "fault",
        };
        json!({ "state": state, "about": self.about, "message": self.message, "hints": self.ways_out })
    }
}
