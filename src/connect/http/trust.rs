//! Whose word is good for who a peer is: the authorities of the machine, and those that the settings name.

use std::path::PathBuf;

use reqwest::Certificate;

use crate::base::failure::{Failure, Kind};
use crate::connect::connectors::{Configured, Environment};

/// The files of authorities that a connector's peers may prove themselves to.
#[derive(Clone, Debug)]
pub struct Trust {
    /// `ca_file` of the connector: where it is set, its peers prove themselves to these and to nobody else.
    own: Option<PathBuf>,
    /// `http.ca_file`: beside those of the machine, for all connectors.
    beside: Option<PathBuf>,
}

impl Trust {
    /// What the settings say for `connector`. Relative files count from the program's directory.
    pub fn of(connector: &Configured, environment: &Environment) -> Self {
        let own = connector.setting_text("ca_file").map(|file| environment.directory.join(&*file));
        Self { own, beside: environment.ca_file.as_ref().map(|file| environment.directory.join(file)) }
    }

    /// The connector's own authorities.
    pub fn own(&self) -> Result<Option<Vec<Certificate>>, Failure> {
        self.own.as_ref().map(|file| certificates(file, "ca_file")).transpose()
    }

    /// Those that all connectors trust beside the ones of the machine.
    pub fn beside(&self) -> Result<Option<Vec<Certificate>>, Failure> {
        self.beside.as_ref().map(|file| certificates(file, "http.ca_file")).transpose()
    }
}

/// The certificates in a file, one at least: a list of nobody would refuse every peer without saying why.
fn certificates(file: &PathBuf, setting: &str) -> Result<Vec<Certificate>, Failure> {
    let unusable = |why: String| {
        let message = format!("`{setting}` {} cannot be used: {why}", file.display());
        Failure::new(Kind::ValidationError, message)
    };
    let pem = std::fs::read(file).map_err(|error| unusable(error.to_string()))?;
    let found = Certificate::from_pem_bundle(&pem).map_err(|error| unusable(error.to_string()))?;
    if found.is_empty() { Err(unusable("it holds no certificate in PEM".to_owned())) } else { Ok(found) }
}
