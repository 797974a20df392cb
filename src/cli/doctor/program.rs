//! The programs that are looked at.

use std::path::{Path, PathBuf};

use super::counted;
use super::finding::Finding;
use crate::base::diagnostic::Diagnostic;
use crate::host::{Faults, Program};

/// How many programs are named.
const NAMED_MAX: usize = 4;

/// Programs that can run, and those that cannot.
#[derive(Debug, Default)]
pub struct Patients {
    /// Those that can.
    pub programs: Vec<Program>,
    /// Their files.
    files: Vec<PathBuf>,
    /// Those that cannot, with why.
    broken: Vec<(PathBuf, Faults)>,
    /// Directories that were named, or meant.
    directories: Vec<PathBuf>,
}

impl Patients {
    /// Those at `paths`, of directories all; where none is named, those that are here.
    pub fn of(paths: &[PathBuf]) -> Self {
        let mut patients = Self::default();
        let here = [PathBuf::from(".")];
        for path in if paths.is_empty() { &here } else { paths } {
            if path.is_dir() {
                patients.directories.push(path.clone());
                programs_in(path).into_iter().for_each(|file| patients.take(file));
            } else {
                patients.take(path.clone());
            }
        }
        patients
    }

    fn take(&mut self, file: PathBuf) {
        match Program::from_file(&file) {
            Ok(program) => {
                self.programs.push(program);
                self.files.push(file);
            }
            Err(faults) => self.broken.push((file, faults)),
        }
    }

    /// Whether all programs of this directory are among them, and can run.
    #[cfg(feature = "sqlite")]
    pub fn are_all_of(&self, directory: &Path) -> bool {
        self.broken.is_empty() && self.directories.iter().any(|known| known == directory)
    }

    /// The directories in which their data lie, each once.
    pub fn directories(&self) -> Vec<PathBuf> {
        let mut directories = self.directories.clone();
        for program in &self.programs {
            if !directories.contains(&program.directory) {
                directories.push(program.directory.clone());
            }
        }
        directories
    }

    /// A program without a word for each directory in which none can run: what is set there is looked at all the same.
    pub fn left_out(&self) -> Vec<Program> {
        let parent = |file: &PathBuf| match file.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
            _ => PathBuf::from("."),
        };
        let mut directories = self.directories.clone();
        directories.extend(self.broken.iter().map(|(file, _)| parent(file)));
        directories.retain(|directory| !self.programs.iter().any(|program| program.directory == *directory));
        directories.sort();
        directories.dedup();
        directories.into_iter().map(|directory| Program { directory, ..Program::default() }).collect()
    }

    /// What is said of them.
    pub fn findings(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        let named: Vec<String> = self.files.iter().take(NAMED_MAX).map(|file| file.display().to_string()).collect();
        let more = self.files.len() - named.len();
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        match self.files.len() {
            0 if self.broken.is_empty() => findings.push(
                Finding::doubtful("programs", "there is no `.flow` file here")
                    .way_out("flow new hello && cd hello && flow doctor"),
            ),
            0 => {}
            count => {
                let can = if count == 1 { "is right" } else { "are right" };
                findings.push(Finding::fine("programs", format!("{}{more} {can}", named.join(", "))));
            }
        }
        for (file, faults) in &self.broken {
            let mut errors = faults.diagnostics.iter().filter(|found| Diagnostic::is_error(found));
            let first = errors.next().map(|first| first.message.clone()).unwrap_or_default();
            let more = match errors.count() {
                0 => String::new(),
                more => format!(", and {}", counted(more, "more error")),
            };
            let finding = Finding::faulty("programs", format!("{} cannot run: {first}{more}", file.display()));
            findings.push(finding.way_out(format!("flow check {}", file.display())));
        }
        findings
    }
}

/// The programs in a directory, by name.
fn programs_in(directory: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    let names = entries.map(|entry| super::beside(directory, &entry.file_name().to_string_lossy()));
    let is_program = |path: &PathBuf| path.extension().is_some_and(|ending| ending == "flow") && path.is_file();
    let mut programs: Vec<PathBuf> = names.filter(is_program).collect();
    programs.sort();
    programs
}
