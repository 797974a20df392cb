//! A server on loopback that does exactly what a test tells it, misbehaviour included.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

/// What the peer does with one connection.
#[derive(Clone)]
pub enum Deed {
    /// Answers the request with these bytes and closes.
    Say(String),
    /// The same for what is no UTF-8.
    Bytes(Vec<u8>),
    /// Reads the request and closes without a word.
    Close,
    /// Closes without reading.
    Reset,
    /// Reads the request and never answers.
    Silence,
    /// Says this, and no more for ever.
    Stall(String),
    /// Says this without having been asked, and closes.
    Blurt(String),
    /// Answers the request after a while, and closes.
    Late(std::time::Duration, String),
    /// Breaks the connection when something of the request has come.
    Break,
}

/// A whole answer.
pub fn answer(status: u16, headers: &str, body: &str) -> Deed {
    Deed::Say(format!("HTTP/1.1 {status} X\r\nContent-Length: {}\r\n{headers}\r\n{body}", body.len()))
}

/// An answer in JSON.
pub fn says(status: u16, body: &str) -> Deed {
    answer(status, "Content-Type: application/json\r\n", body)
}

/// A running peer.
pub struct Peer {
    /// Where it listens.
    pub address: SocketAddr,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Peer {
    /// Does `deeds` one after the other, one for each connection; the last one again and again.
    pub async fn new(deeds: impl IntoIterator<Item = Deed>) -> Self {
        Self::with(|_| deeds).await
    }

    /// As [`Peer::new`], for deeds that depend on the peer's own address.
    pub async fn with<I: IntoIterator<Item = Deed>>(deeds: impl FnOnce(SocketAddr) -> I) -> Self {
        Self::listening(None, deeds).await
    }

    /// As [`Peer::new`], over TLS.
    pub async fn encrypted(tls: TlsAcceptor, deeds: impl IntoIterator<Item = Deed>) -> Self {
        Self::listening(Some(tls), |_| deeds).await
    }

    async fn listening<I: IntoIterator<Item = Deed>>(
        tls: Option<TlsAcceptor>,
        deeds: impl FnOnce(SocketAddr) -> I,
    ) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port on loopback");
        let address = listener.local_addr().expect("an address");
        let deeds: Vec<Deed> = deeds(address).into_iter().collect();
        let requests: Arc<Mutex<Vec<String>>> = Arc::default();
        let seen = requests.clone();
        tokio::spawn(async move {
            for turn in 0.. {
                let Ok((stream, _)) = listener.accept().await else { return };
                let deed = deeds[usize::min(turn, deeds.len() - 1)].clone();
                tokio::spawn(take(stream, tls.clone(), deed, seen.clone()));
            }
        });
        Self { address, requests }
    }

    /// An address at the peer.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The requests that came, whole.
    pub fn requests(&self) -> Vec<String> {
        self.requests.lock().expect("no test panics while it holds this").clone()
    }
}

async fn take(mut stream: TcpStream, tls: Option<TlsAcceptor>, deed: Deed, seen: Arc<Mutex<Vec<String>>>) {
    if matches!(deed, Deed::Reset | Deed::Break) {
        let _ = stream.set_zero_linger();
        if matches!(deed, Deed::Break) {
            let _ = stream.read(&mut [0; 64]).await;
        }
        return;
    }
    if let Deed::Blurt(text) = &deed {
        let _ = stream.write_all(text.as_bytes()).await;
        let _ = stream.shutdown().await;
        // Closing with something unread would be a reset.
        let _ = stream.read(&mut [0; 4096]).await;
        return;
    }
    match tls {
        Some(tls) => {
            // Who does not trust the certificate breaks off.
            if let Ok(stream) = tls.accept(stream).await {
                carry_out(stream, deed, seen).await;
            }
        }
        None => carry_out(stream, deed, seen).await,
    }
}

async fn carry_out(mut stream: impl AsyncRead + AsyncWrite + Unpin, deed: Deed, seen: Arc<Mutex<Vec<String>>>) {
    let Some(request) = read(&mut stream).await else { return };
    seen.lock().expect("no test panics while it holds this").push(request);
    match deed {
        Deed::Say(text) => say(stream, text.as_bytes()).await,
        Deed::Bytes(bytes) => say(stream, &bytes).await,
        Deed::Silence => std::future::pending().await,
        Deed::Late(while_, text) => {
            tokio::time::sleep(while_).await;
            say(stream, text.as_bytes()).await;
        }
        Deed::Stall(text) => {
            let _ = stream.write_all(text.as_bytes()).await;
            let _ = stream.flush().await;
            std::future::pending().await
        }
        Deed::Close | Deed::Reset | Deed::Break | Deed::Blurt(_) => {}
    }
}

/// One answer for each connection: its first line is followed by the word that this is the end.
async fn say(mut stream: impl AsyncWrite + Unpin, answer: &[u8]) {
    let line = answer.windows(2).position(|pair| pair == b"\r\n").map_or(answer.len(), |at| at + 2);
    let (first, rest) = answer.split_at(line);
    let _ = stream.write_all(&[first, b"Connection: close\r\n", rest].concat()).await;
    let _ = stream.shutdown().await;
}

/// One request with its body.
async fn read(stream: &mut (impl AsyncRead + Unpin)) -> Option<String> {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| {
                let (name, value) = line.split_once(':')?;
                name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
            });
            let chunked = head.to_lowercase().contains("transfer-encoding: chunked");
            let whole = if chunked { body.ends_with("0\r\n\r\n") } else { body.len() >= length.unwrap_or(0) };
            if whole {
                return Some(text);
            }
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
}
