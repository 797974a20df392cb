//! What is read of a mailbox: its folders, its messages.

use std::num::NonZeroU32;

use imap_next::imap_types::command::CommandBody;
use imap_next::imap_types::core::{AString, Vec1};
use imap_next::imap_types::fetch::{MacroOrMessageDataItemNames, MessageDataItemName as Item, Section};
use imap_next::imap_types::flag::FlagNameAttribute;
use imap_next::imap_types::mailbox::ListMailbox;
use imap_next::imap_types::response::Data;
use imap_next::imap_types::sequence::SequenceSet;

use super::account::Account;
use super::folder::Folder;
use super::id::Id;
use super::letter::{self, Attachment, Told};
use super::search::{Order, Search};
use super::session::Session;
use crate::base::failure::{Failure, Kind};
use crate::base::value::Value;
use crate::connect::files::passing::Landing;
use crate::connect::registry::Call;
use crate::run::world::Outcome;

/// How many messages a page has at most.
pub const MESSAGES_PER_PAGE: usize = 100;
/// How many messages a list has at most that is not streamed.
const MESSAGES_MAX: usize = 10_000;
/// How much of each header is read for a list, in bytes: senders choose how long it is.
const HEADER_BYTES: u32 = 64 * 1024;
/// What lists say of a header.
const HEADS: [&str; 9] = ["Message-ID", "From", "To", "Cc", "Reply-To", "Subject", "Date", "In-Reply-To", "References"];
/// What a folder is for, by the attribute that says so (RFC 6154).
const ROLES: [(&str, &str); 7] = [
    ("\\all", "all"),
    ("\\archive", "archive"),
    ("\\drafts", "drafts"),
    ("\\flagged", "flagged"),
    ("\\junk", "junk"),
    ("\\sent", "sent"),
    ("\\trash", "trash"),
];

/// A folder, and what is known of it.
pub struct Known {
    /// The folder.
    pub folder: Folder,
    /// What it is for, where the server says so.
    pub role: Option<&'static str>,
    separator: Option<String>,
    selectable: bool,
}

/// All folders of the mailbox, in the order of their names.
///
/// # Errors
/// What the server refuses it with, or what becomes of the connection.
pub async fn folders(session: &mut Session) -> Result<Vec<Known>, Failure> {
    let all = ListMailbox::try_from("*").map_err(|_| Failure::new(Kind::ValidationError, "no pattern"))?;
    let reference = "".try_into().map_err(|_| Failure::new(Kind::ValidationError, "no reference"))?;
    let answer = session.command(CommandBody::List { reference, mailbox_wildcard: all }).await?;
    let mut known: Vec<Known> = answer.data.iter().filter_map(told).collect();
    known.sort_by(|a, b| a.folder.name.cmp(&b.folder.name));
    Ok(known)
}

fn told(data: &Data<'_>) -> Option<Known> {
    let Data::List { items, delimiter, mailbox } = data else { return None };
    let attributes: Vec<String> = items.iter().map(|it| it.to_string().to_ascii_lowercase()).collect();
    let role = ROLES.iter().find(|(attribute, _)| attributes.iter().any(|it| it == attribute));
    let folder = Folder::told(mailbox);
    let inbox = (&*folder.name == "INBOX").then_some("inbox");
    Some(Known {
        role: role.map(|(_, role)| *role).or(inbox),
        separator: delimiter.as_ref().map(|it| it.inner().to_string()),
        selectable: !items.contains(&FlagNameAttribute::Noselect) && !attributes.iter().any(|it| it == "\\nonexistent"),
        folder,
    })
}

impl Known {
    /// As programs see it.
    pub fn to_value(&self) -> Value {
        Value::map([
            ("name", Value::from(&*self.folder.name)),
            ("role", self.role.map_or(Value::Unit, Value::from)),
            ("separator", self.separator.as_deref().map_or(Value::Unit, Value::from)),
            ("selectable", self.selectable.into()),
        ])
    }
}

/// The messages that a call asks for: a page of them where they are streamed, otherwise all.
///
/// # Errors
/// `limit_exceeded` where they are too many at once; what the server refuses, or what becomes of the connection.
pub async fn list(
    session: &mut Session,
    call: &Call,
    folder: &Folder,
    validity: NonZeroU32,
) -> Result<Outcome, Failure> {
    let search = Search::of(call)?;
    let mut reader = Reader::at(call, folder, validity)?;
    let mut found = reader.numbers(session, &search).await?.into_iter().peekable();
    let limit = search.limit.unwrap_or(usize::MAX);
    let mut values = Vec::new();
    while found.peek().is_some() && reader.given < limit {
        let page: Vec<NonZeroU32> = found.by_ref().take(MESSAGES_PER_PAGE).collect();
        for told in summaries(session, &page, search.order).await? {
            let Some(uid) = told.uid.filter(|_| reader.given < limit && search.fits(&told)) else { continue };
            reader.given += 1;
            values.push(told.summary(&Id { folder: folder.clone(), validity, uid }));
        }
        reader.last = page.last().map(|uid| uid.get());
        if call.act.streamed {
            let goes_on = found.peek().is_some() && reader.given < limit;
            let next_page = if goes_on { reader.to_value() } else { Value::Unit };
            return Ok(Outcome { next_page, ..Outcome::done(Value::list(values)) });
        }
        if values.len() > MESSAGES_MAX {
            let message = format!(
                "`{folder}` gave more than {MESSAGES_MAX} messages: stream them with `for ... from`, or give a `limit`"
            );
            return Err(Failure::new(Kind::LimitExceeded, message));
        }
    }
    Ok(Outcome::done(Value::list(values)))
}

/// How far a list has come. It is asked anew for each page: nothing stays open between two of them.
struct Reader {
    validity: NonZeroU32,
    last: Option<u32>,
    given: usize,
}

impl Reader {
    fn at(call: &Call, folder: &Folder, validity: NonZeroU32) -> Result<Self, Failure> {
        let number = |name: &str| call.act.page.get(name).and_then(Value::as_int).and_then(|it| u32::try_from(it).ok());
        if number("validity").is_some_and(|before| before != validity.get()) {
            let message = format!("the folder `{folder}` was made anew while it was read");
            return Err(Failure::new(Kind::Conflict, message));
        }
        let given = number("given").and_then(|given| usize::try_from(given).ok()).unwrap_or_default();
        Ok(Self { validity, last: number("last"), given })
    }

    fn to_value(&self) -> Value {
        Value::map([
            ("validity", Value::Int(self.validity.get().into())),
            ("last", self.last.map_or(Value::Unit, |last| Value::Int(last.into()))),
            ("given", Value::Int(i64::try_from(self.given).unwrap_or(i64::MAX))),
        ])
    }

    /// The numbers of what is searched for, in its order, without those that were given.
    async fn numbers(&self, session: &mut Session, search: &Search) -> Result<Vec<NonZeroU32>, Failure> {
        let mut numbers = session.search(search.command(self.last)).await?;
        numbers.retain(|uid| search.comes_after(uid.get(), self.last));
        numbers.sort_unstable();
        numbers.dedup();
        if search.order == Order::Newest {
            numbers.reverse();
        }
        Ok(numbers)
    }
}

/// What lists say of the messages with these numbers, in this order; those that are gone meanwhile are left out.
///
/// # Errors
/// What the server refuses, or what becomes of the connection.
pub async fn summaries(session: &mut Session, uids: &[NonZeroU32], order: Order) -> Result<Vec<Told>, Failure> {
    let names: Vec<AString<'static>> =
        HEADS.iter().filter_map(|name| AString::try_from((*name).to_owned()).ok()).collect();
    let headers = Vec1::try_from(names).map_err(|_| Failure::new(Kind::ValidationError, "no headers"))?;
    let section = Some(Section::HeaderFields(None, headers));
    let partial = NonZeroU32::new(HEADER_BYTES).map(|bytes| (0, bytes));
    let mut told = fetch_items(session, uids, vec![Item::BodyExt { section, partial, peek: true }]).await?;
    told.sort_by_key(|one| one.uid);
    if order == Order::Newest {
        told.reverse();
    }
    Ok(told)
}

/// What the server tells of the messages with these numbers.
async fn fetch_items(
    session: &mut Session,
    uids: &[NonZeroU32],
    more: Vec<Item<'static>>,
) -> Result<Vec<Told>, Failure> {
    let Ok(sequence_set) = SequenceSet::try_from(uids) else { return Ok(Vec::new()) };
    let mut items = vec![Item::Uid, Item::Flags, Item::InternalDate, Item::Rfc822Size];
    items.extend(more);
    let names = MacroOrMessageDataItemNames::MessageDataItemNames(items);
    let answer = session.command(CommandBody::Fetch { sequence_set, macro_or_item_names: names, uid: true }).await?;
    let told = answer.data.into_iter().filter_map(|data| match data {
        Data::Fetch { items, .. } => Some(Told::of(items.into_inner())),
        _ => None,
    });
    // A server may tell of others, too, whose flags have changed.
    Ok(told.filter(|told| told.uid.is_some_and(|uid| uids.contains(&uid)) && told.bytes > 0).collect())
}

/// What is known of a message beside its text.
///
/// # Errors
/// `not_found` where it is not there.
pub async fn look(session: &mut Session, id: &Id) -> Result<Told, Failure> {
    let told = fetch_items(session, &[id.uid], Vec::new()).await?;
    told.into_iter().next().ok_or_else(|| id.gone())
}

/// One whole message.
///
/// # Errors
/// `not_found` where it is not there, `limit_exceeded` where it is too large, what becomes of files that are saved.
pub async fn fetch(session: &mut Session, call: &Call, account: &Account, id: &Id) -> Result<Value, Failure> {
    let bytes_max = call.environment.response_bytes_max;
    let size = look(session, id).await?.bytes;
    if usize::try_from(size).is_ok_and(|size| size > bytes_max) {
        let message = format!(
            "the message `{id}` has {size} bytes, more than the {bytes_max} of the setting `http.response_bytes_max`"
        );
        return Err(Failure::new(Kind::LimitExceeded, message));
    }
    let whole = Item::BodyExt { section: None, partial: None, peek: true };
    let told = fetch_items(session, &[id.uid], vec![whole]).await?.into_iter().next().ok_or_else(|| id.gone())?;
    if told.text.is_empty() {
        return Err(account.failure(Kind::ServerError, format!("gave nothing of the message `{id}`")));
    }
    let message = letter::parsed(id, &told.text)?;
    let attachments = Attachment::all(&message);
    let mut shown = Vec::with_capacity(attachments.len());
    for one in &attachments {
        let place = match call.param("save").as_text() {
            Some(directory) => ("path", saved(call, directory, id, one).await?.into()),
            None => ("content", Value::Bytes(one.content.as_slice().into())),
        };
        shown.push(one.to_value(place));
    }
    Ok(told.message(id, &message, shown))
}

/// Puts a file of a message into a directory of the message's own, so that none takes the place of another's.
async fn saved(call: &Call, directory: &str, id: &Id, one: &Attachment) -> Result<String, Failure> {
    let path = format!("{}/{}-{}/{}", directory.trim_end_matches('/'), id.validity, id.uid, one.name);
    let mut file = Landing::find(&call.environment, &path)?.begin().await?;
    file.write(&one.content).await?;
    file.finish().await?;
    Ok(path)
}
