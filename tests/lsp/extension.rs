//! The extension for VS Code: its colours know every word of the language, its snippets are programs, and what its buttons
//! call is there.

use std::collections::BTreeSet;
use std::process::Command;

use orchestra_flow::lang::catalog::types::BUILT_IN;
use serde_json::{Value, json};

use super::editor::Editor;

fn file(name: &str) -> String {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn parsed(name: &str) -> Value {
    serde_json::from_str(&file(&format!("editors/vscode/{name}"))).expect("JSON")
}

/// Every text under a key, however deep.
fn texts<'v>(of: &'v Value, keys: &[&str], found: &mut Vec<&'v str>) {
    match of {
        Value::Object(entries) => entries.iter().for_each(|(key, value)| match value.as_str() {
            Some(text) if keys.contains(&key.as_str()) => found.push(text),
            _ => texts(value, keys, found),
        }),
        Value::Array(items) => items.iter().for_each(|item| texts(item, keys, found)),
        _ => {}
    }
}

/// The words that the colours for VS Code know.
fn coloured() -> BTreeSet<String> {
    let grammar = parsed("syntaxes/flow.tmLanguage.json");
    let mut patterns = Vec::new();
    texts(&grammar, &["match", "begin", "end"], &mut patterns);
    let word = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    let mut words = BTreeSet::new();
    for pattern in patterns {
        // `\b` and its like are no letters, and `items?` is two words.
        let plain =
            ["\\b", "\\s", "\\S", "\\w", "\\d"].iter().fold(pattern.to_owned(), |text, sign| text.replace(sign, " "));
        for part in plain.split(|letter: char| !word(letter) && letter != '?') {
            words.insert(part.replace('?', ""));
            if let Some((stem, _)) = part.split_once('?') {
                words.insert(stem[..stem.len().saturating_sub(1)].to_owned());
            }
        }
    }
    words
}

#[test]
fn every_word_of_the_language_has_a_colour() {
    let vim = file("editors/vim/syntax/flow.vim");
    let in_vim: BTreeSet<&str> = vim.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_').collect();
    let coloured = coloured();
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("grammar");
    let mut keywords = BTreeSet::new();
    for entry in std::fs::read_dir(folder).expect("the grammar is there").flatten() {
        let text = std::fs::read_to_string(entry.path()).expect("a grammar");
        // `kw_end` is no word, but where words end.
        let rules = text.lines().filter_map(|line| line.strip_prefix("kw_")).filter(|line| line.contains("@{ \""));
        keywords.extend(rules.filter_map(|line| line.split('"').nth(1)).map(str::to_owned));
    }
    assert!(keywords.len() > 100 && keywords.contains("workflow"), "{keywords:?}");
    keywords.extend(BUILT_IN.map(str::to_owned));
    keywords.extend(["true", "false"].map(str::to_owned));
    let is_plain = |word: &&String| !coloured.contains(*word) || !in_vim.contains(word.as_str());
    let without: Vec<&String> = keywords.iter().filter(is_plain).collect();
    assert!(without.is_empty(), "these have no colour: {without:?}");
}

#[test]
fn the_colours_name_what_is_there() {
    let grammar = parsed("syntaxes/flow.tmLanguage.json");
    let mut included = Vec::new();
    texts(&grammar, &["include"], &mut included);
    assert!(included.len() > 10);
    for name in included {
        let name = name.strip_prefix('#').expect("a part of the same grammar");
        assert!(grammar["repository"].get(name).is_some(), "`{name}` is not there");
    }
}

/// A snippet with what its places say by themselves.
fn filled(snippet: &Value) -> String {
    let lines: Vec<&str> = snippet["body"].as_array().expect("lines").iter().filter_map(Value::as_str).collect();
    let body = lines.join("\n");
    let mut text = String::new();
    let mut rest = &*body;
    while let Some(at) = rest.find('$') {
        text.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        match rest.strip_prefix('{') {
            Some(inside) => {
                let ends = |(at, _): &(usize, &str)| !inside[..*at].ends_with('\\');
                let (end, _) = inside.match_indices('}').find(ends).expect("it is closed");
                let given = match inside[..end].split_once('|') {
                    // Of a choice, the first.
                    Some((_, choice)) => choice.split(',').next().unwrap_or_default(),
                    None => inside[..end].split_once(':').unwrap_or_default().1,
                };
                text.push_str(&given.replace("\\}", "}"));
                rest = &inside[end + 1..];
            }
            None => rest = rest.trim_start_matches(|letter: char| letter.is_ascii_digit()),
        }
    }
    text + rest
}

/// A program in which a snippet stands where it belongs.
fn around(prefix: &str, snippet: &str) -> String {
    let flow = |body: &str| format!("workflow name {{\n    input {{ items: list<string> }}\n{body}\n}}\n");
    match prefix {
        "workflow" | "connector" => format!("{snippet}\n"),
        "test" => format!("workflow name {{}}\n{snippet}\n"),
        "retry" => flow(&format!("    step one = http.get {{\n    url: \"https://example.com\"\n{snippet}\n}}")),
        "mock" => format!(
            "{}test \"it\" for name {{\n    input: {{ items: [] }}\n{snippet}\n    expect run.status == \"completed\"\n}}\n",
            flow("    step one = http.get { url: \"https://example.com\" }")
        ),
        _ => flow(snippet),
    }
}

#[test]
fn every_snippet_is_a_program() {
    let snippets = parsed("snippets/flow.json");
    let mut editor = Editor::with(&[]);
    let mut prefixes = BTreeSet::new();
    for (name, snippet) in snippets.as_object().expect("snippets") {
        let prefix = snippet["prefix"].as_str().expect("a prefix");
        assert!(prefixes.insert(prefix), "`{prefix}` stands for two");
        assert!(!snippet["description"].as_str().unwrap_or_default().is_empty(), "`{name}` says nothing of itself");
        let text = around(prefix, &filled(snippet));
        let file = format!("{prefix}.flow");
        editor.open(&file, &text);
        let wrong: Vec<Value> = editor.diagnostics(&file).into_iter().filter(|found| found["severity"] == 1).collect();
        assert!(wrong.is_empty(), "{name}:\n{text}\n{wrong:#?}");
    }
    assert!(prefixes.len() >= 10);
}

/// What the extension does, all scripts of it.
fn scripts() -> String {
    NAMES.map(|name| file(&format!("editors/vscode/src/{name}.js"))).concat()
}

const NAMES: [&str; 6] = ["extension", "picture", "program", "server", "target", "task"];

const BOTH: &str = "workflow greet {\n    output { text = \"hi\" }\n}\n\ntest \"it greets\" for greet {\n    expect output.text == \"hi\"\n}\n";

#[test]
fn what_the_buttons_call_is_there() {
    let mut editor = Editor::with(&[]);
    editor.open("main.flow", BOTH);
    let lenses = editor.ask("textDocument/codeLens", json!({ "textDocument": { "uri": editor.uri("main.flow") } }));
    let script = scripts();
    let package = parsed("package.json");
    let declared: Vec<&str> = package["contributes"]["commands"]
        .as_array()
        .expect("commands")
        .iter()
        .filter_map(|command| command["command"].as_str())
        .collect();
    let lenses = lenses.as_array().cloned().unwrap_or_default();
    assert_eq!(lenses.len(), 3);
    for lens in &lenses {
        let command = lens["command"]["command"].as_str().expect("a command");
        assert!(script.contains(&format!("registerCommand(\"{command}\"")), "{command} is not registered");
        assert!(declared.contains(&command), "{command} is not declared");
    }
    for command in &declared {
        assert!(script.contains(&format!("registerCommand(\"{command}\"")), "{command} is not registered");
    }
    // What it starts, as it starts it.
    let folder = crate::cli::Folder::with(BOTH);
    for (words, args) in [
        (
            "\"run\", \"--sandbox\", path.basename(file), workflow",
            ["run", "--sandbox", "main.flow", "greet"].as_slice(),
        ),
        (
            "\"graph\", \"--format\", \"svg\", path.basename(file), workflow]",
            &["graph", "--format", "svg", "main.flow", "greet"],
        ),
        ("\"test\", path.basename(file), ...chosen]", &["test", "main.flow", "--filter", "it greets"]),
    ] {
        assert!(script.contains(words), "the extension does not call {words}");
        let done = folder.flow(args);
        assert_eq!(done.code, 0, "{args:?}: {}", done.stderr);
    }
}

#[test]
fn the_files_of_the_extension_are_there() {
    let package = parsed("package.json");
    let mut named = Vec::new();
    texts(&package, &["path", "configuration", "main"], &mut named);
    for name in named.iter().filter(|name| name.starts_with("./")) {
        file(&format!("editors/vscode/{name}"));
    }
    assert!(named.len() >= 4, "{named:?}");
}

#[test]
fn the_scripts_and_the_patterns_can_be_read() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("editors/vscode");
    let node = |args: &[&str]| Command::new("node").args(args).current_dir(&folder).output();
    for name in NAMES {
        let Ok(checked) = node(&["--check", &format!("src/{name}.js")]) else {
            eprintln!("SKIPPED: there is no node here");
            return;
        };
        assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
    }
    let patterns = "const seen = (of) => Object.entries(of).forEach(([key, value]) => {
        if (['match', 'begin', 'end'].includes(key)) new RegExp(value.replaceAll('\\\\1', ''));
        else if (typeof value === 'object') seen(value);
    });
    seen(JSON.parse(require('fs').readFileSync('syntaxes/flow.tmLanguage.json', 'utf8')));";
    let checked = node(&["-e", patterns]).expect("it was there a moment ago");
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
}
