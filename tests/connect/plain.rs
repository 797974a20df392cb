//! Credentials go unencrypted only where somebody wrote `http://`, or to this machine.
//!
//! `0.0.0.0` is a host like any other to the engine, and leads to the peers of these tests.

use std::path::Path;

use orchestra_flow::base::value::{Map, Value};
use orchestra_flow::run::world::{Act, Perform as _};
use orchestra_flow::{Builder, Program};

use super::declared::{call, connectors, package};
use super::desk::{act, desk, failure, json, value};
use super::peer::{Peer, answer, says};

/// Where a peer is that this machine does not call its own.
fn abroad(peer: &Peer) -> String {
    format!("http://0.0.0.0:{}", peer.address.port())
}

fn connector(hosts: &str, config: &str) -> String {
    format!(
        r#"
connector svc {{
    config {{ base_url: url{config} }}
    auth bearer "t0ken"
    hosts: [{hosts}]
    read operation at(address: string) -> any {{ GET address }}
    read operation own() -> any {{ GET "/own" }}
}}
workflow w {{ step svc.own }}"#
    )
}

#[tokio::test]
async fn a_host_that_may_be_asked_is_not_told_who_asks() {
    let peer = Peer::new([says(200, "{}")]).await;
    let there = abroad(&peer);
    let params = Value::map([("address", Value::from(format!("{there}/file")))]);
    let rows = [
        (r#""0.0.0.0""#.to_owned(), "0.0.0.0".to_owned(), false),
        (format!(r#""0.0.0.0:{}""#, peer.address.port()), "0.0.0.0".to_owned(), false),
        (r#""http://0.0.0.0:1""#.to_owned(), "0.0.0.0".to_owned(), false),
        (format!(r#""{there}""#), "0.0.0.0".to_owned(), true),
        (r#""0.0.0.0""#.to_owned(), there.clone(), true),
    ];
    for (hosts, allowed, goes) in rows {
        let package = package(&connector(&hosts, ""));
        let settings = [("FLOW_CONNECTOR_SVC_BASE_URL", "https://svc.example"), ("http.allow_hosts", &*allowed)];
        let before = peer.requests().len();
        let outcome = connectors(&package, &settings).perform(call(&package, "svc.at", params.clone())).await;
        let came = &peer.requests()[before..];
        if goes || hosts == r#""http://0.0.0.0:1""# {
            value(outcome);
            // A host that nobody names as the connector's own is asked without them.
            assert_eq!(came[0].contains("authorization: Bearer t0ken\r\n"), goes, "{hosts} {allowed}");
        } else {
            let (refused, certain) = failure(outcome);
            assert_eq!((refused.kind.name(), certain, came.len()), ("auth_error", true, 0), "{hosts} {allowed}");
            let what_to_set = format!("set `http.allow_hosts = [\"{there}\"]`");
            assert!(refused.message.contains(&what_to_set), "{}", refused.message);
        }
    }
}

#[tokio::test]
async fn an_address_of_the_settings_that_says_so_is_meant() {
    let peer = Peer::new([says(200, "{}")]).await;
    let package = package(&connector("", ""));
    let desk = connectors(&package, &[("FLOW_CONNECTOR_SVC_BASE_URL", &abroad(&peer))]);
    value(desk.perform(call(&package, "svc.own", json("{}"))).await);
    assert!(peer.requests()[0].contains("authorization: Bearer t0ken\r\n"), "{:?}", peer.requests());
}

#[tokio::test]
async fn a_step_that_brings_its_own_needs_the_word_of_the_settings() {
    let peer = Peer::new([says(200, "{}")]).await;
    let there = abroad(&peer);
    let auth = json(r#"{ "scheme": "query", "args": ["key", "t0ken"] }"#);
    let asks = async |allowed: &str| {
        let allowed = vec![allowed.into()];
        let desk = desk(Path::new("."), "http", Map::new(), |environment| environment.allow_hosts = allowed);
        let call = act("http.get", Value::map([("url", Value::from(there.clone()))]));
        desk.perform(Act { auth: auth.clone(), ..call }).await
    };
    assert_eq!(failure(asks("0.0.0.0").await).0.kind.name(), "auth_error");
    assert!(peer.requests().is_empty());
    value(asks(&there).await);
    assert!(peer.requests()[0].starts_with("GET /?key=t0ken "), "{:?}", peer.requests());
}

#[tokio::test]
async fn what_asks_for_a_token_is_not_sent_on() {
    let other = Peer::new([says(200, r#"{ "access_token": "stolen" }"#)]).await;
    let login = Peer::new([answer(307, &format!("Location: {}\r\n", other.url("/token")), "")]).await;
    let package = package(
        r#"
connector svc {
    config { base_url: url, token_url: url }
    auth oauth2 { token_url: config.token_url, client_id: "c", client_secret: "cs" }
    read operation own() -> any { GET "/own" }
}
workflow w { step svc.own }"#,
    );
    let (base, token) = (other.url(""), login.url("/token"));
    let settings = [("FLOW_CONNECTOR_SVC_BASE_URL", &*base), ("FLOW_CONNECTOR_SVC_TOKEN_URL", &*token)];
    let (refused, _) = failure(connectors(&package, &settings).perform(call(&package, "svc.own", json("{}"))).await);
    assert_eq!(refused.kind.name(), "auth_error", "{}", refused.message);
    assert!(refused.message.contains("which is somebody else"), "{}", refused.message);
    assert_eq!((login.requests().len(), other.requests().len()), (1, 0));
}

/// What is said of the settings of `svc` before anything runs.
fn told(text: &str, base_url: &str) -> String {
    let program = Program::from_text("plain.flow", text).unwrap_or_else(|faults| panic!("{faults}"));
    match Builder::new(program).set(format!("connectors.svc.base_url={base_url}")).build() {
        Ok(engine) => engine.warnings().to_string(),
        Err(error) => error.to_string(),
    }
}

#[test]
fn settings_that_send_credentials_unencrypted_are_warned_of() {
    let text = connector("", "");
    let said = told(&text, "http://svc.example:81/api");
    assert!(
        said.contains("`svc.base_url` says `http://svc.example`: credentials of `svc` go there unencrypted"),
        "{said}"
    );
    for fine in ["https://svc.example", "http://127.0.0.1:81", "http://localhost", "http://[::1]/"] {
        assert_eq!(told(&text, fine), "", "{fine}");
    }
    assert_eq!(told(&text.replace(r#"auth bearer "t0ken""#, ""), "http://svc.example"), "");
}

#[test]
fn paths_cannot_follow_a_query_or_a_fragment() {
    let rows = [
        ("https://svc.example/api?x=1", "has a query, and paths come after it"),
        ("https://svc.example/api#top", "has a fragment, and paths come after it"),
        ("ftp://svc.example", "is no address of the web"),
    ];
    for (base_url, fault) in rows {
        let said = told(&connector("", ""), base_url);
        assert!(said.contains(&format!("`svc.base_url` {fault}")), "{said}");
        let written = connector("", &format!(" = \"{base_url}\""));
        let faults = Program::from_text("plain.flow", &written).expect_err("it cannot be carried out").to_string();
        assert!(faults.contains(&format!("`base_url` {fault}")), "{faults}");
    }
}
