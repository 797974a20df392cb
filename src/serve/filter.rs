//! Which runs a list is to hold, as the query of a request says it.

use std::fmt::Display;
use std::str::FromStr;
use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use utoipa::IntoParams;

use super::problem::Problem;
use crate::base::diagnostic::nearest;
use crate::base::limit::PAGE_ITEMS_MAX;
use crate::base::status::Status;
use crate::base::time::Timestamp;
use crate::run::journal::{Field, Mark, Query};

/// How many items a page has where nothing is said.
const PAGE_ITEMS: usize = 100;

/// What may be asked for, beside `input.PATH`.
const NAMES: [&str; 8] = ["workflow", "status", "error", "tag", "since", "until", "limit", "cursor"];

/// How a wish for a value in the input begins.
const INPUT: &str = "input.";

/// Which runs are wanted. What is absent is no condition.
#[derive(Default, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Wanted {
    /// Of this workflow.
    pub workflow: Option<Arc<str>>,
    /// In this state; may be given several times.
    #[param(rename = "status", value_type = Option<String>, example = "failed")]
    statuses: Vec<Status>,
    /// Failed with an error of this type.
    error: Option<Arc<str>>,
    /// With this tag; may be given several times, and all must be there.
    #[param(rename = "tag", value_type = Option<String>)]
    tags: Vec<Arc<str>>,
    /// Accepted then or later.
    #[param(value_type = Option<String>, format = DateTime)]
    since: Option<Timestamp>,
    /// Accepted before then.
    #[param(value_type = Option<String>, format = DateTime)]
    until: Option<Timestamp>,
    /// So many at most.
    #[param(minimum = 1, maximum = 1000, default = 100)]
    limit: Option<usize>,
    /// From where the page before ended: its `next_cursor`.
    cursor: Option<String>,
    #[param(ignore)]
    input: Vec<Field>,
}

impl Wanted {
    /// What a query says.
    ///
    /// # Errors
    /// A problem, if it says something that nobody understands.
    pub(super) fn read(asked: Vec<(String, String)>) -> Result<Self, Problem> {
        let mut wanted = Self::default();
        for (name, value) in asked {
            match &*name {
                "workflow" => wanted.workflow = Some(value.into()),
                "status" => wanted.statuses.push(status(&value)?),
                "error" => wanted.error = Some(value.into()),
                "tag" => wanted.tags.push(value.into()),
                "since" => wanted.since = Some(parsed(&name, &value)?),
                "until" => wanted.until = Some(parsed(&name, &value)?),
                "limit" => wanted.limit = Some(parsed(&name, &value)?),
                "cursor" => wanted.cursor = Some(value),
                other => match other.strip_prefix(INPUT) {
                    Some(path) => wanted.input.push(Field { path: path.into(), is: value.into() }),
                    None => return Err(unknown(other)),
                },
            }
        }
        Ok(wanted)
    }

    /// The same, as the journal is asked.
    ///
    /// # Errors
    /// A problem, if the page or the cursor is none.
    pub(super) fn query(self) -> Result<Query, Problem> {
        let Self { workflow, statuses, error, tags, since, until, limit, cursor, input } = self;
        let before = cursor.as_deref().map(opened).transpose()?;
        let limit = page(limit, PAGE_ITEMS)?;
        Ok(Query { workflow, statuses, error, tags, input, since, until, before, limit, ..Query::default() })
    }
}

/// How many items a page is to have.
///
/// # Errors
/// A problem, if that is nothing or too much.
pub(super) fn page(limit: Option<usize>, usual: usize) -> Result<usize, Problem> {
    match limit.unwrap_or(usual) {
        limit @ 1..=PAGE_ITEMS_MAX => Ok(limit),
        limit => Err(Problem::bad_request(format!("`limit` is {limit}; it must be from 1 to {PAGE_ITEMS_MAX}"))),
    }
}

/// Where a page ended, for whoever wants the next one.
pub(super) fn cursor(mark: Mark) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(mark.0.to_string())
}

pub(super) fn opened(cursor: &str) -> Result<Mark, Problem> {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(cursor).ok();
    let mark = bytes.and_then(|bytes| String::from_utf8(bytes).ok()?.parse().ok());
    mark.map(Mark).ok_or_else(|| {
        Problem::bad_request("`cursor` is none of this server: take it from `next_cursor` of the page before")
    })
}

fn status(word: &str) -> Result<Status, Problem> {
    word.parse().map_err(|wrong| {
        let near = nearest(word, Status::ALL.iter().map(|status| status.word()));
        let near = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
        Problem::bad_request(format!("{wrong}{near}"))
    })
}

fn parsed<T: FromStr<Err: Display>>(name: &str, value: &str) -> Result<T, Problem> {
    value.parse().map_err(|wrong| Problem::bad_request(format!("`{name}` is `{value}`: {wrong}")))
}

fn unknown(name: &str) -> Problem {
    let near = nearest(name, NAMES).map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
    Problem::bad_request(format!(
        "nothing can be asked for by `{name}`{near} (known are: {} input.PATH)",
        NAMES.join(" ")
    ))
}
