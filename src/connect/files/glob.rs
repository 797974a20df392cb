//! Finding files by a pattern: `*` and `?` within a name, `**` across directories.

use std::path::{Path, PathBuf};

use super::{Roots, broken};
use crate::base::failure::{Failure, Kind};

/// How many files one pattern may find.
const FOUND_MAX: usize = 100_000;

/// The files that fit `pattern`, or what lies in a directory of that name; sorted by path. Links are not followed.
pub fn find(roots: &Roots, pattern: &str) -> Result<Vec<PathBuf>, Failure> {
    let first_wild = pattern.split('/').position(|part| part.contains(['*', '?']));
    let mut found = Vec::new();
    let Some(first_wild) = first_wild else {
        for folder in roots.folders(pattern)? {
            let entries = std::fs::read_dir(&folder).map_err(|error| broken(pattern, &error))?;
            found.extend(entries.filter_map(|entry| Some(entry.ok()?.path())));
        }
        return Ok(in_order(roots, found));
    };
    let parts: Vec<&str> = pattern.split('/').collect();
    let (fixed, wild) = parts.split_at(first_wild);
    if wild.contains(&"..") {
        return Err(Failure::new(Kind::ValidationError, format!("`{pattern}`: `..` cannot follow a `*`")));
    }
    let fixed = if fixed.is_empty() { ".".to_owned() } else { fixed.join("/") };
    for folder in roots.folders(&fixed)? {
        if folder.is_dir() {
            walk(&folder, wild, &mut found, pattern)?;
        }
    }
    Ok(in_order(roots, found))
}

/// Each once, sorted by the path that programs see; of two with one path the first.
fn in_order(roots: &Roots, found: Vec<PathBuf>) -> Vec<PathBuf> {
    let mut found: Vec<(String, PathBuf)> = found.into_iter().map(|path| (roots.shown(&path), path)).collect();
    found.sort_by(|one, other| one.0.cmp(&other.0));
    found.dedup_by(|later, first| later.0 == first.0);
    found.into_iter().map(|(_, path)| path).collect()
}

fn walk(folder: &Path, parts: &[&str], found: &mut Vec<PathBuf>, pattern: &str) -> Result<(), Failure> {
    let Some((part, rest)) = parts.split_first() else { return Ok(()) };
    if *part == "**" {
        walk(folder, rest, found, pattern)?;
    }
    let entries = std::fs::read_dir(folder).map_err(|error| broken(pattern, &error))?;
    for entry in entries.filter_map(Result::ok) {
        let name = entry.file_name();
        let (name, is_dir) = (name.to_string_lossy(), entry.file_type().is_ok_and(|kind| kind.is_dir()));
        if *part == "**" {
            if is_dir && !name.starts_with('.') {
                walk(&entry.path(), parts, found, pattern)?;
            }
            if rest.is_empty() && !is_dir {
                found.push(entry.path());
            }
        } else if fits(part.as_bytes(), name.as_bytes()) && (!name.starts_with('.') || part.starts_with('.')) {
            if rest.is_empty() {
                found.push(entry.path());
            } else if is_dir {
                walk(&entry.path(), rest, found, pattern)?;
            }
        }
        if found.len() > FOUND_MAX {
            return Err(Failure::new(Kind::LimitExceeded, format!("`{pattern}` finds more than {FOUND_MAX} files")));
        }
    }
    Ok(())
}

/// Whether a name fits a pattern with `*` and `?`. Goes back only to the last `*`, so it takes no longer than both together.
fn fits(pattern: &[u8], name: &[u8]) -> bool {
    let (mut p, mut n) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while n < name.len() {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p, n));
                p += 1;
            }
            Some(b'?') => {
                // One character, however many bytes it has.
                n += 1;
                while name.get(n).is_some_and(|byte| byte & 0xc0 == 0x80) {
                    n += 1;
                }
                p += 1;
            }
            Some(byte) if *byte == name[n] => {
                p += 1;
                n += 1;
            }
            _ => {
                let Some((star_p, star_n)) = star else { return false };
                star = Some((star_p, star_n + 1));
                p = star_p + 1;
                n = star_n + 1;
            }
        }
    }
    pattern[p..].iter().all(|byte| *byte == b'*')
}
