//! The way in: what happens to a run before it starts.

use std::sync::Arc;

use super::super::Run;
use super::super::entrance::{Collected, Collection, Entrance};
use crate::base::time::Timestamp;
use crate::lang::plan::Plan;
use crate::run::admission::{Admission, Gathered};
use crate::run::event::{Acceptance, Alarm, UnitId};

impl Run {
    /// An item came for the run; its collection is complete then at the latest.
    pub(super) fn collected(&mut self, plan: &Plan, at: Timestamp, item: Collected, due: Option<Timestamp>) {
        let from = self.accepted.collects.as_ref().and_then(|from| plan.triggers.get(from.trigger));
        let Some(from) = from else { return };
        if from.batch.is_none() {
            self.collection.items.clear();
        }
        self.collection.chain = self.collection.chain.max(item.chain);
        self.collection.items.push(item);
        self.collection.first.get_or_insert(at);
        self.wait_until(due);
        if from.is_full(self.collection.items.len()) {
            self.on_time();
        }
    }

    /// What was collected was taken in.
    pub(super) fn taken_in(&mut self, gathered: &Gathered) {
        let Gathered { input, trigger, admission } = gathered.clone();
        self.entrance = Entrance::with(&admission);
        let starts = self.accepted.starts.max(self.collection.chain);
        self.accepted = Arc::new(Acceptance { input, trigger, admission, starts, ..(*self.accepted).clone() });
        self.collection = Collection::default();
        self.wait_until(self.accepted.admission.not_before);
    }

    /// Its moment has gone by, and it waits for another one.
    pub(super) fn delayed(&mut self, until: Timestamp) {
        let admission = Admission { not_before: Some(until), ..self.accepted.admission.clone() };
        self.accepted = Arc::new(Acceptance { admission, ..(*self.accepted).clone() });
        self.wait_until(Some(until));
    }

    /// The moment has come that the run waited for on its way in.
    pub(super) fn on_time(&mut self) {
        self.wait_until(None);
        self.entrance = match self.entrance {
            Entrance::Collecting => Entrance::Complete,
            Entrance::Early => Entrance::Asking,
            other => other,
        };
    }

    /// Before it starts, a run waits for one moment at most.
    pub(in crate::run::history) fn wait_until(&mut self, moment: Option<Timestamp>) {
        self.alarms.clear();
        self.alarms.extend(moment.map(|moment| (moment, UnitId::RUN, Alarm::Due)));
    }
}
