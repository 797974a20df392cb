//! `flow connectors list`, `show` and `check`.

use serde_json::Value as Json;

use super::Folder;
use super::far::Far;

/// A program with a connector of its own, in which there is one of everything.
const CRM: &str = r#"
/// The house's CRM.
connector crm "House CRM" {
    config {
        base_url: url = "https://crm.example"
        /// The key of an app.
        token: secret? = secret("CRM_TOKEN")
        user: string? = env("CRM_USER")
        password: secret? = secret("CRM_PASSWORD")
    }
    auth bearer config.token
    auth basic { user: config.user, password: config.password }
    /// Who signs in.
    read operation me() -> { name: string, email: string? } { GET "/me" }
    /// Creates a contact.
    once operation create(email: email, kind: "person" | "firm" = "person") -> { id: string } {
        POST "/contacts" { body: { email, kind } }
    }
    check me
    example create { email: "ada@example.com" } gets 201 { id: "1" } gives { id: "1" }
}
connector open "Open" { config { base_url: url = "https://open.example" }, read operation look() -> any { GET "/" } }
workflow greet {
    step me = crm.me {}
    step look = open.look {}
    output { name: me.name }
}
"#;

fn json(text: &str) -> Json {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[test]
fn the_list_says_what_is_there_and_what_is_missing_by_name() {
    let folder = Folder::with(CRM);
    let done = folder.flow(&["connectors", "list", "main.flow"]);
    assert_eq!((done.code, done.stderr.as_str()), (0, ""));
    let expected = "crm   House CRM  2 operations  needs CRM_TOKEN, or CRM_USER and CRM_PASSWORD\n\
                    open  Open       1 operation   needs no credentials\n";
    assert_eq!(done.stdout, expected);
    let rows: [(&[(&str, &str)], &str); 3] = [
        (&[("CRM_TOKEN", "t0ken")], "  set\n"),
        (&[("CRM_USER", "ada")], "needs CRM_TOKEN, or CRM_PASSWORD\n"),
        (&[("CRM_USER", "ada"), ("FLOW_CONNECTOR_CRM_PASSWORD", "s3cret")], "  set\n"),
    ];
    for (environment, expected) in rows {
        let done = folder.flow_in(environment, &["connectors", "list", "main.flow"]);
        assert!(done.stdout.contains(expected), "{environment:?}: {}", done.stdout);
    }
    let done = folder.flow(&["connectors", "list", "main.flow", "--format", "json", "--set", "connectors.crm.token=t"]);
    let list = json(&done.stdout);
    assert_eq!((&list[0]["name"], &list[0]["ready"]), (&"crm".into(), &true.into()));
    assert_eq!(list[0]["operations"], serde_json::json!(["me", "create"]));
}

#[test]
fn without_a_file_the_standard_library_is_listed_with_the_settings_that_are_here() {
    let folder = Folder::with("");
    folder.write("flow.toml", b"[connectors.asana]\ntoken = \"t0ken\"\n");
    let done = folder.flow_in(&[("TRELLO_KEY", "k3y-k3y")], &["connectors", "list"]);
    assert_eq!(done.stdout.lines().count(), 18, "{}", done.stdout);
    let line = |name: &str| done.stdout.lines().find(|line| line.starts_with(name)).expect("it is listed").to_owned();
    assert!(line("asana").ends_with("  set"), "{}", line("asana"));
    assert!(line("trello").ends_with("  needs TRELLO_TOKEN"), "{}", line("trello"));
    assert!(line("files").ends_with("  needs no credentials"), "{}", line("files"));
    let jira = line("jira");
    assert!(
        jira.contains("needs JIRA_BASE_URL; JIRA_EMAIL and JIRA_API_TOKEN, or JIRA_API_TOKEN, or JIRA_CLIENT_ID"),
        "{jira}"
    );
    assert!(line("slack").contains("and `flow connectors login slack`"), "{}", line("slack"));
    let done = folder.flow(&["connectors", "list", "--format", "json"]);
    let slack = json(&done.stdout).as_array().expect("a list").iter().find(|it| it["name"] == "slack").cloned();
    let slack = slack.expect("it is there");
    assert_eq!((&slack["ready"], &slack["check"]), (&false.into(), &"whoami".into()));
    assert_eq!(slack["ways"][0]["missing"][0]["variable"], "SLACK_BOT_TOKEN");
}

#[test]
fn a_page_is_that_of_the_manual_and_that_of_one_operation_a_part_of_it() {
    let folder = Folder::with(CRM);
    let done = folder.flow(&["connectors", "show", "slack"]);
    assert_eq!(done.stdout, include_str!("../../docs/connectors/slack.md"));
    for args in [&["crm", "create", "main.flow"][..], &["crm.create", "main.flow"]] {
        let done = folder.flow(&[&["connectors", "show"], args].concat());
        assert_eq!((done.code, done.stderr.as_str()), (0, ""), "{args:?}");
        assert!(done.stdout.starts_with("# crm.create\n\nCreates a contact.\n\nEffect: `once`."), "{}", done.stdout);
        assert!(done.stdout.contains("| `kind` | `\"person\" \\| \"firm\" = \"person\"` |"), "{}", done.stdout);
    }
    let page = json(&folder.flow(&["connectors", "show", "crm", "main.flow", "--format", "json"]).stdout);
    assert_eq!(page["config"][1]["variable"], "FLOW_CONNECTOR_CRM_TOKEN");
    assert_eq!(page["operations"][1]["effect"], "once");
    assert_eq!(page["operations"][1]["params"][1]["schema"]["enum"], serde_json::json!(["person", "firm"]));
    assert_eq!(page["operations"][1]["params"][1]["required"], false);
    assert_eq!(page["operations"][1]["examples"][0]["gives"]["id"], "1");
}

#[test]
fn misspelt_names_are_told_with_what_was_probably_meant() {
    let folder = Folder::with(CRM);
    let rows: [(&[&str], &str); 5] = [
        (&["show", "slakc"], "there is no connector `slakc`\n  hint: did you mean `slack`?"),
        (
            &["show", "slack", "post_mesage"],
            "`slack` has no operation `post_mesage`\n  hint: did you mean `slack.post_message`?",
        ),
        (&["show", "cmr", "main.flow"], "there is no connector `cmr`\n  hint: did you mean `crm`?"),
        (&["check", "crn", "main.flow"], "there is no connector `crn`\n  hint: did you mean `crm`?"),
        (&["show", "house", "none.flow"], "the file cannot be read"),
    ];
    for (args, expected) in rows {
        let done = folder.flow(&[&["connectors"], args].concat());
        assert_eq!((done.code, done.stdout.as_str()), (2, ""), "{args:?}");
        assert!(done.stderr.contains(expected), "{args:?}: {}", done.stderr);
    }
}

/// Takes one token, and says whose it is.
fn crm() -> Far {
    Far::start(|line, head| match (line, head.contains("Bearer t0ken-of-ada")) {
        ("GET /me", true) => (200, r#"{ "name": "Ada", "email": "ada@example.com" }"#),
        ("GET /me", false) => (401, r#"{ "error": "who?" }"#),
        _ => (500, "{}"),
    })
}

#[test]
fn a_check_says_as_whom_or_what_to_do() {
    let (folder, crm) = (Folder::with(CRM), crm());
    let base = format!("connectors.crm.base_url={}", crm.base);
    let check = |environment: &[(&str, &str)], more: &[&str]| {
        folder.flow_in(environment, &[&["connectors", "check", "crm", "main.flow"], more].concat())
    };
    let done = check(&[("CRM_TOKEN", "t0ken-of-ada")], &["--set", &base]);
    assert_eq!((done.code, done.stderr.as_str()), (0, ""));
    assert!(done.stdout.starts_with("crm: fine, as ada@example.com (crm.me, "), "{}", done.stdout);
    let done = check(&[("CRM_TOKEN", "t0ken-of-bob")], &["--set", &base]);
    assert_eq!(done.code, 1);
    assert!(done.stdout.starts_with("crm: auth_error from crm.me: "), "{}", done.stdout);
    assert!(done.stdout.contains("renew them") && !done.stdout.contains("t0ken-of-bob"), "{}", done.stdout);
    let done = check(&[], &["--set", &base]);
    assert_eq!(done.code, 2);
    assert_eq!(done.stdout, "crm: needs CRM_TOKEN, or CRM_USER and CRM_PASSWORD\n  export CRM_TOKEN=...\n");
    let done = check(&[("CRM_TOKEN", "t0ken-of-ada")], &["--set", "connectors.crm.base_url=http://127.0.0.1:1"]);
    assert_eq!(done.code, 1);
    assert!(
        done.stdout.contains("connection_error") && done.stdout.contains("connectors.crm.base_url"),
        "{}",
        done.stdout
    );
    // The flow.toml of the program counts, too.
    folder.write(
        "flow.toml",
        format!("[connectors.crm]\nbase_url = \"{}\"\ntoken = \"t0ken-of-ada\"\n", crm.base).as_bytes(),
    );
    let done = folder.flow(&["connectors", "check", "crm", "main.flow", "--format", "json"]);
    let verdict = json(&done.stdout);
    assert_eq!((&verdict[0]["result"], &verdict[0]["as"]), (&"fine".into(), &"ada@example.com".into()));
}

#[test]
fn a_program_alone_means_all_that_it_calls() {
    let (folder, crm) = (Folder::with(CRM), crm());
    let base = format!("connectors.crm.base_url={}", crm.base);
    let args = ["connectors", "check", "main.flow", "--set", &base];
    let done = folder.flow_in(&[("CRM_TOKEN", "t0ken-of-ada")], &args);
    assert_eq!((done.code, done.stdout.lines().count()), (0, 2), "{}", done.stdout);
    assert!(done.stdout.ends_with("open: needs no credentials\n"), "{}", done.stdout);
    assert_eq!(crm.asked(), ["GET /me"]);
    folder.write("bare.flow", CRM.replace("    check me\n", "").as_bytes());
    let done = folder.flow(&["connectors", "check", "crm", "bare.flow"]);
    assert_eq!(done.code, 2);
    assert!(
        done.stdout.starts_with("crm: signs in, and declares no `check`\n  write `check OPERATION`"),
        "{}",
        done.stdout
    );
}
