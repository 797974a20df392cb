//! A stranger's first minutes: the project that `flow new` makes, opened in an editor.

use std::path::Path;
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use super::editor::Editor;

/// The project, and an editor in it.
fn begun() -> (String, Editor) {
    let folder = TempDir::new().expect("a folder for a test");
    let made = Command::new(env!("CARGO_BIN_EXE_flow")).args(["new", "."]).current_dir(folder.path()).output();
    assert!(made.expect("the binary starts").status.success());
    let program = std::fs::read_to_string(Path::new(folder.path()).join("welcome.flow")).expect("it was made");
    (program, Editor::starting(folder, &["utf-16"]))
}

/// What is offered at the mark in the program, in which `old` stands as `new`.
fn offered(old: &str, new: &str) -> Vec<String> {
    let (program, mut editor) = begun();
    assert_eq!(program.matches(old).count(), 1, "{old}");
    let answer = editor.ask_at("textDocument/completion", "welcome.flow", &program.replace(old, new));
    let items = answer["items"].as_array().cloned().unwrap_or_default();
    items.iter().filter_map(|item| item["label"].as_str().map(str::to_owned)).collect()
}

#[test]
fn nothing_is_found_in_it_and_a_slip_is_told_with_what_was_meant() {
    let (program, mut editor) = begun();
    editor.open("welcome.flow", &program);
    assert_eq!(editor.complaints("welcome.flow"), [""; 0]);
    let slip = program.replace("letter(input.name)", "letter(input.nmae)");
    editor.change("welcome.flow", serde_json::json!([{ "text": slip }]));
    let told = editor.diagnostics("welcome.flow");
    let message = told.first().and_then(|told| told["message"].as_str()).unwrap_or_default();
    assert!(message.starts_with("`input` has no field `nmae`") && message.contains("`name`"), "{told:?}");
    assert_eq!(editor.leave(), 0);
}

#[test]
fn what_is_typed_is_completed() {
    let operations = offered("step mail = email.send {", "step also = slack.|\n    step mail = email.send {");
    assert!(operations.iter().any(|label| label == "post_message"), "{operations:?}");
    let parameters = offered("        retry 3 times every 1m", "        re|");
    assert!(
        ["reply_to", "retry"].iter().all(|wanted| parameters.iter().any(|label| label == wanted)),
        "{parameters:?}"
    );
    let fields = offered("message_id: string = mail.message_id", "message_id: string = mail.|");
    assert!(fields.iter().any(|label| label == "accepted"), "{fields:?}");
}

#[test]
fn a_name_tells_what_it_is() {
    let (program, mut editor) = begun();
    let answer =
        editor.ask_at("textDocument/hover", "welcome.flow", &program.replacen("email.send {", "email.se|nd {", 1));
    let text = answer["contents"]["value"].as_str().unwrap_or_default();
    assert!(text.contains("Sends one message") && text.contains("once"), "{answer:#}");
    assert_ne!(answer, Value::Null);
}
