//! Documents that are broken, or mean harm: what is wrong is said, with its line, and nothing breaks.

use crate::cli::Folder;

/// What `flow import` says of a document that it refuses.
fn refused(name: &str, document: &str) -> String {
    let folder = Folder::with("");
    folder.write(name, document.as_bytes());
    let done = folder.flow(&["import", name]);
    assert_eq!((done.code, done.stdout.as_str()), (2, ""), "{}", done.stderr);
    done.stderr
}

#[test]
fn a_broken_machine_is_told_by_its_line() {
    let rows = [
        ("{ \"StartAt\": \"A\",", "m.json: this is no JSON: EOF"),
        ("{ \"hello\": 1 }", "m.json: this is no document of a workflow language that can be read"),
        ("{ \"StartAt\": \"A\" }", "the state machine has no `States`"),
        ("{\n\"States\": {\n\"A\": { \"Type\": \"Succeed\" } } }", "m.json:2: the state machine has no `StartAt`"),
        (
            "{ \"StartAt\": \"Ask\", \"States\": {\n\"Asks\": { \"Type\": \"Succeed\" } } }",
            "m.json:1: `StartAt` leads to `Ask`, and no state is called so\n  hint: did you mean `Asks`?",
        ),
        (
            "{ \"StartAt\": \"A\",\n\"States\": {\n\"A\": { \"Type\": \"Pass\", \"Next\": \"B\" } } }",
            "m.json:3: `A` leads to `B`, and no state is called so",
        ),
        (
            "{ \"StartAt\": \"A\",\n\"States\": {\n\"A\": { \"Type\": \"Pas\", \"End\": true } } }",
            "m.json:3: the state `A` is of the type `Pas`, which there is not\n  hint: did you mean `Pass`?",
        ),
        (
            "{ \"StartAt\": \"A\",\n\"States\": {\n\"A\": { \"Type\": \"Pass\" } } }",
            "m.json:3: the state `A` does not say where it leads",
        ),
    ];
    for (document, says) in rows {
        let said = refused("m.json", document);
        assert!(said.contains(says), "{document}\n{said}");
    }
}

#[test]
fn a_file_is_not_written_over() {
    let folder = Folder::with("");
    folder.write("m.json", b"{ \"StartAt\": \"A\", \"States\": { \"A\": { \"Type\": \"Succeed\" } } }");
    let done = folder.flow(&["import", "m.json", "-o", "main.flow"]);
    assert_eq!(done.code, 2);
    assert!(done.stderr.contains("`main.flow` is there already") && done.stderr.contains("--force"), "{}", done.stderr);
    let done = folder.flow(&["import", "m.json"]);
    assert_eq!(done.code, 0);
    assert!(done.stdout.contains("workflow m {"), "{}", done.stdout);
    assert_eq!(done.stderr, "m: 1 state of Amazon States Language, all one to one\n");
}

#[test]
fn a_description_of_a_service_becomes_a_connector() {
    let folder = Folder::with("");
    folder.write("house.json", crate::lang::openapi::HOUSE.as_bytes());
    let done = folder.flow(&["import", "house.json", "-o", "house.flow"]);
    assert_eq!((done.code, done.stdout.as_str()), (0, ""), "{}", done.stderr);
    assert!(done.stderr.starts_with("house.flow: 12 operations\n"), "{}", done.stderr);
    let made = std::fs::read_to_string(folder.path().join("house.flow")).expect("it was written");
    assert!(made.contains("connector house "), "{made}");
}
