//! Texts that are half written: the server answers about every one, and what it says is what a fresh look would say.

use serde_json::{Value, json};

use super::editor::{Editor, position, scripts};

/// Every question about a place, all of them asked of every text.
const QUESTIONS: [&str; 13] = [
    "textDocument/hover",
    "textDocument/definition",
    "textDocument/references",
    "textDocument/documentHighlight",
    "textDocument/completion",
    "textDocument/signatureHelp",
    "textDocument/documentSymbol",
    "textDocument/foldingRange",
    "textDocument/semanticTokens/full",
    "textDocument/codeAction",
    "textDocument/codeLens",
    "textDocument/inlayHint",
    "textDocument/formatting",
];

/// How much is tried: more where `FLOW_EDITS` says so.
fn rounds(usual: usize) -> usize {
    std::env::var("FLOW_EDITS").ok().and_then(|number| number.parse().ok()).unwrap_or(usual)
}

#[test]
fn every_question_is_answered_in_prefixes_of_every_script() {
    let mut editor = Editor::with(&[]);
    let each = rounds(2);
    for (name, text) in scripts() {
        editor.open(&name, &text);
        for part in 1..=each {
            // Not at round places: in the middle of words, texts and brackets.
            let at = (text.len() * part / (each + 1) + part * 7).min(text.len());
            let at = (0..=at).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
            let prefix = &text[..at];
            editor.change(&name, json!([{ "text": prefix }]));
            for question in QUESTIONS {
                let mut params = editor.place(&name, prefix, at);
                params["range"] = json!({ "start": { "line": 0, "character": 0 }, "end": position(prefix, at) });
                params["context"] = json!({ "diagnostics": [] });
                if let Err(error) = editor.try_ask(question, params) {
                    panic!("{question} in the first {at} bytes of {name}: {error}");
                }
            }
        }
        editor.close(&name);
    }
    assert_eq!(editor.leave(), 0);
}

/// The next number of a sequence that is the same each time.
fn next(seed: &mut u64) -> usize {
    *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    (*seed >> 33) as usize
}

/// What the server says of a text: its complaints and its symbols.
fn said(editor: &mut Editor, name: &str) -> (Vec<String>, Value) {
    let complaints = editor.complaints(name);
    let params = json!({ "textDocument": { "uri": editor.uri(name) } });
    (complaints, editor.ask("textDocument/documentSymbol", params))
}

#[test]
fn after_any_edits_all_is_as_if_the_text_had_just_been_opened() {
    const PIECES: [&str; 14] =
        ["}", "{", "\"", "${", "step x = ", "input.", "\n", "parallel {", "é🙂", "(", ")", "/*", "on error ", ", "];
    let (_, start) = scripts().swap_remove(0);
    let mut text = start.clone();
    let mut editor = Editor::with(&[]);
    editor.open("main.flow", &text);
    let mut seed = 5;
    for round in 1..=rounds(60) {
        if text.len() > 2 * start.len() || round % 40 == 0 {
            text.clone_from(&start);
            editor.change("main.flow", json!([{ "text": text }]));
        }
        let whole = |at: usize| (0..=at).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        let from = whole(next(&mut seed) % (text.len() + 1));
        let to = whole((from + next(&mut seed) % 12).min(text.len())).max(from);
        let piece = PIECES[next(&mut seed) % PIECES.len()];
        let range = json!({ "start": position(&text, from), "end": position(&text, to) });
        editor.change("main.flow", json!([{ "range": range, "text": piece }]));
        text.replace_range(from..to, piece);
        if round % 6 == 0 {
            editor.forget();
            // A change of nothing: the newest version is told anew.
            editor.change("main.flow", json!([]));
            let edited = said(&mut editor, "main.flow");
            let mut fresh = Editor::with(&[]);
            fresh.open("main.flow", &text);
            assert_eq!(edited, said(&mut fresh, "main.flow"), "after {round} edits:\n{text}");
        }
    }
}
