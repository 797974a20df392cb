//! `trigger slack.message`: the service tells what happened at a path of its connector, for all workflows that listen there.
//!
//! It is answered when all that starts by it is on disk. What comes again, by the sender's own word for it or by its signature,
//! starts nothing. What the workflows cannot take is said in the log: the sender could do nothing about it.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Triggers;
use super::lesson;
use super::request::{Answer, Refusal, Request};
use super::source::{Brought, Heard, Sourced};
use super::verify::Delivery;
use super::webhook::{replies, unproved};
use crate::base::time::Duration;
use crate::base::value::{Map, Value};
use crate::run::driver::Running;
use crate::run::intake::{Item, StartError, Submitted};

/// For how long what came is known by its sender's word for it: services send again for a day or two.
const KEPT: Duration = Duration::seconds(3 * 24 * 60 * 60);

/// In which header of the answer the runs are named that a delivery started, or had started before.
const RUN_HEADER: &str = "flow-run";

impl Triggers {
    /// Answers a request to a path at which connectors are told what happened.
    pub(super) async fn told(&self, path: &str, request: &Request) -> Result<Answer, Refusal> {
        let listeners: Vec<&Sourced> = self.sources().iter().filter(|one| &*one.path == path).collect();
        let content = request.content();
        let body = content.as_ref().cloned().unwrap_or_default();
        let trigger = Value::from(request.to_trigger("webhook", &Map::new(), body, self.now()));
        let heard = Heard { trigger: &trigger, ..Heard::nothing(self.driver().world()) };
        let only_asks = matches!(request.method.as_str(), "GET" | "HEAD");
        // Who only asks whether anybody is there has nothing to sign.
        if (only_asks || request.body.is_empty())
            && let Some(answer) = self.challenged_by_any(&listeners, &heard)?
        {
            return Ok(answer);
        }
        if only_asks {
            return Ok(Answer::empty(200));
        }
        if let Some(answer) = self.taught(&listeners, request, &heard)? {
            return Ok(answer);
        }
        let proved = self.proved_to(&listeners, request, &heard)?;
        content?;
        let proved_listeners: Vec<&Sourced> = proved.iter().map(|(listener, _)| *listener).collect();
        if let Some(answer) = self.challenged_by_any(&proved_listeners, &heard)? {
            return Ok(answer);
        }
        let mut started = Vec::new();
        for (listener, delivery) in proved {
            if listener.source().poll().is_some() {
                self.look_at_once(listener);
                continue;
            }
            let trigger = unproved(trigger.clone(), delivery.as_ref());
            let heard = Heard { trigger: &trigger, ..heard };
            let running = self.take_delivery(listener, delivery.as_ref(), &heard).await?;
            let may_reply = replies(&listener.declared.plan);
            started.extend(running.into_iter().map(|running| (running, may_reply)));
        }
        self.answered(request, started).await
    }

    /// Those listeners to which the request proves who sent it, with what tells it from others.
    fn proved_to<'s>(
        &self,
        listeners: &[&'s Sourced],
        request: &Request,
        heard: &Heard<'_>,
    ) -> Result<Vec<(&'s Sourced, Option<Delivery>)>, Refusal> {
        let mut known: BTreeMap<String, Result<Option<Delivery>, Refusal>> = BTreeMap::new();
        let mut proved = Vec::new();
        let mut refused = None;
        for listener in listeners.iter().copied() {
            let found = known.entry(listener.full_name()).or_insert_with(|| self.proved_by(listener, request, heard));
            match found {
                Ok(delivery) => proved.push((listener, delivery.clone())),
                Err(refusal) => refused = Some(refusal.clone()),
            }
        }
        match refused {
            Some(refusal) if proved.is_empty() => Err(refusal),
            _ => Ok(proved),
        }
    }

    fn proved_by(&self, listener: &Sourced, request: &Request, heard: &Heard<'_>) -> Result<Option<Delivery>, Refusal> {
        let broken = |reason: String| Refusal::new(500, reason);
        let Some(proof) = listener.proof(heard).map_err(broken)? else { return Ok(None) };
        let proof = if proof.learns() {
            let name = lesson::name(&listener.path);
            proof.having_learnt(self.lessons().known(self.environment(), &name).map_err(broken)?)
        } else {
            proof
        };
        proof.check(request, self.now()).map(Some).map_err(|reason| Refusal::new(401, reason))
    }

    /// Keeps the key that the sender gives, if it gives one: what is answered then.
    fn taught(&self, listeners: &[&Sourced], request: &Request, heard: &Heard<'_>) -> Result<Option<Answer>, Refusal> {
        let broken = |reason: String| Refusal::new(500, reason);
        for listener in listeners {
            let Some(proof) = listener.proof(heard).map_err(broken)? else { continue };
            let body = heard.trigger.get("body").cloned().unwrap_or_default();
            let Some(lesson) = proof.lesson(request, &body) else { continue };
            let name = lesson::name(&listener.path);
            if !self.lessons().learn(self.environment(), &name, &lesson).map_err(broken)? {
                tracing::warn!(path = %listener.path, "somebody gives another key than the one that is kept for this path: it is refused. If it is a new webhook, delete `{name}.sealed` among the credentials first, or give the trigger a `path` of its own");
                return Err(Refusal::new(403, "another key is known for this path"));
            }
            tracing::info!(path = %listener.path, "`{}` gave the key by which its deliveries are known; it is kept sealed, and `flow triggers --key {}` shows it", listener.connector.connector.name, listener.path);
            let answer = Answer::empty(200);
            return Ok(Some(match lesson.echo {
                Some(header) => answer.header(&header, &*lesson.key),
                None => answer,
            }));
        }
        Ok(None)
    }

    /// What is answered to whoever asks whether anybody is there.
    fn challenged_by_any(&self, listeners: &[&Sourced], heard: &Heard<'_>) -> Result<Option<Answer>, Refusal> {
        for listener in listeners {
            let Some(challenge) = &listener.source().challenge else { continue };
            // What reads something that is not there does not mean this request.
            let value = listener.evaluate(challenge, heard).unwrap_or_default();
            if let Some(answer) = Answer::to_challenge(&value) {
                return Ok(Some(answer));
            }
        }
        Ok(None)
    }

    /// Starts what one workflow starts by a delivery.
    async fn take_delivery(
        &self,
        listener: &Sourced,
        delivery: Option<&Delivery>,
        heard: &Heard<'_>,
    ) -> Result<Vec<Running>, Refusal> {
        let items = match listener.items(heard) {
            Ok(items) => items,
            Err(failure) => {
                tracing::error!(trigger = %listener.declared.name, "a delivery cannot be read: {failure}");
                return Ok(Vec::new());
            }
        };
        let mut started = Vec::new();
        for (place, brought) in items.iter().enumerate() {
            let delivery = self.told_as(brought, delivery, place);
            started.extend(self.take_item(listener, brought, delivery).await?);
        }
        Ok(started)
    }

    /// By what an item is recognised: by its sender's word for it, else by its place in the delivery.
    fn told_as(&self, brought: &Brought, delivery: Option<&Delivery>, place: usize) -> Option<Delivery> {
        if let Some(key) = &brought.key {
            return Some(Delivery { id: Some(key.to_string()), window: KEPT, ..Delivery::default() });
        }
        let Delivery { signature, id, window, proofs } = delivery.cloned()?;
        let at = |mark: String| if place == 0 { mark } else { format!("{mark} {place}") };
        Some(Delivery { signature: signature.map(at), id: id.map(at), window, proofs })
    }

    async fn take_item(
        &self,
        listener: &Sourced,
        brought: &Brought,
        delivery: Option<Delivery>,
    ) -> Result<Option<Running>, Refusal> {
        let declared = &listener.declared;
        let known = match delivery {
            Some(delivery) => self.recognised(declared, delivery).await?,
            None => Default::default(),
        };
        if known.answer.is_some() {
            return Ok(None);
        }
        let value = listener.to_trigger(brought, self.now());
        let item = Item { trigger: declared.index, value, run: known.run, facts: known.facts, origin: None };
        match self.driver().submit_to(declared.plan.clone(), item).await {
            Ok(Submitted::Started(running) | Submitted::Joined(running)) => Ok(Some(running)),
            Ok(Submitted::Collected(_) | Submitted::PassedOver | Submitted::Skipped(_)) => Ok(None),
            // What was not kept is sent again.
            Err(StartError::Store(broken)) => Err(Refusal::new(503, broken.to_string())),
            Err(error) => {
                tracing::error!(trigger = %declared.name, "no run was started: {error}");
                Ok(None)
            }
        }
    }

    /// Services want to hear that they were understood, and nothing else; but a workflow may reply.
    async fn answered(&self, request: &Request, mut started: Vec<(Running, bool)>) -> Result<Answer, Refusal> {
        let runs: Vec<Arc<str>> = started.iter().map(|(running, _)| running.id().0.clone()).collect();
        let answer = match started.pop() {
            Some((running, true)) if started.is_empty() => self.heard(request, running).await?,
            _ => Answer::empty(200),
        };
        Ok(runs.iter().fold(answer, |answer, run| answer.header(RUN_HEADER, &**run)))
    }
}
