//! Random programs in random histories: crashes at any moment, answers that come late or never, a disk that loses what is not
//! synced and tears what is being written.
//!
//! `FLOW_SEEDS=100000` tries more histories, `FLOW_SEED=42` one again.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use orchestra_flow::base::stack::with_room;
use orchestra_flow::lang::plan::Package;

use super::history::{Setting, Story, happen};
use crate::run::programs::write;
use crate::run::simulator::package;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().and_then(|number| number.parse().ok())
}

/// The program of a seed, if the check accepts it, and whether it names `outcome_unknown` under a `retry`.
fn program(seed: u64) -> Option<(Arc<Package>, bool)> {
    let (text, repeats_unknown) = write(seed);
    package(&text).ok().map(|package| (Arc::new(package), repeats_unknown))
}

/// Lets histories happen that begin with these seeds, and says which must not be.
fn histories(many: u64, on_disk: bool) {
    let one = number("FLOW_SEED");
    let many = number("FLOW_SEEDS").unwrap_or(many);
    let seeds = one.map_or(0..many, |seed| seed..seed + 1);
    let (mut said, mut faults, mut crashes) = (String::new(), 0, 0);
    let mut ends: BTreeMap<&str, u64> = BTreeMap::new();
    for seed in seeds {
        let Some((package, repeats_unknown)) = program(seed) else { continue };
        let story = happen(&package, Setting { seed, on_disk, ends_with: None }, repeats_unknown);
        *ends.entry(story.status).or_default() += 1;
        crashes += story.crashes;
        if one.is_some() {
            tell(seed, &story);
        }
        if !story.broken.is_empty() {
            faults += 1;
            let _ = writeln!(
                said,
                "FLOW_SEED={seed} ({}, {} crashes)\n  {}",
                story.status,
                story.crashes,
                story.broken.join("\n  ")
            );
        }
        if faults >= 12 {
            break;
        }
    }
    println!("{ends:?}, {crashes} crashes");
    assert!(said.is_empty(), "\n{said}");
}

fn tell(seed: u64, story: &Story) {
    println!("{}", write(seed).0);
    for (run, journal) in &story.journals {
        println!("--- {run}");
        journal.iter().for_each(|record| println!("{} {:?}", record.at, record.event));
    }
}

fn with_stack(work: impl FnOnce() + Send) {
    with_room(true, work).expect("a thread starts");
}

#[test]
fn random_histories_keep_the_invariants() {
    with_stack(|| histories(300, false));
}

#[test]
fn random_histories_on_a_torn_disk_keep_the_invariants() {
    with_stack(|| histories(60, true));
}

#[test]
fn a_crash_with_every_append_keeps_the_invariants() {
    with_stack(|| {
        let mut said = String::new();
        for seed in 0..number("FLOW_SEEDS").unwrap_or(12) {
            let Some((package, repeats_unknown)) = program(seed) else { continue };
            let setting = Setting { seed, on_disk: false, ends_with: Some(u64::MAX) };
            let whole = happen(&package, setting, repeats_unknown);
            for append in 0..whole.appended.min(150) {
                let story = happen(&package, Setting { ends_with: Some(append), ..setting }, repeats_unknown);
                if !story.broken.is_empty() {
                    let _ = writeln!(said, "seed {seed}, crash with append {append}\n  {}", story.broken.join("\n  "));
                }
            }
        }
        assert!(said.is_empty(), "\n{said}");
    });
}

#[test]
fn the_same_seed_gives_the_same_history() {
    with_stack(|| {
        for seed in 0..20 {
            let Some((package, repeats_unknown)) = program(seed) else { continue };
            let setting = Setting { seed, on_disk: seed % 4 == 0, ends_with: None };
            let journals = || format!("{:?}", happen(&package, setting, repeats_unknown).journals);
            assert_eq!(journals(), journals(), "FLOW_SEED={seed}");
        }
    });
}
