//! What every store must hold, as one test that anybody can run on a store of their own.

mod follow;
mod forgetting;
mod lists;
mod outputs;

use std::sync::Arc;

use futures_util::StreamExt as _;

use crate::base::id::{Digest, RunId};
use crate::base::limit;
use crate::base::status::Status;
use crate::base::time::{Duration, Timestamp};
use crate::base::value::Value;
use crate::run::admission::{Admission, Overflow, Place, Turn};
use crate::run::chain::{Line, Origin};
use crate::run::event::{Acceptance, Event, Record, UnitId};
use crate::run::journal::{Batch, Broken, Emission, Fact, Happened, Journal, Mark, Standing};
use crate::run::wait::{Fit, For, Open, Wait, Waiting};

/// Opens a store, the same one each time, as after a restart.
pub type Opening<'a> = &'a dyn Fn() -> Arc<dyn Journal>;

/// Tries the store that `open` opens, which must be empty.
///
/// # Errors
/// The first rule that it breaks, in words.
pub async fn hold(open: Opening<'_>) -> Result<(), String> {
    let broken = |error: Broken| format!("the store broke: {error}");
    keeps_what_was_appended(open).await.map_err(broken)??;
    reads_from_any_record(open).await.map_err(broken)??;
    knows_how_runs_stand(open).await.map_err(broken)??;
    lists::hold(open).await.map_err(broken)??;
    follow::hold(open).await.map_err(broken)??;
    knows_who_is_at_gates(open).await.map_err(broken)??;
    wakes_in_time(open).await.map_err(broken)??;
    keeps_facts(open).await.map_err(broken)??;
    keeps_events_in_order(open).await.map_err(broken)??;
    knows_which_events_were_heard(open).await.map_err(broken)??;
    knows_what_runs_wait_for(open).await.map_err(broken)??;
    finds_who_waits_for_an_event(open).await.map_err(broken)??;
    keeps_values_of_any_size(open).await.map_err(broken)??;
    outputs::hold(open).await.map_err(broken)??;
    takes_many_at_once(open).await.map_err(broken)??;
    forgetting::hold(open).await.map_err(broken)??;
    says_what_it_does_not_have(open).await.map_err(broken)?
}

type Verdict = Result<Result<(), String>, Broken>;

fn must(holds: bool, rule: &str) -> Result<(), String> {
    if holds { Ok(()) } else { Err(format!("this does not hold: {rule}")) }
}

/// A journal of one run, written batch by batch.
struct Writing {
    standing: Standing,
    records: Vec<Record>,
    last: Mark,
}

impl Writing {
    fn new(run: &str, workflow: &str) -> Self {
        let standing = Standing {
            run: RunId(run.into()),
            workflow: workflow.into(),
            plan: Digest::of(workflow.as_bytes()),
            parent: None,
            fork_of: None,
            tags: Vec::new(),
            status: Status::Running,
            accepted_at: moment(0),
            started_at: None,
            rested_at: None,
            error: None,
            open: Vec::new(),
            wake: None,
            busy: false,
            turn: None,
        };
        Self { standing, records: Vec::new(), last: Mark::default() }
    }

    /// The next batch, of so many records.
    fn batch(&mut self, count: usize) -> Batch {
        let first = self.records.len();
        for number in first..first + count {
            self.records.push(record(&self.standing, number));
        }
        Batch {
            previous: self.last,
            first: first as u64,
            records: self.records[first..].to_vec(),
            standing: self.standing.clone(),
            facts: Vec::new(),
            waits: Vec::new(),
            emitted: Vec::new(),
        }
    }

    /// Appends the next batch, of so many records.
    fn append(&mut self, store: &dyn Journal, count: usize) -> Mark {
        let batch = self.batch(count);
        self.last = store.append(vec![batch]);
        self.last
    }
}

/// A record that differs from all others of its run, and holds values of every type.
fn record(standing: &Standing, number: usize) -> Record {
    let odd = Value::map([
        ("absent", Value::Unit),
        ("null", Value::Null),
        ("large", Value::Int(i64::MAX)),
        ("fraction", Value::Float(0.1)),
        ("text", Value::from("a \"quote\", a \u{0} and an ä")),
        ("bytes", Value::Bytes(Arc::from([0u8, 255]))),
        ("moment", Value::moment(moment(number as i64))),
        ("long", Value::Duration(Duration(1))),
        ("list", Value::list([Value::list([]), Value::Unit])),
        ("set", Value::Set(Arc::new([Value::Int(1)].into_iter().collect()))),
        ("number", Value::Int(number as i64)),
    ]);
    let event = match number {
        0 => accepted(standing, odd),
        1 => Event::Started { state: Value::Unit },
        _ => Event::Signalled { name: format!("signal {number}").into(), payload: odd },
    };
    Record { at: moment(number as i64), event }
}

/// The acceptance of a run with this input.
fn accepted(standing: &Standing, input: Value) -> Event {
    Event::Accepted(Arc::new(Acceptance {
        run: standing.run.clone(),
        workflow: standing.workflow.clone(),
        plan: standing.plan,
        input,
        trigger: Value::Unit,
        state: Value::Unit,
        parent: standing.parent.clone(),
        depth: 0,
        within: Vec::new(),
        starts: 0,
        origin: None,
        line: Line::default(),
        tags: standing.tags.clone(),
        fork: None,
        admission: Admission::default(),
        collects: None,
    }))
}

fn moment(seconds: i64) -> Timestamp {
    Duration::seconds(seconds).after(Timestamp::UNIX_EPOCH)
}

async fn keeps_what_was_appended(open: Opening<'_>) -> Verdict {
    let store = open();
    let mut one = Writing::new("suite-kept", "kept");
    let mut other = Writing::new("suite-kept-too", "kept");
    let first = one.append(&*store, 2);
    let second = other.append(&*store, 1);
    let third = one.append(&*store, 3);
    store.synced(third).await?;
    drop(store);
    let store = open();
    let history = store.history(&one.standing.run, 0).await?;
    let whole = history.records == one.records && history.last == third;
    let alone = store.history(&other.standing.run, 0).await?.records == other.records;
    let mut replayed = Vec::new();
    if let Some(mut replay) = store.replay(&one.standing.run).await? {
        while let Some(part) = replay.parts.next().await {
            replayed.extend(part?);
        }
        let ends = (replay.accepted, replay.last) == (history.accepted, history.last);
        replayed.truncate(if ends { replayed.len() } else { 0 });
    }
    let parts = replayed == one.records && store.replay(&RunId("suite-nobody".into())).await?.is_none();
    Ok(must(first < second && second < third, "marks grow in the order of what was appended")
        .and(must(whole, "what was synced is there after a restart, in order, with every value as it was"))
        .and(must(parts, "a history that is read part by part is the same"))
        .and(must(alone, "the records of one run are not mixed with those of another")))
}

async fn reads_from_any_record(open: Opening<'_>) -> Verdict {
    let store = open();
    let mut run = Writing::new("suite-from", "from");
    for count in [1, 4, 2, 3] {
        run.append(&*store, count);
    }
    store.synced(run.last).await?;
    for from in 0..=run.records.len() {
        let history = store.history(&run.standing.run, from as u64).await?;
        if history.records != run.records[from..] || history.last != run.last {
            return Ok(must(false, "a history can be read from any record on"));
        }
    }
    let beyond = store.history(&run.standing.run, 1_000).await?;
    Ok(must(beyond.records.is_empty(), "beyond the last record there is nothing"))
}

async fn knows_how_runs_stand(open: Opening<'_>) -> Verdict {
    let store = open();
    let mut run = Writing::new("suite-stands", "stands");
    run.standing.busy = true;
    run.standing.parent = Some(RunId("suite-parent".into()));
    run.standing.fork_of = Some(RunId("suite-other".into()));
    run.append(&*store, 1);
    run.standing.busy = false;
    run.standing.status = Status::Failed;
    run.standing.started_at = Some(moment(4));
    run.standing.error = Some("not_found".into());
    run.standing.rested_at = Some(moment(9));
    let mark = run.append(&*store, 1);
    store.synced(mark).await?;
    drop(store);
    let found = open().standing(&run.standing.run).await?;
    Ok(must(found.as_ref() == Some(&run.standing), "a run stands as its last batch says"))
}

async fn knows_who_is_at_gates(open: Opening<'_>) -> Verdict {
    let store = open();
    let place = Place { gate: "runs/gated".into(), places: 2, overflow: Overflow::Restart };
    let within = vec![(RunId("suite-around".into()), UnitId::RUN)];
    let turn = Turn { inside: false, places: vec![place], priority: 7, within };
    let mut last = Mark::default();
    let mut runs = Vec::new();
    for run in ["suite-gate-b", "suite-gate-a", "suite-gate-c"] {
        let mut run = Writing::new(run, "gated");
        run.standing.turn = Some(turn.clone());
        last = run.append(&*store, 1);
        runs.push(run);
    }
    runs[0].standing.turn = Some(Turn { inside: true, ..turn.clone() });
    runs[2].standing.turn = None;
    for run in &mut runs {
        last = last.max(run.append(&*store, 1));
    }
    store.synced(last).await?;
    drop(store);
    let found = open().at_gates().await?;
    let inside = (runs[0].standing.run.clone(), Turn { inside: true, ..turn.clone() });
    let waiting = (runs[1].standing.run.clone(), turn);
    Ok(must(found == [inside, waiting], "who is at a gate is known, in the order they were accepted"))
}

async fn wakes_in_time(open: Opening<'_>) -> Verdict {
    let store = open();
    let mut last = Mark::default();
    let mut runs = Vec::new();
    for (run, wake) in [("suite-late", 300), ("suite-soon", 100), ("suite-next", 200)] {
        let mut run = Writing::new(run, "woken");
        run.standing.wake = Some(moment(wake));
        last = run.append(&*store, 1);
        runs.push(run);
    }
    store.synced(last).await?;
    let due = store.due(moment(200), 10).await?;
    let early = due.runs == [RunId("suite-soon".into()), RunId("suite-next".into())] && due.next == Some(moment(300));
    let one = store.due(moment(250), 1).await?;
    let bounded = one.runs == [RunId("suite-soon".into())] && one.next == Some(moment(200));
    for run in &mut runs {
        run.standing.wake = None;
        last = run.append(&*store, 1);
    }
    store.synced(last).await?;
    let none = store.due(moment(1_000), 10).await?;
    Ok(must(early, "runs are due at their time and not before, the earliest first, and the next time is known")
        .and(must(bounded, "no more runs are due at once than were asked for"))
        .and(must(none.runs.is_empty() && none.next.is_none(), "a run that no longer waits is not woken")))
}

async fn keeps_facts(open: Opening<'_>) -> Verdict {
    let store = open();
    let mut run = Writing::new("suite-facts", "facts");
    let said = |name: &str, value| Fact { name: name.into(), value, until: None };
    for count in 1..=2 {
        let mut batch = run.batch(1);
        let counted = said("suite/count", Some(Value::map([("count", Value::Int(count))])));
        batch.facts = vec![counted, said("suite/gone", (count == 1).then_some(Value::Int(count)))];
        run.last = store.append(vec![batch]);
    }
    let mut batch = run.batch(1);
    let until = Some(moment(1));
    batch.facts = vec![Fact { until, ..said("suite/brief", Some("brief".into())) }, said("suite/never", None)];
    run.last = store.append(vec![batch]);
    store.synced(run.last).await?;
    let noted = store.note(vec![said("suite/noted", Some(Value::Int(1))), said("suite/nought", Some(Value::Int(0)))]);
    let after = store.append(vec![run.batch(1)]);
    store.synced(noted.max(after)).await?;
    drop(store);
    let store = open();
    let begins: Vec<_> = store.facts("suite/no").await?.into_iter().map(|fact| fact.name).collect();
    let counted = store.fact("suite/count").await? == Some(Value::map([("count", Value::Int(2))]));
    let gone = store.fact("suite/gone").await?.is_none() && store.fact("suite/never").await?.is_none();
    Ok(must(counted, "what was said of a fact last is kept")
        .and(must(gone, "a fact that is none any more is not there"))
        .and(must(noted < after, "facts that follow from no run have a place of their own"))
        .and(must(begins == ["suite/noted".into(), "suite/nought".into()], "facts are found by how their names begin")))
}

fn event(topic: &str, number: i64) -> Emission {
    let payload = Value::map([("order", Value::map([("id", Value::Int(number))]))]);
    let emits = |run| Origin { run: RunId(run), chain: u32::try_from(number).unwrap_or_default() };
    let origin = (number % 2 == 0).then(|| emits(format!("suite-{topic}").into()));
    Emission { at: moment(number), topic: topic.into(), payload, origin }
}

async fn keeps_events_in_order(open: Opening<'_>) -> Verdict {
    let store = open();
    let mut run = Writing::new("suite-emits", "emits");
    let first = store.publish(event("suite-paid", 1));
    let mut batch = run.batch(2);
    batch.emitted = vec![event("suite-paid", 2), event("suite-sent", 3), event("suite-paid", 4)];
    let last = store.append(vec![batch]);
    run.last = Mark(last.0 - 3);
    let next = run.append(&*store, 1);
    let later = store.publish(event("suite-paid", 5));
    store.synced(later).await?;
    drop(store);
    let store = open();
    let happened = |mark: u64, number| Happened { mark: Mark(mark), emission: event("suite-paid", number) };
    let all = store.events("suite-paid", Mark::default(), 10).await?;
    let expected = [happened(first.0, 1), happened(last.0 - 2, 2), happened(last.0, 4), happened(later.0, 5)];
    let some = store.events("suite-paid", first, 2).await?;
    let history = store.history(&run.standing.run, 0).await?;
    let chained = history.records == run.records && history.last == next && history.accepted == Mark(last.0 - 3);
    Ok(must(first < last && last < next && next < later, "batches and events have their places in one order")
        .and(must(all == expected, "the events of a topic are kept in order, each after what it was emitted with"))
        .and(must(some == expected[1..3], "events are read from any mark on, so many as were asked for"))
        .and(must(chained, "a batch has a mark of its own before those of its events, and a run knows its first")))
}

async fn knows_which_events_were_heard(open: Opening<'_>) -> Verdict {
    let store = open();
    let one = store.publish(event("suite-one", 1));
    let other = store.publish(event("suite-other", 2));
    store.heard(one);
    store.heard(Mark(one.0 - 1));
    let last = store.publish(event("suite-one", 3));
    store.synced(last).await?;
    drop(store);
    let store = open();
    let unheard: Vec<Mark> = store.unheard(Mark::default(), 10).await?.into_iter().map(|event| event.mark).collect();
    let rest: Vec<Mark> = store.unheard(other, 10).await?.into_iter().map(|event| event.mark).collect();
    Ok(must(unheard == [other, last], "events of any topic that nobody may have heard of are known, in order")
        .and(must(rest == [last], "they can be read page by page")))
}

fn wait(kind: For, name: &str, fit: Option<(&str, Value)>) -> Wait {
    let fit = fit.and_then(|(path, value)| Some(Fit { path: path.into(), value: Fit::form(&value)? }));
    Wait { kind, name: name.into(), place: format!("{name}[0]").into(), since: moment(7), fit }
}

fn unit(serial: u32) -> UnitId {
    UnitId { index: 0, serial }
}

async fn knows_what_runs_wait_for(open: Opening<'_>) -> Verdict {
    let store = open();
    let (mut one, mut other) = (Writing::new("suite-asks", "asks"), Writing::new("suite-asks-too", "asks"));
    let mut batch = one.batch(1);
    let (question, signal) = (wait(For::Answer, "suite-q", None), wait(For::Signal, "suite-s", None));
    batch.waits = vec![(unit(1), Some(question.clone())), (unit(2), Some(signal.clone()))];
    one.last = store.append(vec![batch]);
    let mut batch = other.batch(1);
    batch.waits = vec![(unit(1), Some(question.clone()))];
    store.append(vec![batch]);
    let mut batch = one.batch(1);
    batch.waits = vec![(unit(1), None), (unit(9), None)];
    let last = store.append(vec![batch]);
    store.synced(last).await?;
    drop(store);
    let store = open();
    let open_of = |open: &Open| (open.run.clone(), open.wait.clone());
    let of_one = Waiting { run: Some(one.standing.run.clone()), limit: 10, ..Waiting::default() };
    let mine: Vec<_> = store.waiting(&of_one).await?.iter().map(open_of).collect();
    let questions = Waiting { name: Some("suite-q".into()), ..Waiting::all(For::Answer) };
    let asked = store.waiting(&questions).await?;
    let after = Waiting { after: asked.last().map_or(0, |open| open.number), ..questions };
    let beyond = store.waiting(&after).await?;
    Ok(must(mine == [(one.standing.run, signal)], "what a unit waits for is known until it waits no more")
        .and(must(
            asked.iter().map(open_of).eq([(other.standing.run, question)]),
            "what is waited for is found by its kind and name",
        ))
        .and(must(beyond.is_empty(), "a list of waits goes on where the one before ended")))
}

async fn finds_who_waits_for_an_event(open: Opening<'_>) -> Verdict {
    let store = open();
    let mut last = Mark::default();
    let fits = [
        ("suite-any", None),
        ("suite-two", Some(("order.id", Value::Int(2)))),
        ("suite-three", Some(("order.id", Value::Int(3)))),
        ("suite-text", Some(("order.id", Value::from("2")))),
        ("suite-elsewhere", Some(("id", Value::Int(2)))),
    ];
    for (run, fit) in fits {
        let mut run = Writing::new(run, "fits");
        let mut batch = run.batch(1);
        batch.waits = vec![(unit(1), Some(wait(For::Event, "suite-fits", fit)))];
        last = store.append(vec![batch]);
    }
    store.synced(last).await?;
    let told = async |payload: Value| -> Result<Vec<String>, Broken> {
        let found = store.waiting(&Waiting::for_event(&"suite-fits".into(), &payload)).await?;
        Ok(found.into_iter().map(|open| open.run.to_string()).collect())
    };
    let two = told(event("", 2).payload).await?;
    let nobody = told(Value::Unit).await?;
    let odd = told(Value::map([("order", Value::map([("id", Value::Float(2.0))]))])).await?;
    Ok(must(two == ["suite-any", "suite-two"], "an event finds those whose value it carries, and those who want none")
        .and(must(nobody == ["suite-any"], "an event that carries nothing finds those who want nothing"))
        .and(must(odd.len() == 4, "a value that is not compared by its form finds all who look there")))
}

async fn keeps_values_of_any_size(open: Opening<'_>) -> Verdict {
    let store = open();
    let mut run = Writing::new("suite-large", "large");
    let text = Value::from("0123456789abcdef".repeat(10_000).as_str());
    let rows = Value::list((0..10_000).map(|row| Value::map([("row", Value::Int(row))])));
    let deep = (0..limit::VALUE_DEPTH_MAX - 1).fold(Value::Unit, |inner, _| Value::list([inner]));
    let marked = Value::map([("$flow", "content".into()), ("value", text.clone())]);
    let mut batch = run.batch(2);
    for payload in [text.clone(), rows.clone(), Value::list([text, rows]), deep, marked] {
        batch.records.push(Record { at: moment(0), event: Event::Signalled { name: "large".into(), payload } });
    }
    run.last = store.append(vec![batch.clone()]);
    store.synced(run.last).await?;
    drop(store);
    let found = open().history(&run.standing.run, 0).await?;
    Ok(must(found.records == batch.records, "values of any size and depth come back as they were"))
}

async fn takes_many_at_once(open: Opening<'_>) -> Verdict {
    let store = open();
    let mut runs: Vec<Writing> = (0..50).map(|number| Writing::new(&format!("suite-many-{number}"), "many")).collect();
    let batches = runs.iter_mut().map(|run| run.batch(3)).collect();
    let last = store.append(batches);
    for (number, run) in runs.iter_mut().enumerate() {
        run.last = Mark(last.0 - 49 + number as u64);
    }
    let mut marks = Vec::new();
    for run in &mut runs {
        marks.push(run.append(&*store, 2));
    }
    for mark in marks {
        store.synced(mark).await?;
    }
    drop(store);
    let store = open();
    for run in &runs {
        if store.history(&run.standing.run, 0).await?.records != run.records {
            return Ok(must(false, "batches that are appended together follow each other in the total order"));
        }
    }
    Ok(Ok(()))
}

async fn says_what_it_does_not_have(open: Opening<'_>) -> Verdict {
    let store = open();
    let nobody = RunId("suite-nobody".into());
    let none = store.history(&nobody, 0).await?.records.is_empty()
        && store.standing(&nobody).await?.is_none()
        && store.fact("suite/nothing").await?.is_none()
        && store.plan(Digest::of(b"nothing")).await?.is_none();
    Ok(must(none, "what was never appended is not there"))
}
