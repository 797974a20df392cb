//! `paginate`: results that come in pages. A stream asks for one page at a time; otherwise all are collected.

use std::sync::Arc;

use reqwest::Url;

use super::client::{Answer, Bounds, Broken};
use super::declared::ready;
use super::draft::{Parts, address};
use super::exchange::{Exchange, Manner};
use super::link;
use super::scope::Scope;
use super::template::library;
use crate::base::failure::{Failure, Kind};
use crate::base::limit::PAGES_MAX;
use crate::base::value::{Map, Value};
use crate::connect::registry::Call;
use crate::lang::plan::connector::{PageKind, Paginate, Request};

/// How many of the last cursors are remembered: a far side that repeats itself does so at once or in a short circle.
const CURSORS_REMEMBERED: usize = 32;

/// Where a series of pages stands. As a value it is what a stream's next page is asked with.
#[derive(Clone, Debug, Default, PartialEq)]
struct Position {
    /// The cursor, number, count or address of the next page; `()` before the first.
    at: Value,
    /// How many pages came before.
    pages: u64,
    /// How many items came before.
    items: u64,
    /// The last cursors, so that a circle is noticed.
    seen: Vec<Value>,
}

impl Position {
    fn from_value(value: &Value) -> Self {
        let field = |name: &str| value.get(name).cloned().unwrap_or_default();
        let count = |name| field(name).as_int().and_then(|count| u64::try_from(count).ok()).unwrap_or_default();
        let (pages, items) = (count("pages"), count("items"));
        Self { at: field("at"), pages, items, seen: field("seen").as_list().unwrap_or_default().to_vec() }
    }

    fn to_value(&self) -> Value {
        Value::map([
            ("at", self.at.clone()),
            ("pages", Value::Int(i64::try_from(self.pages).unwrap_or(i64::MAX))),
            ("items", Value::Int(i64::try_from(self.items).unwrap_or(i64::MAX))),
            ("seen", Value::list(self.seen.iter().cloned())),
        ])
    }
}

/// Carries out one attempt: one page of a stream, or all pages.
pub async fn perform(
    call: &Call,
    request: &Request,
    paginate: &Paginate,
    bounds: Bounds,
) -> Result<(Value, Value), Broken> {
    let (parts, exchange, manner) = ready(call, request, bounds).map_err(Broken::definite)?;
    let series = Series { call, paginate, exchange, manner, parts };
    if call.act.streamed {
        let page = series.page(Position::from_value(&call.act.page)).await?;
        return Ok((Value::list(page.items), page.next.map_or(Value::Unit, |next| next.to_value())));
    }
    let (mut all, mut position) = (Vec::new(), Position::default());
    loop {
        let pages = position.pages;
        let page = series.page(position).await.map_err(|broken| series.unended(broken, pages))?;
        all.extend(page.items);
        match page.next {
            Some(next) => position = next,
            None if paginate.whole => {
                let whole = [("items", Value::list(all)), ("response", page.response)];
                return Ok((Value::map(whole), Value::Unit));
            }
            None => return Ok((Value::list(all), Value::Unit)),
        }
    }
}

struct Series<'a> {
    call: &'a Call,
    paginate: &'a Paginate,
    exchange: Exchange<'a>,
    manner: Manner,
    parts: Parts,
}

/// What one page brought.
struct Page {
    items: Vec<Value>,
    /// Where the next one is.
    next: Option<Position>,
    /// The whole answer.
    response: Value,
}

impl Series<'_> {
    /// The items of the page at `position`, and where the next one is.
    async fn page(&self, position: Position) -> Result<Page, Broken> {
        if position.pages >= PAGES_MAX {
            return Err(Broken::definite(Failure::new(
                Kind::LimitExceeded,
                format!("more than {PAGES_MAX} pages: say how many are wanted with `max` in `paginate`"),
            )));
        }
        let wanted = self.wanted(&position).map_err(Broken::definite)?;
        let (parts, trusted) = self.request(&position).map_err(Broken::definite)?;
        let (answer, response) = self.exchange.send(&parts, Manner { trusted, ..self.manner }).await?;
        let connector = &*self.call.connector.connector;
        let (library, scope) = (library(connector), Scope::with(self.call, &response));
        let items = self.paginate.items.evaluate(library, &scope).map_err(Broken::unknown)?;
        let mut items = match items {
            Value::List(items) => Arc::unwrap_or_clone(items),
            Value::Unit => Vec::new(),
            other => {
                let message = format!("`items` of a page must be a list, is of type {}", other.type_name());
                return Err(Broken::unknown(Failure::new(Kind::ValidationError, message)));
            }
        };
        // A last page often lacks the field that names the next one.
        let stated = self.paginate.next.as_ref().map(|next| next.evaluate(library, &scope).unwrap_or_default());
        let next = self.next(&position, items.len(), stated, &answer, &scope).map_err(Broken::unknown)?;
        let Some(wanted) = wanted else { return Ok(Page { items, next, response }) };
        let enough = items.len() >= wanted;
        items.truncate(wanted);
        Ok(Page { items, next: next.filter(|_| !enough), response })
    }

    /// How many items are wanted still; `None` where all of them are.
    fn wanted(&self, position: &Position) -> Result<Option<usize>, Failure> {
        let Some(limit) = &self.paginate.limit else { return Ok(None) };
        let library = library(&self.call.connector.connector);
        match limit.evaluate(library, &Scope::new(self.call))? {
            Value::Unit => Ok(None),
            Value::Int(count) if count > 0 => {
                let wanted = u64::try_from(count).unwrap_or_default().saturating_sub(position.items);
                Ok(Some(usize::try_from(wanted).unwrap_or(usize::MAX)))
            }
            other => {
                let message = format!("`limit` of a list is how many are wanted, 1 or more, and is {other}");
                Err(Failure::new(Kind::ValidationError, message))
            }
        }
    }

    /// What is said where the time of all pages together ran out: the one that was asked for last is not to blame.
    fn unended(&self, mut broken: Broken, pages: u64) -> Broken {
        if broken.failure.kind == Kind::Timeout && broken.failure.status.is_none() && pages > 0 {
            let operation = self.call.act.operation.signature.full_name();
            broken.failure.message = format!(
                "{operation}: {pages} pages came, and the time was up before the last one: allow more by `timeout`, say how \
                 many are wanted by `max` in `paginate`, or take one at a time by `for ... from {operation}`"
            )
            .into();
        }
        broken
    }

    /// The request for the page at `position`, and whether it goes to the origin that the connector trusts.
    fn request(&self, position: &Position) -> Result<(Parts, bool), Failure> {
        let mut parts = self.parts.clone();
        if self.paginate.kind == PageKind::Link {
            let Some(link) = position.at.as_text() else { return Ok((parts, self.manner.trusted)) };
            let (own, link) = (address(&parts.url)?, address(link)?);
            let trusted = self.manner.trusted && self.exchange.reaches(&own, &link);
            parts.url = link.into();
            parts.query = Map::new();
            return Ok((parts, trusted));
        }
        let at = match (&position.at, self.paginate.kind) {
            (Value::Unit, PageKind::Page) => self.first_number(1),
            (Value::Unit, PageKind::Offset) => self.first_number(0),
            (at, _) => at.clone(),
        };
        if let Some((place, name)) = &self.paginate.send
            && !at.is_unit()
        {
            match &**place {
                "body" | "form" => {
                    let body = if &**place == "body" { &mut parts.body } else { &mut parts.form };
                    let mut fields = body.as_map().cloned().unwrap_or_default();
                    fields.insert(name.clone(), at);
                    *body = fields.into();
                }
                "headers" => {
                    parts.headers.insert(name.clone(), at);
                }
                _ => {
                    parts.query.insert(name.clone(), at);
                }
            }
        }
        Ok((parts, self.manner.trusted))
    }

    /// The number of the first page: what the request itself says, or `default`.
    fn first_number(&self, default: i64) -> Value {
        let written = self.paginate.send.as_ref().and_then(|(place, name)| match &**place {
            "body" => self.parts.body.get(name).cloned(),
            _ => self.parts.query.get(name).cloned(),
        });
        written.filter(|value| value.as_int().is_some()).unwrap_or(Value::Int(default))
    }

    fn next(
        &self,
        position: &Position,
        count: usize,
        stated: Option<Value>,
        answer: &Answer,
        scope: &Scope<'_>,
    ) -> Result<Option<Position>, Failure> {
        let library = library(&self.call.connector.connector);
        let counted = |start: i64, step: i64| -> Result<Option<Value>, Failure> {
            // `next`, where it is written, may say that there is none.
            if stated.as_ref().is_some_and(says_no) {
                return Ok(None);
            }
            let size = match &self.paginate.size {
                Some(size) => size.evaluate(library, scope)?.as_int().and_then(|size| usize::try_from(size).ok()),
                None => None,
            };
            let current = position.at.as_int().or_else(|| self.first_number(start).as_int()).unwrap_or(start);
            let more = count > 0 && size.is_none_or(|size| count >= size);
            Ok(more.then(|| Value::Int(current.saturating_add(step))))
        };
        let at = match self.paginate.kind {
            PageKind::Cursor => stated.filter(|value| !says_no(value)),
            PageKind::Page => counted(1, 1)?,
            PageKind::Offset => counted(0, i64::try_from(count).unwrap_or(i64::MAX))?,
            PageKind::Link => {
                let link = match stated {
                    Some(stated) => (!says_no(&stated)).then(|| stated.to_string()),
                    None => link::next(&answer.headers),
                };
                match link {
                    Some(link) => Some(joined(&answer.url, &link)?.to_string().into()),
                    None => None,
                }
            }
        };
        let pages = position.pages + 1;
        let wanted = self.paginate.max.is_none_or(|max| pages < max);
        Ok(at.filter(|at| wanted && *at != position.at && !position.seen.contains(at)).map(|at| {
            let mut seen = position.seen.clone();
            seen.push(position.at.clone());
            let surplus = seen.len().saturating_sub(CURSORS_REMEMBERED);
            seen.drain(..surplus);
            Position { at, pages, items: position.items.saturating_add(count as u64), seen }
        }))
    }
}

fn says_no(value: &Value) -> bool {
    matches!(value, Value::Unit | Value::Null | Value::Bool(false)) || value.as_text() == Some("")
}

fn joined(base: &Url, link: &str) -> Result<Url, Failure> {
    base.join(link).map_err(|_| Failure::new(Kind::ValidationError, "the address of the next page is no address"))
}
