//! Private addresses are asked only where the settings say so.

use std::path::Path;

use orchestra_flow::base::value::{Map, Value};
use orchestra_flow::connect::http::guard::is_private;
use orchestra_flow::run::world::{Outcome, Perform};

use super::desk::{act, desk, failure, value};
use super::peer::{Peer, answer, says};

async fn get(url: &str, allowed: &[&str]) -> Outcome {
    let allowed = allowed.iter().map(|&host| host.into()).collect();
    let desk = desk(Path::new("."), "http", Map::new(), |environment| environment.allow_hosts = allowed);
    desk.perform(act("http.get", Value::map([("url", Value::from(url))]))).await
}

#[test]
fn which_addresses_are_private() {
    let private = [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "0.0.0.0",
        "100.64.0.1",
        "224.0.0.1",
        "255.255.255.255",
        "198.18.0.1",
        "::",
        "::1",
        "fc00::1",
        "fd12::1",
        "fe80::1",
        "ff02::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
        "::7f00:1",
        "::ffff:0:7f00:1",
        "64:ff9b:1::1",
        "fec0::1",
        // Teredo: the last 32 bits are 10.0.0.1, inverted.
        "2001:0:4136:e378:8000:63bf:f5ff:fffe",
    ];
    for address in private {
        assert!(is_private(address.parse().expect("an address")), "{address}");
    }
    for address in [
        "1.1.1.1",
        "8.8.8.8",
        "172.32.0.1",
        "100.128.0.1",
        "2606:4700::1111",
        "64:ff9b::808:808",
        "2001:0:4136:e378:8000:63bf:f7f7:f7f7",
    ] {
        assert!(!is_private(address.parse().expect("an address")), "{address}");
    }
}

#[tokio::test]
async fn a_private_address_is_refused_before_anything_is_sent() {
    let peer = Peer::new([says(200, "{}")]).await;
    let port = peer.address.port();
    let urls = [
        format!("http://127.0.0.1:{port}/"),
        format!("http://localhost:{port}/"),
        format!("http://2130706433:{port}/"),
        format!("http://0x7f.1:{port}/"),
        format!("http://0177.0.0.1:{port}/"),
        format!("http://127.1:{port}/"),
        format!("http://[::127.0.0.1]:{port}/"),
        format!("http://[::ffff:127.0.0.1]:{port}/"),
        "http://169.254.169.254/latest/meta-data/".to_owned(),
        "http://[::1]/".to_owned(),
    ];
    for url in urls {
        let (failure, certain) = failure(get(&url, &[]).await);
        assert_eq!((failure.kind.name(), certain), ("permission_denied", true), "{url}: {}", failure.message);
        assert!(failure.message.contains("http.allow_hosts"), "{}", failure.message);
    }
    assert_eq!(peer.requests(), Vec::<String>::new());
}

#[tokio::test]
async fn the_settings_allow_a_host_or_one_port_of_it() {
    let peer = Peer::new([says(200, "{}")]).await;
    let port = peer.address.port();
    let url = format!("http://127.0.0.1:{port}/");
    value(get(&url, &["127.0.0.1"]).await);
    value(get(&url, &[&format!("127.0.0.1:{port}")]).await);
    value(get(&format!("http://LOCALHOST:{port}/"), &["localhost"]).await);
    for other in ["127.0.0.1:1", "localhost", "127.0.0.2", "*.0.0.1"] {
        assert_eq!(failure(get(&url, &[other]).await).0.kind.name(), "permission_denied", "{other}");
    }
}

#[tokio::test]
async fn a_redirect_leads_to_no_private_address() {
    let inside = Peer::new([says(200, "{}")]).await;
    let to = inside.address.port();
    let peer = Peer::new([answer(302, &format!("Location: http://localhost:{to}/\r\n"), "")]).await;
    let own = format!("127.0.0.1:{}", peer.address.port());
    let (failure, certain) = failure(get(&peer.url("/"), &[&own]).await);
    assert_eq!((failure.kind.name(), certain), ("permission_denied", true), "{}", failure.message);
    assert_eq!(inside.requests(), Vec::<String>::new());
}
