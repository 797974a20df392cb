//! Reading a value piece by piece, its large parts put back where they are come to: however large it is, a few pieces of it are in
//! memory.

use std::sync::Arc;

use futures_util::StreamExt as _;
use futures_util::stream;

use super::content::{Fault, MARK_BYTES, Mark, OPENS, next_mark};
use super::reader;
use super::readers::Readers;
use crate::base::id::{Digest, Digesting};
use crate::run::journal::{Broken, Pieces};

/// JSON with marks in it, and the same without, in pieces. `what` it belongs to is said where something is wrong.
pub(super) fn of(json: Vec<u8>, readers: Readers, what: Arc<str>) -> Pieces {
    let reading = Reading { readers, what, open: vec![Part::whole(json)] };
    stream::try_unfold(reading, async |mut reading| Ok(reading.next().await?.map(|piece| (piece, reading)))).boxed()
}

struct Reading {
    readers: Readers,
    what: Arc<str>,
    /// What is being read, each part within the one before.
    open: Vec<Part>,
}

impl Reading {
    /// The next piece; none behind the last.
    async fn next(&mut self) -> Result<Option<Vec<u8>>, Broken> {
        let what = self.what.clone();
        let damaged = |fault: Fault| Broken(format!("{what} is damaged: {}", fault.0).into());
        while let Some(part) = self.open.last_mut() {
            match part.next().map_err(damaged)? {
                Next::Bytes(bytes) => return Ok(Some(bytes)),
                Next::Within(digest) => self.open.push(Part::kept(digest)),
                Next::More(digest, from) => {
                    let piece =
                        self.readers.read(move |connection| Ok(reader::piece(connection, digest, from)?)).await?;
                    part.take(piece).map_err(damaged)?;
                }
                Next::End => drop(self.open.pop()),
            }
        }
        Ok(None)
    }
}

/// What is being read.
struct Part {
    /// What is there of it, and how much of that was passed on.
    there: Vec<u8>,
    passed: usize,
    /// What is not there yet.
    more: Option<More>,
}

/// What is to be read of a large part.
struct More {
    digest: Digest,
    /// How many bytes of it were read.
    read: u64,
    sum: Digesting,
}

enum Next {
    /// These bytes.
    Bytes(Vec<u8>),
    /// First another part.
    Within(Digest),
    /// More of this part is to be read, from this byte on.
    More(Digest, u64),
    End,
}

impl Part {
    fn whole(there: Vec<u8>) -> Self {
        Self { there, passed: 0, more: None }
    }

    fn kept(digest: Digest) -> Self {
        Self { there: Vec::new(), passed: 0, more: Some(More { digest, read: 0, sum: Digesting::default() }) }
    }

    /// Takes a piece that was read; none behind the last.
    fn take(&mut self, piece: Option<Vec<u8>>) -> Result<(), Fault> {
        let Some(more) = &mut self.more else { return Ok(()) };
        match piece {
            Some(piece) => {
                more.read += piece.len() as u64;
                more.sum.add(&piece);
                self.there.drain(..self.passed);
                self.there.extend_from_slice(&piece);
                self.passed = 0;
            }
            None => {
                reader::is_sound(more.digest, more.read, more.sum.digest())?;
                self.more = None;
            }
        }
        Ok(())
    }

    fn next(&mut self) -> Result<Next, Fault> {
        let rest = self.there.get(self.passed..).unwrap_or_default();
        let ready = match next_mark(rest) {
            Mark::At(0, digest) => {
                self.passed += MARK_BYTES;
                return Ok(Next::Within(digest));
            }
            Mark::Cut(_) if self.more.is_none() => return Err(Fault("a mark in it has no end".to_owned())),
            Mark::At(at, _) | Mark::Cut(at) => at,
            // A mark may begin at the end of what is there.
            Mark::None if self.more.is_some() => rest.len().saturating_sub(OPENS.len() - 1),
            Mark::None => rest.len(),
        };
        if ready > 0 {
            let bytes = rest.get(..ready).unwrap_or_default().to_vec();
            self.passed += ready;
            return Ok(Next::Bytes(bytes));
        }
        Ok(self.more.as_ref().map_or(Next::End, |more| Next::More(more.digest, more.read)))
    }
}
