//! `api`: a request starts a run and hears what comes of it.

use orchestra_flow::trigger::request::{Answer, Refusal, Request};
use orchestra_flow::trigger::route::Unmatched;

use super::*;

const PROGRAM: &str = r#"
workflow order {
    input { id: string, lines: int, note: string? }
    trigger api POST "/orders/{id}" { input: { id: trigger.path.id, lines: trigger.body.lines, note: trigger.query?.note } }
    fail out_of_stock "there are no ${input.lines}" when input.lines > 100
    output { id: input.id, lines: input.lines, note: input.note }
}
workflow newest {
    trigger api GET "/orders/newest"
    output { newest: true }
}
workflow plain {
    input { name: string(1..5) }
    trigger api POST "/plain"
    output { hello: input.name }
}
workflow talks {
    trigger api POST "/talks"
    reply 201 { said: "at once", headers: { "X-Mark": "m" } }
    wait 1h
    reply 200 { said: "again" }
}
workflow page {
    trigger api GET "/page"
    reply { raw: "<p>hi</p>", headers: { "Content-Type": "text/html" } }
}
workflow patient {
    trigger api POST "/patient" { where trigger.body?.skip != true, input: {} }
    wait 1h
    output { ok: true }
}
workflow lost {
    trigger api GET "/lost"
    fail not_found "it is not there"
}
"#;

pub fn request(method: &str, path: &str, body: &str) -> Request {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    Request {
        method: method.to_owned(),
        path: path.to_owned(),
        query: query.to_owned(),
        headers: vec![("content-type".to_owned(), "application/json".to_owned())],
        body: body.as_bytes().to_vec(),
        ..Request::default()
    }
}

impl House {
    pub async fn ask(&self, request: Request) -> Result<Answer, Refusal> {
        let matched =
            self.triggers.route(&request.method, &request.path).unwrap_or_else(|_| panic!("{}", request.path));
        self.triggers.answer(&matched, &request).await
    }
}

fn json(answer: &Answer) -> serde_json::Value {
    serde_json::from_slice(&answer.body).expect("it is JSON")
}

fn with(mut request: Request, name: &str, value: &str) -> Request {
    request.headers.push((name.to_owned(), value.to_owned()));
    request
}

#[test]
fn a_request_is_answered_with_what_comes_of_it() {
    let folder = tempfile::tempdir().expect("a folder");
    process(folder.path(), PROGRAM, None, async |house| {
        let answer = house.ask(request("POST", "/orders/A%207?note=x", r#"{ "lines": 3 }"#)).await.expect("it works");
        assert_eq!((answer.status, json(&answer)), (200, serde_json::json!({ "id": "A 7", "lines": 3, "note": "x" })));
        let answer = house.ask(request("GET", "/orders/newest", "")).await.expect("it works");
        assert_eq!(json(&answer), serde_json::json!({ "newest": true }), "what is written out goes first");

        let refusal = house.ask(request("POST", "/orders/1", r#"{ "lines": 300 }"#)).await.expect_err("it fails");
        assert_eq!((refusal.status, refusal.detail.as_str()), (422, "there are no 300"));
        assert_eq!(refusal.more.get("error").map(ToString::to_string).as_deref(), Some("out_of_stock"));
        let refusal = house.ask(request("GET", "/lost", "")).await.expect_err("it fails");
        assert_eq!(refusal.status, 404);
    });
}

#[test]
fn a_request_that_does_not_fit_starts_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    process(folder.path(), PROGRAM, None, async |house| {
        let refusal =
            house.ask(request("POST", "/plain", r#"{ "name": "too long", "more": 1 }"#)).await.expect_err("no");
        let faults: Vec<&str> = refusal.faults.iter().map(|fault| fault.path.as_str()).collect();
        assert_eq!((refusal.status, faults), (422, vec!["name", "more"]));
        let refusal = house.ask(request("POST", "/plain", "{ nonsense")).await.expect_err("no");
        assert_eq!(refusal.status, 400);
        let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
        assert_eq!(house.ask(request("POST", "/plain", &deep)).await.expect_err("no").status, 400);
        assert_eq!(house.ask(request("POST", "/orders/1", "{}")).await.expect_err("no").status, 422);
        assert_eq!(house.runs("plain").await.len() + house.runs("order").await.len(), 0);

        assert_eq!(house.triggers.route("GET", "/nothing").expect_err("no"), Unmatched::Path);
        assert_eq!(house.triggers.route("GET", "/orders/").expect_err("no"), Unmatched::Path);
        assert_eq!(house.triggers.route("GET", "/orders/a%ffb").expect_err("no text"), Unmatched::Path);
        assert_eq!(house.triggers.route("PUT", "/plain").expect_err("no"), Unmatched::Method(vec!["POST".into()]));
    });
}

#[test]
fn the_first_reply_is_the_answer() {
    let folder = tempfile::tempdir().expect("a folder");
    process(folder.path(), PROGRAM, None, async |house| {
        let answer = house.ask(request("POST", "/talks", "")).await.expect("it works");
        assert_eq!((answer.status, json(&answer)), (201, serde_json::json!({ "said": "at once" })));
        assert!(answer.headers.contains(&("x-mark".to_owned(), "m".to_owned())), "{answer:?}");
        let answer = house.ask(request("GET", "/page", "")).await.expect("it works");
        assert_eq!(answer.body, b"<p>hi</p>");
        assert_eq!(answer.headers, [("content-type".to_owned(), "text/html".to_owned())]);
    });
}

#[test]
fn who_will_not_wait_is_told_where_to_ask() {
    let folder = tempfile::tempdir().expect("a folder");
    process(folder.path(), PROGRAM, None, async |house| {
        let answer =
            house.ask(with(request("POST", "/patient", ""), "prefer", "respond-async")).await.expect("it works");
        let id = house.runs("patient").await[0].run.clone();
        assert_eq!((answer.status, json(&answer)), (202, serde_json::json!({ "id": id.0 })));
        assert!(answer.headers.contains(&("location".to_owned(), format!("/v1/runs/{id}"))));
        let answer = house.ask(request("POST", "/patient", r#"{ "skip": true }"#)).await.expect("it works");
        assert_eq!(answer, Answer::empty(204));
    });
}

#[test]
fn the_same_key_is_the_same_run() {
    let folder = tempfile::tempdir().expect("a folder");
    let keyed = || with(request("POST", "/plain", r#"{ "name": "Ada" }"#), "idempotency-key", "k1");
    process(folder.path(), PROGRAM, None, async |house| {
        let (one, other) = tokio::join!(house.ask(keyed()), house.ask(keyed()));
        assert_eq!(one.expect("it works"), other.expect("it works"));
    });
    process(folder.path(), PROGRAM, None, async |house| {
        assert_eq!(json(&house.ask(keyed()).await.expect("it works")), serde_json::json!({ "hello": "Ada" }));
        assert_eq!(house.runs("plain").await.len(), 1);
    });
}

#[test]
fn who_somebody_is_stays_out_of_the_journal() {
    let folder = tempfile::tempdir().expect("a folder");
    process(folder.path(), PROGRAM, None, async |house| {
        let secret = with(with(request("GET", "/orders/newest", ""), "authorization", "Bearer t0k"), "cookie", "s=t0k");
        house.ask(with(secret, "x-more", "seen")).await.expect("it works");
        let heard = house.heard("newest").await[0].to_json().to_string();
        assert!(heard.contains("seen") && !heard.contains("t0k"), "{heard}");
    });
}
#[test]
fn two_programs_for_one_request_are_refused_with_both_places() {
    let program =
        |name: &str| format!("workflow {name} {{\n trigger api POST \"/x/{{{name}}}\"\n output {{ ok: true }}\n}}");
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("other.flow"), program("b")).expect("it can be written");
    std::fs::write(folder.path().join("main.flow"), program("a")).expect("it can be written");
    let joint = Program::from_directory(folder.path()).unwrap_or_else(|faults| panic!("{faults}"));
    let engine = Builder::new(joint).build().unwrap_or_else(|error| panic!("{error}"));
    let said = engine.triggers().expect_err("they clash").to_string();
    assert!(said.contains("main.flow") && said.contains("other.flow") && said.contains("F0704"), "{said}");
}
