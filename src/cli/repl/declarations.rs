//! What a session has declared: workflows, connectors, types and the like, by name. What is declared again takes the place of
//! what was declared before.

use std::collections::BTreeSet;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use super::form::words;
use crate::base::span::{FileId, Source};
use crate::lang::catalog::tree::alias_of;
use crate::lang::syntax::ast;
use crate::lang::syntax::{Reading, read};

/// What is declared: `workflow NAME`, `test "..."`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Declared {
    /// The word that begins it.
    pub word: &'static str,
    /// Its name; of a test, its title.
    pub name: String,
}

impl Declared {
    fn of(declaration: &ast::Declaration) -> Self {
        let (word, name) = match declaration {
            ast::Declaration::Use(it) => ("use", alias_of(it).to_string()),
            ast::Declaration::Type(it) => ("type", it.name.text.to_string()),
            ast::Declaration::Fn(it) => ("fn", it.name.text.to_string()),
            ast::Declaration::Workflow(it) => ("workflow", it.name.text.to_string()),
            ast::Declaration::Handler(it) => ("handler", it.name.text.to_string()),
            ast::Declaration::Connector(it) => ("connector", it.name.text.to_string()),
            ast::Declaration::Persona(it) => ("persona", it.name.text.to_string()),
            ast::Declaration::Test(it) => ("test", it.title.text.to_string()),
        };
        Self { word, name }
    }
}

impl fmt::Display for Declared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.word {
            "test" => write!(f, "test {:?}", self.name),
            word => write!(f, "{word} {}", self.name),
        }
    }
}

/// One declaration, where it was written.
#[derive(Clone, Debug)]
pub struct Declaration {
    /// What it declares.
    pub declared: Declared,
    /// What it stands in: what was typed, or a file.
    pub source: Source,
    /// Where in there, with the comments above it.
    pub range: Range<usize>,
    /// The words in it.
    words: Arc<BTreeSet<Box<str>>>,
}

impl Declaration {
    /// Its text.
    pub fn text(&self) -> &str {
        &self.source.text[self.range.clone()]
    }
}

/// All that is declared, in the order in which it was first declared.
#[derive(Clone, Debug, Default)]
pub struct Declarations(Vec<Declaration>);

impl Declarations {
    /// Cuts a text that can be read into its declarations.
    pub fn of(source: &Source) -> Self {
        let text = &*source.text;
        let mut start = 0;
        let Reading { program, shifts, .. } = read(FileId(0), source);
        let cut = |declaration: &ast::Declaration| {
            // The tree is that of the text put right.
            let end = shifts.span(declaration.span()).range().end;
            let end = behind(text, text.floor_char_boundary(end).max(start));
            let blanks = text[start..end].len() - text[start..end].trim_start().len();
            let range = start + blanks..end;
            start = end;
            let words = Arc::new(words(&text[range.clone()]).map(|(_, word)| word.into()).collect());
            Declaration { declared: Declared::of(declaration), source: source.clone(), range, words }
        };
        Self(program.declarations.iter().map(cut).collect())
    }

    /// These, with `newer` in the place of those that are declared again, and behind the others.
    pub fn with(&self, newer: Self) -> Self {
        let mut all = self.0.clone();
        for declaration in newer.0 {
            match all.iter_mut().find(|known| known.declared == declaration.declared) {
                Some(known) => *known = declaration,
                None => all.push(declaration),
            }
        }
        Self(all)
    }

    /// These without those that `newer` declares again.
    pub fn without(&self, newer: &Self) -> Self {
        Self(self.0.iter().filter(|known| !newer.holds(&known.declared)).cloned().collect())
    }

    /// Those that a text may mean, and those that they may mean: what nobody names changes nothing in it.
    pub fn meant_by(&self, text: &str) -> Self {
        let said: BTreeSet<&str> = words(text).map(|(_, word)| word).collect();
        let mut meant: Vec<bool> = self.0.iter().map(|it| said.contains(&*it.declared.name)).collect();
        let mut left: Vec<usize> = (0..self.0.len()).filter(|at| meant[*at]).collect();
        while let Some(at) = left.pop() {
            for (other, it) in self.0.iter().enumerate() {
                if !meant[other] && self.0[at].words.contains(&*it.declared.name) {
                    meant[other] = true;
                    left.push(other);
                }
            }
        }
        Self(self.0.iter().zip(meant).filter(|(_, meant)| *meant).map(|(it, _)| it.clone()).collect())
    }

    /// Each of them, in order.
    pub fn iter(&self) -> impl Iterator<Item = &Declaration> {
        self.0.iter()
    }

    /// Whether this is declared.
    pub fn holds(&self, declared: &Declared) -> bool {
        self.0.iter().any(|known| known.declared == *declared)
    }

    /// The names that are declared by `word`.
    pub fn named<'d>(&'d self, word: &'d str) -> impl Iterator<Item = &'d str> {
        self.0.iter().filter(move |it| it.declared.word == word).map(|it| it.declared.name.as_str())
    }
}

/// Behind a declaration that ends at `end`: a comment on the same line belongs to it.
fn behind(text: &str, end: usize) -> usize {
    let line = text[end..].lines().next().unwrap_or_default();
    if line.trim_start().starts_with("//") { end + line.len() } else { end }
}
