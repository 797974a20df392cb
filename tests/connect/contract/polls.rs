//! What polls ask from time to time, by engines whose clock is moved: from the start and from now on, with what their examples
//! give and with all that they take, and page by page.

use std::sync::Arc;

use orchestra_flow::base::time::Timestamp;
use orchestra_flow::base::value::Value;
use orchestra_flow::host::clock::VirtualClock;
use orchestra_flow::lang::plan::connector::{Answer, PageKind, Paginate};
use orchestra_flow::lang::plan::source::{Asks, Start};
use orchestra_flow::lang::plan::{Connector, Source};
use orchestra_flow::store::Memory;
use orchestra_flow::{Builder, Program};
use tokio::runtime::Runtime;

use super::description::{Asked, Description};
use super::{all_of, description_of, faults_of, paged, unseen};
use crate::connect::declared::{EVERY_SERVICE, package, said, settings_of};
use crate::connect::peer::Peer;

const NOON: &str = "2026-06-01T12:00:00Z";
/// When each has asked twice, by what it kept the second time.
const LATER: &str = "2026-06-01T12:06:00Z";

/// How a workflow listens.
#[derive(Clone, Copy)]
enum From {
    Start,
    Now,
}

#[test]
fn polls_ask_as_the_vendors_describe() {
    let package = package(EVERY_SERVICE);
    let mut faults = Vec::new();
    for connector in package.connectors.values() {
        let polls = connector.sources.iter().filter(|source| source.poll().is_some()).collect::<Vec<_>>();
        let Some(description) = description_of(&connector.name).filter(|_| !polls.is_empty()) else { continue };
        for source in polls {
            let held = hold(connector, source, &description, &mut faults);
            eprintln!("{}.{}: {held} requests are as described", connector.name, source.name);
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// How many requests of a poll are as described; what is not goes to `faults`.
fn hold(connector: &Arc<Connector>, source: &Source, description: &Description, faults: &mut Vec<String>) -> usize {
    let full = format!("{}.{}", connector.name, source.name);
    let mut found: Vec<String> = unseen(&source.params, &source.examples).collect();
    let mut held = 0;
    for example in &source.examples {
        let answer = example.answers().last().unwrap_or_default();
        for from in [From::Now, From::Start] {
            let (asked, failing) = listen(connector, source, &example.params, from, &[&answer]);
            held += asked.len();
            found.extend(failing);
            found.extend((asked.len() < 2 && matches!(from, From::Start)).then(|| "it asks only once".to_owned()));
            // What it asks for first, where it stands, has an answer of its own.
            let is_start = |place: usize| place == 0 && matches!(from, From::Now) && starts_by_asking(source);
            let seen = asked.iter().enumerate().map(|(place, asked)| (asked, (!is_start(place)).then_some(&answer)));
            found.extend(seen.flat_map(|(asked, answer)| faults_of(description, asked, answer)));
        }
        let whole = all_of(&source.params, &example.params);
        let (asked, _) = listen(connector, source, &whole, From::Start, &[&answer]);
        found.extend(asked.iter().flat_map(|asked| faults_of(description, asked, None)));
        let Some(paginate) = paginate(source) else { continue };
        let (page, params) = paged::page_before_another(paginate, example);
        let (asked, _) = listen(connector, source, &params, From::Start, &[&page, &answer]);
        held += asked.len();
        // By what it kept it asks a third time.
        found.extend((asked.len() < 3).then(|| "no further page is asked for".to_owned()));
        let is_told = |place: usize| place != 1 || paginate.kind != PageKind::Link;
        let seen = asked.iter().enumerate().filter(|(place, _)| is_told(*place));
        found.extend(seen.flat_map(|(place, asked)| faults_of(description, asked, (place == 0).then_some(&page))));
    }
    faults.extend(found.into_iter().map(|fault| format!("{full}: {fault}")));
    held
}

fn starts_by_asking(source: &Source) -> bool {
    source.poll().is_some_and(|poll| matches!(poll.start, Some(Start::Request(_))))
}

fn paginate(source: &Source) -> Option<&Paginate> {
    match &source.poll()?.ask {
        Asks::Request(operation) => operation.shaping.paginate.as_ref(),
        Asks::Call(..) => None,
    }
}

/// What is asked by one that listens until it has asked twice, and why it is not answered, if it is not.
fn listen(
    connector: &Arc<Connector>,
    source: &Source,
    params: &Value,
    from: From,
    answers: &[&Answer],
) -> (Vec<Asked>, Option<String>) {
    let (runtime, folder) = (Runtime::new().expect("a runtime"), tempfile::tempdir().expect("a folder"));
    let moment = |text: &str| text.parse::<Timestamp>().expect("a moment");
    let heard = runtime.block_on(async {
        let peer = Peer::with(|own| answers.iter().map(|it| said(it, own, false)).collect::<Vec<_>>()).await;
        let file = folder.path().join("main.flow");
        std::fs::write(&file, listener(connector, source, params, from)).expect("it can be written");
        let program = Program::from_file(&file).unwrap_or_else(|faults| panic!("{faults}"));
        let clock = VirtualClock::at(moment(NOON));
        let mut builder = Builder::new(program).journal(Arc::new(Memory::default())).clock(clock.clone());
        for (connector, field, value) in settings_of(connector, &peer) {
            builder = builder.set(format!("connectors.{connector}.{field}={value}"));
        }
        let engine = builder.build().unwrap_or_else(|error| panic!("{error}"));
        let triggers = engine.triggers().unwrap_or_else(|faults| panic!("{faults}"));
        let _listening = triggers.listen();
        engine.advance(&clock, moment(LATER)).await.expect("it can be written");
        let failing = triggers.asks().into_iter().find_map(|asked| asked.standing.failing);
        let asked = peer.requests().iter().map(|request| Asked::new(request)).collect();
        (asked, failing.map(|failing| format!("{}: {}", failing.kind.name(), failing.message)))
    });
    runtime.shutdown_background();
    heard
}

/// A program that listens, with these parameters.
fn listener(connector: &Connector, source: &Source, params: &Value, from: From) -> String {
    let given = source.params.iter().filter_map(|field| Some((&field.name, params.get(&field.name)?)));
    let mut said: Vec<String> = given.map(|(name, value)| format!("{name}: {}", value.to_json())).collect();
    if matches!(from, From::Start) {
        said.push("from: \"start\"".to_owned());
    }
    said.extend(["every: 5m".to_owned(), "input: {}".to_owned()]);
    let (connector, source, said) = (&connector.name, &source.name, said.join(", "));
    format!("workflow w {{\n trigger {connector}.{source} {{ {said} }}\n output {{ ok: true }}\n}}")
}
