//! Credentials that the engine itself was given, kept for the next process: refresh tokens that the far side rotates, tokens of
//! logins. One sealed file for each; without the key it says nothing.
//!
//! A file is `flow-sealed-1`, the mark of its key, a salt, and what is sealed. Each writing has a salt, and so a key, of its own: a
//! nonce is never used twice.

use std::fs::{self, DirBuilder, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};
use ring::rand::{SecureRandom as _, SystemRandom};

use crate::base::value::Value;

/// The variable that gives the key.
pub const KEY_VARIABLE: &str = "FLOW_KEY";

/// The name of the directory, within the data of an engine.
pub const DIRECTORY: &str = "credentials";

/// The file with the key, where no variable gives it.
const KEY_FILE: &str = "key";

/// What a sealed file begins with.
const HEAD: &[u8] = b"flow-sealed-1\n";

const KEY_BYTES: usize = 32;
const MARK_BYTES: usize = 8;
const SALT_BYTES: usize = 32;

type Key = [u8; KEY_BYTES];

/// A directory of sealed files.
#[derive(Clone)]
pub struct Vault {
    directory: PathBuf,
    /// The key as the environment gives it.
    given: Option<Arc<str>>,
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Vault").field("directory", &self.directory).finish_non_exhaustive()
    }
}

/// Why the vault cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// The key that was given is none.
    #[error("`{KEY_VARIABLE}` is no key: a key is 64 hexadecimal digits, as `openssl rand -hex 32` makes them")]
    NoKeyGiven,
    /// The file with the key holds none.
    #[error("`{}` holds no key: a key is 64 hexadecimal digits", .0.display())]
    NoKeyInFile(PathBuf),
    /// Others may read the key.
    #[error("`{shown}` may be read by others: `chmod 600 {shown}`", shown = .0.display())]
    Open(PathBuf),
    /// Something is sealed, and there is no key.
    #[error("`{}` is sealed, and its key is neither in `{KEY_VARIABLE}` nor in the file `{KEY_FILE}` beside it", .0.display())]
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
    /// What the file system says.
    #[error("`{}` cannot be used: {error}", .path.display())]
    File {
        /// Which file or directory.
        path: PathBuf,
        /// What is wrong.
        error: io::Error,
    },
}

/// One credential, as long as no other process may renew it.
#[derive(Debug)]
pub struct Held {
    _lock: File,
}

impl Vault {
    /// The vault in `directory`, which is made when something is kept. `key` is what `FLOW_KEY` says.
    pub fn new(directory: impl Into<PathBuf>, key: Option<&str>) -> Self {
        Self { directory: directory.into(), given: key.map(Arc::from) }
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
        let sealed = match fs::read(&path) {
            Ok(sealed) => sealed,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(VaultError::File { path, error }),
        };
        let key = self.key()?.ok_or_else(|| VaultError::Keyless(path.clone()))?;
        let (mark, sealed) = sealed
            .strip_prefix(HEAD)
            .and_then(|rest| rest.split_at_checked(MARK_BYTES))
            .ok_or_else(|| VaultError::Damaged(path.clone()))?;
        if *mark != mark_of(&key) {
            return Err(VaultError::WrongKey { file: path, from: self.whence() });
        }
        let plain = open(&key, name, sealed).ok_or_else(|| VaultError::Damaged(path.clone()))?;
        let json = serde_json::from_slice(&plain).map_err(|_| VaultError::Damaged(path))?;
        Ok(Some(Value::from_json(json)))
    }

    /// Keeps `value` under `name`: when this returns, it is on disk.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn keep(&self, name: &str, value: &Value) -> Result<(), VaultError> {
        self.make()?;
        let key = match self.key()? {
            Some(key) => key,
            None => self.make_key()?,
        };
        let path = self.path(name);
        let sealed = seal(&key, name, value.to_json().to_string().as_bytes());
        let sealed = sealed.ok_or_else(|| chanceless(&path))?;
        let whole = [HEAD, &mark_of(&key), &sealed].concat();
        self.write(&path, &whole).map_err(|error| VaultError::File { path, error })
    }

    /// Waits until no other process renews what is kept under `name`.
    ///
    /// # Errors
    /// Where the directory cannot be used.
    pub fn hold(&self, name: &str) -> Result<Held, VaultError> {
        self.make()?;
        let path = self.directory.join(format!("{name}.lock"));
        let taken = private().write(true).create(true).truncate(false).open(&path).and_then(|lock| {
            lock.lock()?;
            Ok(Held { _lock: lock })
        });
        taken.map_err(|error| VaultError::File { path, error })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.join(format!("{name}.sealed"))
    }

    /// Makes the directory such that only its owner may look into it.
    fn make(&self) -> Result<(), VaultError> {
        let mut making = DirBuilder::new();
        making.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut making, 0o700);
        making.create(&self.directory).map_err(|error| VaultError::File { path: self.directory.clone(), error })
    }

    fn key(&self) -> Result<Option<Key>, VaultError> {
        if let Some(given) = &self.given {
            return read_key(given).map(Some).ok_or(VaultError::NoKeyGiven);
        }
        let path = self.directory.join(KEY_FILE);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(VaultError::File { path, error }),
        };
        if is_open(&path) {
            return Err(VaultError::Open(path));
        }
        read_key(&text).map(Some).ok_or(VaultError::NoKeyInFile(path))
    }

    /// Makes the key, once: of several that try, all have the same one.
    fn make_key(&self) -> Result<Key, VaultError> {
        let _held = self.hold(KEY_FILE)?;
        if let Some(made_meanwhile) = self.key()? {
            return Ok(made_meanwhile);
        }
        if let Some(sealed) = self.any_sealed() {
            // A new key would shut out what is there.
            return Err(VaultError::Keyless(sealed));
        }
        let path = self.directory.join(KEY_FILE);
        let mut key = Key::default();
        SystemRandom::new().fill(&mut key).map_err(|_| chanceless(&path))?;
        let text = format!("{}\n", blake3::Hash::from_bytes(key).to_hex());
        self.write(&path, text.as_bytes()).map_err(|error| VaultError::File { path, error })?;
        Ok(key)
    }

    fn any_sealed(&self) -> Option<PathBuf> {
        let entries = fs::read_dir(&self.directory).ok()?;
        let mut paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
        paths.find(|path| path.extension().is_some_and(|extension| extension == "sealed"))
    }

    fn whence(&self) -> String {
        match self.given {
            Some(_) => format!("in `{KEY_VARIABLE}`"),
            None => format!("in `{}`", self.directory.join(KEY_FILE).display()),
        }
    }

    /// Puts a file in place, whole or not at all.
    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        // Whoever writes this one holds its lock, or the login of a person wins.
        let new = path.with_extension(format!("new-{}", std::process::id()));
        let _ = fs::remove_file(&new);
        let written = private().write(true).create_new(true).open(&new).and_then(|mut file| {
            file.write_all(bytes)?;
            file.sync_all()?;
            fs::rename(&new, path)?;
            #[cfg(unix)]
            File::open(&self.directory)?.sync_all()?;
            Ok(())
        });
        if written.is_err() {
            let _ = fs::remove_file(&new);
        }
        written
    }
}

/// Options for a file that only its owner may read.
fn private() -> fs::OpenOptions {
    let mut options = File::options();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

#[cfg(unix)]
fn is_open(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    fs::metadata(path).is_ok_and(|found| found.permissions().mode() & 0o077 != 0)
}

#[cfg(not(unix))]
fn is_open(_: &Path) -> bool {
    false
}

fn chanceless(path: &Path) -> VaultError {
    VaultError::File { path: path.into(), error: io::Error::other("this machine gives no chance for a key") }
}

fn read_key(text: &str) -> Option<Key> {
    Some(*blake3::Hash::from_hex(text.trim()).ok()?.as_bytes())
}

/// By what the key of a sealed file is known, which tells nothing of it.
fn mark_of(key: &Key) -> [u8; MARK_BYTES] {
    let mut mark = [0; MARK_BYTES];
    mark.copy_from_slice(&blake3::derive_key("orchestra-flow 2026 mark of a vault's key", key)[..MARK_BYTES]);
    mark
}

/// The key of one writing. It serves once, so that its nonce may be always the same.
fn cipher(key: &Key, salt: &[u8]) -> Option<(LessSafeKey, Nonce)> {
    let own = blake3::Hasher::new_keyed(key).update(salt).finalize();
    let unbound = UnboundKey::new(&CHACHA20_POLY1305, own.as_bytes()).ok()?;
    Some((LessSafeKey::new(unbound), Nonce::assume_unique_for_key([0; 12])))
}

/// Salt and sealed text; bound to `name`, so that no file passes for another.
fn seal(key: &Key, name: &str, plain: &[u8]) -> Option<Vec<u8>> {
    let mut salt = [0; SALT_BYTES];
    SystemRandom::new().fill(&mut salt).ok()?;
    let (cipher, nonce) = cipher(key, &salt)?;
    let mut text = plain.to_vec();
    cipher.seal_in_place_append_tag(nonce, Aad::from(name.as_bytes()), &mut text).ok()?;
    Some([&salt[..], &text].concat())
}

fn open(key: &Key, name: &str, sealed: &[u8]) -> Option<Vec<u8>> {
    let (salt, text) = sealed.split_at_checked(SALT_BYTES)?;
    let (cipher, nonce) = cipher(key, salt)?;
    let mut text = text.to_vec();
    Some(cipher.open_in_place(nonce, Aad::from(name.as_bytes()), &mut text).ok()?.to_vec())
}
