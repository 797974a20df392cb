//! The programs that are tested, as far as they can run.

use std::path::PathBuf;

use crate::base::report;
use crate::base::span::Sources;
use crate::cli::paper::{colour_on_stderr, say};
use crate::host::Program;

/// What was read.
#[derive(Default)]
pub struct Read {
    /// Those that can run.
    pub programs: Vec<(PathBuf, Program)>,
    /// Those that cannot, with what was read of them.
    pub broken: Vec<(PathBuf, Sources)>,
}

impl Read {
    /// Reads `files`; what is wrong with one is said on stderr, and the others are read all the same.
    pub fn of<'f>(files: impl IntoIterator<Item = &'f PathBuf>) -> Self {
        let mut read = Self::default();
        for file in files {
            match Program::from_file(file) {
                Ok(program) => read.programs.push((file.clone(), program)),
                Err(faults) => {
                    say(&report::to_text(&faults.diagnostics, &faults.sources, colour_on_stderr()));
                    read.broken.push((file.clone(), faults.sources));
                }
            }
        }
        read
    }

    /// The names of those that cannot run.
    pub fn cannot_run(&self) -> Vec<String> {
        self.broken.iter().map(|(file, _)| file.display().to_string()).collect()
    }

    /// Each file that was meant, with what was read for it, and whether it can run.
    pub fn each(&self) -> impl Iterator<Item = (&PathBuf, &Sources, bool)> {
        let sound = self.programs.iter().map(|(file, program)| (file, &program.sources, true));
        sound.chain(self.broken.iter().map(|(file, sources)| (file, sources, false)))
    }
}
