//! Files that pass by without being held: read as they are sent, written as they come.

use std::path::PathBuf;
use std::sync::Arc;

use tokio::io::AsyncWriteExt as _;

use super::{Roots, broken, draft_beside, open, writable};
use crate::base::failure::Failure;
use crate::base::value::Value;
use crate::connect::connectors::Environment;

/// A file that is sent.
#[derive(Clone, Debug)]
pub struct Outgoing {
    /// Where it lies.
    pub file: PathBuf,
    /// Its name, without the directories.
    pub name: Arc<str>,
    /// How long it is.
    pub bytes: u64,
    path: Arc<str>,
}

impl Outgoing {
    /// The file `path` of the roots that are open to files.
    ///
    /// # Errors
    /// `not_found` where there is none, `permission_denied` outside the roots, `validation_error` for a directory.
    pub fn find(environment: &Environment, path: &str) -> Result<Self, Failure> {
        let file = Roots::of(environment)?.find(path)?;
        open::only_file(path, &file)?;
        let metadata = std::fs::metadata(&file).map_err(|error| broken(path, &error))?;
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Ok(Self { file, name: name.into(), bytes: metadata.len(), path: path.into() })
    }

    /// What a connector sees of it: `{ path, name, bytes }`.
    pub fn to_value(&self) -> Value {
        described(&self.path, &self.name, self.bytes)
    }

    /// Opens it, unless something else has taken its place.
    ///
    /// # Errors
    /// What the file system says.
    pub fn open(&self) -> std::io::Result<std::fs::File> {
        open::to_read(&self.path, &self.file).map_err(|failure| std::io::Error::other(failure.message.to_string()))
    }
}

/// What a connector sees of a file.
pub fn described(path: &str, name: &str, bytes: u64) -> Value {
    Value::map([
        ("path", Value::from(path)),
        ("name", Value::from(name)),
        ("bytes", Value::Int(i64::try_from(bytes).unwrap_or(i64::MAX))),
    ])
}

/// Where a file is to come to lie.
#[derive(Clone, Debug)]
pub struct Landing {
    path: Arc<str>,
    target: PathBuf,
}

impl Landing {
    /// The place `path` in the roots that are open to files.
    ///
    /// # Errors
    /// `permission_denied` outside the roots, `validation_error` where a directory stands.
    pub fn find(environment: &Environment, path: &str) -> Result<Self, Failure> {
        Ok(Self { path: path.into(), target: writable(&Roots::of(environment)?, path)? })
    }

    /// Begins to write; until [`Incoming::finish`] what was there stays.
    ///
    /// # Errors
    /// What the file system says.
    pub async fn begin(&self) -> Result<Incoming, Failure> {
        let draft = draft_beside(&self.target);
        let folder = self.target.parent().unwrap_or(&self.target);
        let create = async {
            tokio::fs::create_dir_all(folder).await?;
            tokio::fs::File::create_new(&draft).await
        };
        let file = create.await.map_err(|error| broken(&self.path, &error))?;
        Ok(Incoming { landing: self.clone(), draft: Draft(draft), file, bytes: 0 })
    }
}

/// A file on its way in.
#[derive(Debug)]
pub struct Incoming {
    landing: Landing,
    draft: Draft,
    file: tokio::fs::File,
    /// How much has come.
    pub bytes: u64,
}

/// A file that goes when it is dropped: what is left of a failed attempt is of no use to anybody.
#[derive(Debug)]
struct Draft(PathBuf);

impl Drop for Draft {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

impl Incoming {
    /// Writes the next piece.
    ///
    /// # Errors
    /// What the file system says.
    pub async fn write(&mut self, piece: &[u8]) -> Result<(), Failure> {
        self.bytes += piece.len() as u64;
        self.file.write_all(piece).await.map_err(|error| broken(&self.landing.path, &error))
    }

    /// What a connector sees of it.
    pub fn to_value(&self) -> Value {
        let name = self.landing.target.file_name().unwrap_or_default().to_string_lossy();
        described(&self.landing.path, &name, self.bytes)
    }

    /// Puts it in its place, whole.
    ///
    /// # Errors
    /// What the file system says.
    pub async fn finish(mut self) -> Result<(), Failure> {
        let put = async {
            self.file.flush().await?;
            self.file.sync_all().await?;
            if let Ok(before) = tokio::fs::metadata(&self.landing.target).await {
                self.file.set_permissions(before.permissions()).await?;
            }
            tokio::fs::rename(&self.draft.0, &self.landing.target).await
        };
        put.await.map_err(|error| broken(&self.landing.path, &error))
    }
}
