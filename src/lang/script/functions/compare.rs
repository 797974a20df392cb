//! The order of values: what `<`, `sorted`, `min` and `max` agree on.

use std::cmp::Ordering;

use rhai::Dynamic;

use super::super::convert::{Day, Moment};
use super::{Outcome, described, fail};
use crate::base::time::Duration;

/// Which of two values comes first; an error where they cannot be compared.
pub(super) fn order(left: &Dynamic, right: &Dynamic) -> Outcome<Ordering> {
    if let (Ok(left), Ok(right)) = (left.as_int(), right.as_int()) {
        return Ok(left.cmp(&right));
    }
    if let (Some(left), Some(right)) = (number(left), number(right)) {
        return left.partial_cmp(&right).map_or_else(|| fail("what is not a number cannot be compared"), Ok);
    }
    if let (Ok(left), Ok(right)) = (left.as_immutable_string_ref(), right.as_immutable_string_ref()) {
        return Ok(left.as_str().cmp(right.as_str()));
    }
    if let (Some(left), Some(right)) = (text(left), text(right)) {
        return Ok(left.cmp(&right));
    }
    if let (Ok(left), Ok(right)) = (left.as_bool(), right.as_bool()) {
        return Ok(left.cmp(&right));
    }
    if let (Some(left), Some(right)) = (left.read_lock::<Moment>(), right.read_lock::<Moment>()) {
        return Ok(left.timestamp().cmp(&right.timestamp()));
    }
    if let (Some(left), Some(right)) = (left.read_lock::<Day>(), right.read_lock::<Day>()) {
        return Ok(left.cmp(&right));
    }
    if let (Some(left), Some(right)) = (left.read_lock::<Duration>(), right.read_lock::<Duration>()) {
        return Ok(left.cmp(&right));
    }
    if let (Ok(left), Ok(right)) = (left.as_array_ref(), right.as_array_ref()) {
        for (left, right) in left.iter().zip(right.iter()) {
            let found = order(left, right)?;
            if found != Ordering::Equal {
                return Ok(found);
            }
        }
        return Ok(left.len().cmp(&right.len()));
    }
    if left.is_unit() || right.is_unit() {
        let side = if left.is_unit() { "left" } else { "right" };
        return fail(format!("on the {side} stands `()`, which cannot be compared; say by `??` what counts instead"));
    }
    fail(format!("{} cannot be compared with {}", described(left), described(right)))
}

/// A number as a float.
pub(super) fn number(value: &Dynamic) -> Option<f64> {
    value.as_float().ok().or_else(|| value.as_int().ok().map(|number| number as f64))
}

/// A text or a character.
fn text(value: &Dynamic) -> Option<String> {
    let text = value.as_immutable_string_ref().ok().map(|text| text.to_string());
    text.or_else(|| value.as_char().ok().map(String::from))
}
