//! A run on a scale of time: the lines of its tree, each with a bar from its beginning to its end.

use crate::base::time::{Duration, Timestamp};
use crate::cli::elapsed::elapsed;
use crate::cli::paper::{Palette, styled};
use crate::cli::tree::{Line, clock};

/// How many columns of a hundred the bars have.
const BAR_COLUMNS_OF_100: usize = 40;
/// Below this width there is no room for bars.
const WIDTH_MIN: usize = 60;

/// The lines as they stand at `now`, with the scale above the bars.
pub fn draw(lines: &[Line], now: Timestamp, palette: &Palette, width: usize) -> Vec<String> {
    let Some(first) = lines.iter().map(|line| line.started).min() else { return Vec::new() };
    let last = lines.iter().map(|line| line.ended.unwrap_or(now)).max().unwrap_or(now);
    if width < WIDTH_MIN {
        return lines.iter().map(|line| line.paint(now, palette, width)).collect();
    }
    let columns = width * BAR_COLUMNS_OF_100 / 100;
    let text = width - columns - 2;
    let scale = Scale { first, length: Duration::between(first, last), columns };
    let head = format!("{:text$}  {}", "", styled(palette.faint, scale.head()));
    let body = lines.iter().map(|line| {
        let painted = line.paint(now, palette, text);
        let gap = " ".repeat(text.saturating_sub(shown_width(&painted)));
        let (before, bar) = scale.bar(line.started, line.ended.unwrap_or(now));
        format!("{painted}{gap}  {before}{}", styled(line.style(palette), bar))
    });
    std::iter::once(head).chain(body).map(|line| line.trim_end().to_owned()).collect()
}

struct Scale {
    first: Timestamp,
    length: Duration,
    columns: usize,
}

impl Scale {
    /// When the first column is, and how long all columns are.
    fn head(&self) -> String {
        let (from, length) = (clock(self.first, false), elapsed(self.length));
        let gap = self.columns.saturating_sub(from.len() + length.len() + 1);
        format!("{from} {}{length}", "·".repeat(gap))
    }

    /// What stands before a bar, and the bar: never nothing, however short the time was.
    fn bar(&self, from: Timestamp, to: Timestamp) -> (String, String) {
        let start = self.column(from).min(self.columns - 1);
        let end = self.column(to).clamp(start, self.columns);
        let bar = if end == start { "▏".to_owned() } else { "█".repeat(end - start) };
        (" ".repeat(start), bar)
    }

    fn column(&self, moment: Timestamp) -> usize {
        let passed = Duration::between(self.first, moment).0.max(0) as f64;
        let share = passed / self.length.0.max(1) as f64;
        (share * self.columns as f64).round() as usize
    }
}

/// How many columns a text takes whose styles are not shown.
fn shown_width(text: &str) -> usize {
    anstream::adapter::strip_str(text).to_string().chars().count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::tree::State;

    fn line(depth: usize, name: &str, from: i64, to: Option<i64>) -> Line {
        let at = |millis| Duration(millis).after(Timestamp::UNIX_EPOCH);
        Line {
            depth,
            state: if to.is_some() { State::Completed } else { State::Running },
            name: name.to_owned(),
            told: String::new(),
            over: to.is_some(),
            started: at(from),
            ended: to.map(at),
        }
    }

    #[test]
    fn each_line_has_a_bar_from_its_beginning_to_its_end() {
        let lines =
            [line(0, "w", 0, None), line(1, "a", 0, Some(500)), line(1, "b", 500, Some(501)), line(1, "c", 501, None)];
        let now = Duration(1_000).after(Timestamp::UNIX_EPOCH);
        let drawn = draw(&lines, now, &Palette::default(), 60);
        let bar = |row: usize| drawn[row].chars().skip(36).collect::<String>();
        assert_eq!(bar(1), "█".repeat(24));
        assert_eq!(bar(2), "█".repeat(12));
        assert_eq!(bar(3), format!("{}▏", " ".repeat(12)));
        assert_eq!(bar(4), format!("{}{}", " ".repeat(12), "█".repeat(12)));
        assert!(drawn[0].ends_with("1s"), "{}", drawn[0]);
    }

    #[test]
    fn a_narrow_terminal_has_no_bars() {
        let drawn = draw(&[line(0, "w", 0, Some(5))], Timestamp::UNIX_EPOCH, &Palette::default(), 30);
        assert_eq!(drawn, ["✓ w"]);
    }
}
