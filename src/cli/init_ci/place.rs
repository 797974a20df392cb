//! Where the flows lie in their repository.

use std::path::{Path, PathBuf};

use crate::cli::programs::Programs;

/// The directory in which the command is given.
#[derive(Debug)]
pub struct Place {
    /// Where its repository begins; this directory where it is in none.
    pub root: PathBuf,
    /// The way from there to this directory: `.`, or `teams/sales`.
    pub below: String,
    /// How many programs there are.
    pub programs: usize,
}

impl Place {
    /// This directory.
    pub fn of_here() -> Self {
        let here = std::env::current_dir().unwrap_or_default();
        let root = here.ancestors().find(|above| above.join(".git").exists()).unwrap_or(&here);
        let below = here.strip_prefix(root).map(|below| below.to_string_lossy().into_owned()).unwrap_or_default();
        let steps = Path::new(&below).components().count();
        Self {
            // As it is typed from here.
            root: if steps == 0 { PathBuf::new() } else { [".."].repeat(steps).iter().collect() },
            below: if below.is_empty() { ".".to_owned() } else { below },
            programs: Programs::at(&[PathBuf::from(".")]).map_or(0, |programs| programs.files.len()),
        }
    }
}
