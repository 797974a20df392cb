//! The key of a data directory: with it is sealed what must not be read there. Without it, that says nothing.
//!
//! What is sealed is the mark of its key, a salt, and the text, encrypted and authenticated. The salt follows from the text and
//! from what it belongs to, so that each text has a key of its own, and the same one is sealed the same: it is kept once.

use std::fs::{self, DirBuilder, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};
use ring::rand::{SecureRandom as _, SystemRandom};

/// The variable that gives the key.
pub const KEY_VARIABLE: &str = "FLOW_KEY";

/// The name of the directory, within the data of an engine, in which the key is where no variable gives it.
pub const DIRECTORY: &str = "credentials";

/// The file with the key.
const KEY_FILE: &str = "key";

const KEY_BYTES: usize = 32;
const MARK_BYTES: usize = 8;
const SALT_BYTES: usize = 32;

type Key = [u8; KEY_BYTES];

/// A key, where it is given or where it lies. It is looked for when it is needed. Clones share it.
#[derive(Clone)]
pub struct Keyring {
    directory: PathBuf,
    /// The key as the environment gives it.
    given: Option<Arc<str>>,
    known: Arc<OnceLock<Key>>,
}

impl std::fmt::Debug for Keyring {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keyring").field("directory", &self.directory).finish_non_exhaustive()
    }
}

/// Why something cannot be sealed or opened.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
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
    #[error("its key is neither in `{KEY_VARIABLE}` nor in the file `{}`", .0.display())]
    Keyless(PathBuf),
    /// It was sealed with another key.
    #[error("it was sealed with another key than the one {0}")]
    Other(String),
    /// It is not as it was sealed.
    #[error("it is damaged")]
    Damaged,
    /// What the file system says.
    #[error("`{}` cannot be used: {error}", .path.display())]
    File {
        /// Which file or directory.
        path: PathBuf,
        /// What is wrong.
        error: io::Error,
    },
}

impl Keyring {
    /// The key that `given` says, as `FLOW_KEY` does, or else the one in `directory`, where one is made when it is needed.
    pub fn new(directory: impl Into<PathBuf>, given: Option<&str>) -> Self {
        Self { directory: directory.into(), given: given.map(Arc::from), known: Arc::default() }
    }

    /// The directory in which the key lies.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// `plain`, sealed as something of `whose`: it passes for nothing else. `is_used` says whether something was sealed before: then
    /// no new key is made.
    ///
    /// # Errors
    /// Where there is no key that can be used, and none can be made.
    pub fn seal(&self, whose: &str, plain: &[u8], is_used: impl FnOnce() -> bool) -> Result<Vec<u8>, KeyError> {
        let key = match self.key()? {
            Some(key) => key,
            None => self.make_key(is_used)?,
        };
        Ok([&mark_of(&key)[..], &seal(&key, whose, plain).ok_or(KeyError::Damaged)?].concat())
    }

    /// What was sealed as something of `whose`.
    ///
    /// # Errors
    /// Where there is no key, or another one, or it is not what was sealed.
    pub fn open(&self, whose: &str, sealed: &[u8]) -> Result<Vec<u8>, KeyError> {
        let key = self.key()?.ok_or_else(|| KeyError::Keyless(self.directory.join(KEY_FILE)))?;
        let (mark, sealed) = sealed.split_at_checked(MARK_BYTES).ok_or(KeyError::Damaged)?;
        if *mark != mark_of(&key) {
            return Err(KeyError::Other(self.whence()));
        }
        open(&key, whose, sealed).ok_or(KeyError::Damaged)
    }

    /// By what the key is known that something was sealed with.
    pub fn mark(sealed: &[u8]) -> Option<&[u8]> {
        sealed.get(..MARK_BYTES)
    }

    /// Whether this is the key that is known by `mark`.
    ///
    /// # Errors
    /// If there is no key, or another one.
    pub fn fits(&self, mark: &[u8]) -> Result<(), KeyError> {
        let key = self.key()?.ok_or_else(|| KeyError::Keyless(self.directory.join(KEY_FILE)))?;
        if *mark == mark_of(&key) { Ok(()) } else { Err(KeyError::Other(self.whence())) }
    }

    /// Whether there is a key yet.
    ///
    /// # Errors
    /// If there is one that cannot be used.
    pub fn is_there(&self) -> Result<bool, KeyError> {
        self.key().map(|key| key.is_some())
    }

    /// Where the key is, in words.
    pub fn whence(&self) -> String {
        match self.given {
            Some(_) => format!("in `{KEY_VARIABLE}`"),
            None => format!("in `{}`", self.directory.join(KEY_FILE).display()),
        }
    }

    /// Makes the directory such that only its owner may look into it.
    ///
    /// # Errors
    /// If it cannot be made.
    pub fn make(&self) -> Result<(), KeyError> {
        let mut making = DirBuilder::new();
        making.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut making, 0o700);
        making.create(&self.directory).map_err(|error| KeyError::File { path: self.directory.clone(), error })
    }

    /// A file of the directory that only one process at a time holds, and who waits for it has it next.
    ///
    /// # Errors
    /// If the directory cannot be used.
    pub fn hold(&self, name: &str) -> Result<File, KeyError> {
        self.make()?;
        let path = self.directory.join(format!("{name}.lock"));
        let taken = private().write(true).create(true).truncate(false).open(&path).and_then(|lock| {
            lock.lock()?;
            Ok(lock)
        });
        taken.map_err(|error| KeyError::File { path, error })
    }

    /// Puts a file in place, whole or not at all.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn write(&self, path: &Path, bytes: &[u8]) -> Result<(), KeyError> {
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
        written.map_err(|error| KeyError::File { path: path.into(), error })
    }

    fn key(&self) -> Result<Option<Key>, KeyError> {
        if let Some(known) = self.known.get() {
            return Ok(Some(*known));
        }
        let found = match &self.given {
            Some(given) => Some(read_key(given).ok_or(KeyError::NoKeyGiven)?),
            None => self.in_file()?,
        };
        Ok(found.map(|key| *self.known.get_or_init(|| key)))
    }

    fn in_file(&self) -> Result<Option<Key>, KeyError> {
        let path = self.directory.join(KEY_FILE);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(KeyError::File { path, error }),
        };
        if is_open(&path) {
            return Err(KeyError::Open(path));
        }
        read_key(&text).map(Some).ok_or(KeyError::NoKeyInFile(path))
    }

    /// Makes the key, once: of several that try, all have the same one.
    fn make_key(&self, is_used: impl FnOnce() -> bool) -> Result<Key, KeyError> {
        let _held = self.hold(KEY_FILE)?;
        if let Some(made_meanwhile) = self.key()? {
            return Ok(made_meanwhile);
        }
        let path = self.directory.join(KEY_FILE);
        if is_used() {
            // A new key would shut out what is there.
            return Err(KeyError::Keyless(path));
        }
        let mut key = Key::default();
        if SystemRandom::new().fill(&mut key).is_err() {
            return Err(KeyError::File { path, error: io::Error::other("this machine gives no chance for a key") });
        }
        self.write(&path, format!("{}\n", blake3::Hash::from_bytes(key).to_hex()).as_bytes())?;
        Ok(*self.known.get_or_init(|| key))
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

fn read_key(text: &str) -> Option<Key> {
    Some(*blake3::Hash::from_hex(text.trim()).ok()?.as_bytes())
}

/// By what the key of something sealed is known, which tells nothing of it.
fn mark_of(key: &Key) -> [u8; MARK_BYTES] {
    let mut mark = [0; MARK_BYTES];
    mark.copy_from_slice(&blake3::derive_key("orchestra-flow 2026 mark of a vault's key", key)[..MARK_BYTES]);
    mark
}

/// The salt of one text of one owner. Another text has another one: who does not know the key learns only which are the same.
fn salt_of(key: &Key, whose: &str, plain: &[u8]) -> [u8; SALT_BYTES] {
    let own = blake3::derive_key("orchestra-flow 2026 salt of what is sealed", key);
    let length = (whose.len() as u64).to_le_bytes();
    *blake3::Hasher::new_keyed(&own).update(&length).update(whose.as_bytes()).update(plain).finalize().as_bytes()
}

/// The key of one text. It serves for that alone, so that its nonce may be always the same.
fn cipher(key: &Key, salt: &[u8]) -> Option<(LessSafeKey, Nonce)> {
    let own = blake3::Hasher::new_keyed(key).update(salt).finalize();
    let unbound = UnboundKey::new(&CHACHA20_POLY1305, own.as_bytes()).ok()?;
    Some((LessSafeKey::new(unbound), Nonce::assume_unique_for_key([0; 12])))
}

/// Salt and sealed text.
fn seal(key: &Key, whose: &str, plain: &[u8]) -> Option<Vec<u8>> {
    let salt = salt_of(key, whose, plain);
    let (cipher, nonce) = cipher(key, &salt)?;
    let mut text = plain.to_vec();
    cipher.seal_in_place_append_tag(nonce, Aad::from(whose.as_bytes()), &mut text).ok()?;
    Some([&salt[..], &text].concat())
}

fn open(key: &Key, whose: &str, sealed: &[u8]) -> Option<Vec<u8>> {
    let (salt, text) = sealed.split_at_checked(SALT_BYTES)?;
    let (cipher, nonce) = cipher(key, salt)?;
    let mut text = text.to_vec();
    Some(cipher.open_in_place(nonce, Aad::from(whose.as_bytes()), &mut text).ok()?.to_vec())
}
