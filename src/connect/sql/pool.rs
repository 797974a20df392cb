//! The connections to one database that are kept for the next call.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::fault::Fault;
use super::link::{self, Link};
use crate::base::failure::{Failure, Kind};
use crate::base::time::Duration;
use crate::connect::databases::Database;

/// How long a connection that nobody uses is kept.
const IDLE_MAX: std::time::Duration = std::time::Duration::from_secs(60);

/// How long a connection may take to become as new.
const RENEWAL_MAX: std::time::Duration = std::time::Duration::from_secs(5);

/// Connections to one database: as many as its settings allow, and no more.
pub struct Pool {
    /// Which database.
    pub database: Arc<Database>,
    /// How many bytes a row may have.
    pub row_bytes: usize,
    places: Arc<Semaphore>,
    streams: Arc<Semaphore>,
    idle: Mutex<Vec<(Instant, Box<dyn Link>)>>,
}

/// A connection in use. Whoever does not give it back closes it.
pub struct Taken {
    /// The connection.
    pub link: Box<dyn Link>,
    pool: Arc<Pool>,
    _place: OwnedSemaphorePermit,
}

impl Pool {
    /// None yet.
    pub fn new(database: Arc<Database>, row_bytes: usize) -> Arc<Self> {
        let places = || Arc::new(Semaphore::new(database.connections));
        Arc::new(Self { places: places(), streams: places(), idle: Mutex::default(), database, row_bytes })
    }

    /// A connection: one that was kept, or a new one. Waits for its turn.
    ///
    /// # Errors
    /// Those of connecting, and `rate_limited` where all were in use for all of `time`.
    pub async fn take(self: &Arc<Self>, time: Duration) -> Result<Taken, Fault> {
        let place = self.turn(&self.places, time).await?;
        while let Some(mut link) = self.kept() {
            if link.is_open().await {
                return Ok(Taken { link, pool: self.clone(), _place: place });
            }
        }
        Ok(Taken { link: self.connect(time).await?, pool: self.clone(), _place: place })
    }

    /// A place among the loops that read a result at this moment. They have places of their own: what a loop does with each row
    /// may need a connection, too.
    ///
    /// # Errors
    /// `rate_limited` where all were in use for all of `time`.
    pub async fn stream(&self, time: Duration) -> Result<OwnedSemaphorePermit, Fault> {
        self.turn(&self.streams, time).await
    }

    /// A new connection.
    ///
    /// # Errors
    /// Those of connecting.
    pub async fn connect(&self, time: Duration) -> Result<Box<dyn Link>, Fault> {
        let connected = tokio::time::timeout(time.to_std(), link::connect(&self.database, self.row_bytes, time));
        connected.await.unwrap_or_else(|_| Err(Fault::late(&self.database, true)))
    }

    async fn turn(&self, places: &Arc<Semaphore>, time: Duration) -> Result<OwnedSemaphorePermit, Fault> {
        match tokio::time::timeout(time.to_std(), places.clone().acquire_owned()).await {
            Ok(Ok(place)) => Ok(place),
            _ => {
                let name = &self.database.name;
                let message = format!(
                    "all {} connections to the database `{name}` are in use: the setting `databases.{name}.connections` allows more",
                    self.database.connections
                );
                Err(Fault::refused(Failure::new(Kind::RateLimited, message)))
            }
        }
    }

    fn kept(&self) -> Option<Box<dyn Link>> {
        let mut idle = self.idle();
        idle.retain(|(since, _)| since.elapsed() < IDLE_MAX);
        idle.pop().map(|(_, link)| link)
    }

    fn idle(&self) -> MutexGuard<'_, Vec<(Instant, Box<dyn Link>)>> {
        // Whoever held the lock did not leave half a change behind.
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Taken {
    /// Keeps the connection for the next call, as soon as nothing is left on it of this one. Its place is taken until then.
    pub fn give_back(self) {
        let Self { mut link, pool, _place: place } = self;
        tokio::spawn(async move {
            if tokio::time::timeout(RENEWAL_MAX, link.renew()).await == Ok(true) {
                pool.idle().push((Instant::now(), link));
            }
            drop(place);
        });
    }
}
