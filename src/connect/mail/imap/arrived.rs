//! What has arrived since somebody last looked: each message once, also where a folder was made anew meanwhile.

use std::num::NonZeroU32;

use imap_next::imap_types::search::SearchKey;
use imap_next::imap_types::sequence::{SeqOrUid, Sequence};

use super::folder::Folder;
use super::id::Id;
use super::letter::Told;
use super::read;
use super::search::{self, Order};
use super::session::Session;
use crate::base::failure::{Failure, Kind};
use crate::base::time::Timestamp;
use crate::base::value::Value;

/// How many messages are given at once; what is left comes the next time.
const MESSAGES_MAX: usize = 1_000;

/// How far somebody has looked: `VALIDITY/UID/SECONDS`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place {
    validity: NonZeroU32,
    /// The last number that was seen; 0 before the first.
    uid: u32,
    /// When the last one arrived, in seconds since 1970: by this it goes on where the folder counts anew.
    arrived: i64,
}

impl Place {
    fn read(text: &str) -> Result<Self, Failure> {
        let read = || {
            let mut parts = text.split('/');
            let place = Self {
                validity: parts.next()?.parse().ok()?,
                uid: parts.next()?.parse().ok()?,
                arrived: parts.next()?.parse().ok()?,
            };
            parts.next().is_none().then_some(place)
        };
        let message = format!("{text:?} is no place in a folder: take the `place` that `email.arrived` gave");
        read().ok_or_else(|| Failure::new(Kind::ValidationError, message))
    }

    /// On, past what was seen.
    fn past(self, told: &Told) -> Self {
        let arrived = told.received.map_or(self.arrived, Timestamp::as_second).max(self.arrived);
        Self { uid: told.uid.map_or(self.uid, NonZeroU32::get).max(self.uid), arrived, ..self }
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}/{}", self.validity, self.uid, self.arrived)
    }
}

/// The messages of the open `folder` that arrived after the place `after`, oldest first, and the place after them; without one
/// none, and where it stands now.
///
/// # Errors
/// `validation_error` for what is no place; what the server refuses, or what becomes of the connection.
pub async fn arrived(
    session: &mut Session,
    folder: &Folder,
    validity: NonZeroU32,
    after: Option<&str>,
) -> Result<Value, Failure> {
    let Some(after) = after.map(Place::read).transpose()? else {
        return Ok(given(Vec::new(), end(session, validity).await?));
    };
    // A folder that counts anew has all its messages under other numbers: then it is known by when they arrived.
    let (begun, since) = match after.validity == validity {
        true => (after, None),
        false => (Place { validity, uid: 0, ..after }, Some(after.arrived)),
    };
    let (mut place, mut messages) = (begun, Vec::new());
    for page in beyond(session, begun.uid).await?.chunks(read::MESSAGES_PER_PAGE) {
        for told in read::summaries(session, page, Order::Oldest).await? {
            let is_new = since.is_none_or(|since| told.received.is_some_and(|it| it.as_second() > since));
            if let (Some(uid), true) = (told.uid, is_new) {
                messages.push(told.summary(&Id { folder: folder.clone(), validity, uid }));
            }
            place = place.past(&told);
        }
        place.uid = page.last().map_or(place.uid, |uid| uid.get()).max(place.uid);
        if messages.len() >= MESSAGES_MAX {
            break;
        }
    }
    Ok(given(messages, place))
}

fn given(messages: Vec<Value>, place: Place) -> Value {
    Value::map([("messages", Value::list(messages)), ("place", place.to_string().into())])
}

/// The numbers beyond `uid`, in order.
async fn beyond(session: &mut Session, uid: u32) -> Result<Vec<NonZeroU32>, Failure> {
    let mut keys = vec![SearchKey::Undeleted];
    keys.extend(search::range(uid, Order::Oldest).map(SearchKey::Uid));
    // The last message stands in every such range, also where it was seen.
    let mut found = session.search(search::command(keys, None)).await?;
    found.retain(|found| found.get() > uid);
    found.sort_unstable();
    found.dedup();
    Ok(found)
}

/// Past all that is there.
async fn end(session: &mut Session, validity: NonZeroU32) -> Result<Place, Failure> {
    let last = vec![SearchKey::Uid(Sequence::Single(SeqOrUid::Asterisk).into())];
    let last = session.search(search::command(last, None)).await?.into_iter().max();
    let place = Place { validity, uid: 0, arrived: 0 };
    let Some(uid) = last else { return Ok(place) };
    let told = read::summaries(session, &[uid], Order::Oldest).await?;
    Ok(told.iter().fold(Place { uid: uid.get(), ..place }, Place::past))
}
