//! Functions of Rhai's own that could do harm, in a form that cannot: they build what they give before they look how large
//! it is, hold up the thread, or panic over a comparison that contradicts itself.

use std::cmp::Ordering;

use rhai::{Array, Dynamic, Engine, EvalAltResult, FnPtr, ImmutableString, NativeCallContext, Position};

use super::{Outcome, described, fail};
use crate::base::limit;

pub(super) fn register(engine: &mut Engine) {
    engine.register_fn("sleep", |_: i64| no_sleep());
    engine.register_fn("sleep", |_: f64| no_sleep());
    engine.register_fn("replace", |text: &mut ImmutableString, find: &str, by: &str| replace(text, find, by));
    engine.register_fn("replace", |text: &mut ImmutableString, find: char, by: &str| {
        replace(text, find.encode_utf8(&mut [0; 4]), by)
    });
    engine.register_fn("to_chars", |text: &mut ImmutableString| -> Outcome<Array> {
        fits(text.chars().take(limit::SCRIPT_LIST_ITEMS_MAX + 1).count())?;
        Ok(text.chars().map(Dynamic::from).collect())
    });
    for (name, back) in [("split", false), ("split_rev", true)] {
        engine.register_fn(name, move |text: &mut ImmutableString, by: &str| split(text, by, i64::MAX, back));
        engine.register_fn(name, move |text: &mut ImmutableString, by: &str, most: i64| split(text, by, most, back));
        engine.register_fn(name, move |text: &mut ImmutableString, by: char| {
            split(text, by.encode_utf8(&mut [0; 4]), i64::MAX, back)
        });
        engine.register_fn(name, move |text: &mut ImmutableString, by: char, most: i64| {
            split(text, by.encode_utf8(&mut [0; 4]), most, back)
        });
    }
    engine.register_fn("split", |text: &mut ImmutableString| -> Outcome<Array> {
        fits(text.split_whitespace().take(limit::SCRIPT_LIST_ITEMS_MAX + 1).count())?;
        Ok(text.split_whitespace().map(piece).collect())
    });
    for name in ["sort", "sort_by"] {
        engine.register_fn(name, |context: NativeCallContext<'_>, list: &mut Array, by: FnPtr| -> Outcome<()> {
            *list = ordered(&context, std::mem::take(list), &by)?;
            Ok(())
        });
    }
    engine
        .register_fn("order_by", |context: NativeCallContext<'_>, list: Array, by: FnPtr| ordered(&context, list, &by));
}

fn no_sleep() -> Outcome<()> {
    fail("a script cannot sleep; a workflow waits by `wait`")
}

/// Whether a list may have so many items.
fn fits(items: usize) -> Outcome<()> {
    if items > limit::SCRIPT_LIST_ITEMS_MAX {
        return Err(EvalAltResult::ErrorDataTooLarge("Size of array".into(), Position::NONE).into());
    }
    Ok(())
}

fn replace(text: &mut ImmutableString, find: &str, by: &str) -> Outcome<()> {
    if find.is_empty() {
        return fail("there is nothing to look for: the text to be replaced is empty");
    }
    let times = text.matches(find).count();
    let length = text.len().saturating_add(times.saturating_mul(by.len().saturating_sub(find.len())));
    if length > limit::SCRIPT_TEXT_BYTES_MAX {
        return Err(EvalAltResult::ErrorDataTooLarge("Length of string".into(), Position::NONE).into());
    }
    *text = text.replace(find, by).into();
    Ok(())
}

fn split(text: &str, by: &str, most: i64, back: bool) -> Outcome<Array> {
    // As Rhai has it, less than one piece is one.
    let most = usize::try_from(most.max(1)).unwrap_or(usize::MAX);
    fits(text.matches(by).take((limit::SCRIPT_LIST_ITEMS_MAX + 1).min(most)).count())?;
    Ok(if back { text.rsplitn(most, by).map(piece).collect() } else { text.splitn(most, by).map(piece).collect() })
}

fn piece(text: &str) -> Dynamic {
    ImmutableString::from(text).into()
}

/// A list in the order that a closure says by a number, or by `true` where its first argument comes first.
fn ordered(context: &NativeCallContext<'_>, list: Array, by: &FnPtr) -> Outcome<Array> {
    merge_sorted(list, &mut |a: &Dynamic, b: &Dynamic| {
        let found: Dynamic = by.call_within_context(context, (a.clone(), b.clone()))?;
        match (found.as_int(), found.as_bool()) {
            (Ok(number), _) => Ok(number.cmp(&0)),
            (_, Ok(true)) => Ok(Ordering::Less),
            (_, Ok(false)) => Ok(Ordering::Greater),
            _ => fail(format!("the closure must say which comes first by a number, not by {}", described(&found))),
        }
    })
}

/// Sorts stably; ends at the first error, and with some order where the comparison contradicts itself.
pub(super) fn merge_sorted<T>(items: Vec<T>, compare: &mut dyn FnMut(&T, &T) -> Outcome<Ordering>) -> Outcome<Vec<T>> {
    if items.len() < 2 {
        return Ok(items);
    }
    let mut left = items;
    let right = left.split_off(left.len() / 2);
    let (left, right) = (merge_sorted(left, compare)?, merge_sorted(right, compare)?);
    let mut merged = Vec::with_capacity(left.len() + right.len());
    let (mut left, mut right) = (left.into_iter().peekable(), right.into_iter().peekable());
    while let (Some(a), Some(b)) = (left.peek(), right.peek()) {
        let next = if compare(a, b)?.is_gt() { right.next() } else { left.next() };
        merged.extend(next);
    }
    merged.extend(left);
    merged.extend(right);
    Ok(merged)
}
