//! `flow test --watch`: the tests again after each change, those of the programs that it is about.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::Test;
use super::read::Read;
use crate::base::limit::TEST_QUIET_MILLIS;
use crate::base::span::Sources;
use crate::cli::exit::{Exit, Stop};
use crate::cli::paper::{refuse, say};
use crate::cli::programs::Programs;
use crate::cli::threads::threads;
use crate::host::lookout::{Look, Lookout, named};
use crate::host::settings;

/// How long programs must have been left alone to be tested again.
const QUIET: Duration = Duration::from_millis(TEST_QUIET_MILLIS);

/// How many files are named of those that were changed.
const NAMES_MAX: usize = 3;

/// What was read last of each file that is meant, and whether it could run.
type Known = BTreeMap<PathBuf, (Sources, bool)>;

impl Test {
    /// Tests, and tests again what was changed, until the process is ended.
    ///
    /// # Errors
    /// If there are no threads to wait on.
    pub(super) fn watch(&self) -> Result<Exit, Stop> {
        let threads = threads()?;
        let mut lookout = Lookout::new(QUIET);
        let mut known = Known::new();
        let mut programs = Programs::at(&self.paths)?;
        let mut seen = look(&programs, &known);
        let mut wanted = programs.files.clone();
        loop {
            let read = Read::of(&wanted);
            known.extend(read.each().map(|(file, sources, sound)| (file.clone(), (sources.clone(), sound))));
            match self.test(&read) {
                Ok(_) | Err(Stop::Said(_)) => {}
                Err(Stop::Refused(refusal)) => refuse(&refusal),
            }
            say("waiting for a change; Ctrl-C ends");
            wanted = loop {
                // It is listened before it is looked, so that nothing can change unseen in between.
                lookout.follow(&look(&programs, &known));
                let meant = self.meant(&programs);
                let mut now = look(&meant, &known);
                let mut changed = now.other_than(&seen);
                if !changed.is_empty() || meant != programs {
                    now = threads.block_on(lookout.settled(now, || look(&self.meant(&programs), &known)));
                    changed = now.other_than(&seen);
                    programs = self.meant(&programs);
                }
                known.retain(|file, _| programs.files.contains(file));
                let wanted: Vec<PathBuf> =
                    programs.files.iter().filter(|file| self.concerns(file, &changed, &known)).cloned().collect();
                if !wanted.is_empty() {
                    // A program in a folder that is new stands nowhere else.
                    changed.extend(wanted.iter().filter(|file| !known.contains_key(*file)).map(|file| named(file)));
                    say(&format!("\n{} changed", names(&changed)));
                }
                seen = now;
                if !wanted.is_empty() {
                    break wanted;
                }
                threads.block_on(lookout.stirred());
            };
        }
    }

    /// The programs that are meant by now; those that were, where that cannot be seen.
    fn meant(&self, before: &Programs) -> Programs {
        Programs::at(&self.paths).unwrap_or_else(|_| before.clone())
    }

    /// Whether the tests of `file` may end otherwise now.
    fn concerns(&self, file: &Path, changed: &BTreeSet<PathBuf>, known: &Known) -> bool {
        let Some((sources, sound)) = known.get(file) else { return true };
        // What could not be read may use a file that came; what is measured is measured of all programs together.
        let whole = !sound || self.measures();
        let settings = changed.contains(&named(&folder(file).join(settings::FILE)));
        let reads = || sources.iter().any(|(_, source)| changed.contains(&named(Path::new(&*source.name))));
        !changed.is_empty() && (whole || settings || reads())
    }
}

/// What stands where the programs lie, and where what they use does.
fn look(programs: &Programs, known: &Known) -> Look {
    let folders = programs.files.iter().map(|file| folder(file)).chain(programs.folders.iter().map(PathBuf::as_path));
    Look::at(folders, known.values().map(|(sources, _)| sources))
}

/// The files that were changed, without their folders.
fn names(changed: &BTreeSet<PathBuf>) -> String {
    let mut names: Vec<_> =
        changed.iter().filter_map(|path| path.file_name()).map(|name| name.display().to_string()).collect();
    let more = names.len().saturating_sub(NAMES_MAX);
    names.truncate(NAMES_MAX);
    let more = if more == 0 { String::new() } else { format!(" and {more} more") };
    format!("{}{more}", names.join(", "))
}

fn folder(file: &Path) -> &Path {
    file.parent().unwrap_or(Path::new(""))
}
