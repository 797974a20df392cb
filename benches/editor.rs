//! How long an editor waits for `flow lsp`, beside parsing the same text, and how it grows.
//!
//! `cargo bench --bench editor` prints the tables of `docs/benchmarks.md`. The real binary is asked over its standard input and output,
//! so what it costs to send and to read a message is in each figure. Each is measured right behind an edit, whose kinds take
//! turns; what was typed is taken back with the next edit.

use std::hint::black_box;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use orchestra_flow::base::span::{FileId, Source};
use orchestra_flow::base::stack::with_room;
use orchestra_flow::lang::syntax;
use serde_json::{Value, json};

/// How often each is measured.
const ROUNDS: usize = 240;
/// What nobody feels.
const TARGET_MS: f64 = 16.0;
const URI: &str = "file:///bench/shop.flow";

fn main() {
    with_room(true, tables).expect("a thread can be started");
}

fn tables() {
    for lines in [250, 1_000, 4_000] {
        let text = program(lines);
        let source = Source::new("shop.flow", &text);
        let floor = spread((0..ROUNDS).map(|_| timed(|| parse(&source))).collect());
        println!(
            "\n{} lines, {} KB; floor: parsing alone {}\n",
            text.lines().count(),
            text.len() / 1024,
            floor.shown()
        );
        let mut by_edit: Vec<Vec<Duration>> = vec![Vec::new(); EDITS.len()];
        head("behind any edit");
        for asked in ASKED {
            let waited = waited(&text, asked);
            row(asked.0, &spread(waited.concat()), &floor);
            by_edit.iter_mut().zip(waited).for_each(|(all, own)| all.extend(own));
        }
        println!();
        head("any of these, behind");
        for (edit, waited) in EDITS.iter().zip(by_edit) {
            row(edit.name, &spread(waited), &floor);
        }
    }
}

fn head(what: &str) {
    println!("| {what} | half of the time | 99 of 100 times | below {TARGET_MS} ms | beside the floor |");
    println!("|---|---|---|---|---|");
}

fn row(what: &str, waited: &Spread, floor: &Spread) {
    let below = if waited.most < TARGET_MS { "yes" } else { "no" };
    let ratio = waited.half / floor.half;
    println!("| {what} | {:.1} ms | {:.1} ms | {below} | {ratio:.2} |", waited.half, waited.most);
}

/// What is waited for: how it is called, and which question it is; none for the diagnostics, which come by themselves.
type Asked = (&'static str, Option<&'static str>);

const ASKED: [Asked; 8] = [
    ("diagnostics", None),
    ("completion", Some("textDocument/completion")),
    ("hover", Some("textDocument/hover")),
    ("semantic tokens", Some("textDocument/semanticTokens/full")),
    ("inlay hints", Some("textDocument/inlayHint")),
    ("symbols", Some("textDocument/documentSymbol")),
    ("signature help", Some("textDocument/signatureHelp")),
    ("formatting", Some("textDocument/formatting")),
];

/// A time that half of the rounds stay below, and one that 99 of 100 do, in milliseconds.
struct Spread {
    half: f64,
    most: f64,
}

impl Spread {
    fn shown(&self) -> String {
        format!("{:.1} ms, 99 of 100 times {:.1} ms", self.half, self.most)
    }
}

fn spread(mut times: Vec<Duration>) -> Spread {
    times.sort();
    let at = |part: f64| times[((times.len() as f64 * part) as usize).min(times.len() - 1)].as_secs_f64() * 1e3;
    Spread { half: at(0.5), most: at(0.99) }
}

fn timed(work: impl FnOnce()) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}

fn parse(source: &Source) {
    let (program, faults) = black_box(syntax::parse(FileId(0), source));
    assert!(!program.declarations.is_empty() && faults.is_empty());
}

/// What is typed, and taken back.
struct Edit {
    name: &'static str,
    place: Where,
    text: &'static str,
}

#[derive(Clone, Copy)]
enum Where {
    /// Behind the name in the middle of the text that is asked about.
    Behind,
    /// On a line of its own above that.
    Above,
    /// At the top of the text: everything moves.
    Top,
}

const EDITS: [Edit; 7] = [
    Edit { name: "a letter", place: Where::Behind, text: "x" },
    Edit { name: "a dot with nothing behind it", place: Where::Behind, text: "." },
    Edit { name: "a bracket that is open", place: Where::Behind, text: " + {" },
    Edit { name: "a quote that is open", place: Where::Behind, text: "\"" },
    Edit { name: "a statement", place: Where::Above, text: "    let more = input.id\n" },
    Edit { name: "a statement that is begun", place: Where::Above, text: "    step more = slack.post_message {\n" },
    Edit { name: "a declaration above all others", place: Where::Top, text: "workflow more { }\n\n" },
];

/// How long the answers take, for each kind of edit.
fn waited(text: &str, (_, question): Asked) -> Vec<Vec<Duration>> {
    let mut editor = Editor::open(text);
    // The line in the middle that says what is read, and the column behind what is said.
    let lines: Vec<&str> = text.lines().collect();
    let middle = lines.len() / 2;
    let line = (middle..lines.len()).find(|at| lines[*at].contains("input.id")).expect("a workflow begins there");
    let column = lines[line].find("input.id").expect("it stands there") + "input.id".len();
    let mut times = vec![Vec::new(); EDITS.len()];
    for round in 0..ROUNDS {
        let kind = round / 2 % EDITS.len();
        let Edit { place, text, .. } = EDITS[kind];
        let (at, from) = match place {
            Where::Behind => (line, column),
            Where::Above => (line, 0),
            Where::Top => (0, 0),
        };
        let (breaks, width) = (text.matches('\n').count(), text.rsplit('\n').next().unwrap_or_default().len());
        let typed = round % 2 == 0;
        let end = match (typed, breaks) {
            (true, _) => (at, from),
            (false, 0) => (at, from + width),
            (false, _) => (at + breaks, width),
        };
        let position = |(line, character): (usize, usize)| json!({ "line": line, "character": character });
        let range = json!({ "start": position((at, from)), "end": position(end) });
        let change = json!([{ "range": range, "text": if typed { text } else { "" } }]);
        let asked = line + if typed { breaks } else { 0 };
        times[kind].push(timed(|| {
            editor.change(change);
            match question {
                None => editor.told(),
                Some(question) => editor.ask(question, asked, column),
            }
        }));
        // Now and then somebody stops typing.
        if question.is_some() && round % 4 == 3 {
            editor.told();
        }
    }
    times
}

/// A program of so many lines, at least.
fn program(lines: usize) -> String {
    let mut text = String::new();
    let mut count = 0;
    while text.lines().count() < lines {
        count += 1;
        text.push_str(&format!(
            r##"/// Takes orders of kind {count}.
workflow order_{count} "Order {count}" {{
    input {{
        id:    string
        lines: list<{{ sku: string, pieces: int(1..), price: float }}>
        email: email
        note:  string?
    }}
    vars {{ total = 0.0 }}

    step found = http.get {{ url: "https://shop.example.com/orders/${{input.id}}", query: {{ full: true }} }}
    for line in input.lines {{
        if line.pieces > 10 && line.price < 100.0 {{
            set vars.total += line.pieces * line.price * 0.9
        }} else {{
            set vars.total += line.pieces * line.price
        }}
    }}
    step sorted_out = script {{
        let dear = input.lines.filter(|line| line.price > 100.0);
        dear.map(|line| line.sku).join(", ")
    }}
    parallel {{
        step told = slack.post_message {{ channel: "#orders", text: "Order ${{input.id}}: ${{vars.total}} EUR" }}
        step kept = files.write {{ path: "orders/${{input.id}}.json", content: found.body, format: "json" }}
    }}
    on connection_error retry 3 times every 10s
    on error notify log.error {{ message: "order ${{input.id}}: ${{error.message}}" }}
    output {{ total: float = vars.total, status: int = found.status, dear: string = sorted_out }}
}}

"##
        ));
    }
    text
}

/// A client of the server, with one text open.
struct Editor {
    server: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    version: i64,
    asked: i64,
    /// The newest version that diagnostics came for.
    seen: i64,
}

impl Editor {
    fn open(text: &str) -> Self {
        let mut server = Command::new(env!("CARGO_BIN_EXE_flow"))
            .arg("lsp")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the server starts");
        let input = server.stdin.take().expect("it was asked for");
        let output = BufReader::new(server.stdout.take().expect("it was asked for"));
        let mut editor = Self { server, input, output, version: 1, asked: 0, seen: 0 };
        editor.send(&json!({ "jsonrpc": "2.0", "id": 0, "method": "initialize", "params": { "capabilities": {} } }));
        editor.read();
        editor.tell("initialized", json!({}));
        let item = json!({ "uri": URI, "languageId": "flow", "version": 1, "text": text });
        editor.tell("textDocument/didOpen", json!({ "textDocument": item }));
        editor.told();
        editor
    }

    fn send(&mut self, message: &Value) {
        let text = message.to_string();
        write!(self.input, "Content-Length: {}\r\n\r\n{text}", text.len()).expect("the server listens");
        self.input.flush().expect("the server listens");
    }

    fn tell(&mut self, method: &str, params: Value) {
        self.send(&json!({ "jsonrpc": "2.0", "method": method, "params": params }));
    }

    fn change(&mut self, changes: Value) {
        self.version += 1;
        let params = json!({ "textDocument": { "uri": URI, "version": self.version }, "contentChanges": changes });
        self.tell("textDocument/didChange", params);
    }

    fn read(&mut self) -> Value {
        let mut length = 0;
        loop {
            let mut line = String::new();
            assert_ne!(self.output.read_line(&mut line).expect("the server talks"), 0, "the server went away");
            match line.trim_end().strip_prefix("Content-Length: ") {
                Some(number) => length = number.parse().expect("a number"),
                None if line.trim_end().is_empty() => break,
                None => {}
            }
        }
        let mut text = vec![0; length];
        self.output.read_exact(&mut text).expect("a whole message");
        let message: Value = serde_json::from_slice(&text).expect("JSON");
        if let Some(version) = message["params"]["version"].as_i64() {
            self.seen = version;
        }
        message
    }

    /// Waits for the diagnostics of the newest version.
    fn told(&mut self) {
        while self.seen < self.version {
            self.read();
        }
    }

    /// Asks about a place, and waits for the answer.
    fn ask(&mut self, method: &str, line: usize, character: usize) {
        self.asked += 1;
        let params = json!({
            "textDocument": { "uri": URI },
            "position": { "line": line, "character": character },
            "range": { "start": { "line": 0, "character": 0 }, "end": { "line": 100_000, "character": 0 } },
            "options": { "tabSize": 4, "insertSpaces": true },
        });
        self.send(&json!({ "jsonrpc": "2.0", "id": self.asked, "method": method, "params": params }));
        while self.read()["id"] != self.asked {}
    }
}

impl Drop for Editor {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}
