//! Where a connector lives that is told so with its token.

use orchestra_flow::base::span::Sources;
use orchestra_flow::base::value::Value;
use orchestra_flow::connect::Connectors;
use orchestra_flow::host::settings::Settings;
use orchestra_flow::host::settings::configure::Uses;
use orchestra_flow::lang::plan::Package;
use orchestra_flow::run::world::Perform as _;

use super::declared::{call, connectors, package};
use super::desk::{failure, value};
use super::peer::{Deed, Peer, says};

const KEY: &str = include_str!("keys/service.pem");
const PROGRAM: &str = "workflow w { step salesforce.limits }";

/// An answer with a token and the instance that takes it.
fn token(access: &str, instance: &str) -> Deed {
    says(200, &format!(r#"{{ "access_token": "{access}", "instance_url": "{instance}", "token_type": "Bearer" }}"#))
}

/// Salesforce, signed in to at `login`, with the instances that may be private.
fn salesforce(package: &Package, login: &Peer, instances: &[&Peer], way: &[(&str, &str)]) -> Connectors {
    let hosts: Vec<String> = instances.iter().map(|instance| instance.address.to_string()).collect();
    let (login, hosts) = (login.url(""), hosts.join(","));
    let mut environment = vec![("FLOW_CONNECTOR_SALESFORCE_LOGIN_URL", &*login)];
    if !hosts.is_empty() {
        environment.push(("http.allow_hosts", &hosts));
    }
    environment.extend(way);
    connectors(package, &environment)
}

const APP: [(&str, &str); 2] = [("SALESFORCE_CLIENT_ID", "app"), ("SALESFORCE_CLIENT_SECRET", "app-secret")];

#[tokio::test]
async fn the_answer_with_the_token_says_where_requests_go() {
    let package = package(PROGRAM);
    let refresh = [APP[0], APP[1], ("SALESFORCE_REFRESH_TOKEN", "r0")];
    let service = [APP[0], ("SALESFORCE_USERNAME", "ada@example.com"), ("SALESFORCE_PRIVATE_KEY", KEY)];
    for (way, grant) in
        [(&APP[..], "client_credentials"), (&refresh, "refresh_token"), (&service, "grant-type%3Ajwt-bearer")]
    {
        let instance = Peer::new([says(200, r#"{ "n": 1 }"#)]).await;
        let login = Peer::new([token("issued", &instance.url("/"))]).await;
        let desk = salesforce(&package, &login, &[&instance], way);
        for _ in 0..2 {
            let outcome = desk.perform(call(&package, "salesforce.limits", Value::map::<&str>([]))).await;
            assert_eq!(value(outcome)["n"], 1, "{grant}");
        }
        let (asked, issued) = (instance.requests(), login.requests());
        assert_eq!((asked.len(), issued.len()), (2, 1), "one token serves both: {grant}");
        assert!(asked[0].starts_with("GET /services/data/v62.0/limits HTTP/1.1\r\n"), "{}", asked[0]);
        assert!(asked[0].contains("authorization: Bearer issued\r\n"), "{}", asked[0]);
        assert!(issued[0].starts_with("POST /services/oauth2/token ") && issued[0].contains(grant), "{}", issued[0]);
    }
}

#[tokio::test]
async fn a_new_token_may_say_that_the_connector_has_moved() {
    let package = package("workflow w { step salesforce.query { soql: \"select Id from A\" } }");
    let older = Peer::new([
        says(200, r#"{ "records": [{ "Id": "1" }], "nextRecordsUrl": "/services/data/v62.0/query/2" }"#),
        says(401, r#"[{ "errorCode": "INVALID_SESSION_ID", "message": "moved" }]"#),
    ])
    .await;
    let newer = Peer::new([
        says(200, r#"{ "records": [{ "Id": "2" }], "nextRecordsUrl": "/services/data/v62.0/query/3" }"#),
        says(200, r#"{ "records": [{ "Id": "3" }] }"#),
    ])
    .await;
    let login = Peer::new([token("first", &older.url("")), token("second", &newer.url(""))]).await;
    let desk = salesforce(&package, &login, &[&older, &newer], &APP);
    let params = Value::map([("soql", Value::from("select Id from A"))]);
    let outcome = desk.perform(call(&package, "salesforce.query", params)).await;
    assert_eq!(value(outcome), serde_json::json!([{ "Id": "1" }, { "Id": "2" }, { "Id": "3" }]));
    let paths = |peer: &Peer| -> Vec<String> {
        let line = |request: &String| request.split(" HTTP").next().unwrap_or_default().to_owned();
        peer.requests().iter().map(line).collect()
    };
    let query = "GET /services/data/v62.0/query?q=select+Id+from+A";
    assert_eq!(paths(&older), [query, "GET /services/data/v62.0/query/2"]);
    assert_eq!(paths(&newer), ["GET /services/data/v62.0/query/2", "GET /services/data/v62.0/query/3"]);
    assert!(newer.requests().iter().all(|request| request.contains("authorization: Bearer second\r\n")));
}

#[tokio::test]
async fn what_the_settings_say_counts_before_it() {
    let package = package(PROGRAM);
    let own = Peer::new([token("issued", "https://elsewhere.example"), says(200, r#"{ "n": 1 }"#)]).await;
    let base = own.url("");
    let way = [APP[0], APP[1], ("SALESFORCE_INSTANCE_URL", &*base)];
    let login = Peer::new([says(500, "{}")]).await;
    let desk = salesforce(&package, &login, &[], &way);
    let outcome = desk.perform(call(&package, "salesforce.limits", Value::map::<&str>([]))).await;
    assert_eq!(value(outcome)["n"], 1);
    assert_eq!(
        (own.requests().len(), login.requests().len()),
        (2, 0),
        "an organisation's own address gives tokens too"
    );
}

#[tokio::test]
async fn an_answer_opens_no_door_that_the_settings_keep_shut() {
    let package = package(PROGRAM);
    let instance = Peer::new([says(200, r#"{ "n": 1 }"#)]).await;
    let rows = [
        (token("issued", &instance.url("")), "permission_denied", "private address"),
        (token("issued", "file:///etc/passwd"), "auth_error", "only `http:` and `https:`"),
        (
            says(200, r#"{ "access_token": "issued" }"#),
            "auth_error",
            "does not say where `salesforce` lives: set FLOW_CONNECTOR_SALESFORCE_BASE_URL",
        ),
    ];
    for (answer, kind, why) in rows {
        let login = Peer::new([answer]).await;
        let desk = salesforce(&package, &login, &[], &APP);
        let (failure, certain) =
            failure(desk.perform(call(&package, "salesforce.limits", Value::map::<&str>([]))).await);
        assert_eq!((failure.kind.name(), certain), (kind, true), "{}", failure.message);
        assert!(failure.message.contains(why), "{}", failure.message);
    }
    assert_eq!(instance.requests().len(), 0);
}

#[test]
fn who_brings_a_token_of_their_own_says_where_it_belongs() {
    let package = package(PROGRAM);
    let wrong = |variables: &[(&str, &str)]| -> Vec<String> {
        let home = tempfile::tempdir().expect("a directory");
        let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let mut sources = Sources::default();
        let (settings, _) = Settings::read(home.path(), variables, &[], &mut sources);
        let (_, found) = settings.configure(&package, &Uses::of_all(&package), &mut sources);
        found.into_iter().map(|found| found.message).collect()
    };
    let own = ("SALESFORCE_ACCESS_TOKEN", "t0ken");
    assert_eq!(wrong(&[own]), ["`salesforce` needs a setting that is missing: `base_url`"]);
    assert!(wrong(&[own, ("SALESFORCE_INSTANCE_URL", "https://acme.my.salesforce.com")]).is_empty());
    assert!(wrong(&APP).is_empty());
}
