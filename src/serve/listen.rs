//! The socket: connections, their bounds, the graceful stop.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use axum::response::IntoResponse as _;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulConnection, GracefulShutdown};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::Sleep;
use tower::ServiceExt as _;

use super::linger::Lingering;
use super::problem::Problem;
use super::server::Server;
use crate::base::limit::{HTTP_HEAD_BYTES_MAX, HTTP_HEADERS_MAX};

/// How long answers that are under way have when the server stops.
const LAST_ANSWERS: Duration = Duration::from_secs(10);

/// How long it is waited after the system refused a connection: it has run out of something.
const BREATH: Duration = Duration::from_millis(50);

/// Where a request comes from.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub SocketAddr);

/// A socket that clients can connect to.
#[derive(Debug)]
pub struct Socket {
    listener: TcpListener,
    address: SocketAddr,
}

impl Socket {
    /// Takes `address`; with port 0, one that is free.
    ///
    /// # Errors
    /// Those of the operating system.
    pub async fn bind(address: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        Ok(Self { listener, address })
    }

    /// Where it is.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

/// Answers requests until the server is told to stop; then no more are taken, and answers that are under way go out.
pub async fn listen(socket: Socket, server: &Server, router: Router) {
    let places = Arc::new(Semaphore::new(server.limits().connections as usize));
    let connections = GracefulShutdown::new();
    let stopping = server.stopping();
    loop {
        let place = tokio::select! {
            place = places.clone().acquire_owned() => place,
            () = stopping.cancelled() => break,
        };
        let accepted = tokio::select! {
            accepted = socket.listener.accept() => accepted,
            () = stopping.cancelled() => break,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!("a connection could not be taken: {error}");
                tokio::time::sleep(BREATH).await;
                continue;
            }
        };
        let connection = connections.watch(connection(stream, Peer(peer), router.clone(), server.limits().patience));
        tokio::spawn(async move {
            // A client that breaks off has its reasons.
            let _ = connection.await;
            drop(place);
        });
    }
    drop(socket);
    if tokio::time::timeout(LAST_ANSWERS, connections.shutdown()).await.is_err() {
        tracing::warn!("some answers were still under way after {}s", LAST_ANSWERS.as_secs());
    }
}

fn connection(
    stream: TcpStream,
    peer: Peer,
    router: Router,
    patience: Duration,
) -> impl GracefulConnection<Error = hyper::Error> + Send + 'static {
    // Answers are written at once anyway.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request: Request<Incoming>| {
        let mut request = Lingering::of(request, patience).map(Body::new);
        request.extensions_mut().insert(peer);
        let router = router.clone();
        async move {
            match head_bytes(&request) > HTTP_HEAD_BYTES_MAX {
                true => Ok(Problem::head_too_large(HTTP_HEAD_BYTES_MAX).into_response()),
                false => router.oneshot(request).await,
            }
        }
    });
    http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(patience)
        .max_buf_size(HTTP_HEAD_BYTES_MAX)
        .max_headers(HTTP_HEADERS_MAX)
        .serve_connection(TokioIo::new(Patient { stream, patience, waiting: None }), service)
}

/// How large the head of a request was. The room it is read into is somewhat larger than the bound.
fn head_bytes(request: &Request<Body>) -> usize {
    let line = request.method().as_str().len() + request.uri().to_string().len();
    request.headers().iter().fold(line, |bytes, (name, value)| bytes + name.as_str().len() + value.len() + 4)
}

/// A stream to a client that must take what it is sent.
struct Patient {
    stream: TcpStream,
    /// How long it may take nothing.
    patience: Duration,
    /// Runs while the client takes nothing.
    waiting: Option<Pin<Box<Sleep>>>,
}

impl Patient {
    /// Hands on what came of writing, unless the client has taken nothing for too long.
    fn patiently<T>(&mut self, context: &mut Context<'_>, written: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.waiting = None;
            return written;
        }
        let patience = self.patience;
        let waiting = self.waiting.get_or_insert_with(|| Box::pin(tokio::time::sleep(patience)));
        match waiting.as_mut().poll(context) {
            Poll::Ready(()) => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
            Poll::Pending => Poll::Pending,
        }
    }
}

impl AsyncRead for Patient {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, into)
    }
}

impl AsyncWrite for Patient {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.patiently(context, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, parts);
        self.patiently(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let done = Pin::new(&mut self.stream).poll_shutdown(context);
        self.patiently(context, done)
    }
}
