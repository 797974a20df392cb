//! The terminal behind stderr: lines that stay, and below them a region that is drawn again and again.

use std::io::Write as _;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use super::paper::Palette;
use crate::base::letter::shown;
use crate::base::secret::Mask;

/// How large a terminal is taken to be that does not say.
const SIZE_DEFAULT: (usize, usize) = (80, 24);

/// What is on the screen. Clones of the `Arc` round it share it.
#[derive(Debug)]
pub struct Screen {
    /// The colours.
    pub palette: Palette,
    /// Whether lines can be drawn again.
    pub live: bool,
    mask: OnceLock<Mask>,
    region: Mutex<Region>,
}

/// The part that is drawn again.
#[derive(Debug, Default)]
struct Region {
    /// How many lines of it stand above the cursor.
    drawn: usize,
    /// Whether somebody types below: nothing may be drawn now.
    held: bool,
    /// Whether the cursor stands behind a question.
    asked: bool,
    /// What came meanwhile.
    waiting: Vec<String>,
}

impl Screen {
    /// The screen behind stderr; `live` where it is a terminal that moves its cursor.
    pub fn new(palette: Palette, live: bool) -> Self {
        Self { palette, live, mask: OnceLock::new(), region: Mutex::default() }
    }

    /// From now on nothing that `mask` knows is shown.
    pub fn hide(&self, mask: Mask) {
        // There is one engine, and it is built once.
        let _ = self.mask.set(mask);
    }

    /// `text` without secrets. What is cut must be covered before: half a secret is no secret that a mask knows.
    pub fn covered(&self, text: &str) -> String {
        let covered = self.mask.get().map_or_else(|| text.to_owned(), |mask| mask.cover(text));
        shown(&covered, self.palette != Palette::default())
    }

    /// Columns and rows.
    pub fn size(&self) -> (usize, usize) {
        terminal_size::terminal_size_of(std::io::stderr())
            .map_or(SIZE_DEFAULT, |(columns, rows)| (columns.0.into(), rows.0.into()))
    }

    /// Writes a line that stays.
    pub fn line(&self, text: &str) {
        let text = self.covered(text);
        let mut region = self.region();
        if region.held {
            region.waiting.push(text);
            return;
        }
        let erase = region.erase();
        write(&format!("{erase}{text}\n"));
    }

    /// Draws the region anew; it must be at most as wide and as high as the terminal.
    pub fn draw(&self, lines: &[String]) {
        let mut region = self.region();
        if region.held || !self.live {
            return;
        }
        let mut text = region.erase();
        for line in lines {
            text.push_str(&self.covered(line));
            text.push('\n');
        }
        region.drawn = lines.len();
        write(&text);
    }

    /// Takes the region away: somebody is going to type. Nothing is drawn until [`Screen::release`].
    pub fn hold(&self) {
        let mut region = self.region();
        let erase = region.erase();
        region.held = true;
        write(&erase);
    }

    /// Writes while the screen is held; without a line break at its end, it is a question.
    pub fn prompt(&self, text: &str) {
        let mut region = self.region();
        if region.held {
            region.asked = !text.ends_with('\n');
            write(&self.covered(text));
        }
    }

    /// A line was typed: its end has moved the cursor down.
    pub fn typed(&self) {
        self.region().asked = false;
    }

    /// Nobody types any more, or a question that was not answered is withdrawn.
    pub fn release(&self) {
        let mut region = self.region();
        if !region.held {
            return;
        }
        region.held = false;
        if std::mem::take(&mut region.asked) {
            write("\n");
        }
        for line in std::mem::take(&mut region.waiting) {
            write(&format!("{line}\n"));
        }
    }

    fn region(&self) -> MutexGuard<'_, Region> {
        // A thread that panicked while it wrote has left nothing behind that a next line could not mend.
        self.region.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Region {
    /// What takes the region off the terminal.
    fn erase(&mut self) -> String {
        match std::mem::take(&mut self.drawn) {
            0 => String::new(),
            lines => format!("\x1b[{lines}A\r\x1b[J"),
        }
    }
}

/// Writes to stderr; one that nobody reads is no fault.
fn write(text: &str) {
    let mut out = std::io::stderr().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}
