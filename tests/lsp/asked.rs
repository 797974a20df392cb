//! What the server answers: what names mean, where they stand, what could be written.

use serde_json::{Value, json};

use super::editor::{Editor, edited};

const ORDERS: &str = r##"/// An order as the shop sends it.
type Order {
    id: string
    /// In euros.
    total: float
}

/// Without the tax.
fn net(total) { total / 1.19 }

/// Takes an order in.
workflow take_order {
    input {
        /// What was ordered.
        order: Order
    }
    vars { tries = 0 }

    step look = http.get { url: "https://example.com/${input.order.id}" }
    if look.status == 200 {
        let amount = net(input.order.total)
        set vars.tries = vars.tries + 1
        step told = slack.post_message { channel: "#orders", text: "${amount} ${look.status}" }
    }
    output { tries: int = vars.tries }
}

test "an order is told" for take_order {
    input: { order: { id: "1", total: 2.0 } }
    mock http.get => { status: 200, headers: {}, body: "" }
    mock slack.post_message => { ts: "1", channel: "c" }
    expect steps.told.status == "completed"
}
"##;

/// The text with the mark before the `count`th occurrence of `what` (from 1), a letter further in.
fn marked(text: &str, what: &str, count: usize) -> String {
    let at = text.match_indices(what).nth(count - 1).expect("it stands there").0 + 1;
    format!("{}|{}", &text[..at], &text[at..])
}

fn hover(text: &str, what: &str, count: usize) -> String {
    let mut editor = Editor::with(&[]);
    let answer = editor.ask_at("textDocument/hover", "main.flow", &marked(text, what, count));
    answer["contents"]["value"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn words_of_the_language_say_what_they_mean() {
    assert!(hover(ORDERS, "vars {", 1).contains("changed by `set`"), "a word");
    assert_eq!(hover(ORDERS, "expect steps", 1), "`expect`: What must be true when the test has come so far.");
    let text =
        "workflow a {\n    input { name: string }\n    let big = input.name.to_upper()\n    on timeout park\n}\n";
    assert!(hover(text, "to_upper", 1).contains("to_upper() -> string"), "a method of Rhai");
    assert!(hover(text, "timeout", 1).contains("It took longer than allowed."), "an error");
    assert!(hover(text, "park", 1).contains("The step waits for a person"), "an action");
    // A name is no word, whatever it is called.
    let named = "workflow a {\n    step x = log.info { message: \"\" }\n}\n";
    assert!(hover(named, "message", 1).starts_with("```flow\nmessage: "), "a parameter");
}

#[test]
fn functions_of_the_program_say_what_they_take() {
    let mut editor = Editor::with(&[]);
    let text = ORDERS.replace("net(input.order.total)", "net(|input.order.total)");
    let help = editor.ask_at("textDocument/signatureHelp", "main.flow", &text);
    assert_eq!(help["signatures"][0]["label"], "fn net(total)");
    assert_eq!(help["signatures"][0]["documentation"]["value"], "Without the tax.");
}

#[test]
fn names_say_what_they_are() {
    assert!(hover(ORDERS, "look.status", 1).contains("step look: {"), "the type of a step");
    assert_eq!(hover(ORDERS, "status ==", 1), "```flow\nstatus: int\n```");
    assert_eq!(hover(ORDERS, "total)", 2), "```flow\ntotal: float\n```\n\nIn euros.");
    assert!(hover(ORDERS, "net(", 2).contains("fn net(total)\n```\n\nWithout the tax."));
    assert!(hover(ORDERS, "Order\n", 1).contains("type Order {"));
    assert!(hover(ORDERS, "order.total", 1).contains("What was ordered."));
    let operation = hover(ORDERS, "post_message", 1);
    for part in ["once operation slack.post_message(", "channel: string", "not_found", "never repeated on its own"] {
        assert!(operation.contains(part), "{part} in {operation}");
    }
    assert!(hover(ORDERS, "channel: \"#orders\"", 1).starts_with("```flow\nchannel: string"));
    assert!(hover(ORDERS, "take_order {", 2).contains("Takes an order in."));
    assert_eq!(hover(ORDERS, "{ tries = 0", 1), "", "there is no name at a brace");
}

/// The text that an answer points at.
fn pointed(editor: &Editor, text: &str, answer: &Value) -> Vec<String> {
    let spots = answer.as_array().cloned().unwrap_or_default();
    let own = spots.iter().filter(|spot| spot["uri"] == *editor.uri("main.flow"));
    own.map(|spot| {
        let line = spot["range"]["start"]["line"].as_u64().unwrap_or(0) as usize;
        let (start, end) = (&spot["range"]["start"]["character"], &spot["range"]["end"]["character"]);
        let line_text = text.lines().nth(line).unwrap_or_default();
        let word = &line_text[start.as_u64().unwrap_or(0) as usize..end.as_u64().unwrap_or(0) as usize];
        format!("{} {word}", line + 1)
    })
    .collect()
}

#[test]
fn a_name_leads_to_where_it_is_declared() {
    let goes = |what: &str, count: usize| {
        let mut editor = Editor::with(&[]);
        let answer = editor.ask_at("textDocument/definition", "main.flow", &marked(ORDERS, what, count));
        pointed(&editor, ORDERS, &answer)
    };
    assert_eq!(goes("look.status", 2), ["19 look"]);
    assert_eq!(goes("tries + 1", 1), ["17 tries"]);
    assert_eq!(goes("order.total", 1), ["15 order"]);
    assert_eq!(goes("net(", 2), ["9 net"]);
    assert_eq!(goes("Order\n", 1), ["2 Order"]);
    assert_eq!(goes("take_order {", 2), ["12 take_order"]);
    assert_eq!(goes("told.status", 1), ["23 told"]);
    assert_eq!(goes("total / 1.19", 1), ["9 total"]);
    assert_eq!(goes("amount} ", 1), ["21 amount"]);
}

#[test]
fn operations_lead_into_the_standard_library_as_a_file() {
    let mut editor = Editor::with(&[]);
    let answer = editor.ask_at("textDocument/definition", "main.flow", &marked(ORDERS, "post_message", 1));
    let uri = answer[0]["uri"].as_str().expect("a place").to_owned();
    let path = uri.strip_prefix("file://").expect("a file");
    // It is written beside the conversation; leaving waits for nothing, so look until it is there.
    let text = loop {
        match std::fs::read_to_string(path) {
            Ok(text) if !text.is_empty() => break text,
            _ => std::thread::yield_now(),
        }
    };
    let line = answer[0]["range"]["start"]["line"].as_u64().expect("a line") as usize;
    assert!(text.lines().nth(line).is_some_and(|line| line.contains("operation post_message(")), "{answer}");
}

#[test]
fn all_places_of_a_name_are_found_also_in_tests_and_texts() {
    let mut editor = Editor::with(&[]);
    let text = marked(ORDERS, "look =", 1);
    let answer = editor.ask_at("textDocument/references", "main.flow", &text);
    assert_eq!(pointed(&editor, ORDERS, &answer), ["19 look", "20 look", "23 look"]);
    let at = ORDERS.find("told =").expect("it stands there");
    let answer = editor.ask("textDocument/references", editor.place("main.flow", ORDERS, at));
    assert_eq!(pointed(&editor, ORDERS, &answer), ["23 told", "32 told"]);
}

/// What the main text becomes when the name at a mark gets another one.
fn renamed(text: &str, what: &str, count: usize, to: &str) -> Result<String, String> {
    let mut editor = Editor::with(&[]);
    let marked = marked(text, what, count);
    let at = marked.find('|').expect("a mark");
    editor.open("main.flow", text);
    let mut params = editor.place("main.flow", text, at);
    params["newName"] = to.into();
    let changes = editor.try_ask("textDocument/rename", params);
    let changes = changes.map_err(|error| error["message"].as_str().unwrap_or_default().to_owned())?;
    Ok(edited(text, &changes["changes"][editor.uri("main.flow")]))
}

#[test]
fn a_name_is_changed_everywhere_or_nowhere() {
    let whole = |from: &str, to: &str| ORDERS.replace(from, to);
    assert_eq!(
        renamed(ORDERS, "told =", 1, "said").as_deref(),
        Ok(&*ORDERS.replace("step told", "step said").replace("steps.told", "steps.said"))
    );
    assert_eq!(renamed(ORDERS, "take_order", 1, "accept_order"), Ok(whole("take_order", "accept_order")));
    assert_eq!(
        renamed(ORDERS, "Order\n", 1, "Purchase"),
        Ok(ORDERS.replace("type Order", "type Purchase").replace("order: Order", "order: Purchase"))
    );
    assert_eq!(renamed(ORDERS, "amount", 1, "price"), Ok(whole("amount", "price")));
    let refused = |what: &str, to: &str| renamed(ORDERS, what, 1, to).expect_err("it would not be what it was");
    assert!(refused("amount", "look").contains("the name `look` is taken"));
    assert!(refused("amount", "net").contains("taken by a function"));
    assert!(refused("amount", "input").contains("cannot be a name"));
    assert!(refused("amount", "2nd").contains("is no name"));
    let script = "workflow a {\n    let x = 1\n    step s = script { let z = 2; z + x }\n}\n";
    assert_eq!(renamed(script, "z = 2", 1, "y").as_deref(), Ok(&*script.replace('z', "y")));
    assert!(renamed(script, "z = 2", 1, "x").is_err(), "it would hide the other");
    assert!(refused("post_message", "post").contains("change it by hand"));
    assert!(refused("order: Order", "purchase").contains("from outside"));
}

#[test]
fn a_name_is_not_changed_where_a_part_cannot_be_read() {
    let text = "workflow a {\n    let sum = 1\n    step s = script {\n        let x = 1\n        sum + x\n    }\n    output { y = sum }\n}\n";
    let refused = renamed(text, "sum = 1", 1, "total").expect_err("the script may mean it, too");
    assert!(refused.starts_with("`sum` in line 5 of `main.flow` cannot be read yet: a `;` is missing"), "{refused}");
    let elsewhere = text.replace("sum + x", "x");
    assert_eq!(renamed(&elsewhere, "sum = 1", 1, "total"), Ok(elsewhere.replace("sum", "total")));
}

#[test]
fn a_name_is_changed_across_files() {
    let library = "fn shout(text) { text.to_upper() }\nworkflow loud { input { text: string }\n    output { text = shout(input.text) } }\n";
    let user = "use \"lib.flow\" as lib\nworkflow a {\n    step x = lib.loud { text: lib.shout(\"hi\") }\n}\n";
    let mut editor = Editor::with(&[("lib.flow", library), ("main.flow", user)]);
    editor.open("lib.flow", library);
    // The other program is read from the disk, beside the conversation.
    while editor.ask("workspace/symbol", json!({ "query": "" })).as_array().is_none_or(|all| all.len() < 3) {}
    for (name, other) in [("shout", "cry"), ("loud", "noisy")] {
        let mut params = editor.place("lib.flow", library, library.find(name).expect("it stands there"));
        params["newName"] = other.into();
        let answer = editor.ask("textDocument/rename", params);
        assert_eq!(edited(library, &answer["changes"][editor.uri("lib.flow")]), library.replace(name, other));
        assert_eq!(edited(user, &answer["changes"][editor.uri("main.flow")]), user.replace(name, other));
    }
}

#[test]
fn what_a_text_declares_is_listed() {
    let mut editor = Editor::with(&[]);
    editor.open("main.flow", ORDERS);
    let uri = json!({ "textDocument": { "uri": editor.uri("main.flow") } });
    let symbols = editor.ask("textDocument/documentSymbol", uri.clone());
    let names = |list: &Value| -> Vec<String> {
        let all = list.as_array().cloned().unwrap_or_default();
        all.iter().map(|one| one["name"].as_str().unwrap_or_default().to_owned()).collect()
    };
    assert_eq!(names(&symbols), ["Order", "net", "take_order", "an order is told"]);
    assert_eq!(names(&symbols[2]["children"]), ["order", "tries", "look", "amount", "told"]);
    let found = editor.ask("workspace/symbol", json!({ "query": "tord" }));
    assert_eq!(names(&found), ["take_order"]);
    let folds = editor.ask("textDocument/foldingRange", uri.clone());
    let lines = |fold: &Value| (fold["startLine"].as_u64().unwrap_or(0), fold["endLine"].as_u64().unwrap_or(0));
    let folds: Vec<(u64, u64)> = folds.as_array().expect("a list").iter().map(lines).collect();
    for wanted in [(1, 4), (11, 24), (12, 14), (19, 22), (27, 31)] {
        assert!(folds.contains(&wanted), "{wanted:?} in {folds:?}");
    }
    let lenses = editor.ask("textDocument/codeLens", uri);
    let commands: Vec<&str> =
        lenses.as_array().expect("a list").iter().filter_map(|lens| lens["command"]["command"].as_str()).collect();
    assert_eq!(commands, ["flow.run", "flow.graph", "flow.test"]);
}

#[test]
fn names_have_the_colour_of_what_they_are() {
    let text = "workflow a {\n    step x = http.get { url: \"https://example.com\" }\n    output { s = x.status }\n}\n";
    let mut editor = Editor::with(&[]);
    editor.open("main.flow", text);
    let uri = json!({ "textDocument": { "uri": editor.uri("main.flow") } });
    let answer = editor.ask("textDocument/semanticTokens/full", uri);
    let legend = &editor.hello["capabilities"]["semanticTokensProvider"]["legend"]["tokenTypes"];
    let numbers: Vec<u64> = answer["data"].as_array().expect("a list").iter().filter_map(Value::as_u64).collect();
    let (mut line, mut column) = (0, 0);
    let mut found = Vec::new();
    for token in numbers.chunks(5) {
        column = if token[0] == 0 { column + token[1] } else { token[1] };
        line += token[0];
        let word = &text.lines().nth(line as usize).expect("a line")[column as usize..(column + token[2]) as usize];
        found.push(format!("{word}: {}", legend[token[3] as usize].as_str().unwrap_or_default()));
    }
    assert_eq!(
        found,
        [
            "a: class",
            "x: variable",
            "http: namespace",
            "get: method",
            "url: parameter",
            "x: variable",
            "status: property"
        ]
    );
}

#[test]
fn a_hint_is_carried_out() {
    let text = "workflow a {\n    input { name: string }\n    output { x = input.nam }\n}\n";
    let mut editor = Editor::with(&[]);
    editor.open("main.flow", text);
    let place = json!({ "line": 2, "character": 25 });
    let params = json!({
        "textDocument": { "uri": editor.uri("main.flow") },
        "range": { "start": place, "end": place },
        "context": { "diagnostics": [] },
    });
    let actions = editor.ask("textDocument/codeAction", params);
    assert_eq!(actions[0]["title"], "did you mean `name`?");
    assert_eq!(
        edited(text, &actions[0]["edit"]["changes"][editor.uri("main.flow")]),
        text.replace("input.nam ", "input.name ")
    );
}

#[test]
fn the_order_that_data_make_is_shown() {
    let text = "workflow a {\n    parallel {\n        step first = http.get { url: \"https://example.com\" }\n        step second = log.info {\n            message: \"${first.status}\"\n        }\n    }\n}\n";
    let mut editor = Editor::with(&[]);
    editor.open("main.flow", text);
    let params = json!({
        "textDocument": { "uri": editor.uri("main.flow") },
        "range": { "start": { "line": 0, "character": 0 }, "end": { "line": 8, "character": 0 } },
    });
    let hints = editor.ask("textDocument/inlayHint", params);
    assert_eq!(hints.as_array().map(Vec::len), Some(1), "{hints}");
    assert_eq!(hints[0]["label"], "waits for first");
    assert_eq!(hints[0]["position"]["line"], 3);
}
