//! The write-ahead log. As it is found when the store is opened: SQLite takes it up to the last whole commit and says nothing of
//! the rest, so that is looked for here. And room in it, made ahead. The format is that of
//! <https://sqlite.org/fileformat2.html#walformat>.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use super::OpenError;

const HEADER: usize = 32;
const FRAME_HEADER: usize = 24;
const MAGIC: u32 = 0x377f_0682;

/// Says what of the log beside `file` will not be read; refuses one of which nothing can be.
pub(super) fn check(file: &Path) -> std::io::Result<Result<(), OpenError>> {
    if length(file)? == 0 && length(&beside(file))? > HEADER as u64 {
        return Ok(Err(OpenError::Gone { file: file.into() }));
    }
    match inspect(file)? {
        Log::Whole => {}
        Log::Torn { bytes, commits: false } => {
            tracing::warn!(
                "the last {bytes} bytes of the store's log were not written to their end; they are left out"
            );
        }
        Log::Torn { bytes, commits: true } => tracing::error!(
            "the store's log is damaged {bytes} bytes before its end: what was written after that is lost, and runs go on from before it"
        ),
        Log::Headless => return Ok(Err(OpenError::Log { file: file.into() })),
    }
    Ok(Ok(()))
}

/// Looks whether anything that was told to somebody would be lost by whoever reads `file`, which nobody writes.
///
/// # Errors
/// If that is so, or the log cannot be read.
pub(super) fn is_whole(file: &Path) -> std::io::Result<Result<(), OpenError>> {
    match inspect(file)? {
        Log::Whole | Log::Torn { commits: false, .. } => Ok(Ok(())),
        Log::Torn { bytes, commits: true } => Ok(Err(OpenError::Lost { file: file.into(), bytes })),
        Log::Headless => Ok(Err(OpenError::Log { file: file.into() })),
    }
}

/// How long the log is made at once.
pub(super) const ROOM: u64 = 16 * 1024 * 1024;

/// Makes a log as long at once as it mostly becomes before it begins anew: a sync of what lies within a file is quicker by half
/// than one that makes it longer. What follows the last commit is empty, and no part of the log. Only whoever writes may do
/// this, between two commits.
pub(super) fn make_room(log: &Path) -> std::io::Result<()> {
    let mut log = File::options().write(true).open(log)?;
    let end = log.seek(SeekFrom::End(0))?;
    let made = std::io::copy(&mut std::io::repeat(0).take(ROOM.saturating_sub(end)), &mut log);
    if made.is_err() {
        // What a disk has left is for what happens.
        log.set_len(end)?;
    }
    made.and_then(|_| log.sync_all())
}

/// What was found of a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Log {
    /// There is none, or all of it is whole.
    Whole,
    /// So many bytes after the last whole commit were never written to their end, or are damaged.
    Torn {
        /// How many.
        bytes: usize,
        /// Whether there are commits among them: these had been whole once.
        commits: bool,
    },
    /// Its head is damaged: nothing of it could be read.
    Headless,
}

/// Looks through the log beside `file`.
fn inspect(file: &Path) -> std::io::Result<Log> {
    match std::fs::read(beside(file)) {
        Ok(bytes) => Ok(of(&bytes)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Log::Whole),
        Err(error) => Err(error),
    }
}

/// The log of `file`.
pub(super) fn beside(file: &Path) -> PathBuf {
    file.with_extension("db-wal")
}

/// How many bytes a file has; none if it is not there.
pub(super) fn length(file: &Path) -> std::io::Result<u64> {
    match std::fs::metadata(file) {
        Ok(found) => Ok(found.len()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(0),
        Err(error) => Err(error),
    }
}

fn of(bytes: &[u8]) -> Log {
    // A log whose head was never written to its end holds no commit.
    let Some((header, frames)) = bytes.split_at_checked(HEADER) else { return Log::Whole };
    if header.iter().all(|byte| *byte == 0) {
        return Log::Whole;
    }
    let magic = word(header, 0, true);
    let mut sum = Sum { big: magic & 1 == 1, state: (0, 0) };
    sum.add(&header[..24]);
    if magic & !1 != MAGIC || sum.state != (word(header, 24, true), word(header, 28, true)) {
        return Log::Headless;
    }
    let frame = FRAME_HEADER + word(header, 8, true) as usize;
    let mine = |frame: &[u8]| frame.get(8..16) == Some(&header[16..24]);
    let (mut whole, mut broken) = (0, false);
    let mut commits = false;
    for (number, found) in frames.chunks(frame).enumerate() {
        // What a log held that was begun anew since is no part of it.
        if !mine(found) {
            break;
        }
        let commit = word(found, 4, true) != 0;
        broken = broken || found.len() < frame || {
            sum.add(&found[..8]);
            sum.add(&found[FRAME_HEADER..]);
            sum.state != (word(found, 16, true), word(found, 20, true))
        };
        match (broken, commit) {
            (false, true) => whole = (number + 1) * frame,
            (true, true) => commits = found.len() == frame,
            (_, false) => {}
        }
    }
    let rest = frames.get(whole..).unwrap_or_default();
    match rest.chunks(frame).take_while(|found| mine(found)).map(<[u8]>::len).sum() {
        0 => Log::Whole,
        bytes => Log::Torn { bytes, commits },
    }
}

/// A word of four bytes; 0 where there is none.
fn word(bytes: &[u8], at: usize, big: bool) -> u32 {
    match bytes.get(at..at + 4) {
        Some(&[a, b, c, d]) if big => u32::from_be_bytes([a, b, c, d]),
        Some(&[a, b, c, d]) => u32::from_le_bytes([a, b, c, d]),
        _ => 0,
    }
}

/// The running checksum of a log.
struct Sum {
    big: bool,
    state: (u32, u32),
}

impl Sum {
    fn add(&mut self, bytes: &[u8]) {
        let (mut one, mut two) = self.state;
        for pair in bytes.chunks(8) {
            one = one.wrapping_add(word(pair, 0, self.big)).wrapping_add(two);
            two = two.wrapping_add(word(pair, 4, self.big)).wrapping_add(one);
        }
        self.state = (one, two);
    }
}
