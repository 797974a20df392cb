//! The directories under which files may be touched.

use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use super::Scratch;
use crate::base::failure::{Failure, Kind};
use crate::connect::connectors::{Environment, refused};

/// The roots, without links in them.
#[derive(Clone, Debug)]
pub struct Roots {
    directories: Vec<PathBuf>,
    /// What is the engine's own within them, and closed to programs: its data, its settings.
    closed: Vec<PathBuf>,
    /// Where changes lie instead, in a sandbox.
    scratch: Option<Arc<Scratch>>,
}

impl Roots {
    /// Those of the settings.
    ///
    /// # Errors
    /// `permission_denied` where the first is not there: relative paths would count from another one.
    pub fn of(environment: &Environment) -> Result<Self, Failure> {
        let Some(first) = environment.file_roots.first() else {
            return Err(refused("no directory is open to files: the setting `files.roots` names none"));
        };
        let found = environment.file_roots.iter().map(|root| environment.directory.join(root).canonicalize());
        let mut found = found.map(|root| root.ok().filter(|root| root.is_dir())).peekable();
        if found.peek().is_none_or(Option::is_none) {
            let message = format!(
                "the first directory of the setting `files.roots`, `{}`, is not there, and relative paths count from it",
                first.display()
            );
            return Err(refused(message));
        }
        let directories: Vec<PathBuf> = found.flatten().collect();
        let closed = environment.closed.iter().filter_map(|path| really(&environment.directory.join(path)));
        Ok(Self { directories, closed: closed.collect(), scratch: environment.scratch.clone() })
    }

    /// Where what `path` names is read, without links; it need not be there. Relative paths count from the first root.
    ///
    /// # Errors
    /// `permission_denied` where it lies outside the roots, `validation_error` where it is no path.
    pub fn find(&self, path: &str) -> Result<PathBuf, Failure> {
        Ok(self.current(self.resolve(path)?))
    }

    /// Where what `path` names is written.
    ///
    /// # Errors
    /// As [`Roots::find`].
    pub fn target(&self, path: &str) -> Result<PathBuf, Failure> {
        let real = self.resolve(path)?;
        Ok(self.shadow(&real).unwrap_or(real))
    }

    /// The entry `path` itself: of a link the link, and not what it leads to.
    ///
    /// # Errors
    /// As [`Roots::find`], for what it leads to as well.
    pub fn entry(&self, path: &str) -> Result<PathBuf, Failure> {
        let real = self.resolve(path)?;
        let plain = self.first().join(path);
        let own = plain.parent().zip(plain.file_name()).filter(|_| plain.is_symlink());
        Ok(own.and_then(|(folder, name)| Some(folder.canonicalize().ok()?.join(name))).unwrap_or(real))
    }

    /// The directories in which what lies in `path` is found: in a sandbox what was changed before what was not.
    ///
    /// # Errors
    /// As [`Roots::find`].
    pub fn folders(&self, path: &str) -> Result<Vec<PathBuf>, Failure> {
        let real = self.resolve(path)?;
        let shadow = self.shadow(&real).filter(|shadow| shadow.is_dir());
        let own = Some(real).filter(|real| shadow.is_none() || real.is_dir());
        Ok(shadow.into_iter().chain(own).collect())
    }

    /// Where the changes to `real` lie; `None` where it is changed itself.
    pub fn shadow(&self, real: &Path) -> Option<PathBuf> {
        let scratch = self.scratch.as_ref()?;
        self.directories.iter().enumerate().find_map(|(index, root)| {
            let inside = real.strip_prefix(root).ok()?;
            let folder = scratch.directory();
            // Two roots may have files of one name.
            let folder = if index == 0 { folder.to_owned() } else { folder.join(format!("root-{}", index + 1)) };
            // Without a slash at the end where it is the root itself.
            Some(if inside.as_os_str().is_empty() { folder } else { folder.join(inside) })
        })
    }

    /// Where `real` is read: among the changes where it was changed.
    pub fn current(&self, real: PathBuf) -> PathBuf {
        match self.shadow(&real) {
            Some(shadow) if shadow.is_file() || self.is_gone(&real) || !real.exists() => shadow,
            _ => real,
        }
    }

    /// Whether a sandbox has deleted `real`.
    pub fn is_gone(&self, real: &Path) -> bool {
        self.scratch.as_ref().is_some_and(|scratch| scratch.is_gone(real))
    }

    /// Deletes the entry `real`, in a sandbox only as far as the program can see; `false` where there is none.
    ///
    /// # Errors
    /// What the file system says.
    pub fn delete(&self, real: &Path) -> std::io::Result<bool> {
        let remove = |path: &Path| match std::fs::remove_file(path) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        };
        let (Some(shadow), Some(scratch)) = (self.shadow(real), &self.scratch) else { return remove(real) };
        if real.is_dir() && !real.is_symlink() {
            return Err(std::io::ErrorKind::IsADirectory.into());
        }
        let own = (real.is_file() || real.is_symlink()) && !scratch.is_gone(real);
        scratch.delete(real);
        Ok(remove(&shadow)? || own)
    }

    /// In a sandbox the entry `real` is no longer seen: it was moved away.
    pub fn forget(&self, real: &Path) {
        if let Some(scratch) = &self.scratch {
            scratch.delete(real);
        }
    }

    /// Whether an entry can be used: it is there, and leads to nowhere outside.
    pub fn holds(&self, entry: &Path) -> bool {
        let inside =
            |real: PathBuf| self.directories.iter().any(|root| real.starts_with(root)) && !self.is_closed(&real);
        let changed = || self.scratch.as_ref().is_some_and(|scratch| entry.starts_with(scratch.directory()));
        !self.is_gone(entry) && (changed() || entry.canonicalize().is_ok_and(inside))
    }

    /// Where `path` really lies, without links.
    fn resolve(&self, path: &str) -> Result<PathBuf, Failure> {
        if path.is_empty() || path.contains('\0') {
            return Err(Failure::new(Kind::ValidationError, format!("{path:?} is no path")));
        }
        let outside = || {
            refused(format!(
                "`{path}` lies outside the directories that are open to files; the setting `files.roots` opens others"
            ))
            .detail("path", path)
        };
        let nowhere = || {
            let message = format!("`{path}` leads nowhere: a link in it is broken, or `..` follows what is not there");
            refused(message).detail("path", path)
        };
        let target = really(&self.first().join(path)).ok_or_else(nowhere)?;
        if self.is_closed(&target) {
            let message = format!("`{path}` is the engine's own: its data and its settings are closed to programs");
            return Err(refused(message).detail("path", path));
        }
        if self.directories.iter().any(|root| target.starts_with(root)) { Ok(target) } else { Err(outside()) }
    }

    fn is_closed(&self, real: &Path) -> bool {
        self.closed.iter().any(|closed| real.starts_with(closed))
    }

    /// The root that relative paths count from.
    pub fn first(&self) -> &Path {
        // `of` lets no empty list through.
        self.directories.first().map_or(Path::new("/"), PathBuf::as_path)
    }

    /// A path as programs see it: relative to the first root where it lies there, with `/`.
    pub fn shown(&self, target: &Path) -> String {
        let scratch = self.scratch.as_ref().and_then(|scratch| target.strip_prefix(scratch.directory()).ok());
        let path = scratch.or_else(|| target.strip_prefix(self.first()).ok()).unwrap_or(target);
        let text = path.to_string_lossy();
        if std::path::MAIN_SEPARATOR == '/' { text.into_owned() } else { text.replace(std::path::MAIN_SEPARATOR, "/") }
    }
}

/// Where a path leads, without links; none where that cannot be told. It need not be there: the deepest part that is decides.
fn really(path: &Path) -> Option<PathBuf> {
    let mut there = path.to_owned();
    let mut missing = Vec::new();
    let real = loop {
        match there.canonicalize() {
            Ok(real) => break real,
            Err(_) if there.is_symlink() => return None,
            Err(_) => {
                match there.components().next_back() {
                    Some(Component::Normal(name)) => missing.push(name.to_owned()),
                    _ => return None,
                }
                there.pop();
            }
        }
    };
    Some(missing.into_iter().rev().fold(real, |path, name| path.join(name)))
}
