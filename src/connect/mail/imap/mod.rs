//! Reading a mailbox over IMAP, and changing what lies in it.
//!
//! In: a call of `email.list`, `email.move` and their like. Out: messages as data. Never: a command made of what a program or a
//! sender wrote; a message that counts as read because it was looked at; another message deleted than the one named (held by
//! `tests/connect/imap.rs`).

mod account;
mod arrived;
mod change;
mod folder;
mod id;
mod letter;
mod link;
mod pool;
mod read;
mod refusal;
mod search;
mod session;

use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use self::account::Account;
use self::change::Change;
use self::folder::Folder;
use self::id::Id;
use self::pool::{Lease, Pool};
use self::session::Access;
use crate::base::failure::{Failure, Kind};
use crate::base::value::Value;
use crate::connect::mail::message;
use crate::connect::registry::{Call, Native, Natives};
use crate::run::world::{BoxFuture, Outcome};

/// Where drafts lie on servers that do not say it.
const DRAFTS: &str = "Drafts";

/// Binds the operations of the standard library's `email` that ask a mailbox.
pub fn register(natives: &mut Natives) {
    let pool = Arc::new(Pool::default());
    let verbs = [
        ("email.folders", Verb::Folders),
        ("email.list", Verb::List),
        ("email.arrived", Verb::Arrived),
        ("email.fetch", Verb::Fetch),
        ("email.mark", Verb::Mark),
        ("email.move", Verb::Move),
        ("email.copy", Verb::Copy),
        ("email.delete", Verb::Delete),
        ("email.draft", Verb::Draft),
    ];
    for (name, verb) in verbs {
        natives.bind(name, Body { verb, pool: pool.clone() });
    }
}

#[derive(Clone, Copy)]
enum Verb {
    Folders,
    List,
    Arrived,
    Fetch,
    Mark,
    Move,
    Copy,
    Delete,
    Draft,
}

struct Body {
    verb: Verb,
    pool: Arc<Pool>,
}

impl Native for Body {
    fn call(&self, call: Call) -> BoxFuture<'static, Outcome> {
        let (verb, pool) = (self.verb, self.pool.clone());
        Box::pin(async move {
            let acted = AtomicBool::new(false);
            let done = in_time(&call, verb, &pool, &acted).await;
            // What was asked for and not answered may have been done.
            let certain = !acted.load(Ordering::Relaxed);
            done.unwrap_or_else(|failure| Outcome { certain, ..Outcome::failed(failure) })
        })
    }
}

async fn in_time(call: &Call, verb: Verb, pool: &Arc<Pool>, acted: &AtomicBool) -> Result<Outcome, Failure> {
    let asked = Asked { call, account: Account::of(call)?, pool, acted };
    let timeout = call.act.timeout;
    let ended = tokio::time::timeout(timeout.to_std(), asked.carry_out(verb)).await;
    ended.unwrap_or_else(|_| {
        let late = asked.account.failure(Kind::Timeout, format!("took longer than {timeout}"));
        Err(late.detail("limit", "attempt"))
    })
}

/// One call, and the mailbox that it is about.
struct Asked<'a> {
    call: &'a Call,
    account: Account,
    pool: &'a Arc<Pool>,
    acted: &'a AtomicBool,
}

impl Asked<'_> {
    async fn carry_out(&self, verb: Verb) -> Result<Outcome, Failure> {
        let done = match verb {
            Verb::Folders => self.folders().await?,
            Verb::List => return self.list().await,
            Verb::Arrived => self.arrived().await?,
            Verb::Fetch => self.fetch().await?,
            Verb::Draft => self.draft().await?,
            Verb::Mark | Verb::Move | Verb::Copy | Verb::Delete => self.change(verb).await?,
        };
        Ok(Outcome::done(done))
    }

    async fn folders(&self) -> Result<Value, Failure> {
        let mut lease = self.pool.connection(&self.account, self.call).await?;
        let folders = read::folders(&mut lease.session).await;
        self.pool.give_back(lease);
        Ok(Value::list(folders?.iter().map(read::Known::to_value)))
    }

    async fn list(&self) -> Result<Outcome, Failure> {
        let folder = Folder::named(&self.call.text("folder")?)?;
        let (mut lease, validity) = self.enter(&folder, Access::Read).await?;
        let listed = read::list(&mut lease.session, self.call, &folder, validity).await;
        self.pool.give_back(lease);
        listed
    }

    async fn arrived(&self) -> Result<Value, Failure> {
        let folder = Folder::named(&self.call.text("folder")?)?;
        let (mut lease, validity) = self.enter(&folder, Access::Read).await?;
        let after = self.call.param("after");
        let arrived = arrived::arrived(&mut lease.session, &folder, validity, after.as_text()).await;
        self.pool.give_back(lease);
        arrived
    }

    async fn fetch(&self) -> Result<Value, Failure> {
        let id = Id::read(&self.call.text("id")?)?;
        let mut lease = self.at(&id, Access::Read).await?;
        let fetched = read::fetch(&mut lease.session, self.call, &self.account, &id).await;
        self.pool.give_back(lease);
        fetched
    }

    async fn change(&self, verb: Verb) -> Result<Value, Failure> {
        let id = Id::read(&self.call.text("id")?)?;
        let to = match verb {
            Verb::Move | Verb::Copy => Folder::named(&self.call.text("to")?)?,
            _ => id.folder.clone(),
        };
        let mut lease = self.at(&id, Access::Change).await?;
        let mut change = Change { session: &mut lease.session, acted: self.acted };
        let changed = match verb {
            Verb::Mark => change.mark(self.call, &id).await,
            Verb::Move => change.relocate(&id, &to).await,
            Verb::Copy => change.copy(&id, &to).await,
            _ => change.delete(&id).await,
        };
        self.pool.give_back(lease);
        changed
    }

    async fn draft(&self) -> Result<Value, Failure> {
        let set = |name| self.call.connector.setting_text(name);
        let own = set("from").or_else(|| Some(self.account.user.clone()).filter(|user| user.contains('@')));
        let composed = message::compose(self.call, own.as_deref()).await?;
        let mut lease = self.pool.connection(&self.account, self.call).await?;
        let drafted = self.drafted(&mut lease, &composed).await;
        self.pool.give_back(lease);
        drafted
    }

    async fn drafted(&self, lease: &mut Lease, composed: &message::Composed) -> Result<Value, Failure> {
        let folder = match self.call.param("folder").as_text() {
            Some(name) => Folder::named(name)?,
            None => {
                let known = read::folders(&mut lease.session).await?;
                let drafts = known.into_iter().find(|known| known.role == Some("drafts"));
                drafts.map_or_else(|| Folder::named(DRAFTS), |known| Ok(known.folder))?
            }
        };
        Change { session: &mut lease.session, acted: self.acted }.draft(composed, &folder).await
    }

    /// A connection on which the folder of a message is open.
    async fn at(&self, id: &Id, access: Access) -> Result<Lease, Failure> {
        let (lease, validity) = self.enter(&id.folder, access).await?;
        if validity == id.validity {
            return Ok(lease);
        }
        self.pool.give_back(lease);
        Err(id.gone().detail("made_anew", true))
    }

    async fn enter(&self, folder: &Folder, access: Access) -> Result<(Lease, NonZeroU32), Failure> {
        self.pool.enter(&self.account, self.call, folder, access).await
    }
}
