//! Whatever was changed, in whatever steps: what the server says is what it would say had the text just been opened.

use std::cell::RefCell;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};

use super::editor::{Editor, QUESTIONS, position};

const SHOP: &str = "use \"lib.flow\" as lib\n\n/// An order 🙂.\ntype Order { id: string, total: float }\n\nfn net(total) { total / 1.19 }\n\nworkflow take {\n    input { order: Order }\n    vars { tries = 0 }\n    // Grüße 🙂🙂\n    step look = http.get { url: \"https://example.com/🙂/${input.order.id}\" }\n    parallel {\n        step a = log.info { message: \"é ${look.status}\" }\n        step b = lib.loud { text: \"${a}\" }\n    }\n    step s = script {\n        let all = [input.order];\n        all.map(|one| one.total * 2)\n    }\n    on error retry 2 times every 1s\n    output { tries = vars.tries, net = net(input.order.total) }\n}\n\ntest \"it is taken\" for take {\n    input: { order: { id: \"1\", total: 2.0 } }\n    mock http.get => { status: 200, headers: {}, body: \"\" }\n    expect steps.look.status == \"completed\"\n}\n";
const LIBRARY: &str = "fn shout(text) { text.to_upper() }\nworkflow loud { input { text: string }\n    output { text = shout(input.text) } }\n";

/// What is put in: words and signs that mean something, and letters that are counted differently.
const PIECES: [&str; 40] = [
    "",
    "",
    "",
    "}",
    "{",
    "\"",
    "${",
    "step x = ",
    "input.",
    "\n",
    "\r\n",
    "\r",
    "parallel {",
    "é🙂",
    "🙂",
    "(",
    ")",
    "/*",
    "*/",
    "//",
    "on error ",
    ", ",
    "look",
    ".status",
    "vars.tries",
    "slack.post_message { }",
    "use \"lib.flow\" as other\n",
    "|x| x.",
    "\u{2028}",
    "\u{feff}",
    "\t",
    "workflow more { }\n",
    "let y = 1;",
    "'",
    "\n\n",
    "\n/// More of it.\n",
    "\nfn more(x) { x + 1 }\n",
    "\n// note\ntype Kind =\n    | \"a\"\n    | \"b\"\n",
    "\nhandler calm {\n    on error retry 2 times\n}\n\n",
    "\ntest \"more\" for take {\n    expect output.tries == 0\n}\n",
];

/// One change: where (in thousandths of the text), how many letters go, what comes.
#[derive(Clone, Debug)]
struct Change {
    at: usize,
    gone: usize,
    piece: usize,
}

/// What is sent at once, and what is asked after it: a question by its number, at a place.
#[derive(Clone, Debug)]
struct Turn {
    changes: Vec<Change>,
    whole: bool,
    question: usize,
    place: usize,
}

fn turns() -> impl Strategy<Value = Vec<Turn>> {
    let gone = prop_oneof![4 => Just(0usize), 4 => 0..6usize, 1 => 0..80usize];
    let change = (0..=1000usize, gone, 0..PIECES.len()).prop_map(|(at, gone, piece)| Change { at, gone, piece });
    let changes = proptest::collection::vec(change, 0..4);
    let turn = (changes, proptest::bool::weighted(0.05), 0..QUESTIONS.len(), 0..=1000usize);
    let turn = turn.prop_map(|(changes, whole, question, place)| Turn { changes, whole, question, place });
    proptest::collection::vec(turn, 1..8)
}

/// A byte that a place can be at: the beginning of a character, and not inside of the end of a line.
fn whole(text: &str, at: usize) -> usize {
    let stands =
        |at: &usize| text.is_char_boundary(*at) && !(text[..*at].ends_with('\r') && text[*at..].starts_with('\n'));
    (0..=at.min(text.len())).rev().find(stands).unwrap_or(0)
}

fn at(text: &str, thousandths: usize) -> usize {
    whole(text, text.len() * thousandths / 1000)
}

/// What is to be sent for a turn; `text` becomes what the editor then shows.
fn notification(turn: &Turn, text: &mut String) -> Value {
    let mut sent = Vec::new();
    for change in &turn.changes {
        let from = at(text, change.at);
        let to = whole(text, from + change.gone).max(from);
        let piece = PIECES[change.piece];
        sent.push(json!({ "range": { "start": position(text, from), "end": position(text, to) }, "text": piece }));
        text.replace_range(from..to, piece);
        if turn.whole {
            sent.push(json!({ "text": text.clone() }));
        }
    }
    json!(sent)
}

/// Everything the server says of a text, whatever the file is called.
fn all_answers(editor: &mut Editor, name: &str, text: &str, places: &[usize]) -> Vec<(String, Value)> {
    let uri = editor.uri(name);
    let mut found = vec![("diagnostics".to_owned(), json!(editor.diagnostics(name)))];
    let end = position(text, text.len());
    for (number, question) in QUESTIONS.iter().enumerate() {
        // Each about one of the places.
        let place = places[number % places.len()];
        found.push(((*question).to_owned(), asked(editor, question, name, text, place, &end)));
    }
    for place in places {
        found.push(("completion".to_owned(), asked(editor, "textDocument/completion", name, text, *place, &end)));
    }
    for (_, answer) in &mut found {
        // The standard library is written out below each editor's own folder.
        let told = answer.to_string().replace(&uri, "URI").replace(&editor.uri(""), "FOLDER");
        *answer = serde_json::from_str(&told).expect("JSON");
    }
    found
}

fn asked(editor: &mut Editor, question: &str, name: &str, text: &str, place: usize, end: &Value) -> Value {
    let mut params = editor.place(name, text, place);
    params["range"] = json!({ "start": { "line": 0, "character": 0 }, "end": end });
    params["context"] = json!({ "diagnostics": [] });
    // A refusal is an answer, too.
    editor.try_ask(question, params).unwrap_or_else(|refusal| refusal)
}

#[test]
fn after_any_changes_all_is_as_if_the_text_had_just_been_opened() {
    let files = [("lib.flow", LIBRARY)];
    let changed = RefCell::new(Editor::with(&files));
    let number = RefCell::new(0);
    let config = Config { cases: rounds(12), failure_persistence: None, max_shrink_iters: 30, ..Config::default() };
    let cases = (turns(), proptest::bool::ANY, proptest::collection::vec(0..=1000usize, 3));
    let checked = TestRunner::new(config).run(&cases, |(turns, windows, places)| {
        // One that has read nothing yet, of which anything could be left.
        let (mut changed, mut fresh) = (changed.borrow_mut(), Editor::with(&files));
        *number.borrow_mut() += 1;
        let name = format!("text{}.flow", number.borrow());
        let mut text = if windows { SHOP.replace('\n', "\r\n") } else { SHOP.to_owned() };
        changed.open(&name, &text);
        for turn in &turns {
            let sent = notification(turn, &mut text);
            changed.change(&name, sent);
            let place = at(&text, turn.place);
            let end = position(&text, text.len());
            asked(&mut changed, QUESTIONS[turn.question], &name, &text, place, &end);
        }
        let places: Vec<usize> = places.iter().map(|place| at(&text, *place)).collect();
        fresh.open(&name, &text);
        let mut after = all_answers(&mut changed, &name, &text, &places);
        let mut opened = all_answers(&mut fresh, &name, &text, &places);
        // What is said of a file that nobody has read yet waits for the disk.
        for _ in 0..40 {
            if after == opened {
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(25));
            after = all_answers(&mut changed, &name, &text, &places);
            opened = all_answers(&mut fresh, &name, &text, &places);
        }
        changed.close(&name);
        for (after, opened) in after.iter().zip(&opened) {
            prop_assert_eq!(after, opened, "{}", text);
        }
        Ok(())
    });
    checked.unwrap_or_else(|error| panic!("{error}"));
}

/// How many cases are tried: more where `FLOW_EDITS` says so.
fn rounds(usual: u32) -> u32 {
    std::env::var("FLOW_EDITS").ok().and_then(|number| number.parse().ok()).unwrap_or(usual)
}
