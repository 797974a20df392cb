//! A session whose lines are typed at a terminal: they can be edited, over several lines, and found again.

use std::path::{Path, PathBuf};

use rustyline::config::Configurer as _;
use rustyline::error::ReadlineError;
use rustyline::history::DefaultHistory;
use rustyline::{ColorMode, CompletionType, Config, Editor};

use super::front::Front;
use super::session::Session;
use crate::cli::paper::{colour_on_stdout, say};

/// How many inputs are found again.
const HISTORY_MAX: usize = 10_000;

/// Where lines are typed.
pub struct Keyboard {
    editor: Editor<Front, DefaultHistory>,
    /// Where the history is kept, if it can be.
    history: Option<PathBuf>,
}

/// What came from the keyboard.
pub enum Typed {
    /// Something is said.
    Said(String),
    /// What was begun is dropped.
    Dropped,
    /// Nobody types any more.
    Closed,
}

impl Keyboard {
    /// The keyboard of this terminal.
    ///
    /// # Errors
    /// If it cannot be had.
    pub fn new() -> Result<Self, ReadlineError> {
        let colour = if colour_on_stdout() { ColorMode::Enabled } else { ColorMode::Disabled };
        let config = Config::builder()
            .history_ignore_space(true)
            .max_history_size(HISTORY_MAX)?
            .completion_type(CompletionType::List)
            .completion_show_all_if_ambiguous(true)
            .color_mode(colour)
            .build();
        let mut editor = Editor::with_config(config)?;
        editor.set_color_mode(colour);
        editor.set_helper(Some(Front::default()));
        let history = history().filter(|path| {
            // The first time there is none.
            let _ = editor.load_history(path);
            path.parent().is_some_and(is_own)
        });
        Ok(Self { editor, history })
    }

    /// The next thing that is said.
    pub fn next(&mut self, session: &Session) -> Typed {
        if let Some(front) = self.editor.helper_mut() {
            front.know(session);
        }
        match self.editor.readline(&session.prompt()) {
            Ok(said) => {
                self.remember(&said);
                Typed::Said(said)
            }
            Err(ReadlineError::Interrupted) => Typed::Dropped,
            Err(ReadlineError::Signal(_)) => Typed::Dropped,
            Err(ReadlineError::Eof) => Typed::Closed,
            // The terminal has gone.
            Err(error) => {
                say(&format!("nobody can type here: {error}"));
                Typed::Closed
            }
        }
    }

    fn remember(&mut self, said: &str) {
        if said.trim().is_empty() || !self.editor.add_history_entry(said).unwrap_or(false) {
            return;
        }
        if let Some(path) = &self.history {
            // A history that cannot be kept is none.
            let _ = self.editor.append_history(path);
        }
    }
}

/// Where what people typed is kept: with what else programs note for them and nobody needs to back up.
fn history() -> Option<PathBuf> {
    let variable = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let state = variable("XDG_STATE_HOME")
        .or_else(|| variable("HOME").map(|home| home.join(".local/state")))
        .or_else(|| variable("LOCALAPPDATA"))?;
    Some(state.join("flow").join("history"))
}

/// Makes the directory, if it is not there, for its owner alone.
fn is_own(directory: &Path) -> bool {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(directory).is_ok()
}
