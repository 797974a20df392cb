//! The connections to mailboxes: kept from one call to the next, made anew where the server has closed them.

use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration as Time, Instant};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::account::Account;
use super::folder::Folder;
use super::session::{Access, Session};
use crate::base::failure::{Failure, Kind};
use crate::connect::registry::Call;

/// How many connections one mailbox gets at most: most servers take about ten from one user, other programs among them.
const CONNECTIONS_MAX: usize = 4;
/// How long a connection is kept that nobody uses; servers close it after half an hour.
const IDLE_MAX: Time = Time::from_secs(240);
/// How often such connections are looked for.
const LOOK: Time = Time::from_secs(60);

/// What there is of one mailbox.
struct Mailbox {
    account: Account,
    free: Arc<Semaphore>,
    idle: Vec<(Session, Instant)>,
}

/// The connections to all mailboxes.
#[derive(Default)]
pub struct Pool {
    mailboxes: Mutex<Vec<Mailbox>>,
}

/// A connection that one call has for itself.
pub struct Lease {
    /// The connection.
    pub session: Session,
    account: Account,
    _free: OwnedSemaphorePermit,
}

impl Pool {
    /// A connection on which `folder` is open, and from when on it counts.
    ///
    /// # Errors
    /// As [`Session::begin`] and [`Session::enter`]; nothing has been changed then.
    pub async fn enter(
        self: &Arc<Self>,
        account: &Account,
        call: &Call,
        folder: &Folder,
        access: Access,
    ) -> Result<(Lease, NonZeroU32), Failure> {
        let free = self.place(account).await?;
        while let Some(mut session) = self.idle(account) {
            let entered = session.enter(folder, access).await;
            if is_closed(&entered) {
                continue;
            }
            return self.lease(account, session, free, entered);
        }
        let mut session = Session::begin(account, call).await?;
        let entered = session.enter(folder, access).await;
        self.lease(account, session, free, entered)
    }

    /// A connection, whatever is open on it.
    ///
    /// # Errors
    /// As [`Session::begin`].
    pub async fn connection(self: &Arc<Self>, account: &Account, call: &Call) -> Result<Lease, Failure> {
        let free = self.place(account).await?;
        while let Some(mut session) = self.idle(account) {
            let probed = session.probe().await;
            if is_closed(&probed) {
                continue;
            }
            return self.lease(account, session, free, probed).map(|(lease, ())| lease);
        }
        let session = Session::begin(account, call).await?;
        self.lease(account, session, free, Ok(())).map(|(lease, ())| lease)
    }

    /// Takes a connection back, for the next call where every answer on it came to its end.
    pub fn give_back(self: &Arc<Self>, lease: Lease) {
        if lease.session.is_sound() {
            self.keep(&lease.account, lease.session);
        }
    }

    fn lease<T>(
        self: &Arc<Self>,
        account: &Account,
        session: Session,
        free: OwnedSemaphorePermit,
        ready: Result<T, Failure>,
    ) -> Result<(Lease, T), Failure> {
        let lease = Lease { session, account: account.clone(), _free: free };
        match ready {
            Ok(ready) => Ok((lease, ready)),
            Err(failure) => {
                self.give_back(lease);
                Err(failure)
            }
        }
    }

    /// One of the places for connections of this mailbox, when one is free.
    async fn place(&self, account: &Account) -> Result<OwnedSemaphorePermit, Failure> {
        let free = self.of(account, |mailbox| mailbox.free.clone());
        free.acquire_owned().await.map_err(|_| Failure::new(Kind::ConnectionError, "the engine is being taken down"))
    }

    fn idle(&self, account: &Account) -> Option<Session> {
        self.of(account, |mailbox| mailbox.idle.pop()).map(|(session, _)| session)
    }

    fn keep(self: &Arc<Self>, account: &Account, session: Session) {
        let is_first = self.mailboxes().iter().all(|mailbox| mailbox.idle.is_empty());
        self.of(account, |mailbox| mailbox.idle.push((session, Instant::now())));
        if is_first && let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(tidy(Arc::downgrade(self)));
        }
    }

    fn of<T>(&self, account: &Account, take: impl FnOnce(&mut Mailbox) -> T) -> T {
        let mut mailboxes = self.mailboxes();
        let index = mailboxes.iter().position(|mailbox| mailbox.account == *account).unwrap_or_else(|| {
            let free = Arc::new(Semaphore::new(CONNECTIONS_MAX));
            mailboxes.push(Mailbox { account: account.clone(), free, idle: Vec::new() });
            mailboxes.len() - 1
        });
        take(&mut mailboxes[index])
    }

    fn mailboxes(&self) -> MutexGuard<'_, Vec<Mailbox>> {
        // Whoever held the lock did not leave half a change behind.
        self.mailboxes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Closes connections that nobody uses any longer.
async fn tidy(pool: Weak<Pool>) {
    loop {
        tokio::time::sleep(LOOK).await;
        let Some(pool) = pool.upgrade() else { return };
        let mut mailboxes = pool.mailboxes();
        for mailbox in mailboxes.iter_mut() {
            mailbox.idle.retain(|(_, since)| since.elapsed() < IDLE_MAX);
        }
        if mailboxes.iter().all(|mailbox| mailbox.idle.is_empty()) {
            return;
        }
    }
}

/// Whether the server has closed a connection meanwhile: that says nothing of the mailbox.
fn is_closed<T>(result: &Result<T, Failure>) -> bool {
    result.as_ref().is_err_and(|failure| failure.kind == Kind::ConnectionError)
}
