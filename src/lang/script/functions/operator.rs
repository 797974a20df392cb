//! What the emitted text calls in place of operators and fields, and the operators of sets and of `null`.

use std::cmp::Ordering;
use std::sync::Arc;

use rhai::{Array, Dynamic, Engine, EvalAltResult, EvalContext, Expression, ImmutableString, Map, Position};

use super::super::ambient;
use super::super::convert::{self, Members, Null};
use super::super::{compute, emit, path};
use super::compare::order;
use super::{Outcome, fail, ours};
use crate::base::time::Duration;

pub(super) fn register(engine: &mut Engine) {
    comparisons(engine);
    engine.register_fn("__text", text);
    engine.register_fn("__some", |value: Dynamic| -> Outcome<Dynamic> {
        if value.is_unit() { fail("this is `()`; say by `??` what counts instead: `(...) ?? \"\"`") } else { Ok(value) }
    });
    // A value of its own: what it came from is free for closures.
    engine.register_fn("__own", |value: Dynamic| value.flatten());
    engine.register_fn("__caught", caught);
    engine.register_fn("__field", |value: &mut Dynamic, name: ImmutableString| field(value, &name));
    engine.register_fn("__item", |value: &mut Dynamic, index: Dynamic| item(value, &index));
    engine.register_fn("__null", || Null);
    engine.register_fn("__duration", Duration);
    engine.register_fn("__read", |slot: i64| -> Outcome<Dynamic> {
        let slot = usize::try_from(slot).unwrap_or(usize::MAX);
        let found = ambient::ask(|ambient| ambient.slots.get(slot).cloned().flatten()).flatten();
        found.map_or_else(
            // The same error as for a variable that is not bound, so that it is told in the same way.
            || Err(EvalAltResult::ErrorVariableNotFound(emit::slot_name(slot).into_owned(), Position::NONE).into()),
            Ok,
        )
    });
    engine.register_fn("__setting", |name: ImmutableString, secret: bool| -> Outcome<Dynamic> {
        let found = ambient::ask(|ambient| {
            let known = ambient.settings.iter().find(|(known, kind, _)| **known == *name && *kind == secret);
            known.and_then(|(_, _, value)| value.clone())
        });
        match found.flatten() {
            Some(value) => Ok(convert::to_rhai(&value)),
            None => fail(compute::no_setting(&name, secret)),
        }
    });
    engine.register_type_with_name::<Null>("null");
    engine.register_fn("==", |a: Null, b: Null| a == b);
    engine.register_fn("!=", |a: Null, b: Null| a != b);
    engine.register_fn("to_string", |_: Null| "null");
    engine.register_fn("to_debug", |_: Null| "null");
    sets(engine);
}

/// Comparisons are syntax and not functions: for a call of a function Rhai looks up what the types of its arguments choose, and
/// that costs as much as ten operators. The first part is `()`, and stands where an error belongs.
fn comparisons(engine: &mut Engine) {
    let holds: [fn(Ordering) -> bool; 4] = [Ordering::is_lt, Ordering::is_le, Ordering::is_gt, Ordering::is_ge];
    for (name, holds) in ["__lt", "__le", "__gt", "__ge"].into_iter().zip(holds) {
        let symbols = [name, "(", "$expr$", ",", "$expr$", ",", "$expr$", ")"];
        let compare = move |context: &mut EvalContext<'_, '_, '_, '_, '_, '_>, parts: &[Expression<'_>]| {
            let [place, left, right] = parts else { return fail("a comparison has two sides") };
            let (left, right) = (context.eval_expression_tree(left)?, context.eval_expression_tree(right)?);
            let found = order(&left.flatten(), &right.flatten()).map_err(|mut error| {
                error.set_position(place.position());
                error
            })?;
            Ok(holds(found).into())
        };
        engine.register_custom_syntax(symbols, false, compare).unwrap_or_else(|error| unreachable!("{error}"));
    }
}

/// What `catch` gives: what was thrown, or an error of Rhai without its places, which are those of the emitted text.
fn caught(mut error: Dynamic) -> Dynamic {
    if let Some(mut map) = error.write_lock::<Map>()
        && map.contains_key("error")
        && map.contains_key("position")
    {
        for name in ["line", "position", "source"] {
            map.remove(name);
        }
    }
    error
}

/// A value as it stands inside of a text.
fn text(value: Dynamic) -> Outcome<ImmutableString> {
    if let Ok(text) = value.as_immutable_string_ref() {
        return Ok(text.clone());
    }
    let mut found = String::new();
    match compute::append(&mut found, &ours(&value)?) {
        Ok(()) => Ok(found.into()),
        Err(message) => fail(message),
    }
}

/// `value?.name`: `()` where the field is missing.
fn field(value: &Dynamic, name: &str) -> Outcome<Dynamic> {
    if let Ok(map) = value.as_map_ref() {
        return Ok(map.get(name).cloned().unwrap_or_default());
    }
    if value.is_array() || value.is_string() || value.is_blob() {
        return Ok(Dynamic::UNIT);
    }
    Ok(super::property(&ours(value)?, name).map_or(Dynamic::UNIT, |found| convert::to_rhai(&found)))
}

/// `value?[index]`: `()` where the item is missing.
fn item(value: &Dynamic, index: &Dynamic) -> Outcome<Dynamic> {
    if let Ok(name) = index.as_immutable_string_ref() {
        return field(value, &name);
    }
    let Ok(index) = index.as_int() else {
        return fail(format!("an item is reached by an int or a text, not by {}", super::described(index)));
    };
    if let Ok(items) = value.as_array_ref() {
        let at = if index < 0 { index.checked_add_unsigned(items.len() as u64) } else { Some(index) };
        let found = at.and_then(|at| usize::try_from(at).ok()).and_then(|at| items.get(at));
        return Ok(found.cloned().unwrap_or_default());
    }
    let key = path::Segment { key: path::Key::Item(index), optional: true, span: Default::default() };
    Ok(path::follow("this", &ours(value)?, &[key]).map_or(Dynamic::UNIT, |found| convert::to_rhai(&found)))
}

fn sets(engine: &mut Engine) {
    engine.register_type_with_name::<Members>("set");
    engine.register_iterator::<Members>();
    engine.register_fn("len", |set: &mut Members| set.0.len() as i64);
    engine.register_get("len", |set: &mut Members| set.0.len() as i64);
    engine.register_fn("is_empty", |set: &mut Members| set.0.is_empty());
    engine.register_get("is_empty", |set: &mut Members| set.0.is_empty());
    engine.register_fn("contains", |set: &mut Members, value: Dynamic| {
        Ok::<_, Box<EvalAltResult>>(set.0.contains(&ours(&value)?))
    });
    engine.register_fn("to_array", |set: &mut Members| set.clone().into_iter().collect::<Array>());
    engine.register_fn("to_string", |set: &mut Members| convert_to_text(set));
    engine.register_fn("to_debug", |set: &mut Members| convert_to_text(set));
    engine.register_fn("==", |a: &mut Members, b: Members| a.0 == b.0);
    engine.register_fn("!=", |a: &mut Members, b: Members| a.0 != b.0);
    engine.register_fn("+", |a: &mut Members, b: Dynamic| -> Outcome<Members> {
        let mut all = (*a.0).clone();
        if let Some(more) = b.read_lock::<Members>() {
            more.0.iter().for_each(|value| {
                all.insert(value.clone());
            });
        } else if let Ok(items) = b.as_array_ref() {
            for item in items.iter() {
                all.insert(ours(item)?);
            }
        } else {
            all.insert(ours(&b)?);
        }
        Ok(Members(Arc::new(all)))
    });
    engine.register_fn("-", |a: &mut Members, b: Dynamic| -> Outcome<Members> {
        let mut left = (*a.0).clone();
        if let Some(less) = b.read_lock::<Members>() {
            less.0.iter().for_each(|value| {
                left.remove(value);
            });
        } else {
            left.remove(&ours(&b)?);
        }
        Ok(Members(Arc::new(left)))
    });
}

fn convert_to_text(set: &Members) -> String {
    crate::base::value::Value::Set(set.0.clone()).to_string()
}
