//! Triggers of connectors that are told: what their services send starts runs of all who listen, each once.

use orchestra_flow::trigger::request::{Answer, Request};

use super::request::request;
use super::webhook::sha256;
use super::*;

const CHAT: &str = r#"
type Message {
    text: string
    channel: string
    user: string?
    at: datetime?
}
connector chat "Chat" {
    config {
        signing: secret? = secret("HOOK_KEY")
        base_url: url = "https://chat.example"
    }
    verify hmac_sha256 {
        key: config.signing, header: "X-Chat-Signature", prefix: "v0="
        timestamp: "X-Chat-Time", signed: "v0:{timestamp}:{body}"
    }
    challenge if body?.type == "url_verification" { #{ challenge: body.challenge } }
    /// A message.
    webhook message(kind: string = "message") -> Message {
        where body.event.type == kind
        item { text: body.event.text, channel: body.event.channel, user: body.event?.user, at: body.event?.at }
        by body.event_id
    }
    /// What changed in a batch.
    webhook change -> { id: int, name: string } {
        items body.changes
        where item.name != "ignored"
        by item.id
    }
    example message {} gets { type: "event", event_id: "e", event: { type: "message", text: "hi", channel: "C1" } } gives [{ text: "hi", channel: "C1" }]
}
"#;

const LISTENERS: &str = r#"
workflow all {
    input { text: string, channel: string }
    trigger chat.message
    output { text: input.text }
}
workflow one {
    input { text: string }
    trigger chat.message { where event.channel == "C1", input: { text: trigger.body.text } }
    output { text: input.text }
}
workflow changes {
    input { id: int }
    trigger chat.change
    output { id: input.id }
}
"#;

const NOW: &str = "2026-06-01T12:00:00Z";

fn program(rest: &str) -> String {
    format!("{CHAT}{rest}")
}

/// A request of the service, signed at a moment.
fn told(body: &str, at: &str) -> Request {
    let seconds = moment(at).as_second();
    let mut told = request("POST", "/hooks/chat", body);
    let code = sha256("it is a secret", &format!("v0:{seconds}:{body}"));
    told.headers.push(("x-chat-signature".to_owned(), format!("v0={code}")));
    told.headers.push(("x-chat-time".to_owned(), seconds.to_string()));
    told
}

fn message(id: &str, channel: &str) -> String {
    format!(
        r#"{{ "type": "event", "event_id": "{id}", "event": {{ "type": "message", "text": "hi {id}", "channel": "{channel}", "at": "2026-05-01T08:00:00Z", "more": 1 }} }}"#
    )
}

async fn asked(house: &House, request: Request) -> Answer {
    house.ask(request).await.unwrap_or_else(|refusal| Answer {
        status: refusal.status,
        body: refusal.detail.into_bytes(),
        ..Answer::default()
    })
}

fn runs_named(answer: &Answer) -> usize {
    answer.headers.iter().filter(|(name, _)| name == "flow-run").count()
}

#[test]
fn what_a_service_tells_starts_runs_of_all_who_listen() {
    let (folder, clock) = (tempfile::tempdir().expect("a folder"), VirtualClock::at(moment(NOW)));
    process(folder.path(), &program(LISTENERS), Some(&clock), async |house| {
        let first = asked(&house, told(&message("e1", "C1"), NOW)).await;
        assert_eq!((first.status, runs_named(&first)), (200, 2), "{first:?}");
        let second = asked(&house, told(&message("e2", "C2"), NOW)).await;
        assert_eq!((second.status, runs_named(&second)), (200, 1));
        assert_eq!((house.runs("all").await.len(), house.runs("one").await.len()), (2, 1));
        let heard = house.heard("all").await[0].to_json();
        assert_eq!(heard["source"], "chat.message");
        assert_eq!(heard["id"], "e1");
        assert_eq!(heard["body"]["at"], "2026-05-01T08:00:00Z", "it is of its type: {heard}");
    });
    // Services send again, also hours later and to the next process.
    clock.set(moment("2026-06-01T20:00:00Z"));
    process(folder.path(), &program(LISTENERS), Some(&clock), async |house| {
        let again = asked(&house, told(&message("e1", "C1"), "2026-06-01T20:00:00Z")).await;
        assert_eq!((again.status, runs_named(&again)), (200, 0));
        assert_eq!(house.runs("all").await.len(), 2);
    });
}

#[test]
fn one_delivery_may_bring_several() {
    let (folder, clock) = (tempfile::tempdir().expect("a folder"), VirtualClock::at(moment(NOW)));
    process(folder.path(), &program(LISTENERS), Some(&clock), async |house| {
        let body = r#"{ "changes": [{ "id": 1, "name": "a" }, { "id": 2, "name": "ignored" }, { "id": 3, "name": "c" }, { "id": "x", "name": "d" }, { "id": 1, "name": "a" }] }"#;
        let answer = asked(&house, told(body, NOW)).await;
        assert_eq!((answer.status, runs_named(&answer)), (200, 2), "what is not as declared is left out");
        let ids: Vec<String> = house
            .heard("changes")
            .await
            .iter()
            .map(|it| it.get("body").expect("it has one").get("id").expect("an id").to_string())
            .collect();
        assert_eq!(ids, ["1", "3"]);
    });
}

#[test]
fn nobody_else_is_believed() {
    let (folder, clock) = (tempfile::tempdir().expect("a folder"), VirtualClock::at(moment(NOW)));
    process(folder.path(), &program(LISTENERS), Some(&clock), async |house| {
        let mut forged = told(&message("e1", "C1"), NOW);
        forged.body = message("e9", "C1").into_bytes();
        let mut unsigned = told(&message("e1", "C1"), NOW);
        unsigned.headers.truncate(1);
        for wrong in
            [forged, unsigned, told(&message("e1", "C1"), "2026-06-01T11:54:59Z"), request("POST", "/hooks/chat", "{}")]
        {
            let answer = asked(&house, wrong).await;
            assert_eq!(answer.status, 401, "{answer:?}");
        }
        let garbage = asked(&house, told("no JSON", NOW)).await;
        assert_eq!(garbage.status, 400, "{garbage:?}");
        let other = asked(&house, told(r#"{ "type": "something", "new": [1, null] }"#, NOW)).await;
        assert_eq!((other.status, runs_named(&other)), (200, 0), "what nobody waits for is heard, and starts nothing");
        assert_eq!(house.runs("all").await.len(), 0);
        let challenge = asked(&house, told(r#"{ "type": "url_verification", "challenge": "c-1" }"#, NOW)).await;
        assert_eq!((challenge.status, challenge.body.as_slice()), (200, br#"{"challenge":"c-1"}"#.as_slice()));
        for method in ["GET", "HEAD"] {
            assert_eq!(asked(&house, request(method, "/hooks/chat", "")).await.status, 200, "somebody is there");
        }
    });
}

#[test]
fn what_it_is_told_and_where_can_be_said() {
    let rest = r#"
workflow joined {
    trigger chat.message { kind: "joined", path: "/hooks/others", where event.text != "" , input: {} }
    reply 200 { text: "welcome" }
}"#;
    let (folder, clock) = (tempfile::tempdir().expect("a folder"), VirtualClock::at(moment(NOW)));
    process(folder.path(), &program(rest), Some(&clock), async |house| {
        let mut joined = told(&message("j1", "C1").replace("\"message\"", "\"joined\""), NOW);
        joined.path = "/hooks/others".to_owned();
        let answer = asked(&house, joined).await;
        assert_eq!(
            (answer.status, answer.body.as_slice()),
            (200, br#"{"text":"welcome"}"#.as_slice()),
            "a workflow may reply"
        );
        assert!(house.triggers.route("POST", "/hooks/chat").is_err());
    });
}

#[test]
fn a_key_that_is_missing_is_told_before_anything_listens() {
    let text = program(LISTENERS).replace(r#"secret? = secret("HOOK_KEY")"#, "secret?");
    let program = Program::from_text("main.flow", &text).unwrap_or_else(|faults| panic!("{faults}"));
    let engine = Builder::new(program).build().unwrap_or_else(|error| panic!("{error}"));
    let said = engine.triggers().expect_err("nobody could be believed").to_string();
    assert!(said.contains("`chat.message` cannot know who tells it something: `verify` needs a `key`"), "{said}");
    assert!(said.contains("`signing`"), "{said}");
}
