//! The fenced blocks of a page.

/// A fenced block of a page.
pub struct Block {
    /// What stands behind the fence: `flow`, `sh`, `flow error`.
    pub kind: String,
    /// The heading above it.
    #[cfg_attr(not(feature = "cli"), expect(dead_code, reason = "the pages about errors belong to the command line"))]
    pub heading: String,
    pub text: String,
}

/// The fenced blocks of a page, in order.
pub fn blocks(page: &str) -> Vec<Block> {
    let (mut blocks, mut heading, mut open): (Vec<Block>, _, Option<Block>) = (Vec::new(), String::new(), None);
    for line in page.lines() {
        match (line.strip_prefix("```"), open.take()) {
            (Some(_), Some(block)) => blocks.push(block),
            (Some(kind), None) => {
                open = Some(Block { kind: kind.trim().to_owned(), heading: heading.clone(), text: String::new() });
            }
            (None, Some(mut block)) => {
                block.text.push_str(line);
                block.text.push('\n');
                open = Some(block);
            }
            (None, None) => {
                if let Some(title) = line.strip_prefix('#') {
                    heading = title.trim_start_matches('#').trim().to_owned();
                }
            }
        }
    }
    blocks
}
