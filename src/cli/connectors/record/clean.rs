//! Takes out of an exchange what must not stand in a file, and what nobody reads.

use std::collections::BTreeMap;

use regex::{Captures, Regex};

use crate::base::value::{Map, Value};
use crate::cli::exit::Refusal;
use crate::host::builder::Alone;

/// Stands where a secret stood: what replaces it in requests must look like a value, too.
const SECRET: &str = "secret";
/// How many items of a list are kept.
const ITEMS_MAX: usize = 2;
/// How long a text may be.
const CHARS_MAX: usize = 300;
/// How much is left of a longer one.
const CHARS_LEFT: usize = 80;

/// Tokens by their look, in ASCII: Slack, GitHub, GitLab, AWS, Google, Stripe and its like, SendGrid, Atlassian, JWT, whatever stands
/// behind `Bearer`.
const TOKENS: &str = r"(?-u)xox[a-z]-[\w-]{8,}|gh[pousr]_\w{16,}|github_pat_\w{16,}|glpat-[\w-]{16,}|A[KS]IA[0-9A-Z]{16}|ya29\.[\w.-]{16,}|AIza[\w-]{30,}|(?:sk|pk|rk|whsec)_(?:live_|test_)?\w{16,}|sk-[\w-]{16,}|SG\.[\w.-]{20,}|ATATT[\w=-]{16,}|shp(?:at|ss)_\w{16,}|pat-[\w-]{16,}|eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*|Bearer [\w.~+/=-]{8,}";
/// Fields that hold secrets, by their names without `_` and `-`; what carries pages on does not.
const FIELDS: &str = r"(?i)^(?:.*(?:access|refresh|auth|api|bearer|csrf|xsrf|session|bot|user|id|client|security)|x)?token$|secret|passw(?:or)?d|passphrase|^authorization$|apikey|privatekey|^(?:set)?cookie$|^signature$|^session(?:id)?$|credential";
/// Parts of an address that let whoever has it in.
const SIGNED: &str = r"(?i)[?&](?:x-amz-[\w-]+|sig|signature|token|access_token|key|api_key|code)=";
const ADDRESS: &str = r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+";

/// Cleans the values of one exchange, the same each time.
pub struct Cleaner<'a> {
    alone: &'a Alone,
    keeps_addresses: bool,
    patterns: Patterns,
    /// People by the addresses they had.
    people: BTreeMap<String, String>,
}

struct Patterns {
    tokens: Regex,
    fields: Regex,
    signed: Regex,
    address: Regex,
}

impl<'a> Cleaner<'a> {
    /// For what `alone` was given.
    ///
    /// # Errors
    /// None, as long as the patterns above are patterns.
    pub fn new(alone: &'a Alone, keeps_addresses: bool) -> Result<Self, Refusal> {
        let pattern = |text| Regex::new(text).map_err(|error| Refusal::new(format!("secrets cannot be told: {error}")));
        let patterns = Patterns {
            tokens: pattern(TOKENS)?,
            fields: pattern(FIELDS)?,
            signed: pattern(SIGNED)?,
            address: pattern(ADDRESS)?,
        };
        Ok(Self { alone, keeps_addresses, patterns, people: BTreeMap::new() })
    }

    /// A value without secrets, with short lists and texts.
    pub fn clean(&mut self, value: &Value) -> Value {
        match value {
            Value::Text(text) => self.text(text).into(),
            Value::List(items) => Value::list(items.iter().take(ITEMS_MAX).map(|item| self.clean(item))),
            Value::Map(map) => {
                let fields = map.iter().map(|(name, value)| {
                    let is_secret = value.as_text().is_some_and(|text| !text.is_empty()) && self.holds_secrets(name);
                    (self.text(name).into(), if is_secret { SECRET.into() } else { self.clean(value) })
                });
                Value::from(fields.collect::<Map>())
            }
            Value::Bytes(_) => "content".into(),
            Value::Null => Value::Unit,
            other => other.clone(),
        }
    }

    fn holds_secrets(&self, name: &str) -> bool {
        let plain = name.replace(['_', '-'], "");
        self.patterns.fields.is_match(&plain)
    }

    fn text(&mut self, text: &str) -> String {
        let covered = self.alone.mask().cover(text);
        let mut clean = self.patterns.tokens.replace_all(&covered, SECRET).into_owned();
        let is_url = clean.starts_with("http://") || clean.starts_with("https://");
        if is_url && self.patterns.signed.is_match(&clean) {
            clean.truncate(clean.find('?').unwrap_or(clean.len()));
        }
        if !self.keeps_addresses {
            let people = &mut self.people;
            let somebody = |found: &Captures<'_>| {
                let next = format!("person{}@example.com", people.len() + 1);
                people.entry(found[0].to_lowercase()).or_insert(next).clone()
            };
            clean = self.patterns.address.replace_all(&clean, somebody).into_owned();
        }
        match clean.char_indices().nth(CHARS_MAX) {
            Some(_) => clean.chars().take(CHARS_LEFT).chain(['…']).collect(),
            None => clean,
        }
    }

    /// The headers of an answer that say how it is read, and its body as it came: that of a file is not kept.
    pub fn head(&self, answer: &Value, body: Value) -> (Value, Value) {
        let headers = answer.get("headers").and_then(Value::as_map).cloned().unwrap_or_default();
        let media = headers.get("content-type").and_then(Value::as_text).unwrap_or_default();
        let is_file = ["path", "bytes", "name"].iter().all(|name| body.get(name).is_some());
        let body = if is_file && !media.contains("json") { "content".into() } else { body };
        let is_json = media.is_empty() || media.contains("json");
        if is_json || body.is_unit() {
            (Value::Unit, body)
        } else {
            (Value::map([("Content-Type", Value::from(media))]), body)
        }
    }
}
