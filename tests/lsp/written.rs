//! What could be written at a place, also in a text that is not finished.

use serde_json::{Value, json};

use super::editor::Editor;

/// What is offered at the mark.
fn offered(text: &str) -> Vec<String> {
    let mut editor = Editor::with(&[]);
    labels(&editor.ask_at("textDocument/completion", "main.flow", text))
}

fn labels(answer: &Value) -> Vec<String> {
    let items = answer["items"].as_array().cloned().unwrap_or_default();
    items.iter().filter_map(|item| item["label"].as_str().map(str::to_owned)).collect()
}

fn offers(text: &str, wanted: &[&str], unwanted: &[&str]) {
    let mut editor = Editor::with(&[]);
    compare(&editor.ask_at("textDocument/completion", "main.flow", text), text, wanted, unwanted);
}

fn compare(answer: &Value, text: &str, wanted: &[&str], unwanted: &[&str]) {
    let found = labels(answer);
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
fn what_rhai_can_do_with_a_value_comes_by_its_type() {
    let of = |value: &str| {
        format!(
            "workflow a {{\n    input {{ name: string, tags: list<string>, size: int, price: float }}\n    output {{ y = {value} }}\n}}\n"
        )
    };
    offers(&of("input.name.|"), &["to_upper", "split", "len", "slug"], &["filter", "keys", "round", "random", "today"]);
    offers(&of("input.tags.|"), &["map", "filter", "len", "join"], &["to_upper", "keys", "random"]);
    offers(&of("input.price.|"), &["round", "to_int"], &["to_upper", "filter"]);
    offers(&of("input.size.|"), &["to_float", "abs"], &["to_upper", "len"]);
    offers(&of("input.|"), &["name", "keys"], &["to_upper", "random"]);
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

const ORDERS: &str = "type Line { sku: string, pieces: int, price: float }\n/// Without the tax.\nfn net(price) {\n    let rate = 1.19;\n    FN\n}\nworkflow a {\n    input { lines: list<Line>, name: string }\n    step x = http.get { url: \"https://example.com\" }\n    step y = script {\n        SCRIPT\n        let later = 1;\n        later\n    }\n    output { z = VALUE }\n}\n";

/// The program with code at the place of one of the words in capitals; the mark in it is the cursor.
fn with(place: &str, code: &str) -> String {
    let others = [("FN", "price / rate"), ("SCRIPT", ""), ("VALUE", "1")];
    let text = ORDERS.replace(place, code);
    others.iter().fold(text, |text, (other, right)| text.replace(other, right))
}

#[test]
fn scripts_know_their_own_variables_and_the_types_of_these() {
    offers(&with("SCRIPT", "let got = x; got.|"), &["status", "body"], &["name", "sku"]);
    offers(&with("SCRIPT", "for line in input.lines { print(line.|); }"), &["sku", "pieces", "price"], &["status"]);
    let names = with("SCRIPT", "let total = 0; for line in input.lines { total += l|; }");
    offers(&names, &["line", "total", "x", "input", "net", "slug", "let"], &["step", "later", "got"]);
    // The statements below are complete, this one is not.
    offers(&with("SCRIPT", "let first = input.lines[0];\n        first.|"), &["sku"], &["status"]);
    offers(&with("SCRIPT", "x.|"), &["status"], &["sku"]);
    offers(&with("SCRIPT", "fi|"), &["first_of", "x", "for"], &["step"]);
}

#[test]
fn closures_know_what_they_are_given() {
    for code in [
        "input.lines.map(§line§ line.|)",
        "input.lines.filter(§line§ line.pieces > 1 && line.|)",
        "input.lines.sorted_by(§line§ line.|)",
        "input.lines.find(§line§ line.|)?.sku",
        "\"so many: ${input.lines.filter(§line§ line.|).len()}\"",
        "input.lines.map(§line§ #{ a: [line.|] })",
    ] {
        offers_in(&with("VALUE", code), &["sku", "pieces", "price"], &["status", "lines"]);
        offers_in(&with("SCRIPT", &format!("let a = {code};")), &["sku", "pieces"], &["status", "lines"]);
    }
    offers_in(&with("VALUE", "input.lines.map(§entry§ en|)"), &["entry", "input", "env"], &["line"]);
    offers_in(&with("SCRIPT", "let twice = §n§ n * 2; twice.call(tw|);"), &["twice", "x"], &["n"]);
}

/// The same as [`offers`] where the bars of closures are written as `§`.
fn offers_in(text: &str, wanted: &[&str], unwanted: &[&str]) {
    let (before, after) = text.split_once('|').expect("a mark");
    let (before, after) = (before.replace('§', "|"), after.replace('§', "|"));
    let mut editor = Editor::with(&[]);
    let bare = format!("{before}{after}");
    editor.open("main.flow", &bare);
    let answer = editor.ask("textDocument/completion", editor.place("main.flow", &bare, before.len()));
    compare(&answer, &bare, wanted, unwanted);
}

#[test]
fn functions_of_the_program_know_their_parameters_and_variables() {
    offers(&with("FN", "pri|"), &["price", "rate", "net", "format", "return"], &["input", "x", "step"]);
    offers(&with("FN", "price.|"), &["format", "slug"], &["sku", "step"]);
}

#[test]
fn functions_come_with_what_they_do() {
    let mut editor = Editor::with(&[]);
    let answer = editor.ask_at("textDocument/completion", "main.flow", &with("VALUE", "ne|"));
    let item = |label: &str| {
        let items = answer["items"].as_array().cloned().unwrap_or_default();
        items.into_iter().find(|item| item["label"] == label).unwrap_or_else(|| panic!("{label} in {answer}"))
    };
    assert_eq!(item("net")["detail"], "fn net(price)");
    assert_eq!(item("net")["documentation"]["value"], "Without the tax.");
    assert!(item("slug")["detail"].as_str().is_some_and(|detail| detail.starts_with("slug(")), "{}", item("slug"));
    assert!(item("slug")["documentation"]["value"].as_str().is_some_and(|doc| !doc.is_empty()));
}
