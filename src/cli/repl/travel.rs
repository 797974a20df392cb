//! Time travel: a run is opened and looked at as it stood at any of its events.

use std::sync::Arc;

use super::session::Session;
use crate::base::diagnostic::nearest;
use crate::base::report;
use crate::base::secret::Mask;
use crate::base::span::{Source, Sources, Span};
use crate::cli::exit::{Exit, Refusal, Stop};
use crate::cli::paper::{Palette, colour_on_stderr, deliver, say, styled};
use crate::cli::tree::{Tree, clock};
use crate::host::stood::{Stood, Unanswered};
use crate::lang::plan::Plan;
use crate::run::cause;
use crate::run::event::Record;
#[cfg(feature = "sqlite")]
use crate::run::journal::Journal;

/// A run: what it is a run of, and what was recorded of it.
type Recorded = (Arc<Plan>, Vec<Record>);

/// Opens a run of the session by its id or how that begins, the last one where nothing is said; where there is none, one that is kept in
/// the data directory of the session.
///
/// # Errors
/// If there is no such run.
pub fn open(session: &mut Session, id: &str) -> Result<Exit, Stop> {
    if id == "off" {
        session.travel = None;
        return Ok(Exit::Done);
    }
    let own = session.past.iter().rev().find(|came| came.id.0.starts_with(id));
    let found = match own {
        Some(came) => Some((came.plan.clone(), super::session::records(came))),
        None => kept(session, id)?,
    };
    let stood = found.and_then(|(plan, records)| Stood::new(plan, records));
    let stood = stood.ok_or_else(|| match session.past.is_empty() && id.is_empty() {
        true => Refusal::new("nothing has run yet").hint("`:run NAME {json}` runs a workflow"),
        false => Refusal::new(format!("there is no run `{id}` here")).hint("`:open` alone opens the last one"),
    })?;
    session.travel = Some(stood);
    show(session)
}

/// A run that is kept in the data directory.
#[cfg(feature = "sqlite")]
fn kept(session: &Session, id: &str) -> Result<Option<Recorded>, Stop> {
    let Some(data) = session.data.as_ref().filter(|_| !id.is_empty()) else { return Ok(None) };
    let store = crate::cli::data::take_or_look(data)?;
    let read = |journal: &dyn Journal| {
        let run = crate::base::id::RunId(id.into());
        let history = session.stage.wait(journal.history(&run, 0));
        let records = history.map_err(|error| Refusal::new(error.to_string()))?.records;
        let digest = records.iter().rev().find_map(|record| record.event.plan());
        let Some(digest) = digest else { return Ok(None) };
        let plan = session.stage.wait(journal.plan(digest)).map_err(|error| Refusal::new(error.to_string()))?;
        Ok::<_, Stop>(plan.map(|plan| (Arc::new(plan), records)))
    };
    read(&store)
}

#[cfg(not(feature = "sqlite"))]
fn kept(session: &Session, _: &str) -> Result<Option<Recorded>, Stop> {
    debug_assert!(session.data.is_none(), "without a store there is nothing to open");
    Ok(None)
}

/// The run that is open.
fn opened(session: &mut Session) -> Result<&mut Stood, Stop> {
    session
        .travel
        .as_mut()
        .ok_or_else(|| Refusal::new("no run is open").hint("`:open` opens the last one, `:open RUN` another").into())
}

/// Goes to an event.
///
/// # Errors
/// If no run is open, or this is no event of it.
pub fn at(session: &mut Session, event: &str) -> Result<Exit, Stop> {
    let stood = opened(session)?;
    let last = stood.events();
    match event.parse() {
        Ok(event) if (1..=last).contains(&event) => stood.go(event),
        _ => return Err(Refusal::new(format!("`{event}` is no event: the run has 1 to {last}")).into()),
    }
    show(session)
}

/// Goes so many events on, or back.
///
/// # Errors
/// If no run is open.
pub fn step(session: &mut Session, count: &str, back: bool) -> Result<Exit, Stop> {
    let stood = opened(session)?;
    let count: usize = match count {
        "" => 1,
        count => count.parse().map_err(|_| Refusal::new(format!("`{count}` is no number of events")))?,
    };
    let here = stood.event();
    stood.go(if back { here.saturating_sub(count) } else { here.saturating_add(count) });
    show(session)
}

/// Tells what led to how a step stood then.
///
/// # Errors
/// If no run is open, or it has no such step.
pub fn why(session: &mut Session, step: &str) -> Result<Exit, Stop> {
    if session.travel.is_none() {
        open(session, "")?;
    }
    let stood = opened(session)?;
    if step.is_empty() {
        return Err(Refusal::new("it is written `:why STEP`").hint(known(stood)).into());
    }
    let account =
        cause::account(stood.plan(), stood.records(), step).map_err(|error| Refusal::new(error.to_string()))?;
    let palette = Palette::for_stdout();
    let mut told = format!("{}  {}\n", styled(palette.strong, &account.place), account.status);
    for cause in &account.causes {
        let event = styled(palette.faint, format!("{:>6}", cause.event));
        told.push_str(&format!("{event} {}  {}\n", clock(cause.at, false), cause.text));
    }
    account.waits.iter().for_each(|wait| told.push_str(&format!("  waits: {wait}\n")));
    deliver(&session.stage.covered(&told));
    Ok(Exit::Done)
}

/// Which names there are.
fn known(stood: &Stood) -> String {
    let names: Vec<String> = stood.names().iter().map(|name| format!("`{name}`")).collect();
    if names.is_empty() { "nothing has a value yet".to_owned() } else { format!("there are {}", names.join(", ")) }
}

/// Says at which event the run is looked at, and how it stood.
fn show(session: &mut Session) -> Result<Exit, Stop> {
    let palette = Palette::for_stdout();
    let width = session.width();
    let stood = opened(session)?;
    let (word, place) = stood.told();
    let place = if place.is_empty() { String::new() } else { format!(" {place}") };
    let head = format!("event {} of {}", stood.event(), stood.events());
    let time = styled(palette.faint, clock(stood.now(), false));
    let mut told = format!("{} {time}  {word}{place}", styled(palette.strong, head));
    let mut tree = Tree::new(stood.plan().clone(), Mask::default());
    stood.records().iter().for_each(|record| drop(tree.fold(record)));
    for line in tree.lines(stood.now()) {
        told.push_str(&format!("\n{}", line.paint(stood.now(), &palette, width)));
    }
    deliver(&session.stage.covered(&told));
    Ok(Exit::Done)
}

/// Answers an expression as the run stood.
///
/// # Errors
/// What is wrong with it, or why it gives nothing.
pub fn answer(session: &mut Session, typed: &Source) -> Result<Exit, Stop> {
    let mut sources = Sources::default();
    let span = Span::new(sources.add(typed.clone()), 0..typed.text.len());
    let stood = opened(session)?;
    match stood.value_of(&typed.text, span) {
        Ok(value) => {
            session.show(Some(value));
            Ok(Exit::Done)
        }
        Err(Unanswered::Wrong(found)) => {
            say(&report::to_text(&found, &sources, colour_on_stderr()));
            Err(Stop::Said(Exit::Wrong))
        }
        Err(Unanswered::Broken(failure)) => {
            let hint = known(stood);
            let near = nearest(typed.text.trim(), stood.names().iter().map(|name| &**name)).map(str::to_owned);
            let hint = near.map_or(hint, |near| format!("did you mean `{near}`?"));
            let refusal = Refusal::new(failure.message.to_string()).hint(hint);
            Err(refusal.hint("`:open off` goes back to the session").into())
        }
    }
}
