//! Whether a run that goes on in part, or a fork, may do so under a newer plan (semantics 73, 76).

use std::sync::Arc;

use super::{Preview, Refusal, folded};
use crate::base::time::Timestamp;
use crate::run::event::{Event, Record, Rewinding};
use crate::run::upgrade::{Traces, Transition, Verdict, verdict};

/// The same under the newer plan of `transition`, if there is anything in it that is still to come: what is done again may have
/// been changed there as if it had never been done.
///
/// # Errors
/// If the run may not go on under it.
pub fn onto(
    transition: &Transition,
    records: &[Record],
    now: Timestamp,
    (preview, rewinding): (Preview, Rewinding),
) -> Result<(Preview, Rewinding), Refusal> {
    let mut records = records.to_vec();
    records.push(Record { at: now, event: Event::Rewound(Arc::new(rewinding.clone())) });
    let fold = folded(&transition.old, &records)?;
    let traces = Traces::of(fold.counted().iter().copied());
    let plan = match verdict(transition, fold.run(), &traces) {
        Verdict::Unaffected => None,
        Verdict::Moves { .. } => Some(transition.new.digest),
        Verdict::Stays(stay) => return Err(Refusal::Stays(stay)),
    };
    Ok((Preview { plan, ..preview }, Rewinding { plan, ..rewinding }))
}
