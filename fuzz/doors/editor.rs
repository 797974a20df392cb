//! Whatever is changed in an editor, in whatever steps: what the language server says is what it would say had the text just been
//! opened, and it answers every question.
//!
//! The first byte says how many changes there are; each is five bytes, and the rest is the text. A change: two bytes say where, one
//! how many letters go, one what comes, one what is asked then.

use std::cell::RefCell;
use std::thread::Builder;
use std::time::Duration;

use lsp_server::{Connection, Message, Notification, Request};
use orchestra_flow::base::limit::STACK_BYTES;
use orchestra_flow::lsp::converse;
use serde_json::{Value as Json, json};

/// Every question about a place, all of them asked of every text.
pub const QUESTIONS: [&str; 14] = [
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
    "textDocument/rangeFormatting",
];

/// What comes in a change, beside what stands elsewhere in the text.
const PIECES: [&str; 24] = [
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
    "(",
    ")",
    "/*",
    "*/",
    "//",
    "on error ",
    ", ",
    ".status",
    "|x| x.",
    "\u{2028}",
    "'",
];

/// How many changes there are at most.
const CHANGES_MAX: u8 = 12;
/// What the text is called.
const URI: &str = "file:///nowhere/text.flow";
/// How often it is asked again where something is not the same yet.
const TRIES_MAX: usize = 40;
/// How long the server may be silent.
const PATIENCE: Duration = Duration::from_secs(60);
/// What the server says where something broke in it.
const BROKE: i32 = -32603;

pub fn enter(data: &[u8]) {
    let Some((count, data)) = data.split_first() else { return };
    let count = usize::from(count % CHANGES_MAX).min(data.len() / 5);
    let (changes, text) = data.split_at(count * 5);
    thread_local!(static EDITORS: RefCell<Option<[Editor; 2]>> = const { RefCell::new(None) });
    EDITORS.with_borrow_mut(|slot| {
        // Those that broke off in the middle are not gone on with.
        let [mut one, mut other] = slot.take().unwrap_or_else(|| [Editor::new(), Editor::new()]);
        work(&mut one, &mut other, changes, &String::from_utf8_lossy(text));
        *slot = Some([one, other]);
    });
}

/// Changes a text in one editor, and opens what comes of it in the other.
fn work(changing: &mut Editor, opening: &mut Editor, changes: &[u8], text: &str) {
    let mut text = text.to_owned();
    changing.open(&text);
    for (number, change) in changes.chunks_exact(5).enumerate() {
        let share = usize::from(u16::from_be_bytes([change[0], change[1]]));
        let from = whole(&text, text.len() * share / 65_536);
        let to = whole(&text, from + usize::from(change[2])).max(from);
        let new = piece(&text, change[3]);
        let range = json!({ "start": position(&text, from), "end": position(&text, to) });
        text.replace_range(from..to, &new);
        changing.change(number + 2, &json!([{ "range": range, "text": new }]));
        changing.asked_at(&text, whole(&text, from + new.len()), usize::from(change[4]));
    }
    let version = changes.len() / 5 + 1;
    opening.open(&text);
    let place = changes.last().map_or(0, |last| whole(&text, text.len() * usize::from(*last) / 256));
    for tries in 0.. {
        let (after, opened) = (changing.all(&text, place, version), opening.all(&text, place, 1));
        // What is said of a file that nobody has read yet waits for the disk.
        if after == opened || tries == TRIES_MAX {
            assert_eq!(after, opened, "after changes something else is said of\n{text}");
            break;
        }
        std::thread::sleep(Duration::from_millis(25));
    }
    changing.close();
    opening.close();
}

/// An editor in this process.
struct Editor {
    connection: Connection,
    asked: i32,
    /// What the server has said of texts by itself.
    told: Vec<Json>,
}

impl Editor {
    fn new() -> Self {
        let (server, connection) = Connection::memory();
        let work = move || {
            converse(server);
        };
        Builder::new().stack_size(STACK_BYTES).spawn(work).expect("there are threads");
        let mut editor = Self { connection, asked: 0, told: Vec::new() };
        let encodings = json!({ "general": { "positionEncodings": ["utf-8"] } });
        editor.ask("initialize", json!({ "processId": null, "rootUri": null, "capabilities": encodings }));
        editor.tell("initialized", json!({}));
        editor
    }

    fn open(&mut self, text: &str) {
        let document = json!({ "uri": URI, "languageId": "flow", "version": 1, "text": text });
        self.tell("textDocument/didOpen", json!({ "textDocument": document }));
    }

    fn change(&mut self, version: usize, changes: &Json) {
        let document = json!({ "uri": URI, "version": version });
        self.tell("textDocument/didChange", json!({ "textDocument": document, "contentChanges": changes }));
    }

    fn close(&mut self) {
        self.tell("textDocument/didClose", json!({ "textDocument": { "uri": URI } }));
        self.told.clear();
    }

    /// Everything that is said of the text.
    fn all(&mut self, text: &str, place: usize, version: usize) -> Vec<Json> {
        let mut said: Vec<Json> = (0..QUESTIONS.len()).map(|question| self.asked_at(text, place, question)).collect();
        said.push(self.diagnostics(version));
        said
    }

    /// The answer to one of the questions.
    fn asked_at(&mut self, text: &str, place: usize, question: usize) -> Json {
        let place = position(text, place);
        let range = json!({ "start": { "line": 0, "character": 0 }, "end": place });
        let context = json!({ "diagnostics": [], "includeDeclaration": true });
        let params = json!({ "textDocument": { "uri": URI }, "position": place, "range": range, "context": context,
            "options": { "tabSize": 4, "insertSpaces": true } });
        self.ask(QUESTIONS[question % QUESTIONS.len()], params)
    }

    /// What was found in the newest version of the text, once it has come.
    fn diagnostics(&mut self, version: usize) -> Json {
        loop {
            if let Some(told) = self.told.iter().rev().find(|told| told["version"] == version) {
                return told["diagnostics"].clone();
            }
            let message = self.next();
            self.note(message);
        }
    }

    fn tell(&self, method: &str, params: Json) {
        let told = Notification::new(method.to_owned(), params);
        self.connection.sender.send(told.into()).expect("the server listens");
    }

    /// Asks, and waits for the answer: a refusal is one, too.
    fn ask(&mut self, method: &str, params: Json) -> Json {
        self.asked += 1;
        let request = Request::new(self.asked.into(), method.to_owned(), params.clone());
        self.connection.sender.send(request.into()).expect("the server listens");
        loop {
            match self.next() {
                Message::Response(answer) => {
                    return answer.response_result.unwrap_or_else(|refused| {
                        assert_ne!(refused.code, BROKE, "{method} {params}: {}", refused.message);
                        json!({ "code": refused.code, "message": refused.message })
                    });
                }
                other => self.note(other),
            }
        }
    }

    fn next(&self) -> Message {
        self.connection.receiver.recv_timeout(PATIENCE).expect("the server talks")
    }

    fn note(&mut self, message: Message) {
        if let Message::Notification(told) = message {
            self.told.push(told.params);
        }
    }
}

/// What comes in a change: one of the pieces, or a word that stands in the text.
fn piece(text: &str, number: u8) -> String {
    let number = usize::from(number);
    match PIECES.get(number) {
        Some(piece) => (*piece).to_owned(),
        None => {
            let at = whole(text, text.len() * number / 256);
            text[at..].split_inclusive(char::is_whitespace).next().unwrap_or_default().to_owned()
        }
    }
}

/// A byte that a place can be at: the beginning of a character, and not inside of the end of a line.
fn whole(text: &str, at: usize) -> usize {
    let stands =
        |at: &usize| text.is_char_boundary(*at) && !(text[..*at].ends_with('\r') && text[*at..].starts_with('\n'));
    (0..=at.min(text.len())).rev().find(stands).unwrap_or(0)
}

/// A byte of a text, in lines and bytes; lines end with `\n`, `\r\n` or `\r`.
fn position(text: &str, at: usize) -> Json {
    let bytes = text.as_bytes();
    let ends = |at: &usize| bytes[*at] == b'\n' || bytes[*at] == b'\r' && bytes.get(at + 1) != Some(&b'\n');
    let ends: Vec<usize> = (0..at).filter(ends).collect();
    json!({ "line": ends.len(), "character": at - ends.last().map_or(0, |end| end + 1) })
}
