//! `auth jwt`: what a service account signs, and the token that comes of it.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use orchestra_flow::base::time::Timestamp;
use orchestra_flow::base::value::Value;
use orchestra_flow::run::world::Perform as _;
use ring::signature::{KeyPair as _, RSA_PKCS1_2048_8192_SHA256, RsaKeyPair, UnparsedPublicKey};

use super::declared::{call, connectors, package};
use super::desk::{failure, value};
use super::peer::{Peer, says};

/// Made for these tests with `openssl genpkey`; nothing else knows it.
const KEY: &str = include_str!("keys/service.pem");
/// The same one, as older tools write it.
const OLDER_KEY: &str = include_str!("keys/service_pkcs1.pem");

const CONNECTOR: &str = r#"
connector files_of_a_company {
    config { base_url: url, key: secret? }
    auth jwt {
        issuer: "robot@project.example", subject: "ada@corp.example", audience: "https://oauth2.example/token"
        scope: "drive", key: config.key, key_id: "k1", token_url: "${config.base_url}token"
    }
    auth none
    read operation look() -> any { GET "/look" }
}
workflow w { step look = files_of_a_company.look {} }"#;

fn json(part: &str) -> serde_json::Value {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).expect("base64")).expect("JSON")
}

#[tokio::test]
async fn a_service_account_signs_for_its_token() {
    let package = package(CONNECTOR);
    for key in [KEY.to_owned(), OLDER_KEY.to_owned(), KEY.replace('\n', "\\n")] {
        let token = says(200, r#"{ "access_token": "issued", "expires_in": 3600, "token_type": "Bearer" }"#);
        let peer = Peer::new([token, says(200, r#"{ "n": 1 }"#)]).await;
        let base = ("FLOW_CONNECTOR_FILES_OF_A_COMPANY_BASE_URL", &*peer.url("/"));
        let desk = connectors(&package, &[base, ("FLOW_CONNECTOR_FILES_OF_A_COMPANY_KEY", &key)]);
        for _ in 0..2 {
            let outcome = desk.perform(call(&package, "files_of_a_company.look", Value::map::<&str>([]))).await;
            assert_eq!(value(outcome)["n"], 1);
        }
        let asked = peer.requests();
        assert_eq!(asked.len(), 3, "one token serves two requests");
        assert!(asked[2].contains("authorization: Bearer issued"), "{}", asked[2]);
        let form = asked[0].lines().last().expect("a body");
        let assertion = form
            .strip_prefix("grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=")
            .unwrap_or_else(|| panic!("{form}"));
        let (signed, signature) = assertion.rsplit_once('.').expect("three parts");
        let (header, claims) = signed.split_once('.').expect("three parts");
        assert_eq!(json(header), serde_json::json!({ "alg": "RS256", "typ": "JWT", "kid": "k1" }));
        let claims = json(claims);
        let said = ["iss", "sub", "aud", "scope"].map(|name| claims[name].as_str().unwrap_or_default().to_owned());
        assert_eq!(said, ["robot@project.example", "ada@corp.example", "https://oauth2.example/token", "drive"]);
        let (from, to) = (claims["iat"].as_i64().expect("a moment"), claims["exp"].as_i64().expect("a moment"));
        assert!(to - from == 180 && (Timestamp::now().as_second() - from).abs() < 60, "{claims}");
        assert!(verifies(signed.as_bytes(), &URL_SAFE_NO_PAD.decode(signature).expect("base64")));
    }
}

fn verifies(signed: &[u8], signature: &[u8]) -> bool {
    let lines: String = KEY.lines().filter(|line| !line.starts_with('-')).collect();
    let pair = RsaKeyPair::from_pkcs8(&STANDARD.decode(lines).expect("base64")).expect("a key");
    UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, pair.public_key()).verify(signed, signature).is_ok()
}

#[tokio::test]
async fn a_key_that_is_none_is_told_and_not_shown() {
    let package = package(CONNECTOR);
    let peer = Peer::new([says(200, "{}")]).await;
    for (key, why) in [
        ("no key at all!", "it is no PEM text"),
        (
            "-----BEGIN PRIVATE KEY-----\nbm9uZSBhdCBhbGw=\n-----END PRIVATE KEY-----",
            "it is no RSA key of 2048 bits or more",
        ),
    ] {
        let base = ("FLOW_CONNECTOR_FILES_OF_A_COMPANY_BASE_URL", &*peer.url("/"));
        let desk = connectors(&package, &[base, ("FLOW_CONNECTOR_FILES_OF_A_COMPANY_KEY", key)]);
        let outcome = desk.perform(call(&package, "files_of_a_company.look", Value::map::<&str>([]))).await;
        let (failure, certain) = failure(outcome);
        assert_eq!((failure.kind.name(), certain), ("auth_error", true));
        assert!(failure.message.contains(why) && !failure.message.contains("bm9uZ"), "{}", failure.message);
    }
    assert_eq!(peer.requests().len(), 0);
}

#[tokio::test]
async fn an_account_without_its_key_is_no_way_to_sign_in() {
    let package = package(CONNECTOR);
    let peer = Peer::new([says(200, r#"{ "n": 1 }"#)]).await;
    let desk = connectors(&package, &[("FLOW_CONNECTOR_FILES_OF_A_COMPANY_BASE_URL", &*peer.url("/"))]);
    let outcome = desk.perform(call(&package, "files_of_a_company.look", Value::map::<&str>([]))).await;
    assert_eq!(value(outcome)["n"], 1);
    assert!(!peer.requests()[0].contains("authorization"), "`auth none` came next");
}

#[tokio::test]
async fn tokens_are_asked_for_in_json_where_the_service_wants_that() {
    let package = package(
        r#"
connector notes {
    config { base_url: url }
    auth oauth2 {
        grant: "refresh_token", token_url: "${config.base_url}token", client_id: "c", client_secret: "hidden"
        refresh_token: "r0", client_auth: "basic", send: "json"
    }
    read operation look() -> any { GET "/look" }
}
workflow w { step look = notes.look {} }"#,
    );
    let peer = Peer::new([says(200, r#"{ "access_token": "issued" }"#), says(200, r#"{ "n": 1 }"#)]).await;
    let desk = connectors(&package, &[("FLOW_CONNECTOR_NOTES_BASE_URL", &*peer.url("/"))]);
    let outcome = desk.perform(call(&package, "notes.look", Value::map::<&str>([]))).await;
    assert_eq!(value(outcome)["n"], 1);
    let asked = peer.requests().remove(0);
    assert!(asked.contains("content-type: application/json\r\n"), "{asked}");
    assert!(asked.contains(&format!("authorization: Basic {}\r\n", STANDARD.encode("c:hidden"))), "{asked}");
    assert!(asked.ends_with(r#"{"grant_type":"refresh_token","refresh_token":"r0"}"#), "{asked}");
}
