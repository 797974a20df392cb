//! Folders and files that come and go while the conversation lasts.

use serde_json::{Value, json};
use tempfile::TempDir;

use super::editor::Editor;

/// The workflows that are known, each with the file it stands in.
fn known(editor: &mut Editor) -> Vec<String> {
    let found = editor.ask("workspace/symbol", json!({ "query": "" }));
    let mut names: Vec<String> = found
        .as_array()
        .expect("a list")
        .iter()
        .map(|one| format!("{} {}", one["containerName"], one["name"]).replace('"', ""))
        .collect();
    names.sort();
    names
}

/// Waits until exactly these are known: files come in beside the conversation.
fn becomes(editor: &mut Editor, wanted: &[&str]) {
    for _ in 0..2_000 {
        if known(editor) == wanted {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    assert_eq!(known(editor), wanted);
}

fn uri(of: &TempDir) -> String {
    format!("file://{}", of.path().display())
}

fn folders(added: &[&TempDir], removed: &[&TempDir]) -> Value {
    let named = |folders: &[&TempDir]| -> Vec<Value> {
        folders.iter().map(|folder| json!({ "uri": uri(folder), "name": "one" })).collect()
    };
    json!({ "event": { "added": named(added), "removed": named(removed) } })
}

fn changed(editor: &mut Editor, files: &[(&str, u8)]) {
    let changes: Vec<Value> =
        files.iter().map(|(name, kind)| json!({ "uri": editor.uri(name), "type": kind })).collect();
    editor.tell("workspace/didChangeWatchedFiles", json!({ "changes": changes }));
}

const CREATED: u8 = 1;
const CHANGED: u8 = 2;
const DELETED: u8 = 3;

#[test]
fn several_folders_are_open_at_once_and_come_and_go() {
    let mut editor = Editor::with(&[("first.flow", "workflow first {}\n")]);
    let capability = &editor.hello["capabilities"]["workspace"]["workspaceFolders"];
    assert_eq!(*capability, json!({ "supported": true, "changeNotifications": true }));
    becomes(&mut editor, &["first.flow first"]);
    let (second, third) = (TempDir::new().expect("a folder"), TempDir::new().expect("a folder"));
    for (folder, name) in [(&second, "second"), (&third, "third")] {
        std::fs::create_dir(folder.path().join("deep")).expect("a folder");
        let text = format!("workflow {name} {{}}\n");
        std::fs::write(folder.path().join(format!("deep/{name}.flow")), text).expect("a file");
    }
    editor.tell("workspace/didChangeWorkspaceFolders", folders(&[&second, &third], &[]));
    becomes(&mut editor, &["first.flow first", "second.flow second", "third.flow third"]);
    editor.tell("workspace/didChangeWorkspaceFolders", folders(&[], &[&second]));
    assert_eq!(known(&mut editor), ["first.flow first", "third.flow third"]);
    // One that comes back is read anew.
    std::fs::write(second.path().join("deep/second.flow"), "workflow other {}\n").expect("a file");
    editor.tell("workspace/didChangeWorkspaceFolders", folders(&[&second], &[&third]));
    becomes(&mut editor, &["first.flow first", "second.flow other"]);
}

#[test]
fn a_folder_that_is_closed_takes_no_text_from_who_uses_it() {
    let other = TempDir::new().expect("a folder");
    std::fs::write(other.path().join("lib.flow"), "fn shout(text) { text.to_upper() }\n").expect("a file");
    let mut editor = Editor::with(&[]);
    let path = other.path().join("lib.flow");
    let text = format!("use \"{}\" as lib\nworkflow a {{\n    output {{ x = lib.cry(\"hi\") }}\n}}\n", path.display());
    editor.open("main.flow", &text);
    let complains = |editor: &mut Editor| {
        while !editor.complaints("main.flow").iter().any(|found| found.contains("no function `cry`")) {
            editor.forget();
        }
    };
    complains(&mut editor);
    editor.tell("workspace/didChangeWorkspaceFolders", folders(&[&other], &[]));
    becomes(&mut editor, &["lib.flow shout", "main.flow a"]);
    editor.forget();
    editor.tell("workspace/didChangeWorkspaceFolders", folders(&[], &[&other]));
    complains(&mut editor);
}

#[test]
fn files_that_are_written_renamed_and_deleted_elsewhere_are_seen() {
    let mut editor = Editor::with(&[("one.flow", "workflow one {}\n")]);
    becomes(&mut editor, &["one.flow one"]);
    let at = |editor: &Editor, name: &str| editor.uri(name).trim_start_matches("file://").to_owned();
    std::fs::write(at(&editor, "two.flow"), "workflow two {}\n").expect("a file");
    changed(&mut editor, &[("two.flow", CREATED)]);
    becomes(&mut editor, &["one.flow one", "two.flow two"]);
    std::fs::write(at(&editor, "two.flow"), "workflow second {}\n").expect("a file");
    changed(&mut editor, &[("two.flow", CHANGED)]);
    becomes(&mut editor, &["one.flow one", "two.flow second"]);
    std::fs::rename(at(&editor, "two.flow"), at(&editor, "three.flow")).expect("another name");
    changed(&mut editor, &[("two.flow", DELETED), ("three.flow", CREATED)]);
    becomes(&mut editor, &["one.flow one", "three.flow second"]);
    // Whoever uses a file hears that it has gone.
    editor.open("user.flow", "use \"three.flow\" as three\nworkflow a {\n    step x = three.second {}\n}\n");
    assert_eq!(editor.complaints("user.flow"), [""; 0]);
    editor.forget();
    std::fs::remove_file(at(&editor, "three.flow")).expect("it was there");
    changed(&mut editor, &[("three.flow", DELETED)]);
    while !editor.complaints("user.flow").iter().any(|found| found.contains("there is none of this name")) {
        editor.forget();
    }
    // A folder goes with everything in it, of which no editor says a word.
    std::fs::create_dir(at(&editor, "deep")).expect("a folder");
    std::fs::write(at(&editor, "deep/four.flow"), "workflow four {}\n").expect("a file");
    changed(&mut editor, &[("deep/four.flow", CREATED)]);
    becomes(&mut editor, &["four.flow four", "one.flow one", "user.flow a", "user.flow x"]);
    std::fs::remove_dir_all(at(&editor, "deep")).expect("it was there");
    changed(&mut editor, &[("deep", DELETED)]);
    becomes(&mut editor, &["one.flow one", "user.flow a", "user.flow x"]);
}

#[test]
#[cfg(target_os = "linux")]
fn a_file_costs_few_threads_however_often_it_changes() {
    let folder = TempDir::new().expect("a folder for a test");
    let library = folder.path().join("lib.flow");
    std::fs::write(&library, "fn shout(text) { text }\n").expect("a file");
    let mut editor = Editor::starting(folder, &["utf-16"]);
    editor.open("main.flow", "use \"lib.flow\" as lib\nworkflow a {\n    output { x = lib.shout(\"hi\") }\n}\n");
    for _ in 0..300 {
        changed(&mut editor, &[("lib.flow", CHANGED)]);
    }
    assert_eq!(editor.complaints("main.flow"), [""; 0]);
    let status = std::fs::read_to_string(format!("/proc/{}/status", editor.process())).expect("it runs");
    let threads = status.lines().find_map(|line| line.strip_prefix("Threads:")).expect("a number").trim();
    assert!(threads.parse::<usize>().is_ok_and(|count| count < 20), "{threads} threads");
    // What came last counts.
    std::fs::write(&library, "fn cry(text) { text }\n").expect("a file");
    changed(&mut editor, &[("lib.flow", CHANGED)]);
    while !editor.complaints("main.flow").iter().any(|found| found.contains("no function `shout`")) {
        editor.forget();
    }
}
