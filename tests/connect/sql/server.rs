//! What only servers do: they let in, refuse, prove who they are, and die.

use orchestra_flow::connect::databases::Server;
use orchestra_flow::run::world::Outcome;
use serde_json::json;

use super::peer::{AUTHORITY, Peer};
use super::table::Asking;
use crate::connect::desk;

/// All of it. The server is dead in the end.
pub async fn all(peer: &mut Peer) {
    who_may_not_come_in_is_told_why(peer).await;
    a_server_proves_who_it_is(peer).await;
    a_connection_that_was_cut_off_is_made_anew(peer).await;
    decimals_and_large_numbers_lose_nothing(peer).await;
    a_server_that_dies_leaves_a_doubt_only_where_there_is_one(peer).await;
}

/// What comes of `select 1` where the server's address is another.
async fn with(peer: &Peer, shape: impl FnOnce(&mut Server)) -> Outcome {
    let desk = peer.desk(|database| shape(database.place.server_mut().expect("a server")));
    Asking(desk).ask("query", json!({ "sql": "select 1 as one" })).await
}

async fn who_may_not_come_in_is_told_why(peer: &Peer) {
    let (failure, certain) = desk::failure(with(peer, |server| server.password = Some("wrong".to_owned())).await);
    assert_eq!((failure.kind.name(), certain), ("auth_error", true), "{failure}");
    let (failure, certain) = desk::failure(with(peer, |server| server.database = Some("nowhere".to_owned())).await);
    let expected = if peer.url.starts_with("postgres") { "not_found" } else { "permission_denied" };
    assert_eq!((failure.kind.name(), certain), (expected, true), "{failure}");
    let (failure, certain) = desk::failure(with(peer, |server| server.port = Some(1)).await);
    assert_eq!((failure.kind.name(), certain), ("connection_error", true), "{failure}");
    assert!(failure.message.contains("cannot be reached"), "{failure}");
}

async fn a_server_proves_who_it_is(peer: &Peer) {
    let encrypted = |host: &'static str, file: Option<&'static str>| {
        move |server: &mut Server| {
            server.host = host.to_owned();
            server.encrypted = true;
            server.ca_file = file.map(Into::into);
        }
    };
    desk::value(with(peer, encrypted("localhost", Some(AUTHORITY))).await);
    for (host, file) in [("localhost", None), ("127.0.0.1", Some(AUTHORITY)), ("localhost", Some("server.key"))] {
        let (failure, certain) = desk::failure(with(peer, encrypted(host, file)).await);
        assert_eq!((failure.kind.name(), certain), ("connection_error", true), "{host} {file:?}: {failure}");
    }
}

async fn a_connection_that_was_cut_off_is_made_anew(peer: &Peer) {
    let (desk, other) = (Asking::at(peer), Asking::at(peer));
    if peer.url.starts_with("postgres") {
        let me = desk.rows("select pg_backend_pid() as id").await;
        let cut = format!("select pg_terminate_backend({})", me[0]["id"]);
        other.run(&cut).await;
    } else {
        let me = desk.rows("select connection_id() as id").await;
        other.run(&format!("kill {}", me[0]["id"])).await;
    }
    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    assert_eq!(desk.rows("select 1 as one").await, json!([{ "one": 1 }]), "{}", peer.url);
}

async fn decimals_and_large_numbers_lose_nothing(peer: &Peer) {
    let desk = Asking::at(peer);
    desk.run("create table amounts (id int primary key, n numeric(38, 10))").await;
    let numbers = [
        "0.1000000000",
        "-12345678901234567890.0000000001",
        "10000.0000000000",
        "0.0000000000",
        "100020003.5000000000",
    ];
    let rows = numbers.iter().enumerate().map(|(id, n)| json!({ "id": id, "n": n })).collect::<Vec<_>>();
    desk.done("insert", json!({ "table": "amounts", "rows": rows })).await;
    let found = desk.rows("select n from amounts order by id").await;
    let expected: Vec<_> = numbers.iter().map(|n| json!({ "n": n })).collect();
    assert_eq!(found, json!(expected), "{}", peer.url);
}

async fn a_server_that_dies_leaves_a_doubt_only_where_there_is_one(peer: &mut Peer) {
    let alone = format!("insert into parents select 3000 + c from ({}) slow", peer.slow);
    let (desk, other) = (Asking::at(peer), Asking::at(peer));
    let several = json!({ "statements": ["delete from amounts", alone] });
    let asked = async { tokio::join!(desk.ask("execute", json!({ "sql": alone })), other.ask("transaction", several)) };
    let dying = async {
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
        peer.kill();
    };
    let ((alone, several), ()) = tokio::join!(asked, dying);
    let (failure, certain) = desk::failure(alone);
    assert_eq!((failure.kind.name(), certain), ("connection_error", false), "{failure}");
    // What was not committed did not happen.
    let (failure, certain) = desk::failure(several);
    assert_eq!((failure.kind.name(), certain), ("connection_error", true), "{failure}");
    let (failure, certain) = desk::failure(desk.ask("execute", json!({ "sql": "delete from amounts" })).await);
    assert_eq!((failure.kind.name(), certain), ("connection_error", true), "{failure}");
}
