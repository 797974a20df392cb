//! Where a sandbox writes: what a program changes lies here, and its own files stay as they are.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A directory for changes, and what counts as deleted. It comes to be with the first change.
#[derive(Debug)]
pub struct Scratch {
    directory: PathBuf,
    /// The program's own files that it has deleted or moved away.
    gone: Mutex<BTreeSet<PathBuf>>,
}

impl Scratch {
    /// Changes lie in `directory`, which need not be there.
    pub fn new(directory: PathBuf) -> Self {
        Self { directory, gone: Mutex::default() }
    }

    /// Where changes lie.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// What was written, sorted; paths count from the directory.
    pub fn written(&self) -> Vec<PathBuf> {
        let (mut found, mut open) = (Vec::new(), vec![self.directory.clone()]);
        while let Some(folder) = open.pop() {
            for entry in std::fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok) {
                match entry.file_type() {
                    Ok(kind) if kind.is_dir() => open.push(entry.path()),
                    _ => found.extend(entry.path().strip_prefix(&self.directory).map(Path::to_owned)),
                }
            }
        }
        found.sort();
        found
    }

    /// Whether the program has deleted its own file `real`, or moved away a directory that it lay in.
    pub fn is_gone(&self, real: &Path) -> bool {
        let gone = self.gone();
        real.ancestors().any(|above| gone.contains(above))
    }

    /// From now on the program's own file `real` counts as deleted.
    pub fn delete(&self, real: &Path) {
        self.gone().insert(real.to_owned());
    }

    fn gone(&self) -> MutexGuard<'_, BTreeSet<PathBuf>> {
        // Whoever held the lock did not leave half a change behind.
        self.gone.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
