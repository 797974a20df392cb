//! `flow plan`, `flow graph`, `flow effects`, `flow explain`: documents on stdout.

use super::Folder;

const PAY: &str = r#"
workflow pay "Pay" {
    input { bill: string }
    step charged = http.post { url: "https://bank.example/charges", body: { bill: input.bill } }
    step told = log.info { message: "paid" }
}
"#;

#[test]
fn a_plan_is_for_people_or_for_tools() {
    let folder = Folder::with(PAY);
    let done = folder.flow(&["plan", "main.flow"]);
    assert_eq!((done.stderr.as_str(), done.code), ("", 0));
    assert!(done.stdout.starts_with("workflow pay \"Pay\"   plan "), "{}", done.stdout);
    assert!(done.stdout.contains("charged") && done.stdout.contains("http.post"), "{}", done.stdout);
    let done = folder.flow(&["plan", "--format", "json", "main.flow"]);
    let plan: serde_json::Value = serde_json::from_str(&done.stdout).expect("it is JSON");
    assert_eq!(plan["name"].as_str(), Some("pay"));
}

#[test]
fn a_graph_is_drawn_in_three_ways() {
    let folder = Folder::with(PAY);
    for (format, word) in [("mermaid", "flowchart"), ("dot", "digraph"), ("svg", "<svg")] {
        let done = folder.flow(&["graph", "--format", format, "main.flow"]);
        assert_eq!(done.code, 0, "{format}: {}", done.stderr);
        assert!(done.stdout.contains(word) && done.stdout.contains("charged"), "{format}: {}", done.stdout);
    }
    let done = folder.flow(&["graph", "--format", "svg", "-o", "pay.svg", "main.flow"]);
    assert_eq!((done.stdout.as_str(), done.code), ("", 0));
    assert!(folder.path().join("pay.svg").exists());
}

#[test]
fn a_difference_is_said_in_words_or_as_json() {
    let folder = Folder::with(PAY);
    folder.write("new.flow", PAY.replace("charges", "v2/charges").as_bytes());
    let done = folder.flow(&["diff", "main.flow", "new.flow"]);
    assert_eq!((done.stderr.as_str(), done.code), ("", 0));
    let (head, rest) = done.stdout.split_once('\n').expect("there is a head and a change");
    assert!(head.starts_with("workflow pay   plan "), "{head}");
    assert_eq!(
        rest,
        "  `charged`: parameter `url`: `\"https://bank.example/charges\"` -> `\"https://bank.example/v2/charges\"`\n"
    );
    let done = folder.flow(&["diff", "--format", "json", "--exit-code", "main.flow", "new.flow"]);
    assert_eq!(done.code, 1);
    let found: serde_json::Value = serde_json::from_str(&done.stdout).expect("it is JSON");
    let change = &found["workflows"][0]["changes"][0];
    assert_eq!(change["at"].as_str(), Some("charged"));
    assert_eq!((change["part"].as_str(), change["name"].as_str()), (Some("parameter"), Some("url")));

    folder.write("laid_out.flow", PAY.replace("    ", "\n  ").as_bytes());
    let done = folder.flow(&["diff", "--exit-code", "main.flow", "laid_out.flow"]);
    assert_eq!((done.stdout.as_str(), done.code), ("no difference: they do the same\n", 0));
    let done = folder.flow(&["diff", "main.flow", "none.flow"]);
    assert_eq!(done.code, 2);
}

#[test]
fn effects_name_what_can_be_touched() {
    let folder = Folder::with(PAY);
    let done = folder.flow(&["effects", "main.flow"]);
    assert_eq!((done.stderr.as_str(), done.code), ("", 0));
    for word in ["workflow pay", "http.post", "bank.example"] {
        assert!(done.stdout.contains(word), "{word:?} in {}", done.stdout);
    }
    let done = folder.flow(&["effects", "--format", "json", "main.flow"]);
    let list: serde_json::Value = serde_json::from_str(&done.stdout).expect("it is JSON");
    assert_eq!(list[0]["workflow"].as_str(), Some("pay"));
}

#[test]
fn a_code_has_its_page() {
    let folder = Folder::with("");
    let done = folder.flow(&["explain", "f0100"]);
    assert_eq!((done.stderr.as_str(), done.code), ("", 0));
    assert!(done.stdout.starts_with("# F0100: "), "{}", done.stdout);
    let done = folder.flow(&["explain", "F01000"]);
    assert_eq!(
        (done.stderr.as_str(), done.code),
        ("error: there is no diagnostic `F01000`\n  hint: did you mean `flow explain F0100`?\n", 2)
    );
    let done = folder.flow(&["explain"]);
    assert!(done.stdout.starts_with("F0100: "), "{}", done.stdout);
}
