//! What somebody without a terminal is told.

use super::item::Item;
use crate::base::time::Timestamp;

/// One change, told.
#[derive(Clone, Debug, PartialEq)]
pub struct Note {
    /// When.
    pub at: Timestamp,
    /// About what.
    pub path: String,
    /// What happened.
    pub text: String,
    /// In which colour.
    pub tone: Tone,
}

/// In which spirit something is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// It went well.
    Good,
    /// It went wrong.
    Bad,
    /// It may go wrong, or is tried again.
    Doubtful,
    /// It goes on.
    Busy,
    /// It hardly matters.
    Faint,
}

/// The notes of one record.
pub(super) struct Notes {
    pub(super) at: Timestamp,
    pub(super) told: Vec<Note>,
}

impl Notes {
    pub(super) fn say(&mut self, path: String, tone: Tone, text: String) {
        self.told.push(Note { at: self.at, path, text, tone });
    }

    pub(super) fn busy(&mut self, path: &str, text: String) {
        self.say(path.to_owned(), Tone::Busy, text);
    }

    pub(super) fn unless_quiet(&mut self, item: Option<&Item>, tone: Tone, text: String) {
        if let Some(item) = item.filter(|item| !item.quiet) {
            self.say(item.path.clone(), tone, text);
        }
    }
}
