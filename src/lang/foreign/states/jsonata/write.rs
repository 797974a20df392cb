//! From a tree of JSONata to an expression of ours.

use indexmap::IndexMap;

use super::tree::Node;
use super::{Seen, functions, help};
use crate::lang::foreign::states::document::Document;
use crate::lang::foreign::states::help as more;
use crate::lang::foreign::states::machine::Machine;
use crate::lang::foreign::term::Term;
use crate::lang::layout;

/// How long one expression may become: what is bound by `:=` is written out wherever it is used.
const CODE_MAX: usize = 16_000;

/// What an expression sees.
#[derive(Clone)]
pub struct Scope<'a> {
    seen: &'a Seen,
    /// What is looked at: `$`, and what names are fields of.
    here: Option<Document>,
    /// Parameters of functions, and what `:=` binds.
    bound: IndexMap<String, Bound>,
    /// Whether what is missing is nothing, rather than an error.
    soft: bool,
}

/// What a variable stands for.
#[derive(Clone)]
enum Bound {
    Value(Document),
    Function(Vec<String>, Node),
}

impl<'a> Scope<'a> {
    /// Of an expression as a whole.
    pub fn of(seen: &'a Seen) -> Self {
        Self { seen, here: None, bound: IndexMap::new(), soft: false }
    }

    /// The same, where what is missing is nothing.
    pub fn soft(&self) -> Self {
        Self { soft: true, ..self.clone() }
    }

    fn looking_at(&self, here: Document) -> Self {
        Self { here: Some(here), ..self.clone() }
    }

    fn with(&self, name: &str, value: Document) -> Self {
        let mut scope = self.clone();
        scope.bound.insert(name.to_owned(), Bound::Value(value));
        scope
    }
}

/// What an expression becomes; an error says what it has that is not carried over.
pub type Written<T> = Result<T, String>;

impl Machine<'_> {
    /// The value of a tree.
    pub fn written(&mut self, node: &Node, scope: &Scope<'_>) -> Written<Document> {
        let term = |code: String| {
            if code.len() > CODE_MAX { Err("it is too long".to_owned()) } else { Ok(Document::Term(Term::Path(code))) }
        };
        match node {
            Node::Text(text) => Ok(Document::Term(Term::text(text))),
            Node::Number(number) => term(number.clone()),
            Node::Truth(truth) => term(truth.to_string()),
            Node::Null => term("()".to_owned()),
            Node::Name(name) => match &scope.here {
                Some(here) => Ok(self.field_of(here, name, scope)),
                None => Err(format!("`{name}` is a field of nothing")),
            },
            Node::Variable(name) => self.variable_of(name, scope),
            Node::List(items) => {
                let items: Written<Vec<Term>> = items.iter().map(|item| self.term_of(item, scope)).collect();
                Ok(Document::Term(Term::List(items?)))
            }
            Node::Range(from, to) => {
                self.draft.function("array_range", more::ARRAY_RANGE);
                let (from, to) = (self.code(from, scope)?, self.code(to, scope)?);
                term(format!("array_range({from}, {to}, 1)"))
            }
            Node::Object(fields) => {
                let mut made = IndexMap::new();
                for (name, value) in fields {
                    let Node::Text(name) = name else { return Err("a field whose name is computed".to_owned()) };
                    made.insert(name.clone(), self.written(value, scope)?);
                }
                Ok(Document::Made(None, made))
            }
            Node::Step(owner, part) => self.step_of(owner, part, scope),
            Node::Filter(list, inside) => self.filtered(list, inside, scope),
            Node::Call(name, given) => self.called(name, given, scope),
            Node::Function(..) => Err("a function that is a value".to_owned()),
            Node::If(when, then, otherwise) => {
                let when = self.truth(when, scope)?;
                let then = self.code(then, scope)?;
                let otherwise = match otherwise {
                    Some(otherwise) => self.code(otherwise, scope)?,
                    None => "()".to_owned(),
                };
                Ok(Document::Term(Term::Code(format!("if {when} {{ {then} }} else {{ {otherwise} }}"))))
            }
            Node::Binary(sign, left, right) => self.binary(sign, left, right, scope),
            Node::Negated(node) => Ok(Document::Term(Term::Code(format!("-{}", self.tight(node, scope)?)))),
            Node::Block(nodes) => self.block(nodes, scope),
            Node::Bound(..) => Err("`:=` outside of brackets".to_owned()),
        }
    }

    pub fn term_of(&mut self, node: &Node, scope: &Scope<'_>) -> Written<Term> {
        let term = self.written(node, scope)?.term(&mut self.reads);
        if term.expression().len() > CODE_MAX { Err("it is too long".to_owned()) } else { Ok(term) }
    }

    /// An expression as it stands alone.
    pub fn code(&mut self, node: &Node, scope: &Scope<'_>) -> Written<String> {
        Ok(self.term_of(node, scope)?.expression())
    }

    /// An expression as a part of another.
    pub fn tight(&mut self, node: &Node, scope: &Scope<'_>) -> Written<String> {
        Ok(self.term_of(node, scope)?.tight())
    }

    /// A tree as a condition.
    pub fn truth(&mut self, node: &Node, scope: &Scope<'_>) -> Written<String> {
        let scope = &scope.soft();
        let is_truth = match node {
            Node::Truth(_) => true,
            Node::Binary(sign, ..) => matches!(*sign, "=" | "!=" | "<" | "<=" | ">" | ">=" | "and" | "or" | "in"),
            Node::Call(name, _) => matches!(name.as_str(), "not" | "exists" | "contains" | "boolean"),
            _ => false,
        };
        if is_truth {
            return self.code(node, scope);
        }
        self.draft.function("truthy", help::TRUTHY);
        Ok(format!("truthy({})", self.code(node, scope)?))
    }

    fn field_of(&mut self, owner: &Document, name: &str, scope: &Scope<'_>) -> Document {
        if scope.soft { owner.find(name, &mut self.reads) } else { owner.get(name, &mut self.reads) }
    }

    fn variable_of(&mut self, name: &str, scope: &Scope<'_>) -> Written<Document> {
        match (name, scope.bound.get(name)) {
            ("", _) => scope.here.clone().ok_or_else(|| "`$` is nothing here".to_owned()),
            (_, Some(Bound::Value(value))) => Ok(value.clone()),
            (_, Some(Bound::Function(..))) => Err("a function that is a value".to_owned()),
            ("states", None) => Err("`$states` as a whole".to_owned()),
            ("$", None) => Err("`$$`".to_owned()),
            (name, None) => Ok(Document::Path(self.assigned(name))),
        }
    }

    /// `a.b`
    fn step_of(&mut self, owner: &Node, part: &Node, scope: &Scope<'_>) -> Written<Document> {
        if let (Node::Variable(states), Node::Name(name)) = (owner, part)
            && states == "states"
        {
            return match name.as_str() {
                "input" => Ok(scope.seen.input.clone()),
                "result" => scope.seen.result.clone().ok_or_else(|| "there is no result here".to_owned()),
                "errorOutput" => scope.seen.error.clone().ok_or_else(|| "there is no error here".to_owned()),
                _ => Err(format!("`$states.{name}`")),
            };
        }
        if let Some(names) = context_path(owner, part) {
            return Ok(self.context(&format!(".{}", names.join("."))));
        }
        match part {
            Node::Name(name) if is_many(owner) => {
                let list = self.tight(owner, scope)?;
                self.draft.function("fields", help::FIELDS);
                Ok(Document::Path(format!("fields({list}, {})", layout::text(name))))
            }
            Node::Name(name) => {
                let owner = self.written(owner, scope)?;
                Ok(self.field_of(&owner, name, scope))
            }
            part => {
                self.draft.function("found", help::FOUND);
                let list = self.code(owner, scope)?;
                let list = self.as_list(list);
                let (it, inner) = self.one(scope);
                let made = self.code(part, &inner)?;
                Ok(Document::Path(format!("found({list}.map(|{it}| {made}))")))
            }
        }
    }

    /// An expression as a list: nothing is an empty one, a single value its only item.
    pub fn as_list(&mut self, code: String) -> String {
        if let Some(list) = code.strip_prefix("found(").and_then(|rest| rest.strip_suffix(')'))
            && is_closed(list)
        {
            return list.to_owned();
        }
        if code.starts_with('[') && code.ends_with(']') && is_closed(&code[1..code.len() - 1]) {
            return code;
        }
        self.draft.function("items", help::ITEMS);
        format!("items({code})")
    }

    /// A name for one of many, and a scope that looks at it.
    pub fn one<'s>(&mut self, scope: &Scope<'s>) -> (String, Scope<'s>) {
        let depth = match &scope.here {
            Some(Document::Path(name)) if name.starts_with("it") => {
                name.trim_start_matches("it_").parse().unwrap_or(1) + 1
            }
            _ => 1,
        };
        let it = if depth == 1 { "it".to_owned() } else { format!("it_{depth}") };
        let scope = scope.looking_at(Document::Path(it.clone()));
        (it, scope)
    }

    /// `a[b]`: the item at a place, or the items for which something holds.
    fn filtered(&mut self, list: &Node, inside: &Node, scope: &Scope<'_>) -> Written<Document> {
        let index = match inside {
            Node::Number(number) => Some(number.clone()),
            Node::Negated(number) => match &**number {
                Node::Number(number) => Some(format!("-{number}")),
                _ => None,
            },
            _ => None,
        };
        if let Some(index) = index {
            let list = self.tight(list, scope)?;
            let mark = if scope.soft { "?" } else { "" };
            return Ok(Document::Path(format!("{list}{mark}[{index}]")));
        }
        if matches!(inside, Node::Variable(_)) {
            let (list, index) = (self.tight(list, scope)?, self.code(inside, scope)?);
            return Ok(Document::Path(format!("{list}[{index}]")));
        }
        let owner = self.code(list, scope)?;
        let (it, inner) = self.one(scope);
        let holds = self.truth(inside, &inner)?;
        self.draft.function("found", help::FOUND);
        let list = self.as_list(owner);
        Ok(Document::Path(format!("found({list}.filter(|{it}| {holds}))")))
    }

    fn binary(&mut self, sign: &str, left: &Node, right: &Node, scope: &Scope<'_>) -> Written<Document> {
        let code = |code: String| Ok(Document::Term(Term::Code(code)));
        match sign {
            "and" | "or" => {
                let in_brackets = |side: &Node, code: String| match side {
                    Node::Binary("or", ..) if sign == "and" => format!("({code})"),
                    _ => code,
                };
                let (one, two) = (self.truth(left, scope)?, self.truth(right, scope)?);
                let (one, two) = (in_brackets(left, one), in_brackets(right, two));
                code(format!("{one} {} {two}", if sign == "and" { "&&" } else { "||" }))
            }
            "&" => {
                let text = format!("{}{}", self.part(left, scope)?, self.part(right, scope)?);
                Ok(Document::Term(Term::Path(format!("\"{text}\""))))
            }
            "=" | "!=" | "<" | "<=" | ">" | ">=" => {
                let (one, two) = (self.tight(left, scope)?, self.tight(right, scope)?);
                code(format!("{one} {} {two}", if sign == "=" { "==" } else { sign }))
            }
            "in" => {
                let (one, two) = (self.tight(left, scope)?, self.code(right, scope)?);
                let list = self.as_list(two);
                code(format!("{one} in {list}"))
            }
            "/" => {
                self.draft.function("divided", help::DIVIDED);
                let (one, two) = (self.code(left, scope)?, self.code(right, scope)?);
                Ok(Document::Path(format!("divided({one}, {two})")))
            }
            "+" | "-" | "*" | "%" => {
                let (one, two) = (self.tight(left, scope)?, self.tight(right, scope)?);
                code(format!("{one} {sign} {two}"))
            }
            "??" => {
                let one = self.tight(left, &scope.soft())?;
                let two = self.tight(right, scope)?;
                code(format!("{one} ?? {two}"))
            }
            other => Err(format!("`{other}`")),
        }
    }

    /// A part of a text that is put together by `&`.
    fn part(&mut self, node: &Node, scope: &Scope<'_>) -> Written<String> {
        match node {
            Node::Text(text) => Ok(layout::inside(text)),
            Node::Binary("&", left, right) => Ok(format!("{}{}", self.part(left, scope)?, self.part(right, scope)?)),
            Node::Call(name, given) if name == "string" && given.len() == 1 => self.part(&given[0], scope),
            node => Ok(format!("${{{}}}", self.code(node, scope)?)),
        }
    }

    /// `($a := b; c)`: what is bound stands where it is used.
    fn block(&mut self, nodes: &[Node], scope: &Scope<'_>) -> Written<Document> {
        let Some((last, before)) = nodes.split_last() else { return Ok(Document::Term(Term::Path("()".to_owned()))) };
        let mut scope = scope.clone();
        for node in before {
            let Node::Bound(name, value) = node else { return Err("an expression whose value nobody gets".to_owned()) };
            if let Node::Function(names, body) = &**value {
                scope.bound.insert(name.clone(), Bound::Function(names.clone(), (**body).clone()));
                continue;
            }
            let value = self.written(value, &scope)?;
            if value.term(&mut self.reads).expression().len() > CODE_MAX {
                return Err("it is too long".to_owned());
            }
            scope = scope.with(name, value);
        }
        self.written(last, &scope)
    }

    fn called(&mut self, name: &str, given: &[Node], scope: &Scope<'_>) -> Written<Document> {
        if let Some(Bound::Function(names, body)) = scope.bound.get(name).cloned() {
            // A function that calls itself would never end.
            let mut inner = scope.clone();
            inner.bound.shift_remove(name);
            for (name, node) in names.iter().zip(given) {
                let value = self.written(node, scope)?;
                inner = inner.with(name, value);
            }
            return self.written(&body, &inner);
        }
        functions::call(self, name, given, scope)
    }

    /// A function as a closure with parameters of our names.
    pub fn closure(&mut self, node: &Node, most: usize, scope: &Scope<'_>) -> Written<String> {
        let Node::Function(names, body) = node else { return Err("a function by its name".to_owned()) };
        let mut inner = scope.clone();
        let mut own = Vec::new();
        for name in names.iter().take(most) {
            let plain = self.draft.name(name);
            inner = inner.with(name, Document::Path(plain.clone()));
            own.push(plain);
        }
        let body = self.code(body, &inner)?;
        Ok(format!("|{}| {body}", own.join(", ")))
    }

    /// The values of a path as a list, as functions on many take them: `items.price` of a list is the list of prices.
    pub fn many(&mut self, node: &Node, scope: &Scope<'_>) -> Written<String> {
        match node {
            Node::Step(owner, part) => match (&**owner, &**part) {
                (Node::Variable(_), _) => self.code(node, scope),
                // A field of the document itself is what it is.
                (Node::Step(states, _), Node::Name(_)) if **states == Node::Variable("states".to_owned()) => {
                    self.code(node, scope)
                }
                (_, Node::Name(name)) => {
                    let list = self.many(owner, scope)?;
                    self.draft.function("fields", help::FIELDS);
                    Ok(format!("fields({list}, {})", layout::text(name)))
                }
                _ => self.code(node, scope),
            },
            node => self.code(node, scope),
        }
    }
}

/// Whether every bracket in a text is closed in it.
fn is_closed(code: &str) -> bool {
    let (mut depth, mut in_text, mut escaped) = (0i32, false, false);
    for letter in code.chars() {
        let was_escaped = escaped;
        escaped = letter == '\\' && !was_escaped;
        match letter {
            '"' if !was_escaped => in_text = !in_text,
            _ if in_text => {}
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' if depth == 0 => return false,
            ')' | ']' | '}' => depth -= 1,
            _ => {}
        }
    }
    depth == 0
}

/// Whether an expression gives many: what is read of it is read of each.
fn is_many(node: &Node) -> bool {
    match node {
        Node::Filter(_, inside) => !matches!(&**inside, Node::Number(_) | Node::Negated(_) | Node::Variable(_)),
        Node::Range(..) | Node::List(_) => true,
        Node::Call(name, _) => matches!(name.as_str(), "map" | "filter" | "sort" | "distinct" | "append" | "reverse"),
        Node::Step(owner, part) => is_many(owner) || matches!(&**part, Node::Object(_)),
        _ => false,
    }
}

/// The names behind `$states.context`.
fn context_path(owner: &Node, part: &Node) -> Option<Vec<String>> {
    let Node::Name(last) = part else { return None };
    match owner {
        Node::Step(states, context)
            if **states == Node::Variable("states".to_owned()) && **context == Node::Name("context".to_owned()) =>
        {
            Some(vec![last.clone()])
        }
        Node::Step(owner, part) => {
            let mut names = context_path(owner, part)?;
            names.push(last.clone());
            Some(names)
        }
        _ => None,
    }
}
