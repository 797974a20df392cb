//! The tests of the sample flows and of the rules, in a process that ends at each record in turn: the same comes of them.

use std::fmt::Write as _;
use std::sync::Arc;

use orchestra_flow::base::stack::with_room;
use orchestra_flow::host::rehearse::Rehearsal;
use orchestra_flow::host::rehearse::crash::{Crashes, crash_everywhere};
use orchestra_flow::lang::plan::Package;

/// How many crashes each test is put through; `FLOW_CRASHES=10000` puts them through all, which takes minutes.
const CRASHES: u64 = 4;

/// Puts each test of a package through all crashes. What was not as it should be, and how many crashes there were.
fn crash(name: &str, package: &Arc<Package>, shuffled: bool, said: &mut String) -> u64 {
    let most = std::env::var("FLOW_CRASHES").ok().and_then(|most| most.parse().ok()).unwrap_or(CRASHES);
    let mut tried = 0;
    for (number, test) in package.tests.iter().enumerate() {
        // Half of them in the order in which things were asked, half in another.
        let seed = (shuffled && number % 2 == 1).then_some(number as u64);
        let Crashes { tried: crashes, broken, .. } = crash_everywhere(package, test, Rehearsal { seed }, most);
        tried += crashes;
        for broken in broken {
            let _ = writeln!(said, "{name}: {} (seed {seed:?}), {}:", test.title, broken.after);
            for failure in broken.failures {
                let _ = writeln!(said, "    {}\n        {}", failure.message, failure.details.join("\n        "));
            }
        }
    }
    tried
}

#[test]
fn a_crash_at_any_record_changes_nothing_for_the_sample_flows() {
    let work = || {
        let (mut said, mut tried) = (String::new(), 0);
        for (name, compiled) in crate::scripts::compiled() {
            let package = Arc::new(compiled.package.expect("without an error there is a package"));
            tried += crash(&name, &package, true, &mut said);
        }
        println!("{tried} crashes");
        assert!(said.is_empty(), "\n{said}");
    };
    with_room(true, work).expect("a thread starts");
}

#[test]
fn a_crash_at_any_record_changes_no_rule() {
    let work = || {
        let (mut said, mut tried) = (String::new(), 0);
        for (name, package) in crate::run::semantics::packages() {
            tried += crash(&name, &package, false, &mut said);
        }
        println!("{tried} crashes");
        assert!(said.is_empty(), "\n{said}");
    };
    with_room(true, work).expect("a thread starts");
}
