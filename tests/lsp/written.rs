//! What could be written at a place, also in a text that is not finished.

use serde_json::json;

use super::editor::Editor;

/// What is offered at the mark.
fn offered(text: &str) -> Vec<String> {
    let mut editor = Editor::with(&[]);
    let answer = editor.ask_at("textDocument/completion", "main.flow", text);
    let items = answer["items"].as_array().cloned().unwrap_or_default();
    items.iter().filter_map(|item| item["label"].as_str().map(str::to_owned)).collect()
}

fn offers(text: &str, wanted: &[&str], unwanted: &[&str]) {
    let found = offered(text);
    for word in wanted {
        assert!(found.iter().any(|label| label == word), "`{word}` is missing in {found:?} at {text}");
    }
    for word in unwanted {
        assert!(!found.iter().any(|label| label == word), "`{word}` does not belong into {found:?} at {text}");
    }
}

#[test]
fn fields_come_by_the_type_of_what_is_before_the_dot() {
    let head = "workflow a {\n    input { name: string, born: date? }\n    vars { tries = 0 }\n    step x = http.get { url: \"https://example.com\" }\n";
    offers(&format!("{head}    output {{ y = input.| }}\n}}\n"), &["name", "born"], &["tries", "status"]);
    offers(&format!("{head}    output {{ y = \"so: ${{x.st|}}\" }}\n}}\n"), &["status", "body"], &["name"]);
    offers(&format!("{head}    set vars.tries = vars.|\n}}\n"), &["tries"], &["name"]);
    offers(&format!("{head}    output {{ y = steps.x.| }}\n}}\n"), &["attempts", "output"], &["name"]);
    offers(&format!("{head}    step y = script {{ let a = x.|; a }}\n}}\n"), &["status"], &["name"]);
}

#[test]
fn names_in_scope_come_first_then_functions() {
    let text = "workflow a {\n    input { name: string }\n    let first = 1\n    output { y = f| }\n}\n";
    let found = offered(text);
    assert_eq!(found.iter().position(|label| label == "first"), Some(0), "{found:?}");
    offers(text, &["input", "slug", "format"], &["error", "step"]);
}

#[test]
fn operations_and_their_parameters_come_with_what_they_mean() {
    offers("workflow a {\n    step x = sl|\n}\n", &["slack", "http", "a"], &["input"]);
    offers("workflow a {\n    step x = slack.|\n}\n", &["post_message"], &["get"]);
    let given = "workflow a {\n    step x = slack.post_message { channel: \"#a\", te| }\n}\n";
    offers(given, &["text", "attachments", "retry", "when"], &["channel"]);
    let mut editor = Editor::with(&[]);
    let help = editor.ask_at("textDocument/signatureHelp", "main.flow", &given.replace("te|", "text: |\"b\""));
    let label = help["signatures"][0]["label"].as_str().unwrap_or_default();
    assert!(label.starts_with("slack.post_message { channel: string, text: string?"), "{label}");
    assert_eq!(help["activeParameter"], 1);
}

#[test]
fn a_line_begins_with_what_belongs_there() {
    offers("|\n", &["workflow", "connector", "test"], &["step"]);
    offers("workflow a {\n    |\n}\n", &["step", "parallel", "trigger", "on"], &["workflow"]);
    offers("workflow a {\n    on |\n}\n", &["connection_error", "error", "failure"], &["step"]);
}

#[test]
fn nothing_is_offered_in_a_comment() {
    let mut editor = Editor::with(&[]);
    let answer = editor.ask_at("textDocument/completion", "main.flow", "// so it i|\nworkflow a {\n}\n");
    assert_eq!(answer, json!(null));
}
