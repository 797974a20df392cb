//! What a step with the clause `secret` gives: kept out of sight from the first record on that says it.

use super::{Answer, Begin, Decision, Event, Outcome, Then};
use crate::base::secret::Secrets;
use crate::base::shape::Shape;
use crate::base::value::Value;

impl Event {
    /// The secrets that come into the run with it: from outside, or with its first values.
    pub fn secrets(&self) -> Secrets {
        match self {
            Self::Accepted(accepted) => accepted.input.secrets(),
            Self::Gathered(gathered) => gathered.input.secrets(),
            Self::Started { state } => state.secrets(),
            Self::Set { vars, .. } => vars.secrets(),
            Self::Answered { answer: Answer::Done { value, .. }, .. } => value.secrets(),
            Self::Assigned { value, .. } | Self::Computed { value, .. } => value.secrets(),
            Self::Signalled { payload, .. } | Self::Arrived { payload, .. } => payload.secrets(),
            Self::Began { begin: Begin::Act { params, auth, .. }, .. } => {
                let mut secrets = params.secrets();
                secrets.join(&auth.secrets());
                secrets
            }
            _ => Secrets::default(),
        }
    }

    /// The same, with what it gives hidden.
    #[must_use]
    pub fn hidden(mut self) -> Self {
        match &mut self {
            Self::Answered { answer: Answer::Done { value, next, .. }, .. } => {
                hide(value);
                hide(next);
            }
            Self::Ended { outcome, .. }
            | Self::Closing { then: Then::End { outcome } | Then::Discard { outcome }, .. } => {
                if let Outcome::Completed { output } | Outcome::Skipped { output, .. } = outcome {
                    hide(output);
                }
            }
            Self::Computed { value, .. } | Self::Unparked { decision: Decision::Skip { value }, .. } => hide(value),
            _ => {}
        }
        self
    }

    /// The same, with that hidden of what is answered which the type of the step calls `secret`.
    #[must_use]
    pub fn hidden_as(mut self, shape: &Shape) -> Self {
        if let Self::Answered { answer: Answer::Done { value, .. }, .. } = &mut self {
            *value = shape.hide(std::mem::take(value));
        }
        self
    }
}

fn hide(value: &mut Value) {
    *value = std::mem::take(value).hidden();
}
