//! A message as programs see it.

use imap_next::imap_types::fetch::MessageDataItem;
use imap_next::imap_types::flag::{Flag, FlagFetch};
use mail_parser::decoders::html::html_to_text;
use mail_parser::parsers::MessageStream;
use mail_parser::{Address, DateTime, HeaderValue, Message, MessageParser, MessagePart, MimeHeaders as _, PartType};

use super::id::Id;
use crate::base::failure::{Failure, Kind};
use crate::base::time::Timestamp;
use crate::base::value::{Map, Value};

/// How long a name of a file may be, in bytes; file systems take 255.
const NAME_BYTES_MAX: usize = 200;

/// What a server told of one message.
#[derive(Debug, Default)]
pub struct Told {
    /// Its number.
    pub uid: Option<std::num::NonZeroU32>,
    /// When it arrived.
    pub received: Option<Timestamp>,
    /// How large it is, in bytes.
    pub bytes: u32,
    flags: Vec<Flag<'static>>,
    /// The message, or the part of its header that was asked for.
    pub text: Vec<u8>,
}

impl Told {
    /// From what stands in an answer.
    pub fn of(items: impl IntoIterator<Item = MessageDataItem<'static>>) -> Self {
        let mut told = Self::default();
        for item in items {
            match item {
                MessageDataItem::Uid(uid) => told.uid = Some(uid),
                MessageDataItem::Rfc822Size(bytes) => told.bytes = bytes,
                MessageDataItem::InternalDate(moment) => {
                    told.received = Timestamp::from_second(moment.as_ref().timestamp()).ok();
                }
                MessageDataItem::Flags(flags) => told.flags = flags.into_iter().filter_map(own).collect(),
                MessageDataItem::BodyExt { data, .. } => {
                    told.text = data.into_option().map(std::borrow::Cow::into_owned).unwrap_or_default();
                }
                _ => {}
            }
        }
        told
    }

    /// How it is marked.
    pub fn marks(&self) -> Vec<(&'static str, Value)> {
        let is = |flag: &Flag<'_>| Value::Bool(self.flags.contains(flag));
        let keywords = self.flags.iter().filter_map(|flag| match flag {
            Flag::Keyword(word) => Some(Value::from(word.inner())),
            _ => None,
        });
        vec![
            ("seen", is(&Flag::Seen)),
            ("flagged", is(&Flag::Flagged)),
            ("answered", is(&Flag::Answered)),
            ("draft", is(&Flag::Draft)),
            ("keywords", Value::list(keywords)),
        ]
    }

    /// What lists give of it: what its header says, when it arrived, how it is marked.
    pub fn summary(&self, id: &Id) -> Value {
        let message = MessageParser::new().parse_headers(&self.text);
        let mut fields = self.about(id);
        fields.extend(heads(message.as_ref()));
        Value::map(fields)
    }

    /// All of it; `attachments` in place of its own.
    pub fn message(&self, id: &Id, message: &Message<'_>, attachments: Vec<Value>) -> Value {
        let mut fields = self.about(id);
        fields.extend(heads(Some(message)));
        let (text, html) = bodies(message);
        fields.push(("text", text));
        fields.push(("html", html));
        fields.push(("headers", headers(message)));
        fields.push(("attachments", Value::list(attachments)));
        Value::map(fields)
    }

    fn about(&self, id: &Id) -> Vec<(&'static str, Value)> {
        let mut fields = vec![
            ("id", Value::from(id.to_string())),
            ("folder", Value::from(&*id.folder.name)),
            ("uid", Value::Int(id.uid.get().into())),
            ("received", self.received.map_or(Value::Unit, Value::moment)),
            ("bytes", Value::Int(self.bytes.into())),
        ];
        fields.extend(self.marks());
        fields
    }
}

fn own(flag: FlagFetch<'static>) -> Option<Flag<'static>> {
    match flag {
        FlagFetch::Flag(flag) => Some(flag),
        FlagFetch::Recent => None,
    }
}

/// What a header says that people read.
fn heads(message: Option<&Message<'_>>) -> Vec<(&'static str, Value)> {
    let text = |text: Option<&str>| text.map_or(Value::Unit, |text| clean(text).into());
    let list = |found: Option<&Address<'_>>| Value::list(found.map(addresses).unwrap_or_default());
    let ids = |value: Option<&HeaderValue<'_>>| value.map(message_ids).unwrap_or_default();
    let from = message.and_then(|it| it.from()).map(addresses).unwrap_or_default();
    vec![
        ("message_id", message.and_then(|it| it.message_id()).map_or(Value::Unit, |id| bracketed(id).into())),
        ("from", from.into_iter().next().unwrap_or_default()),
        ("to", list(message.and_then(|it| it.to()))),
        ("cc", list(message.and_then(|it| it.cc()))),
        ("reply_to", list(message.and_then(|it| it.reply_to()))),
        ("subject", text(message.and_then(|it| it.subject()))),
        ("date", message.and_then(|it| it.date()).and_then(moment).map_or(Value::Unit, Value::moment)),
        ("in_reply_to", ids(message.map(|it| it.in_reply_to())).into_iter().next().unwrap_or_default()),
        ("references", Value::list(ids(message.map(|it| it.references())))),
    ]
}

fn message_ids(value: &HeaderValue<'_>) -> Vec<Value> {
    match value.as_text_list() {
        Some(several) => several.iter().map(|id| bracketed(id).into()).collect(),
        None => value.as_text().map(|one| bracketed(one).into()).into_iter().collect(),
    }
}

/// As it stands in a header.
fn bracketed(id: &str) -> String {
    format!("<{}>", clean(id))
}

/// The message as plain text, made from its HTML where it has none, and as HTML where it has that.
fn bodies(message: &Message<'_>) -> (Value, Value) {
    let parts = |ids: &[u32]| ids.iter().filter_map(|id| message.part(*id)).collect::<Vec<_>>();
    let text = |part: &&MessagePart<'_>| match &part.body {
        PartType::Text(text) => Some(text.to_string()),
        PartType::Html(html) => Some(html_to_text(html)),
        _ => None,
    };
    let html = |part: &&MessagePart<'_>| match &part.body {
        PartType::Html(html) => Some(html.to_string()),
        _ => None,
    };
    let joined = |texts: Vec<String>| if texts.is_empty() { Value::Unit } else { texts.join("\n").into() };
    let (texts, htmls) = (parts(&message.text_body), parts(&message.html_body));
    (joined(texts.iter().filter_map(text).collect()), joined(htmls.iter().filter_map(html).collect()))
}

/// The moment that a header names, where there is such a moment.
fn moment(date: &DateTime) -> Option<Timestamp> {
    if date.is_valid() { Timestamp::from_second(date.to_timestamp()).ok() } else { None }
}

fn addresses(list: &Address<'_>) -> Vec<Value> {
    let one = |it: &mail_parser::Addr<'_>| {
        let address = clean(it.address()?);
        let name = it.name().map_or(Value::Unit, |name| clean(name).into());
        Some(Value::map([("name", name), ("address", address.into())]))
    };
    list.iter().filter_map(one).collect()
}

/// All headers, by name in lower case; those that stand more than once on a line each.
fn headers(message: &Message<'_>) -> Value {
    let mut all = Map::new();
    for header in message.headers() {
        let raw = message.raw_message.get(header.offset_start as usize..header.offset_end as usize).unwrap_or_default();
        let parsed = MessageStream::new(raw).parse_unstructured();
        let value = clean(parsed.as_text().unwrap_or_default().trim());
        let name = header.name().to_ascii_lowercase();
        let joined = match all.get(name.as_str()) {
            Some(before) => format!("{before}\n{value}"),
            None => value,
        };
        all.insert(name.into(), joined.into());
    }
    all.into()
}

/// A text of one line: what a sender folds or smuggles in breaks no line of a program's.
fn clean(text: &str) -> String {
    text.chars().filter(|letter| !letter.is_control() || *letter == '\t').collect()
}

/// The whole message, taken apart.
///
/// # Errors
/// `validation_error` where it is none.
pub fn parsed<'a>(id: &Id, text: &'a [u8]) -> Result<Message<'a>, Failure> {
    let none = || Failure::new(Kind::ValidationError, format!("what lies at `{id}` is no message"));
    MessageParser::new().parse(text).ok_or_else(none)
}

/// A file that a message brings.
pub struct Attachment {
    /// Its name, which leads out of no directory.
    pub name: String,
    kind: String,
    inline: bool,
    content_id: Option<String>,
    /// What it holds.
    pub content: Vec<u8>,
}

impl Attachment {
    /// The files of a message; no two have one name.
    pub fn all(message: &Message<'_>) -> Vec<Self> {
        let mut all: Vec<Self> = Vec::new();
        for (index, part) in message.attachments().enumerate() {
            let mut one = Self::of(part, index + 1);
            one.name = unlike(&one.name, &all);
            all.push(one);
        }
        all
    }

    fn of(part: &MessagePart<'_>, number: usize) -> Self {
        let content_type = part.content_type();
        let kind = content_type.map(|it| match it.subtype() {
            Some(subtype) => format!("{}/{subtype}", it.ctype()).to_ascii_lowercase(),
            None => it.ctype().to_ascii_lowercase(),
        });
        let kind = kind.unwrap_or_else(|| "application/octet-stream".to_owned());
        let given = part.attachment_name().map(safe).filter(|name| !name.is_empty());
        let name = given.unwrap_or_else(|| format!("attachment-{number}{}", ending(&kind)));
        Self {
            name,
            inline: part.content_disposition().is_some_and(|it| it.is_inline()),
            content_id: part.content_id().map(clean),
            content: part.contents().to_vec(),
            kind,
        }
    }

    /// As programs see it, with `place` for where its content is.
    pub fn to_value(&self, place: (&'static str, Value)) -> Value {
        Value::map([
            ("name", Value::from(self.name.as_str())),
            ("type", self.kind.as_str().into()),
            ("bytes", Value::Int(i64::try_from(self.content.len()).unwrap_or(i64::MAX))),
            ("inline", self.inline.into()),
            ("content_id", self.content_id.as_deref().map_or(Value::Unit, Value::from)),
            place,
        ])
    }
}

/// The last part of a name that a sender gave, without anything that means something to a file system.
fn safe(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let plain: String = last.chars().filter(|it| !it.is_control() && !"<>:\"|?*\u{202e}".contains(*it)).collect();
    let plain = plain.trim().trim_start_matches('.').trim_end_matches(['.', ' ']);
    let (stem, ending) = parts(plain);
    let room = NAME_BYTES_MAX.saturating_sub(ending.len());
    let mut end = stem.len().min(room);
    while !stem.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}{}", &stem[..end], if ending.len() <= NAME_BYTES_MAX { ending } else { "" })
}

/// A name and its ending, with the dot.
fn parts(name: &str) -> (&str, &str) {
    name.rfind('.').filter(|at| *at > 0).map_or((name, ""), |at| name.split_at(at))
}

/// `name`, with a number where another file has it.
fn unlike(name: &str, others: &[Attachment]) -> String {
    let taken = |name: &str| others.iter().any(|other| other.name.eq_ignore_ascii_case(name));
    let (stem, ending) = parts(name);
    let mut numbered = (2..).map(|number| format!("{stem}-{number}{ending}"));
    if taken(name) { numbered.find(|name| !taken(name)).unwrap_or_default() } else { name.to_owned() }
}

/// The ending that a file of a media type has which no sender named.
fn ending(kind: &str) -> &'static str {
    match kind {
        "message/rfc822" => ".eml",
        "text/plain" => ".txt",
        "text/html" => ".html",
        "text/calendar" => ".ics",
        "application/pdf" => ".pdf",
        "image/png" => ".png",
        "image/jpeg" => ".jpg",
        _ => "",
    }
}
