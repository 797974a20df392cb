//! The targets of `fuzz/` without a fuzzer: a few seeds that were changed, the same each time. With `FLOW_FUZZ=300` each is driven for
//! so many seconds, with other changes from `FLOW_FUZZ_SEED` on, and goes on behind what it finds.

#[cfg(all(feature = "cli", feature = "lsp"))]
#[path = "../fuzz/doors/editor.rs"]
pub mod editor;
#[path = "../fuzz/doors/format.rs"]
mod format;
#[cfg(feature = "cli")]
#[path = "../fuzz/doors/import.rs"]
mod import;
#[path = "../fuzz/doors/program.rs"]
mod program;
#[cfg(feature = "repl")]
#[path = "../fuzz/doors/prompt.rs"]
mod prompt;
#[path = "../fuzz/doors/script.rs"]
mod script;

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use orchestra_flow::base::stack::with_room;

use crate::run::simulator::Chance;

/// What is driven is cut to about so many bytes: many small texts find more than a few large ones.
const SEED_BYTES: usize = 1_500;

/// A number that the environment says.
fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().and_then(|number| number.parse().ok())
}

/// Drives a door with what `made` makes: so many rounds, or as long as `FLOW_FUZZ` says.
fn drive(name: &str, enter: fn(&[u8]), rounds: u64, made: impl Fn(&mut Chance) -> Vec<u8> + Send) {
    let seconds = number("FLOW_FUZZ");
    let first = number("FLOW_FUZZ_SEED").unwrap_or(1) << 32;
    let work = move || {
        let (began, mut found, mut round) = (Instant::now(), Vec::new(), 0);
        let goes_on = |round| seconds.map_or(round < rounds, |it| began.elapsed() < Duration::from_secs(it));
        while goes_on(round) {
            let data = made(&mut Chance(first + round));
            if catch_unwind(AssertUnwindSafe(|| enter(&data))).is_err() {
                let file = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("fuzz-{name}-{}", first + round));
                fs::write(&file, &data).expect("what was found can be written");
                found.push(file.display().to_string());
            }
            round += 1;
        }
        println!("{name}: {round} texts in {:?}", began.elapsed());
        assert!(found.is_empty(), "of {round} texts these broke `{name}`: {found:#?}");
    };
    with_room(true, work).expect("a thread starts");
}

/// The texts of some folders, by the ends of their names.
fn texts(folders: &[&str], ends: &[&str]) -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files: Vec<PathBuf> = folders
        .iter()
        .flat_map(|folder| fs::read_dir(root.join(folder)).expect("the folder is there").flatten())
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| ends.iter().any(|end| extension == *end)))
        .collect();
    files.sort();
    assert!(!files.is_empty(), "there are no seeds");
    files.iter().filter_map(|file| fs::read_to_string(file).ok()).collect()
}

fn programs() -> Vec<String> {
    texts(
        &["scripts", "scripts/lib", "stdlib", "tests/lang/check/clean", "tests/lang/format", "tests/lang/whole"],
        &["flow"],
    )
}

/// What the language and Rhai consist of.
fn words() -> Vec<String> {
    let dictionary = include_str!("../fuzz/words.dict").lines();
    let quoted = dictionary.filter_map(|line| line.strip_prefix('"')?.strip_suffix('"'));
    quoted.map(|word| word.replace("\\\"", "\"").replace("\\\\", "\\")).collect()
}

/// The pieces that texts are made of: words, signs, blanks.
fn pieces(text: &str) -> Vec<&str> {
    let kind = |letter: char| match letter {
        _ if letter.is_alphanumeric() || letter == '_' => 0,
        '\n' => 1,
        _ if letter.is_whitespace() => 2,
        _ => 3,
    };
    let mut pieces = Vec::new();
    let (mut start, mut last) = (0, None);
    for (at, letter) in text.char_indices() {
        let now = kind(letter);
        if last.is_some_and(|last| last != now || now == 3 || now == 1) {
            pieces.push(&text[start..at]);
            start = at;
        }
        last = Some(now);
    }
    pieces.push(&text[start..]);
    pieces
}

/// Some whole declarations of a text.
fn cut<'t>(text: &'t str, chance: &mut Chance) -> &'t str {
    let mut starts: Vec<usize> = text.match_indices("\n\n").map(|(at, _)| at + 2).collect();
    starts
        .retain(|at| text[*at..].starts_with(|letter: char| letter.is_alphabetic() || letter == '/' || letter == '@'));
    starts.insert(0, 0);
    let start = *chance.pick(&starts);
    let end = starts.iter().copied().find(|at| *at >= start + SEED_BYTES).unwrap_or(text.len());
    &text[start..end]
}

/// A seed with a few changes: what stood there goes, stands twice or elsewhere, and words of the language or of another seed come.
fn changed(seeds: &[String], words: &[String], chance: &mut Chance) -> String {
    let text = cut(chance.pick::<String>(seeds), chance);
    let other = cut(chance.pick::<String>(seeds), chance);
    let (mut all, others) = (pieces(text), pieces(other));
    for _ in 0..chance.below(6) {
        let at = chance.below(all.len() as u64 + 1) as usize;
        let end = (at + chance.below(6) as usize).min(all.len());
        let taken: Vec<&str> = match chance.below(7) {
            0 => Vec::new(),
            1 => vec![chance.pick(words).as_str()],
            2 => vec!["\n"],
            3 => vec![
                ["🙂", "\r\n", "\t", "/* a */", "// b\n", "\u{2028}", ",", "\"", "${", "}", "{"]
                    [chance.below(11) as usize],
            ],
            4 => all[at..end].repeat(2),
            5 => {
                let from = chance.below(all.len() as u64 + 1) as usize;
                all[from..(from + 4).min(all.len())].to_vec()
            }
            _ => {
                let from = chance.below(others.len() as u64 + 1) as usize;
                others[from..(from + 8).min(others.len())].to_vec()
            }
        };
        drop(all.splice(at..end, taken));
    }
    all.concat()
}

#[test]
fn any_text_is_a_program_or_has_diagnostics() {
    let (seeds, words) = (programs(), words());
    drive("program", program::enter, 25, |chance| changed(&seeds, &words, chance).into_bytes());
}

#[test]
fn any_script_gives_a_value_or_an_error() {
    let (seeds, words) = (texts(&["tests/lang/rhai"], &["flow"]), words());
    drive("script", script::enter, 200, |chance| changed(&seeds, &words, chance).into_bytes());
}

#[test]
fn any_program_has_one_form() {
    let (seeds, words) = (programs(), words());
    drive("format", format::enter, 25, |chance| changed(&seeds, &words, chance).into_bytes());
}

#[cfg(feature = "repl")]
#[test]
fn any_input_of_the_prompt_is_read_or_refused() {
    let words = words();
    let typed = [
        "let a = 1\na + 1\n",
        ":type 1 + 1\n// a\n\"x\".len()\n",
        "step s = log.info {\n    message: \"a\"\n}\n:names\n",
    ];
    let mut seeds = [programs(), texts(&["tests/lang/rhai"], &["flow"])].concat();
    seeds.extend(typed.map(str::to_owned));
    drive("prompt", prompt::enter, 8, |chance| changed(&seeds, &words, chance).into_bytes());
}

#[cfg(all(feature = "cli", feature = "lsp"))]
#[test]
fn after_any_edits_an_editor_is_told_what_it_would_be_told_at_once() {
    let (seeds, words) = (programs(), words());
    drive("editor", editor::enter, 5, |chance| {
        let count = chance.below(12);
        let header = (0..=count * 5).map(|at| if at == 0 { count as u8 } else { chance.draw() as u8 });
        let mut data: Vec<u8> = header.collect();
        data.extend(changed(&seeds, &words, chance).into_bytes());
        data
    });
}

#[cfg(feature = "cli")]
mod documents {
    //! Documents of other languages, changed as trees are.

    use serde_json::{Map, Value as Json, json};

    use super::{Chance, changed, drive, import, texts};

    #[test]
    fn any_document_becomes_a_program_that_checks_or_is_refused() {
        let folders = ["tests/foreign/n8n", "tests/foreign/serverless", "tests/foreign/states"];
        let seeds = texts(&folders, &["json", "yaml"]);
        let trees: Vec<Json> = seeds
            .iter()
            .map(|text| serde_json::from_str(text).or_else(|_| serde_saphyr::from_str(text)).expect("a document"))
            .collect();
        let words =
            ["{{ $json.a }}", "=", "$.a", "${ .a }", "\\", "null", "true", "[0]", ":", "- ", "do", "States.", "'"];
        let words = words.map(str::to_owned);
        drive("import", import::enter, 60, |chance| match chance.one_in(6) {
            true => changed(&seeds, &words, chance).into_bytes(),
            false => tangled(&trees, chance).to_string().into_bytes(),
        });
    }

    /// A document in which a few things are gone, others, or elsewhere.
    fn tangled(trees: &[Json], chance: &mut Chance) -> Json {
        let mut tree = chance.pick(trees).clone();
        for _ in 0..=chance.below(4) {
            let other = if chance.one_in(2) { tree.clone() } else { chance.pick(trees).clone() };
            let from = place(&other, chance);
            let new = if chance.one_in(2) { odd(chance) } else { other.pointer(&from).cloned().unwrap_or_default() };
            let at = place(&tree, chance);
            let (above, name) = at.rsplit_once('/').unwrap_or_default();
            let name = name.replace("~1", "/").replace("~0", "~");
            match tree.pointer_mut(above) {
                Some(Json::Object(fields)) => match chance.below(4) {
                    0 => drop(fields.remove(&name)),
                    1 => {
                        let other = from.rsplit('/').next().unwrap_or_default().to_owned();
                        let value = fields.remove(&name).unwrap_or_default();
                        fields.insert(other, value);
                    }
                    _ => drop(fields.insert(name, new)),
                },
                Some(Json::Array(items)) => {
                    let at = name.parse::<usize>().unwrap_or_default().min(items.len().saturating_sub(1));
                    match chance.below(4) {
                        0 if !items.is_empty() => drop(items.remove(at)),
                        1 => items.insert(at, new),
                        _ if !items.is_empty() => items[at] = new,
                        _ => items.push(new),
                    }
                }
                _ => {}
            }
        }
        tree
    }

    /// A place in a tree, as a JSON pointer.
    fn place(tree: &Json, chance: &mut Chance) -> String {
        let (mut at, mut here) = (String::new(), tree);
        loop {
            let below: Vec<(String, &Json)> = match here {
                Json::Object(fields) => fields.iter().map(|(name, value)| (name.clone(), value)).collect(),
                Json::Array(items) => items.iter().enumerate().map(|(at, value)| (at.to_string(), value)).collect(),
                _ => Vec::new(),
            };
            if below.is_empty() || !at.is_empty() && chance.one_in(6) {
                return at;
            }
            let (name, value) = chance.pick(&below);
            at = format!("{at}/{}", name.replace('~', "~0").replace('/', "~1"));
            here = *value;
        }
    }

    /// Something that is seldom meant.
    fn odd(chance: &mut Chance) -> Json {
        let texts = [
            "",
            "a",
            "=",
            "={{ $json.a }}",
            "={{ $node[\"a\"].json.b + 1 }}",
            "$.a",
            "$.a[0].b",
            "${ .a }",
            "${ .a | map(.b) }",
            "{% $states.input.a %}",
            "States.Format('{}', $.a)",
            "PT0S",
            "P1D",
            "a\nb",
            "\u{202e}é🙂",
            "workflow",
            "step",
            "on error",
            "\"",
            "${",
            "*/",
            "//",
            "\\",
            "`",
            "0",
            "2026-01-01T00:00:00Z",
            "* * * * *",
            "a.b",
            "1a",
            "{",
            "$",
        ];
        let others = [
            json!(null),
            json!(true),
            json!(0),
            json!(-1),
            json!(1e308),
            json!(9_007_199_254_740_993_i64),
            json!([]),
            json!([[]]),
            Json::Object(Map::new()),
            json!({ "a": { "b": [] } }),
            json!([{ "a": 1 }, "b", null]),
            json!(u64::MAX),
            json!(0.1),
        ];
        match chance.one_in(2) {
            true => json!(chance.pick(&texts)),
            false => chance.pick(&others).clone(),
        }
    }
}
