//! The records of CSV, one at a time.

use std::io::{BufReader, Read, Seek, SeekFrom};

use super::broken;
use crate::base::failure::{Failure, Kind};
use crate::base::table::line_at;

/// How long one row may be, in bytes.
pub const ROW_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// Goes through the records of a source from some place on.
pub struct Records<'a, S> {
    path: &'a str,
    reader: csv::Reader<Watched<S>>,
    record: csv::StringRecord,
    /// Where the reader began.
    start: u64,
    /// Where the source ends.
    end: u64,
}

impl<'a, S: Read + Seek> Records<'a, S> {
    /// From `start` on, where a record begins.
    ///
    /// # Errors
    /// What the source says.
    pub fn from(path: &'a str, mut source: S, start: u64) -> Result<Self, Failure> {
        let mut seek = |to| source.seek(to).map_err(|error| broken(path, &error));
        let end = seek(SeekFrom::End(0))?;
        seek(SeekFrom::Start(start))?;
        let watched = Watched { source, left: 0, last: None };
        let reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(watched);
        Ok(Self { path, reader, record: csv::StringRecord::new(), start, end })
    }

    /// Where the next record begins.
    pub fn offset(&self) -> u64 {
        self.start + self.reader.position().byte()
    }

    /// The cells of the next record.
    ///
    /// # Errors
    /// `validation_error` with the line where it is no CSV, `limit_exceeded` where it is too long.
    pub fn next(&mut self) -> Result<Option<&csv::StringRecord>, Failure> {
        let begun = self.offset();
        self.reader.get_mut().left = ROW_BYTES_MAX;
        match self.reader.read_record(&mut self.record) {
            Ok(true) if self.is_open() => Err(self.fault(begun, "a quote is opened in this row and nowhere closed")),
            Ok(true) => Ok(Some(&self.record)),
            Ok(false) => Ok(None),
            Err(error) => Err(self.broken(begun, &error)),
        }
    }

    /// Whether the record goes on to the end of the source because a quote is open: its last cell is more than a line, and
    /// no quote ends it.
    fn is_open(&mut self) -> bool {
        let of_lines = self.record.iter().next_back().is_some_and(|cell| cell.contains(['\n', '\r']));
        of_lines && self.offset() >= self.end && self.reader.get_ref().last != Some(b'"')
    }

    fn broken(&mut self, begun: u64, error: &csv::Error) -> Failure {
        match error.kind() {
            csv::ErrorKind::Utf8 { err, .. } => {
                let what = format!("cell {} is not UTF-8: save the file as UTF-8", err.field() + 1);
                self.fault(begun, &what)
            }
            csv::ErrorKind::Io(_) if self.reader.get_ref().left == 0 => {
                let what = format!("this row is longer than {ROW_BYTES_MAX} bytes: is a quote not closed?");
                Failure { kind: Kind::LimitExceeded, ..self.fault(begun, &what) }
            }
            csv::ErrorKind::Io(error) => broken(self.path, error),
            _ => self.fault(begun, &error.to_string()),
        }
    }

    /// What is wrong with the record that begins at `offset`, with its line.
    pub fn fault(&mut self, offset: u64, what: &str) -> Failure {
        let source = &mut self.reader.get_mut().source;
        // Counted only now: the lines of what comes before are of no use to anybody who reads a page.
        let line = source.rewind().map(|()| line_at(BufReader::new(source).bytes().map_while(Result::ok), offset));
        let line = line.map_or(String::new(), |line| format!(", line {line}"));
        Failure::new(Kind::ValidationError, format!("`{}`{line}: {what}", self.path)).detail("path", self.path)
    }
}

/// A source of which one record may take so much.
struct Watched<S> {
    source: S,
    /// What the record may still take.
    left: u64,
    /// The last byte that was no end of a line.
    last: Option<u8>,
}

impl<S: Read> Read for Watched<S> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let room = buffer.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        if room == 0 {
            return Err(std::io::Error::other("the row is too long"));
        }
        let read = self.source.read(&mut buffer[..room])?;
        self.left -= read as u64;
        self.last = buffer[..read].iter().rev().find(|byte| !matches!(byte, b'\r' | b'\n')).copied().or(self.last);
        Ok(read)
    }
}
