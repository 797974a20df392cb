//! Texts from the disk: programs, settings, documents.
//!
//! In: a path. Out: a text, or why there is none. Never: a pipe that nobody fills, or a device without an end (held by
//! `tests/cli/files.rs`): only regular files are read, and no more of them than they may have.

/// The codes of what can be wrong with a file.
pub mod code;

use std::fmt;
use std::fs::{File, FileType};
use std::io::{self, Read as _};
use std::path::Path;

use crate::base::diagnostic::Code;
use crate::base::limit::FILE_BYTES_MAX;
use crate::lang::syntax::code::TOO_LARGE;

/// Why a file is no text.
#[derive(Debug)]
pub enum Unreadable {
    /// As the operating system says.
    Refused(io::Error),
    /// It is something else than a file, which this calls by its name.
    NoFile(&'static str),
    /// It has more bytes than this.
    TooLarge(usize),
    /// It has other bytes than those of UTF-8.
    NoText {
        /// What stands before the first of them.
        before: String,
        /// The first of them.
        byte: u8,
    },
}

impl Unreadable {
    /// The code of the diagnostic that says so.
    pub fn code(&self) -> Code {
        match self {
            Self::TooLarge(_) => TOO_LARGE,
            Self::Refused(_) | Self::NoFile(_) | Self::NoText { .. } => code::UNREADABLE,
        }
    }

    /// A way out.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::NoText { .. } => Some("save it as UTF-8"),
            Self::TooLarge(_) => Some("data belongs into files that a step reads; `flow explain F0106` says more"),
            Self::Refused(_) | Self::NoFile(_) => None,
        }
    }

    /// As much of it as is a text.
    pub fn text(&self) -> &str {
        match self {
            Self::NoText { before, .. } => before,
            Self::Refused(_) | Self::NoFile(_) | Self::TooLarge(_) => "",
        }
    }

    /// Whether there is nothing at all.
    pub fn is_missing(&self) -> bool {
        matches!(self, Self::Refused(error) if error.kind() == io::ErrorKind::NotFound)
    }
}

/// Behind "cannot be read:".
impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(error) => f.write_str(&plainly(error)),
            Self::NoFile(name) => write!(f, "this is {name}, not a file"),
            Self::TooLarge(most) => write!(f, "it has more than {} MiB, which is the most", most >> 20),
            Self::NoText { before, byte } => {
                let at = before.len();
                write!(f, "it is not UTF-8: the byte {byte:#04x} at offset {at} is no part of a character")
            }
        }
    }
}

/// The text of the file at `path`, which may be as large as a program.
///
/// # Errors
/// What is no regular file, has more than [`FILE_BYTES_MAX`] bytes, is no UTF-8, or what the operating system says.
pub fn read(path: &Path) -> Result<String, Unreadable> {
    read_up_to(path, FILE_BYTES_MAX)
}

/// The same of a file that may have `most` bytes.
///
/// # Errors
/// As [`read`] has them.
pub fn read_up_to(path: &Path, most: usize) -> Result<String, Unreadable> {
    // Asked before it is opened: whoever opens a pipe waits for somebody who fills it.
    let kind = std::fs::metadata(path).map_err(Unreadable::Refused)?.file_type();
    if let Some(name) = other_than_file(kind) {
        return Err(Unreadable::NoFile(name));
    }
    let mut bytes = Vec::new();
    // What it says of its length may change while it is read.
    let read = File::open(path).and_then(|file| file.take(most as u64 + 1).read_to_end(&mut bytes));
    read.map_err(Unreadable::Refused)?;
    if bytes.len() > most {
        return Err(Unreadable::TooLarge(most));
    }
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let bytes = error.into_bytes();
        let byte = bytes.get(at).copied().unwrap_or_default();
        Unreadable::NoText { before: String::from_utf8_lossy(&bytes[..at]).into_owned(), byte }
    })
}

/// What something is called that is no regular file.
pub fn other_than_file(kind: FileType) -> Option<&'static str> {
    if kind.is_file() {
        return None;
    }
    if kind.is_dir() {
        return Some("a directory");
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt as _;
        if kind.is_fifo() {
            return Some("a pipe");
        }
        if kind.is_socket() {
            return Some("a socket");
        }
    }
    Some("a device")
}

/// What the operating system says, without its number.
pub fn plainly(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "there is none of this name".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        _ => error.to_string(),
    }
}
