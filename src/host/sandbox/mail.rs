//! The SMTP stand-in: takes every message and keeps it.

use base64::Engine as _;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

use super::{Record, Sent};
use crate::base::value::Value;

/// How long a line may be, in bytes; mail servers allow less.
const LINE_BYTES_MAX: u64 = 64 * 1024;
/// How large a message may be, in bytes.
const MESSAGE_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Serves until it is aborted.
pub async fn serve(listener: TcpListener, record: Record) {
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        let record = record.clone();
        tokio::spawn(async move {
            // A connection that breaks is the client's affair.
            let _ = converse(stream, &record).await;
        });
    }
}

async fn converse(stream: TcpStream, record: &Record) -> std::io::Result<()> {
    let (reader, mut writer) = stream.into_split();
    let mut reader = BufReader::new(reader);
    writer.write_all(b"220 sandbox ready\r\n").await?;
    let mut recipients: Vec<String> = Vec::new();
    loop {
        let Some(line) = line(&mut reader).await? else { return Ok(()) };
        let verb: String = line.chars().take_while(char::is_ascii_alphabetic).collect::<String>().to_uppercase();
        let reply: &[u8] = match verb.as_str() {
            "EHLO" => b"250-sandbox\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 AUTH PLAIN LOGIN XOAUTH2\r\n",
            "AUTH" if line.to_uppercase().contains("LOGIN") => {
                for question in ["334 VXNlcm5hbWU6\r\n", "334 UGFzc3dvcmQ6\r\n"] {
                    writer.write_all(question.as_bytes()).await?;
                    self::line(&mut reader).await?;
                }
                b"235 any credentials will do\r\n"
            }
            "AUTH" => b"235 any credentials will do\r\n",
            "MAIL" | "RSET" => {
                recipients.clear();
                b"250 ok\r\n"
            }
            "RCPT" => {
                recipients
                    .extend(line.split_once('<').and_then(|(_, rest)| rest.split_once('>')).map(|it| it.0.to_owned()));
                b"250 ok\r\n"
            }
            "DATA" => {
                writer.write_all(b"354 go ahead\r\n").await?;
                let message = message(&mut reader).await?;
                record.take(sent(&recipients, &message));
                b"250 ok: kept in the sandbox\r\n"
            }
            "QUIT" => {
                writer.write_all(b"221 bye\r\n").await?;
                return Ok(());
            }
            _ => b"250 ok\r\n",
        };
        writer.write_all(reply).await?;
    }
}

/// One line without its end; `None` at the end of the connection.
async fn line(reader: &mut (impl tokio::io::AsyncBufRead + Unpin)) -> std::io::Result<Option<String>> {
    let mut bytes = Vec::new();
    if reader.take(LINE_BYTES_MAX).read_until(b'\n', &mut bytes).await? == 0 {
        return Ok(None);
    }
    let text = String::from_utf8_lossy(&bytes);
    Ok(Some(text.trim_end_matches(['\r', '\n']).to_owned()))
}

/// All lines up to the one with a single dot.
async fn message(reader: &mut (impl tokio::io::AsyncBufRead + Unpin)) -> std::io::Result<String> {
    let mut text = String::new();
    while let Some(line) = line(reader).await? {
        if line == "." {
            return Ok(text);
        }
        text.push_str(line.strip_prefix('.').unwrap_or(&line));
        text.push('\n');
        if text.len() > MESSAGE_BYTES_MAX {
            break;
        }
    }
    Err(std::io::Error::other("the message has no end"))
}

fn sent(recipients: &[String], message: &str) -> Sent {
    let subject = header(message, "Subject").unwrap_or_default();
    let summary = format!("mail to {}: {subject}", recipients.join(", ")).into();
    let body = Value::map([
        ("to", Value::list(recipients.iter().map(|to| to.as_str().into()))),
        ("from", header(message, "From").unwrap_or_default().into()),
        ("subject", subject.into()),
        ("message_id", header(message, "Message-ID").unwrap_or_default().into()),
        ("message", message.into()),
    ]);
    Sent { connector: "email".into(), operation: Some("send".into()), summary, body, answer: "250 ok".into() }
}

/// A header of a message, unfolded, with encoded words decoded.
fn header(message: &str, name: &str) -> Option<String> {
    let mut lines = message.lines().take_while(|line| !line.is_empty());
    let found = lines.by_ref().find_map(|line| {
        let (own, value) = line.split_once(':')?;
        own.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
    })?;
    let folded = lines.take_while(|line| line.starts_with([' ', '\t']));
    Some(decoded(&folded.fold(found, |text, line| format!("{text} {}", line.trim()))))
}

/// `=?utf-8?b?...?=` words as text; blanks between two of them do not count.
fn decoded(text: &str) -> String {
    let mut out = String::new();
    let mut after_word = false;
    for word in text.split(' ') {
        let inner = word.strip_prefix("=?utf-8?b?").and_then(|rest| rest.strip_suffix("?="));
        let bytes = inner.and_then(|inner| base64::engine::general_purpose::STANDARD.decode(inner).ok());
        let plain = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
        let joins = after_word && plain.is_some();
        if !out.is_empty() && !joins {
            out.push(' ');
        }
        after_word = plain.is_some();
        out.push_str(plain.as_deref().unwrap_or(word));
    }
    out
}
