//! Batches as rows: how records are written, read back, and known to be whole.

use rusqlite::Connection;
use serde::de::DeserializeOwned;
use serde_json::Value as Json;
use serde_json::value::RawValue;

use super::content::{self, Fault};
use super::{hiding, reader, writer};
use crate::base::id::{Digest, RunId};
use crate::run::event::Record;
use crate::run::journal::{Batch, Broken, Mark};

/// The version of the vocabulary that rows are written in; rows of older ones are read for ever.
const VERSION: i64 = 1;

/// The same, where secrets are sealed: whoever knows nothing of that must not take them for something else.
const SEALED: i64 = 2;

/// Where a record may say an output, as it is stored: of what ended, and of a statement that only computes.
const OUTCOME: &str = "/event/outcome/output";
const COMPUTED: &str = "/event/value";

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

impl Row {
    /// The row that keeps `batch` at `mark`, its secrets sealed. `keep` is given the large parts of its records.
    ///
    /// # Errors
    /// What `keep` says, or if the records are no data, which would be a fault in this program, or cannot be sealed.
    pub(super) fn of(
        connection: &Connection,
        mark: Mark,
        batch: &Batch,
        keep: &mut impl FnMut(Digest, &[u8]) -> Result<(), writer::Fault>,
    ) -> Result<Self, writer::Fault> {
        let run = batch.standing.run.clone();
        let mut version = VERSION;
        let mut form = |record: &Record| {
            let (json, hides) = hiding::write(connection, &run.0, record)?;
            version = if hides { SEALED } else { version };
            Ok(json)
        };
        let records = content::write(&batch.records, &mut form, keep)?;
        Ok(Self::sealed(mark, run, batch.previous, batch.first, version, records))
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

    /// The records it keeps, or what `T` reads of them, with their large parts and with their secrets opened.
    ///
    /// # Errors
    /// If it is not what was written, or by a later version, or cannot be opened.
    pub(super) fn open<T: DeserializeOwned>(&self, connection: &Connection) -> Result<T, Broken> {
        self.check()?;
        let find = &mut |digest, whole: &mut Vec<u8>| reader::content(connection, digest, whole);
        let read = match content::next_mark(&self.records) {
            // Most records have neither.
            content::Mark::None if self.version < SEALED => content::parse(&self.records).map_err(Fault::from),
            _ => content::whole(&self.records, find).and_then(|whole| self.revealed(connection, whole)),
        };
        read.map_err(|fault| self.damaged(&fault.0))
    }

    /// The records it keeps without their large parts; with them where they are no records without.
    ///
    /// # Errors
    /// As [`Row::open`].
    pub(super) fn outline(&self, connection: &Connection) -> Result<Vec<Record>, Broken> {
        self.check()?;
        let outline = content::outline(&self.records, &mut |digest| reader::begins(connection, digest));
        outline.and_then(|left| self.revealed(connection, left)).or_else(|_| self.open(connection))
    }

    fn revealed<T: DeserializeOwned>(&self, connection: &Connection, json: Vec<u8>) -> Result<T, Fault> {
        let json = if self.version < SEALED { json } else { hiding::reveal(connection, &self.run.0, json)? };
        Ok(content::parse(&json)?)
    }

    /// The output that one of its records says of what ended with it, in JSON with marks where its large parts are.
    ///
    /// # Errors
    /// If it is not what was written, or by a later version.
    pub(super) fn output(&self, place: usize) -> Result<Option<Vec<u8>>, Broken> {
        self.check()?;
        let output = content::parse::<Vec<&RawValue>>(&self.records).map_err(Fault::from).and_then(|records| {
            let Some(record) = records.get(place) else { return Ok(None) };
            let record: Json = content::parse(record.get().as_bytes())?;
            let computed = record.pointer("/event/event").is_some_and(|word| word == "computed");
            let output = record.pointer(if computed { COMPUTED } else { OUTCOME });
            Ok(output.map(|json| json.to_string().into_bytes()))
        });
        output.map_err(|fault| self.damaged(&fault.0))
    }

    /// How many records it keeps.
    ///
    /// # Errors
    /// As [`Row::open`].
    pub(super) fn count(&self) -> Result<usize, Broken> {
        self.check()?;
        let records = content::parse::<Vec<&RawValue>>(&self.records).map_err(Fault::from);
        records.map(|records| records.len()).map_err(|fault| self.damaged(&fault.0))
    }

    /// Whether it is what was written, and by a version that can be read.
    ///
    /// # Errors
    /// If it is not.
    pub(super) fn check(&self) -> Result<(), Broken> {
        if self.sum != self.checksum() {
            return Err(self.damaged("it is not what was written"));
        }
        if self.version > SEALED {
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
