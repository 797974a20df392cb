//! `flow completions` and `flow man`: asked in the shells and by the readers that people have.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::Folder;

/// What is typed, and what a shell makes of it.
const ROWS: [(&[&str], &str); 6] = [
    (&["docto"], "doctor"),
    (&["connectors", "logi"], "login"),
    (&["doctor", "--onl"], "--online"),
    (&["run", "--sand"], "--sandbox"),
    (&["new", "--template", "wel"], "welcome"),
    (&["test", "--format", "jun"], "junit"),
];

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
    let folder = Folder::with("");
    let done = folder.flow(&["completions", shell]);
    assert_eq!((done.code, &*done.stderr), (0, ""), "{shell}");
    folder.write("completions", done.stdout.as_bytes());
    folder
}

/// What a program prints in a folder, in which no settings of a person are.
fn printed(folder: &Folder, program: &str, args: &[&str]) -> String {
    let output = Command::new("timeout")
        .args(["30", program])
        .args(args)
        .current_dir(folder.path())
        .env("HOME", folder.path())
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
    for (words, expected) in ROWS {
        let all = [&["flow"], words].concat();
        let (last, before) = (all[all.len() - 1], all[all.len() - 2]);
        let script = format!(
            "source ./completions; COMP_WORDS=({}); COMP_CWORD={}; _flow flow '{last}' '{before}'; printf '%s\\n' \"${{COMPREPLY[@]}}\"",
            all.join(" "),
            all.len() - 1
        );
        assert_eq!(printed(&folder, "bash", &["--norc", "-c", &script]), format!("{expected}\n"), "{words:?}");
    }
}

#[test]
fn fish_completes() {
    if !is_there("fish") {
        return;
    }
    let folder = folder("fish");
    for (words, expected) in ROWS {
        let script = format!("source ./completions; complete -C 'flow {}'", words.join(" "));
        let said = printed(&folder, "fish", &["--no-config", "-c", &script]);
        let offered: Vec<&str> = said.lines().filter_map(|line| line.split('\t').next()).collect();
        assert_eq!(offered, [expected], "{words:?}");
    }
}

#[test]
fn zsh_completes() {
    if !is_there("zsh") {
        return;
    }
    let folder = folder("zsh");
    fs::rename(folder.path().join("completions"), folder.path().join("_flow")).expect("it can be moved");
    for (words, expected) in ROWS {
        // A shell in a terminal of its own, in which somebody types the words and presses the tabulator.
        let script = format!(
            "zmodload zsh/zpty\n\
             zpty inner zsh -f -i\n\
             zpty -w inner 'PS1=; fpath=($PWD $fpath); autoload -U compinit; compinit -u -D; print -r rea\"\"dy'\n\
             zpty -r -m inner seen '*ready*'\n\
             zpty -w -n inner 'flow {}'$'\\t'\n\
             zpty -r -m inner seen '*{expected}*'\n\
             print -r -- \"$seen\"\n\
             zpty -d inner\n",
            words.join(" "),
        );
        folder.write("typed.zsh", script.as_bytes());
        assert!(printed(&folder, "zsh", &["-f", "typed.zsh"]).contains(expected), "{words:?}");
    }
}

#[test]
fn the_other_shells_are_told_something_too() {
    for (shell, begins) in [("powershell", "using namespace System.Management.Automation"), ("elvish", "use builtin;")]
    {
        let done = Folder::with("").flow(&["completions", shell]);
        assert!(done.code == 0 && done.stdout.trim_start().starts_with(begins), "{}", done.stdout);
        assert!(done.stdout.contains("'flow;connectors;login'"), "{shell}");
    }
    let done = Folder::with("").flow(&["completions", "tcsh"]);
    assert!(done.code == 2 && done.stderr.contains("bash"), "{}", done.stderr);
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
