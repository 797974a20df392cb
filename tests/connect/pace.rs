//! How fast far sides are asked, and when they are left alone.

use std::time::Duration as Span;

use orchestra_flow::base::id::RunId;
use orchestra_flow::base::time::Duration;
use orchestra_flow::connect::Connectors;
use orchestra_flow::lang::plan::Package;
use orchestra_flow::run::world::{Outcome, Perform};
use orchestra_flow::{Builder, Engine, Program, Value};

use super::declared::{call, connectors, package};
use super::desk::{failure, value};
use super::peer::{Deed, Peer, answer, says};

/// A connector `far` with this body, at a peer.
struct Far {
    package: Package,
    connectors: Connectors,
}

impl Far {
    fn new(peer: &Peer, body: &str) -> Self {
        let package = package(&text(body));
        let connectors = connectors(&package, &[("FLOW_CONNECTOR_FAR_BASE_URL", &peer.url(""))]);
        Self { package, connectors }
    }

    /// A call of `far.do` by a run that is called `who`.
    async fn ask(&self, who: &str, timeout: Duration) -> Outcome {
        let mut act = call(&self.package, "far.do", Value::map([("who", who.into())]));
        (act.run, act.timeout) = (RunId(who.into()), timeout);
        self.connectors.perform(act).await
    }
}

fn text(body: &str) -> String {
    format!(
        "connector far {{ config {{ base_url: url }}\n {body}\n
            read operation do(who: string) -> any {{ GET \"/{{who}}\" }} }}
        workflow w {{ input {{ who: string }}\n step far.do {{ who: input.who }} }}"
    )
}

const SOON: Duration = Duration(5_000);

#[tokio::test]
async fn a_pause_that_one_call_is_told_holds_all_of_them() {
    let peer = Peer::new([answer(429, "Retry-After: 1\r\n", ""), says(200, "{}")]).await;
    let far = Far::new(&peer, "");
    let (told, _) = failure(far.ask("a", SOON).await);
    assert_eq!((told.kind.name(), told.retry_after), ("rate_limited", Some(Duration::seconds(1))));
    // Who has no time to wait is told at once, and nothing is sent.
    let (other, certain) = failure(far.ask("b", Duration(100)).await);
    assert_eq!((other.kind.name(), certain), ("rate_limited", true), "{}", other.message);
    assert!(other.message.contains("asked for a pause") && other.retry_after > Some(Duration(100)), "{other}");
    assert_eq!(peer.requests().len(), 1);
    // Who has, waits.
    value(far.ask("c", SOON).await);
    assert_eq!(peer.requests().len(), 2);
}

#[tokio::test]
async fn when_no_call_is_left_all_wait_until_there_are_more() {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("it is later").as_secs();
    let date = jiff::Timestamp::from_second(now.cast_signed() + 1_000).expect("a moment");
    let rows = [
        ("header", "1000".to_owned()),
        ("header", (now + 1_000).to_string()),
        ("header", ((now + 1_000) * 1_000).to_string()),
        ("header", date.to_string()),
        ("milliseconds", "1000000".to_owned()),
    ];
    for (unit, reset) in rows {
        let left = |left: u32| answer(200, &format!("X-Left: {left}\r\nX-Reset: {reset}\r\n"), "");
        let peer = Peer::new([left(1), left(0)]).await;
        let far = Far::new(&peer, &format!("remaining header \"X-Left\" reset {unit} \"X-Reset\""));
        value(far.ask("a", SOON).await);
        value(far.ask("a", SOON).await);
        let (held, certain) = failure(far.ask("b", SOON).await);
        assert_eq!((held.kind.name(), certain), ("rate_limited", true), "{unit} {reset}");
        let wait = held.retry_after.expect("it says how long");
        assert!(wait > Duration::seconds(900) && wait <= Duration::seconds(1_000), "{unit} {reset}: {wait}");
        assert_eq!(peer.requests().len(), 2);
    }
    let peer = Peer::new([answer(429, "X-Wait: 1500\r\n", "")]).await;
    let far = Far::new(&peer, "retry_after milliseconds \"X-Wait\"");
    assert_eq!(failure(far.ask("a", SOON).await).0.retry_after, Some(Duration(1_500)));
}

#[tokio::test]
async fn a_run_with_many_calls_leaves_others_their_turns() {
    let peer = Peer::new([says(200, "{}")]).await;
    let far = Far::new(&peer, "limit 1 per 20ms");
    let many = futures_util::future::join_all((0..40).map(|_| far.ask("many", SOON)));
    let one = async {
        // It comes when all the others stand in the queue.
        tokio::task::yield_now().await;
        far.ask("one", SOON).await
    };
    let (many, one) = tokio::join!(many, one);
    value(one);
    assert_eq!(many.into_iter().map(value).count(), 40);
    let place = peer.requests().iter().position(|request| request.starts_with("GET /one "));
    assert!(place.is_some_and(|place| place < 5), "{place:?}");
}

#[tokio::test]
async fn waiting_for_ones_turn_leaves_the_attempt_its_time() {
    let whole = "HTTP/1.1 200 X\r\nContent-Length: 0\r\n\r\n".to_owned();
    let peer = Peer::new([says(200, "{}"), Deed::Late(Span::from_millis(1_200), whole)]).await;
    let far = Far::new(&peer, "limit 1 per 1200ms");
    value(far.ask("a", Duration(2_000)).await);
    // 1200ms until it may go, 1200ms until it is answered.
    value(far.ask("b", Duration(2_000)).await);
    // It could not go within its time, so it does not wait at all.
    let far = Far::new(&peer, "limit 1 per 1h");
    value(far.ask("a", Duration(5_000)).await);
    let (late, certain) = failure(far.ask("b", Duration(5_000)).await);
    assert_eq!((late.kind.name(), certain), ("rate_limited", true));
    assert!(late.message.contains("`far` is limited to 1 per 1h"), "{}", late.message);
}

fn engine(peer: &Peer, body: &str) -> Engine {
    let program = Program::from_text("pace.flow", &text(body)).unwrap_or_else(|faults| panic!("{faults}"));
    let builder = Builder::new(program).set(format!("connectors.far.base_url={}", peer.url("")));
    builder.build().unwrap_or_else(|error| panic!("{error}"))
}

/// The type of the error that a run ends with, or `ok`.
async fn end_of(engine: &Engine) -> String {
    let run = engine.start("w", &Value::map([("who", "a".into())])).await.unwrap_or_else(|error| panic!("{error}"));
    run.end().await.failure.map_or_else(|| "ok".to_owned(), |failure| failure.kind.name().to_owned())
}

#[tokio::test]
async fn a_newer_program_does_not_forget_what_was_asked() {
    let peer = Peer::new([says(200, "{}")]).await;
    let old = engine(&peer, "limit 1 per 1h");
    assert_eq!(end_of(&old).await, "ok");
    let new = engine(&peer, "limit 1 per 2h");
    old.deploy(&new, "ada").await.expect("no journal that could break");
    assert_eq!(end_of(&old).await, "rate_limited");
    assert_eq!(peer.requests().len(), 1);
    let [(name, calls)] = &old.traffic().calls[..] else { panic!("one operation is called") };
    let ended: Vec<(&str, u64)> = calls.ended.iter().map(|(outcome, count)| (*outcome, *count)).collect();
    assert_eq!((&**name, ended, calls.took.count()), ("far.do", vec![("ok", 1), ("rate_limited", 1)], 2));
}

#[tokio::test]
async fn who_fails_again_and_again_is_left_alone_until_a_probe_is_answered() {
    let deeds = (0..10).map(|turn| if turn < 5 { Deed::Close } else { says(503, "{}") });
    let peer = Peer::new(deeds.chain([says(500, "{}"), says(200, "{}")])).await;
    let far = Far::new(&peer, "");
    for _ in 0..10 {
        assert_eq!(failure(far.ask("a", SOON).await).0.details.get("circuit"), None);
    }
    let refused = async || {
        let (failure, certain) = failure(far.ask("a", SOON).await);
        assert_eq!((failure.kind.name(), certain), ("connection_error", true));
        assert!(failure.message.contains(" times in a row"), "{}", failure.message);
        failure
    };
    let told = refused().await;
    assert!(told.message.contains("failed 10 times") && told.message.ends_with("it answered 503"), "{}", told.message);
    assert_eq!(peer.requests().len(), 10);
    // One finds out that it is as bad as before; the others are not let through.
    let pause = told.retry_after.expect("it says how long").to_std();
    tokio::time::sleep(pause + Span::from_millis(5)).await;
    let (probe, _) = failure(far.ask("a", SOON).await);
    assert_eq!(probe.kind.name(), "server_error");
    let pause = refused().await.retry_after.expect("it says how long").to_std();
    assert!(pause > Span::from_millis(1_000), "it is left alone for longer: {pause:?}");
    tokio::time::sleep(pause + Span::from_millis(5)).await;
    for _ in 0..3 {
        value(far.ask("a", SOON).await);
    }
}
