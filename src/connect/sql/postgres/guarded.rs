//! A connection that breaks off before a message is read that is larger than may be: a row comes in one piece, and would be in
//! memory before anybody could look at it.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// How many bytes the head of a message has: its type, and its length without that.
const HEAD: usize = 5;

/// How large a message may be, and whether one was larger.
#[derive(Clone, Debug)]
pub struct Limit {
    /// In bytes.
    pub bytes: usize,
    exceeded: Arc<AtomicBool>,
}

impl Limit {
    /// So many bytes.
    pub fn new(bytes: usize) -> Self {
        Self { bytes, exceeded: Arc::default() }
    }

    /// Whether the connection has broken off for its sake.
    pub fn is_exceeded(&self) -> bool {
        self.exceeded.load(Ordering::Relaxed)
    }
}

/// A connection whose messages are looked at as they come.
pub struct Guarded<S> {
    stream: S,
    limit: Limit,
    head: Vec<u8>,
    /// How much of the body of a message is still to come.
    left: usize,
}

impl<S> Guarded<S> {
    /// Nothing has come yet.
    pub fn new(stream: S, limit: Limit) -> Self {
        Self { stream, limit, head: Vec::with_capacity(HEAD), left: 0 }
    }

    fn look(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            let passed = self.left.min(bytes.len());
            self.left -= passed;
            bytes = &bytes[passed..];
            let missing = (HEAD - self.head.len()).min(bytes.len());
            self.head.extend_from_slice(&bytes[..missing]);
            bytes = &bytes[missing..];
            if let [_, a, b, c, d] = *self.head {
                self.left = (u32::from_be_bytes([a, b, c, d]) as usize).saturating_sub(HEAD - 1);
                self.head.clear();
            }
            if self.left > self.limit.bytes {
                self.limit.exceeded.store(true, Ordering::Relaxed);
                return Err(io::Error::other("a row is larger than may be"));
            }
        }
        Ok(())
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Guarded<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let known = buffer.filled().len();
        match Pin::new(&mut self.stream).poll_read(context, buffer) {
            Poll::Ready(Ok(())) => Poll::Ready(self.look(&buffer.filled()[known..])),
            other => other,
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Guarded<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
