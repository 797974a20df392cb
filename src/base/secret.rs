//! Keeping what is secret out of sight: every text that leaves the engine for people passes through a [`Mask`].

use std::sync::{Arc, RwLock};

use memchr::memmem;

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

    /// Covers what comes piece by piece; all of it with the secrets that are known now.
    pub fn covering(&self) -> Covering {
        Covering { secrets: self.known(), held: Vec::new() }
    }

    fn known(&self) -> Vec<Arc<str>> {
        let mut known: Vec<Arc<str>> = self.secrets.read().map(|secrets| secrets.clone()).unwrap_or_default();
        if let Ok(others) = self.others.read() {
            known.extend(others.iter().flat_map(Self::known));
        }
        known
    }
}

/// Covers the secrets that were known when it was made, in a text that comes piece by piece.
#[derive(Clone, Debug, Default)]
pub struct Covering {
    secrets: Vec<Arc<str>>,
    /// What came, and may be the beginning of a secret.
    held: Vec<u8>,
}

impl Covering {
    /// Goes on with a piece, which can be cut anywhere: what may be shown by now.
    pub fn take(&mut self, piece: &[u8]) -> Vec<u8> {
        self.held.extend_from_slice(piece);
        // Of whatever begins before that, all has come.
        let longest = self.secrets.iter().map(|secret| secret.len()).max().unwrap_or(1);
        self.show(self.held.len().saturating_sub(longest - 1))
    }

    /// What is left when all has come.
    pub fn end(&mut self) -> Vec<u8> {
        self.show(self.held.len())
    }

    /// What came up to `end`, or up to a secret that lies across it.
    fn show(&mut self, end: usize) -> Vec<u8> {
        let (mut shown, mut done) = (Vec::new(), 0);
        for (from, to) in self.found() {
            if from >= end || to > end {
                return self.pass(from.min(end), done, shown);
            }
            shown.extend_from_slice(self.held.get(done..from).unwrap_or_default());
            shown.extend_from_slice(MASK.as_bytes());
            done = to;
        }
        self.pass(end, done, shown)
    }

    /// Passes on what lies between `done` and `end`.
    fn pass(&mut self, end: usize, done: usize, mut shown: Vec<u8>) -> Vec<u8> {
        shown.extend_from_slice(self.held.get(done..end).unwrap_or_default());
        self.held.drain(..end.max(done));
        shown
    }

    /// Where there are secrets, in order; those that overlap are one.
    fn found(&self) -> Vec<(usize, usize)> {
        let finders = self.secrets.iter().map(|secret| (memmem::Finder::new(secret.as_bytes()), secret.len()));
        let mut found: Vec<(usize, usize)> = finders
            .flat_map(|(finder, length)| finder.find_iter(&self.held).map(|at| (at, at + length)).collect::<Vec<_>>())
            .collect();
        found.sort_unstable();
        found.dedup_by(|next, before| {
            let overlaps = next.0 < before.1;
            if overlaps {
                before.1 = before.1.max(next.1);
            }
            overlaps
        });
        found
    }
}

impl std::fmt::Debug for Mask {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Mask")
    }
}
