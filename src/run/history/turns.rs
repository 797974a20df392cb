//! How far a loop is: the items whose turns are still to come, and what is kept of those that have ended.
//!
//! In: items, pages, outputs, failures. Out: the next item, and what the loop puts out. Never: what nobody asks for any more; a
//! stream may be longer than memory.

use std::sync::Arc;

use crate::base::failure::Failure;
use crate::base::time::Duration;
use crate::base::value::Value;
use crate::lang::plan::{Kind, Node};
use crate::run::event::Tolerate;

/// How far a loop is.
#[derive(Clone, Debug)]
pub struct Loop {
    /// The items that are known: of a list all, of a stream those of the page that is gone through.
    items: Arc<Vec<Value>>,
    /// The turn of the first of them.
    first: u32,
    /// The next turn to open.
    pub next: u32,
    /// Turns at once, or at all.
    pub max: Option<u64>,
    /// How many may fail.
    pub tolerate: Tolerate,
    /// The pause between turns.
    pub every: Option<Duration>,
    /// What the turns have put out.
    pub outputs: Outputs,
    /// The same, for each gather.
    pub gathered: Vec<Outputs>,
    /// The turns that failed.
    pub failed: Failed,
    /// How many turns are given up or have been.
    pub absorbed: u64,
    /// Whether an `until` was true.
    pub enough: bool,
    /// Whether the pause before the next turn is over.
    pub ready: bool,
    /// For a stream: how to ask for the next page; none before the first, `()` after the last.
    pub page: Option<Value>,
}

impl Loop {
    /// A loop of this node through these items, before its first turn. So many things inside of it are read outside.
    pub fn new(node: &Node, items: Arc<Vec<Value>>, gathers: usize) -> Self {
        let last_only = matches!(node.kind, Kind::Repeat { .. });
        let outputs = if last_only { Outputs::Last(Value::Unit) } else { Outputs::All(Vec::new()) };
        // Without a name nobody can ask for them.
        let is_read = node.name.is_some();
        Self {
            items,
            first: 0,
            next: 0,
            max: None,
            tolerate: Tolerate::Count(0),
            every: None,
            gathered: vec![outputs.clone(); gathers],
            outputs: if is_read { outputs } else { Outputs::Unread },
            failed: Failed { each: is_read.then(Vec::new), ..Failed::default() },
            absorbed: 0,
            enough: false,
            ready: true,
            page: None,
        }
    }

    /// The item of the next turn, if it is known.
    pub fn item(&self) -> Option<&Value> {
        self.items.get(self.next.checked_sub(self.first)? as usize)
    }

    /// How many items are known.
    pub fn known(&self) -> usize {
        self.items.len()
    }

    /// Whether it goes through the pages of a stream.
    pub fn is_stream(&self) -> bool {
        self.page.is_some()
    }

    /// A page of a stream, and how to ask for the one after it. Its items come after those that are left; those whose turns
    /// were opened are let go of.
    pub fn take_page(&mut self, page: Value, next: Value) {
        let page = match page {
            Value::List(items) => items,
            Value::Unit => Arc::default(),
            item => Arc::new(vec![item]),
        };
        let opened = (self.next.saturating_sub(self.first) as usize).min(self.items.len());
        self.first += opened as u32;
        self.items = match &self.items[opened..] {
            [] => page,
            left => Arc::new(left.iter().chain(&*page).cloned().collect()),
        };
        self.page = Some(next);
    }
}

/// What turns have put out, as far as anybody reads it.
#[derive(Clone, Debug)]
pub enum Outputs {
    /// Nobody does.
    Unread,
    /// Only what the last turn has put out.
    Last(Value),
    /// All of it, by turn, up to the last that has put something out.
    All(Vec<Value>),
}

impl Outputs {
    /// Puts what a turn has put out into its place, whatever the order in which turns end.
    pub fn put(&mut self, turn: u32, output: Value) {
        match self {
            Self::Unread => {}
            Self::Last(last) => *last = output,
            Self::All(values) => {
                let turn = turn as usize;
                if values.len() <= turn {
                    if output.is_unit() {
                        return;
                    }
                    values.resize(turn + 1, Value::Unit);
                }
                values[turn] = output;
            }
        }
    }

    /// What is read of them after so many turns.
    pub fn value(&self, turns: u32) -> Value {
        match self {
            Self::Unread => Value::Unit,
            Self::Last(last) => last.clone(),
            Self::All(values) => {
                let none = std::iter::repeat_n(Value::Unit, (turns as usize).saturating_sub(values.len()));
                Value::list(values.iter().cloned().chain(none))
            }
        }
    }
}

/// Turns that failed.
#[derive(Clone, Debug, Default)]
pub struct Failed {
    /// How many.
    pub count: u64,
    /// What the last of them failed with.
    pub last: Option<Arc<Failure>>,
    /// Which they are, where anybody reads that.
    pub each: Option<Vec<(u32, Arc<Failure>)>>,
}

impl Failed {
    /// One more has failed.
    pub fn put(&mut self, turn: u32, failure: &Arc<Failure>) {
        self.count += 1;
        self.last = Some(failure.clone());
        if let Some(each) = &mut self.each {
            each.push((turn, failure.clone()));
        }
    }
}
