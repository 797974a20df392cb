//! What the system says of directories: that something moved in them. The only home of notify.

use std::path::PathBuf;
use std::sync::Arc;

use notify::event::{AccessKind, AccessMode};
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};
use tokio::sync::Notify;

use crate::connect::files::Roots;

/// Listens to the system for some directories, as long as it is kept. Where the system says nothing, it is silent.
#[derive(Default)]
pub(crate) struct Watch {
    watcher: Option<RecommendedWatcher>,
    folders: Vec<(PathBuf, bool)>,
}

impl Watch {
    /// Rings `moved` from now on when something may have changed among the files that fit `pattern`. To be called again
    /// whenever it rang: of a directory that is not there, it is first heard that it comes.
    pub(super) fn reach(&mut self, roots: &Roots, pattern: &str, moved: &Arc<Notify>) {
        let (fixed, deep) = above(pattern);
        let folders = roots.folders(&fixed).unwrap_or_default();
        let nearest = |folder: &PathBuf| folder.ancestors().find(|folder| folder.is_dir()).map(ToOwned::to_owned);
        let there = folders.iter().filter_map(nearest);
        self.follow(there.map(|folder| (folder.clone(), deep && folders.contains(&folder))).collect(), moved);
    }

    /// Rings `moved` from now on when something may have changed in one of these directories, or, where that is said, below
    /// it.
    pub(crate) fn follow(&mut self, folders: Vec<(PathBuf, bool)>, moved: &Arc<Notify>) {
        if self.watcher.is_some() && folders == self.folders {
            return;
        }
        let ring = moved.clone();
        let hear = move |heard: notify::Result<Event>| {
            if heard.map_or(true, |event| changes(event.kind)) {
                ring.notify_one();
            }
        };
        self.watcher = notify::recommended_watcher(hear).ok();
        for (folder, deep) in self.watcher.is_some().then_some(&folders).into_iter().flatten() {
            let mode = if *deep { RecursiveMode::Recursive } else { RecursiveMode::NonRecursive };
            if let Some(Err(error)) = self.watcher.as_mut().map(|watcher| watcher.watch(folder, mode)) {
                tracing::warn!("{} is only looked at now and then: {error}", folder.display());
            }
        }
        self.folders = folders;
    }
}

/// Whether something may have changed. Whoever only reads changes nothing, and we read when something has: to listen to that
/// would never end.
fn changes(kind: EventKind) -> bool {
    !kind.is_access() || kind == EventKind::Access(AccessKind::Close(AccessMode::Write))
}

/// The directory above everything that varies in a pattern, and whether directories vary too.
fn above(pattern: &str) -> (String, bool) {
    let parts: Vec<&str> = pattern.split('/').collect();
    let wild = parts.iter().position(|part| part.contains(['*', '?'])).unwrap_or(parts.len());
    let fixed = if wild == 0 { ".".to_owned() } else { parts[..wild].join("/") };
    (fixed, parts.len() > wild + 1)
}
