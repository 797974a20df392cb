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

#[test]
fn a_secret_in_what_a_script_says_is_covered_in_every_line() {
    let done = Folder::with(
        r#"
workflow leak {
    step a = script { throw "a " + secret("KEY") } with { on error skip }
    step b = script { throw "b " + secret("KEY") } with { retry 1 times every 1ms, on error retry 1 times every 1ms }
}
"#,
    )
    .flow_in(&[("KEY", "xoxb-very-secret")], &["run", "main.flow"]);
    assert_eq!(done.code, 1, "{}", done.stderr);
    assert!(done.stderr.contains("a  skipped (script_error: a ***)"), "{}", done.stderr);
    assert!(!done.stderr.contains("very-secret"), "{}", done.stderr);
}

#[test]
fn the_command_line_says_what_it_makes_of_each_assignment() {
    let folder = Folder::with("workflow idle { }\n");
    let rows = [
        // A list may be written as people write lists.
        ("http.allow_hosts=127.0.0.1", 0, ""),
        ("files.roots=., in", 0, ""),
        ("process.allow=[\"git\"]", 0, ""),
        (
            "http.nope=3",
            2,
            "--set:1:1: error[F0802]: there is no setting `http.nope`\n  |\n1 | http.nope=***\n  | ^^^^^^^^^\n  |\n  \
             = help: the settings are files.roots, http.allow_hosts, http.ca_file, http.no_proxy, http.proxy, http.response_bytes_max, http.saved_bytes_max, process.allow, run.chain_runs, run.timeout, \
             serve.patience, store.keep, store.keep_events, store.keep_failed, \
             and the tables env, secrets, connectors and databases\n\n1 error\n",
        ),
        (
            "connectors.slak.token=x",
            0,
            "--set:1:1: warning[F0802]: the program uses no connector `slak`\n  |\n1 | connectors.slak.token=***\n  \
             | ^^^^^^^^^^^^^^^^^^^^^\n\n1 warning\n",
        ),
    ];
    for (given, code, said) in rows {
        let done = folder.flow(&["run", "main.flow", "--set", given]);
        assert_eq!(done.code, code, "{given}: {}", done.stderr);
        assert!(done.stderr.starts_with(said), "{given}: {}", done.stderr);
    }
}

#[test]
fn what_is_wrong_with_input_and_settings_is_said_at_once() {
    let program = POST.replace("workflow post {", "workflow post {\n    input { name: string }");
    let done = Folder::with(&program).flow(&["run", "main.flow"]);
    assert_eq!(done.code, 2, "{}", done.stderr);
    assert!(done.stderr.contains("`name` is missing") && done.stderr.contains("SLACK_BOT_TOKEN"), "{}", done.stderr);
}

#[test]
fn of_a_broken_file_nothing_is_missed() {
    let folder = Folder::with(POST);
    folder.write("flow.toml", b"[connectors.slack\ntoken = \"xoxb-1234\"\n");
    let done = folder.flow(&["run", "main.flow"]);
    assert_eq!(done.code, 2, "{}", done.stderr);
    assert!(done.stderr.contains("F0801") && !done.stderr.contains("F0804"), "{}", done.stderr);
}

#[cfg(not(feature = "mongodb"))]
#[test]
fn a_build_that_leaves_something_out_says_how_to_come_by_it() {
    const FIND: &str = "workflow find { step a = mongodb.find { database: \"shop\", collection: \"orders\" } }\n";
    let folder = Folder::with(FIND);
    folder.write("flow.toml", b"[databases.shop]\nurl = \"mongodb://127.0.0.1:1/shop\"\n");
    let done = folder.flow(&["run", "main.flow"]);
    assert_eq!((done.stdout.as_str(), done.code), ("", 2), "{}", done.stderr);
    let parts = ["main.flow:1:", "error[F0803]", "the database `shop` is one of MongoDB", "--features mongodb`"];
    assert!(parts.iter().all(|part| done.stderr.contains(part)), "{}", done.stderr);
    assert!(!done.stderr.contains("started"), "{}", done.stderr);
    // A name that is known only while it runs says nothing of the database.
    let folder = Folder::with(&FIND.replace("\"shop\"", "env(\"SHOP\")"));
    folder.write("flow.toml", b"[env]\nSHOP = \"shop\"\n");
    let done = folder.flow(&["run", "main.flow"]);
    assert_eq!((done.stdout.as_str(), done.code), ("", 2), "{}", done.stderr);
    let parts = ["this build cannot carry out mongodb.find: it needs the feature `mongodb`", "--features mongodb`"];
    assert!(parts.iter().all(|part| done.stderr.contains(part)), "{}", done.stderr);
    assert!(!done.stderr.contains("Rust"), "{}", done.stderr);
}

#[test]
fn settings_of_what_another_program_of_the_directory_uses_are_no_slip() {
    let folder = Folder::with("workflow own { step onedrive.about }\nconnector crn { config { base_url: url? } }\n");
    folder.write("other.flow", b"use \"crm.flow\" as hours\nworkflow other { step hours.crm.get }\n");
    folder.write("crm.flow", b"connector crm { config { base_url: url } read operation get() -> any { GET \"/\" } }\n");
    folder.write("main2.flow", b"use \"crm.flow\" as house\nworkflow main2 { step house.crm.get }\n");
    let settings = |table: &str| {
        let line = "token = \"t\"";
        folder.write("flow.toml", format!("[connectors.{table}]\n{line}\n").as_bytes());
        let own = folder.flow(&["run", "main.flow"]).stderr;
        own + folder.flow(&["run", "main2.flow"]).stderr.as_str()
    };
    for fine in ["google_drive", "crm", "\"hours.crm\""] {
        let said = settings(fine);
        assert!(!said.contains("F0802"), "{fine}: {said}");
    }
    for slip in ["onedrivee", "crnn", "\"houses.crm\""] {
        let said = settings(slip);
        assert!(said.contains("F0802"), "{slip}: {said}");
    }
}

#[test]
fn no_value_of_the_file_is_shown_whatever_is_wrong_with_it() {
    let calls = "workflow w { step s = slack.post_message { channel: \"c\", text: \"t\" } }";
    for (file, line, kept) in [
        ("[secrets]\nTOK = \"hunter2secret\n", 2, "TOK = ***"),
        ("[secrets]\nTOK = hunter2secret\n", 2, "TOK = ***"),
        ("[secrets]\nTOK: \"hunter2secret\"\n", 2, "TOK: ***"),
        ("[secrets]\nhunter2secret\n", 2, "***"),
        ("[secret]\nTOK = \"hunter2secret\"\n", 2, "TOK = ***"),
        ("[secrets]\nTOK = \"\"\"\nhunter2 = secret\nhunter2secret\n\"\"\" x\n", 5, "***"),
        ("[secrets]\nTOK = [\n  \"hunter2secret\",\n]\n", 2, "TOK = ***"),
        ("[secrets]\nTOK.x = \"hunter2secret\"\n", 2, "TOK.x = ***"),
        ("[connectors.slack]\ntokn = \"hunter2secret\"\n", 2, "tokn = ***"),
        ("[databases]\nx = \"postgres://u:hunter2secret@h/db\"\n", 2, "x = ***"),
        ("[databases.x]\nurl = \"ftp://u:hunter2secret@h/db\"\n", 2, "url = ***"),
        ("[http]\nproxy = \"http://u:hunter2secret@h:99999\"\n", 2, "proxy = ***"),
        ("x = { a = \"hunter2secret\" }\n", 1, "x = ***"),
    ] {
        let folder = Folder::with(calls);
        folder.write("flow.toml", file.as_bytes());
        for command in [&["run", "main.flow"][..], &["doctor"]] {
            let done = folder.flow(command);
            let said = format!("{}{}", done.stdout, done.stderr);
            assert!(done.code > 0 && said.contains(&format!("flow.toml:{line}:")), "{file}: {said}");
            assert!(!said.contains("hunter2"), "{file}: {said}");
            if command[0] == "run" {
                assert!(said.contains(kept), "{file}: {said}");
            }
        }
    }
    let done = Folder::with(calls).flow(&["run", "main.flow", "--set", "secret.TOK=hunter2secret"]);
    assert_eq!(done.code, 2);
    assert!(done.stderr.contains("secret.TOK=***") && !done.stderr.contains("hunter2"), "{}", done.stderr);
}

#[test]
fn settings_of_the_wrong_type_are_told() {
    for (file, message) in [
        ("connectors = 5\n", "flow.toml:1:1: error[F0803]: `connectors` must be a table"),
        ("secrets = \"a\"\n", "flow.toml:1:1: error[F0803]: `secrets` must be a table"),
        ("[secrets]\nTOK = [\"x\"]\n", "flow.toml:2:1: error[F0803]: `secrets.TOK` must be a text"),
        ("[secrets]\nTOK = 5\n", "flow.toml:2:1: error[F0803]: `secrets.TOK` must be a text"),
        ("[connectors]\nslack = 5\n", "flow.toml:2:1: error[F0803]: `connectors.slack` must be a table"),
        ("[connectors.slack]\ntoken = 5\n", "flow.toml:2:1: error[F0803]: `slack.token` is of the wrong type"),
    ] {
        let folder = Folder::with("workflow w { step s = slack.post_message { channel: \"c\", text: \"t\" } }");
        folder.write("flow.toml", file.as_bytes());
        let done = folder.flow(&["run", "main.flow"]);
        assert!(done.code == 2 && done.stderr.contains(message), "{file}: {}", done.stderr);
    }
    // On a command line there are no quotes to tell them apart.
    let folder = Folder::with("workflow w { step s = log.info { message: sha256(secret(\"PIN\")) } }");
    let done = folder.flow(&["run", "main.flow", "--set", "secrets.PIN=4711"]);
    assert_eq!(done.code, 0, "{}", done.stderr);
}
