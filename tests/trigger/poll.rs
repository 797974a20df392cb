//! Triggers of connectors that ask: each item that is new starts one run, wherever the process ends.

use super::*;
use crate::connect::peer::{Deed, Peer, answer, says};

const SHOP: &str = r#"
type Order {
    id: int
    name: string?
}
connector shop "Shop" {
    config { base_url: url }
    /// Orders that came in.
    poll orders(shelf: string?) -> Order every 5m {
        GET "/orders" { query: { since: state, shelf } }
        items response.body.orders
        by item.id
        state response.body.next
        anew when response.status == 410
        anew response.body.sync when response.status == 412
    }
    /// The same, page by page, from the place that is asked for first.
    poll pages -> Order every 5m {
        start GET "/place"
        GET "/pages" { query: { place: state } }
        paginate cursor { send: query.page, next: response.body.next, items: response.body.orders }
        where item.id > 0
        by item.id
        state response.body.place
    }
    /// The same, by an operation.
    poll latest -> Order every 1m {
        start "0"
        list_orders { since: state }
        items response.body
        item { id: item.id, name: "number ${item.id}" }
        by item.id
        state if items.is_empty() { state } else { "${items.last().id}" }
    }
    read operation list_orders(since: string?) -> list<Order> {
        GET "/list" { query: { since } }
        output response.body.orders
    }
    example orders {} gets 200 { orders: [{ id: 1 }], next: "1" } gives [{ id: 1 }]
    example list_orders {} gets 200 { orders: [{ id: 1 }] } gives [{ id: 1 }]
}
"#;

const ORDERS: &str = r#"
workflow fresh {
    input { id: int }
    trigger shop.orders
    output { id: input.id }
}"#;

const NOON: &str = "2026-06-01T12:00:00Z";

fn orders(ids: &[i64], next: &str) -> Deed {
    let orders: Vec<serde_json::Value> = ids.iter().map(|id| serde_json::json!({ "id": id })).collect();
    says(200, &serde_json::json!({ "orders": orders, "next": next }).to_string())
}

/// A process that asks `peer`.
fn asking<T>(folder: &Path, program: &str, peer: &Peer, clock: &VirtualClock, work: impl AsyncFnOnce(House) -> T) -> T {
    let base = peer.url("");
    std::fs::write(folder.join("flow.toml"), format!("[connectors.shop]\nbase_url = {base:?}\n")).expect("settings");
    process(folder, &format!("{SHOP}{program}"), Some(clock), work)
}

impl House {
    /// The ids of the items that started runs of a workflow.
    async fn ids(&self, workflow: &str) -> Vec<i64> {
        let id = |trigger: &Value| trigger.get("body")?.get("id")?.as_int();
        self.heard(workflow).await.iter().filter_map(id).collect()
    }

    async fn at(&self, clock: &VirtualClock, time: &str) {
        self.engine.advance(clock, moment(time)).await.expect("it can be written");
    }
}

/// The first lines of what was asked.
fn lines(peer: &Peer) -> Vec<String> {
    let first = |request: &String| request.lines().next().unwrap_or_default().replace(" HTTP/1.1", "");
    peer.requests().iter().map(first).collect()
}

/// A peer, in a runtime that lives as long as the test.
fn vendor(runtime: &tokio::runtime::Runtime, deeds: Vec<Deed>) -> Peer {
    runtime.block_on(Peer::new(deeds))
}

#[test]
fn what_is_new_starts_one_run_each() {
    let (folder, outside) = (tempfile::tempdir().expect("a folder"), runtime());
    let clock = VirtualClock::at(moment(NOON));
    let deeds =
        vec![orders(&[1, 2], "b"), orders(&[2, 3, 3], "c"), orders(&[], ""), orders(&[3, 4], "d"), orders(&[4], "d")];
    let peer = vendor(&outside, deeds);
    asking(folder.path(), ORDERS, &peer, &clock, async |house| {
        let listening = house.triggers.listen();
        house.at(&clock, "2026-06-01T12:04:59Z").await;
        assert_eq!(house.ids("fresh").await, [0_i64; 0], "what was there before is not for it");
        house.at(&clock, "2026-06-01T12:05:00Z").await;
        assert_eq!(house.ids("fresh").await, [3]);
        house.at(&clock, "2026-06-01T12:12:00Z").await;
        assert_eq!(lines(&peer), ["GET /orders", "GET /orders?since=b", "GET /orders?since=c"]);
        listening.end().await;
    });
    // The next process goes on where this one was.
    asking(folder.path(), ORDERS, &peer, &clock, async |house| {
        let _listening = house.triggers.listen();
        house.at(&clock, "2026-06-01T12:16:00Z").await;
        assert_eq!(house.ids("fresh").await, [3, 4]);
        assert_eq!(lines(&peer)[3..], ["GET /orders?since=c", "GET /orders?since=d"]);
    });
}

#[test]
fn who_wants_the_same_asks_together_and_who_wants_all_from_the_start() {
    let (folder, outside) = (tempfile::tempdir().expect("a folder"), runtime());
    let clock = VirtualClock::at(moment(NOON));
    let peer = vendor(&outside, vec![orders(&[1, 2], "b"), orders(&[3], "c")]);
    let program = r#"
workflow every_one {
    input { id: int }
    trigger shop.orders { from: "start", every: 1m, shelf: "a" }
    output { id: input.id }
}
workflow some {
    input { id: int }
    trigger shop.orders { from: "start", shelf: "a", where event.id > 1 }
    output { id: input.id }
}
workflow all_at_once {
    input { items: list<{ id: int }> }
    trigger shop.orders { from: "start", shelf: "a", batch 2 or 1h, input: { id: event.id } }
    output { ids: input.items }
}"#;
    asking(folder.path(), program, &peer, &clock, async |house| {
        let _listening = house.triggers.listen();
        house.at(&clock, "2026-06-01T12:01:00Z").await;
        assert_eq!((house.ids("every_one").await, house.ids("some").await), (vec![1, 2, 3], vec![2, 3]));
        assert_eq!(house.runs("all_at_once").await.len(), 2, "two together, and one that waits for another");
        assert_eq!(lines(&peer), ["GET /orders?shelf=a", "GET /orders?since=b&shelf=a"]);
    });
}

#[test]
fn pages_places_and_operations() {
    let (folder, outside) = (tempfile::tempdir().expect("a folder"), runtime());
    let clock = VirtualClock::at(moment(NOON));
    let page = |ids: &str, rest: &str| says(200, &format!(r#"{{ "orders": {ids}, {rest} }}"#));
    let deeds = vec![
        says(200, r#"{ "place": "p1" }"#),
        page(r#"[{ "id": 1 }, { "id": 0 }]"#, r#""next": "n2""#),
        page(r#"[{ "id": 2 }]"#, r#""place": "p2""#),
        page("[]", r#""place": "p2""#),
    ];
    let pages = "workflow paged {\n input { id: int }\n trigger shop.pages\n output { id: input.id }\n}";
    let peer = vendor(&outside, deeds);
    asking(folder.path(), pages, &peer, &clock, async |house| {
        let _listening = house.triggers.listen();
        house.at(&clock, "2026-06-01T12:10:00Z").await;
        assert_eq!(house.ids("paged").await, [1, 2]);
        let asked = ["GET /place", "GET /pages?place=p1", "GET /pages?place=p1&page=n2", "GET /pages?place=p2"];
        assert_eq!(lines(&peer), asked);
    });
    let (folder, clock) = (tempfile::tempdir().expect("a folder"), VirtualClock::at(moment(NOON)));
    let peer = vendor(&outside, vec![orders(&[5, 6], ""), orders(&[], "")]);
    let called =
        "workflow called {\n input { id: int, name: string }\n trigger shop.latest\n output { id: input.id }\n}";
    asking(folder.path(), called, &peer, &clock, async |house| {
        let _listening = house.triggers.listen();
        house.at(&clock, "2026-06-01T12:02:00Z").await;
        assert_eq!(house.ids("called").await, [5, 6]);
        assert_eq!(lines(&peer), ["GET /list?since=0", "GET /list?since=6"]);
    });
}

#[test]
fn who_is_not_answered_waits_longer_each_time_and_says_why() {
    let (folder, outside) = (tempfile::tempdir().expect("a folder"), runtime());
    let clock = VirtualClock::at(moment(NOON));
    let refused = says(401, r#"{ "error": "token expired" }"#);
    let busy = answer(429, "Retry-After: 1800\r\nContent-Type: application/json\r\n", "{}");
    let deeds = vec![orders(&[1], "b"), refused.clone(), refused, orders(&[2], "c"), busy, orders(&[3], "d")];
    let peer = vendor(&outside, deeds);
    asking(folder.path(), ORDERS, &peer, &clock, async |house| {
        let _listening = house.triggers.listen();
        house.at(&clock, "2026-06-01T12:05:00Z").await;
        let asks = house.triggers.asks();
        let failing = asks[0].standing.failing.clone().expect("it fails");
        assert_eq!((failing.kind.name(), failing.times), ("auth_error", 1));
        assert!(failing.message.contains("token expired"), "{}", failing.message);
        assert_eq!(asks[0].standing.next, Some(moment("2026-06-01T12:15:00Z")), "twice as long");
        house.at(&clock, "2026-06-01T12:15:00Z").await;
        assert_eq!(house.triggers.asks()[0].standing.next, Some(moment("2026-06-01T12:35:00Z")));
        house.at(&clock, "2026-06-01T12:35:00Z").await;
        let standing = house.triggers.asks()[0].standing.clone();
        assert!(standing.failing.is_none() && standing.items == 1, "{standing:?}");
        assert_eq!((house.ids("fresh").await, standing.next), (vec![2], Some(moment("2026-06-01T12:40:00Z"))));
        house.at(&clock, "2026-06-01T12:40:00Z").await;
        assert_eq!(house.triggers.asks()[0].standing.next, Some(moment("2026-06-01T13:10:00Z")), "as it asked");
    });
}

#[test]
fn what_the_far_side_has_forgotten_is_begun_anew() {
    let (folder, outside) = (tempfile::tempdir().expect("a folder"), runtime());
    let clock = VirtualClock::at(moment(NOON));
    let deeds = vec![
        says(412, r#"{ "sync": "s1" }"#),
        orders(&[1], "s2"),
        says(410, "{}"),
        orders(&[1, 2], "s3"),
        orders(&[3], "s4"),
    ];
    let peer = vendor(&outside, deeds);
    asking(folder.path(), ORDERS, &peer, &clock, async |house| {
        let _listening = house.triggers.listen();
        house.at(&clock, "2026-06-01T12:10:00Z").await;
        assert_eq!(house.ids("fresh").await, [1], "what came while nobody knew where it stood is only noted");
        house.at(&clock, "2026-06-01T12:15:00Z").await;
        assert_eq!(house.ids("fresh").await, [1, 3]);
        let asked =
            ["GET /orders", "GET /orders?since=s1", "GET /orders?since=s2", "GET /orders", "GET /orders?since=s3"];
        assert_eq!(lines(&peer), asked);
    });
}
