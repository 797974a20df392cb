//! `http.*` against peers that behave and peers that do not.

use std::path::Path;

use orchestra_flow::base::time::Duration;
use orchestra_flow::base::value::{Map, Value};
use orchestra_flow::run::world::{Act, Outcome, Perform};

use super::desk::{act, desk, failure, json, perform, value};
use super::peer::{Deed, Peer, answer, says};

async fn ask(operation: &str, params: Value, shape: impl FnOnce(&mut Act)) -> Outcome {
    let mut act = act(operation, params);
    shape(&mut act);
    desk(Path::new("."), "http", Map::new(), |_| {}).perform(act).await
}

async fn get(url: String) -> Outcome {
    ask("http.get", Value::map([("url", Value::from(url))]), |_| {}).await
}

#[tokio::test]
async fn each_status_is_its_type_and_5xx_and_408_may_have_happened() {
    let rows = [
        (400, "validation_error", true),
        (401, "auth_error", true),
        (402, "validation_error", true),
        (403, "permission_denied", true),
        (404, "not_found", true),
        (405, "validation_error", true),
        (408, "timeout", false),
        (409, "conflict", true),
        (410, "not_found", true),
        (412, "conflict", true),
        (418, "validation_error", true),
        (422, "validation_error", true),
        (423, "conflict", true),
        (429, "rate_limited", true),
        (500, "server_error", false),
        (502, "server_error", false),
        (503, "server_error", false),
    ];
    for (status, kind, certain) in rows {
        let peer = Peer::new([says(status, r#"{ "message": "no such luck" }"#)]).await;
        let (failure, is_certain) = failure(get(peer.url("/x")).await);
        assert_eq!((failure.kind.name(), is_certain), (kind, certain), "{status}");
        assert_eq!(failure.status, Some(status));
        assert_eq!(failure.body.get("message"), Some(&Value::from("no such luck")));
        assert!(failure.message.contains("no such luck"), "{}", failure.message);
    }
}

#[tokio::test]
async fn what_is_certain_about_a_broken_connection() {
    let rows = [
        (Deed::Close, "connection_error", Some(false)),
        // Whether anything left before the reset came is a matter of luck.
        (Deed::Reset, "connection_error", None),
        (Deed::Silence, "timeout", Some(false)),
        (Deed::Say("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf".into()), "connection_error", Some(false)),
        (Deed::Say("this is no HTTP\r\n\r\n".into()), "connection_error", Some(false)),
    ];
    for (index, (deed, kind, certain)) in rows.into_iter().enumerate() {
        let peer = Peer::new([deed]).await;
        let params = Value::map([("url", Value::from(peer.url("/"))), ("body", Value::Int(1))]);
        let outcome = ask("http.post", params, |act| act.timeout = Duration(400)).await;
        let (failure, is_certain) = failure(outcome);
        assert_eq!(failure.kind.name(), kind, "row {index}: {}", failure.message);
        assert!(certain.is_none_or(|certain| certain == is_certain), "row {index}: {}", failure.message);
    }
}

#[tokio::test]
async fn nothing_happened_where_nobody_listens() {
    let free = std::net::TcpListener::bind(("127.0.0.1", 0)).and_then(|it| it.local_addr()).expect("a free port");
    for url in [format!("http://{free}/"), "http://nobody.invalid/".to_owned(), format!("https://{free}/")] {
        let (failure, certain) = failure(get(url).await);
        assert_eq!((failure.kind.name(), certain), ("connection_error", true), "{}", failure.message);
    }
}

#[tokio::test]
async fn a_body_that_never_left_did_nothing() {
    // The peer takes the connection, but never agrees on keys.
    let peer = Peer::new([Deed::Silence]).await;
    let params = Value::map([("url", Value::from(format!("https://{}/", peer.address))), ("body", Value::Int(1))]);
    let (failure, certain) = failure(ask("http.post", params, |act| act.timeout = Duration(400)).await);
    assert_eq!((failure.kind.name(), certain), ("timeout", true), "{}", failure.message);
}

#[tokio::test]
async fn an_address_that_is_none_is_refused() {
    for url in ["", "nowhere", "ftp://x.example/", "http://"] {
        let (failure, certain) = failure(get(url.to_owned()).await);
        assert_eq!((failure.kind.name(), certain), ("validation_error", true), "{url:?}");
    }
}

#[tokio::test]
async fn the_far_side_says_how_long_to_wait() {
    let peer = Peer::new([answer(429, "Retry-After: 7\r\n", "")]).await;
    assert_eq!(failure(get(peer.url("/")).await).0.retry_after, Some(Duration::seconds(7)));
    let peer = Peer::new([answer(503, "Retry-After: Wed, 21 Oct 2015 07:28:00 GMT\r\n", "")]).await;
    assert_eq!(failure(get(peer.url("/")).await).0.retry_after, Some(Duration::ZERO));
    let peer = Peer::new([answer(503, "Retry-After: soon\r\n", "")]).await;
    assert_eq!(failure(get(peer.url("/")).await).0.retry_after, None);
}

#[tokio::test]
async fn an_answer_is_read_by_its_content_type_or_as_asked() {
    let rows = [
        ("application/json", r#"{"a":1}"#, "()", r#"{"a":1}"#),
        ("application/problem+json", r#"{"a":1}"#, "()", r#"{"a":1}"#),
        ("application/json", "not json", "()", r#""not json""#),
        ("text/plain", r#"{"a":1}"#, "()", r#""{\"a\":1}""#),
        ("text/plain", r#"{"a":1}"#, "json", r#"{"a":1}"#),
        ("application/json", r#"{"a":1}"#, "text", r#""{\"a\":1}""#),
        ("application/octet-stream", "abc", "()", r#""YWJj""#),
        ("text/plain", "abc", "bytes", r#""YWJj""#),
        ("application/json", "", "()", "null"),
    ];
    for (media, body, reading, expected) in rows {
        let peer = Peer::new([answer(200, &format!("Content-Type: {media}\r\nX-Two: a\r\nX-Two: b\r\n"), body)]).await;
        let mut params = vec![("url", Value::from(peer.url("/")))];
        if reading != "()" {
            params.push(("as", reading.into()));
        }
        let got = value(ask("http.get", Value::map(params), |_| {}).await);
        assert_eq!(got["body"].to_string(), expected, "{media} {body:?} as {reading}");
        assert_eq!((&got["status"], &got["headers"]["x-two"]), (&200.into(), &"a, b".into()));
    }
    let peer = Peer::new([answer(200, "Content-Type: text/html\r\n", "<p>")]).await;
    let params = Value::map([("url", Value::from(peer.url("/"))), ("as", "json".into())]);
    let (failure, certain) = failure(ask("http.post", params, |_| {}).await);
    assert_eq!((failure.kind.name(), certain), ("validation_error", false));
}

#[tokio::test]
async fn a_request_is_sent_as_it_is_written() {
    let rows = [
        (r#""query": { "a": [1, "b c"], "none": null, "m": "x&y" }"#, "GET", "/p?q=0&a=1&a=b+c&m=x%26y", "", ""),
        (
            r#""body": { "a": 1, "gone": null, "l": [null] }"#,
            "POST",
            "/p?q=0",
            "application/json",
            r#"{"a":1,"l":[null]}"#,
        ),
        (
            r#""form": { "a": "1 2", "b": ["x", "y"] }"#,
            "POST",
            "/p?q=0",
            "application/x-www-form-urlencoded",
            "a=1+2&b=x&b=y",
        ),
        (r#""raw": "<a/>", "headers": { "Content-Type": "text/xml" }"#, "PUT", "/p?q=0", "text/xml", "<a/>"),
    ];
    for (params, method, target, media, body) in rows {
        let peer = Peer::new([says(200, "{}")]).await;
        let params = json(&format!(r#"{{ "url": "{}", {params} }}"#, peer.url("/p?q=0")));
        value(ask(&format!("http.{}", method.to_lowercase()), params, |_| {}).await);
        let request = peer.requests().remove(0);
        assert!(request.starts_with(&format!("{method} {target} HTTP/1.1\r\n")), "{request}");
        assert!(request.ends_with(&format!("\r\n\r\n{body}")), "{request}");
        assert!(
            media.is_empty() || request.to_lowercase().contains(&format!("content-type: {media}\r\n")),
            "{request}"
        );
    }
}

#[tokio::test]
async fn files_are_sent_as_parts_of_a_form() {
    let peer = Peer::new([says(200, "{}")]).await;
    let params = format!(
        r#"{{ "url": "{}", "multipart": {{ "title": "a", "about": {{ "content": "{{}}", "type": "application/json" }}, "file": {{ "name": "a.txt", "content": "hello", "type": "text/plain" }} }} }}"#,
        peer.url("/")
    );
    value(ask("http.post", json(&params), |_| {}).await);
    let request = peer.requests().remove(0);
    assert!(request.contains("multipart/form-data; boundary="), "{request}");
    assert!(request.contains("name=\"title\"\r\n\r\na\r\n"), "{request}");
    // What has no name is no file, whatever it is.
    assert!(request.contains("name=\"about\"\r\nContent-Type: application/json\r\n\r\n{}\r\n"), "{request}");
    assert!(
        request.contains("name=\"file\"; filename=\"a.txt\"\r\nContent-Type: text/plain\r\n\r\nhello\r\n"),
        "{request}"
    );
}

#[tokio::test]
async fn a_name_of_a_part_begins_no_line_of_its_own() {
    for multipart in [r#"{ "f": { "name": "a\r\nX: y.txt", "content": "x" } }"#, r#"{ "f\r\nX: y": "x" }"#] {
        let params = json(&format!(r#"{{ "url": "http://127.0.0.1:1/", "multipart": {multipart} }}"#));
        let (failure, certain) = failure(ask("http.post", params, |_| {}).await);
        assert_eq!((failure.kind.name(), certain), ("validation_error", true), "{}", failure.message);
    }
}

#[tokio::test]
async fn how_a_message_travels_is_not_the_programs_business() {
    for (name, said) in [("Content-Length", "3"), ("Transfer-Encoding", "chunked"), ("Connection", "close, x-own")] {
        let peer = Peer::new([says(200, "{}")]).await;
        let url = peer.url("/");
        let params =
            format!(r#"{{ "url": "{url}", "body": {{ "a": 1 }}, "headers": {{ "{name}": "{said}", "X-Own": "1" }} }}"#);
        value(ask("http.post", json(&params), |_| {}).await);
        let request = peer.requests().remove(0);
        assert!(request.ends_with("\r\n\r\n{\"a\":1}") && request.contains("x-own: 1"), "{request}");
        assert!(!request.contains(&format!("{}: {said}", name.to_lowercase())), "{request}");
    }
}

#[tokio::test]
async fn two_bodies_exclude_each_other() {
    let params = json(r#"{ "url": "http://127.0.0.1:1/", "body": 1, "raw": "x" }"#);
    let (failure, certain) = failure(ask("http.post", params, |_| {}).await);
    assert_eq!((failure.kind.name(), certain), ("validation_error", true));
}

#[tokio::test]
async fn a_key_clause_puts_the_key_into_a_header() {
    let peer = Peer::new([says(200, "{}")]).await;
    let params = || Value::map([("url", Value::from(peer.url("/")))]);
    value(ask("http.post", params(), |_| {}).await);
    value(ask("http.post", params(), |act| (act.key, act.key_given) = ("charge-7".into(), true)).await);
    value(ask("http.post", params(), |act| (act.key, act.key_given) = ("Zürich".into(), true)).await);
    let requests = peer.requests();
    assert!(!requests[0].contains("idempotency-key"), "{}", requests[0]);
    assert!(requests[1].contains("idempotency-key: charge-7\r\n"), "{}", requests[1]);
    assert!(requests[2].contains("idempotency-key: Z_rich-"), "{}", requests[2]);
}

#[tokio::test]
async fn a_call_proves_itself_as_its_auth_clause_says() {
    let rows = [
        (r#"{ "scheme": "bearer", "args": ["t0k"], "fields": {} }"#, "authorization: Bearer t0k\r\n"),
        (
            r#"{ "scheme": "basic", "args": [], "fields": { "user": "ada", "password": "s3c" } }"#,
            "authorization: Basic YWRhOnMzYw==\r\n",
        ),
        (r#"{ "scheme": "header", "args": ["X-Api-Key", "k3y"], "fields": {} }"#, "x-api-key: k3y\r\n"),
        (r#"{ "scheme": "query", "args": ["key", "k 3"], "fields": {} }"#, "GET /?key=k+3 HTTP"),
    ];
    for (auth, expected) in rows {
        let peer = Peer::new([says(200, "{}")]).await;
        let params = Value::map([("url", Value::from(peer.url("/")))]);
        value(ask("http.get", params, |act| act.auth = json(auth)).await);
        assert!(peer.requests()[0].contains(expected), "{}", peer.requests()[0]);
    }
    for auth in [r#"{ "scheme": "bearer", "args": [null] }"#, r#"{ "scheme": "jwt", "args": [] }"#] {
        let params = json(r#"{ "url": "http://127.0.0.1:1/" }"#);
        let (failure, certain) = failure(ask("http.get", params, |act| act.auth = json(auth)).await);
        assert_eq!((failure.kind.name(), certain), ("auth_error", true), "{auth}");
    }
}

#[tokio::test]
async fn a_secret_that_the_far_side_repeats_is_covered() {
    let peer = Peer::new([says(400, r#"{ "message": "bad token s3cr3t-token", "seen": ["s3cr3t-token"] }"#)]).await;
    let desk = desk(Path::new("."), "http", Map::new(), |environment| environment.mask.learn("s3cr3t-token"));
    let mut act = act("http.get", Value::map([("url", Value::from(peer.url("/s3cr3t-token")))]));
    act.auth = json(r#"{ "scheme": "bearer", "args": ["s3cr3t-token"], "fields": {} }"#);
    let (failure, _) = failure(desk.perform(act).await);
    let shown = format!("{} {} {:?}", failure.message, failure.body, failure.details);
    assert!(!shown.contains("s3cr3t") && shown.contains("bad token ***"), "{shown}");
}

#[tokio::test]
async fn redirects_are_followed_with_care() {
    let home = Peer::new([says(200, r#"{ "there": true }"#)]).await;
    let gone = Peer::new([answer(303, &format!("Location: {}\r\n", home.url("/new")), "")]).await;
    let params = Value::map([("url", Value::from(gone.url("/old"))), ("body", Value::Int(1))]);
    let auth = r#"{ "scheme": "header", "args": ["X-Api-Key", "k3y"], "fields": {} }"#;
    let got = value(ask("http.post", params, |act| act.auth = json(auth)).await);
    assert_eq!(got["body"]["there"], true);
    let (first, second) = (gone.requests().remove(0), home.requests().remove(0));
    assert!(first.starts_with("POST /old") && first.contains("x-api-key: k3y"), "{first}");
    // Another origin gets no credentials, and a 303 asks for a GET.
    assert!(second.starts_with("GET /new") && !second.contains("k3y"), "{second}");

    let circle = Peer::with(|own| [answer(302, &format!("Location: http://{own}/\r\n"), "")]).await;
    let (failure, certain) = failure(get(circle.url("/")).await);
    assert_eq!((failure.kind.name(), certain), ("validation_error", true), "{}", failure.message);
    assert_eq!(circle.requests().len(), 11);
}

#[tokio::test]
async fn an_answer_without_end_is_cut() {
    let peer = Peer::new([answer(200, "", &"x".repeat(5_000))]).await;
    let desk = desk(Path::new("."), "http", Map::new(), |environment| environment.response_bytes_max = 1_000);
    let outcome = desk.perform(act("http.get", Value::map([("url", Value::from(peer.url("/")))]))).await;
    let (failure, certain) = failure(outcome);
    assert_eq!((failure.kind.name(), certain), ("limit_exceeded", false));
    assert!(failure.message.contains("response_bytes_max"), "{}", failure.message);
}

#[tokio::test]
async fn an_operation_without_a_body_says_so() {
    let (failure, certain) = failure(perform(Path::new("."), "http.fly", "{}").await);
    assert_eq!((failure.kind.name(), certain), ("validation_error", true));
}

#[tokio::test]
async fn what_was_done_before_a_redirect_stays_done() {
    let free = std::net::TcpListener::bind(("127.0.0.1", 0)).and_then(|it| it.local_addr()).expect("a free port");
    let to = |status: u16, place: String| answer(status, &format!("Location: {place}\r\n"), "");
    let gone = || to(303, format!("http://{free}/"));
    let rows: [(&str, Vec<Deed>, &str, bool); 8] = [
        // The far side took the order and says where its receipt lies: whatever becomes of that, the order is taken.
        ("post", vec![gone()], "connection_error", false),
        ("post", vec![to(303, "/receipt".into()), says(404, "{}")], "not_found", false),
        ("post", vec![to(302, "/receipt".into()), says(403, "{}")], "permission_denied", false),
        ("post", vec![to(303, "http://10.0.0.1/".into())], "permission_denied", false),
        ("post", vec![to(303, "/again".into())], "validation_error", false),
        // Here it sends the order itself to another place, and that one refuses it.
        ("post", vec![to(307, "/other".into()), says(404, "{}")], "not_found", true),
        ("get", vec![gone()], "connection_error", true),
        ("get", vec![to(302, "/other".into()), says(404, "{}")], "not_found", true),
    ];
    for (index, (method, deeds, kind, certain)) in rows.into_iter().enumerate() {
        let peer = Peer::new(deeds).await;
        let outcome = ask(&format!("http.{method}"), Value::map([("url", Value::from(peer.url("/")))]), |_| {}).await;
        let (failure, is_certain) = failure(outcome);
        assert_eq!((failure.kind.name(), is_certain), (kind, certain), "row {index}: {}", failure.message);
    }
}

#[tokio::test]
async fn an_answer_without_a_body_is_none_in_json_too() {
    let read = async |deed: Deed| {
        let peer = Peer::new([deed]).await;
        let params = Value::map([("url", Value::from(peer.url("/"))), ("as", "json".into())]);
        ask("http.delete", params, |_| {}).await
    };
    assert_eq!(value(read(Deed::Say("HTTP/1.1 204 X\r\n\r\n".into())).await)["body"], serde_json::Value::Null);
    assert_eq!(failure(read(says(200, "")).await).0.kind.name(), "validation_error");
}

#[tokio::test]
async fn a_text_is_read_in_the_charset_it_is_stated_in() {
    let rows: [(&str, &[u8]); 5] = [
        ("text/plain; charset=iso-8859-1", b"gr\xfc\xdfe"),
        ("text/csv; header=present; charset=\"Windows-1252\"", b"gr\xfc\xdfe"),
        ("text/plain; charset=utf-8", "grüße".as_bytes()),
        ("text/plain; charset=klingon", "grüße".as_bytes()),
        ("text/plain", "grüße".as_bytes()),
    ];
    for (media, body) in rows {
        let head = format!("HTTP/1.1 200 X\r\nContent-Length: {}\r\nContent-Type: {media}\r\n\r\n", body.len());
        let peer = Peer::new([Deed::Bytes([head.as_bytes(), body].concat())]).await;
        assert_eq!(value(get(peer.url("/")).await)["body"], "grüße", "{media}");
    }
}
