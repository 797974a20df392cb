//! Messages over standard input and output. What is no message is refused with its reason, and costs nothing else; only where
//! one message cannot be told from the next is the conversation over.

use std::io::{self, BufRead, Read as _, Write as _};
use std::sync::{Arc, OnceLock};
use std::thread::{self, JoinHandle};

use crossbeam_channel::Sender;
use lsp_server::{Connection, ErrorCode, Message};
use serde_json::{Value as Json, json};

/// How large one message may be, in bytes.
const MESSAGE_BYTES_MAX: u64 = 256 * 1024 * 1024;
/// How long one line of a message's head may be, in bytes.
const HEAD_BYTES_MAX: u64 = 4 * 1024;

/// What stands behind a conversation.
pub struct Wire {
    writer: JoinHandle<()>,
    /// Why the conversation could not go on; there before whoever listens hears that nothing more comes.
    broken: Arc<OnceLock<String>>,
}

impl Wire {
    /// Why the conversation could not go on, if that is so. Waits for what is still to be written.
    pub fn end(self) -> Result<(), String> {
        let _ = self.writer.join();
        self.broken.get().map_or(Ok(()), |why| Err(why.clone()))
    }
}

/// The conversation with whoever is at the other end of standard input and output.
pub fn stdio() -> (Connection, Wire) {
    let (connection, far) = Connection::memory();
    let broken = Arc::new(OnceLock::new());
    let told = broken.clone();
    thread::spawn(move || {
        if let Err(why) = read(&mut io::stdin().lock(), &far.sender) {
            let _ = told.set(why);
        }
        drop(far.sender);
    });
    let writer = thread::spawn(move || {
        for message in far.receiver {
            let mut text = serde_json::to_value(&message).unwrap_or_default();
            text["jsonrpc"] = "2.0".into();
            write(&text);
        }
    });
    (connection, Wire { writer, broken })
}

/// Writes a message, whole; where nobody reads any more, there is nothing to be done about it.
fn write(message: &Json) {
    let text = message.to_string();
    let mut out = io::stdout().lock();
    let _ = write!(out, "Content-Length: {}\r\n\r\n{text}", text.len()).and_then(|()| out.flush());
}

/// Passes on what comes in, until nothing more does.
fn read(from: &mut impl BufRead, to: &Sender<Message>) -> Result<(), String> {
    while let Some(body) = body(from)? {
        match understood(&body) {
            Ok(message) => {
                let last = matches!(&message, Message::Notification(exit) if exit.method == "exit");
                if to.send(message).is_err() || last {
                    return Ok(());
                }
            }
            Err(refusal) => write(&refusal),
        }
    }
    Ok(())
}

/// The bytes of the next message; none where the editor has gone.
fn body(from: &mut impl BufRead) -> Result<Option<Vec<u8>>, String> {
    let broken = |error: io::Error| format!("the editor's messages cannot be read: {error}");
    let mut length = None;
    loop {
        let mut line = Vec::new();
        from.by_ref().take(HEAD_BYTES_MAX).read_until(b'\n', &mut line).map_err(broken)?;
        if line.is_empty() {
            return Ok(None);
        }
        let line = String::from_utf8_lossy(&line);
        let line = line.trim_end();
        if line.is_empty() {
            break;
        }
        let Some((name, value)) = line.split_once(':') else {
            let shown: String = line.chars().take(60).collect();
            return Err(format!(
                "a message begins with `Content-Length: ` and how many bytes it has, not with `{shown}`"
            ));
        };
        if name.eq_ignore_ascii_case("content-length") {
            let bytes = value.trim().parse::<u64>();
            let bytes = bytes.map_err(|_| format!("`Content-Length:{value}` is no number of bytes"))?;
            if bytes > MESSAGE_BYTES_MAX {
                return Err(format!("a message of {bytes} bytes is announced, and one may have {MESSAGE_BYTES_MAX}"));
            }
            length = Some(bytes);
        }
    }
    let length = length.ok_or("a message does not say by `Content-Length: ` how many bytes it has")?;
    let mut body = Vec::new();
    from.by_ref().take(length).read_to_end(&mut body).map_err(broken)?;
    Ok((body.len() as u64 == length).then_some(body))
}

/// The message that these bytes are, or what is answered to them.
fn understood(body: &[u8]) -> Result<Message, Json> {
    let refused = |id: Json, code: ErrorCode, message: String| json!({ "jsonrpc": "2.0", "id": id, "error": { "code": code as i32, "message": message } });
    let json: Json = serde_json::from_slice(body)
        .map_err(|error| refused(Json::Null, ErrorCode::ParseError, format!("this is no JSON: {error}")))?;
    let id = json.get("id").cloned().unwrap_or_default();
    let message = serde_json::from_value(json).ok();
    // A question whose id is none would pass for a note, and its answer be waited for without end.
    let message = message.filter(|message| !matches!(message, Message::Notification(_)) || id.is_null());
    message.ok_or_else(|| {
        let message =
            "this is no message of the protocol: an object with `method`, and for a question an `id`, which is a \
                       string or a whole number of 32 bits"
                .to_owned();
        refused(id, ErrorCode::InvalidRequest, message)
    })
}
