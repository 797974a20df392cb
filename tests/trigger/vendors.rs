//! What the services of the standard library send is believed when it is signed as they sign it, and not otherwise.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use orchestra_flow::trigger::request::{Answer, Refusal, Request};

use super::request::request;
use super::webhook::sha256;
use super::*;
use crate::connect::peer::{Peer, says};

const NOW: &str = "2026-06-01T12:00:00Z";

const SECRETS: &str = r#"
[secrets]
SLACK_SIGNING_SECRET = "slack-signs"
JIRA_WEBHOOK_SECRET = "It's a Secret to Everybody"
TRELLO_SECRET = "trello-signs"
TRELLO_KEY = "k"
TRELLO_TOKEN = "t"
HUBSPOT_CLIENT_SECRET = "hubspot-signs"
GOOGLE_CHANNEL_TOKEN = "the-channel"
GOOGLE_ACCESS_TOKEN = "g"
MICROSOFT_CLIENT_STATE = "the-subscription"
MICROSOFT_ACCESS_TOKEN = "m"
[env]
JIRA_BASE_URL = "https://example.atlassian.net"
"#;

/// A process with one trigger, and the connector's address set where a test asks it something.
fn listening<T>(trigger: &str, settings: &str, clock: &VirtualClock, work: impl AsyncFnOnce(House) -> T) -> T {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("flow.toml"), format!("{SECRETS}{settings}")).expect("settings");
    let program = format!("workflow w {{\n trigger {trigger}\n output {{ ok: true }}\n}}");
    process(folder.path(), &program, Some(clock), work)
}

fn clock() -> VirtualClock {
    VirtualClock::at(moment(NOW))
}

/// A request with these headers.
fn with(mut request: Request, headers: &[(&str, &str)]) -> Request {
    for (name, value) in headers {
        request.headers.retain(|(known, _)| known != name);
        request.headers.push(((*name).to_owned(), (*value).to_owned()));
    }
    request
}

async fn status(house: &House, request: Request) -> u16 {
    match house.ask(request).await {
        Ok(Answer { status, .. }) | Err(Refusal { status, .. }) => status,
    }
}

async fn bodies(house: &House) -> Vec<serde_json::Value> {
    let body = |trigger: &Value| trigger.get("body").expect("a body").without_absent().to_json();
    house.heard("w").await.iter().map(body).collect()
}

#[test]
fn slack_signs_what_people_type_too() {
    let clock = clock();
    listening("slack.command { command: \"/order\", input: {} }", "", &clock, async |house| {
        let body = "command=%2Forder&text=two+teas&user_id=U1&channel_id=C1&trigger_id=13.37&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2F1";
        let seconds = moment(NOW).as_second().to_string();
        let code = format!("v0={}", sha256("slack-signs", &format!("v0:{seconds}:{body}")));
        let form = ("content-type", "application/x-www-form-urlencoded");
        let signed = [form, ("x-slack-signature", code.as_str()), ("x-slack-request-timestamp", &seconds)];
        let told = request("POST", "/hooks/slack", body);
        assert_eq!(status(&house, with(told.clone(), &signed)).await, 200);
        let late = (moment(NOW).as_second() - 301).to_string();
        let code = format!("v0={}", sha256("slack-signs", &format!("v0:{late}:{body}")));
        let old = [form, ("x-slack-signature", code.as_str()), ("x-slack-request-timestamp", &late)];
        assert_eq!(status(&house, with(told, &old)).await, 401);
        assert_eq!(bodies(&house).await[0]["text"], "two teas");
    });
}

#[test]
fn jira_signs_with_the_secret_of_the_webhook() {
    let clock = clock();
    listening("jira.issue_created { input: {} }", "", &clock, async |house| {
        // The sample that Atlassian publishes.
        let published = "sha256=a4771c39fbe90f317c7824e83ddef3caae9cb3d976c214ace1f2937e133263c9";
        let sample = with(
            request("POST", "/hooks/jira", "Hello World!"),
            &[("x-hub-signature", published), ("content-type", "text/plain")],
        );
        assert_eq!(status(&house, sample.clone()).await, 200);
        let mut altered = sample;
        altered.body = b"Hello World?".to_vec();
        assert_eq!(status(&house, altered).await, 401);
        let body = r#"{ "webhookEvent": "jira:issue_created", "issue": { "id": "1", "key": "A-1", "fields": {} } }"#;
        let code = format!("sha256={}", sha256("It's a Secret to Everybody", body));
        let told = with(
            request("POST", "/hooks/jira", body),
            &[("x-hub-signature", &code), ("x-atlassian-webhook-identifier", "d1")],
        );
        for _ in 0..2 {
            assert_eq!(status(&house, told.clone()).await, 200, "it is sent again until it is heard");
        }
        assert_eq!(bodies(&house).await, [serde_json::json!({ "id": "1", "key": "A-1", "fields": {} })]);
    });
}

fn sha1(key: &str, text: &str) -> String {
    let mut mac = Hmac::<sha1::Sha1>::new_from_slice(key.as_bytes()).expect("any key will do");
    mac.update(text.as_bytes());
    STANDARD.encode(mac.finalize().into_bytes())
}

#[test]
fn trello_signs_the_body_and_the_address() {
    let body = r#"{ "action": { "id": "a1", "type": "createCard", "date": "2026-06-01T12:00:00.000Z", "data": { "card": { "id": "c1" } } } }"#;
    for (settings, address) in [
        (
            "[connectors.trello]\ncallback_url = \"https://flow.example/hooks/trello?board=1\"\n",
            "https://flow.example/hooks/trello?board=1",
        ),
        ("", "https://flow.example/hooks/trello"),
    ] {
        let clock = clock();
        listening("trello.card_created { input: {} }", settings, &clock, async |house| {
            assert_eq!(status(&house, request("HEAD", "/hooks/trello", "")).await, 200, "so it is asked first");
            let told = |code: &str| {
                let headers =
                    [("x-trello-webhook", code), ("host", "flow.internal"), ("x-forwarded-host", "flow.example")];
                with(request("POST", "/hooks/trello", body), &headers)
            };
            assert_eq!(status(&house, told(&sha1("trello-signs", body))).await, 401);
            assert_eq!(status(&house, told(&sha1("trello-signs", &format!("{body}{address}")))).await, 200);
            assert_eq!(bodies(&house).await[0]["card"]["id"], "c1");
        });
    }
}

#[test]
fn hubspot_signs_method_address_body_and_time() {
    let clock = clock();
    listening("hubspot.changed { kind: \"contact\", input: {} }", "", &clock, async |house| {
        let body = r#"[{ "eventId": 1, "objectId": 7, "occurredAt": 1780315200000, "subscriptionType": "contact.creation" }, { "eventId": 2, "objectId": 8, "occurredAt": 1780315200000, "subscriptionType": "contact.creation" }]"#;
        let told = |at: i64, url: &str| {
            let mut mac = Hmac::<sha2::Sha256>::new_from_slice(b"hubspot-signs").expect("any key will do");
            mac.update(format!("POST{url}{body}{at}").as_bytes());
            let (code, at) = (STANDARD.encode(mac.finalize().into_bytes()), at.to_string());
            let headers = [
                ("x-hubspot-signature-v3", code.as_str()),
                ("x-hubspot-request-timestamp", &at),
                ("host", "flow.example"),
            ];
            with(request("POST", "/hooks/hubspot?portal=1", body), &headers)
        };
        let (now, url) = (moment(NOW).as_millisecond(), "https://flow.example/hooks/hubspot?portal=1");
        assert_eq!(status(&house, told(now, "https://evil.example/hooks/hubspot?portal=1")).await, 401);
        assert_eq!(status(&house, told(now - 301_000, url)).await, 401);
        assert_eq!(status(&house, told(now, url)).await, 200);
        let ids: Vec<_> = bodies(&house).await.iter().map(|body| body["id"].clone()).collect();
        assert_eq!(ids, ["7", "8"], "one delivery, two runs");
    });
}

#[test]
fn asana_gives_its_key_and_then_signs_with_it() {
    let clock = clock();
    listening("asana.changed { input: {} }", "", &clock, async |house| {
        let body = r#"{ "events": [{ "action": "added", "resource": { "gid": "71", "resource_type": "task" } }] }"#;
        let told = |key: &str| with(request("POST", "/hooks/asana", body), &[("x-hook-signature", &sha256(key, body))]);
        assert_eq!(status(&house, told("nobody knows it")).await, 401, "before it has given its key");
        let shake = |key: &str| with(request("POST", "/hooks/asana", ""), &[("x-hook-secret", key)]);
        let answer = house.ask(shake("the key of the webhook")).await.expect("it is answered");
        assert!(
            answer.headers.contains(&("x-hook-secret".to_owned(), "the key of the webhook".to_owned())),
            "{answer:?}"
        );
        assert_eq!(status(&house, told("the key of the webhook")).await, 200);
        assert_eq!(
            status(&house, shake("a key of somebody else")).await,
            403,
            "the first one is believed, and nobody after"
        );
        assert_eq!(status(&house, told("a key of somebody else")).await, 401);
        assert_eq!(status(&house, shake("the key of the webhook")).await, 200, "it may say so again");
        assert_eq!(bodies(&house).await[0]["gid"], "71");
    });
}

#[test]
fn notion_gives_its_key_in_the_body() {
    let clock = clock();
    listening("notion.changed { kind: \"page.created\", input: {} }", "", &clock, async |house| {
        let token = "secret_tMrlL1qK5vuQAh1b6cZGhFChZTSYJlce98V0pYn7yBl";
        let shake = format!(r#"{{ "verification_token": "{token}" }}"#);
        assert_eq!(status(&house, request("POST", "/hooks/notion", &shake)).await, 200);
        let body = r#"{ "id": "e1", "type": "page.created", "entity": { "id": "p1", "type": "page" }, "timestamp": "2026-06-01T11:59:00.000Z" }"#;
        let told = |key: &str| {
            with(
                request("POST", "/hooks/notion", body),
                &[("x-notion-signature", &format!("sha256={}", sha256(key, body)))],
            )
        };
        assert_eq!(status(&house, told("another")).await, 401);
        assert_eq!(status(&house, told(token)).await, 200);
        assert_eq!(bodies(&house).await[0]["id"], "p1");
    });
}

#[test]
fn google_says_that_there_is_something_and_it_is_asked_at_once() {
    let (clock, outside) = (clock(), runtime());
    let peer = outside.block_on(Peer::new([
        says(200, r#"{ "startPageToken": "1" }"#),
        says(200, r#"{ "newStartPageToken": "2", "changes": [{ "fileId": "f1", "removed": false, "time": "2026-06-01T12:00:00Z" }] }"#),
    ]));
    let settings = format!("[connectors.google_drive]\nbase_url = {:?}\n", peer.url(""));
    listening("google_drive.file_changed { input: {} }", &settings, &clock, async |house| {
        let _listening = house.triggers.listen();
        house.engine.advance(&clock, moment(NOW)).await.expect("it can be written");
        let notice = |token: &str| {
            let headers = [("x-goog-channel-token", token), ("x-goog-resource-state", "change")];
            with(request("POST", "/hooks/google_drive", ""), &headers)
        };
        assert_eq!(status(&house, notice("another channel")).await, 401);
        assert_eq!(peer.requests().len(), 1, "only its place is asked for");
        assert_eq!(status(&house, notice("the-channel")).await, 200);
        house.until("w", 1).await;
        assert_eq!(bodies(&house).await[0]["id"], "f1");
    });
}

#[test]
fn graph_asks_whether_anybody_is_there_and_says_who_it_is() {
    let (clock, outside) = (clock(), runtime());
    let peer = outside.block_on(Peer::with(|own| {
        let link = |n: u8| format!(r#""@odata.deltaLink": "http://{own}/v1.0/delta?token={n}""#);
        [
            says(200, &format!(r#"{{ "value": [], {} }}"#, link(1))),
            says(200, &format!(r#"{{ "value": [{{ "id": "i1", "name": "a.pdf", "file": {{}} }}], {} }}"#, link(2))),
        ]
    }));
    let settings = format!("[connectors.onedrive]\nbase_url = {:?}\n", peer.url(""));
    listening("onedrive.item_changed { input: {} }", &settings, &clock, async |house| {
        let _listening = house.triggers.listen();
        house.engine.advance(&clock, moment(NOW)).await.expect("it can be written");
        let asks = request("POST", "/hooks/onedrive?validationToken=Validation%3A+Testing+client", "");
        let answer = house.ask(asks).await.expect("it is answered");
        assert_eq!((answer.status, answer.body.as_slice()), (200, b"Validation: Testing client".as_slice()));
        assert!(answer.headers.iter().any(|(name, value)| name == "content-type" && value.starts_with("text/plain")));
        let notice = |states: &[&str]| {
            let value: Vec<_> = states.iter().map(|state| serde_json::json!({ "clientState": state })).collect();
            request("POST", "/hooks/onedrive", &serde_json::json!({ "value": value }).to_string())
        };
        for wrong in [
            notice(&["another"]),
            notice(&["the-subscription", "another"]),
            notice(&[]),
            request("POST", "/hooks/onedrive", "{}"),
        ] {
            assert_eq!(status(&house, wrong).await, 401);
        }
        assert_eq!(status(&house, notice(&["the-subscription"])).await, 200);
        house.until("w", 1).await;
        assert_eq!(bodies(&house).await[0]["name"], "a.pdf");
        assert!(peer.requests()[1].starts_with("GET /v1.0/delta?token=1 "), "{}", peer.requests()[1]);
    });
}
