//! Functions of jq that Rhai has under another name.

use super::author::Author;
use super::expression::{Given, Scope};
use super::jq::{Jq, Piece};
use super::value::{Shape, Value};
use crate::lang::layout;

impl Author<'_> {
    /// A call of a function.
    pub(super) fn called(&mut self, name: &str, arguments: &[Jq], scope: &Scope) -> Result<Given, String> {
        let dot = scope.dot.clone();
        let one = |value: Value| Ok(Given::One(value));
        match (name, arguments) {
            ("map", [body]) => {
                let each =
                    Jq::List(Some(Box::new(Jq::Pipe(Box::new(Jq::Each(Box::new(Jq::Dot))), Box::new(body.clone())))));
                self.given(&each, scope)
            }
            ("select", [_]) => Err("`select` of one value".to_owned()),
            ("range", [to]) => {
                let to = self.one(to, scope)?;
                Ok(Given::Many(Value::call(format!("(0..{}).map(|it| it)", self.tight(&to)), Shape::List)))
            }
            ("range", [from, to]) => {
                let (from, to) = (self.one(from, scope)?, self.one(to, scope)?);
                let (from, to) = (self.tight(&from), self.tight(&to));
                Ok(Given::Many(Value::call(format!("({from}..{to}).map(|it| it)"), Shape::List)))
            }
            ("empty", []) => Ok(Given::Many(Value::list(&[], &mut self.reads))),
            ("first" | "last", [items]) => match self.given(items, scope)? {
                Given::One(value) => one(value),
                Given::Many(list) => {
                    let list = self.tight(&list);
                    one(Value::call(format!("{list}.{name}()"), Shape::Any))
                }
            },
            ("any" | "all", [when]) => {
                let (it, inner) = scope.inside();
                let when = self.one(when, &inner)?.holds(&mut self.reads);
                let function = if name == "any" { "some" } else { "all" };
                let list = self.tight(&dot);
                one(Value::call(format!("{list}.{function}(|{it}| {when})"), Shape::Truth))
            }
            ("sort_by" | "min_by" | "max_by" | "unique_by" | "group_by", [by]) => {
                let (it, inner) = scope.inside();
                let by = self.one(by, &inner)?;
                let (list, by) = (self.code(&dot), self.code(&by));
                let (function, shape) = match name {
                    "sort_by" => ("sorted_by", Shape::List),
                    "min_by" => ("min", Shape::Any),
                    "max_by" => ("max", Shape::Any),
                    "unique_by" => ("unique", Shape::List),
                    _ => ("group_by", Shape::List),
                };
                let behind = if name == "group_by" { ".values()" } else { "" };
                one(Value::call(format!("{function}({list}, |{it}| {by}){behind}"), shape))
            }
            ("with_entries", [Jq::Call(select, when)]) if select == "select" && when.len() == 1 => {
                let (key, inner) = scope.inside();
                let (value, inner) = inner.inside();
                let entry = [("key", &key), ("value", &value)];
                let entry = entry.map(|(field, name)| (field.to_owned(), Value::path(name)));
                let entry = Value::object(entry.to_vec(), &mut self.reads);
                let when = self.one(&when[0], &inner.at(&entry))?.holds(&mut self.reads);
                let object = self.tight(&dot);
                one(Value::call(format!("{object}.filter(|{key}, {value}| {when})"), Shape::Any))
            }
            ("rtrimstr" | "ltrimstr", [Jq::Text(pieces)]) => {
                let [Piece::Plain(plain)] = pieces.as_slice() else { return Err(format!("`{name}`")) };
                let mut pattern = String::new();
                for letter in plain.chars() {
                    if !letter.is_alphanumeric() && letter.is_ascii() {
                        pattern.push('\\');
                    }
                    pattern.push(letter);
                }
                let pattern = if name == "rtrimstr" { format!("{pattern}$") } else { format!("^{pattern}") };
                let (text, pattern) = (self.code(&dot), layout::text(&pattern));
                one(Value::call(format!("replace_all({text}, {pattern}, \"\")"), Shape::Text))
            }
            (_, []) => self.with_none(name, &dot).map(Given::One),
            (_, [argument]) => {
                let argument = self.one(argument, scope)?;
                self.with_one(name, &dot, &argument).map(Given::One)
            }
            ("gsub", [pattern, by]) => {
                let (pattern, by) = (self.one(pattern, scope)?, self.one(by, scope)?);
                let (dot, pattern, by) = (self.code(&dot), self.code(&pattern), self.code(&by));
                one(Value::call(format!("replace_all({dot}, {pattern}, {by})"), Shape::Text))
            }
            _ => Err(format!("`{name}`")),
        }
    }

    /// A function of what stands before it alone.
    fn with_none(&mut self, name: &str, dot: &Value) -> Result<Value, String> {
        if dot.shape == Shape::Nothing && !matches!(name, "not" | "length") {
            return Err(format!("`{name}` of what is never there"));
        }
        let (code, tight) = (self.code(dot), self.tight(dot));
        let call = |code: String, shape: Shape| Ok(Value::call(code, shape));
        match name {
            "length" if dot.shape == Shape::Nothing => call("0".to_owned(), Shape::Number),
            "length" if dot.shape == Shape::Number => call(format!("{tight}.abs()"), Shape::Number),
            "length" => call(format!("{}.len()", dot.or("[]", &mut self.reads)), Shape::Number),
            "not" => {
                let holds = dot.holds(&mut self.reads);
                let holds = if dot.shape == Shape::Truth { tight } else { format!("({holds})") };
                Ok(Value::code(format!("!{holds}"), Shape::Truth))
            }
            "keys" => call(format!("sorted({tight}.keys())"), Shape::List),
            "values" => Ok(dot.clone()),
            "add" => call(format!("sum({code})"), Shape::Any),
            "any" => call(format!("{tight}.some(|it| it == true)"), Shape::Truth),
            "all" => call(format!("{tight}.all(|it| it == true)"), Shape::Truth),
            "min" | "max" | "first" | "last" => call(format!("{tight}.{name}()"), Shape::Any),
            "sort" => call(format!("sorted({code})"), Shape::List),
            "unique" => call(format!("sorted(unique({code}))"), Shape::List),
            "flatten" => call(format!("flatten({code})"), Shape::List),
            "to_entries" => {
                let entry = format!("#{{ key: it, value: {tight}[it] }}");
                call(format!("{tight}.keys().map(|it| {entry})"), Shape::List)
            }
            "ascii_downcase" => call(format!("{tight}.to_lower()"), Shape::Text),
            "ascii_upcase" => call(format!("{tight}.to_upper()"), Shape::Text),
            "trim" => call(format!("trimmed({code})"), Shape::Text),
            "tostring" if dot.shape == Shape::Text => Ok(dot.clone()),
            "tostring" | "@text" => call(format!("\"${{{code}}}\""), Shape::Text),
            "tonumber" if dot.shape == Shape::Number => Ok(dot.clone()),
            "tonumber" => call(format!("parse_json(\"${{{code}}}\")"), Shape::Number),
            "tojson" | "@json" => call(format!("json({code})"), Shape::Text),
            "fromjson" => call(format!("parse_json({code})"), Shape::Any),
            "floor" | "ceil" | "round" => {
                let function = if name == "ceil" { "ceiling" } else { name };
                call(format!("({tight} * 1.0).{function}().to_int()"), Shape::Number)
            }
            "abs" => call(format!("{tight}.abs()"), Shape::Number),
            "@base64" => call(format!("base64({code})"), Shape::Text),
            "@uri" => call(format!("url_encode({code})"), Shape::Text),
            _ => Err(format!("`{name}`")),
        }
    }

    /// A function with one argument.
    fn with_one(&mut self, name: &str, dot: &Value, argument: &Value) -> Result<Value, String> {
        if dot.shape == Shape::Nothing || argument.shape == Shape::Nothing {
            return Err(format!("`{name}` of what is never there"));
        }
        let (code, tight, other) = (self.code(dot), self.tight(dot), self.code(argument));
        let call = |code: String, shape: Shape| Ok(Value::call(code, shape));
        match name {
            "has" if argument.shape == Shape::Text => Ok(Value::code(format!("{other} in {tight}"), Shape::Truth)),
            "test" => call(format!("matches({code}, {other})"), Shape::Truth),
            "startswith" => call(format!("{tight}.starts_with({other})"), Shape::Truth),
            "endswith" => call(format!("{tight}.ends_with({other})"), Shape::Truth),
            "contains" if argument.shape == Shape::List => {
                call(format!("{other}.all(|it| it in {tight})"), Shape::Truth)
            }
            "contains" if matches!(argument.shape, Shape::Text | Shape::Any) => {
                call(format!("{tight}.contains({other})"), Shape::Truth)
            }
            "join" => call(format!("join({code}, {other})"), Shape::Text),
            "split" => call(format!("{tight}.split({other})"), Shape::List),
            "index" if dot.shape == Shape::Text => call(format!("{tight}.index_of({other})"), Shape::Number),
            _ => Err(format!("`{name}`")),
        }
    }
}
