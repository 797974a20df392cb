//! A page and what the tests do with each of its blocks. The fence of a block says what that is.
//!
//! | fence | what becomes of the block |
//! |---|---|
//! | `flow`, `flow NAME.flow` | a whole program: it compiles without a finding, and its tests pass |
//! | `flow embedded` | a whole program with operations in Rust, about which it may be warned |
//! | `flow error`, `flow error NAME.flow` | a program that must not compile; the `text` behind it is what is said of it |
//! | `flow fragment` | an excerpt: it stands, line by line, in a program that is tested; `...` leaves lines out |
//! | `NAME.EXT` behind any language | a file of that name, which the commands behind it find |
//! | `sh` | commands, typed one after the other in an empty folder; each must end well |
//! | `sh`, then `text` | the same, where the text is what they print |
//! | `console` | commands behind `$ `, each with what it prints; what they end with is not looked at |
//! | `rust` | it stands in `tests/docs/embedding.rs`, paragraph by paragraph |
//!
//! In what is printed `...` stands for anything: alone for lines, within a line for a part of it. How long something
//! took, ids of runs and moments are not compared.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use orchestra_flow::lang::Files;

use super::block::{Block, blocks};
use super::root;

/// What a block is to the tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    Program,
    Excerpt,
    Mistake,
    File,
    Commands,
    Screen,
    /// What is said of the block before.
    Said,
    Rust,
    /// What a test of its own looks at.
    Elsewhere,
}

/// Blocks that a test of their own looks at, by page, language (all of them where it is empty) and where that test is.
const ELSEWHERE: &[(&str, &str, &str)] = &[
    ("README.md", "sh", "docs::readme"),
    ("README.md", "bash", "docs::readme"),
    ("docs/formatting.md", "flow", "lang::format"),
    ("docs/formatting.md", "sh", "cli::fmt"),
    // Not typed: it wants the registry of npm, and an editor.
    ("docs/editors.md", "console", "nowhere"),
];

/// A page of the manual.
pub struct Page {
    /// `docs/tour.md`
    pub name: String,
    pub text: String,
    pub blocks: Vec<Block>,
}

impl Page {
    pub fn read(name: &str) -> Self {
        let text = fs::read_to_string(root().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
        Self { name: name.to_owned(), blocks: blocks(&text), text }
    }

    /// What the block at this place is to the tests; `None` if no test would look at it.
    pub fn part(&self, at: usize) -> Option<Part> {
        let block = &self.blocks[at];
        let elsewhere = |page: &str, kind: &str| page == self.name && [block.words().0, ""].contains(&kind);
        if ELSEWHERE.iter().any(|(page, kind, _)| elsewhere(page, kind)) {
            return Some(Part::Elsewhere);
        }
        let before = || at.checked_sub(1).and_then(|at| self.part(at));
        match block.words() {
            ("flow", "" | "embedded") => Some(Part::Program),
            ("flow", "fragment") => Some(Part::Excerpt),
            ("flow", more) if more.split(' ').next() == Some("error") => Some(Part::Mistake),
            ("flow", _) if block.file().is_some() => Some(Part::Program),
            ("rust", "") => Some(Part::Rust),
            ("sh", "") => Some(Part::Commands),
            ("console", "") => Some(Part::Screen),
            ("text", "") => before().filter(|part| matches!(part, Part::Mistake | Part::Commands)).map(|_| Part::Said),
            _ => block.file().map(|_| Part::File),
        }
    }

    /// The blocks that are this, with their places.
    pub fn parts(&self, part: Part) -> impl Iterator<Item = (usize, &Block)> {
        self.blocks.iter().enumerate().filter(move |(at, _)| self.part(*at) == Some(part))
    }

    /// What is said of the block at this place.
    pub fn said_of(&self, at: usize) -> Option<&Block> {
        let next = self.blocks.get(at + 1)?;
        (self.part(at + 1) == Some(Part::Said)).then_some(next)
    }

    /// The place of a block, for people.
    pub fn place(&self, block: &Block) -> String {
        format!("{}:{}", self.name, block.lines.start)
    }

    /// The files of the page as they stand before the block at this place.
    pub fn files(&self, at: usize) -> Beside {
        let named = self.blocks[..at].iter().filter_map(|block| Some((block.file()?.to_owned(), block.text.clone())));
        Beside(named.collect())
    }
}

/// The files of a page by their names, and what the repository has.
pub struct Beside(BTreeMap<String, String>);

impl Files for Beside {
    fn read(&self, path: &str) -> Result<String, String> {
        self.0.get(path).cloned().ok_or_else(|| format!("the page has no `{path}`"))
    }
}

/// The pages that people write, by name: those of connectors are written by a test, those of errors have one of their own.
pub fn written() -> Vec<String> {
    let mut names = vec!["README.md".to_owned()];
    for folder in ["docs", "scripts"] {
        let entries = fs::read_dir(root().join(folder)).expect("the folder is part of the repository").flatten();
        let pages = entries.map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|it| it == "md"));
        names.extend(pages.map(|path| relative(&path)));
    }
    names.sort();
    assert!(names.len() > 20, "the pages were not found");
    names
}

fn relative(path: &std::path::Path) -> String {
    let path: PathBuf = path.strip_prefix(root()).expect("it is part of the repository").into();
    path.to_string_lossy().into_owned()
}
