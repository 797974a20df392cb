//! What must not be shown: a value that a program declares as `secret`, and what came from one.
//!
//! Wherever such a value would show, `***` stands. Whoever means to use it opens it, and says so.

use std::cell::Cell;
use std::fmt;
use std::sync::Arc;

use super::Value;
use crate::base::failure::Failure;
use crate::base::id::Digest;
use crate::base::secret::Secrets;

/// A value that is not shown. No other one is inside of it.
#[derive(Clone, PartialEq)]
pub struct Hidden(Arc<Value>);

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(crate::base::secret::MASK)
    }
}

impl Hidden {
    /// What it hides.
    pub fn open(&self) -> &Value {
        &self.0
    }
}

thread_local! {
    /// Whether secrets are written out, because whoever writes seals them.
    static WRITTEN_OUT: Cell<bool> = const { Cell::new(false) };
}

/// Whether the stored form of a value says its secrets here and now.
pub(super) fn is_written_out() -> bool {
    WRITTEN_OUT.get()
}

/// What `write` gives, in which the stored form of values says their secrets: for whoever seals them before they go anywhere.
pub fn with_secrets_written_out<T>(write: impl FnOnce() -> T) -> T {
    let before = WRITTEN_OUT.replace(true);
    let written = write();
    WRITTEN_OUT.set(before);
    written
}

impl Value {
    /// The value, not to be shown from now on. Whether something is there at all is no secret.
    #[must_use]
    pub fn hidden(self) -> Self {
        match self {
            absent @ (Self::Unit | Self::Null) => absent,
            hidden @ Self::Secret(_) => hidden,
            value if value.holds_secret() => Self::Secret(Hidden(Arc::new(value.opened()))),
            value => Self::Secret(Hidden(Arc::new(value))),
        }
    }

    /// The value itself, if it is hidden or not; what is hidden further down stays so.
    pub fn open(&self) -> &Self {
        match self {
            Self::Secret(hidden) => hidden.open(),
            plain => plain,
        }
    }

    /// Whether it or anything in it is hidden.
    pub fn holds_secret(&self) -> bool {
        match self {
            Self::Secret(_) => true,
            Self::List(items) => items.iter().any(Self::holds_secret),
            Self::Set(set) => set.iter().any(Self::holds_secret),
            Self::Map(map) => map.values().any(Self::holds_secret),
            _ => false,
        }
    }

    /// The value with nothing hidden, all the way down.
    #[must_use]
    pub fn opened(&self) -> Self {
        match self {
            Self::Secret(hidden) => hidden.open().clone(),
            plain if !plain.holds_secret() => plain.clone(),
            Self::List(items) => Self::list(items.iter().map(Self::opened)),
            Self::Set(set) => Self::Set(Arc::new(set.iter().map(Self::opened).collect())),
            Self::Map(map) => Self::map(map.iter().map(|(key, value)| (key.clone(), value.opened()))),
            plain => plain.clone(),
        }
    }

    /// What `change` makes of the value itself; hidden, if it was.
    #[must_use]
    pub fn inside(self, change: impl FnOnce(Self) -> Self) -> Self {
        match self {
            Self::Secret(hidden) => change(Arc::unwrap_or_clone(hidden.0)).hidden(),
            plain => change(plain),
        }
    }

    /// The value such that its parts can be gone through: what is hidden as a whole is hidden part by part.
    #[must_use]
    pub fn spread(self) -> Self {
        let Self::Secret(hidden) = &self else { return self };
        match hidden.open() {
            Self::List(items) => Self::list(items.iter().map(|item| item.clone().hidden())),
            Self::Set(set) => Self::Set(Arc::new(set.iter().map(|item| item.clone().hidden()).collect())),
            Self::Map(map) => Self::map(map.iter().map(|(key, value)| (key.clone(), value.clone().hidden()))),
            _ => self,
        }
    }

    /// A part of the value; hidden, if the whole is.
    pub(crate) fn part(&self, part: Self) -> Self {
        if matches!(self, Self::Secret(_)) { part.hidden() } else { part }
    }

    /// The text by which it is told from others where it names something: the canonical one; where something in it is hidden, a
    /// digest of that, which says nothing of it.
    pub fn key(&self) -> String {
        let key = self.canonical();
        if self.holds_secret() { Digest::of(key.as_bytes()).to_string() } else { key }
    }

    /// The texts and numbers that are hidden in it.
    pub fn secrets(&self) -> Secrets {
        let mut secrets = Secrets::default();
        self.gather(false, &mut secrets);
        secrets
    }

    fn gather(&self, hidden: bool, secrets: &mut Secrets) {
        match self {
            Self::Secret(within) => within.open().gather(true, secrets),
            Self::List(items) => items.iter().for_each(|item| item.gather(hidden, secrets)),
            Self::Set(set) => set.iter().for_each(|item| item.gather(hidden, secrets)),
            Self::Map(map) => map.values().for_each(|value| value.gather(hidden, secrets)),
            Self::Unit | Self::Null | Self::Bool(_) => {}
            _ if !hidden => {}
            Self::Bytes(bytes) => std::str::from_utf8(bytes).into_iter().for_each(|text| secrets.add(text)),
            plain => secrets.add(&plain.to_string()),
        }
    }

    /// The value with each text hidden in which one of these stands.
    #[must_use]
    pub fn hiding(self, secrets: &Secrets) -> Self {
        if secrets.is_empty() || !self.gives_away(secrets) {
            return self;
        }
        match self {
            Self::List(items) => Self::list(items.iter().map(|item| item.clone().hiding(secrets))),
            Self::Set(set) => Self::Set(Arc::new(set.iter().map(|item| item.clone().hiding(secrets)).collect())),
            // A name cannot be hidden alone.
            Self::Map(map) if map.keys().any(|key| secrets.are_in(key)) => Self::Map(map).hidden(),
            Self::Map(map) => Self::map(map.iter().map(|(key, value)| (key.clone(), value.clone().hiding(secrets)))),
            plain => plain.hidden(),
        }
    }

    /// The value with these covered in its texts: for what people are told, and nobody goes on with.
    #[must_use]
    pub fn covering(self, secrets: &Secrets) -> Self {
        if secrets.is_empty() || !self.gives_away(secrets) {
            return self;
        }
        match self {
            Self::Text(text) => secrets.cover(&text).into(),
            Self::List(items) => Self::list(items.iter().map(|item| item.clone().covering(secrets))),
            Self::Map(map) => {
                Self::map(map.iter().map(|(key, value)| (secrets.cover(key), value.clone().covering(secrets))))
            }
            other => other.hidden(),
        }
    }

    /// Whether one of these stands in it where it is not hidden.
    fn gives_away(&self, secrets: &Secrets) -> bool {
        match self {
            Self::Text(text) => secrets.are_in(text),
            Self::Bytes(bytes) => secrets.are_in_bytes(bytes),
            Self::Int(_) | Self::Float(_) => secrets.know(&self.to_string()),
            Self::List(items) => items.iter().any(|item| item.gives_away(secrets)),
            Self::Set(set) => set.iter().any(|item| item.gives_away(secrets)),
            Self::Map(map) => map.iter().any(|(key, value)| secrets.are_in(key) || value.gives_away(secrets)),
            _ => false,
        }
    }
}

impl Failure {
    /// The failure with these covered in all that it says.
    #[must_use]
    pub fn hiding(self, secrets: &Secrets) -> Self {
        if secrets.is_empty() {
            return self;
        }
        let details = self.details.into_iter().map(|(name, value)| (name, value.covering(secrets)));
        Self {
            message: secrets.cover(&self.message).into(),
            body: self.body.covering(secrets),
            details: details.collect(),
            cause: self.cause.map(|cause| Arc::new(Self::clone(&cause).hiding(secrets))),
            ..self
        }
    }
}
