//! `trigger webhook "/hooks/shop"`: somebody else's system says that something happened.
//!
//! It is answered when the run is on disk. A delivery that comes again, or is sent again by somebody who listened, is
//! recognised by its signature and by what its sender calls it, and starts nothing.

use std::sync::Arc;

use super::Triggers;
use super::answer::accepted;
use super::declared::Declared;
use super::request::{Answer, Refusal, Request};
use super::route::Matched;
use super::verify::{Delivery, Proof};
use crate::base::id::RunId;
use crate::base::value::Value;
use crate::lang::plan::{Kind, Plan};
use crate::run::journal::Fact;

impl Triggers {
    pub(super) async fn webhook(&self, matched: &Matched, request: &Request) -> Result<Answer, Refusal> {
        let declared = &matched.declared;
        if request.method == "GET" && declared.trigger().challenge.is_none() {
            let headers = vec![("allow".to_owned(), "POST".to_owned())];
            return Err(Refusal { headers, ..Refusal::new(405, "this webhook is told by POST") });
        }
        // Who only asks whether anybody is there has nothing to sign.
        let delivery = if request.method == "GET" { None } else { self.proved(declared, request)? };
        let mut trigger = request.to_trigger("webhook", &matched.parts, request.content()?, self.now());
        let id = delivery.as_ref().and_then(|delivery| delivery.id.clone());
        trigger.insert("id".into(), id.map(Into::into).unwrap_or_default());
        let trigger = unproved(trigger.into(), delivery.as_ref());
        if let Some(answer) = self.challenged(declared, &trigger)? {
            return Ok(answer);
        }
        if request.method == "GET" {
            return Ok(Answer::empty(204));
        }
        let known = match delivery {
            Some(delivery) => self.recognised(declared, delivery).await?,
            None => Known::default(),
        };
        if let Some(answer) = known.answer {
            return Ok(answer);
        }
        match self.submit(declared, trigger, known.run, known.facts).await? {
            Ok(running) if replies(&declared.plan) => self.heard(request, running).await,
            Ok(running) => Ok(accepted(running.id())),
            Err(answer) => Ok(answer),
        }
    }

    /// Whether a delivery came before, within the time in which its sender, or somebody who listened, may send it again.
    pub(super) async fn recognised(&self, declared: &Declared, delivery: Delivery) -> Result<Known, Refusal> {
        let now = self.now();
        let mut known = Known::default();
        let marks = [delivery.id.map(|id| format!("id {id}")), delivery.signature];
        for mark in marks.into_iter().flatten() {
            let name: Arc<str> = format!("delivery/{}/{mark}", declared.name).into();
            let fact = self.driver().fact(&name).await;
            let fact = fact.map_err(|broken| Refusal::new(503, broken.to_string()))?.unwrap_or_default();
            if matches!(fact.get("until"), Some(Value::DateTime(until)) if until.timestamp() > now) {
                let id = fact.get("run").cloned().unwrap_or_default();
                let copy = Value::map([("id", id), ("duplicate", true.into())]).without_absent();
                return Ok(Known { answer: Some(Answer::json(200, &copy)), ..Known::default() });
            }
            // Two copies that come at once are one run. One that comes when all this is forgotten is another.
            let time = now.as_millisecond().div_euclid(delivery.window.0.max(1));
            let run = known.run.get_or_insert_with(|| declared.run(&format!("{mark} {time}")));
            let until = delivery.window.after(now);
            let value = Value::map([("run", run.0.clone().into()), ("until", Value::moment(until))]);
            known.facts.push(Fact { name, value: Some(value), until: Some(until) });
        }
        Ok(known)
    }

    /// Whether a request is its sender's; what tells it from others, where the trigger asks for that.
    pub(super) fn proved(&self, declared: &Declared, request: &Request) -> Result<Option<Delivery>, Refusal> {
        let Some(proof) = self.proof(declared)? else { return Ok(None) };
        proof.check(request, self.now()).map(Some).map_err(|reason| Refusal::new(401, reason))
    }

    /// What the sender must prove. It is computed each time: a secret may be changed.
    fn proof(&self, declared: &Declared) -> Result<Option<Proof>, Refusal> {
        let Some((scheme, fields)) = &declared.trigger().verify else { return Ok(None) };
        let fields = self.evaluate(declared, fields, &Value::Unit)?;
        let proof = Proof::read(scheme, &fields).map_err(|reason| Refusal::new(500, reason))?;
        Ok(Some(proof))
    }

    /// What is answered to whoever asks whether anybody is there.
    fn challenged(&self, declared: &Declared, trigger: &Value) -> Result<Option<Answer>, Refusal> {
        let Some(challenge) = &declared.trigger().challenge else { return Ok(None) };
        Ok(Answer::to_challenge(&self.evaluate(declared, challenge, trigger)?))
    }
}

/// What came, without what proves who sent it: that is no affair of the workflow.
pub(super) fn unproved(trigger: Value, delivery: Option<&Delivery>) -> Value {
    match delivery {
        Some(delivery) => trigger.hiding(&delivery.proofs),
        None => trigger,
    }
}

/// What is known of a delivery.
#[derive(Default)]
pub(super) struct Known {
    /// What is answered, if it came before.
    pub answer: Option<Answer>,
    /// The run that it starts.
    pub run: Option<RunId>,
    /// By what it is recognised from now on.
    pub facts: Vec<Fact>,
}

/// Whether somebody who asked could get an answer from the workflow itself.
pub(super) fn replies(plan: &Plan) -> bool {
    plan.nodes.iter().any(|node| matches!(node.kind, Kind::Reply { .. }))
}
