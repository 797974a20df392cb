//! How a run stands, in one word (semantics 7).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// How a run stands. All of it is read off the journal; nothing of it is ever stored as an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It was accepted, and waits for its place.
    Queued,
    /// There is something to do, or something under way; also while it undoes or finishes.
    Running,
    /// Nothing is under way: it waits for a time, an event, a signal, an answer, a lock or another run.
    Waiting,
    /// It was told to stand still.
    Paused,
    /// A step of it waits for a person to decide.
    Parked,
    /// It ended well.
    Completed,
    /// It ended badly.
    Failed,
    /// Others ended it.
    Cancelled,
    /// It never ran: there was no place for it.
    Skipped,
    /// It ended well, and the run that waited for it has undone it.
    Undone,
}

impl Status {
    /// All of them, in the order of a run's life.
    pub const ALL: [Self; 10] = [
        Self::Queued,
        Self::Running,
        Self::Waiting,
        Self::Paused,
        Self::Parked,
        Self::Completed,
        Self::Failed,
        Self::Cancelled,
        Self::Skipped,
        Self::Undone,
    ];

    /// Its word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Waiting => "waiting",
            Self::Paused => "paused",
            Self::Parked => "parked",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Skipped => "skipped",
            Self::Undone => "undone",
        }
    }

    /// Whether nothing more will happen in the run by itself.
    pub const fn is_at_rest(self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Cancelled | Self::Skipped | Self::Undone)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

impl FromStr for Status {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|status| status.word() == word);
        found.ok_or_else(|| {
            let words: Vec<_> = Self::ALL.iter().map(|status| status.word()).collect();
            format!("`{word}` is no status of a run; it is one of {}", words.join(", "))
        })
    }
}
