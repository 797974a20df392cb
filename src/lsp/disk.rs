//! Texts that are not open in the editor: read beside the loop that answers, so that no disk is slow enough to hold it up.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::thread;

use crossbeam_channel::{Receiver, Sender, unbounded};

use super::document::unmarked;
use super::path;
use crate::disk;
use crate::lang::catalog::standard;

/// How many files of a workspace are looked at.
const FILES_MAX: usize = 2_000;
/// How many folders deep a workspace is looked through.
const DEPTH_MAX: usize = 12;

/// What came from the disk.
#[derive(Clone, Debug)]
pub struct Arrived {
    /// The path.
    pub path: String,
    /// Its text, or why there is none.
    pub text: Result<Arc<str>, String>,
    /// The folder in which it was found; `None` where it was asked for by its path.
    pub folder: Option<Arc<str>>,
}

/// Reads files, each on a thread of its own: one that never answers holds up nobody.
#[derive(Debug)]
pub struct Disk {
    sender: Sender<Arrived>,
    /// Where what was read comes in.
    pub arrivals: Receiver<Arrived>,
    /// What is being read, and whether it is to be read once more then: it may have changed behind the reader.
    open: BTreeMap<String, bool>,
}

impl Default for Disk {
    fn default() -> Self {
        let (sender, arrivals) = unbounded();
        Self { sender, arrivals, open: BTreeMap::new() }
    }
}

impl Disk {
    /// Begins to read `path`; where that is under way, it begins anew when that has ended.
    pub fn read(&mut self, path: &str) {
        if let Some(again) = self.open.get_mut(path) {
            *again = true;
            return;
        }
        self.open.insert(path.to_owned(), false);
        let (own, sender) = (path.to_owned(), self.sender.clone());
        let reading = thread::Builder::new().spawn(move || {
            let text = text_of(Path::new(&own));
            // Nobody listens any more where the server is on its way out.
            let _ = sender.send(Arrived { path: own, text, folder: None });
        });
        if let Err(error) = reading {
            let text = Err(format!("no thread could be started: {error}"));
            let _ = self.sender.send(Arrived { path: path.to_owned(), text, folder: None });
        }
    }

    /// Begins to look for the programs below `root`; each comes in as if it had been asked for.
    pub fn look_through(&self, root: &str) {
        let (root, sender) = (Arc::<str>::from(root), self.sender.clone());
        let _ = thread::Builder::new().spawn(move || {
            let mut found = 0;
            programs(Path::new(&*root), 0, &mut found, &root, &sender);
        });
    }

    /// Begins to write the standard library out, for editors that are to show where something of it is declared.
    pub fn write_standard() {
        let _ = thread::Builder::new().spawn(|| {
            for file in standard::CONNECTORS.iter().chain([&standard::PERSONAS]) {
                let path = path::standard(file.path);
                let path = Path::new(&path);
                if fs::read_to_string(path).is_ok_and(|text| text == file.text) {
                    continue;
                }
                // Where that cannot be written, an editor says that it cannot be shown.
                if let Some(folder) = path.parent() {
                    let _ = fs::create_dir_all(folder);
                }
                let _ = fs::write(path, file.text);
            }
        });
    }

    /// Notes that what was asked for by its path has come.
    pub fn done(&mut self, path: &str) {
        if self.open.remove(path) == Some(true) {
            self.read(path);
        }
    }
}

fn text_of(path: &Path) -> Result<Arc<str>, String> {
    disk::read(path).map(|text| unmarked(&text).into()).map_err(|fault| fault.to_string())
}

/// Sends every program in a folder and below it, in the order of their names.
fn programs(folder: &Path, depth: usize, found: &mut usize, root: &Arc<str>, sender: &Sender<Arrived>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    let mut entries: Vec<_> = entries.flatten().collect();
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let name = entry.file_name();
        let Ok(kind) = entry.file_type() else { continue };
        let hidden = name.to_string_lossy().starts_with('.');
        if kind.is_dir() && !hidden && depth < DEPTH_MAX && name != "target" && name != "node_modules" {
            programs(&entry.path(), depth + 1, found, root, sender);
        } else if kind.is_file() && name.to_string_lossy().ends_with(".flow") && *found < FILES_MAX {
            *found += 1;
            let path = entry.path();
            let (text, folder) = (text_of(&path), Some(root.clone()));
            let arrived = Arrived { path: path.to_string_lossy().replace('\\', "/"), text, folder };
            if sender.send(arrived).is_err() {
                return;
            }
        }
    }
}
