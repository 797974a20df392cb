//! What o'clock it is for the programs of a server: how long something takes is told by their clock, also where it is moved by
//! hand.

use serde::Deserialize;

use crate::base::time::Timestamp;
use crate::serve::client::{Client, Failed};

/// The clock of a server.
#[derive(Clone, Copy, Debug)]
pub enum Clock {
    /// It goes as all clocks do.
    Real,
    /// It stood here when it was looked at last.
    Virtual(Timestamp),
}

#[derive(Deserialize)]
struct Time {
    now: Timestamp,
    r#virtual: bool,
}

impl Clock {
    /// The clock of this server.
    ///
    /// # Errors
    /// If it cannot be asked.
    pub async fn of(client: &Client) -> Result<Self, Failed> {
        let time = client.get("/v1/clock").await?;
        Ok(match serde_json::from_value(time) {
            Ok(Time { now, r#virtual: true }) => Self::Virtual(now),
            Ok(Time { r#virtual: false, .. }) | Err(_) => Self::Real,
        })
    }

    /// What o'clock it is.
    pub fn now(self) -> Timestamp {
        match self {
            Self::Real => Timestamp::now(),
            Self::Virtual(now) => now,
        }
    }

    /// Looks at it again, if it goes only when it is moved. A server that does not answer has moved it no further.
    pub async fn look_again(&mut self, client: &Client) {
        if let Self::Virtual(_) = self
            && let Ok(clock) = Self::of(client).await
        {
            *self = clock;
        }
    }
}
