//! Files that get another name: what leads to them follows.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::editor::{Editor, edited};

/// What texts become when files move; each from what it is to what it will be called.
fn after(files: &[(&str, &str)], moves: &[(&str, &str)]) -> BTreeMap<String, String> {
    let folder = tempfile::TempDir::new().expect("a folder for a test");
    for (name, text) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder for a test");
        std::fs::write(path, text).expect("a file for a test");
    }
    let mut editor = Editor::starting(folder, &["utf-16"]);
    for (name, text) in files {
        editor.open(name, text);
    }
    let moves: Vec<Value> =
        moves.iter().map(|(old, new)| json!({ "oldUri": editor.uri(old), "newUri": editor.uri(new) })).collect();
    let answer = editor.ask("workspace/willRenameFiles", json!({ "files": moves }));
    let changes = answer["changes"].as_object().cloned().unwrap_or_default();
    let of = |(name, text): &(&str, &str)| Some((name.to_string(), edited(text, changes.get(&editor.uri(name))?)));
    let found: BTreeMap<String, String> = files.iter().filter_map(of).collect();
    assert_eq!(found.len(), changes.len(), "every text is one of ours: {changes:?}");
    found
}

fn only(name: &str, text: &str) -> BTreeMap<String, String> {
    BTreeMap::from([(name.to_owned(), text.to_owned())])
}

const LIB: &str = "fn shout(text) { text.to_upper() }\n";
const USER: &str = "use \"lib/words.flow\" as words\n\nworkflow a { output { text = words.shout(\"hi\") } }\n";

#[test]
fn the_editor_is_told_that_moves_are_of_interest() {
    let editor = Editor::with(&[]);
    let filters = &editor.hello["capabilities"]["workspace"]["fileOperations"]["willRename"]["filters"];
    assert_eq!(filters[0]["pattern"], json!({ "glob": "**/*.flow", "matches": "file" }));
    assert_eq!(filters[1]["pattern"]["matches"], "folder");
}

#[test]
fn a_use_follows_the_file_that_it_names() {
    let files = [("main.flow", USER), ("lib/words.flow", LIB)];
    let to = |new: &str| USER.replace("lib/words.flow", new);
    assert_eq!(after(&files, &[("lib/words.flow", "lib/speech.flow")]), only("main.flow", &to("lib/speech.flow")));
    assert_eq!(after(&files, &[("lib/words.flow", "words.flow")]), only("main.flow", &to("words.flow")));
    // A folder takes along what is in it.
    assert_eq!(after(&files, &[("lib", "shared/text")]), only("main.flow", &to("shared/text/words.flow")));
    // What only begins alike is another folder.
    assert!(after(&files, &[("li", "la")]).is_empty());
    assert!(after(&files, &[("main.flow", "first.flow")]).is_empty(), "who is used by nobody and lies where it lay");
}

#[test]
fn a_program_that_moves_still_finds_what_it_uses() {
    let files = [("main.flow", USER), ("lib/words.flow", LIB)];
    let to = |new: &str| USER.replace("lib/words.flow", new);
    assert_eq!(after(&files, &[("main.flow", "flows/main.flow")]), only("main.flow", &to("../lib/words.flow")));
    assert_eq!(after(&files, &[("main.flow", "lib/main.flow")]), only("main.flow", &to("words.flow")));
    let both = [("main.flow", "x/main.flow"), ("lib", "x/lib")];
    assert!(after(&files, &both).is_empty(), "they lie to each other as they lay");
}

#[test]
fn a_name_that_the_file_gave_stays() {
    let user = USER.replace(" as words", "");
    let files = [("main.flow", &*user), ("lib/words.flow", LIB)];
    let wanted = USER.replace("lib/words.flow", "lib/speech.flow");
    assert_eq!(after(&files, &[("lib/words.flow", "lib/speech.flow")]), only("main.flow", &wanted));
    let moved = user.replace("lib/words.flow", "words.flow");
    assert_eq!(after(&files, &[("lib/words.flow", "words.flow")]), only("main.flow", &moved));
}
