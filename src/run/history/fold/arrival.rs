//! Signals and events from outside, and who takes them.

use std::sync::Arc;

use super::super::unit::Task;
use super::super::{Arrival, Run};
use crate::base::value::Value;
use crate::run::event::UnitId;

impl Run {
    pub(super) fn listens_no_more(&mut self, id: UnitId) {
        self.listeners.remove(&id);
        self.clocked.remove(&id);
    }

    pub(super) fn wake_listeners(&mut self) {
        let ids: Vec<_> = self.listeners.iter().copied().collect();
        ids.into_iter().for_each(|id| self.wake(id));
    }

    pub(super) fn signalled(&mut self, name: &Arc<str>, payload: &Value) {
        let number = self.arrived(true, name, payload, 0);
        self.signals.entry(name.clone()).or_default().push_back(number);
        self.wake_listeners();
    }

    /// An event came; whoever takes it says so.
    pub(super) fn happened(&mut self, topic: &Arc<str>, payload: &Value, mark: u64) {
        let number = self.arrived(false, topic, payload, mark);
        if mark > 0 {
            self.happened.insert(mark, number);
        }
    }

    fn arrived(&mut self, signal: bool, name: &Arc<str>, payload: &Value, mark: u64) -> u32 {
        let number = u32::try_from(self.arrivals.len()).unwrap_or(u32::MAX);
        self.arrivals.push(Arrival { signal, name: name.clone(), payload: payload.clone(), taken: false, mark });
        number
    }

    pub(super) fn took(&mut self, id: UnitId, number: u32) {
        let Some(arrival) = self.arrivals.get_mut(number as usize) else { return };
        arrival.taken = true;
        let (payload, signal, name) = (arrival.payload.clone(), arrival.signal, arrival.name.clone());
        if let Some(waiting) = self.signals.get_mut(&name).filter(|_| signal) {
            waiting.retain(|other| *other != number);
        }
        let Some(unit) = self.unit_mut(id) else { return };
        let node = unit.node;
        if let Task::Listen(listen) = &mut unit.task {
            listen.output = Some(payload);
        }
        self.taken.entry(node).or_default().insert(number);
        self.listens_no_more(id);
        self.touch(id);
        self.wake(id);
    }

    pub(super) fn ignored(&mut self, id: UnitId, before: u32) {
        if let Some(Task::Listen(listen)) = self.unit_mut(id).map(|unit| &mut unit.task) {
            listen.next = before;
        }
    }
}
