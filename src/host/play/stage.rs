//! Where an example is played: a directory of its own, with the files that it sends.

use std::io;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

/// What stands in such a file.
const CONTENT: &str = "an example\n";

/// A directory that is gone with this value.
pub struct Stage {
    root: PathBuf,
    directory: PathBuf,
}

impl Stage {
    /// One with these files.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn new(files: impl IntoIterator<Item = Arc<str>>) -> io::Result<Self> {
        let root = std::env::temp_dir().join(format!("flow-example-{}", uuid::Uuid::now_v7().simple()));
        let stage = Self { directory: root.join("program"), root };
        std::fs::create_dir_all(&stage.directory)?;
        for file in files {
            let inside = Path::new(&*file).components().all(|part| matches!(part, Component::Normal(_)));
            // What lies elsewhere the call refuses by itself.
            if !inside {
                continue;
            }
            let path = stage.directory.join(&*file);
            path.parent().map_or(Ok(()), std::fs::create_dir_all)?;
            std::fs::write(path, CONTENT)?;
        }
        Ok(stage)
    }

    /// What the program's directory is to be.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Where to write.
    pub fn aside(&self) -> PathBuf {
        self.root.join("written")
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        // What cannot be removed lies among what is temporary.
        let _ = std::fs::remove_dir_all(&self.root);
    }
}
