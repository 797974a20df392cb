//! Coverage in the form of LCOV's tracefiles, which editors show beside the lines and services beside the change.
//!
//! Source: geninfo(1), "FILES", of LCOV.

use std::collections::BTreeMap;

use super::{Coverage, Covered, What};

/// How a record begins, and so each tracefile.
pub const BEGINNING: &str = "TN:";

/// The tracefile.
pub fn tracefile(coverage: &Coverage) -> String {
    coverage.files().flat_map(record).map(|line| line + "\n").collect()
}

/// One file: its `fn`s, then what can be left out of a line, then its lines.
fn record(covered: &Covered) -> Vec<String> {
    let mut record = Vec::new();
    let mut put = |line: String| record.push(line);
    let spots = || covered.spots.iter().map(|((_, _, what), spot)| (*what, spot));
    let functions: Vec<_> = spots().filter(|(what, _)| *what == What::Function).map(|(_, spot)| spot).collect();
    let branches: Vec<_> = spots().filter(|(what, _)| is_branch(*what)).map(|(_, spot)| spot).collect();
    put(BEGINNING.to_owned());
    put(format!("SF:{}", covered.name));
    let name = |text: &str| text.trim_start_matches("fn ").to_owned();
    functions.iter().for_each(|spot| put(format!("FN:{},{}", spot.line, name(&spot.text))));
    functions.iter().for_each(|spot| put(format!("FNDA:{},{}", spot.hits, name(&spot.text))));
    put(format!("FNF:{}", functions.len()));
    put(format!("FNH:{}", functions.iter().filter(|spot| spot.hits > 0).count()));
    for (number, spot) in branches.iter().enumerate() {
        put(format!("BRDA:{},0,{number},{}", spot.line, spot.hits));
    }
    put(format!("BRF:{}", branches.len()));
    put(format!("BRH:{}", branches.iter().filter(|spot| spot.hits > 0).count()));
    let mut lines: BTreeMap<u32, u64> = BTreeMap::new();
    for (_, spot) in spots() {
        let hits = lines.entry(spot.line).or_default();
        *hits = spot.hits.max(*hits);
    }
    lines.iter().for_each(|(line, hits)| put(format!("DA:{line},{hits}")));
    put(format!("LF:{}", lines.len()));
    put(format!("LH:{}", lines.values().filter(|hits| **hits > 0).count()));
    put("end_of_record".to_owned());
    record
}

/// Whether it may be left out where its line is reached.
fn is_branch(what: What) -> bool {
    matches!(what, What::Branch | What::Handler | What::Undo)
}
