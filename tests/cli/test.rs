//! `flow test`: what passed, what failed and why.

use super::Folder;

const DOUBLE: &str = r#"workflow double {
    input { n: int }
    step wait_long = sequence { wait 3d }
    output { n: int = input.n * 2 }
}

test "it doubles" for double {
    input: { n: 2 }
    expect output.n == 4
    expect run.elapsed >= 3d
}

test "it triples" for double {
    input: { n: 2 }
    expect output.n == 6
}
"#;

#[test]
fn a_failure_shows_its_line_and_both_sides() {
    let done = Folder::with(DOUBLE).flow(&["test", "main.flow"]);
    let stdout = super::covered(&done.stdout);
    assert_eq!(done.code, 1, "{stdout}{}", done.stderr);
    assert!(stdout.starts_with("main.flow\n  ✓ it doubles (3d in TOOK)\n  ✗ it triples (3d in TOOK)\n"), "{stdout}");
    for line in ["--> main.flow:15:12", "expect output.n == 6", "4", "6"] {
        assert!(stdout.contains(line), "{line:?} in {stdout}");
    }
    assert_eq!(stdout.lines().last(), Some("1 passed, 1 failed"));
    assert_eq!(done.stderr, "");
}

#[test]
fn a_mocked_answer_comes_as_a_real_one_does() {
    let folder = Folder::with(
        r#"connector desk {
    native read operation tickets() -> list<{ id: int, owner: string?, due: datetime }>
}
workflow late {
    step tickets = desk.tickets {}
    output {
        owners: list<string> = tickets.map(|ticket| ticket.owner ?? "nobody")
        next:   datetime     = tickets[0].due + 1d
    }
}
test "what is not given is absent, and a text is a moment" for late {
    mock desk.tickets => [{ id: 1, due: "2026-03-30T09:00:00Z" }, { id: 2, owner: "Ada", due: "2026-04-01T09:00:00Z" }]
    expect output.owners == ["nobody", "Ada"]
    expect output.next == datetime("2026-03-31T09:00:00Z")
}
"#,
    );
    let done = folder.flow(&["test", "main.flow"]);
    assert_eq!(done.code, 0, "{}{}", done.stdout, done.stderr);
}

#[test]
fn a_crash_after_each_record_changes_nothing_but_what_nobody_can_know() {
    let folder = Folder::with(
        r#"connector bank {
    native keyed operation reserve(sku: int) -> { ok: bool }
    native once operation charge(sku: int) -> { ok: bool }
    native once operation tip(sku: int) -> { ok: bool }
    native once operation note(sku: int) -> { ok: bool }
}
workflow orders {
    for sku in 1..=3 { step held = bank.reserve { sku, undo bank.reserve { sku: 0 } } }
    wait 3d
    step paid = bank.charge { sku: 1, on outcome_unknown skip }
    step thanks = bank.tip { sku: 1 }
    step last = bank.note { sku: 1, on outcome_unknown retry 2 times }
}
test "it is paid" for orders {
    mock bank.reserve after 5s => { ok: true }
    mock bank.charge after 5s => { ok: true }
    mock bank.tip after 5s => { ok: true }
    mock bank.note after 5s => { ok: true }
    expect run.status == "completed" && calls(bank.reserve).len() == 3
}
"#,
    );
    let done = folder.flow(&["test", "--crash-everywhere", "--format", "json", "main.flow"]);
    let report: serde_json::Value = serde_json::from_str(&done.stdout).expect("it is JSON");
    let crashes = &report["tests"][0]["crashes"];
    assert_eq!(done.code, 0, "{report:#}");
    assert!(crashes["tried"].as_u64() >= Some(7), "each effect, the wait, and what comes before: {crashes:#}");
    let doubts = serde_json::json!([
        { "operation": "bank.charge", "crashes": 1, "handled": 1, "again": 0 },
        { "operation": "bank.note", "crashes": 1, "handled": 1, "again": 1 },
        { "operation": "bank.tip", "crashes": 1, "handled": 0, "again": 0 },
    ]);
    assert_eq!((&crashes["broken"], &crashes["doubts"]), (&serde_json::json!([]), &doubts));
    let done = folder.flow(&["test", "--crash-everywhere", "main.flow"]);
    let said = "1 crash leaves `bank.charge` in doubt, which may not be repeated: the program deals with it";
    assert!(done.stdout.contains(said), "{}", done.stdout);
    let said = "`bank.note` in doubt, which may not be repeated: after 1 of 1 the program calls it again, and it may then have happened twice";
    assert!(done.stdout.contains(said), "{}", done.stdout);
}

#[test]
fn a_filter_picks_tests_by_title() {
    let folder = Folder::with(DOUBLE);
    let done = folder.flow(&["test", "--filter", "DOUBLES", "main.flow"]);
    assert_eq!((done.stdout.lines().last(), done.code), (Some("1 passed, 0 failed"), 0));
    let done = folder.flow(&["test", "--filter", "halves", "main.flow"]);
    assert_eq!((done.stderr.as_str(), done.code), ("error: no test has \"halves\" in its title\n", 2));
}

#[test]
fn tools_read_json() {
    let done = Folder::with(DOUBLE).flow(&["test", "--format", "json", "--seed", "7", "main.flow"]);
    let report: serde_json::Value = serde_json::from_str(&done.stdout).expect("it is JSON");
    assert_eq!((&report["passed"], &report["failed"], done.code), (&1.into(), &1.into(), 1));
    let failed = &report["tests"][1];
    assert_eq!((failed["title"].as_str(), &failed["line"]), (Some("it triples"), &13.into()));
    assert_eq!((failed["failures"][0]["line"].as_i64(), failed["elapsed_ms"].as_i64()), (Some(15), Some(259_200_000)));
}

#[test]
fn a_program_that_cannot_run_is_told_apart_from_a_test_that_failed() {
    let folder = Folder::with("workflow broken { output { n: int = nothing } }\n");
    assert_eq!(folder.flow(&["test", "main.flow"]).code, 2);
    let done = Folder::with("workflow idle { }\n").flow(&["test", "main.flow"]);
    assert_eq!(done.code, 2);
    assert!(
        done.stderr.starts_with("error: there is no test in these files, and no example of a connector\n  hint: "),
        "{}",
        done.stderr
    );
}

#[test]
fn sound_programs_are_tested_beside_those_that_cannot_run() {
    let folder = Folder::with("workflow broken { output { n: int = nothing } }\n");
    folder.write("double.flow", DOUBLE.as_bytes());
    let done = folder.flow(&["test", "main.flow", "double.flow"]);
    assert_eq!((done.stdout.lines().last(), done.code), (Some("1 passed, 1 failed"), 2), "{}", done.stderr);
    assert!(done.stderr.starts_with("main.flow:1:"), "{}", done.stderr);
    assert!(done.stderr.ends_with("1 of 2 files cannot run: main.flow\n"), "{}", done.stderr);
    let done = folder.flow(&["test", "--format", "json", "main.flow", "double.flow"]);
    let report: serde_json::Value = serde_json::from_str(&done.stdout).expect("it is JSON");
    assert_eq!((&report["cannot_run"], done.code), (&serde_json::json!(["main.flow"]), 2));
}

#[test]
fn a_directory_is_tested_as_its_programs_are() {
    let folder = Folder::with(DOUBLE);
    std::fs::create_dir_all(folder.path().join("deep/.flow")).expect("a folder in the folder");
    folder.write("deep/more.flow", DOUBLE.replace("it triples", "it quadruples").as_bytes());
    folder.write("deep/.flow/kept.flow", b"no program");
    let titles = |args: &[&str]| {
        let done = folder.flow(&[&["test"], args].concat());
        let stdout = super::covered(&done.stdout);
        let lines = stdout
            .lines()
            .filter(|line| line.ends_with(".flow") || line.ends_with(" TOOK)") || line.ends_with("failed"));
        (lines.map(|line| line.split(" (").next().unwrap_or_default().trim().to_owned()).collect::<Vec<_>>(), done.code)
    };
    let expected = [
        "deep/more.flow",
        "✓ it doubles",
        "✗ it quadruples",
        "main.flow",
        "✓ it doubles",
        "✗ it triples",
        "2 passed, 2 failed",
    ];
    let whole = (expected.map(str::to_owned).to_vec(), 1);
    assert_eq!(titles(&[]), whole);
    assert_eq!(titles(&["deep", ".", "main.flow"]), whole, "each once");
    assert_eq!(titles(&["deep"]).0.len(), 4);
    let done = folder.flow(&["test", "--coverage", "--seed", "1..3", "--filter", "doubles", "."]);
    assert_eq!(done.code, 0, "{}{}", done.stdout, done.stderr);
    assert!(done.stdout.contains("deep/more.flow") && done.stdout.contains("2 passed, 0 failed"), "{}", done.stdout);
    folder.write("deep/broken.flow", b"workflow broken {");
    let done = folder.flow(&["test", "."]);
    assert_eq!(done.code, 2, "the worst counts");
    assert!(done.stderr.ends_with("1 of 3 files cannot run: deep/broken.flow\n"), "{}", done.stderr);
}

#[test]
fn the_error_of_no_step_names_none() {
    let done =
        Folder::with("workflow w {\n    fail refused \"no\"\n}\ntest \"t\" for w {\n    expect output == 1\n}\n")
            .flow(&["test", "main.flow"]);
    assert!(done.stdout.contains("the run is failed: refused: no\n"), "{}", done.stdout);
}

/// A test of `body` that goes round for ever, and what is said of it.
fn endless(body: &str, mocks: &str) -> String {
    let program = format!(
        "workflow round {{\n    let one = 1\n    {body}\n}}\ntest \"it ends\" for round {{\n    {mocks}\n    expect run.status == \"completed\"\n}}\n"
    );
    let done = Folder::with(&program).flow(&["test", "main.flow"]);
    assert_eq!(done.code, 1, "{}{}", done.stdout, done.stderr);
    super::covered(&done.stdout)
}

#[test]
fn a_run_that_never_ends_is_told_with_what_goes_round() {
    let told = endless(r#"while one > 0 { step said = log.info { message: "round" } }"#, "");
    assert!(told.contains("the run does not end: `while` is in its turn"), "{told}");
    assert!(told.contains("--> main.flow:3:5") && told.contains("write `while ... max 100 {`"), "{told}");
    let told = endless(
        r#"step page = http.get { url: "https://x.example/", on error retry }"#,
        r#"mock http.get fails connection_error "down""#,
    );
    assert!(told.contains("`page` was tried") && told.contains("write `retry 3 times`"), "{told}");
}

#[test]
fn a_test_that_fails_says_which_question_nobody_answered() {
    let folder = Folder::with(
        "workflow w {\n    step ok: { keep: bool } = ask role \"boss\" { question: \"Keep it?\" }\n    output { keep: bool = ok.keep }\n}\n\
         test \"it is kept\" for w {\n    expect output.keep\n}\n\
         test \"it waits\" for w {\n    advance 1d\n    expect run.status == \"running\"\n}\n",
    );
    let done = folder.flow(&["test", "main.flow"]);
    assert!(
        done.stdout.contains("`ok` asks, and the test has no mock for it; write `mock ok => ...`"),
        "{}",
        done.stdout
    );
    assert_eq!(done.stdout.matches("`ok` asks").count(), 1, "who passes need not know: {}", done.stdout);
}
