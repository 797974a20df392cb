//! Which programs are meant where files and directories are named.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use super::exit::Refusal;
use crate::host::lookout::named;

/// Folders of what is built or fetched: nobody writes programs there, and packages for JavaScript carry `.js.flow` files.
const OF_TOOLS: [&str; 2] = ["target", "node_modules"];

/// The programs at some paths.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Programs {
    /// Each once, in the order they are named; those of a directory by their paths.
    pub files: Vec<PathBuf>,
    /// The directories that were looked through: what comes there will be meant, too.
    pub folders: Vec<PathBuf>,
}

impl Programs {
    /// Those at `paths`: a file itself, whether it is there or not; of a directory every `.flow` file in it and below, but for
    /// what is hidden, as data directories are, and for what tools put there.
    ///
    /// # Errors
    /// A directory that cannot be read, or has no program in it.
    pub fn at(paths: &[PathBuf]) -> Result<Self, Refusal> {
        let (mut programs, mut known) = (Self::default(), BTreeSet::new());
        for path in paths {
            let files = if path.is_dir() { programs.below(path)? } else { vec![path.clone()] };
            programs.files.extend(files.into_iter().filter(|file| known.insert(named(file))));
        }
        Ok(programs)
    }

    /// The programs in a directory, and in those in it.
    fn below(&mut self, directory: &Path) -> Result<Vec<PathBuf>, Refusal> {
        let (mut found, mut open) = (Vec::new(), vec![directory.to_owned()]);
        while let Some(folder) = open.pop() {
            let unreadable =
                |error: std::io::Error| Refusal::new(format!("`{}` cannot be read: {error}", folder.display()));
            for entry in fs::read_dir(&folder).map_err(unreadable)? {
                let entry = entry.map_err(unreadable)?;
                let name = entry.file_name();
                if is_hidden(&name) {
                    continue;
                }
                // The working directory is read as it is called: `a.flow`, not `./a.flow`.
                let inside = if folder.as_os_str() == "." { PathBuf::from(&name) } else { folder.join(&name) };
                if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                    open.extend(OF_TOOLS.iter().all(|tool| name != *tool).then_some(inside));
                } else if is_program(&inside) && inside.is_file() {
                    found.push(inside);
                }
            }
            self.folders.push(folder);
        }
        if found.is_empty() {
            let refusal = Refusal::new(format!("there is no `.flow` file in `{}`", directory.display()));
            return Err(refusal.hint("name the directory in which your programs lie"));
        }
        found.sort();
        Ok(found)
    }
}

/// Whether a path is that of a program, by its name.
pub fn is_program(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "flow")
}

fn is_hidden(name: &OsStr) -> bool {
    name.as_encoded_bytes().starts_with(b".")
}
