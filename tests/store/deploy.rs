//! New versions of a program while runs are under way (semantics 73 to 75): what is said of a run, and what it does then.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use orchestra_flow::base::failure::{Failure, Kind};
use orchestra_flow::base::id::RunId;
use orchestra_flow::base::status::Status;
use orchestra_flow::base::value::Value;
use orchestra_flow::host::Deployment;
use orchestra_flow::run::journal::{Journal, Query};
use orchestra_flow::run::machine::Command;
use orchestra_flow::run::rewind::Request;
use orchestra_flow::store::Sqlite;
use orchestra_flow::{Builder, Engine, Program};

use super::runtime;

/// What was done outside, in order.
type Done = Arc<Mutex<Vec<String>>>;

const FAR: &str = r#"
connector far "Far" {
    native once operation act(what: any?) -> any
    native once operation undo(what: any?) -> any
}
fn double(x) { x * 2 }
"#;

fn built(body: &str, store: Arc<Sqlite>, done: &Done, writes_down: bool) -> Engine {
    let text = if body.contains("workflow ") { body.to_owned() } else { format!("workflow w {{\n{body}\n}}") };
    let program = Program::from_text("main.flow", &format!("{FAR}{text}")).unwrap_or_else(|faults| panic!("{faults}"));
    let done = done.clone();
    let note = move |word: &'static str, done: Done| {
        move |params: serde_json::Value| {
            let what = params["what"].as_str().map_or_else(|| params["what"].to_string(), str::to_owned);
            done.lock().expect("nobody panics with it").push(format!("{word}{what}"));
            let fails = what.contains("bad");
            async move {
                if fails { Err(Failure::new(Kind::Conflict, "bad")) } else { Ok(serde_json::json!({ "was": what })) }
            }
        }
    };
    let mut builder = Builder::new(program).journal(store);
    builder = builder.native("far.act", note("", done.clone())).native("far.undo", note("undo ", done));
    if writes_down {
        builder = builder.write_down_only();
    }
    builder.build().unwrap_or_else(|error| panic!("{error}"))
}

fn process<T>(
    body: &str,
    folder: &Path,
    done: &Done,
    writes_down: bool,
    work: impl AsyncFnOnce(Arc<Sqlite>, Engine) -> T,
) -> T {
    let runtime = runtime();
    let result = runtime.block_on(async {
        let store = Arc::new(Sqlite::open(folder).expect("it opens"));
        let engine = built(body, store.clone(), done, writes_down);
        if !writes_down {
            engine.recover().await.expect("it can be read");
        }
        work(store, engine).await
    });
    runtime.shutdown_timeout(Duration::from_secs(10));
    result
}

/// Waits until the run stands so.
async fn until(store: &dyn Journal, run: &RunId, statuses: &[Status]) -> Status {
    for _ in 0..1_000 {
        if let Some(standing) = store.standing(run).await.expect("it can be read")
            && statuses.contains(&standing.status)
        {
            return standing.status;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let standing = store.standing(run).await.expect("it can be read");
    panic!("the run {run} is never one of {statuses:?}: {standing:?}")
}

const WAITS: [Status; 2] = [Status::Waiting, Status::Parked];
const RESTS: [Status; 3] = [Status::Completed, Status::Failed, Status::Cancelled];

/// What is said of the only run.
fn said(deployment: &Deployment) -> String {
    let groups: Vec<_> = deployment.workflows.iter().flat_map(|workflow| &workflow.groups).collect();
    match groups.as_slice() {
        [] => String::new(),
        [group] => {
            assert_eq!(group.runs.len(), 1);
            group.verdict.to_string()
        }
        _ => panic!("there is one run: {deployment:?}"),
    }
}

/// Starts a run of the old program, which waits; deploys the new one; lets the run go on by the signal `go` until it rests. What
/// was said, what was done outside, and the output or the error.
fn carried_over(old: &str, new: &str, in_one_process: bool) -> (String, Vec<String>, String) {
    let folder = tempfile::tempdir().expect("a folder");
    let done = Done::default();
    let go_on = async |store: &Sqlite, engine: &Engine, run: &RunId| {
        engine.signal(run, "go", Value::Unit).await.expect("it hears");
        let status = until(store, run, &RESTS).await;
        let summary = engine.summary(run).await.expect("it can be read").expect("it is there");
        match status {
            Status::Completed => summary.output.to_json().to_string(),
            _ => summary
                .failure
                .map_or_else(String::new, |failure| format!("{}: {}", failure.kind.name(), failure.message)),
        }
    };
    let start = async |store: &Sqlite, engine: &Engine| {
        let run = engine.start("w", &Value::Unit).await.expect("it starts").id().clone();
        until(store, &run, &WAITS).await;
        run
    };
    let (verdict, end) = if in_one_process {
        process(old, folder.path(), &done, false, async |store, engine| {
            let run = start(&store, &engine).await;
            let newer = built(new, store.clone(), &done, false);
            let preview = engine.would_mean(&newer.package()).await.expect("it can be read");
            let deployment = engine.deploy(&newer, "tester").await.expect("it can be read");
            assert_eq!(preview, deployment, "what would be said is what is said");
            (said(&deployment), go_on(&store, &engine, &run).await)
        })
    } else {
        let run = process(old, folder.path(), &done, false, async |store, engine| start(&store, &engine).await);
        let verdict = process(new, folder.path(), &done, true, async |_, engine| {
            said(&engine.deploy(&engine, "tester").await.expect("it can be read"))
        });
        let end = process(new, folder.path(), &done, false, async |store, engine| go_on(&store, &engine, &run).await);
        (verdict, end)
    };
    let done = done.lock().expect("nobody panics with it").clone();
    (verdict, done, end)
}

/// What is tried, the old program, the new one, what is said, what is done outside in all, the output.
type Row<'r> = (&'r str, &'r str, &'r str, &'r str, &'r [&'r str], &'r str);

fn hold(rows: &[Row<'_>]) {
    let mut wrong = String::new();
    for (what, old, new, verdict, calls, end) in rows {
        for in_one_process in [true, false] {
            let found = carried_over(old, new, in_one_process);
            let calls: Vec<String> = calls.iter().map(ToString::to_string).collect();
            let expected = (verdict.to_string(), calls, end.to_string());
            if found != expected {
                wrong += &format!(
                    "{what} (in one process: {in_one_process})\n  expected {expected:?}\n  found    {found:?}\n"
                );
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn what_lies_before_a_run_may_change() {
    let old = r#"step a = far.act { what: "a" }
        wait signal "go"
        step b = far.act { what: "b" }
        output { b: b.was }"#;
    hold(&[
        (
            "a step is put in after what waits",
            old,
            r#"step a = far.act { what: "a" }
            wait signal "go"
            step fresh = far.act { what: "new ${a.was}" }
            step b = far.act { what: "b" }
            output { b: b.was, fresh: fresh.was }"#,
            "moves at `fresh`",
            &["a", "new a", "b"],
            r#"{"b":"b","fresh":"new a"}"#,
        ),
        (
            "a step to come is changed",
            old,
            &old.replace(r#""b" }"#, r#""b2" }"#),
            "moves at `b`",
            &["a", "b2"],
            r#"{"b":"b2"}"#,
        ),
        (
            "a step to come is gone",
            old,
            r#"step a = far.act { what: "a" }
            wait signal "go"
            output { a: a.was }"#,
            "moves at `b`",
            &["a"],
            r#"{"a":"a"}"#,
        ),
        (
            "only the output is another",
            old,
            &old.replace("output { b: b.was }", "output { a: a.was, b: b.was }"),
            "moves now",
            &["a", "b"],
            r#"{"a":"a","b":"b"}"#,
        ),
        (
            "a handler of the workflow takes care of what comes",
            &old.replace(r#""b" }"#, r#""bad" }"#),
            &format!(
                "{}\non conflict skip {{ was: \"saved\" }}",
                old.replace(r#""b" }"#, r#""bad" }"#).replace("b.was", "b?.was")
            ),
            "moves now",
            &["a", "bad"],
            r#"{"b":"saved"}"#,
        ),
        (
            "a step that has ended is changed: it is not done again",
            old,
            &old.replace(r#"what: "a""#, r#"what: "other", timeout 3s"#).replace(r#""b" }"#, r#""after ${a.was}" }"#),
            "moves at `b`",
            &["a", "after a"],
            r#"{"b":"after a"}"#,
        ),
        (
            "only a step that has ended is changed",
            old,
            &old.replace(r#"what: "a""#, r#"what: "other""#),
            "unaffected",
            &["a", "b"],
            r#"{"b":"b"}"#,
        ),
        (
            "a step that has ended is gone",
            old,
            r#"wait signal "go"
            step b = far.act { what: "b2" }
            output { b: b.was }"#,
            "moves at `b`",
            &["a", "b2"],
            r#"{"b":"b2"}"#,
        ),
        (
            "a new variable and a new input field have their first values",
            old,
            r#"input { n: int = 3 }
            vars { count: int = 4 }
            step a = far.act { what: "a" }
            wait signal "go"
            set vars.count += input.n
            step b = far.act { what: "b${vars.count}" }
            output { b: b.was }"#,
            "moves at `set`",
            &["a", "b7"],
            r#"{"b":"b7"}"#,
        ),
    ]);
}

#[test]
fn a_run_stays_where_the_new_program_would_skip_or_repeat() {
    let old = r#"step a = far.act { what: "a" }
        step w = wait signal "go"
        step b = far.act { what: "b" }
        output { b: b.was }"#;
    hold(&[
        (
            "what waits was changed, and it moves when that has ended",
            old,
            &old.replace(r#"signal "go""#, r#"signal "go" { timeout 1d }"#).replace(r#""b" }"#, r#""b2" }"#),
            "stays, because `w` is under way and was changed",
            &["a", "b2"],
            r#"{"b":"b2"}"#,
        ),
        (
            "a step is put before what has begun",
            old,
            &old.replace("step w", "step early = far.act { what: \"early\" }\nstep w").replace(r#""b" }"#, r#""b2" }"#),
            "stays, because `early` comes before `w`, which has begun",
            &["a", "b"],
            r#"{"b":"b"}"#,
        ),
        (
            "a step that has ended stands behind what waits now",
            old,
            r#"step w = wait signal "go"
            step a = far.act { what: "a" }
            step b = far.act { what: "b2" }
            output { b: b.was }"#,
            "stays, because `w` comes before `a`, which has begun",
            // When `w` has ended, too, nothing is in the way.
            &["a", "b2"],
            r#"{"b":"b2"}"#,
        ),
        (
            "a step that has ended stands in a block that is still to come",
            old,
            r#"step w = wait signal "go"
            if run.id != "" { step a = far.act { what: "a" } }
            step b = far.act { what: "b2" }
            output { b: b.was }"#,
            "stays, because another step was carried out as `a` already",
            &["a", "b"],
            r#"{"b":"b"}"#,
        ),
        (
            "the input wants what nobody gave",
            old,
            &format!("input {{ n: int }}\n{}", old.replace(r#""b" }"#, r#""b${input.n}" }"#)),
            "stays, because the input does not fit: `n` is missing: an int is required",
            &["a", "b"],
            r#"{"b":"b"}"#,
        ),
    ]);
}

#[test]
fn what_was_done_is_undone_as_it_was_meant() {
    let old = r#"step before = far.act { what: "before" }
        step a = far.act { what: "a", undo far.undo { what: "${double(2)} ${before.was} ${output.was}" } }
        wait signal "go"
        step b = far.act { what: "b" }"#;
    hold(&[
        (
            "the undo of a step that has ended was changed",
            old,
            r#"step a = far.act { what: "a", undo far.undo { what: "otherwise" } }
            wait signal "go"
            step bad = far.act { what: "bad" }"#,
            "moves at `bad`",
            &["before", "a", "bad", "undo 4 before a"],
            "conflict: bad",
        ),
        (
            "the step is gone, and what its undo reads stands elsewhere",
            old,
            r#"step other = 1
            wait signal "go"
            step bad = far.act { what: "bad" }"#
                .trim_start_matches("step other = 1"),
            "moves at `bad`",
            &["before", "a", "bad", "undo 4 before a"],
            "conflict: bad",
        ),
    ]);
}

/// Starts a run of the old program, lets it go on under the new one and fail there, or be cancelled, and rewinds it. What was done
/// outside in all, and what the preview says first.
fn rewound_after_a_move(old: &str, new: &str, cancelled: bool) -> (Vec<String>, String) {
    let folder = tempfile::tempdir().expect("a folder");
    let done = Done::default();
    let whole = |body: &str| {
        format!(
            "workflow w {{\ninput {{ n: int }}\n{body}\n}}\nworkflow kid {{\nstep k = far.act {{ what: \"k\" }}\n}}"
        )
    };
    let (old, new) = (whole(old), whole(new));
    let input = |n: i64| Value::map([("n", Value::Int(n))]);
    let run = process(&old, folder.path(), &done, false, async |store, engine| {
        let run = engine.start("w", &input(1)).await.expect("it starts").id().clone();
        // It waits for a run before, too.
        let comes = async || engine.steps(&run).await.expect("it can be read").iter().any(|step| step.place == "go");
        while !comes().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        until(&*store, &run, &WAITS).await;
        run
    });
    process(&new, folder.path(), &done, true, async |_, engine| {
        let deployment = engine.deploy(&engine, "tester").await.expect("it can be read");
        assert!(said(&deployment).starts_with("moves"), "{}", said(&deployment));
    });
    let redo = process(&new, folder.path(), &done, false, async |store, engine| {
        match cancelled {
            true => engine.tell(&run, Command::Cancel { by: "tester".into() }).await.expect("it hears"),
            false => engine.signal(&run, "go", Value::Unit).await.expect("it hears"),
        }
        until(&*store, &run, &RESTS).await;
        let request = Request { by: "tester".into(), input: Some(input(2)), accept: true, ..Request::default() };
        let preview = engine.rewind(&run, request).await.expect("it can be rewound");
        if until(&*store, &run, &[Status::Waiting, Status::Completed]).await == Status::Waiting {
            engine.signal(&run, "go", Value::Unit).await.expect("it hears");
        }
        until(&*store, &run, &[Status::Completed]).await;
        preview.redo.iter().map(|redo| format!("{} {:?}", redo.place, redo.why)).collect::<Vec<_>>().join(", ")
    });
    let done = done.lock().expect("nobody panics with it").clone();
    (done, redo)
}

/// 76: also where the text of it says something else by now.
#[test]
fn what_was_undone_is_done_again() {
    type Written<'w> = &'w dyn Fn(&str) -> String;
    let step = |undo: &str| format!("step r = far.act {{ what: \"r\", undo far.undo {{ what: \"{undo}\" }} }}");
    let block = |undo: &str| format!("step b = sequence {{ {} }}", step(undo));
    let turns = |undo: &str| format!("for x in [1, 2] {{ {} }}", step(undo));
    let child = |undo: &str| format!("step c = kid {{ undo far.undo {{ what: \"{undo}\" }} }}");
    let gone = |undo: &str| match undo {
        "old" => format!("step v = far.act {{ what: \"v\", undo far.undo {{ what: \"v\" }} }}\n{}", step(undo)),
        _ => step(undo),
    };
    let rows: [(Written<'_>, &str, usize, &str); 5] = [
        (&step, "r", 1, "r Undone, "),
        (&block, "r", 1, "b.r Undone, "),
        (&turns, "r", 2, "for[0].r Undone, for[1] Follows, "),
        (&child, "k", 1, "c Undone, "),
        (&gone, "r", 1, "r Undone, "),
    ];
    let (go, end) = ("step go = wait signal \"go\"", "fail boom \"b\" when input.n == 1");
    for (written, what, times, first) in rows {
        for cancelled in [false, true] {
            let old = format!("{}\n{go}\n{end}", written("old"));
            let new = format!("{}\n{go}\nstep t = far.act {{ what: \"t\" }}\n{end}", written("new"));
            let (done, redo) = rewound_after_a_move(&old, &new, cancelled);
            let count = |what: &str| done.iter().filter(|done| *done == what).count();
            let undone = (count("undo old"), count("undo new"), count("undo v"));
            assert_eq!((count(what), undone.0, undone.1), (2 * times, times, 0), "{old}: {done:?}");
            assert_eq!((count("v"), count("t")), (undone.2, if cancelled { 1 } else { 2 }), "{old}: {done:?}");
            assert!(redo.starts_with(first), "{redo}");
        }
    }
}

/// 76: what is kept is not asked for again, nor is what follows it, where only its text has changed.
#[test]
fn what_has_changed_since_it_was_done_is_kept() {
    let written = |what: &str| format!("step a = far.act {{ what: \"a\", timeout {what} }}\nlet l = \"{what}\"");
    let (go, end) = ("step go = wait signal \"go\"", "fail boom \"b\" when input.n == 1");
    let old = format!("{}\n{go}\n{end}", written("10s"));
    let new = format!("{}\n{go}\nstep t = far.act {{ what: \"t\" }}\n{end}", written("20s"));
    let (done, redo) = rewound_after_a_move(&old, &new, false);
    assert_eq!((done, redo), (vec!["a".to_owned(), "t".to_owned()], String::new()));
}

#[test]
fn blocks_go_on_where_they_are() {
    let old = r#"step rows = for row in [1, 2, 3] {
            step look = far.act { what: "look ${row}" }
            if row == 2 { wait signal "go" }
            step done = far.act { what: "done ${row}" }
            output done.was
        }
        output { rows }"#;
    let fan = r#"step fan = parallel {
            step a = far.act { what: "a" }
            step w = wait signal "go"
            step b = far.act { what: "b", after w }
        }
        output { b: fan.b?.was ?? b.was }"#
        .replace("fan.b?.was ?? b.was", "b.was");
    hold(&[
        (
            "the turns to come have a new step, the one under way as well",
            old,
            &old.replace("step done =", "step fresh = far.act { what: \"new ${row} ${look.was}\" }\nstep done ="),
            "moves at `fresh`",
            &["look 1", "done 1", "look 2", "new 2 look 2", "done 2", "look 3", "new 3 look 3", "done 3"],
            r#"{"rows":["done 1","done 2","done 3"]}"#,
        ),
        (
            "what was done of a turn was changed: the next turn does it so",
            old,
            &old.replace("\"look ${row}\"", "\"see ${row}\""),
            "moves at `look`",
            &["look 1", "done 1", "look 2", "done 2", "see 3", "done 3"],
            r#"{"rows":["done 1","done 2","done 3"]}"#,
        ),
        (
            "the head of the loop was changed",
            old,
            &old.replace("[1, 2, 3]", "[1, 2, 3, 4]"),
            "stays, because `rows` is under way and was changed",
            &["look 1", "done 1", "look 2", "done 2", "look 3", "done 3"],
            r#"{"rows":["done 1","done 2","done 3"]}"#,
        ),
        (
            "what waits in `parallel` may have new neighbours",
            &fan,
            &fan.replace(
                "step b = far.act { what: \"b\", after w }",
                "step c = far.act { what: \"c\", after w }\nstep b = far.act { what: \"b ${c.was}\" }",
            ),
            "moves at `c`",
            &["a", "c", "b c"],
            r#"{"b":"b c"}"#,
        ),
        (
            "what has begun in `parallel` may not wait for something new",
            &fan,
            &fan.replace("step w = wait", "step c = far.act { what: \"c\" }\nstep w = wait")
                .replace("signal \"go\"", "signal \"go\" { after c }"),
            "stays, because `c` comes before `w`, which has begun",
            &["a", "b"],
            r#"{"b":"b"}"#,
        ),
        (
            "a step is put into a block that has ended",
            r#"step first = sequence { step a = far.act { what: "a" } }
            wait signal "go"
            step b = far.act { what: "b" }
            output { b: b.was }"#,
            r#"step first = sequence { step a = far.act { what: "a" }, step fresh = far.act { what: "new" } }
            wait signal "go"
            step b = far.act { what: "b2" }
            output { b: b.was }"#,
            "stays, because `fresh` stands in `first`, which has ended",
            &["a", "b"],
            r#"{"b":"b"}"#,
        ),
        (
            "a step is put into an arm that was not taken",
            r#"if run.id != "" { step a = far.act { what: "a" } } else { step c = far.act { what: "c" } }
            wait signal "go"
            step b = far.act { what: "b" }
            output { b: b.was }"#,
            r#"if run.id != "" { step a = far.act { what: "a" } } else { step c = far.act { what: "c" }, step d = far.act { what: "d" } }
            wait signal "go"
            step b = far.act { what: "b2" }
            output { b: b.was }"#,
            "moves at `b`",
            &["a", "b2"],
            r#"{"b":"b2"}"#,
        ),
    ]);
}

/// From one version to the next and the next: what was done under the first is undone as the first says.
#[test]
fn a_run_moves_more_than_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let done = Done::default();
    let first = r#"step a = far.act { what: "a", undo far.undo { what: "first ${output.was}" } }
        step one = wait signal "one"
        step end = far.act { what: "end" }"#;
    let second = r#"step one = wait signal "one"
        step b = far.act { what: "b", undo far.undo { what: "second ${output.was}" } }
        step two = wait signal "two"
        step end = far.act { what: "end" }"#;
    let third = r#"step one = wait signal "one"
        step b = far.act { what: "b", undo far.undo { what: "third" } }
        step two = wait signal "two"
        step end = far.act { what: "bad" }"#;
    let run = process(first, folder.path(), &done, false, async |store, engine| {
        let run = engine.start("w", &Value::Unit).await.expect("it starts").id().clone();
        until(&*store, &run, &WAITS).await;
        let newer = built(second, store.clone(), &done, false);
        assert_eq!(said(&engine.deploy(&newer, "tester").await.expect("it can be read")), "moves at `b`");
        engine.signal(&run, "one", Value::Unit).await.expect("it hears");
        for _ in 0..1_000 {
            if done.lock().expect("nobody panics with it").len() == 2 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        until(&*store, &run, &WAITS).await;
        run
    });
    process(third, folder.path(), &done, false, async |store, engine| {
        assert_eq!(said(&engine.deploy(&engine, "tester").await.expect("it can be read")), "moves at `end`");
        engine.signal(&run, "two", Value::Unit).await.expect("it hears");
        assert_eq!(until(&*store, &run, &RESTS).await, Status::Failed);
    });
    assert_eq!(*done.lock().expect("nobody panics with it"), ["a", "b", "bad", "undo second b", "undo first a"]);
}

/// New runs are runs of the new program, and nobody else's are asked.
#[test]
fn new_runs_are_runs_of_the_new_program() {
    let folder = tempfile::tempdir().expect("a folder");
    let done = Done::default();
    let (old, new) = (r#"step a = far.act { what: "old" }"#, r#"step a = far.act { what: "new" }"#);
    process(old, folder.path(), &done, false, async |store, engine| {
        let run = engine.start("w", &Value::Unit).await.expect("it starts").id().clone();
        until(&*store, &run, &RESTS).await;
        let newer = built(new, store.clone(), &done, false);
        assert_eq!(engine.deploy(&newer, "tester").await.expect("it can be read"), Deployment::default());
        let run = engine.start("w", &Value::Unit).await.expect("it starts").id().clone();
        until(&*store, &run, &RESTS).await;
        let runs = store.runs(&Query { limit: 10, ..Query::default() }).await.expect("it can be read").runs;
        assert_ne!(runs[0].plan, runs[1].plan);
    });
    assert_eq!(*done.lock().expect("nobody panics with it"), ["old", "new"]);
}
