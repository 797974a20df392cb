//! Keys that a sender gives itself, when it is first told where to send: kept sealed, and believed from then on.
//!
//! Whoever comes first is believed, and nobody after: a second key for the same place is refused.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::verify::Lesson;
#[cfg(feature = "http")]
use crate::base::value::Value;
use crate::connect::Environment;

/// How the names begin under which they are kept.
const NAME: &str = "hook";

/// Keys by the place for which they were given.
#[derive(Debug, Default)]
pub(super) struct Lessons {
    /// Where nothing outlives the process.
    in_memory: Mutex<BTreeMap<String, Arc<str>>>,
}

/// The name under which the key of a place is kept.
pub fn name(path: &str) -> String {
    format!("{NAME}-{}", &blake3::hash(path.as_bytes()).to_hex()[..16])
}

impl Lessons {
    /// The key for a place, if one was given.
    ///
    /// # Errors
    /// Where what is kept cannot be read.
    pub fn known(&self, environment: &Environment, name: &str) -> Result<Option<Arc<str>>, String> {
        #[cfg(feature = "http")]
        if let Some(vault) = &environment.vault {
            let kept = vault.read(name).map_err(|error| error.to_string())?;
            let key = kept.and_then(|kept| kept.get("key")?.as_text().map(Arc::from));
            key.iter().for_each(|key| environment.mask.learn(key));
            return Ok(key);
        }
        let _ = environment;
        Ok(self.in_memory.lock().unwrap_or_else(PoisonError::into_inner).get(name).cloned())
    }

    /// Keeps a key. Whether it is the one for this place.
    ///
    /// # Errors
    /// Where it cannot be kept.
    pub fn learn(&self, environment: &Environment, name: &str, lesson: &Lesson) -> Result<bool, String> {
        #[cfg(feature = "http")]
        if let Some(vault) = &environment.vault {
            let _held = vault.hold(name).map_err(|error| error.to_string())?;
            if let Some(known) = self.known(environment, name)? {
                return Ok(is_same(&known, &lesson.key));
            }
            let kept = Value::map([("key", lesson.key.clone().into())]);
            vault.keep(name, &kept).map_err(|error| error.to_string())?;
            return Ok(true);
        }
        let _ = environment;
        let mut known = self.in_memory.lock().unwrap_or_else(PoisonError::into_inner);
        let key = known.entry(name.to_owned()).or_insert_with(|| lesson.key.clone());
        Ok(is_same(key, &lesson.key))
    }
}

/// Digests are compared, so that the time it takes says nothing.
fn is_same(one: &str, other: &str) -> bool {
    blake3::hash(one.as_bytes()) == blake3::hash(other.as_bytes())
}
