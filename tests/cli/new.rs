//! `flow new`: what is made works as it is, and nothing that is there is touched.

use std::fs;
use std::process::Command;

use super::Folder;

/// Each template, and the program it makes.
const TEMPLATES: [(&str, &str); 3] =
    [("welcome", "welcome.flow"), ("approval", "approval.flow"), ("digest", "digest.flow")];

/// An empty folder.
fn empty() -> Folder {
    let folder = Folder::with("");
    fs::remove_file(folder.path().join("main.flow")).expect("it is there");
    folder
}

fn listed(folder: &Folder, within: &str) -> Vec<String> {
    let entries = fs::read_dir(folder.path().join(within)).expect("it can be listed").flatten();
    let mut names: Vec<String> = entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

fn text(folder: &Folder, name: &str) -> String {
    fs::read_to_string(folder.path().join(name)).expect("it was made")
}

#[test]
fn a_project_is_made_and_what_to_type_next_is_said() {
    let folder = empty();
    let done = folder.flow(&["new", "hello"]);
    assert_eq!((done.code, &*done.stdout), (0, ""));
    insta::assert_snapshot!(done.stderr, @"
    made `hello`: welcome.flow, flow.toml, README.md, .gitignore
    next:
      cd hello
      flow test welcome.flow
      flow run --sandbox welcome.flow
    ");
    assert_eq!(listed(&folder, "hello"), [".gitignore", "README.md", "flow.toml", "welcome.flow"]);
    assert!(text(&folder, "hello/README.md").starts_with("# hello\n"));
}

#[test]
fn each_template_is_right_in_the_style_and_tested_and_runs() {
    for (template, program) in TEMPLATES {
        let folder = empty();
        let done = folder.flow(&["new", "made", "--template", template]);
        assert_eq!(done.code, 0, "{template}: {}", done.stderr);
        let check = folder.flow_at("made", &["check", program]);
        assert_eq!((check.code, &*check.stdout), (0, ""), "{template}: nothing is found in it");
        assert_eq!(check.stderr, "1 file checked, ready to run\n", "{template}");
        let fmt = folder.flow_at("made", &["fmt", "--check"]);
        assert_eq!((fmt.code, &*fmt.stderr), (0, "1 file looked at, nothing to change\n"), "{template}");
        let test = folder.flow_at("made", &["test", program, "--coverage-min", "100%"]);
        assert_eq!(test.code, 0, "{template}: {}{}", test.stdout, test.stderr);
        let run = folder.flow_at("made", &["run", "--sandbox", program]);
        assert_eq!(run.code, 0, "{template}: {}", run.stderr);
        assert!(run.stderr.contains("sandbox: "), "{template}: it is shown what was sent: {}", run.stderr);
        let effects = folder.flow_at("made", &["effects", program]);
        assert_eq!(effects.code, 0, "{template}: {}", effects.stderr);
        // The settings are examples, and the README names the program that is there.
        assert!(text(&folder, "made/README.md").contains(&format!("`flow test {program}`")));
        assert!(!text(&folder, "made/README.md").contains('{') && !text(&folder, "made/flow.toml").contains('{'));
    }
}

#[test]
fn each_setting_of_the_examples_is_known_once_its_mark_is_taken_away() {
    for (template, program) in TEMPLATES {
        let folder = empty();
        assert_eq!(folder.flow(&["new", "made", "--template", template]).code, 0);
        let settings = text(&folder, "made/flow.toml");
        let live = settings.lines().map(|line| match line.strip_prefix("# ") {
            Some(example) if example.split_whitespace().nth(1) == Some("=") => format!("{example}\n"),
            _ => format!("{line}\n"),
        });
        let live: String = live.collect();
        assert!(live.matches(" = ").count() > 4 && live.contains("\nkeep = \"30d\""), "{live}");
        folder.write("made/flow.toml", live.as_bytes());
        let run = folder.flow_at("made", &["run", "--sandbox", program]);
        assert_eq!(run.code, 0, "{template}: {}", run.stderr);
        assert!(!run.stderr.contains("F08"), "{template}: {}", run.stderr);
    }
}

#[test]
fn git_leaves_out_what_runs_leave_behind() {
    let folder = empty();
    assert_eq!(folder.flow(&["new", "made"]).code, 0);
    let git = |args: &[&str]| {
        let output = Command::new("git").args(args).current_dir(folder.path().join("made")).output();
        String::from_utf8(output.expect("git is there").stdout).expect("UTF-8")
    };
    git(&["init", "--quiet"]);
    fs::create_dir(folder.path().join("made/.flow")).expect("a folder");
    folder.write("made/.flow/flow.db", b"");
    let seen = git(&["status", "--porcelain", "--untracked-files=all"]);
    assert_eq!(seen, "?? .gitignore\n?? README.md\n?? flow.toml\n?? welcome.flow\n");
}

#[test]
fn the_folder_that_is_here_will_do_if_it_is_empty() {
    let folder = empty();
    fs::create_dir_all(folder.path().join("orders/.git")).expect("a folder");
    let done = folder.flow_at("orders", &["new", "."]);
    assert_eq!(done.code, 0, "{}", done.stderr);
    assert!(done.stderr.starts_with("made here: ") && !done.stderr.contains("cd "), "{}", done.stderr);
    assert!(text(&folder, "orders/README.md").starts_with("# orders\n"));
    let again = folder.flow_at("orders", &["new", "."]);
    assert_eq!((again.code, &*again.stdout), (2, ""));
    insta::assert_snapshot!(again.stderr, @"
    error: `.` is not empty: `.gitignore` is in it, and 3 more
      hint: name a folder that is not there yet: `flow new hello`; nothing was changed
    ");
}

#[test]
fn what_is_there_stays_as_it_is() {
    let folder = empty();
    fs::create_dir(folder.path().join("kept")).expect("a folder");
    folder.write("kept/flow.toml", b"# mine\n");
    folder.write("file", b"mine");
    let rows = [
        ("kept", "error: `kept` is not empty: `flow.toml` is in it\n"),
        ("file", "error: `file` is a file\n  hint: a project is a folder"),
        ("file/below", "error: `file/below` cannot be made: "),
    ];
    for (name, said) in rows {
        let done = folder.flow(&["new", name]);
        assert_eq!((done.code, &*done.stdout), (2, ""), "{name}");
        assert!(done.stderr.starts_with(said), "{name}: {}", done.stderr);
    }
    assert_eq!(listed(&folder, "kept"), ["flow.toml"]);
    assert_eq!(text(&folder, "kept/flow.toml"), "# mine\n");
    assert_eq!(listed(&folder, ""), ["file", "kept"]);
}

#[test]
fn a_name_that_is_none_is_told_a_near_one() {
    let folder = empty();
    let rows = [
        ("my flows", "`flow new my-flows`"),
        ("hello.flow", "a project is a folder\n  hint: `flow new hello` makes one"),
        ("deep/.hidden", "`flow new hidden`"),
        ("$HOME", "`flow new HOME`"),
        ("???", "`flow new hello`"),
    ];
    for (name, said) in rows {
        let done = folder.flow(&["new", name]);
        assert_eq!((done.code, &*done.stdout), (2, ""), "{name}");
        assert!(done.stderr.starts_with("error: ") && done.stderr.contains(said), "{name}: {}", done.stderr);
    }
    assert!(listed(&folder, "").is_empty(), "nothing was made");
    for name in ["größe", "deep/er", "a.b_c-1"] {
        assert_eq!(folder.flow(&["new", name]).code, 0, "{name}");
    }
    let spaced = folder.flow(&["new", "deep/er/it's/x"]);
    assert_eq!(spaced.code, 0);
    assert!(spaced.stderr.contains(r"cd 'deep/er/it'\''s/x'"), "{}", spaced.stderr);
    let unknown = folder.flow(&["new", "b", "--template", "welcom"]);
    assert!(unknown.code == 2 && unknown.stderr.contains("'welcome'"), "{}", unknown.stderr);
}
