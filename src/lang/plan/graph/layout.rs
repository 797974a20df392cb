//! Where everything goes: sequences from top to bottom, what runs at once side by side, handlers to the right.
//!
//! Every item is laid out by itself, from the inside out, with its own origin; whoever holds it moves it to its place. So
//! the effort grows with the number of items, and nesting needs no rules of its own.

use super::model::{Arrangement, Aside, Card, Group, Item};
use super::route;

/// Between two items of a sequence.
const STEP_GAP: f64 = 30.0;
/// Between columns, and between an item and what hangs beside it.
const COLUMN_GAP: f64 = 24.0;
const ASIDE_GAP: f64 = 44.0;
/// Between a frame and what is in it.
const PADDING: f64 = 18.0;
const CARD_WIDTH_MIN: f64 = 132.0;
/// How many independent items stand in one row before the next row begins.
const COLUMNS_MAX: usize = 5;
/// The height of a line of text.
pub(super) const LINE: f64 = 16.0;
/// How far the text in a card is from its border; on the left there is a coloured edge.
pub(super) const CARD_LEFT: f64 = 15.0;
const CARD_RIGHT: f64 = 13.0;
pub(super) const CARD_TOP: f64 = 9.0;

/// Something to be painted, at its place.
pub(super) enum Mark<'a> {
    Card {
        at: Area,
        card: &'a Card,
    },
    Frame {
        at: Area,
        group: &'a Group,
    },
    /// What stands above something that hangs beside.
    Label {
        x: f64,
        y: f64,
        text: &'a str,
    },
    /// Where nothing happens.
    Nothing {
        x: f64,
        y: f64,
    },
    Arrow {
        points: Vec<(f64, f64)>,
        dashed: bool,
    },
}

/// A rectangle.
#[derive(Clone, Copy, Debug)]
pub(super) struct Area {
    pub x: f64,
    pub y: f64,
    pub width: f64,
    pub height: f64,
}

/// An item with its marks, seen from its own upper left corner.
pub(super) struct Placed<'a> {
    pub width: f64,
    pub height: f64,
    /// Where arrows come in at the top and leave at the bottom.
    anchor: f64,
    /// The bottom of the item itself; what hangs beside it may reach further down.
    exit: f64,
    pub marks: Vec<Mark<'a>>,
}

impl<'a> Placed<'a> {
    fn empty() -> Self {
        Self { width: 0.0, height: 0.0, anchor: 0.0, exit: 0.0, marks: Vec::new() }
    }

    fn take(&mut self, other: Placed<'a>, x: f64, y: f64) {
        self.marks.extend(other.marks.into_iter().map(|mark| mark.moved(x, y)));
    }
}

impl Mark<'_> {
    fn moved(self, dx: f64, dy: f64) -> Self {
        let area = |at: Area| Area { x: at.x + dx, y: at.y + dy, ..at };
        match self {
            Self::Card { at, card } => Self::Card { at: area(at), card },
            Self::Frame { at, group } => Self::Frame { at: area(at), group },
            Self::Label { x, y, text } => Self::Label { x: x + dx, y: y + dy, text },
            Self::Nothing { x, y } => Self::Nothing { x: x + dx, y: y + dy },
            Self::Arrow { points, dashed } => {
                Self::Arrow { points: points.into_iter().map(|(x, y)| (x + dx, y + dy)).collect(), dashed }
            }
        }
    }
}

/// The whole drawing. A frame is drawn round all of it only where handlers hang beside it.
pub(super) fn whole(root: &Group) -> Placed<'_> {
    if root.asides.is_empty() { content(root) } else { with_asides(group(root), &root.asides) }
}

fn item(item: &Item) -> Placed<'_> {
    let placed = match item {
        Item::Card(card) => self::card(card),
        Item::Group(group) => self::group(group),
    };
    with_asides(placed, item.asides())
}

fn card(card: &Card) -> Placed<'_> {
    let lines = card.subtitle.iter().map(|line| text_width(line, Font::Code));
    let lines = lines.chain(card.lines.iter().map(|line| text_width(line, Font::Note)));
    let text = lines.fold(text_width(&card.title, Font::Title), f64::max);
    let width = (text + CARD_LEFT + CARD_RIGHT).max(CARD_WIDTH_MIN);
    let rows = 1 + usize::from(card.subtitle.is_some()) + card.lines.len();
    let height = rows as f64 * LINE + 2.0 * CARD_TOP;
    let at = Area { x: 0.0, y: 0.0, width, height };
    Placed { width, height, anchor: width / 2.0, exit: height, marks: vec![Mark::Card { at, card }] }
}

fn group(group: &Group) -> Placed<'_> {
    let inner = content(group);
    let lines = group.lines.iter().map(|line| text_width(line, Font::Note));
    let header = lines.fold(text_width(&group.title, Font::Title), f64::max);
    let rows = usize::from(!group.title.is_empty()) + group.lines.len();
    let top = if rows == 0 { PADDING } else { PADDING + rows as f64 * LINE + 6.0 };
    let width = (inner.width + 2.0 * PADDING).max(header + 2.0 * PADDING).max(CARD_WIDTH_MIN);
    let height = top + inner.height + PADDING;
    let left = (width - inner.width) / 2.0;
    let at = Area { x: 0.0, y: 0.0, width, height };
    let mut placed =
        Placed { width, height, anchor: left + inner.anchor, exit: height, marks: vec![Mark::Frame { at, group }] };
    placed.take(inner, left, top);
    placed
}

/// What stands in a frame.
fn content(group: &Group) -> Placed<'_> {
    if group.items.is_empty() && !group.lines.is_empty() {
        return Placed { width: 60.0, anchor: 30.0, ..Placed::empty() };
    }
    if group.items.is_empty() {
        let mark = Mark::Nothing { x: 30.0, y: 12.0 };
        return Placed { width: 60.0, height: 16.0, anchor: 30.0, exit: 16.0, marks: vec![mark] };
    }
    let items: Vec<Placed<'_>> = group.items.iter().map(item).collect();
    match &group.arrangement {
        Arrangement::Sequence => sequence(items),
        Arrangement::Parallel(waits) => parallel(items, waits),
        Arrangement::Branches => parallel(items, &[]),
    }
}

fn sequence(items: Vec<Placed<'_>>) -> Placed<'_> {
    let anchor = items.iter().map(|item| item.anchor).fold(0.0, f64::max);
    let right = items.iter().map(|item| item.width - item.anchor).fold(0.0, f64::max);
    let mut whole = Placed { width: anchor + right, anchor, ..Placed::empty() };
    let mut y = 0.0;
    let mut left_at = None;
    for item in items {
        if let Some(from) = left_at {
            whole.marks.push(Mark::Arrow { points: vec![(anchor, from), (anchor, y)], dashed: false });
        }
        left_at = Some(y + item.exit);
        let (x, height) = (anchor - item.anchor, item.height);
        whole.take(item, x, y);
        whole.height = y + height;
        y += height + STEP_GAP;
    }
    whole.exit = whole.height;
    whole
}

/// A grid: rows by what waits for what, and each item below what it waits for, as far as there is room.
fn parallel<'a>(items: Vec<Placed<'a>>, waits: &[(usize, usize)]) -> Placed<'a> {
    let cells = cells(items.len(), waits);
    let rows = cells.iter().map(|cell| cell.0 + 1).max().unwrap_or(0);
    let columns = cells.iter().map(|cell| cell.1 + 1).max().unwrap_or(0);
    // Left and right of the line that goes through a column.
    let (mut lefts, mut rights, mut heights) = (vec![0.0_f64; columns], vec![0.0_f64; columns], vec![0.0_f64; rows]);
    for (item, (row, column)) in items.iter().zip(&cells) {
        lefts[*column] = lefts[*column].max(item.anchor);
        rights[*column] = rights[*column].max(item.width - item.anchor);
        heights[*row] = heights[*row].max(item.height);
    }
    let mut lines = Vec::new();
    let mut x = 0.0;
    for (left, right) in lefts.iter().zip(&rights) {
        lines.push(x + left);
        x += left + right + COLUMN_GAP;
    }
    let mut tops = Vec::new();
    let mut y = 0.0;
    for height in &heights {
        tops.push(y);
        y += height + STEP_GAP + 6.0;
    }
    let width = (x - COLUMN_GAP).max(0.0);
    let height = (y - STEP_GAP - 6.0).max(0.0);
    let mut whole = Placed { width, height, anchor: width / 2.0, exit: height, marks: Vec::new() };
    let gutters: Vec<f64> = lines.iter().zip(&rights).map(|(line, right)| line + right + COLUMN_GAP / 2.0).collect();
    let grid = route::Grid { lines: &lines, gutters: &gutters, tops: &tops, heights: &heights, cells: &cells };
    for (from, to) in waits {
        if let (Some(item), Some(_)) = (items.get(*from), items.get(*to)) {
            whole.marks.push(Mark::Arrow { points: grid.route(*from, *to, item.exit), dashed: false });
        }
    }
    for (item, (row, column)) in items.into_iter().zip(cells) {
        let x = lines[column] - item.anchor;
        whole.take(item, x, tops[row]);
    }
    whole
}

/// Row and column of each item.
fn cells(count: usize, waits: &[(usize, usize)]) -> Vec<(usize, usize)> {
    let rows = rows(count, waits);
    let tied = |item: usize| waits.iter().any(|(from, to)| *from == item || *to == item);
    let mut cells: Vec<(usize, usize)> = vec![(0, 0); count];
    let mut taken: Vec<Vec<bool>> = Vec::new();
    let mut take = |row: usize, wanted: usize| {
        if taken.len() <= row {
            taken.resize(row + 1, Vec::new());
        }
        let row = &mut taken[row];
        let column = (wanted..).find(|column| !row.get(*column).copied().unwrap_or(false)).unwrap_or(wanted);
        if row.len() <= column {
            row.resize(column + 1, false);
        }
        row[column] = true;
        column
    };
    let mut order: Vec<usize> = (0..count).collect();
    order.sort_by_key(|item| (rows[*item], *item));
    // What nobody waits for, and waits for nobody, may stand anywhere: it fills rows of its own once there are too many.
    let free = order.iter().filter(|item| !tied(**item)).count();
    let wraps = free > COLUMNS_MAX;
    let deepest = rows.iter().zip(0..).filter(|(_, item)| tied(*item)).map(|(row, _)| row + 1).max().unwrap_or(0);
    let mut placed_free = 0;
    for item in order {
        let (row, wanted) = if wraps && !tied(item) {
            let at = (deepest + placed_free / COLUMNS_MAX, placed_free % COLUMNS_MAX);
            placed_free += 1;
            at
        } else {
            let above = waits.iter().filter(|(_, to)| *to == item).map(|(from, _)| cells[*from]);
            (rows[item], above.max().map_or(0, |(_, column)| column))
        };
        cells[item] = (row, take(row, wanted));
    }
    cells
}

/// The row of each item: one below the lowest that it waits for.
fn rows(count: usize, waits: &[(usize, usize)]) -> Vec<usize> {
    let mut rows = vec![0; count];
    // Without cycles, which the checker refuses, the rows stand after as many rounds as the longest way has steps.
    for _ in 0..count {
        let mut changed = false;
        for (from, to) in waits {
            if *from < count && *to < count && rows[*to] <= rows[*from] && rows[*from] < count {
                rows[*to] = rows[*from] + 1;
                changed = true;
            }
        }
        if !changed {
            break;
        }
    }
    rows
}

fn with_asides<'a>(mut placed: Placed<'a>, asides: &'a [Aside]) -> Placed<'a> {
    let (left, bottom) = (placed.width, placed.exit);
    let mut y = 0.0;
    for (index, aside) in asides.iter().enumerate() {
        let beside = item(&aside.item);
        let x = left + ASIDE_GAP;
        let top = y + LINE;
        // Lines leave the owner one below the other, at the height of what they lead to as long as the owner is that tall.
        let middle = top + (beside.exit / 2.0).min(20.0);
        let leave = middle.min(bottom - 10.0 - 7.0 * (asides.len() - 1 - index).min(2) as f64).max(8.0);
        let bend = left + ASIDE_GAP / 2.0;
        let points = if (leave - middle).abs() < 1.0 {
            vec![(left, middle), (x, middle)]
        } else {
            vec![(left, leave), (bend, leave), (bend, middle), (x, middle)]
        };
        placed.marks.push(Mark::Arrow { points, dashed: true });
        placed.marks.push(Mark::Label { x, y: y + LINE - 5.0, text: &aside.label });
        placed.width = placed.width.max(x + beside.width).max(x + text_width(&aside.label, Font::Note));
        y = top + beside.height + 12.0;
        placed.take(beside, x, top);
        placed.height = placed.height.max(y - 12.0);
    }
    placed
}

/// The fonts texts are set in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Font {
    Title,
    Code,
    Note,
}

/// About how wide a text will be; rather too wide than too narrow, since fonts differ from machine to machine.
pub(super) fn text_width(text: &str, font: Font) -> f64 {
    let size = match font {
        Font::Title => 14.6,
        Font::Code => 11.5,
        Font::Note => 11.2,
    };
    let em: f64 = text
        .chars()
        .map(|c| match c {
            _ if !c.is_ascii() && !c.is_alphabetic() => 0.8,
            _ if c as u32 > 0x2e80 => 1.05,
            _ if font == Font::Code => 0.605,
            'i' | 'j' | 'l' | '.' | ',' | ':' | ';' | '\'' | '|' | '!' => 0.31,
            'f' | 't' | 'r' | ' ' | '(' | ')' | '[' | ']' | '/' | '"' | '-' | '{' | '}' => 0.40,
            'm' | 'w' | 'M' | 'W' | '@' | '%' => 0.9,
            'A'..='Z' => 0.71,
            _ => 0.595,
        })
        .sum();
    em * size
}
