//! The drawing as an SVG file.

use std::fmt::Write as _;

use super::layout::{self, Area, CARD_LEFT, CARD_TOP, Font, LINE, Mark, text_width};
use super::model::{Card, Graph, Group, Tone};

/// Round the drawing.
const MARGIN: f64 = 28.0;
/// What the title needs.
const TITLE: f64 = 62.0;
/// What the legend needs.
const LEGEND: f64 = 44.0;
/// The radius of corners of arrows.
const BEND: f64 = 6.0;

/// Colours are given twice: renderers without media queries draw the light ones.
const STYLE: &str = "
text { font-family: system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif; }
.back { fill: #ffffff; }
.name { font-size: 19px; font-weight: 650; fill: #111827; }
.title { font-size: 13px; font-weight: 600; fill: #1f2937; }
.code { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace; font-size: 11px; fill: #4b5563; }
.note { font-size: 11px; fill: #6b7280; }
.card { fill: #ffffff; stroke: #d4dae3; }
.edge { fill: #eef1f5; stroke: #c3cad5; }
.handler { fill: #ffffff; stroke: #aab3c0; stroke-dasharray: 4 3; }
.frame { fill: #64748b; fill-opacity: 0.045; stroke: #64748b; stroke-opacity: 0.28; }
.arrow { fill: none; stroke: #8a94a4; stroke-width: 1.4; }
.dashed { stroke-dasharray: 4 4; }
.head { fill: #8a94a4; }
.read { fill: #2f9e6e; } .keyed { fill: #2f6fde; } .once { fill: #d9822b; } .child { fill: #1497a5; }
.wait { fill: #8a5cd6; } .pure { fill: #a3acb9; } .tell { fill: #c2559c; } .stop { fill: #c8414b; }
@media (prefers-color-scheme: dark) {
.back { fill: #0f141b; }
.name { fill: #f3f4f6; }
.title { fill: #e5e7eb; }
.code { fill: #aab4c2; }
.note { fill: #8f9aaa; }
.card { fill: #1a212b; stroke: #343f4d; }
.edge { fill: #222b37; stroke: #3d4959; }
.handler { fill: #161c25; stroke: #566273; }
.frame { fill: #94a3b8; fill-opacity: 0.06; stroke: #94a3b8; stroke-opacity: 0.25; }
.arrow { stroke: #6d7888; }
.head { fill: #6d7888; }
}
";

pub(super) fn write(graph: &Graph) -> String {
    let placed = layout::whole(&graph.root);
    let legend = legend(&placed.marks);
    let head = (text_width(&graph.title, Font::Title) * 1.5).max(text_width(&graph.subtitle, Font::Code));
    let inner = placed.width.max(head).max(legend.0);
    let width = inner + 2.0 * MARGIN;
    let foot = if legend.1.is_empty() { 0.0 } else { LEGEND };
    let height = TITLE + placed.height + foot + 2.0 * MARGIN;
    let mut text = String::new();
    // Writing to a text does not fail.
    let _ = writeln!(
        text,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {w} {h}\" width=\"{w}\" height=\"{h}\" role=\"img\" aria-label=\"{}\">",
        escaped(&graph.title),
        w = number(width),
        h = number(height),
    );
    let _ = writeln!(text, "<title>{}</title>\n<style>{STYLE}</style>", escaped(&graph.title));
    text.push_str(
        "<defs><marker id=\"head\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"7\" markerHeight=\"7\" orient=\"auto\">\
         <path class=\"head\" d=\"M0 0.6 L8 4 L0 7.4 Z\"/></marker></defs>\n",
    );
    let _ = writeln!(text, "<rect class=\"back\" width=\"{}\" height=\"{}\"/>", number(width), number(height));
    write_text(&mut text, "name", MARGIN, MARGIN + 18.0, &graph.title);
    write_text(&mut text, "code", MARGIN, MARGIN + 38.0, &graph.subtitle);
    let left = MARGIN + (inner - placed.width) / 2.0;
    let _ = writeln!(text, "<g transform=\"translate({} {})\">", number(left), number(MARGIN + TITLE));
    // Frames lie under arrows, arrows under cards.
    for layer in [is_frame, is_arrow, is_on_top] {
        placed.marks.iter().filter(|mark| layer(mark)).for_each(|mark| write_mark(&mut text, mark));
    }
    text.push_str("</g>\n");
    let _ = writeln!(text, "<g transform=\"translate({} {})\">", number(MARGIN), number(height - MARGIN));
    text.push_str(&legend.1);
    text.push_str("</g>\n</svg>\n");
    text
}

fn is_frame(mark: &Mark<'_>) -> bool {
    matches!(mark, Mark::Frame { .. })
}

fn is_arrow(mark: &Mark<'_>) -> bool {
    matches!(mark, Mark::Arrow { .. })
}

fn is_on_top(mark: &Mark<'_>) -> bool {
    matches!(mark, Mark::Card { .. } | Mark::Label { .. } | Mark::Nothing { .. })
}

fn write_mark(text: &mut String, mark: &Mark<'_>) {
    match mark {
        Mark::Card { at, card } => write_card(text, *at, card),
        Mark::Frame { at, group } => write_frame(text, *at, group),
        Mark::Label { x, y, text: label } => write_text(text, "note", *x, *y, label),
        Mark::Nothing { x, y } => {
            let _ = writeln!(
                text,
                "<text class=\"note\" x=\"{}\" y=\"{}\" text-anchor=\"middle\">nothing</text>",
                number(*x),
                number(*y)
            );
        }
        Mark::Arrow { points, dashed } => {
            let dashed = if *dashed { " dashed" } else { "" };
            let _ = writeln!(text, "<path class=\"arrow{dashed}\" marker-end=\"url(#head)\" d=\"{}\"/>", path(points));
        }
    }
}

fn write_card(text: &mut String, at: Area, card: &Card) {
    let (class, radius) = match card.tone {
        Tone::Edge => ("edge", (at.height / 2.0).min(17.0)),
        Tone::Handler => ("handler", 7.0),
        _ => ("card", 7.0),
    };
    write_rect(text, class, at, radius);
    let centred = card.tone == Tone::Edge && card.lines.is_empty();
    if let Some((tone, _)) = tone(card.tone) {
        // The coloured edge on the left, with the card's own rounding.
        let _ = writeln!(
            text,
            "<path class=\"{tone}\" d=\"M{x} {y} h-1.5 a5.5 5.5 0 0 0 -5.5 5.5 v{h} a5.5 5.5 0 0 0 5.5 5.5 h1.5 z\"/>",
            x = number(at.x + 7.5),
            y = number(at.y + 0.5),
            h = number(at.height - 12.0),
        );
    }
    let mut y = at.y + CARD_TOP + 12.0;
    if centred {
        let _ = writeln!(
            text,
            "<text class=\"title\" x=\"{}\" y=\"{}\" text-anchor=\"middle\">{}</text>",
            number(at.x + at.width / 2.0),
            number(y),
            escaped(&card.title)
        );
        return;
    }
    let x = at.x + CARD_LEFT;
    write_text(text, "title", x, y, &card.title);
    if let Some(line) = &card.subtitle {
        y += LINE;
        write_text(text, "code", x, y, line);
    }
    for line in &card.lines {
        y += LINE;
        write_text(text, "note", x, y, line);
    }
}

fn write_frame(text: &mut String, at: Area, group: &Group) {
    write_rect(text, "frame", at, 11.0);
    let mut y = at.y + 22.0;
    if !group.title.is_empty() {
        write_text(text, "title", at.x + 16.0, y, &group.title);
        y += LINE;
    }
    for line in &group.lines {
        write_text(text, "note", at.x + 16.0, y, line);
        y += LINE;
    }
}

fn write_rect(text: &mut String, class: &str, at: Area, radius: f64) {
    let _ = writeln!(
        text,
        "<rect class=\"{class}\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" rx=\"{}\"/>",
        number(at.x),
        number(at.y),
        number(at.width),
        number(at.height),
        number(radius)
    );
}

fn write_text(text: &mut String, class: &str, x: f64, y: f64, content: &str) {
    let _ =
        writeln!(text, "<text class=\"{class}\" x=\"{}\" y=\"{}\">{}</text>", number(x), number(y), escaped(content));
}

/// The tones in use with a word for each, and how wide that is.
fn legend(marks: &[Mark<'_>]) -> (f64, String) {
    let mut tones: Vec<Tone> = marks
        .iter()
        .filter_map(|mark| match mark {
            Mark::Card { card, .. } => Some(card.tone),
            _ => None,
        })
        .collect();
    tones.sort_unstable();
    tones.dedup();
    let (mut x, mut text) = (0.0, String::new());
    for (class, word) in tones.into_iter().filter_map(tone) {
        let _ = writeln!(
            text,
            "<rect class=\"{class}\" x=\"{}\" y=\"-10\" width=\"10\" height=\"10\" rx=\"3\"/>",
            number(x)
        );
        write_text(&mut text, "note", x + 16.0, -1.0, word);
        x += 16.0 + text_width(word, Font::Note) + 20.0;
    }
    (x, text)
}

/// The class of a tone, and what it means.
fn tone(tone: Tone) -> Option<(&'static str, &'static str)> {
    match tone {
        Tone::Edge | Tone::Handler => None,
        Tone::Read => Some(("read", "reads")),
        Tone::Keyed => Some(("keyed", "acts, and may repeat with its key")),
        Tone::Once => Some(("once", "acts, never by itself again")),
        Tone::Child => Some(("child", "another workflow")),
        Tone::Wait => Some(("wait", "waits")),
        Tone::Pure => Some(("pure", "computes")),
        Tone::Tell => Some(("tell", "tells")),
        Tone::Stop => Some(("stop", "ends")),
    }
}

/// A line with rounded corners.
fn path(points: &[(f64, f64)]) -> String {
    let mut path = String::new();
    for (index, (x, y)) in points.iter().copied().enumerate() {
        let corner = index.checked_sub(1).and_then(|before| points.get(before)).zip(points.get(index + 1));
        match corner {
            None if index == 0 => {
                let _ = write!(path, "M{} {}", number(x), number(y));
            }
            None => {
                let _ = write!(path, " L{} {}", number(x), number(y));
            }
            Some((before, after)) => {
                let (enter, leave) = (towards((x, y), *before), towards((x, y), *after));
                let _ = write!(
                    path,
                    " L{} {} Q{} {} {} {}",
                    number(enter.0),
                    number(enter.1),
                    number(x),
                    number(y),
                    number(leave.0),
                    number(leave.1)
                );
            }
        }
    }
    path
}

/// The point on the way from a corner to a neighbour where the rounding ends.
fn towards(corner: (f64, f64), neighbour: (f64, f64)) -> (f64, f64) {
    let (dx, dy) = (neighbour.0 - corner.0, neighbour.1 - corner.1);
    let length = dx.hypot(dy);
    if length == 0.0 {
        return corner;
    }
    let part = BEND.min(length / 2.0) / length;
    (corner.0 + dx * part, corner.1 + dy * part)
}

/// At most one digit behind the point.
fn number(value: f64) -> String {
    let rounded = (value * 10.0).round() / 10.0;
    format!("{rounded}")
}

fn escaped(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut out, c| {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            // XML knows no other control characters, not even escaped.
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
        out
    })
}
