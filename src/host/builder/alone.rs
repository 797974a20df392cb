//! One connector with its settings, outside any run: what `flow connectors` asks of it.

use std::sync::Arc;

use super::{BuildError, Builder, Prepared};
use crate::base::id::RunId;
use crate::base::secret::Mask;
use crate::base::time::Duration;
use crate::base::value::Value;
use crate::connect::{Configured, Connectors, Environment, Witness};
use crate::host::program::Faults;
use crate::host::settings::Settings;
use crate::host::settings::configure::Uses;
use crate::lang::plan::Operation;
use crate::run::world::{Act, Outcome, Perform as _, Settings as _};

/// An operation that can be called by itself.
#[derive(Debug)]
pub struct Alone {
    operation: Arc<Operation>,
    connectors: Connectors,
    timeout: Duration,
    mask: Mask,
    warnings: Faults,
    witness: Witness,
}

impl Builder {
    /// Makes `operation` of the program ready to be called by itself.
    ///
    /// # Errors
    /// Settings that are missing or wrong.
    pub fn alone(self, operation: &Arc<Operation>) -> Result<Alone, BuildError> {
        let signature = &operation.signature;
        let uses = Uses::of_operation(&signature.connector, &signature.full_name());
        let Prepared { settings, configured, environment, natives, warnings, .. } = self.prepare(&uses)?;
        let (timeout, mask) = (settings.attempt_timeout(), settings.mask().clone());
        let witness = Witness::default();
        let environment = Environment { witness: Some(witness.clone()), ..environment };
        let connectors = Connectors::new(environment, configured, natives);
        Ok(Alone { operation: operation.clone(), connectors, timeout, mask, warnings, witness })
    }

    /// A connector of the program with its settings, and those that lie beside it.
    ///
    /// # Errors
    /// Settings that are missing or wrong.
    pub fn configured(self, connector: &str) -> Result<(Vec<Configured>, Settings), BuildError> {
        let Prepared { settings, configured, .. } = self.prepare(&Uses::of_connector(connector))?;
        Ok((configured, settings))
    }
}

impl Alone {
    /// Calls it once. Of an operation that gives its result in pages, the first page.
    pub async fn call(&self, params: Value) -> Outcome {
        let id: Arc<str> = uuid::Uuid::now_v7().to_string().into();
        let act = Act {
            operation: self.operation.clone(),
            params,
            key: id.clone(),
            key_given: false,
            auth: Value::Unit,
            page: Value::Unit,
            streamed: self.operation.signature.streams,
            timeout: self.timeout,
            run: RunId(id),
            place: self.operation.signature.name.clone(),
        };
        self.connectors.perform(act).await
    }

    /// The answers that came, `{ status, headers, body }`, in order.
    pub fn answers(&self) -> Vec<Value> {
        self.witness.seen()
    }

    /// What of the settings is probably not as meant.
    pub fn warnings(&self) -> &Faults {
        &self.warnings
    }

    /// The secrets handed out so far.
    pub fn mask(&self) -> &Mask {
        &self.mask
    }
}
