//! Keys that services gave when they were told where to send, for people who must show them to the service again.

use std::path::Path;
use std::sync::Arc;

use crate::connect::vault::Vault;
use crate::store::keyring::{DIRECTORY, KEY_VARIABLE, Keyring};
use crate::trigger::lesson;

/// The key that a service gave at `path`, for an engine whose data lies in `data`.
///
/// # Errors
/// Where what is kept cannot be read.
pub fn key_given_at(path: &str, data: &Path) -> Result<Option<Arc<str>>, String> {
    let key = std::env::var(KEY_VARIABLE).ok().filter(|key| !key.is_empty());
    let kept = Vault::new(Keyring::new(data.join(DIRECTORY), key.as_deref())).read(&lesson::name(path));
    let kept = kept.map_err(|error| error.to_string())?;
    Ok(kept.and_then(|kept| kept.get("key")?.as_text().map(Arc::from)))
}
