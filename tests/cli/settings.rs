//! Settings: what is missing is said before the run, with the name of the variable.

use super::Folder;

const POST: &str = r#"
workflow post {
    step sent = slack.post_message { channel: "C1", text: "hi" }
    output { ts: string = sent.ts }
}
"#;

#[test]
fn what_is_missing_is_a_diagnostic_that_names_the_variable() {
    let done = Folder::with(POST).flow(&["run", "main.flow"]);
    assert_eq!((done.stdout.as_str(), done.code), ("", 2));
    assert!(done.stderr.starts_with("main.flow:3:"), "{}", done.stderr);
    assert!(done.stderr.contains("error[F0804]"), "{}", done.stderr);
    assert!(done.stderr.contains("SLACK_BOT_TOKEN"), "{}", done.stderr);
    assert!(!done.stderr.contains("started"), "{}", done.stderr);
}

#[test]
fn a_setting_that_is_wrong_is_shown_where_it_stands() {
    let folder = Folder::with("workflow idle { }\n");
    folder.write("flow.toml", b"[http]\nallow_host = [\"127.0.0.1\"]\n");
    let done = folder.flow(&["run", "main.flow"]);
    assert_eq!(done.code, 2, "{}", done.stderr);
    assert!(done.stderr.contains("flow.toml:2:1: error[F08"), "{}", done.stderr);
}

#[test]
fn a_secret_is_never_shown() {
    let done = Folder::with(POST).flow_in(
        &[
            ("SLACK_BOT_TOKEN", "xoxb-very-secret"),
            ("FLOW_CONNECTOR_SLACK_BASE_URL", "http://127.0.0.1:1/xoxb-very-secret"),
        ],
        &["run", "main.flow"],
    );
    assert_eq!(done.code, 1, "{}", done.stderr);
    assert!(!done.stderr.contains("very-secret"), "{}", done.stderr);
}

#[test]
fn an_attempt_takes_no_longer_than_the_settings_allow() {
    let folder = Folder::with("workflow rest {\n    step nap = process.run { command: [\"sleep\", \"5\"] }\n}\n");
    folder.write("flow.toml", b"[run]\ntimeout = \"100ms\"\n[process]\nallow = [\"sleep\"]\n");
    let done = folder.flow(&["run", "main.flow"]);
    assert_eq!((done.stdout.as_str(), done.code), ("", 1), "{}", done.stderr);
    assert!(done.stderr.contains("outcome_unknown"), "{}", done.stderr);
}
