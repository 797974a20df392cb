//! The directories under which files may be touched.

use std::path::{Component, Path, PathBuf};

use crate::base::failure::{Failure, Kind};
use crate::connect::connectors::{Environment, refused};

/// The roots, without links in them.
#[derive(Clone, Debug)]
pub struct Roots {
    directories: Vec<PathBuf>,
}

impl Roots {
    /// Those of the settings.
    ///
    /// # Errors
    /// `permission_denied` where none of them is there.
    pub fn of(environment: &Environment) -> Result<Self, Failure> {
        let found = environment.file_roots.iter().map(|root| environment.directory.join(root).canonicalize());
        let directories: Vec<PathBuf> = found.filter_map(Result::ok).collect();
        if directories.is_empty() {
            return Err(refused("no directory is open to files: the setting `files.roots` names none that is there"));
        }
        Ok(Self { directories })
    }

    /// Where `path` really lies, without links; it need not be there. Relative paths count from the first root.
    ///
    /// # Errors
    /// `permission_denied` where it lies outside the roots, `validation_error` where it is no path.
    pub fn find(&self, path: &str) -> Result<PathBuf, Failure> {
        if path.is_empty() || path.contains('\0') {
            return Err(Failure::new(Kind::ValidationError, format!("{path:?} is no path")));
        }
        let outside = || {
            refused(format!(
                "`{path}` lies outside the directories that are open to files; the setting `files.roots` opens others"
            ))
            .detail("path", path)
        };
        let mut there = self.first().join(path);
        let mut missing = Vec::new();
        // The deepest part that is there decides where the path really leads.
        let real = loop {
            match there.canonicalize() {
                Ok(real) => break real,
                Err(_) if there.is_symlink() => return Err(outside()),
                Err(_) => {
                    match there.components().next_back() {
                        Some(Component::Normal(name)) => missing.push(name.to_owned()),
                        _ => return Err(outside()),
                    }
                    there.pop();
                }
            }
        };
        let target = missing.into_iter().rev().fold(real, |path, name| path.join(name));
        if self.directories.iter().any(|root| target.starts_with(root)) { Ok(target) } else { Err(outside()) }
    }

    /// The root that relative paths count from.
    pub fn first(&self) -> &Path {
        // `of` lets no empty list through.
        self.directories.first().map_or(Path::new("/"), PathBuf::as_path)
    }

    /// A path as programs see it: relative to the first root where it lies there, with `/`.
    pub fn shown(&self, target: &Path) -> String {
        let path = target.strip_prefix(self.first()).unwrap_or(target);
        let text = path.to_string_lossy();
        if std::path::MAIN_SEPARATOR == '/' { text.into_owned() } else { text.replace(std::path::MAIN_SEPARATOR, "/") }
    }
}
