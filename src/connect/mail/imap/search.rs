//! Which messages a call asks for.

use chrono::{DateTime, Days};
use imap_next::imap_types::command::CommandBody;
use imap_next::imap_types::core::{AString, Atom, Charset, Vec1};
use imap_next::imap_types::datetime::NaiveDate;
use imap_next::imap_types::search::SearchKey;
use imap_next::imap_types::sequence::{SeqOrUid, Sequence, SequenceSet};

use super::letter::Told;
use crate::base::failure::{Failure, Kind};
use crate::base::time::Timestamp;
use crate::base::value::Value;
use crate::connect::registry::Call;

/// In which order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// What arrived last comes first.
    Newest,
    /// What arrived first comes first.
    Oldest,
}

/// A search for what contains a text in one place.
type Containing = fn(AString<'static>) -> SearchKey<'static>;

/// What is searched for.
#[derive(Debug)]
pub struct Search {
    keys: Vec<SearchKey<'static>>,
    beyond_ascii: bool,
    since: Option<Timestamp>,
    before: Option<Timestamp>,
    /// In which order it is given.
    pub order: Order,
    /// How many at most.
    pub limit: Option<usize>,
}

fn invalid(message: String) -> Failure {
    Failure::new(Kind::ValidationError, message)
}

impl Search {
    /// What `call` asks for.
    ///
    /// # Errors
    /// `validation_error` for what cannot be searched for.
    pub fn of(call: &Call) -> Result<Self, Failure> {
        // What is marked as deleted is gone, whether or not the server still keeps it.
        let mut keys = vec![SearchKey::Undeleted];
        let marks: [(&str, SearchKey<'_>, SearchKey<'_>); 3] = [
            ("unseen", SearchKey::Unseen, SearchKey::Seen),
            ("flagged", SearchKey::Flagged, SearchKey::Unflagged),
            ("answered", SearchKey::Answered, SearchKey::Unanswered),
        ];
        for (name, is, is_not) in marks {
            match call.param(name) {
                Value::Bool(true) => keys.push(is),
                Value::Bool(false) => keys.push(is_not),
                _ => {}
            }
        }
        let texts: [(&str, Containing); 4] = [
            ("from", SearchKey::From),
            ("to", SearchKey::To),
            ("subject", SearchKey::Subject),
            ("text", SearchKey::Text),
        ];
        let mut beyond_ascii = false;
        for (name, key) in texts {
            if let Some(text) = call.param(name).as_text() {
                beyond_ascii |= !text.is_ascii();
                keys.push(key(searched(name, text)?));
            }
        }
        if let Some(word) = call.param("keyword").as_text() {
            keys.push(SearchKey::Keyword(keyword(word)?));
        }
        let (since, before) = (moment(call, "since")?, moment(call, "before")?);
        // Servers search by days, of whatever zone; what they find is sifted by the moment.
        keys.extend(since.and_then(|since| day(since, -1)).map(SearchKey::Since));
        keys.extend(before.and_then(|before| day(before, 2)).map(SearchKey::Before));
        let order = if call.param("order").as_text() == Some("oldest") { Order::Oldest } else { Order::Newest };
        let limit = call.param("limit").as_int().and_then(|limit| usize::try_from(limit).ok());
        Ok(Self { keys, beyond_ascii, since, before, order, limit })
    }

    /// As a command, for what comes after the number that was given last.
    pub fn command(&self, last: Option<u32>) -> CommandBody<'static> {
        let mut keys = self.keys.clone();
        keys.extend(last.and_then(|uid| range(uid, self.order)).map(SearchKey::Uid));
        command(keys, self.beyond_ascii.then(utf8).flatten())
    }

    /// Whether a number comes after the one that was given last.
    pub fn comes_after(&self, uid: u32, last: Option<u32>) -> bool {
        match self.order {
            Order::Newest => last.is_none_or(|last| uid < last),
            Order::Oldest => last.is_none_or(|last| uid > last),
        }
    }

    /// Whether it arrived in the time that is asked for.
    pub fn fits(&self, told: &Told) -> bool {
        let Some(received) = told.received else { return self.since.is_none() && self.before.is_none() };
        self.since.is_none_or(|since| received >= since) && self.before.is_none_or(|before| received < before)
    }
}

/// The command that searches for what has all of `keys`.
pub fn command(keys: Vec<SearchKey<'static>>, charset: Option<Charset<'static>>) -> CommandBody<'static> {
    // Of no keys at all, each message has all.
    let criteria = Vec1::try_from(keys).unwrap_or_else(|_| Vec1::from(SearchKey::All));
    CommandBody::Search { charset, criteria, uid: true }
}

/// A word of a program's own that messages are marked with.
///
/// # Errors
/// `validation_error` for what is no such word.
pub fn keyword(word: &str) -> Result<Atom<'static>, Failure> {
    Atom::try_from(word.to_owned())
        .map_err(|_| invalid(format!("{word:?} is no keyword: a word without spaces is one, such as `Invoice`")))
}

fn searched(name: &str, text: &str) -> Result<AString<'static>, Failure> {
    let unusable = || invalid(format!("`{name}`: {text:?} cannot be searched for: it must be one line"));
    if text.chars().any(char::is_control) {
        return Err(unusable());
    }
    AString::try_from(text.to_owned()).map_err(|_| unusable())
}

fn utf8() -> Option<Charset<'static>> {
    Charset::try_from("UTF-8".to_owned()).ok()
}

fn moment(call: &Call, name: &str) -> Result<Option<Timestamp>, Failure> {
    match call.param(name) {
        Value::Unit => Ok(None),
        value => value.to_string().parse().map(Some).map_err(|_| invalid(format!("`{name}`: `{value}` is no moment"))),
    }
}

/// The day of a moment, and some days on.
fn day(moment: Timestamp, on: i64) -> Option<NaiveDate> {
    let date = DateTime::from_timestamp(moment.as_second(), 0)?.date_naive();
    let days = Days::new(on.unsigned_abs());
    let date = if on < 0 { date.checked_sub_days(days) } else { date.checked_add_days(days) };
    NaiveDate::try_from(date?).ok()
}

/// The numbers that come after `uid`.
pub fn range(uid: u32, order: Order) -> Option<SequenceSet> {
    let number = |value: u32| std::num::NonZeroU32::new(value).map(SeqOrUid::Value);
    let sequence = match order {
        Order::Newest => Sequence::Range(number(1)?, number(uid.saturating_sub(1).max(1))?),
        Order::Oldest => Sequence::Range(number(uid.saturating_add(1))?, SeqOrUid::Asterisk),
    };
    Some(sequence.into())
}
