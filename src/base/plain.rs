//! JSON for people and other programs out of JSON as journals hold it, piece by piece: what
//! [`Value::to_json`](super::value::Value::to_json) gives, without the value ever being there.

use memchr::memchr2;

use super::secret::MASK;
use super::value::Value;

/// What a marked value begins with, before the word for its kind.
const HEAD: &[u8] = br#"{"$flow":""#;

/// What lies between the word and the value.
const NECK: &[u8] = br#"","value":"#;

/// Makes one value plain, as its pieces come. They can be cut anywhere.
#[derive(Clone, Debug, Default)]
pub struct Plain {
    /// What came, and cannot be told yet.
    held: Vec<u8>,
    /// What has begun and not ended.
    open: Vec<Open>,
    in_text: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Open {
    Object,
    List,
    /// The mark of a value, that is left out.
    Mark,
    /// A list of pairs, that is an object.
    Pairs,
    /// One of them.
    Pair,
}

impl Plain {
    /// Goes on with a piece: what that comes to.
    pub fn take(&mut self, piece: &[u8]) -> Vec<u8> {
        let mut came = std::mem::take(&mut self.held);
        came.extend_from_slice(piece);
        let (mut plain, mut rest) = (Vec::with_capacity(came.len()), came.as_slice());
        while !rest.is_empty() {
            let step = if self.in_text { self.text(rest, &mut plain) } else { self.sign(rest, &mut plain) };
            match step {
                Some(length) => rest = rest.get(length..).unwrap_or_default(),
                None => break,
            }
        }
        self.held = rest.to_vec();
        plain
    }

    /// Goes on within a text. How much was taken; nothing where more must come first.
    fn text(&mut self, rest: &[u8], plain: &mut Vec<u8>) -> Option<usize> {
        let length = match memchr2(b'"', b'\\', rest) {
            None => rest.len(),
            Some(at) if rest.get(at) == Some(&b'"') => {
                self.in_text = false;
                at + 1
            }
            Some(at) if rest.len() > at + 1 => at + 2,
            Some(0) => return None,
            Some(at) => at,
        };
        plain.extend_from_slice(rest.get(..length)?);
        Some(length)
    }

    /// Goes on outside of texts, as [`Plain::text`] does.
    fn sign(&mut self, rest: &[u8], plain: &mut Vec<u8>) -> Option<usize> {
        let sign = *rest.first()?;
        match sign {
            b'{' => return self.object(rest, plain),
            b'[' if self.open.last() == Some(&Open::Pairs) => self.open.push(Open::Pair),
            b'[' => self.begin(Open::List, sign, plain),
            b']' | b'}' => match self.open.pop() {
                Some(Open::Mark | Open::Pair) => {}
                Some(Open::Pairs) => plain.push(b'}'),
                Some(Open::Object | Open::List) | None => plain.push(sign),
            },
            b',' if self.open.last() == Some(&Open::Pair) => plain.push(b':'),
            b'"' => {
                self.in_text = true;
                plain.push(sign);
            }
            _ => plain.push(sign),
        }
        Some(1)
    }

    fn begin(&mut self, what: Open, sign: u8, plain: &mut Vec<u8>) {
        self.open.push(what);
        plain.push(sign);
    }

    /// An object begins, or the mark of a value.
    fn object(&mut self, rest: &[u8], plain: &mut Vec<u8>) -> Option<usize> {
        if !rest.starts_with(HEAD) {
            if HEAD.starts_with(rest) {
                return None;
            }
            self.begin(Open::Object, b'{', plain);
            return Some(1);
        }
        let after = rest.get(HEAD.len()..)?;
        let word = after.get(..after.iter().position(|byte| *byte == b'"')?)?;
        let head = HEAD.len() + word.len() + NECK.len();
        let value = *rest.get(head)?;
        match word {
            b"map" => {
                self.open.extend([Open::Mark, Open::Pairs]);
                plain.push(b'{');
                Some(head + 1)
            }
            b"set" | b"bytes" => {
                self.open.push(Open::Mark);
                Some(head)
            }
            // All others are short.
            _ => {
                let inner = rest.get(head..)?;
                let text = if value == b'"' { 1 + inner.get(1..)?.iter().position(|byte| *byte == b'"')? } else { 0 };
                let end = head + text + inner.get(text..)?.iter().position(|byte| *byte == b'}')? + 1;
                let value = match word {
                    b"sealed" => Value::from(MASK),
                    _ => serde_json::from_slice(rest.get(..end)?).unwrap_or_default(),
                };
                plain.extend_from_slice(value.to_json().to_string().as_bytes());
                Some(end)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::base::time::{Duration, Timestamp};

    fn values() -> Vec<Value> {
        let text = Value::from("a \"quote\" \\ {\"$flow\":\"set\",\"value\":[ and [1, 2] } ä");
        let tagged = Value::map([
            ("$flow", text.clone()),
            ("value", Value::list([Value::Null, Value::map([("a", text.clone())])])),
        ]);
        let set = Value::Set(Arc::new([Value::Int(1), text.clone(), tagged.clone()].into_iter().collect()));
        let all = [
            Value::Unit,
            Value::Null,
            Value::Bool(true),
            Value::Int(i64::MIN),
            Value::Float(0.1),
            Value::Float(f64::NAN),
            Value::Float(f64::NEG_INFINITY),
            text,
            Value::Bytes(Arc::from([0u8, 255, 7])),
            Value::moment(Timestamp::UNIX_EPOCH),
            Value::Date(jiff::civil::date(2026, 3, 29)),
            Value::Duration(Duration(1_500_000_000)),
            Value::list([]),
            Value::Set(Arc::default()),
            Value::map::<&str>([]),
            tagged,
            set,
        ];
        let whole = [Value::list(all.clone()), Value::map(all.iter().map(|value| (value.type_name(), value.clone())))];
        all.into_iter().chain(whole).collect()
    }

    #[test]
    fn it_is_what_the_value_shows_however_it_is_cut() {
        for value in values() {
            let (stored, shown) = (serde_json::to_vec(&value).expect("data"), value.to_json().to_string());
            for length in [1, 2, 3, 7, 64, stored.len()] {
                let mut plain = Plain::default();
                let made: Vec<u8> = stored.chunks(length).flat_map(|piece| plain.take(piece)).collect();
                assert_eq!(String::from_utf8_lossy(&made), shown, "in pieces of {length}");
            }
        }
    }
}
