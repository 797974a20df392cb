//! `webhook`: what its sender has signed starts one run, and nothing else does.

use hmac::{Hmac, KeyInit as _, Mac as _};
use orchestra_flow::trigger::request::Request;

use super::request::request;
use super::*;

const PROGRAM: &str = r#"
workflow shop {
    input { order: int }
    trigger webhook "/hooks/shop" {
        verify hmac_sha256 { key: secret("HOOK_KEY"), header: "X-Signature", prefix: "sha256=", id: "X-Delivery" }
        where trigger.body.order > 0
    }
    output { order: input.order }
}
workflow chat {
    trigger webhook "/hooks/chat" {
        verify hmac_sha256 {
            key: secret("HOOK_KEY"), header: "X-Chat-Signature", prefix: "v0="
            timestamp: "X-Chat-Time", signed: "v0:{timestamp}:{body}", window: 5m
        }
        challenge trigger.body?.challenge
        input: {}
    }
    output { ok: true }
}
workflow listed {
    trigger webhook "/hooks/listed" {
        verify hmac_sha512 { key: secret("HOOK_KEY"), header: "Listed-Signature", field: "v1", timestamp: "t" }
        input: {}
    }
    reply 200 { thanks: true }
}
workflow token {
    trigger webhook "/hooks/token" { verify token { key: secret("HOOK_KEY"), header: "X-Token" }, input: {} }
    output { ok: true }
}
workflow open {
    trigger webhook "/hooks/open" { challenge trigger.query?.challenge, input: {} }
    output { ok: true }
}
"#;

const NOW: &str = "2026-06-01T12:00:00Z";

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub fn sha256(key: &str, text: &str) -> String {
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(key.as_bytes()).expect("any key will do");
    mac.update(text.as_bytes());
    hex(&mac.finalize().into_bytes())
}

fn signed(body: &str, key: &str) -> Request {
    let mut request = request("POST", "/hooks/shop", body);
    request.headers.push(("x-signature".to_owned(), format!("sha256={}", sha256(key, body))));
    request
}

/// What is answered: the status, and the body as JSON.
async fn asked(house: &House, request: Request) -> (u16, serde_json::Value) {
    match house.ask(request).await {
        Ok(answer) => (answer.status, serde_json::from_slice(&answer.body).unwrap_or_default()),
        Err(refusal) => (refusal.status, refusal.detail.into()),
    }
}

fn opened<T>(folder: &Path, clock: &VirtualClock, work: impl AsyncFnOnce(House) -> T) -> T {
    process(folder, PROGRAM, Some(clock), work)
}

#[test]
fn only_what_was_signed_with_the_key_starts_anything() {
    let folder = tempfile::tempdir().expect("a folder");
    let clock = VirtualClock::at(moment(NOW));
    opened(folder.path(), &clock, async |house| {
        let body = r#"{ "order": 1 }"#;
        let mut altered = signed(body, "it is a secret");
        altered.body = br#"{ "order": 2 }"#.to_vec();
        let mut cut = signed(body, "it is a secret");
        cut.headers[1].1.truncate(20);
        let mut bare = signed(body, "it is a secret");
        bare.headers[1].1 = bare.headers[1].1.replace("sha256=", "");
        let unsigned = request("POST", "/hooks/shop", body);
        for wrong in [signed(body, "another"), altered, cut, bare, unsigned] {
            let (status, said) = asked(&house, wrong).await;
            assert_eq!(status, 401, "{said}");
            assert!(!said.to_string().contains("secret"), "{said}");
        }
        assert_eq!(house.runs("shop").await.len(), 0);
        let (status, said) = asked(&house, signed(body, "it is a secret")).await;
        assert_eq!((status, said["id"].as_str()), (202, Some(&*house.runs("shop").await[0].run.0)));
        assert_eq!(asked(&house, signed(r#"{ "order": 0 }"#, "it is a secret")).await.0, 204);
        assert_eq!(asked(&house, request("GET", "/hooks/shop", "")).await.0, 405);
        assert_eq!(house.runs("shop").await.len(), 1);
    });
}

#[test]
fn a_delivery_that_comes_again_starts_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let clock = VirtualClock::at(moment(NOW));
    let delivery = |id: &str, order: u32| {
        let mut request = signed(&format!("{{ \"order\": {order} }}"), "it is a secret");
        request.headers.push(("x-delivery".to_owned(), id.to_owned()));
        request
    };
    let first = opened(folder.path(), &clock, async |house| {
        let (one, other) = tokio::join!(asked(&house, delivery("d1", 1)), asked(&house, delivery("d1", 1)));
        assert_eq!(one.1["id"], other.1["id"], "two copies at once are one run");
        one.1["id"].clone()
    });
    // In the next process: the same, the same under another name, another under the same name.
    opened(folder.path(), &clock, async |house| {
        for again in [delivery("d1", 1), delivery("d2", 1), delivery("d1", 2)] {
            let (status, said) = asked(&house, again).await;
            assert_eq!((status, &said), (200, &serde_json::json!({ "id": first, "duplicate": true })));
        }
        assert_eq!(asked(&house, delivery("d3", 3)).await.0, 202);
        assert_eq!(house.runs("shop").await.len(), 2);
        // What is the same, much later, is said again.
        clock.set(moment("2026-06-01T12:05:01Z"));
        assert_eq!(asked(&house, delivery("d1", 1)).await.0, 202);
        assert_eq!(house.runs("shop").await.len(), 3);
    });
}

#[test]
fn what_was_sent_long_ago_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let clock = VirtualClock::at(moment(NOW));
    let at = |time: &str, body: &str| {
        let seconds = moment(time).as_second();
        let signature = sha256("it is a secret", &format!("v0:{seconds}:{body}"));
        let mut request = request("POST", "/hooks/chat", body);
        request.headers.push(("x-chat-signature".to_owned(), format!("v0={signature}")));
        request.headers.push(("x-chat-time".to_owned(), seconds.to_string()));
        request
    };
    opened(folder.path(), &clock, async |house| {
        assert_eq!(asked(&house, at("2026-06-01T11:54:59Z", "{}")).await.0, 401);
        assert_eq!(asked(&house, at("2026-06-01T12:05:01Z", "{}")).await.0, 401);
        let mut renewed = at("2026-06-01T11:54:59Z", "{}");
        renewed.headers[2].1 = moment(NOW).as_second().to_string();
        assert_eq!(asked(&house, renewed).await.0, 401, "the time is signed with the body");
        assert_eq!(asked(&house, at("2026-06-01T11:57:00Z", "{}")).await.0, 202);
        let challenge = house.ask(at(NOW, r#"{ "challenge": "c-1" }"#)).await.expect("it is answered");
        assert_eq!((challenge.status, challenge.body.as_slice()), (200, b"c-1".as_slice()));
        assert_eq!(house.runs("chat").await.len(), 1);
    });
}

#[test]
fn other_ways_of_signing() {
    let folder = tempfile::tempdir().expect("a folder");
    let clock = VirtualClock::at(moment(NOW));
    opened(folder.path(), &clock, async |house| {
        let seconds = moment(NOW).as_second();
        let mut mac = Hmac::<sha2::Sha512>::new_from_slice(b"it is a secret").expect("any key will do");
        mac.update(format!("{seconds}.{{}}").as_bytes());
        let mut listed = request("POST", "/hooks/listed", "{}");
        let header = format!("t={seconds},v1=00ff,v1={}", hex(&mac.finalize().into_bytes()));
        listed.headers.push(("listed-signature".to_owned(), header));
        assert_eq!(
            asked(&house, listed).await,
            (200, serde_json::json!({ "thanks": true })),
            "the reply is the answer"
        );

        let token = |given: &str| {
            let mut request = request("POST", "/hooks/token", "{}");
            request.headers.push(("x-token".to_owned(), given.to_owned()));
            request
        };
        assert_eq!(asked(&house, token("it is no secret")).await.0, 401);
        assert_eq!(asked(&house, token("it is a secret")).await.0, 202);

        let answer = house.ask(request("GET", "/hooks/open?challenge=42", "")).await.expect("it is answered");
        assert_eq!(answer.body, b"42");
        assert_eq!(asked(&house, request("POST", "/hooks/open", "")).await.0, 202);
    });
}

#[test]
fn what_verify_lacks_is_told_before_anything_listens() {
    let built = |fields: &str| {
        let clause = format!("verify hmac_sha256 {{ header: \"X-Signature\", {fields} }}");
        let text =
            format!("workflow shop {{\n trigger webhook \"/hooks/shop\" {{ {clause} }}\n output {{ ok: true }}\n}}");
        let program = Program::from_text("main.flow", &text).unwrap_or_else(|faults| panic!("{faults}"));
        Builder::new(program).set("env.UNIT=octal").build()
    };
    let said = built("key: secret(\"NOWHERE\")").expect_err("it lacks its key").to_string();
    assert!(said.contains("`NOWHERE` is not set"), "{said}");
    let engine = built("key: \"k\", encoding: env(\"UNIT\")").unwrap_or_else(|error| panic!("{error}"));
    let said = engine.triggers().expect_err("there is no such encoding").to_string();
    assert!(said.contains("octal") && said.contains("main.flow:2"), "{said}");
}
