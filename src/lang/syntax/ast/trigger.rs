//! What starts runs.

use super::value::{Arg, Expr, Field, Name, Object, Path, Text};
use crate::base::span::Span;

/// `trigger KIND { clauses }`
#[derive(Clone, Debug)]
pub struct Trigger {
    /// The `///` above it.
    pub doc: Option<Text>,
    /// What starts a run.
    pub kind: TriggerKind,
    /// How.
    pub clauses: Vec<TriggerClause>,
    /// All of it.
    pub span: Span,
}

/// The kinds of trigger.
#[derive(Clone, Debug)]
pub enum TriggerKind {
    /// `api POST "/orders/{id}"`
    Api {
        /// The method.
        method: Name,
        /// The path, with `{name}` for parts that vary.
        path: Text,
    },
    /// `webhook "/hooks/shop"`
    Webhook(Text),
    /// `schedule "0 9 * * MON-FRI"`
    Schedule(Text),
    /// `every 15m`
    Every(Arg),
    /// `file "inbox/*.csv"`
    File(Text),
    /// `event "customer.created"`
    Event(Text),
    /// `form "/request"`
    Form(Text),
    /// `persona [cherry, sophia]`
    Persona(Vec<Name>),
    /// `slack.message`: a trigger that a connector declares, with its parameters
    Connector {
        /// Connector and trigger.
        path: Path,
        /// Parameters of a `poll`.
        params: Vec<Field>,
    },
}

/// One clause of a trigger.
#[derive(Clone, Debug)]
pub struct TriggerClause {
    /// What it says.
    pub kind: TriggerClauseKind,
    /// All of it.
    pub span: Span,
}

/// The clauses of triggers.
#[derive(Clone, Debug)]
pub enum TriggerClauseKind {
    /// `auth required`, `auth none`
    Auth(Name),
    /// `input: { ... }`
    Input(Object),
    /// `where expr`
    Where(Expr),
    /// `verify hmac_sha256 { ... }`
    Verify {
        /// The way of signing.
        scheme: Name,
        /// `key`, `header`, `prefix` and so on.
        fields: Vec<Field>,
    },
    /// `challenge expr`
    Challenge(Expr),
    /// `zone "Europe/Berlin"`
    Zone(Text),
    /// `overlap skip`
    Overlap(Name),
    /// `catch_up latest`
    CatchUp(Name),
    /// `on created`, `on created | changed`
    On(Vec<Name>),
    /// `intent "onboard_customer"`
    Intent(Text),
    /// `debounce 5s by KEY max 1m`
    Debounce {
        /// The quiet time.
        quiet: Arg,
        /// One per value of this.
        by: Option<Arg>,
        /// The longest wait.
        max: Option<Arg>,
    },
    /// `batch 100 or 1m`, `batch until "0 17 * * *"`
    Batch {
        /// How many items.
        count: Option<Arg>,
        /// How long after the first.
        within: Option<Arg>,
        /// Or at these times.
        until: Option<Text>,
    },
    /// `throttle 10 per 1m by KEY`
    Throttle {
        /// How many.
        count: Arg,
        /// In how long.
        per: Arg,
        /// One count per value of this.
        by: Option<Arg>,
    },
}
