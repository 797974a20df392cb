//! Each operation's requests and its example answers, held strictly against the vendor's own description of its service.
//!
//! The descriptions are not ours: they lie in the directory that `FLOW_VENDOR_APIS` names, as OpenAPI 3 documents or as
//! Google's discovery documents; `.ci/vendor-apis/fetch.py` gets them. What is not there is said by name, and skipped.

mod description;
mod discovery;
mod paged;
mod polls;
mod said;
mod strict;

use std::path::Path;

use orchestra_flow::base::shape::{Field, Shape};
use orchestra_flow::base::value::Value;
use orchestra_flow::lang::openapi::{self, Wanted};
use orchestra_flow::lang::plan::connector::{Answer, Example, PageKind, UrlPiece};
use orchestra_flow::lang::plan::{Connector, Formula, Operation, Package, Root};

use super::declared::{EVERY_SERVICE, home_with_files, package, play, play_against};
use description::{Asked, Description};

/// Where it stands, in our own words, what vendors' pages say and their descriptions do not.
const PAGES: &str = "tests/connect/contract/pages";

/// The connectors that such a page describes wholly: their vendors publish no description.
const WHOLE: [&str; 1] = ["salesforce"];

/// Faults of requests that are made of made-up values: they are no choice of the service's, and no number within a text.
const MADE_UP: [&str; 3] = ["is none of", "is missing", "`text` is no"];

#[tokio::test]
async fn requests_and_answers_are_as_the_vendors_describe_them() {
    let (package, home) = (package(EVERY_SERVICE), home_with_files());
    let mut faults = Vec::new();
    for (name, connector) in &package.connectors {
        let Some(description) = description_of(name) else { continue };
        let held = hold(&package, connector, &description, home.path(), &mut faults).await;
        eprintln!("{name}: {held} requests and answers are as described");
        assert!(held > 0, "{name}");
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// What the vendor of a connector says, where it can be had.
fn description_of(name: &str) -> Option<Description> {
    let file = format!("{}.json", name.replace('_', "-"));
    let directory = std::env::var_os("FLOW_VENDOR_APIS");
    let text = directory.and_then(|it| std::fs::read_to_string(Path::new(&it).join(&file)).ok());
    if text.is_none() && !WHOLE.contains(&name) {
        eprintln!("SKIPPED: FLOW_VENDOR_APIS has no {file}; not held against its vendor's description: {name}");
        return None;
    }
    let page = std::fs::read_to_string(format!("{PAGES}/{name}.txt")).ok();
    Some(Description::new(text.as_deref(), page.as_deref()))
}

/// What `flow connectors new` makes of a description is held against that very description, by others' eyes.
/// The services from whose descriptions connectors are written here; the examples of some others do not fit their own schemas.
const WRITTEN: [&str; 2] = ["onedrive", "slack"];

#[tokio::test]
async fn connectors_that_are_written_from_a_description_are_as_it_says() {
    let house = ("house".to_owned(), crate::lang::openapi::HOUSE.to_owned());
    let mut known = vec![house];
    if let Some(directory) = std::env::var_os("FLOW_VENDOR_APIS") {
        let there = std::fs::read_dir(directory).expect("the directory is there").flatten().map(|entry| entry.path());
        let texts = there.filter_map(|path| {
            let name = path.file_stem()?.to_string_lossy().replace('-', "_");
            if !WRITTEN.contains(&&*name) {
                return None;
            }
            let text = std::fs::read_to_string(&path).ok().filter(|text| text.contains("\"openapi\""))?;
            Some((format!("made_{name}"), text))
        });
        known.extend(texts);
    } else {
        eprintln!("SKIPPED: FLOW_VENDOR_APIS is not set; no connector was written from its vendors' descriptions");
    }
    let home = home_with_files();
    let mut faults = Vec::new();
    for (name, text) in known {
        let document = serde_json::from_str(&text).expect("a description is JSON");
        let wanted = Wanted { name: name.clone(), ..Wanted::default() };
        let made = openapi::connector(document, &wanted).expect("it describes a service");
        let package = with_a_caller(&name, &made.text);
        // An address that is made of settings is not the peer's, which lies at the root.
        let description = Description::new(Some(&text.replace("house.example/v2", "house.example")), None);
        let held = hold(&package, &package.connectors[&*name], &description, home.path(), &mut faults).await;
        eprintln!("{name}: {held} requests and answers of {} operations are as described", made.operations);
        assert!(held >= made.operations, "{name}: {held}");
    }
    // A connector that was written from a description shows what must be given, and guesses how pages follow one another; the
    // rest is for who goes on with it.
    faults.retain(|fault| !["no example gives", "no further page", "page by page"].iter().any(|it| fault.contains(it)));
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// The package of a connector and a workflow that calls one of its operations, so that it is set up.
fn with_a_caller(name: &str, text: &str) -> Package {
    let bare = package(text);
    let operations = &bare.connectors[name].operations;
    let called = operations.values().find(|operation| {
        operation.signature.params.iter().all(|field| field.default.is_some() || field.shape.may_be_absent())
    });
    let called = called.expect("one needs no parameters");
    package(&format!("{text}\nworkflow call {{ step {name}.{} {{}} }}\n", called.signature.name))
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
        faults.extend(unseen(&operation.signature.params, &operation.examples).map(|fault| format!("{full}: {fault}")));
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
                let answer = (!made_up && example.fails.is_none()).then_some(&answer);
                held += 1;
                faults
                    .extend(faults_of(description, &asked, answer).into_iter().map(|fault| format!("{full}: {fault}")));
            }
        }
        if let Some((paginate, good)) = operation.shaping.paginate.as_ref().zip(good) {
            let (page, params) = paged::page_before_another(paginate, good);
            let ahead = good.ahead.len();
            let last = good.answers().last();
            let answers = good.ahead.iter().cloned().chain([page.clone()]).chain(last).map(|answer| (answer, false));
            let (_, peer) = play_against(package, operation, &params, answers.collect(), home).await;
            let further = peer.requests().get(ahead + 1).map(|request| Asked::new(request));
            faults.extend(further.is_none().then(|| format!("{full}: no further page is asked for")));
            // Where an answer says where the next page is, nothing else does.
            let further = further.filter(|_| paginate.kind != PageKind::Link);
            let first = peer.requests().get(ahead).map(|request| Asked::new(request));
            let seen = further.map(|asked| (asked, None)).into_iter().chain(first.map(|asked| (asked, Some(&page))));
            let found = seen.flat_map(|(asked, answer)| faults_of(description, &asked, answer));
            faults.extend(found.map(|fault| format!("{full}, page by page: {fault}")));
        }
    }
    held
}

/// The parameters under names of the caller's own that no example shows.
fn unseen<'a>(fields: &'a [Field], examples: &'a [Example]) -> impl Iterator<Item = String> + 'a {
    let own = fields.iter().filter(|field| is_own(field.shape.present()));
    let unseen = own.filter(|field| !examples.iter().any(|it| it.params.get(&field.name).is_some()));
    unseen.map(|field| format!("no example gives `{}`", field.name))
}

/// What is wrong with a request, and with its answer, if that is to be looked at. Without one the request may be made up.
fn faults_of(description: &Description, asked: &Asked, answer: Option<&Answer>) -> Vec<String> {
    let Some(described) = description.find(asked) else {
        return vec![format!("`{} {}` is not described", asked.method, asked.path)];
    };
    let mut found = described.request(asked);
    match answer {
        Some(answer) if answer.status < 300 && is_json(answer) => {
            found.extend(described.answer(asked, answer.status, &answer.body.to_json()));
        }
        Some(_) => {}
        // What is made up has the right name and kind, and seldom the right form.
        None => found.retain(|fault| !MADE_UP.iter().any(|made_up| fault.contains(made_up))),
    }
    found
}

/// An example that gives every parameter, so that each name is seen that is ever sent.
fn with_all_parameters(operation: &Operation, example: &Example) -> Example {
    Example { params: all_of(&operation.signature.params, &example.params), ..example.clone() }
}

/// These parameters, and what they do not give made up. What goes out under names of the caller's own is left as it is.
fn all_of(fields: &[Field], given: &Value) -> Value {
    let mut params = given.as_map().cloned().unwrap_or_default();
    for field in fields {
        if !params.contains_key(&field.name) && !is_own(field.shape.present()) {
            params.insert(field.name.clone(), field.shape.present().example());
        }
    }
    params.into()
}

/// Whether a value goes out under names of the caller's own.
fn is_own(shape: &Shape) -> bool {
    match shape {
        Shape::Map(..) | Shape::Any => true,
        Shape::List(item, _) => is_own(item),
        _ => false,
    }
}

/// Whether an answer is data, and not a file.
fn is_json(answer: &Answer) -> bool {
    let headers = answer.headers.as_map().into_iter().flatten();
    let stated =
        headers.filter(|(name, _)| name.eq_ignore_ascii_case("content-type")).map(|(_, value)| value.to_string());
    stated.into_iter().all(|media| media.contains("json"))
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
    let description = Description::new(Some(SMALL), None);
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

/// What its pages say of the same operation, and of one that it leaves out.
const PAGE: &str = "
# By its pages.
type Tag = { name: string }
PUT /things/{thing}
    query { as: string?, trace: bool? }
    body { name: any?, color: \"red\" | \"blue\"? }
GET /things
    query { limit: int }
    answer { things: list<{ name: string
        tags: list<Tag> }> }
";

#[test]
fn what_pages_say_stands_beside_the_description() {
    let description = Description::new(Some(SMALL), Some(PAGE));
    let rows = [
        ("PUT", "/things/7?as=me&trace=true", r#"{"color":"red"}"#, ""),
        ("PUT", "/things/7?as=me&trace=1", "{}", "query `trace`: `1` is no boolean"),
        ("PUT", "/things/7?as=me", r#"{"name":1}"#, "body.name: 1 is no string"),
        ("PUT", "/things/7?as=me", r#"{"color":"green"}"#, "body.color: \"green\" is none of"),
        ("PUT", "/things/7?as=me", r#"{"colour":"red"}"#, "body: there is no `colour`"),
        ("GET", "/things?limit=1", "", ""),
        ("GET", "/things", "", "the query misses `limit`"),
    ];
    for (method, target, body, fault) in rows {
        let asked = Asked::new(&format!("{method} {target} HTTP/1.1\r\nContent-Type: application/json\r\n\r\n{body}"));
        let found = description.find(&asked).expect("the path is described").request(&asked).join("; ");
        assert_eq!(
            (found.contains(fault), found.is_empty()),
            (true, fault.is_empty()),
            "{method} {target} {body}: {found}"
        );
    }
    let asked = Asked::new("GET /things?limit=1 HTTP/1.1\r\n\r\n");
    let described = description.find(&asked).expect("the path is described");
    let answer = serde_json::json!({ "things": [{ "name": "a", "tags": [{ "nam": "b" }] }] });
    assert_eq!(described.answer(&asked, 200, &answer), ["answer.things[0].tags[0]: there is no `nam`"]);
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
    let description = Description::new(Some(DISCOVERED), None);
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
