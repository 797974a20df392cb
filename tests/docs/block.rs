//! The fenced blocks of a page.

use std::ops::Range;

/// A fenced block of a page.
#[derive(Clone, Debug)]
pub struct Block {
    /// What stands behind the fence: `flow`, `sh`, `flow error`.
    pub kind: String,
    /// The heading above it.
    #[cfg_attr(not(feature = "cli"), expect(dead_code, reason = "the pages about errors belong to the command line"))]
    pub heading: String,
    /// What stands between the fences, without what the fence is indented by.
    pub text: String,
    /// Which lines of the page that is, counted from 0.
    pub lines: Range<usize>,
}

impl Block {
    /// The language of the block, and what else its fence says: `flow` and `orders.flow`.
    pub fn words(&self) -> (&str, &str) {
        self.kind.split_once(' ').unwrap_or((&self.kind, ""))
    }

    /// The file that the block is, if its fence names one: `toml flow.toml`.
    pub fn file(&self) -> Option<&str> {
        Some(self.words().1).filter(|name| name.contains('.') && !name.contains(' '))
    }
}

/// The fenced blocks of a page, in order; one may stand in a list, indented.
pub fn blocks(page: &str) -> Vec<Block> {
    let (mut blocks, mut heading, mut open): (Vec<Block>, _, Option<(Block, usize)>) =
        (Vec::new(), String::new(), None);
    for (number, line) in page.lines().enumerate() {
        let indent = line.len() - line.trim_start_matches(' ').len();
        match (line.trim_start_matches(' ').strip_prefix("```"), open.take()) {
            (Some(_), Some((mut block, _))) => {
                block.lines.end = number;
                blocks.push(block);
            }
            (Some(kind), None) => {
                let lines = number + 1..number + 1;
                let block =
                    Block { kind: kind.trim().to_owned(), heading: heading.clone(), text: String::new(), lines };
                open = Some((block, indent));
            }
            (None, Some((mut block, outer))) => {
                block.text.push_str(&line[indent.min(outer)..]);
                block.text.push('\n');
                open = Some((block, outer));
            }
            (None, None) => {
                if let Some(title) = line.strip_prefix('#') {
                    heading = title.trim_start_matches('#').trim().to_owned();
                }
            }
        }
    }
    assert!(open.is_none(), "a fence is not closed");
    blocks
}
