//! The lines of the tree.

use std::collections::BTreeSet;

use crate::base::time::Timestamp;
use crate::lang::plan::NodeId;

/// A line of one tree; never used again when the line has gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ItemId(pub u64);

/// One line: a step, a block, a turn, a handler at work.
#[derive(Clone, Debug)]
pub struct Item {
    /// What stands in the line; empty for what only groups: its children stand in its place.
    pub name: String,
    /// Where it is, for plain lines: `orders[3].reserve`.
    pub path: String,
    /// What it carries out, where that is a statement.
    pub node: Option<NodeId>,
    /// Under which line.
    pub parent: Option<ItemId>,
    /// The lines under it, in order of coming.
    pub children: BTreeSet<ItemId>,
    /// How it stands.
    pub state: State,
    /// When it came to be.
    pub started: Timestamp,
    /// When it ended.
    pub ended: Option<Timestamp>,
    /// How many attempts it took so far.
    pub attempts: u32,
    /// The error it met last.
    pub trouble: Option<String>,
    /// What this line is.
    pub part: Part,
    /// Whether plain lines pass over what goes well in it: it is one of very many turns.
    pub quiet: bool,
}

/// What a line is.
#[derive(Clone, Debug, PartialEq)]
pub enum Part {
    /// The run.
    Run,
    /// A step or a block.
    Step,
    /// A loop, with how far it is.
    Loop(Turns),
    /// One turn of a loop.
    Turn,
    /// What a handler, an `undo` or the end of the run does.
    Aside,
}

/// How far a loop is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Turns {
    /// How many there will be, where that is known.
    pub total: Option<u64>,
    /// How many have ended.
    pub ended: u64,
    /// How many of these failed.
    pub failed: u64,
    /// Whether several run at once.
    pub parallel: bool,
}

/// How a line stands.
#[derive(Clone, Debug, PartialEq)]
pub enum State {
    /// At work.
    Running,
    /// It waits for this.
    Waiting(String),
    /// It tries again then.
    Retrying {
        /// When.
        at: Timestamp,
        /// Which attempt that will be.
        attempt: u32,
    },
    /// It waits for a person to decide.
    Parked,
    /// What was done in it is being undone, or it comes to rest.
    Closing,
    /// It ended well.
    Completed,
    /// It was passed over, or given up without harm.
    Skipped,
    /// It ended badly.
    Failed,
    /// Others ended it.
    Cancelled,
}

impl State {
    /// Whether nothing changes any more.
    pub fn is_over(&self) -> bool {
        matches!(self, Self::Completed | Self::Skipped | Self::Failed | Self::Cancelled)
    }
}

impl Item {
    /// Which turn of its loop it is, if it is one.
    pub fn turn(&self) -> u32 {
        self.name.trim_matches(['[', ']']).parse().unwrap_or_default()
    }

    /// A line that has just come.
    pub fn new(name: String, path: String, part: Part, started: Timestamp) -> Self {
        Self {
            name,
            path,
            node: None,
            parent: None,
            children: BTreeSet::new(),
            state: State::Running,
            started,
            ended: None,
            attempts: 0,
            trouble: None,
            part,
            quiet: false,
        }
    }
}
