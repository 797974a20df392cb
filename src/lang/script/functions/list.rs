//! Fixed functions about lists, sets and maps. Whatever goes through items takes a list, a set or a range.

use std::any::TypeId;
use std::cmp::Ordering;
use std::ops::{Range, RangeInclusive};
use std::sync::Arc;

use rhai::{Array, Dynamic, Engine, EvalAltResult, FnPtr, ImmutableString, Map, Module, NativeCallContext};

use super::super::convert::{self, Members};
use super::compare::{number, order};
use super::tamed::merge_sorted;
use super::text::joined;
use super::{Declared, Outcome, described, fail, ours};
use crate::base::limit;
use crate::base::value::Set;

pub(super) const DECLARED: &[Declared] = &[
    (
        "join(list: list<any>, separator: string?) -> string",
        "The items as one text, with the separator between them.",
        r#"join([1, "b", 3], ", ")"#,
        r#""1, b, 3""#,
    ),
    (
        "sum(list: list<any>, by: any?) -> any",
        "The sum of numbers or durations; with `by`, a closure or the name of a field, of what that gives for each item.",
        "sum([1, 2, 3.5])",
        "6.5",
    ),
    (
        "min(list: list<any>, by: any?) -> any",
        "The smallest item, or the one for which `by` gives the smallest value; `()` of an empty list.",
        "min([3, 1, 2])",
        "1",
    ),
    (
        "max(list: list<any>, by: any?) -> any",
        "The largest item, or the one for which `by` gives the largest value; `()` of an empty list.",
        r#"max([#{ n: 1 }, #{ n: 5 }], "n").n"#,
        "5",
    ),
    ("first(list: list<any>) -> any", "The first item; `()` of an empty list.", "first([7, 8])", "7"),
    ("last(list: list<any>) -> any", "The last item; `()` of an empty list.", "last([7, 8])", "8"),
    (
        "sorted(list: list<any>) -> list<any>",
        "The items from the smallest to the largest.",
        "sorted([3, 1, 2])",
        "[1, 2, 3]",
    ),
    (
        "sorted_by(list: list<any>, by: any) -> list<any>",
        "The items in the order of what `by`, a closure or the name of a field, gives for each; equal ones keep their order.",
        "sorted_by([3, 1, 2], |x| -x)",
        "[3, 2, 1]",
    ),
    (
        "unique(list: list<any>, by: any?) -> list<any>",
        "The items without those that were there before, or for which `by` gives what was there before.",
        "unique([1, 2, 1, 3, 2])",
        "[1, 2, 3]",
    ),
    (
        "group_by(list: list<any>, by: any) -> map<list<any>>",
        "Lists of the items by what `by`, a closure or the name of a field, gives for each.",
        r#"group_by([1, 2, 3], |x| if x % 2 == 0 { "even" } else { "odd" })"#,
        "#{ even: [2], odd: [1, 3] }",
    ),
    (
        "index_by(list: list<any>, by: any) -> map<any>",
        "The items by what `by` gives for each; of several the last.",
        r#"index_by([#{ id: "a", n: 1 }], "id").a.n"#,
        "1",
    ),
    (
        "count_by(list: list<any>, by: any) -> map<int>",
        "How many items there are, by what `by` gives for each.",
        r#"count_by(["a", "b", "a"], |x| x)"#,
        "#{ a: 2, b: 1 }",
    ),
    (
        "flat_map(list: list<any>, by: any) -> list<any>",
        "The lists that `by` gives for the items, as one list.",
        "flat_map([1, 2], |x| [x, x * 10])",
        "[1, 10, 2, 20]",
    ),
    (
        "flatten(list: list<any>) -> list<any>",
        "A list of lists as one list.",
        "flatten([[1], [2, 3], 4])",
        "[1, 2, 3, 4]",
    ),
    (
        "chunks(list: list<any>, size: int) -> list<list<any>>",
        "The items in lists of at most so many.",
        "chunks([1, 2, 3, 4, 5], 2)",
        "[[1, 2], [3, 4], [5]]",
    ),
    (
        "zip(a: list<any>, b: list<any>, by: any?) -> list<any>",
        "Pairs of items of two lists, as long as both have some, or what the closure `by` gives for each pair.",
        r#"zip([1, 2], ["a", "b"])"#,
        r#"[[1, "a"], [2, "b"]]"#,
    ),
    (
        "product(a: list<any>, b: list<any>?) -> any",
        "Of one list of numbers their product; of two lists every pair of their items.",
        r#"product([1, 2], ["a", "b"])"#,
        r#"[[1, "a"], [1, "b"], [2, "a"], [2, "b"]]"#,
    ),
];

pub(super) fn register(engine: &mut Engine) {
    engine.register_fn("join", |list: &mut Dynamic| joined(&items(list)?, ""));
    engine.register_fn("join", |list: &mut Dynamic, by: ImmutableString| joined(&items(list)?, &by));
    engine.register_fn("sum", |list: &mut Dynamic| sum(items(list)?));
    engine.register_fn("sum", |context: NativeCallContext<'_>, list: &mut Dynamic, by: Dynamic| {
        let by = Chooser::new(&by)?;
        sum(items(list)?.into_iter().map(|item| by.of(&context, item)).collect::<Outcome<_>>()?)
    });
    engine.register_fn("product", |list: &mut Dynamic| product(items(list)?));
    engine.register_fn("product", |a: &mut Dynamic, b: Dynamic| pairs(&items(a)?, &items(&b)?));
    engine.register_fn("min", |list: &mut Dynamic| extreme(items(list)?, Ordering::Less));
    engine.register_fn("max", |list: &mut Dynamic| extreme(items(list)?, Ordering::Greater));
    for (name, wanted) in [("min", Ordering::Less), ("max", Ordering::Greater)] {
        engine.register_fn(name, move |context: NativeCallContext<'_>, list: &mut Array, by: FnPtr| {
            extreme_by(&context, list.clone(), &Chooser::Function(by), wanted)
        });
        engine.register_fn(name, move |context: NativeCallContext<'_>, list: &mut Array, by: ImmutableString| {
            extreme_by(&context, list.clone(), &Chooser::Field(by), wanted)
        });
    }
    engine.register_fn("first", |list: &mut Dynamic| end(list, |items| items.first().cloned()));
    engine.register_fn("last", |list: &mut Dynamic| end(list, |items| items.last().cloned()));
    engine.register_fn("sorted", |list: &mut Dynamic| {
        let items = items(list)?;
        sorted(items.into_iter().map(|item| (item.clone(), item)).collect())
    });
    engine.register_fn("sorted_by", |context: NativeCallContext<'_>, list: &mut Dynamic, by: Dynamic| {
        sorted(keyed(&context, list, &by)?)
    });
    engine.register_fn("unique", |list: &mut Dynamic| {
        let items = items(list)?;
        unique(items.into_iter().map(|item| (item.clone(), item)).collect())
    });
    engine.register_fn("unique", |context: NativeCallContext<'_>, list: &mut Dynamic, by: Dynamic| {
        unique(keyed(&context, list, &by)?)
    });
    engine.register_fn("group_by", |context: NativeCallContext<'_>, list: &mut Dynamic, by: Dynamic| {
        collected(keyed(&context, list, &by)?, |entry: &mut Dynamic, item| {
            if entry.is_unit() {
                *entry = Dynamic::from_array(Array::new());
            }
            if let Some(mut list) = entry.write_lock::<Array>() {
                list.push(item);
            }
        })
    });
    engine.register_fn("index_by", |context: NativeCallContext<'_>, list: &mut Dynamic, by: Dynamic| {
        collected(keyed(&context, list, &by)?, |entry, item| *entry = item)
    });
    engine.register_fn("count_by", |context: NativeCallContext<'_>, list: &mut Dynamic, by: Dynamic| {
        collected(keyed(&context, list, &by)?, |entry, _| *entry = (entry.as_int().unwrap_or_default() + 1).into())
    });
    engine.register_fn(
        "flat_map",
        |context: NativeCallContext<'_>, list: &mut Dynamic, by: Dynamic| -> Outcome<Array> {
            let by = Chooser::new(&by)?;
            let found = items(list)?.into_iter().map(|item| by.of(&context, item)).collect::<Outcome<Array>>()?;
            flatten(found)
        },
    );
    engine.register_fn("flatten", |list: &mut Dynamic| flatten(items(list)?));
    engine.register_fn("chunks", |list: &mut Dynamic, size: i64| -> Outcome<Array> {
        let Some(size) = usize::try_from(size).ok().filter(|size| *size > 0) else {
            return fail(format!("a list cannot be cut into pieces of {size}"));
        };
        Ok(items(list)?.chunks(size).map(|part| Dynamic::from_array(part.to_vec())).collect())
    });
    engine.register_fn("zip", |a: &mut Array, b: Array| {
        a.iter().cloned().zip(b).map(|(a, b)| Dynamic::from_array(vec![a, b])).collect::<Array>()
    });
    on_sets(engine);
    engine.register_global_module(entries().into());
    engine
        .register_fn("map", |context: NativeCallContext<'_>, range: Range<i64>, by: FnPtr| mapped(&context, range, by));
    engine.register_fn("map", |context: NativeCallContext<'_>, range: RangeInclusive<i64>, by: FnPtr| {
        mapped(&context, range, by)
    });
}

/// Going through a map: its entries as `#{ key, value }`, as the loops of a workflow do.
fn entries() -> Module {
    let mut module = Module::new();
    module.set_iter(TypeId::of::<Map>(), |map| {
        let entry = |(key, value): (_, Dynamic)| {
            let key: ImmutableString = key;
            Dynamic::from_map(Map::from([("key".into(), key.into()), ("value".into(), value)]))
        };
        let entries: Array = map.cast::<Map>().into_iter().map(|(key, value)| entry((key.into(), value))).collect();
        Box::new(entries.into_iter())
    });
    module
}

/// `map` for ranges, which Rhai has for lists only.
fn mapped(context: &NativeCallContext<'_>, range: impl Iterator<Item = i64>, by: FnPtr) -> Outcome<Array> {
    let by = Chooser::Function(by);
    let mut found = Array::new();
    for number in range {
        if found.len() >= limit::SCRIPT_LIST_ITEMS_MAX {
            return Err(EvalAltResult::ErrorDataTooLarge("Size of array".into(), rhai::Position::NONE).into());
        }
        found.push(by.of(context, number.into())?);
    }
    Ok(found)
}

/// Rhai's own functions of lists, for sets.
fn on_sets(engine: &mut Engine) {
    engine.register_fn("map", |context: NativeCallContext<'_>, set: &mut Members, by: FnPtr| -> Outcome<Array> {
        let by = Chooser::Function(by);
        set.clone().into_iter().map(|item| by.of(&context, item)).collect()
    });
    engine.register_fn("filter", |context: NativeCallContext<'_>, set: &mut Members, by: FnPtr| -> Outcome<Members> {
        let by = Chooser::Function(by);
        let mut left = Set::default();
        for item in set.clone() {
            if by.asks(&context, item.clone())? {
                left.insert(ours(&item)?);
            }
        }
        Ok(Members(Arc::new(left)))
    });
    engine.register_fn("some", |context: NativeCallContext<'_>, set: &mut Members, by: FnPtr| -> Outcome<bool> {
        let by = Chooser::Function(by);
        for item in set.clone() {
            if by.asks(&context, item)? {
                return Ok(true);
            }
        }
        Ok(false)
    });
    engine.register_fn("all", |context: NativeCallContext<'_>, set: &mut Members, by: FnPtr| -> Outcome<bool> {
        let by = Chooser::Function(by);
        for item in set.clone() {
            if !by.asks(&context, item)? {
                return Ok(false);
            }
        }
        Ok(true)
    });
}

/// What is asked of each item: a closure, or the name of a field.
enum Chooser {
    Function(FnPtr),
    Field(ImmutableString),
}

impl Chooser {
    fn new(by: &Dynamic) -> Outcome<Self> {
        if let Some(function) = by.read_lock::<FnPtr>() {
            return Ok(Self::Function(function.clone()));
        }
        if let Ok(name) = by.as_immutable_string_ref() {
            return Ok(Self::Field(name.clone()));
        }
        fail(format!("a closure or the name of a field is expected, not {}", described(by)))
    }

    fn of(&self, context: &NativeCallContext<'_>, item: Dynamic) -> Outcome<Dynamic> {
        match self {
            Self::Function(function) => function.call_within_context(context, (item,)),
            Self::Field(name) => {
                let Ok(map) = item.as_map_ref() else {
                    return fail(format!("an item is {}, which has no field `{name}`", described(&item)));
                };
                map.get(name.as_str()).cloned().map_or_else(|| fail(format!("an item has no field `{name}`")), Ok)
            }
        }
    }

    fn asks(&self, context: &NativeCallContext<'_>, item: Dynamic) -> Outcome<bool> {
        let found = self.of(context, item)?;
        found.as_bool().or_else(|_| fail(format!("the closure must say `true` or `false`, not {}", described(&found))))
    }
}

/// The items of a list, a set or a range.
fn items(value: &Dynamic) -> Outcome<Array> {
    if let Ok(items) = value.as_array_ref() {
        return Ok(items.clone());
    }
    if let Some(set) = value.read_lock::<Members>() {
        return Ok(set.clone().into_iter().collect());
    }
    if value.is::<Range<i64>>() || value.is::<RangeInclusive<i64>>() {
        let list = ours(value)?;
        return Ok(list.as_list().unwrap_or_default().iter().map(convert::to_rhai).collect());
    }
    let advice = if value.is_unit() { "; say by `??` what counts instead: `(...) ?? []`" } else { "" };
    fail(format!("a list is expected, not {}{advice}", described(value)))
}

/// The items with what is asked of each.
fn keyed(context: &NativeCallContext<'_>, list: &Dynamic, by: &Dynamic) -> Outcome<Vec<(Dynamic, Dynamic)>> {
    let by = Chooser::new(by)?;
    items(list)?.into_iter().map(|item| Ok((by.of(context, item.clone())?, item))).collect()
}

fn end(list: &Dynamic, pick: impl Fn(&[Dynamic]) -> Option<Dynamic>) -> Outcome<Dynamic> {
    if let Ok(items) = list.as_array_ref() {
        return Ok(pick(&items).unwrap_or_default());
    }
    Ok(pick(&items(list)?).unwrap_or_default())
}

fn sum(items: Array) -> Outcome<Dynamic> {
    let mut whole = 0i64;
    let mut float = None::<f64>;
    let mut time = None::<i64>;
    let count = items.len();
    let mut durations = 0;
    for item in items {
        if let Ok(number) = item.as_int() {
            whole = whole.checked_add(number).map_or_else(overflow, Ok)?;
        } else if let Ok(number) = item.as_float() {
            float = Some(float.unwrap_or_default() + number);
        } else if let Some(duration) = item.read_lock::<crate::base::time::Duration>() {
            durations += 1;
            time = Some(time.unwrap_or_default().checked_add(duration.0).map_or_else(overflow, Ok)?);
        } else {
            return fail(format!("only numbers and durations have a sum, not {}", described(&item)));
        }
    }
    match (float, time) {
        (_, Some(time)) if durations == count => Ok(Dynamic::from(crate::base::time::Duration(time))),
        (_, Some(_)) => fail("numbers and durations have no sum together"),
        (Some(float), None) => Ok((float + whole as f64).into()),
        (None, None) => Ok(whole.into()),
    }
}

fn overflow<T>() -> Outcome<T> {
    Err(EvalAltResult::ErrorArithmetic("overflow".into(), rhai::Position::NONE).into())
}

fn product(items: Array) -> Outcome<Dynamic> {
    let mut whole = 1i64;
    let mut float = None::<f64>;
    for item in items {
        if let Ok(number) = item.as_int() {
            whole = whole.checked_mul(number).map_or_else(overflow, Ok)?;
        } else if let Some(number) = number(&item) {
            float = Some(float.unwrap_or(1.0) * number);
        } else {
            return fail(format!("only numbers have a product, not {}", described(&item)));
        }
    }
    Ok(float.map_or_else(|| whole.into(), |float| (float * whole as f64).into()))
}

fn pairs(a: &[Dynamic], b: &[Dynamic]) -> Outcome<Dynamic> {
    if a.len().saturating_mul(b.len()).saturating_mul(3) > limit::SCRIPT_LIST_ITEMS_MAX {
        return Err(EvalAltResult::ErrorDataTooLarge("Size of array".into(), rhai::Position::NONE).into());
    }
    let pair = |a: &Dynamic, b: &Dynamic| Dynamic::from_array(vec![a.clone(), b.clone()]);
    Ok(Dynamic::from_array(a.iter().flat_map(|a| b.iter().map(move |b| pair(a, b))).collect()))
}

fn extreme(items: Array, wanted: Ordering) -> Outcome<Dynamic> {
    let mut items = items.into_iter();
    let Some(mut best) = items.next() else { return Ok(Dynamic::UNIT) };
    for item in items {
        if order(&item, &best)? == wanted {
            best = item;
        }
    }
    Ok(best)
}

fn extreme_by(context: &NativeCallContext<'_>, items: Array, by: &Chooser, wanted: Ordering) -> Outcome<Dynamic> {
    let mut best: Option<(Dynamic, Dynamic)> = None;
    for item in items {
        let key = by.of(context, item.clone())?;
        let better = match &best {
            Some((known, _)) => order(&key, known)? == wanted,
            None => true,
        };
        if better {
            best = Some((key, item));
        }
    }
    Ok(best.map_or(Dynamic::UNIT, |(_, item)| item))
}

/// The items in the order of their keys.
fn sorted(keyed: Vec<(Dynamic, Dynamic)>) -> Outcome<Array> {
    let sorted = merge_sorted(keyed, &mut |(a, _): &(Dynamic, Dynamic), (b, _): &(Dynamic, Dynamic)| order(a, b))?;
    Ok(sorted.into_iter().map(|(_, item)| item).collect())
}

fn unique(keyed: Vec<(Dynamic, Dynamic)>) -> Outcome<Array> {
    let mut seen = Set::default();
    let mut left = Array::new();
    for (key, item) in keyed {
        if seen.insert(ours(&key)?) {
            left.push(item);
        }
    }
    Ok(left)
}

/// A map of what `take` makes of the items with one key.
fn collected(keyed: Vec<(Dynamic, Dynamic)>, take: impl Fn(&mut Dynamic, Dynamic)) -> Outcome<Map> {
    let mut map = Map::new();
    for (key, item) in keyed {
        let value = ours(&key)?;
        if value.is_unit() {
            return fail("the key of an item is `()`; say by `??` what counts instead");
        }
        take(map.entry(value.to_string().into()).or_default(), item);
    }
    Ok(map)
}

fn flatten(items: Array) -> Outcome<Array> {
    let mut flat = Array::new();
    for item in items {
        if item.is_array() {
            flat.extend(item.into_array().unwrap_or_default());
        } else {
            flat.push(item);
        }
    }
    Ok(flat)
}
