//! Where words go: what was asked for to stdout, everything else to stderr.

use std::io::{ErrorKind, IsTerminal as _, Write as _};
use std::sync::OnceLock;

use anstyle::{AnsiColor, Style};

use super::exit::Refusal;
use crate::base::letter::{handed_over, shown};

/// The styles of everything that is said; all plain where colour is not wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Palette {
    /// What went well.
    pub good: Style,
    /// What went wrong.
    pub bad: Style,
    /// What may go wrong, or is tried again.
    pub doubtful: Style,
    /// What is going on.
    pub busy: Style,
    /// What stands back.
    pub faint: Style,
    /// Names and headings.
    pub strong: Style,
}

impl Palette {
    /// With colours.
    pub fn colourful() -> Self {
        let colour = |colour: AnsiColor| Style::new().fg_color(Some(colour.into()));
        Self {
            good: colour(AnsiColor::Green),
            bad: colour(AnsiColor::Red).bold(),
            doubtful: colour(AnsiColor::Yellow),
            busy: colour(AnsiColor::Cyan),
            faint: Style::new().dimmed(),
            strong: Style::new().bold(),
        }
    }

    /// As stderr wants it: colour only on a terminal, and not where `NO_COLOR` is set.
    pub fn for_stderr() -> Self {
        if colour_on_stderr() { Self::colourful() } else { Self::default() }
    }

    /// As stdout wants it.
    pub fn for_stdout() -> Self {
        if colour_on_stdout() { Self::colourful() } else { Self::default() }
    }
}

/// Whether stderr wants colour.
pub fn colour_on_stderr() -> bool {
    anstream::AutoStream::choice(&std::io::stderr()) != anstream::ColorChoice::Never
}

/// Whether stdout wants colour.
pub fn colour_on_stdout() -> bool {
    anstream::AutoStream::choice(&std::io::stdout()) != anstream::ColorChoice::Never
}

/// Whether a person can see stderr change: a terminal that moves its cursor.
pub fn stderr_is_live() -> bool {
    std::io::stderr().is_terminal() && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
}

/// Whether a person types on stdin.
#[cfg(feature = "repl")]
pub fn stdin_is_terminal() -> bool {
    std::io::stdin().is_terminal()
}

/// Whether stdout is read by a person.
pub fn stdout_is_terminal() -> bool {
    std::io::stdout().is_terminal()
}

/// Whether a person can be asked: both ends are a terminal.
pub fn can_ask() -> bool {
    std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

/// `text` in `style`.
pub fn styled(style: Style, text: impl std::fmt::Display) -> String {
    if style == Style::new() { text.to_string() } else { format!("{style}{text}{style:#}") }
}

/// Puts what was asked for on stdout, with a line break at its end.
pub fn deliver(document: &str) {
    let mut out = std::io::stdout().lock();
    let seen = if stdout_is_terminal() { shown } else { handed_over };
    let document = seen(document, colour_on_stdout());
    let end = if document.ends_with('\n') || document.is_empty() { "" } else { "\n" };
    is_delivered(write!(out, "{document}{end}").and_then(|()| out.flush()));
}

/// Why stdout did not take what was put there first.
static LOST: OnceLock<String> = OnceLock::new();

/// Whether stdout took it. A reader that has gone is no fault; all else is said by [`lost`].
fn is_delivered(written: std::io::Result<()>) -> bool {
    if let Err(error) = &written
        && error.kind() != ErrorKind::BrokenPipe
    {
        // The first reason is the one that counts.
        let _ = LOST.set(error.to_string());
    }
    written.is_ok()
}

/// What is said at the end of a command whose words did not all come to stdout: nothing of it can be relied on.
pub fn lost() -> Option<Refusal> {
    LOST.get().map(|reason| Refusal::new(format!("stdout cannot be written: {reason}")))
}

/// A document that goes to stdout piece by piece, with a line break at its end: as it is, but where a terminal shows it.
#[derive(Debug, Default)]
pub struct Delivery {
    /// The beginning of a letter whose end has not come.
    held: Vec<u8>,
    is_shown: bool,
}

impl Delivery {
    /// To stdout.
    pub fn begin() -> Self {
        Self { held: Vec::new(), is_shown: stdout_is_terminal() }
    }

    /// Puts a piece there; whether somebody still reads.
    pub fn piece(&mut self, piece: &[u8]) -> bool {
        if !self.is_shown {
            return is_delivered(std::io::stdout().lock().write_all(piece));
        }
        self.held.extend_from_slice(piece);
        let whole = std::str::from_utf8(&self.held).map_or_else(|error| error.valid_up_to(), str::len);
        let rest = self.held.split_off(whole);
        let text = std::mem::replace(&mut self.held, rest);
        is_delivered(write!(std::io::stdout().lock(), "{}", shown(&String::from_utf8_lossy(&text), false)))
    }

    /// That was all.
    pub fn end(self) {
        let mut out = std::io::stdout().lock();
        is_delivered(writeln!(out, "{}", String::from_utf8_lossy(&self.held)).and_then(|()| out.flush()));
    }
}

/// Says something on stderr, with a line break at its end.
pub fn say(text: &str) {
    let mut out = std::io::stderr().lock();
    let text = shown(text, colour_on_stderr());
    let end = if text.ends_with('\n') { "" } else { "\n" };
    let _ = write!(out, "{text}{end}");
}

/// Says on stderr why a command cannot do what was asked.
pub fn refuse(refusal: &Refusal) {
    say(&format!("{} {refusal}", styled(Palette::for_stderr().bad, "error:")));
}
