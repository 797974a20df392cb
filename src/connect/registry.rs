//! The bodies of native operations, by name: the standard library's, and those that an embedding program adds.

use std::future::Future;
use std::sync::Arc;

use crate::run::world::BoxFuture;
use indexmap::IndexMap;

use super::connectors::{Configured, Environment};
use crate::base::failure::{Failure, Kind};
use crate::base::value::{Map, Value};
use crate::lang::catalog::BASE_URL;
use crate::run::world::{Act, Outcome};

/// What a native body is given.
#[derive(Clone, Debug)]
pub struct Call {
    /// The attempt; its `params` have the declared defaults filled in.
    pub act: Act,
    /// The connector with its settings.
    pub connector: Arc<Configured>,
    /// What the settings say beside the connectors.
    pub environment: Arc<Environment>,
    /// What came of what comes before the request that counts, by name.
    pub ahead: Map,
    /// Where the connector lives, where its settings leave that to the answer that brings its token.
    pub found: Option<Arc<str>>,
}

impl Call {
    /// One parameter; `()` where it was not given.
    pub fn param(&self, name: &str) -> Value {
        self.act.params.get(name).cloned().unwrap_or_default()
    }

    /// The address before the paths of the connector.
    pub fn base_url(&self) -> Option<Arc<str>> {
        self.connector.setting_text(BASE_URL).or_else(|| self.found.clone())
    }

    /// The settings of the connector, with where it lives.
    pub fn config(&self) -> Value {
        match (&self.found, self.connector.config.as_map()) {
            (Some(found), Some(config)) => {
                let mut config = config.clone();
                config.insert(BASE_URL.into(), found.clone().into());
                config.into()
            }
            _ => self.connector.config.clone(),
        }
    }

    /// One parameter as text.
    ///
    /// # Errors
    /// `validation_error` where it is absent or no text.
    pub fn text(&self, name: &str) -> Result<Arc<str>, Failure> {
        match self.param(name) {
            Value::Text(text) => Ok(text),
            Value::Unit => Err(Failure::new(Kind::ValidationError, format!("`{name}` is missing"))),
            other => Err(Failure::new(
                Kind::ValidationError,
                format!("`{name}` must be a string, is of type {}", other.type_name()),
            )),
        }
    }
}

/// The body of a native operation.
pub trait Native: Send + Sync {
    /// Carries out one attempt.
    fn call(&self, call: Call) -> BoxFuture<'static, Outcome>;
}

/// A function as a body. A failure means that nothing happened, unless its type is `outcome_unknown`.
struct FromFn<F>(F);

impl<F, R> Native for FromFn<F>
where
    F: Fn(Call) -> R + Send + Sync,
    R: Future<Output = Result<Value, Failure>> + Send + 'static,
{
    fn call(&self, call: Call) -> BoxFuture<'static, Outcome> {
        let running = (self.0)(call);
        Box::pin(async move {
            match running.await {
                Ok(value) => Outcome::done(value),
                Err(failure) if failure.kind == Kind::OutcomeUnknown => Outcome::unknown(failure),
                Err(failure) => Outcome::failed(failure),
            }
        })
    }
}

/// The native bodies an engine knows.
#[derive(Clone, Default)]
pub struct Natives {
    bodies: IndexMap<Arc<str>, Arc<dyn Native>>,
}

impl Natives {
    /// Those of the standard library.
    pub fn standard() -> Self {
        let mut natives = Self::default();
        super::files::register(&mut natives);
        super::log::register(&mut natives);
        super::process::register(&mut natives);
        #[cfg(feature = "http")]
        super::http::register(&mut natives);
        #[cfg(feature = "mail")]
        super::mail::register(&mut natives);
        #[cfg(any(feature = "sqlite", feature = "postgres", feature = "mysql"))]
        super::sql::register(&mut natives);
        #[cfg(feature = "mongodb")]
        super::mongodb::register(&mut natives);
        natives
    }

    /// Gives `connector.operation` a body; it replaces the one it had.
    pub fn bind(&mut self, name: impl Into<Arc<str>>, body: impl Native + 'static) {
        self.bodies.insert(name.into(), Arc::new(body));
    }

    /// Gives `connector.operation` an async function as its body. Where it returns a failure, nothing happened, unless the
    /// failure's type is `outcome_unknown`.
    pub fn bind_fn<F, R>(&mut self, name: impl Into<Arc<str>>, body: F)
    where
        F: Fn(Call) -> R + Send + Sync + 'static,
        R: Future<Output = Result<Value, Failure>> + Send + 'static,
    {
        self.bind(name, FromFn(body));
    }

    /// The body of `connector.operation`.
    pub fn get(&self, name: &str) -> Option<&Arc<dyn Native>> {
        self.bodies.get(name)
    }

    /// The names that have a body, in the order they were given.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.bodies.keys().map(AsRef::as_ref)
    }
}

impl std::fmt::Debug for Natives {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.bodies.keys()).finish()
    }
}
