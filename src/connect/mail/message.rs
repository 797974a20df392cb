//! The message that a call describes.

use std::path::Path;
use std::sync::Arc;

use lettre::Message;
use lettre::message::header::ContentType;
use lettre::message::{Attachment, Mailbox, Mailboxes, MultiPart, SinglePart};

use super::template;
use crate::base::failure::{Failure, Kind};
use crate::base::value::Value;
use crate::connect::files::{Roots, open};
use crate::connect::registry::Call;

fn invalid(message: impl Into<Arc<str>>) -> Failure {
    Failure::new(Kind::ValidationError, message)
}

/// A message and its id.
#[derive(Debug)]
pub struct Composed {
    /// As it is sent, with its envelope.
    pub message: Message,
    /// Its `Message-ID`, the same for the same key.
    pub id: String,
}

/// The message of `call`, from `from` where it names no sender.
///
/// # Errors
/// `validation_error` for addresses, templates and attachments that cannot be used; nothing has been sent then.
pub async fn compose(call: &Call, from: Option<&str>) -> Result<Composed, Failure> {
    let from = sender(call, from)?;
    let id = message_id(&call.act.key, &from);
    let subject = call.text("subject")?;
    if subject.contains(['\r', '\n']) {
        return Err(invalid("`subject` must be one line"));
    }
    let mut builder = Message::builder().from(from).subject(&*subject).message_id(Some(id.clone())).date_now();
    let mut recipients = 0;
    for name in ["to", "cc", "bcc"] {
        for mailbox in mailboxes(call, name)? {
            recipients += 1;
            builder = match name {
                "to" => builder.to(mailbox),
                "cc" => builder.cc(mailbox),
                _ => builder.bcc(mailbox),
            };
        }
    }
    if recipients == 0 {
        return Err(invalid("nobody would get this message: `to` is empty"));
    }
    for mailbox in mailboxes(call, "reply_to")? {
        builder = builder.reply_to(mailbox);
    }
    let content = content(call)?;
    let attachments = attachments(call).await?;
    let built = if attachments.is_empty() {
        match content {
            Content::Single(part) => builder.singlepart(part),
            Content::Both(part) => builder.multipart(part),
        }
    } else {
        let mixed = match content {
            Content::Single(part) => MultiPart::mixed().singlepart(part),
            Content::Both(part) => MultiPart::mixed().multipart(part),
        };
        builder.multipart(attachments.into_iter().fold(mixed, MultiPart::singlepart))
    };
    let message = built.map_err(|error| invalid(format!("this is no message: {error}")))?;
    Ok(Composed { message, id })
}

/// An id that is the same in every attempt of one intent, so that a message sent twice can be told by whoever gets it.
fn message_id(key: &str, from: &Mailbox) -> String {
    format!("<{}@{}>", &blake3::hash(key.as_bytes()).to_hex()[..32], from.email.domain())
}

fn sender(call: &Call, own: Option<&str>) -> Result<Mailbox, Failure> {
    match call.param("from") {
        Value::Unit => {}
        from => return mailbox("from", &from.to_string()),
    }
    match own {
        Some(from) => mailbox("from", from),
        None => Err(invalid("the message has no sender: give `from`, or set FLOW_CONNECTOR_EMAIL_FROM")),
    }
}

fn mailbox(name: &str, text: &str) -> Result<Mailbox, Failure> {
    text.parse().map_err(|_| invalid(format!("`{name}`: {text:?} is no mail address")))
}

/// The addresses of a parameter: one text or a list of them; a text may hold several, with commas between.
fn mailboxes(call: &Call, name: &str) -> Result<Vec<Mailbox>, Failure> {
    let texts: Vec<String> = match call.param(name) {
        Value::Unit | Value::Null => Vec::new(),
        Value::List(items) => items.iter().filter(|item| !item.is_unit()).map(ToString::to_string).collect(),
        Value::Set(items) => items.iter().map(ToString::to_string).collect(),
        one => vec![one.to_string()],
    };
    let mut found = Vec::new();
    for text in texts {
        let several: Mailboxes = text.parse().map_err(|_| invalid(format!("`{name}`: {text:?} is no mail address")))?;
        found.extend(several);
    }
    Ok(found)
}

enum Content {
    Single(SinglePart),
    Both(MultiPart),
}

fn content(call: &Call) -> Result<Content, Failure> {
    let given = |name: &str| match call.param(name) {
        Value::Unit => None,
        value => Some(value.to_string()),
    };
    let (mut text, mut html) = (given("text"), given("html"));
    if let Some(name) = given("template") {
        let rendered = template::render(&call.environment.directory, &name, &call.param("values"))?;
        text = text.or(rendered.text);
        html = html.or(rendered.html);
    }
    match (text, html) {
        (Some(text), Some(html)) => Ok(Content::Both(MultiPart::alternative_plain_html(text, html))),
        (Some(text), None) => Ok(Content::Single(SinglePart::plain(text))),
        (None, Some(html)) => Ok(Content::Single(SinglePart::html(html))),
        (None, None) => Err(invalid("the message is empty: give `text`, `html` or `template`")),
    }
}

async fn attachments(call: &Call) -> Result<Vec<SinglePart>, Failure> {
    let mut parts = Vec::new();
    for item in call.param("attachments").as_list().unwrap_or_default() {
        let text = |name: &str| item.get(name).and_then(Value::as_text);
        let (name, bytes) = match (item.get("content"), text("path")) {
            (Some(content), _) if !content.is_unit() => {
                let bytes = match content {
                    Value::Bytes(bytes) => bytes.to_vec(),
                    Value::Map(_) | Value::List(_) => content.without_absent().to_json().to_string().into_bytes(),
                    other => other.to_string().into_bytes(),
                };
                (text("name").unwrap_or("attachment").to_owned(), bytes)
            }
            (_, Some(path)) => {
                let bytes = attached(call, path.to_owned()).await?;
                let own = Path::new(path).file_name().map(|name| name.to_string_lossy().into_owned());
                (text("name").map(ToOwned::to_owned).or(own).unwrap_or_default(), bytes)
            }
            (_, None) => return Err(invalid("an attachment needs `content` or `path`")),
        };
        let mut media = text("type").unwrap_or_else(|| media_type(&name)).to_owned();
        let is_text = item.get("content").is_some_and(|content| !matches!(content, Value::Unit | Value::Bytes(_)));
        if is_text && media.starts_with("text/") && !media.contains("charset") {
            // Otherwise a mail program takes it for ASCII.
            media.push_str("; charset=utf-8");
        }
        let media = ContentType::parse(&media).map_err(|_| invalid(format!("{media:?} is no media type")))?;
        parts.push(Attachment::new(name).body(bytes, media));
    }
    Ok(parts)
}

/// What the file `path` of the roots holds.
async fn attached(call: &Call, path: String) -> Result<Vec<u8>, Failure> {
    let found = Roots::of(&call.environment)?.find(&path)?;
    let max = call.environment.response_bytes_max;
    // On a thread that may block.
    let read = tokio::task::spawn_blocking(move || open::whole(&path, &found, max)).await;
    read.unwrap_or_else(|error| Err(Failure::new(Kind::ServerError, format!("an attachment was not read: {error}"))))
}

/// The media type that the ending of a name says.
fn media_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase()).as_deref() {
        Some("txt" | "log") => "text/plain; charset=utf-8",
        Some("csv") => "text/csv; charset=utf-8",
        Some("html" | "htm") => "text/html; charset=utf-8",
        Some("json") => "application/json",
        Some("pdf") => "application/pdf",
        Some("png") => "image/png",
        Some("jpg" | "jpeg") => "image/jpeg",
        Some("zip") => "application/zip",
        _ => "application/octet-stream",
    }
}
