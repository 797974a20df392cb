//! Moves: at once within a file system; across two of them a whole copy takes its place before the original goes.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::{broken, draft_beside, open};
use crate::base::failure::{Failure, Kind};
use crate::run::world::Outcome;

/// What is moved: each place as the program names it, and where it lies.
pub struct Move<'a> {
    /// From where.
    pub path: &'a str,
    /// The same, without links.
    pub source: &'a Path,
    /// To where.
    pub to: &'a str,
    /// The same, without links.
    pub target: &'a Path,
}

impl Move<'_> {
    /// Moves a file, a directory or a link. A file that was at the new place is replaced.
    ///
    /// # Errors
    /// What the file system says. It is uncertain what happened only where the copy is in its place and the original stays.
    pub fn carry_out(&self) -> Result<(), Outcome> {
        match fs::rename(self.source, self.target) {
            Err(error) if error.kind() == ErrorKind::CrossesDevices => self.across(),
            other => other.map_err(|error| Outcome::failed(self.fault(&error))),
        }
    }

    fn across(&self) -> Result<(), Outcome> {
        let draft = draft_beside(self.target);
        let mut copied = Vec::new();
        let copy = self.copy(self.source, &draft, &mut copied);
        let placed = copy.and_then(|()| place(&draft, self.target).map_err(|error| self.fault(&error)));
        if let Err(failure) = placed {
            // What is left of a failed attempt is of no use to anybody.
            let _ = if draft.is_dir() { fs::remove_dir_all(&draft) } else { fs::remove_file(&draft) };
            return Err(Outcome::failed(failure));
        }
        copied.iter().try_for_each(|original| remove(original)).map_err(|error| {
            let (path, to, kind) = (self.path, self.to, broken(self.path, &error).kind);
            let message = format!("`{to}` is written, but `{path}` could not be deleted: {error}");
            Outcome::unknown(Failure::new(kind, message).detail("path", path))
        })
    }

    /// Copies `source` with all that lies in it, and tells what it has copied, what lies in a directory before itself.
    fn copy(&self, source: &Path, draft: &Path, copied: &mut Vec<PathBuf>) -> Result<(), Failure> {
        let fail = |error: std::io::Error| self.fault(&error);
        let about = fs::symlink_metadata(source).map_err(fail)?;
        if about.is_symlink() {
            link(&fs::read_link(source).map_err(fail)?, draft).map_err(fail)?;
        } else if about.is_dir() {
            fs::create_dir(draft).map_err(fail)?;
            for entry in fs::read_dir(source).map_err(fail)? {
                let name = entry.map_err(fail)?.file_name();
                self.copy(&source.join(&name), &draft.join(&name), copied)?;
            }
            // Only now: it may be closed to those who would put something in it.
            fs::set_permissions(draft, about.permissions()).and_then(|()| sync(draft)).map_err(fail)?;
        } else {
            self.copy_file(source, draft)?;
        }
        copied.push(source.to_owned());
        Ok(())
    }

    fn copy_file(&self, source: &Path, draft: &Path) -> Result<(), Failure> {
        let fail = |error: std::io::Error| self.fault(&error);
        let mut from = open::to_read(self.path, source)?;
        let before = from.metadata().map_err(fail)?;
        let mut file = fs::File::create_new(draft).map_err(fail)?;
        let size = std::io::copy(&mut from, &mut file).map_err(fail)?;
        let modified = before.modified().map_err(fail)?;
        let after = from.metadata().map_err(fail)?;
        if size != after.len() || after.modified().map_err(fail)? != modified {
            // What was written to it since would go with the original.
            let message = format!("`{}` was changed while it was moved; it is where it was", self.path);
            return Err(Failure::new(Kind::Conflict, message).detail("path", self.path));
        }
        file.set_modified(modified).and_then(|()| file.sync_all()).map_err(fail)?;
        fs::set_permissions(draft, before.permissions()).map_err(fail)
    }

    fn fault(&self, error: &std::io::Error) -> Failure {
        let message = format!("`{}` cannot be moved to `{}`: {error}", self.path, self.to);
        Failure { message: message.into(), ..broken(self.path, error) }
    }
}

/// Puts a draft in its place, for good: the original goes next, on a disk that knows nothing of this one.
fn place(draft: &Path, target: &Path) -> std::io::Result<()> {
    fs::rename(draft, target)?;
    sync(target.parent().unwrap_or(target))
}

#[cfg(unix)]
fn sync(folder: &Path) -> std::io::Result<()> {
    fs::File::open(folder)?.sync_all()
}

#[cfg(not(unix))]
fn sync(_: &Path) -> std::io::Result<()> {
    Ok(())
}

#[cfg(unix)]
fn link(leads_to: &Path, at: &Path) -> std::io::Result<()> {
    std::os::unix::fs::symlink(leads_to, at)
}

#[cfg(not(unix))]
fn link(_: &Path, _: &Path) -> std::io::Result<()> {
    Err(ErrorKind::Unsupported.into())
}

/// Deletes what was copied, and nothing that came to lie in it since.
fn remove(original: &Path) -> std::io::Result<()> {
    if fs::symlink_metadata(original)?.is_dir() { fs::remove_dir(original) } else { fs::remove_file(original) }
}
