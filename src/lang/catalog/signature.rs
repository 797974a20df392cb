//! What can be known of an operation without carrying it out.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::base::shape::{Field, Shape};
use crate::base::span::Span;
use crate::base::time::Duration;
use crate::base::value::Value;

/// What an operation takes, gives, and what repeating it means.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Signature {
    /// Its connector.
    pub connector: Arc<str>,
    /// Its name.
    pub name: Arc<str>,
    /// What it does.
    pub doc: Option<Arc<str>>,
    /// What repeating it means.
    pub effect: Effect,
    /// What it takes.
    pub params: Vec<Field>,
    /// What it gives.
    pub result: Shape,
    /// Whether its body is in Rust.
    pub native: bool,
    /// Whether its result comes in pages that a `for ... from` can stream.
    pub streams: bool,
    /// Where it is declared.
    pub span: Span,
}

impl Signature {
    /// `connector.operation`
    pub fn full_name(&self) -> Arc<str> {
        format!("{}.{}", self.connector, self.name).into()
    }

    /// What repeating a call means, with or without a `key` clause: `http` sends its key along, and so turns `once` into `keyed`.
    pub fn effect_of(&self, has_key: bool) -> Effect {
        if has_key && self.effect == Effect::Once && &*self.connector == "http" {
            return Effect::Keyed { carrier: Some(KEY_HEADER.into()), keep: None };
        }
        self.effect.clone()
    }

    /// The parameters of a call, with those hidden that are declared as `secret`.
    #[must_use]
    pub fn hide(&self, params: Value) -> Value {
        let declared = self.params.iter().filter(|field| field.shape.has_secret());
        declared.fold(params, |params, field| match params {
            Value::Map(mut map) if map.contains_key(&field.name) => {
                let own = Arc::make_mut(&mut map);
                if let Some(value) = own.get_mut(&field.name) {
                    *value = field.shape.hide(std::mem::take(value));
                }
                Value::Map(map)
            }
            other => other,
        })
    }
}

/// Where the key of an intent goes when a `key` clause asks for it and the operation names no place.
pub const KEY_HEADER: &str = "Idempotency-Key";

/// What repeating an operation means (semantics 8).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Effect {
    /// May be repeated.
    Read,
    /// May be repeated with the same key.
    Keyed {
        /// The header or field that carries the key; absent where the request is its own key.
        carrier: Option<Arc<str>>,
        /// How long the far side remembers.
        keep: Option<Duration>,
    },
    /// Must not be repeated on its own.
    Once,
}

impl Effect {
    /// Whether nobody can know what an attempt did that failed: what must not be repeated, and may have happened (semantics 47).
    pub fn leaves_doubt(&self, certain: bool) -> bool {
        !certain && *self == Self::Once
    }
}
