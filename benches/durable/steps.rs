//! Steps of one run: W2, W3 and W7.

use std::cell::Cell;
use std::time::Instant;

use crate::table::{NATIVE, engine, folder, once, row, runtime, syncs_per_second, thousands, timed};

/// One run of pure steps in this kind of loop; `#` in the name stands for how many.
pub fn pure_steps(name: &str, each: &str, rows: f64) {
    for steps in [1_000, 100_000] {
        let text = format!(
            "workflow bench {{ {each} i in 0..{steps} {{ step work = script {{ i }} }} output {{ done: true }} }}"
        );
        let per_second = f64::from(steps) / timed(&text).as_secs_f64();
        row(
            &name.replace('#', &steps.to_string()),
            &thousands(per_second),
            &format!("SQLite rows, 1,000 a commit: {}", thousands(rows)),
            per_second / rows,
            "100 k/s",
        );
    }
}

/// How often figures are measured that are close to their floor: each time beside it.
const PAIRS: usize = 5;

pub fn in_sequence_once() {
    let text = format!("{NATIVE}workflow bench {{ for i in 0..1000 {{ step work = bench.touch {{ }} }} }}");
    let pairs = (0..PAIRS).map(|_| (1_000.0 / timed(&text).as_secs_f64(), syncs_per_second())).collect();
    let (per_second, syncs) = middle(pairs);
    row(
        "W2 1000 `once` calls in sequence",
        &thousands(per_second),
        &format!("syncs: {}", thousands(syncs)),
        per_second / syncs,
        "60 %",
    );
}

pub fn scripts() {
    const FIB: &str = "fn fib(n) { if n < 2 { n } else { fib(n - 1) + fib(n - 2) } }";
    let text = format!("{FIB}\nworkflow bench {{ for i in 0..40 {{ step work = script {{ fib(10) }} }} }}");
    let rhai = |engine: &mut rhai::Engine| {
        engine.set_max_call_levels(64);
        let ast = engine.compile(format!("{FIB}\nfib(10)")).expect("it compiles");
        let start = Instant::now();
        for _ in 0..40 {
            let value: i64 = engine.eval_ast(&ast).expect("it runs");
            assert_eq!(value, 55);
        }
        start.elapsed().as_secs_f64() * 1e3
    };
    let floor = || rhai(&mut rhai::Engine::new());
    // The first of this process makes our engine of Rhai.
    let (folder, runtime) = (folder(), runtime());
    let (_store, engine) = runtime.block_on(async { engine(folder.path(), &text) });
    let ours = || runtime.block_on(once(&engine)).as_secs_f64() * 1e3;
    for (what, pairs) in [("the first run", 1), ("later ones", PAIRS)] {
        let (ours, bare) = middle((0..pairs).map(|_| (ours(), floor())).collect());
        row(
            &format!("W7 40 steps, each fib(10) in Rhai: {what}"),
            &format!("{ours:.2} ms"),
            &format!("bare Rhai: {bare:.2} ms"),
            ours / bare,
            "1.15",
        );
    }
    // What bounds cost that hold a script to its operations and its time, whoever looks after them.
    let counting = || {
        let mut engine = rhai::Engine::new();
        thread_local!(static OPERATIONS: Cell<u64> = const { Cell::new(0) });
        engine.on_progress(|_| {
            OPERATIONS.set(OPERATIONS.get() + 1);
            (OPERATIONS.get() == u64::MAX).then_some(rhai::Dynamic::UNIT)
        });
        rhai(&mut engine)
    };
    let (bounded, bare) = middle((0..PAIRS).map(|_| (counting(), floor())).collect());
    row(
        "W7 bare Rhai that has its operations counted",
        &format!("{bounded:.2} ms"),
        &format!("bare Rhai: {bare:.2} ms"),
        bounded / bare,
        "-",
    );
}

/// The pair whose ratio is in the middle.
fn middle(mut pairs: Vec<(f64, f64)>) -> (f64, f64) {
    pairs.sort_by(|(a, of), (b, beside)| (a / of).total_cmp(&(b / beside)));
    pairs[pairs.len() / 2]
}
