//! What every database must do.

use std::sync::Arc;

use orchestra_flow::base::time::Duration;
use orchestra_flow::base::value::Value;
use orchestra_flow::connect::Connectors;
use orchestra_flow::run::world::{Act, Outcome, Perform};
use serde_json::{Value as Json, json};

use super::peer::Peer;
use crate::connect::desk;

/// All of it.
pub async fn all(peer: &Peer) {
    values_come_as_they_went(peer).await;
    values_find_their_places(peer).await;
    rows_are_put_down(peer).await;
    names_and_values_do_no_harm(peer).await;
    several_statements_are_all_or_none(peer).await;
    failures_have_their_types(peer).await;
    a_query_changes_nothing(peer).await;
    large_results_come_in_pages(peer).await;
    a_loop_goes_on_where_it_was(peer).await;
    what_takes_too_long_is_stopped(peer).await;
    who_waits_for_another_is_told(peer).await;
    no_more_connections_than_allowed(peer).await;
    moments_are_sent_in_utc(peer).await;
    nothing_is_left_on_a_connection(peer).await;
    a_row_that_is_too_large_is_not_read(peer).await;
}

/// A desk, and what is asked at it.
pub struct Asking(pub Connectors);

impl Asking {
    pub fn at(peer: &Peer) -> Self {
        Self(peer.desk(|_| {}))
    }

    fn act(operation: &str, params: Json) -> Act {
        let mut params = params;
        params["database"] = "db".into();
        desk::act(&format!("sql.{operation}"), Value::from_json(params))
    }

    pub async fn ask(&self, operation: &str, params: Json) -> Outcome {
        self.0.perform(Self::act(operation, params)).await
    }

    pub async fn done(&self, operation: &str, params: Json) -> Json {
        let shown = params.to_string();
        match self.ask(operation, params).await.result {
            Ok(value) => value.to_json(),
            Err(failure) => panic!("{operation} {shown}: {failure}"),
        }
    }

    pub async fn run(&self, sql: &str) {
        self.done("execute", json!({ "sql": sql })).await;
    }

    pub async fn rows(&self, sql: &str) -> Json {
        self.done("query", json!({ "sql": sql })).await
    }

    /// The type of what fails, and whether it is certain that nothing happened.
    pub async fn fails(&self, operation: &str, params: Json) -> (String, bool, String) {
        let (failure, certain) = desk::failure(self.ask(operation, params).await);
        (failure.kind.name().to_owned(), certain, failure.message.to_string())
    }

    /// One page of a stream.
    async fn page(&self, sql: &str, page: Value) -> (usize, Value, Value) {
        let mut act = Self::act("query", json!({ "sql": sql }));
        (act.streamed, act.page) = (true, page);
        let outcome = self.0.perform(act).await;
        let rows = outcome.result.unwrap_or_else(|failure| panic!("{failure}"));
        let rows = rows.as_list().expect("rows").to_vec();
        (rows.len(), rows.first().cloned().unwrap_or_default(), outcome.next_page)
    }
}

async fn values_come_as_they_went(peer: &Peer) {
    let desk = Asking::at(peer);
    let (moment, bytes, jsons) = (peer.moment, peer.bytes, peer.json);
    desk.run(&format!(
        "create table kinds (id int primary key, t text, big bigint, f double precision, yes boolean, raw {bytes}, j {jsons}, m {moment}, d date, gone text)"
    ))
    .await;
    let row = json!({
        "id": 1, "t": "it's \"é\" \\ 🦀", "big": 9_007_199_254_740_993_i64, "f": 0.1, "yes": true,
        "j": { "a": [1, { "b": null }] }, "m": "2026-03-29T00:30:00.250Z", "d": "2026-03-29"
    });
    let mut row = Value::from_json(row).as_map().cloned().expect("an object");
    row.insert("raw".into(), Value::Bytes(Arc::new([0, 159, 255])));
    let moment = "2026-03-29T00:30:00.25Z".parse::<jiff::Timestamp>().expect("a moment");
    row.insert("m".into(), Value::moment(moment));
    let params = Value::map([("database", "db".into()), ("table", "kinds".into()), ("rows", Value::from(row))]);
    let outcome = desk.0.perform(desk::act("sql.insert", params)).await;
    assert_eq!(desk::value(outcome)["affected"], 1);
    let found = desk.rows("select id, t, big, f, yes, raw, j, m, d, gone from kinds").await;
    let jsons = json!({ "a": [1, { "b": null }] });
    let jsons = if peer.json_is_text { jsons.to_string().into() } else { jsons };
    let mut expected = json!([{
        "id": 1, "t": "it's \"é\" \\ 🦀", "big": 9_007_199_254_740_993_i64, "f": 0.1, "yes": true,
        "raw": "AJ//", "j": jsons, "m": "2026-03-29T00:30:00.25Z", "d": "2026-03-29", "gone": null
    }]);
    assert_eq!(found, expected, "{}", peer.url);
    // The same as what a loop gets.
    let (_, first, _) = desk.page("select id, t, big, f, yes, raw, j, m, d, gone from kinds", Value::Unit).await;
    assert_eq!(first.to_json(), expected[0].take(), "{}", peer.url);
    let twice = desk.rows("select id, id, 7 as id from kinds").await;
    assert_eq!(twice, json!([{ "id": 1, "id_2": 1, "id_3": 7 }]), "{}", peer.url);
}

async fn values_find_their_places(peer: &Peer) {
    let desk = Asking::at(peer);
    desk.run("create table places (id int primary key, name varchar(40))").await;
    desk.done("insert", json!({ "table": "places", "rows": [{ "id": 1, "name": "a?b" }, { "id": 2, "name": ":x" }] }))
        .await;
    let rows = [
        ("select id from places where id = ? and name = ?", json!([1, "a?b"]), json!([{ "id": 1 }])),
        (
            "select id from places where id = :n or id = :n and name <> :m",
            json!({ "n": 2, "m": "z" }),
            json!([{ "id": 2 }]),
        ),
        ("select id from places where name = ':x' and id = ? -- and what?", json!([2]), json!([{ "id": 2 }])),
        (
            "select id /* :why? */ from places where name = 'a?b' and 'it''s ?' <> :t",
            json!({ "t": "x" }),
            json!([{ "id": 1 }]),
        ),
        ("select id as größe from places where id = :né", json!({ "né": 1 }), json!([{ "größe": 1 }])),
        (
            "select id from places where id in (?, ?) order by id desc;",
            json!([1, 2]),
            json!([{ "id": 2 }, { "id": 1 }]),
        ),
    ];
    for (sql, params, expected) in rows {
        let found = desk.done("query", json!({ "sql": sql, "params": params })).await;
        assert_eq!(found, expected, "{}: {sql}", peer.url);
    }
    let wrong = [
        ("select ?", json!(null), "`params` is missing"),
        ("select ?", json!([1, 2]), "has 1 `?`, and `params` has 2 values"),
        ("select :a", json!({ "A": 1 }), "names `:a`, and `params` has no `a`"),
        ("select :a", json!({ "a": 1, "b": 2 }), "`params` has `b`, which the statement does not name"),
        ("select :a", json!([1]), "takes its value from an object"),
        ("select ?", json!({ "a": 1 }), "takes its values from a list"),
        ("select ?1", json!([1]), "is no place for a value: write `?`"),
        (" -- nothing\n", json!(null), "is empty"),
        ("begin", json!(null), "`sql.transaction`"),
        ("/* so */ COMMIT", json!(null), "`sql.transaction`"),
    ];
    for (sql, params, says) in wrong {
        let (kind, certain, message) = desk.fails("query", json!({ "sql": sql, "params": params })).await;
        assert_eq!((kind.as_str(), certain), ("validation_error", true), "{}: {sql}: {message}", peer.url);
        assert!(message.contains(says), "{}: {sql}: {message}", peer.url);
    }
    let (kind, certain, message) =
        desk.fails("execute", json!({ "sql": "delete from places; delete from places" })).await;
    assert_eq!((kind.as_str(), certain), ("validation_error", true), "{}: {message}", peer.url);
    assert_eq!(desk.rows("select count(*) as n from places").await, json!([{ "n": 2 }]), "{}", peer.url);
}

async fn rows_are_put_down(peer: &Peer) {
    let desk = Asking::at(peer);
    desk.run(&format!(
        "create table people (id {}, mail varchar(80) unique, name varchar(80) default 'nobody', n int)",
        peer.serial
    ))
    .await;
    let one = desk.done("insert", json!({ "table": "people", "rows": { "mail": "a@x", "name": "A" } })).await;
    assert_eq!(one, json!({ "affected": 1, "last_id": 1 }), "{}", peer.url);
    let rows = json!([{ "mail": "b@x", "n": 1 }, { "mail": "c@x", "n": 2 }, { "n": 3, "mail": "d@x", "name": "D" }]);
    let several = desk.done("insert", json!({ "table": "people", "rows": rows })).await;
    assert_eq!(several, json!({ "affected": 3, "last_id": 4 }), "{}", peer.url);
    assert_eq!(
        desk.done("insert", json!({ "table": "people", "rows": [] })).await,
        json!({ "affected": 0, "last_id": null })
    );
    let changed = desk
        .done("execute", json!({ "sql": "update people set n = n + :by where n >= 2", "params": { "by": 5 } }))
        .await;
    assert_eq!(changed, json!({ "affected": 2, "last_id": null }), "{}", peer.url);
    let put = json!([{ "mail": "a@x", "name": "Ada", "n": 9 }, { "mail": "e@x", "name": "E", "n": 5 }]);
    for _ in 0..2 {
        let put = desk.done("upsert", json!({ "table": "people", "rows": put, "on": "mail" })).await;
        assert_eq!(put, json!({ "affected": 2, "last_id": null }), "{}", peer.url);
    }
    desk.done("upsert", json!({ "table": "people", "rows": { "mail": "e@x" }, "on": ["mail"] })).await;
    let found = desk.rows("select mail, name, n from people order by mail").await;
    let expected = json!([
        { "mail": "a@x", "name": "Ada", "n": 9 }, { "mail": "b@x", "name": "nobody", "n": 1 },
        { "mail": "c@x", "name": "nobody", "n": 7 }, { "mail": "d@x", "name": "D", "n": 8 }, { "mail": "e@x", "name": "E", "n": 5 }
    ]);
    assert_eq!(found, expected, "{}", peer.url);
    let (_, _, message) =
        desk.fails("upsert", json!({ "table": "people", "rows": { "name": "x" }, "on": "mail" })).await;
    assert!(message.contains("`on` names `mail`"), "{message}");
    // One that cannot be put down keeps the others out.
    let rows = json!([{ "mail": "f@x" }, { "mail": "g@x", "n": 1 }, { "mail": "a@x" }]);
    let (kind, certain, _) = desk.fails("insert", json!({ "table": "people", "rows": rows })).await;
    assert_eq!((kind.as_str(), certain), ("conflict", true), "{}", peer.url);
    assert_eq!(desk.rows("select count(*) as n from people").await, json!([{ "n": 5 }]), "{}", peer.url);
    // More values than one statement takes.
    desk.run("create table many (a int, b int)").await;
    let rows: Vec<Json> = (0..35_000).map(|n| json!({ "a": n, "b": 1 })).collect();
    assert_eq!(desk.done("insert", json!({ "table": "many", "rows": rows })).await["affected"], 35_000, "{}", peer.url);
    let sum = desk.rows("select count(*) as n, max(a) as top from many").await;
    assert_eq!(sum, json!([{ "n": 35_000, "top": 34_999 }]), "{}", peer.url);
}

async fn names_and_values_do_no_harm(peer: &Peer) {
    let desk = Asking::at(peer);
    let odd = "a\"b`c; drop table kinds --";
    let value = "'); drop table kinds; --";
    let (quote, other) = if peer.url.starts_with("mysql") { ('`', "``") } else { ('"', "\"\"") };
    let name = format!("{quote}{}{quote}", odd.replace(quote, other));
    desk.run(&format!("create table {name} ({name} varchar(60))")).await;
    desk.done("insert", json!({ "table": odd, "rows": { odd: value } })).await;
    let found = desk
        .done("query", json!({ "sql": format!("select {name} as v from {name} where {name} = ?"), "params": [value] }))
        .await;
    assert_eq!(found, json!([{ "v": value }]), "{}", peer.url);
    assert_eq!(desk.rows("select count(*) as n from kinds").await, json!([{ "n": 1 }]), "{}", peer.url);
    let (kind, ..) = desk.fails("insert", json!({ "table": "a..b", "rows": { "x": 1 } })).await;
    assert_eq!(kind, "validation_error", "{}", peer.url);
}

async fn several_statements_are_all_or_none(peer: &Peer) {
    let desk = Asking::at(peer);
    desk.run("create table accounts (id int primary key, cents int not null check (cents >= 0))").await;
    let fill = json!([
        "insert into accounts (id, cents) values (1, 100)",
        { "sql": "insert into accounts (id, cents) values (?, ?)", "params": [2, 50] }
    ]);
    assert_eq!(desk.done("transaction", json!({ "statements": fill })).await["affected"], 2, "{}", peer.url);
    let pay = |cents: i64| {
        json!({ "statements": [
            { "sql": "update accounts set cents = cents + :c where id = 2", "params": { "c": cents } },
            { "sql": "update accounts set cents = cents - :c where id = 1", "params": { "c": cents } },
        ] })
    };
    assert_eq!(desk.done("transaction", pay(30)).await["affected"], 2, "{}", peer.url);
    let (kind, certain, message) = desk.fails("transaction", pay(1_000)).await;
    assert_eq!((kind.as_str(), certain), ("validation_error", true), "{}: {message}", peer.url);
    let left = desk.rows("select id, cents from accounts order by id").await;
    assert_eq!(left, json!([{ "id": 1, "cents": 70 }, { "id": 2, "cents": 80 }]), "{}", peer.url);
    let (kind, _, message) = desk.fails("transaction", json!({ "statements": ["select 1", { "sql": 1 }] })).await;
    assert_eq!(kind, "validation_error", "{message}");
    assert!(message.contains("statement 2"), "{message}");
}

async fn failures_have_their_types(peer: &Peer) {
    let desk = Asking::at(peer);
    desk.run("create table parents (id int primary key)").await;
    desk.run("create table children (id int primary key, parent int not null, constraint up foreign key (parent) references parents (id))").await;
    desk.run("insert into parents values (1)").await;
    desk.run("insert into children values (1, 1)").await;
    let rows = [
        ("insert into children values (1, 1)", "conflict"),
        ("insert into children values (2, null)", "validation_error"),
        ("insert into children values (3, 99)", "validation_error"),
        ("insert into nowhere values (1)", "not_found"),
        ("insert into children (no_such) values (1)", "validation_error"),
        ("selekt 1", "validation_error"),
    ];
    for (sql, expected) in rows {
        let (failure, certain) = desk::failure(desk.ask("execute", json!({ "sql": sql })).await);
        assert_eq!((failure.kind.name(), certain), (expected, true), "{}: {sql}: {failure}", peer.url);
        assert!(failure.details.contains_key("code") && failure.message.contains("`db`"), "{failure:?}");
    }
    let nobody = desk::act("sql.query", Value::from_json(json!({ "database": "bd", "sql": "select 1" })));
    let (failure, certain) = desk::failure(desk.0.perform(nobody).await);
    assert_eq!((failure.kind.name(), certain), ("validation_error", true));
    assert!(failure.message.contains("did you mean `db`"), "{failure}");
}

async fn a_query_changes_nothing(peer: &Peer) {
    let desk = Asking::at(peer);
    for sql in ["delete from parents", "create table never (a int)", "insert into parents values (7)"] {
        let (kind, certain, message) = desk.fails("query", json!({ "sql": sql })).await;
        assert_eq!((kind.as_str(), certain), ("validation_error", true), "{}: {sql}: {message}", peer.url);
        assert!(message.contains("`sql.execute`"), "{}: {message}", peer.url);
    }
    // And the connection is none the worse for it.
    desk.run("insert into parents values (7)").await;
    assert_eq!(
        desk.rows("select id from parents order by id").await,
        json!([{ "id": 1 }, { "id": 7 }]),
        "{}",
        peer.url
    );
}

async fn large_results_come_in_pages(peer: &Peer) {
    let desk = Asking::at(peer);
    let (failure, _) = desk::failure(desk.ask("query", json!({ "sql": "select a from many" })).await);
    assert_eq!(failure.kind.name(), "limit_exceeded", "{}", peer.url);
    assert!(failure.message.contains("more than 5000 rows") && failure.message.contains("for ... from"), "{failure}");
    assert_eq!(
        desk.rows("select a from many where a < 5000").await.as_array().map(Vec::len),
        Some(5_000),
        "{}",
        peer.url
    );
    let (mut page, mut firsts, mut count) = (Value::Unit, Vec::new(), 0);
    loop {
        let (rows, first, next) = desk.page("select a from many where a < 2500 order by a", page).await;
        count += rows;
        firsts.push(first.get("a").and_then(Value::as_int));
        // What the body of the loop does meanwhile is not kept waiting.
        desk.done("insert", json!({ "table": "many", "rows": { "a": 100_000 } })).await;
        if next.is_unit() {
            break;
        }
        page = next;
    }
    assert_eq!((count, firsts), (2_500, vec![Some(0), Some(1_000), Some(2_000)]), "{}", peer.url);
    let (rows, _, next) = desk.page("select a from many where a < 0", Value::Unit).await;
    assert!(rows == 0 && next.is_unit(), "{}", peer.url);
}

async fn a_loop_goes_on_where_it_was(peer: &Peer) {
    let query = "select a from many where a < 2500 order by a";
    let before = Asking::at(peer);
    let (_, _, page) = before.page(query, Value::Unit).await;
    let (_, second, _) = before.page(query, page.clone()).await;
    // Another process after a crash knows the page, and nothing else.
    let after = Asking::at(peer);
    let (rows, again, next) = after.page(query, page).await;
    assert_eq!((rows, again), (1_000, second), "{}", peer.url);
    let (rows, last, next) = after.page(query, next).await;
    assert_eq!((rows, last.get("a"), next.is_unit()), (500, Some(&Value::Int(2_000)), true), "{}", peer.url);
}

async fn what_takes_too_long_is_stopped(peer: &Peer) {
    let desk = Asking::at(peer);
    let mut act = Asking::act("query", json!({ "sql": peer.slow }));
    act.timeout = Duration(700);
    let (failure, _) = desk::failure(desk.0.perform(act).await);
    assert_eq!(failure.kind.name(), "timeout", "{}: {failure}", peer.url);
    let mut act = Asking::act(
        "execute",
        json!({ "sql": format!("insert into parents select 1000 + c from ({}) slow", peer.slow) }),
    );
    act.timeout = Duration(700);
    let (failure, certain) = desk::failure(desk.0.perform(act).await);
    assert_eq!((failure.kind.name(), certain), ("timeout", true), "{}: {failure}", peer.url);
    assert_eq!(
        desk.rows("select count(*) as n from parents where id >= 1000").await,
        json!([{ "n": 0 }]),
        "{}",
        peer.url
    );
}

async fn who_waits_for_another_is_told(peer: &Peer) {
    let (one, other) = (Asking::at(peer), Asking::at(peer));
    let hold = format!("insert into parents select 2000 + c from ({}) slow", peer.slow);
    let statements = json!({ "statements": ["update parents set id = id where id = 1", hold] });
    let mut holding = Asking::act("transaction", statements);
    holding.timeout = Duration::seconds(4);
    let mut waiting = Asking::act("execute", json!({ "sql": "update parents set id = id where id = 1" }));
    waiting.timeout = Duration(2_500);
    let wait = async {
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
        other.0.perform(waiting).await
    };
    let (_, waited) = tokio::join!(one.0.perform(holding), wait);
    let (failure, certain) = desk::failure(waited);
    assert_eq!((failure.kind.name(), certain), ("conflict", true), "{}: {failure}", peer.url);
    assert_eq!(failure.details.get("retryable"), Some(&Value::Bool(true)), "{}", peer.url);
}

async fn no_more_connections_than_allowed(peer: &Peer) {
    let desk = Asking(peer.desk(|database| database.connections = 1));
    let mut slow = Asking::act("query", json!({ "sql": peer.slow }));
    slow.timeout = Duration::seconds(2);
    let mut quick = Asking::act("query", json!({ "sql": "select 1 as one" }));
    quick.timeout = Duration(500);
    let second = async {
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        desk.0.perform(quick).await
    };
    let (_, refused) = tokio::join!(desk.0.perform(slow), second);
    let (failure, certain) = desk::failure(refused);
    assert_eq!((failure.kind.name(), certain), ("rate_limited", true), "{}: {failure}", peer.url);
    assert!(failure.message.contains("databases.db.connections"), "{failure}");
    assert_eq!(desk.rows("select 1 as one").await, json!([{ "one": 1 }]), "{}", peer.url);
}

async fn moments_are_sent_in_utc(peer: &Peer) {
    let desk = Asking::at(peer);
    let (kind, expected) = match peer.url.split(':').next() {
        Some("postgres") => ("timestamp", "2026-03-29T10:00:00"),
        Some("mysql") => ("datetime", "2026-03-29T10:00:00"),
        _ => ("text", "2026-03-29T10:00:00Z"),
    };
    desk.run(&format!("create table moments (m {kind})")).await;
    let moment = "2026-03-29T10:00:00Z".parse::<jiff::Timestamp>().expect("a moment");
    let there = moment.to_zoned(jiff::tz::TimeZone::fixed(jiff::tz::offset(2)));
    for moment in [Value::DateTime(Arc::new(there)), Value::moment(moment)] {
        let params = Value::map([
            ("database", "db".into()),
            ("sql", "insert into moments values (?)".into()),
            ("params", Value::list([moment])),
        ]);
        desk::value(desk.0.perform(desk::act("sql.execute", params)).await);
    }
    assert_eq!(desk.rows("select m from moments").await, json!([{ "m": expected }, { "m": expected }]), "{}", peer.url);
}

/// Each of these would be there for the next call, which gets the same connection.
async fn nothing_is_left_on_a_connection(peer: &Peer) {
    let desk = Asking(peer.desk(|database| database.connections = 1));
    let marks: &[(&str, &str, &str)] = match peer.url.split(':').next() {
        Some("postgres") => &[
            ("query", "select set_config('search_path', 'evil', false) as m", "show search_path"),
            ("query", "select lo_from_bytea(0, 'x') as m", "select count(*) as m from pg_largeobject_metadata"),
            (
                "query",
                "select pg_try_advisory_lock(77) as m",
                "select count(*) as m from pg_locks where locktype = 'advisory'",
            ),
            ("execute", "create temp table mine (a int)", "select count(*) as m from pg_class where relname = 'mine'"),
        ],
        Some("mysql") => &[
            ("query", "select @a := 5 as m", "select @a as m"),
            ("query", "select get_lock('mine', 1) as m", "select is_used_lock('mine') as m"),
        ],
        _ => &[
            ("execute", "pragma foreign_keys = off", "pragma foreign_keys"),
            ("execute", "create temp table mine (a int)", "select count(*) as m from sqlite_temp_schema"),
        ],
    };
    for (operation, mark, look) in marks {
        let before = desk.rows(look).await;
        desk.done(operation, json!({ "sql": mark })).await;
        assert_eq!(desk.rows(look).await, before, "{}: {mark}", peer.url);
    }
}

async fn a_row_that_is_too_large_is_not_read(peer: &Peer) {
    let desk = Asking(peer.narrow_desk(100_000));
    let large = if peer.url.starts_with("sqlite") { "zeroblob(200000)" } else { "repeat('x', 200000)" };
    let sql = format!("select {large} as x");
    let (kind, certain, message) = desk.fails("query", json!({ "sql": sql })).await;
    assert_eq!((kind.as_str(), certain), ("limit_exceeded", true), "{}: {message}", peer.url);
    let mut act = Asking::act("query", json!({ "sql": sql }));
    act.streamed = true;
    let (failure, _) = desk::failure(desk.0.perform(act).await);
    assert_eq!(failure.kind.name(), "limit_exceeded", "{}: {failure}", peer.url);
    assert_eq!(desk.rows("select 1 as one").await, json!([{ "one": 1 }]), "{}", peer.url);
}
