//! What the server tells by itself: diagnostics of the newest text, also across files.

use serde_json::json;

use super::editor::Editor;

const GOOD: &str =
    "workflow greet {\n    input { name: string }\n    output { text: string = \"Hello ${input.name}\" }\n}\n";

#[test]
fn an_editor_and_the_server_agree_and_part() {
    let editor = Editor::with(&[]);
    assert_eq!(editor.hello["capabilities"]["positionEncoding"], "utf-16");
    assert_eq!(editor.hello["serverInfo"]["name"], "flow");
    assert_eq!(editor.leave(), 0);
    let editor = Editor::counting(&["utf-32", "utf-8"], &[]);
    assert_eq!(editor.hello["capabilities"]["positionEncoding"], "utf-8");
}

#[test]
fn what_is_no_conversation_is_refused_in_words() {
    let folder = crate::cli::Folder::with("");
    let done = folder.flow_fed(b"hello\n", &["lsp"]);
    assert_eq!(done.code, 2);
    assert!(done.stderr.contains("no conversation with an editor"), "{}", done.stderr);
}

#[test]
fn a_fault_is_told_while_it_is_there() {
    let mut editor = Editor::with(&[]);
    editor.open("main.flow", GOOD);
    assert_eq!(editor.complaints("main.flow"), [""; 0]);
    // "name" becomes "nama" in the output.
    let wrong = json!({ "start": { "line": 2, "character": 46 }, "end": { "line": 2, "character": 47 } });
    editor.change("main.flow", json!([{ "range": wrong, "text": "a" }]));
    assert_eq!(editor.complaints("main.flow"), ["3:44 F0203 `input` has no field `nama`"]);
    let told = editor.diagnostics("main.flow");
    assert!(told[0]["message"].as_str().is_some_and(|message| message.contains("did you mean `name`?")), "{told:?}");
    editor.change("main.flow", json!([{ "range": wrong, "text": "e" }]));
    assert_eq!(editor.complaints("main.flow"), [""; 0]);
}

#[test]
fn columns_are_counted_as_agreed() {
    let text = "workflow greet {\n    output { text = \"🙂é ${nobody}\" }\n}\n";
    let mut editor = Editor::with(&[]);
    editor.open("main.flow", text);
    let utf16 = editor.complaints("main.flow");
    assert!(utf16[0].starts_with("2:28 "), "{utf16:?}");
    let mut editor = Editor::counting(&["utf-8"], &[]);
    editor.open("main.flow", text);
    let utf8 = editor.complaints("main.flow");
    assert!(utf8[0].starts_with("2:31 "), "{utf8:?}");
    // An edit behind such letters lands where it is meant.
    let range = json!({ "start": { "line": 1, "character": 30 }, "end": { "line": 1, "character": 36 } });
    editor.change("main.flow", json!([{ "range": range, "text": "1 + 1" }]));
    assert_eq!(editor.complaints("main.flow"), [""; 0]);
}

#[test]
fn other_places_that_have_to_do_with_it_are_shown() {
    let mut editor = Editor::with(&[]);
    editor.open("main.flow", "workflow a {\n    let x = 1\n    let x = 2\n}\n");
    let told = editor.diagnostics("main.flow");
    let other = &told[0]["relatedInformation"][0];
    assert_eq!(other["location"]["uri"], editor.uri("main.flow"));
    assert_eq!(other["location"]["range"]["start"], json!({ "line": 1, "character": 8 }));
}

const LIBRARY: &str = "fn shout(text) { text.to_upper() }\n";
const USER: &str = "use \"lib.flow\" as lib\nworkflow a {\n    output { x = lib.shout(\"hi\") }\n}\n";

#[test]
fn used_files_are_those_of_the_editor_else_those_of_the_disk() {
    let mut editor = Editor::with(&[("lib.flow", LIBRARY)]);
    editor.open("main.flow", USER);
    assert_eq!(settled(&mut editor, "main.flow", 0), [""; 0]);
    // In the editor, the function has another name by now.
    editor.forget();
    editor.open("lib.flow", "fn cry(text) { text.to_upper() }\n");
    let told = settled(&mut editor, "main.flow", 1);
    assert!(told[0].contains("`lib` has no function `shout`"), "{told:?}");
    // It was not saved: without the editor, the disk counts.
    editor.forget();
    editor.close("lib.flow");
    assert_eq!(settled(&mut editor, "main.flow", 0), [""; 0]);
}

/// The complaints about a text once there are `count` of them: texts come in from the disk one after the other.
fn settled(editor: &mut Editor, name: &str, count: usize) -> Vec<String> {
    loop {
        let told = editor.complaints(name);
        if told.len() == count {
            return told;
        }
        editor.forget();
    }
}

#[test]
fn faults_of_a_used_file_stand_where_it_is_used() {
    let mut editor =
        Editor::with(&[("lib.flow", "fn shout(text) { text.to_uper() }\nworkflow b { step x = nobody {} }\n")]);
    editor.open("main.flow", "use \"lib.flow\" as lib\nworkflow a {\n    output { x = 1 }\n}\n");
    let told = settled(&mut editor, "main.flow", 1);
    assert!(told[0].starts_with("1:5 ") && told[0].contains("`lib.flow` has"), "{told:?}");
}

#[test]
#[cfg(unix)]
fn what_is_no_file_is_said_to_be_none_and_holds_up_nobody() {
    let folder = tempfile::TempDir::new().expect("a folder for a test");
    let pipe = folder.path().join("lib.flow");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status().expect("mkfifo is there");
    assert!(made.success());
    let mut editor = Editor::starting(folder, &["utf-16"]);
    // Whoever read the pipe would wait until somebody writes into it.
    editor.open("main.flow", USER);
    while !editor.complaints("main.flow").iter().any(|found| found.contains("this is a pipe, not a file")) {
        editor.forget();
    }
    let symbols =
        editor.ask("textDocument/documentSymbol", json!({ "textDocument": { "uri": editor.uri("main.flow") } }));
    assert_eq!(symbols[1]["name"], "a");
    std::fs::remove_file(&pipe).expect("it was there");
    std::fs::write(&pipe, LIBRARY).expect("a file");
    let changes = json!([{ "uri": editor.uri("lib.flow"), "type": 2 }]);
    editor.forget();
    editor.tell("workspace/didChangeWatchedFiles", json!({ "changes": changes }));
    assert_eq!(settled(&mut editor, "main.flow", 0), [""; 0]);
}

#[test]
fn a_question_that_is_taken_back_is_not_answered() {
    let mut editor = Editor::with(&[]);
    editor.open("main.flow", GOOD);
    let uri = editor.uri("main.flow");
    // The whole of it comes at once, so that the question still waits when it is taken back.
    for id in 100..140 {
        let params = json!({ "textDocument": { "uri": uri } });
        editor.send(
            &json!({ "jsonrpc": "2.0", "id": id, "method": "textDocument/semanticTokens/full", "params": params }),
        );
    }
    editor.send(&json!({ "jsonrpc": "2.0", "method": "$/cancelRequest", "params": { "id": 139 } }));
    let answers: Vec<_> = (100..140).map(|id| editor.answer(id)).collect();
    assert!(answers[..39].iter().all(Result::is_ok));
    if let Err(error) = &answers[39] {
        assert_eq!(error["code"], -32800);
    }
    // What the server does not know is refused, and nothing else suffers.
    let unknown = editor.try_ask("textDocument/moniker", json!({})).expect_err("it is not known");
    assert_eq!(unknown["code"], -32601);
    assert_eq!(editor.leave(), 0);
}

/// What the server says to these bytes, and how it ends.
fn piped(bytes: &[u8]) -> std::process::Output {
    let mut server = std::process::Command::new(env!("CARGO_BIN_EXE_flow"))
        .arg("lsp")
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("the binary starts");
    std::io::Write::write_all(&mut server.stdin.take().expect("it was asked for"), bytes).expect("the server listens");
    server.wait_with_output().expect("it ends")
}

/// These messages, one behind the other.
fn framed(messages: &[&str]) -> Vec<u8> {
    messages.iter().map(|text| format!("Content-Length: {}\r\n\r\n{text}", text.len())).collect::<String>().into()
}

#[test]
fn what_is_no_message_is_refused_and_the_conversation_goes_on() {
    let messages = [
        r#"{"jsonrpc":"2.0","id":1,"method":"textDocument/hover","params":{}}"#,
        r#"{"jsonrpc":"2.0","id":2,"method":"initialize","params":{}}"#,
        r#"{"jsonrpc":"2.0","method":"initialized","params":{}}"#,
        r#"{"id":3}"#,
        "5",
        "null",
        "no JSON",
        r#"[{"jsonrpc":"2.0","id":4,"method":"shutdown"}]"#,
        r#"{"jsonrpc":"2.0","method":5}"#,
        r#"{"jsonrpc":"2.0","id":99999999999,"method":"shutdown"}"#,
        r#"{"jsonrpc":"2.0","id":1.5,"method":"shutdown"}"#,
        r#"{"jsonrpc":"2.0","id":6,"method":"shutdown"}"#,
        r#"{"jsonrpc":"2.0","id":7,"method":"textDocument/hover","params":{}}"#,
        r#"{"jsonrpc":"2.0","method":"exit"}"#,
    ];
    let done = piped(&framed(&messages));
    let said = String::from_utf8(done.stdout).expect("it writes UTF-8");
    assert_eq!(done.status.code(), Some(0), "{said}");
    let mut codes: Vec<&str> =
        said.match_indices("\"code\":").map(|(at, word)| &said[at + word.len()..][..6]).collect();
    codes.sort_unstable();
    assert_eq!(codes, [["-32002"].as_slice(), &["-32600"; 8], &["-32700"]].concat(), "{said}");
    for id in ["\"id\":3", "\"id\":99999999999", "\"id\":1.5", "\"id\":6", "\"id\":7"] {
        assert!(said.contains(id), "{id} is answered: {said}");
    }
}

#[test]
fn where_one_message_cannot_be_told_from_the_next_the_reason_is_told() {
    for (bytes, words) in [
        ("Content-Length: 99999999999999\r\n\r\n{}", "a message of 99999999999999 bytes is announced"),
        ("Content-Length: many\r\n\r\n{}", "is no number of bytes"),
        ("\r\n\r\n", "does not say by `Content-Length: ` how many bytes it has"),
    ] {
        let done = piped(bytes.as_bytes());
        let said = String::from_utf8(done.stderr).expect("it writes UTF-8");
        assert_eq!(done.status.code(), Some(2), "{said}");
        assert!(said.contains(words), "{said}");
    }
    let left = piped(&framed(&[r#"{"jsonrpc":"2.0","method":"exit"}"#]));
    assert_eq!((left.status.code(), left.stderr.as_slice()), (Some(1), &b""[..]));
}
