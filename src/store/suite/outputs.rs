//! Outputs piece by piece, and journals without what is large in them.

use futures_util::TryStreamExt as _;

use super::{Opening, Verdict, Writing, moment, must};
use crate::base::id::RunId;
use crate::base::value::Value;
use crate::lang::plan::NodeId;
use crate::run::event::{Event, Outcome, Record, UnitId};
use crate::run::journal::{Broken, Journal, Pieces};

pub(super) async fn hold(open: Opening<'_>) -> Verdict {
    let mut run = Writing::new("suite-outputs", "outputs");
    let store = open();
    run.append(&*store, 1);
    for value in values() {
        let unit = UnitId { index: 1, serial: 1 };
        let completed = || Outcome::Completed { output: value.clone() };
        for event in [
            Event::Computed { unit, node: NodeId(1), value: value.clone() },
            Event::Ended { unit, outcome: completed() },
            Event::Ended { unit, outcome: Outcome::Skipped { output: value.clone(), failure: None } },
            Event::Signalled { name: "no output".into(), payload: value.clone() },
            Event::Decided { outcome: completed() },
            Event::Decided { outcome: Outcome::Cancelled },
        ] {
            let mut batch = run.batch(2);
            let record = Record { at: moment(run.records.len() as i64), event };
            batch.records[1] = record.clone();
            run.records.pop();
            run.records.push(record);
            run.last = store.append(vec![batch]);
        }
    }
    store.synced(run.last).await?;
    drop(store);
    let store = open();
    Ok(says_each_output(&*store, &run).await?.and(leaves_out_only_values(&*store, &run).await?))
}

/// Small and large ones, with large parts in large parts.
fn values() -> [Value; 5] {
    let text = |letter: &str, count: usize| Value::from(letter.repeat(count).as_str());
    let tagged = Value::map([("$flow", text("ö", 30_000)), ("content", Value::Null)]);
    let rows =
        |count| Value::list((0..count).map(|row| Value::map([("row", Value::Int(row)), ("text", text("y", 20_000))])));
    [
        Value::Unit,
        Value::Int(7),
        text("a \"quoted\" \\ text ", 100_000),
        Value::map([("tagged", tagged), ("numbers", Value::list((0..100_000).map(Value::Int)))]),
        Value::list([
            rows(60),
            Value::list([rows(3), Value::Set(std::sync::Arc::new([rows(2)].into_iter().collect()))]),
        ]),
    ]
}

async fn says_each_output(store: &dyn Journal, run: &Writing) -> Verdict {
    let id = &run.standing.run;
    for (number, record) in (0..).zip(&run.records) {
        let said = match store.output(id, number).await? {
            Some(pieces) => Some(whole(pieces).await?),
            None => None,
        };
        if said.as_ref() != record.event.output() {
            return Ok(must(false, "an output is read piece by piece as it was written, by the number of its record"));
        }
    }
    let beyond = store.output(id, run.records.len() as u64).await?.is_none();
    let nobody = store.output(&RunId("suite-nobody".into()), 0).await?.is_none();
    Ok(must(beyond && nobody, "beyond the last record there is no output"))
}

async fn whole(pieces: Pieces) -> Result<Value, Broken> {
    let json = pieces.try_concat().await?;
    serde_json::from_slice(&json).map_err(|error| Broken(error.to_string().into()))
}

async fn leaves_out_only_values(store: &dyn Journal, run: &Writing) -> Verdict {
    let outline = store.outline(&run.standing.run).await?;
    let whole = store.history(&run.standing.run, 0).await?;
    let same = |one: &Record, other: &Record| {
        one.at == other.at
            && std::mem::discriminant(&one.event) == std::mem::discriminant(&other.event)
            && one.event.unit() == other.event.unit()
    };
    let all = outline.records.len() == whole.records.len()
        && outline.records.iter().zip(&whole.records).all(|(one, other)| same(one, other));
    let small = outline.records.iter().zip(&whole.records).all(|(one, other)| match other.event.output() {
        Some(output) if output.weight() < 1_000 => one == other,
        _ => true,
    });
    Ok(must(
        all && small && (outline.accepted, outline.last) == (whole.accepted, whole.last),
        "an outline says what happened as the history does; only large values may not be in it",
    ))
}
