//! `http.*` as programs write it: conditions, statuses that are no failure, any method, compressed answers, GraphQL.

use orchestra_flow::base::value::Value;
use orchestra_flow::run::world::{Outcome, Perform as _};

use super::declared::{call, connectors, package};
use super::desk::{failure, json, value};
use super::peer::{Deed, Peer, answer, says};

/// What `operation` gives with `params`, where `URL` stands for the peer's.
async fn ask(peer: &Peer, operation: &str, params: &str) -> Outcome {
    let package = package(
        &format!("workflow w {{ step x = {operation} {{ url: \"x\" }} }}")
            .replace("request { url: \"x\" }", "request { url: \"x\", method: \"X\" }")
            .replace(
                "{ url: \"x\" } }",
                if operation.contains("graphql") { "{ url: \"x\", query: \"{ a }\" } }" } else { "{ url: \"x\" } }" },
            ),
    );
    let params = json(&params.replace("URL", &peer.url("/it")));
    connectors(&package, &[("http.allow_hosts", "127.0.0.1")]).perform(call(&package, operation, params)).await
}

fn sent(peer: &Peer) -> String {
    peer.requests().remove(0)
}

#[tokio::test]
async fn what_has_not_changed_comes_without_a_body() {
    let first = answer(200, "ETag: \"v1\"\r\nLast-Modified: Wed, 21 Oct 2015 07:28:00 GMT\r\n", "news");
    let peer = Peer::new([first, answer(304, "ETag: \"v1\"\r\n", "")]).await;
    let got = value(ask(&peer, "http.get", r#"{ "url": "URL" }"#).await);
    assert_eq!((&got["etag"], &got["not_modified"], &got["body"]), (&"\"v1\"".into(), &false.into(), &"news".into()));
    assert_eq!(got["modified"], "2015-10-21T07:28:00Z");
    let again = r#"{ "url": "URL", "if_none_match": "\"v1\"", "if_modified_since": "2015-10-21T07:28:00Z" }"#;
    let got = value(ask(&peer, "http.get", again).await);
    assert_eq!((&got["status"], &got["not_modified"], &got["body"]), (&304.into(), &true.into(), &().into()));
    let asked = &peer.requests()[1];
    assert!(asked.contains("if-none-match: \"v1\"\r\n"), "{asked}");
    assert!(asked.contains("if-modified-since: Wed, 21 Oct 2015 07:28:00 GMT\r\n"), "{asked}");
}

#[tokio::test]
async fn what_has_changed_meanwhile_is_not_written_over() {
    for (operation, condition, header) in [
        ("http.put", r#""if_match": "\"v1\"""#, "if-match: \"v1\"\r\n"),
        ("http.put", r#""if_none_match": "*""#, "if-none-match: *\r\n"),
        ("http.patch", r#""if_match": "\"v1\"""#, "if-match: \"v1\"\r\n"),
        (
            "http.delete",
            r#""if_unmodified_since": "2015-10-21T09:28:00+02:00""#,
            "if-unmodified-since: Wed, 21 Oct 2015 07:28:00 GMT\r\n",
        ),
    ] {
        let peer = Peer::new([answer(412, "", "")]).await;
        let (failure, certain) = failure(ask(&peer, operation, &format!(r#"{{ "url": "URL", {condition} }}"#)).await);
        assert_eq!((failure.kind.name(), certain), ("conflict", true), "{operation}");
        assert!(sent(&peer).contains(header), "{}", sent(&peer));
    }
}

#[tokio::test]
async fn a_status_that_is_expected_is_no_failure() {
    for (operation, status) in [("http.get", 404), ("http.delete", 410), ("http.post", 409), ("http.post", 503)] {
        let params = r#"{ "url": "URL", "accept": [404, 409, 410, 503] }"#.to_owned();
        let peer = Peer::new([says(status, r#"{ "why": "gone" }"#)]).await;
        let got = value(ask(&peer, operation, &params).await);
        assert_eq!((&got["status"], &got["body"]["why"]), (&status.into(), &"gone".into()));
        let peer = Peer::new([says(403, "{}")]).await;
        assert_eq!(failure(ask(&peer, operation, &params).await).0.kind.name(), "permission_denied");
    }
}

#[tokio::test]
async fn any_method_is_sent() {
    for (operation, params, line) in [
        ("http.head", r#"{ "url": "URL" }"#, "HEAD /it HTTP/1.1\r\n"),
        ("http.request", r#"{ "url": "URL", "method": "OPTIONS" }"#, "OPTIONS /it HTTP/1.1\r\n"),
        ("http.request", r#"{ "url": "URL", "method": "propfind" }"#, "PROPFIND /it HTTP/1.1\r\n"),
        (
            "http.get",
            r#"{ "url": "URL", "query": { "a": [1, 2], "b[]": ["x", "y"], "c": "1,2" } }"#,
            "GET /it?a=1&a=2&b%5B%5D=x&b%5B%5D=y&c=1%2C2 HTTP/1.1\r\n",
        ),
    ] {
        let peer = Peer::new([answer(200, "X-Seen: yes\r\nETag: W/\"1\"\r\n", "")]).await;
        let got = value(ask(&peer, operation, params).await);
        assert_eq!((&got["headers"]["x-seen"], &got["etag"]), (&"yes".into(), &"W/\"1\"".into()));
        assert!(sent(&peer).starts_with(line), "{}", sent(&peer));
    }
}

#[tokio::test]
async fn answers_may_be_compressed() {
    let rows: [(&str, &[u8]); 2] = [
        ("gzip", &[31, 139, 8, 0, 0, 0, 0, 0, 2, 255, 203, 72, 205, 201, 201, 7, 0, 134, 166, 16, 54, 5, 0, 0, 0]),
        ("br", &[0x0b, 0x02, 0x80, b'h', b'e', b'l', b'l', b'o', 0x03]),
    ];
    for (encoding, body) in rows {
        let head = format!(
            "HTTP/1.1 200 X\r\nContent-Type: text/plain\r\nContent-Encoding: {encoding}\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        let peer = Peer::new([Deed::Bytes([head.as_bytes(), body].concat())]).await;
        assert_eq!(value(ask(&peer, "http.get", r#"{ "url": "URL" }"#).await)["body"], "hello", "{encoding}");
        let offered = sent(&peer).lines().find(|line| line.starts_with("accept-encoding")).map(ToOwned::to_owned);
        let offered = offered.expect("some are offered");
        // Of `deflate` there are two, and nobody says which one comes.
        assert!(offered.contains(encoding) && !offered.contains("deflate"), "{offered}");
    }
}

#[tokio::test]
async fn a_mark_of_its_encoding_before_json_is_no_part_of_it() {
    for kind in ["application/json", "application/problem+json; charset=utf-8", ""] {
        for reading in [r#"{ "url": "URL" }"#, r#"{ "url": "URL", "as": "json" }"#] {
            let kind = if kind.is_empty() { String::new() } else { format!("Content-Type: {kind}\r\n") };
            let peer = Peer::new([answer(200, &kind, "\u{feff}{ \"n\": 1 }")]).await;
            assert_eq!(value(ask(&peer, "http.get", reading).await)["body"]["n"], 1, "{kind} {reading}");
        }
    }
}

#[tokio::test]
async fn graphql_errors_are_failures_by_their_codes() {
    let error = |code: &str| format!(r#"{{ "data": null, "errors": [{{ "message": "no such luck", {code} }}] }}"#);
    let rows = [
        (200, error(r#""type": "NOT_FOUND""#), "not_found"),
        (200, error(r#""extensions": { "code": "UNAUTHENTICATED" }"#), "auth_error"),
        (200, error(r#""extensions": { "code": "forbidden" }"#), "permission_denied"),
        (200, error(r#""extensions": { "code": "INTERNAL_SERVER_ERROR" }"#), "server_error"),
        (200, error(r#""type": "RATE_LIMITED""#), "rate_limited"),
        (200, error(r#""extensions": { "code": "SOMETHING_ELSE" }"#), "validation_error"),
        (400, r#"{ "errors": [{ "message": "no such luck" }] }"#.to_owned(), "validation_error"),
        (401, r#"{ "message": "no such luck" }"#.to_owned(), "auth_error"),
        (502, "<html>no</html>".to_owned(), "server_error"),
    ];
    for (status, body, kind) in rows {
        let peer = Peer::new([says(status, &body)]).await;
        let (failure, _) = failure(ask(&peer, "http.graphql", r#"{ "url": "URL", "query": "{ me }" }"#).await);
        assert_eq!(failure.kind.name(), kind, "{body}: {}", failure.message);
        assert!(status == 502 || failure.message.contains("no such luck"), "{}", failure.message);
    }
}

#[tokio::test]
async fn graphql_gives_data_and_sends_what_it_is_given() {
    let peer = Peer::new([says(200, r#"{ "data": { "me": { "name": "Ada" } } }"#)]).await;
    let params = r#"{ "url": "URL", "query": "query Me($n: Int) { me(n: $n) { name } }", "variables": { "n": 1 },
        "operation_name": "Me", "headers": { "X-App": "flow" } }"#;
    let got = value(ask(&peer, "http.graphql", params).await);
    assert_eq!(got, serde_json::json!({ "data": { "me": { "name": "Ada" } }, "errors": null }));
    let asked = sent(&peer);
    assert!(asked.starts_with("POST /it HTTP/1.1\r\n") && asked.contains("x-app: flow\r\n"), "{asked}");
    let body = r#"{"query":"query Me($n: Int) { me(n: $n) { name } }","variables":{"n":1},"operationName":"Me"}"#;
    assert!(asked.ends_with(body), "{asked}");
    let partly = r#"{ "data": { "me": { "name": "Ada" }, "posts": null }, "errors": [{ "message": "no", "type": "FORBIDDEN" }] }"#;
    let peer = Peer::new([says(200, partly)]).await;
    let got = value(ask(&peer, "http.graphql", r#"{ "url": "URL", "query": "{ me }", "partial": true }"#).await);
    assert_eq!((&got["data"]["me"]["name"], &got["errors"][0]["type"]), (&"Ada".into(), &"FORBIDDEN".into()));
    let (failure, _) = failure(ask(&peer, "http.graphql", r#"{ "url": "URL", "query": "{ me }" }"#).await);
    assert_eq!(failure.kind.name(), "permission_denied");
}

#[tokio::test]
async fn a_mutation_is_no_query_and_may_have_happened() {
    let peer =
        Peer::new([says(200, r#"{ "data": { "a": { "id": "1" }, "b": null }, "errors": [{ "message": "no" }] }"#)])
            .await;
    for query in
        ["mutation { a }", "# a note\\n query A { a }\\n mutation B($x: T = { y: 1 }) { b }", "subscription { a }"]
    {
        let (failure, certain) =
            failure(ask(&peer, "http.graphql", &format!(r#"{{ "url": "URL", "query": "{query}" }}"#)).await);
        assert_eq!((failure.kind.name(), certain), ("validation_error", true), "{query}");
        assert!(failure.message.contains("http.graphql takes queries"), "{}", failure.message);
    }
    assert_eq!(peer.requests().len(), 0);
    let query = r#"{ "url": "URL", "query": "{ a(text: \"} mutation {\") { mutation # mutation { \n } }" }"#;
    let (told, _) = failure(ask(&peer, "http.graphql", query).await);
    assert!(told.message.contains("answered 200"), "{}", told.message);
    let (failure, certain) =
        failure(ask(&peer, "http.graphql_mutation", r#"{ "url": "URL", "query": "mutation { a b }" }"#).await);
    assert_eq!((failure.kind.name(), certain), ("outcome_unknown", false));
}

#[tokio::test]
async fn credentials_of_the_step_go_with_it_and_a_service_that_has_enough_is_left_alone_by_itself() {
    let spent = "Content-Type: application/json\r\nX-RateLimit-Remaining: 0\r\nX-RateLimit-Reset: 30\r\n";
    let limited = r#"{ "errors": [{ "type": "RATE_LIMITED", "message": "API rate limit exceeded" }] }"#;
    let (busy, other) =
        (Peer::new([answer(200, spent, limited)]).await, Peer::new([says(200, r#"{ "data": {} }"#)]).await);
    let package = package("workflow w { step a = http.graphql { url: \"x\", query: \"{ a }\" } }");
    let desk = connectors(&package, &[("http.allow_hosts", "127.0.0.1")]);
    let act = |peer: &Peer| {
        let params = Value::map([("url", Value::from(peer.url("/"))), ("query", "{ a }".into())]);
        let auth = json(r#"{ "scheme": "bearer", "args": ["t0ken"], "fields": {} }"#);
        orchestra_flow::run::world::Act { auth, ..call(&package, "http.graphql", params) }
    };
    let (told, _) = failure(desk.perform(act(&busy)).await);
    assert_eq!((told.kind.name(), told.retry_after.is_some()), ("rate_limited", true));
    assert!(sent(&busy).contains("authorization: Bearer t0ken\r\n"), "{}", sent(&busy));
    let (told, _) = failure(desk.perform(act(&busy)).await);
    assert!(told.kind.name() == "rate_limited" && busy.requests().len() == 1, "{}", told.message);
    value(desk.perform(act(&other)).await);
}
