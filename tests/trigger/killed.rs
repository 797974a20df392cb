//! The real server, killed at any moment: each moment that is due has one run, and each request that was accepted.

use std::io::{BufRead as _, BufReader};

use orchestra_flow::run::event::Event;
use orchestra_flow::run::journal::{Journal, Query};
use orchestra_flow::store::Sqlite;

use super::*;
use crate::serve::process::Process;

const PROGRAM: &str = r#"
workflow beat {
    trigger every 500ms { catch_up all }
    output { ok: true }
}
"#;

/// How long each process lives, in milliseconds after it has begun to listen.
const LIVES: [u64; 7] = [1_200, 300, 0, 700, 50, 1_000, 20];

/// A server that lives so long.
fn serve(folder: &Path, life: u64) {
    let server = Process::start(folder, &["--no-auth"]);
    std::thread::sleep(Duration::from_millis(life));
    server.kill();
}

#[test]
fn each_moment_has_one_run_however_often_the_server_is_killed() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("main.flow"), PROGRAM).expect("a program");
    for life in LIVES {
        serve(folder.path(), life);
    }
    let store = Sqlite::open(&folder.path().join(".flow")).expect("it opens");
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

const ASKS: &str = r#"
connector shop {
    config { base_url: url }
    poll orders -> { id: int } every 5m {
        GET "/orders" { query: { since: state } }
        items response.body.orders
        by item.id
        state response.body.last
    }
}
workflow fresh {
    input { id: int }
    trigger shop.orders { from: "start", every: 100ms }
    output { id: input.id }
}
workflow together {
    input { items: list<{ id: int }> }
    trigger shop.orders { from: "start", every: 100ms, batch 4 or 200ms, input: { id: event.id } }
    output { ids: input.items }
}
"#;

/// A far side that has two more orders each time it is asked, and tells the last three of before once more.
fn shop() -> std::net::SocketAddr {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        let mut last = 0;
        for stream in listener.incoming() {
            use std::io::Write as _;
            let Ok(mut stream) = stream else { continue };
            let mut line = String::new();
            let mut lines = BufReader::new(stream.try_clone().expect("a handle"));
            while line.trim_end() != "" || line.is_empty() {
                if line.starts_with("GET ") {
                    let since =
                        line.split_once("since=").and_then(|(_, rest)| rest.split_whitespace().next()?.parse().ok());
                    let since: i64 = since.unwrap_or(0);
                    last += 2;
                    let orders: Vec<String> =
                        ((since - 2).max(1)..=last).map(|id| format!("{{ \"id\": {id} }}")).collect();
                    let body = format!("{{ \"orders\": [{}], \"last\": {last} }}", orders.join(","));
                    let head = format!(
                        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close",
                        body.len()
                    );
                    let _ = write!(stream, "{head}\r\n\r\n{body}");
                }
                line.clear();
                if !matches!(lines.read_line(&mut line), Ok(count) if count > 0) {
                    break;
                }
            }
        }
    });
    address
}

#[test]
fn each_item_starts_one_run_however_often_the_server_is_killed() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("main.flow"), ASKS).expect("a program");
    let settings = format!("[connectors.shop]\nbase_url = \"http://{}\"\n", shop());
    std::fs::write(folder.path().join("flow.toml"), settings).expect("settings");
    for life in [900, 150, 30, 420, 260, 70, 800] {
        serve(folder.path(), life);
    }
    let store = Sqlite::open(&folder.path().join(".flow")).expect("it opens");
    let (mut alone, mut together) = (Vec::new(), Vec::new());
    runtime().block_on(async {
        for (workflow, ids) in [("fresh", &mut alone), ("together", &mut together)] {
            let query = Query { workflow: Some(workflow.into()), limit: 100_000, ..Query::default() };
            for run in store.runs(&query).await.expect("it can be read").runs {
                for record in store.history(&run.run, 0).await.expect("it can be read").records {
                    let input = match &record.event {
                        Event::Accepted(accepted) => accepted.input.clone(),
                        Event::Collected { input, .. } => input.clone(),
                        _ => continue,
                    };
                    ids.extend(input.get("id").and_then(Value::as_int));
                }
            }
        }
    });
    alone.sort_unstable();
    let all: Vec<i64> = (1..=i64::try_from(alone.len()).expect("few")).collect();
    assert!(alone.len() >= 10, "{alone:?}");
    assert_eq!(alone, all, "none is missing, none comes twice");
    let (count, mut distinct) = (together.len(), together);
    distinct.sort_unstable();
    distinct.dedup();
    assert_eq!(count, distinct.len(), "nor is one collected twice");
}
