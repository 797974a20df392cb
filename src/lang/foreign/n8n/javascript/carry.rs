//! Expressions to expressions.

use indexmap::IndexMap;

use super::tree::Expr;
use super::value::Value;
use crate::lang::foreign::n8n::data::{Data, Items};
use crate::lang::foreign::n8n::machine::Machine;
use crate::lang::foreign::term::Term;
use crate::lang::layout;

/// What an expression sees.
#[derive(Clone, Debug)]
pub struct Seen {
    /// The items of its node.
    pub items: Items,
    /// Names that are bound in it.
    pub names: Vec<(String, Value)>,
}

/// What there is beside the items.
const GLOBALS: [&str; 18] = [
    "Math",
    "JSON",
    "Object",
    "Array",
    "Number",
    "String",
    "Boolean",
    "Date",
    "DateTime",
    "Duration",
    "$execution",
    "$workflow",
    "$env",
    "$vars",
    "$secrets",
    "$prevNode",
    "$runIndex",
    "$itemIndex",
];

impl Machine<'_> {
    /// An expression as a value.
    pub fn carry(&mut self, expr: &Expr, seen: &Seen) -> Result<Value, String> {
        Ok(match expr {
            Expr::Name(name) => return self.named(name, seen),
            Expr::Number(number) => Value::path(number.replace('_', "")),
            Expr::Text(text) => Value::Data(Data::Term(Term::text(text))),
            Expr::Truth(truth) => Value::path(truth.to_string()),
            Expr::Null => Value::Data(Data::nothing()),
            Expr::Template(parts) => return self.filled(parts, seen),
            Expr::List(items) => {
                let items: Result<Vec<Term>, String> = items.iter().map(|item| self.term_of(item, seen)).collect();
                Value::Data(Data::Term(Term::List(items?)))
            }
            Expr::Object(fields) => return self.object(fields, seen),
            Expr::Member(of, name, soft) => {
                let of = self.carry(of, seen)?;
                return self.member(of, name, *soft);
            }
            Expr::Index(of, index, soft) => return self.index(of, index, *soft, seen),
            Expr::Call(callee, given) => return self.applied(callee, given, seen),
            Expr::New(name, given) => return self.new_of(name, given, seen),
            Expr::Unary(sign, of) => return self.unary(sign, of, seen),
            Expr::Binary(sign, left, right) => return self.binary(sign, left, right, seen),
            Expr::Choice(when, then, other) => {
                let when = self.condition(when, seen)?;
                let (then, other) = (self.term_of(then, seen)?.expression(), self.term_of(other, seen)?.expression());
                Value::code(format!("if {when} {{ {then} }} else {{ {other} }}"))
            }
            Expr::Arrow(..) => return Err("a function stands where a value is expected".to_owned()),
            Expr::Regex(..) => return Err("a pattern stands where a value is expected".to_owned()),
        })
    }

    /// The same, as it is written.
    pub fn term_of(&mut self, expr: &Expr, seen: &Seen) -> Result<Term, String> {
        let value = self.carry(expr, seen)?;
        self.written(value)
    }

    /// A value as it is written.
    pub fn written(&mut self, value: Value) -> Result<Term, String> {
        Ok(match value {
            Value::Data(data) | Value::Item(data) => data.term(&mut self.reads),
            Value::List(list) | Value::Source(Items::Many(list)) => list,
            Value::Source(items) => Term::List(vec![items.first().term(&mut self.reads)]),
            Value::Moment(term) => term,
            Value::Global(name) => return Err(format!("nothing here is `{name}`")),
        })
    }

    /// An expression whose value may be missing.
    pub fn soft(&mut self, expr: &Expr, seen: &Seen) -> Result<Term, String> {
        let value = match expr {
            Expr::Member(of, name, _) => {
                let of = self.carry(of, seen)?;
                self.member(of, name, true)?
            }
            Expr::Index(of, index, _) => self.index(of, index, true, seen)?,
            expr => self.carry(expr, seen)?,
        };
        self.written(value)
    }

    fn named(&mut self, name: &str, seen: &Seen) -> Result<Value, String> {
        if let Some((_, value)) = seen.names.iter().rev().find(|(own, _)| own == name) {
            return Ok(value.clone());
        }
        Ok(match name {
            "$json" => Value::Data(seen.items.first()),
            "$item" | "item" => Value::Item(seen.items.first()),
            "$input" => Value::Source(seen.items.clone()),
            "items" => match seen.items.clone() {
                Items::Many(list) => Value::List(list),
                items => Value::Source(items),
            },
            "$node" => Value::Global("$node"),
            "$now" => Value::Moment(Term::Path("now()".to_owned())),
            "$today" => Value::Moment(Term::Path("start_of(now(), \"day\")".to_owned())),
            _ => match GLOBALS.iter().find(|own| **own == name) {
                Some(global) => Value::Global(global),
                None => return Err(format!("nothing here is `{name}`")),
            },
        })
    }

    /// What came out of a node.
    fn node_named(&mut self, name: &str) -> Result<Value, String> {
        let number = self.graph.number(name).ok_or_else(|| format!("no node is called `{name}`"))?;
        match self.known.get(&number) {
            Some(items) => Ok(Value::Source(items.clone())),
            None => Err(format!("what `{name}` gives is not known here")),
        }
    }

    pub(super) fn member(&mut self, of: Value, name: &str, soft: bool) -> Result<Value, String> {
        Ok(match of {
            Value::Source(items) => match name {
                "item" => Value::Item(items.first()),
                "json" | "data" => Value::Data(items.first()),
                "length" => match items {
                    Items::Many(list) => Value::path(format!("{}.len()", list.tight())),
                    _ => Value::path("1"),
                },
                "params" | "context" | "isExecuted" => return Err(format!("`{name}` of a node is not known here")),
                _ => return Err(format!("a node has no `{name}` here")),
            },
            Value::Item(data) => match name {
                "json" => Value::Data(data),
                _ => return Err(format!("`{name}` of an item is not carried over")),
            },
            Value::List(list) if name == "length" => Value::path(format!("{}.len()", list.tight())),
            Value::List(_) => return Err(format!("a list has no `{name}` here")),
            Value::Data(data) if name == "length" => {
                let is_field = matches!(&data, Data::Made(_, fields) if fields.contains_key(name));
                if is_field {
                    Value::Data(data.get(name, soft, &mut self.reads).unwrap_or_else(Data::nothing))
                } else {
                    Value::path(format!("{}.len()", data.term(&mut self.reads).tight()))
                }
            }
            Value::Data(data) => match data.get(name, soft, &mut self.reads) {
                Some(field) => Value::Data(field),
                None => return Err(format!("what comes from the service has no `{name}` here")),
            },
            Value::Moment(term) => Self::part_of_moment(&term, name)?,
            Value::Global("$node") => self.node_named(name)?,
            Value::Global("$execution") if name == "id" => Value::path("run.id"),
            Value::Global("$workflow") if matches!(name, "name" | "id") => Value::path("run.workflow"),
            Value::Global("$env" | "$vars") => Value::path(format!("env({})", layout::text(name))),
            Value::Global("Math") if name == "PI" => Value::path("3.141592653589793"),
            Value::Global(global) => return Err(format!("nothing here is `{global}.{name}`")),
        })
    }

    fn index(&mut self, of: &Expr, index: &Expr, soft: bool, seen: &Seen) -> Result<Value, String> {
        let of = self.carry(of, seen)?;
        if let Expr::Text(name) = index {
            return self.member(of, name, soft);
        }
        let at = self.term_of(index, seen)?.expression();
        let mark = if soft { "?" } else { "" };
        Ok(match of {
            Value::List(list) | Value::Source(Items::Many(list)) => {
                Value::Item(Data::Path(format!("{}[{at}]", list.tight())))
            }
            Value::Source(items) if at == "0" => Value::Item(items.first()),
            Value::Data(data) => Value::path(format!("{}{mark}[{at}]", data.term(&mut self.reads).tight())),
            _ => return Err("nothing here is counted like this".to_owned()),
        })
    }

    fn applied(&mut self, callee: &Expr, given: &[Expr], seen: &Seen) -> Result<Value, String> {
        match callee {
            Expr::Name(name) => match (name.as_str(), given) {
                ("$", [Expr::Text(node)]) => self.node_named(node),
                ("$node", [Expr::Text(node)]) => self.node_named(node),
                ("$items", [Expr::Text(node), ..]) => Ok(match self.node_named(node)? {
                    Value::Source(Items::Many(list)) => Value::List(list),
                    source => source,
                }),
                ("$items", []) => self.named("items", seen),
                ("$if", [when, then, other]) => self.carry(
                    &Expr::Choice(Box::new(when.clone()), Box::new(then.clone()), Box::new(other.clone())),
                    seen,
                ),
                ("$ifEmpty", [value, other]) => {
                    let (value, other) = (self.soft(value, seen)?, self.term_of(other, seen)?);
                    Ok(Value::path(format!("first_of({}, {})", value.expression(), other.expression())))
                }
                ("$max" | "$min", given) => {
                    let list: Result<Vec<Term>, String> = given.iter().map(|one| self.term_of(one, seen)).collect();
                    Ok(Value::path(format!("{}({})", &name[1..], Term::List(list?).expression())))
                }
                (name, given) => self.free(name, given, seen),
            },
            Expr::Member(of, method, soft) => {
                let of = self.carry(of, seen)?;
                self.method(of, method, given, *soft, seen)
            }
            _ => Err("it calls something that is no function here".to_owned()),
        }
    }

    /// A function that belongs to nothing.
    fn free(&mut self, name: &str, given: &[Expr], seen: &Seen) -> Result<Value, String> {
        let Some(first) = given.first() else { return Err(format!("nothing here is `{name}()`")) };
        let first = self.term_of(first, seen)?;
        let code = first.expression();
        Ok(match name {
            "String" => self.text_of(&first),
            "Number" | "parseFloat" => {
                self.draft.function("as_number", AS_NUMBER);
                Value::path(format!("as_number({code})"))
            }
            "parseInt" => {
                Value::path(format!("to_int(as_number({code}))")).also(|| self.draft.function("as_number", AS_NUMBER))
            }
            "Boolean" => Value::path(format!("truthy({code})")).also(|| self.draft.function("truthy", TRUTHY)),
            "isNaN" => return Err("nothing here is no number".to_owned()),
            "encodeURIComponent" | "encodeURI" => Value::path(format!("url_encode({code})")),
            _ => return Err(format!("nothing here is `{name}()`")),
        })
    }

    /// A value as a text.
    pub(super) fn text_of(&mut self, term: &Term) -> Value {
        match term {
            Term::Path(path) if path.starts_with('"') => Value::path(path.clone()),
            term => Value::path(format!("\"${{{}}}\"", term.expression())),
        }
    }

    fn unary(&mut self, sign: &str, of: &Expr, seen: &Seen) -> Result<Value, String> {
        Ok(match sign {
            "!" => {
                if let Expr::Unary("!", of) = of {
                    return Ok(Value::code(self.condition(of, seen)?));
                }
                Value::code(format!("!({})", self.condition(of, seen)?))
            }
            "-" => Value::code(format!("-{}", self.term_of(of, seen)?.tight())),
            "+" => return self.free("Number", std::slice::from_ref(of), seen),
            _ => return Err(format!("`{sign}` has no counterpart")),
        })
    }

    fn binary(&mut self, sign: &'static str, left: &Expr, right: &Expr, seen: &Seen) -> Result<Value, String> {
        match sign {
            "&&" => {
                let whole = Expr::Binary(sign, Box::new(left.clone()), Box::new(right.clone()));
                return Ok(Value::code(self.condition(&whole, seen)?));
            }
            "||" if !(decides(left) && decides(right)) => {
                let (left, right) = (self.soft(left, seen)?, self.term_of(right, seen)?);
                return Ok(Value::path(format!("first_of({}, {})", left.expression(), right.expression())));
            }
            "||" => {
                let whole = Expr::Binary(sign, Box::new(left.clone()), Box::new(right.clone()));
                return Ok(Value::code(self.condition(&whole, seen)?));
            }
            _ => {}
        }
        let is_null = |side: &Expr| matches!(side, Expr::Null);
        let softly = sign == "??" || matches!(sign, "==" | "!=") && (is_null(left) || is_null(right));
        let left_term = if softly { self.soft(left, seen)? } else { self.term_of(left, seen)? };
        let right_term = if softly { self.soft(right, seen)? } else { self.term_of(right, seen)? };
        let chains = matches!(left, Expr::Binary(own, ..) if *own == sign);
        let left_code = if chains { left_term.expression() } else { left_term.tight() };
        let right_code = match (sign, right) {
            // A division of whole numbers leaves a rest there.
            ("/", Expr::Number(number)) if !number.contains('.') => format!("{number}.0"),
            ("/", _) => format!("({} * 1.0)", right_term.tight()),
            _ => right_term.tight(),
        };
        Ok(Value::code(format!("{left_code} {sign} {right_code}")))
    }

    /// An expression as a condition: what counts as true there is true here.
    pub fn condition(&mut self, expr: &Expr, seen: &Seen) -> Result<String, String> {
        Ok(match expr {
            Expr::Binary(sign @ ("&&" | "||"), left, right) => {
                let (left_code, right_code) = (self.condition(left, seen)?, self.condition(right, seen)?);
                let within = |side: &Expr, code: String| match side {
                    Expr::Binary(own @ ("&&" | "||"), ..) if own != sign => format!("({code})"),
                    _ => code,
                };
                format!("{} {sign} {}", within(left, left_code), within(right, right_code))
            }
            Expr::Unary("!", of) => {
                let of = self.condition(of, seen)?;
                if of.contains(' ') { format!("!({of})") } else { format!("!{of}") }
            }
            expr if decides(expr) => self.term_of(expr, seen)?.expression(),
            expr => {
                let value = self.soft(expr, seen)?.expression();
                self.draft.function("truthy", TRUTHY);
                format!("truthy({value})")
            }
        })
    }

    fn object(&mut self, fields: &[(Option<String>, Expr)], seen: &Seen) -> Result<Value, String> {
        let mut made: IndexMap<String, Data> = IndexMap::new();
        let mut base: Option<Data> = None;
        for (at, (name, value)) in fields.iter().enumerate() {
            match name {
                None if at == 0 => match self.carry(value, seen)? {
                    Value::Data(data) => base = Some(data),
                    _ => return Err("it spreads what is no object here".to_owned()),
                },
                None => return Err("it spreads an object behind other fields".to_owned()),
                Some(name) => {
                    let term = self.term_of(value, seen)?;
                    made.insert(name.clone(), Data::Term(term));
                }
            }
        }
        Ok(Value::Data(match base {
            Some(base) => base.over(made),
            None => Data::Made(None, made),
        }))
    }

    /// A text with values in it.
    pub fn filled(&mut self, parts: &[Expr], seen: &Seen) -> Result<Value, String> {
        let mut text = String::new();
        for part in parts {
            match part {
                Expr::Text(words) => text.push_str(&layout::inside(words)),
                part => {
                    let code = self.term_of(part, seen)?.expression();
                    text.push_str(&format!("${{{code}}}"));
                }
            }
        }
        Ok(Value::path(format!("\"{text}\"")))
    }
}

/// Whether an expression gives true or false, whatever it is about.
pub fn decides(expr: &Expr) -> bool {
    match expr {
        Expr::Truth(_) | Expr::Unary("!", _) => true,
        Expr::Binary(sign, left, right) => match *sign {
            "==" | "!=" | "<" | ">" | "<=" | ">=" => true,
            "&&" | "||" => decides(left) && decides(right),
            _ => false,
        },
        Expr::Call(callee, _) => matches!(
            &**callee,
            Expr::Member(_, method, _) if matches!(
                method.as_str(),
                "includes" | "startsWith" | "endsWith" | "test" | "some" | "every" | "isEmpty" | "isNotEmpty" | "isArray"
            )
        ),
        _ => false,
    }
}

impl Value {
    /// The value, after something else was done.
    fn also(self, act: impl FnOnce()) -> Self {
        act();
        self
    }
}

/// What counts as true in JavaScript.
pub(super) const TRUTHY: &str = r#"/// Whether a value counts as true in JavaScript.
fn truthy(value) {
    !(value == () || value == false || value == 0 || value == "")
}
"#;

/// What JavaScript makes a number of.
pub(super) const AS_NUMBER: &str = r##"/// A number, also where it comes as a text.
fn as_number(value) {
    if type_of(value) != "string" { return value; }
    let text = trimmed(value);
    if matches(text, #"^[+-]?\d+$"#) { parse_int(text) } else { parse_float(text) }
}
"##;
