//! A journal that has grown: W11.

use std::time::Instant;

use orchestra_flow::base::status::Status;
use orchestra_flow::base::value::Value;
use orchestra_flow::run::journal::{Journal as _, Query};

use crate::runs::start_each;
use crate::table::{alone, engine, folder, runtime, thousands};

/// How many steps a run has: with its beginning and end 100 records.
const STEPS: usize = 48;

/// How many runs are started at a time.
const RUNS: usize = 1_000;

/// Runs until the journal has ten million records; what a part of them costs at first and at last.
pub fn journal() {
    let text = format!("workflow bench {{ for i in 0..{STEPS} {{ step work = script {{ i }} }} }}");
    let folder = folder();
    let records = runtime().block_on(async {
        let (store, engine) = engine(folder.path(), &text);
        engine.recover().await.expect("it can be read");
        let (mut records, mut each) = (0, 0);
        while records < 10_000_000 {
            let (start, before) = (Instant::now(), records);
            for _ in 0..10 {
                start_each(&engine, RUNS, |_| Value::Unit).await;
                engine.activity().quiet().await;
                if each == 0 {
                    let query = Query { limit: 1, ..Query::default() };
                    let run = store.runs(&query).await.expect("it can be read").runs.remove(0).run;
                    each = store.history(&run, 0).await.expect("it can be read").records.len();
                }
                records += RUNS * each;
            }
            let per_second = (records - before) as f64 / start.elapsed().as_secs_f64();
            if before == 0 || records >= 10_000_000 {
                let millions = records as f64 / 1e6;
                let what = format!("W11 records a second, up to the record {millions:.1} million of the journal");
                alone(&what, &thousands(per_second), "-");
            }
        }
        let query = Query { limit: 50, statuses: vec![Status::Completed], ..Query::default() };
        let start = Instant::now();
        let page = store.runs(&query).await.expect("it can be read").runs;
        let list = start.elapsed().as_secs_f64() * 1e3;
        let start = Instant::now();
        store.history(&page[0].run, 0).await.expect("it can be read");
        let history = start.elapsed().as_secs_f64() * 1e3;
        alone("W11 then: a page of 50 runs, and the journal of one", &format!("{list:.2} ms, {history:.2} ms"), "-");
        records
    });
    let start = Instant::now();
    runtime().block_on(async {
        let (_store, engine) = engine(folder.path(), &text);
        engine.recover().await.expect("it can be read");
    });
    let opened = start.elapsed().as_secs_f64() * 1e3;
    let size = std::fs::metadata(folder.path().join("flow.db")).map(|file| file.len()).unwrap_or_default();
    let bytes = size as f64 / records as f64;
    alone("W11 then: opened and recovered; bytes of disk a record", &format!("{opened:.1} ms; {bytes:.0} B"), "-");
}
