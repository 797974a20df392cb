//! Whether what came of an example is what it says.

use super::{Of, Piece, Played, difference};
use crate::base::failure::{Failure, Kind};
use crate::base::shape::Shape;
use crate::base::value::Value;
use crate::host::rehearse::TestFailure;
use crate::host::settings::SETTING_STAND_IN;
use crate::lang::catalog::Effect;
use crate::lang::layout;
use crate::lang::plan::connector::STATUS_DEFAULT;

/// How long a result may be that is offered to be typed.
const OFFERED_CHARS_MAX: usize = 600;

impl Piece {
    /// In what `played` is not what the example says; nothing where it is true.
    pub fn faults(&self, played: &Played) -> Vec<TestFailure> {
        let name = self.name();
        let fault = match (&self.example.fails, &played.outcome.result) {
            (None, Ok(came)) => self.other(came).or_else(|| self.uneven(played)),
            (None, Err(failure)) => Some((format!("`{name}` fails"), self.failing(failure, played))),
            (Some(kind), Err(failure)) if failure.kind == *kind || self.seen(failure, played) == *kind => {
                self.uneven(played)
            }
            (Some(kind), Err(failure)) => {
                Some((format!("`{name}` does not fail with `{kind}`"), self.failing(failure, played)))
            }
            (Some(kind), Ok(came)) => {
                let finds = format!("or let the connector find the failure: `fail {kind} when response. ...`");
                let lines = [self.offer_result(came), Some(finds)].into_iter().flatten().collect();
                Some((format!("`{name}` does not fail: the example says `{kind}`"), lines))
            }
        };
        let failure = fault.map(|(message, mut details)| {
            details.extend(played.asked.iter().map(|sent| format!("asked: {}", without_host(&sent.summary))));
            TestFailure { span: self.span(), message, details }
        });
        failure.into_iter().collect()
    }

    /// Where the result is not that of the example.
    fn other(&self, came: &Value) -> Option<(String, Vec<String>)> {
        let (said, came) = (self.said(), plain(came));
        let mut lines = difference::between(&said, &came, &self.shape());
        if lines.is_empty() {
            return None;
        }
        lines.extend(self.offer_result(&came));
        let verb = match &self.of {
            Of::Operation(_) => "gives",
            Of::Trigger(_) => "brings",
        };
        Some((format!("`{}` {verb} something else than the example says", self.name()), lines))
    }

    /// What the example says that it gives, with what its type fills in.
    fn said(&self) -> Value {
        let gives = self.example.gives.clone().unwrap_or_default();
        plain(&self.shape().check_answer(&gives).unwrap_or(gives))
    }

    /// The type of what comes of it.
    fn shape(&self) -> Shape {
        match &self.of {
            Of::Operation(operation) => operation.signature.result.clone(),
            Of::Trigger(source) => Shape::list(source.item_shape.clone()),
        }
    }

    /// What a failure is to programs: of a call that may have happened nobody can know.
    fn seen(&self, failure: &Failure, played: &Played) -> Kind {
        let is_once = matches!(&self.of, Of::Operation(it) if it.signature.effect == Effect::Once);
        if is_once && !played.outcome.certain { Kind::OutcomeUnknown } else { failure.kind.clone() }
    }

    fn failing(&self, failure: &Failure, played: &Played) -> Vec<String> {
        let kind = self.seen(failure, played);
        let offer = match self.of {
            Of::Operation(_) => format!("if that is right, write `fails {kind}`"),
            Of::Trigger(_) => "mend what the trigger reads, or the answer of the example".to_owned(),
        };
        vec![told(&kind, failure), offer]
    }

    /// Where answers were left over, or did not suffice.
    fn uneven(&self, played: &Played) -> Option<(String, Vec<String>)> {
        let Of::Operation(operation) = &self.of else { return None };
        let example = &self.example;
        // Where an example that fails ends ahead, its last answer is not written.
        let is_short = example.fails.is_some() && example.status == STATUS_DEFAULT && example.gets.is_unit();
        let (most, asked) = (example.answers().count(), played.asked.len());
        let least = if is_short { example.ahead.len() } else { most };
        let failed = played.outcome.result.as_ref().err().map(|failure| told(&failure.kind, failure));
        if asked > most {
            let message = format!("`{}` makes {asked} requests, and the example answers {most}", self.name());
            let hint = format!("write one `gets` for each of its {} requests", operation.requests().count());
            return Some((message, failed.into_iter().chain([hint]).collect()));
        }
        if asked < least {
            let message = format!("`{}` makes {asked} requests, and the example answers {least}", self.name());
            let hint = "leave out the `gets` that nothing asks for, or change what is sent".to_owned();
            return Some((message, failed.into_iter().chain([hint]).collect()));
        }
        None
    }

    fn offer_result(&self, came: &Value) -> Option<String> {
        let text = format!("if that is right, write `gives {}`", layout::value(&plain(came)));
        (text.chars().count() <= OFFERED_CHARS_MAX).then_some(text)
    }
}

/// A value as an example can write it.
fn plain(value: &Value) -> Value {
    Value::from_json(value.without_absent().to_json())
}

fn told(kind: &Kind, failure: &Failure) -> String {
    format!("it fails with `{kind}`: {}", failure.message)
}

/// What was asked for, without where the service lives if nobody says where.
fn without_host(summary: &str) -> String {
    let host = SETTING_STAND_IN.trim_start_matches("https:/");
    summary.replacen(host, "", 1)
}
