//! `--input`: JSON from the command line, a file or stdin.

use std::io::Read;

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
            let bytes = bounded(std::io::stdin().lock());
            ("stdin".to_owned(), bytes.map_err(|error| Refusal::new(format!("stdin cannot be read: {error}")))?)
        }
        path if path.starts_with('@') => {
            let path = &path[1..];
            let bytes = std::fs::File::open(path).and_then(bounded);
            let bytes = bytes.map_err(|error| Refusal::new(format!("`{path}` cannot be read: {error}")))?;
            (path.to_owned(), bytes)
        }
        text => ("--input".to_owned(), text.as_bytes().to_vec()),
    };
    if bytes.len() > INPUT_BYTES_MAX {
        return Err(too_large(&origin));
    }
    parse(&origin, &bytes)
}

/// As much as an input may have, and one byte more. It may come from a pipe: whoever names one means it.
fn bounded(source: impl Read) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    source.take(INPUT_BYTES_MAX as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
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
