//! What of programs their tests reach: `flow test --coverage`.
//!
//! In: programs, the journals of their tests, the examples that were played. Out: each place of their files that can be reached, and
//! how often it was. Never: a count beside the journals.

mod functions;
/// Coverage as editors and services read it.
pub mod lcov;
mod points;
mod reached;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use indexmap::IndexMap;

use super::Verdict;
use crate::base::span::{Sources, Span};
use crate::host::Program;
use crate::lang::plan::Operation;
use crate::lang::plan::test::Test;
use functions::Functions;

/// How much of a line is shown.
const SHOWN_CHARS_MAX: usize = 70;

/// What can be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum What {
    /// A statement: it was carried out, which one whose `when` is not true is not.
    Step,
    /// An arm of an `if` or a `match`, a branch of a `race`.
    Branch,
    /// A handler that had its say, a `remind` or `escalate`, a body at the end of the run.
    Handler,
    /// A compensation.
    Undo,
    /// A `fn` that was named by something reached.
    Function,
    /// An operation of a connector, by an example that was played.
    Example,
}

impl What {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Self; 6] = [Self::Step, Self::Branch, Self::Handler, Self::Undo, Self::Function, Self::Example];

    /// Several of them.
    pub fn word(self) -> &'static str {
        match self {
            Self::Step => "steps",
            Self::Branch => "branches",
            Self::Handler => "handlers",
            Self::Undo => "undos",
            Self::Function => "fns",
            Self::Example => "examples",
        }
    }
}

/// Something that can be reached, where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mark {
    what: What,
    span: Span,
}

/// What of some files can be reached, and was.
#[derive(Clone, Debug, Default)]
pub struct Coverage {
    files: IndexMap<PathBuf, Covered>,
}

/// One file.
#[derive(Clone, Debug)]
pub struct Covered {
    /// As it was named.
    pub name: Arc<str>,
    /// In the order of the text.
    pub spots: BTreeMap<Place, Spot>,
}

/// Where something stands in its file, and what it is.
pub type Place = (u32, u32, What);

/// A place that can be reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spot {
    /// In which workflow; `fn`s and operations stand in none.
    pub workflow: Option<Arc<str>>,
    /// Its line, from 1.
    pub line: u32,
    /// Its column, from 1.
    pub column: u32,
    /// What it is called, or what stands there.
    pub text: String,
    /// How often it was reached.
    pub hits: u64,
}

/// How much was reached of how much.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Share {
    /// So much was.
    pub reached: usize,
    /// So much can be.
    pub of: usize,
}

impl Share {
    /// The share of these.
    pub fn among<'a>(spots: impl IntoIterator<Item = &'a Spot>) -> Self {
        let count =
            |share: Self, spot: &Spot| Self { reached: share.reached + usize::from(spot.hits > 0), of: share.of + 1 };
        spots.into_iter().fold(Self::default(), count)
    }

    /// In whole percent, rounded down: all is 100, and nothing less is. All of nothing is all.
    pub fn percent(self) -> usize {
        (self.reached * 100).checked_div(self.of).unwrap_or(100)
    }
}

impl Coverage {
    /// Counts what stands in the file of `program`; what stands in files that it uses counts where they are named too.
    pub fn count(&mut self, file: &Path, program: &Program) {
        let (key, sources) = (known(file), &program.sources);
        let covered = Covered { name: file.display().to_string().into(), spots: BTreeMap::new() };
        self.files.entry(key).or_insert(covered);
        for (name, plan) in &program.package.plans {
            for point in points::points(plan, sources) {
                self.expect(sources, point.mark, point.called, Some(name));
            }
        }
        for (name, span) in functions::all(&program.package) {
            self.expect(sources, Mark { what: What::Function, span }, Some(format!("fn {name}").into()), None);
        }
        for operation in program.package.connectors.values().flat_map(|connector| connector.operations.values()) {
            if operation.request.is_some() {
                let name: Arc<str> = format!("operation {}", operation.signature.full_name()).into();
                let mark = Mark { what: What::Example, span: operation.signature.span };
                self.expect(sources, mark, Some(name), None);
            }
        }
    }

    /// Counts one place, once, if it stands in one of the files.
    fn expect(&mut self, sources: &Sources, mark: Mark, called: Option<Arc<str>>, workflow: Option<&Arc<str>>) {
        let Some((covered, place)) = self.find(sources, mark) else { return };
        let at = sources.positions(mark.span).0;
        let text = || shortened(called.as_deref().unwrap_or_else(|| line_of(sources, mark.span)));
        covered.spots.entry(place).or_insert_with(|| Spot {
            workflow: workflow.cloned(),
            line: at.line,
            column: at.column,
            text: text(),
            hits: 0,
        });
    }

    fn find(&mut self, sources: &Sources, Mark { what, span }: Mark) -> Option<(&mut Covered, Place)> {
        let name = Path::new(&*sources.get(span.file).name);
        // Most often the file is named as it was.
        let covered = match self.files.values().position(|covered| Path::new(&*covered.name) == name) {
            Some(index) => self.files.get_index_mut(index).map(|(_, covered)| covered),
            None => self.files.get_mut(&known(name)),
        };
        covered.map(|covered| (covered, (span.start, span.end, what)))
    }

    fn hit(&mut self, sources: &Sources, mark: Mark, times: u64) {
        let Some((covered, place)) = self.find(sources, mark) else { return };
        if let Some(spot) = covered.spots.get_mut(&place) {
            spot.hits += times;
        }
    }

    /// A test was rehearsed.
    pub fn rehearsed(&mut self, program: &Program, test: &Test, verdict: &Verdict) {
        let sources = &program.sources;
        let mut functions = Functions::default();
        functions.test(&program.package, test);
        let runs = [(&test.workflow, &verdict.journal)].into_iter();
        for (workflow, journal) in runs.chain(verdict.others.iter().map(|other| (&other.workflow, &other.journal))) {
            let Some(plan) = program.package.plans.get(workflow) else { continue };
            let reached = reached::reached(plan, sources, journal);
            functions.run(plan, &reached);
            reached.hits.into_iter().for_each(|(mark, times)| self.hit(sources, mark, times));
        }
        self.called(sources, functions);
    }

    /// An example of an operation was played.
    pub fn played(&mut self, program: &Program, operation: &Operation) {
        self.hit(&program.sources, Mark { what: What::Example, span: operation.signature.span }, 1);
        let mut functions = Functions::default();
        functions.operation(&program.package, operation);
        self.called(&program.sources, functions);
    }

    fn called(&mut self, sources: &Sources, functions: Functions) {
        let marks = functions.called.into_iter().map(|span| Mark { what: What::Function, span });
        marks.for_each(|mark| self.hit(sources, mark, 1));
    }

    /// The files, in the order in which they were named.
    pub fn files(&self) -> impl Iterator<Item = &Covered> {
        self.files.values()
    }

    /// Everything that can be reached.
    pub fn share(&self) -> Share {
        Share::among(self.files.values().flat_map(|covered| covered.spots.values()))
    }
}

impl Covered {
    /// What stands in this workflow, or in none.
    pub fn within(&self, workflow: Option<&str>) -> Vec<(What, &Spot)> {
        let spots = self.spots.iter().map(|((_, _, what), spot)| (*what, spot));
        spots.filter(|(_, spot)| spot.workflow.as_deref() == workflow).collect()
    }

    /// The workflows in it, in the order of the text.
    pub fn workflows(&self) -> Vec<&str> {
        let mut found = Vec::new();
        for workflow in self.spots.values().filter_map(|spot| spot.workflow.as_deref()) {
            if !found.contains(&workflow) {
                found.push(workflow);
            }
        }
        found
    }
}

/// A file by a name that is the same from wherever it is named.
fn known(file: &Path) -> PathBuf {
    file.canonicalize().unwrap_or_else(|_| file.to_owned())
}

/// The first line of what stands at `span`.
fn line_of(sources: &Sources, span: Span) -> &str {
    sources.text(span).lines().next().unwrap_or_default()
}

fn shortened(text: &str) -> String {
    let text = text.trim().trim_end_matches('{').trim_end();
    match text.char_indices().nth(SHOWN_CHARS_MAX) {
        Some((end, _)) => format!("{} ...", text[..end].trim_end()),
        None => text.to_owned(),
    }
}
