//! Expressions of jq as Rhai, and templates that hold such.

use serde_json::Value as Json;

use super::auth;
use super::author::{Author, Frame};
use super::error;
use super::jq::{self, Jq, Piece};
use super::value::{Shape, Value};
use crate::lang::foreign::term::Term;
use crate::lang::layout;

/// How deep templates may stand in each other.
const DEPTH_MAX: usize = 60;

/// What an expression sees.
#[derive(Clone, Debug)]
pub struct Scope {
    /// `.`
    pub dot: Value,
    /// `$name`, the innermost last.
    names: Vec<(String, Value)>,
    /// How many closures stand around.
    closures: usize,
}

/// What an expression gives.
pub enum Given {
    /// One value.
    One(Value),
    /// As many as a list has.
    Many(Value),
}

impl Scope {
    /// What expressions of a task see.
    pub fn new(dot: &Value, frame: &Frame) -> Self {
        let mut names = vec![("input".to_owned(), dot.clone())];
        names.extend(frame.names.iter().cloned());
        Self { dot: dot.clone(), names, closures: 0 }
    }

    /// With another `.`.
    pub fn at(&self, dot: &Value) -> Self {
        Self { dot: dot.clone(), ..self.clone() }
    }

    /// With another name.
    pub fn with(&self, name: &str, value: &Value) -> Self {
        let mut scope = self.clone();
        scope.names.push((name.to_owned(), value.clone()));
        scope
    }

    /// Inside of a closure: the name of what it is called with.
    pub fn inside(&self) -> (String, Self) {
        let name = if self.closures == 0 { "it".to_owned() } else { format!("it_{}", self.closures + 1) };
        (name.clone(), Self { dot: Value::path(name), names: self.names.clone(), closures: self.closures + 1 })
    }
}

/// What stands in `${ }`, where a text is an expression as a whole.
pub fn inside(text: &str) -> Option<&str> {
    let inner = text.trim().strip_prefix("${")?.strip_suffix('}')?;
    // `${ a } and ${ b }` is a text with two of them.
    (!inner.contains("${")).then(|| inner.trim())
}

impl Author<'_> {
    /// An expression, in `${ }` or without.
    pub fn expression(&mut self, text: &str, scope: &Scope) -> Value {
        let text = inside(text).unwrap_or(text);
        let given = jq::read(text).and_then(|read| self.one(&read, scope));
        given.unwrap_or_else(|what| {
            self.unsaid(&what, text);
            Value::nothing()
        })
    }

    /// An expression as a condition.
    pub fn condition(&mut self, text: &str, scope: &Scope) -> String {
        let value = self.expression(text, scope);
        value.holds(&mut self.reads)
    }

    /// What is an expression where it is a text, and else a template: `input.from`, `output.as`, `export.as`.
    pub fn transformed(&mut self, said: &Json, scope: &Scope) -> Value {
        match said {
            Json::String(text) => self.expression(text, scope),
            said => self.template(said, scope),
        }
    }

    /// A value whose texts are expressions where they stand in `${ }`.
    pub fn template(&mut self, template: &Json, scope: &Scope) -> Value {
        self.template_in(template, scope, 0)
    }

    fn template_in(&mut self, template: &Json, scope: &Scope, depth: usize) -> Value {
        if depth > DEPTH_MAX {
            self.later("values stand too deep in each other");
            return Value::nothing();
        }
        match template {
            Json::Null => Value::nothing(),
            Json::Bool(_) => Value::of(Term::of(template), Shape::Truth),
            Json::Number(_) => Value::of(Term::of(template), Shape::Number),
            Json::String(text) if inside(text).is_some() => self.expression(text, scope),
            Json::String(text) if text.contains("${") => self.text(text, scope),
            Json::String(text) => Value::text(text),
            Json::Array(items) => {
                let items: Vec<Value> = items.iter().map(|item| self.template_in(item, scope, depth + 1)).collect();
                Value::list(&items, &mut self.reads)
            }
            Json::Object(fields) => {
                let fields = fields.iter().map(|(name, it)| (name.clone(), self.template_in(it, scope, depth + 1)));
                let fields: Vec<(String, Value)> = fields.collect();
                Value::object(fields, &mut self.reads)
            }
        }
    }

    /// A text with expressions in `${ }` between its words.
    fn text(&mut self, text: &str, scope: &Scope) -> Value {
        let mut made = String::new();
        let mut rest = text;
        while let Some((before, behind)) = rest.split_once("${") {
            let (inner, after) = behind.split_once('}').unwrap_or((behind, ""));
            let value = self.expression(inner, scope);
            made.push_str(&layout::inside(before));
            made.push_str(&self.in_text(&value));
            rest = after;
        }
        made.push_str(&layout::inside(rest));
        Value::call(format!("\"{made}\""), Shape::Text)
    }

    pub(super) fn one(&mut self, jq: &Jq, scope: &Scope) -> Result<Value, String> {
        match self.given(jq, scope)? {
            Given::One(value) => Ok(value),
            Given::Many(_) => Err("what gives several values".to_owned()),
        }
    }

    pub(super) fn given(&mut self, jq: &Jq, scope: &Scope) -> Result<Given, String> {
        Ok(Given::One(match jq {
            Jq::Dot => scope.dot.clone(),
            Jq::Constant(constant) => self.template(constant, scope),
            Jq::Variable(name) => self.variable(name, scope)?,
            Jq::Text(pieces) => self.pieces(pieces, scope)?,
            Jq::Field(of, name) if name == "input" && **of == Jq::Variable("workflow".to_owned()) => Value::input(),
            Jq::Field(of, name) if name == "input" && **of == Jq::Variable("task".to_owned()) => {
                self.variable("input", scope)?
            }
            Jq::Field(..) if secret(jq).is_some() => Value::call(secret(jq).unwrap_or_default(), Shape::Text),
            Jq::Field(of, name) => return self.of_each(of, scope, |author, it| Ok(it.get(name, &mut author.reads))),
            Jq::Index(of, index) => {
                let index = index.clone();
                let outer = scope.clone();
                return self.of_each(of, scope, |author, it| author.index(&it, &index, &outer));
            }
            Jq::Slice(of, from, to) => {
                let of = self.one(of, scope)?;
                let of = self.tight(&of);
                let from = from.as_ref().map(|from| self.one(from, scope)).transpose()?;
                let from = from.map_or_else(|| "0".to_owned(), |from| self.tight(&from));
                match to {
                    None => Value::call(format!("{of}.extract({from})"), Shape::List),
                    Some(to) => {
                        let to = self.one(to, scope)?;
                        Value::call(format!("{of}.extract({from}..{})", self.tight(&to)), Shape::List)
                    }
                }
            }
            Jq::Each(of) => {
                let list = match self.given(of, scope)? {
                    Given::One(list) => list,
                    Given::Many(lists) => Value::call(format!("flatten({})", self.code(&lists)), Shape::List),
                };
                if list.shape == Shape::Nothing {
                    return Err("`[]` of what is never there".to_owned());
                }
                return Ok(Given::Many(list));
            }
            Jq::List(None) => Value::list(&[], &mut self.reads),
            Jq::List(Some(items)) => match self.given(items, scope)? {
                Given::One(item) => Value::list(&[item], &mut self.reads),
                Given::Many(list) => list.listed(),
            },
            Jq::Object(fields) => self.object(fields, scope)?,
            Jq::Pipe(of, then) => return self.pipe(of, then, scope),
            Jq::Comma(left, right) => {
                let mut items = Vec::new();
                self.in_a_row(left, scope, &mut items)?;
                self.in_a_row(right, scope, &mut items)?;
                return Ok(Given::Many(Value::list(&items, &mut self.reads)));
            }
            Jq::Both(left, sign, right) => self.both(left, sign, right, scope)?,
            Jq::Negative(of) => {
                let of = self.one(of, scope)?;
                Value::code(format!("-{}", self.tight(&of)), Shape::Number)
            }
            Jq::If(when, then, other) => {
                let when = self.one(when, scope)?.holds(&mut self.reads);
                let (then, other) = (self.one(then, scope)?, self.one(other, scope)?);
                let shape = if then.shape == other.shape { then.shape.clone() } else { Shape::Any };
                let shape = if matches!(shape, Shape::Input | Shape::Object(_)) { Shape::Any } else { shape };
                let (then, other) = (self.code(&then), self.code(&other));
                Value::code(format!("if {when} {{ {then} }} else {{ {other} }}"), shape)
            }
            Jq::Bind(of, name, then) => {
                let value = self.one(of, scope)?;
                return self.given(then, &scope.with(name, &value));
            }
            Jq::Call(name, arguments) => return self.called(name, arguments, scope),
        }))
    }

    /// What is made of the one value that something gives, or of each of many.
    fn of_each(
        &mut self,
        of: &Jq,
        scope: &Scope,
        make: impl FnOnce(&mut Self, Value) -> Result<Value, String>,
    ) -> Result<Given, String> {
        match self.given(of, scope)? {
            Given::One(value) => Ok(Given::One(make(self, value)?)),
            Given::Many(list) => {
                let (name, inner) = scope.inside();
                let made = make(self, inner.dot)?;
                Ok(Given::Many(self.closure(&list, "map", &name, &made)))
            }
        }
    }

    fn pipe(&mut self, of: &Jq, then: &Jq, scope: &Scope) -> Result<Given, String> {
        let list = match self.given(of, scope)? {
            Given::One(value) => return self.given(then, &scope.at(&value)),
            Given::Many(list) => list,
        };
        let (name, inner) = scope.inside();
        Ok(Given::Many(self.through(&list, &name, then, &inner)?))
    }

    /// A list of what is made of each of its items, inside of a closure.
    fn through(&mut self, list: &Value, name: &str, then: &Jq, inner: &Scope) -> Result<Value, String> {
        match then {
            Jq::Call(function, arguments) if function == "select" && arguments.len() == 1 => {
                let when = self.one(&arguments[0], inner)?.holds(&mut self.reads);
                Ok(self.closure(list, "filter", name, &Value::code(when, Shape::Truth)))
            }
            Jq::Bind(of, bound, rest) => {
                let value = self.one(of, inner)?;
                self.through(list, name, rest, &inner.with(bound, &value))
            }
            // `.[] | select(a) | b` reads `(.[] | select(a)) | b` alike, as long as nothing else changes the item.
            Jq::Pipe(first, rest) if matches!(&**first, Jq::Call(function, _) if function == "select") => {
                let chosen = self.through(list, name, first, inner)?;
                self.through(&chosen, name, rest, inner)
            }
            _ => Ok(match self.given(then, inner)? {
                Given::One(it) => self.closure(list, "map", name, &it),
                Given::Many(it) => self.closure(list, "flat_map", name, &it),
            }),
        }
    }

    /// `list.map(|it| ...)`
    pub(super) fn closure(&mut self, list: &Value, function: &str, name: &str, body: &Value) -> Value {
        let (list, body) = (self.tight(list), self.code(body));
        if function == "map" && body == name {
            return Value::call(list, Shape::List);
        }
        Value::call(format!("{list}.{function}(|{name}| {body})"), Shape::List)
    }

    /// The values that several expressions give, one after the other.
    fn in_a_row(&mut self, jq: &Jq, scope: &Scope, items: &mut Vec<Value>) -> Result<(), String> {
        if let Jq::Comma(left, right) = jq {
            self.in_a_row(left, scope, items)?;
            return self.in_a_row(right, scope, items);
        }
        items.push(self.one(jq, scope)?);
        Ok(())
    }

    fn index(&mut self, of: &Value, index: &Jq, scope: &Scope) -> Result<Value, String> {
        if let Jq::Text(pieces) = index
            && let [Piece::Plain(name)] = pieces.as_slice()
        {
            return Ok(of.get(name, &mut self.reads));
        }
        if let Jq::Constant(Json::Number(at)) = index
            && let Some(item) = at.as_u64().and_then(|at| of.item(usize::try_from(at).ok()?))
        {
            return Ok(item);
        }
        let index = self.one(index, scope)?;
        let mark = if of.shape == Shape::List && index.shape != Shape::Number { "" } else { "?" };
        Ok(Value::path(format!("{}{mark}[{}]", self.tight(of), self.code(&index))))
    }

    fn object(&mut self, fields: &[(Jq, Jq)], scope: &Scope) -> Result<Value, String> {
        let mut made: Vec<(String, Value)> = Vec::new();
        for (key, value) in fields {
            let name = match key {
                Jq::Text(pieces) => match pieces.as_slice() {
                    [] => String::new(),
                    [Piece::Plain(name)] => name.clone(),
                    _ => return Err("a key that is computed".to_owned()),
                },
                _ => return Err("a key that is computed".to_owned()),
            };
            let value = self.one(value, scope)?;
            match made.iter_mut().find(|(own, _)| *own == name) {
                Some((_, there)) => *there = value,
                None => made.push((name, value)),
            }
        }
        Ok(Value::object(made, &mut self.reads))
    }

    fn pieces(&mut self, pieces: &[Piece], scope: &Scope) -> Result<Value, String> {
        if let [] | [Piece::Plain(_)] = pieces {
            let plain = pieces.first().map_or("", |piece| match piece {
                Piece::Plain(plain) => plain,
                Piece::Made(_) => "",
            });
            return Ok(Value::text(plain));
        }
        let mut made = String::new();
        for piece in pieces {
            match piece {
                Piece::Plain(plain) => made.push_str(&layout::inside(plain)),
                Piece::Made(jq) => {
                    let value = self.one(jq, scope)?;
                    made.push_str(&self.in_text(&value));
                }
            }
        }
        Ok(Value::call(format!("\"{made}\""), Shape::Text))
    }

    /// A value between the words of a text.
    pub(super) fn in_text(&mut self, value: &Value) -> String {
        if value.shape == Shape::Nothing { "null".to_owned() } else { format!("${{{}}}", self.code(value)) }
    }

    fn both(&mut self, left: &Jq, sign: &str, right: &Jq, scope: &Scope) -> Result<Value, String> {
        let (rank, one, two) = (rank(sign), self.one(left, scope)?, self.one(right, scope)?);
        // Brackets stand where without them something else would be meant.
        let is_tighter = |jq: &Jq| matches!(jq, Jq::Both(_, inner, _) if self::rank(inner) > rank && *inner != "//");
        if matches!(sign, "and" | "or") {
            let mut side = |jq: &Jq, it: &Value| {
                let is_plain = it.shape == Shape::Truth && !is_tighter(jq);
                let holds = it.holds(&mut self.reads);
                if is_plain && it.term(&mut self.reads).tight() != holds { format!("({holds})") } else { holds }
            };
            let (one, two) = (side(left, &one), side(right, &two));
            let sign = if sign == "and" { "&&" } else { "||" };
            return Ok(Value::code(format!("{one} {sign} {two}"), Shape::Truth));
        }
        if sign == "//" {
            if two.shape == Shape::Truth && self.code(&two) == "true" {
                // What is false gives way, too.
                let tight = self.tight(&one);
                return Ok(Value::code(
                    format!("if ({tight} ?? false) == false {{ true }} else {{ {tight} }}"),
                    Shape::Any,
                ));
            }
            let shape = if one.shape == Shape::Any { Shape::Any } else { one.shape.clone() };
            return Ok(match one.shape {
                Shape::Nothing => two,
                Shape::Any | Shape::Truth => {
                    let shape = if one.shape == Shape::Any { known(&two.shape) } else { shape };
                    Value::code(format!("{} ?? {}", self.tight(&one), self.tight(&two)), shape)
                }
                _ => one,
            });
        }
        if sign == "+" {
            return Ok(self.sum(left, one, right, two, rank));
        }
        let is_never_there = one.shape == Shape::Nothing || two.shape == Shape::Nothing;
        if is_never_there && !matches!(sign, "==" | "!=") {
            return Err(format!("`{sign}` of what is never there"));
        }
        let mut side = |jq: &Jq, it: &Value| if is_tighter(jq) { self.code(it) } else { self.tight(it) };
        let (a, b) = (side(left, &one), side(right, &two));
        // Types of errors have names here, and no addresses.
        let b = match right {
            Jq::Text(pieces) if a == "error.type" => match pieces.as_slice() {
                [Piece::Plain(uri)] => layout::text(&error::raised(uri, None)),
                _ => b,
            },
            _ => b,
        };
        Ok(match sign {
            "==" | "!=" | "<" | "<=" | ">" | ">=" => Value::code(format!("{a} {sign} {b}"), Shape::Truth),
            "-" if one.shape == Shape::List || two.shape == Shape::List => {
                let (name, _) = scope.inside();
                Value::call(format!("{a}.filter(|{name}| !({name} in {b}))"), Shape::List)
            }
            "/" if one.shape == Shape::Text || two.shape == Shape::Text => {
                Value::call(format!("{a}.split({b})"), Shape::List)
            }
            // A quotient of whole numbers is no whole number there.
            "/" => Value::code(format!("{a} * 1.0 / {b}"), Shape::Number),
            "*" if matches!(one.shape, Shape::Object(_)) || matches!(two.shape, Shape::Object(_)) => {
                return Err("`*` between objects".to_owned());
            }
            _ => Value::code(format!("{a} {sign} {b}"), Shape::Number),
        })
    }

    /// `a + b`: numbers, texts, lists, objects; `null` adds nothing.
    fn sum(&mut self, left: &Jq, one: Value, right: &Jq, two: Value, rank: usize) -> Value {
        if one.shape == Shape::Nothing {
            return two;
        }
        if two.shape == Shape::Nothing {
            return one;
        }
        let merged = match (&one.shape, &two.shape) {
            (Shape::Object(one), Shape::Object(two)) => {
                Some(Shape::Object(one.iter().chain(two).map(|(name, it)| (name.clone(), it.clone())).collect()))
            }
            _ => None,
        };
        if let (Shape::Any | Shape::Input | Shape::Object(_), Term::Object(fields)) =
            (&one.shape, two.term(&mut self.reads))
        {
            let base = one.term(&mut self.reads);
            let base = if one.shape == Shape::Any { Term::Path(one.or("#{}", &mut self.reads)) } else { base };
            return Value::of(Term::Over(Box::new(base), fields), merged.unwrap_or(Shape::Any));
        }
        let unit = |shape: &Shape| match shape {
            Shape::Number => Some("0"),
            Shape::Text => Some("\"\""),
            Shape::List => Some("[]"),
            Shape::Object(_) | Shape::Input => Some("#{}"),
            Shape::Any | Shape::Nothing | Shape::Truth => None,
        };
        let mut side = |jq: &Jq, it: &Value, other: &Value| match unit(&other.shape) {
            Some(unit) if it.shape == Shape::Any => it.or(unit, &mut self.reads),
            _ if matches!(jq, Jq::Both(_, inner, _) if self::rank(inner) > rank && *inner != "//") => self.code(it),
            _ => self.tight(it),
        };
        let (a, b) = (side(left, &one, &two), side(right, &two, &one));
        let is_left_a_sum = matches!(left, Jq::Both(_, "+", _)) && a.starts_with('(') && a.ends_with(')');
        let a = if is_left_a_sum && one.shape != Shape::Any { self.code(&one) } else { a };
        let shape = match (&one.shape, &two.shape) {
            (Shape::Any, other) | (other, Shape::Any) => known(other),
            (one, _) => merged.unwrap_or_else(|| known(one)),
        };
        Value::code(format!("{a} + {b}"), shape)
    }

    /// A variable of jq.
    fn variable(&mut self, name: &str, scope: &Scope) -> Result<Value, String> {
        if let Some((_, value)) = scope.names.iter().rev().find(|(own, _)| own == name) {
            return Ok(value.clone());
        }
        let document = &self.source.document["document"];
        Ok(match name {
            "context" => self.context(),
            "workflow" => {
                let text = |text: &str| Value::call(text, Shape::Text);
                let about = self.template(document, scope);
                let definition = Value::object(vec![("document".to_owned(), about)], &mut self.reads);
                let fields = vec![
                    ("id", text("run.id")),
                    ("definition", definition),
                    ("startedAt", self.moment("run.started_at")),
                ];
                let fields = fields.into_iter().map(|(name, it)| (name.to_owned(), it)).collect();
                Value::object(fields, &mut self.reads)
            }
            "task" => {
                let fields = vec![
                    ("name".to_owned(), Value::text(&self.task.clone())),
                    ("startedAt".to_owned(), self.moment("now()")),
                ];
                Value::object(fields, &mut self.reads)
            }
            "secrets" | "authorization" => return Err(format!("`${name}` as a whole")),
            other => return Err(format!("`${other}`")),
        })
    }

    /// A moment as jq sees it.
    fn moment(&mut self, code: &str) -> Value {
        let text = Value::call(format!("\"${{{code}}}\""), Shape::Text);
        Value::object(vec![("iso8601".to_owned(), text)], &mut self.reads)
    }

    /// As an expression.
    pub(super) fn code(&mut self, value: &Value) -> String {
        value.term(&mut self.reads).expression()
    }

    /// As a part of an expression.
    pub(super) fn tight(&mut self, value: &Value) -> String {
        value.term(&mut self.reads).tight()
    }
}

/// `$secrets.github.token` is `secret("GITHUB_TOKEN")`.
fn secret(jq: &Jq) -> Option<String> {
    let mut names: Vec<&str> = Vec::new();
    let mut here = jq;
    while let Jq::Field(of, name) = here {
        names.insert(0, name);
        here = of;
    }
    let is_secret = matches!(here, Jq::Variable(name) if name == "secrets") && !names.is_empty();
    is_secret.then(|| auth::secret(&names.join("_")))
}

/// How tightly a sign binds, here and there.
fn rank(sign: &str) -> usize {
    match sign {
        "//" => 0,
        "or" => 1,
        "and" => 2,
        "+" | "-" => 4,
        "*" | "/" | "%" => 5,
        _ => 3,
    }
}

/// What is known of a value that may have come from elsewhere: not its fields.
fn known(shape: &Shape) -> Shape {
    match shape {
        Shape::Number | Shape::Text | Shape::List | Shape::Truth => shape.clone(),
        Shape::Any | Shape::Nothing | Shape::Object(_) | Shape::Input => Shape::Any,
    }
}
