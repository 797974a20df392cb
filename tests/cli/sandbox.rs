//! `flow run --sandbox`: no account, no settings, no input, and everything that was sent is shown.

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
