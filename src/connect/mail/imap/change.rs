//! What is changed in a mailbox.

use std::num::NonZeroU32;
use std::sync::atomic::{AtomicBool, Ordering};

use imap_next::imap_types::command::CommandBody;
use imap_next::imap_types::core::{AString, Literal};
use imap_next::imap_types::extensions::binary::LiteralOrLiteral8;
use imap_next::imap_types::extensions::uidplus::{UidElement, UidSet};
use imap_next::imap_types::flag::{Flag, StoreResponse, StoreType};
use imap_next::imap_types::response::{Capability, Code};
use imap_next::imap_types::search::SearchKey;

use super::folder::Folder;
use super::id::Id;
use super::link::Answer;
use super::read;
use super::search::{command, keyword};
use super::session::{Access, Session};
use crate::base::failure::{Failure, Kind};
use crate::base::value::Value;
use crate::connect::mail::message::Composed;
use crate::connect::registry::Call;

/// A connection on which something is changed, and whether it may have been.
pub struct Change<'a> {
    /// The connection.
    pub session: &'a mut Session,
    /// Whether something was asked for that changes something, and was not refused.
    pub acted: &'a AtomicBool,
}

impl Change<'_> {
    /// Sends a command that changes something.
    async fn act(&mut self, body: CommandBody<'static>) -> Result<Answer, Failure> {
        let before = self.acted.swap(true, Ordering::Relaxed);
        let answer = self.session.command(body).await;
        // What the server itself refuses has not been done.
        if answer.is_err() && self.session.is_sound() {
            self.acted.store(before, Ordering::Relaxed);
        }
        answer
    }

    /// Marks a message, and gives how it is marked then.
    ///
    /// # Errors
    /// `not_found` where it is not there.
    pub async fn mark(&mut self, call: &Call, id: &Id) -> Result<Value, Failure> {
        let (on, off) = marks(call)?;
        read::look(self.session, id).await?;
        for (kind, flags) in [(StoreType::Add, on), (StoreType::Remove, off)] {
            if !flags.is_empty() {
                self.store(id, kind, flags).await?;
            }
        }
        let told = read::look(self.session, id).await?;
        let mut fields = vec![("id", Value::from(id.to_string()))];
        fields.extend(told.marks());
        Ok(Value::map(fields))
    }

    /// Moves a message to another folder; gives its id there, where the server says it.
    ///
    /// # Errors
    /// `not_found` where the message or the folder is not there.
    pub async fn relocate(&mut self, id: &Id, to: &Folder) -> Result<Value, Failure> {
        read::look(self.session, id).await?;
        let mailbox = to.mailbox()?;
        if self.session.can(&Capability::Move) {
            let body = CommandBody::Move { sequence_set: id.uid.into(), mailbox, uid: true };
            let answer = self.act(body).await.map_err(|failure| failure.detail("folder", &*to.name))?;
            return Ok(placed(&answer, to));
        }
        let answer = self.copied(id, to).await?;
        self.store(id, StoreType::Add, vec![Flag::Deleted]).await?;
        self.expunge(id).await?;
        Ok(placed(&answer, to))
    }

    /// Copies a message to another folder; gives the id of the copy, where the server says it.
    ///
    /// # Errors
    /// As [`Change::relocate`].
    pub async fn copy(&mut self, id: &Id, to: &Folder) -> Result<Value, Failure> {
        read::look(self.session, id).await?;
        self.copied(id, to).await.map(|answer| placed(&answer, to))
    }

    async fn copied(&mut self, id: &Id, to: &Folder) -> Result<Answer, Failure> {
        let body = CommandBody::Copy { sequence_set: id.uid.into(), mailbox: to.mailbox()?, uid: true };
        self.act(body).await.map_err(|failure| failure.detail("folder", &*to.name))
    }

    /// Deletes a message for good; whether it was there.
    ///
    /// # Errors
    /// What the server refuses, or what becomes of the connection.
    pub async fn delete(&mut self, id: &Id) -> Result<Value, Failure> {
        let deleted = match read::look(self.session, id).await {
            Ok(_) => true,
            Err(failure) if failure.kind == Kind::NotFound => false,
            Err(failure) => return Err(failure),
        };
        if deleted {
            self.store(id, StoreType::Add, vec![Flag::Deleted]).await?;
            self.expunge(id).await?;
        }
        Ok(Value::map([("deleted", Value::Bool(deleted))]))
    }

    /// Puts a message into a folder as a draft, once for one key however often it is tried.
    ///
    /// # Errors
    /// `not_found` where there is no such folder.
    pub async fn draft(&mut self, composed: &Composed, folder: &Folder) -> Result<Value, Failure> {
        let validity = self.session.enter(folder, Access::Read).await?;
        let there = self.find(&composed.id).await?;
        let uid = match there {
            Some(uid) => Some((validity, uid)),
            None => {
                let unusable = |_| Failure::new(Kind::ValidationError, "a draft holds no zero bytes");
                let literal = Literal::try_from(composed.message.formatted()).map_err(unusable)?;
                let message = LiteralOrLiteral8::Literal(literal);
                let flags = vec![Flag::Draft, Flag::Seen];
                let body = CommandBody::Append { mailbox: folder.mailbox()?, flags, date: None, message };
                let answer = self.act(body).await.map_err(|failure| failure.detail("folder", &*folder.name))?;
                appended(&answer)
            }
        };
        let id = uid.map(|(validity, uid)| Id { folder: folder.clone(), validity, uid }.to_string());
        Ok(Value::map([
            ("id", id.map_or(Value::Unit, Value::from)),
            ("folder", (&*folder.name).into()),
            ("message_id", composed.id.as_str().into()),
        ]))
    }

    /// The message with a `Message-ID` in the open folder.
    async fn find(&mut self, message_id: &str) -> Result<Option<NonZeroU32>, Failure> {
        let text = |text: &str| {
            AString::try_from(text.to_owned()).map_err(|_| Failure::new(Kind::ValidationError, "no id of a message"))
        };
        let key = SearchKey::Header(text("Message-ID")?, text(message_id)?);
        Ok(self.session.search(command(vec![SearchKey::Undeleted, key], None)).await?.into_iter().next())
    }

    async fn store(&mut self, id: &Id, kind: StoreType, flags: Vec<Flag<'static>>) -> Result<Answer, Failure> {
        let response = StoreResponse::Silent;
        self.act(CommandBody::Store { sequence_set: id.uid.into(), kind, response, flags, uid: true }).await
    }

    /// Lets the server forget a message that is marked as deleted, and no other.
    async fn expunge(&mut self, id: &Id) -> Result<(), Failure> {
        if self.session.can(&Capability::UidPlus) {
            return self.act(CommandBody::ExpungeUid { sequence_set: id.uid.into() }).await.map(drop);
        }
        // The old command forgets all that are marked: others may be, by other hands. Then it stays as it is, marked.
        let marked = self.session.search(command(vec![SearchKey::Deleted], None)).await?;
        if marked.iter().all(|uid| *uid == id.uid) {
            self.act(CommandBody::Expunge).await?;
        }
        Ok(())
    }
}

/// What is to be put on and taken off.
fn marks(call: &Call) -> Result<(Vec<Flag<'static>>, Vec<Flag<'static>>), Failure> {
    let (mut on, mut off) = (Vec::new(), Vec::new());
    for (name, flag) in [("seen", Flag::Seen), ("flagged", Flag::Flagged), ("answered", Flag::Answered)] {
        match call.param(name) {
            Value::Bool(true) => on.push(flag),
            Value::Bool(false) => off.push(flag),
            _ => {}
        }
    }
    for (name, list) in [("add", &mut on), ("remove", &mut off)] {
        for word in call.param(name).as_list().unwrap_or_default() {
            list.push(Flag::Keyword(keyword(&word.to_string())?));
        }
    }
    if on.is_empty() && off.is_empty() {
        let message = "nothing is to be marked: give `seen`, `flagged`, `answered`, `add` or `remove`";
        return Err(Failure::new(Kind::ValidationError, message));
    }
    Ok((on, off))
}

/// Where a message came to lie, as the server says.
fn placed(answer: &Answer, to: &Folder) -> Value {
    let told = answer.codes.iter().find_map(|code| match code {
        Code::CopyUid { uid_validity, destination, .. } => Some((*uid_validity, first(destination))),
        _ => None,
    });
    let id = told.map(|(validity, uid)| Id { folder: to.clone(), validity, uid }.to_string());
    Value::map([("id", id.map_or(Value::Unit, Value::from))])
}

fn first(set: &UidSet) -> NonZeroU32 {
    match set.0.as_ref().first() {
        Some(UidElement::Single(uid) | UidElement::Range(uid, _)) => *uid,
        None => NonZeroU32::MIN,
    }
}

fn appended(answer: &Answer) -> Option<(NonZeroU32, NonZeroU32)> {
    answer.codes.iter().find_map(|code| match code {
        Code::AppendUid { uid_validity, uid } => Some((*uid_validity, *uid)),
        _ => None,
    })
}
