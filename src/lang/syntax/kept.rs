//! What was read of texts, kept for whoever reads them again when a few letters have changed.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::format::Roles;
use super::part::{Made, Part};
use super::scan::Scan;

/// For how many rounds a part is kept that is not met any more: enough for a few programs that are looked at in turn, few enough for
/// long declarations of which every letter makes another.
const ROUNDS: u64 = 8;

/// The parts of texts that were read, with what came of each. What is read with it is what would be read without.
#[derive(Default)]
pub struct Kept {
    parts: BTreeMap<Arc<str>, Known>,
    /// How often a program was read, with everything it uses.
    rounds: u64,
}

struct Known {
    scan: Scan,
    made: Made,
    roles: Roles,
    /// The round that met it last.
    met: u64,
}

impl std::fmt::Debug for Kept {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Kept").field("parts", &self.parts.len()).finish()
    }
}

impl Kept {
    /// Takes note that another program is read: what none of the last ones held is forgotten.
    pub(in crate::lang) fn begin(&mut self) {
        self.rounds += 1;
        let rounds = self.rounds;
        self.parts.retain(|_, known| known.met + ROUNDS >= rounds);
    }

    /// What is read of a part.
    pub(super) fn made(&mut self, part: &Part<'_>) -> Made {
        self.known(part).made.clone()
    }

    /// What the formatter asks of a part.
    pub(super) fn roles(&mut self, part: &Part<'_>) -> &Roles {
        &self.known(part).roles
    }

    fn known(&mut self, part: &Part<'_>) -> &Known {
        let known = self.parts.entry(part.text.into()).or_insert_with(|| Known::of(part));
        // The same text may have been scanned differently, where a bracket is missing around it.
        if known.scan != part.scan {
            *known = Known::of(part);
        }
        known.met = self.rounds;
        known
    }
}

impl Known {
    fn of(part: &Part<'_>) -> Self {
        let (made, roles) = part.read_closely();
        Self { scan: part.scan.clone(), made, roles, met: 0 }
    }
}
