//! A resolved tree to the text that Rhai compiles, with a map from its places back to ours.
//!
//! What is ours and not Rhai's is written as calls of functions whose names begin with `__`, which no program can use.
//! Paths outside are written as variables, so that Rhai never walks through an input it would have to copy first.

use std::borrow::Cow;
use std::fmt::Write as _;

use super::library;
use super::resolve::{Setting, Slot};
use super::tree::{Arm, Kind, Name, Node, Part, Tail};
use super::word::{self, CALLED_ONLY};
use crate::base::span::Span;
use crate::base::value::Value;

/// Columns after which a line is broken: Rhai counts them in 16 bits.
const COLUMNS: usize = 1_000;

/// The places of an emitted text, in order.
#[derive(Clone, Debug, Default)]
pub(super) struct Marks(Vec<(u16, u16, Span)>);

impl Marks {
    /// Our place for one of Rhai's.
    pub fn span(&self, line: usize, column: usize) -> Option<Span> {
        let index = self.0.partition_point(|(l, c, _)| (*l as usize, *c as usize) <= (line, column));
        self.0.get(index.checked_sub(1)?).map(|(_, _, span)| *span)
    }
}

/// The names of the variables that hold the first slots: most expressions need no others.
const SLOTS: [&str; 8] = ["__s0", "__s1", "__s2", "__s3", "__s4", "__s5", "__s6", "__s7"];

/// The name of the variable that holds a slot.
pub(super) fn slot_name(slot: usize) -> Cow<'static, str> {
    SLOTS.get(slot).map_or_else(|| format!("__s{slot}").into(), |name| Cow::Borrowed(*name))
}

/// The slot whose variable is called `name`.
pub(super) fn slot_named(name: &str) -> Option<usize> {
    name.strip_prefix("__s")?.parse().ok()
}

/// Writes text for Rhai.
pub(super) struct Emitter<'a> {
    out: String,
    line: usize,
    line_start: usize,
    marks: Vec<(u16, u16, Span)>,
    slots: &'a [Slot],
    settings: &'a [Setting],
    /// Whether closures ask for paths when they need them, instead of capturing them: so a path that leads nowhere
    /// does no harm before it is read.
    careful: bool,
    closures: usize,
}

impl<'a> Emitter<'a> {
    pub fn new(first_line: usize, slots: &'a [Slot], settings: &'a [Setting], careful: bool) -> Self {
        let out = "\n".repeat(first_line);
        let line_start = out.len();
        Self { out, line: first_line + 1, line_start, marks: Vec::new(), slots, settings, careful, closures: 0 }
    }

    pub fn done(self) -> (String, Marks) {
        (self.out, Marks(self.marks))
    }

    fn push(&mut self, text: &str) {
        self.out.push_str(text);
    }

    /// From here on errors belong to `span`.
    fn mark(&mut self, span: Span) {
        if self.out.len() - self.line_start > COLUMNS {
            self.newline();
        }
        let clip = |number: usize| u16::try_from(number).unwrap_or(u16::MAX);
        self.marks.push((clip(self.line), clip(self.out.len() - self.line_start + 1), span));
    }

    fn newline(&mut self) {
        self.out.push('\n');
        self.line += 1;
        self.line_start = self.out.len();
    }

    /// The body of a whole script or the one expression.
    pub fn whole(&mut self, node: &Node) {
        match &node.kind {
            Kind::Block(statements, tail) => self.statements(statements, *tail),
            _ => self.operand(node),
        }
    }

    /// A function of the program.
    pub fn function(&mut self, name: &str, params: &[Name], body: &Node) {
        self.push("fn ");
        self.push(&library::mangled(name));
        self.params(params, "(", ")");
        self.push(" {");
        self.whole(body);
        self.push("}");
        self.newline();
    }

    fn params(&mut self, params: &[Name], open: &str, close: &str) {
        self.push(open);
        for (at, param) in params.iter().enumerate() {
            if at > 0 {
                self.push(", ");
            }
            self.push(&param.text);
        }
        self.push(close);
    }

    fn statements(&mut self, statements: &[Node], tail: Tail) {
        let last = statements.len().saturating_sub(1);
        for (at, statement) in statements.iter().enumerate() {
            self.node(statement);
            if at < last || tail == Tail::Nothing {
                self.push("; ");
            }
        }
    }

    /// A node where an operand stands: in brackets if it needs them.
    fn operand(&mut self, node: &Node) {
        let plain = matches!(
            node.kind,
            Kind::Constant(_)
                | Kind::Char(_)
                | Kind::Text(_)
                | Kind::List(_)
                | Kind::Map(_)
                | Kind::Variable(_)
                | Kind::This
                | Kind::Slot { .. }
                | Kind::Setting(_)
                | Kind::Call { .. }
                | Kind::Method { .. }
                | Kind::Field { .. }
                | Kind::Index { .. }
                | Kind::Range { .. }
        );
        if plain {
            return self.node(node);
        }
        self.mark(node.span);
        self.push("(");
        self.node(node);
        self.push(")");
    }

    fn list(&mut self, open: &str, items: &[Node], close: &str) {
        self.push(open);
        for (at, item) in items.iter().enumerate() {
            if at > 0 {
                self.push(", ");
            }
            self.operand(item);
        }
        self.push(close);
    }

    fn node(&mut self, node: &Node) {
        self.mark(node.span);
        match &node.kind {
            Kind::Constant(value) => self.constant(value),
            Kind::Char(c) => self.character(*c),
            Kind::Text(parts) => self.text(parts),
            Kind::List(items) => self.list("[", items, "]"),
            Kind::Map(entries) => self.map(entries),
            Kind::Variable(name) => self.push(name),
            Kind::This => self.push("this"),
            Kind::Slot { slot, .. } => self.slot(*slot),
            Kind::Setting(at) => self.setting(*at),
            Kind::Field { of, name, optional } => self.field(of, name, *optional),
            Kind::Index { of, index, optional } => self.index(of, index, *optional),
            Kind::Unary { op, of } => {
                self.push(op);
                self.operand(of);
            }
            Kind::Binary { op, op_span, left, right } => self.binary(op, *op_span, node.span, left, right),
            Kind::Range { from, to, inclusive } => self.range(node.span, [from, to], *inclusive),
            Kind::Call { name, args, open } => {
                self.push(&library::mangled(&name.text));
                self.list(if *open { "!(" } else { "(" }, args, ")");
            }
            Kind::Method { of, name, args, optional } => {
                self.method(of, name, args, name.span.to(node.span.after()), *optional);
            }
            Kind::Closure { params, body } => self.closure(params, body),
            Kind::Block(statements, tail) => {
                self.push("{ ");
                self.statements(statements, *tail);
                self.push(" }");
            }
            Kind::If { condition, then, otherwise } => self.choice(condition, then, otherwise.as_deref()),
            Kind::Switch { on, arms } => {
                self.push("switch ");
                self.operand(on);
                self.push(" { ");
                arms.iter().for_each(|arm| self.arm(arm));
                self.push("}");
            }
            Kind::While { condition, body } => {
                self.push("while ");
                self.operand(condition);
                self.push(" ");
                self.node(body);
            }
            Kind::Loop { body } => {
                self.push("loop ");
                self.node(body);
            }
            Kind::Do { body, condition, until } => {
                self.push("do ");
                self.node(body);
                self.push(if *until { " until " } else { " while " });
                self.operand(condition);
            }
            Kind::For { item, counter, over, body } => self.each(item, counter.as_ref(), over, body),
            Kind::Try { body, error, handler } => self.guarded(body, error.as_ref(), handler),
            Kind::Let { name, constant, value } => {
                self.push(if *constant { "const " } else { "let " });
                self.push(&name.text);
                if let Some(value) = value {
                    self.push(" = ");
                    self.operand(value);
                }
            }
            Kind::Assign { op, target, value } => self.assignment(node.span, op, target, value),
            Kind::Leave { how, value } => {
                self.push(how.word());
                if let Some(value) = value {
                    self.push(" ");
                    self.operand(value);
                }
            }
            Kind::Function { name, of, private, params, body } => {
                self.push(if *private { "private fn " } else { "fn " });
                of.iter().for_each(|of| self.push(&format!("{}.", quoted(&of.text))));
                self.push(&name.text);
                self.params(params, "(", ")");
                self.push(" ");
                self.node(body);
            }
            Kind::Nothing => self.push("{}"),
        }
    }

    fn character(&mut self, c: char) {
        let quoted = quoted(&c.to_string());
        let inner = match c {
            '\'' => "\\'",
            '"' => "\"",
            _ => &quoted[1..quoted.len() - 1],
        };
        self.push(&format!("'{inner}'"));
    }

    fn map(&mut self, entries: &[(Name, Node)]) {
        self.push("#{");
        for (at, (key, value)) in entries.iter().enumerate() {
            if at > 0 {
                self.push(", ");
            }
            self.push(&quoted(&key.text));
            self.push(": ");
            self.operand(value);
        }
        self.push("}");
    }

    fn slot(&mut self, slot: usize) {
        if self.careful && self.closures > 0 && self.slots.get(slot).is_some_and(|slot| slot.captured) {
            self.push(&format!("__read({slot})"));
        } else {
            self.push(&slot_name(slot));
        }
    }

    fn setting(&mut self, at: usize) {
        let setting = &self.settings[at];
        let text = format!("__setting({}, {})", quoted(&setting.name), setting.secret);
        self.push(&text);
    }

    fn field(&mut self, of: &Node, name: &Name, optional: bool) {
        let (sign, word) = match (optional, is_property(&name.text)) {
            (true, _) => ("?.", format!("__field({})", quoted(&name.text))),
            (false, true) => (".", name.text.to_string()),
            (false, false) => ("[", format!("{}]", quoted(&name.text))),
        };
        self.operand(of);
        self.mark(name.span);
        self.push(sign);
        self.mark(name.span);
        self.push(&word);
    }

    fn index(&mut self, of: &Node, index: &Node, optional: bool) {
        self.operand(of);
        self.mark(index.span);
        if optional {
            self.push("?.");
            self.mark(index.span);
            self.list("__item(", std::slice::from_ref(index), ")");
        } else {
            self.list("[", std::slice::from_ref(index), "]");
        }
    }

    fn range(&mut self, span: Span, [from, to]: [&Option<Box<Node>>; 2], inclusive: bool) {
        self.push("(");
        match from {
            Some(from) => self.operand(from),
            None => self.push("0"),
        }
        self.mark(span);
        self.push(if inclusive { "..=" } else { ".." });
        to.iter().for_each(|node| self.operand(node));
        self.push(")");
    }

    /// A call behind a dot; its errors belong to `span`.
    fn method(&mut self, of: &Node, name: &Name, args: &[Node], span: Span, optional: bool) {
        if borrows_what_it_captures(of, &name.text, args) {
            self.push("__own(");
            self.node(of);
            self.push(")");
        } else {
            self.operand(of);
        }
        self.mark(span);
        self.push(if optional { "?." } else { "." });
        self.mark(span);
        self.push(&name.text);
        self.list("(", args, ")");
    }

    fn closure(&mut self, params: &[Name], body: &Node) {
        self.closures += 1;
        self.params(params, "|", "|");
        self.push(" ");
        self.node(body);
        self.closures -= 1;
    }

    fn choice(&mut self, condition: &Node, then: &Node, otherwise: Option<&Node>) {
        self.push("if ");
        self.operand(condition);
        self.push(" ");
        self.node(then);
        if let Some(otherwise) = otherwise {
            self.push(" else ");
            self.node(otherwise);
        }
    }

    fn each(&mut self, item: &Name, counter: Option<&Name>, over: &Node, body: &Node) {
        self.push("for ");
        match counter {
            Some(counter) => self.push(&format!("({}, {})", item.text, counter.text)),
            None => self.push(&item.text),
        }
        self.push(" in ");
        if matches!(over.kind, Kind::Map(_)) {
            // Rhai's parser does not know that maps can be gone through here; behind braces it does not look.
            self.push("({ ");
            self.operand(over);
            self.push(" })");
        } else {
            self.operand(over);
        }
        self.push(" ");
        self.node(body);
    }

    fn guarded(&mut self, body: &Node, error: Option<&Name>, handler: &Node) {
        self.push("try ");
        self.node(body);
        self.push(" catch ");
        match (error, &handler.kind) {
            (Some(error), Kind::Block(statements, tail)) => {
                let name = &error.text;
                self.push(&format!("({name}) {{ {name} = __caught({name}); "));
                self.statements(statements, *tail);
                self.push(" }");
            }
            _ => self.node(handler),
        }
    }

    fn assignment(&mut self, span: Span, op: &str, target: &Node, value: &Node) {
        self.target(target);
        self.push(" ");
        self.mark(span);
        self.push(op);
        self.push(" ");
        if op == "+=" {
            self.present(value);
        } else {
            self.operand(value);
        }
    }

    /// What an assignment changes is reached by Rhai's own means: a field that is missing is made.
    fn target(&mut self, target: &Node) {
        match &target.kind {
            Kind::Field { of, name, optional } => {
                self.target(of);
                self.mark(name.span);
                self.push(if *optional { "?" } else { "" });
                if is_property(&name.text) {
                    self.push(&format!(".{}", name.text));
                } else {
                    self.push(&format!("[{}]", quoted(&name.text)));
                }
            }
            Kind::Index { of, index, optional } => {
                self.target(of);
                self.mark(index.span);
                self.list(if *optional { "?[" } else { "[" }, std::slice::from_ref(index), "]");
            }
            _ => self.operand(target),
        }
    }

    fn arm(&mut self, arm: &Arm) {
        if arm.patterns.is_empty() {
            self.push("_");
        }
        for (at, pattern) in arm.patterns.iter().enumerate() {
            if at > 0 {
                self.push(" | ");
            }
            self.node(pattern);
        }
        if let Some(guard) = &arm.guard {
            self.push(" if ");
            self.operand(guard);
        }
        self.push(" => ");
        self.node(&arm.body);
        self.push(", ");
    }

    fn binary(&mut self, op: &str, op_span: Span, span: Span, left: &Node, right: &Node) {
        let asks = |node: &Node| !matches!(node.kind, Kind::Slot { .. }) && !is_number(node) && !is_text(node);
        if let Some(function) = comparison(op)
            && (asks(left) || asks(right) || !alike(left, right))
        {
            // Rhai calls values of two types just unequal, also `()` and a number; here that is an error.
            self.push(function);
            // The place of the whole: see `functions::operator`.
            self.push("((), ");
            self.operand(left);
            self.push(", ");
            self.operand(right);
            self.push(")");
            return;
        }
        if op == "+" && is_text(left) && !is_text(right) {
            self.operand(left);
            self.push(" + ");
            self.mark(right.span);
            self.push("__text(");
            self.node(right);
            self.push(")");
            return;
        }
        if op == "+" && !is_number(left) && !is_number(right) {
            self.present(left);
            self.push(" ");
            self.mark(span);
            self.push("+ ");
            self.present(right);
            return;
        }
        if op == "!in" {
            self.push("!(");
            self.operand(left);
            self.push(" in ");
            self.operand(right);
            self.push(")");
            return;
        }
        self.operand(left);
        self.push(" ");
        // Logic is about its operands, arithmetic about the whole.
        self.mark(if matches!(op, "&&" | "||" | "??") { op_span } else { span });
        self.push(op);
        self.push(" ");
        match &right.kind {
            Kind::Leave { .. } => self.node(right),
            _ => self.operand(right),
        }
    }

    /// What is added to something: Rhai would add `()` to a text without a word. What is computed is never `()`, or
    /// fails by itself.
    fn present(&mut self, node: &Node) {
        if !matches!(node.kind, Kind::Variable(_) | Kind::Field { .. } | Kind::Index { .. } | Kind::Method { .. }) {
            return self.operand(node);
        }
        self.mark(node.span);
        self.push("__some(");
        self.node(node);
        self.push(")");
    }

    fn text(&mut self, parts: &[Part]) {
        self.push("`");
        for part in parts {
            match part {
                Part::Plain(text) => self.push(&format!("${{{}}}", quoted(text))),
                Part::Value(node) => {
                    self.push("${");
                    self.mark(node.span);
                    self.push("__text(");
                    // A lone statement, such as `return`, needs braces to be an argument.
                    let braces = if node.is_statement() { ["{ ", " }"] } else { ["", ""] };
                    self.push(braces[0]);
                    self.node(node);
                    self.push(braces[1]);
                    self.push(")}");
                }
            }
        }
        self.push("`");
    }

    fn constant(&mut self, value: &Value) {
        let text = match value {
            Value::Unit => "()".to_owned(),
            Value::Bool(truth) => truth.to_string(),
            Value::Int(i64::MIN) => format!("({} - 1)", -i64::MAX),
            Value::Int(number) if *number < 0 => format!("({number})"),
            Value::Int(number) => number.to_string(),
            Value::Float(number) if *number < 0.0 => format!("({})", float(*number)),
            Value::Float(number) => float(*number),
            Value::Text(text) => quoted(text),
            Value::Duration(duration) => format!("__duration({})", duration.0),
            // A literal knows no other values.
            _ => "__null()".to_owned(),
        };
        self.push(&text);
    }
}

/// A float so that Rhai reads it as one: it knows `1e300`, but not `1e-7` behind digits without a point.
fn float(number: f64) -> String {
    let text = format!("{number:?}");
    if text.contains('.') { text } else { text.replacen('e', ".0e", 1) }
}

/// A text as Rhai reads it, in ASCII, so that its columns are bytes.
pub(super) fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => {
                out.push('\\');
                out.push(c);
            }
            ' '..='~' => out.push(c),
            c if (c as u32) < 0x1_0000 => {
                let _ = write!(out, "\\u{:04x}", c as u32);
            }
            c => {
                let _ = write!(out, "\\U{:08x}", c as u32);
            }
        }
    }
    out.push('"');
    out
}

/// Whether Rhai takes the name behind a dot.
fn is_property(name: &str) -> bool {
    word::is_name(name) && !CALLED_ONLY.contains(&name)
}

fn comparison(op: &str) -> Option<&'static str> {
    Some(match op {
        "<" => "__lt",
        "<=" => "__le",
        ">" => "__gt",
        ">=" => "__ge",
        _ => return None,
    })
}

/// Whether it is a number whatever happens.
fn is_number(node: &Node) -> bool {
    matches!(node.kind, Kind::Constant(Value::Int(_) | Value::Float(_)))
}

/// Whether it is a text whatever happens.
fn is_text(node: &Node) -> bool {
    match &node.kind {
        Kind::Constant(Value::Text(_)) | Kind::Text(_) => true,
        Kind::Binary { op: "+", left, .. } => is_text(left),
        _ => false,
    }
}

/// Whether the two sides of a comparison are known to be of one type: a path against a literal is checked when it is
/// bound.
fn alike(left: &Node, right: &Node) -> bool {
    let literal = |node: &Node| is_number(node) || is_text(node);
    match (&left.kind, &right.kind) {
        (Kind::Slot { .. }, _) => literal(right),
        (_, Kind::Slot { .. }) => literal(left),
        _ => is_number(left) == is_number(right),
    }
}

/// Methods that change what they are called on: they need the variable itself.
const CHANGING: [&str; 8] = ["sort", "order_by", "retain", "drain", "dedup", "splice", "for_each", "push"];

/// Whether a closure among the arguments reads the variable that the chain begins with, as in
/// `prices.keys().map(|name| prices[name])`. Rhai lends that variable to the whole chain, so the closure could not read it.
fn borrows_what_it_captures(of: &Node, method: &str, args: &[Node]) -> bool {
    !CHANGING.contains(&method)
        && chain_root(of).is_some_and(|root| {
            args.iter().any(|arg| matches!(&arg.kind, Kind::Closure { body, .. } if mentions(body, root)))
        })
}

/// What a chain of fields, items and methods begins with, if that is a variable.
fn chain_root(node: &Node) -> Option<&Kind> {
    match &node.kind {
        Kind::Field { of, .. } | Kind::Index { of, .. } | Kind::Method { of, .. } => chain_root(of),
        root @ (Kind::Variable(_) | Kind::Slot { .. }) => Some(root),
        _ => None,
    }
}

fn mentions(node: &Node, root: &Kind) -> bool {
    let same = match (&node.kind, root) {
        (Kind::Variable(name), Kind::Variable(other)) => name == other,
        (Kind::Slot { slot, .. }, Kind::Slot { slot: other, .. }) => slot == other,
        _ => false,
    };
    let mut found = same;
    node.kind.each_child(&mut |child| found = found || mentions(child, root));
    found
}
