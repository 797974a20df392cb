//! What a program still needs before its runs can be carried out, as far as that is known without asking anybody.

use std::sync::Arc;

use super::{BuildError, Builder, without_body, without_key};
use crate::base::span::Sources;
use crate::connect::Credentials;
use crate::connect::vault::Vault;
use crate::host::program::{Faults, Program};
use crate::host::settings::configure::Uses;
use crate::host::settings::needs::Lack;
use crate::host::settings::standing::Standing;
use crate::host::settings::{Settings, code};
use crate::lang::plan::Connector;
use crate::store::keyring::Keyring;

/// What a program needs of its settings.
#[derive(Debug)]
pub struct Needs {
    /// The connectors that its workflows call or listen to, each with what it lacks for that.
    pub standings: Vec<(Arc<Connector>, Standing)>,
    /// What it reads itself that nobody has set.
    pub lacks: Vec<Lack>,
    /// What it calls that this build, or this engine, cannot carry out.
    pub unable: Option<BuildError>,
    /// All that is wrong with the settings, what is missing too, and what is probably not as meant.
    pub faults: Faults,
}

impl Builder {
    /// How the connectors of the program stand, in its order: what each still needs before it can be called.
    pub fn standings(self) -> Vec<(Arc<Connector>, Standing)> {
        let (vault, settings, program, _) = self.read();
        let connectors = program.package.connectors.values();
        connectors.map(|connector| (connector.clone(), standing(&settings, connector, None, vault.as_ref()))).collect()
    }

    /// What all workflows of the program together still need.
    pub fn needs(self) -> Needs {
        let unable = without_body(&self.program.package, &self.natives).err();
        let (vault, settings, program, mut faults) = self.read();
        // Of a file that is broken nothing was read: what is missing may well stand in it.
        if faults.diagnostics.iter().any(|found| found.code == code::UNREADABLE) {
            return Needs { standings: Vec::new(), lacks: Vec::new(), unable, faults };
        }
        let uses = Uses::of_all(&program.package);
        let (_, found) = settings.configure(&program.package, &uses, &mut faults.sources);
        faults.diagnostics.extend(found);
        let used = uses.connectors().filter_map(|name| program.package.connectors.get(name));
        let standings = used.map(|it| (it.clone(), standing(&settings, it, Some(&uses), vault.as_ref()))).collect();
        let lacks = program.package.plans.values().flat_map(|plan| settings.lacks(plan)).collect();
        Needs { standings, lacks, unable, faults }
    }

    /// The settings of the program, and what is wrong with them.
    fn read(self) -> (Option<Vault>, Settings, Program, Faults) {
        let (key, environment) = without_key(self.environment);
        let vault = self.vault.map(|directory| Vault::new(Keyring::new(directory, key.as_deref())));
        let mut program = self.program;
        let mut sources: Sources = std::mem::take(&mut program.sources);
        let (settings, diagnostics) = Settings::read(&program.directory, environment, &self.given, &mut sources);
        (vault, settings, program, Faults { diagnostics, sources })
    }
}

fn standing(settings: &Settings, connector: &Arc<Connector>, uses: Option<&Uses>, vault: Option<&Vault>) -> Standing {
    let name = &connector.name;
    settings.standing(connector, uses, &|it: &Credentials| vault.is_some_and(|vault| vault.holds(&it.name(name))))
}
