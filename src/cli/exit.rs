//! How the process ends, and what is said when a command cannot do what was asked.

use std::fmt;
use std::process::ExitCode;

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// What was asked for is done: 0.
    Done,
    /// The run failed, a test failed: 1.
    Failed,
    /// The program, the input, the settings or the usage is wrong: 2.
    Wrong,
    /// The run was cancelled: 130, as a shell says of what Ctrl-C ended.
    Cancelled,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Done => 0u8,
            Exit::Failed => 1,
            Exit::Wrong => 2,
            Exit::Cancelled => 130,
        })
    }
}

/// Why a command cannot do what was asked: the fault of a file, an argument, a setting. The process ends with 2.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// What is wrong, in lower case.
    message: String,
    /// Ways out, that can be typed.
    hints: Vec<String>,
}

impl Refusal {
    /// What is wrong.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), hints: Vec::new() }
    }

    /// Adds a way out.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        self.hints.iter().try_for_each(|hint| write!(f, "\n  hint: {hint}"))
    }
}

/// Why a command stopped before its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stop {
    /// Everything was said already.
    Said(Exit),
    /// This is to be said.
    Refused(Refusal),
}

#[cfg(feature = "serve")]
impl Stop {
    /// Adds a way out to what is still to be said.
    #[must_use]
    pub fn hint(self, hint: String) -> Self {
        match self {
            Self::Refused(refusal) => Self::Refused(refusal.hint(hint)),
            Self::Said(exit) => Self::Said(exit),
        }
    }
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}
