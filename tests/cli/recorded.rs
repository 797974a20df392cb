//! `flow connectors record`: a real exchange becomes an example that holds.

use super::Folder;
use super::far::Far;

const CRM: &str = r#"use "crm.flow" as house
workflow ask { step found = house.crm.get { id: "42" }, output { name: found.name } }
"#;

const CONNECTOR: &str = r#"/// The house's CRM.
connector crm "House CRM" {
    config { base_url: url, token: secret = secret("CRM_TOKEN") }
    auth bearer config.token
    fail conflict when response.body?.code == "duplicate"

    /// A contact.
    read operation get(id: string) -> { id: string, name: string, email: string?, keys: list<string>? } { GET "/contacts/{id}" }

    /// All contacts.
    read operation list() -> list<{ id: string }> {
        GET "/contacts" { query: { limit: 3 } }
        paginate cursor { send: query.cursor, next: response.body?.paging?.next, items: response.body.contacts }
    }

    /// Creates a contact, by a ticket.
    once operation create(email: email, note: string?) -> { id: string } {
        let ticket = POST "/tickets" { body: { email } }
        POST "/contacts" { body: { ticket: ticket.body.id, email, note } }
        output { id: response.body.id }
    }
}
"#;

fn crm() -> Far {
    Far::start(|line, head| match (line, head.contains("Bearer t0ken-of-ada")) {
        ("GET /contacts/42", true) => (
            200,
            r#"{ "id": "42", "name": "Ada", "email": "ada.real@corp.test", "access_token": "abc123", "keys": ["a", "b", "c"],
                "seen": "by t0ken-of-ada", "photo": "https://files.corp.test/1?sig=xyz", "hook": "xoxb-1234567890-abc" }"#,
        ),
        ("GET /contacts?limit=3", true) => {
            (200, r#"{ "contacts": [{ "id": "1" }, { "id": "2" }, { "id": "3" }], "paging": { "next": "c2" } }"#)
        }
        ("POST /tickets", true) => (200, r#"{ "id": "t-1", "for": "eve.real@corp.test" }"#),
        ("POST /contacts", true) => (201, r#"{ "id": "43", "email": "eve.real@corp.test" }"#),
        (_, true) => (404, r#"{ "error": "no such contact" }"#),
        (_, false) => (401, "{}"),
    })
}

fn folder(crm: &Far) -> Folder {
    let folder = Folder::with(CRM);
    folder.write("crm.flow", CONNECTOR.as_bytes());
    folder.write(
        "flow.toml",
        format!("[connectors.crm]\nbase_url = \"{}\"\ntoken = \"t0ken-of-ada\"\n", crm.base).as_bytes(),
    );
    folder
}

#[test]
fn what_came_is_kept_without_secrets_and_holds() {
    let crm = crm();
    let folder = folder(&crm);
    let record = |args: &[&str]| folder.flow(&[&["connectors", "record"], args].concat());
    let done = record(&["crm.get", "id=42", "crm.flow"]);
    assert_eq!((done.code, done.stderr.as_str()), (0, "kept in crm.flow\n"), "{}", done.stdout);
    for hidden in ["ada.real", "corp.test/1?", "abc123", "t0ken-of-ada", "xoxb-", "\"c\""] {
        assert!(!done.stdout.contains(hidden), "{hidden}: {}", done.stdout);
    }
    for kept in [
        "example get { id: \"42\" }",
        "name: \"Ada\"",
        "person1@example.com",
        "seen: \"by ***\"",
        "access_token: \"secret\"",
    ] {
        assert!(done.stdout.contains(kept), "{kept}: {}", done.stdout);
    }
    let done = record(&["crm.list", "crm.flow"]);
    assert_eq!(done.code, 0, "{}", done.stderr);
    let expected = "    example list {} gets 200 { contacts: [{ id: \"1\" }, { id: \"2\" }], paging: {} } gives [{ id: \"1\" }, { id: \"2\" }]\n";
    assert_eq!(done.stdout, expected);
    let done = record(&["crm.get", "id=none", "crm.flow"]);
    assert_eq!(
        done.stdout, "    example get { id: \"none\" } gets 404 { error: \"no such contact\" } fails not_found\n",
        "{}",
        done.stderr
    );
    // The file checks, and a sandbox answers with what was recorded.
    let done = folder.flow(&["check", "crm.flow"]);
    assert_eq!((done.code, done.stdout.as_str()), (0, ""), "{}", done.stderr);
    let done = folder.flow(&["run", "--sandbox", "main.flow"]);
    assert_eq!((done.code, done.stdout.as_str()), (0, "{\"name\":\"Ada\"}\n"), "{}", done.stderr);
}

#[test]
fn what_changes_something_wants_consent_and_its_requests_are_kept_in_order() {
    let crm = crm();
    let folder = folder(&crm);
    let args = ["connectors", "record", "crm.create", "--input", r#"{ "email": "eve.real@corp.test" }"#, "crm.flow"];
    let done = folder.flow(&args);
    assert_eq!((done.code, done.stdout.as_str()), (2, ""));
    assert!(done.stderr.contains("`crm.create` changes something at the service\n  hint: `--yes`"), "{}", done.stderr);
    assert_eq!(crm.asked(), Vec::<String>::new());
    let done = folder.flow(&[&args[..], &["--yes"]].concat());
    assert_eq!(done.code, 0, "{}", done.stderr);
    let expected = "    example create { email: \"person1@example.com\" }\n\
                    \x20       gets ticket 200 { id: \"t-1\", for: \"person1@example.com\" }\n\
                    \x20       gets 201 { id: \"43\", email: \"person1@example.com\" }\n\
                    \x20       gives { id: \"43\" }\n";
    assert_eq!(done.stdout, expected);
    let done = folder.flow(&["check", "crm.flow"]);
    assert_eq!(done.code, 0, "{}", done.stderr);
}

#[test]
fn what_cannot_be_recorded_is_told_and_the_file_stays() {
    let crm = crm();
    let folder = folder(&crm);
    let rows: [(&[&str], &str); 8] = [
        (&["crm.get", "crm.flow"], "the parameters do not fit `crm.get`:\n  `id` is missing"),
        (&["crm.gte", "id=42", "crm.flow"], "did you mean `crm.get`?"),
        (&["crm", "crm.flow"], "which operation of `crm`?"),
        (&["crm.get", "idd=42", "crm.flow"], "idd"),
        (&["crm.get", "id=42", "--input", "[]", "crm.flow"], "--input must be an object"),
        (&["crm.get", "42", "crm.flow"], "`42` is neither `field=value` nor a program"),
        (&["files.read", "path=a.txt"], "`files.read` makes no request"),
        (
            &["crm.get", "id=42", "crm.flow", "--set", "connectors.crm.base_url=http://127.0.0.1:1"],
            "nothing came that could be kept: connection_error",
        ),
    ];
    for (args, expected) in rows {
        let done = folder.flow(&[&["connectors", "record"], args].concat());
        assert_eq!((done.code, done.stdout.as_str()), (2, ""), "{args:?}");
        assert!(done.stderr.contains(expected), "{args:?}: {}", done.stderr);
    }
    assert_eq!(std::fs::read_to_string(folder.path().join("crm.flow")).expect("it is there"), CONNECTOR);
}

#[test]
fn an_example_for_the_standard_library_is_only_shown() {
    let trello = Far::start(|_, _| (200, r#"{ "id": "5f30", "fullName": "Ada Real", "username": "ada" }"#));
    let folder = Folder::with("");
    let base = format!("connectors.trello.base_url={}", trello.base);
    let environment = [("TRELLO_KEY", "k3y-k3y"), ("TRELLO_TOKEN", "t0ken-t0ken")];
    let done = folder.flow_in(&environment, &["connectors", "record", "trello.whoami", "--set", &base]);
    assert_eq!(done.code, 0, "{}", done.stderr);
    assert!(done.stdout.starts_with("    example whoami {}\n        gets 200 { id: \"5f30\""), "{}", done.stdout);
    assert!(done.stderr.contains("nothing was written"), "{}", done.stderr);
}
