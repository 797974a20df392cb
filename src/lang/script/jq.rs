//! An expression as one of jq, for documents of languages that compute with that.

use std::sync::Arc;

use super::expr::Expr;
use super::path::{self, Key};
use super::resolve::{Read, Resolved};
use super::tree::{Arm, Kind, Node, Part, Tail};
use crate::base::value::Value;

/// What stands in jq for the beginning of a path outside: the text, and how many segments of the path it takes in.
pub type Outside<'a> = dyn Fn(usize, &Read) -> Option<(String, usize)> + 'a;

impl Expr {
    /// The expression in jq; `None` where jq has nothing that means the same. Nothing in it reads `.`, but what `outside` gives.
    pub fn to_jq(&self, outside: &Outside<'_>) -> Option<String> {
        let (tree, found) = self.tree();
        Writer { found, outside }.node(tree)
    }
}

struct Writer<'a> {
    found: &'a Resolved,
    outside: &'a Outside<'a>,
}

impl Writer<'_> {
    fn node(&self, node: &Node) -> Option<String> {
        Some(match &node.kind {
            Kind::Constant(value) => constant(value)?,
            Kind::Char(c) => quoted(&c.to_string()),
            Kind::Text(parts) => {
                let mut text = String::new();
                for part in parts {
                    match part {
                        Part::Plain(plain) => text.push_str(inside(plain).as_str()),
                        Part::Value(value) => text.push_str(&format!("\\({})", self.node(value)?)),
                    }
                }
                format!("\"{text}\"")
            }
            Kind::List(items) => {
                let items: Option<Vec<String>> = items.iter().map(|item| self.node(item)).collect();
                format!("[{}]", items?.join(", "))
            }
            Kind::Map(fields) => {
                let field = |(name, value): &(super::tree::Name, Node)| {
                    let key = if path::is_plain(&name.text) { name.text.to_string() } else { quoted(&name.text) };
                    Some(format!("{key}: {}", self.operand(value)?))
                };
                let fields: Option<Vec<String>> = fields.iter().map(field).collect();
                format!("{{ {} }}", fields?.join(", "))
            }
            Kind::Variable(name) => format!("${name}"),
            Kind::Range { from: Some(from), to: Some(to), inclusive } => {
                let (from, to) = (self.operand(from)?, self.operand(to)?);
                let more = if *inclusive { " + 1" } else { "" };
                format!("[range({from}; {to}{more})]")
            }
            Kind::Field { of, name, .. } => format!("{}{}", self.operand(of)?, field(&name.text)),
            Kind::Index { of, index, .. } => format!("{}[{}]", self.operand(of)?, self.node(index)?),
            Kind::Slot { read, .. } => {
                let found = self.found.reads.get(*read)?;
                let (mut text, taken) = (self.outside)(*read, found)?;
                for segment in found.path.iter().skip(taken) {
                    match &segment.key {
                        Key::Field(name) => text.push_str(&field(name)),
                        Key::Item(at) => text.push_str(&format!("[{at}]")),
                    }
                }
                text
            }
            Kind::Setting(at) => {
                let setting = self.found.settings.get(*at)?;
                if setting.secret { format!("$secrets{}", field(&setting.name)) } else { return None }
            }
            Kind::Unary { op: "!", of } => format!("{} | not", self.operand(of)?),
            Kind::Unary { op: "-", of } => format!("-{}", self.operand(of)?),
            Kind::Binary { op, left, right, .. } => self.binary(op, left, right)?,
            Kind::Call { name, args, .. } => {
                let (first, rest) = args.split_first()?;
                self.call(&name.text, first, rest)?
            }
            Kind::Method { of, name, args, .. } => self.call(&name.text, of, args)?,
            Kind::Block(statements, Tail::Value) => {
                let (last, before) = statements.split_last()?;
                let mut text = String::new();
                for statement in before {
                    let Kind::Let { name, value: Some(value), .. } = &statement.kind else { return None };
                    text.push_str(&format!("{} as ${} | ", self.operand(value)?, name.text));
                }
                text.push_str(&self.node(last)?);
                text
            }
            Kind::Switch { on, arms } => self.switch(on, arms)?,
            Kind::If { condition, then, otherwise } => {
                let otherwise = otherwise.as_ref()?;
                format!("if {} then {} else {} end", self.node(condition)?, self.node(then)?, self.node(otherwise)?)
            }
            _ => return None,
        })
    }

    /// The first arm that fits, as `if`s in each other.
    fn switch(&self, on: &Node, arms: &[Arm]) -> Option<String> {
        let on = self.operand(on)?;
        let mut text = "null".to_owned();
        for arm in arms.iter().rev() {
            let mut holds: Vec<String> = Vec::new();
            if !arm.patterns.is_empty() {
                let is = |pattern: &Node| Some(format!("{on} == {}", constant(&pattern.constant()?)?));
                let any: Option<Vec<String>> = arm.patterns.iter().map(is).collect();
                holds.push(any?.join(" or "));
            }
            if let Some(guard) = &arm.guard {
                holds.push(self.node(guard)?);
            }
            let body = self.node(&arm.body)?;
            text = match holds.as_slice() {
                [] => body,
                [one] => format!("if {one} then {body} else {text} end"),
                several => {
                    let all: Vec<String> = several.iter().map(|one| format!("({one})")).collect();
                    format!("if {} then {body} else {text} end", all.join(" and "))
                }
            };
        }
        Some(text)
    }

    /// In brackets where it is more than one word.
    fn operand(&self, node: &Node) -> Option<String> {
        let text = self.node(node)?;
        let is_one = matches!(
            node.kind,
            Kind::Constant(_)
                | Kind::Char(_)
                | Kind::Text(_)
                | Kind::List(_)
                | Kind::Map(_)
                | Kind::Range { .. }
                | Kind::Variable(_)
                | Kind::Field { .. }
                | Kind::Index { .. }
                | Kind::Slot { .. }
                | Kind::Setting(_)
        );
        Some(if is_one && !text.starts_with('-') { text } else { format!("({text})") })
    }

    fn binary(&self, op: &str, left: &Node, right: &Node) -> Option<String> {
        let is_text = |node: &Node| matches!(&node.kind, Kind::Text(_) | Kind::Constant(Value::Text(_)));
        let (a, b) = (self.operand(left)?, self.operand(right)?);
        Some(match op {
            "==" | "!=" | "<" | "<=" | ">" | ">=" | "-" | "*" | "%" => format!("{a} {op} {b}"),
            "+" if is_text(left) && !is_text(right) => format!("{a} + ({b} | tostring)"),
            "+" if is_text(right) && !is_text(left) => format!("({a} | tostring) + {b}"),
            "+" => format!("{a} + {b}"),
            "&&" => format!("{a} and {b}"),
            "||" => format!("{a} or {b}"),
            // `//` gives way where `false` stands on its left, too.
            // Where what stands on its right is a text, a number or the like, nobody asks for a `false`.
            "??" if is_settled(right) => format!("{a} // {b}"),
            "??" => format!("if {a} == null then {b} else {a} end"),
            "in" => format!("{b} | any(. == {a})"),
            // A quotient of whole numbers is no whole number there.
            "/" if is_fraction(left) || is_fraction(right) => format!("{a} / {b}"),
            _ => return None,
        })
    }

    /// A function that jq has too, of what stands before the dot or comes first in the brackets.
    fn call(&self, name: &str, first: &Node, rest: &[Node]) -> Option<String> {
        let of = self.operand(first)?;
        let plain = match name {
            "len" => "length",
            "sum" => "add // 0",
            "keys" => "keys",
            "values" => "[.[]]",
            "sorted" => "sort",
            "min" => "min",
            "max" => "max",
            "first" => "first",
            "last" => "last",
            "flatten" => "flatten",
            "to_upper" => "ascii_upcase",
            "to_lower" => "ascii_downcase",
            "to_string" => "tostring",
            "json" => "tojson",
            "parse_json" => "fromjson",
            "base64" => "@base64",
            "url_encode" => "@uri",
            "parse_int" | "parse_float" => "tonumber",
            _ => "",
        };
        if rest.is_empty() && !plain.is_empty() {
            return Some(format!("{of} | {plain}"));
        }
        if let ("replace_all", [pattern, by]) = (name, rest) {
            let by = by.constant().filter(|by| by.as_text().is_some_and(|by| !by.contains(['$', '\\'])))?;
            return Some(format!("{of} | gsub({}; {})", self.node(pattern)?, constant(&by)?));
        }
        let [argument] = rest else { return None };
        if let Kind::Closure { params, body } = &argument.kind {
            let [param] = params.as_slice() else { return None };
            let each = format!("{of}[] | . as ${} | ", param.text);
            let body = self.operand(body)?;
            return Some(match name {
                "map" => format!("[{each}{body}]"),
                "filter" => format!("[{each}select({body})]"),
                "some" => format!("[{each}{body}] | any"),
                "all" => format!("[{each}{body}] | all"),
                "sum" => format!("[{each}{body}] | add // 0"),
                "sorted_by" => format!("{of} | sort_by(. as ${} | {body})", param.text),
                _ => return None,
            });
        }
        let argument = self.node(argument)?;
        Some(match name {
            "join" => format!("{of} | join({argument})"),
            "split" => format!("{of} | split({argument})"),
            "contains" if matches!(rest[0].kind, Kind::Text(_) | Kind::Constant(Value::Text(_))) => {
                format!("{of} | contains({argument})")
            }
            "starts_with" => format!("{of} | startswith({argument})"),
            "ends_with" => format!("{of} | endswith({argument})"),
            "matches" => format!("{of} | test({argument})"),
            _ => return None,
        })
    }
}

/// Whether a node is a number with a point in it.
fn is_fraction(node: &Node) -> bool {
    matches!(&node.kind, Kind::Constant(Value::Float(_)))
}

/// Whether a node is a value that is neither `true` nor computed.
fn is_settled(node: &Node) -> bool {
    match &node.kind {
        Kind::Constant(value) => *value != Value::Bool(true),
        Kind::Text(_) | Kind::List(_) | Kind::Map(_) => true,
        _ => false,
    }
}

/// A constant as JSON, which jq reads alike; a moment or a duration has no equal.
fn constant(value: &Value) -> Option<String> {
    match value {
        Value::Unit | Value::Null | Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::Text(_) => {
            Some(value.to_json().to_string())
        }
        Value::List(items) => {
            let items: Option<Vec<String>> = items.iter().map(constant).collect();
            Some(format!("[{}]", items?.join(", ")))
        }
        Value::Map(fields) => {
            let field = |(name, it): (&Arc<str>, &Value)| Some(format!("{}: {}", quoted(name), constant(it)?));
            let fields: Option<Vec<String>> = fields.iter().map(field).collect();
            Some(format!("{{ {} }}", fields?.join(", ")))
        }
        _ => None,
    }
}

fn field(name: &str) -> String {
    if path::is_plain(name) { format!(".{name}") } else { format!("[{}]", quoted(name)) }
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", inside(text))
}

/// A text without its quotes, as JSON escapes it.
fn inside(text: &str) -> String {
    let json = serde_json::Value::from(text).to_string();
    json.get(1..json.len().saturating_sub(1)).unwrap_or_default().to_owned()
}
