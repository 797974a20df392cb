//! What stands in a directory of programs, without opening it: enough to see that something was changed.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::base::span::Sources;
use crate::host::directory::EXTENSION;
use crate::host::settings;

/// Every file that the programs are made of, with its time and its size; files that are not there are not in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Look {
    files: BTreeMap<PathBuf, (SystemTime, u64)>,
    /// Where they lie.
    folders: BTreeSet<PathBuf>,
}

impl Look {
    /// Looks at the programs in `directory`, its settings, and the files that were read for `sources`; beside those, at what
    /// programs may use.
    pub(super) fn at<'s>(directory: &Path, sources: impl IntoIterator<Item = &'s Sources>) -> Self {
        let mut look = Self::default();
        look.folder(directory);
        look.file(&directory.join(settings::FILE));
        for (_, source) in sources.into_iter().flat_map(Sources::iter) {
            let path = Path::new(&*source.name);
            if let (true, Some(folder)) = (path.is_file(), path.parent()) {
                look.file(path);
                look.folder(folder);
            }
        }
        look
    }

    /// The folders in which something may change.
    pub(super) fn folders(&self) -> impl Iterator<Item = &PathBuf> {
        self.folders.iter()
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
