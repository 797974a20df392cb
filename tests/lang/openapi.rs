//! Descriptions of services as connectors: what is written of them checks, whatever they say.

use orchestra_flow::lang::openapi::{Made, Unusable, Wanted, connector};
use orchestra_flow::lang::{NoFiles, compile};
use serde_json::{Value as Json, json};

/// A description of version 3.0 with odd names, a circle of types, and each kind of body and pages.
pub const HOUSE: &str = include_str!("../openapi/house.json");
/// One of version 2.0.
pub const OLD_HOUSE: &str = include_str!("../openapi/old_house.json");

fn read(text: &str) -> Json {
    serde_json::from_str(text).expect("it is JSON")
}

fn whole(name: &str) -> Wanted {
    Wanted { name: name.to_owned(), ..Wanted::default() }
}

/// What is wrong with a text.
fn faults(text: &str) -> Vec<String> {
    let found = compile("made.flow", text, &NoFiles).diagnostics;
    found.iter().map(|it| format!("{} {}", it.code.0, it.message)).collect()
}

fn made(document: Json, wanted: &Wanted) -> Made {
    connector(document, wanted).expect("it is a description")
}

#[test]
fn a_connector_is_written_as_people_write_one() {
    for (document, name, file) in [(HOUSE, "house", "house.flow"), (OLD_HOUSE, "old_house", "old_house.flow")] {
        let made = made(read(document), &whole(name));
        assert_eq!(faults(&made.text), Vec::<String>::new(), "{}", made.text);
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/openapi").join(file);
        if std::env::var_os("UPDATE_EXPECT").is_some() {
            std::fs::write(&path, &made.text).expect("it can be written");
        }
        let expected = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            made.text == expected,
            "tests/openapi/{file} is not what is written now: UPDATE_EXPECT=1 writes it anew"
        );
        let wide = made.text.lines().find(|line| line.chars().count() > 130);
        assert_eq!(wide, None);
    }
}

#[test]
fn a_part_is_chosen_by_tag_path_and_id() {
    let rows: [(Wanted, usize); 4] = [
        (Wanted { tags: vec!["Rooms".to_owned()], ..whole("house") }, 3),
        (Wanted { paths: vec!["/guests/{guest-id}".to_owned()], ..whole("house") }, 6),
        (Wanted { operations: vec!["import".to_owned()], ..whole("house") }, 1),
        (Wanted { operations: vec!["import".to_owned()], paths: vec!["/me".to_owned()], ..whole("house") }, 2),
    ];
    for (wanted, operations) in rows {
        let made = made(read(HOUSE), &wanted);
        assert_eq!((made.operations, made.described), (operations, 12), "{wanted:?}");
        assert_eq!(faults(&made.text), Vec::<String>::new());
    }
    let wrong = Wanted { tags: vec!["room".to_owned()], ..whole("house") };
    let known = vec!["rooms".to_owned()];
    let unknown = Unusable::Unknown { what: "tag", name: "room".to_owned(), known };
    assert_eq!(connector(read(HOUSE), &wrong), Err(unknown));
}

#[test]
fn other_documents_are_told_what_they_are() {
    let rows = [
        (json!({ "openapi": "3.0.0", "paths": {} }), "describes no operation"),
        (json!({ "openapi": "3.0.0" }), "it has no `paths`"),
        (json!({ "openapi": "4.0.0", "paths": {} }), "its version is 4.0.0"),
        (json!({ "swagger": 1.2, "paths": {} }), "its version is 1.2"),
        (json!({ "resources": {} }), "a discovery document of Google"),
        (json!({ "info": {}, "item": [] }), "a collection of Postman"),
        (json!([1, 2]), "neither `openapi` nor `swagger`"),
    ];
    for (document, expected) in rows {
        let error = connector(document.clone(), &whole("x")).expect_err("it is none").to_string();
        assert!(error.contains(expected), "{document}: {error}");
    }
}

/// The places of all values in a document, as pointers.
fn places(value: &Json, at: &str, found: &mut Vec<String>) {
    found.push(at.to_owned());
    let step = |name: &str| format!("{at}/{}", name.replace('~', "~0").replace('/', "~1"));
    match value {
        Json::Object(map) => map.iter().for_each(|(name, value)| places(value, &step(name), found)),
        Json::Array(items) => {
            items.iter().enumerate().for_each(|(place, item)| places(item, &step(&place.to_string()), found))
        }
        _ => {}
    }
}

#[test]
fn whatever_stands_in_a_document_what_is_written_checks() {
    let odd = [
        json!(null),
        json!(7),
        json!("${oops} \" \\ \n // } \u{202e}"),
        json!(["a", { "b": 1 }]),
        json!({ "$ref": "#/components/schemas/Guest" }),
        json!({ "$ref": "#" }),
        json!({ "$ref": "other.yaml#/Guest" }),
        json!({ "allOf": [{ "$ref": "#/components/schemas/Room" }], "oneOf": [{ "$ref": "#/paths" }], "items": true }),
    ];
    let mut tried = 0;
    for document in [HOUSE, OLD_HOUSE] {
        let document = read(document);
        let mut pointers = Vec::new();
        places(&document, "", &mut pointers);
        // Each place once, with one odd thing after the other.
        for (count, pointer) in pointers.iter().skip(1).enumerate() {
            let mut document = document.clone();
            *document.pointer_mut(pointer).expect("it is there") = odd[count % odd.len()].clone();
            let Ok(made) = connector(document, &whole("house")) else { continue };
            assert_eq!(
                faults(&made.text),
                Vec::<String>::new(),
                "{pointer} as {}\n{}",
                odd[count % odd.len()],
                made.text
            );
            tried += 1;
        }
    }
    assert!(tried > 300, "{tried}");
}

#[test]
fn odd_keys_are_names_like_others() {
    let odd = [
        "",
        "1",
        "a b",
        "ünïcode",
        "日本",
        "if",
        "params",
        "a\"b\\c",
        "${x}",
        "{y}",
        "//",
        "\n",
        "\u{200b}",
        "__proto__",
    ];
    let schema = |name: &str| json!({ "type": "object", "required": [name], "properties": { name: { "type": "string" }, "b": {} } });
    for name in odd {
        let answer = json!({ "200": { "content": { "application/json": { "schema": schema(name) } } } });
        let body = json!({ "content": { "application/json": { "schema": schema(name) } } });
        let parameters: Vec<Json> = ["query", "header", "path"]
            .iter()
            .map(|place| json!({ "name": name, "in": place, "schema": { "type": "string" } }))
            .collect();
        let operation = json!({
            "operationId": name, "summary": name, "tags": [name], "parameters": parameters, "requestBody": body, "responses": answer,
        });
        let document = json!({
            "openapi": "3.1.0", "info": { "title": name }, "servers": [{ "url": format!("https://x.example/{name}") }],
            "paths": { format!("/a/{{{name}}}/{name}"): { "post": operation } },
            "components": { "securitySchemes": { name: { "type": "apiKey", "in": "header", "name": name } } },
        });
        let made = made(document, &whole("odd"));
        assert_eq!(faults(&made.text), Vec::<String>::new(), "{name:?}: {}", made.text);
    }
}

#[test]
fn schemas_that_grow_without_end_come_to_one() {
    let rows = [
        json!({ "A": { "type": "array", "items": { "$ref": "#/components/schemas/A" } } }),
        json!({ "A": { "oneOf": [{ "$ref": "#/components/schemas/A" }, { "type": "string" }] } }),
        json!({ "A": { "allOf": [{ "$ref": "#/components/schemas/A" }] } }),
        json!({ "A": { "$ref": "#/components/schemas/B" }, "B": { "$ref": "#/components/schemas/A" } }),
        json!({ "A": { "type": "object", "additionalProperties": { "$ref": "#/components/schemas/A" } } }),
        json!({ "A": { "type": "object", "required": ["a", "b"], "properties": {
            "a": { "$ref": "#/components/schemas/A" }, "b": { "type": "array", "items": { "$ref": "#/components/schemas/A" } },
        } } }),
    ];
    for schemas in rows {
        let of_a = json!({ "content": { "application/json": { "schema": { "$ref": "#/components/schemas/A" } } } });
        let document = json!({
            "openapi": "3.1.0", "components": { "schemas": schemas },
            "paths": { "/a": { "post": { "requestBody": of_a, "responses": { "200": of_a } } } },
        });
        let made = made(document, &whole("deep"));
        assert_eq!(faults(&made.text), Vec::<String>::new(), "{schemas}: {}", made.text);
        assert!(made.text.len() < 20_000, "{schemas}: {} bytes", made.text.len());
    }
}
