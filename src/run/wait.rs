//! What a run waits for from outside: an event, a signal, an answer, a decision. Kept as rows, so that whoever comes with
//! one finds who waits for it without reading a journal.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::base::id::RunId;
use crate::base::time::Timestamp;
use crate::base::value::Value;

/// What is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum For {
    /// An event of a topic.
    Event,
    /// A signal to the run.
    Signal,
    /// The answer to a question.
    Answer,
    /// What a person decides about a parked step.
    Decision,
}

impl For {
    const ALL: [Self; 4] = [Self::Event, Self::Signal, Self::Answer, Self::Decision];

    /// Its word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Event => "event",
            Self::Signal => "signal",
            Self::Answer => "answer",
            Self::Decision => "decision",
        }
    }
}

impl fmt::Display for For {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl FromStr for For {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|kind| kind.word() == word);
        found.ok_or_else(|| format!("nobody waits for a `{word}`"))
    }
}

/// One thing that a step of a run waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wait {
    /// What.
    pub kind: For,
    /// The topic, the name of the signal, or of the step that asks or is parked.
    pub name: Arc<str>,
    /// The place of the step.
    pub place: Arc<str>,
    /// Since when.
    pub since: Timestamp,
    /// For an event: what it must carry to be looked at, if that is known.
    pub fit: Option<Fit>,
}

/// What an event must carry for a wait to look at it: `where event.order == input.id`, with `input.id` as it was when the
/// wait was opened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fit {
    /// Where in the event: `order.id`.
    pub path: Arc<str>,
    /// Which value, in the form of [`Fit::form`].
    pub value: Arc<str>,
}

impl Fit {
    /// The form in which values are compared; none for one that is not compared so, because its equals do not look alike.
    pub fn form(value: &Value) -> Option<Arc<str>> {
        match value {
            Value::Text(text) => Some(format!("\"{text}").into()),
            Value::Int(number) => Some(number.to_string().into()),
            Value::Bool(truth) => Some(truth.to_string().into()),
            // What is hidden stands in no row.
            _ => None,
        }
    }

    /// What stands at `path` of an event.
    pub fn at<'a>(event: &'a Value, path: &str) -> Option<&'a Value> {
        path.split('.').try_fold(event, |value, name| value.open().get(name))
    }

    /// Whether an event may be the one: it carries the value, or one that must be compared by the machine.
    pub fn may_be(&self, event: &Value) -> bool {
        match Self::at(event, &self.path).map(Self::form) {
            Some(Some(form)) => form == self.value,
            Some(None) => true,
            None => false,
        }
    }
}

/// A wait of a run that is open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Open {
    /// Its number: it grows in the order in which waits are opened.
    pub number: u64,
    /// Of which run.
    pub run: RunId,
    /// For what.
    pub wait: Wait,
}

/// Which open waits a list is to hold, in the order they were opened. What is absent is no condition.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Waiting {
    /// For something of this kind.
    pub kind: Option<For>,
    /// Of this name.
    pub name: Option<Arc<str>>,
    /// Of this run.
    pub run: Option<RunId>,
    /// For events: those that may take one that carries this.
    pub event: Option<Value>,
    /// Opened after this one, with which the list before ended.
    pub after: u64,
    /// So many at most.
    pub limit: usize,
}

impl Waiting {
    /// Whoever waits for an event of `topic` and may take one that carries `payload`.
    pub fn for_event(topic: &Arc<str>, payload: &Value) -> Self {
        Self { name: Some(topic.clone()), event: Some(payload.clone()), ..Self::all(For::Event) }
    }

    /// Everybody who waits for something of this kind.
    pub fn all(kind: For) -> Self {
        Self { kind: Some(kind), limit: usize::MAX, ..Self::default() }
    }

    /// Whether `open` is among those it describes.
    pub fn holds(&self, open: &Open) -> bool {
        let fits = |event: &Value| open.wait.fit.as_ref().is_none_or(|fit| fit.may_be(event));
        self.kind.is_none_or(|kind| kind == open.wait.kind)
            && self.name.as_ref().is_none_or(|name| *name == open.wait.name)
            && self.run.as_ref().is_none_or(|run| *run == open.run)
            && self.event.as_ref().is_none_or(fits)
            && open.number > self.after
    }
}
