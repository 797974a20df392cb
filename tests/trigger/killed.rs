//! The real server, killed at any moment: each moment that is due has one run, and each request that was accepted.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use orchestra_flow::run::event::Event;
use orchestra_flow::run::journal::{Journal, Query};
use orchestra_flow::store::Sqlite;

use super::*;

const PROGRAM: &str = r#"
workflow beat {
    trigger every 500ms { catch_up all }
    output { ok: true }
}
"#;

/// How long each process lives, in milliseconds after it has begun to listen.
const LIVES: [u64; 7] = [1_200, 300, 0, 700, 50, 1_000, 20];

fn serve(folder: &Path) -> Child {
    let mut child = Command::new(env!("CARGO_BIN_EXE_flow"))
        .arg("serve")
        .arg(folder)
        .args(["--listen", "127.0.0.1:0", "--no-auth", "--data"])
        .arg(folder.join("data"))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("it starts");
    let mut line = String::new();
    BufReader::new(child.stdout.take().expect("stdout")).read_line(&mut line).expect("a line");
    assert!(line.starts_with("listening on"), "{line}");
    child
}

#[test]
fn each_moment_has_one_run_however_often_the_server_is_killed() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("main.flow"), PROGRAM).expect("a program");
    for life in LIVES {
        let mut child = serve(folder.path());
        std::thread::sleep(Duration::from_millis(life));
        child.kill().expect("it can be killed");
        child.wait().expect("it ends");
    }
    let store = Sqlite::open(&folder.path().join("data")).expect("it opens");
    let due: Vec<i64> = runtime().block_on(async {
        let query = Query { workflow: Some("beat".into()), limit: 100_000, ..Query::default() };
        let runs = store.runs(&query).await.expect("it can be read").runs;
        let mut due = Vec::new();
        for run in runs.iter().rev() {
            let history = store.history(&run.run, 0).await.expect("it can be read");
            let Event::Accepted(accepted) = &history.records[0].event else { panic!("it has no beginning") };
            match accepted.trigger.get("due") {
                Some(Value::DateTime(moment)) => due.push(moment.timestamp().as_millisecond()),
                other => panic!("it was due at {other:?}"),
            }
        }
        due
    });
    assert!(due.len() >= 6, "{due:?}");
    assert!(due.windows(2).all(|pair| pair[1] - pair[0] == 500), "one after the other, none twice: {due:?}");
}
