//! The records of a run batch by batch: however many there are, one batch of them is in memory.

use futures_util::StreamExt as _;
use futures_util::stream::{self, BoxStream};

use super::reader;
use super::readers::Readers;
use crate::base::id::RunId;
use crate::run::event::Record;
use crate::run::journal::{Broken, Mark};

/// The records of the batches at these marks, the first one last.
pub(super) fn parts(readers: Readers, run: RunId, marks: Vec<Mark>) -> BoxStream<'static, Result<Vec<Record>, Broken>> {
    stream::try_unfold((readers, run, marks, 0), async |(readers, run, mut marks, before)| {
        let Some(mark) = marks.pop() else { return Ok(None) };
        let of = run.clone();
        let records = readers.read(move |connection| reader::part(connection, &of, mark, before)).await?;
        let before = before + records.len() as u64;
        Ok(Some((records, (readers, run, marks, before))))
    })
    .boxed()
}
