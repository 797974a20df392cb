//! Statements of Rhai: tokens to a tree, continued.

use super::code;
use super::fault::Fault;
use super::mistaken;
use super::parse::{Parsed, Parser};
use super::token;
use super::tree::{Arm, Kind, Leave, Name, Node, Tail};
use crate::base::value::Value;

/// The signs that change a variable.
const ASSIGNMENTS: [&str; 12] = ["=", "+=", "-=", "*=", "/=", "%=", "**=", "<<=", ">>=", "&=", "|=", "^="];

impl Parser {
    /// Statements up to the end or, with `braced`, up to the `}`, which stays.
    pub fn statements(&mut self, braced: bool) -> Parsed<(Vec<Node>, Tail)> {
        let mut statements = Vec::new();
        let mut tail = Tail::Nothing;
        loop {
            if self.at_end() || (braced && self.is("}")) {
                return Ok((statements, tail));
            }
            if self.takes(";") {
                tail = Tail::Nothing;
                continue;
            }
            let start = self.taken();
            let statement = match self.statement() {
                Ok(statement) => statement,
                Err(found) => {
                    self.give_up(found, start)?;
                    continue;
                }
            };
            let closed = ends_itself(&statement);
            tail = Tail::Value;
            statements.push(statement);
            if !(self.is(";") || self.at_end() || (braced && self.is("}")) || closed) {
                match mistaken::instead(self) {
                    Some(found) => self.give_up(found, self.taken())?,
                    None if self.begins_statement() => self.report(self.no_end())?,
                    None => self.give_up(self.no_end(), self.taken())?,
                }
            }
        }
    }

    /// A `;` is missing behind a statement.
    fn no_end(&self) -> Fault {
        let (_, found) = self.found();
        let gap = self.behind().after();
        let fault = Fault::error(code::SYNTAX, gap, "a `;` is missing behind this statement").label(found);
        fault.fix("statements of a script are separated by `;`", gap, ";")
    }

    /// One statement, without the `;` behind it.
    pub fn statement(&mut self) -> Parsed<Node> {
        self.deeper(|parser| {
            let top = parser.top;
            match parser.word().as_deref() {
                Some("let" | "const") => parser.within(Self::declaration),
                Some("fn" | "private") => {
                    if !top {
                        return Err(Fault::error(
                            code::PLACE,
                            parser.span(),
                            "a `fn` is declared here inside of a block or of another `fn`",
                        )
                        .hint("declare it at the top of the file or of the script, or write a closure: `let f = |x| x + 1;`"));
                    }
                    parser.within(Self::function)
                }
                Some("break" | "continue" | "return" | "throw") => parser.within(Self::leave),
                Some("try") => parser.within(Self::attempt),
                Some(word @ ("import" | "export")) => {
                    let error = Fault::error(code::FORBIDDEN, parser.span(), format!("`{word}` is not for scripts"));
                    Err(error
                        .hint("`use \"file.flow\" as name` at the top of the file brings in the `fn`s of another one"))
                }
                // As statements these end at their brace: what follows is not their operand.
                Some("if") => parser.branch(),
                Some("switch") => parser.switch(),
                Some("while" | "loop" | "for" | "do") => parser.repetition(),
                _ if parser.is(";") || parser.at_end() => {
                    let span = parser.span();
                    parser.node(Kind::Nothing, span)
                }
                _ if parser.is("{") => match mistaken::brace(parser) {
                    Some(found) => Err(found),
                    None => parser.within(Self::braces),
                },
                _ => {
                    let node = parser.expr()?;
                    parser.assignment(node)
                }
            }
        })
    }

    /// What is left of an assignment, if one of its signs follows.
    fn assignment(&mut self, target: Node) -> Parsed<Node> {
        let token::Kind::Sign(sign) = *self.peek() else { return Ok(target) };
        let Some(op) = ASSIGNMENTS.into_iter().find(|op| *op == sign) else { return Ok(target) };
        let op_span = self.take();
        if !is_place(&target) {
            return Err(Fault::error(code::ASSIGNMENT, target.span, format!("nothing can be put here by `{op}`")).fix(
                "compare by `==`",
                op_span,
                "==",
            ));
        }
        let value = self.within(Self::expr)?;
        let span = target.span.to(value.span);
        self.node(Kind::Assign { op, target: Box::new(target), value: Box::new(value) }, span)
    }

    fn declaration(&mut self) -> Parsed<Node> {
        let constant = self.is_word("const");
        let start = self.take();
        if let Some(found) = mistaken::mutable(self) {
            return Err(found);
        }
        let name = self.binding(if constant { "the constant" } else { "the variable" })?;
        if let Some(found) = mistaken::typed(self) {
            return Err(found);
        }
        let value = if self.takes("=") { Some(Box::new(self.expr()?)) } else { None };
        let span = start.to(self.behind());
        self.node(Kind::Let { name, constant, value }, span)
    }

    fn leave(&mut self) -> Parsed<Node> {
        let how = match self.word().as_deref() {
            Some("break") => Leave::Break,
            Some("continue") => Leave::Continue,
            Some("return") => Leave::Return,
            _ => Leave::Throw,
        };
        let start = self.take();
        if matches!(how, Leave::Break | Leave::Continue) && self.loops == 0 {
            return Err(Fault::error(code::PLACE, start, format!("`{}` stands outside of any loop", how.word())));
        }
        let ends = matches!(self.peek(), token::Kind::End | token::Kind::Sign("}" | ";" | "," | ")" | "]"));
        let value = if how == Leave::Continue || ends { None } else { Some(Box::new(self.expr()?)) };
        let span = start.to(self.behind());
        self.node(Kind::Leave { how, value }, span)
    }

    fn attempt(&mut self) -> Parsed<Node> {
        let start = self.take();
        let body = Box::new(self.body("`try`")?);
        if !self.takes_word("catch") {
            let (span, found) = self.found();
            return Err(Fault::error(code::SYNTAX, span, "a `catch` is missing behind `try { }`")
                .label(found)
                .hint("write `try { ... } catch (error) { ... }`"));
        }
        let error = if self.takes("(") {
            let name = self.binding("the error")?;
            self.expect(")", "behind the name of the error")?;
            Some(name)
        } else {
            None
        };
        let handler = Box::new(self.body("`catch`")?);
        let span = start.to(self.behind());
        self.node(Kind::Try { body, error, handler }, span)
    }

    fn function(&mut self) -> Parsed<Node> {
        let start = self.span();
        let private = self.takes_word("private");
        if !self.takes_word("fn") {
            let (span, found) = self.found();
            return Err(Fault::error(code::SYNTAX, span, "a `fn` is missing behind `private`").label(found));
        }
        let mut of = None;
        if self.is_at(1, ".") {
            let text = match self.peek().clone() {
                token::Kind::Name(name) => Some(name),
                token::Kind::Text(pieces) => match pieces.as_slice() {
                    [token::Piece::Plain(text)] => Some(text.as_str().into()),
                    _ => None,
                },
                _ => None,
            };
            if let Some(text) = text {
                of = Some(Name { text, span: self.take() });
                self.take();
            }
        }
        let name = self.binding("the function")?;
        self.expect("(", &format!("behind the name `{}`", name.text))?;
        let mut params: Vec<Name> = Vec::new();
        while !self.takes(")") {
            self.one_more(params.len(), "a `fn`", "parameters")?;
            let param = self.binding("a parameter")?;
            if let Some(first) = params.iter().find(|known| known.text == param.text) {
                let message = format!("two parameters are called `{}`", param.text);
                return Err(Fault::error(code::PLACE, param.span, message).also(first.span, "the first one"));
            }
            params.push(param);
            if !self.is(")") {
                self.expect(",", "between the parameters, or a `)` behind them")?;
            }
        }
        let loops = std::mem::take(&mut self.loops);
        let body = self.body("`fn`");
        self.loops = loops;
        let body = Box::new(body?);
        let span = start.to(self.behind());
        self.node(Kind::Function { name, of, private, params, body }, span)
    }

    /// `{ ... }` behind a header.
    fn body(&mut self, of: &str) -> Parsed<Node> {
        if !self.is("{") {
            return Err(self.missing("{", &format!("to open the body of {of}")));
        }
        self.within(Self::braces)
    }

    /// `{ ... }`; stands at the brace.
    pub fn braces(&mut self) -> Parsed<Node> {
        let start = self.take();
        let (statements, tail) = self.deeper(|parser| parser.statements(true))?;
        self.expect("}", "to close the block").map_err(|found| found.also(start, "opened here"))?;
        let span = start.to(self.behind());
        self.node(Kind::Block(statements, tail), span)
    }

    /// `if`; stands at the word.
    pub fn branch(&mut self) -> Parsed<Node> {
        let start = self.take();
        let condition = Box::new(self.condition("if")?);
        let then = Box::new(self.body("`if`")?);
        if let Some(found) = mistaken::elif(self) {
            return Err(found);
        }
        let otherwise = if !self.takes_word("else") {
            None
        } else if self.is_word("if") {
            Some(Box::new(self.deeper(Self::branch)?))
        } else {
            Some(Box::new(self.body("`else`")?))
        };
        let span = start.to(self.behind());
        self.node(Kind::If { condition, then, otherwise }, span)
    }

    /// What an `if`, a `while` or an `until` asks.
    fn condition(&mut self, word: &str) -> Parsed<Node> {
        if self.is("{") || self.at_end() {
            let (span, _) = self.found();
            return Err(Fault::error(code::SYNTAX, span, format!("a condition is missing behind `{word}`")));
        }
        let condition = self.within(Self::expr)?;
        if self.is("=") {
            let sign = self.span();
            return Err(Fault::error(code::MISTAKEN, sign, "`=` puts a value somewhere; a condition compares").fix(
                "write `==`",
                sign,
                "==",
            ));
        }
        Ok(condition)
    }

    /// `switch`; stands at the word.
    pub fn switch(&mut self) -> Parsed<Node> {
        let start = self.take();
        let on = Box::new(self.within(Self::expr)?);
        let open = self.expect("{", "to open the cases of `switch`")?;
        let mut arms: Vec<Arm> = Vec::new();
        while !self.takes("}") {
            if let Some(default) = arms.iter().find(|arm| arm.patterns.is_empty()) {
                return Err(Fault::error(code::PLACE, self.span(), "a case behind `_` is never reached")
                    .also(default.body.span, "this one takes everything that is left"));
            }
            let arm = self.deeper(Self::arm)?;
            let closed = ends_itself(&arm.body);
            arms.push(arm);
            if !self.takes(",") && !self.is("}") && !closed {
                return Err(self.missing(",", "between the cases, or a `}` behind them").also(open, "opened here"));
            }
        }
        let span = start.to(self.behind());
        self.node(Kind::Switch { on, arms }, span)
    }

    fn arm(&mut self) -> Parsed<Arm> {
        let mut patterns = Vec::new();
        if self.is_word("_") {
            self.take();
        } else {
            loop {
                let bar_ends = std::mem::replace(&mut self.bar_ends, true);
                let pattern = self.expr();
                self.bar_ends = bar_ends;
                let pattern = pattern?;
                let literal = match &pattern.kind {
                    Kind::Constant(_) | Kind::Char(_) => true,
                    Kind::Range { from, to, .. } => {
                        let number = |end: &Option<Box<Node>>| {
                            end.as_ref().is_none_or(|node| matches!(node.kind, Kind::Constant(Value::Int(_))))
                        };
                        number(from) && number(to)
                    }
                    Kind::List(_) | Kind::Map(_) => pattern.constant().is_some(),
                    _ => false,
                };
                if !literal {
                    return Err(Fault::error(
                        code::SYNTAX,
                        pattern.span,
                        "a case of `switch` is a literal or a range of them",
                    )
                    .hint("ask for anything else by `if` and `else if`"));
                }
                patterns.push(pattern);
                if !self.takes("|") {
                    break;
                }
            }
        }
        let guard = if self.is_word("if") {
            let word = self.take();
            if patterns.is_empty() {
                return Err(Fault::error(code::SYNTAX, word, "`_` takes everything and has no `if`"));
            }
            Some(self.within(Self::expr)?)
        } else {
            None
        };
        self.expect("=>", "between the case and what is done")?;
        let body = self.within(Self::statement)?;
        Ok(Arm { patterns, guard, body })
    }

    /// `while`, `loop`, `for` and `do`; stands at the word.
    pub fn repetition(&mut self) -> Parsed<Node> {
        let word = self.word();
        let start = self.take();
        let kind = match word.as_deref() {
            Some("while") => {
                let condition = Box::new(self.condition("while")?);
                Kind::While { condition, body: Box::new(self.looped("`while`")?) }
            }
            Some("loop") => Kind::Loop { body: Box::new(self.looped("`loop`")?) },
            Some("for") => self.each()?,
            _ => {
                let body = Box::new(self.looped("`do`")?);
                let until = self.is_word("until");
                if !until && !self.is_word("while") {
                    return Err(self.missing("while", "behind `do { }`"));
                }
                self.take();
                Kind::Do { body, condition: Box::new(self.condition(if until { "until" } else { "while" })?), until }
            }
        };
        let span = start.to(self.behind());
        self.node(kind, span)
    }

    fn each(&mut self) -> Parsed<Kind> {
        let (item, counter) = if self.takes("(") {
            if let Some(found) = mistaken::counted(self) {
                return Err(found);
            }
            let item = self.binding("the item")?;
            self.expect(",", "between the item and its number")?;
            let counter = self.binding("the number of the item")?;
            self.expect(")", "behind the two names")?;
            (item, Some(counter))
        } else {
            (self.binding("the item")?, None)
        };
        if !self.takes_word("in") {
            let (span, found) = self.found();
            return Err(Fault::error(code::SYNTAX, span, "an `in` is missing in this `for`")
                .label(found)
                .hint("write `for item in list { ... }`"));
        }
        let over = Box::new(self.within(Self::expr)?);
        let body = Box::new(self.looped("`for`")?);
        Ok(Kind::For { item, counter, over, body })
    }

    fn looped(&mut self, of: &str) -> Parsed<Node> {
        self.loops += 1;
        let body = self.body(of);
        self.loops -= 1;
        body
    }
}

/// Whether a value can be put there: a variable, or a field or an item reached from one.
fn is_place(target: &Node) -> bool {
    let mut root = target;
    while let Kind::Field { of, .. } | Kind::Index { of, .. } = &root.kind {
        root = of;
    }
    matches!(root.kind, Kind::Variable(_) | Kind::This)
}

/// Whether no `;` is needed behind it.
fn ends_itself(node: &Node) -> bool {
    matches!(
        node.kind,
        Kind::If { .. }
            | Kind::Switch { .. }
            | Kind::While { .. }
            | Kind::Loop { .. }
            | Kind::For { .. }
            | Kind::Block(..)
            | Kind::Try { .. }
            | Kind::Function { .. }
    )
}
