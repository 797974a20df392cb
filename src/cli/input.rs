//! `--input`: JSON from the command line, a file or stdin.

use std::io::Read as _;
use std::path::Path;

use super::exit::Refusal;
use crate::base::limit::INPUT_BYTES_MAX;
use crate::base::value::Value;

/// Reads the input of a run: JSON itself, `@FILE`, or `-` for stdin.
///
/// # Errors
/// What cannot be read, is too large, or is no JSON, with the line and the column.
pub fn read(given: &str) -> Result<Value, Refusal> {
    let (origin, bytes) = match given {
        "-" => {
            let mut bytes = Vec::new();
            let most = INPUT_BYTES_MAX as u64 + 1;
            let read = std::io::stdin().lock().take(most).read_to_end(&mut bytes);
            read.map_err(|error| Refusal::new(format!("stdin cannot be read: {error}")))?;
            ("stdin".to_owned(), bytes)
        }
        path if path.starts_with('@') => {
            let path = &path[1..];
            let size = Path::new(path).metadata().map_or(0, |about| about.len());
            let bytes = if size > INPUT_BYTES_MAX as u64 {
                Err(too_large(path))
            } else {
                std::fs::read(path).map_err(|error| Refusal::new(format!("`{path}` cannot be read: {error}")))
            };
            (path.to_owned(), bytes?)
        }
        text => ("--input".to_owned(), text.as_bytes().to_vec()),
    };
    if bytes.len() > INPUT_BYTES_MAX {
        return Err(too_large(&origin));
    }
    parse(&origin, &bytes)
}

fn too_large(origin: &str) -> Refusal {
    Refusal::new(format!("the input from {origin} is larger than {} MiB (`INPUT_BYTES_MAX`)", INPUT_BYTES_MAX >> 20))
        .hint("pass the path of a file in the input, and read it with `files.read` or `files.rows`")
}

/// The value of a JSON text, which comes from `origin`.
///
/// # Errors
/// If it is no JSON, with the line and the column.
pub fn parse(origin: &str, bytes: &[u8]) -> Result<Value, Refusal> {
    let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
    match serde_json::from_slice(bytes) {
        Ok(json) => Ok(Value::from_json(json)),
        Err(error) => {
            let place = format!("{origin}:{}:{}", error.line().max(1), error.column().max(1));
            let mut reason = error.to_string();
            // The place is said in front.
            if let Some(end) = reason.find(" at line ") {
                reason.truncate(end);
            }
            let refusal = Refusal::new(format!("{place}: the input is no JSON: {reason}"));
            Err(match bytes.iter().find(|byte| !byte.is_ascii_whitespace()) {
                Some(b'{' | b'[' | b'"') | None => refusal,
                Some(_) => refusal.hint("write `--input @FILE` to read a file, `--input -` to read stdin"),
            })
        }
    }
}
