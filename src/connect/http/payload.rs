//! The body of a request on its way, which tells whether any of it has been asked for.

use std::collections::VecDeque;
use std::io;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_util::Stream as _;
use http_body::{Body, Frame, SizeHint};
use tokio::io::{AsyncReadExt as _, Take};
use tokio_util::io::ReaderStream;

use crate::connect::files::passing::Outgoing;

/// Whether a request has begun to leave: its body is asked for only when there is a connection to write it to.
#[derive(Clone, Debug, Default)]
pub struct Departure(Arc<AtomicBool>);

impl Departure {
    /// Whether some of the body may have left.
    pub fn happened(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// A piece of a body.
#[derive(Clone, Debug)]
pub enum Piece {
    /// These bytes.
    Bytes(Bytes),
    /// What is in a file, read as it leaves.
    File(Outgoing),
}

impl Piece {
    /// How long it is.
    pub fn len(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::File(file) => file.bytes,
        }
    }
}

impl<T: Into<Bytes>> From<T> for Piece {
    fn from(bytes: T) -> Self {
        Self::Bytes(bytes.into())
    }
}

/// Pieces that leave one after the other. Their length is known beforehand.
pub struct Observed {
    pieces: VecDeque<Piece>,
    open: Option<(PathBuf, ReaderStream<Take<tokio::fs::File>>)>,
    left: u64,
    departure: Departure,
}

impl Observed {
    /// A body that sets `departure` when it is asked for. Must not be empty: nobody asks for an empty one.
    pub fn new(pieces: impl IntoIterator<Item = Piece>, departure: Departure) -> Self {
        let pieces: VecDeque<Piece> = pieces.into_iter().filter(|piece| piece.len() > 0).collect();
        let left = pieces.iter().map(Piece::len).sum();
        Self { pieces, open: None, left, departure }
    }
}

impl Body for Observed {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        self.departure.0.store(true, Ordering::Release);
        loop {
            if let Some((_, reader)) = &mut self.open {
                match ready!(Pin::new(reader).poll_next(context)) {
                    Some(Ok(bytes)) => {
                        self.left -= bytes.len() as u64;
                        return Poll::Ready(Some(Ok(Frame::data(bytes))));
                    }
                    Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                    None => self.open = None,
                }
            }
            match self.pieces.pop_front() {
                Some(Piece::Bytes(bytes)) => {
                    self.left -= bytes.len() as u64;
                    return Poll::Ready(Some(Ok(Frame::data(bytes))));
                }
                Some(Piece::File(file)) => {
                    // Opening a file that is there takes no time worth a thread of its own.
                    let opened = file.open()?;
                    let reader = tokio::fs::File::from_std(opened).take(file.bytes);
                    self.open = Some((file.file, ReaderStream::with_capacity(reader, 64 * 1024)));
                }
                None if self.left > 0 => {
                    return Poll::Ready(Some(Err(io::Error::other("the file became shorter while it was sent"))));
                }
                None => return Poll::Ready(None),
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}
