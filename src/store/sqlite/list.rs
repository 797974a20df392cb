//! Lists of runs: what a query asks becomes conditions on the tables, and what those do not hold is read off the journal.

use std::fmt;

use rusqlite::types::Value as Parameter;
use rusqlite::{Connection, params_from_iter};
use serde::de::{IgnoredAny, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::nanos;
use super::reader::{Read, STANDING, as_standing, batch};
use crate::base::limit::LIST_RUNS_READ_MAX;
use crate::base::status::Status;
use crate::base::value::Value;
use crate::run::journal::{Mark, Page, Query, Standing};

pub(super) fn runs(connection: &Connection, query: &Query) -> Read<Page> {
    let Search { sql, parameters } = Search::of(query);
    let mut statement = connection.prepare_cached(&sql)?;
    let mut found = statement.query(params_from_iter(parameters))?;
    let mut page = Page::default();
    let (mut last, mut looked_at) = (None, 0);
    while let Some(row) = found.next()? {
        let here = Mark(row.get("number")?);
        let standing = as_standing(row)?;
        if !query.input.is_empty() {
            looked_at += 1;
            if looked_at > LIST_RUNS_READ_MAX {
                page.next = last;
                break;
            }
        }
        if query.input.is_empty() || query.takes(&input(connection, &standing, here)?) {
            if page.runs.len() == query.limit {
                page.next = last;
                break;
            }
            page.runs.push(standing);
        }
        last = Some(here);
    }
    Ok(page)
}

/// What the run was accepted with, whose first batch is there.
fn input(connection: &Connection, standing: &Standing, first: Mark) -> Read<Value> {
    let row = batch(connection, &standing.run, first)?;
    let FirstInput(input) = row.open(connection)?;
    Ok(input)
}

/// The input in the first of some records.
struct FirstInput(Value);

#[derive(Deserialize)]
struct Accepted {
    event: Given,
}

#[derive(Deserialize)]
struct Given {
    input: Value,
}

impl<'de> Deserialize<'de> for FirstInput {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct First;
        impl<'de> Visitor<'de> for First {
            type Value = FirstInput;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("records that begin with an acceptance")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut records: A) -> Result<FirstInput, A::Error> {
                let first: Option<Accepted> = records.next_element()?;
                while records.next_element::<IgnoredAny>()?.is_some() {}
                first
                    .map(|first| FirstInput(first.event.input))
                    .ok_or_else(|| serde::de::Error::invalid_length(0, &self))
            }
        }
        deserializer.deserialize_seq(First)
    }
}

/// A query as SQL.
struct Search {
    sql: String,
    parameters: Vec<Parameter>,
}

impl Search {
    fn of(query: &Query) -> Self {
        // A tag is rarer than a state; runs that do not rest or have failed are rarer than all others, also those of one workflow.
        let from = match query {
            query if !query.tags.is_empty() => "run_by_tag AS tagged CROSS JOIN run ON run.number = tagged.number",
            query if query.open => "run INDEXED BY run_by_open_failure",
            query if only_open(query) => "run INDEXED BY run_open",
            query if only_failed(query) => "run INDEXED BY run_by_failure",
            _ => "run",
        };
        let mut search = Self {
            sql: format!("SELECT {STANDING}, run.number AS number FROM {from} WHERE 1"),
            parameters: Vec::new(),
        };
        for (place, tag) in query.tags.iter().enumerate() {
            match place {
                0 => search.and("tagged.tag = ?", text(tag)),
                _ => search.and("EXISTS (SELECT 1 FROM run_by_tag WHERE tag = ? AND number = run.number)", text(tag)),
            }
        }
        if let Some(workflow) = &query.workflow {
            search.and("workflow = ?", text(workflow));
        }
        if only_open(query) {
            search.sql.push_str(" AND rested_at IS NULL");
        }
        if query.open {
            search.sql.push_str(" AND failures IS NOT NULL");
        }
        if only_failed(query) {
            search.sql.push_str(" AND error IS NOT NULL");
        }
        if !query.statuses.is_empty() {
            search.sql.push_str(&format!(" AND status IN ({})", vec!["?"; query.statuses.len()].join(", ")));
            search.parameters.extend(query.statuses.iter().map(|status| text(status.word())));
        }
        if let Some(error) = &query.error {
            search.and("error = ?", text(error));
        }
        if let Some(since) = query.since {
            search.and("accepted_at >= ?", nanos(since).into());
        }
        if let Some(until) = query.until {
            search.and("accepted_at < ?", nanos(until).into());
        }
        if let Some(rested) = query.rested_before {
            search.and("rested_at < ?", nanos(rested).into());
        }
        if let Some(parent) = &query.parent {
            search.and("parent = ?", text(&parent.0));
        }
        if query.roots {
            search.sql.push_str(
                " AND (parent IS NULL OR NOT EXISTS (SELECT 1 FROM run AS other WHERE other.id = run.parent))",
            );
        }
        if let Some(before) = query.before {
            search.and("run.number < ?", i64::try_from(before.0).unwrap_or(i64::MAX).into());
        }
        search.sql.push_str(if query.tags.is_empty() {
            " ORDER BY run.number DESC"
        } else {
            " ORDER BY tagged.number DESC"
        });
        // One more than is asked for: whether there are more. What the input says of them is not known here.
        if query.input.is_empty() {
            search.sql.push_str(" LIMIT ?");
            search.parameters.push(i64::try_from(query.limit).unwrap_or(i64::MAX).saturating_add(1).into());
        }
        search
    }

    fn and(&mut self, condition: &str, parameter: Parameter) {
        self.sql.push_str(" AND ");
        self.sql.push_str(condition);
        self.parameters.push(parameter);
    }
}

fn only_open(query: &Query) -> bool {
    !query.statuses.is_empty() && query.statuses.iter().all(|status| !status.is_at_rest())
}

fn only_failed(query: &Query) -> bool {
    query.error.is_some() || !query.statuses.is_empty() && query.statuses.iter().all(|status| *status == Status::Failed)
}

fn text(text: &str) -> Parameter {
    Parameter::Text(text.to_owned())
}
