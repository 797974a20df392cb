//! A session whose lines come from a pipe or a file.

use std::io::{BufRead, Read as _};

use super::form;
use crate::base::limit::FILE_BYTES_MAX;
use crate::lang::syntax::is_open;

/// Cuts what is piped in into what is said, each as soon as it is at its end.
pub struct Piped<R> {
    lines: R,
    /// The line that was read and belongs to what comes next.
    next: Option<String>,
}

/// What a line begins with that goes on with what stands above it.
const CONTINUATIONS: [&str; 9] = [".", "?.", "&&", "||", "??", "else", "with", "=>", "then"];

impl<R: BufRead> Piped<R> {
    /// From these lines.
    pub fn new(lines: R) -> Self {
        Self { lines, next: None }
    }

    /// The next thing that is said; `None` at the end.
    ///
    /// # Errors
    /// What cannot be read.
    pub fn next(&mut self) -> std::io::Result<Option<String>> {
        let mut said = String::new();
        while let Some(line) = self.line()? {
            if !form::is_silent(&said) && !is_open(&said) && !continues(&line, &said) {
                self.next = Some(line);
                break;
            }
            said.push_str(&line);
            if said.len() > FILE_BYTES_MAX {
                return Err(std::io::Error::other(format!("more than {} MB are said at once", FILE_BYTES_MAX >> 20)));
            }
            // A command is at its end, whatever comes.
            if said.trim_start().starts_with(':') && !is_open(&said) {
                break;
            }
        }
        Ok((!form::is_silent(&said)).then_some(said))
    }

    fn line(&mut self) -> std::io::Result<Option<String>> {
        if let Some(line) = self.next.take() {
            return Ok(Some(line));
        }
        let mut bytes = Vec::new();
        let count = self.lines.by_ref().take(FILE_BYTES_MAX as u64).read_until(b'\n', &mut bytes)?;
        Ok((count > 0).then(|| String::from_utf8_lossy(&bytes).into_owned()))
    }
}

/// Whether a line goes on with what was said.
pub fn continues(line: &str, said: &str) -> bool {
    let line = line.trim_start();
    let word = form::first_word(line);
    let begins = |mark: &str| match mark.starts_with(char::is_alphabetic) {
        true => word == mark,
        false => line.starts_with(mark),
    };
    !said.trim_start().starts_with(':') && !line.starts_with("..") && CONTINUATIONS.iter().any(|mark| begins(mark))
}
