//! `flow run`: what goes where, and how it ends.

use super::Folder;

const GREET: &str = r#"
workflow greet {
    input { name: string = "you" }
    step text = script { "hello " + input.name }
    output { text: string = text }
}
"#;

#[test]
fn the_output_is_on_stdout_and_everything_else_on_stderr() {
    let done = Folder::with(GREET).flow(&["run", "main.flow", "--input", r#"{"name": "Ada"}"#]);
    assert_eq!(done.stdout, "{\"text\":\"hello Ada\"}\n");
    assert_eq!(done.stderr, "TIME greet  started, run RUN\nTIME text  ok\nTIME greet  completed TOOK\n");
    assert_eq!(done.code, 0);
}

#[test]
fn a_workflow_without_input_needs_none() {
    let done = Folder::with(GREET).flow(&["run", "main.flow"]);
    assert_eq!((done.stdout.as_str(), done.code), ("{\"text\":\"hello you\"}\n", 0));
}

#[test]
fn a_failed_run_names_type_message_and_step() {
    let done = Folder::with(
        r#"
workflow look {
    step page = http.get { url: "http://127.0.0.1:1/", retry 1 times every 1ms }
}
"#,
    )
    .flow(&["run", "main.flow", "--set", r#"http.allow_hosts=["127.0.0.1"]"#]);
    assert_eq!((done.stdout.as_str(), done.code), ("", 1));
    let last = done.stderr.lines().find(|line| line.starts_with("error:")).unwrap_or_default();
    assert!(last.starts_with("error: connection_error in step `page`: "), "{}", done.stderr);
    assert!(done.stderr.contains("page  retry 1 in TOOK (connection_error: "), "{}", done.stderr);
}

#[test]
fn a_private_address_is_refused_unless_it_is_allowed() {
    let done = Folder::with(r#"workflow look { step page = http.get { url: "http://127.0.0.1:1/" } }"#)
        .flow(&["run", "main.flow"]);
    assert_eq!(done.code, 1);
    assert!(done.stderr.contains("http.allow_hosts"), "{}", done.stderr);
}

#[test]
fn a_broken_script_shows_its_line() {
    let done = Folder::with(
        "workflow broken {\n    input { n: int }\n    step half = script { 10 / input.n }\n    output { half: any = half }\n}\n",
    )
    .flow(&["run", "main.flow", "--input", r#"{"n": 0}"#]);
    assert_eq!(done.code, 1);
    assert!(done.stderr.contains("error: script_error in step `half`: "), "{}", done.stderr);
    assert!(done.stderr.contains("--> main.flow:3:"), "{}", done.stderr);
}

#[test]
fn which_workflow_is_meant_must_be_clear() {
    let two = Folder::with("workflow one { }\nworkflow two { }\n");
    let done = two.flow(&["run", "main.flow"]);
    assert_eq!(done.code, 2);
    assert_eq!(
        done.stderr,
        "error: main.flow has several workflows: `one`, `two`\n  hint: name the one you mean behind the file: `main.flow one`\n"
    );
    let done = two.flow(&["run", "main.flow", "tow"]);
    assert_eq!(done.code, 2);
    assert_eq!(done.stderr, "error: main.flow has no workflow `tow`\n  hint: did you mean `two`?\n");
    assert_eq!(two.flow(&["run", "main.flow", "two"]).code, 0);
}

#[test]
fn a_question_without_a_terminal_fails() {
    let done = Folder::with(
        r#"
workflow ask_somebody {
    step ok: { approve: bool } = ask role "finance" { question: "Pay?" }
    output { approve: bool = ok.approve }
}
"#,
    )
    .flow(&["run", "main.flow"]);
    assert_eq!(
        done.stderr,
        "TIME ask_somebody  started, run RUN\n\
         TIME ok  asks role finance: Pay?\n\
         TIME ok  failed (not_found: role finance is asked, and nobody can answer here; under `flow serve` people answer by `flow answer`)\n\
         TIME ask_somebody  failed TOOK\n\
         error: not_found in step `ok`: role finance is asked, and nobody can answer here; under `flow serve` people answer by `flow answer`\n"
    );
    assert_eq!((done.stdout.as_str(), done.code), ("", 1));
}

#[test]
fn a_parked_step_without_a_terminal_fails() {
    let done = Folder::with(
        r#"
workflow stuck {
    step page = http.get { url: "http://127.0.0.1:1/" }
    on error park
}
"#,
    )
    .flow(&["run", "main.flow"]);
    assert_eq!(done.code, 1);
    assert!(
        done.stderr
            .contains("`page` is parked, and nobody can decide here: stdin or stderr is no terminal; it fails\n"),
        "{}",
        done.stderr
    );
    assert!(done.stderr.contains("error: permission_denied in step `page`: "), "{}", done.stderr);
}

#[test]
fn what_scripts_print_and_log_lines_are_on_stderr() {
    let done = Folder::with(
        r#"
workflow talk {
    step think = script { print("a thought"); 1 }
    step log.warn { message: "careful", values: { n: think } }
}
"#,
    )
    .flow(&["run", "main.flow"]);
    assert_eq!((done.stdout.as_str(), done.code), ("null\n", 0));
    assert!(done.stderr.contains("TIME print  a thought\n"), "{}", done.stderr);
    assert!(done.stderr.contains("TIME warn  warn careful  {\"n\":1}\n"), "{}", done.stderr);
}

#[test]
fn of_many_turns_a_few_are_told_and_the_rest_is_counted() {
    let done = Folder::with(
        "workflow many {\n    step all = parallel for i in 0..1000 max 10 { step one = sequence { wait 1ms } }\n}\n",
    )
    .flow(&["run", "main.flow"]);
    assert_eq!(done.code, 0, "{}", done.stderr);
    assert!(done.stderr.contains("TIME all  [500/1000]\n"), "{}", done.stderr);
    assert!(done.stderr.lines().count() < 100, "{}", done.stderr);
}

#[test]
fn usage_that_is_wrong_is_told_apart_from_a_run_that_failed() {
    let folder = Folder::with(GREET);
    let done = folder.flow(&["chck", "main.flow"]);
    assert_eq!((done.stdout.as_str(), done.code), ("", 2));
    assert!(done.stderr.contains("a similar subcommand exists: 'check'"), "{}", done.stderr);
    assert_eq!(folder.flow(&["run"]).code, 2);
    assert_eq!(folder.flow(&["run", "nowhere.flow"]).code, 2);
    assert_eq!(folder.flow(&["--help"]).code, 0);
}

#[test]
fn a_program_with_errors_does_not_run() {
    let done = Folder::with("workflow broken {\n    output { n: int = nothing }\n}\n").flow(&["run", "main.flow"]);
    assert_eq!((done.stdout.as_str(), done.code), ("", 2));
    assert!(done.stderr.starts_with("main.flow:2:23: error[F02"), "{}", done.stderr);
}

#[test]
fn a_reader_that_has_gone_is_no_fault() {
    let folder = Folder::with(GREET);
    for args in [&["run", "main.flow"][..], &["check", "main.flow"], &["explain"]] {
        let mut child = folder.start(args);
        drop((child.stdout.take(), child.stderr.take()));
        assert_eq!(child.wait().expect("it ends").code(), Some(0), "{args:?}");
    }
}

#[cfg(feature = "http")]
#[tokio::test(flavor = "multi_thread")]
async fn what_a_call_is_given_is_held_against_its_types_before_anything_is_sent() {
    use crate::connect::peer::{Peer, says};
    let peer = Peer::new([says(200, "{}")]).await;
    let folder = Folder::with(&format!(
        r#"
connector svc {{
    config {{ base_url: url = "{}" }}
    once operation put(
        n: int(1..5), s: string(..3), l: list<int>(..2), e: "x" | "y", o: {{ id: string }}?, m: float = 1.5
    ) -> any {{ POST "/put" {{ body: {{ n, s, l, e, o, m }} }} }}
}}
workflow w {{
    input {{ x: any }}
    step svc.put {{ n: input.x.n, s: input.x.s, l: input.x.l, e: input.x.e, o: input.x.o, m: input.x?.m }}
}}
"#,
        peer.url("/")
    ));
    let allow = ["--set", r#"http.allow_hosts=["127.0.0.1"]"#];
    let run = |input: &str| folder.flow(&[&["run", "main.flow", "--input", input], &allow[..]].concat());
    let wrong = r#"{ "x": { "n": 99, "s": "long", "l": [1, 2, 3], "e": "z", "o": { "id": {} } } }"#;
    let done = run(wrong);
    assert_eq!(done.code, 1, "{}", done.stderr);
    for said in [
        "validation_error",
        "`svc.put` was not asked: ",
        "`n` must be at most 5, is 99",
        "`s` must have at most 3 characters, has 4",
        "`l` must have at most 2 items, has 3",
        "`e` must be",
        "`o.id` must be a string",
    ] {
        assert!(done.stderr.contains(said), "{said}: {}", done.stderr);
    }
    assert_eq!(peer.requests().len(), 0);
    let done = run(r#"{ "x": { "n": 5, "s": "abc", "l": [1, 2], "e": "x", "o": null } }"#);
    assert_eq!(done.code, 0, "{}", done.stderr);
    assert!(peer.requests()[0].contains(r#""m":1.5"#), "{}", peer.requests()[0]);
}
