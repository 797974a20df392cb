//! Outputs piece by piece: found in the journal without what is large in it, and read where they lie.

use std::sync::Arc;

use futures_util::StreamExt as _;

use super::Driver;
use crate::base::id::RunId;
use crate::base::plain::Plain;
use crate::lang::plan::Plan;
use crate::run::cause::NoSuchStep;
use crate::run::event::{Event, Record};
use crate::run::journal::{Broken, Journal, Pieces};
use crate::run::timeline;

/// Why there is no output.
#[derive(Clone, Debug, thiserror::Error)]
pub enum NoOutput {
    /// There is no such step.
    #[error("{0}")]
    Step(#[from] NoSuchStep),
    /// It has none, or none yet.
    #[error("{what} has no output: it is {status}")]
    None {
        /// What was asked for.
        what: String,
        /// How that stands.
        status: &'static str,
    },
    /// The journal cannot be read.
    #[error("{0}")]
    Store(#[from] Broken),
}

/// The output of a step or of a run, in the journal.
#[derive(Clone)]
pub struct Output {
    journal: Arc<dyn Journal>,
    run: RunId,
    /// The number of the record that says it.
    number: u64,
}

impl Output {
    /// The output as JSON, as people and other programs are shown it, piece by piece.
    ///
    /// # Errors
    /// If the journal cannot be read.
    pub async fn pieces(&self) -> Result<Pieces, Broken> {
        let gone = || Broken(format!("the run `{}` is not there any more", self.run).into());
        let stored = self.journal.output(&self.run, self.number).await?.ok_or_else(gone)?;
        let plain = stored
            .scan(Plain::default(), |plain, piece| std::future::ready(Some(piece.map(|piece| plain.take(&piece)))));
        Ok(plain.boxed())
    }
}

impl Driver {
    /// The output of a step, by its place, or its name: then of the place of this name that was opened last; that of the run
    /// where no step is named.
    ///
    /// # Errors
    /// If there is no such step, or it has no output, or the journal cannot be read.
    pub async fn output(&self, run: &RunId, step: Option<&str>) -> Result<Output, NoOutput> {
        let nothing = || NoOutput::Store(Broken(format!("there is no run `{run}`").into()));
        let journal = self.inner.world.journal.clone().ok_or_else(nothing)?;
        let records = journal.outline(run).await?.records;
        let folded = self.inner.fold(&*journal, run, &records).await?.ok_or_else(nothing)?;
        let number = match step {
            Some(step) => of_step(&folded.plan, &folded.records, step)?,
            None => match of_run(&folded.records) {
                Some(number) => number,
                None => {
                    let status = journal.standing(run).await?.map_or("gone", |standing| standing.status.word());
                    return Err(NoOutput::None { what: format!("the run `{run}`"), status });
                }
            },
        };
        Ok(Output { journal, run: run.clone(), number })
    }
}

/// The record that says the output of a step.
fn of_step(plan: &Plan, records: &[Record], wanted: &str) -> Result<u64, NoOutput> {
    let steps = timeline::steps(plan, records);
    let by_place = steps.iter().rev().find(|step| step.place == wanted);
    let by_name = || steps.iter().rev().find(|step| step.name.as_deref() == Some(wanted));
    let step = by_place.or_else(by_name).ok_or_else(|| NoSuchStep::of(plan, wanted))?;
    let says = step.ended_with.filter(|number| says_output(records, *number));
    says.ok_or_else(|| NoOutput::None { what: format!("the step `{wanted}`"), status: step.status })
}

/// The record that says the output of the run: that of its last end, if it has not gone on since.
fn of_run(records: &[Record]) -> Option<u64> {
    let ends = |record: &Record| matches!(record.event, Event::Decided { .. } | Event::Rewound(_));
    let last = records.iter().rposition(ends)? as u64;
    says_output(records, last).then_some(last)
}

fn says_output(records: &[Record], number: u64) -> bool {
    let record = usize::try_from(number).ok().and_then(|number| records.get(number));
    record.is_some_and(|record| record.event.output().is_some())
}
