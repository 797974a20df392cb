//! Where the flows lie in their repository.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// How deep programs are looked for below a directory.
const DEPTH_MAX: usize = 4;

/// The directory in which the command is given.
#[derive(Debug)]
pub struct Place {
    /// Where its repository begins; this directory where it is in none.
    pub root: PathBuf,
    /// The way from there to this directory: `.`, or `teams/sales`.
    pub below: String,
    /// Patterns of a shell for the programs, from this directory.
    pub programs: Vec<String>,
    /// Whether there is no program yet.
    pub is_empty: bool,
}

impl Place {
    /// This directory.
    pub fn of_here() -> Self {
        let here = std::env::current_dir().unwrap_or_default();
        let root = here.ancestors().find(|above| above.join(".git").exists()).unwrap_or(&here);
        let below = here.strip_prefix(root).map(|below| below.to_string_lossy().into_owned()).unwrap_or_default();
        let steps = Path::new(&below).components().count();
        let mut folders = BTreeSet::new();
        look(Path::new(""), DEPTH_MAX, &mut folders);
        let is_empty = folders.is_empty();
        let mut programs: Vec<String> = folders.iter().map(|folder| pattern(folder)).collect();
        if is_empty {
            programs.push("*.flow".to_owned());
        }
        Self {
            // As it is typed from here.
            root: if steps == 0 { PathBuf::new() } else { [".."].repeat(steps).iter().collect() },
            below: if below.is_empty() { ".".to_owned() } else { below },
            programs,
            is_empty,
        }
    }
}

/// The folders with programs in them, from `folder` on; hidden ones and what is built are none of them.
fn look(folder: &Path, depth: usize, found: &mut BTreeSet<PathBuf>) {
    let here = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    for entry in std::fs::read_dir(here).into_iter().flatten().flatten() {
        let (path, name) = (folder.join(entry.file_name()), entry.file_name().to_string_lossy().into_owned());
        let is_dir = entry.file_type().is_ok_and(|kind| kind.is_dir());
        if is_dir && depth > 0 && !name.starts_with('.') && !matches!(name.as_str(), "target" | "node_modules") {
            look(&path, depth - 1, found);
        } else if !is_dir && name.ends_with(".flow") && !name.starts_with('.') {
            found.insert(folder.to_owned());
        }
    }
}

/// All programs of a folder, as a shell finds them.
fn pattern(folder: &Path) -> String {
    let text = folder.to_string_lossy();
    let is_plain = text.chars().all(|c| c.is_alphanumeric() || matches!(c, '/' | '.' | '-' | '_'));
    match (text.is_empty(), is_plain) {
        (true, _) => "*.flow".to_owned(),
        (false, true) => format!("{text}/*.flow"),
        (false, false) => format!("'{}'/*.flow", text.replace('\'', r"'\''")),
    }
}
