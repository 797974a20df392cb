//! `mongodb.*` against a server that speaks its protocol.

mod peer;

use orchestra_flow::base::failure::Failure;
use orchestra_flow::base::time::Duration;
use orchestra_flow::base::value::{Map, Value};
use orchestra_flow::connect::Connectors;
use orchestra_flow::connect::databases::{CONNECTIONS, Database, Databases, Place};
use orchestra_flow::run::world::{Act, Outcome, Perform as _};

use self::peer::{Peer, crm, cut_after, overheard};
use super::desk::{act, desk, failure, json, value};
use crate::cli::Folder;

fn desk_at(host: &str) -> Connectors {
    desk_of(crm(host, 5_000))
}

fn desk_of(databases: Databases) -> Connectors {
    desk(std::path::Path::new("."), "mongodb", Map::new(), |environment| environment.databases = databases)
}

/// A call in the collection `people`.
fn call(operation: &str, params: &str) -> Act {
    let mut params = json(params).as_map().cloned().expect("an object");
    params.entry("database".into()).or_insert_with(|| "crm".into());
    params.insert("collection".into(), "people".into());
    act(&format!("mongodb.{operation}"), params.into())
}

async fn ask(desk: &Connectors, operation: &str, params: &str) -> Outcome {
    desk.perform(call(operation, params)).await
}

/// Another intent than that of every other call.
async fn ask_as(desk: &Connectors, key: &str, operation: &str, params: &str) -> Outcome {
    desk.perform(Act { key: key.into(), ..call(operation, params) }).await
}

#[tokio::test]
async fn documents_go_in_and_come_out_by_the_types_of_the_language() {
    let Some(peer) = Peer::start() else { return };
    let desk = desk_at(&peer.host);
    let moment: jiff::Timestamp = "2026-03-29T10:00:00.125Z".parse().expect("a moment");
    let document = json(
        r#"{ "name": "Ada", "n": 3, "far": 5000000000, "half": 0.5, "gone": null, "tags": ["a", { "deep": true }],
             "owner": { "$oid": "65a1b2c3d4e5f60718293a4b" }, "price": { "$numberDecimal": "10.30" },
             "since": { "$date": "2026-01-02T03:04:05Z" }, "$cost": 1 }"#,
    );
    let mut document = document.as_map().cloned().expect("an object");
    document.shift_remove("$cost");
    document.insert("seen".into(), Value::moment(moment));
    document.insert("bytes".into(), Value::Bytes(vec![0, 255].into()));
    let mut insert = call("insert", "{}").params.as_map().cloned().expect("an object");
    insert.insert("document".into(), document.into());
    let made = value(desk.perform(act("mongodb.insert", insert.into())).await);
    assert_eq!(made["inserted"], 1);
    let id = made["ids"][0]["$oid"].as_str().expect("an id").to_owned();
    // Whatever comes out goes in again as it is.
    let found = desk.perform(call("find", &format!(r#"{{ "filter": {{ "_id": {{ "$oid": "{id}" }} }} }}"#))).await;
    let found = found.result.expect("it is found");
    let first = found.as_list().and_then(|list| list.first()).expect("a document").clone();
    assert!(matches!(first.get("seen"), Some(Value::DateTime(seen)) if seen.timestamp() == moment), "{first}");
    assert!(matches!(first.get("bytes"), Some(Value::Bytes(bytes)) if **bytes == [0, 255]), "{first}");
    assert!(matches!(first.get("far"), Some(Value::Int(5_000_000_000))), "{first}");
    let shown = first.to_json();
    for (field, expected) in [
        ("_id", serde_json::json!({ "$oid": id })),
        ("owner", serde_json::json!({ "$oid": "65a1b2c3d4e5f60718293a4b" })),
        ("price", serde_json::json!({ "$numberDecimal": "10.30" })),
        ("since", serde_json::json!("2026-01-02T03:04:05Z")),
        ("half", serde_json::json!(0.5)),
        ("tags", serde_json::json!(["a", { "deep": true }])),
    ] {
        assert_eq!(shown[field], expected, "{field}");
    }
    assert!(first.get("gone").is_none(), "{first}");
}

#[tokio::test]
async fn documents_are_found_changed_and_deleted() {
    let Some(peer) = Peer::start() else { return };
    let desk = desk_at(&peer.host);
    let people = r#"{ "documents": [{ "_id": 1, "name": "Ada", "age": 36 }, { "_id": 2, "name": "Bo", "age": 20 }, { "_id": 3, "name": "Cy", "age": 50 }] }"#;
    value(ask(&desk, "insert", people).await);
    let rows = [
        (
            "find",
            r#"{ "filter": { "age": { "$gte": 30 } }, "sort": { "age": -1 } }"#,
            r#"[{"_id":3,"name":"Cy","age":50},{"_id":1,"name":"Ada","age":36}]"#,
        ),
        ("find", r#"{ "sort": { "_id": 1 }, "skip": 1, "limit": 1 }"#, r#"[{"_id":2,"name":"Bo","age":20}]"#),
        ("count", r#"{ "filter": { "age": { "$lt": 40 } } }"#, "2"),
        ("count", "{}", "3"),
        ("distinct", r#"{ "field": "name", "filter": { "_id": { "$lt": 3 } } }"#, r#"["Ada","Bo"]"#),
        (
            "aggregate",
            r#"{ "pipeline": [{ "$match": { "age": { "$gt": 30 } } }, { "$group": { "_id": "all", "n": { "$sum": 1 } } }] }"#,
            r#"[{"n":2}]"#,
        ),
        (
            "update",
            r#"{ "filter": { "_id": 1 }, "update": { "$set": { "age": 37 } } }"#,
            r#"{"matched":1,"modified":1,"upserted":null}"#,
        ),
        (
            "update",
            r#"{ "filter": { "age": { "$gt": 30 } }, "update": { "$inc": { "age": 1 } }, "many": true }"#,
            r#"{"matched":2,"modified":2,"upserted":null}"#,
        ),
        (
            "update",
            r#"{ "filter": { "_id": 9 }, "update": { "$set": { "age": 1 } } }"#,
            r#"{"matched":0,"modified":0,"upserted":null}"#,
        ),
        (
            "update",
            r#"{ "filter": { "_id": 9 }, "update": { "$set": { "age": 1 } }, "upsert": true }"#,
            r#"{"matched":0,"modified":0,"upserted":9}"#,
        ),
        ("delete", r#"{ "filter": { "age": { "$lt": 30 } } }"#, r#"{"deleted":2}"#),
        ("find", r#"{ "sort": { "_id": 1 } }"#, r#"[{"_id":1,"name":"Ada","age":38},{"_id":3,"name":"Cy","age":51}]"#),
    ];
    for (operation, params, expected) in rows {
        let answer = value(ask(&desk, operation, params).await);
        let answer = match operation {
            // What all documents are grouped by is nothing.
            "aggregate" => serde_json::json!([{ "n": answer[0]["n"] }]),
            _ => answer,
        };
        assert_eq!(answer.to_string(), expected, "{operation} {params}");
    }
}

#[tokio::test]
async fn what_bounds_a_question_is_left_to_the_database() {
    let Some(peer) = Peer::start() else { return };
    let (host, heard) = overheard(&peer.host).await;
    value(
        ask(
            &desk_at(&host),
            "find",
            r#"{ "projection": { "tagged": 1 }, "sort": { "sorted": -1 }, "skip": 4, "limit": 3 }"#,
        )
        .await,
    );
    let heard = heard.lock().expect("nobody broke it");
    for word in ["projection", "tagged", "sorted", "skip", "limit", "maxTimeMS"] {
        assert!(heard.windows(word.len()).any(|at| at == word.as_bytes()), "{word}");
    }
}

#[tokio::test]
async fn an_insert_that_is_repeated_by_its_key_is_there_once() {
    let Some(peer) = Peer::start() else { return };
    let desk = desk_at(&peer.host);
    let first = value(ask(&desk, "insert", r#"{ "documents": [{ "n": 1 }, { "n": 2 }] }"#).await);
    // As if only the first two had arrived before the connection was lost.
    let again = value(ask(&desk, "insert", r#"{ "documents": [{ "n": 1 }, { "n": 2 }, { "n": 3 }] }"#).await);
    assert_eq!((&again["inserted"], &again["ids"][1]), (&3.into(), &first["ids"][1]));
    assert_eq!(value(ask(&desk, "count", "{}").await), 3);
    // They sort as they were given.
    let found = value(ask(&desk, "find", r#"{ "sort": { "_id": 1 } }"#).await);
    let order: Vec<_> = found.as_array().expect("a list").iter().map(|it| it["n"].as_i64()).collect();
    assert_eq!(order, [Some(1), Some(2), Some(3)]);
    // Another intent is another document.
    value(ask_as(&desk, "01J:other", "insert", r#"{ "document": { "n": 1 } }"#).await);
    assert_eq!(value(ask(&desk, "count", "{}").await), 4);
}

#[tokio::test]
async fn what_is_there_already_is_a_conflict() {
    let Some(peer) = Peer::start() else { return };
    let desk = desk_at(&peer.host);
    value(ask(&desk, "insert", r#"{ "document": { "_id": "a" } }"#).await);
    let (conflict, certain) = failure(ask(&desk, "insert", r#"{ "document": { "_id": "a" } }"#).await);
    assert_eq!((conflict.kind.name(), certain), ("conflict", true), "{conflict}");
    assert_eq!(conflict.details["code"], Value::Int(11_000));
    // A real server inserts the first of three before it refuses the second; one that takes all or none is as good.
    let (conflict, certain) =
        failure(ask(&desk, "insert", r#"{ "documents": [{ "n": 1 }, { "_id": "a" }, { "n": 2 }] }"#).await);
    assert_eq!(conflict.kind.name(), "conflict", "{conflict}");
    let count = value(ask(&desk, "count", "{}").await);
    assert_eq!(certain, count == 1, "{count} are there");
    // A document made by this key was there already when another was refused: some of it had happened.
    value(ask_as(&desk, "01J:later", "insert", r#"{ "document": { "n": 7 } }"#).await);
    let both = r#"{ "documents": [{ "n": 7 }, { "_id": "a" }] }"#;
    let (conflict, certain) = failure(ask_as(&desk, "01J:later", "insert", both).await);
    assert_eq!((conflict.kind.name(), certain), ("conflict", false), "{conflict}");
    assert_eq!(value(ask(&desk, "count", r#"{ "filter": { "n": 7 } }"#).await), 1);
}

#[tokio::test]
async fn what_would_touch_more_than_is_meant_is_refused() {
    let Some(peer) = Peer::start() else { return };
    let sqlite = Place::read("sqlite:books.db").expect("an address");
    let books = Database { name: "books".into(), place: sqlite, connections: 1, rows_max: 1 };
    let crm = crm(&peer.host, 2).get("crm").map(|it| Database::clone(it)).expect("it is there");
    let desk = desk_of(Databases::new([crm, books]));
    value(ask(&desk, "insert", r#"{ "documents": [{ "_id": 1 }, { "_id": 2 }, { "_id": 3 }] }"#).await);
    let rows = [
        ("delete", r#"{ "filter": { "_id": null } }"#, "validation_error", "`filter._id` is `()`"),
        ("delete", r#"{ "filter": { "$or": [{ "_id": null }] } }"#, "validation_error", "`filter.$or[0]._id` is `()`"),
        ("find", r#"{ "filter": { "_id": { "$in": [1], "x": null } } }"#, "validation_error", "is `()`"),
        ("update", r#"{ "filter": {}, "update": { "name": "x" } }"#, "validation_error", "write `update: { \"$set\""),
        ("aggregate", r#"{ "pipeline": [{ "$out": "copy" }] }"#, "validation_error", "only reads"),
        ("insert", r#"{ "document": {}, "documents": [] }"#, "validation_error", "one of them"),
        ("insert", "{}", "validation_error", "one of them"),
        ("insert", r#"{ "document": { "at": { "$date": "soon" } } }"#, "validation_error", "document.at"),
        ("find", "{}", "limit_exceeded", "`rows_max`"),
        ("find", r#"{ "database": "crn" }"#, "validation_error", "did you mean `crm`?"),
        ("find", r#"{ "database": "books" }"#, "validation_error", "ask it by `sql.*`"),
    ];
    for (operation, params, kind, says) in rows {
        let (failure, certain) = failure(ask(&desk, operation, params).await);
        assert_eq!((failure.kind.name(), certain), (kind, true), "{operation} {params}: {failure}");
        assert!(failure.message.contains(says), "{operation} {params}: {failure}");
    }
    assert_eq!(value(ask(&desk, "count", "{}").await), 3);
}

#[tokio::test]
async fn a_stream_comes_in_pages_and_goes_on_after_a_crash() {
    let Some(peer) = Peer::start() else { return };
    let desk = desk_at(&peer.host);
    let many = 2_345;
    let documents: Vec<String> = (0..many).map(|n| format!(r#"{{ "_id": {n} }}"#)).collect();
    value(ask(&desk, "insert", &format!(r#"{{ "documents": [{}] }}"#, documents.join(","))).await);
    for (operation, params, crashes) in [
        ("find", r#"{ "sort": { "_id": 1 } }"#, false),
        ("find", r#"{ "sort": { "_id": 1 } }"#, true),
        ("find", r#"{ "sort": { "_id": 1 }, "limit": 2345 }"#, true),
        ("aggregate", r#"{ "pipeline": [{ "$sort": { "_id": 1 } }] }"#, true),
    ] {
        let (mut desk, mut page, mut ids, mut pages) = (desk_at(&peer.host), Value::Unit, Vec::new(), 0);
        loop {
            let outcome = desk.perform(Act { page, streamed: true, ..call(operation, params) }).await;
            page = outcome.next_page.clone();
            ids.extend(value(outcome).as_array().expect("a list").iter().map(|it| it["_id"].as_i64()));
            pages += 1;
            if page.is_unit() {
                break;
            }
            if crashes {
                // Whoever comes after a crash knows nothing but the page.
                desk = desk_at(&peer.host);
            }
        }
        assert_eq!(ids, (0..many).map(Some).collect::<Vec<_>>(), "{operation} {params} {crashes}");
        assert_eq!(pages, 3, "{operation} {params} {crashes}");
    }
}

async fn failed(desk: &Connectors, operation: &str, params: &str) -> (Failure, bool) {
    failure(ask(desk, operation, params).await)
}

#[tokio::test]
async fn what_broke_is_told_with_what_is_certain_of_it() {
    let Some(mut peer) = Peer::start() else { return };
    let change = r#"{ "filter": { "_id": 1 }, "update": { "$set": { "n": 2 } } }"#;
    value(ask(&desk_at(&peer.host), "insert", r#"{ "document": { "_id": 1, "n": 1 } }"#).await);
    // The change arrived, its answer did not.
    let cut = desk_at(&cut_after(b"update\0", &peer.host).await);
    let (lost, certain) = failed(&cut, "update", change).await;
    assert_eq!((lost.kind.name(), certain), ("connection_error", false), "{lost}");
    assert_eq!(value(ask(&cut, "find", "{}").await).to_string(), r#"[{"_id":1,"n":2}]"#);
    // An insert may be repeated.
    let cut = desk_at(&cut_after(b"insert\0", &peer.host).await);
    let (lost, certain) = failed(&cut, "insert", r#"{ "document": { "n": 5 } }"#).await;
    assert_eq!((lost.kind.name(), certain), ("connection_error", false), "{lost}");
    assert_eq!(value(ask(&cut, "count", r#"{ "filter": { "n": 5 } }"#).await), 1);
    value(ask(&cut, "insert", r#"{ "document": { "n": 5 } }"#).await);
    assert_eq!(value(ask(&cut, "count", r#"{ "filter": { "n": 5 } }"#).await), 1);
    // What the database refuses changed nothing.
    let unknown = r#"{ "filter": {}, "update": { "$nothing": { "n": 1 } } }"#;
    let (refused, certain) = failed(&cut, "update", unknown).await;
    assert_eq!((refused.kind.name(), certain), ("validation_error", true), "{refused}");
    peer.stop();
    let gone = desk_of(soon(&peer.host));
    let (gone, certain) = failure(gone.perform(Act { timeout: Duration::seconds(20), ..call("update", change) }).await);
    assert_eq!((gone.kind.name(), certain), ("connection_error", true), "{gone}");
    assert!(gone.message.contains(&peer.host), "{gone}");
}

/// A database whose server is not looked for long.
fn soon(host: &str) -> Databases {
    let place = Place::read(&format!("mongodb://{host}/crm?serverSelectionTimeoutMS=300")).expect("an address");
    Databases::new([Database { name: "crm".into(), place, connections: CONNECTIONS, rows_max: 10 }])
}

const REVIEW: &str = r#"
workflow review {
    step fill = mongodb.insert { database: "crm", collection: "orders", documents: [{ cents: 5 }, { cents: 700 }, { cents: 900 }] }
    step large = for order from mongodb.find { database: "crm", collection: "orders", filter: { cents: { "$gt": 100 } }, sort: { cents: 1 } } {
        step mark = mongodb.update { database: "crm", collection: "orders", filter: { _id: order._id }, update: { "$set": { large: true, at: now() } } }
        output order.cents
    }
    step marked = mongodb.count { database: "crm", collection: "orders", filter: { large: true, at: { "$lte": now() } } }
    output { cents: list<any> = large, marked: int = marked }
}
"#;

#[test]
fn a_program_reviews_the_documents_of_the_database_that_the_settings_name() {
    let folder = Folder::with(REVIEW);
    let missing = folder.flow(&["run", "main.flow"]);
    assert_eq!(missing.code, 2, "{}", missing.stderr);
    assert!(missing.stderr.contains("url = \"mongodb://...\"` under `[databases.crm]`"), "{}", missing.stderr);
    let wrong = folder.flow_in(&[("FLOW_DATABASE_CRM_URL", "mongodb://db.example.com")], &["run", "main.flow"]);
    assert!(wrong.stderr.contains("names no database: end it with one"), "{}", wrong.stderr);
    let Some(peer) = Peer::start() else { return };
    let url = format!("mongodb://{}/crm", peer.host);
    let done = folder.flow_in(&[("FLOW_DATABASE_CRM_URL", &url)], &["run", "main.flow"]);
    assert_eq!(done.code, 0, "{}", done.stderr);
    let output: serde_json::Value = serde_json::from_str(&done.stdout).expect("JSON");
    assert_eq!(output, serde_json::json!({ "cents": [700, 900], "marked": 2 }));
}
