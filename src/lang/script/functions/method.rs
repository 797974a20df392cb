//! What Rhai itself can do with a value, and the parts of moments and durations: for those who offer it behind a dot.

use super::About;
use crate::base::shape::Shape;

/// Something that may stand behind the dot of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Method {
    /// Its name.
    pub name: &'static str,
    /// What it takes and gives, such as `split(separator: string) -> list<string>`; of a property its type.
    pub signature: &'static str,
    /// What it means.
    pub doc: &'static str,
}

impl Method {
    /// Whether it is read, and not called.
    pub fn is_property(&self) -> bool {
        !self.signature.contains('(')
    }

    /// Whether it is called without arguments.
    pub fn is_bare(&self) -> bool {
        self.signature.contains("()")
    }
}

const fn method(name: &'static str, signature: &'static str, doc: &'static str) -> Method {
    Method { name, signature, doc }
}

/// Of texts.
const TEXT: &[Method] = &[
    method("len", "len() -> int", "How many characters it has."),
    method("is_empty", "is_empty() -> bool", "Whether it has no characters."),
    method("to_upper", "to_upper() -> string", "The text in capitals."),
    method("to_lower", "to_lower() -> string", "The text in small letters."),
    method("contains", "contains(part: string) -> bool", "Whether the part is in it."),
    method("starts_with", "starts_with(part: string) -> bool", "Whether it begins with the part."),
    method("ends_with", "ends_with(part: string) -> bool", "Whether it ends with the part."),
    method("index_of", "index_of(part: string) -> int", "Where the part first stands, from 0; -1 where it does not."),
    method(
        "sub_string",
        "sub_string(start: int, length: int?) -> string",
        "What stands from a place on, counted from 0.",
    ),
    method("split", "split(separator: string) -> list<string>", "What stands between the separators."),
    method("chars", "chars() -> list<string>", "Its characters."),
    method("to_int", "to_int() -> int", "The whole number that it says."),
    method("to_float", "to_float() -> float", "The number that it says."),
    method("to_string", "to_string() -> string", "The text itself."),
];

/// Of lists and sets.
const LIST: &[Method] = &[
    method("len", "len() -> int", "How many items it has."),
    method("is_empty", "is_empty() -> bool", "Whether it has no items."),
    method("map", "map(by: closure) -> list", "What the closure gives for each item: `lines.map(|line| line.sku)`."),
    method("filter", "filter(keep: closure) -> list", "The items for which the closure is true."),
    method(
        "reduce",
        "reduce(by: closure, start: any?) -> any",
        "One value of all: `numbers.reduce(|sum, n| sum + n, 0)`.",
    ),
    method("find", "find(fits: closure) -> any", "The first item for which the closure is true, or `()`."),
    method("find_map", "find_map(by: closure) -> any", "The first thing that the closure gives and is not `()`."),
    method("all", "all(fits: closure) -> bool", "Whether the closure is true for every item."),
    method("some", "some(fits: closure) -> bool", "Whether the closure is true for an item."),
    method("contains", "contains(item: any) -> bool", "Whether the item is in it."),
    method("index_of", "index_of(item: any) -> int", "Where the item first stands, from 0; -1 where it does not."),
    method("extract", "extract(start: int, length: int?) -> list", "The items from a place on, counted from 0."),
    method("push", "push(item: any)", "Puts an item at its end: of a variable of a script."),
    method("pop", "pop() -> any", "Takes the last item away, and gives it."),
    method("insert", "insert(at: int, item: any)", "Puts an item in at a place."),
    method("remove", "remove(at: int) -> any", "Takes the item at a place away, and gives it."),
    method("reverse", "reverse()", "Turns the order of a variable's items round."),
    method("sort", "sort()", "Puts the items of a variable in order; `sorted()` gives a list in order."),
];

/// Of maps and objects.
const MAP: &[Method] = &[
    method("len", "len() -> int", "How many entries it has."),
    method("is_empty", "is_empty() -> bool", "Whether it has no entries."),
    method("keys", "keys() -> list<string>", "The names of its entries."),
    method("values", "values() -> list", "The values of its entries."),
    method("contains", "contains(key: string) -> bool", "Whether it has an entry of this name."),
    method("get", "get(key: string) -> any", "The value of an entry, or `()`."),
    method("set", "set(key: string, value: any)", "Gives an entry of a variable a value."),
    method("remove", "remove(key: string) -> any", "Takes an entry of a variable away, and gives its value."),
    method("filter", "filter(keep: closure) -> map", "The entries for which the closure is true."),
    method("mixin", "mixin(other: map)", "Takes the entries of another into a variable."),
];

/// Of whole numbers.
const INT: &[Method] = &[
    method("abs", "abs() -> int", "Without its sign."),
    method("sign", "sign() -> int", "-1, 0 or 1."),
    method("is_zero", "is_zero() -> bool", "Whether it is 0."),
    method("is_even", "is_even() -> bool", "Whether two divide it."),
    method("is_odd", "is_odd() -> bool", "Whether two do not divide it."),
    method("to_float", "to_float() -> float", "The same as a `float`."),
    method("to_string", "to_string() -> string", "The number as a text."),
    method("to_hex", "to_hex() -> string", "The number as a text, to the base 16."),
];

/// Of other numbers.
const FLOAT: &[Method] = &[
    method("round", "round() -> float", "The nearest whole number."),
    method("floor", "floor() -> float", "The whole number below."),
    method("ceiling", "ceiling() -> float", "The whole number above."),
    method("to_int", "to_int() -> int", "Its whole part, as an `int`."),
    method("fraction", "fraction() -> float", "What stands behind the point."),
    method("abs", "abs() -> float", "Without its sign."),
    method("sqrt", "sqrt() -> float", "Its square root."),
    method("is_nan", "is_nan() -> bool", "Whether it is no number."),
    method("to_string", "to_string() -> string", "The number as a text."),
];

/// Of days, and so of moments.
const DATE: &[Method] = &[
    method("year", "int", "The year."),
    method("month", "int", "The month, 1 to 12."),
    method("day", "int", "The day of the month."),
    method("weekday", "int", "The day of the week: Monday is 1, Sunday 7."),
    method("weekday_name", "string", "The name of the day of the week, such as `Monday`."),
    method("week", "int", "The week of the year, by ISO 8601."),
    method("quarter", "int", "The quarter, 1 to 4."),
    method("day_of_year", "int", "The day of the year, from 1."),
];

/// Of moments.
const MOMENT: &[Method] = &[
    method("date", "date", "The day, in the zone of the moment."),
    method("hour", "int", "The hour, 0 to 23."),
    method("minute", "int", "The minute."),
    method("second", "int", "The second."),
    method("millisecond", "int", "The thousandths of the second."),
    method("timestamp", "int", "The seconds since 1970."),
    method("zone", "string", "The time zone."),
];

/// Of durations.
const DURATION: &[Method] = &[
    method("milliseconds", "int", "How many whole milliseconds it is long."),
    method("seconds", "int", "How many whole seconds it is long."),
    method("minutes", "int", "How many whole minutes it is long."),
    method("hours", "int", "How many whole hours it is long."),
    method("days", "int", "How many whole days it is long."),
    method("weeks", "int", "How many whole weeks it is long."),
];

/// What may stand behind the dot of a value of a type, beside its fields and the fixed functions; of a value of which nothing is
/// known, whatever is most asked of texts, lists and maps.
pub fn methods(shape: &Shape) -> Vec<&'static Method> {
    let tables: &[&'static [Method]] = match shape.present() {
        Shape::Text(..) | Shape::Email | Shape::Url | Shape::Uuid | Shape::Secret => &[TEXT],
        Shape::OneOf(_) => &[TEXT],
        Shape::List(..) | Shape::Set(..) => &[LIST],
        Shape::Map(..) | Shape::Object(_) => &[MAP],
        Shape::Int(_) => &[INT],
        Shape::Float(_) => &[FLOAT],
        Shape::Date => &[DATE],
        Shape::DateTime => &[DATE, MOMENT],
        Shape::Duration => &[DURATION],
        Shape::Any | Shape::Union(_) => &[TEXT, LIST, MAP],
        Shape::Unit | Shape::Bool | Shape::Bytes | Shape::Optional(_) => &[],
    };
    tables.iter().flat_map(|table| table.iter()).collect()
}

/// The method or property of this name, whatever it is of.
pub fn method_named(name: &str) -> Option<&'static Method> {
    let tables = [TEXT, LIST, MAP, INT, FLOAT, DATE, MOMENT, DURATION];
    tables.iter().flat_map(|table| table.iter()).find(|method| method.name == name)
}

/// What fixed functions that take anything are about, where they stand behind the dot of a value of this type.
pub fn subject(shape: &Shape) -> Option<About> {
    Some(match shape.present() {
        Shape::Text(..) | Shape::Email | Shape::Url | Shape::Uuid | Shape::Secret | Shape::OneOf(_) => About::Text,
        Shape::List(..) | Shape::Set(..) => About::List,
        Shape::Date | Shape::DateTime | Shape::Duration => About::Time,
        Shape::Map(..) | Shape::Object(_) | Shape::Bytes => About::Data,
        Shape::Any | Shape::Union(_) | Shape::Optional(_) => return None,
        Shape::Unit | Shape::Bool | Shape::Int(_) | Shape::Float(_) => return None,
    })
}
