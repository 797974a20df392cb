//! The style of `flow fmt`, as edits.

use serde_json::{Value, json};

use super::editor::{Editor, edited, scripts};

const UNTIDY: &str = "workflow greet {\n  input { name:string }\n    // Zwei Grüße 🙂\n    let text = \"🙂🙂 ${input.name}\"   // who?\n        output { text = text }\n}\n";
const TIDY: &str = "workflow greet {\n    input { name: string }\n    // Zwei Grüße 🙂\n    let text = \"🙂🙂 ${input.name}\"  // who?\n    output { text = text }\n}\n";

/// The edits for a text: for the whole of it, or for lines of it.
fn edits(text: &str, lines: Option<(usize, usize)>) -> Value {
    let mut editor = Editor::with(&[]);
    editor.open("main.flow", text);
    let mut params = json!({
        "textDocument": { "uri": editor.uri("main.flow") },
        "options": { "tabSize": 8, "insertSpaces": false },
    });
    let Some((first, last)) = lines else { return editor.ask("textDocument/formatting", params) };
    params["range"] =
        json!({ "start": { "line": first, "character": 0 }, "end": { "line": last, "character": 1_000 } });
    editor.ask("textDocument/rangeFormatting", params)
}

#[test]
fn only_what_is_not_in_the_style_is_edited() {
    let found = edits(UNTIDY, None);
    assert_eq!(edited(UNTIDY, &found), TIDY);
    assert_eq!(found.as_array().map(Vec::len), Some(4), "{found}");
    assert_eq!(edits(TIDY, None), json!([]));
    let capabilities = Editor::with(&[]).hello["capabilities"].clone();
    assert_eq!(capabilities["documentFormattingProvider"], true);
    assert_eq!(capabilities["documentRangeFormattingProvider"], true);
}

#[test]
fn of_a_part_only_the_part_is_edited() {
    let (before, after): (Vec<&str>, Vec<&str>) = (UNTIDY.lines().collect(), TIDY.lines().collect());
    let expected = [before[0], before[1], after[2], after[3], before[4], before[5], ""].join("\n");
    assert_eq!(edited(UNTIDY, &edits(UNTIDY, Some((2, 3)))), expected);
}

#[test]
fn what_cannot_be_read_stays_as_it_is() {
    for broken in ["workflow greet {\n  input { name: }\n", "workflow {", "\"", "}\n   workflow a { }\n"] {
        assert_eq!(edits(broken, None), json!([]), "{broken}");
    }
}

#[test]
fn line_ends_of_other_systems_are_no_obstacle() {
    let found = edits(&UNTIDY.replace('\n', "\r\n"), None);
    assert_eq!(edited(&UNTIDY.replace('\n', "\r\n"), &found).replace("\r\n", "\n"), TIDY);
}

#[test]
fn every_script_comes_back_from_the_margin() {
    let mut editor = Editor::with(&[]);
    for (name, text) in scripts() {
        let margin = |line: &str| format!("{}\n", line.trim_start());
        // What spans lines keeps its blanks: these scripts stay whole.
        if text.contains("\"\"\"") || text.contains('`') || text.contains("/*") {
            continue;
        }
        let untidy: String = text.lines().map(margin).collect();
        editor.open(&name, &untidy);
        let params = json!({ "textDocument": { "uri": editor.uri(&name) }, "options": {} });
        assert_eq!(edited(&untidy, &editor.ask("textDocument/formatting", params)), text, "{name}");
        editor.close(&name);
    }
}
