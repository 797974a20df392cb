//! Time travel: a run is opened and looked at as it stood at any of its events.

use std::sync::Arc;

use super::session::Session;
use crate::base::diagnostic::nearest;
use crate::base::id::RunId;
use crate::base::report;
use crate::base::secret::Mask;
use crate::base::span::{Source, Sources, Span};
use crate::base::time::Timestamp;
use crate::cli::exit::{Exit, Refusal, Stop};
use crate::cli::paper::{Palette, colour_on_stderr, deliver, say, styled};
use crate::cli::tree::{Tree, clock};
use crate::host::stood::{Stood, Unanswered};
use crate::lang::layout;
use crate::lang::plan::Plan;
use crate::run::cause;
use crate::run::event::Record;

/// A run: what it is a run of, and what was recorded of it.
pub type Recorded = (Arc<Plan>, Vec<Record>);

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
    session.travel = Some(found(session, id)?);
    show(session)
}

/// The run that is meant, as it ended.
fn found(session: &Session, id: &str) -> Result<Stood, Stop> {
    let own = session.past.iter().rev().find(|came| came.id.0.starts_with(id));
    let found = match own {
        Some(came) => Some((came.plan.clone(), super::session::records(came))),
        None => kept(session, id)?,
    };
    let stood = found.and_then(|(plan, records)| Stood::new(plan, records));
    let refusal = || match id.is_empty() {
        true => Refusal::new("nothing has run yet").hint("`:run NAME {json}` runs a workflow"),
        false => Refusal::new(format!("there is no run `{id}` here")).hint("`:runs` lists those that can be opened"),
    };
    Ok(stood.ok_or_else(refusal)?)
}

/// A run that is kept in the data directory.
#[cfg(feature = "sqlite")]
fn kept(session: &Session, id: &str) -> Result<Option<Recorded>, Stop> {
    super::kept::run(session, id)
}

#[cfg(not(feature = "sqlite"))]
fn kept(_: &Session, _: &str) -> Result<Option<Recorded>, Stop> {
    Ok(None)
}

/// How many runs are listed.
const LISTED_MAX: usize = 20;

/// Lists the runs that can be opened, the last one first.
///
/// # Errors
/// If those that are kept cannot be read.
pub fn runs(session: &Session) -> Result<Exit, Stop> {
    let palette = Palette::for_stdout();
    let line = |id: &RunId, began: Timestamp, workflow: &str, status: &str| {
        format!("{}  {}  {workflow}  {status}\n", styled(palette.strong, id), styled(palette.faint, clock(began, true)))
    };
    let own = session.past.iter().rev().take(LISTED_MAX).filter_map(|came| {
        let records = super::session::records(came);
        let status = came.summary.as_ref().map_or("left behind", |summary| summary.status.word());
        Some(line(&came.id, records.first()?.at, &came.plan.name, status))
    });
    let listed: String = own.collect();
    #[cfg(feature = "sqlite")]
    let listed = super::kept::runs(session, "", LISTED_MAX)?.iter().fold(listed, |listed, standing| {
        listed + line(&standing.run, standing.accepted_at, &standing.workflow, standing.status.word()).as_str()
    });
    deliver(&listed);
    Ok(Exit::Done)
}

/// The run that is open.
fn opened(session: &mut Session) -> Result<&mut Stood, Stop> {
    session
        .travel
        .as_mut()
        .ok_or_else(|| Refusal::new("no run is open").hint("`:open` opens the last one, `:open RUN` another").into())
}

/// Goes to an event; lists all of them where none is said.
///
/// # Errors
/// If no run is open, or this is no event of it.
pub fn at(session: &mut Session, event: &str) -> Result<Exit, Stop> {
    let stood = opened(session)?;
    let last = stood.events();
    if event.is_empty() {
        let listed = events(stood);
        deliver(&session.stage.covered(&listed));
        return Ok(Exit::Done);
    }
    match event.parse() {
        Ok(event) if (1..=last).contains(&event) => stood.go(event),
        _ => return Err(Refusal::new(format!("`{event}` is no event: the run has 1 to {last}")).into()),
    }
    show(session)
}

/// How many events are listed before and behind the one that is looked at.
const AROUND_MAX: usize = 50;

/// The events round the one that is looked at, a line for each.
fn events(stood: &Stood) -> String {
    let palette = Palette::for_stdout();
    let (here, all) = (stood.event(), stood.all());
    let first = here.saturating_sub(AROUND_MAX).max(1);
    let mut listed = String::new();
    for (number, (at, word, place)) in (1..).zip(all).skip(first - 1).take(2 * AROUND_MAX) {
        let (mark, style) = if number == here { (">", palette.strong) } else { (" ", palette.faint) };
        let number = styled(style, format!("{mark}{number:>5}"));
        listed.push_str(format!("{number} {}  {word} {place}", clock(at, false)).trim_end());
        listed.push('\n');
    }
    if first > 1 || first + 2 * AROUND_MAX <= stood.events() {
        listed.push_str(&styled(palette.faint, format!("of {} events; `:at EVENT` goes to one\n", stood.events())));
    }
    listed
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

/// Tells what led to how a step stood then, or in the last run, where none is open.
///
/// # Errors
/// If there is no run, or it has no such step.
pub fn why(session: &mut Session, step: &str) -> Result<Exit, Stop> {
    let stood = match &session.travel {
        Some(stood) => stood.clone(),
        None => found(session, "")?,
    };
    if step.is_empty() {
        let steps: Vec<String> =
            stood.plan().nodes.iter().filter(|node| node.unit).map(|node| format!("`{}`", node.label)).collect();
        return Err(Refusal::new("it is written `:why STEP`").hint(format!("there are {}", steps.join(", "))).into());
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
    let turns = opened(session)?.turns().into_iter();
    let turns: Vec<String> =
        turns.map(|(place, name, item)| format!("in {place}: {name} = {}", layout::value(&item))).collect();
    // What is cut is covered before.
    let turns: Vec<String> = turns.iter().map(|turn| clipped(&session.stage.covered(turn), width)).collect();
    let stood = opened(session)?;
    let (word, place) = stood.told();
    let place = if place.is_empty() { String::new() } else { format!(" {place}") };
    let head = format!("event {} of {}", stood.event(), stood.events());
    let time = styled(palette.faint, clock(stood.now(), false));
    let mut told = format!("{} {time}  {word}{place}", styled(palette.strong, head));
    turns.iter().for_each(|turn| told.push_str(&format!("\n{}", styled(palette.faint, turn))));
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
    let stood = opened(session)?.clone();
    let (then, text) = (stood.clone(), typed.text.clone());
    let Some(value) = session.stage.computed(move || then.value_of(&text, span)) else {
        return Ok(session.cancelled());
    };
    match value {
        Ok(value) => {
            session.show(Some(value));
            Ok(Exit::Done)
        }
        Err(Unanswered::Wrong(found)) => {
            say(&report::to_text(&found, &sources, colour_on_stderr()));
            Err(Stop::Said(Exit::Wrong))
        }
        Err(Unanswered::Broken(failure)) => {
            let refusal = match stood.unknown(&typed.text) {
                Some(name) => unknown(&stood, &name).hint("`:open off` goes back to the session"),
                None => Refusal::new(failure.message.to_string()),
            };
            Err(refusal.into())
        }
    }
}

/// Why a name stood for nothing, and what may be meant.
fn unknown(stood: &Stood, name: &str) -> Refusal {
    if let Some((turn, event)) = stood.item(name) {
        let refusal = Refusal::new(format!("`{name}` stands for something only in turns"));
        return refusal.hint(format!("`:at {event}` is the first event of {turn}"));
    }
    if let Some(event) = stood.comes(name) {
        let refusal = Refusal::new(format!("`{name}` has no value yet at event {}", stood.event()));
        return refusal.hint(format!("`:at {event}` is where it gets one"));
    }
    let refusal = Refusal::new(format!("nothing is called `{name}` here"));
    let names = stood.names();
    match nearest(name, names.iter().map(|name| &**name)) {
        Some(near) => refusal.hint(format!("did you mean `{near}`?")),
        None => refusal.hint(known(stood)),
    }
}

/// A line that is no wider than the terminal.
fn clipped(line: &str, width: usize) -> String {
    match line.char_indices().nth(width.saturating_sub(1)) {
        Some((end, _)) => format!("{} ...", &line[..line.floor_char_boundary(end.saturating_sub(4))]),
        None => line.to_owned(),
    }
}
