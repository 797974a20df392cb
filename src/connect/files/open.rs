//! Opens files, and nothing but files: a named pipe would have whoever opens it wait, and a device would act.
//!
//! What was opened is looked at, and not its name: what stands behind a name may change in between.

use std::fs::{File, OpenOptions};
use std::io::Read as _;
use std::path::Path;

use super::broken;
use crate::base::failure::{Failure, Kind};

/// A file to be read.
///
/// # Errors
/// What the file system says, and `validation_error` for what is no file.
pub fn to_read(path: &str, target: &Path) -> Result<File, Failure> {
    open(path, target, OpenOptions::new().read(true))
}

/// A file to be written at its end; it is made where there is none.
///
/// # Errors
/// As [`to_read`].
pub fn to_append(path: &str, target: &Path) -> Result<File, Failure> {
    open(path, target, OpenOptions::new().append(true).create(true))
}

/// All that a file holds, unless that is more than `max` bytes.
///
/// # Errors
/// As [`to_read`], and `limit_exceeded`.
pub fn whole(path: &str, target: &Path, max: usize) -> Result<Vec<u8>, Failure> {
    let file = to_read(path, target)?;
    let mut bytes = Vec::new();
    // A file may grow while it is read, and the system's own ones do not know how long they are.
    file.take(max as u64 + 1).read_to_end(&mut bytes).map_err(|error| broken(path, &error))?;
    if bytes.len() <= max {
        return Ok(bytes);
    }
    let message = format!(
        "`{path}` has more than {max} bytes: raise the setting `http.response_bytes_max`, or go through its rows with `for ... from files.rows`"
    );
    Err(Failure::new(Kind::LimitExceeded, message).detail("path", path))
}

/// Refuses what stands at `target` and is no file; that nothing stands there is no fault.
///
/// # Errors
/// `validation_error`, which says what it is.
pub fn only_file(path: &str, target: &Path) -> Result<(), Failure> {
    match std::fs::metadata(target) {
        Ok(about) => refuse(path, about.file_type()),
        Err(_) => Ok(()),
    }
}

fn open(path: &str, target: &Path, options: &mut OpenOptions) -> Result<File, Failure> {
    at_once(options);
    let file = options.open(target).map_err(|error| match only_file(path, target) {
        // A socket cannot be opened, nor a pipe that nobody reads: what it is says more than what the system says.
        Err(failure) => failure,
        Ok(()) => broken(path, &error),
    })?;
    refuse(path, file.metadata().map_err(|error| broken(path, &error))?.file_type())?;
    Ok(file)
}

/// Has a pipe open without anybody at its other end, and a terminal without becoming its owner.
#[cfg(unix)]
fn at_once(options: &mut OpenOptions) {
    use std::os::unix::fs::OpenOptionsExt as _;

    use rustix::fs::OFlags;
    options.custom_flags((OFlags::NONBLOCK | OFlags::NOCTTY).bits().cast_signed());
}

#[cfg(not(unix))]
fn at_once(_: &mut OpenOptions) {}

fn refuse(path: &str, kind: std::fs::FileType) -> Result<(), Failure> {
    if kind.is_file() {
        return Ok(());
    }
    let word = if kind.is_dir() { "a directory" } else { special(kind) };
    Err(Failure::new(Kind::ValidationError, format!("`{path}` is {word}, not a file")).detail("path", path))
}

#[cfg(unix)]
fn special(kind: std::fs::FileType) -> &'static str {
    use std::os::unix::fs::FileTypeExt as _;
    match kind {
        kind if kind.is_fifo() => "a named pipe",
        kind if kind.is_socket() => "a socket",
        _ => "a device",
    }
}

#[cfg(not(unix))]
fn special(_: std::fs::FileType) -> &'static str {
    "something of the system"
}
