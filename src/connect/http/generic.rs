//! `http.get`, `.post`, `.put`, `.patch`, `.delete`, `.request`: any address.

use crate::run::world::BoxFuture;

use super::answer::As;
use super::client::Broken;
use super::draft::Parts;
use super::exchange::{Exchange, Manner, bounds};
use super::template::extend;
use crate::base::failure::Failure;
use crate::base::value::Value;
use crate::connect::registry::{Call, Native, Natives};
use crate::run::world::Outcome;

/// Binds the operations of the standard library's `http`.
pub fn register(natives: &mut Natives) {
    for method in ["get", "post", "put", "patch", "delete"] {
        natives.bind(format!("http.{method}"), Generic(Some(method)));
    }
    natives.bind("http.request", Generic(None));
}

/// A request with this method, or with the one that the call names.
struct Generic(Option<&'static str>);

impl Native for Generic {
    fn call(&self, call: Call) -> BoxFuture<'static, Outcome> {
        let method = self.0;
        Box::pin(async move {
            match send(&call, method).await {
                Ok(value) => Outcome::done(value),
                Err(Broken { failure, certain }) => Outcome { certain, ..Outcome::failed(failure) },
            }
        })
    }
}

async fn send(call: &Call, method: Option<&'static str>) -> Result<Value, Broken> {
    let parts = parts(call, method).map_err(Broken::definite)?;
    let reading = As::named(&call.param("as")).map_err(Broken::definite)?;
    let exchange = Exchange::new(call, bounds(call)).map_err(Broken::definite)?;
    let (_, response) = exchange.send(&parts, Manner { reading, trusted: true, counts: true }).await?;
    Ok(response)
}

fn parts(call: &Call, method: Option<&'static str>) -> Result<Parts, Failure> {
    let method = match method {
        Some(method) => method.into(),
        None => call.text("method")?,
    };
    let mut parts = Parts {
        method: method.to_string(),
        url: call.text("url")?.to_string(),
        body: call.param("body"),
        form: call.param("form"),
        multipart: call.param("multipart"),
        raw: call.param("raw"),
        save: call.param("save"),
        ..Parts::default()
    };
    extend(&mut parts.query, "query", call.param("query"))?;
    extend(&mut parts.headers, "headers", call.param("headers"))?;
    Ok(parts)
}
