//! Batches as rows: how records are written, read back, and known to be whole.

use serde::de::DeserializeOwned;

use super::content::{self, Content, Fault};
use crate::base::id::RunId;
use crate::run::journal::{Batch, Broken, Mark};

/// The version of the vocabulary that rows are written in; rows of older ones are read for ever.
pub(super) const VERSION: i64 = 1;

/// A batch as a row of the journal.
pub(super) struct Row {
    pub mark: Mark,
    pub run: RunId,
    pub previous: Mark,
    pub first: u64,
    pub version: i64,
    pub records: Vec<u8>,
    pub sum: i64,
}

/// A row to be written, with the large parts of its records.
pub(super) struct Written {
    pub row: Row,
    pub contents: Vec<Content>,
}

impl Row {
    /// The row that keeps `batch` at `mark`.
    ///
    /// # Errors
    /// If the records are no data, which would be a fault in this program.
    pub(super) fn of(mark: Mark, batch: &Batch) -> Result<Written, Broken> {
        let unwritable = |error: serde_json::Error| {
            Broken(format!("records of the run `{}` cannot be written: {error}", batch.standing.run).into())
        };
        let (records, contents) = content::write(&batch.records).map_err(unwritable)?;
        let row = Self::sealed(mark, batch.standing.run.clone(), batch.previous, batch.first, VERSION, records);
        Ok(Written { row, contents })
    }

    /// A row that says this, with its sum.
    pub(super) fn sealed(
        mark: Mark,
        run: RunId,
        previous: Mark,
        first: u64,
        version: i64,
        records: impl Into<Vec<u8>>,
    ) -> Self {
        let mut row = Self { mark, run, previous, first, version, records: records.into(), sum: 0 };
        row.sum = row.checksum();
        row
    }

    /// The records it keeps, or what `T` reads of them. `find` gives the large parts by their digests.
    ///
    /// # Errors
    /// If it is not what was written, or by a later version.
    pub(super) fn open<T: DeserializeOwned>(
        &self,
        find: impl FnMut(&str) -> Result<Vec<u8>, Fault>,
    ) -> Result<T, Broken> {
        self.check()?;
        content::read(&self.records, find).map_err(|fault| self.damaged(&fault.0))
    }

    /// Whether it is what was written, and by a version that can be read.
    ///
    /// # Errors
    /// If it is not.
    pub(super) fn check(&self) -> Result<(), Broken> {
        if self.sum != self.checksum() {
            return Err(self.damaged("it is not what was written"));
        }
        if self.version > VERSION {
            return Err(self.damaged("it was written by a later version of this program"));
        }
        Ok(())
    }

    fn damaged(&self, what: &str) -> Broken {
        Broken(format!("the journal of the run `{}` is damaged at mark {}: {what}", self.run, self.mark.0).into())
    }

    /// The first eight bytes of BLAKE3 over everything the row says.
    fn checksum(&self) -> i64 {
        let mut hasher = blake3::Hasher::new();
        for number in [self.mark.0, self.previous.0, self.first, self.version.unsigned_abs()] {
            hasher.update(&number.to_le_bytes());
        }
        hasher.update(&(self.run.0.len() as u64).to_le_bytes());
        hasher.update(self.run.0.as_bytes());
        hasher.update(&self.records);
        let mut short = [0; 8];
        short.copy_from_slice(&hasher.finalize().as_bytes()[..8]);
        i64::from_le_bytes(short)
    }
}
