//! Coverage, told: a table with what was not reached, JSON, and LCOV in a file.

use std::fmt;
use std::path::Path;
use std::str::FromStr;

use serde_json::{Map, Value as Json, json};

use crate::cli::output::{Kind, Output};
use crate::cli::paper::{Palette, styled};
use crate::host::rehearse::coverage::{Coverage, Covered, Share, Spot, What, lcov};

/// How much must be reached, in percent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Percent(f64);

impl Percent {
    /// Whether so much was reached.
    pub fn is_reached(self, share: Share) -> bool {
        share.reached as f64 * 100.0 >= self.0 * share.of as f64
    }
}

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}%", self.0)
    }
}

impl FromStr for Percent {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let number = text.strip_suffix('%').unwrap_or(text).trim().parse();
        let number: Option<f64> = number.ok().filter(|number| (0.0..=100.0).contains(number));
        number.map(Self).ok_or_else(|| format!("`{text}` is no percentage: write one from 0 to 100, as `80%`"))
    }
}

/// One line of the table: whose it is, and what it counts.
struct Row<'a> {
    name: String,
    spots: Vec<(What, &'a Spot)>,
}

/// The table, and below it what was not reached, as `file:line  what stands there`.
pub fn told(coverage: &Coverage, palette: &Palette) -> String {
    let rows = rows(coverage);
    let kinds: Vec<What> = What::ALL.into_iter().filter(|kind| has(&rows, *kind)).collect();
    let width = rows.iter().map(|row| row.name.chars().count()).max().unwrap_or_default();
    let line = |name: &str, cells: Vec<String>| {
        let cells: String = cells.iter().map(|cell| format!("{cell:>10}")).collect();
        format!("{name:<width$}{cells}\n")
    };
    let heads = kinds.iter().map(|kind| kind.word().to_owned()).chain(["reached".to_owned()]);
    let mut text = styled(palette.strong, line("coverage", heads.collect()).trim_end()) + "\n";
    for row in &rows {
        text.push_str(&line(&row.name, cells(row, &kinds)));
    }
    for covered in coverage.files() {
        for spot in covered.spots.values().filter(|spot| spot.hits == 0) {
            if !text.contains("\nnot reached\n") {
                text.push_str("\nnot reached\n");
            }
            let place = styled(palette.bad, format!("{}:{}", covered.name, spot.line));
            text.push_str(&format!("  {place}  {}\n", spot.text));
        }
    }
    text
}

/// Each file, below it its workflows, and at the end all of them.
fn rows(coverage: &Coverage) -> Vec<Row<'_>> {
    let mut rows = Vec::new();
    let (mut all, mut files) = (Vec::new(), 0);
    for covered in coverage.files() {
        files += 1;
        let whole: Vec<_> = covered.spots.iter().map(|((_, _, what), spot)| (*what, spot)).collect();
        all.extend(whole.iter().copied());
        rows.push(Row { name: covered.name.to_string(), spots: whole });
        for workflow in covered.workflows() {
            let spots = covered.within(Some(workflow));
            rows.push(Row { name: format!("  {workflow}"), spots });
        }
    }
    if files > 1 {
        rows.push(Row { name: "in all".to_owned(), spots: all });
    }
    rows
}

fn has(rows: &[Row<'_>], kind: What) -> bool {
    rows.iter().any(|row| row.spots.iter().any(|(what, _)| *what == kind))
}

/// `3/4` for each kind of what there is, and the share of all.
fn cells(row: &Row<'_>, kinds: &[What]) -> Vec<String> {
    let share = |kind: &What| match shares_of(&row.spots, *kind) {
        Share { of: 0, .. } => "-".to_owned(),
        Share { reached, of } => format!("{reached}/{of}"),
    };
    let whole = Share::among(row.spots.iter().map(|(_, spot)| *spot));
    kinds.iter().map(share).chain([format!("{}%", whole.percent())]).collect()
}

fn shares_of(spots: &[(What, &Spot)], kind: What) -> Share {
    Share::among(spots.iter().filter(|(what, _)| *what == kind).map(|(_, spot)| *spot))
}

/// The same for tools, with every place that can be reached.
pub fn as_json(coverage: &Coverage) -> Json {
    let files: Vec<Json> = coverage.files().map(file_as_json).collect();
    let Share { reached, of } = coverage.share();
    json!({ "reached": reached, "of": of, "percent": coverage.share().percent(), "files": files })
}

fn file_as_json(covered: &Covered) -> Json {
    let whole: Vec<_> = covered.spots.iter().map(|((_, _, what), spot)| (*what, spot)).collect();
    let workflows = covered.workflows().into_iter().map(|workflow| {
        let spots = covered.within(Some(workflow));
        let mut told = kinds_as_json(&spots);
        told.insert("name".to_owned(), Json::from(workflow));
        Json::Object(told)
    });
    let spots = whole.iter().map(|(what, spot)| {
        json!({
            "line": spot.line,
            "column": spot.column,
            "kind": what.word(),
            "workflow": spot.workflow.as_deref(),
            "text": spot.text,
            "hits": spot.hits,
        })
    });
    let mut told = kinds_as_json(&whole);
    told.insert("file".to_owned(), Json::from(&*covered.name));
    told.insert("workflows".to_owned(), workflows.collect());
    told.insert("places".to_owned(), spots.collect());
    Json::Object(told)
}

fn kinds_as_json(spots: &[(What, &Spot)]) -> Map<String, Json> {
    let told = What::ALL.into_iter().map(|kind| {
        let Share { reached, of } = shares_of(spots, kind);
        (kind.word().to_owned(), json!({ "reached": reached, "of": of }))
    });
    told.collect()
}

/// Where it is written for editors and services: over an older one, over nothing else.
pub fn report<'p>(file: &'p Path, programs: impl IntoIterator<Item = &'p Path>) -> Output<'p> {
    Output::new(file, Kind::Other("a report")).of(programs).renews(lcov::BEGINNING)
}
