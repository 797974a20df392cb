//! `poll`: a connector that nobody tells anything asks from time to time what is new.
//!
//! What it keeps between two askings (where it stands, and what it has seen lately) is a fact, written with the acceptance of
//! the last run that came of it; each run has its id from the trigger and from what names the item. So an item starts one run,
//! wherever the process ends. Workflows that ask for the same share the asking.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::Triggers;
use super::due::Beat as _;
use super::every::Every;
use super::source::{Brought, Heard, Sourced};
use crate::base::failure::{Failure, Kind};
use crate::base::id::RunId;
use crate::base::time::{Duration, Timestamp};
use crate::base::value::{Map, Value};
use crate::lang::plan::Operation;
use crate::lang::plan::source::{Asks, Poll, Start};
use crate::run::activity::Busy;
use crate::run::intake::Item;
use crate::run::journal::{Broken, Fact};
use crate::run::world::Act;

/// How the names of the facts begin that say where polls stand.
pub(super) const FACTS: &str = "poll/";
/// How the names of the facts begin that say which items of an answer were taken already by a trigger that collects them.
const TAKEN: &str = "polled/";
/// How long that is known: an answer is taken whole long before.
const TAKEN_FOR: Duration = Duration::seconds(24 * 60 * 60);
/// How many items are known beside those of the last answer, and how many altogether.
const SEEN_BEFORE_MAX: usize = 1_000;
const SEEN_MAX: usize = 10_000;
/// How long a poll that fails waits at most, unless it asks less often anyway.
const PAUSE_MAX: Duration = Duration::seconds(60 * 60);
/// How often in a row the pause grows.
const DOUBLINGS_MAX: u32 = 6;

/// What is asked for, for all workflows that want the same.
#[derive(Debug)]
pub(super) struct Asked {
    /// By what it is known from one process to the next.
    pub name: Arc<str>,
    /// The triggers that take what it brings; never none.
    pub listeners: Vec<Sourced>,
    /// How often it asks.
    pub every: Duration,
    /// Rings when somebody says that there is something.
    wake: Notify,
    standing: Mutex<Standing>,
}

/// How it goes.
#[derive(Clone, Debug, Default)]
pub struct Standing {
    /// When it was answered last.
    pub answered: Option<Timestamp>,
    /// When it asks next.
    pub next: Option<Timestamp>,
    /// How many items it has brought since the process began.
    pub items: u64,
    /// Why it is not answered.
    pub failing: Option<Failing>,
}

/// Why a poll is not answered.
#[derive(Clone, Debug)]
pub struct Failing {
    /// Since when.
    pub since: Timestamp,
    /// How often.
    pub times: u32,
    /// The type of the failure.
    pub kind: Kind,
    /// What it says.
    pub message: Arc<str>,
}

/// What a poll keeps between two askings.
#[derive(Clone, Debug, Default, PartialEq)]
struct Kept {
    state: Value,
    /// The marks of what it has seen lately, the last first.
    seen: Vec<Arc<str>>,
}

/// What came of asking.
enum Answered {
    /// It stands here now; these are new.
    New(Kept, Vec<Brought>),
    /// What was kept is worth nothing any more.
    Anew,
    /// It failed.
    Failed(Failure),
    /// Nobody waits for the answer any more.
    Ended,
}

impl Asked {
    /// What is asked for by these triggers: those that want the same ask together, as often as the most eager one wants.
    pub fn all(sources: &[Sourced]) -> Vec<Arc<Self>> {
        let mut all: Vec<Self> = Vec::new();
        for sourced in sources {
            let Some(poll) = sourced.source().poll() else { continue };
            let (name, every) = (name(sourced), sourced.every.unwrap_or(poll.every));
            match all.iter_mut().find(|known| known.name == name) {
                Some(known) => {
                    known.every = known.every.min(every);
                    known.listeners.push(sourced.clone());
                }
                None => all.push(Self {
                    name,
                    listeners: vec![sourced.clone()],
                    every,
                    wake: Notify::new(),
                    standing: Mutex::default(),
                }),
            }
        }
        all.into_iter().map(Arc::new).collect()
    }

    /// How it goes.
    pub fn standing(&self) -> Standing {
        self.held().clone()
    }

    /// Has it ask at once.
    pub fn wake(&self) {
        self.wake.notify_one();
    }

    fn first(&self) -> &Sourced {
        &self.listeners[0]
    }

    fn poll(&self) -> &Poll {
        match self.first().source().poll() {
            Some(poll) => poll,
            None => unreachable!("only polls are asked"),
        }
    }

    fn held(&self) -> MutexGuard<'_, Standing> {
        self.standing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn went_well(&self, now: Timestamp, items: usize) {
        let mut standing = self.held();
        if standing.failing.take().is_some() {
            tracing::info!(poll = %self.name, "it is answered again");
        }
        standing.answered = Some(now);
        standing.items += items as u64;
    }

    /// Takes a failure down; how long it waits for it.
    fn went_wrong(&self, failure: &Failure, now: Timestamp) -> Duration {
        let mut standing = self.held();
        let before = standing.failing.take();
        let times = before.as_ref().map_or(0, |before| before.times).saturating_add(1);
        if before.as_ref().is_none_or(|before| before.kind != failure.kind) {
            tracing::error!(poll = %self.name, "it is not answered: {failure}");
        }
        let since = before.map_or(now, |before| before.since);
        standing.failing = Some(Failing { since, times, kind: failure.kind.clone(), message: failure.message.clone() });
        let longer = self.every.0.saturating_mul(1 << times.min(DOUBLINGS_MAX));
        let pause = Duration(longer).min(PAUSE_MAX.max(self.every));
        failure.retry_after.map_or(pause, |asked| asked.max(pause))
    }
}

/// By what a poll is known: what it asks for, and from where on.
fn name(sourced: &Sourced) -> Arc<str> {
    let wanted = Value::map([("params", sourced.params.clone()), ("from_start", sourced.from_start.into())]);
    let digest = blake3::hash(wanted.to_json().to_string().as_bytes()).to_hex();
    format!("{}/{}", sourced.full_name(), &digest[..16]).into()
}

impl Triggers {
    /// Asks in time, and starts a run for each item that is new.
    pub(super) async fn ask_in_time(
        &self,
        asked: &Asked,
        mut busy: Busy,
        ending: &CancellationToken,
    ) -> Result<(), Broken> {
        let clock = self.clock().clone();
        let mut kept = self.kept(asked).await?;
        loop {
            let pause = self.ask(asked, &mut kept, ending).await?;
            let now = clock.now();
            let beat = Every(asked.every).next(now).unwrap_or(now);
            let next = pause.map_or(beat, |pause| pause.after(now).max(beat));
            asked.held().next = Some(next);
            // A clock that is moved by hand stands still until what is due has come in.
            let mut sleep = clock.sleep_until(next);
            drop(busy);
            tokio::select! {
                () = &mut sleep => {}
                () = asked.wake.notified() => {}
                () = ending.cancelled() => return Ok(()),
            }
            busy = self.driver().activity().begin();
        }
    }

    /// Has what a trigger asks for be asked for at once.
    pub(super) fn look_at_once(&self, listener: &Sourced) {
        let name = name(listener);
        self.polls().iter().filter(|asked| asked.name == name).for_each(|asked| asked.wake());
    }

    /// Asks once. How long it then waits, where that is longer than usual.
    async fn ask(
        &self,
        asked: &Asked,
        kept: &mut Option<Kept>,
        ending: &CancellationToken,
    ) -> Result<Option<Duration>, Broken> {
        // Who begins anew may be told so once more, by an answer that says where.
        for _ in 0..2 {
            let answer = async {
                match kept.clone() {
                    Some(kept) => self.look(asked, kept, false).await,
                    None => self.begin(asked).await,
                }
            };
            let answered = tokio::select! {
                answered = answer => answered,
                () = ending.cancelled() => Answered::Ended,
            };
            match answered {
                Answered::New(now, new) => {
                    if self.take_new(asked, &now, kept.as_ref(), &new, ending).await? {
                        *kept = Some(now);
                        asked.went_well(self.now(), new.len());
                    }
                    return Ok(None);
                }
                Answered::Anew => {
                    tracing::warn!(poll = %asked.name, "the far side has forgotten where it stood: it begins anew, and what changed meanwhile is not known");
                    *kept = None;
                }
                Answered::Failed(failure) => return Ok(Some(asked.went_wrong(&failure, self.now()))),
                Answered::Ended => return Ok(None),
            }
        }
        let failure = Failure::new(Kind::ServerError, "the far side says again and again to begin anew");
        Ok(Some(asked.went_wrong(&failure, self.now())))
    }

    /// Asks for the first time: only notes where it stands, unless the workflow wants what is there already.
    async fn begin(&self, asked: &Asked) -> Answered {
        let sourced = asked.first();
        if sourced.from_start {
            return self.look(asked, Kept::default(), false).await;
        }
        let heard = Heard::nothing(self.driver().world());
        match &asked.poll().start {
            None => self.look(asked, Kept::default(), true).await,
            Some(Start::Value(start)) => match sourced.evaluate(start, &heard) {
                Ok(state) => Answered::New(Kept { state, seen: Vec::new() }, Vec::new()),
                Err(failure) => Answered::Failed(failure),
            },
            Some(Start::Request(operation)) => {
                let answer = self.perform(asked, operation.clone(), with_state(&sourced.params, &Value::Unit)).await;
                let stands = answer.and_then(|response| self.state(asked, &Heard { response: &response, ..heard }));
                match stands {
                    Ok(state) => Answered::New(Kept { state, seen: Vec::new() }, Vec::new()),
                    Err(failure) => Answered::Failed(failure),
                }
            }
        }
    }

    /// Asks for what came after what was kept. If it `only_notes`, nothing of it is new.
    async fn look(&self, asked: &Asked, kept: Kept, only_notes: bool) -> Answered {
        let answer = match self.far_side(asked, &kept.state).await {
            Ok(answer) => answer,
            Err(failure) => return self.refused(asked, kept, failure),
        };
        match self.read(asked, &answer, kept, only_notes) {
            Ok((kept, new)) => Answered::New(kept, new),
            Err(failure) => Answered::Failed(failure),
        }
    }

    /// What an answer brings: where it stands then, and what is new.
    fn read(
        &self,
        asked: &Asked,
        answer: &Value,
        kept: Kept,
        only_notes: bool,
    ) -> Result<(Kept, Vec<Brought>), Failure> {
        let (response, items) = match answer.get("items") {
            Some(items) => (answer.get("response").cloned().unwrap_or_default(), items.clone()),
            None => (answer.clone(), Value::Unit),
        };
        let world = Heard::nothing(self.driver().world());
        let heard = Heard { response: &response, items: &items, state: &kept.state, ..world };
        let source = asked.first().source();
        let items = match &source.each {
            Some(each) => asked.first().computed(each, &heard)?,
            None => items.clone(),
        };
        let brought = asked.first().items(&heard)?;
        let state = self.state(asked, &Heard { items: &items, ..heard })?;
        let known: BTreeSet<Arc<str>> = kept.seen.iter().cloned().collect();
        let (mut seen, mut new) = (Vec::new(), Vec::new());
        let mut met = BTreeSet::new();
        for one in brought {
            let mark = mark(&one);
            if !met.insert(mark.clone()) {
                continue;
            }
            if !only_notes && !known.contains(&mark) {
                new.push(one);
            }
            seen.push(mark);
        }
        let before = kept.seen.into_iter().filter(|mark| !met.contains(mark)).take(SEEN_BEFORE_MAX);
        let mut seen: Vec<Arc<str>> = seen.into_iter().chain(before).collect();
        seen.truncate(SEEN_MAX);
        Ok((Kept { state, seen }, new))
    }

    /// What a failure means: that it begins anew, where the connector says so.
    fn refused(&self, asked: &Asked, kept: Kept, failure: Failure) -> Answered {
        let status = failure.status.map_or(Value::Unit, |status| Value::Int(status.into()));
        let response =
            Value::map([("status", status), ("headers", Value::from(Map::new())), ("body", failure.body.clone())]);
        let world = Heard::nothing(self.driver().world());
        let heard = Heard { response: &response, state: &kept.state, ..world };
        let sourced = asked.first();
        for anew in &asked.poll().anew {
            if !sourced.computed(&anew.when, &heard).is_ok_and(|value| value.is_true()) {
                continue;
            }
            let state = anew.state.as_ref().map(|state| sourced.evaluate(state, &heard)).transpose();
            return match state {
                Ok(Some(state)) if !state.is_unit() => {
                    if !kept.state.is_unit() {
                        tracing::warn!(poll = %asked.name, "the far side has forgotten where it stood: it goes on from now, and what changed meanwhile is not known");
                    }
                    Answered::New(Kept { state, seen: kept.seen }, Vec::new())
                }
                Ok(_) if !kept.state.is_unit() => Answered::Anew,
                Ok(_) => Answered::Failed(failure),
                Err(broken) => Answered::Failed(broken),
            };
        }
        Answered::Failed(failure)
    }

    /// Where it stands after an answer; where it says nothing of that, it stays.
    fn state(&self, asked: &Asked, heard: &Heard<'_>) -> Result<Value, Failure> {
        let Some(state) = &asked.poll().state else { return Ok(heard.state.clone()) };
        let state = asked.first().evaluate(state, heard)?;
        let says_nothing = state.is_unit() || state.as_text() == Some("");
        Ok(if says_nothing { heard.state.clone() } else { state })
    }

    /// What the far side answers: `{ status, headers, body }`, with the items of all its pages where it has pages.
    async fn far_side(&self, asked: &Asked, state: &Value) -> Result<Value, Failure> {
        let sourced = asked.first();
        match &asked.poll().ask {
            Asks::Request(operation) => {
                self.perform(asked, operation.clone(), with_state(&sourced.params, state)).await
            }
            Asks::Call(name, params) => {
                let connector = &sourced.connector.connector;
                let unknown =
                    || Failure::new(Kind::NotFound, format!("there is no operation `{}.{name}`", connector.name));
                let operation = connector.operations.get(name).ok_or_else(unknown)?;
                let heard = Heard { state, ..Heard::nothing(self.driver().world()) };
                let body = self.perform(asked, operation.clone(), sourced.evaluate(params, &heard)?).await?;
                Ok(Value::map([("status", Value::Int(200)), ("headers", Map::new().into()), ("body", body)]))
            }
        }
    }

    async fn perform(&self, asked: &Asked, operation: Arc<Operation>, params: Value) -> Result<Value, Failure> {
        let world = self.driver().world();
        let act = Act {
            operation,
            params: params.without_absent(),
            key: format!("{} {}", asked.name, self.now()).into(),
            key_given: false,
            auth: Value::Unit,
            page: Value::Unit,
            streamed: false,
            timeout: world.settings.attempt_timeout(),
            run: RunId(asked.name.clone()),
            place: "poll".into(),
        };
        world.perform.perform(act).await.result
    }

    /// Starts a run of each listener for each item that is new, and keeps where the poll stands now: whether all was taken.
    async fn take_new(
        &self,
        asked: &Asked,
        now: &Kept,
        before: Option<&Kept>,
        new: &[Brought],
        ending: &CancellationToken,
    ) -> Result<bool, Broken> {
        let fact = Fact { name: fact_name(&asked.name), value: Some(now.to_value()), until: None };
        let mut left = new.len() * asked.listeners.len();
        let mut kept = before == Some(now);
        let taken: Vec<(&Brought, &Sourced)> =
            new.iter().flat_map(|one| asked.listeners.iter().map(move |listener| (one, listener))).collect();
        for (brought, listener) in taken {
            // What is left comes again: where it stands is not kept before all of it was taken.
            if ending.is_cancelled() {
                return Ok(false);
            }
            left -= 1;
            let facts = if left == 0 { vec![fact.clone()] } else { Vec::new() };
            kept = self.take_asked(listener, brought, facts).await? && left == 0 || kept;
        }
        if !kept {
            self.driver().note(vec![fact]).await?;
        }
        Ok(true)
    }

    /// Starts a run for an item; whether the facts were kept with it.
    async fn take_asked(&self, listener: &Sourced, brought: &Brought, mut facts: Vec<Fact>) -> Result<bool, Broken> {
        let declared = &listener.declared;
        let mark = mark(brought);
        // A run of several items has no id of one of them.
        if declared.trigger().collects() {
            let name: Arc<str> = format!("{TAKEN}{}/{mark}", declared.name).into();
            if self.driver().fact(&name).await?.is_some() {
                return Ok(false);
            }
            facts.push(Fact { name, value: Some(true.into()), until: Some(TAKEN_FOR.after(self.now())) });
        }
        let value = listener.to_trigger(brought, self.now());
        let run = declared.run(&mark);
        self.offer(declared, Item { trigger: declared.index, value, run: Some(run), facts, origin: None }).await
    }

    async fn kept(&self, asked: &Asked) -> Result<Option<Kept>, Broken> {
        let fact = self.driver().fact(&fact_name(&asked.name)).await?;
        Ok(fact.as_ref().map(Kept::from_value))
    }
}

impl Kept {
    fn to_value(&self) -> Value {
        let seen = Value::list(self.seen.iter().map(|mark| Value::Text(mark.clone())));
        Value::map([("state", self.state.clone()), ("seen", seen)])
    }

    fn from_value(value: &Value) -> Self {
        let seen = value.get("seen").and_then(Value::as_list).unwrap_or_default();
        let text = |mark: &Value| mark.as_text().map(Arc::from);
        Self { state: value.get("state").cloned().unwrap_or_default(), seen: seen.iter().filter_map(text).collect() }
    }
}

fn fact_name(name: &str) -> Arc<str> {
    format!("{FACTS}{name}").into()
}

/// What an item is known by: short, whatever names it.
fn mark(brought: &Brought) -> Arc<str> {
    let text = brought.key.as_deref().map_or_else(|| brought.item.to_json().to_string(), str::to_owned);
    blake3::hash(text.as_bytes()).to_hex()[..16].into()
}

fn with_state(params: &Value, state: &Value) -> Value {
    let mut params = params.as_map().cloned().unwrap_or_default();
    params.insert("state".into(), state.clone());
    params.into()
}
