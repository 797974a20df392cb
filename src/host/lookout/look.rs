//! What stands in the folders of programs, without opening it: enough to see that something was changed.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::base::span::Sources;
use crate::host::directory::EXTENSION;
use crate::host::settings;

/// Every file that the programs are made of, with its time and its size; files that are not there are not in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Look {
    files: BTreeMap<PathBuf, (SystemTime, u64)>,
    /// Where they lie.
    folders: BTreeSet<PathBuf>,
}

impl Look {
    /// Looks at the programs in `directories`, their settings, and the files that were read for `sources`; beside those, at
    /// what programs may use.
    pub fn at<'s>(
        directories: impl IntoIterator<Item = &'s Path>,
        sources: impl IntoIterator<Item = &'s Sources>,
    ) -> Self {
        let mut look = Self::default();
        for directory in directories {
            let settings = named(&directory.join(settings::FILE));
            look.folder(folder(&settings));
            look.file(&settings);
        }
        for path in sources.into_iter().flat_map(files) {
            look.file(&path);
            look.folder(folder(&path));
        }
        look
    }

    /// The folders in which something may change.
    pub fn folders(&self) -> impl Iterator<Item = &PathBuf> {
        self.folders.iter()
    }

    /// The files that are there now and were not, are not there any more, or are others than they were in `earlier`; of those
    /// in the folders that were looked at then.
    pub fn other_than(&self, earlier: &Self) -> BTreeSet<PathBuf> {
        let known = |path: &Path| earlier.folders.contains(folder(path));
        let differs = |path: &&PathBuf| self.files.get(*path) != earlier.files.get(*path) && known(path);
        self.files.keys().chain(earlier.files.keys()).filter(differs).cloned().collect()
    }

    fn folder(&mut self, folder: &Path) {
        if !self.folders.insert(folder.to_owned()) {
            return;
        }
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.extension().is_some_and(|extension| extension == EXTENSION) {
                self.file(&path);
            }
        }
    }

    fn file(&mut self, path: &Path) {
        if let Ok(about) = path.metadata()
            && let (true, Ok(modified)) = (about.is_file(), about.modified())
        {
            self.files.insert(path.to_owned(), (modified, about.len()));
        }
    }
}

/// The files that a program was read from.
fn files(sources: &Sources) -> impl Iterator<Item = PathBuf> {
    // What is no file is part of the language, or was typed.
    sources
        .iter()
        .map(|(_, source)| PathBuf::from(&*source.name))
        .filter(|path| path.is_file())
        .map(|path| named(&path))
}

/// A file by the one name that it has, however it was come to; it need not be there.
pub fn named(path: &Path) -> PathBuf {
    let here = folder(path);
    let here = here.canonicalize().unwrap_or_else(|_| here.to_owned());
    path.file_name().map_or_else(|| here.clone(), |name| here.join(name))
}

fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}
