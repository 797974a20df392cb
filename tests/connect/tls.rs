//! `email.send` to a server that encrypts, with certificates made for the test.

use std::path::Path;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use super::authority::certified;
use super::desk::{failure, value};
use super::mail::{PLAIN, send};

/// What the client said, each line with whether it came encrypted.
type Heard = Arc<Mutex<Vec<(bool, String)>>>;

/// A server that agrees to everything; `at_once` encrypts from the first byte, otherwise `STARTTLS` begins it.
async fn server(tls: TlsAcceptor, at_once: bool) -> (u16, Heard) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port on loopback");
    let port = listener.local_addr().expect("an address").port();
    let heard = Heard::default();
    let keep = heard.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            // A client that breaks off is a part of these tests.
            let _ = serve(stream, &tls, at_once, &keep).await;
        }
    });
    (port, heard)
}

async fn serve(stream: TcpStream, tls: &TlsAcceptor, at_once: bool, heard: &Heard) -> std::io::Result<()> {
    if at_once {
        return converse(tls.accept(stream).await?, true, true, heard).await.map(drop);
    }
    if let Some(stream) = converse(stream, false, true, heard).await? {
        converse(tls.accept(stream).await?, true, false, heard).await?;
    }
    Ok(())
}

/// Talks until the end, or until the client wants to encrypt: then the stream comes back.
async fn converse<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
    encrypted: bool,
    greets: bool,
    heard: &Heard,
) -> std::io::Result<Option<S>> {
    let mut stream = BufReader::new(stream);
    if greets {
        stream.write_all(b"220 here\r\n").await?;
    }
    let mut content = false;
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(None);
        }
        let line = line.trim_end().to_owned();
        heard.lock().expect("no test panics while it holds this").push((encrypted, line.clone()));
        let word = line.split([' ', ':']).next().unwrap_or_default();
        let reply: &[u8] = match word {
            "." => b"250 kept",
            _ if content => continue,
            "EHLO" if encrypted => b"250-here\r\n250 AUTH PLAIN",
            "EHLO" => b"250-here\r\n250-AUTH PLAIN\r\n250 STARTTLS",
            "STARTTLS" => b"220 go on",
            "DATA" => b"354 go on",
            "AUTH" => b"235 welcome",
            "QUIT" => b"221 bye",
            _ => b"250 ok",
        };
        content = word == "DATA";
        stream.write_all(&[reply, b"\r\n"].concat()).await?;
        stream.flush().await?;
        if word == "STARTTLS" {
            return Ok(Some(stream.into_inner()));
        }
    }
}

/// The settings of a client that trusts `ca`, in a directory of its own.
fn trusting(ca: &str) -> tempfile::TempDir {
    let home = tempfile::tempdir().expect("a directory");
    std::fs::write(home.path().join("ca.pem"), ca).expect("a file");
    home
}

fn lines(heard: &Heard) -> Vec<(bool, String)> {
    heard.lock().expect("the server lives").clone()
}

const USER: [(&str, &str); 3] = [("user", "ada"), ("password", "pw"), ("ca_file", "ca.pem")];

#[tokio::test]
async fn a_message_goes_encrypted_from_the_first_byte_or_after_starttls() {
    for (security, at_once) in [("tls", true), ("starttls", false)] {
        let (ca, tls) = certified("127.0.0.1");
        let (port, heard) = server(tls, at_once).await;
        let settings = [&USER[..], &[("security", security)]].concat();
        let got = value(send(port, trusting(&ca).path(), PLAIN, &settings).await);
        assert_eq!(got["accepted"], serde_json::json!(["ada@example.com"]), "{security}");
        let heard = lines(&heard);
        let plain: Vec<&str> =
            heard.iter().filter(|(encrypted, _)| !encrypted).map(|(_, line)| line.as_str()).collect();
        if at_once {
            assert!(plain.is_empty(), "{plain:?}");
        } else {
            assert!(plain.len() == 2 && plain[0].starts_with("EHLO ") && plain[1] == "STARTTLS", "{plain:?}");
        }
        for expected in ["AUTH PLAIN ", "MAIL FROM:<flow@example.com>", "RCPT TO:<ada@example.com>", "Hello."] {
            assert!(heard.iter().any(|(_, line)| line.starts_with(expected)), "{security}: {expected} in {heard:?}");
        }
    }
}

#[tokio::test]
async fn a_server_that_cannot_prove_its_name_gets_nothing() {
    let (ca, _) = certified("127.0.0.1");
    let (own_ca, other_name) = certified("mail.example");
    for (why, trusted, tls) in [
        ("its authority is another one", ca.as_str(), certified("127.0.0.1").1),
        ("it proves another name", own_ca.as_str(), other_name),
    ] {
        for (security, at_once) in [("tls", true), ("starttls", false)] {
            let (port, heard) = server(tls.clone(), at_once).await;
            let settings = [&USER[..], &[("security", security)]].concat();
            let (failure, certain) = failure(send(port, trusting(trusted).path(), PLAIN, &settings).await);
            assert_eq!((failure.kind.name(), certain), ("connection_error", true), "{why}: {}", failure.message);
            assert!(failure.message.contains("certificate"), "{why}: {}", failure.message);
            let heard = lines(&heard);
            assert!(!heard.iter().any(|(_, line)| line.starts_with("AUTH") || line.starts_with("MAIL")), "{heard:?}");
        }
    }
}

#[tokio::test]
async fn without_an_authority_of_its_own_it_trusts_those_of_the_machine() {
    let (_, tls) = certified("127.0.0.1");
    let (port, heard) = server(tls, true).await;
    let (failure, certain) = failure(send(port, Path::new("."), PLAIN, &[("security", "tls")]).await);
    assert_eq!((failure.kind.name(), certain), ("connection_error", true), "{}", failure.message);
    assert!(lines(&heard).is_empty());
}

#[tokio::test]
async fn an_authority_that_cannot_be_read_is_said_so() {
    for (pem, why) in [("nonsense", "it holds no certificate"), ("", "it holds no certificate")] {
        let home = trusting(pem);
        let settings = [("security", "tls"), ("ca_file", "ca.pem")];
        let (failure, certain) = failure(send(1, home.path(), PLAIN, &settings).await);
        assert_eq!((failure.kind.name(), certain), ("validation_error", true), "{pem:?}: {}", failure.message);
        assert!(failure.message.contains(why), "{}", failure.message);
    }
}
