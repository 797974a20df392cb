//! `trigger api POST "/orders/{id}"`: a request starts a run, and hears what comes of it.

use super::Triggers;
use super::request::{Answer, Refusal, Request};
use super::route::Matched;

/// The header by which a caller that asks again gets the run it asked for before.
const KEY_HEADER: &str = "idempotency-key";

impl Triggers {
    pub(super) async fn api(&self, matched: &Matched, request: &Request) -> Result<Answer, Refusal> {
        let declared = &matched.declared;
        let delivery = self.proved(declared, request)?;
        let mut trigger = request.to_trigger("api", &matched.parts, request.content()?, self.now());
        trigger.insert("id".into(), delivery.and_then(|delivery| delivery.id).map(Into::into).unwrap_or_default());
        let run = request.header(KEY_HEADER).map(|key| declared.run(key));
        match self.submit(declared, trigger.into(), run, Vec::new()).await? {
            Ok(started) => self.heard(request, started).await,
            Err(answer) => Ok(answer),
        }
    }
}
