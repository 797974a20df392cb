//! Places as editors count them: lines from 0, columns in UTF-16 units or in bytes, as was agreed on.

use lsp_types::{Position, Range};

/// In what columns are counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Encoding {
    /// UTF-16 units: what every editor understands.
    #[default]
    Utf16,
    /// Bytes.
    Utf8,
}

/// A text with its lines, for those who go between bytes and positions.
#[derive(Clone, Debug)]
pub struct Lines<'a> {
    text: &'a str,
    starts: Vec<usize>,
    encoding: Encoding,
}

impl<'a> Lines<'a> {
    /// The lines of `text`; they end as the protocol says: with `\n`, `\r\n` or `\r`.
    pub fn new(text: &'a str, encoding: Encoding) -> Self {
        let bytes = text.as_bytes();
        let ends = |at: &usize| bytes[*at] == b'\n' || bytes.get(at + 1) != Some(&b'\n');
        let mut starts = vec![0];
        starts.extend(memchr::memchr2_iter(b'\n', b'\r', bytes).filter(ends).map(|at| at + 1));
        Self { text, starts, encoding }
    }

    /// The text.
    pub fn text(&self) -> &'a str {
        self.text
    }

    /// The line that a byte lies in, from 0.
    pub fn line(&self, offset: usize) -> usize {
        self.starts.partition_point(|start| *start <= offset) - 1
    }

    /// Where a line begins.
    pub fn start(&self, line: usize) -> usize {
        self.starts.get(line).copied().unwrap_or(self.text.len())
    }

    /// Where a byte lies; one inside of a character or of a line's end counts as its first, one past the end as the end.
    pub fn position(&self, offset: usize) -> Position {
        let offset = self.whole(offset.min(self.text.len()));
        let line = self.line(offset);
        let before = &self.text[self.starts[line]..offset];
        let before = if self.text[offset..].starts_with('\n') { before.trim_end_matches('\r') } else { before };
        let units = match self.encoding {
            Encoding::Utf8 => before.len(),
            Encoding::Utf16 => before.encode_utf16().count(),
        };
        let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        Position { line: count(line), character: count(units) }
    }

    /// The stretch between two bytes.
    pub fn range(&self, range: std::ops::Range<usize>) -> Range {
        Range { start: self.position(range.start), end: self.position(range.end) }
    }

    /// The byte at a position; a column past the end of its line is the end of that line, a line past the end the end.
    pub fn offset(&self, position: Position) -> usize {
        let line = position.line as usize;
        let Some(start) = self.starts.get(line).copied() else { return self.text.len() };
        let text = &self.text[start..self.start(line + 1)];
        let text = text.strip_suffix('\n').unwrap_or(text);
        let text = text.strip_suffix('\r').unwrap_or(text);
        let wanted = position.character as usize;
        let within = match self.encoding {
            Encoding::Utf8 => wanted.min(text.len()),
            Encoding::Utf16 => {
                let mut units = 0;
                let past = text.char_indices().find(|(_, letter)| {
                    units += letter.len_utf16();
                    units > wanted
                });
                past.map_or(text.len(), |(at, _)| at)
            }
        };
        self.whole(start + within)
    }

    /// The beginning of the character that a byte belongs to.
    fn whole(&self, offset: usize) -> usize {
        (0..=offset).rev().find(|at| self.text.is_char_boundary(*at)).unwrap_or(0)
    }
}
