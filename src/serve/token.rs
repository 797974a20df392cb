//! Tokens: shown once when they are made, kept as hashes in a file that only its owner can read.

use std::fs::File;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, RwLock};
use std::time::SystemTime;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use super::caller::{Caller, Role};
use crate::base::time::Timestamp;

/// The file, in the data directory.
const FILE: &str = "tokens.json";

/// How tokens begin, so that people and scanners know them.
const PREFIX: &str = "flow_";

/// How many random bytes a token has.
const SECRET_BYTES: usize = 32;

/// What is kept of one token.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Token {
    /// What it is called: for lists, journals and `flow token revoke`.
    pub id: Arc<str>,
    /// What its holder may do.
    pub role: Role,
    /// With which workflows; with all where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workflows: Option<Arc<[Arc<str>]>>,
    /// When it was made.
    pub made_at: Timestamp,
    /// BLAKE3 of the token, in hexadecimal digits.
    hash: String,
}

/// The tokens of one data directory. Other processes may add and revoke some meanwhile.
#[derive(Debug)]
pub struct Tokens {
    file: PathBuf,
    read: RwLock<Read>,
    /// The admin's token that the environment gives, and that of this process.
    given: Vec<(blake3::Hash, Caller)>,
}

/// The file as it was read last.
#[derive(Debug, Default)]
struct Read {
    changed: Option<(SystemTime, u64)>,
    tokens: Vec<Token>,
}

/// Why tokens cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// The file.
    #[error("the tokens in `{}` cannot be read or written: {error}", file.display())]
    File {
        /// Which.
        file: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// No chance could be had of the operating system.
    #[error("the operating system gives no random bytes: {0}")]
    Chance(getrandom::Error),
    /// There is no such token.
    #[error("there is no token `{0}`; `flow token list` shows all")]
    Unknown(String),
}

impl Tokens {
    /// The tokens of the data directory, which is there.
    ///
    /// # Errors
    /// If they cannot be read.
    pub fn open(directory: &Path) -> Result<Self, TokenError> {
        let tokens = Self { file: directory.join(FILE), read: RwLock::default(), given: Vec::new() };
        tokens.look()?;
        Ok(tokens)
    }

    /// Takes a token that is not kept here: whoever holds it owns everything.
    #[must_use]
    pub fn with_owner(mut self, name: &str, token: &str) -> Self {
        self.given.push((blake3::hash(token.as_bytes()), Caller::owner(name)));
        self
    }

    /// Whether anybody could be let in.
    pub fn is_empty(&self) -> bool {
        self.given.is_empty() && self.list().is_empty()
    }

    /// All that are kept, in the order they were made.
    pub fn list(&self) -> Vec<Token> {
        self.read.read().map(|read| read.tokens.clone()).unwrap_or_default()
    }

    /// Makes a token: itself, which is kept nowhere, and what is kept of it.
    ///
    /// # Errors
    /// If it cannot be kept.
    pub fn make(
        &self,
        role: Role,
        workflows: Option<Vec<Arc<str>>>,
        now: Timestamp,
    ) -> Result<(String, Token), TokenError> {
        let secret = secret()?;
        let hash = blake3::hash(secret.as_bytes()).to_hex().to_string();
        let id = hash[..8].into();
        let token = Token { id, role, workflows: workflows.map(Into::into), made_at: now, hash };
        self.change(|tokens| {
            tokens.push(token.clone());
            Ok(())
        })?;
        Ok((secret, token))
    }

    /// Takes a token back: from now on nobody is let in by it.
    ///
    /// # Errors
    /// If there is none of this id, or the file cannot be written.
    pub fn revoke(&self, id: &str) -> Result<(), TokenError> {
        self.change(|tokens| {
            let before = tokens.len();
            tokens.retain(|token| *token.id != *id);
            if tokens.len() < before { Ok(()) } else { Err(TokenError::Unknown(id.to_owned())) }
        })
    }

    /// Who holds this token. Every comparison takes the same time, whatever differs.
    pub fn holder(&self, token: &str) -> Option<Caller> {
        let hash = blake3::hash(token.as_bytes());
        // `blake3::Hash` compares in constant time.
        if let Some((_, caller)) = self.given.iter().find(|(known, _)| *known == hash) {
            return Some(caller.clone());
        }
        if let Err(error) = self.look() {
            // What was known before goes on to count.
            tracing::error!("{error}");
        }
        let read = self.read.read().ok()?;
        let known = |token: &&Token| blake3::Hash::from_hex(&token.hash).is_ok_and(|known| known == hash);
        let token = read.tokens.iter().find(known)?;
        let name = format!("token {}", token.id).into();
        Some(Caller { name, role: token.role, workflows: token.workflows.clone() })
    }

    /// Reads the file again if it has changed.
    fn look(&self) -> Result<(), TokenError> {
        let about = match std::fs::metadata(&self.file) {
            Ok(about) => about,
            Err(error) if error.kind() == ErrorKind::NotFound => return self.take(Read::default()),
            Err(error) => return Err(self.fault(error)),
        };
        let changed = about.modified().ok().map(|moment| (moment, about.len()));
        if self.read.read().is_ok_and(|read| read.changed.is_some() && read.changed == changed) {
            return Ok(());
        }
        let text = std::fs::read(&self.file).map_err(|error| self.fault(error))?;
        let tokens = serde_json::from_slice(&text).map_err(|error| self.fault(error.into()))?;
        self.take(Read { changed, tokens })
    }

    fn take(&self, read: Read) -> Result<(), TokenError> {
        if let Ok(mut known) = self.read.write() {
            *known = read;
        }
        Ok(())
    }

    /// Changes the file, as a whole and alone.
    fn change(&self, change: impl FnOnce(&mut Vec<Token>) -> Result<(), TokenError>) -> Result<(), TokenError> {
        let lock = self.file.with_extension("lock");
        let held = File::options().create(true).append(true).open(lock).and_then(|file| file.lock().map(|()| file));
        let held = held.map_err(|error| self.fault(error))?;
        self.look()?;
        let mut tokens = self.list();
        change(&mut tokens)?;
        let text = serde_json::to_vec_pretty(&tokens).map_err(|error| self.fault(error.into()))?;
        write_private(&self.file, &text).map_err(|error| self.fault(error))?;
        self.look()?;
        drop(held);
        Ok(())
    }

    fn fault(&self, error: std::io::Error) -> TokenError {
        TokenError::File { file: self.file.clone(), error }
    }
}

/// A token that nobody can guess.
///
/// # Errors
/// If the operating system gives no chance.
pub fn secret() -> Result<String, TokenError> {
    let mut bytes = [0; SECRET_BYTES];
    getrandom::fill(&mut bytes).map_err(TokenError::Chance)?;
    Ok(format!("{PREFIX}{}", BASE64_URL_SAFE_NO_PAD.encode(bytes)))
}

/// Puts a file that only its owner can read in the place of another, all at once.
///
/// # Errors
/// Those of the operating system.
pub fn write_private(file: &Path, text: &[u8]) -> std::io::Result<()> {
    let beside = file.with_extension("new");
    let mut options = File::options();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut writing = options.open(&beside)?;
    writing.write_all(text)?;
    writing.sync_all()?;
    std::fs::rename(beside, file)
}
