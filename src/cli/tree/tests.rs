//! The tree of runs that tests of programs make.

use super::Tree;
use crate::base::secret::Mask;
use crate::base::time::Timestamp;
use crate::cli::paper::Palette;
use crate::host::rehearse::{Rehearsal, rehearse};
use crate::lang::{NoFiles, compile};
use std::sync::Arc;

/// The tree after the first so many records of the program's only test; all of them where there are fewer.
fn tree(program: &str, records: usize) -> String {
    let compilation = compile("tree.flow", program, &NoFiles);
    let package = Arc::new(compilation.package.unwrap_or_else(|| panic!("{:?}", compilation.diagnostics)));
    let test = &package.tests[0];
    let journal = rehearse(&package, test, Rehearsal::default()).journal;
    let mut tree = Tree::new(package.plans[&test.workflow].clone(), Mask::default());
    let mut now = Timestamp::UNIX_EPOCH;
    for record in journal.iter().take(records) {
        tree.fold(record);
        now = record.at;
    }
    let lines = tree.lines(now);
    lines.iter().map(|line| line.paint(now, &Palette::default(), 60).trim_end().to_owned() + "\n").collect()
}

const LOOP: &str = r#"
workflow prices {
    step all = parallel for i in 0..40 max 4 tolerate all {
        step price = http.get { url: "https://example.com/${i}", retry 1 times every 10s }
    }
}
test "some fail" for prices {
    mock http.get fails not_found when params.url == "https://example.com/7"
    mock http.get => { status: 200, headers: {}, body: 1 }
    expect run.status == "completed"
}
"#;

#[test]
fn turns_are_counted_and_those_that_failed_stay() {
    assert_eq!(
        tree(LOOP, usize::MAX),
        "✓ prices  0ms\n  ✓ all  [40/40, 1 failed]  0ms\n    ✗ [7]  0ms not_found: a mocked not_found\n      ✗ price  0ms not_found: a mocked not_found\n"
    );
}

#[test]
fn of_the_turns_that_run_a_few_are_shown() {
    let shown = tree(LOOP, 30);
    let open = shown.lines().filter(|line| line.trim_start().contains('[') && !line.contains("all")).count();
    assert_eq!(open, 3, "{shown}");
    assert!(shown.contains("all  [1/40]"), "{shown}");
}

#[test]
fn a_retry_says_when_and_why() {
    const PROGRAM: &str = r#"
workflow look {
    step page = http.get { url: "https://example.com/", retry 2 times every 60s }
    finally { step log.info { message: "swept" } }
}
test "a retry" for look {
    mock http.get fails connection_error 1 times then { status: 200, headers: {}, body: 1 }
    mock log.info => ()
    expect run.status == "completed"
}
"#;
    let retrying = (0..40).map(|records| tree(PROGRAM, records)).find(|shown| shown.contains('↻'));
    let line = retrying.iter().flat_map(|shown| shown.lines()).nth(1).unwrap_or_default().to_owned();
    assert_eq!(line, "  ↻ page  attempt 2 in 1m (connection_error: a mocked conne…");
    assert_eq!(tree(PROGRAM, usize::MAX), "✓ look  1m\n  ✓ page  1m, 2 attempts\n  ✓ finally  0ms\n    ✓ info  0ms\n");
}

#[test]
fn an_undo_names_the_step_whose_effect_it_takes_back() {
    let shown = tree(
        r#"
workflow trip {
    step flight = http.post { url: "https://example.com/flights", undo http.delete { url: "https://example.com/flights" } }
    fail too_dear "too dear"
}
test "an undo" for trip {
    mock http.post => { status: 200, headers: {}, body: 1 }
    mock http.delete => { status: 204, headers: {}, body: () }
    expect run.status == "failed"
}
"#,
        usize::MAX,
    );
    assert_eq!(shown, "✗ trip  0ms too_dear: too dear\n  ✓ flight  0ms\n  ✓ undo flight  0ms\n");
}
