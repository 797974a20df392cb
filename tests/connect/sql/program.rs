//! What a program and its settings see of databases.

use crate::cli::Folder;

const LEDGER: &str = r#"
workflow ledger {
    step make = sql.execute { database: "books", sql: "create table if not exists rows (id integer primary key, cents int, who text)" }
    step fill = sql.insert { database: "books", table: "rows", rows: [{ cents: 5, who: "a" }, { cents: 700, who: "b" }, { cents: 900, who: "c" }] }
    step large = for row from sql.query { database: "books", sql: "select id, cents, who from rows order by id" } {
        if row.cents > 100 {
            step mark = sql.execute { database: "books", sql: "update rows set who = :who where id = :id", params: { who: "${row.who}!", id: row.id } }
        }
        output row.cents
    }
    step left = sql.query { database: "books", sql: "select who from rows order by id" }
    output { last: any = fill.last_id, cents: list<any> = large, left: any = left }
}
"#;

#[test]
fn a_program_keeps_its_rows_in_the_file_that_the_settings_name() {
    let folder = Folder::with(LEDGER);
    folder.write("flow.toml", b"[databases.books]\nurl = \"sqlite:books.db\"\n");
    let done = folder.flow(&["run", "main.flow"]);
    assert_eq!(done.code, 0, "{}", done.stderr);
    let output: serde_json::Value = serde_json::from_str(&done.stdout).expect("JSON");
    let left = serde_json::json!([{ "who": "a" }, { "who": "b!" }, { "who": "c!" }]);
    assert_eq!(output, serde_json::json!({ "last": 3, "cents": [5, 700, 900], "left": left }));
    assert!(folder.path().join("books.db").is_file());
    // The environment wins over the file, and `--set` over both.
    let elsewhere = folder.flow_in(&[("FLOW_DATABASE_BOOKS_URL", "sqlite:other.db")], &["run", "main.flow"]);
    assert_eq!(elsewhere.code, 0, "{}", elsewhere.stderr);
    assert!(folder.path().join("other.db").is_file());
    let given = folder.flow_in(
        &[("FLOW_DATABASE_BOOKS_URL", "sqlite:other.db")],
        &["run", "main.flow", "--set", "databases.books.url=sqlite:third.db"],
    );
    assert_eq!(given.code, 0, "{}", given.stderr);
    assert!(folder.path().join("third.db").is_file());
}

#[test]
fn a_file_that_must_be_there_is_not_made_and_one_that_is_read_is_not_changed() {
    let folder = Folder::with(LEDGER);
    for (url, says) in [
        ("sqlite:books.db?mode=rw", "not_found"),
        ("sqlite:books.db?mode=ro", "not_found"),
        ("sqlite:no/such/folder.db", "not_found"),
        ("sqlite:main.flow", "validation_error"),
    ] {
        let done = folder.flow_in(&[("FLOW_DATABASE_BOOKS_URL", url)], &["run", "main.flow"]);
        assert_eq!(done.code, 1, "{url}: {}", done.stderr);
        assert!(done.stderr.contains(says), "{url}: {}", done.stderr);
    }
    assert!(!folder.path().join("books.db").exists());
    let made = folder.flow_in(&[("FLOW_DATABASE_BOOKS_URL", "sqlite:books.db")], &["run", "main.flow"]);
    assert_eq!(made.code, 0, "{}", made.stderr);
    let read = folder.flow_in(&[("FLOW_DATABASE_BOOKS_URL", "sqlite:books.db?mode=ro")], &["run", "main.flow"]);
    assert!(read.code == 1 && read.stderr.contains("permission_denied"), "{}", read.stderr);
}

#[test]
fn a_statement_reaches_no_other_file() {
    let folder = Folder::with(
        r#"
workflow reach {
    input { sql: string }
    step it = sql.execute { database: "books", sql: input.sql }
}
"#,
    );
    for sql in ["attach database 'other.db' as o", "vacuum into 'other.db'", "select load_extension('x')"] {
        let input = serde_json::json!({ "sql": sql }).to_string();
        let done =
            folder.flow_in(&[("FLOW_DATABASE_BOOKS_URL", "sqlite:books.db")], &["run", "main.flow", "--input", &input]);
        assert_eq!(done.code, 1, "{sql}: {}", done.stderr);
        assert!(!folder.path().join("other.db").exists(), "{sql}");
    }
    let done = folder.flow_in(
        &[("FLOW_DATABASE_BOOKS_URL", "sqlite:books.db")],
        &["run", "main.flow", "--input", r#"{"sql":"vacuum"}"#],
    );
    assert_eq!(done.code, 0, "{}", done.stderr);
}

#[test]
fn a_database_that_the_settings_do_not_name_is_said_before_anything_runs() {
    let folder = Folder::with(LEDGER);
    let none = folder.flow(&["run", "main.flow"]);
    assert_eq!((none.stdout.as_str(), none.code), ("", 2), "{}", none.stderr);
    assert!(none.stderr.starts_with("main.flow:3:"), "{}", none.stderr);
    for text in ["error[F0804]: the settings name no database `books`", "FLOW_DATABASE_BOOKS_URL", "[databases.books]"]
    {
        assert!(none.stderr.contains(text), "{text}: {}", none.stderr);
    }
    let near = folder.flow(&["run", "main.flow", "--set", "databases.book.url=sqlite:a.db"]);
    assert!(near.code == 2 && near.stderr.contains("did you mean `book`?"), "{}", near.stderr);
    // Stand-ins need no settings.
    let folder =
        Folder::with("workflow look {\n    step it = sql.query { database: \"books\", sql: \"select 1\" }\n}\n");
    let sandbox = folder.flow(&["run", "main.flow", "--sandbox"]);
    assert_eq!(sandbox.code, 0, "{}", sandbox.stderr);
    assert!(!folder.path().join("books.db").exists());
}

#[test]
fn what_is_wrong_with_a_database_is_said_without_its_password() {
    let rows = [
        ("url = \"oracle://u:geheim77@h/d\"", "F0803", "must begin with `postgres://`"),
        ("url = \"sqlite:\"", "F0803", "needs a file"),
        ("url = \"sqlite::memory:\"", "F0803", "in memory ends with its connection"),
        ("url = \"sqlite:a.db?mode=x\"", "F0803", "`?mode=ro`"),
        ("url = \"postgres://u:geheim77@h/d?sslmod=disable\"", "F0803", "did you mean `sslmode`?"),
        ("url = \"postgres://u:geheim77@h/d?sslmode=prefer\"", "F0803", "neither `verify-full` nor `disable`"),
        ("url = \"mysql://u:geheim77@/d\"", "F0803", "empty host"),
        ("url = \"postgres://u:geheim77%zz@h/d\"", "F0803", "`%25`"),
        ("url = \"sqlite:a.db\"\npassword = \"geheim77\"", "F0803", "means nothing to a SQLite file"),
        ("url = \"sqlite:a.db\"\nconnections = 0", "F0803", "a whole number of at least 1"),
        ("uri = \"sqlite:a.db\"", "F0802", "did you mean `url`?"),
        ("user = \"u\"", "F0803", "`databases.books.url` is missing"),
    ];
    for (lines, code, says) in rows {
        let folder = Folder::with("workflow idle { }\n");
        folder.write("flow.toml", format!("[databases.books]\n{lines}\n").as_bytes());
        let done = folder.flow(&["run", "main.flow"]);
        assert_eq!(done.code, 2, "{lines}: {}", done.stderr);
        assert!(done.stderr.contains(code) && done.stderr.contains(says), "{lines}: {}", done.stderr);
        assert!(!done.stderr.contains("geheim77"), "{lines}: {}", done.stderr);
    }
}
