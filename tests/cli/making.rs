//! `flow connectors new`: from a service's own description to a call of it.

use super::Folder;
use super::far::Far;

/// A description of version 3.1, in YAML.
const NOTES: &str = r##"
openapi: 3.1.0
info: { title: Notes, version: 1 }
servers:
  - url: BASE
paths:
  /me:
    get:
      operationId: notes_users_me
      summary: Who asks
      responses:
        200: { description: ok, content: { application/json: { schema: { $ref: "#/components/schemas/Person" } } } }
  /notes:
    post:
      operationId: notes_add
      tags: [notes]
      requestBody:
        required: true
        content:
          application/json:
            schema: { type: object, required: [text], properties: { text: { type: [string, "null"] }, when: { type: string, format: date } } }
      responses:
        "201": { description: made, content: { application/json: { schema: { $ref: "#/components/schemas/Note" } } } }
components:
  securitySchemes:
    token: { type: http, scheme: bearer }
  schemas:
    Person: { type: object, required: [name], properties: { name: { type: string } } }
    Note: { type: object, required: [id], properties: { id: { type: integer }, text: { type: string } } }
"##;

fn notes() -> Far {
    Far::start(|line, head| match (line, head.contains("Bearer n0tes-token")) {
        ("GET /v1/me", true) => (200, r#"{ "name": "Ada" }"#),
        ("POST /v1/notes", true) => (201, r#"{ "id": 7, "text": "hello" }"#),
        (_, true) => (404, "{}"),
        (_, false) => (401, "{}"),
    })
}

#[test]
fn a_connector_is_written_checked_and_called() {
    let (folder, notes) = (Folder::with(""), notes());
    folder.write("notes.yaml", NOTES.replace("BASE", &format!("{}/v1", notes.base)).as_bytes());
    let done = folder.flow(&["connectors", "new", "notes", "--openapi", "notes.yaml"]);
    assert_eq!((done.code, done.stdout.as_str()), (0, ""), "{}", done.stderr);
    assert_eq!(done.stderr, "notes.flow: 2 operations\n  next: flow connectors check notes notes.flow\n");
    let done = folder.flow(&["check", "notes.flow"]);
    assert_eq!((done.code, done.stdout.as_str()), (0, ""), "{}", done.stderr);
    // A private address is asked because the settings name it, not because the description does.
    let done = folder.flow_in(&[("NOTES_TOKEN", "n0tes-token")], &["connectors", "check", "notes", "notes.flow"]);
    assert!(done.stdout.contains("is a private address"), "{}", done.stdout);
    let own = format!("connectors.notes.base_url={}/v1", notes.base);
    let environment = [("NOTES_TOKEN", "n0tes-token")];
    let done = folder.flow_in(&environment, &["connectors", "check", "notes", "notes.flow", "--set", &own]);
    assert!(done.stdout.starts_with("notes: fine, as Ada (notes.users_me, "), "{} {}", done.stdout, done.stderr);
    let text = std::fs::read_to_string(folder.path().join("notes.flow")).expect("it was written");
    let call = "workflow note { step note = notes.add { text: \"hello\" }, output { id: note.id } }\n";
    folder.write("main.flow", format!("{text}{call}").as_bytes());
    let done = folder.flow_in(&environment, &["run", "main.flow", "--set", &own]);
    assert_eq!((done.code, done.stdout.as_str()), (0, "{\"id\":7}\n"), "{}", done.stderr);
    assert_eq!(notes.asked(), ["GET /v1/me", r#"POST /v1/notes {"text":"hello"}"#]);
}

#[test]
fn a_part_goes_to_stdout_and_nothing_is_written_over() {
    let folder = Folder::with("");
    folder.write("house.json", crate::lang::openapi::HOUSE.as_bytes());
    let new = |more: &[&str]| folder.flow(&[&["connectors", "new", "house", "--openapi", "house.json"], more].concat());
    let done = new(&["--tag", "rooms", "-o", "-"]);
    assert_eq!(done.code, 0, "{}", done.stderr);
    assert!(done.stdout.contains("connector house \"House API\" {"), "{}", done.stdout);
    assert!(done.stderr.starts_with("house: 3 operations of 12\n"), "{}", done.stderr);
    assert!(!folder.path().join("house.flow").exists());
    assert_eq!(new(&[]).code, 0);
    let done = new(&[]);
    assert_eq!(done.code, 2);
    assert!(
        done.stderr.contains("`house.flow` is there already") && done.stderr.contains("--force"),
        "{}",
        done.stderr
    );
    let done = new(&["--force"]);
    assert!(
        done.stderr.contains(
            "left to you, marked TODO:\n    list_guests (house_guests_list): the cookie `session` is not sent"
        ),
        "{}",
        done.stderr
    );
}

#[test]
fn what_cannot_be_read_is_told() {
    let folder = Folder::with("");
    let files: [(&str, &[u8]); 5] = [
        ("broken.json", b"{ \"openapi\": "),
        ("broken.yaml", b"openapi: [3\n"),
        ("other.yaml", b"hello: there\n"),
        ("bytes.json", b"\xff\xfe{}"),
        ("empty.json", b"{ \"openapi\": \"3.0.0\", \"paths\": {} }"),
    ];
    files.iter().for_each(|(name, bytes)| folder.write(name, bytes));
    let rows: [(&[&str], &str); 10] = [
        (&["crm", "--openapi", "none.json"], "`none.json` cannot be read"),
        (&["crm", "--openapi", "broken.json"], "broken.json: this is no JSON: EOF"),
        (&["crm", "--openapi", "broken.yaml"], "broken.yaml: this is neither JSON nor YAML: line 1"),
        (&["crm", "--openapi", "other.yaml"], "neither `openapi` nor `swagger`"),
        (&["crm", "--openapi", "bytes.json"], "it is not UTF-8"),
        (&["crm", "--openapi", "empty.json"], "describes no operation"),
        (&["slack", "--openapi", "empty.json"], "`slack` is a connector of the standard library"),
        (&["My-CRM", "--openapi", "empty.json"], "`My-CRM` cannot be the name of a connector"),
        (&["crm", "--openapi", "http://127.0.0.1:1/x.json"], "is a private address"),
        (
            &["crm", "--openapi", "http://127.0.0.1:1/x.json", "--set", "http.allow_hosts=127.0.0.1"],
            "cannot be reached",
        ),
    ];
    for (args, expected) in rows {
        let done = folder.flow(&[&["connectors", "new"], args].concat());
        assert_eq!((done.code, done.stdout.as_str()), (2, ""), "{args:?}");
        assert!(done.stderr.contains(expected), "{args:?}: {}", done.stderr);
        assert!(!folder.path().join("crm.flow").exists(), "{args:?}");
    }
}

#[test]
fn a_description_can_be_fetched() {
    let folder = Folder::with("");
    let house = Far::start(|line, _| match line {
        "GET /openapi.json" => (200, crate::lang::openapi::HOUSE),
        _ => (404, "{}"),
    });
    let address = format!("{}/openapi.json", house.base);
    let args =
        ["connectors", "new", "house", "--openapi", &address, "--path", "/me", "--set", "http.allow_hosts=127.0.0.1"];
    let done = folder.flow(&args);
    assert_eq!(done.code, 0, "{}", done.stderr);
    assert!(done.stderr.starts_with("house.flow: 1 operation of 12\n"), "{}", done.stderr);
}

#[test]
fn a_description_of_ten_megabytes_is_read() {
    let folder = Folder::with("");
    let schema = serde_json::json!({ "type": "object", "properties": { "id": { "type": "string", "description": "x".repeat(900) } } });
    let answer = serde_json::json!({ "200": { "content": { "application/json": { "schema": schema } } } });
    let paths: serde_json::Map<String, serde_json::Value> = (0..10_000)
        .map(|at| {
            (
                format!("/things/{at}"),
                serde_json::json!({ "get": { "tags": [format!("t{}", at % 100)], "responses": answer } }),
            )
        })
        .collect();
    let document = serde_json::json!({ "openapi": "3.0.0", "info": { "title": "Large" }, "paths": paths }).to_string();
    assert!(document.len() > 10_000_000, "{}", document.len());
    folder.write("large.json", document.as_bytes());
    let done = folder.flow(&["connectors", "new", "large", "--openapi", "large.json", "--tag", "t7"]);
    assert_eq!(done.code, 0, "{}", done.stderr);
    assert!(done.stderr.starts_with("large.flow: 100 operations of 10000\n"), "{}", done.stderr);
    assert!(done.stderr.contains("a part is chosen by --tag"), "{}", done.stderr);
}
