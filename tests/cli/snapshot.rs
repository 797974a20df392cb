//! `flow test --snapshot`: what each test sends out is kept beside the program, and compared.

use super::Folder;

const DESK: &str = r##"connector desk {
    native keyed operation post(to: string, text: string, token: secret?) -> { id: string }
}
workflow tell {
    input { who: string }
    step told = desk.post { to: input.who, text: "Hello, ${input.who}", token: secret("DESK_TOKEN"), retry 2 times every 1s }
    step noted = log.info { message: "told" }
    step kid = shelve { id: told.id }
    emit "told" { who: input.who, id: told.id }
    step ok: { fine: bool } = ask role "desk" { question: "Fine?" }
}
workflow shelve {
    input { id: string }
    step kept = desk.post { to: "shelf", text: input.id }
}
test "ada is told" for tell {
    input: { who: "ada" }
    mock desk.post fails server_error then { id: "1" }
    mock ok => { fine: true }
    expect run.status == "completed"
}
test "bob is told" for tell {
    input: { who: "bob" }
    mock desk.post => { id: "2" }
    mock shelve => ()
    mock ok => { fine: true }
    expect run.status == "completed"
}
"##;

const SNAPSHOT: &str = r#"// What the tests of main.flow send out, in order. `flow test --snapshot --update main.flow` writes it anew.

test "ada is told"
    desk.post { to: "ada", text: "Hello, ada", token: *** }
    desk.post { to: "ada", text: "Hello, ada", token: *** }
    desk.post { to: "shelf", text: "1" }
    emit "told" { who: "ada", id: "1" }
    ask role "desk" { question: "Fine?" }

test "bob is told"
    desk.post { to: "bob", text: "Hello, bob", token: *** }
    shelve { id: "2" }
    emit "told" { who: "bob", id: "2" }
    ask role "desk" { question: "Fine?" }
"#;

fn kept(folder: &Folder) -> String {
    std::fs::read_to_string(folder.path().join("main.calls.snap")).expect("the snapshot was written")
}

#[test]
fn what_is_sent_is_written_down_once_and_compared_from_then_on() {
    let folder = Folder::with(DESK);
    let done = folder.flow(&["test", "--snapshot", "main.flow"]);
    assert_eq!((done.code, done.stderr.as_str()), (0, "main.calls.snap written: 2 new\n"), "{}", done.stdout);
    assert_eq!(kept(&folder), SNAPSHOT);
    let done = folder.flow(&["test", "--snapshot", "main.flow"]);
    assert_eq!((done.code, done.stderr.as_str()), (0, ""), "{}", done.stdout);

    folder.write("main.flow", DESK.replace("Hello, ${input.who}", "Hi, ${input.who}").as_bytes());
    let done = folder.flow(&["test", "--snapshot", "--filter", "bob", "main.flow"]);
    assert_eq!(done.code, 1);
    for line in [
        "it sends something else than main.calls.snap says",
        r#"-    desk.post { to: "bob", text: "Hello, bob", token: *** }"#,
        r#"+    desk.post { to: "bob", text: "Hi, bob", token: *** }"#,
        r#"     shelve { id: "2" }"#,
        "if that is right, `--snapshot --update` writes it down",
    ] {
        assert!(done.stdout.contains(line), "{line:?} in {}", done.stdout);
    }
    assert_eq!(kept(&folder), SNAPSHOT, "what differs is not written down by itself");

    let done = folder.flow(&["test", "--snapshot", "--update", "--filter", "bob", "main.flow"]);
    assert_eq!((done.code, done.stderr.as_str()), (0, "main.calls.snap written: 1 changed\n"), "{}", done.stdout);
    assert_eq!(kept(&folder), SNAPSHOT.replace("Hello, bob", "Hi, bob"), "the other test did not run");
}

#[test]
fn tests_that_are_gone_are_told_and_those_that_fail_keep_what_they_had() {
    let folder = Folder::with(DESK);
    assert_eq!(folder.flow(&["test", "--snapshot", "main.flow"]).code, 0);
    let changed = DESK.replace("bob is told", "bob hears of it").replace("mock shelve => ()", "");
    folder.write("main.flow", changed.replacen("\"completed\"", "\"failed\"", 1).as_bytes());
    let done = folder.flow(&["test", "--snapshot", "main.flow"]);
    let stale = "main.calls.snap: there is no test \"bob is told\" any more; `--update` takes it out\n";
    assert_eq!((done.code, done.stderr), (1, format!("{stale}main.calls.snap written: 1 new\n")), "{}", done.stdout);
    assert!(kept(&folder).contains("test \"bob is told\"") && kept(&folder).contains("Hello, ada"));
    let done = folder.flow(&["test", "--snapshot", "--update", "main.flow"]);
    assert_eq!((done.code, done.stderr.as_str()), (1, "main.calls.snap written: 1 gone\n"), "{}", done.stdout);
    assert!(!kept(&folder).contains("test \"bob is told\"") && kept(&folder).contains("Hello, ada"));
}

#[test]
fn a_snapshot_is_one_of_chance_as_it_is_written() {
    let folder = Folder::with(DESK);
    let done = folder.flow(&["test", "--snapshot", "--seed", "1", "main.flow"]);
    assert_eq!(done.code, 2);
    let done = folder.flow(&["test", "--update", "main.flow"]);
    assert_eq!(done.code, 2);
    assert!(done.stderr.contains("--snapshot"), "{}", done.stderr);
}

#[test]
fn services_read_junit_and_the_order_is_that_of_the_text_however_many_run_at_once() {
    let folder = Folder::with(&DESK.replacen("\"completed\"", "\"failed\"", 1));
    folder.write("broken.flow", b"workflow broken { output { n: int = nothing } }\n");
    let done = folder.flow(&["test", "--format", "junit", "main.flow", "broken.flow"]);
    assert_eq!(done.code, 2);
    for line in [
        r#"<?xml version="1.0" encoding="UTF-8"?>"#,
        r#"<testsuites tests="3" failures="1" errors="1" time=""#,
        r#"<testsuite tests="2" failures="1" errors="0" name="main.flow" time=""#,
        r#"<testcase name="ada is told" classname="main.flow" file="main.flow" line="16" time=""#,
        "expected `run.status == &quot;failed&quot;`",
        "</failure>",
        r#"<testcase name="bob is told" classname="main.flow" file="main.flow" line="22" time=""#,
        r#"<error message="the program cannot run: `flow check` says why"/>"#,
    ] {
        assert!(done.stdout.contains(line), "{line:?} in {}", done.stdout);
    }
    let one = folder.flow(&["test", "--jobs", "1", "main.flow"]);
    let many = folder.flow(&["test", "-j", "8", "--slowest", "1", "main.flow"]);
    let titles = |text: &str| {
        text.lines().filter(|line| line.contains("is told (")).map(|line| line[..15].to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(titles(&one.stdout), titles(&many.stdout));
    assert_eq!(titles(&one.stdout).len(), 2, "{}", one.stdout);
    assert!(many.stdout.contains("\nslowest\n") && !one.stdout.contains("slowest"), "{}", many.stdout);
    assert_eq!(many.stdout.lines().last(), Some("1 passed, 1 failed"));
    assert_eq!(folder.flow(&["test", "--jobs", "0", "main.flow"]).code, 2);
}
