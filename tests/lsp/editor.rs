//! An editor: it starts `flow lsp`, opens texts, changes them, and asks.

use std::io::{BufRead, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

pub use crate::fuzz::editor::QUESTIONS;

/// How long a server may be silent where something is to come.
const PATIENCE: Duration = Duration::from_secs(60);

/// An editor with one folder open.
pub struct Editor {
    folder: TempDir,
    server: Child,
    input: Option<ChildStdin>,
    /// What the server says, read beside: whoever only writes would wait for one that only writes.
    output: Receiver<Value>,
    asked: i64,
    versions: std::collections::BTreeMap<String, i64>,
    /// What the server said at the beginning.
    pub hello: Value,
    /// Diagnostics that have come, not looked at yet.
    told: Vec<Value>,
}

impl Editor {
    /// An editor in a folder with these files, counting columns in UTF-16.
    pub fn with(files: &[(&str, &str)]) -> Self {
        Self::counting(&["utf-16"], files)
    }

    /// The same, with a choice of ways to count columns.
    pub fn counting(encodings: &[&str], files: &[(&str, &str)]) -> Self {
        let folder = TempDir::new().expect("a folder for a test");
        for (name, text) in files {
            std::fs::write(folder.path().join(name), text).expect("a file for a test");
        }
        Self::starting(folder, encodings)
    }

    /// An editor in a folder that is there already.
    pub fn starting(folder: TempDir, encodings: &[&str]) -> Self {
        let mut server = Command::new(env!("CARGO_BIN_EXE_flow"))
            .arg("lsp")
            .current_dir(folder.path())
            .env_clear()
            .env("XDG_CACHE_HOME", folder.path().join(".cache"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        let input = server.stdin.take();
        let output = heard(server.stdout.take().expect("it was asked for"));
        let mut editor = Self {
            folder,
            server,
            input,
            output,
            asked: 0,
            versions: std::collections::BTreeMap::new(),
            hello: Value::Null,
            told: Vec::new(),
        };
        let root = editor.uri("");
        editor.hello = editor.ask(
            "initialize",
            json!({
                "processId": null,
                "rootUri": root,
                "workspaceFolders": [{ "uri": root, "name": "test" }],
                "capabilities": { "general": { "positionEncodings": encodings } },
            }),
        );
        editor.tell("initialized", json!({}));
        editor
    }

    /// The process of the server.
    #[cfg(target_os = "linux")]
    pub fn process(&self) -> u32 {
        self.server.id()
    }

    /// What a file of the folder is called.
    pub fn uri(&self, name: &str) -> String {
        let path = self.folder.path().join(name);
        format!("file://{}", path.display()).trim_end_matches('/').to_owned()
    }

    pub fn send(&mut self, message: &Value) {
        let text = message.to_string();
        let input = self.input.as_mut().expect("the conversation goes on");
        write!(input, "Content-Length: {}\r\n\r\n{text}", text.len()).expect("the server listens");
        input.flush().expect("the server listens");
    }

    fn read(&mut self) -> Value {
        self.output.recv_timeout(PATIENCE).expect("the server talks")
    }

    pub fn tell(&mut self, method: &str, params: Value) {
        self.send(&json!({ "jsonrpc": "2.0", "method": method, "params": params }));
    }

    /// Asks, and waits for the answer: the result, or the error.
    pub fn try_ask(&mut self, method: &str, params: Value) -> Result<Value, Value> {
        self.asked += 1;
        let id = self.asked;
        self.send(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }));
        self.answer(id)
    }

    /// Waits for the answer to a question.
    pub fn answer(&mut self, id: i64) -> Result<Value, Value> {
        loop {
            let message = self.read();
            if message["id"] == id {
                return match message.get("error") {
                    Some(error) => Err(error.clone()),
                    None => Ok(message["result"].clone()),
                };
            }
            self.note(message);
        }
    }

    fn note(&mut self, message: Value) {
        if message["method"] == "textDocument/publishDiagnostics" {
            self.told.push(message["params"].clone());
        }
    }

    pub fn ask(&mut self, method: &str, params: Value) -> Value {
        self.try_ask(method, params).unwrap_or_else(|error| panic!("{method}: {error}"))
    }

    /// Opens a text under the name of a file.
    pub fn open(&mut self, name: &str, text: &str) {
        let uri = self.uri(name);
        self.versions.insert(uri.clone(), 1);
        let item = json!({ "uri": uri, "languageId": "flow", "version": 1, "text": text });
        self.tell("textDocument/didOpen", json!({ "textDocument": item }));
    }

    /// Changes an open text.
    pub fn change(&mut self, name: &str, changes: Value) {
        let uri = self.uri(name);
        let version = self.versions.get_mut(&uri).expect("it is open");
        *version += 1;
        let version = *version;
        let params = json!({ "textDocument": { "uri": uri, "version": version }, "contentChanges": changes });
        self.tell("textDocument/didChange", params);
    }

    /// Closes an open text.
    pub fn close(&mut self, name: &str) {
        let uri = self.uri(name);
        self.tell("textDocument/didClose", json!({ "textDocument": { "uri": uri } }));
    }

    /// The diagnostics of the newest version of an open text, once they have come.
    pub fn diagnostics(&mut self, name: &str) -> Vec<Value> {
        let uri = self.uri(name);
        let version = self.versions[&uri];
        loop {
            let found = self.told.iter().rposition(|told| told["uri"] == *uri && told["version"] == version);
            if let Some(at) = found {
                return self.told[at]["diagnostics"].as_array().cloned().unwrap_or_default();
            }
            let message = self.read();
            self.note(message);
        }
    }

    /// Forgets the diagnostics that have come: what is asked for next must come anew.
    pub fn forget(&mut self) {
        self.told.clear();
    }

    /// What is said about each diagnostic: `LINE:COLUMN CODE first line of the message`, from 1.
    pub fn complaints(&mut self, name: &str) -> Vec<String> {
        self.diagnostics(name)
            .iter()
            .map(|found| {
                let start = &found["range"]["start"];
                let (line, column) =
                    (start["line"].as_u64().unwrap_or(0) + 1, start["character"].as_u64().unwrap_or(0) + 1);
                let message = found["message"].as_str().unwrap_or_default().lines().next().unwrap_or_default();
                format!("{line}:{column} {} {message}", found["code"].as_str().unwrap_or_default())
            })
            .collect()
    }

    /// Asks about the place of the mark `|` in `text`, which is opened without it.
    pub fn ask_at(&mut self, method: &str, name: &str, text: &str) -> Value {
        let at = text.find('|').expect("a mark");
        let bare = format!("{}{}", &text[..at], &text[at + 1..]);
        self.open(name, &bare);
        self.ask(method, self.place(name, &bare, at))
    }

    /// The parameters of a question about a byte of a text.
    pub fn place(&self, name: &str, text: &str, at: usize) -> Value {
        json!({ "textDocument": { "uri": self.uri(name) }, "position": position(text, at) })
    }

    /// Says goodbye; gives the exit code.
    pub fn leave(mut self) -> i32 {
        self.ask("shutdown", Value::Null);
        self.tell("exit", Value::Null);
        drop(self.input.take());
        self.server.wait().expect("it ends").code().unwrap_or(-1)
    }
}

/// The messages that come from a server, until it goes away.
fn heard(output: ChildStdout) -> Receiver<Value> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        let mut output = BufReader::new(output);
        while let Some(message) = message(&mut output) {
            if sender.send(message).is_err() {
                return;
            }
        }
    });
    receiver
}

fn message(output: &mut impl BufRead) -> Option<Value> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        if output.read_line(&mut line).ok()? == 0 {
            return None;
        }
        match line.trim_end().split_once(": ") {
            Some(("Content-Length", number)) => length = number.parse().expect("a number"),
            Some(_) => {}
            None => break,
        }
    }
    let mut text = vec![0; length];
    output.read_exact(&mut text).ok()?;
    Some(serde_json::from_slice(&text).expect("JSON"))
}

impl Drop for Editor {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// A byte of a text in UTF-16; lines end with `\n`, `\r\n` or `\r`.
pub fn position(text: &str, at: usize) -> Value {
    let bytes = text.as_bytes();
    let ends = |at: &usize| bytes[*at] == b'\n' || bytes[*at] == b'\r' && bytes.get(at + 1) != Some(&b'\n');
    let ends: Vec<usize> = (0..at).filter(ends).collect();
    let start = ends.last().map_or(0, |end| end + 1);
    json!({ "line": ends.len(), "character": text[start..at].encode_utf16().count() })
}

/// The text that edits make of `text`; positions are in UTF-16.
pub fn edited(text: &str, edits: &Value) -> String {
    let offset = |position: &Value| {
        let line = position["line"].as_u64().expect("a line") as usize;
        let start: usize = text.split_inclusive('\n').take(line).map(str::len).sum();
        let mut units = position["character"].as_u64().expect("a column") as usize;
        let mut at = start;
        for letter in text[start..].chars() {
            if units == 0 {
                break;
            }
            units = units.saturating_sub(letter.len_utf16());
            at += letter.len_utf8();
        }
        at
    };
    let mut spans: Vec<(usize, usize, &str)> = edits
        .as_array()
        .expect("a list of edits")
        .iter()
        .map(|edit| {
            let range = &edit["range"];
            (offset(&range["start"]), offset(&range["end"]), edit["newText"].as_str().expect("a text"))
        })
        .collect();
    spans.sort();
    let mut text = text.to_owned();
    for (start, end, new) in spans.into_iter().rev() {
        text.replace_range(start..end, new);
    }
    text
}

/// The sample programs, by name.
pub fn scripts() -> Vec<(String, String)> {
    programs_in("scripts")
}

/// The sample programs and the standard library, by name.
pub fn programs() -> Vec<(String, String)> {
    [programs_in("scripts"), programs_in("stdlib")].concat()
}

fn programs_in(folder: &str) -> Vec<(String, String)> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut all: Vec<(String, String)> = std::fs::read_dir(folder)
        .expect("the programs are there")
        .flatten()
        .filter(|entry| entry.path().extension().is_some_and(|ending| ending == "flow"))
        .map(|entry| {
            let text = std::fs::read_to_string(entry.path()).expect("a program");
            (entry.file_name().to_string_lossy().into_owned(), text)
        })
        .collect();
    all.sort();
    all
}
