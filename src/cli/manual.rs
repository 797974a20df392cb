//! A page of the manual as a terminal shows it. Elsewhere it stays the Markdown that it is.

use anstyle::Style;

use super::paper::{Palette, styled};

/// How wide a column of a table may become before its text goes on as long as it is.
const COLUMN_MAX: usize = 48;

/// The page as a terminal shows it: headings strong, programs indented instead of fenced, tables in columns.
pub fn paint(page: &str, palette: &Palette) -> String {
    if palette.strong == Style::new() {
        return page.to_owned();
    }
    let mut painted = String::new();
    let mut fenced = false;
    let mut table: Vec<Vec<String>> = Vec::new();
    for line in page.lines() {
        if !fenced && line.starts_with('|') {
            table.push(cells(line));
            continue;
        }
        lay_out(&mut table, palette, &mut painted);
        if line.starts_with("```") {
            fenced = !fenced;
        } else if fenced {
            painted.push_str(&format!("    {}\n", styled(palette.busy, line)));
        } else if line.starts_with('#') {
            painted.push_str(&format!("{}\n", styled(palette.strong, line.trim_start_matches(['#', ' ']))));
        } else {
            painted.push_str(&format!("{line}\n"));
        }
    }
    lay_out(&mut table, palette, &mut painted);
    painted
}

/// The cells of a row, without the marks of code and links.
fn cells(row: &str) -> Vec<String> {
    let inner = row.trim().trim_start_matches('|').trim_end_matches('|').replace("\\|", "\u{0}");
    inner.split('|').map(|cell| plain(cell.trim()).replace('\u{0}', "|")).collect()
}

fn plain(cell: &str) -> String {
    let unlinked = match cell.strip_prefix('[').and_then(|rest| rest.split_once("](")) {
        Some((text, rest)) if rest.ends_with(')') => text,
        _ => cell,
    };
    unlinked.replace('`', "")
}

/// Puts a table that has ended into columns: its head faint, the line below its head left out.
fn lay_out(table: &mut Vec<Vec<String>>, palette: &Palette, painted: &mut String) {
    let columns = table.first().map_or(0, Vec::len);
    let is_line =
        |row: &[String]| row.iter().all(|cell| !cell.is_empty() && cell.chars().all(|c| matches!(c, '-' | ':')));
    table.retain(|row| !is_line(row));
    let width = |column: usize| {
        let cells = table.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count());
        cells.max().unwrap_or(0).min(COLUMN_MAX)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    for (place, row) in table.iter().enumerate() {
        let padded = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        let line = padded.collect::<Vec<_>>().join("  ");
        let style = if place == 0 { palette.faint } else { Style::new() };
        painted.push_str(&format!("  {}\n", styled(style, line.trim_end())));
    }
    table.clear();
}
