//! A streamed loop over many rows, in a process of its own: W12.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rusqlite::Connection;

use crate::process::peak;
use crate::table::{folder, row};

const ROWS: u32 = 1_000_000;

const PROGRAM: &str = r#"
workflow stream {
    input { most: int }
    vars { seen: int = 0 }
    for row from sql.query { database: "books", sql: "select id, name, cents from entry where id <= ?", params: [input.most] } {
        if row.cents > 990 { set vars.seen += 1 }
    }
    output vars.seen
}
"#;

/// So many rows from SQLite through a `for ... from` with a filter. The floor is the same filter over the same rows in bare rusqlite,
/// as objects of JSON.
pub fn rows() {
    let folder = folder();
    fill(&folder.path().join("books.db"));
    std::fs::write(folder.path().join("stream.flow"), PROGRAM).expect("the program is written");
    std::fs::write(folder.path().join("flow.toml"), "[databases.books]\nurl = \"sqlite:books.db\"\n")
        .expect("settings");
    for (how, arguments) in [("`flow run`", &[][..]), ("`flow run --data`", &["--data", "data"][..])] {
        for most in [10_000, 100_000, ROWS] {
            let (time, megabytes) = run(folder.path(), most, arguments);
            let bare = bare(&folder.path().join("books.db"), most).as_secs_f64() * 1e6 / f64::from(most);
            let each = time.as_secs_f64() * 1e6 / f64::from(most);
            row(
                &format!("W12 {how}, {most} rows streamed: memory at its peak; time of each"),
                &format!("{megabytes:.0} MiB; {each:.1} µs"),
                &format!("bare rusqlite: {bare:.1} µs"),
                each / bare,
                "100 MB",
            );
        }
    }
}

fn fill(file: &Path) {
    let mut books = Connection::open(file).expect("a database");
    books.execute_batch("create table entry (id integer primary key, name text, cents int)").expect("a table");
    let filling = books.transaction().expect("nobody else writes");
    for id in 1..=ROWS {
        let mut insert = filling.prepare_cached("insert into entry values (?1, ?2, ?3)").expect("it is prepared");
        insert.execute((id, format!("the name of row {id}"), id.wrapping_mul(7_919) % 1_000)).expect("a row");
    }
    filling.commit().expect("the rows are there");
}

fn run(folder: &Path, most: u32, arguments: &[&str]) -> (Duration, f64) {
    let start = Instant::now();
    let child = Command::new(env!("CARGO_BIN_EXE_flow"))
        .args(["run", "stream.flow", "--input", &format!("{{\"most\":{most}}}")])
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("it starts");
    let [most, _] = peak(child);
    (start.elapsed(), most / 1024.0)
}

fn bare(file: &Path, most: u32) -> Duration {
    let start = Instant::now();
    let books = Connection::open(file).expect("a database");
    let mut asked = books.prepare("select id, name, cents from entry where id <= ?1").expect("it is prepared");
    let row = |row: &rusqlite::Row<'_>| {
        let (id, name, cents): (i64, String, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
        Ok(serde_json::json!({ "id": id, "name": name, "cents": cents }))
    };
    let rows = asked.query_map([most], row).expect("it is asked");
    let seen = rows.filter(|row| row.as_ref().is_ok_and(|row| row["cents"].as_i64() > Some(990))).count();
    assert!(seen > 0);
    start.elapsed()
}
