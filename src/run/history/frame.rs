//! Frames: where names find their values. The run has one; each turn, branch and handler body opens one more inside.

use std::sync::Arc;

use crate::base::failure::Failure;
use crate::base::time::Timestamp;
use crate::base::value::{Map, Value};
use crate::lang::plan::Slot;

/// A frame of one run, by its place in the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FrameId(pub u32);

/// The values of one frame.
#[derive(Clone, Debug)]
pub struct Frame {
    /// The frame around it.
    pub parent: Option<FrameId>,
    /// How many frames are around it.
    pub depth: u16,
    /// By `Slot::index`.
    pub slots: Vec<Option<StepRecord>>,
    /// What `error`, `output` and `key` stand for in a handler body or an `undo`.
    pub given: Option<Box<Map>>,
    /// Who needs it: units, frames inside, entries that can be undone.
    users: u32,
}

/// The record of a step: what `steps.NAME` shows.
#[derive(Clone, Debug)]
pub struct StepRecord {
    /// `completed skipped failed cancelled`
    pub status: &'static str,
    /// Its output.
    pub output: Value,
    /// How many attempts it took.
    pub attempts: u32,
    /// When it began.
    pub started: Timestamp,
    /// When it ended.
    pub ended: Timestamp,
    /// What only some steps have.
    pub more: Option<Box<More>>,
}

/// What only some records have.
#[derive(Clone, Debug, Default)]
pub struct More {
    /// Its error, for people and handlers.
    pub error: Option<Value>,
    /// Of a race: the winner.
    pub winner: Option<Value>,
    /// Of a race for several: the winners.
    pub winners: Option<Value>,
    /// Of a loop: the turns that failed.
    pub failed: Option<Value>,
    /// Of a question: who answered, and when.
    pub by: Option<Value>,
    /// Of a `let` that could not be computed: why (semantics 55).
    pub broken: Option<Arc<Failure>>,
}

impl StepRecord {
    /// As programs see it.
    pub fn to_value(&self) -> Value {
        let more = self.more.as_deref();
        let part = |pick: fn(&More) -> &Option<Value>| more.and_then(|more| pick(more).clone());
        let mut map = Map::new();
        map.insert("status".into(), self.status.into());
        map.insert("output".into(), self.output.clone());
        map.insert("error".into(), part(|more| &more.error).unwrap_or_default());
        map.insert("attempts".into(), Value::Int(self.attempts.into()));
        map.insert("started_at".into(), Value::moment(self.started));
        map.insert("ended_at".into(), Value::moment(self.ended));
        let extras = [
            ("winner", part(|more| &more.winner)),
            ("winners", part(|more| &more.winners)),
            ("failed", part(|more| &more.failed)),
            ("by", part(|more| &more.by)),
        ];
        for (name, value) in extras {
            if let Some(value) = value {
                map.insert(name.into(), value);
            }
        }
        map.into()
    }
}

/// All frames of a run.
#[derive(Clone, Debug, Default)]
pub struct Frames {
    table: Vec<Option<Frame>>,
    free: Vec<u32>,
}

impl Frames {
    /// Opens a frame with `places` slots inside `parent`; it has one user, the caller.
    pub fn open(&mut self, parent: Option<FrameId>, places: u32, given: Option<Box<Map>>) -> FrameId {
        let depth = parent.map_or(0, |parent| self.get(parent).depth + 1);
        if let Some(parent) = parent {
            self.retain(parent);
        }
        let frame = Frame { parent, depth, slots: vec![None; places as usize], given, users: 1 };
        match self.free.pop() {
            Some(index) => {
                self.table[index as usize] = Some(frame);
                FrameId(index)
            }
            None => {
                self.table.push(Some(frame));
                FrameId(u32::try_from(self.table.len() - 1).unwrap_or(u32::MAX))
            }
        }
    }

    /// One more needs it.
    pub fn retain(&mut self, id: FrameId) {
        self.get_mut(id).users += 1;
    }

    /// One less needs it; without users it goes, and lets go of the frame around it.
    pub fn release(&mut self, id: FrameId) {
        let mut next = Some(id);
        while let Some(id) = next {
            let frame = self.get_mut(id);
            frame.users -= 1;
            if frame.users > 0 {
                return;
            }
            next = frame.parent;
            self.table[id.0 as usize] = None;
            self.free.push(id.0);
        }
    }

    /// The frame with this id.
    ///
    /// # Panics
    /// If it has gone: every holder of an id is one of its users.
    pub fn get(&self, id: FrameId) -> &Frame {
        match &self.table[id.0 as usize] {
            Some(frame) => frame,
            None => unreachable!("a frame stays as long as somebody holds its id"),
        }
    }

    /// The same, to be changed.
    pub fn get_mut(&mut self, id: FrameId) -> &mut Frame {
        match &mut self.table[id.0 as usize] {
            Some(frame) => frame,
            None => unreachable!("a frame stays as long as somebody holds its id"),
        }
    }

    /// The frame of this depth among `id` and those around it; the outermost if `id` lies less deep.
    pub fn at_depth(&self, mut id: FrameId, depth: u16) -> FrameId {
        loop {
            let frame = self.get(id);
            match frame.parent {
                Some(parent) if frame.depth > depth => id = parent,
                _ => return id,
            }
        }
    }

    /// What stands in a slot, seen from `id`.
    pub fn read(&self, id: FrameId, slot: Slot) -> Option<&StepRecord> {
        self.get(self.at_depth(id, slot.depth)).slots.get(slot.index as usize).and_then(Option::as_ref)
    }

    /// Puts something into a slot, seen from `id`.
    pub fn write(&mut self, id: FrameId, slot: Slot, record: Option<StepRecord>) {
        let id = self.at_depth(id, slot.depth);
        if let Some(place) = self.get_mut(id).slots.get_mut(slot.index as usize) {
            *place = record;
        }
    }

    /// What `name` stands for in the handler bodies and undos round `id`, innermost first.
    pub fn given(&self, id: FrameId, name: &str) -> Option<Value> {
        let mut next = Some(id);
        while let Some(id) = next {
            let frame = self.get(id);
            if let Some(value) = frame.given.as_ref().and_then(|given| given.get(name)) {
                return Some(value.clone());
            }
            next = frame.parent;
        }
        None
    }

    /// How many frames there are.
    pub fn len(&self) -> usize {
        self.table.len() - self.free.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// The value of a failure for handlers, with the step it is about.
pub fn error_value(failure: &Failure, step: &Arc<str>, attempt: u32) -> Value {
    let mut map = failure.to_value();
    map.insert("step".into(), Value::Text(step.clone()));
    map.insert("attempt".into(), Value::Int(attempt.into()));
    map.into()
}
