//! Credentials that services gave at logins, and the key they are sealed with.

use std::path::Path;

use super::finding::Finding;
use crate::connect::vault::Vault;
use crate::store::keyring::{DIRECTORY, KEY_VARIABLE, KeyError, Keyring};

/// What is said of what is kept in `data`.
pub fn findings(data: &Path) -> Vec<Finding> {
    let key = std::env::var(KEY_VARIABLE).ok().filter(|key| !key.is_empty());
    let keyring = Keyring::new(data.join(DIRECTORY), key.as_deref());
    let whence = keyring.whence();
    if let Err(error) = keyring.is_there() {
        let finding = Finding::faulty("credentials", error.to_string());
        return vec![match error {
            KeyError::NoKeyGiven => finding.way_out(format!("export {KEY_VARIABLE}=...")),
            KeyError::Open(file) => finding.way_out(format!("chmod 600 {}", file.display())),
            _ => finding,
        }];
    }
    let vault = Vault::new(keyring);
    let (names, mut findings) = (vault.names(), Vec::new());
    let mut fine = Vec::new();
    for name in names {
        match vault.read(&name) {
            Ok(_) => fine.push(connector(&name).to_owned()),
            Err(error) => {
                let finding = Finding::faulty("credentials", error.to_string());
                findings.push(finding.way_out(format!("flow connectors login {}", connector(&name))));
            }
        }
    }
    if !fine.is_empty() {
        let message = format!("kept for {}, sealed with the key {whence}", fine.join(", "));
        findings.push(Finding::fine("credentials", message));
    }
    findings
}

/// The connector of what is kept under `name`: a mark of who signed in stands behind it.
fn connector(name: &str) -> &str {
    name.rsplit_once('-').map_or(name, |(connector, _)| connector)
}
