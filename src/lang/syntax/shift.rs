//! Where the places of a text that was put right lie in the text as written.

use std::ops::Range;

use crate::base::span::Span;

/// What was put right in a text, in the order of the text; no two changes touch.
#[derive(Clone, Debug, Default)]
pub struct Shifts {
    changes: Vec<Change>,
}

#[derive(Clone, Debug)]
struct Change {
    /// Where it is in the text as written.
    written: Range<usize>,
    /// What stands there instead.
    right: String,
}

impl Shifts {
    /// With one more change, at a place of the text as it is put right so far; `None` where that touches an earlier change.
    pub(super) fn and(&self, place: Range<usize>, right: &str) -> Option<Self> {
        let written = self.back(place.start)..self.back(place.end);
        if written.len() != place.len() {
            return None;
        }
        let mut changes = self.changes.clone();
        let at = changes.partition_point(|change| change.written.end < written.start);
        if changes.get(at).is_some_and(|next| next.written.start <= written.end) {
            return None;
        }
        changes.insert(at, Change { written, right: right.to_owned() });
        Some(Self { changes })
    }

    /// The text put right.
    pub(super) fn apply(&self, text: &str) -> String {
        let mut right = String::with_capacity(text.len() + 16);
        let mut at = 0;
        for change in &self.changes {
            right.push_str(&text[at..change.written.start]);
            right.push_str(&change.right);
            at = change.written.end;
        }
        right.push_str(&text[at..]);
        right
    }

    /// Where a place of the text put right lies in the text as written.
    fn back(&self, place: usize) -> usize {
        let mut ahead = 0isize;
        for change in &self.changes {
            let start = change.written.start.saturating_add_signed(ahead);
            if place <= start {
                break;
            }
            if place < start + change.right.len() {
                return (change.written.start + (place - start)).min(change.written.end);
            }
            ahead += change.right.len() as isize - change.written.len() as isize;
        }
        place.saturating_add_signed(-ahead)
    }

    /// A stretch of the text put right, as it lies in the text as written.
    pub fn span(&self, span: Span) -> Span {
        if self.changes.is_empty() {
            return span;
        }
        let range = self.back(span.start as usize)..self.back(span.end as usize);
        Span::new(span.file, range.start..range.end.max(range.start))
    }
}
