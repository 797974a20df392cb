//! Large values, kept once however many records hold them: an output, the items of the loop over it, what a child was given.
//! They lie in pieces, so that nobody who passes one on holds the whole.

use crate::base::id::Digest;
use memchr::{memchr2, memmem};

/// From which size on a part of a record is kept by itself, in bytes of JSON.
const LARGE_BYTES: usize = 16 * 1024;

/// How large a piece is.
pub(super) const PIECE_BYTES: usize = 256 * 1024;

/// What stands where a large part was, around its digest. No text holds that, whose quotes are escaped, and no value of a
/// program has it in stored form.
pub(super) const OPENS: &[u8] = br#"{"$flow":"content","value":""#;
const CLOSES: &[u8] = br#""}"#;

/// How many digits a digest has.
const DIGITS: usize = 32;

/// How long a mark is.
pub(super) const MARK_BYTES: usize = OPENS.len() + DIGITS + CLOSES.len();

/// Records as JSON, each as `form` gives it. `keep` is given each large part that was taken out of them, in JSON, in which
/// smaller ones may have been taken out already.
///
/// # Errors
/// What `form` or `keep` says.
pub(super) fn write<T, E>(
    records: &[T],
    form: &mut impl FnMut(&T) -> Result<Vec<u8>, E>,
    keep: &mut impl FnMut(Digest, &[u8]) -> Result<(), E>,
) -> Result<Vec<u8>, E> {
    let mut json = vec![b'['];
    for record in records {
        if json.len() > 1 {
            json.push(b',');
        }
        let start = json.len();
        json.extend_from_slice(&form(record)?);
        // Only a record that is large itself can have a part that is; most are not.
        if json.len() - start >= LARGE_BYTES {
            let left = shrink(json.get(start..).unwrap_or_default(), keep)?;
            json.truncate(start);
            json.extend_from_slice(&left);
        }
    }
    json.push(b']');
    Ok(json)
}

/// What is left of a record in JSON when its large parts were taken out, the smallest first. The record itself stays.
fn shrink<E>(json: &[u8], keep: &mut impl FnMut(Digest, &[u8]) -> Result<(), E>) -> Result<Vec<u8>, E> {
    let mut left = Vec::new();
    // Where the objects and lists begin that have not ended.
    let mut open: Vec<usize> = Vec::new();
    let mut rest = json;
    while let Some(&byte) = rest.first() {
        let (found, after) = rest.split_at(if byte == b'"' { text_length(rest) } else { 1 });
        rest = after;
        if byte == b'"' && found.len() >= LARGE_BYTES && after.first() != Some(&b':') {
            take_out(found, &mut left, keep)?;
            continue;
        }
        if let b'{' | b'[' = byte {
            open.push(left.len());
        }
        left.extend_from_slice(found);
        if let b'}' | b']' = byte
            && let Some(start) = open.pop()
            && !open.is_empty()
            && left.len() - start >= LARGE_BYTES
        {
            let part = left.split_off(start);
            take_out(&part, &mut left, keep)?;
        }
    }
    Ok(left)
}

/// How long the value is that JSON begins with.
pub(super) fn value_length(json: &[u8]) -> usize {
    let (mut depth, mut length) = (0usize, 0);
    while let Some(&byte) = json.get(length) {
        match byte {
            b'"' => length += text_length(json.get(length..).unwrap_or_default()) - 1,
            b'{' | b'[' => depth += 1,
            // What the value lies in goes on, or ends.
            b'}' | b']' | b',' if depth == 0 => break,
            b'}' | b']' => depth -= 1,
            _ => {}
        }
        length += 1;
        if depth == 0 && matches!(byte, b'"' | b'}' | b']') {
            break;
        }
    }
    length
}

/// Has a part kept, and leaves a mark.
fn take_out<E>(
    part: &[u8],
    left: &mut Vec<u8>,
    keep: &mut impl FnMut(Digest, &[u8]) -> Result<(), E>,
) -> Result<(), E> {
    let digest = Digest::of(part);
    keep(digest, part)?;
    left.extend_from_slice(OPENS);
    left.extend_from_slice(digest.to_string().as_bytes());
    left.extend_from_slice(CLOSES);
    Ok(())
}

/// How long the text is, with its quotes, that JSON begins with.
fn text_length(json: &[u8]) -> usize {
    let mut length = 1;
    while let Some(found) = memchr2(b'"', b'\\', json.get(length..).unwrap_or_default()) {
        length += found + 1;
        if json.get(length - 1) == Some(&b'"') {
            return length;
        }
        // What is escaped ends nothing.
        length += 1;
    }
    json.len()
}

/// Records with the large parts put back; `find` appends each.
///
/// # Errors
/// What `find` says, or if something is not what was written.
pub(super) fn whole(
    records: &[u8],
    find: &mut impl FnMut(Digest, &mut Vec<u8>) -> Result<(), Fault>,
) -> Result<Vec<u8>, Fault> {
    let mut whole = Vec::with_capacity(records.len());
    put_back(records, &mut whole, find)?;
    Ok(whole)
}

fn put_back(
    json: &[u8],
    whole: &mut Vec<u8>,
    find: &mut impl FnMut(Digest, &mut Vec<u8>) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let mut rest = json;
    while let Mark::At(at, digest) = next_mark(rest) {
        let (before, mark) = rest.split_at(at);
        whole.extend_from_slice(before);
        rest = mark.get(MARK_BYTES..).unwrap_or_default();
        let start = whole.len();
        find(digest, whole)?;
        if next_mark(whole.get(start..).unwrap_or_default()) != Mark::None {
            let part = whole.split_off(start);
            put_back(&part, whole, find)?;
        }
    }
    whole.extend_from_slice(rest);
    Ok(())
}

/// Records of which the large parts are left out: a text, list or object that is empty is in their place. `find` gives the
/// beginning of each.
///
/// # Errors
/// What `find` says.
pub(super) fn outline(
    records: &[u8],
    find: &mut impl FnMut(Digest) -> Result<Vec<u8>, Fault>,
) -> Result<Vec<u8>, Fault> {
    let (mut left, mut rest) = (Vec::new(), records);
    while let Mark::At(at, digest) = next_mark(rest) {
        let (before, mark) = rest.split_at(at);
        left.extend_from_slice(before);
        left.extend_from_slice(match find(digest)?.first() {
            Some(b'"') => b"\"\"",
            Some(b'[') => b"[]",
            _ => b"{}",
        });
        rest = mark.get(MARK_BYTES..).unwrap_or_default();
    }
    left.extend_from_slice(rest);
    Ok(left)
}

/// JSON that this program wrote: how deep it may be nested was seen to before.
pub(super) fn parse<'a, T: serde::Deserialize<'a>>(bytes: &'a [u8]) -> serde_json::Result<T> {
    let mut json = serde_json::Deserializer::from_slice(bytes);
    json.disable_recursion_limit();
    T::deserialize(&mut json)
}

/// The first mark in some JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    /// There is none.
    None,
    /// There, of this part.
    At(usize, Digest),
    /// There may be one from here on, of which the end is not there.
    Cut(usize),
}

pub(super) fn next_mark(json: &[u8]) -> Mark {
    let Some(at) = memmem::find(json, OPENS) else { return Mark::None };
    let digits = json.get(at + OPENS.len()..at + OPENS.len() + DIGITS);
    match digits.and_then(|digits| Digest::read(std::str::from_utf8(digits).ok()?)) {
        Some(digest) if json.len() >= at + MARK_BYTES => Mark::At(at, digest),
        _ => Mark::Cut(at),
    }
}

/// Why records cannot be read.
pub(super) struct Fault(pub String);

impl From<serde_json::Error> for Fault {
    fn from(error: serde_json::Error) -> Self {
        Self(error.to_string())
    }
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        Self(error.to_string())
    }
}
