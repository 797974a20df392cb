//! All programs of a directory, as one: what a server runs.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::program::{Faults, Program, compile_file};
use crate::base::diagnostic::Diagnostic;
use crate::base::span::{Source, Sources, Span};
use crate::disk::code::UNREADABLE;
use crate::disk::plainly;
use crate::lang::catalog::code::TWICE;
use crate::lang::plan::{Package, Plan};

/// How the files of programs end.
pub(super) const EXTENSION: &str = "flow";

impl Program {
    /// Reads and compiles every `.flow` file in `directory`, and those they use, into one program. A name means the same in
    /// all of them: two files that declare a workflow of the same name, or connectors that share a name and differ, are faults.
    ///
    /// # Errors
    /// Everything that is wrong in any of the files.
    pub fn from_directory(directory: impl AsRef<Path>) -> Result<Self, Faults> {
        let directory = directory.as_ref();
        let files = match files(directory) {
            Ok(files) if files.is_empty() => {
                return Err(unusable(directory, "there is no `.flow` file in this directory"));
            }
            Ok(files) => files,
            Err(error) => {
                let reason = plainly(&error);
                return Err(unusable(directory, &format!("the directory cannot be read: {reason}")));
            }
        };
        let mut joint = Joint::default();
        for file in &files {
            joint.take(file);
        }
        joint.into_program(directory)
    }
}

/// The programs in `directory`, by name.
fn files(directory: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(directory)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == EXTENSION) && path.is_file() {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn unusable(directory: &Path, message: &str) -> Faults {
    let mut sources = Sources::default();
    let file = sources.add(Source::new(directory.display().to_string(), ""));
    let diagnostic = Diagnostic::error(UNREADABLE, Span::new(file, 0..0), message)
        .hint("name the directory in which your programs lie");
    Faults { diagnostics: vec![diagnostic], sources }
}

/// What several files declare together.
#[derive(Default)]
struct Joint {
    package: Package,
    sources: Sources,
    diagnostics: Vec<Diagnostic>,
    untyped: Vec<(Span, String)>,
}

impl Joint {
    fn take(&mut self, path: &Path) {
        let compilation = compile_file(std::mem::take(&mut self.sources), path);
        self.sources = compilation.sources;
        self.diagnostics.extend(compilation.diagnostics);
        self.untyped.extend(compilation.untyped);
        // What is wrong with a file was said; the others are looked at all the same.
        let Some(package) = compilation.package else { return };
        for plan in package.plans.into_values() {
            self.take_plan(plan);
        }
        for (name, connector) in package.connectors {
            let span = self.start_of(path);
            let first = self.package.connectors.entry(name.clone()).or_insert_with(|| connector.clone());
            if first.digest != connector.digest {
                let message = format!("another program of this directory means another connector by `{name}`");
                let hint = "give one of them another name, or declare it once in a file that both use";
                self.diagnostics.push(Diagnostic::error(TWICE, span, message).hint(hint));
            }
        }
        for persona in package.personas {
            if !self.package.personas.iter().any(|known| known.name == persona.name) {
                self.package.personas.push(persona);
            }
        }
    }

    fn take_plan(&mut self, plan: Arc<Plan>) {
        let first = self.package.plans.entry(plan.name.clone()).or_insert_with(|| plan.clone()).clone();
        // A file that two programs use under the same alias is one file.
        let shared = plan.name.contains('.') && first.digest == plan.digest;
        if first.span == plan.span || shared {
            return;
        }
        let message = format!("the workflow `{}` is declared by two programs of this directory", plan.name);
        let diagnostic = Diagnostic::error(TWICE, plan.span, message).also(first.span, "first declared here");
        self.diagnostics.push(diagnostic.hint("runs are started by the name alone: give one of them another"));
    }

    /// Where the text at `path` begins, for what is said of all of it.
    fn start_of(&self, path: &Path) -> Span {
        let name = path.display().to_string();
        let file = self.sources.iter().find(|(_, source)| *source.name == *name).map(|(file, _)| file);
        Span::new(file.unwrap_or_default(), 0..0)
    }

    fn into_program(self, directory: &Path) -> Result<Program, Faults> {
        let Self { package, sources, diagnostics, untyped } = self;
        if diagnostics.iter().any(Diagnostic::is_error) {
            return Err(Faults { diagnostics, sources });
        }
        let directory = directory.to_owned();
        Ok(Program { package: Arc::new(package), sources, warnings: diagnostics, untyped, directory })
    }
}
