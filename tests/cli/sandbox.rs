//! `flow run --sandbox`: no account, no settings, no input, and everything that was sent is shown.

use std::collections::BTreeSet;
use std::path::Path;

use super::Folder;

#[test]
fn the_first_command_of_a_newcomer_works() {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/customer_onboarding.flow");
    let done = Folder::with("").flow(&["run", "--sandbox", &script.display().to_string()]);
    assert_eq!(done.code, 0, "{}", done.stderr);
    let output: serde_json::Value = serde_json::from_str(&done.stdout).expect("it is one JSON value");
    assert!(output["account_id"].is_string() && output["meeting"].is_string(), "{output}");
    for sent in [
        "no --input was given; made up by type: {\"first_name\":\"first name\"",
        "sandbox: 5 things were sent, and stand-ins on this machine took them\n",
        "  salesforce.create POST ",
        "  email.send mail to somebody@example.com: Welcome",
        "  jira.create_issue POST ",
        "  google_calendar.create_event POST ",
        "  slack.post_message POST ",
    ] {
        assert!(done.stderr.contains(sent), "{sent:?} in {}", done.stderr);
    }
}

#[test]
fn a_sandbox_lets_nothing_out() {
    let done = Folder::with(
        r#"
workflow fetch {
    step page = http.get { url: "https://example.com/page" }
    output { status: int = page.status }
}
"#,
    )
    .flow(&["run", "--sandbox", "main.flow"]);
    assert_eq!((done.stdout.as_str(), done.code), ("{\"status\":200}\n", 0), "{}", done.stderr);
    assert!(done.stderr.contains("sandbox: one thing was sent"), "{}", done.stderr);
}

#[test]
fn a_sandbox_asks_nobody_for_a_token() {
    let server = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = server.local_addr().expect("an address").port();
    server.set_nonblocking(true).expect("it can be told");
    let program = r#"
connector crm {
    config { base_url: url, id: string, key: secret = secret("CRM_KEY") }
    auth oauth2 { grant: "client_credentials", token_url: "http://127.0.0.1:PORT/token", client_id: config.id, client_secret: config.key }
    read operation get() -> { name: string } { GET "/it" }
}
workflow ask {
    step it = crm.get {}
    output { named: bool = it.name != "" }
}
"#;
    let done = Folder::with(&program.replace("PORT", &port.to_string())).flow(&["run", "--sandbox", "main.flow"]);
    assert_eq!((done.stdout.as_str(), done.code), ("{\"named\":true}\n", 0), "{}", done.stderr);
    assert!(server.accept().is_err(), "nobody was asked");
}

#[test]
fn without_a_terminal_a_stand_in_answers_what_is_asked() {
    let done = Folder::with(
        r#"
workflow pay {
    step ok: { approve: bool, note: string? } = ask role "finance" { question: "Pay it?", timeout 2d }
    fail refused when !ok.approve
    output { note: any = ok.note, by: any = steps.ok.by.name }
}
"#,
    )
    .flow(&["run", "--sandbox", "main.flow"]);
    assert_eq!((done.stdout.as_str(), done.code), ("{\"note\":\"note\",\"by\":\"sandbox\"}\n", 0), "{}", done.stderr);
    let told = "  ask role finance: Pay it?\n    answered {\"approve\":true,\"note\":\"note\"}\n";
    assert!(done.stderr.contains(told), "{}", done.stderr);
}

#[test]
fn what_is_written_lies_aside_and_is_shown() {
    let folder = Folder::with(
        r#"
workflow keep {
    step before = files.read { path: "note.txt" }
    step files.write { path: "note.txt", content: before + " and more" }
    step now_it_is = files.read { path: "note.txt" }
    step log.info { message: "a word about the sandbox" }
    output { now: string = now_it_is }
}
"#,
    );
    folder.write("note.txt", b"mine");
    let done = folder.flow(&["run", "--sandbox", "main.flow"]);
    assert_eq!((done.stdout.as_str(), done.code), ("{\"now\":\"mine and more\"}\n", 0), "{}", done.stderr);
    assert_eq!(std::fs::read_to_string(folder.path().join("note.txt")).expect("the file"), "mine");
    let heading = done.stderr.lines().find_map(|line| line.strip_prefix("sandbox: files were written to "));
    let place = heading.and_then(|rest| rest.strip_suffix(", and yours are as they were")).expect("the place is said");
    let kept = Path::new(place);
    assert_eq!(std::fs::read_to_string(kept.join("note.txt")).expect("the file"), "mine and more");
    std::fs::remove_dir_all(kept).expect("it was there");
    // What stands in for credentials is a word like any other.
    assert!(done.stderr.contains("a word about the sandbox"), "{}", done.stderr);
}

#[test]
fn weeks_are_over_at_once() {
    let folder = Folder::with(
        r#"
workflow dun {
    let begun = now()
    step http.post { url: "https://example.com/reminder", body: { n: 1 } }
    wait 6w
    step paid = wait event "paid" { timeout 14d, on timeout skip }
    for hour in range(0, 3) {
        step http.get { url: "https://example.com/state" }
        wait 1h
    }
    output { over: bool = now() - begun > duration("8w") }
}
workflow ever { repeat every 1s max 1000000 { step log.info { message: "tick" } } }
"#,
    );
    let done = folder.flow(&["run", "--sandbox", "main.flow", "dun"]);
    assert_eq!((done.stdout.as_str(), done.code), ("{\"over\":true}\n", 0), "{}", done.stderr);
    let polled = "\n  http GET /example.com/state (3 times)\n    answered ";
    assert_eq!(done.stderr.matches(polled).count(), 1, "{}", done.stderr);
    let done = folder.flow(&["run", "--sandbox", "main.flow", "ever"]);
    assert_eq!(done.code, 130, "{}", done.stderr);
    assert!(
        done.stderr.contains("it waited 10000 times, and the sandbox waits no more: cancelling"),
        "{}",
        done.stderr
    );
}

/// What the made-up input and the answers of the examples lead to where they do not lead to the end.
const NOT_TO_THE_END: [(&str, &str); 7] = [
    ("page_rebuild", "limit_exceeded"),
    ("bank_statement", "not_found"),
    ("contact_import", "not_found"),
    ("fetch_export", "limit_exceeded"),
    ("incident_paging", "nobody_on_call"),
    ("parcel_watch", "limit_exceeded"),
    ("travel_booking", "over_budget"),
];

#[test]
fn every_sample_runs_without_an_account_and_every_connector_has_one() {
    let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts");
    let mut called = BTreeSet::new();
    for entry in std::fs::read_dir(&scripts).expect("the folder is part of the repository").flatten() {
        let text = std::fs::read_to_string(entry.path()).unwrap_or_default();
        let workflows = text.lines().filter_map(|line| line.strip_prefix("workflow "));
        for workflow in workflows.filter_map(|rest| rest.split([' ', '{']).next()) {
            let file = entry.path().display().to_string();
            let done = Folder::with("").flow(&["run", "--sandbox", &file, workflow]);
            let end = done.stderr.lines().rev().find_map(|line| line.strip_prefix("error: "));
            let kind = end.and_then(|rest| rest.split([' ', ':']).next());
            let expected = NOT_TO_THE_END.iter().find(|(name, _)| *name == workflow).map(|(_, kind)| *kind);
            assert_eq!((done.code, kind), (i32::from(expected.is_some()), expected), "{workflow}: {}", done.stderr);
            let sent = done.stderr.lines().filter_map(|line| line.strip_prefix("  ")?.split(['.', ' ']).next());
            called.extend(sent.map(ToOwned::to_owned));
        }
    }
    let library = std::fs::read_dir(scripts.with_file_name("stdlib")).expect("the standard library").flatten();
    for name in library.filter_map(|entry| entry.file_name().to_str()?.strip_suffix(".flow").map(ToOwned::to_owned)) {
        // What these do is not sent anywhere: a line of the log, files aside, what personas are.
        assert!(
            called.contains(&name) || ["log", "files", "personas"].contains(&&*name),
            "no sample calls `{name}`: {called:?}"
        );
    }
}

#[test]
fn what_a_stand_in_answers_without_a_request_is_named_once() {
    let text = "workflow look { step found = email.list { folder: \"INBOX\" }, output { n: int = found.len() } }\n";
    let done = Folder::with(text).flow(&["run", "--sandbox", "main.flow"]);
    assert_eq!(done.code, 0, "{}", done.stderr);
    assert!(
        done.stderr.contains("\n  email.list\n    {\"folder\":\"INBOX\",\"order\":\"newest\"}\n    answered "),
        "{}",
        done.stderr
    );
}
