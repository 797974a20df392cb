//! Each operation's requests and its example answers, held strictly against the vendor's own description of its service.
//!
//! The descriptions are not ours: they lie in the directory that `FLOW_VENDOR_APIS` names, as OpenAPI 3 documents or as
//! Google's discovery documents. What is not there is said by name, and skipped.

mod description;
mod discovery;
mod strict;

use std::path::Path;

use orchestra_flow::base::shape::Shape;
use orchestra_flow::lang::plan::connector::{Example, UrlPiece};
use orchestra_flow::lang::plan::{Connector, Formula, Operation, Package, Root};

use super::declared::{EVERY_SERVICE, home_with_files, package, play};
use description::{Asked, Description};

/// The connectors with the files that describe their services.
const DESCRIBED: [(&str, &str); 5] = [
    ("asana", "asana.json"),
    ("google_calendar", "google-calendar.json"),
    ("google_drive", "google-drive.json"),
    ("onedrive", "onedrive.json"),
    ("slack", "slack.json"),
];

/// The operations whose paths the descriptions at hand may leave out: some are cut to what is used most. A path that is
/// misspelt is in none of these lists.
const LEFT_OUT: [&str; 9] = [
    "asana.download_attachment",
    "google_drive.unshare_file",
    "slack.unschedule_message",
    "slack.remove_reaction",
    "slack.permalink",
    "slack.set_topic",
    "slack.join_channel",
    "slack.archive_channel",
    "slack.download_file",
];

/// What a service takes, though its description does not say so.
const UNSAID: [&str; 1] = ["asana.search_tasks: the query has `limit`, which nobody knows"];

#[tokio::test]
async fn requests_and_answers_are_as_the_vendors_describe_them() {
    let Some(directory) = std::env::var_os("FLOW_VENDOR_APIS") else {
        let names = DESCRIBED.map(|(name, _)| name).join(", ");
        eprintln!("SKIPPED: FLOW_VENDOR_APIS is not set; not held against their vendors' descriptions: {names}");
        return;
    };
    let (package, home) = (package(EVERY_SERVICE), home_with_files());
    let mut faults = Vec::new();
    for (name, file) in DESCRIBED {
        let path = Path::new(&directory).join(file);
        let Ok(text) = std::fs::read_to_string(&path) else {
            eprintln!("SKIPPED: {} is not there; not held against it: {name}", path.display());
            continue;
        };
        let description = Description::new(&text);
        let held = hold(&package, &package.connectors[name], &description, home.path(), &mut faults).await;
        eprintln!("{name}: {held} requests and answers are as described");
        assert!(held > 0, "{name}");
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// How many requests and answers of the connector's examples are as described; what is not goes to `faults`.
async fn hold(
    package: &Package,
    connector: &Connector,
    description: &Description,
    home: &Path,
    faults: &mut Vec<String>,
) -> usize {
    let mut held = 0;
    for operation in connector.operations.values().filter(|operation| operation.request.is_some()) {
        let full = operation.signature.full_name();
        let good = operation.examples.iter().find(|example| example.fails.is_none());
        let whole = good.map(|example| (with_all_parameters(operation, example), true));
        let examples = operation.examples.iter().map(|example| (example.clone(), false));
        for (example, made_up) in examples.chain(whole) {
            let (_, peer) = play(package, operation, &example, home).await;
            let own: Vec<bool> = operation.requests().map(|request| is_at_home(&request.url.pieces)).collect();
            for (place, (request, answer)) in peer.requests().iter().zip(example.answers()).enumerate() {
                let asked = Asked::new(request);
                // An address that an answer named, or the sender's own, is not described.
                if own.get(place) != Some(&true) {
                    continue;
                }
                let Some(described) = description.find(&asked) else {
                    if !LEFT_OUT.contains(&&*full) {
                        faults.push(format!("{full}: `{} {}` is not described", asked.method, asked.path));
                    }
                    continue;
                };
                let mut found = described.request(&asked);
                if made_up {
                    // What is made up has the right name, and seldom the right form.
                    found.retain(|fault| fault.contains("nobody knows") || fault.contains("there is no `"));
                } else if example.fails.is_none() && answer.status < 300 {
                    found.extend(described.answer(&asked, answer.status, &answer.body.to_json()));
                }
                held += 1;
                let found = found.into_iter().map(|fault| format!("{full}: {fault}"));
                faults.extend(found.filter(|fault| !UNSAID.contains(&&**fault)));
            }
        }
    }
    held
}

/// An example that gives every parameter, so that each name is seen that is ever sent; those it did not give are made up.
/// What goes out under names of the caller's own is left as it is.
fn with_all_parameters(operation: &Operation, example: &Example) -> Example {
    let mut params = example.params.as_map().cloned().unwrap_or_default();
    for field in &operation.signature.params {
        let inner = if let Shape::Optional(inner) = &field.shape { inner } else { &field.shape };
        if !params.contains_key(&field.name) && !matches!(inner, Shape::Map(..) | Shape::Any) {
            params.insert(field.name.clone(), inner.example());
        }
    }
    Example { params: params.into(), ..example.clone() }
}

/// Whether an address lies where the connector lives: it begins with a path, or is made from the settings.
fn is_at_home(pieces: &[UrlPiece]) -> bool {
    match pieces.first() {
        Some(UrlPiece::Text(text)) => !text.starts_with("http"),
        Some(UrlPiece::Value(Formula::Script(script))) => script.roots.contains(&Root::Config),
        _ => false,
    }
}

/// A description of one operation, to see that each way to be wrong is found.
const SMALL: &str = r##"{
    "paths": { "/things/{id}": { "put": {
        "parameters": [
            { "name": "dry", "in": "query", "schema": { "type": "boolean" } },
            { "name": "as", "in": "query", "required": true, "schema": { "type": "string", "enum": ["me", "all"] } }
        ],
        "requestBody": { "required": true, "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Thing" } } } },
        "responses": { "200": { "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Thing" } } } } }
    } } },
    "components": { "schemas": { "Thing": {
        "required": ["name"],
        "properties": {
            "name": { "type": "string" },
            "size": { "type": "integer", "nullable": true },
            "tags": { "type": "array", "items": { "type": "string" } }
        }
    } } }
}"##;

#[test]
fn each_way_to_be_wrong_is_found() {
    let description = Description::new(SMALL);
    let rows = [
        ("/things/7?as=me", r#"{"name":"a","size":null,"tags":["x"]}"#, ""),
        ("/things/7?as=me&dry=true", r#"{"name":"a"}"#, ""),
        ("/things/7", r#"{"name":"a"}"#, "the query misses `as`"),
        ("/things/7?as=you", r#"{"name":"a"}"#, "query `as`: `you` is none of"),
        ("/things/7?as=me&dri=true", r#"{"name":"a"}"#, "the query has `dri`"),
        ("/things/7?as=me&dry=1", r#"{"name":"a"}"#, "query `dry`: `1` is no boolean"),
        ("/things/7?as=me", r#"{"nam":"a"}"#, "body: there is no `nam`"),
        ("/things/7?as=me", r#"{"size":1}"#, "body: `name` is missing"),
        ("/things/7?as=me", r#"{"name":"a","size":"1"}"#, "body.size: \"1\" is no integer"),
        ("/things/7?as=me", r#"{"name":"a","tags":[1]}"#, "body.tags[0]: 1 is no string"),
        ("/things/7?as=me", "", "there is no body"),
    ];
    for (target, body, fault) in rows {
        let asked = Asked::new(&format!("PUT {target} HTTP/1.1\r\nContent-Type: application/json\r\n\r\n{body}"));
        let found = description.find(&asked).expect("the path is described").request(&asked).join("; ");
        assert_eq!((found.contains(fault), found.is_empty()), (true, fault.is_empty()), "{target} {body}: {found}");
    }
    let asked = Asked::new("PUT /thing/7?as=me HTTP/1.1\r\n\r\n");
    assert!(description.find(&asked).is_none());
    let asked = Asked::new("PUT /things/7?as=me HTTP/1.1\r\n\r\n");
    let described = description.find(&asked).expect("the path is described");
    // An example may leave out what nobody reads, and nothing else.
    assert_eq!(described.answer(&asked, 200, &serde_json::json!({ "size": 2 })), Vec::<String>::new());
    assert_eq!(described.answer(&asked, 200, &serde_json::json!({ "sise": 2 })), ["answer: there is no `sise`"]);
}

/// The same in the form that Google gives.
const DISCOVERED: &str = r#"{
    "servicePath": "drive/v3/",
    "parameters": { "fields": { "location": "query", "type": "string" } },
    "schemas": { "File": { "properties": { "name": { "type": "string" } } } },
    "resources": { "files": { "methods": { "update": {
        "path": "files/{fileId}", "httpMethod": "PATCH", "request": { "$ref": "File" }, "response": { "$ref": "File" },
        "parameters": { "fileId": { "location": "path" }, "trash": { "location": "query", "type": "boolean" } },
        "mediaUpload": { "protocols": { "simple": { "path": "/upload/drive/v3/files/{fileId}" } } }
    } } } }
}"#;

#[test]
fn googles_own_form_says_the_same() {
    let description = Description::new(DISCOVERED);
    let rows = [
        ("/drive/v3/files/7?fields=id&trash=true", r#"{"name":"a"}"#, ""),
        ("/upload/drive/v3/files/7?uploadType=media", r#"{"name":"a"}"#, ""),
        ("/drive/v3/files/7?uploadType=media", r#"{"name":"a"}"#, "the query has `uploadType`"),
        ("/drive/v3/files/7?trash=1", r#"{"name":"a"}"#, "query `trash`: `1` is no boolean"),
        ("/drive/v3/files/7", r#"{"nam":"a"}"#, "body: there is no `nam`"),
    ];
    for (target, body, fault) in rows {
        let asked = Asked::new(&format!("PATCH {target} HTTP/1.1\r\nContent-Type: application/json\r\n\r\n{body}"));
        let found = description.find(&asked).expect("the path is described").request(&asked).join("; ");
        assert_eq!((found.contains(fault), found.is_empty()), (true, fault.is_empty()), "{target} {body}: {found}");
    }
}
