//! `flow check`: every diagnostic with its place, for people and for tools.

use super::Folder;

const WRONG: &str = "workflow greet {\n    input { name: string }\n    output { text: string = input.nmae }\n}\n";

#[test]
fn a_program_without_faults_is_ready() {
    let done = Folder::with("workflow idle { }\n").flow(&["check", "main.flow"]);
    assert_eq!((done.stdout.as_str(), done.stderr.as_str(), done.code), ("", "1 file checked, ready to run\n", 0));
}

#[test]
fn a_fault_has_its_place_its_line_and_a_way_out() {
    let done = Folder::with(WRONG).flow(&["check", "main.flow"]);
    assert_eq!(
        done.stdout,
        "main.flow:3:35: error[F0203]: `input` has no field `nmae`\n  \
           |\n\
         3 |     output { text: string = input.nmae }\n  \
           |                                   ^^^^\n  \
           |\n  \
           = help: did you mean `name`?\n\
         \n\
         1 error\n"
    );
    assert_eq!((done.stderr.as_str(), done.code), ("1 file checked, 1 cannot run\n", 2));
}

#[test]
fn tools_read_json() {
    let done = Folder::with(WRONG).flow(&["check", "--format", "json", "main.flow"]);
    let list: serde_json::Value = serde_json::from_str(&done.stdout).expect("it is JSON");
    let first = &list[0];
    assert_eq!((first["code"].as_str(), first["severity"].as_str()), (Some("F0203"), Some("error")));
    assert_eq!((first["file"].as_str(), &first["line"], &first["column"]), (Some("main.flow"), &3.into(), &35.into()));
    assert_eq!((&first["end_line"], &first["end_column"]), (&3.into(), &39.into()));
    assert_eq!(first["hints"][0]["edit"]["text"].as_str(), Some("name"));
    assert_eq!((list.as_array().map(Vec::len), done.code), (Some(1), 2));
}

#[test]
fn nothing_is_an_empty_list() {
    let done = Folder::with("workflow idle { }\n").flow(&["check", "--format", "json", "main.flow"]);
    assert_eq!((done.stdout.as_str(), done.stderr.as_str(), done.code), ("[]\n", "", 0));
}

#[test]
fn every_file_is_checked() {
    let folder = Folder::with(WRONG);
    folder.write("good.flow", b"workflow good { }\n");
    let done = folder.flow(&["check", "main.flow", "good.flow", "missing.flow"]);
    assert_eq!((done.stderr.as_str(), done.code), ("3 files checked, 2 cannot run\n", 2));
    assert!(
        done.stdout.contains("missing.flow:1:1: error[F0100]: the file cannot be read: there is none of this name\n"),
        "{}",
        done.stdout
    );
}

/// A folder with programs in it and below, and with what lies beside programs.
fn project() -> Folder {
    let folder = Folder::with(
        "use \"deep/shared.flow\" as common\n\nworkflow greet {\n    output { text: string = common.text() }\n}\n",
    );
    for below in ["deep/er", ".flow", ".hidden", "node_modules/pack", "target"] {
        std::fs::create_dir_all(folder.path().join(below)).expect("a folder in the folder");
    }
    folder.write("deep/shared.flow", b"fn text() { \"a\" }\n");
    folder.write("deep/er/last.flow", b"workflow last { }\n");
    for nothing in
        [".flow/a.flow", ".hidden/a.flow", ".a.flow", "node_modules/pack/a.js.flow", "target/a.flow", "notes.txt"]
    {
        folder.write(nothing, b"no program");
    }
    folder
}

#[test]
fn a_directory_is_all_programs_in_it_and_below() {
    let folder = project();
    for args in [&["check"][..], &["check", "."], &["check", "main.flow", ".", "./deep", "deep/er/last.flow"]] {
        let done = folder.flow(args);
        assert_eq!((&*done.stdout, &*done.stderr, done.code), ("", "3 files checked, ready to run\n", 0), "{args:?}");
    }
    let done = folder.flow(&["check", "deep"]);
    assert_eq!((&*done.stdout, &*done.stderr, done.code), ("", "2 files checked, ready to run\n", 0));
    let done = folder.flow(&["fmt", "--check"]);
    assert_eq!((&*done.stderr, done.code), ("deep/er/last.flow\n3 files looked at, 1 would change\n", 1));
    std::fs::create_dir(folder.path().join("empty")).expect("a folder in the folder");
    for command in ["check", "fmt", "test"] {
        let done = folder.flow(&[command, "main.flow", "empty"]);
        let said =
            "error: there is no `.flow` file in `empty`\n  hint: name the directory in which your programs lie\n";
        assert_eq!((&*done.stdout, &*done.stderr, done.code), ("", said, 2), "{command}");
    }
}

#[test]
fn what_is_wrong_with_a_shared_file_is_said_once_and_counted_at_the_end() {
    let folder = project();
    folder
        .write("other.flow", b"use \"deep/shared.flow\" as common\n\nworkflow other {\n    output common.text()\n}\n");
    folder.write("deep/shared.flow", b"fn text() { missing }\n");
    folder.write("deep/er/last.flow", WRONG.as_bytes());
    let done = folder.flow(&["check", "."]);
    assert_eq!(done.stderr, "4 files checked, 4 cannot run\n", "{}", done.stdout);
    assert_eq!(done.stdout.matches("deep/shared.flow:1:13: error").count(), 1, "{}", done.stdout);
    assert_eq!(done.stdout.matches("deep/er/last.flow:3:35: error[F0203]").count(), 1, "{}", done.stdout);
    assert!(done.stdout.ends_with("\n2 errors\n") && done.stdout.matches(": error[").count() == 2, "{}", done.stdout);
    let list: serde_json::Value =
        serde_json::from_str(&folder.flow(&["check", "--format", "json"]).stdout).expect("it is JSON");
    let files: Vec<_> =
        list.as_array().expect("a list").iter().map(|it| it["file"].as_str().expect("it has one")).collect();
    assert_eq!(files, ["deep/er/last.flow", "deep/shared.flow"]);
}

#[test]
fn steps_that_should_get_a_type_are_named() {
    let typed = "step job: { body: { state: string } } = http.get { url: \"https://a.example\" }";
    let untyped = "step job = http.get { url: \"https://a.example\" }";
    let program = |step: &str| format!("workflow w {{\n    {step}\n    output job.body.state\n}}\n");
    let done = Folder::with(&program(untyped)).flow(&["check", "main.flow"]);
    let advice = "  main.flow:2: `job.body` has no type, so what is read of it is not checked: `step job: { ... } = ...` \
                  gives it one\n";
    assert_eq!((done.stdout.as_str(), done.code), ("", 0));
    assert_eq!(done.stderr, format!("1 file checked, ready to run\n{advice}"));
    let done = Folder::with(&program(typed)).flow(&["check", "main.flow"]);
    assert_eq!((done.stderr.as_str(), done.code), ("1 file checked, ready to run\n", 0));
}

#[test]
fn a_hint_says_what_is_to_be_put_in() {
    let done = Folder::with("workflow w { step a = http.get { url: \"https://a.example\", timeout 30 } }\n")
        .flow(&["check", "main.flow"]);
    assert!(done.stdout.contains("= help: say of what: `30s`\n"), "{}", done.stdout);
}
