//! Encrypted connections whose far side proves who it is.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::tls::{ChannelBinding, TlsConnect, TlsStream};
use tokio_rustls::TlsConnector;

use super::guarded::{Guarded, Limit};
use crate::connect::databases::Server;
use crate::connect::tls::trusting;

/// Makes encrypted connections to one server.
#[derive(Clone)]
pub struct Encrypted(TlsConnector);

impl Encrypted {
    /// Trusts the certificates of `server.ca_file`, or where it names none those of the system.
    ///
    /// # Errors
    /// What is wrong with the certificates.
    pub fn new(server: &Server) -> Result<Self, String> {
        Ok(Self(TlsConnector::from(trusting(server.ca_file.as_deref())?)))
    }

    /// A handshake with the server of this name, whose messages may be so large.
    ///
    /// # Errors
    /// That it is no name of a server.
    pub fn handshake(&self, name: &str, limit: Limit) -> Result<Handshake, String> {
        let name = ServerName::try_from(name.to_owned()).map_err(|error| error.to_string())?;
        Ok(Handshake { connector: self.0.clone(), name, limit })
    }
}

/// One handshake to be made.
pub struct Handshake {
    connector: TlsConnector,
    name: ServerName<'static>,
    limit: Limit,
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> TlsConnect<S> for Handshake {
    type Stream = Stream<S>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Stream<S>>> + Send>>;

    fn connect(self, stream: S) -> Self::Future {
        let encrypted = self.connector.connect(self.name, stream);
        Box::pin(async move { Ok(Stream(Guarded::new(encrypted.await?, self.limit))) })
    }
}

/// An encrypted connection.
pub struct Stream<S>(Guarded<tokio_rustls::client::TlsStream<S>>);

impl<S: AsyncRead + AsyncWrite + Unpin> TlsStream for Stream<S> {
    fn channel_binding(&self) -> ChannelBinding {
        ChannelBinding::none()
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Stream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Stream<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}
