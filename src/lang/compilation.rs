//! A file and what it uses, from text to package.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::catalog::tree::alias_of;
use super::catalog::{Catalog, Tree, standard, volume};
use super::check::{self, code};
use super::plan;
use super::syntax::{self, ast};
use crate::base::diagnostic::Diagnostic;
use crate::base::limit::FILES_MAX;
use crate::base::span::{Source, Sources, Span};

/// Where used files come from.
pub trait Files {
    /// The text of a file, by its path relative to the working directory, as the program's own path is.
    ///
    /// # Errors
    /// Why it cannot be read, for people.
    fn read(&self, path: &str) -> Result<String, String>;
}

/// No other files: for programs that stand alone.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoFiles;

impl Files for NoFiles {
    fn read(&self, path: &str) -> Result<String, String> {
        Err(format!("`{path}` is not there"))
    }
}

/// What became of a text.
#[derive(Debug)]
pub struct Compilation {
    /// All texts that took part, for those who show diagnostics.
    pub sources: Sources,
    /// What can be run; `None` if there is an error.
    pub package: Option<plan::Package>,
    /// Everything that was found, errors and warnings, in the order of the text.
    pub diagnostics: Vec<Diagnostic>,
    /// Steps of the program that should get a type: where each stands, and what is read of it and has none.
    pub untyped: Vec<(Span, String)>,
}

/// Compiles the text called `name`. Total: whatever the text is, there is an answer.
pub fn compile(name: &str, text: &str, files: &dyn Files) -> Compilation {
    compile_after(Sources::default(), name, text, files)
}

/// A connector of the standard library, by name.
pub fn standard_connector(name: &str) -> Option<Arc<plan::Connector>> {
    let file = standard::connector(name)?;
    compile(file.path, file.text, &NoFiles).package?.connectors.get(name).cloned()
}

/// Compiles a text whose spans are to stand beside those of `others`, compiled before it: its sources follow theirs.
pub fn compile_after(others: Sources, name: &str, text: &str, files: &dyn Files) -> Compilation {
    let Study { sources, mut checked, diagnostics, .. } = studied(others, name, text, files, None);
    let package = (!diagnostics.iter().any(Diagnostic::is_error)).then(|| plan::lower(&checked));
    let untyped = std::mem::take(&mut checked.untyped).into_iter().collect();
    Compilation { sources, package, diagnostics, untyped }
}

/// A text as far as it is understood, for those who look at it while it is written. Places in its trees and in what was
/// checked are those of the texts put right; [`Study::written`] says where they lie in the texts that people see.
#[derive(Debug)]
pub struct Study {
    /// All texts that took part: the program first, then what it uses, then those of the standard library.
    pub sources: Sources,
    /// Their trees, in the same order.
    pub trees: Vec<Tree>,
    /// What may be named.
    pub catalog: Catalog,
    /// What was found out, with [`check::Notes`] of every name.
    pub checked: check::Checked,
    /// Everything that was found, at its places in the texts as written.
    pub diagnostics: Vec<Diagnostic>,
    shifts: Vec<syntax::Shifts>,
}

impl Study {
    /// Where a place of a tree lies in the text as written.
    pub fn written(&self, span: Span) -> Span {
        self.shifts.get(usize::from(span.file.0)).map_or(span, |shifts| shifts.span(span))
    }
}

/// Looks at the text called `name` as closely as an editor needs it. Total, as [`compile`] is. What is read stays in `kept`
/// for the next time; nothing else depends on it.
pub fn study(name: &str, text: &str, files: &dyn Files, kept: &mut syntax::Kept) -> Study {
    kept.begin();
    studied(Sources::default(), name, text, files, Some(kept))
}

/// With `kept`, as closely as an editor needs it.
fn studied(others: Sources, name: &str, text: &str, files: &dyn Files, kept: Option<&mut syntax::Kept>) -> Study {
    let noting = kept.is_some();
    let before = others.iter().count();
    let mut loader = Loader {
        files,
        kept,
        sources: others,
        before,
        trees: Vec::new(),
        shifts: Vec::new(),
        found: Vec::new(),
        wrong: Vec::new(),
        paths: BTreeMap::new(),
    };
    loader.program(name, text);
    loader.standard();
    let Loader { sources, trees, shifts, mut found, mut wrong, .. } = loader;
    let (catalog, mut more) = Catalog::new(&trees);
    wrong.append(&mut more);
    let (checked, mut more) = check::check(&trees, &catalog, noting);
    wrong.append(&mut more);
    // The trees are those of the texts put right; people see the texts they wrote.
    let places = wrong.iter_mut().flat_map(Diagnostic::spans_mut);
    places.for_each(|span| *span = shifts[span.file.0 as usize - before].span(*span));
    found.append(&mut wrong);
    found.sort_by_key(|found| found.primary.span);
    found.dedup();
    Study { sources, trees, catalog, checked, diagnostics: found, shifts }
}

/// Reads files until nothing more is used.
struct Loader<'f> {
    files: &'f dyn Files,
    /// What was read before, where texts are read while they are typed.
    kept: Option<&'f mut syntax::Kept>,
    sources: Sources,
    /// How many of them belong to others.
    before: usize,
    trees: Vec<Tree>,
    /// What was put right in each file, so that reading could go on.
    shifts: Vec<syntax::Shifts>,
    /// What is wrong with the form of the files.
    found: Vec<Diagnostic>,
    /// What is wrong with their uses, at its places in the trees.
    wrong: Vec<Diagnostic>,
    /// The places of the files read so far, by path.
    paths: BTreeMap<String, usize>,
}

impl Loader<'_> {
    fn program(&mut self, name: &str, text: &str) {
        let path = normal(name);
        self.take("", Source::new(name, text));
        self.paths.insert(path.clone(), 0);
        let mut open = vec![(0, path)];
        // In the order of the text, breadth first: files near the program have the shorter names.
        let mut at = 0;
        while at < open.len() {
            let (place, path) = open[at].clone();
            at += 1;
            let uses: Vec<ast::Use> = self.trees[place]
                .program
                .declarations
                .iter()
                .filter_map(|declaration| match declaration {
                    ast::Declaration::Use(used) => Some(used.clone()),
                    _ => None,
                })
                .collect();
            for used in uses {
                let alias = alias_of(&used);
                let target = beside(&path, &used.path.text);
                if let Some(known) = self.paths.get(&target).copied() {
                    self.trees[place].uses.push((alias, known));
                    continue;
                }
                if self.trees.len() >= FILES_MAX {
                    let message = format!("more than {FILES_MAX} files take part");
                    self.wrong.push(Diagnostic::error(code::USE, used.path.span, message));
                    return;
                }
                match self.files.read(&target) {
                    Ok(text) => {
                        let before = self.trees[place].alias.clone();
                        let full = if before.is_empty() { alias.to_string() } else { format!("{before}.{alias}") };
                        let next = self.take(&full, Source::new(&*target, &text));
                        self.paths.insert(target.clone(), next);
                        self.trees[place].uses.push((alias, next));
                        open.push((next, target));
                    }
                    Err(reason) => {
                        let message = format!("the file cannot be read: {reason}");
                        self.wrong.push(
                            Diagnostic::error(code::USE, used.path.span, message)
                                .hint("the path is relative to the file that uses it"),
                        );
                    }
                }
            }
        }
        self.circles();
    }

    /// A file that uses itself, by way of others or at once.
    fn circles(&mut self) {
        // 0: not seen, 1: on the way, 2: done.
        let mut state = vec![0u8; self.trees.len()];
        let mut open = vec![(0usize, 0usize)];
        state[0] = 1;
        while let Some((place, at)) = open.pop() {
            let Some((_, next)) = self.trees[place].uses.get(at).cloned() else {
                state[place] = 2;
                continue;
            };
            open.push((place, at + 1));
            match state[next] {
                0 => {
                    state[next] = 1;
                    open.push((next, 0));
                }
                1 => {
                    let span = self.use_of(place, at);
                    let name = self.sources.get(self.trees[next].program.file).name.clone();
                    self.wrong.push(
                        Diagnostic::error(
                            code::USE,
                            span,
                            format!("files use each other in a circle: `{name}` comes round to itself"),
                        )
                        .hint("put what both need into a third file"),
                    );
                    // Cut it, so that nobody walks round and round.
                    self.trees[place].uses.remove(at);
                    if let Some(last) = open.last_mut() {
                        last.1 = at;
                    }
                }
                _ => {}
            }
        }
    }

    fn use_of(&self, place: usize, at: usize) -> Span {
        let alias = &self.trees[place].uses[at].0;
        let uses = self.trees[place].program.declarations.iter().filter_map(|declaration| match declaration {
            ast::Declaration::Use(used) => Some(used),
            _ => None,
        });
        uses.filter(|used| alias_of(used) == *alias).map(|used| used.path.span).next().unwrap_or_default()
    }

    /// The files of the standard library that are named so far.
    fn standard(&mut self) {
        let mut wanted: Vec<standard::File> = Vec::new();
        for (_, source) in self.sources.iter().skip(self.before) {
            for file in standard::named_in(&source.text) {
                if !wanted.contains(&file) {
                    wanted.push(file);
                }
            }
        }
        for file in wanted {
            let id = self.sources.add(volume::source(file));
            let program = volume::program(file, id, self.sources.get(id));
            self.shifts.push(syntax::Shifts::default());
            self.trees.push(Tree { alias: file.path.into(), program, uses: Vec::new(), standard: true });
        }
    }

    fn take(&mut self, alias: &str, source: Source) -> usize {
        let id = self.sources.add(source);
        let source = self.sources.get(id);
        let syntax::Reading { program, mut diagnostics, shifts } = match &mut self.kept {
            Some(kept) => syntax::read_again(id, source, kept),
            None => syntax::read(id, source),
        };
        self.found.append(&mut diagnostics);
        self.shifts.push(shifts);
        self.trees.push(Tree { alias: alias.into(), program: Arc::new(program), uses: Vec::new(), standard: false });
        self.trees.len() - 1
    }
}

/// The path of a used file, relative to the file at `path`.
pub fn beside(path: &str, used: &str) -> String {
    match path.rsplit_once('/') {
        Some((directory, _)) if !used.starts_with('/') => normal(&format!("{directory}/{used}")),
        _ => normal(used),
    }
}

/// A path without `.` and, as far as they lead nowhere, `..`.
fn normal(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "." => {}
            ".." if parts.last().is_some_and(|last| !matches!(*last, ".." | "")) => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}
