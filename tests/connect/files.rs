//! `files.*` in a directory of their own.

use std::path::Path;
use std::sync::Arc;

use orchestra_flow::base::value::{Map, Value};
use orchestra_flow::connect::files::Scratch;
use orchestra_flow::run::world::Perform;

use super::desk::{act, desk, failure, json, perform, value};

fn directory() -> tempfile::TempDir {
    tempfile::tempdir().expect("a directory")
}

#[tokio::test]
async fn what_is_written_is_read_again() {
    let home = directory();
    let rows = [
        ("a.txt", r#""héllo\n""#, "()", r#""héllo\n""#),
        ("a.json", r#"{ "a": [1, { "b": 2.5 }], "gone": null }"#, "()", r#"{"a":[1,{"b":2.5}]}"#),
        ("deep/er/a.jsonl", r#"[{ "a": 1 }, 2, "x"]"#, "()", r#"[{"a":1},2,"x"]"#),
        (
            "a.csv",
            r#"[{ "name": "Ada, L", "n": 1 }, { "name": "B\"b", "m": 2 }]"#,
            "()",
            r#"[{"name":"Ada, L","n":"1","m":""},{"name":"B\"b","n":"","m":"2"}]"#,
        ),
        ("b.dat", r#"[1, 2]"#, "json", "[1,2]"),
        ("a.txt", r#""new""#, "text", r#""new""#),
        ("empty.csv", "[]", "()", "[]"),
    ];
    for (path, content, format, expected) in rows {
        let format = if format == "()" { String::new() } else { format!(r#", "format": "{format}""#) };
        let write = format!(r#"{{ "path": "{path}", "content": {content}{format} }}"#);
        let written = value(perform(home.path(), "files.write", &write).await);
        assert_eq!(written["path"], path);
        let bytes = std::fs::metadata(home.path().join(path)).expect("the file").len();
        assert_eq!(written["bytes"], bytes);
        let read = value(perform(home.path(), "files.read", &format!(r#"{{ "path": "{path}"{format} }}"#)).await);
        assert_eq!(read.to_string(), expected, "{path}");
    }
    let left: Vec<_> = std::fs::read_dir(home.path()).expect("the directory").filter_map(Result::ok).collect();
    assert!(left.iter().all(|entry| !entry.file_name().to_string_lossy().ends_with(".part")), "{left:?}");
}

#[tokio::test]
async fn what_is_appended_stands_at_the_end() {
    let home = directory();
    for (path, content) in [
        ("log.txt", r#""one\n""#),
        ("log.txt", r#""two\n""#),
        ("log.jsonl", r#"{ "n": 1 }"#),
        ("log.jsonl", r#"[{ "n": 2 }, { "n": 3 }]"#),
        ("log.csv", r#"{ "a": 1, "b": 2 }"#),
        ("log.csv", r#"[{ "b": 4, "a": 3 }]"#),
    ] {
        value(perform(home.path(), "files.append", &format!(r#"{{ "path": "{path}", "content": {content} }}"#)).await);
    }
    let text = |name: &str| std::fs::read_to_string(home.path().join(name)).expect("the file");
    assert_eq!(text("log.txt"), "one\ntwo\n");
    assert_eq!(text("log.jsonl"), "{\"n\":1}\n{\"n\":2}\n{\"n\":3}\n");
    assert_eq!(text("log.csv"), "a,b\n1,2\n3,4\n");
    let wrong = r#"{ "path": "log.csv", "content": { "c": 5 } }"#;
    let (failure, certain) = failure(perform(home.path(), "files.append", wrong).await);
    assert_eq!((failure.kind.name(), certain), ("validation_error", true));
    assert_eq!(text("log.csv"), "a,b\n1,2\n3,4\n");
}

#[tokio::test]
async fn no_path_leads_out_of_the_roots() {
    let (outside, home) = (directory(), directory());
    std::fs::write(outside.path().join("secret.txt"), "s").expect("a file");
    let link = |to: &Path, name: &str| std::os::unix::fs::symlink(to, home.path().join(name)).expect("a link");
    link(outside.path(), "out");
    link(&outside.path().join("secret.txt"), "file");
    link(&outside.path().join("not-there"), "dangling");
    std::fs::create_dir(home.path().join("in")).expect("a directory");
    let absolute = outside.path().join("secret.txt").display().to_string();
    let name = outside.path().file_name().expect("a name").to_string_lossy().into_owned();
    let paths = [
        absolute,
        format!("../{name}/secret.txt"),
        format!("in/../../{name}/secret.txt"),
        format!("nowhere/../../{name}/secret.txt"),
        "out/secret.txt".to_owned(),
        "out/new.txt".to_owned(),
        "file".to_owned(),
        "dangling".to_owned(),
        "/etc/passwd".to_owned(),
    ];
    for path in paths {
        for operation in ["read", "write", "append", "delete", "rows", "copy", "move"] {
            let params = format!(r#"{{ "path": "{path}", "content": "x", "to": "{path}" }}"#);
            let (failure, certain) = failure(perform(home.path(), &format!("files.{operation}"), &params).await);
            assert_eq!((failure.kind.name(), certain), ("permission_denied", true), "{operation} {path}");
        }
    }
    assert_eq!(std::fs::read_to_string(outside.path().join("secret.txt")).expect("the file"), "s");
    assert_eq!(std::fs::read_dir(outside.path()).expect("the directory").count(), 1);
}

#[tokio::test]
async fn the_settings_open_other_roots() {
    let (outside, home) = (directory(), directory());
    std::fs::write(outside.path().join("a.txt"), "there").expect("a file");
    let roots = vec![".".into(), outside.path().to_owned()];
    let desk = desk(home.path(), "files", Map::new(), |environment| environment.file_roots = roots);
    let path = outside.path().join("a.txt").display().to_string();
    let outcome = desk.perform(act("files.read", Value::map([("path", Value::from(path))]))).await;
    assert_eq!(value(outcome), "there");
}

#[tokio::test]
async fn relative_paths_count_from_no_other_root_than_the_first() {
    let (other, home) = (directory(), directory());
    std::fs::write(other.path().join("a.txt"), "of another root").expect("a file");
    std::fs::write(home.path().join("file"), "").expect("a file");
    for first in ["not-there", "file"] {
        let roots = vec![first.into(), other.path().to_owned()];
        let desk = desk(home.path(), "files", Map::new(), |environment| environment.file_roots = roots);
        for operation in ["files.read", "files.write"] {
            let params = json(r#"{ "path": "a.txt", "content": "lost" }"#);
            let (failure, certain) = failure(desk.perform(act(operation, params)).await);
            assert_eq!((failure.kind.name(), certain), ("permission_denied", true), "{failure}");
            assert!(failure.message.contains(&format!("`{first}`, is not there")), "{failure}");
        }
    }
    assert_eq!(std::fs::read_to_string(other.path().join("a.txt")).expect("the file"), "of another root");
    // Of the others those count that are there.
    let roots = vec![".".into(), "not-there".into(), other.path().to_owned()];
    let desk = desk(home.path(), "files", Map::new(), |environment| environment.file_roots = roots);
    let path = other.path().join("a.txt").display().to_string();
    let outcome = desk.perform(act("files.read", Value::map([("path", Value::from(path))]))).await;
    assert_eq!(value(outcome), "of another root");
    // What a link hides is told apart from what lies outside.
    for (to, name) in [("loop", "loop"), ("gone", "dangling")] {
        std::os::unix::fs::symlink(to, home.path().join(name)).expect("a link");
        let (failure, _) = failure(desk.perform(act("files.read", Value::map([("path", name.into())]))).await);
        assert!(failure.message.contains("leads nowhere"), "{failure}");
    }
}

#[tokio::test]
async fn files_are_found_copied_moved_and_deleted() {
    let home = directory();
    for name in ["inbox/a.csv", "inbox/b.csv", "inbox/c.txt", "inbox/deep/d.csv", ".hidden/e.csv", "z.csv"] {
        value(
            perform(
                home.path(),
                "files.write",
                &format!(r#"{{ "path": "{name}", "content": "x", "format": "text" }}"#),
            )
            .await,
        );
    }
    let rows = [
        ("inbox/*.csv", "inbox/a.csv inbox/b.csv"),
        ("inbox/?.*", "inbox/a.csv inbox/b.csv inbox/c.txt"),
        ("**/*.csv", "inbox/a.csv inbox/b.csv inbox/deep/d.csv z.csv"),
        ("inbox", "inbox/a.csv inbox/b.csv inbox/c.txt inbox/deep"),
        ("inbox/*/*.csv", "inbox/deep/d.csv"),
        ("nothing/*.csv", ""),
    ];
    for (pattern, expected) in rows {
        let found = value(perform(home.path(), "files.list", &format!(r#"{{ "path": "{pattern}" }}"#)).await);
        let paths: Vec<&str> = found.as_array().expect("a list").iter().filter_map(|it| it["path"].as_str()).collect();
        assert_eq!(paths.join(" "), expected, "{pattern}");
    }
    let there = |name: &str| home.path().join(name).exists();
    value(perform(home.path(), "files.copy", r#"{ "path": "z.csv", "to": "copies/z.csv" }"#).await);
    assert!(there("z.csv") && there("copies/z.csv"));
    value(perform(home.path(), "files.move", r#"{ "path": "z.csv", "to": "done/z.csv" }"#).await);
    assert!(!there("z.csv") && there("done/z.csv"));
    for (expected, _) in [(true, 1), (false, 2)] {
        let deleted = value(perform(home.path(), "files.delete", r#"{ "path": "done/z.csv" }"#).await);
        assert_eq!(deleted["deleted"], expected);
    }
    for (operation, params, kind) in [
        ("read", r#"{ "path": "none.txt" }"#, "not_found"),
        ("list", r#"{ "path": "none" }"#, "not_found"),
        ("move", r#"{ "path": "none.txt", "to": "x" }"#, "not_found"),
        ("write", r#"{ "path": "inbox", "content": "x" }"#, "validation_error"),
        ("write", r#"{ "path": "inbox/a.csv/b", "content": "x" }"#, "conflict"),
        ("read", r#"{ "path": "" }"#, "validation_error"),
        ("read", r#"{ "path": "inbox/a.csv", "format": "yaml" }"#, "validation_error"),
        ("write", r#"{ "path": "l.jsonl", "content": 1 }"#, "validation_error"),
    ] {
        let (failure, _) = failure(perform(home.path(), &format!("files.{operation}"), params).await);
        assert_eq!(failure.kind.name(), kind, "{operation} {params}: {}", failure.message);
    }
}

#[tokio::test]
async fn directories_are_made_and_what_is_there_is_told() {
    let home = directory();
    for made in [true, false] {
        let answer = value(perform(home.path(), "files.mkdir", r#"{ "path": "out/2026" }"#).await);
        assert_eq!(answer.to_string(), format!(r#"{{"path":"out/2026","made":{made}}}"#));
    }
    std::fs::write(home.path().join("out/2026/a.csv"), "id\n1\n").expect("a file");
    let file = value(perform(home.path(), "files.stat", r#"{ "path": "out/2026/a.csv" }"#).await);
    assert_eq!((&file["name"], &file["bytes"], &file["directory"]), (&"a.csv".into(), &5.into(), &false.into()));
    let folder = value(perform(home.path(), "files.stat", r#"{ "path": "out" }"#).await);
    assert_eq!((&folder["path"], &folder["directory"]), (&"out".into(), &true.into()));
    for (operation, path, kind) in [
        ("stat", "none", "not_found"),
        ("stat", "../x", "permission_denied"),
        ("mkdir", "../x", "permission_denied"),
        ("mkdir", "out/2026/a.csv", "conflict"),
    ] {
        let (failure, certain) =
            failure(perform(home.path(), &format!("files.{operation}"), &format!(r#"{{ "path": "{path}" }}"#)).await);
        assert_eq!((failure.kind.name(), certain), (kind, true), "{operation} {path}: {}", failure.message);
    }
    // A sandbox makes it beside, and the program sees it.
    let aside = directory();
    let scratch = Arc::new(Scratch::new(aside.path().join("scratch")));
    let desk = desk(home.path(), "files", Map::new(), |environment| environment.scratch = Some(scratch));
    value(desk.perform(act("files.mkdir", json(r#"{ "path": "later" }"#))).await);
    let seen = value(desk.perform(act("files.stat", json(r#"{ "path": "later" }"#))).await);
    assert_eq!(seen["directory"], true);
    assert!(!home.path().join("later").exists());
}

#[tokio::test]
async fn a_copy_is_not_held_in_memory_and_keeps_what_was_there_where_it_fails() {
    let home = directory();
    // More than an answer may have: a copy needs none.
    let large = std::fs::File::create(home.path().join("large.bin")).expect("a file");
    large.set_len(300 * 1024 * 1024).expect("a size");
    std::fs::write(home.path().join("there.bin"), "before").expect("a file");
    let (refused, _) = failure(perform(home.path(), "files.copy", r#"{ "path": ".", "to": "there.bin" }"#).await);
    assert_eq!(refused.kind.name(), "validation_error", "{refused}");
    assert_eq!(std::fs::read_to_string(home.path().join("there.bin")).expect("the file"), "before");
    let copied = value(perform(home.path(), "files.copy", r#"{ "path": "large.bin", "to": "there.bin" }"#).await);
    assert_eq!(copied["bytes"], 300 * 1024 * 1024);
    assert_eq!(std::fs::metadata(home.path().join("there.bin")).expect("the file").len(), 300 * 1024 * 1024);
}

#[tokio::test]
async fn rows_come_in_pages_and_lose_nothing() {
    let home = directory();
    let many = 2_345;
    let csv: String = (0..many).map(|n| format!("{n},\"line\n{n}\"\n")).collect();
    std::fs::write(home.path().join("rows.csv"), format!("id,text\n{csv}")).expect("a file");
    let lines: String = (0..many).map(|n| format!("{{\"id\":{n}}}\n")).collect();
    std::fs::write(home.path().join("rows.jsonl"), &lines).expect("a file");
    std::fs::write(home.path().join("rows.txt"), lines.trim_end()).expect("a file");
    let list = serde_json::json!((0..many).collect::<Vec<_>>()).to_string();
    std::fs::write(home.path().join("rows.json"), list).expect("a file");
    for name in ["rows.csv", "rows.jsonl", "rows.txt", "rows.json"] {
        let whole = value(perform(home.path(), "files.rows", &format!(r#"{{ "path": "{name}" }}"#)).await);
        let desk = desk(home.path(), "files", Map::new(), |_| {});
        let (mut page, mut streamed, mut pages) = (Value::Unit, Vec::new(), 0);
        loop {
            let mut act = act("files.rows", json(&format!(r#"{{ "path": "{name}" }}"#)));
            (act.page, act.streamed) = (page, true);
            let outcome = desk.perform(act).await;
            page = outcome.next_page.clone();
            streamed.extend(value(outcome).as_array().expect("a list").clone());
            pages += 1;
            if page.is_unit() {
                break;
            }
        }
        assert_eq!(streamed.len(), many, "{name}");
        assert_eq!(serde_json::Value::from(streamed), whole, "{name}");
        assert_eq!(pages, 3, "{name}");
    }
}

#[tokio::test]
async fn links_are_listed_where_they_can_be_used_and_deleted_themselves() {
    let (outside, home) = (directory(), directory());
    std::fs::write(home.path().join("a.txt"), "there").expect("a file");
    for (to, name) in [("a.txt", "to_a"), ("nowhere", "to_nothing"), (&*outside.path().to_string_lossy(), "to_outside")]
    {
        std::os::unix::fs::symlink(to, home.path().join(name)).expect("a link");
    }
    for pattern in [".", "*", "**"] {
        let found = value(perform(home.path(), "files.list", &format!(r#"{{ "path": "{pattern}" }}"#)).await);
        let paths: Vec<&str> = found.as_array().expect("a list").iter().filter_map(|it| it["path"].as_str()).collect();
        assert_eq!(paths, ["a.txt", "to_a"], "{pattern}");
    }
    let deleted = value(perform(home.path(), "files.delete", r#"{ "path": "to_a" }"#).await);
    assert_eq!(deleted["deleted"], true);
    assert!(home.path().join("a.txt").exists() && !home.path().join("to_a").is_symlink());
}

#[tokio::test]
async fn a_scratch_directory_takes_every_change_and_the_program_sees_it() {
    let (home, aside) = (directory(), directory());
    for (name, text) in
        [("kept.txt", "one"), ("inbox/a.csv", "id\n1\n"), ("inbox/b.csv", "id\n2\n"), ("old.txt", "old")]
    {
        let path = home.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a directory")).expect("a directory");
        std::fs::write(path, text).expect("a file");
    }
    let scratch = Arc::new(Scratch::new(aside.path().join("scratch")));
    let desk = desk(home.path(), "files", Map::new(), |environment| environment.scratch = Some(scratch.clone()));
    let ask = async |name: &str, params: &str| desk.perform(act(&format!("files.{name}"), json(params))).await;
    let rows = [
        ("write", r#"{ "path": "kept.txt", "content": "two" }"#, r#"{"path":"kept.txt","bytes":3}"#),
        ("read", r#"{ "path": "kept.txt" }"#, r#""two""#),
        ("append", r#"{ "path": "inbox/a.csv", "content": { "id": 3 } }"#, r#"{"path":"inbox/a.csv","bytes":2}"#),
        ("rows", r#"{ "path": "inbox/a.csv" }"#, r#"[{"id":"1"},{"id":"3"}]"#),
        ("move", r#"{ "path": "inbox/b.csv", "to": "done/b.csv" }"#, r#"{"path":"done/b.csv"}"#),
        ("read", r#"{ "path": "done/b.csv", "format": "text" }"#, "\"id\\n2\\n\""),
        ("copy", r#"{ "path": "old.txt", "to": "new.txt" }"#, r#"{"path":"new.txt","bytes":3}"#),
        ("delete", r#"{ "path": "old.txt" }"#, r#"{"deleted":true}"#),
        ("delete", r#"{ "path": "old.txt" }"#, r#"{"deleted":false}"#),
        ("delete", r#"{ "path": "new.txt" }"#, r#"{"deleted":true}"#),
        ("move", r#"{ "path": "inbox", "to": "archive" }"#, r#"{"path":"archive"}"#),
    ];
    for (name, params, expected) in rows {
        assert_eq!(value(ask(name, params).await).to_string(), expected, "{name} {params}");
    }
    assert_eq!(failure(ask("delete", r#"{ "path": "archive" }"#).await).0.kind.name(), "validation_error");
    assert_eq!(failure(ask("delete", r#"{ "path": "done" }"#).await).0.kind.name(), "validation_error");
    for gone in ["old.txt", "new.txt", "inbox/a.csv", "inbox/b.csv", "archive/b.csv"] {
        let (failure, _) = failure(ask("read", &format!(r#"{{ "path": "{gone}" }}"#)).await);
        assert_eq!(failure.kind.name(), "not_found", "{gone}");
    }
    for (pattern, expected) in [("**", "archive/a.csv done/b.csv kept.txt"), ("inbox/*", ""), ("done", "done/b.csv")] {
        let found = value(ask("list", &format!(r#"{{ "path": "{pattern}" }}"#)).await);
        let paths: Vec<&str> = found.as_array().expect("a list").iter().filter_map(|it| it["path"].as_str()).collect();
        assert_eq!(paths.join(" "), expected, "{pattern}");
    }
    // The program's own files are as they were.
    let own = |name: &str| std::fs::read_to_string(home.path().join(name)).expect("the file");
    assert_eq!(
        [own("kept.txt"), own("inbox/a.csv"), own("inbox/b.csv"), own("old.txt")],
        ["one", "id\n1\n", "id\n2\n", "old"]
    );
    assert!(!home.path().join("done").exists());
    let written: Vec<String> = scratch.written().iter().map(|path| path.display().to_string()).collect();
    assert_eq!(written, ["archive/a.csv", "done/b.csv", "kept.txt"]);
}

#[tokio::test]
async fn a_file_is_not_emptied_by_a_line_that_was_forgotten() {
    let home = directory();
    std::fs::write(home.path().join("report.txt"), "a year's work").expect("a file");
    let (failure, certain) = failure(perform(home.path(), "files.write", r#"{ "path": "report.txt" }"#).await);
    assert_eq!((failure.kind.name(), certain), ("validation_error", true), "{failure}");
    let left = std::fs::read_to_string(home.path().join("report.txt")).expect("it is there");
    assert_eq!(left, "a year's work");
    let emptied = perform(home.path(), "files.write", r#"{ "path": "report.txt", "content": "" }"#).await;
    assert_eq!(value(emptied)["bytes"], 0);
}

#[tokio::test]
async fn rows_that_are_not_gone_through_one_by_one_are_bounded() {
    let home = directory();
    std::fs::write(home.path().join("rows.csv"), "a,b\n".repeat(1_000)).expect("a file");
    let narrow = desk(home.path(), "files", Map::new(), |environment| environment.response_bytes_max = 1_000);
    let act = act("files.rows", Value::map([("path", "rows.csv".into())]));
    let (failure, certain) = failure(narrow.perform(act).await);
    assert_eq!((failure.kind.name(), certain), ("limit_exceeded", true), "{failure}");
    assert!(failure.message.contains("for row from files.rows"), "{failure}");
}
