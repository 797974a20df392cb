//! The tree as lines for a terminal.

use std::fmt;

use anstyle::Style;

use super::Tree;
use super::item::{Item, ItemId, Part, State, Turns};
use crate::base::time::{Duration, Timestamp};
use crate::cli::elapsed::elapsed;
use crate::cli::paper::{Palette, styled};

/// How many open turns of a parallel loop are shown at once.
const OPEN_TURNS_SHOWN_MAX: usize = 3;
/// The pictures of something that is at work, one after the other.
const BUSY: [&str; 10] = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];
/// How long each picture stands, in milliseconds.
const BUSY_MILLIS: i64 = 80;

/// One line.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// How far it is indented.
    pub depth: usize,
    /// The mark before the name.
    pub state: State,
    /// The name.
    pub name: String,
    /// What is said of it.
    pub told: String,
    /// Whether nothing under it moves any more, so that it can give way where room is scarce.
    pub over: bool,
    /// When it came to be.
    pub started: Timestamp,
    /// When it ended.
    pub ended: Option<Timestamp>,
}

impl Tree {
    /// All lines as they stand at `now`, top to bottom.
    pub fn lines(&self, now: Timestamp) -> Vec<Line> {
        let mut lines = Vec::new();
        if let Some(root) = self.root {
            self.collect(root, 0, now, &mut lines);
        }
        lines
    }

    fn collect(&self, id: ItemId, depth: usize, now: Timestamp, lines: &mut Vec<Line>) {
        let Some(item) = self.items.get(&id) else { return };
        // What only groups, and the turn of a loop that has one at a time, lets its children stand in its place.
        let in_order = item.part == Part::Turn && item.state != State::Failed && !self.is_crowded(item);
        let stands = !item.name.is_empty() && !in_order;
        if stands {
            lines.push(Line {
                depth,
                state: item.state.clone(),
                name: item.name.clone(),
                told: told(item, now),
                over: item.state.is_over(),
                started: item.started,
                ended: item.ended,
            });
        }
        let depth = depth + usize::from(stands);
        let mut open_turns = 0;
        for child in &item.children {
            let Some(below) = self.items.get(child) else { continue };
            if below.part == Part::Turn && !below.state.is_over() && self.is_crowded(below) {
                open_turns += 1;
                if open_turns > OPEN_TURNS_SHOWN_MAX {
                    continue;
                }
            }
            self.collect(*child, depth, now, lines);
        }
    }

    /// Whether a turn has others beside it at the same time.
    fn is_crowded(&self, turn: &Item) -> bool {
        match turn.parent.and_then(|above| self.items.get(&above)).map(|above| &above.part) {
            Some(Part::Loop(turns)) => turns.parallel,
            _ => true,
        }
    }
}

/// What stands behind the name.
fn told(item: &Item, now: Timestamp) -> String {
    let mut parts = Vec::new();
    if let Part::Loop(turns) = &item.part {
        parts.push(turns.to_string());
    }
    let took = elapsed(Duration::between(item.started, item.ended.unwrap_or(now)));
    let trouble = item.trouble.as_deref().unwrap_or_default();
    match &item.state {
        State::Running => {
            if item.attempts > 1 {
                parts.push(format!("attempt {}", item.attempts));
            }
            parts.push(took);
        }
        State::Waiting(what) => parts.push(what.clone()),
        State::Retrying { at, attempt } => {
            let left = elapsed(Duration::between(now, *at));
            parts.push(format!("attempt {attempt} in {left} ({trouble})"));
        }
        State::Parked => parts.push(format!("parked: a person must decide ({trouble})")),
        State::Closing => parts.push(format!("{took}, coming to rest")),
        State::Completed if item.attempts > 1 => parts.push(format!("{took}, {} attempts", item.attempts)),
        State::Completed => parts.push(took),
        State::Skipped if trouble.is_empty() => parts.push("skipped".to_owned()),
        State::Skipped => parts.push(format!("skipped ({trouble})")),
        State::Failed => parts.push(format!("{took} {trouble}")),
        State::Cancelled => parts.push("cancelled".to_owned()),
    }
    parts.join("  ")
}

/// The mark of a state at `now`.
fn mark(state: &State, now: Timestamp) -> &'static str {
    match state {
        State::Running | State::Closing => {
            let picture = now.as_millisecond().rem_euclid(BUSY_MILLIS * BUSY.len() as i64) / BUSY_MILLIS;
            BUSY[usize::try_from(picture).unwrap_or_default()]
        }
        State::Waiting(_) => "…",
        State::Retrying { .. } => "↻",
        State::Parked => "?",
        State::Completed => "✓",
        State::Skipped => "–",
        State::Failed => "✗",
        State::Cancelled => "⊘",
    }
}

impl Line {
    /// The line as it is drawn, no wider than `width` characters.
    pub fn paint(&self, now: Timestamp, palette: &Palette, width: usize) -> String {
        let indent = "  ".repeat(self.depth);
        let mark = mark(&self.state, now);
        let style = self.style(palette);
        let used = indent.chars().count() + 2;
        let name: String = self.name.chars().take(width.saturating_sub(used)).collect();
        let room = width.saturating_sub(used + name.chars().count() + 2);
        let told = clip(&self.told, room);
        let told_style = if matches!(self.state, State::Failed) { palette.bad } else { palette.faint };
        let told = if told.is_empty() { told } else { format!("  {}", styled(told_style, told)) };
        format!("{indent}{} {name}{told}", styled(style, mark))
    }

    /// The style of its mark.
    pub fn style(&self, palette: &Palette) -> Style {
        match &self.state {
            State::Running => palette.busy,
            State::Waiting(_) | State::Skipped | State::Cancelled => palette.faint,
            State::Retrying { .. } | State::Parked | State::Closing => palette.doubtful,
            State::Completed => palette.good,
            State::Failed => palette.bad,
        }
    }
}

/// As much of a text as there is room for.
fn clip(text: &str, room: usize) -> String {
    if text.chars().count() <= room {
        return text.to_owned();
    }
    let mut cut: String = text.chars().take(room.saturating_sub(1)).collect();
    if room > 0 {
        cut.push('…');
    }
    cut
}

impl fmt::Display for Turns {
    /// `[37/1000]`, `[37]`, `[37/1000, 2 failed]`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{}", self.ended)?;
        if let Some(total) = self.total {
            write!(f, "/{total}")?;
        }
        if self.failed > 0 {
            write!(f, ", {} failed", self.failed)?;
        }
        f.write_str("]")
    }
}
