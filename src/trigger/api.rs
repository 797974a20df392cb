//! `trigger api POST "/orders/{id}"`: a request starts a run, and hears what comes of it.

use super::Triggers;
use super::request::{Answer, Refusal, Request};
use super::route::Matched;
use super::webhook::unproved;

/// The header by which a caller that asks again gets the run it asked for before.
const KEY_HEADER: &str = "idempotency-key";

impl Triggers {
    pub(super) async fn api(&self, matched: &Matched, request: &Request) -> Result<Answer, Refusal> {
        let declared = &matched.declared;
        let delivery = self.proved(declared, request)?;
        let mut trigger = request.to_trigger("api", &matched.parts, request.content()?, self.now());
        let id = delivery.as_ref().and_then(|delivery| delivery.id.clone());
        trigger.insert("id".into(), id.map(Into::into).unwrap_or_default());
        let trigger = unproved(trigger.into(), delivery.as_ref());
        let run = request.header(KEY_HEADER).map(|key| declared.run(key));
        match self.submit(declared, trigger, run, Vec::new()).await? {
            Ok(started) => self.heard(request, started).await,
            Err(answer) => Ok(answer),
        }
    }
}
