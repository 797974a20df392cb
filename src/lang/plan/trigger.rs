//! What starts runs, as data.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::formula::{Formula, Script};
use crate::base::span::Span;
use crate::base::time::Duration;

/// One trigger of a workflow.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Trigger {
    /// Where it stands.
    pub span: Span,
    /// What starts a run.
    pub kind: Kind,
    /// Only if this is true of `trigger`.
    pub filter: Option<Script>,
    /// The input made of `trigger`; its body where absent.
    pub input: Option<Formula>,
    /// Whether the caller must prove who it is.
    pub auth: bool,
    /// How a webhook proves who sent it.
    pub verify: Option<(Arc<str>, Formula)>,
    /// `challenge`
    pub challenge: Option<Formula>,
    /// `debounce`
    pub debounce: Option<Debounce>,
    /// `batch`
    pub batch: Option<Batch>,
    /// `throttle`
    pub throttle: Option<Throttle>,
}

impl Trigger {
    /// Whether it collects items before a run starts.
    pub fn collects(&self) -> bool {
        self.debounce.is_some() || self.batch.is_some()
    }

    /// Whether so many items are all that a run takes.
    pub fn is_full(&self, count: usize) -> bool {
        self.batch.as_ref().and_then(|batch| batch.count).is_some_and(|full| count as u64 >= full)
    }
}

/// The kinds of trigger.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Kind {
    /// A request.
    Api {
        /// Its method.
        method: Arc<str>,
        /// Its path.
        path: Arc<str>,
    },
    /// A request of somebody else's system.
    Webhook {
        /// Its path.
        path: Arc<str>,
    },
    /// The calendar.
    Schedule {
        /// The cron line.
        cron: Arc<str>,
        /// The time zone.
        zone: Option<Arc<str>>,
        /// `skip queue restart`
        overlap: Option<Arc<str>>,
        /// `none latest all`
        catch_up: Option<Arc<str>>,
    },
    /// The clock.
    Every {
        /// How often.
        every: Duration,
        /// `skip queue restart`
        overlap: Option<Arc<str>>,
        /// `none latest all`
        #[serde(default)]
        catch_up: Option<Arc<str>>,
    },
    /// A file.
    File {
        /// Which files.
        glob: Arc<str>,
        /// `created`, `changed`
        on: Vec<Arc<str>>,
    },
    /// An event.
    Event {
        /// Its topic.
        topic: Arc<str>,
    },
    /// A page made from `input`.
    Form {
        /// Its path.
        path: Arc<str>,
    },
    /// A persona.
    Persona {
        /// Which.
        personas: Vec<Arc<str>>,
        /// Which intent.
        intent: Option<Arc<str>>,
    },
    /// A trigger that a connector declares.
    Connector {
        /// The connector.
        connector: Arc<str>,
        /// Its trigger.
        name: Arc<str>,
        /// The parameters, an object.
        params: Formula,
    },
}

impl Kind {
    /// What happens when the run before still runs, where the program says so.
    pub fn overlap(&self) -> Option<&str> {
        match self {
            Self::Schedule { overlap, .. } | Self::Every { overlap, .. } => overlap.as_deref(),
            _ => None,
        }
    }

    /// What `trigger.type` says.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Api { .. } => "api",
            Self::Webhook { .. } => "webhook",
            Self::Schedule { .. } => "schedule",
            Self::Every { .. } => "every",
            Self::File { .. } => "file",
            Self::Event { .. } => "event",
            Self::Form { .. } => "form",
            Self::Persona { .. } => "persona",
            Self::Connector { .. } => "connector",
        }
    }
}

/// `debounce 5s by KEY max 1m`
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Debounce {
    /// The quiet time.
    pub quiet: Duration,
    /// One per value of this.
    pub by: Option<Script>,
    /// The longest wait.
    pub max: Option<Duration>,
}

/// `batch 100 or 1m`, `batch until "cron"`
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Batch {
    /// How many.
    pub count: Option<u64>,
    /// How long after the first.
    pub within: Option<Duration>,
    /// Or at these times.
    pub until: Option<Arc<str>>,
    /// The zone of these times; UTC where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<Arc<str>>,
}

/// `throttle 10 per 1m by KEY`
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Throttle {
    /// How many.
    pub count: u64,
    /// In how long.
    pub per: Duration,
    /// One count per value of this.
    pub by: Option<Script>,
}
