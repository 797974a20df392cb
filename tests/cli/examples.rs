//! `flow test` plays the examples of connectors that a program declares itself.

use serde_json::{Value as Json, json};

use super::Folder;

/// A connector of which each example is true.
const CRM: &str = r#"connector crm "House CRM" {
    config { base_url: url, token: secret = secret("CRM_TOKEN"), region: string = "eu" }
    auth oauth2 { grant: "client_credentials", token_url: "https://login.example/token", client_id: "c", client_secret: config.token }
    limit 1 per 1h
    fail conflict when response.body?.code == "duplicate"

    read operation get(id: string) -> { id: string, name: string, page: string? } {
        GET "/contacts/{id}" { query: { region: config.region } }
        output { id: response.body.id, name: response.body.name, page: "${config.base_url}/people/${response.body.id}" }
    }
    read operation list() -> list<{ id: string }> {
        GET "/contacts" { query: { limit: 2 } }
        paginate page { send: query.page, items: response.body.contacts }
    }
    once operation create(email: email, note: string?) -> { id: string } {
        let ticket = POST "/tickets" { body: { email } }
        POST "/contacts" { body: { ticket: ticket.body.id, email, note } }
        output { id: response.body.id }
    }
    once operation attach(path: string) -> { name: string, bytes: int } {
        let document = file path
        POST "/files" { raw: document }
        output { name: document.name, bytes: document.bytes }
    }
    native read operation score(id: string) -> int
    webhook told -> { id: string } {
        items body.contacts
        where item.open
        by item.id
    }
    example get { id: "1" } gets 200 { id: "1", name: "Ada" } gives { id: "1", name: "Ada", page: "https://crm.example/eu/people/1" }
    example get { id: "2" } gets 404 fails not_found
    example get { id: ".." } fails validation_error
    example list {} gets 200 { contacts: [{ id: "1" }, { id: "2" }] } gives [{ id: "1" }, { id: "2" }]
    example create { email: "ada@example.com" }
        gets ticket 200 { id: "t" }
        gets 201 { id: "7" }
        gives { id: "7" }
    example create { email: "ada@example.com" } gets ticket 429 headers { "Retry-After": "3600" } fails rate_limited
    example create { email: "dup@example.com" }
        gets ticket 200 { id: "t" }
        gets 400 { code: "duplicate" }
        fails conflict
    example create { email: "eve@example.com" }
        gets ticket 200 { id: "t" }
        gets 500
        fails outcome_unknown
    example attach { path: "out/offer.pdf" } gets 200 gives { name: "offer.pdf", bytes: 11 }
    example score { id: "1" } gives 7
    example told {} gets { contacts: [{ id: "1", open: true }, { id: "2", open: false }] } gives [{ id: "1" }]
}
"#;

#[test]
fn true_examples_pass_and_ask_nobody() {
    let folder = Folder::with(CRM);
    // What lies beside the program is not theirs.
    folder.write("flow.toml", b"[connectors.crm]\nregion = \"us\"\nbase_url = \"http://127.0.0.1:1\"\n");
    let done = folder.flow(&["test", "main.flow"]);
    assert_eq!((done.code, done.stderr.as_str()), (0, ""), "{}", done.stdout);
    let stdout = super::covered(&done.stdout);
    assert!(stdout.starts_with("main.flow\n  ✓ example crm.get (line 31) (TOOK)\n"), "{stdout}");
    for shown in ["✓ example crm.create (line 35)", "✓ example crm.told (line 50)"] {
        assert!(stdout.contains(shown), "{shown}: {stdout}");
    }
    // A body in Rust is not here to be played.
    assert!(!stdout.contains("crm.score") && stdout.ends_with("\n10 passed, 0 failed\n"), "{stdout}");
    let files: Vec<_> =
        std::fs::read_dir(folder.path()).expect("the folder").flatten().map(|it| it.file_name()).collect();
    assert_eq!(files.len(), 2, "{files:?}");
}

/// What `flow test` says of the example with `end` in place of the true one.
fn told_of(before: &str, after: &str) -> (Json, String) {
    assert_eq!(CRM.matches(before).count(), 1, "{before}");
    let folder = Folder::with(&CRM.replace(before, after));
    let text = folder.flow(&["test", "main.flow"]);
    let done = folder.flow(&["test", "main.flow", "--format", "json"]);
    assert_eq!((done.code, text.code), (1, 1), "{}{}", text.stdout, text.stderr);
    let report: Json = serde_json::from_str(&done.stdout).expect("it is JSON");
    assert_eq!(report["failed"], 1, "{report:#}");
    let failed = report["tests"].as_array().expect("a list").iter().find(|test| test["passed"] == false);
    (failed.expect("one failed").clone(), super::covered(&text.stdout))
}

#[test]
fn an_example_that_is_not_true_fails_with_what_came_and_what_to_type() {
    let rows = [
        (
            r#"gives { id: "1", name: "Ada", page: "https://crm.example/eu/people/1" }"#,
            r#"gives { id: "1", name: "Bob", page: "https://crm.example/eu/persons/1" }"#,
            "`crm.get` gives something else than the example says",
            vec![
                r#"`name` is "Ada", the example says "Bob""#,
                r#"`page` is "https://sandbox.example/people/1", the example says "https://crm.example/eu/persons/1""#,
                r#"if that is right, write `gives { id: "1", name: "Ada", page: "https://sandbox.example/people/1" }`"#,
                "asked: GET /contacts/1",
            ],
        ),
        (
            "gets 404 fails not_found",
            "gets 404 fails conflict",
            "`crm.get` does not fail with `conflict`",
            vec!["it fails with `not_found`: ", "if that is right, write `fails not_found`"],
        ),
        (
            r#"{ code: "duplicate" }"#,
            r#"{ code: "other" }"#,
            "`crm.create` does not fail with `conflict`",
            vec!["it fails with `validation_error`: ", "asked: POST /tickets", "asked: POST /contacts"],
        ),
        (
            "gets 404 fails not_found",
            r#"gets 200 { id: "2", name: "Eve" } fails not_found"#,
            "`crm.get` does not fail: the example says `not_found`",
            vec!["if that is right, write `gives { id: \"2\", name: \"Eve\"", "`fail not_found when response. ...`"],
        ),
        (
            "        gets 201 { id: \"7\" }",
            "        gets 503",
            "`crm.create` fails",
            vec!["it fails with `outcome_unknown`: ", "if that is right, write `fails outcome_unknown`"],
        ),
        (
            r#"{ id: ".." } fails"#,
            r#"{ id: ".." } gets 400 fails"#,
            "`crm.get` makes 0 requests, and the example answers 1",
            vec!["it fails with `validation_error`: ", "leave out the `gets` that nothing asks for"],
        ),
        (
            r#"{ id: "2", open: false }] } gives"#,
            r#"{ id: "2", open: true }] } gives"#,
            "`crm.told` brings something else than the example says",
            vec![
                r#"the example says [{ id: "1" }]"#,
                r#"write `gives [{ id: "1", open: true }, { id: "2", open: true }]`"#,
            ],
        ),
    ];
    for (before, after, message, details) in rows {
        let (failed, text) = told_of(before, after);
        assert_eq!(failed["failures"][0]["message"], message, "{failed:#}");
        let shown = failed["failures"][0]["details"].to_string().replace("\\\"", "\"");
        for detail in details {
            assert!(shown.contains(detail), "{detail}: {failed:#}");
            assert!(text.contains(detail), "{detail}: {text}");
        }
        let place = format!("--> main.flow:{}:5", failed["line"]);
        assert!(text.contains(&place) && text.contains("1 failed"), "{place}: {text}");
    }
}

#[test]
fn examples_are_filtered_and_told_to_tools_like_tests() {
    let folder = Folder::with(CRM);
    let done = folder.flow(&["test", "--filter", "CRM.List", "--format", "json", "main.flow"]);
    let mut report: Json = serde_json::from_str(&done.stdout).expect("it is JSON");
    let expected = json!({
        "passed": 1, "failed": 0, "cannot_run": [],
        "tests": [{
            "file": "main.flow", "line": 34, "column": 5, "title": "example crm.list (line 34)", "example": "crm.list",
            "passed": true, "failures": [],
        }],
    });
    assert_eq!((report.take(), done.code), (expected, 0));
}

#[test]
fn a_file_that_several_programs_use_has_its_examples_played_once() {
    let user =
        |name: &str| format!("use \"crm.flow\" as {name}\nworkflow w {{ step {name}.crm.get {{ id: \"1\" }} }}\n");
    let folder = Folder::with(&user("house"));
    folder.write("crm.flow", CRM.as_bytes());
    folder.write("other.flow", user("other").as_bytes());
    let done = folder.flow(&["test", "main.flow", "other.flow", "crm.flow"]);
    let stdout = super::covered(&done.stdout);
    assert_eq!(done.code, 0, "{stdout}{}", done.stderr);
    assert!(stdout.starts_with("main.flow\n  ✓ example house.crm.get (crm.flow:31) (TOOK)\n"), "{stdout}");
    assert!(stdout.ends_with("\n10 passed, 0 failed\n"), "{stdout}");
}
