//! Requests by a proxy: a real one on loopback, which knows names that nobody else knows.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use orchestra_flow::base::value::Value;
use orchestra_flow::connect::http::guard::is_private;
use orchestra_flow::run::world::{Outcome, Perform as _};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::authority::certified;
use super::declared::{call, connectors, package};
use super::desk::{failure, json, value};
use super::peer::{Peer, answer, says};

/// A proxy that takes every name for that of one peer.
struct Proxy {
    address: SocketAddr,
    /// All that clients sent in the clear.
    heard: Arc<Mutex<String>>,
}

impl Proxy {
    async fn before(peer: &Peer) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port on loopback");
        let address = listener.local_addr().expect("an address");
        let heard: Arc<Mutex<String>> = Arc::default();
        let (seen, far) = (heard.clone(), peer.address);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(pass_on(client, far, seen.clone()));
            }
        });
        Self { address, heard }
    }

    fn heard(&self) -> String {
        self.heard.lock().expect("nobody panics").clone()
    }
}

/// Hands one connection on: after a `CONNECT` whatever it carries, otherwise the request as it came.
async fn pass_on(mut client: TcpStream, far: SocketAddr, heard: Arc<Mutex<String>>) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(client.read_u8().await.expect("a head"));
    }
    let text = String::from_utf8(head.clone()).expect("a head is text");
    heard.lock().expect("nobody panics").push_str(&text);
    let mut far = TcpStream::connect(far).await.expect("the peer listens");
    if text.starts_with("CONNECT ") {
        client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.expect("it is told");
    } else {
        far.write_all(&head).await.expect("it is sent");
    }
    // Whoever breaks off has its reasons.
    let _ = tokio::io::copy_bidirectional(&mut client, &mut far).await;
}

const FAR: &str = r#"
connector far {
    config { base_url: url, ca_file: string?, token: secret? }
    auth bearer config.token
    auth none
    read operation look() -> any { GET "/look" }
}
workflow w { step far.look }"#;

/// Looks at `base_url` by `proxy`.
async fn look(base_url: &str, proxy: &str, more: &[(&str, &str)]) -> Outcome {
    let package = package(FAR);
    let settings = [&[("FLOW_CONNECTOR_FAR_BASE_URL", base_url), ("http.proxy", proxy)], more].concat();
    connectors(&package, &settings).perform(call(&package, "far.look", json("{}"))).await
}

#[tokio::test]
async fn plain_requests_are_handed_to_the_proxy() {
    let peer = Peer::new([says(200, r#"{ "n": 1 }"#)]).await;
    let proxy = Proxy::before(&peer).await;
    let by = format!("http://ada:s3cret@{}", proxy.address);
    assert_eq!(value(look("http://far.invalid:81/api", &by, &[]).await)["n"], 1);
    let heard = proxy.heard();
    assert!(heard.starts_with("GET http://far.invalid:81/api/look HTTP/1.1\r\n"), "{heard}");
    assert!(heard.to_lowercase().contains("proxy-authorization: basic ywrhonmzy3jlda=="), "{heard}");
}

#[tokio::test]
async fn encrypted_ones_go_through_it_unseen() {
    let (ca, tls) = certified("far.invalid");
    let home = tempfile::tempdir().expect("a directory");
    let file = home.path().join("ca.pem");
    std::fs::write(&file, ca).expect("a file");
    let file = file.display().to_string();
    let peer = Peer::encrypted(tls, [says(200, r#"{ "n": 1 }"#)]).await;
    let proxy = Proxy::before(&peer).await;
    let by = format!("http://{}", proxy.address);
    let own = [("FLOW_CONNECTOR_FAR_CA_FILE", &*file), ("FLOW_CONNECTOR_FAR_TOKEN", "t0ken")];
    assert_eq!(value(look("https://far.invalid", &by, &own).await)["n"], 1);
    let heard = proxy.heard();
    assert!(heard.starts_with("CONNECT far.invalid:443 HTTP/1.1\r\n") && !heard.contains("t0ken"), "{heard}");
    assert!(peer.requests()[0].contains("authorization: Bearer t0ken\r\n"));
    // Who is not who they should be is found out through a proxy, too.
    let (failure, certain) = failure(look("https://other.invalid", &by, &own).await);
    assert_eq!((failure.kind.name(), certain), ("connection_error", true), "{}", failure.message);
    assert_eq!(peer.requests().len(), 1);
}

#[tokio::test]
async fn some_are_asked_without_it() {
    let peer = Peer::new([says(200, "{}")]).await;
    let proxy = Proxy::before(&peer).await;
    let by = format!("http://{}", proxy.address);
    let abroad = format!("http://0.0.0.0:{}", peer.address.port());
    // This machine, and whom the settings name.
    value(look(&peer.url(""), &by, &[]).await);
    value(look(&abroad, &by, &[("http.no_proxy", "10.0.0.1,0.0.0.0")]).await);
    assert_eq!((proxy.heard(), peer.requests().len()), (String::new(), 2));
    value(look(&abroad, &by, &[]).await);
    assert!(proxy.heard().starts_with(&format!("GET {abroad}/look ")), "{}", proxy.heard());
}

#[tokio::test]
async fn the_guard_stands_before_it() {
    let peer = Peer::new([answer(307, "Location: http://169.254.169.254/latest/\r\n", "")]).await;
    let proxy = Proxy::before(&peer).await;
    let package = package("workflow w { step http.get { url: \"https://far.invalid\" } }");
    let by = format!("http://{}", proxy.address);
    let desk = connectors(&package, &[("http.proxy", &*by)]);
    let ask = async |url: &str| desk.perform(call(&package, "http.get", Value::map([("url", Value::from(url))]))).await;
    let refused = async |url: &str| {
        let (failure, certain) = failure(ask(url).await);
        assert_eq!((failure.kind.name(), certain), ("permission_denied", true), "{url}: {}", failure.message);
    };
    for url in ["http://10.0.0.1/", "https://[fd12::1]/", "http://169.254.169.254/latest/", "http://127.0.0.1:9/"] {
        refused(url).await;
    }
    // A name of this machine that leads to an address of its own network.
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default().trim().to_owned();
    let found = tokio::net::lookup_host((&*name, 80)).await;
    let found: Vec<SocketAddr> = found.map(Iterator::collect).unwrap_or_default();
    if !found.is_empty() && found.iter().all(|found| is_private(found.ip())) {
        refused(&format!("http://{name}/")).await;
    } else {
        eprintln!("SKIPPED: {name:?}, the name of this machine, leads to no private address");
    }
    assert_eq!(proxy.heard(), "");
    // A redirect from beyond it is judged as ever.
    refused("http://far.invalid/").await;
    assert!(proxy.heard().starts_with("GET http://far.invalid/ "), "{}", proxy.heard());
    assert_eq!(peer.requests().len(), 1);
}

#[tokio::test]
async fn a_proxy_that_does_not_help_is_named() {
    let peer = Peer::new([answer(407, "Proxy-Authenticate: Basic realm=\"x\"\r\n", "")]).await;
    let by = peer.url("").trim_end_matches('/').to_owned();
    let (refused, certain) = failure(look("http://far.invalid", &by, &[]).await);
    assert_eq!((refused.kind.name(), certain), ("connection_error", true));
    assert!(refused.message.contains(&format!("the proxy {by} wants to know who asks")), "{}", refused.message);
    let free = std::net::TcpListener::bind(("127.0.0.1", 0)).and_then(|it| it.local_addr()).expect("a free port");
    let by = format!("http://ada:s3cret@{free}");
    let (gone, certain) = failure(look("https://far.invalid", &by, &[]).await);
    assert_eq!((gone.kind.name(), certain), ("connection_error", true));
    assert!(gone.message.contains(&format!("(by the proxy http://{free})")), "{}", gone.message);
}
