//! A program with the files it uses, read and compiled.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::base::diagnostic::Diagnostic;
use crate::base::report;
use crate::base::span::{Source, Sources, Span};
use crate::disk;
use crate::lang::plan::Package;
use crate::lang::{self, Compilation, Files, Kept, Study};

/// A program that can run.
#[derive(Clone, Debug, Default)]
pub struct Program {
    /// Everything it declares.
    pub package: Arc<Package>,
    /// Its texts: what spans refer to.
    pub sources: Sources,
    /// What is probably not as meant.
    pub warnings: Vec<Diagnostic>,
    /// Steps that should get a type: where each stands, and what is read of it and has none.
    pub untyped: Vec<(Span, String)>,
    /// Where its relative paths start, and its `flow.toml` lies.
    pub directory: PathBuf,
}

/// What is wrong, with the texts it is wrong in. Shown as the command line shows it.
#[derive(Clone)]
pub struct Faults {
    /// Everything that was found, warnings too.
    pub diagnostics: Vec<Diagnostic>,
    /// The texts.
    pub sources: Sources,
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(report::to_text(&self.diagnostics, &self.sources, false).trim_end())
    }
}

impl fmt::Debug for Faults {
    /// The same: a `main` that returns them shows them so.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\n{self}")
    }
}

impl std::error::Error for Faults {}

impl Program {
    /// Reads and compiles the file at `path`, and those it uses.
    ///
    /// # Errors
    /// Everything that is wrong, where something is wrong enough for the program not to run.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, Faults> {
        let path = path.as_ref();
        let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
        let directory = directory.map_or_else(|| PathBuf::from("."), Path::to_owned);
        compiled(compile_file(Sources::default(), path), directory)
    }

    /// The connector `name` of the standard library, with the settings of the working directory.
    pub fn of_standard(name: &str) -> Option<Self> {
        let file = lang::catalog::standard::connector(name)?;
        Self::from_text(file.path, file.text).ok()
    }

    /// Compiles a text that is called `name` in messages. Files that it uses are looked for from the working directory.
    ///
    /// # Errors
    /// Everything that is wrong, where something is wrong enough for the program not to run.
    pub fn from_text(name: &str, text: &str) -> Result<Self, Faults> {
        compiled(lang::compile(name, text, &Disk), PathBuf::from("."))
    }
}

/// Looks at a text that is called `name` as closely as an editor needs it. Files that it uses are looked for beside `name`. What is
/// read stays in `kept` for the next time.
pub fn study(name: &str, text: &str, kept: &mut Kept) -> Study {
    lang::study(name, text, &Disk, kept)
}

fn compiled(compilation: Compilation, directory: PathBuf) -> Result<Program, Faults> {
    match compilation.package {
        Some(package) => Ok(Program {
            package: Arc::new(package),
            sources: compilation.sources,
            warnings: compilation.diagnostics,
            untyped: compilation.untyped,
            directory,
        }),
        None => Err(Faults { diagnostics: compilation.diagnostics, sources: compilation.sources }),
    }
}

/// What becomes of the file at `path`, beside what was compiled before.
pub(super) fn compile_file(mut others: Sources, path: &Path) -> Compilation {
    let name = path.display().to_string();
    match disk::read(path) {
        Ok(text) => lang::compile_after(others, &name, &text, &Disk),
        Err(fault) => {
            let file = others.add(Source::new(name, fault.text()));
            let at = fault.text().len();
            let message = format!("the file cannot be read: {fault}");
            let diagnostic = Diagnostic::error(fault.code(), Span::new(file, at..at), message);
            let diagnostics = vec![fault.hint().into_iter().fold(diagnostic, Diagnostic::hint)];
            Compilation { sources: others, package: None, diagnostics, untyped: Vec::new() }
        }
    }
}

/// The files beside a program.
#[derive(Clone, Copy, Debug)]
pub struct Disk;

impl Files for Disk {
    fn read(&self, path: &str) -> Result<String, String> {
        disk::read(Path::new(path)).map_err(|fault| fault.to_string())
    }
}
