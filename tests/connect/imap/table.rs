//! What a real server must do.

use std::time::Duration;

use orchestra_flow::base::value::Value;
use serde_json::{Value as Json, json};

use super::peer::{Desk, Dovecot};
use crate::connect::desk::{failure, value};

const HOUR: Duration = Duration::from_secs(3_600);

/// A message of a few lines.
fn plain(subject: &str) -> Vec<u8> {
    format!(
        "From: Ada <ada@example.com>\r\nTo: desk@example.com, Bob <bob@example.com>\r\nSubject: {subject}\r\n\
         Date: Sun, 29 Mar 2026 08:30:00 +0200\r\nMessage-ID: <{}@example.com>\r\nIn-Reply-To: <first@example.com>\r\n\
         References: <first@example.com> <second@example.com>\r\nReply-To: reply@example.com\r\n\r\nHello from {subject}.\r\n",
        subject.replace(' ', "-")
    )
    .into_bytes()
}

fn subjects(list: &Json) -> Vec<&str> {
    list.as_array().expect("a list").iter().map(|it| it["subject"].as_str().unwrap_or_default()).collect()
}

async fn id_of(desk: &Desk, subject: &str) -> String {
    let found = desk.ask("list", &json!({ "subject": subject }).to_string()).await;
    found[0]["id"].as_str().expect("it is there").to_owned()
}

fn refused(outcome: orchestra_flow::run::world::Outcome) -> (String, bool) {
    let (failure, certain) = failure(outcome);
    (failure.kind.name().to_owned(), certain)
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_are_listed_as_they_were_asked_for() {
    let Some(server) = Dovecot::start() else { return };
    for (subject, age) in [("old", 50), ("invoice 7", 3), ("Счёт Ü", 2), ("new", 1)] {
        server.deliver("ada", &plain(subject), HOUR * age);
    }
    let desk = server.desk("ada", &[]);
    let all = desk.ask("list", "{}").await;
    assert_eq!(subjects(&all), ["new", "Счёт Ü", "invoice 7", "old"]);
    let first = &all[0];
    assert_eq!(first["from"], json!({ "name": "Ada", "address": "ada@example.com" }));
    assert_eq!(first["to"][1], json!({ "name": "Bob", "address": "bob@example.com" }));
    assert_eq!(first["date"], "2026-03-29T06:30:00Z");
    assert_eq!(first["message_id"], "<new@example.com>");
    assert_eq!(first["references"], json!(["<first@example.com>", "<second@example.com>"]));
    assert_eq!(first["in_reply_to"], "<first@example.com>");
    assert_eq!((&first["seen"], &first["folder"], &first["uid"]), (&json!(false), &json!("INBOX"), &json!(4)));
    // To look at a list marks nothing.
    assert_eq!(desk.ask("list", r#"{ "unseen": true }"#).await.as_array().expect("a list").len(), 4);
    let moment = |hours: u32| (jiff::Timestamp::now() - HOUR * hours).to_string();
    for (params, expected) in [
        (json!({ "order": "oldest", "limit": 2 }), vec!["old", "invoice 7"]),
        (json!({ "subject": "invoice" }), vec!["invoice 7"]),
        (json!({ "subject": "Счёт" }), vec!["Счёт Ü"]),
        (json!({ "subject": "\"quoted\" \\ {3}" }), vec![]),
        (json!({ "from": "ada@" , "limit": 1 }), vec!["new"]),
        (json!({ "to": "bob@example.com", "text": "Hello from old" }), vec!["old"]),
        (json!({ "to": "nobody@example.com" }), vec![]),
        (json!({ "unseen": false }), vec![]),
        (json!({ "keyword": "Invoice" }), vec![]),
        (json!({ "since": jiff::Timestamp::now() - HOUR * 2 - HOUR / 2 }), vec!["new", "Счёт Ü"]),
        (json!({ "before": jiff::Timestamp::now() - HOUR * 2 - HOUR / 2 }), vec!["invoice 7", "old"]),
        (
            json!({ "since": moment(4), "before": moment(2).replace('Z', "+00:00"), "order": "oldest" }),
            vec!["invoice 7", "Счёт Ü"],
        ),
    ] {
        // Less than an hour passes here, so that the borders lie between the messages.
        let found = desk.ask("list", &params.to_string()).await;
        assert_eq!(subjects(&found), expected, "{params}");
    }
    for params in [
        json!({ "folder": "nowhere" }),
        json!({ "folder": "INBOX\r\na9 DELETE INBOX" }),
        json!({ "folder": "" }),
        json!({ "subject": "x\r\na9 LOGOUT" }),
        json!({ "keyword": "two words" }),
        json!({ "keyword": "\\Seen" }),
        json!({ "since": "yesterday" }),
    ] {
        let (kind, certain) = refused(desk.perform("list", &params.to_string()).await);
        let expected = if params["folder"] == "nowhere" { "not_found" } else { "validation_error" };
        assert_eq!((kind.as_str(), certain), (expected, true), "{params}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_is_streamed_in_pages_while_its_messages_are_changed() {
    let Some(server) = Dovecot::start() else { return };
    for number in 0..230 {
        server.deliver("ada", &plain(&format!("m{number}")), HOUR);
    }
    let desk = server.desk("ada", &[]);
    // Each time round, the first message of each of the three pages is marked.
    for (order, first, count) in [("newest", "m229", 230), ("oldest", "m0", 227)] {
        let params = json!({ "order": order, "unseen": true }).to_string();
        let (mut seen, mut page, mut pages) = (Vec::new(), Value::Unit, 0);
        loop {
            let outcome = desk.page("list", &params, page).await;
            page = outcome.next_page.clone();
            let messages = value(outcome);
            seen.extend(subjects(&messages).into_iter().map(ToOwned::to_owned));
            // What the loop does to a message, and what comes meanwhile, moves no border.
            let id = messages[0]["id"].as_str().expect("an id");
            desk.ask("mark", &json!({ "id": id, "seen": true }).to_string()).await;
            pages += 1;
            if page.is_unit() {
                break;
            }
        }
        seen.dedup();
        assert_eq!((pages, seen.len(), seen[0].as_str()), (3, count, first), "{order}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_are_marked_moved_copied_and_deleted() {
    let Some(server) = Dovecot::start() else { return };
    for subject in ["one", "two", "three"] {
        server.deliver("ada", &plain(subject), HOUR);
    }
    let desk = server.desk("ada", &[]);
    let id = id_of(&desk, "one").await;
    let mark = async |more: Json| {
        let mut params = json!({ "id": id });
        params.as_object_mut().expect("an object").extend(more.as_object().cloned().expect("an object"));
        desk.ask("mark", &params.to_string()).await
    };
    let marked = mark(json!({ "seen": true, "flagged": true, "add": ["Invoice", "$Own"] })).await;
    assert_eq!((&marked["seen"], &marked["flagged"], &marked["answered"]), (&json!(true), &json!(true), &json!(false)));
    let mut keywords: Vec<&str> =
        marked["keywords"].as_array().expect("a list").iter().filter_map(Json::as_str).collect();
    keywords.sort_unstable();
    assert_eq!(keywords, ["$Own", "Invoice"]);
    assert_eq!(subjects(&desk.ask("list", r#"{ "keyword": "invoice", "flagged": true }"#).await), ["one"]);
    let marked = mark(json!({ "seen": false, "answered": true, "remove": ["Invoice"] })).await;
    assert_eq!(
        (&marked["seen"], &marked["answered"], &marked["keywords"]),
        (&json!(false), &json!(true), &json!(["$Own"]))
    );
    for more in
        [json!({}), json!({ "add": ["two words"] }), json!({ "add": ["\\Deleted"] }), json!({ "add": ["x\r\ny"] })]
    {
        let mut params = json!({ "id": id });
        params.as_object_mut().expect("an object").extend(more.as_object().cloned().expect("an object"));
        assert_eq!(
            refused(desk.perform("mark", &params.to_string()).await),
            ("validation_error".to_owned(), true),
            "{params}"
        );
    }

    // A folder whose name is of every kind of letter.
    server.folder("ada", ".Rechnungen &- &ANw- \"x\" \\ {3}");
    let folder = "Rechnungen & Ü \"x\" \\ {3}";
    let copied = desk.ask("copy", &json!({ "id": id, "to": folder }).to_string()).await;
    let moved = desk.ask("move", &json!({ "id": id, "to": folder }).to_string()).await;
    for (given, uid) in [(&copied["id"], "1"), (&moved["id"], "2")] {
        let given = given.as_str().expect("an id");
        assert!(given.starts_with(&format!("{folder}/")) && given.ends_with(&format!("/{uid}")), "{given}");
        assert_eq!(desk.ask("fetch", &json!({ "id": given }).to_string()).await["subject"], "one");
    }
    assert_eq!(desk.ask("list", &json!({ "folder": folder }).to_string()).await.as_array().expect("a list").len(), 2);
    let folders = desk.ask("folders", "{}").await;
    let shown: Vec<(&str, Option<&str>)> = folders
        .as_array()
        .expect("a list")
        .iter()
        .map(|it| (it["name"].as_str().unwrap_or_default(), it["role"].as_str()))
        .collect();
    let expected =
        [("Archive", Some("archive")), ("Entwürfe", Some("drafts")), ("INBOX", Some("inbox")), (folder, None)];
    assert_eq!(shown, expected);

    // What is gone is not there; to delete it again is no failure.
    for (name, more) in [
        ("fetch", json!({})),
        ("mark", json!({ "seen": true })),
        ("move", json!({ "to": "Archive" })),
        ("copy", json!({ "to": "Archive" })),
    ] {
        let mut params = json!({ "id": id });
        params.as_object_mut().expect("an object").extend(more.as_object().cloned().expect("an object"));
        assert_eq!(refused(desk.perform(name, &params.to_string()).await), ("not_found".to_owned(), true), "{name}");
    }
    let two = id_of(&desk, "two").await;
    let nowhere = json!({ "id": two, "to": "nowhere" }).to_string();
    assert_eq!(refused(desk.perform("move", &nowhere).await), ("not_found".to_owned(), true));
    for deleted in [true, false] {
        assert_eq!(desk.ask("delete", &json!({ "id": two }).to_string()).await, json!({ "deleted": deleted }));
    }
    assert_eq!(subjects(&desk.ask("list", "{}").await), ["three"]);
    for id in ["", "x", "INBOX/1", "INBOX/0/1", "INBOX/1/1/x", "1/2", "IN\nBOX/1/1", "/1/1"] {
        let params = json!({ "id": id }).to_string();
        assert_eq!(refused(desk.perform("fetch", &params).await), ("validation_error".to_owned(), true), "{id}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_was_made_anew_has_other_messages() {
    let Some(server) = Dovecot::start() else { return };
    server.deliver("ada", &plain("one"), HOUR);
    let desk = server.desk("ada", &[]);
    let id = id_of(&desk, "one").await;
    let (folder, uid) = (id.split('/').next().expect("a folder"), id.rsplit('/').next().expect("a number"));
    let other = format!("{folder}/77/{uid}");
    for name in ["fetch", "delete"] {
        let params = json!({ "id": other }).to_string();
        assert_eq!(refused(desk.perform(name, &params).await), ("not_found".to_owned(), true), "{name}");
    }
    let page = Value::map([("validity", Value::Int(77)), ("last", Value::Int(1)), ("given", Value::Int(1))]);
    assert_eq!(refused(desk.page("list", "{}", page).await), ("conflict".to_owned(), true));
    assert_eq!(subjects(&desk.ask("list", "{}").await), ["one"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_arrives_is_given_once() {
    let Some(server) = Dovecot::start() else { return };
    let desk = server.desk("ada", &[]);
    let after = async |place: &Json| desk.ask("arrived", &json!({ "after": place }).to_string()).await;
    // Of an empty folder, and of one that had something in it before anybody looked.
    let empty = desk.ask("arrived", "{}").await;
    server.deliver("ada", &plain("one"), HOUR * 3);
    assert_eq!(subjects(&after(&empty["place"]).await["messages"]), ["one"]);
    let begun = desk.ask("arrived", "{}").await;
    assert_eq!(begun["messages"], json!([]));
    server.deliver("ada", &plain("two"), HOUR * 2);
    server.deliver("ada", &plain("three"), HOUR);
    let first = after(&begun["place"]).await;
    assert_eq!(subjects(&first["messages"]), ["two", "three"]);
    let second = after(&first["place"]).await;
    assert_eq!((&second["messages"], &second["place"]), (&json!([]), &first["place"]));
    // The folder counts anew: what was given is not given again, and what came meanwhile is.
    let anew = first["place"].as_str().expect("a place").split_once('/').expect("parts").1.to_owned();
    assert_eq!(after(&format!("77/{anew}").into()).await["messages"], json!([]));
    server.deliver("ada", &plain("four"), Duration::ZERO);
    let third = after(&format!("77/{anew}").into()).await;
    assert_eq!(subjects(&third["messages"]), ["four"]);
    assert_eq!(after(&third["place"]).await["messages"], json!([]));
    for place in ["", "1/2", "1/2/3/4", "0/1/1", "x/y/z"] {
        let params = json!({ "after": place }).to_string();
        assert_eq!(refused(desk.perform("arrived", &params).await), ("validation_error".to_owned(), true), "{place}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_draft_is_there_once_for_one_key() {
    let Some(server) = Dovecot::start() else { return };
    let desk = server.desk("ada", &[("from", "Ada <ada@example.com>")]);
    let params = json!({ "to": "bob@example.com", "subject": "Grüße", "text": "Lies mich.", "attachments": [{ "name": "a.csv", "content": "x,y" }] });
    let first = desk.ask("draft", &params.to_string()).await;
    let again = desk.ask("draft", &params.to_string()).await;
    assert_eq!((&first, &first["folder"]), (&again, &json!("Entwürfe")));
    let drafts = desk.ask("list", r#"{ "folder": "Entwürfe" }"#).await;
    assert_eq!((subjects(&drafts), &drafts[0]["draft"]), (vec!["Grüße"], &json!(true)));
    let draft = desk.ask("fetch", &json!({ "id": first["id"] }).to_string()).await;
    assert_eq!(
        (draft["text"].as_str().map(str::trim), &draft["message_id"]),
        (Some("Lies mich."), &first["message_id"])
    );
    assert_eq!(draft["attachments"][0]["name"], "a.csv");
    let mut elsewhere = params;
    elsewhere["folder"] = "nowhere".into();
    assert_eq!(refused(desk.perform("draft", &elsewhere.to_string()).await), ("not_found".to_owned(), true));
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_are_kept_bounded_and_made_anew() {
    let Some(mut server) = Dovecot::start() else { return };
    server.deliver("ada", &plain("one"), HOUR);
    let desk = server.desk("ada", &[]);
    let many = futures_util::future::join_all((0..12).map(|_| desk.ask("list", "{}"))).await;
    assert!(many.iter().all(|list| subjects(list) == ["one"]));
    let log = std::fs::read_to_string(server.home().join("log")).expect("a log");
    let logins = log.matches("Login: user=<ada>").count();
    assert!((1..=4).contains(&logins), "{logins}: {log}");
    // The server closes all of them, and is there again.
    server.restart("");
    server.deliver("ada", &plain("two"), HOUR);
    assert_eq!(desk.ask("list", "{}").await.as_array().expect("a list").len(), 2);
    server.stop();
    let (failure, certain) = failure(desk.perform("list", "{}").await);
    assert_eq!((failure.kind.name(), certain), ("connection_error", true), "{}", failure.message);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_proves_who_it_is_and_the_user_who_they_are() {
    let Some(server) = Dovecot::start() else { return };
    server.deliver("ada", &plain("one"), HOUR);
    let (encrypted, plain) = (server.encrypted(), server.plain());
    let other = encrypted.replace("localhost", "127.0.0.1");
    for (settings, expected) in [
        (vec![("imap_url", encrypted.as_str()), ("ca_file", "ca.pem")], None),
        (vec![("imap_url", &plain), ("imap_security", "starttls"), ("ca_file", "ca.pem")], None),
        (vec![("imap_url", &encrypted)], Some("connection_error")),
        (vec![("imap_url", &other), ("ca_file", "ca.pem")], Some("connection_error")),
        (vec![("imap_url", &plain), ("imap_security", "tls"), ("ca_file", "ca.pem")], Some("connection_error")),
        (vec![("imap_url", &encrypted), ("ca_file", "users")], Some("validation_error")),
        (vec![("imap_url", &encrypted), ("imap_security", "none")], Some("validation_error")),
        (vec![("imap_url", "imaps://ada:secret@localhost")], Some("validation_error")),
        (vec![("imap_url", "https://localhost")], Some("validation_error")),
        (vec![("imap_password", "wrong")], Some("auth_error")),
        (vec![("imap_user", "nobody")], Some("auth_error")),
        (vec![("imap_url", "imap://127.0.0.1:1")], Some("connection_error")),
        (vec![("imap_url", "imaps://no.such.host.invalid")], Some("connection_error")),
    ] {
        let desk = server.desk("ada", &settings);
        let outcome = desk.perform("list", "{}").await;
        match expected {
            None => assert_eq!(value(outcome)[0]["subject"], "one", "{settings:?}"),
            Some(kind) => {
                let (failure, certain) = failure(outcome);
                assert_eq!((failure.kind.name(), certain), (kind, true), "{settings:?}: {}", failure.message);
                for secret in ["wrong", "secret", super::peer::PASSWORD] {
                    assert!(!failure.message.contains(secret), "{}", failure.message);
                }
            }
        }
    }
}
