//! The house as drawn: `src/lib.rs` is the map, imports point up it, each heavy dependency has one home, the core is pure.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// All source files below `dir`, with their text.
fn sources(dir: &str) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut dirs = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join(dir)];
    while let Some(dir) = dirs.pop() {
        for entry in fs::read_dir(&dir).expect("the folder is there").flatten() {
            let path = entry.path();
            if path.is_dir() {
                dirs.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).expect("sources are UTF-8");
                found.push((path, text));
            }
        }
    }
    found.sort();
    found
}

/// The lines of a source that are code, not comment.
fn code(text: &str) -> impl Iterator<Item = &str> {
    text.lines().map(str::trim_start).filter(|line| !line.starts_with("//"))
}

/// The modules that a `mod` file lists, in its order.
fn listed(text: &str) -> Vec<String> {
    code(text)
        .filter_map(|line| line.strip_prefix("pub mod ").or_else(|| line.strip_prefix("mod ")))
        .filter_map(|rest| rest.strip_suffix(';'))
        .map(str::to_owned)
        .collect()
}

/// What a source names of the modules below `prefix`: the word after it in every path, also inside braces.
fn named(text: &str, prefix: &str) -> Vec<String> {
    let mut names = Vec::new();
    let joined: String = code(text).collect::<Vec<_>>().join("\n");
    for (at, _) in joined.match_indices(prefix) {
        let rest = &joined[at + prefix.len()..];
        if let Some(group) = rest.strip_prefix('{') {
            let mut depth = 0usize;
            let mut word = String::new();
            for c in group.chars() {
                match c {
                    '{' => depth += 1,
                    '}' if depth == 0 => break,
                    '}' => depth -= 1,
                    ',' if depth == 0 => names.push(std::mem::take(&mut word)),
                    c => word.push(c),
                }
            }
            names.push(word);
        } else {
            names.push(rest.to_owned());
        }
    }
    names
        .into_iter()
        .map(|name| name.trim().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>())
        .filter(|name| !name.is_empty())
        .collect()
}

/// In `folder`, a module may name only those above it in the list of `map`, by paths that begin with `prefix`.
fn imports_point_up(map: &str, folder: &str, prefix: &str) -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let order = listed(&fs::read_to_string(root.join(map)).expect("the map is there"));
    let rank: BTreeMap<&str, usize> = order.iter().enumerate().map(|(index, name)| (name.as_str(), index)).collect();
    let mut wrong = Vec::new();
    for (path, text) in sources(folder) {
        let inside = path.strip_prefix(root.join(folder)).expect("it lies in the folder");
        let first = inside.components().next().expect("it has a name").as_os_str().to_string_lossy();
        let Some(here) = rank.get(first.trim_end_matches(".rs")) else { continue };
        for name in named(&text, prefix) {
            if rank.get(name.as_str()).is_some_and(|there| there > here) {
                wrong.push(format!("{} names {prefix}{name}, which lies below it on the map", path.display()));
            }
        }
    }
    wrong
}

#[test]
fn imports_point_up_the_map() {
    let wrong = imports_point_up("src/lib.rs", "src", "crate::");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_phases_of_the_language_follow_each_other() {
    let wrong = imports_point_up("src/lang/mod.rs", "src/lang", "crate::lang::");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_engine_is_built_in_layers() {
    let wrong = imports_point_up("src/run/mod.rs", "src/run", "crate::run::");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn each_heavy_dependency_has_one_home() {
    // Whoever asks a server from outside speaks HTTP too.
    let homes = [
        ("pest", "src/lang/syntax"),
        ("pest_derive", "src/lang/syntax"),
        ("rhai", "src/lang/script"),
        ("scraper", "src/lang/script"),
        ("reqwest", "src/connect src/serve/client.rs"),
        ("lettre", "src/connect"),
        ("minijinja", "src/connect"),
        ("imap_next", "src/connect/mail/imap"),
        ("mail_parser", "src/connect/mail/imap"),
        ("rusqlite", "src/store src/connect/sql"),
        ("mongodb", "src/connect"),
        ("bson", "src/connect/mongodb"),
        ("tokio_postgres", "src/connect/sql"),
        ("mysql_async", "src/connect/sql"),
        ("axum", "src/serve"),
        ("utoipa", "src/serve"),
        ("prometheus_client", "src/serve"),
        ("opentelemetry", "src/serve"),
        ("tracing_subscriber", "src/serve"),
        ("lsp_server", "src/lsp"),
        ("lsp_types", "src/lsp"),
        ("crossbeam_channel", "src/lsp"),
        ("clap", "src/cli"),
        ("clap_complete", "src/cli/completions"),
        ("clap_mangen", "src/cli/man.rs"),
        ("serde_saphyr", "src/cli"),
        ("annotate_snippets", "src/base"),
        ("croner", "src/base"),
    ];
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut wrong = Vec::new();
    for (path, text) in sources("src") {
        for (name, home) in homes {
            let used = code(&text).any(|line| line.contains(&format!("{name}::")));
            let at_home = home.split(' ').any(|home| path.starts_with(root.join(home)));
            if used && !at_home {
                wrong.push(format!("{} names {name}, whose home is {home}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Whether `word` stands in `line` and does not go on: `.await`, not `.awaits`.
fn has_word(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let next = line[at + word.len()..].chars().next();
        !word.ends_with(char::is_alphanumeric) || !next.is_some_and(|c| c.is_alphanumeric() || c == '_')
    })
}

#[test]
fn the_core_is_pure() {
    // No clock, no chance, no I/O, no async, no hash order: a program means the same on every machine and in every test.
    let impure = [
        "SystemTime::now",
        "Instant::now",
        "Timestamp::now",
        "Zoned::now",
        "std::fs",
        "std::net",
        "std::process",
        "std::thread",
        "std::env",
        "tokio",
        "async fn",
        ".await",
        "rand::",
        "Uuid::now",
        "Uuid::new_v4",
        "HashMap",
        "HashSet",
        "println!",
        "eprintln!",
    ];
    // A script that never ends is stopped by the clock: wall time is a bound there, never a value.
    // Deep nesting is read on a thread with a large stack: where it runs changes nothing.
    let allowed = [
        ("src/lang/script/engine.rs", "Instant::now"),
        ("src/lang/script/ambient.rs", "Instant::now"),
        ("src/base/stack.rs", "std::thread"),
    ];
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut wrong = Vec::new();
    for folder in ["src/base", "src/lang", "src/run/machine", "src/run/history"] {
        for (path, text) in sources(folder) {
            for word in impure {
                let waived = allowed.iter().any(|(file, allowed)| path == root.join(file) && *allowed == word);
                if !waived && code(&text).any(|line| has_word(line, word)) {
                    wrong.push(format!("{} uses {word}", path.display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_module_says_what_it_is_for() {
    let mut wrong = Vec::new();
    for (path, text) in sources("src") {
        if !text.starts_with("//!") {
            wrong.push(path.display().to_string());
        }
    }
    assert!(wrong.is_empty(), "no word at the top of:\n{}", wrong.join("\n"));
}

#[test]
fn no_file_hides_a_second_idea() {
    let mut wrong = Vec::new();
    for (path, text) in sources("src") {
        let lines = text.lines().count();
        let name = path.file_stem().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        if lines > 800 {
            wrong.push(format!("{} has {lines} lines", path.display()));
        }
        if ["util", "utils", "common", "helpers", "misc", "manager"].contains(&name.as_str()) {
            wrong.push(format!("{} has a name that says nothing", path.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
