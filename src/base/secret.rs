//! Keeping what is secret out of sight: every text that leaves the engine for people passes through a [`Mask`].

use std::sync::{Arc, RwLock};

/// Stands where a secret stood.
pub const MASK: &str = "***";

/// The shortest text that is masked: shorter ones would blot out half of every log.
const MASKED_CHARS_MIN: usize = 4;

/// The secrets an engine has handed out so far. Clones share one list.
#[derive(Clone, Default)]
pub struct Mask {
    secrets: Arc<RwLock<Vec<Arc<str>>>>,
    /// Other lists, of secrets that are never shown either.
    others: Arc<RwLock<Vec<Self>>>,
}

impl Mask {
    /// From now on `secret` is never shown.
    pub fn learn(&self, secret: &str) {
        if secret.chars().count() < MASKED_CHARS_MIN {
            return;
        }
        if let Ok(mut secrets) = self.secrets.write()
            && !secrets.iter().any(|known| &**known == secret)
        {
            secrets.push(secret.into());
            // Longest first, so that a secret that contains another is masked whole.
            secrets.sort_by_key(|known| std::cmp::Reverse(known.len()));
        }
    }

    /// From now on the secrets of `other` are never shown either, those it learns later included.
    pub fn follow(&self, other: &Self) {
        if let Ok(mut others) = self.others.write()
            && !Arc::ptr_eq(&self.secrets, &other.secrets)
        {
            others.push(other.clone());
        }
    }

    /// `text` with every secret known so far covered.
    pub fn cover(&self, text: &str) -> String {
        let mut covered = text.to_owned();
        if let Ok(secrets) = self.secrets.read() {
            for secret in secrets.iter() {
                if covered.contains(&**secret) {
                    covered = covered.replace(&**secret, MASK);
                }
            }
        }
        if let Ok(others) = self.others.read() {
            covered = others.iter().fold(covered, |covered, other| other.cover(&covered));
        }
        covered
    }
}

impl std::fmt::Debug for Mask {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Mask")
    }
}
