//! Operations that connectors declare, against peers on loopback.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Instant;

use orchestra_flow::base::shape::Field;
use orchestra_flow::base::span::Sources;
use orchestra_flow::base::time::Duration;
use orchestra_flow::base::value::Value;
use orchestra_flow::connect::log::Log;
use orchestra_flow::connect::{Connectors, Natives};
use orchestra_flow::host::settings::Settings;
use orchestra_flow::host::settings::configure::Uses;
use orchestra_flow::lang::plan::connector::{Answer, Example};
use orchestra_flow::lang::plan::{Connector, Operation, Package};
use orchestra_flow::lang::{NoFiles, compile};
use orchestra_flow::run::world::{Act, Outcome, Perform};

use super::desk::{act, failure, json, value};
use super::peer::{Deed, Peer, answer, says};

/// The package of a text that must have no errors.
pub fn package(text: &str) -> Package {
    let compilation = compile("test.flow", text, &NoFiles);
    let shown: Vec<String> = compilation
        .diagnostics
        .iter()
        .filter(|it| it.is_error())
        .map(|it| {
            let source = compilation.sources.get(it.primary.span.file);
            format!("{}:{}: {} {}", source.name, source.position(it.primary.span.start).line, it.code.0, it.message)
        })
        .collect();
    assert!(shown.is_empty(), "{}", shown.join("\n"));
    compilation.package.expect("a text without errors gives a package")
}

/// The connectors of a package with the settings of an environment; all that is missing fails the test.
pub fn connectors(package: &Package, environment: &[(&str, &str)]) -> Connectors {
    // As on the command line: names with dots are what `--set` takes, the others are variables.
    let (given, variables): (Vec<_>, Vec<_>) = environment.iter().partition(|(name, _)| name.contains('.'));
    let given: Vec<String> = given.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let variables = variables.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
    let mut sources = Sources::default();
    let home = tempfile::tempdir().expect("a directory");
    let (settings, mut diagnostics) = Settings::read(home.path(), variables, &given, &mut sources);
    let mut configured = Vec::new();
    let uses = Uses::of_all(package);
    let (found, more) = settings.configure(package, &uses, &mut sources);
    configured.extend(found);
    diagnostics.extend(more);
    let wrong = diagnostics.iter().filter(|it| it.is_error());
    let shown: Vec<&str> = wrong.map(|it| it.message.as_str()).collect();
    assert!(shown.is_empty(), "{}", shown.join("\n"));
    Connectors::new(settings.environment(Log::default()), configured, Natives::standard())
}

/// An act of an operation of the package.
pub fn call(package: &Package, name: &str, params: Value) -> Act {
    let (connector, operation) = name.split_once('.').expect("a test names connector and operation");
    let operation = package.connectors[connector].operations[operation].clone();
    Act { operation, ..act(name, params) }
}

/// A connector with this body, and a workflow that calls its operation `do`.
struct Trial {
    package: Package,
    connectors: Connectors,
}

impl Trial {
    fn new(peer: &Peer, body: &str) -> Self {
        Self::calling(peer, body, "")
    }

    fn calling(peer: &Peer, body: &str, params: &str) -> Self {
        let text = format!(
            "connector svc {{\n config {{ base_url: url, token: secret? }}\n {body}\n }}\n workflow w {{ step svc.do {{ {params} }} }}"
        );
        let package = package(&text);
        let connectors = connectors(&package, &[("FLOW_CONNECTOR_SVC_BASE_URL", &peer.url("/api/"))]);
        Self { package, connectors }
    }

    async fn ask(&self, params: &str) -> Outcome {
        self.with(params, |_| {}).await
    }

    async fn with(&self, params: &str, shape: impl FnOnce(&mut Act)) -> Outcome {
        let mut act = call(&self.package, "svc.do", json(params));
        shape(&mut act);
        self.connectors.perform(act).await
    }
}

/// A program that names every connector of the standard library that speaks HTTP.
pub const EVERY_SERVICE: &str = r#"workflow all {
    step asana.get_user
    step google_calendar.list_calendars
    step google_drive.about
    step hubspot.account
    step jira.myself
    step notion.myself
    step onedrive.about
    step salesforce.limits
    step slack.whoami
    step teams.list_teams
    step trello.whoami
}"#;

/// The files that examples send.
const SENT: [&str; 5] = ["contract.pdf", "report.pdf", "out/report.pdf", "out/march.csv", "out/offer.pdf"];

/// A directory with what examples send.
pub fn home_with_files() -> tempfile::TempDir {
    let home = tempfile::tempdir().expect("a directory");
    std::fs::create_dir(home.path().join("out")).expect("it can be made");
    for name in SENT {
        std::fs::write(home.path().join(name), "%PDF-1.7").expect("it can be written");
    }
    home
}

/// What comes of an example against a peer that answers as it says, and lies at the path of the real service.
pub async fn play(package: &Package, operation: &Operation, example: &Example, home: &Path) -> (Outcome, Peer) {
    let (last, answers) = (example.ahead.len(), example.answers().enumerate());
    let answers = answers.map(|(place, it)| (it, place == last)).collect();
    play_against(package, operation, &example.params, answers, home).await
}

/// The same for any answers, each with whether it stays as it is; in the others addresses become those of the peer.
pub async fn play_against(
    package: &Package,
    operation: &Operation,
    params: &Value,
    answers: Vec<(Answer, bool)>,
    home: &Path,
) -> (Outcome, Peer) {
    let full = operation.signature.full_name();
    let answers = answers.into_iter();
    let peer = Peer::with(|own| answers.map(|(it, stays)| said(&it, own, stays)).collect::<Vec<_>>()).await;
    let settings = package.connectors.values().flat_map(|connector| settings_of(connector, &peer));
    let settings =
        settings.map(|(connector, field, value)| (format!("FLOW_CONNECTOR_{connector}_{field}").to_uppercase(), value));
    let roots = ("files.roots".to_owned(), home.display().to_string());
    let settings: Vec<(String, String)> = settings.chain([roots]).collect();
    let settings: Vec<(&str, &str)> = settings.iter().map(|(name, value)| (&**name, &**value)).collect();
    // A webhook's address is a parameter.
    let params = params.to_json().to_string().replace("https://hooks.slack.com", &peer.url(""));
    (connectors(package, &settings).perform(call(package, &full, json(&params))).await, peer)
}

/// What must be set so that a connector speaks to a peer: names of connector and field, and the value.
pub fn settings_of<'a>(connector: &'a Connector, peer: &'a Peer) -> impl Iterator<Item = (&'a str, &'a str, String)> {
    connector.config.iter().filter_map(move |(field, _)| {
        let value = match &*field.name {
            "base_url" => peer.url(&path_of(field)),
            "token" | "key" => "t0ken".to_owned(),
            "webhook_url" => peer.url("/webhook"),
            _ => return None,
        };
        Some((&*connector.name, &*field.name, value))
    })
}

/// The path of the address that a field has where nothing is set.
fn path_of(field: &Field) -> String {
    let usual = field.default.as_ref().and_then(|usual| url::Url::parse(usual.as_text()?).ok());
    usual.map_or_else(String::new, |usual| usual.path().trim_end_matches('/').to_owned())
}

/// An answer of an example; where one that does not stay as it is names an address to go on with, that is the peer's.
pub fn said(answer: &Answer, own: SocketAddr, stays: bool) -> Deed {
    let elsewhere = regex::Regex::new(r"https://[A-Za-z0-9.-]+/").expect("a pattern");
    let here = |text: String| match stays {
        true => text,
        false => elsewhere.replace_all(&text, format!("http://{own}/")).into_owned(),
    };
    let headers = answer.headers.as_map().cloned().unwrap_or_default();
    let stated = headers.keys().any(|name| name.eq_ignore_ascii_case("content-type"));
    let body = match &answer.body {
        Value::Unit => String::new(),
        Value::Text(text) if stated => text.to_string(),
        other => here(other.to_json().to_string()),
    };
    let mut lines: String = headers.iter().map(|(name, value)| here(format!("{name}: {value}\r\n"))).collect();
    if !stated {
        lines.push_str("Content-Type: application/json\r\n");
    }
    super::peer::answer(answer.status, &lines, &body)
}

#[tokio::test]
async fn a_request_is_filled_in_from_its_template() {
    let peer = Peer::new([says(200, r#"{ "id": 7 }"#)]).await;
    let body = r#"
        headers: { "X-App": "flow" }
        query: { v: 2, gone: () }
        once operation do(id: string, note: string?, tags: list<string> = ["a", "b"]) -> { id: int } {
            POST "/things/{id}/${id}?fixed=1" { query: { note, tags }, body: { id, note, deep: { note, n: 1 + 1 } }, headers: { "X-Id": id } }
            output { id: response.body.id }
        }"#;
    let trial = Trial::calling(&peer, body, "id: \"x\"");
    assert_eq!(value(trial.ask(r#"{ "id": "a/b c?" }"#).await).to_string(), r#"{"id":7}"#);
    let request = peer.requests().remove(0);
    let target = "POST /api/things/a%2Fb%20c%3F/a%2Fb%20c%3F?fixed=1&v=2&tags=a&tags=b HTTP/1.1\r\n";
    assert!(request.starts_with(target), "{request}");
    assert!(request.contains("x-app: flow\r\n") && request.contains("x-id: a/b c?\r\n"), "{request}");
    assert!(request.ends_with(r#"{"id":"a/b c?","deep":{"n":2}}"#), "{request}");
    for id in ["", ".", ".."] {
        let (failure, certain) = failure(trial.ask(&format!(r#"{{ "id": "{id}" }}"#)).await);
        assert_eq!((failure.kind.name(), certain), ("validation_error", true), "{id:?}");
    }
}

#[tokio::test]
async fn each_value_in_a_path_is_escaped_whatever_its_expression_holds() {
    let rows = [
        (r#"GET "/a/${pick(id, "x")}/b/${id}/c""#, "/api/a/1%2F2%3A%40%3F-x/b/1%2F2%3A%40%3F/c"),
        (r#"GET "/a/${pick(id, "}")}/${#{ k: id }.k}""#, "/api/a/1%2F2%3A%40%3F-%7D/1%2F2%3A%40%3F"),
        (r#"GET "/a/${pick(`${id}`, "\"")}/b""#, "/api/a/1%2F2%3A%40%3F-%22/b"),
    ];
    for (request, expected) in rows {
        let peer = Peer::new([says(200, "{}")]).await;
        let text = format!(
            "connector svc {{ config {{ base_url: url }}\n read operation do(id: string) -> any {{ {request} }} }}"
        );
        let package = package(&format!(
            "fn pick(a, b) {{ a + \"-\" + b }}\n{text}\n workflow w {{ step svc.do {{ id: \"x\" }} }}"
        ));
        let connectors = connectors(&package, &[("FLOW_CONNECTOR_SVC_BASE_URL", &peer.url("/api/"))]);
        value(connectors.perform(call(&package, "svc.do", json(r#"{ "id": "1/2:@?" }"#))).await);
        let request = peer.requests().remove(0);
        assert!(request.starts_with(&format!("GET {expected} HTTP/1.1")), "{request}");
    }
}

#[tokio::test]
async fn rules_come_before_the_status_and_the_operations_own_before_the_connectors() {
    let body = r#"
        fail conflict "the connector's" when response.body.code == "dup"
        fail not_found when response.body.code == "gone"
        fail outcome_unknown when response.body.code == "maybe"
        once operation do() -> any {
            GET "/x"
            fail auth_error "its own: ${response.body.code}" when response.body.code == "dup" && response.status == 400
        }"#;
    let rows = [
        (400, r#"{ "code": "dup" }"#, "auth_error", "its own: dup", true),
        (200, r#"{ "code": "dup" }"#, "conflict", "the connector's", true),
        (200, r#"{ "code": "gone" }"#, "not_found", "", true),
        (500, r#"{ "code": "gone" }"#, "not_found", "", true),
        (200, r#"{ "code": "maybe" }"#, "outcome_unknown", "", false),
        (400, r#"{ "other": 1 }"#, "validation_error", "400", true),
        (404, "", "not_found", "404", true),
        (503, r#"["x"]"#, "server_error", "503", false),
    ];
    for (status, body_text, kind, message, certain) in rows {
        let peer = Peer::new([says(status, body_text)]).await;
        let (failure, is_certain) = failure(Trial::new(&peer, body).ask("{}").await);
        assert_eq!((failure.kind.name(), is_certain), (kind, certain), "{status} {body_text}");
        assert!(failure.message.contains(message), "{status} {body_text}: {}", failure.message);
    }
}

#[tokio::test]
async fn what_breaks_after_the_answer_came_is_no_proof_that_nothing_happened() {
    let peer = Peer::new([says(200, "{}")]).await;
    let trial =
        Trial::new(&peer, r#"once operation do() -> any { POST "/x" { body: 1 }, output response.body.no.such }"#);
    let (failure, certain) = failure(trial.ask("{}").await);
    assert_eq!((failure.kind.name(), certain), ("script_error", false), "{}", failure.message);
}

#[tokio::test]
async fn the_key_goes_where_the_operation_says() {
    let rows = [
        ("keyed \"X-Key\" for 24h", "x-key: 01J:step\r\n"),
        ("keyed \"body.token\"", r#"{"a":1,"token":"01J:step"}"#),
        ("keyed \"query.token\"", "?token=01J%3Astep "),
    ];
    for (effect, expected) in rows {
        let peer = Peer::new([says(200, "{}")]).await;
        let trial =
            Trial::new(&peer, &format!(r#"{effect} operation do() -> any {{ POST "/x" {{ body: {{ a: 1 }} }} }}"#));
        value(trial.ask("{}").await);
        assert!(peer.requests()[0].contains(expected), "{effect}: {}", peer.requests()[0]);
    }
}

#[tokio::test]
async fn a_list_asks_for_no_more_than_is_wanted() {
    // Parameters that are called as the parts of a request are do not stand for them.
    let body = r#"read operation do(query: string?, body: string?, limit: int?) -> list<int> {
        GET "/x" { query: { q: query } }
        paginate cursor { send: query.cursor, next: response.body.next, items: response.body.items, limit }
    }"#;
    let deeds = [
        says(200, r#"{"items":[1,2],"next":"a"}"#),
        says(200, r#"{"items":[3,4],"next":"b"}"#),
        says(200, r#"{"items":[5]}"#),
    ];
    let rows =
        [("1", "[1]", 1), ("2", "[1,2]", 1), ("3", "[1,2,3]", 2), ("9", "[1,2,3,4,5]", 3), ("null", "[1,2,3,4,5]", 3)];
    for (limit, expected, pages) in rows {
        for streamed in [false, true] {
            let peer = Peer::new(deeds.clone()).await;
            let trial = Trial::new(&peer, body);
            let (mut page, mut items) = (Value::Unit, Vec::new());
            loop {
                let params = if limit == "null" {
                    r#"{ "query": "z" }"#.to_owned()
                } else {
                    format!(r#"{{ "query": "z", "limit": {limit} }}"#)
                };
                let outcome = trial.with(&params, |act| (act.page, act.streamed) = (page, streamed)).await;
                page = outcome.next_page.clone();
                items.extend(value(outcome).as_array().expect("a list").clone());
                if page.is_unit() {
                    break;
                }
            }
            assert_eq!(serde_json::Value::from(items).to_string(), expected, "{limit}");
            let asked = peer.requests();
            assert_eq!(asked.len(), pages, "{limit}");
            assert!(asked[0].starts_with("GET /api/x?q=z ") && asked.iter().skip(1).all(|it| it.contains("&cursor=")));
        }
    }
    let peer = Peer::new(deeds).await;
    let (failure, certain) = failure(Trial::new(&peer, body).ask(r#"{ "limit": 0 }"#).await);
    assert_eq!((failure.kind.name(), certain, peer.requests().len()), ("validation_error", true, 0));
}

#[tokio::test]
async fn pages_are_collected_or_streamed_one_by_one() {
    let link = |own: SocketAddr, to: &str| {
        format!(
            "Link: <http://{own}/api/x?page={to}>; rel=\"next\", <x>; rel=\"last\"\r\nContent-Type: application/json\r\n"
        )
    };
    let cursor = r#"paginate cursor { send: query.cursor, next: response.body.next, items: response.body.items }"#;
    let rows: [(&str, Vec<Deed>, &[&str]); 5] = [
        (
            cursor,
            vec![
                says(200, r#"{"items":[1,2],"next":"a"}"#),
                says(200, r#"{"items":[3],"next":"b"}"#),
                says(200, r#"{"items":[4]}"#),
            ],
            &["/api/x?n=2 ", "/api/x?n=2&cursor=a ", "/api/x?n=2&cursor=b "],
        ),
        (
            // The cursor repeats: that is the end.
            cursor,
            vec![says(200, r#"{"items":[1,2],"next":"a"}"#), says(200, r#"{"items":[3,4],"next":"a"}"#), says(500, "")],
            &["/api/x?n=2 ", "/api/x?n=2&cursor=a "],
        ),
        (
            "paginate page { send: query.page, items: response.body, size: 2 }",
            vec![says(200, "[1,2]"), says(200, "[3,4]"), says(200, "[]"), says(500, "")],
            &["/api/x?n=2&page=1 ", "/api/x?n=2&page=2 ", "/api/x?n=2&page=3 "],
        ),
        (
            "paginate offset { send: query.from, items: response.body, size: 3 }",
            vec![says(200, "[1,2,3]"), says(200, "[4]"), says(500, "")],
            &["/api/x?n=2&from=0 ", "/api/x?n=2&from=3 "],
        ),
        (
            "paginate cursor { send: query.cursor, next: response.body.next, items: response.body.items, max: 2 }",
            vec![says(200, r#"{"items":[1,2],"next":"a"}"#), says(200, r#"{"items":[3,4],"next":"b"}"#), says(500, "")],
            &["/api/x?n=2 ", "/api/x?n=2&cursor=a "],
        ),
    ];
    for (paginate, deeds, targets) in rows {
        let body = format!(r#"read operation do() -> list<int> {{ GET "/x" {{ query: {{ n: 2 }} }}, {paginate} }}"#);
        for streamed in [false, true] {
            let peer = Peer::new(deeds.clone()).await;
            let trial = Trial::new(&peer, &body);
            let (mut page, mut items) = (Value::Unit, Vec::new());
            loop {
                let outcome = trial.with("{}", |act| (act.page, act.streamed) = (page, streamed)).await;
                page = outcome.next_page.clone();
                items.extend(value(outcome).as_array().expect("a list").clone());
                if page.is_unit() {
                    break;
                }
            }
            assert_eq!(serde_json::Value::from(items).to_string(), "[1,2,3,4]", "{paginate}");
            let asked: Vec<String> =
                peer.requests().iter().map(|it| it.split("HTTP/1.1").next().unwrap_or("")[4..].to_owned()).collect();
            assert_eq!(asked, targets, "{paginate}");
        }
    }
    let peer = Peer::with(|own| {
        [answer(200, &link(own, "2"), "[1]"), answer(200, "Content-Type: application/json\r\n", "[2]")]
    })
    .await;
    let body = r#"auth bearer "t0ken"
        read operation do() -> list<int> { GET "/x", paginate link { items: response.body } }"#;
    assert_eq!(value(Trial::new(&peer, body).ask("{}").await).to_string(), "[1,2]");
    assert!(peer.requests()[1].starts_with("GET /api/x?page=2 ") && peer.requests()[1].contains("Bearer t0ken"));
}

#[tokio::test]
async fn the_next_page_is_found_however_its_link_is_written() {
    let body = r#"read operation do() -> list<int> { GET "/x", paginate link { items: response.body } }"#;
    let rows = [
        ("Link: <http://OWN/api/y>; rel=\"prev\"\r\nLink: <http://OWN/api/x?p=2>; rel=\"next\"\r\n", "/api/x?p=2"),
        ("Link: <http://OWN/api/x?p=2&x=1,2>; rel=\"next\"\r\n", "/api/x?p=2&x=1,2"),
        ("Link: <http://OWN/api/x?p=2>; title=\"a, b; \\\" <c>\"; rel=\"next\"\r\n", "/api/x?p=2"),
        (
            "Link: <http://OWN/api/y>;title=\"a>,<b\";rel=last , </api/x?p=2> ; REL = \"prefetch Next\"\r\n",
            "/api/x?p=2",
        ),
        ("Link: <http://OWN/api/y>; rel=last; rel=next, <http://OWN/api/x?p=2>; x; rel=next\r\n", "/api/x?p=2"),
    ];
    for (headers, target) in rows {
        let typed = "Content-Type: application/json\r\n";
        let peer = Peer::with(|own| {
            let headers = headers.replace("OWN", &own.to_string());
            [answer(200, &format!("{headers}{typed}"), "[1]"), answer(200, typed, "[2]")]
        })
        .await;
        assert_eq!(value(Trial::new(&peer, body).ask("{}").await).to_string(), "[1,2]", "{headers}");
        assert!(peer.requests()[1].starts_with(&format!("GET {target} ")), "{}", peer.requests()[1]);
    }
    for headers in ["", "Link: \r\n", "Link: <http://x\r\n", "Link: >; rel=next\r\n", "Link: <y>; rel=\"next\r\n"] {
        let typed = format!("{headers}Content-Type: application/json\r\n");
        let peer = Peer::new([answer(200, &typed, "[1]"), says(404, "{}")]).await;
        let outcome = Trial::new(&peer, body).ask("{}").await;
        // A quote without an end reads as one to the end of the line.
        assert_eq!(peer.requests().len(), if headers.contains("<y>") { 2 } else { 1 }, "{headers:?}: {outcome:?}");
    }
}

#[tokio::test]
async fn the_next_page_of_another_origin_gets_no_credentials() {
    let other = Peer::new([says(200, "[2]")]).await;
    let next = format!("Link: <{}>; rel=next\r\nContent-Type: application/json\r\n", other.url("/y"));
    let peer = Peer::new([answer(200, &next, "[1]")]).await;
    let body = r#"auth bearer "t0ken"
        read operation do() -> list<int> { GET "/x", paginate link { items: response.body } }"#;
    let (failure, _) = failure(Trial::new(&peer, body).ask("{}").await);
    // The settings name the first host only.
    assert_eq!(failure.kind.name(), "permission_denied");
    assert_eq!(other.requests(), Vec::<String>::new());
}

#[tokio::test]
async fn the_first_auth_with_all_its_values_is_taken() {
    let body = r#"
        auth basic { user: "ada", password: config.token }
        auth header "X-Key" config.token
        auth bearer "third"
        read operation do() -> any { GET "/x" }"#;
    let peer = Peer::new([says(200, "{}")]).await;
    value(Trial::new(&peer, body).ask("{}").await);
    assert!(peer.requests()[0].contains("authorization: Bearer third\r\n"), "{}", peer.requests()[0]);
    let text = format!(
        "connector svc {{ config {{ base_url: url, token: secret? }}\n {body} }} workflow w {{ step svc.do {{}} }}"
    );
    let package = package(&text);
    let environment = [("FLOW_CONNECTOR_SVC_BASE_URL", &*peer.url("")), ("FLOW_CONNECTOR_SVC_TOKEN", "s3c")];
    value(connectors(&package, &environment).perform(call(&package, "svc.do", json("{}"))).await);
    assert!(peer.requests()[1].contains("authorization: Basic YWRhOnMzYw==\r\n"), "{}", peer.requests()[1]);
}

const UPLOAD: &str = r#"auth bearer "t0ken"
    keyed "Idempotency-Key" operation do(name: string) -> { id: string, at: string } {
        let ticket = POST "/tickets" { form: { filename: name } }
        POST ticket.body.upload_url { raw: "content" }
        output { id: ticket.body.id, at: response.body.at }
    }"#;

#[tokio::test]
async fn what_is_asked_ahead_is_read_by_its_name() {
    let peer = Peer::with(|own| {
        let ticket = format!(r#"{{ "upload_url": "http://{own}/up/1", "id": "F1" }}"#);
        [says(200, &ticket), says(200, r#"{ "at": "noon" }"#)]
    })
    .await;
    let given = value(Trial::calling(&peer, UPLOAD, r#"name: "a""#).ask(r#"{ "name": "a.txt" }"#).await);
    assert_eq!(given, serde_json::json!({ "id": "F1", "at": "noon" }));
    let [ticket, upload] = &peer.requests()[..] else { panic!("{:?}", peer.requests()) };
    assert!(ticket.starts_with("POST /api/tickets ") && ticket.ends_with("filename=a.txt"), "{ticket}");
    assert!(upload.starts_with("POST /up/1 ") && upload.ends_with("content"), "{upload}");
    // The key belongs to the request that counts, and the service's own origin may see who asks.
    assert!(!ticket.contains("idempotency-key") && upload.contains("idempotency-key"), "{ticket}{upload}");
    assert!(upload.contains("authorization: Bearer t0ken"), "{upload}");
}

#[tokio::test]
async fn an_address_of_another_origin_that_an_answer_names_gets_no_credentials() {
    let other = Peer::new([says(200, r#"{ "at": "noon" }"#)]).await;
    let ticket = format!(r#"{{ "upload_url": "{}", "id": "F1" }}"#, other.url("/up"));
    let peer = Peer::new([says(200, &ticket)]).await;
    let trial = Trial::calling(&peer, &format!("{UPLOAD} "), r#"name: "a""#);
    let (refused, _) = failure(trial.ask(r#"{ "name": "a" }"#).await);
    assert_eq!(refused.kind.name(), "permission_denied", "the settings name the first host only");
    let allowed = [("FLOW_CONNECTOR_SVC_BASE_URL", &*peer.url("/api/")), ("http.allow_hosts", "127.0.0.1")];
    let connectors = connectors(&trial.package, &allowed);
    value(connectors.perform(call(&trial.package, "svc.do", json(r#"{ "name": "a" }"#))).await);
    let requests = other.requests();
    assert!(!requests[0].contains("t0ken") && requests[0].contains("idempotency-key"), "{requests:?}");
}

#[tokio::test]
async fn what_breaks_ahead_left_nothing_behind() {
    let peer = Peer::new([Deed::Close]).await;
    let body = r#"once operation do() -> any { let ticket = POST "/tickets", POST "/x/{ticket.body.id}" }"#;
    let (failure, certain) = failure(Trial::new(&peer, body).ask("{}").await);
    assert_eq!((failure.kind.name(), certain), ("connection_error", true));
    assert_eq!(peer.requests().len(), 1);
}

const OAUTH: &str = r#"
    auth oauth2 { grant: "refresh_token", token_url: "${config.base_url}token", client_id: "c", client_secret: "cs", refresh_token: "r0" }
    read operation do() -> any { GET "/x" }"#;

#[tokio::test]
async fn tokens_are_fetched_once_and_renewed_when_refused() {
    let peer = Peer::new([
        says(200, r#"{ "access_token": "first", "expires_in": 3600, "refresh_token": "r1" }"#),
        says(200, r#"{ "n": 1 }"#),
        says(401, "{}"),
        says(200, r#"{ "access_token": "second", "expires_in": 3600 }"#),
        says(200, r#"{ "n": 2 }"#),
        says(401, "{}"),
        says(200, r#"{ "access_token": "third" }"#),
        says(401, "{}"),
    ])
    .await;
    let trial = Trial::new(&peer, OAUTH);
    assert_eq!(value(trial.ask("{}").await)["n"], 1);
    assert_eq!(value(trial.ask("{}").await)["n"], 2);
    let (failure, certain) = failure(trial.ask("{}").await);
    assert_eq!((failure.kind.name(), certain), ("auth_error", true));
    let asked: Vec<String> = peer
        .requests()
        .iter()
        .map(|request| {
            let token = request.lines().find_map(|line| line.strip_prefix("authorization: Bearer "));
            token.map_or_else(|| request.lines().last().unwrap_or_default().to_owned(), ToOwned::to_owned)
        })
        .collect();
    let form = |refresh: &str| format!("grant_type=refresh_token&refresh_token={refresh}&client_id=c&client_secret=cs");
    // The rotated refresh token takes the place of the first one.
    let expected = [
        form("r0"),
        "first".into(),
        "first".into(),
        form("r1"),
        "second".into(),
        "second".into(),
        form("r1"),
        "third".into(),
    ];
    assert_eq!(asked, expected);
}

#[tokio::test]
async fn calls_that_wait_share_one_token() {
    let peer = Peer::new([says(200, r#"{ "access_token": "only", "expires_in": 3600 }"#), says(200, "{}")]).await;
    let trial = Trial::new(&peer, OAUTH);
    let (one, two, three) = tokio::join!(trial.ask("{}"), trial.ask("{}"), trial.ask("{}"));
    [one, two, three].into_iter().for_each(|outcome| drop(value(outcome)));
    assert_eq!(peer.requests().iter().filter(|request| request.starts_with("POST /api/token")).count(), 1);
}

#[tokio::test]
async fn calls_that_wait_share_a_refusal() {
    let refused = r#"{ "error": "invalid_grant" }"#;
    let peer = Peer::new([says(400, refused)]).await;
    let trial = Trial::new(&peer, OAUTH);
    let (one, two, three) = tokio::join!(trial.ask("{}"), trial.ask("{}"), trial.ask("{}"));
    for outcome in [one, two, three] {
        assert_eq!(failure(outcome).0.kind.name(), "auth_error");
    }
    assert_eq!(peer.requests().len(), 1);
    // Whoever comes later asks anew: somebody may have mended it.
    assert_eq!(failure(trial.ask("{}").await).0.kind.name(), "auth_error");
    assert_eq!(peer.requests().len(), 2);
}

#[tokio::test]
async fn a_token_that_is_about_to_expire_is_renewed_first() {
    // One that never lasts long serves for half of its time.
    for (seconds, requests) in [(0, 4), (30, 3)] {
        let token = says(200, &format!(r#"{{ "access_token": "short", "expires_in": {seconds} }}"#));
        let peer = Peer::with(|_| {
            [token.clone(), says(200, "{}"), if seconds == 0 { token } else { says(200, "{}") }, says(200, "{}")]
        })
        .await;
        let trial = Trial::new(&peer, OAUTH);
        value(trial.ask("{}").await);
        value(trial.ask("{}").await);
        assert_eq!(peer.requests().len(), requests);
    }
}

#[tokio::test]
async fn where_no_token_is_given_nothing_was_asked() {
    for (status, body, kind) in [
        (400, r#"{ "error": "invalid_grant", "error_description": "r0 is revoked" }"#, "auth_error"),
        (401, r#"{ "error": "invalid_client" }"#, "auth_error"),
        (500, "", "server_error"),
        (200, "{}", "auth_error"),
    ] {
        let peer = Peer::new([says(status, body)]).await;
        let (failure, certain) = failure(Trial::new(&peer, OAUTH).ask("{}").await);
        assert_eq!((failure.kind.name(), certain), (kind, true), "{status} {body}");
        assert_eq!(peer.requests().len(), 1);
    }
}

#[tokio::test]
async fn no_more_requests_than_the_limit_allows() {
    let peer = Peer::new([says(200, "{}")]).await;
    let trial = Trial::new(&peer, "limit 2 per 300ms\n read operation do() -> any { GET \"/x\" }");
    let started = Instant::now();
    for _ in 0..5 {
        value(trial.ask("{}").await);
    }
    assert!(started.elapsed().as_millis() >= 600, "{:?}", started.elapsed());
    let trial = Trial::new(&peer, "limit 1 per 1h\n read operation do() -> any { GET \"/x\" }");
    value(trial.ask("{}").await);
    let (failure, certain) = failure(trial.ask("{}").await);
    assert_eq!((failure.kind.name(), certain), ("rate_limited", true));
    assert!(failure.retry_after.is_some_and(|wait| wait > Duration::seconds(3_500)));
}

#[tokio::test]
async fn the_connector_says_in_which_header_to_look_for_the_pause() {
    let peer = Peer::new([answer(429, "X-Wait: 3\r\nRetry-After: 9\r\n", "")]).await;
    let trial = Trial::new(&peer, "retry_after header \"X-Wait\"\n read operation do() -> any { GET \"/x\" }");
    assert_eq!(failure(trial.ask("{}").await).0.retry_after, Some(Duration::seconds(3)));
}

#[tokio::test]
async fn an_operation_may_be_in_more_of_a_hurry_than_the_step() {
    let peer = Peer::new([Deed::Silence]).await;
    let trial = Trial::new(&peer, "read operation do() -> any { GET \"/x\", timeout 200ms }");
    let started = Instant::now();
    let (failure, certain) = failure(trial.ask("{}").await);
    assert_eq!((failure.kind.name(), certain), ("timeout", false));
    assert!(failure.message.contains("200ms") && started.elapsed().as_secs() < 3, "{}", failure.message);
}

#[tokio::test]
async fn a_connector_calls_the_functions_of_its_file() {
    let peer = Peer::new([says(200, "{}")]).await;
    let text = r#"
        fn shout(text) { text.to_upper() + "!" }
        connector svc { config { base_url: url } once operation do(a: string) -> any { POST "/x" { body: { a: shout(a) } } } }
        workflow w { step svc.do { a: "x" } }"#;
    let package = package(text);
    let connectors = connectors(&package, &[("FLOW_CONNECTOR_SVC_BASE_URL", &peer.url(""))]);
    value(connectors.perform(call(&package, "svc.do", json(r#"{ "a": "hey" }"#))).await);
    assert!(peer.requests()[0].ends_with(r#"{"a":"HEY!"}"#), "{}", peer.requests()[0]);
}

#[tokio::test]
async fn the_onboarding_program_speaks_to_the_services_in_their_own_words() {
    let package = package(&std::fs::read_to_string("scripts/customer_onboarding.flow").expect("the script"));
    let peer = Peer::new([says(
        200,
        r#"{ "ok": true, "id": "1", "key": "K-1", "ts": "1", "channel": "C", "hangoutLink": "https://m.example" }"#,
    )])
    .await;
    let environment = [
        ("FLOW_CONNECTOR_SLACK_BASE_URL", &*peer.url("")),
        ("FLOW_CONNECTOR_SLACK_TOKEN", "xoxb-1"),
        ("FLOW_CONNECTOR_JIRA_BASE_URL", &peer.url("")),
        ("FLOW_CONNECTOR_JIRA_TOKEN", "jira-t"),
        ("FLOW_CONNECTOR_JIRA_EMAIL", "bot@example.com"),
        ("FLOW_CONNECTOR_SALESFORCE_BASE_URL", &peer.url("")),
        ("FLOW_CONNECTOR_SALESFORCE_TOKEN", "sf-t"),
        ("FLOW_CONNECTOR_GOOGLE_CALENDAR_BASE_URL", &peer.url("")),
        ("FLOW_CONNECTOR_GOOGLE_CALENDAR_TOKEN", "goog-t"),
        ("FLOW_CONNECTOR_GOOGLE_CALENDAR_ZONE", "Europe/Berlin"),
        ("FLOW_CONNECTOR_EMAIL_HOST", "127.0.0.1"),
    ];
    let connectors = connectors(&package, &environment);
    let calls = [
        ("salesforce.create", r#"{ "object": "Contact", "fields": { "LastName": "Lovelace", "Phone": null } }"#),
        (
            "jira.create_issue",
            r#"{ "project": "ONBOARD", "summary": "Onboard", "description": "one\n\ntwo", "fields": { "customfield_1": 5 } }"#,
        ),
        (
            "google_calendar.create_event",
            r#"{ "title": "Kickoff", "attendees": ["a@b.example"], "schedule": "next_business_day", "duration_minutes": 30 }"#,
        ),
        ("slack.post_message", r##"{ "channel": "#new", "text": "hi" }"##),
    ];
    for (name, params) in calls {
        value(connectors.perform(call(&package, name, json(params))).await);
    }
    let requests = peer.requests();
    let expected = [
        ("POST /services/data/v62.0/sobjects/Contact ", "Bearer sf-t", r#"{"LastName":"Lovelace"}"#),
        (
            "POST /rest/api/3/issue ",
            "Basic Ym90QGV4YW1wbGUuY29tOmppcmEtdA==",
            r#"{"fields":{"customfield_1":5,"description":{"content":[{"content":[{"text":"one","type":"text"}],"type":"paragraph"},{"content":[],"type":"paragraph"},{"content":[{"text":"two","type":"text"}],"type":"paragraph"}],"type":"doc","version":1},"issuetype":{"name":"Task"},"project":{"key":"ONBOARD"},"summary":"Onboard"}}"#,
        ),
        ("POST /calendar/v3/calendars/primary/events?conferenceDataVersion=1&sendUpdates=all ", "Bearer goog-t", ""),
        ("POST /chat.postMessage ", "Bearer xoxb-1", r##"{"channel":"#new","text":"hi"}"##),
    ];
    for (request, (line, credentials, body)) in requests.iter().zip(expected) {
        assert!(request.starts_with(line) && request.contains(credentials) && request.ends_with(body), "{request}");
    }
    let event = json(requests[2].split("\r\n\r\n").nth(1).unwrap_or_default()).to_json();
    let moment = |name: &str| event[name]["dateTime"].as_str().unwrap_or_default().to_owned();
    let (start, end) = (moment("start"), moment("end"));
    assert!(start.contains("T09:00:00+0") && end.contains("T09:30:00+0"), "{start} {end}");
    let day = start.parse::<jiff::Timestamp>().expect("a moment").to_zoned(jiff::tz::TimeZone::UTC).weekday();
    assert!(!matches!(day, jiff::civil::Weekday::Saturday | jiff::civil::Weekday::Sunday), "{start}");
    assert_eq!(event["attendees"], serde_json::json!([{ "email": "a@b.example" }]));
    assert!(event["conferenceData"]["createRequest"]["requestId"].as_str().is_some_and(|id| id.len() == 36), "{event}");
}

#[tokio::test]
async fn pages_without_end_are_told_as_such() {
    let peer = Peer::new([says(200, "[1]")]).await;
    let body =
        r#"read operation do() -> list<int> { GET "/x", paginate page { send: query.page, items: response.body } }"#;
    let (failure, _) = failure(Trial::new(&peer, body).with("{}", |act| act.timeout = Duration(400)).await);
    assert_eq!(failure.kind.name(), "timeout");
    assert!(failure.message.starts_with("svc.do: ") && failure.message.contains(" pages came"), "{}", failure.message);
}

#[tokio::test]
async fn what_looks_like_a_failure_may_be_none() {
    let body = r#"
        accept when response.status == 410
        keyed operation do() -> { was_there: bool } {
            DELETE "/x"
            fail permission_denied when response.body?.code == "locked"
            accept when response.status in [404, 409] && response.body?.code != "other"
            output { was_there: response.status < 400 }
        }"#;
    let rows = [
        (204, "", Ok(true)),
        (404, "{}", Ok(false)),
        (409, r#"{ "code": "x" }"#, Ok(false)),
        (410, "{}", Ok(false)),
        (404, r#"{ "code": "other" }"#, Err("not_found")),
        (404, r#"{ "code": "locked" }"#, Err("permission_denied")),
        (403, "{}", Err("permission_denied")),
    ];
    for (status, text, expected) in rows {
        let peer = Peer::new([says(status, text)]).await;
        let outcome = Trial::new(&peer, body).ask("{}").await;
        match expected {
            Ok(was_there) => assert_eq!(value(outcome)["was_there"], was_there, "{status} {text}"),
            Err(kind) => assert_eq!(failure(outcome).0.kind.name(), kind, "{status} {text}"),
        }
    }
}
