//! Keeping what is secret out of sight: every text that leaves the engine for people passes through a [`Mask`].

use std::sync::{Arc, RwLock};

use memchr::memmem;

/// Stands where a secret stood.
pub const MASK: &str = "***";

/// The shortest text that is masked: shorter ones would blot out half of every log.
const MASKED_CHARS_MIN: usize = 4;

/// How many forms of secrets are looked for at most: whoever goes through many has each of them hidden as a value all the same.
const FORMS_MAX: usize = 2_000;

/// Texts that are not to be shown, in each form in which they may stand in another text.
#[derive(Clone, Default)]
pub struct Secrets {
    /// The longest first, so that one that contains another is covered whole.
    forms: Vec<Arc<str>>,
}

impl Secrets {
    /// One more.
    pub fn add(&mut self, secret: &str) {
        if secret.chars().count() < MASKED_CHARS_MIN {
            return;
        }
        let new: Vec<Arc<str>> = forms(secret).into_iter().filter(|form| !self.forms.contains(form)).collect();
        if !new.is_empty() {
            self.forms.extend(new);
            self.forms.sort_by_key(|form| std::cmp::Reverse(form.len()));
        }
    }

    /// Those of `others` too, as long as they are not too many.
    pub fn join(&mut self, others: &Self) {
        if others.is_empty() || self.forms.len() >= FORMS_MAX {
            return;
        }
        self.forms.extend(others.forms.iter().cloned());
        self.forms.sort_unstable_by(|one, other| other.len().cmp(&one.len()).then_with(|| one.cmp(other)));
        self.forms.dedup();
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.forms.is_empty()
    }

    /// Whether one of them stands in `text`.
    pub fn are_in(&self, text: &str) -> bool {
        self.are_in_bytes(text.as_bytes())
    }

    /// Whether one of them stands in these bytes.
    pub fn are_in_bytes(&self, bytes: &[u8]) -> bool {
        // The shortest is the last one: most texts are shorter.
        let may = self.forms.last().is_some_and(|shortest| shortest.len() <= bytes.len());
        may && self.forms.iter().any(|form| memmem::find(bytes, form.as_bytes()).is_some())
    }

    /// Whether `text` is one of them.
    pub fn know(&self, text: &str) -> bool {
        self.forms.iter().any(|form| **form == *text)
    }

    /// `text` with each of them covered.
    pub fn cover(&self, text: &str) -> String {
        let mut covered = text.to_owned();
        for form in &self.forms {
            if covered.contains(&**form) {
                covered = covered.replace(&**form, MASK);
            }
        }
        covered
    }
}

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secrets")
    }
}

/// A secret as it is, and as it stands in JSON, in an address, in a form, in what debugging prints, in base64.
fn forms(secret: &str) -> Vec<Arc<str>> {
    use base64::Engine as _;
    use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
    let forms = [
        secret.to_owned(),
        within_quotes(&serde_json::Value::from(secret).to_string()),
        within_quotes(&format!("{secret:?}")),
        url::form_urlencoded::byte_serialize(secret.as_bytes()).collect(),
        escaped(secret, false),
        escaped(secret, true),
        STANDARD.encode(secret),
        STANDARD_NO_PAD.encode(secret),
        URL_SAFE_NO_PAD.encode(secret),
    ];
    let mut distinct: Vec<Arc<str>> = Vec::new();
    for form in forms {
        if !distinct.iter().any(|known| **known == *form) {
            distinct.push(form.into());
        }
    }
    distinct
}

fn within_quotes(quoted: &str) -> String {
    quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default().to_owned()
}

/// A text as it stands in an address; some write what they escape in small letters.
fn escaped(text: &str, small: bool) -> String {
    let mut escaped = String::new();
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => escaped.push(byte.into()),
            other if small => escaped.push_str(&format!("%{other:02x}")),
            other => escaped.push_str(&format!("%{other:02X}")),
        }
    }
    escaped
}

/// The secrets an engine has handed out so far. Clones share one list.
#[derive(Clone, Default)]
pub struct Mask {
    secrets: Arc<RwLock<Secrets>>,
    /// Other lists, of secrets that are never shown either.
    others: Arc<RwLock<Vec<Self>>>,
}

/// Secrets that a mask knows as long as this is there.
#[derive(Debug)]
pub struct Held {
    by: Mask,
    held: Mask,
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Ok(mut others) = self.by.others.write() {
            others.retain(|other| !Arc::ptr_eq(&other.secrets, &self.held.secrets));
        }
    }
}

impl Mask {
    /// From now on `secret` is never shown.
    pub fn learn(&self, secret: &str) {
        let known = self.secrets.read().is_ok_and(|secrets| secrets.know(secret));
        if !known && let Ok(mut secrets) = self.secrets.write() {
            secrets.add(secret);
        }
    }

    /// As long as what is given back is there, none of these is shown.
    #[must_use]
    pub fn hold(&self, secrets: Secrets) -> Held {
        let held = Self { secrets: Arc::new(RwLock::new(secrets)), others: Arc::default() };
        self.follow(&held);
        Held { by: self.clone(), held }
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
        let mut covered = match self.secrets.read() {
            Ok(secrets) => secrets.cover(text),
            Err(_) => text.to_owned(),
        };
        if let Ok(others) = self.others.read() {
            covered = others.iter().fold(covered, |covered, other| other.cover(&covered));
        }
        covered
    }

    /// Covers what comes piece by piece; all of it with the secrets that are known now.
    pub fn covering(&self) -> Covering {
        Covering { secrets: self.known().forms, held: Vec::new() }
    }

    /// All that are known now.
    pub fn known(&self) -> Secrets {
        let mut known = self.secrets.read().map(|secrets| secrets.clone()).unwrap_or_default();
        if let Ok(others) = self.others.read() {
            others.iter().for_each(|other| known.join(&other.known()));
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
