//! A server that is killed at any moment, while what starts runs comes in: nothing that was taken is lost, and nothing is done twice.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use orchestra_flow::base::value::Value;
use orchestra_flow::run::event::Event;
use orchestra_flow::run::journal::{Journal as _, Query};
use orchestra_flow::store::Sqlite;
use reqwest::Method;
use serde_json::json;

use super::process::Process;
use super::{Client, folder, runtime};

const PROGRAM: &str = r#"
workflow packed {
    input { items: list<{ n: int }> }
    trigger api POST "/packed" { batch 4 or 150ms, input: { n: trigger.body.n } }
    output { took: input.items }
}
workflow quiet {
    input { n: int, life: int }
    trigger api POST "/quiet" { debounce 60ms by trigger.body.life max 400ms }
    output { took: input.n }
}
workflow each {
    input { path: string }
    trigger file "inbox/*.csv" { on created }
    output { took: input.path }
}
workflow heap {
    input { items: list<{ path: string }> }
    trigger file "inbox/*.csv" { on created, batch 5 or 150ms, input: { path: trigger.path } }
    output { took: input.items }
}
workflow calls { emit "called" { n: 1 } }
workflow hears {
    trigger event "called" { input: {} }
    output 1
}
"#;

/// How long each process lives, in milliseconds after it has begun to listen.
const LIVES: [u64; 8] = [350, 40, 600, 120, 5, 260, 15, 480];

/// What the runs of a workflow began with, each as it was when it had all of it.
fn begun(folder: &Path, workflow: &str) -> Vec<Value> {
    let store = Sqlite::open(&folder.join(".flow")).expect("it opens");
    runtime().block_on(async {
        let query = Query { workflow: Some(workflow.into()), limit: 100_000, ..Query::default() };
        let mut inputs = Vec::new();
        for run in store.runs(&query).await.expect("it can be read").runs {
            let records = store.history(&run.run, 0).await.expect("it can be read").records;
            let input = records.iter().rev().find_map(|record| match &record.event {
                Event::Gathered(gathered) => Some(gathered.input.clone()),
                Event::Accepted(accepted) => Some(accepted.input.clone()),
                _ => None,
            });
            inputs.push(input.expect("it has a beginning"));
        }
        inputs
    })
}

/// One field of each item of each input.
fn items(inputs: &[Value], field: &str) -> Vec<Value> {
    let lists = inputs.iter().map(|input| input.get("items").and_then(Value::as_list).expect("a list").to_vec());
    lists.flatten().map(|item| item.get(field).cloned().expect("it is there")).collect()
}

/// How many things the runs of a workflow have taken; none as long as one of them goes on.
async fn taken(client: &Client, workflow: &str) -> Option<usize> {
    let page = client.get(&format!("/v1/runs?limit=1000&workflow={workflow}")).await.json;
    let mut count = 0;
    for run in page["runs"].as_array().expect("runs") {
        let output = client.get(&format!("/v1/runs/{}/output", run["id"].as_str().expect("an id"))).await;
        if run["status"] != "completed" {
            return None;
        }
        count += output.json["took"].as_array().map_or(1, Vec::len);
    }
    Some(count)
}

/// Lets the last process do what is left to be done: the runs of these workflows take so many things at least.
fn finish(folder: &Path, workflows: &[(&str, usize)]) {
    let last = Process::start(folder, &["--rate", "100000"]);
    runtime().block_on(async {
        let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
        for (workflow, wanted) in workflows {
            let mut count = None;
            while count.is_none_or(|count| count < *wanted) {
                assert!(tokio::time::Instant::now() < deadline, "{workflow}: {count:?} of {wanted}");
                tokio::time::sleep(Duration::from_millis(20)).await;
                count = taken(&last.client, workflow).await;
            }
        }
    });
    assert_eq!(last.terminate().0, Some(0));
}

/// What became of the things that were sent in one life: those that were taken, and the one of which nobody heard.
#[derive(Default)]
struct Sent {
    taken: Vec<i64>,
    unheard: Option<i64>,
}

/// Sends one thing after the other until nobody answers.
async fn send(client: Client, path: &'static str, life: usize) -> Sent {
    let mut sent = Sent::default();
    for count in 0.. {
        let n = i64::try_from(life * 10_000 + count).expect("few");
        let request = client.request(Method::POST, path).json(&json!({ "n": n, "life": life }));
        match request.send().await {
            Ok(answer) => {
                assert_eq!(answer.status(), 202, "{answer:?}");
                sent.taken.push(n);
            }
            Err(_) => {
                sent.unheard = Some(n);
                break;
            }
        }
        tokio::time::sleep(Duration::from_millis(4)).await;
    }
    sent
}

#[test]
fn what_is_collected_is_neither_lost_nor_taken_twice() {
    let folder = folder(&[("main.flow", PROGRAM)]);
    std::fs::create_dir(folder.path().join("inbox")).expect("a folder");
    let runtime = runtime();
    let mut lives = Vec::new();
    for (life, millis) in LIVES.into_iter().enumerate() {
        let process = Process::start(folder.path(), &["--rate", "100000"]);
        let clients = [process.client.clone(), process.client.clone()];
        let [packed, quiet] = clients;
        let sending =
            runtime.spawn(async move { tokio::join!(send(packed, "/packed", life), send(quiet, "/quiet", life)) });
        std::thread::sleep(Duration::from_millis(millis));
        process.kill();
        lives.push(runtime.block_on(sending).expect("it sends"));
    }
    let sent: usize = lives.iter().map(|(packed, _)| packed.taken.len()).sum();
    assert!(sent >= 20, "{sent} were sent");
    finish(folder.path(), &[("packed", sent), ("quiet", 1)]);
    let mut counts: BTreeMap<i64, usize> = BTreeMap::new();
    for n in items(&begun(folder.path(), "packed"), "n") {
        *counts.entry(n.as_int().expect("a number")).or_default() += 1;
    }
    for (packed, _) in &lives {
        assert!(packed.taken.iter().all(|n| counts.remove(n) == Some(1)), "{:?} of {counts:?}", packed.taken);
        let unheard = packed.unheard.and_then(|n| counts.remove(&n));
        assert!(unheard.is_none_or(|count| count == 1), "{:?}", packed.unheard);
    }
    assert!(counts.is_empty(), "nobody has sent these: {counts:?}");
    // Of those that came one soon after the other the last one counts, and each starts one run at most.
    let mut started: Vec<i64> =
        begun(folder.path(), "quiet").iter().map(|input| input.get("n").and_then(Value::as_int).expect("n")).collect();
    started.sort_unstable();
    assert!(started.windows(2).all(|pair| pair[0] < pair[1]), "one came twice: {started:?}");
    for (_, quiet) in &lives {
        let last = quiet.taken.last().copied().into_iter().chain(quiet.unheard);
        let is_there = last.clone().any(|n| started.binary_search(&n).is_ok());
        assert!(
            quiet.taken.is_empty() || is_there,
            "the last one is lost: {:?} of {started:?}",
            last.collect::<Vec<_>>()
        );
    }
}

#[test]
fn each_file_is_taken_once() {
    let folder = folder(&[("main.flow", PROGRAM)]);
    let inbox = folder.path().join("inbox");
    std::fs::create_dir(&inbox).expect("a folder");
    let ends = Arc::new(AtomicBool::new(false));
    let (until, at) = (ends.clone(), folder.path().to_owned());
    let writing = std::thread::spawn(move || {
        let mut count = 0;
        while !until.load(Ordering::SeqCst) {
            // In one move, whole from the first.
            std::fs::write(at.join("part"), count.to_string()).expect("it can be written");
            std::fs::rename(at.join("part"), at.join(format!("inbox/{count:05}.csv"))).expect("it can be moved");
            count += 1;
            std::thread::sleep(Duration::from_millis(25));
        }
        count
    });
    for millis in LIVES {
        let process = Process::start(folder.path(), &[]);
        std::thread::sleep(Duration::from_millis(millis));
        process.kill();
    }
    ends.store(true, Ordering::SeqCst);
    let count: usize = writing.join().expect("it writes");
    assert!(count >= 20, "{count} files came");
    finish(folder.path(), &[("each", count), ("heap", count)]);
    let all: Vec<String> = (0..count).map(|at| format!("inbox/{at:05}.csv")).collect();
    let sorted = |paths: Vec<Value>| {
        let mut paths: Vec<String> = paths.iter().map(ToString::to_string).collect();
        paths.sort();
        paths
    };
    let each =
        begun(folder.path(), "each").iter().map(|input| input.get("path").cloned().expect("it is there")).collect();
    assert_eq!(sorted(each), all);
    assert_eq!(sorted(items(&begun(folder.path(), "heap"), "path")), all);
}

#[test]
fn whoever_is_answered_is_heard_also_after_a_crash() {
    let folder = folder(&[("main.flow", PROGRAM)]);
    std::fs::create_dir(folder.path().join("inbox")).expect("a folder");
    // At its very first moment.
    Process::start(folder.path(), &[]).kill();
    let store = Sqlite::open(&folder.path().join(".flow")).expect("it opens");
    let noted = runtime().block_on(store.facts("heard/hears/")).expect("it can be read");
    assert_eq!(noted.len(), 1, "from where on it hears is on disk before anybody can start anything");
}
