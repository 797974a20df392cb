//! Texts that are half written: the server answers about every one, and survives whatever is done to them.

use std::time::Instant;

use orchestra_flow::base::stack::with_room;
use orchestra_flow::lang::{Kept, NoFiles};
use orchestra_flow::lsp::offers;
use serde_json::json;

use super::editor::{Editor, QUESTIONS, position, programs, scripts};
use crate::run::simulator::Chance;

/// How much is tried: more where `FLOW_EDITS` says so.
fn rounds(usual: usize) -> usize {
    std::env::var("FLOW_EDITS").ok().and_then(|number| number.parse().ok()).unwrap_or(usual)
}

/// Asks one thing at a byte of a text, and wants an answer.
fn ask(editor: &mut Editor, question: &str, name: &str, text: &str, at: usize) {
    let mut params = editor.place(name, text, at);
    params["range"] = json!({ "start": { "line": 0, "character": 0 }, "end": position(text, at) });
    params["context"] = json!({ "diagnostics": [] });
    if let Err(error) = editor.try_ask(question, params) {
        panic!("{question} at byte {at} of {name}: {error}\n{text}");
    }
}

/// Where tokens end: no two letters of one word are on both sides.
fn boundaries(text: &str) -> Vec<usize> {
    let word = |letter: Option<char>| letter.is_some_and(|letter| letter.is_alphanumeric() || letter == '_');
    let inside = |at: usize| word(text[..at].chars().next_back()) && word(text[at..].chars().next());
    let blank = |at: usize| text[at..].starts_with(' ') && text[..at].ends_with(' ');
    (0..=text.len()).filter(|at| text.is_char_boundary(*at) && !inside(*at) && !blank(*at)).collect()
}

/// Types a text from `start` to `end`, and asks at its end; one of all questions beside, by `turn`.
fn type_on(editor: &mut Editor, name: &str, text: &str, start: usize, end: usize, turn: usize) {
    let place = position(text, start);
    editor.change(name, json!([{ "range": { "start": place, "end": place }, "text": &text[start..end] }]));
    ask(editor, "textDocument/completion", name, &text[..end], end);
    ask(editor, QUESTIONS[turn % QUESTIONS.len()], name, &text[..end], end);
    editor.diagnostics(name);
    editor.forget();
}

const SMALL: [&str; 2] = [
    "/// 🙂\nworkflow a {\n    input { n: int? }\n    step x = http.get { url: \"https://a.example/${input.n ?? 1}\" }\n    if x.status > 1 { step s = script { let y = 2; [1].map(|i| i + y) } }\n}\n",
    "type T = \"a\" | \"b\"\nconnector c {\n    auth bearer secret(\"K\")\n    read operation get(id: int) -> { n: T } {\n        GET \"/x/${id}\"\n    }\n}\ntest \"t\" for a { mock c.get => { n: \"a\" } /* é */ }\n",
];

#[test]
fn every_byte_of_a_program_may_be_the_last() {
    let mut editor = Editor::with(&[]);
    for (number, text) in SMALL.iter().enumerate() {
        let name = format!("small{number}.flow");
        editor.open(&name, "");
        let ends: Vec<usize> = (1..=text.len()).filter(|at| text.is_char_boundary(*at)).collect();
        let mut start = 0;
        for (turn, end) in ends.into_iter().enumerate() {
            type_on(&mut editor, &name, text, start, end, turn);
            start = end;
        }
        editor.close(&name);
    }
    assert_eq!(editor.leave(), 0);
}

#[test]
fn every_script_may_end_anywhere() {
    let mut editor = Editor::with(&[]);
    let mut chance = Chance(11);
    for (name, text) in programs() {
        editor.open(&name, "");
        let all = boundaries(&text);
        // Some of the places, others in each file: with `FLOW_EDITS=100000` all of them.
        let wanted = rounds(2).min(all.len());
        let mut ends: Vec<usize> = match wanted == all.len() {
            true => all,
            false => (0..wanted).map(|_| *chance.pick(&all)).collect(),
        };
        ends.sort_unstable();
        let mut start = 0;
        for end in ends {
            type_on(&mut editor, &name, &text, start, end, chance.draw() as usize % QUESTIONS.len());
            start = end;
        }
        editor.close(&name);
    }
    assert_eq!(editor.leave(), 0);
}

/// How many beginnings of each script are looked at; with `FLOW_EDITS=100000` all of them.
const BEGINNINGS: usize = 12;

/// What stands at the end of every beginning, and what could be written there: without a server, whose pipes would take most of the
/// time.
#[test]
fn what_could_follow_every_beginning_of_a_script_can_be_said() {
    let work = || {
        let (began, mut looked, mut all, mut offered) = (Instant::now(), 0, 0, 0);
        for (name, text) in programs() {
            let (ends, mut kept) = (boundaries(&text), Kept::default());
            let step = (ends.len() / rounds(BEGINNINGS).max(1)).max(1);
            // The last is the whole program.
            for end in ends.iter().rev().step_by(step) {
                offered += offers(&name, &text[..*end], *end, &NoFiles, &mut kept).len();
                looked += 1;
            }
            all += ends.len();
        }
        println!("{looked} of {all} beginnings in {:?}, {offered} offers", began.elapsed());
        assert!(looked >= all.min(rounds(BEGINNINGS)) && offered > looked, "{offered} offers for {looked} beginnings");
    };
    with_room(true, work).expect("a thread starts");
}

#[test]
fn ten_thousand_edits_are_survived() {
    let mut editor = Editor::with(&[]);
    let mut chance = Chance(7);
    let scripts = scripts();
    let pool: Vec<&str> = scripts.iter().flat_map(|(_, text)| pieces(text)).collect();
    let mut text = String::new();
    editor.open("main.flow", &text);
    let mut done = 0;
    while done < rounds(10_000) {
        let mut changes = Vec::new();
        // Now and then another script, so that there is sense in what is edited.
        if done % 500 == 0 || text.len() > 12_000 {
            text.clone_from(&chance.pick(&scripts).1);
            changes.push(json!({ "text": text }));
        }
        for _ in 0..=chance.below(8) {
            let ends = boundaries(&text);
            let first = chance.below(ends.len() as u64) as usize;
            let last = (first + chance.below(5) as usize).min(ends.len() - 1);
            let new: String = (0..chance.below(4)).map(|_| *chance.pick(&pool)).collect();
            let (from, to) = (ends[first], ends[last]);
            changes
                .push(json!({ "range": { "start": position(&text, from), "end": position(&text, to) }, "text": new }));
            text.replace_range(from..to, &new);
            done += 1;
        }
        editor.change("main.flow", json!(changes));
        if chance.one_in(30) {
            let at = *chance.pick(&boundaries(&text));
            ask(&mut editor, QUESTIONS[chance.draw() as usize % QUESTIONS.len()], "main.flow", &text, at);
            editor.forget();
        }
    }
    // It is still the same text on both sides.
    let edited = editor.complaints("main.flow");
    editor.open("fresh.flow", &text);
    assert_eq!(edited, editor.complaints("fresh.flow"), "{text}");
    assert_eq!(editor.leave(), 0);
}

/// The tokens of a text, each with the blanks behind it.
fn pieces(text: &str) -> Vec<&str> {
    boundaries(text).windows(2).map(|ends| &text[ends[0]..ends[1]]).collect()
}
