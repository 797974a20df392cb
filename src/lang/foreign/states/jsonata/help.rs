//! Functions that say what JSONata does without a word.

/// A path into many, and functions on many of one.
pub const ITEMS: &str = "\
/// A list as it is, nothing as an empty one, anything else as its only item.
fn items(value) {
    if value == () { [] } else if type_of(value) == \"array\" { value } else { [value] }
}
";

/// `items[price > 10]`
pub const FOUND: &str = "\
/// What was found: nothing, one, or the list of several.
fn found(list) {
    if list.len() == 0 { () } else if list.len() == 1 { list[0] } else { list }
}
";

/// `items.price`
pub const FIELDS: &str = "\
/// A field of an object, or of each object in a list that has it.
fn fields(value, name) {
    if value == () { return (); }
    if type_of(value) != \"array\" { return value?[name]; }
    value.flat_map(|one| if one?[name] == () { [] } else if type_of(one[name]) == \"array\" { one[name] } else { [one[name]] })
}
";

/// A value as a condition.
pub const TRUTHY: &str = "\
/// Whether a value counts as true: neither nothing, nor empty, nor zero.
fn truthy(value) {
    switch type_of(value) {
        \"()\" => false,
        \"bool\" => value,
        \"string\" => value != \"\",
        \"i64\" | \"f64\" => value != 0,
        \"array\" => value.some(|one| truthy(one)),
        \"map\" => value.len() > 0,
        _ => true
    }
}
";

/// `a / b`
pub const DIVIDED: &str = "\
/// A quotient; a whole number where it is one.
fn divided(number, by) {
    let quotient = number.to_float() / by.to_float();
    if quotient == quotient.floor() { quotient.to_int() } else { quotient }
}
";

/// `$floor`, `$round`
pub const WHOLE: &str = "\
/// A number, whole where it has no fraction.
fn whole(number) {
    if number == number.floor() { number.to_int() } else { number }
}
";

/// `$number`
pub const NUMBER: &str = "\
/// A text or a truth as a number.
fn number(value) {
    switch value { true => 1, false => 0, _ => parse_json(\"${value}\") }
}
";

/// `$substringAfter`
pub const TEXT_AFTER: &str = "\
/// What stands behind the first place of a part; the whole text where there is none.
fn text_after(text, part) {
    let at = text.index_of(part);
    if at < 0 { text } else { text.sub_string(at + part.len()) }
}
";

/// `$reverse`
pub const REVERSED: &str = "\
/// A list from its end to its beginning.
fn reversed(list) {
    let mine = list;
    mine.reverse();
    mine
}
";

/// `$reduce` without a value to begin with.
pub const REST: &str = "\
/// A list without its first item.
fn rest(list) {
    let mine = list;
    mine.extract(1)
}
";

/// `$type`
pub const KIND_OF: &str = "\
/// What a value is, in the words of JSON.
fn kind_of(value) {
    switch type_of(value) {
        \"()\" => \"null\",
        \"bool\" => \"boolean\",
        \"i64\" | \"f64\" => \"number\",
        \"array\" => \"array\",
        \"map\" => \"object\",
        _ => \"string\"
    }
}
";

/// `$error`
pub const RAISED: &str = "\
/// Raises an error.
fn raised(message) { throw message; }
";
