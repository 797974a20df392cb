//! `flow completions` and `flow man`: asked in the shells and by the readers that people have.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::Folder;

/// What is typed, and what a shell makes of it; `RUN` is a run in `state`.
const ROWS: [(&str, &str); 21] = [
    ("docto", "doctor"),
    ("connectors logi", "login"),
    ("doctor --onl", "--online"),
    ("run --sand", "--sandbox"),
    ("new --template wel", "welcome"),
    ("test --format jun", "junit"),
    ("run mai", "main.flow"),
    ("fmt dee", "deep/"),
    ("run deep/", "deep/other.flow"),
    ("run main.flow good", "goodbye"),
    ("run --sandbox main.flow good", "goodbye"),
    ("start --programs deep oth", "other"),
    ("runs --data state --workflow go", "goodbye"),
    ("connectors show sla", "slack"),
    ("connectors show slack post_m", "post_message"),
    ("connectors record slack.post_m", "slack.post_message"),
    ("explain F0203", "F0203"),
    ("prune --status compl", "completed"),
    ("show --data state RU", "RUN"),
    ("dump --data state RU", "RUN"),
    ("why --data state RUN fir", "first"),
];

const PROGRAM: &str = "workflow greet \"Says hello\" {\n    step first = log.info { message: \"hello\" }\n}\n\nworkflow goodbye {\n    step first = log.info { message: \"bye\" }\n}\n";

/// The rows, with the run that is there.
fn rows(folder: &Folder) -> Vec<(String, String)> {
    let runs = folder.flow(&["runs", "--data", "state", "--format", "json"]);
    let list: serde_json::Value = serde_json::from_str(&runs.stdout).expect("it is JSON");
    let run = list[0]["id"].as_str().expect("it has one").to_owned();
    let with_run = |text: &str| text.replace("RUN", &run).replace("RU", &run[..run.len() - 3]);
    ROWS.iter().map(|(typed, expected)| (with_run(typed), with_run(expected))).collect()
}

/// Whether there is a program of this name; where there is none, that is said.
fn is_there(name: &str) -> bool {
    let is_there =
        Command::new("sh").args(["-c", &format!("command -v {name}")]).output().expect("a shell").status.success();
    if !is_there {
        println!("SKIPPED: there is no {name} here");
    }
    is_there
}

/// A folder with what `flow completions SHELL` prints.
fn folder(shell: &str) -> Folder {
    let folder = Folder::with(PROGRAM);
    fs::create_dir(folder.path().join("deep")).expect("a folder in the folder");
    folder.write("deep/other.flow", b"workflow other { }\n");
    let ran = folder.flow(&["run", "main.flow", "goodbye", "--data", "state"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let done = folder.flow(&["completions", shell]);
    assert_eq!((done.code, &*done.stderr), (0, ""), "{shell}");
    folder.write("completions", done.stdout.as_bytes());
    folder
}

/// What a program prints in a folder, in which no settings of a person are; `flow` is in its path.
fn printed(folder: &Folder, program: &str, args: &[&str]) -> String {
    let bin = Path::new(env!("CARGO_BIN_EXE_flow")).parent().expect("it lies in a folder");
    let output = Command::new("timeout")
        .args(["30", program])
        .args(args)
        .current_dir(folder.path())
        .env("HOME", folder.path())
        .env("PATH", format!("{}:{}", bin.display(), std::env::var("PATH").unwrap_or_default()))
        .env("TERM", "dumb")
        .output()
        .expect("it starts");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{program}: {said}{}", String::from_utf8_lossy(&output.stderr));
    said
}

#[test]
fn bash_completes() {
    let folder = folder("bash");
    for (typed, expected) in rows(&folder) {
        let all = format!("flow {typed}");
        let words: Vec<&str> = all.split(' ').collect();
        let (last, before) = (words[words.len() - 1], words[words.len() - 2]);
        let script = format!(
            "source ./completions; COMP_WORDS=({all}); COMP_CWORD={}; _clap_complete_flow flow '{last}' '{before}'; printf '%s\\n' \"${{COMPREPLY[@]}}\"",
            words.len() - 1
        );
        assert_eq!(printed(&folder, "bash", &["--norc", "-c", &script]), format!("{expected}\n"), "{typed}");
    }
}

#[test]
fn fish_completes() {
    if !is_there("fish") {
        return;
    }
    let folder = folder("fish");
    for (typed, expected) in rows(&folder) {
        let script = format!("source ./completions; complete -C 'flow {typed}'");
        let said = printed(&folder, "fish", &["--no-config", "-c", &script]);
        let offered: Vec<&str> = said.lines().filter_map(|line| line.split('\t').next()).collect();
        assert_eq!(offered, [expected], "{typed}");
    }
}

#[test]
fn zsh_completes() {
    if !is_there("zsh") {
        return;
    }
    let folder = folder("zsh");
    fs::rename(folder.path().join("completions"), folder.path().join("_flow")).expect("it can be moved");
    for (typed, expected) in rows(&folder) {
        // Of a folder zsh writes the end by itself, behind a bell.
        let seen = if expected.ends_with('/') { &expected[expected.len() - 2..] } else { &*expected };
        // A shell in a terminal of its own, in which somebody types the words and presses the tabulator.
        let script = format!(
            "zmodload zsh/zpty\n\
             zpty inner zsh -f -i\n\
             zpty -w inner 'PS1=; fpath=($PWD $fpath); autoload -U compinit; compinit -u -D; print -r rea\"\"dy'\n\
             zpty -r -m inner seen '*ready*'\n\
             zpty -w -n inner 'flow {typed}'$'\\t'\n\
             zpty -r -m inner seen '*{seen}*'\n\
             print -r -- \"$seen\"\n\
             zpty -d inner\n"
        );
        folder.write("typed.zsh", script.as_bytes());
        assert!(printed(&folder, "zsh", &["-f", "typed.zsh"]).contains(seen), "{typed}");
    }
}

#[test]
fn the_other_shells_are_told_whom_to_ask_and_are_answered() {
    let folder = folder("elvish");
    for (shell, begins) in [("powershell", "Register-ArgumentCompleter"), ("elvish", "set edit:completion")] {
        let done = folder.flow(&["completions", shell]);
        assert!(done.code == 0 && done.stdout.trim_start().starts_with(begins), "{}", done.stdout);
        assert!(done.stdout.contains("FLOW_COMPLETE"), "{shell}");
        let asked = [("FLOW_COMPLETE", shell), ("_CLAP_COMPLETE_INDEX", "3")];
        let done = folder.flow_in(&asked, &["--", "flow", "run", "main.flow", "gre"]);
        assert_eq!((done.stdout.trim_end().split('\t').next(), done.code), (Some("greet"), 0), "{shell}");
    }
    let done = folder.flow(&["completions", "tcsh"]);
    assert!(done.code == 2 && done.stderr.contains("bash"), "{}", done.stderr);
    let done = folder.flow_in(&[("FLOW_COMPLETE", "tcsh")], &["--", "flow", "ru"]);
    assert!(done.code == 2 && done.stderr.contains("unknown shell `tcsh`"), "{}", done.stderr);
}

#[test]
fn what_is_broken_or_not_there_offers_no_names_and_says_nothing() {
    let folder = Folder::with("workflow broken {");
    let asked = [("FLOW_COMPLETE", "fish")];
    for typed in [
        "run main.flow w",
        "run nowhere.flow w",
        "start w",
        "show --data nowhere 0",
        "why --data nowhere x y",
        "connectors show nobody x",
        "connectors record main.flow.x",
    ] {
        let words: Vec<&str> = ["--", "flow"].into_iter().chain(typed.split(' ')).collect();
        let done = folder.flow_in(&asked, &words);
        assert_eq!((&*done.stdout, &*done.stderr, done.code), ("", "", 0), "{typed}");
    }
    assert!(!folder.path().join("nowhere").exists() && !folder.path().join(".flow").exists());
}

/// The commands that `flow --help` lists below a command.
fn commands(folder: &Folder, above: &[&str]) -> Vec<String> {
    let help = folder.flow(&[above, &["--help"]].concat()).stdout;
    let Some((_, list)) = help.split_once("Commands:\n") else { return Vec::new() };
    let lines = list.lines().take_while(|line| line.starts_with("  "));
    let names = lines.filter_map(|line| line.strip_prefix("  ")?.split(' ').next().filter(|name| !name.is_empty()));
    names.filter(|name| *name != "help").map(str::to_owned).collect()
}

#[test]
fn each_command_has_a_page_that_readers_of_the_manual_take() {
    let folder = Folder::with("");
    let done = folder.flow(&["man", "pages"]);
    assert_eq!((done.code, &*done.stdout), (0, ""));
    let mut expected = vec!["flow.1".to_owned()];
    for command in commands(&folder, &[]) {
        expected.push(format!("flow-{command}.1"));
        expected.extend(commands(&folder, &[&command]).iter().map(|below| format!("flow-{command}-{below}.1")));
    }
    expected.sort();
    let entries = fs::read_dir(folder.path().join("pages")).expect("it was made").flatten();
    let mut pages: Vec<String> = entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    pages.sort();
    assert_eq!(pages, expected);
    assert_eq!(done.stderr, format!("{} pages in pages\n", pages.len()));
    assert!(pages.len() > 30 && pages.contains(&"flow-connectors-login.1".to_owned()), "{pages:?}");
    let page = |name: &str| fs::read_to_string(folder.path().join("pages").join(name)).expect("it was written");
    assert_eq!(folder.flow(&["man"]).stdout, page("flow.1"));
    assert!(page("flow-run.1").contains(".TH flow-run 1  \"flow 0."), "{}", page("flow-run.1"));
    assert!(page("flow-doctor.1").contains("flow doctor \\-\\-online"), "{}", page("flow-doctor.1"));
    if is_there("mandoc") {
        for name in &pages {
            printed(&folder, "mandoc", &["-T", "lint", "-W", "error", &format!("pages/{name}")]);
        }
    }
    if is_there("man") && Path::new("/usr/bin/groff").exists() {
        let shown = printed(&folder, "man", &["-l", "pages/flow-connectors-check.1"]);
        assert!(
            shown.contains("flow-connectors-check") && shown.contains("flow connectors check slack jira"),
            "{shown}"
        );
    }
}
