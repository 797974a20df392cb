//! Pieces of what is told: headlines, failures with their lines, crashes.

use serde_json::{Value as Json, json};

use crate::base::report;
use crate::base::span::{Sources, Span};
use crate::cli::paper::{Palette, styled};
use crate::host::rehearse::TestFailure;
use crate::host::rehearse::crash::{Broken, Crashes, Doubt};

/// How many crashes are shown of a test that they break.
const CRASHES_SHOWN: usize = 3;

/// The line that says whether it passed.
pub fn headline(title: &str, passed: bool, time: &str, palette: &Palette) -> String {
    let time = styled(palette.faint, format!("({time})"));
    let mark = if passed { styled(palette.good, "✓") } else { styled(palette.bad, "✗") };
    format!("  {mark} {title} {time}\n")
}

/// What was not as expected, with the line it is about and what was found.
pub fn failure_text(failure: &TestFailure, sources: &Sources, palette: &Palette) -> String {
    let mut text = format!("{}\n", styled(palette.bad, &failure.message));
    text.push_str(&report::excerpt(failure.span, "", sources, *palette != Palette::default()));
    for line in &failure.details {
        text.push_str(&format!("\n  {line}"));
    }
    text
}

/// What came of killing the engine after each record.
pub fn crashes_text(crashes: &Crashes, sources: &Sources, palette: &Palette) -> String {
    let mut text = String::new();
    for Broken { after, failures } in crashes.broken.iter().take(CRASHES_SHOWN) {
        text.push_str(&format!("{}\n", styled(palette.strong, format!("killed after {after}:"))));
        for failure in failures {
            text.push_str(&failure_text(failure, sources, palette));
            text.push('\n');
        }
    }
    let (tried, broken) = (crashes.tried, crashes.broken.len());
    text.push_str(&match broken {
        0 => format!("killed {tried} times, each time after another record\n"),
        _ => format!(
            "killed {tried} times, each time after another record; after {broken} of them something else came of it\n"
        ),
    });
    for (operation, doubt) in &crashes.doubts {
        text.push_str(&format!("{}\n", doubt_text(operation, doubt)));
    }
    text
}

/// What crashes mean for an operation that may not be repeated.
fn doubt_text(operation: &str, doubt: &Doubt) -> String {
    let Doubt { crashes, handled, again } = *doubt;
    let handling = match crashes - handled {
        _ if again > 0 => {
            format!("after {again} of {crashes} the program calls it again, and it may then have happened twice")
        }
        0 => "the program deals with it".to_owned(),
        open if handled == 0 => format!(
            "the expectations do not hold then; `on outcome_unknown` would say what to do ({open} of {crashes})"
        ),
        open => format!("the expectations hold after {handled} of them, after {open} they do not"),
    };
    let times = if crashes == 1 { "1 crash leaves" } else { &format!("{crashes} crashes leave") };
    format!("{times} `{operation}` in doubt, which may not be repeated: {handling}")
}

/// Set in below a headline.
pub fn indented(text: &str) -> String {
    text.lines().map(|line| if line.is_empty() { "\n".to_owned() } else { format!("      {line}\n") }).collect()
}

/// What was not as expected, for tools.
pub fn failures_as_json(failures: &[TestFailure], sources: &Sources) -> Json {
    let failures = failures.iter().map(|failure| {
        let (line, column) = place(failure.span, sources);
        json!({ "message": failure.message, "line": line, "column": column, "details": failure.details })
    });
    failures.collect()
}

/// The line and the column where something begins.
pub fn place(span: Span, sources: &Sources) -> (u32, u32) {
    let (at, _) = sources.positions(span);
    (at.line, at.column)
}
