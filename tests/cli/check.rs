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
