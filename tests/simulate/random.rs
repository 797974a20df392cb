//! Random programs in random histories: crashes at any moment, answers that come late or never, events and webhooks that come
//! twice, a disk that loses what is not synced and tears what is being written.
//!
//! `FLOW_SEEDS=100000` tries more histories, `FLOW_SEED=42` one again. A crash with every append is up to 150 histories of one
//! seed: of `FLOW_SEEDS` it takes one in fifty.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use orchestra_flow::base::stack::with_room;
use orchestra_flow::lang::plan::Package;

use super::heard::LISTENERS;
use super::history::{Setting, Story, happen};
use crate::run::programs::write;
use crate::run::simulator::package;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().and_then(|number| number.parse().ok())
}

/// The program of a seed beside those who hear of it, if the check accepts it, and the same with another version of who hears;
/// and whether it names `outcome_unknown` under a `retry`.
fn programs(seed: u64) -> Option<([Arc<Package>; 2], bool)> {
    let (text, repeats_unknown) = write(seed);
    package(&text).ok()?;
    let compiled = |listeners: &str| {
        let package = package(&format!("{text}{listeners}"));
        Arc::new(package.unwrap_or_else(|faults| panic!("seed {seed}: {faults}")))
    };
    let newer = LISTENERS.replace("\"heard\"", "\"heard anew\"");
    Some(([compiled(LISTENERS), compiled(&newer)], repeats_unknown))
}

/// Lets histories happen that begin with these seeds, and says which must not be.
fn histories(many: u64, on_disk: bool) {
    let one = number("FLOW_SEED");
    let many = number("FLOW_SEEDS").unwrap_or(many);
    let seeds = one.map_or(0..many, |seed| seed..seed + 1);
    let (mut said, mut faults, mut crashes) = (String::new(), 0, 0);
    let mut ends: BTreeMap<&str, u64> = BTreeMap::new();
    for seed in seeds {
        let Some((programs, repeats_unknown)) = programs(seed) else { continue };
        let story = happen(&programs, Setting { seed, on_disk, ends_with: None }, repeats_unknown);
        *ends.entry(story.status).or_default() += 1;
        crashes += story.crashes;
        if seed % 500 == 499 {
            println!("{} seeds, {crashes} crashes", seed + 1);
        }
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
    with_stack(|| histories(150, false));
}

#[test]
fn random_histories_on_a_torn_disk_keep_the_invariants() {
    with_stack(|| histories(40, true));
}

#[test]
fn a_crash_with_every_append_keeps_the_invariants() {
    with_stack(|| {
        let mut said = String::new();
        for seed in 0..number("FLOW_SEEDS").map_or(6, |seeds| seeds.div_ceil(50)) {
            let Some((programs, repeats_unknown)) = programs(seed) else { continue };
            // Of three programs, one is on a disk whose last commit is torn each time.
            let setting = Setting { seed, on_disk: seed % 3 == 2, ends_with: Some(u64::MAX) };
            let whole = happen(&programs, setting, repeats_unknown);
            for append in 0..whole.appended.min(150) {
                let story = happen(&programs, Setting { ends_with: Some(append), ..setting }, repeats_unknown);
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
        for seed in 0..12 {
            let Some((programs, repeats_unknown)) = programs(seed) else { continue };
            let setting = Setting { seed, on_disk: seed % 4 == 0, ends_with: None };
            let journals = || format!("{:?}", happen(&programs, setting, repeats_unknown).journals);
            assert_eq!(journals(), journals(), "FLOW_SEED={seed}");
        }
    });
}
