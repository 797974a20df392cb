//! How whoever sends something proves who they are: `verify hmac_sha256 { key, header, ... }`, over the body as it came, byte by
//! byte.

use std::sync::Arc;

use base64::Engine as _;
use hmac::{Hmac, KeyInit, Mac};

use super::request::Request;
use crate::base::secret::Secrets;
use crate::base::time::{Duration, Timestamp};
use crate::base::value::Value;

/// How far the clocks of both sides, and the way between them, may lie apart where `window` says nothing.
const WINDOW_DEFAULT: Duration = Duration::seconds(5 * 60);
/// How many signatures one header may hold: while keys are changed there are two.
const SIGNATURES_MAX: usize = 16;

/// What the sender must prove.
#[derive(Clone)]
pub struct Proof {
    scheme: Scheme,
    /// The keys that are good: more than one while they are changed.
    keys: Vec<Vec<u8>>,
    /// Where the signature stands.
    header: Option<String>,
    /// What was given in place of a header: what the sender says of itself in the body.
    given: Option<Vec<String>>,
    /// Where the sender gives the key itself, once.
    learn: Option<String>,
    /// What stands before it.
    prefix: String,
    /// Under which name, where the header is a list of `name=value`.
    field: Option<String>,
    base64: bool,
    /// Where the time stands: a header, or a name in the list.
    timestamp: Option<String>,
    window: Duration,
    /// In which header the sender says which delivery it is.
    id: Option<String>,
    signed: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Scheme {
    Sha1,
    Sha256,
    Sha512,
    /// The key itself stands in the header.
    Token,
}

/// A key that the sender gives itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lesson {
    /// The key.
    pub key: Arc<str>,
    /// The header that it came in, which is sent back to say that it was heard.
    pub echo: Option<String>,
}

/// A delivery that was proved to be the sender's.
#[derive(Clone, Debug, Default)]
pub struct Delivery {
    /// The signature, which another delivery cannot have.
    pub signature: Option<String>,
    /// What the sender calls it.
    pub id: Option<String>,
    /// For how long a second one like it is a copy.
    pub window: Duration,
    /// What stands in it and proves it: the keys, where the sender sends the key itself.
    pub proofs: Secrets,
}

impl Proof {
    /// What `verify SCHEME fields` asks for.
    ///
    /// # Errors
    /// What is missing, or is not as it must be.
    pub fn read(scheme: &str, fields: &Value) -> Result<Self, String> {
        let text = |name: &str| match fields.get(name) {
            None | Some(Value::Unit) => Ok(None),
            Some(Value::Text(text)) => Ok(Some(text.to_string())),
            Some(other) => Err(format!("`{name}` of `verify` must be a text, is {}", other.type_name())),
        };
        let scheme = match scheme {
            "hmac_sha1" => Scheme::Sha1,
            "hmac_sha256" => Scheme::Sha256,
            "hmac_sha512" => Scheme::Sha512,
            _ => Scheme::Token,
        };
        let learn = text("learn")?;
        let mut keys = texts(fields, "key")?.unwrap_or_default();
        keys.retain(|key| !key.is_empty());
        if keys.is_empty() && learn.is_none() {
            return Err("`verify` needs a `key`".to_owned());
        }
        let header = text("header")?.map(|header| header.to_lowercase());
        let given = texts(fields, "given")?;
        if header.is_none() && fields.get("given").is_none() {
            return Err("`verify` needs a `header`".to_owned());
        }
        let timestamp = text("timestamp")?;
        let plain = if timestamp.is_some() { "{timestamp}.{body}" } else { "{body}" };
        let window = match fields.get("window") {
            None | Some(Value::Unit) => WINDOW_DEFAULT,
            Some(Value::Duration(window)) => *window,
            Some(other) => return Err(format!("`window` of `verify` must be a duration, is {}", other.type_name())),
        };
        let base64 = match text("encoding")?.as_deref() {
            None | Some("hex") => false,
            Some("base64") => true,
            Some(other) => return Err(format!("`encoding` of `verify` is \"hex\" or \"base64\", not {other:?}")),
        };
        Ok(Self {
            scheme,
            keys: keys.into_iter().map(String::into_bytes).collect(),
            header,
            given,
            learn,
            prefix: text("prefix")?.unwrap_or_default(),
            field: text("field")?,
            base64,
            timestamp,
            window,
            id: text("id")?.map(|id| id.to_lowercase()),
            signed: text("signed")?.unwrap_or_else(|| plain.to_owned()),
        })
    }

    /// With keys that the sender gave before.
    #[must_use]
    pub fn having_learnt(mut self, keys: impl IntoIterator<Item = Arc<str>>) -> Self {
        self.keys.extend(keys.into_iter().map(|key| key.as_bytes().to_vec()));
        self
    }

    /// Whether the sender gives the key itself.
    pub fn learns(&self) -> bool {
        self.learn.is_some()
    }

    /// The key that a request gives, if it gives one.
    pub fn lesson(&self, request: &Request, body: &Value) -> Option<Lesson> {
        let place = self.learn.as_ref()?;
        let (key, echo) = match place.strip_prefix("body.") {
            Some(field) => (body.get(field)?.as_text()?, None),
            None => (request.header(&place.to_lowercase())?, Some(place.to_lowercase())),
        };
        (!key.is_empty()).then(|| Lesson { key: key.into(), echo })
    }

    /// Whether a request is the sender's, and sent just now.
    ///
    /// # Errors
    /// Why it is not, without a word about the key.
    pub fn check(&self, request: &Request, now: Timestamp) -> Result<Delivery, String> {
        let id = self.id.as_ref().and_then(|name| request.header(name)).map(str::to_owned);
        let Some(header) = &self.header else { return self.check_given(id) };
        let given = request.header(header).ok_or_else(|| format!("the header `{header}` is missing"))?;
        let signature = if self.scheme == Scheme::Token {
            if !self.candidates(given).iter().any(|given| self.is_key(given)) {
                return Err(format!("the token in `{header}` is wrong"));
            }
            None
        } else {
            let text = self.signed_text(request, given, id.as_deref())?;
            let candidates = self.candidates(given);
            let mut codes = candidates.iter().take(SIGNATURES_MAX).filter_map(|given| self.decoded(given));
            let code = codes.find(|code| self.signs(&text, code));
            let code = code.ok_or_else(|| format!("the signature in `{header}` is wrong"))?;
            // However the sender writes it, it is one code.
            Some(code.iter().map(|byte| format!("{byte:02x}")).collect())
        };
        self.is_fresh(request, given, now)?;
        Ok(Delivery { signature, id, window: self.window, proofs: self.sent_keys() })
    }

    /// Whether everything that the sender says of itself is the key.
    fn check_given(&self, id: Option<String>) -> Result<Delivery, String> {
        match &self.given {
            Some(given) if !given.is_empty() && given.iter().all(|given| self.is_key(given)) => {
                Ok(Delivery { id, window: self.window, proofs: self.sent_keys(), ..Delivery::default() })
            }
            _ => Err("it does not carry the token that was agreed on".to_owned()),
        }
    }

    /// The keys that stand in what is sent.
    fn sent_keys(&self) -> Secrets {
        let mut sent = Secrets::default();
        if self.scheme == Scheme::Token {
            self.keys.iter().for_each(|key| sent.add(&String::from_utf8_lossy(key)));
        }
        sent
    }

    /// The signatures in a header.
    fn candidates(&self, given: &str) -> Vec<String> {
        let all: Vec<&str> = match &self.field {
            Some(field) => fields(given).filter(|(name, _)| name == field).map(|(_, value)| value).collect(),
            None if self.prefix.is_empty() => vec![given.trim()],
            None => given.split_whitespace().collect(),
        };
        all.into_iter().filter_map(|text| text.strip_prefix(&self.prefix)).map(str::to_owned).collect()
    }

    fn time_text<'r>(&self, request: &'r Request, given: &'r str) -> Result<Option<&'r str>, String> {
        let Some(name) = &self.timestamp else { return Ok(None) };
        let found = match &self.field {
            Some(_) => fields(given).find(|(known, _)| known == name).map(|(_, value)| value),
            None => request.header(&name.to_lowercase()),
        };
        found.map(Some).ok_or_else(|| format!("the time is missing: there is no `{name}`"))
    }

    fn signed_text(&self, request: &Request, given: &str, id: Option<&str>) -> Result<Vec<u8>, String> {
        let time = self.time_text(request, given)?.unwrap_or_default();
        let mut text = Vec::with_capacity(request.body.len() + self.signed.len() + time.len());
        let mut rest = self.signed.as_str();
        while let Some(open) = rest.find('{') {
            text.extend_from_slice(&rest.as_bytes()[..open]);
            rest = &rest[open..];
            let url = if rest.starts_with("{url}") { request.url() } else { String::new() };
            let pieces: [(&str, &[u8]); 6] = [
                ("{body}", &request.body),
                ("{timestamp}", time.as_bytes()),
                ("{id}", id.unwrap_or_default().as_bytes()),
                ("{method}", request.method.as_bytes()),
                ("{path}", request.path.as_bytes()),
                ("{url}", url.as_bytes()),
            ];
            match pieces.into_iter().find(|(name, _)| rest.starts_with(name)) {
                Some((name, piece)) => {
                    text.extend_from_slice(piece);
                    rest = &rest[name.len()..];
                }
                None => {
                    text.push(b'{');
                    rest = &rest[1..];
                }
            }
        }
        text.extend_from_slice(rest.as_bytes());
        Ok(text)
    }

    fn is_fresh(&self, request: &Request, given: &str, now: Timestamp) -> Result<(), String> {
        let Some(text) = self.time_text(request, given)? else { return Ok(()) };
        let wrong = || format!("`{text}` is no time: seconds since 1970, or a datetime");
        let sent = match text.parse::<i64>() {
            // Whoever counts milliseconds is past this many seconds since long ago.
            Ok(count) if count.abs() > 100_000_000_000 => Timestamp::from_millisecond(count).map_err(|_| wrong())?,
            Ok(count) => Timestamp::from_second(count).map_err(|_| wrong())?,
            Err(_) => text.parse().map_err(|_| wrong())?,
        };
        if Duration::between(sent, now).0.abs() > self.window.0 {
            return Err(format!("it was sent at {sent}, which is more than {} away from now", self.window));
        }
        Ok(())
    }

    fn decoded(&self, signature: &str) -> Option<Vec<u8>> {
        if self.base64 {
            return base64::engine::general_purpose::STANDARD.decode(signature).ok();
        }
        let digits = signature.as_bytes();
        let pairs = digits.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok());
        if digits.len().is_multiple_of(2) { pairs.collect() } else { None }
    }

    fn signs(&self, text: &[u8], signature: &[u8]) -> bool {
        self.keys.iter().any(|key| match self.scheme {
            Scheme::Sha1 => is_mac::<Hmac<sha1::Sha1>>(key, text, signature),
            Scheme::Sha256 => is_mac::<Hmac<sha2::Sha256>>(key, text, signature),
            Scheme::Sha512 => is_mac::<Hmac<sha2::Sha512>>(key, text, signature),
            Scheme::Token => false,
        })
    }

    /// Whether this is a key. Digests are compared, so that the time it takes says nothing of either.
    fn is_key(&self, given: &str) -> bool {
        self.keys.iter().any(|key| blake3::hash(given.as_bytes()) == blake3::hash(key))
    }
}

/// Whether `signature` is the code of `text` under `key`; takes as long whatever it is.
fn is_mac<M: Mac + KeyInit>(key: &[u8], text: &[u8], signature: &[u8]) -> bool {
    let Ok(mut mac) = <M as KeyInit>::new_from_slice(key) else { return false };
    mac.update(text);
    mac.verify_slice(signature).is_ok()
}

/// A field that is a text, or a list of them.
fn texts(fields: &Value, name: &str) -> Result<Option<Vec<String>>, String> {
    let wrong = |other: &Value| format!("`{name}` of `verify` must be a text, is {}", other.type_name());
    let one = |value: &Value| value.as_text().map(str::to_owned).ok_or_else(|| wrong(value));
    match fields.get(name) {
        None | Some(Value::Unit) => Ok(None),
        Some(Value::List(list)) => {
            list.iter().filter(|item| !item.is_unit()).map(one).collect::<Result<_, _>>().map(Some)
        }
        Some(value) => one(value).map(|text| Some(vec![text])),
    }
}

/// The parts of a header that is a list: `t=1492774577,v1=5257a8`.
fn fields(header: &str) -> impl Iterator<Item = (&str, &str)> {
    header.split(',').filter_map(|part| part.trim().split_once('='))
}
