//! What `flow fmt` costs, beside reading the same text, and how it grows.
//!
//! `cargo bench --bench format` prints the table of `docs/benchmarks.md`. Memory is what a process of its own had at its peak, without
//! what it has with the text alone; where the system does not say, that column is empty.

use std::env;
use std::fs;
use std::hint::black_box;
use std::process::Command;
use std::time::{Duration, Instant};

use orchestra_flow::base::span::{FileId, Source};
use orchestra_flow::base::stack::with_room;
use orchestra_flow::lang::{self, syntax};

/// Set for a process that does one thing once and says how much memory it had: what, and with how many lines.
const ONLY_ONCE: &str = "FLOW_BENCH_ONLY_ONCE";
/// How often each is measured, by turns; the median counts.
const ROUNDS: usize = 9;

fn main() {
    let work = || match env::var(ONLY_ONCE) {
        Ok(asked) => once(&asked),
        Err(_) => table(),
    };
    with_room(true, work).expect("a thread can be started");
}

fn table() {
    println!("| lines | format | a line | floor: parse | ratio | memory | floor: parse |");
    println!("|---|---|---|---|---|---|---|");
    for lines in [1_000, 10_000, 60_000] {
        let source = untidy(lines);
        let (mut floors, mut times) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            floors.push(timed(|| parse(&source)));
            times.push(timed(|| format(&source)));
        }
        let (floor, time) = (median(floors), median(times));
        println!(
            "| {lines} | {:.1} ms | {:.1} µs | {:.1} ms | {:.2} | {} | {} |",
            time.as_secs_f64() * 1e3,
            time.as_secs_f64() * 1e6 / lines as f64,
            floor.as_secs_f64() * 1e3,
            time.as_secs_f64() / floor.as_secs_f64(),
            memory("format", lines),
            memory("parse", lines),
        );
    }
}

/// The sample programs, one after the other and again, with each line at the margin.
fn untidy(lines: usize) -> Source {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/scripts");
    let mut files: Vec<_> =
        fs::read_dir(folder).expect("the samples are there").flatten().map(|file| file.path()).collect();
    files.retain(|file| file.extension().is_some_and(|ending| ending == "flow"));
    files.sort();
    let texts: Vec<String> = files.iter().map(|file| fs::read_to_string(file).expect("a sample")).collect();
    let (mut text, mut count) = (String::new(), 0);
    for program in texts.iter().cycle() {
        if count >= lines {
            break;
        }
        count += program.lines().count();
        program.lines().for_each(|line| text.extend([line.trim_start(), "\n"]));
    }
    Source::new("samples.flow", &text)
}

fn format(source: &Source) {
    black_box(lang::format(source)).expect("the samples are right");
}

fn parse(source: &Source) {
    let (program, faults) = black_box(syntax::parse(FileId(0), source));
    assert!(!program.declarations.is_empty() && faults.is_empty());
}

fn timed(work: impl FnOnce()) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

/// How much more memory a process has at its peak that does this once than one that only has the text.
fn memory(what: &str, lines: usize) -> String {
    let peak = |what: &str| {
        let this = env::current_exe().expect("this program has a name");
        let said = Command::new(this).env(ONLY_ONCE, format!("{what} {lines}")).output().expect("the process runs");
        String::from_utf8_lossy(&said.stdout).trim().parse::<f64>().ok()
    };
    let more = peak(what).zip(peak("read")).map(|(most, least)| format!("{:.1} MiB", (most - least) / 1024.0));
    more.unwrap_or_default()
}

/// Does one thing, and prints the kilobytes that the process had at its peak.
fn once(asked: &str) {
    let (what, lines) = asked.split_once(' ').expect("what, and how many lines");
    let source = untidy(lines.parse().expect("a number"));
    match what {
        "format" => format(&source),
        "parse" => parse(&source),
        _ => {}
    }
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    println!("{}", line.unwrap_or_default().trim().trim_end_matches(" kB"));
}
