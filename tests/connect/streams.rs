//! Streams that are longer than memory: `for ... from` in a process of its own.

use rusqlite::Connection;

use crate::cli::{Folder, done};

/// How many rows the shorter stream has, and the longer one.
const ROWS: [u32; 2] = [15_000, 45_000];
/// How many bytes each row has: the longer stream has 30 MB more.
const ROW_BYTES: usize = 1_000;
/// How much more memory the longer one may take: some pages, and less than its rows. Whoever keeps them takes 60 MB and more.
const MORE_KB_MAX: u64 = 24 * 1_024;

const PROGRAM: &str = r#"
workflow table {
    input { most: int }
    vars { seen: int = 0, even: int = 0 }
    for row from sql.query { database: "books", sql: "select id, text from rows where id <= ? order by id", params: [input.most] } {
        set vars.seen += 1
        if row.id % 2 == 0 { set vars.even += 1 }
    }
    output { seen: vars.seen, even: vars.even }
}
workflow file {
    input { most: int }
    vars { seen: int = 0, even: int = 0 }
    for row from files.rows { path: "rows-${input.most}.jsonl" } {
        set vars.seen += 1
        if row.id % 2 == 0 { set vars.even += 1 }
    }
    output { seen: vars.seen, even: vars.even }
}
workflow broken {
    vars { sum: int = 0 }
    for row from sql.query { database: "books", sql: "select id from rows where id <= 2600 order by id" } {
        if row.id == 2500 { step opener = files.read { path: "key.txt" } }
        set vars.sum += row.id
    }
    output vars.sum
}
"#;

fn folder() -> Folder {
    let folder = Folder::with(PROGRAM);
    folder.write("flow.toml", b"[databases.books]\nurl = \"sqlite:books.db\"\n");
    let text = |id: u32| format!("{id:0>ROW_BYTES$}");
    let mut books = Connection::open(folder.path().join("books.db")).expect("a database");
    books.execute_batch("create table rows (id integer primary key, text text)").expect("a table");
    let filling = books.transaction().expect("nobody else writes");
    for id in 1..=ROWS[1] {
        filling.execute("insert into rows values (?1, ?2)", (id, text(id))).expect("a row");
    }
    filling.commit().expect("the rows are there");
    for rows in ROWS {
        let lines = (1..=rows).map(|id| format!("{{\"id\":{id},\"text\":\"{}\"}}\n", text(id)));
        folder.write(&format!("rows-{rows}.jsonl"), lines.collect::<String>().as_bytes());
    }
    folder
}

/// How much memory a run takes at its peak, in kilobytes.
fn peak(folder: &Folder, workflow: &str, rows: u32, more: &[&str]) -> u64 {
    let input = format!("{{\"most\":{rows}}}");
    let mut child = folder.start(&[&["run", "main.flow", workflow, "--input", &input], more].concat());
    let mut peak = 0;
    while child.try_wait().expect("it is there").is_none() {
        let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
        // Before it is the program it shows the memory of this one.
        let line =
            status.lines().find_map(|line| line.strip_prefix("VmHWM:")).filter(|_| status.starts_with("Name:\tflow\n"));
        let kilobytes = line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok());
        peak = peak.max(kilobytes.unwrap_or_default());
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
    let done = done(child.wait_with_output().expect("it has ended"));
    assert_eq!(done.stdout, format!("{{\"seen\":{rows},\"even\":{}}}\n", rows / 2), "{}", done.stderr);
    peak
}

#[test]
fn a_stream_takes_no_more_memory_the_longer_it_is() {
    let folder = folder();
    let cases: [(&str, &[&str]); 3] = [("table", &[]), ("table", &["--data", "state"]), ("file", &[])];
    for (workflow, more) in cases {
        let [short, long] = ROWS.map(|rows| peak(&folder, workflow, rows, more));
        assert!(long < short + MORE_KB_MAX, "{workflow} {more:?}: {short} kB, three times the rows: {long} kB");
    }
}

#[test]
fn a_run_that_is_joined_is_told_part_by_part() {
    let folder = folder();
    let join = |rows: u32| peak(&folder, "table", rows, &["--data", "state", "--key", &rows.to_string()]);
    let _first = ROWS.map(join);
    let [short, long] = ROWS.map(join);
    assert!(long < short + MORE_KB_MAX, "{short} kB for what has happened, three times as much: {long} kB");
}

#[test]
fn a_stream_that_failed_far_behind_its_first_page_goes_on_there() {
    let folder = folder();
    let failed = folder.flow(&["run", "main.flow", "broken", "--data", "state", "--key", "1"]);
    assert!(failed.code == 1 && failed.stderr.contains("not_found"), "{}", failed.stderr);
    let listed = folder.flow(&["runs", "--data", "state", "--format", "json"]);
    let run = serde_json::from_str::<serde_json::Value>(&listed.stdout).expect("JSON")[0]["id"].clone();
    let run = run.as_str().expect("an id").to_owned();
    folder.write("key.txt", b"there");
    // What has been read is kept: nothing of it is read a second time.
    Connection::open(folder.path().join("books.db"))
        .and_then(|books| books.execute_batch("delete from rows where id <= 2000"))
        .expect("it changes");
    let again = folder.flow(&["retry", &run, "--data", "state", "--why", "a test"]);
    assert_eq!(again.code, 0, "{}", again.stderr);
    let joined = folder.flow(&["run", "main.flow", "broken", "--data", "state", "--key", "1"]);
    assert_eq!((joined.stdout.as_str(), joined.code), ("3381300\n", 0), "{}", joined.stderr);
}
