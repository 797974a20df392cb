//! Credentials that the engine itself was given, kept for the next process: refresh tokens that the far side rotates, tokens of
//! logins. One sealed file for each; without the key it says nothing.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use crate::base::value::Value;
use crate::store::keyring::{KEY_VARIABLE, KeyError, Keyring};

/// What a sealed file begins with.
const HEAD: &[u8] = b"flow-sealed-1\n";

/// A directory of sealed files, with the key beside them.
#[derive(Clone, Debug)]
pub struct Vault(Keyring);

/// Why the vault cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// Something is sealed, and there is no key.
    #[error("`{}` is sealed, and its key is neither in `{KEY_VARIABLE}` nor in the file `key` beside it", .0.display())]
    Keyless(PathBuf),
    /// It was sealed with another key.
    #[error("`{}` was sealed with another key than the one {}: give that one, or delete the file and sign in again", .file.display(), .from)]
    WrongKey {
        /// The sealed file.
        file: PathBuf,
        /// Where the key came from.
        from: String,
    },
    /// It is not as it was written.
    #[error("`{}` is damaged: delete it and sign in again", .0.display())]
    Damaged(PathBuf),
    /// There is no key that can be used, or its directory cannot be.
    #[error("{0}")]
    Key(KeyError),
}

/// One credential, as long as no other process may renew it.
#[derive(Debug)]
pub struct Held {
    _lock: File,
}

impl Vault {
    /// The vault in the directory of this key, which is made when something is kept.
    pub fn new(keyring: Keyring) -> Self {
        Self(keyring)
    }

    /// Whether something is kept under `name`.
    pub fn holds(&self, name: &str) -> bool {
        self.path(name).exists()
    }

    /// What is kept under `name`.
    ///
    /// # Errors
    /// Where it cannot be read, for want of the key too.
    pub fn read(&self, name: &str) -> Result<Option<Value>, VaultError> {
        let path = self.path(name);
        let whole = match fs::read(&path) {
            Ok(whole) => whole,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(VaultError::Key(KeyError::File { path, error })),
        };
        let opened = whole.strip_prefix(HEAD).ok_or(KeyError::Damaged).and_then(|sealed| self.0.open(name, sealed));
        let plain = opened.map_err(|error| of(error, &path))?;
        let json = serde_json::from_slice(&plain).map_err(|_| VaultError::Damaged(path))?;
        Ok(Some(Value::from_json(json)))
    }

    /// Keeps `value` under `name`: when this returns, it is on disk.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn keep(&self, name: &str, value: &Value) -> Result<(), VaultError> {
        let path = self.path(name);
        let kept = self.0.make().and_then(|()| {
            let sealed = self.0.seal(name, value.to_json().to_string().as_bytes(), || self.any_sealed())?;
            self.0.write(&path, &[HEAD, &sealed].concat())
        });
        kept.map_err(|error| of(error, &path))
    }

    /// Waits until no other process renews what is kept under `name`.
    ///
    /// # Errors
    /// Where the directory cannot be used.
    pub fn hold(&self, name: &str) -> Result<Held, VaultError> {
        self.0.hold(name).map(|lock| Held { _lock: lock }).map_err(VaultError::Key)
    }

    /// The names under which something is kept, sorted.
    pub fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.0.directory()).into_iter().flatten().flatten();
        let sealed = entries.map(|entry| entry.path()).filter(|path| is_sealed(path));
        let mut names: Vec<String> =
            sealed.filter_map(|path| Some(path.file_stem()?.to_string_lossy().into_owned())).collect();
        names.sort();
        names
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.directory().join(format!("{name}.sealed"))
    }

    fn any_sealed(&self) -> bool {
        let entries = fs::read_dir(self.0.directory()).into_iter().flatten();
        entries.flatten().any(|entry| is_sealed(&entry.path()))
    }
}

fn is_sealed(file: &Path) -> bool {
    file.extension().is_some_and(|extension| extension == "sealed")
}

/// What is wrong with the file in which a credential is kept.
fn of(error: KeyError, file: &Path) -> VaultError {
    match error {
        KeyError::Keyless(_) => VaultError::Keyless(file.into()),
        KeyError::Other(from) => VaultError::WrongKey { file: file.into(), from },
        KeyError::Damaged => VaultError::Damaged(file.into()),
        other => VaultError::Key(other),
    }
}
