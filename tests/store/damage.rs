//! Damage of the file and of what lies beside it, by real means: bits that flip, files that are gone, cut or of another day.
//! Whatever is done to them: what is found then is what was written, or it is said that it is not.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use orchestra_flow::base::time::Timestamp;
use orchestra_flow::base::value::Value;
use orchestra_flow::run::journal::{Journal, Mark, Query};
use orchestra_flow::run::wait::{For, Waiting};
use orchestra_flow::store::Sqlite;
use orchestra_flow::store::sqlite::OpenError;
use orchestra_flow::{Builder, Engine, Program};

use super::runtime;

/// How long what is under way may take to end.
const GRACE: std::time::Duration = std::time::Duration::from_secs(10);

const TEXT: &str = r#"
workflow keeps {
    input { n: int }
    tags ["shop"]
    state { count: int = 0 }
    set state.count = state.count + 1
    step large: string = script { let s = ""; for i in 0..4000 { s += "0123456789"; } s }
    output { count: int = state.count }
}
workflow sleeps { wait 1000d }
workflow listens { step heard = wait event "paid" { where event.order == 7 } }
workflow hears { step told = wait signal "go" }
workflow fails { fail conflict "broken" }
"#;

fn engine(folder: &Path) -> Result<(Arc<Sqlite>, Engine), OpenError> {
    let store = Arc::new(Sqlite::open(folder)?);
    let program = Program::from_text("main.flow", TEXT).unwrap_or_else(|faults| panic!("{faults}"));
    let builder = Builder::new(program).journal(store.clone());
    Ok((store, builder.build().unwrap_or_else(|error| panic!("{error}"))))
}

/// A directory with runs of all kinds, as it is left at an orderly end.
fn some_runs() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    runtime().block_on(async {
        let store = Arc::new(Sqlite::open(folder.path()).expect("it opens"));
        let program = Program::from_text("main.flow", TEXT).unwrap_or_else(|faults| panic!("{faults}"));
        let engine = Builder::new(program).journal(store.clone()).build().expect("it is built");
        engine.recover().await.expect("it can be read");
        for n in 0..6 {
            let key = n.to_string();
            let input = Value::map([("n", Value::Int(n))]);
            drop(engine.start_once("keeps", &key, &input).await.expect("it starts").end().await);
            drop(engine.start_once("fails", &key, &Value::Unit).await.expect("it starts").end().await);
            for workflow in ["sleeps", "listens", "hears"] {
                drop(engine.start_once(workflow, &key, &Value::Unit).await.expect("it starts"));
            }
            engine.publish("paid", &Value::map([("order", Value::Int(n))])).await.expect("it is kept");
        }
        engine.stop(GRACE).await.expect("it is written");
    });
    folder
}

/// A directory with so many runs, as a process leaves it that is killed: with its log.
fn killed(runs: u64) -> tempfile::TempDir {
    let (folder, killed) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    runtime().block_on(async {
        let (_store, engine) = engine(folder.path()).expect("it opens");
        engine.recover().await.expect("it can be read");
        for run in 0..runs {
            drop(engine.start_once("sleeps", &run.to_string(), &Value::Unit).await.expect("it starts"));
            engine.settled().await.expect("it sleeps");
        }
        for file in ["flow.db", "flow.db-wal"] {
            fs::copy(folder.path().join(file), killed.path().join(file)).expect("it can be copied");
        }
    });
    killed
}

/// All that can be read of a store, once an engine has looked at it; or why it cannot.
fn all(folder: &Path) -> Result<String, String> {
    let runtime = runtime();
    let (store, engine) = engine(folder).map_err(|error| error.to_string())?;
    let read = async {
        engine.recover().await?;
        // Whoever was taken up has nothing to do, once that is known.
        for _ in 0..500 {
            if store.busy().await?.is_empty() {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        let mut all = String::new();
        for tags in [vec![], vec!["shop".into()]] {
            for standing in store.runs(&Query { limit: 1_000, tags, ..Query::default() }).await?.runs {
                let history = store.history(&standing.run, 0).await?;
                all += &format!("{standing:?} {:?} {:?}\n", history.accepted, history.records);
            }
        }
        all += &format!("{:?}\n", store.due(Timestamp::MAX, 1_000).await?);
        all += &format!("{:?}\n{:?}\n", store.busy().await?, store.facts("").await?);
        all += &format!("{:?}\n", store.events("paid", Mark::default(), 1_000).await?);
        for kind in [For::Event, For::Signal] {
            let mut open = store.waiting(&Waiting::all(kind)).await?;
            open.sort_by_key(|open| open.run.clone());
            all += &format!("{:?}\n", open.iter().map(|open| (&open.run, &open.wait)).collect::<Vec<_>>());
        }
        Ok(all)
    };
    let read = runtime.block_on(read).map_err(|broken: orchestra_flow::run::journal::Broken| broken.to_string());
    drop((engine, store));
    read
}

/// The first lines that are not the same.
fn first_difference(found: &str, whole: &str) -> String {
    let differs = found.lines().zip(whole.lines()).find(|(found, whole)| found != whole);
    differs.map_or_else(|| "one goes on".to_owned(), |(found, whole)| format!("{found}\n{whole}"))
}

fn copy(from: &Path) -> tempfile::TempDir {
    let copy = tempfile::tempdir().expect("a folder");
    for file in ["flow.db", "flow.db-wal"] {
        if from.join(file).exists() {
            fs::copy(from.join(file), copy.path().join(file)).expect("it can be copied");
        }
    }
    copy
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(folder).expect("it is there").flatten().collect::<Vec<_>>();
    names.sort_by_key(fs::DirEntry::file_name);
    names.into_iter().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}

#[test]
fn an_orderly_end_leaves_one_file() {
    let folder = some_runs();
    assert_eq!(names(folder.path()), ["flow.db", "flow.lock"]);
}

/// `FLOW_FLIPS=10000` tries more.
#[test]
fn a_bit_that_flips_anywhere_is_found_or_mended_or_harmless() {
    let folder = some_runs();
    let whole = all(copy(folder.path()).path()).expect("it is whole");
    let length = fs::metadata(folder.path().join("flow.db")).expect("it is there").len();
    let flips: u64 = std::env::var("FLOW_FLIPS").ok().and_then(|flips| flips.parse().ok()).unwrap_or(160);
    let (mut mended, mut refused) = (0, 0);
    for flip in 0..flips {
        // Spread over the file, and the same in each run.
        let at = flip * length / flips + flip.wrapping_mul(0x9e37_79b9_7f4a_7c15) % (length / flips).max(1);
        let copy = copy(folder.path());
        let mut bytes = fs::read(copy.path().join("flow.db")).expect("it can be read");
        bytes[at as usize] ^= 1 << (flip % 8);
        fs::write(copy.path().join("flow.db"), &bytes).expect("it can be written");
        match all(copy.path()) {
            Ok(found) => {
                assert!(
                    found == whole,
                    "bit {} at {at} was flipped, and nobody said so:\n{}",
                    flip % 8,
                    first_difference(&found, &whole)
                );
                mended += usize::from(copy.path().join("flow.db.damaged").exists());
            }
            Err(_) => refused += 1,
        }
    }
    assert!(mended > 0 && refused > 0, "{mended} mended, {refused} refused");
}

#[test]
fn what_follows_from_the_journal_is_made_again_from_it() {
    let folder = some_runs();
    let whole = all(copy(folder.path()).path()).expect("it is whole");
    for sql in [
        "UPDATE run SET wake = wake + 60000000000",
        "UPDATE run SET last = number WHERE rested_at IS NOT NULL",
        "UPDATE run SET busy = 1, status = 'cancelled' WHERE workflow = 'hears'",
        "UPDATE run SET id = 'other' || number WHERE workflow = 'keeps'",
        "UPDATE run SET error = 'timeout' WHERE error IS NOT NULL",
        "UPDATE run SET started_at = started_at + 1",
        "UPDATE run SET fork_of = 'other'",
        "UPDATE wait SET value = '8' WHERE kind = 'event'",
        "UPDATE wait SET run = run - 1",
        "UPDATE run_by_tag SET tag = 'shoq'",
        "UPDATE topic_of_plan SET topic = 'unpaid'",
        "UPDATE heard SET mark = 100000",
        "UPDATE removed SET mark = 100000",
        "UPDATE plan SET body = CAST('{}' AS BLOB)",
    ] {
        let copy = copy(folder.path());
        let file = rusqlite::Connection::open(copy.path().join("flow.db")).expect("it opens");
        assert_ne!(file.execute(sql, []).expect("it is changed"), 0, "{sql} changes something");
        drop(file);
        let found = all(copy.path()).unwrap_or_else(|said| panic!("{sql}: {said}"));
        assert!(found == whole, "{sql}:\n{}", first_difference(&found, &whole));
        assert!(copy.path().join("flow.db.damaged").exists(), "{sql}: the damaged file is kept");
        assert_eq!(all(copy.path()).as_ref(), Ok(&whole), "{sql}: it is whole from then on");
    }
}

#[test]
fn what_follows_from_nothing_else_is_refused() {
    let folder = some_runs();
    for (sql, says) in [
        ("UPDATE fact SET value = CAST('7' AS BLOB) WHERE name LIKE 'state/%'", "in the table `fact`"),
        ("INSERT INTO leaving (number, last, sum) VALUES (1, 2, 0)", "in the table `leaving`"),
        ("UPDATE run SET last = last + 1000, sum = NULL; DELETE FROM batch WHERE mark = 1", "damaged"),
    ] {
        let copy = copy(folder.path());
        let file = rusqlite::Connection::open(copy.path().join("flow.db")).expect("it opens");
        file.execute_batch(sql).expect("it is changed");
        drop(file);
        let before = fs::read(copy.path().join("flow.db")).expect("it can be read");
        let said = Sqlite::open(copy.path()).expect_err(sql).to_string();
        assert!(said.contains(says) && said.contains("nothing was changed"), "{sql}: {said}");
        let after = fs::read(copy.path().join("flow.db")).expect("it can be read");
        let changed = before.iter().zip(&after).position(|(before, after)| before != after);
        assert_eq!((changed, before.len()), (None, after.len()), "{sql}");
    }
}

#[test]
fn a_log_whose_file_is_gone_is_not_thrown_away() {
    let killed = killed(1);
    let whole = all(copy(killed.path()).path()).expect("it is whole");
    let log = fs::read(killed.path().join("flow.db-wal")).expect("it can be read");
    for empty in [true, false] {
        let copy = copy(killed.path());
        fs::remove_file(copy.path().join("flow.db")).expect("it goes");
        if empty {
            fs::write(copy.path().join("flow.db"), "").expect("it is written");
        }
        let refused = Sqlite::open(copy.path()).expect_err("all would be lost");
        assert!(matches!(refused, OpenError::Gone { .. }), "{refused}");
        assert!(refused.to_string().contains("bring the file back from a copy"), "{refused}");
        assert_eq!(fs::read(copy.path().join("flow.db-wal")).expect("it is there"), log);
        fs::copy(killed.path().join("flow.db"), copy.path().join("flow.db")).expect("it is brought back");
        assert_eq!(all(copy.path()).as_ref(), Ok(&whole));
    }
}

/// Carries out a command; what it says on stderr, and whether it did what it was told.
#[cfg(feature = "cli")]
fn flow(arguments: &[&str], folder: &Path) -> (String, bool) {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_flow"));
    let output = command.args(arguments).arg("--data").arg(folder).output().expect("it starts");
    (String::from_utf8_lossy(&output.stderr).into_owned(), output.status.success())
}

#[cfg(all(feature = "cli", feature = "serve"))]
#[test]
fn every_command_says_that_the_log_was_damaged() {
    let killed = killed(8);
    let log = killed.path().join("flow.db-wal");
    let mut bytes = fs::read(&log).expect("it can be read");
    let at = bytes.len() / 3;
    bytes[at] ^= 4;
    fs::write(&log, bytes).expect("it can be written");
    let (said, done) = flow(&["dump", "--all"], killed.path());
    assert!(
        !done && said.contains("is damaged") && said.contains("bytes before its end"),
        "a copy is not made: {said}"
    );
    for command in [&["runs"][..], &["prune", "--keep", "1d"], &["show", "any"]] {
        let copy = copy(killed.path());
        let (said, _) = flow(command, copy.path());
        assert!(said.contains("what was written after that is lost"), "{command:?}: {said}");
    }
    assert!(flow(&["runs"], killed.path()).1, "what is left can be read");
    let (said, done) = flow(&["dump", "--all"], killed.path());
    assert!(done, "and copied from then on: {said}");
}

#[cfg(all(feature = "cli", feature = "serve"))]
#[test]
fn a_file_without_the_log_that_it_was_left_with_is_told_of() {
    let (whole, killed) = (some_runs(), killed(2));
    for (from, lost) in [(&whole, false), (&killed, true)] {
        let alone = tempfile::tempdir().expect("a folder");
        fs::copy(from.path().join("flow.db"), alone.path().join("flow.db")).expect("it can be copied");
        for again in [false, true] {
            let (said, done) = flow(&["prune", "--keep", "1000d"], alone.path());
            assert!(done, "{said}");
            assert_eq!(said.contains("its log") && said.contains("is not there"), lost && !again, "{said}");
        }
    }
}

#[test]
fn a_dump_of_a_damaged_journal_is_refused() {
    use orchestra_flow::store::sqlite::{Selection, dump};
    let folder = some_runs();
    for (sql, says) in [
        ("DELETE FROM batch WHERE mark = (SELECT max(last) FROM run WHERE workflow = 'keeps')", "its end is not there"),
        ("DELETE FROM batch WHERE mark = (SELECT max(number) FROM run WHERE workflow = 'keeps')", "there is no mark"),
        ("DELETE FROM batch WHERE run = (SELECT id FROM run WHERE workflow = 'sleeps')", "its end is not there"),
        ("UPDATE plan SET body = CAST('{}' AS BLOB)", "in the table `plan`"),
        ("UPDATE run SET last = number", "in the table `run`"),
    ] {
        let copy = copy(folder.path());
        let file = rusqlite::Connection::open(copy.path().join("flow.db")).expect("it opens");
        file.execute_batch(sql).expect("it is changed");
        drop(file);
        let all = Selection { all: true, ..Selection::default() };
        let refused = dump(copy.path(), &all, &mut std::io::sink()).expect_err(sql);
        assert!(refused.to_string().contains(says), "{sql}: {refused}");
    }
}

#[cfg(unix)]
#[test]
fn nobody_else_may_look_into_it() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().expect("a folder");
    let directory = folder.path().join("data");
    let _store = Sqlite::open(&directory).expect("it opens");
    for (path, rights) in
        [(directory.clone(), 0o700), (directory.join("flow.db"), 0o600), (directory.join("flow.db-wal"), 0o600)]
    {
        let mode = fs::metadata(&path).expect("it is there").permissions().mode() & 0o777;
        assert_eq!(mode, rights, "{}: {mode:o}", path.display());
    }
}

#[test]
fn runs_that_have_ended_are_found_so_where_nobody_takes_them_up() {
    let folder = some_runs();
    let ended = |folder: &Path| {
        let store = Sqlite::open(folder).expect("it opens");
        let page = runtime().block_on(store.runs(&Query { limit: 1_000, ..Query::default() })).expect("it can be read");
        let ended = page.runs.into_iter().filter(|run| run.rested_at.is_some());
        ended.map(|run| (run.run, run.status, run.rested_at, run.error)).collect::<Vec<_>>()
    };
    let copy = copy(folder.path());
    let file = rusqlite::Connection::open(copy.path().join("flow.db")).expect("it opens");
    assert_ne!(file.execute("UPDATE run SET sum = 0", []).expect("it is changed"), 0);
    drop(file);
    let whole = ended(folder.path());
    assert_eq!((whole.len(), ended(copy.path())), (12, whole));
    assert!(copy.path().join("flow.db.damaged").exists(), "it was made again");
}
