//! Signals and events from outside, and who takes them.

use std::sync::Arc;

use super::super::unit::Task;
use super::super::{Arrival, Run};
use crate::base::value::Value;
use crate::run::event::UnitId;

impl Run {
    pub(super) fn wake_listeners(&mut self) {
        let ids: Vec<_> = self.listeners.iter().copied().collect();
        ids.into_iter().for_each(|id| self.wake(id));
    }

    pub(super) fn arrived(&mut self, signal: bool, name: &Arc<str>, payload: &Value) {
        let number = u32::try_from(self.arrivals.len()).unwrap_or(u32::MAX);
        self.arrivals.push(Arrival { signal, name: name.clone(), payload: payload.clone(), taken: false });
        if signal {
            self.signals.entry(name.clone()).or_default().push_back(number);
        } else {
            self.topics.entry(name.clone()).or_default().push(number);
        }
        self.wake_listeners();
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
        self.listeners.remove(&id);
        self.touch(id);
        self.wake(id);
    }

    pub(super) fn ignored(&mut self, id: UnitId, before: u32) {
        if let Some(Task::Listen(listen)) = self.unit_mut(id).map(|unit| &mut unit.task) {
            listen.next = before;
        }
    }
}
