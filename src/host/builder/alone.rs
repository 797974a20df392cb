//! One connector with its settings, outside any run: what `flow connectors` asks of it.

use std::sync::Arc;

use super::{BuildError, Builder, Prepared, without_key};
use crate::base::id::RunId;
use crate::base::secret::Mask;
use crate::base::span::Sources;
use crate::base::time::Duration;
use crate::base::value::Value;
use crate::connect::vault::Vault;
use crate::connect::{Configured, Connectors, Credentials, Environment, Witness};
use crate::host::program::Faults;
use crate::host::settings::Settings;
use crate::host::settings::configure::Uses;
use crate::host::settings::standing::Standing;
use crate::lang::plan::{Connector, Operation};
use crate::run::world::{Act, Outcome, Perform as _, Settings as _};
use crate::store::keyring::Keyring;

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
    /// How the connectors of the program stand, in its order: what each still needs before it can be called.
    pub fn standings(self) -> Vec<(Arc<Connector>, Standing)> {
        let (key, environment) = without_key(self.environment);
        let vault = self.vault.map(|directory| Vault::new(Keyring::new(directory, key.as_deref())));
        let (package, directory) = (self.program.package, self.program.directory);
        // What is wrong with the settings is said where they are used.
        let (settings, _) = Settings::read(&directory, environment, &self.given, &mut Sources::default());
        let standing = |connector: &Arc<Connector>| {
            let name = &connector.name;
            let holds = |it: &Credentials| vault.as_ref().is_some_and(|vault| vault.holds(&it.name(name)));
            (connector.clone(), settings.standing(connector, &holds))
        };
        package.connectors.values().map(standing).collect()
    }

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
