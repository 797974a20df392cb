//! What files of rows hold, as other programs write them: nothing of them is lost, and what cannot be kept is told with its line.

use std::path::Path;

use orchestra_flow::base::value::{Map, Value};
use orchestra_flow::run::world::Perform;

use super::desk::{act, desk, failure, json, perform, value};

fn home(name: &str, bytes: &[u8]) -> tempfile::TempDir {
    let home = tempfile::tempdir().expect("a directory");
    std::fs::write(home.path().join(name), bytes).expect("a file");
    home
}

/// What `files.read` and `files.rows` give of a file: the same.
async fn both(home: &Path, params: &str) -> Result<String, String> {
    let read = perform(home, "files.read", params).await.result;
    let rows = perform(home, "files.rows", params).await.result;
    let said = |result: Result<Value, orchestra_flow::base::failure::Failure>| match result {
        Ok(value) => Ok(value.to_json().to_string()),
        Err(failure) => {
            assert_eq!(failure.kind.name(), "validation_error", "{failure}");
            Err(failure.message.to_string())
        }
    };
    let (read, rows) = (said(read), said(rows));
    assert_eq!(read, rows, "{params}");
    read
}

#[tokio::test]
async fn files_of_other_programs_are_read_as_they_are_meant() {
    let rows: [(&str, &[u8], &str, &str); 18] = [
        ("mark.csv", b"\xef\xbb\xbfid,name\r\n1,Ada\r\n", "", r#"[{"id":"1","name":"Ada"}]"#),
        ("mark_quoted.csv", b"\xef\xbb\xbf\"id\",\"a\"\n1,2\n", "", r#"[{"id":"1","a":"2"}]"#),
        ("open_end.csv", b"id,name\n1,Ada\n2,Bob", "", r#"[{"id":"1","name":"Ada"},{"id":"2","name":"Bob"}]"#),
        (
            "lines.csv",
            b"a,b\r\n\"1\r\n2\",\"x \"\"y\"\"\"\r\n3,4\r\n",
            "",
            r#"[{"a":"1\r\n2","b":"x \"y\""},{"a":"3","b":"4"}]"#,
        ),
        ("last_line.csv", b"a,b\n1,\"x\ny\"\n\n", "", r#"[{"a":"1","b":"x\ny"}]"#),
        ("short.csv", b"a,b,c\n1\n", "", r#"[{"a":"1","b":"","c":""}]"#),
        ("spreadsheet.csv", b"a,b,,\n1,2,,\n3,4,,,\n", "", r#"[{"a":"1","b":"2","":""},{"a":"3","b":"4","":""}]"#),
        ("index.csv", b",a\n0,x\n", "", r#"[{"":"0","a":"x"}]"#),
        ("empty.csv", b"", "", "[]"),
        ("mark_only.csv", b"\xef\xbb\xbf", "", "[]"),
        ("header_only.csv", b"a,b\n", "", "[]"),
        ("twice.csv", b"a,a\n1,2,3\n", r#", "header": false"#, r#"[["a","a"],["1","2","3"]]"#),
        ("plain.txt", b"1,2\n", r#", "format": "csv", "header": false"#, r#"[["1","2"]]"#),
        ("mark.jsonl", b"\xef\xbb\xbf{\"a\":1}\r\n\r\n2", "", r#"[{"a":1},2]"#),
        ("empty.jsonl", b"", "", "[]"),
        ("ends.ndjson", b"1\n2", "", "[1,2]"),
        ("mark.json", b"\xef\xbb\xbf[1, 2]\r\n", "", "[1,2]"),
        ("quote.csv", b"a\n5\" pipe\n", "", r#"[{"a":"5\" pipe"}]"#),
    ];
    for (name, bytes, more, expected) in rows {
        let home = home(name, bytes);
        let params = format!(r#"{{ "path": "{name}"{more} }}"#);
        assert_eq!(both(home.path(), &params).await.as_deref(), Ok(expected), "{name}");
    }
}

#[tokio::test]
async fn what_cannot_be_kept_is_told_with_its_line() {
    let rows: [(&str, &[u8], &[&str]); 9] = [
        ("more.csv", b"a,b\n1,2\n\"3\n\",4,five\n", &["`more.csv`, line 3", "cell 3, `five`", "header: false"]),
        ("more_crlf.csv", b"a,b\r\n1,2\r\n\r\n3,4,five\r\n", &["line 4", "cell 3"]),
        ("unnamed.csv", b"a,,\n1,,x\n", &["line 2", "cell 3, `x`"]),
        ("same.csv", b"\nid,name,id\n1,2,3\n", &["line 2", "columns 1 and 3 are both called `id`", "header: false"]),
        ("latin.csv", b"a,b\n1,2\n3,caf\xe9\n", &["line 3", "cell 2 is not UTF-8"]),
        ("open.csv", b"a,b\n1,2\n3,\"x\n4,5\n6,7\n", &["line 3", "a quote is opened"]),
        ("latin.jsonl", b"1\n\"caf\xe9\"\n", &["`latin.jsonl`, line 2, is not UTF-8"]),
        ("broken.jsonl", b"1\n\n{\"a\":\n", &["`broken.jsonl`, line 3, is no JSON: EOF", "at column 5"]),
        ("broken.json", b"[1,\n2,\n", &["`broken.json` is no JSON", "line 3"]),
    ];
    for (name, bytes, parts) in rows {
        let home = home(name, bytes);
        let said = both(home.path(), &format!(r#"{{ "path": "{name}" }}"#)).await.expect_err(name);
        assert!(parts.iter().all(|part| said.contains(part)), "{name}: {said}");
    }
    let home = home("latin.txt", b"one\ntwo\ncaf\xe9\n");
    let said = both(home.path(), r#"{ "path": "latin.txt" }"#).await.expect_err("it is no UTF-8");
    assert!(said.contains("`latin.txt`, line 3, is not UTF-8") && said.contains("format: \"bytes\""), "{said}");
    for (params, part) in [
        (r#"{ "path": "latin.txt", "header": false }"#, "`header` is for CSV"),
        (r#"{ "path": "x.csv", "header": 1 }"#, "`header` must be true or false"),
    ] {
        let (failure, _) = failure(perform(home.path(), "files.rows", params).await);
        assert!(failure.message.contains(part), "{failure}");
    }
}

#[tokio::test]
async fn lines_are_counted_from_the_beginning_of_the_file_on_every_page() {
    for end in ["\n", "\r\n"] {
        let rows: String = (0..1_500).map(|n| format!("{n},x{end}")).collect();
        let home = home("rows.csv", format!("\u{feff}id,text{end}{rows}1,2,3{end}").as_bytes());
        let desk = desk(home.path(), "files", Map::new(), |_| {});
        let mut page = act("files.rows", json(r#"{ "path": "rows.csv" }"#));
        page.streamed = true;
        let first = desk.perform(page.clone()).await;
        page.page = first.next_page.clone();
        assert_eq!(value(first)[999], serde_json::json!({ "id": "999", "text": "x" }));
        let (failure, _) = failure(desk.perform(page).await);
        assert!(failure.message.contains("`rows.csv`, line 1502: cell 3"), "{failure}");
    }
}

#[tokio::test]
async fn a_row_has_a_bound_whatever_the_file_is() {
    let home = home("endless.csv", &[b"a,b\n\"", &*vec![b'x'; 17 * 1024 * 1024]].concat());
    let desk = desk(home.path(), "files", Map::new(), |_| {});
    let mut page = act("files.rows", json(r#"{ "path": "endless.csv" }"#));
    page.streamed = true;
    let (failure, _) = failure(desk.perform(page).await);
    assert_eq!(failure.kind.name(), "limit_exceeded", "{failure}");
    assert!(failure.message.contains("line 2: this row is longer"), "{failure}");
}

#[tokio::test]
async fn what_is_added_stands_on_lines_of_its_own() {
    type Row<'a> = (&'a str, &'a [u8], &'a str, Result<&'a str, &'a str>);
    let rows: [Row; 8] = [
        ("open.csv", b"a,b\n1,2", r#"{ "b": 4, "a": 3 }"#, Ok("a,b\n1,2\n3,4\n")),
        ("mark.csv", b"\xef\xbb\xbfa,b\r\n1,2\r\n", r#"{ "b": 4, "a": 3 }"#, Ok("\u{feff}a,b\r\n1,2\r\n3,4\n")),
        ("open.jsonl", b"1", "2", Ok("1\n2\n")),
        ("open.txt", b"one", r#"" more""#, Ok("one more")),
        ("empty.csv", b"", r#"{ "a": 1 }"#, Ok("a\n1\n")),
        ("same.csv", b"a,a\n1,2\n", r#"{ "a": 3 }"#, Err("columns 1 and 2 are both called `a`")),
        ("more.csv", b"a\n1\n", r#"[[1, 2]]"#, Err("row [0]: it has 2 cells for 1 columns")),
        ("new.csv", b"a\n1\n", r#"[{ "a": 2 }, { "b": 3 }]"#, Err("row [1]: there is no column `b`")),
    ];
    for (name, bytes, content, expected) in rows {
        let home = home(name, bytes);
        let params = format!(r#"{{ "path": "{name}", "content": {content} }}"#);
        let outcome = perform(home.path(), "files.append", &params).await;
        let left = std::fs::read(home.path().join(name)).expect("the file");
        match expected {
            Ok(expected) => {
                value(outcome);
                assert_eq!(String::from_utf8_lossy(&left), expected, "{name}");
            }
            Err(part) => {
                let (failure, certain) = failure(outcome);
                assert!(certain && failure.message.contains(part), "{name}: {failure}");
                assert_eq!(left, bytes, "{name}");
            }
        }
    }
}
