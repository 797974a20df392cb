//! The far side: it is late, fails, loses answers, and honours keys. What happened there is counted; it outlives the process.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use orchestra_flow::base::failure::Failure;
use orchestra_flow::base::time::{Duration, Timestamp};
use orchestra_flow::base::value::Value;
use orchestra_flow::host::clock::VirtualClock;
use orchestra_flow::run::event::{Begin, Event, Record, UnitId};
use orchestra_flow::run::world::{Act, BoxFuture, Clock as _, Consult, Consulted, Outcome, Perform, Question};
use tokio::sync::oneshot;

use super::disk::Disk;
use crate::run::simulator::{Call, Chance, Fate};

type Fates = Box<dyn FnMut(&Act, &[Call], &mut Chance) -> Fate + Send>;

/// All that is outside.
pub struct Far {
    clock: VirtualClock,
    scene: Mutex<Scene>,
}

struct Scene {
    chance: Chance,
    fates: Fates,
    calls: Vec<Call>,
    /// What is on its way back, by time, then by chance.
    answers: BTreeMap<(Timestamp, u64), (oneshot::Sender<Outcome>, Outcome)>,
}

impl Far {
    pub fn new(clock: VirtualClock, chance: Chance, fates: Fates) -> Self {
        let scene = Scene { chance, fates, calls: Vec::new(), answers: BTreeMap::new() };
        Self { clock, scene: Mutex::new(scene) }
    }

    fn scene(&self) -> MutexGuard<'_, Scene> {
        self.scene.lock().expect("nobody panics here")
    }

    pub fn calls(&self) -> Vec<Call> {
        self.scene().calls.clone()
    }

    /// Answers that a process waited for which has ended go nowhere.
    pub fn forget_answers(&self) {
        self.scene().answers.clear();
    }

    pub fn next_moment(&self) -> Option<Timestamp> {
        self.scene().answers.keys().map(|(at, _)| *at).next()
    }

    /// Lets the next answer arrive that is due; whether there was one.
    pub fn answer(&self) -> bool {
        let mut scene = self.scene();
        let now = self.clock.now();
        let due = scene.answers.first_key_value().filter(|((at, _), _)| *at <= now).map(|(key, _)| *key);
        let Some((whom, answer)) = due.and_then(|key| scene.answers.remove(&key)) else { return false };
        // Nobody may wait for it any more.
        let _ = whom.send(answer);
        true
    }

    /// What one process sees of it.
    pub fn seen_by(self: &Arc<Self>, disk: &Arc<Disk>) -> Line {
        Line { far: self.clone(), disk: disk.clone() }
    }

    fn later(&self, scene: &mut Scene, after: Duration, outcome: Outcome) -> oneshot::Receiver<Outcome> {
        let (answer, answered) = oneshot::channel();
        let rank = scene.chance.draw();
        scene.answers.insert((after.after(self.clock.now()), rank), (answer, outcome));
        answered
    }

    /// A call arrives.
    fn called(&self, act: &Act, journal: &[Record]) -> Option<oneshot::Receiver<Outcome>> {
        let scene = &mut *self.scene();
        let name = act.operation.signature.full_name();
        let fate = (scene.fates)(act, &scene.calls, &mut scene.chance);
        let known = |call: &&Call| call.applied && call.key == act.key && call.name == name;
        let repeated = &*act.operation.signature.name == "put" && scene.calls.iter().any(|call| known(&call));
        let (unit, attempt, records) = sender(journal, &act.key).unwrap_or((UnitId::RUN, 0, 0));
        scene.calls.push(Call {
            run: act.run.clone(),
            unit,
            attempt,
            name,
            effect: act.operation.signature.effect.clone(),
            key: act.key.clone(),
            place: act.place.clone(),
            params: act.params.clone(),
            at: self.clock.now(),
            applied: fate.applied && !repeated,
            records,
        });
        let outcome = match repeated {
            // What was done under this key is done: it can only be late.
            true => Some(Outcome::done(Value::map([("id", Value::Int(1))]))),
            false => fate.outcome,
        };
        outcome.map(|outcome| self.later(scene, fate.after, outcome))
    }

    fn asked(&self) -> oneshot::Receiver<Outcome> {
        let scene = &mut *self.scene();
        let after = Duration::seconds(scene.chance.below(20) as i64);
        self.later(scene, after, Outcome::done("yes".into()))
    }
}

/// The unit that acts under a key now, its attempt, and how many records there are up to that.
fn sender(journal: &[Record], key: &str) -> Option<(UnitId, u32, usize)> {
    let begun = journal.iter().rev().find_map(|record| match &record.event {
        Event::Began { unit, begin: Begin::Act { key: other, .. }, .. } if **other == *key => Some(*unit),
        _ => None,
    })?;
    journal.iter().enumerate().rev().find_map(|(at, record)| match &record.event {
        Event::Attempted { unit, attempt, .. } if *unit == begun => Some((begun, *attempt, at + 1)),
        _ => None,
    })
}

/// The far side as one process reaches it, until that ends.
pub struct Line {
    far: Arc<Far>,
    disk: Arc<Disk>,
}

impl Line {
    fn is_cut(&self) -> bool {
        self.disk.is_gone()
    }
}

impl Perform for Line {
    fn perform(&self, act: Act) -> BoxFuture<'_, Outcome> {
        if self.is_cut() {
            return Box::pin(std::future::pending());
        }
        let answered = self.far.called(&act, &self.disk.records(&act.run));
        Box::pin(async move {
            let answer = match answered {
                Some(answered) => answered.await.ok(),
                None => None,
            };
            match answer {
                Some(answer) => answer,
                None => std::future::pending().await,
            }
        })
    }
}

impl Consult for Line {
    fn consult(&self, _: Question) -> BoxFuture<'_, Result<Consulted, Failure>> {
        if self.is_cut() {
            return Box::pin(std::future::pending());
        }
        let answered = self.far.asked();
        Box::pin(async move {
            match answered.await {
                Ok(outcome) => outcome.result.map(|value| Consulted::Answered { value, by: "somebody".into() }),
                Err(_) => std::future::pending().await,
            }
        })
    }
}
