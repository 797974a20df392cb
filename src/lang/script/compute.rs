//! What needs no Rhai: constants, paths, texts, lists and maps of such, and the comparisons, the logic and the plain
//! arithmetic that most conditions consist of. It gives what Rhai would give (held by a property test); where a type is
//! none of the simple ones it leaves all to Rhai.

use std::cmp::Ordering;
use std::sync::Arc;

use super::broken::Broken;
use super::expr::Scope;
use super::functions;
use super::path;
use super::resolve::{Demand, Resolved, Setting, Slot};
use super::tree::{Kind, Node, Part};
use crate::base::span::Span;
use crate::base::value::Value;

/// What one evaluation has looked up so far.
pub(super) struct Bindings<'a> {
    found: &'a Resolved,
    scope: &'a dyn Scope,
    /// The last root that was asked for: most expressions read one.
    root: Option<(Arc<str>, Option<Value>)>,
}

/// A value; `None` where Rhai has to compute it.
type Computed = Result<Option<Value>, Broken>;

/// Whether a tree consists of what is computed here.
pub(super) fn is_ours(node: &Node) -> bool {
    let kind = match &node.kind {
        Kind::Constant(_) | Kind::Slot { .. } | Kind::Setting(_) | Kind::Text(_) | Kind::List(_) | Kind::Map(_) => true,
        Kind::Unary { op, .. } => *op == "!",
        Kind::Binary { op, .. } => {
            matches!(*op, "&&" | "||" | "??" | "==" | "!=" | "<" | ">" | "<=" | ">=" | "+" | "-" | "*" | "in" | "!in")
        }
        Kind::If { then, otherwise, .. } => {
            let plain = |node: &Node| matches!(&node.kind, Kind::Block(statements, super::tree::Tail::Value) if statements.len() == 1);
            plain(then) && otherwise.as_ref().is_some_and(|node| plain(node) || matches!(node.kind, Kind::If { .. }))
        }
        Kind::Block(statements, super::tree::Tail::Value) => statements.len() == 1,
        Kind::Field { .. } | Kind::Index { .. } => true,
        Kind::Method { name, args, .. } => {
            matches!((&*name.text, args.len()), ("len" | "is_empty" | "first" | "last", 0) | ("contains", 1))
        }
        _ => false,
    };
    let mut all = kind;
    if kind {
        node.kind.each_child(&mut |child| all = all && is_ours(child));
    }
    all
}

impl<'a> Bindings<'a> {
    pub fn new(found: &'a Resolved, scope: &'a dyn Scope) -> Self {
        Self { found, scope, root: None }
    }

    /// The value of a tree.
    pub fn compute(&mut self, node: &Node) -> Computed {
        match &node.kind {
            Kind::Constant(value) => Ok(Some(value.clone())),
            Kind::Slot { slot, .. } => self.slot(*slot).map(Some).map_err(|found| found.at(node.span)),
            Kind::Setting(at) => setting(&self.found.settings[*at], self.scope).map(Some),
            Kind::Text(parts) => self.text(parts),
            Kind::List(items) => {
                let mut list = Vec::with_capacity(items.len());
                for item in items {
                    let Some(value) = self.compute(item)? else { return Ok(None) };
                    list.push(value);
                }
                Ok(Some(Value::list(list)))
            }
            Kind::Map(entries) => {
                let mut map = crate::base::value::Map::with_capacity(entries.len());
                for (key, value) in entries {
                    let Some(value) = self.compute(value)? else { return Ok(None) };
                    map.insert(key.text.clone(), value);
                }
                Ok(Some(Value::from(map)))
            }
            Kind::Unary { of, .. } => match self.compute(of)? {
                Some(Value::Bool(truth)) => Ok(Some(Value::Bool(!truth))),
                _ => Ok(None),
            },
            Kind::Binary { op, left, right, .. } => self.binary(op, left, right),
            Kind::If { condition, then, otherwise } => match (self.compute(condition)?, otherwise) {
                (Some(Value::Bool(true)), _) => self.compute(then),
                (Some(Value::Bool(false)), Some(otherwise)) => self.compute(otherwise),
                _ => Ok(None),
            },
            Kind::Block(statements, _) => match statements.as_slice() {
                [only] => self.compute(only),
                _ => Ok(None),
            },
            Kind::Field { of, name, optional } => {
                Ok(self.compute(of)?.and_then(|of| part(&of, &path::Key::Field(name.text.clone()), *optional)))
            }
            Kind::Index { of, index, optional } => {
                let (Some(of), Some(index)) = (self.compute(of)?, self.compute(index)?) else { return Ok(None) };
                let key = match index {
                    Value::Int(number) => path::Key::Item(number),
                    Value::Text(name) => path::Key::Field(name),
                    _ => return Ok(None),
                };
                Ok(part(&of, &key, *optional))
            }
            Kind::Method { of, name, args, optional } => {
                let Some(of) = self.compute(of)? else { return Ok(None) };
                if *optional && of == Value::Unit {
                    return Ok(Some(of));
                }
                match args.as_slice() {
                    [] => Ok(asked(&of, &name.text)),
                    [arg] => Ok(self.compute(arg)?.and_then(|arg| among(&arg, &of)).map(Value::Bool)),
                    _ => Ok(None),
                }
            }
            _ => Ok(None),
        }
    }

    fn text(&mut self, parts: &[Part]) -> Computed {
        let mut text = String::new();
        for part in parts {
            match part {
                Part::Plain(plain) => text.push_str(plain),
                Part::Value(node) => {
                    let Some(value) = self.compute(node)? else { return Ok(None) };
                    if value.holds_secret() {
                        return Ok(None);
                    }
                    append(&mut text, &value).map_err(|message| Broken::script(message, Some(node.span)))?;
                }
            }
        }
        Ok(Some(Value::from(text)))
    }

    fn binary(&mut self, op: &str, left: &Node, right: &Node) -> Computed {
        let Some(first) = self.compute(left)? else { return Ok(None) };
        match (op, &first) {
            ("&&", Value::Bool(false)) | ("||", Value::Bool(true)) => return Ok(Some(first)),
            ("&&", Value::Bool(true)) | ("||", Value::Bool(false)) => {
                let second = self.compute(right)?;
                return Ok(second.filter(|second| matches!(second, Value::Bool(_))));
            }
            ("&&" | "||", _) => return Ok(None),
            ("??", Value::Unit) => return self.compute(right),
            ("??", _) => return Ok(Some(first)),
            _ => {}
        }
        let Some(second) = self.compute(right)? else { return Ok(None) };
        Ok(match op {
            "==" => equal(&first, &second).map(Value::Bool),
            "!=" => equal(&first, &second).map(|same| Value::Bool(!same)),
            "<" => order(&first, &second).map(|order| Value::Bool(order.is_lt())),
            ">" => order(&first, &second).map(|order| Value::Bool(order.is_gt())),
            "<=" => order(&first, &second).map(|order| Value::Bool(order.is_le())),
            ">=" => order(&first, &second).map(|order| Value::Bool(order.is_ge())),
            "in" => among(&first, &second).map(Value::Bool),
            "!in" => among(&first, &second).map(|found| Value::Bool(!found)),
            _ => arithmetic(op, &first, &second),
        })
    }

    /// The value of a slot, if its path leads to one that is fit for where it is used.
    pub fn slot(&mut self, slot: usize) -> Result<Value, Unbound> {
        let Slot { read, demand, .. } = self.found.slots[slot];
        let path = &self.found.reads[read];
        let unbound = |message: String, segment: Option<Span>| Unbound { message, segment, path_span: path.span };
        if self.root.as_ref().is_none_or(|(name, _)| *name != path.root) {
            self.root = Some((path.root.clone(), self.scope.root(read)));
        }
        let Some((_, Some(root))) = &self.root else {
            return Err(unbound(format!("nothing is called `{}` here", path.root), None));
        };
        let value = match path::follow(&path.root, root, &path.path) {
            Ok(value) => value,
            // Operations that were never called, events that were never emitted.
            Err(_) if matches!(&*path.root, "calls" | "emitted") => return Ok(Value::list([])),
            Err(dead) => return Err(unbound(dead.message, Some(path.path[dead.segment].span))),
        };
        let Some(wanted) = unfit(&value, demand) else { return Ok(value) };
        let written = path::written(&path.root, &path.path, path.path.len());
        let message = match &value {
            Value::Unit => format!("`{written}` is `()` here; say by `??` what counts instead: `{written} ?? ...`"),
            other => format!("`{written}` is {}, which cannot be compared with {wanted}", path::a(other)),
        };
        Err(unbound(message, None))
    }
}

/// A path that leads to nothing that could be bound.
pub(super) struct Unbound {
    message: String,
    /// The segment that is to blame, if one is.
    segment: Option<Span>,
    path_span: Span,
}

impl Unbound {
    /// As an error of the place where it was read: its segment there, if this is the place whose segments we know.
    pub fn at(self, span: Span) -> Broken {
        let span = if span == self.path_span { self.segment.unwrap_or(span) } else { span };
        Broken::script(self.message, Some(span))
    }
}

/// What a value would have to be, if it is not.
fn unfit(value: &Value, demand: Demand) -> Option<&'static str> {
    match (demand, value.open()) {
        (Demand::Nothing, _) => None,
        (_, Value::Unit) => Some("anything"),
        (Demand::Number, Value::Int(_) | Value::Float(_)) | (Demand::Text, Value::Text(_)) | (Demand::Present, _) => {
            None
        }
        (Demand::Number, _) => Some("a number"),
        (Demand::Text, _) => Some("a text"),
    }
}

fn setting(found: &Setting, scope: &dyn Scope) -> Result<Value, Broken> {
    let value = if found.secret { scope.secret(&found.name) } else { scope.env(&found.name) };
    value.ok_or_else(|| Broken::script(no_setting(&found.name, found.secret), Some(found.span)))
}

/// Whether two simple values are equal; `None` for others.
fn equal(a: &Value, b: &Value) -> Option<bool> {
    Some(match (a, b) {
        (Value::Int(a), Value::Int(b)) => a == b,
        (Value::Text(a), Value::Text(b)) => a == b,
        (Value::Bool(a), Value::Bool(b)) => a == b,
        (Value::Unit, Value::Unit) => true,
        (Value::Duration(a), Value::Duration(b)) => a == b,
        (Value::Int(_) | Value::Float(_), Value::Int(_) | Value::Float(_)) => order(a, b)?.is_eq(),
        // Values of different types are never equal; lists, maps, sets and moments are left to Rhai.
        _ if is_simple(a) && is_simple(b) => false,
        (Value::Unit, Value::List(_) | Value::Map(_) | Value::Set(_) | Value::DateTime(_) | Value::Date(_)) => false,
        (Value::List(_) | Value::Map(_) | Value::Set(_) | Value::DateTime(_) | Value::Date(_), Value::Unit) => false,
        _ => return None,
    })
}

/// A field or an item that is there, so that nobody copies all the others for it; what is missing is left to Rhai, which
/// says so.
fn part(of: &Value, key: &path::Key, optional: bool) -> Option<Value> {
    let found = match (of, key) {
        (Value::Unit, _) => None,
        (Value::Map(map), path::Key::Field(name)) => map.get(name).cloned(),
        (Value::List(items), path::Key::Item(number)) => {
            path::item(items.len(), *number).and_then(|at| items.get(at)).cloned()
        }
        _ => return None,
    };
    if optional { Some(found.unwrap_or_default()) } else { found }
}

/// What a method without arguments gives.
fn asked(of: &Value, method: &str) -> Option<Value> {
    match (of, method) {
        (Value::Map(map), "len") => Some(Value::Int(map.len() as i64)),
        (Value::List(items), "first") => Some(items.first().cloned().unwrap_or_default()),
        (Value::List(items), "last") => Some(items.last().cloned().unwrap_or_default()),
        (_, "first" | "last") => None,
        _ => functions::property(of, method),
    }
}

fn is_simple(value: &Value) -> bool {
    matches!(
        value,
        Value::Unit | Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::Text(_) | Value::Duration(_)
    )
}

/// The order of two numbers, texts or durations; `None` for others.
fn order(a: &Value, b: &Value) -> Option<Ordering> {
    match (a, b) {
        (Value::Int(a), Value::Int(b)) => Some(a.cmp(b)),
        (Value::Text(a), Value::Text(b)) => Some(a.cmp(b)),
        (Value::Duration(a), Value::Duration(b)) => Some(a.cmp(b)),
        _ => {
            let (a, b) = (number(a)?, number(b)?);
            // As Rhai does, floats count as equal that differ by no more than rounding.
            let largest = if a * b == 0.0 { 1.0 } else { a.abs().max(b.abs()) };
            if ((a - b) / largest).abs() <= f64::EPSILON { Some(Ordering::Equal) } else { a.partial_cmp(&b) }
        }
    }
}

fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Int(number) => Some(*number as f64),
        Value::Float(number) => Some(*number),
        _ => None,
    }
}

/// Whether a simple value is in a list of simple values, a text in a text, a name in a map; `None` for others.
fn among(value: &Value, whole: &Value) -> Option<bool> {
    match (value, whole) {
        (_, Value::List(items)) => {
            for item in items.iter() {
                if equal(value, item)? {
                    return Some(true);
                }
            }
            Some(false)
        }
        (Value::Text(part), Value::Text(text)) => Some(text.contains(&**part)),
        (Value::Text(name), Value::Map(map)) => Some(map.contains_key(name)),
        (_, Value::Set(set)) => Some(set.contains(value)),
        _ => None,
    }
}

/// Sums, differences and products of numbers that fit, and texts behind each other; `None` for others.
fn arithmetic(op: &str, a: &Value, b: &Value) -> Option<Value> {
    match (op, a, b) {
        ("+", Value::Int(a), Value::Int(b)) => a.checked_add(*b).map(Value::Int),
        ("-", Value::Int(a), Value::Int(b)) => a.checked_sub(*b).map(Value::Int),
        ("*", Value::Int(a), Value::Int(b)) => a.checked_mul(*b).map(Value::Int),
        ("+", Value::Text(a), Value::Text(b)) => Some(Value::from([&**a, &**b].concat())),
        _ => {
            let (a, b) = (number(a)?, number(b)?);
            Some(Value::Float(match op {
                "+" => a + b,
                "-" => a - b,
                _ => a * b,
            }))
        }
    }
}

/// What is said of a setting that is not there.
pub(super) fn no_setting(name: &str, secret: bool) -> String {
    let what = if secret { "secret" } else { "setting" };
    format!("the {what} `{name}` is not set")
}

/// Adds a value to a text.
pub(super) fn append(text: &mut String, value: &Value) -> Result<(), String> {
    use std::fmt::Write as _;
    match value {
        Value::Unit => {
            Err("this is `()`, which is no text; say by `??` what stands there instead: `${... ?? \"\"}`".into())
        }
        Value::Text(more) => {
            text.push_str(more);
            Ok(())
        }
        other => write!(text, "{other}").map_err(|error| error.to_string()),
    }
}
