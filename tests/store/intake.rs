//! The way in: from what a trigger brings to a run that starts, with the real store.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use orchestra_flow::base::id::RunId;
use orchestra_flow::base::status::Status;
use orchestra_flow::base::time::{Duration as TimeSpan, Timestamp};
use orchestra_flow::base::value::Value;
use orchestra_flow::host::clock::VirtualClock;
use orchestra_flow::run::event::Event;
use orchestra_flow::run::journal::{Journal, Query};
use orchestra_flow::run::machine::Command;
use orchestra_flow::store::Sqlite;
use orchestra_flow::{Builder, Engine, Item, Program, StartError, Submitted};

use super::runtime;

/// What one process does with a program; then it is gone, with everything that is still under way.
fn process<T>(folder: &Path, program: &str, work: impl AsyncFnOnce(Arc<Sqlite>, Engine) -> T) -> T {
    let runtime = runtime();
    let done = runtime.block_on(async {
        let store = Arc::new(Sqlite::open(folder).expect("it opens"));
        let program = Program::from_text("main.flow", program).unwrap_or_else(|faults| panic!("{faults}"));
        let engine = Builder::new(program).journal(store.clone()).build().unwrap_or_else(|error| panic!("{error}"));
        engine.recover().await.expect("it can be read");
        work(store, engine).await
    });
    runtime.shutdown_timeout(Duration::from_secs(10));
    done
}

/// The same by a clock that is moved.
fn process_at<T>(
    folder: &Path,
    program: &str,
    clock: &VirtualClock,
    work: impl AsyncFnOnce(Arc<Sqlite>, Engine) -> T,
) -> T {
    let runtime = runtime();
    let done = runtime.block_on(async {
        let store = Arc::new(Sqlite::open(folder).expect("it opens"));
        let program = Program::from_text("main.flow", program).unwrap_or_else(|faults| panic!("{faults}"));
        let builder = Builder::new(program).journal(store.clone()).clock(clock.clone());
        let engine = builder.build().unwrap_or_else(|error| panic!("{error}"));
        engine.recover().await.expect("it can be read");
        work(store, engine).await
    });
    runtime.shutdown_timeout(Duration::from_secs(10));
    done
}

/// What a webhook brings.
fn webhook<const N: usize>(body: [(&str, Value); N]) -> Item {
    let value = Value::map([("type", Value::from("webhook")), ("body", Value::map(body))]);
    Item { trigger: 0, value, run: None, facts: Vec::new(), origin: None }
}

#[test]
fn an_item_becomes_the_input_its_trigger_makes_of_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let program = r#"
        workflow greet {
            input { name: string(1..) }
            trigger webhook "/hooks/greet" { where trigger.body.wanted, input: { name: trigger.body.who } }
            output { text: "hello ${input.name}", kind: trigger.type }
        }
    "#;
    process(folder.path(), program, async |_, engine| {
        let brought = |who: &str, wanted| webhook([("who", who.into()), ("wanted", Value::Bool(wanted))]);
        let Ok(Submitted::Started(run)) = engine.submit("greet", brought("Ada", true)).await else {
            panic!("it is wanted")
        };
        assert_eq!(run.end().await.output.to_json(), serde_json::json!({ "text": "hello Ada", "kind": "webhook" }));
        let passed_over = engine.submit("greet", brought("Ada", false)).await;
        assert!(matches!(passed_over, Ok(Submitted::PassedOver)), "{passed_over:?}");
        let wrong = engine.submit("greet", brought("", true)).await;
        assert!(matches!(wrong, Err(StartError::Input(_))), "{wrong:?}");
        let broken = engine.submit("greet", webhook([("who", "Ada".into())])).await;
        assert!(matches!(broken, Err(StartError::Item(_))), "{broken:?}");
        let nowhere = engine.submit("greet", Item { trigger: 7, ..brought("Ada", true) }).await;
        assert!(matches!(nowhere, Err(StartError::UnknownTrigger(..))), "{nowhere:?}");
    });
}

/// Waits until this many runs of the store are in this state.
async fn until(store: &dyn Journal, status: Status, count: usize) -> Vec<RunId> {
    let query = Query { statuses: vec![status], limit: 100_000, ..Query::default() };
    for _ in 0..3_000 {
        let runs = store.runs(&query).await.expect("it can be read").runs;
        if runs.len() == count {
            return runs.into_iter().rev().map(|standing| standing.run).collect();
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("{count} runs are not {status:?}")
}

fn number(n: i64) -> Value {
    Value::map([("n", Value::Int(n))])
}

const TAKES_TURNS: &str = r#"
    workflow turns {
        input { n: int }
        concurrency 1
        state { seen: list<int> }
        step go = wait signal "go"
        set state.seen += input.n
        output { seen: state.seen }
    }
"#;

#[test]
fn runs_take_turns_and_each_finds_what_the_one_before_it_left() {
    let folder = tempfile::tempdir().expect("a folder");
    let ids = process(folder.path(), TAKES_TURNS, async |store, engine| {
        let mut ids = Vec::new();
        for n in 1..=4 {
            ids.push(engine.start("turns", &number(n)).await.expect("it starts").id().clone());
        }
        assert_eq!(until(&*store, Status::Waiting, 1).await, ids[..1], "one is inside");
        assert_eq!(until(&*store, Status::Queued, 3).await, ids[1..], "the others wait");
        engine.signal(&ids[0], "go", Value::Unit).await.expect("it waits for it");
        assert_eq!(until(&*store, Status::Waiting, 1).await.len(), 1);
        until(&*store, Status::Completed, 1).await;
        ids
    });
    // The process has gone; the next one finds the same queue.
    process(folder.path(), TAKES_TURNS, async |store, engine| {
        assert_eq!(until(&*store, Status::Waiting, 1).await, ids[1..2], "who was inside is so again");
        assert_eq!(until(&*store, Status::Queued, 2).await, ids[2..]);
        engine.tell(&ids[2], Command::Cancel { by: "a test".into() }).await.expect("it is told");
        until(&*store, Status::Cancelled, 1).await;
        for (done, run) in [(2, &ids[1]), (3, &ids[3])] {
            assert_eq!(until(&*store, Status::Waiting, 1).await, std::slice::from_ref(run));
            engine.signal(run, "go", Value::Unit).await.expect("it waits for it");
            until(&*store, Status::Completed, done).await;
        }
        let last = engine.start("turns", &number(5)).await.expect("it starts");
        engine.signal(last.id(), "go", Value::Unit).await.expect("it waits for it");
        let seen = last.end().await.output.to_json();
        assert_eq!(seen, serde_json::json!({ "seen": [1, 2, 4, 5] }), "in order, and nothing is lost");
    });
}

#[test]
fn late_runs_are_skipped_or_take_the_place() {
    let folder = tempfile::tempdir().expect("a folder");
    let program = r#"
        workflow skips {
            input { n: int }
            concurrency 1 per input.n { overflow skip }
            step go = wait signal "go"
        }
        workflow restarts {
            input { n: int }
            concurrency 1 { overflow restart }
            step go = wait signal "go"
            on cancel { wait 20ms }
            output { n: input.n }
        }
    "#;
    process(folder.path(), program, async |store, engine| {
        let first = engine.start("skips", &number(1)).await.expect("it starts");
        let late = engine.start("skips", &number(1)).await.expect("it is accepted");
        assert_eq!(late.end().await.status, Status::Skipped);
        let other = engine.start("skips", &number(2)).await.expect("another key, another gate");
        for run in [first, other] {
            engine.signal(run.id(), "go", Value::Unit).await.expect("it is inside");
            assert_eq!(run.end().await.status, Status::Completed);
        }
        let mut runs = Vec::new();
        for n in 1..=3 {
            runs.push(engine.start("restarts", &number(n)).await.expect("it starts"));
        }
        let last = runs.pop().expect("three were started");
        for run in runs {
            assert_eq!(run.end().await.status, Status::Cancelled);
        }
        assert_eq!(until(&*store, Status::Waiting, 1).await, std::slice::from_ref(last.id()));
        engine.signal(last.id(), "go", Value::Unit).await.expect("it is inside");
        assert_eq!(last.end().await.output.to_json(), serde_json::json!({ "n": 3 }));
    });
}

#[test]
fn a_key_is_one_run_whoever_starts_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let program = r#"
        workflow charge {
            input { n: int, fails: bool = false }
            key input.n { keep 1h }
            step go = wait signal "go"
            fail conflict "no money" when input.fails
            output { n: input.n, at: now() }
        }
        workflow shop {
            input { n: int }
            step charged = charge { n: input.n }
            output { at: charged.at }
        }
    "#;
    let (id, at) = process(folder.path(), program, async |store, engine| {
        // At the same moment: one of them wins, the others join it.
        let starts = (0..20).map(|_| {
            let engine = engine.clone();
            tokio::spawn(async move { engine.start("charge", &number(1)).await.expect("it is there") })
        });
        let mut runs = Vec::new();
        for start in starts.collect::<Vec<_>>() {
            runs.push(start.await.expect("it ends"));
        }
        let id = until(&*store, Status::Waiting, 1).await.remove(0);
        assert!(runs.iter().all(|run| *run.id() == id), "they are all the same");
        let shop = engine.start("shop", &number(1)).await.expect("it starts");
        until(&*store, Status::Waiting, 2).await;
        engine.signal(&id, "go", Value::Unit).await.expect("it waits for it");
        let mut outputs = Vec::new();
        for run in runs {
            outputs.push(run.end().await.output.to_json());
        }
        assert!(outputs.iter().all(|output| *output == outputs[0]));
        let at = outputs[0]["at"].clone();
        assert_eq!(shop.end().await.output.to_json()["at"], at, "a child run is joined as well");
        (id, at)
    });
    process(folder.path(), program, async |store, engine| {
        let again = engine.start("charge", &number(1)).await.expect("it is there");
        assert_eq!(*again.id(), id);
        assert_eq!(again.end().await.output.to_json()["at"], at, "it has ended, and says again what came of it");
        let fails = Value::map([("n", Value::Int(2)), ("fails", Value::Bool(true))]);
        let mut ids = Vec::new();
        for _ in 0..2 {
            let run = engine.start("charge", &fails).await.expect("a run that failed gives the key back");
            engine.signal(run.id(), "go", Value::Unit).await.expect("it waits for it");
            ids.push(run.id().clone());
            assert_eq!(run.end().await.status, Status::Failed);
        }
        assert_ne!(ids[0], ids[1]);
        until(&*store, Status::Failed, 2).await;
    });
}

#[test]
fn starts_are_spread_and_none_is_dropped() {
    let folder = tempfile::tempdir().expect("a folder");
    let program = r#"
        workflow paced {
            input { n: int }
            trigger webhook "/hooks/paced" { throttle 2 per 200ms by trigger.body.who, input: { n: trigger.body.n } }
            output { n: input.n, at: run.started_at }
        }
    "#;
    let started = |store: Arc<Sqlite>| async move {
        let mut started = Vec::new();
        for run in until(&*store, Status::Completed, 6).await {
            let history = store.history(&run, 0).await.expect("it can be read");
            let Some(Event::Accepted(accepted)) = history.records.first().map(|record| record.event.clone()) else {
                panic!("it begins with its acceptance")
            };
            started.push(accepted.admission.not_before.unwrap_or(history.records[0].at));
        }
        started
    };
    process(folder.path(), program, async |_, engine| {
        for n in 0..6 {
            let item = webhook([("n", Value::Int(n)), ("who", "Ada".into())]);
            assert!(matches!(engine.submit("paced", item).await, Ok(Submitted::Started(_))), "none is refused");
        }
    });
    // Those that were late wait for their moment in the next process.
    let moments = process(folder.path(), program, async |store, _| started(store).await);
    for window in moments.windows(3) {
        let between = window[2].duration_since(window[0]).as_millis();
        assert!(between >= 200, "three starts within {between} ms");
    }
}

/// 72: what has become due while nothing ran does not start all at once.
#[test]
fn a_pace_is_kept_after_a_long_time_without_a_process() {
    let folder = tempfile::tempdir().expect("a folder");
    let program = r#"
        workflow paced {
            input { n: int }
            trigger webhook "/hooks/paced" { throttle 2 per 1h, input: { n: trigger.body.n } }
            output { n: input.n }
        }
    "#;
    let hour = |hours: i64| TimeSpan::seconds(hours * 3_600).after("2026-01-01T00:00:00Z".parse().expect("a time"));
    let clock = VirtualClock::at(hour(0));
    process_at(folder.path(), program, &clock, async |store, engine| {
        for n in 0..8 {
            let item = webhook([("n", Value::Int(n))]);
            assert!(matches!(engine.submit("paced", item).await, Ok(Submitted::Started(_))), "none is refused");
        }
        until(&*store, Status::Completed, 2).await;
    });
    let mut started = Vec::new();
    for (now, done) in [(100, 4), (101, 6), (102, 8)] {
        clock.set(hour(now));
        process_at(folder.path(), program, &clock, async |store, engine| {
            let runs = until(&*store, Status::Completed, done).await;
            none_in_memory(&engine).await;
            assert_eq!(runs.len(), done, "no more than the pace allows");
            started.clear();
            for run in runs {
                let records = store.history(&run, 0).await.expect("it can be read").records;
                started.extend(records.into_iter().filter_map(|record| match record.event {
                    Event::Started { .. } => Some(record.at),
                    _ => None,
                }));
            }
        });
    }
    started.sort();
    let hours: Vec<i64> = started.iter().map(|at| TimeSpan::between(hour(0), *at).0 / 3_600_000).collect();
    assert_eq!(hours, [0, 0, 100, 100, 101, 101, 102, 102]);
}

#[test]
fn items_that_belong_together_start_one_run() {
    let folder = tempfile::tempdir().expect("a folder");
    let program = r#"
        type Line = { n: int }
        workflow gathers {
            input { items: list<Line> }
            trigger webhook "/hooks/lines" { batch 3 or 300ms, input: { n: trigger.body.n } }
            output { sum: input.items.map(|line| line.n).sum(), last: trigger.items.last().body.n }
        }
        workflow waits_for_quiet {
            input { n: int }
            trigger webhook "/hooks/quiet" { debounce 150ms by trigger.body.who, input: { n: trigger.body.n } }
            output { n: input.n }
        }
    "#;
    let output = |store: Arc<Sqlite>, run: RunId| async move {
        let history = store.history(&run, 0).await.expect("it can be read");
        let decided = history.records.into_iter().find_map(|record| match record.event {
            Event::Decided { outcome } => Some(outcome.output().to_json()),
            _ => None,
        });
        decided.expect("it has ended")
    };
    let collector = process(folder.path(), program, async |store, engine| {
        let mut runs = Vec::new();
        for n in 1..=7 {
            match engine.submit("gathers", webhook([("n", Value::Int(n))])).await {
                Ok(Submitted::Collected(run)) => runs.push(run),
                other => panic!("{other:?}"),
            }
        }
        assert!(runs[..3].iter().all(|run| *run == runs[0]), "three belong together");
        assert!(runs[3..6].iter().all(|run| *run == runs[3] && *run != runs[0]));
        let wrong = engine.submit("gathers", webhook([("n", "seven".into())])).await;
        assert!(matches!(wrong, Err(StartError::Input(_))), "who sends what does not fit is told so: {wrong:?}");
        until(&*store, Status::Completed, 2).await;
        assert_eq!(output(store.clone(), runs[0].clone()).await, serde_json::json!({ "sum": 6, "last": 3 }));
        assert_eq!(output(store.clone(), runs[3].clone()).await, serde_json::json!({ "sum": 15, "last": 6 }));
        runs[6].clone()
    });
    process(folder.path(), program, async |store, engine| {
        // What was kept before the process went comes in when its time is up.
        until(&*store, Status::Completed, 3).await;
        assert_eq!(output(store.clone(), collector).await, serde_json::json!({ "sum": 7, "last": 7 }));
        let item = |who: &str, n| webhook([("who", who.into()), ("n", Value::Int(n))]);
        for n in 1..=3 {
            engine.submit("waits_for_quiet", item("Ada", n)).await.expect("it is kept");
        }
        let Ok(Submitted::Collected(other)) = engine.submit("waits_for_quiet", item("Bob", 9)).await else {
            panic!("it is kept")
        };
        let runs = until(&*store, Status::Completed, 5).await;
        assert_eq!(output(store.clone(), other).await, serde_json::json!({ "n": 9 }));
        assert_eq!(output(store.clone(), runs[3].clone()).await, serde_json::json!({ "n": 3 }), "the last one counts");
    });
}

/// Numbers without a pattern, the same for the same seed (SplitMix64).
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % bound
    }
}

/// When each run of the store started, if it has, and rested, in the order in which they were accepted.
async fn stays(store: &Sqlite) -> Vec<(Value, Option<Timestamp>, Option<Timestamp>)> {
    let query = Query { limit: 100_000, ..Query::default() };
    let mut stays = Vec::new();
    for standing in store.runs(&query).await.expect("it can be read").runs.into_iter().rev() {
        let records = store.history(&standing.run, 0).await.expect("it can be read").records;
        let Event::Accepted(accepted) = &records[0].event else { panic!("it begins with its acceptance") };
        let started = records.iter().find(|record| matches!(record.event, Event::Started { .. })).map(|it| it.at);
        let rested = records.iter().find(|record| matches!(record.event, Event::Rested)).map(|it| it.at);
        stays.push((accepted.input.get("gate").cloned().unwrap_or_default(), started, rested));
    }
    stays
}

/// Property I14: whoever comes and goes, and whenever the process ends.
#[test]
fn never_more_than_allowed_are_inside_and_they_enter_in_order() {
    let program = r#"
        workflow gated {
            input { gate: int, long: duration }
            concurrency (input.gate + 1) per input.gate
            wait input.long
        }
    "#;
    for seed in 0..4 {
        let folder = tempfile::tempdir().expect("a folder");
        let mut chance = Chance(seed);
        for life in 0..3 {
            process(folder.path(), program, async |store, engine| {
                for _ in 0..20 {
                    let gate = ("gate", Value::Int(chance.below(2) as i64));
                    let long = ("long", Value::Duration(orchestra_flow::base::time::Duration(chance.below(15) as i64)));
                    let run = engine.start("gated", &Value::map([gate, long])).await.expect("it is accepted");
                    if chance.below(6) == 0 {
                        run.cancel("chance");
                    }
                    tokio::time::sleep(Duration::from_millis(chance.below(4))).await;
                }
                if life == 2 {
                    until(&*store, Status::Queued, 0).await;
                    until(&*store, Status::Waiting, 0).await;
                }
            });
        }
        let stays = process(folder.path(), program, async |store, _| stays(&store).await);
        assert_eq!(stays.len(), 60, "seed {seed}: nothing that was accepted is lost");
        for gate in [0, 1] {
            let inside: Vec<_> = stays.iter().filter(|(other, ..)| other.as_int() == Some(gate)).collect();
            assert!(inside.iter().all(|(_, _, rested)| rested.is_some()), "seed {seed}: all have ended");
            let times: Vec<_> =
                inside.iter().filter_map(|(_, started, rested)| Some(((*started)?, (*rested)?))).collect();
            // Two whose places become free at the same time may begin in either order.
            let in_order = gate > 0 || times.is_sorted_by_key(|(started, _)| *started);
            assert!(in_order, "seed {seed}: they enter in order: {times:?}");
            for (started, _) in &times {
                let there = times.iter().filter(|(from, to)| from <= started && started < to).count();
                assert!(there as i64 <= gate + 1, "seed {seed}: {there} are inside at {started}: {times:?}");
            }
        }
    }
}

/// What was answered with "collected" is in exactly one run, whenever the process ends.
#[test]
fn what_was_collected_is_taken_in_once() {
    let program = r#"
        workflow gathers {
            input { items: list<{ n: int }> }
            trigger webhook "/hooks/numbers" { batch 4 or 60ms, input: { n: trigger.body.n } }
            output { items: input.items }
        }
    "#;
    let folder = tempfile::tempdir().expect("a folder");
    let mut chance = Chance(7);
    let mut sent = Vec::new();
    for life in 0..4 {
        process(folder.path(), program, async |store, engine| {
            for _ in 0..9 {
                let n = sent.len() as i64;
                let submitted = engine.submit("gathers", webhook([("n", Value::Int(n))])).await;
                assert!(matches!(submitted, Ok(Submitted::Collected(_))), "{submitted:?}");
                sent.push(n);
                tokio::time::sleep(Duration::from_millis(chance.below(30))).await;
            }
            if life == 3 {
                until(&*store, Status::Queued, 0).await;
            }
        });
    }
    let mut taken = process(folder.path(), program, async |store, _| {
        let query = Query { limit: 1_000, ..Query::default() };
        let mut taken = Vec::new();
        for standing in store.runs(&query).await.expect("it can be read").runs {
            assert_eq!(standing.status, Status::Completed);
            for record in store.history(&standing.run, 0).await.expect("it can be read").records {
                let Event::Gathered(gathered) = record.event else { continue };
                let items = gathered.input.get("items").and_then(Value::as_list).unwrap_or_default().to_vec();
                taken.extend(items.iter().filter_map(|item| item.get("n").and_then(Value::as_int)));
            }
        }
        taken
    });
    taken.sort_unstable();
    assert_eq!(taken, sent);
}

/// A queue of many runs is not kept in memory, and goes through in order.
#[test]
fn a_long_queue_goes_through() {
    let program = r#"
        workflow one_by_one {
            input { n: int }
            concurrency 1
            state { last: int = -1 }
            step go = wait signal "go" { when input.n == 0 }
            fail conflict "after ${state.last}" when state.last != input.n - 1
            set state.last = input.n
        }
    "#;
    let count = std::env::var("FLOW_QUEUE").ok().and_then(|count| count.parse().ok()).unwrap_or(300);
    let folder = tempfile::tempdir().expect("a folder");
    process(folder.path(), program, async |store, engine| {
        let first = engine.start("one_by_one", &number(0)).await.expect("it is accepted").id().clone();
        for n in 1..count {
            drop(engine.start("one_by_one", &number(n)).await.expect("it is accepted"));
        }
        none_in_memory(&engine).await;
        let begun = std::time::Instant::now();
        engine.signal(&first, "go", Value::Unit).await.expect("it waits for it");
        until(&*store, Status::Completed, usize::try_from(count).expect("it is small")).await;
        eprintln!("{count} went through in {:?}", begun.elapsed());
        none_in_memory(&engine).await;
    });
}

async fn none_in_memory(engine: &Engine) {
    for _ in 0..1_000 {
        if engine.figures().live == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("{} runs stay in memory", engine.figures().live);
}

const REMEMBERS: &str = r#"
    workflow reads {
        input { links: list<string> }
        state { seen: set<string> for 30d, runs: int = 0 }
        let fresh = input.links.filter(|link| !(link in state.seen))
        set state.seen += input.links
        set state.runs += 1
        output { fresh, kept: state.seen.len(), runs: state.runs }
    }
"#;

#[test]
fn members_of_a_dated_set_go_by_age_also_over_a_restart() {
    let folder = tempfile::tempdir().expect("a folder");
    let clock = VirtualClock::at("2026-01-01T00:00:00Z".parse().expect("a time"));
    let read = |day: i64, links: &[&str]| {
        clock.set(TimeSpan::seconds(day * 86_400).after("2026-01-01T00:00:00Z".parse().expect("a time")));
        let input = Value::map([("links", Value::list(links.iter().map(|link| Value::from(*link))))]);
        process_at(folder.path(), REMEMBERS, &clock, async |store, engine| {
            let output = engine.start("reads", &input).await.expect("it starts").end().await.output.to_json();
            let kept = store.fact("state/reads").await.expect("it can be read").expect("it is kept");
            let kept = kept.get("seen since").and_then(Value::as_list).map(<[Value]>::len);
            assert_eq!(output["kept"], serde_json::json!(kept), "as many moments as members, and no more");
            output
        })
    };
    assert_eq!(read(0, &["a", "b"]), serde_json::json!({ "fresh": ["a", "b"], "kept": 2, "runs": 1 }));
    assert_eq!(read(20, &["b", "c"]), serde_json::json!({ "fresh": ["c"], "kept": 3, "runs": 2 }));
    assert_eq!(read(29, &[]), serde_json::json!({ "fresh": [], "kept": 3, "runs": 3 }));
    assert_eq!(read(30, &["a"]), serde_json::json!({ "fresh": ["a"], "kept": 3, "runs": 4 }), "it is too old by then");
    assert_eq!(
        read(50, &["b"]),
        serde_json::json!({ "fresh": ["b"], "kept": 2, "runs": 5 }),
        "and so are those of day 20"
    );
}

#[test]
fn why_a_run_waits_for_a_place_says_who_is_inside_and_how_many_are_ahead() {
    let folder = tempfile::tempdir().expect("a folder");
    let program = r#"
        workflow slow {
            input { n: int }
            concurrency 1
            step go = wait signal "go"
        }
        workflow locks {
            input { n: int }
            step inside = lock "runs/slow" {
                step go = wait signal "go"
            }
        }
        workflow batches {
            input { items: list<{ n: int }> }
            trigger webhook "/hooks/batches" { batch 3 or 1h }
        }
    "#;
    process(folder.path(), program, async |store, engine| {
        let start =
            async |workflow: &str, n: i64| engine.start(workflow, &number(n)).await.expect("it starts").id().clone();
        let slow = [start("slow", 1).await, start("slow", 2).await, start("slow", 3).await];
        // A lock may be called as the engine calls the places of runs: they never meet.
        let locks = [start("locks", 1).await];
        until(&*store, Status::Waiting, 2).await;
        let locks = [locks[0].clone(), start("locks", 2).await, start("locks", 3).await];
        until(&*store, Status::Waiting, 4).await;
        let told = async |run: &RunId, step: Option<&str>| {
            serde_json::to_value(engine.account(run, step).await.expect("it is there")).expect("it is JSON")
        };
        let third = told(&slow[2], None).await;
        let gate = serde_json::json!({
            "gate": "runs/slow", "places": 1, "place": "", "inside": [*slow[0].0], "ahead": 1
        });
        assert_eq!(third["gates"], serde_json::json!([gate]));
        let said = format!("at \"runs/slow\": inside is {}; 1 waits before it", slow[0]);
        assert_eq!(third["waits"][1], said, "{third}");
        let step = told(&locks[2], Some("inside")).await;
        assert_eq!(step["gates"][0]["inside"], serde_json::json!([*locks[0].0]), "{step}");
        assert_eq!((&step["gates"][0]["ahead"], &step["gates"][0]["place"]), (&1.into(), &"inside".into()));
        assert!(told(&slow[0], None).await.get("gates").is_none(), "who is inside waits for none");
        let Ok(Submitted::Collected(batch)) = engine.submit("batches", webhook([("n", 1.into())])).await else {
            panic!("it is collected")
        };
        let waits = told(&batch, None).await["waits"][0].to_string();
        assert!(waits.contains("it collects a batch, and has 1 of 3 items, until "), "{waits}");
    });
}

#[test]
fn a_batch_waits_for_a_time_of_its_zone_across_both_changes_of_summer_time() {
    let program = |cron: &str, zone: &str| {
        format!(
            r#"workflow day {{
                input {{ items: list<{{ n: int }}> }}
                trigger webhook "/hooks/day" {{ batch until "{cron}" {zone} }}
                output {{ all: input.items.map(|item| item.n), at: now() }}
            }}"#
        )
    };
    const BERLIN: &str = r#", zone "Europe/Berlin""#;
    for (cron, zone, first, due) in [
        ("0 17 * * *", "", "2026-03-28T17:30:00Z", "2026-03-29T17:00:00Z"),
        ("0 17 * * *", BERLIN, "2026-03-28T15:30:00Z", "2026-03-28T16:00:00Z"),
        ("0 17 * * *", BERLIN, "2026-03-28T16:30:00Z", "2026-03-29T15:00:00Z"),
        ("0 17 * * *", BERLIN, "2026-10-24T15:30:00Z", "2026-10-25T16:00:00Z"),
        // The clocks leave 02:30 out: due when they have gone forward. They show it twice: due the first time.
        ("30 2 * * *", BERLIN, "2026-03-28T23:00:00Z", "2026-03-29T01:00:00Z"),
        ("30 2 * * *", BERLIN, "2026-10-24T23:00:00Z", "2026-10-25T00:30:00Z"),
    ] {
        let folder = tempfile::tempdir().expect("a folder");
        let moment = |text: &str| text.parse::<Timestamp>().expect("a time");
        let clock = VirtualClock::at(moment(first));
        process_at(folder.path(), &program(cron, zone), &clock, async |store, engine| {
            for n in [1, 2] {
                let collected = engine.submit("day", webhook([("n", n.into())])).await;
                assert!(matches!(collected, Ok(Submitted::Collected(_))), "{collected:?}");
            }
            let run = &until(&*store, Status::Queued, 1).await[0];
            let standing = store.standing(run).await.expect("it can be read").expect("it is there");
            assert_eq!(standing.wake, Some(moment(due)), "{cron} {zone}");
        });
        // The process has gone; the next one starts it then.
        clock.set(moment(due));
        process_at(folder.path(), &program(cron, zone), &clock, async |store, engine| {
            let run = until(&*store, Status::Completed, 1).await;
            let output = engine.summary(&run[0]).await.expect("it can be read").expect("it is there").output;
            assert_eq!(output.to_json(), serde_json::json!({ "all": [1, 2], "at": due }));
        });
    }
}
