//! The face of a run: a tree that moves on a terminal, a line for each change elsewhere.

use std::sync::Arc;

use super::paper::{Palette, styled};
use super::screen::Screen;
use super::tree::{Line, Note, Tone, Tree, clock};
use crate::base::time::Timestamp;
use crate::run::event::Record;

/// Rows of the terminal that are left free below the tree.
const ROWS_SPARED: usize = 2;

/// Shows one run.
#[derive(Debug)]
pub struct Face {
    tree: Tree,
    screen: Arc<Screen>,
    /// Whether anything of it is left behind.
    stays: bool,
    /// How often it was to be drawn.
    frames: usize,
}

/// How many frames of what leaves nothing behind are not drawn: what is over at once needs no tree.
const FRAMES_SPARED: usize = 3;

impl Face {
    /// Shows `tree` on `screen`.
    pub fn new(tree: Tree, screen: Arc<Screen>) -> Self {
        Self { tree, screen, stays: true, frames: 0 }
    }

    /// Shows `tree` on `screen` only as long as the run takes, and only where it can be taken away again.
    #[cfg(feature = "repl")]
    pub fn fleeting(tree: Tree, screen: Arc<Screen>) -> Self {
        Self { tree, screen, stays: false, frames: 0 }
    }

    /// What is shown.
    pub fn tree(&mut self) -> &mut Tree {
        &mut self.tree
    }

    /// Whether it is drawn again and again.
    pub fn is_live(&self) -> bool {
        self.screen.live
    }

    /// Says something in a line of its own.
    pub fn say(&self, text: &str) {
        self.screen.line(&styled(self.screen.palette.doubtful, text));
    }

    /// Takes in what happened.
    pub fn take(&mut self, record: &Record) {
        let notes = self.tree.fold(record);
        if !self.screen.live && self.stays {
            notes.iter().for_each(|note| self.screen.line(&plain(note, &self.screen.palette)));
        }
    }

    /// Draws the tree as it stands at `now`, as far as there is room.
    pub fn draw(&mut self, now: Timestamp) {
        self.frames += 1;
        if !self.screen.live || !self.stays && self.frames <= FRAMES_SPARED {
            return;
        }
        let (columns, rows) = self.screen.size();
        let lines = squeeze(self.tree.lines(now), rows.saturating_sub(ROWS_SPARED).max(1));
        let painted: Vec<String> = lines
            .iter()
            .map(|line| match line {
                Shown::Line(line) => line.paint(now, &self.screen.palette, columns.saturating_sub(1)),
                Shown::Left(count) => styled(self.screen.palette.faint, format!("  … {count} more")),
            })
            .collect();
        self.screen.draw(&painted);
    }

    /// Leaves the whole tree behind, as it stands at the end.
    pub fn finish(&mut self, now: Timestamp) {
        self.screen.release();
        if self.screen.live {
            self.screen.draw(&[]);
        }
        if self.screen.live && self.stays {
            let (columns, _) = self.screen.size();
            for line in self.tree.lines(now) {
                self.screen.line(&line.paint(now, &self.screen.palette, columns.saturating_sub(1)));
            }
        }
    }
}

/// One note as a line: `12:00:01 create_crm_record  ok 120ms`.
pub fn plain(note: &Note, palette: &Palette) -> String {
    let style = match note.tone {
        Tone::Good => palette.good,
        Tone::Bad => palette.bad,
        Tone::Doubtful => palette.doubtful,
        Tone::Busy => palette.busy,
        Tone::Faint => palette.faint,
    };
    let time = styled(palette.faint, clock(note.at, false));
    format!("{time} {}  {}", note.path, styled(style, &note.text))
}

/// A line that is drawn, or how many are not.
enum Shown {
    Line(Line),
    Left(usize),
}

/// At most `rows` lines: those that are over give way first, from the top; then the last ones.
fn squeeze(lines: Vec<Line>, rows: usize) -> Vec<Shown> {
    if lines.len() <= rows {
        return lines.into_iter().map(Shown::Line).collect();
    }
    let mut surplus = lines.len() - rows + 1;
    let total = lines.len();
    let mut shown: Vec<Shown> = Vec::with_capacity(rows);
    for (index, line) in lines.into_iter().enumerate() {
        // The head of the tree says what all this is.
        if index > 0 && line.over && surplus > 0 {
            surplus -= 1;
        } else {
            shown.push(Shown::Line(line));
        }
    }
    shown.truncate(rows - 1);
    let left = total - shown.len();
    shown.push(Shown::Left(left));
    shown
}
