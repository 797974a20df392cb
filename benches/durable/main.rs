//! Figures of the durable engine: SQLite with full sync, in this process, each beside a floor measured in the same run.
//!
//! `cargo bench --bench durable` prints the second table of `docs/benchmarks.md`, and
//! `cargo bench --bench durable -- W2 W5` a part of it. The names are those used there. W11 takes some minutes and two gigabytes
//! of disk, and is printed only where it is named.

mod growth;
mod process;
mod runs;
mod steps;
mod stream;
mod table;
mod waiting;

fn main() {
    // `cargo bench --bench durable -- W2 W5` measures these only.
    let wanted: Vec<String> = std::env::args().skip(1).filter(|argument| argument.starts_with('W')).collect();
    let wants = |name: &str| wanted.is_empty() || wanted.iter().any(|wanted| wanted == name);
    println!("| what | figure | floor | ratio | reach |");
    println!("|---|---|---|---|---|");
    let rows = table::rows_per_second();
    if wants("W1") {
        process::cold_start();
    }
    if wants("W2") {
        steps::pure_steps("W2 # pure steps in sequence", "for", rows);
        steps::in_sequence_once();
    }
    if wants("W3") {
        steps::pure_steps("W3 # pure steps in parallel", "parallel for", rows);
    }
    if wants("W4") {
        runs::many_runs(rows);
    }
    if wants("W5") {
        runs::parked();
    }
    if wants("W6") {
        process::served();
    }
    if wants("W7") {
        steps::scripts();
    }
    if wants("W8") {
        runs::lists();
    }
    if wants("W9") {
        waiting::events();
    }
    if wants("W10") {
        waiting::timers();
    }
    if wants("W12") {
        stream::rows();
    }
    if wanted.iter().any(|wanted| wanted == "W11") {
        growth::journal();
    }
}
