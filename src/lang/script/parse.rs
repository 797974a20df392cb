//! Tokens to a tree: where the grammar of Rhai is, with its precedences. Statements are in `statement`, what people of
//! other languages write first in `mistaken`.

use std::sync::Arc;

use super::code;
use super::fault::Fault;
use super::literal;
use super::mistaken;
use super::token::{self, Lexer, Token};
use super::tree::{Kind, Name, Node, Part};
use super::word::{CALLED_ONLY, KEYWORDS, RESERVED};
use crate::base::limit;
use crate::base::span::Span;
use crate::base::value::Value;

/// What went well, or the first fault of a statement: what follows a fault is mostly its consequence.
pub(super) type Parsed<T> = Result<T, Fault>;

/// How many faults of one text are reported.
const FAULTS_MAX: usize = 20;

/// How deep the parser may recurse: several times for one bracket, and more often than the tree gets deep.
const RECURSION_MAX: usize = 2 * limit::EXPRESSION_DEPTH_MAX;

/// What the parser stands on.
pub(super) struct Parser {
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
    /// Whether a `|` ends the expression: in the patterns of a `switch`.
    pub bar_ends: bool,
    /// How many loops are around, up to the next function.
    pub loops: usize,
    /// Whether a `fn` may be declared here: at the top of a script only.
    pub top: bool,
    /// The faults of the statements that were given up.
    faults: Vec<Fault>,
}

/// The tree of one expression.
pub(super) fn expression(text: &str, base: Span) -> Result<Node, Vec<Fault>> {
    whole(text, base, false, |parser| {
        if parser.at_end() {
            return Err(Fault::error(code::SYNTAX, base, "an expression is missing here"));
        }
        if let Some(found) = mistaken::whole(parser) {
            return Err(found);
        }
        let node = parser.expr()?;
        parser.ends("the expression")?;
        Ok(node)
    })
}

/// The tree of a script: statements separated by `;`. In a `script`, not in the body of a `fn`, functions may be declared.
pub(super) fn block(text: &str, base: Span, functions: bool) -> Result<Node, Vec<Fault>> {
    whole(text, base, functions, |parser| {
        let (statements, tail) = parser.statements(false)?;
        parser.ends("the script")?;
        Ok(Node::new(Kind::Block(statements, tail), base))
    })
}

/// What `read` makes of a text, or all its faults.
fn whole(
    text: &str,
    base: Span,
    functions: bool,
    read: impl FnOnce(&mut Parser) -> Parsed<Node>,
) -> Result<Node, Vec<Fault>> {
    let mut parser = Parser::new(text, base).map_err(|found| vec![found])?;
    parser.top = functions;
    let node = read(&mut parser);
    let mut faults = parser.faults;
    match node {
        Ok(node) if faults.is_empty() => Ok(node),
        node => {
            faults.extend(node.err());
            Err(faults)
        }
    }
}

impl Parser {
    fn new(text: &str, base: Span) -> Parsed<Self> {
        if text.len() > limit::EXPRESSION_BYTES_MAX {
            let bound = limit::EXPRESSION_BYTES_MAX / 1024;
            return Err(Fault::error(code::TOO_LARGE, base, format!("an expression longer than {bound} KB"))
                .hint("move parts of it into `fn`s or into steps of their own"));
        }
        Ok(Self::over(Lexer::new(text, base).all()?))
    }

    fn over(tokens: Vec<Token>) -> Self {
        Self { tokens, at: 0, depth: 0, bar_ends: false, loops: 0, top: false, faults: Vec::new() }
    }

    /// Gives up the statement that began at token `start` and goes on behind it, if `found` leaves anything to go on with.
    pub fn give_up(&mut self, found: Fault, start: usize) -> Parsed<()> {
        self.report(found)?;
        let mut open = 0usize;
        self.tokens[start..self.at].iter().for_each(|token| step_over(&token.kind, &mut open));
        while !self.at_end() {
            let block_ended =
                self.tokens[start..self.at].last().is_some_and(|last| last.kind == token::Kind::Sign("}"));
            let next = block_ended && self.begins_statement();
            if open == 0 && (next || self.is(";") || self.is("}") && self.at > start) {
                break;
            }
            step_over(self.peek(), &mut open);
            self.take();
        }
        Ok(())
    }

    /// Keeps a fault behind which the parser goes on; the last one it may keep ends the parsing.
    pub fn report(&mut self, found: Fault) -> Parsed<()> {
        if found.code == code::TOO_LARGE || self.faults.len() + 1 >= FAULTS_MAX {
            return Err(found);
        }
        self.faults.push(found);
        Ok(())
    }

    /// Whether the word that stands here begins a statement and nothing else.
    pub fn begins_statement(&self) -> bool {
        let words =
            ["let", "const", "if", "for", "while", "loop", "do", "try", "return", "throw", "break", "continue", "fn"];
        words.into_iter().any(|word| self.is_word(word))
    }

    /// How many tokens were taken.
    pub fn taken(&self) -> usize {
        self.at
    }

    // Looking at tokens.

    pub fn peek(&self) -> &token::Kind {
        &self.tokens[self.at].kind
    }

    pub fn peek_at(&self, ahead: usize) -> &token::Kind {
        let last = self.tokens.len() - 1;
        &self.tokens[(self.at + ahead).min(last)].kind
    }

    pub fn span(&self) -> Span {
        self.tokens[self.at].span
    }

    pub fn span_at(&self, ahead: usize) -> Span {
        let last = self.tokens.len() - 1;
        self.tokens[(self.at + ahead).min(last)].span
    }

    /// The place of the token before this one.
    pub fn behind(&self) -> Span {
        self.tokens[self.at.saturating_sub(1)].span
    }

    pub fn at_end(&self) -> bool {
        *self.peek() == token::Kind::End
    }

    pub fn is(&self, sign: &str) -> bool {
        self.is_at(0, sign)
    }

    pub fn is_at(&self, ahead: usize, sign: &str) -> bool {
        matches!(self.peek_at(ahead), token::Kind::Sign(found) if *found == sign)
    }

    pub fn word(&self) -> Option<Arc<str>> {
        match self.peek() {
            token::Kind::Name(name) => Some(name.clone()),
            _ => None,
        }
    }

    pub fn is_word(&self, word: &str) -> bool {
        self.is_word_at(0, word)
    }

    pub fn is_word_at(&self, ahead: usize, word: &str) -> bool {
        matches!(self.peek_at(ahead), token::Kind::Name(name) if &**name == word)
    }

    /// Takes the token and gives its place.
    pub fn take(&mut self) -> Span {
        let span = self.span();
        if self.at + 1 < self.tokens.len() {
            self.at += 1;
        }
        span
    }

    pub fn takes(&mut self, sign: &str) -> bool {
        let found = self.is(sign);
        if found {
            self.take();
        }
        found
    }

    pub fn takes_word(&mut self, word: &str) -> bool {
        let found = self.is_word(word);
        if found {
            self.take();
        }
        found
    }

    /// Takes `sign` or says that it is missing `why`.
    pub fn expect(&mut self, sign: &str, why: &str) -> Parsed<Span> {
        if self.is(sign) {
            return Ok(self.take());
        }
        Err(self.missing(sign, why))
    }

    pub fn missing(&self, sign: &str, why: &str) -> Fault {
        if let Some(found) = mistaken::instead(self).filter(|found| found.code != code::SYNTAX) {
            return found;
        }
        let (span, found) = self.found();
        Fault::error(code::SYNTAX, span, format!("a `{sign}` is missing {why}")).label(found)
    }

    /// The place of the token and what to call it; at the end, the place just behind the last one.
    pub fn found(&self) -> (Span, String) {
        let span = self.span();
        let text = match self.peek() {
            token::Kind::End => return (self.behind().after(), "it ends here".to_owned()),
            token::Kind::Name(name) => format!("`{name}` stands here"),
            token::Kind::Sign(sign) => format!("`{sign}` stands here"),
            token::Kind::Text(_) | token::Kind::Char(_) => "a text stands here".to_owned(),
            token::Kind::Int(_) | token::Kind::Lowest | token::Kind::Float(_) => "a number stands here".to_owned(),
            token::Kind::Duration(_) => "a duration stands here".to_owned(),
        };
        (span, text)
    }

    fn ends(&self, what: &str) -> Parsed<()> {
        if self.at_end() {
            return Ok(());
        }
        if let Some(found) = mistaken::instead(self) {
            return Err(found);
        }
        let (span, found) = self.found();
        let closing = matches!(self.peek(), token::Kind::Sign(")" | "]" | "}"));
        let message =
            if closing { "this closes nothing".into() } else { format!("{what} should have ended before this") };
        Err(Fault::error(code::SYNTAX, span, message).label(if closing { String::new() } else { found }))
    }

    /// Goes one level deeper for `inner`.
    pub fn deeper<T>(&mut self, inner: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        self.depth += 1;
        if self.depth > RECURSION_MAX {
            return Err(too_deep(self.span()));
        }
        let result = inner(self);
        self.depth -= 1;
        result
    }

    /// A node, unless the tree gets too deep by it.
    pub fn node(&self, kind: Kind, span: Span) -> Parsed<Node> {
        let node = Node::new(kind, span);
        if node.depth > limit::EXPRESSION_DEPTH_MAX { Err(too_deep(span)) } else { Ok(node) }
    }

    // Expressions.

    /// A whole expression.
    pub fn expr(&mut self) -> Parsed<Node> {
        self.deeper(|parser| parser.binary(1))
    }

    fn binary(&mut self, least: u8) -> Parsed<Node> {
        let mut left = self.unary()?;
        loop {
            let Some((op, precedence, tokens)) = self.operator() else { return Ok(left) };
            if precedence < least {
                return Ok(left);
            }
            let op_span = (0..tokens).map(|_| self.take()).reduce(Span::to).unwrap_or_else(|| self.span());
            if matches!(op, ".." | "..=") {
                let to = self.end_of_range()?;
                let end = to.as_ref().map_or(op_span, |node| node.span);
                let span = left.span.to(end);
                left = self.node(Kind::Range { from: Some(Box::new(left)), to, inclusive: op == "..=" }, span)?;
                continue;
            }
            // Rhai allows the four ways out behind `??`.
            let leaves =
                op == "??" && ["return", "throw", "break", "continue"].into_iter().any(|word| self.is_word(word));
            let right = if leaves {
                self.statement()?
            } else {
                let next = if op == "**" { precedence } else { precedence + 1 };
                self.deeper(|parser| parser.binary(next)).map_err(|found| mistaken::behind(op, op_span, found))?
            };
            if matches!(op, "==" | "!=") {
                mistaken::null(&left, op, op_span, &right)?;
            }
            let span = left.span.to(right.span);
            left = self.node(Kind::Binary { op, op_span, left: Box::new(left), right: Box::new(right) }, span)?;
        }
    }

    /// Where a range ends, if it says so; stands behind its sign.
    fn end_of_range(&mut self) -> Parsed<Option<Box<Node>>> {
        let open = matches!(self.peek(), token::Kind::End | token::Kind::Sign(")" | "]" | "}" | "," | ";" | "=>"));
        if open { Ok(None) } else { Ok(Some(Box::new(self.deeper(|parser| parser.binary(ABOVE_RANGES))?))) }
    }

    /// The operator that stands here, its precedence, and of how many tokens it is made.
    fn operator(&self) -> Option<(&'static str, u8, usize)> {
        match self.peek() {
            token::Kind::Sign("|") if self.bar_ends => None,
            token::Kind::Sign("!") if self.is_word_at(1, "in") => Some(("!in", 110, 2)),
            token::Kind::Sign(sign) => precedence(sign).map(|precedence| (*sign, precedence, 1)),
            token::Kind::Name(name) if &**name == "in" => Some(("in", 110, 1)),
            _ => None,
        }
    }

    fn unary(&mut self) -> Parsed<Node> {
        let op = match self.peek() {
            token::Kind::Sign(sign @ ("-" | "+" | "!")) => *sign,
            _ => return self.postfix(),
        };
        let start = self.take();
        if op == "-" && *self.peek() == token::Kind::Lowest {
            let span = start.to(self.take());
            return self.node(Kind::Constant(Value::Int(i64::MIN)), span);
        }
        let of = self.deeper(Self::unary)?;
        let span = start.to(of.span);
        let constant = match (&of.kind, op) {
            (Kind::Constant(Value::Int(number)), "-") => number.checked_neg().map(Value::Int),
            (Kind::Constant(Value::Float(number)), "-") => Some(Value::Float(-number)),
            (Kind::Constant(number @ (Value::Int(_) | Value::Float(_))), "+") => Some(number.clone()),
            (Kind::Constant(Value::Bool(truth)), "!") => Some(Value::Bool(!truth)),
            _ => None,
        };
        let kind = constant.map_or_else(|| Kind::Unary { op, of: Box::new(of) }, Kind::Constant);
        self.node(kind, span)
    }

    fn postfix(&mut self) -> Parsed<Node> {
        let mut node = self.primary()?;
        loop {
            let start = node.span;
            match self.peek() {
                token::Kind::Sign(sign @ ("." | "?.")) => {
                    let optional = *sign == "?.";
                    let sign = self.take();
                    let name = self.property(sign)?;
                    node = if self.is("(") {
                        let args = self.arguments()?;
                        let span = start.to(self.behind());
                        self.node(Kind::Method { of: Box::new(node), name, args, optional }, span)?
                    } else {
                        let span = start.to(name.span);
                        self.node(Kind::Field { of: Box::new(node), name, optional }, span)?
                    };
                }
                token::Kind::Sign(sign @ ("[" | "?[")) if indexable(&node) => {
                    let optional = *sign == "?[";
                    let open = self.take();
                    if self.is("]") {
                        let span = open.to(self.span());
                        return Err(Fault::error(code::SYNTAX, span, "an index is missing between the brackets"));
                    }
                    let index = self.within(Self::expr)?;
                    self.expect("]", "behind the index")?;
                    let span = start.to(self.behind());
                    let (of, index) = (Box::new(node), Box::new(index));
                    node = self.node(Kind::Index { of, index, optional }, span)?;
                }
                token::Kind::Sign("!") if self.is_at(1, "(") && matches!(node.kind, Kind::Variable(_)) => {
                    self.take();
                    node = self.call(node, true)?;
                }
                token::Kind::Sign("(") if matches!(node.kind, Kind::Variable(_)) => node = self.call(node, false)?,
                _ => return Ok(node),
            }
        }
    }

    fn call(&mut self, name: Node, open: bool) -> Parsed<Node> {
        let Kind::Variable(text) = name.kind else { return Ok(name) };
        let args = self.arguments()?;
        let span = name.span.to(self.behind());
        self.node(Kind::Call { name: Name { text, span: name.span }, args, open }, span)
    }

    /// The name behind a `.`: any word.
    fn property(&mut self, sign: Span) -> Parsed<Name> {
        match self.word() {
            Some(text) => Ok(Name { text, span: self.take() }),
            None => {
                let (span, found) = self.found();
                let error = Fault::error(code::SYNTAX, sign, "the name of a field is missing behind the dot");
                Err(if matches!(self.peek(), token::Kind::Int(_)) {
                    error.fix("items of a list are reached by `[0]`", sign.to(span), "[0]".to_owned())
                } else {
                    error.also(span, found)
                })
            }
        }
    }

    /// `( a, b )`.
    fn arguments(&mut self) -> Parsed<Vec<Node>> {
        self.take();
        let mut args = Vec::new();
        while !self.takes(")") {
            self.one_more(args.len(), "a call", "arguments")?;
            args.push(self.within(Self::expr)?);
            if !self.is(")") {
                self.expect(",", "between the arguments, or a `)` behind them")?;
            }
        }
        Ok(args)
    }

    /// Whether there may be one more argument or parameter than `count`.
    pub fn one_more(&self, count: usize, of: &str, what: &str) -> Parsed<()> {
        let bound = limit::SCRIPT_ARGUMENTS_MAX;
        if count < bound {
            return Ok(());
        }
        Err(Fault::error(code::TOO_LARGE, self.span(), format!("{of} has at most {bound} {what}"))
            .hint("hand over a list or a map"))
    }

    /// Parses something between brackets, where a `|` is an operator again.
    pub fn within<T>(&mut self, inner: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        let (bar_ends, top) = (std::mem::take(&mut self.bar_ends), std::mem::take(&mut self.top));
        let result = inner(self);
        (self.bar_ends, self.top) = (bar_ends, top);
        result
    }

    fn primary(&mut self) -> Parsed<Node> {
        let span = self.span();
        let kind = match self.peek().clone() {
            token::Kind::Int(number) => Kind::Constant(Value::Int(number)),
            token::Kind::Lowest => return Err(literal::too_large(&i64::MIN.unsigned_abs().to_string(), span)),
            token::Kind::Float(number) => Kind::Constant(Value::Float(number)),
            token::Kind::Duration(duration) => Kind::Constant(Value::Duration(duration)),
            token::Kind::Char(c) => Kind::Char(c),
            token::Kind::Text(pieces) => self.text(pieces)?,
            token::Kind::Name(name) => return self.name(name),
            token::Kind::Sign(sign) => return self.sign(sign),
            token::Kind::End => {
                let end = self.behind().after();
                return Err(Fault::error(code::SYNTAX, end, "a value is missing here"));
            }
        };
        self.take();
        self.node(kind, span)
    }

    fn text(&mut self, pieces: Vec<token::Piece>) -> Parsed<Kind> {
        let mut parts = Vec::new();
        for piece in pieces {
            parts.push(match piece {
                token::Piece::Plain(text) => Part::Plain(text.into()),
                token::Piece::Code(tokens) => {
                    let mut inner = Self { depth: self.depth + 1, ..Self::over(tokens) };
                    if inner.at_end() {
                        let span = inner.span();
                        return Err(Fault::error(code::STRING, span, "an expression is missing between `${` and `}`"));
                    }
                    // Rhai takes statements here too.
                    let start = inner.span();
                    let (mut statements, tail) = inner.statements(false)?;
                    inner.ends("the expression in `${ }`")?;
                    self.faults.append(&mut inner.faults);
                    let span = start.to(inner.behind());
                    let single = statements.len() == 1 && tail == super::tree::Tail::Value;
                    Part::Value(match statements.pop() {
                        Some(only) if single => only,
                        last => {
                            statements.extend(last);
                            self.node(Kind::Block(statements, tail), span)?
                        }
                    })
                }
            });
        }
        Ok(match parts.as_slice() {
            [Part::Plain(text)] => Kind::Constant(Value::Text(text.clone())),
            _ => Kind::Text(parts),
        })
    }

    fn name(&mut self, name: Arc<str>) -> Parsed<Node> {
        let span = self.span();
        let kind = match &*name {
            "true" => Kind::Constant(Value::Bool(true)),
            "false" => Kind::Constant(Value::Bool(false)),
            "null" => Kind::Constant(Value::Null),
            "this" => Kind::This,
            "if" => return self.branch(),
            "switch" => return self.switch(),
            "while" | "loop" | "for" | "do" => return self.repetition(),
            _ => {
                if let Some(found) = mistaken::word(self, &name) {
                    return Err(found);
                }
                if KEYWORDS.contains(&&*name) {
                    return Err(Fault::error(code::SYNTAX, span, format!("`{name}` is no value"))
                        .label("a value is expected here"));
                }
                if RESERVED.contains(&&*name) {
                    return Err(Fault::error(
                        code::SYNTAX,
                        span,
                        format!("`{name}` is a word that Rhai keeps for itself"),
                    )
                    .hint("as the name of a field it is fine: `x.new`, `#{ default: 1 }`"));
                }
                Kind::Variable(name)
            }
        };
        self.take();
        self.node(kind, span)
    }

    fn sign(&mut self, sign: &'static str) -> Parsed<Node> {
        let start = self.span();
        match sign {
            "(" => {
                self.take();
                if self.is(")") {
                    let end = self.take();
                    return Ok(Node::unit(start.to(end)));
                }
                let mut inner = self.within(Self::expr)?;
                if self.is(",") {
                    let span = self.span();
                    return Err(
                        Fault::error(code::MISTAKEN, span, "there are no tuples").hint("a list stands in `[ ]`")
                    );
                }
                self.expect(")", "to close the bracket").map_err(|found| found.also(start, "opened here"))?;
                inner.span = start.to(self.behind());
                Ok(inner)
            }
            "[" => {
                let items = self.listed("]", |parser| parser.within(Self::expr), "items of the list")?;
                self.node(Kind::List(items), start.to(self.behind()))
            }
            "#{" => {
                let entries = self.listed("}", Self::entry, "entries of the map")?;
                self.node(Kind::Map(entries), start.to(self.behind()))
            }
            "{" => {
                if let Some(found) = mistaken::brace(self) {
                    return Err(found);
                }
                self.within(Self::braces)
            }
            "|" | "||" => self.closure(sign),
            ".." | "..=" => {
                self.take();
                let to = self.end_of_range()?;
                let span = start.to(self.behind());
                self.node(Kind::Range { from: None, to, inclusive: sign == "..=" }, span)
            }
            _ => Err(mistaken::sign(self, sign).unwrap_or_else(|| {
                Fault::error(code::SYNTAX, start, format!("a value is expected here, not `{sign}`"))
            })),
        }
    }

    fn listed<T>(&mut self, close: &str, item: impl Fn(&mut Self) -> Parsed<T>, what: &str) -> Parsed<Vec<T>> {
        let start = self.take();
        let mut items = Vec::new();
        while !self.takes(close) {
            items.push(item(self)?);
            if !self.is(close) {
                self.expect(",", &format!("between the {what}, or a `{close}` behind them"))
                    .map_err(|found| found.also(start, "opened here"))?;
            }
        }
        Ok(items)
    }

    fn entry(&mut self) -> Parsed<(Name, Node)> {
        let span = self.span();
        let text: Arc<str> = match self.peek().clone() {
            token::Kind::Name(name) => name,
            token::Kind::Text(pieces) => match pieces.as_slice() {
                [token::Piece::Plain(text)] => text.as_str().into(),
                _ => return Err(Fault::error(code::SYNTAX, span, "a key is a plain text, without `${ }`")),
            },
            _ => {
                let (span, found) = self.found();
                return Err(Fault::error(code::SYNTAX, span, "the key of an entry is missing")
                    .label(found)
                    .hint("entries are written `#{ name: value, \"other name\": value }`"));
            }
        };
        self.take();
        if self.is("=") {
            let sign = self.span();
            return Err(Fault::error(code::MISTAKEN, sign, "an entry is written with `:`").fix("write `:`", sign, ":"));
        }
        if self.is(",") || self.is("}") {
            // `{ key }` is an object of the language; a map of Rhai says both.
            let fault = self.missing(":", &format!("behind the key `{text}`"));
            return Err(fault.fix(format!("write `{text}: {text}`"), span, format!("{text}: {text}")));
        }
        self.expect(":", &format!("behind the key `{text}`"))?;
        let value = self.within(Self::expr)?;
        Ok((Name { text, span }, value))
    }

    fn closure(&mut self, sign: &str) -> Parsed<Node> {
        let start = self.take();
        let mut params = Vec::new();
        if sign == "|" {
            while !self.takes("|") {
                self.one_more(params.len(), "a closure", "parameters")?;
                params.push(self.binding("a parameter")?);
                if !self.is("|") {
                    self.expect(",", "between the parameters, or a `|` behind them")?;
                }
            }
        }
        let (loops, top) = (std::mem::take(&mut self.loops), std::mem::take(&mut self.top));
        let body = self.deeper(Self::statement);
        (self.loops, self.top) = (loops, top);
        let body = body?;
        let span = start.to(body.span);
        self.node(Kind::Closure { params, body: Box::new(body) }, span)
    }

    /// The name of something new.
    pub fn binding(&mut self, what: &str) -> Parsed<Name> {
        let (span, found) = self.found();
        let Some(text) = self.word() else {
            return Err(Fault::error(code::SYNTAX, span, format!("the name of {what} is missing")).label(found));
        };
        if KEYWORDS.contains(&&*text) || RESERVED.contains(&&*text) || CALLED_ONLY.contains(&&*text) {
            return Err(Fault::error(code::SYNTAX, span, format!("`{text}` is a word of Rhai and can name nothing"))
                .hint(format!("take another name, such as `{text}_`")));
        }
        if text.starts_with("__") {
            return Err(Fault::error(code::SYNTAX, span, "names that begin with `__` belong to the engine"));
        }
        if !text.trim_start_matches('_').starts_with(|c: char| c.is_ascii_alphabetic()) {
            return Err(Fault::error(code::SYNTAX, span, format!("`{text}` is no name: a letter comes before digits"))
                .hint("what is not needed can be called `_x`"));
        }
        self.take();
        Ok(Name { text, span })
    }
}

/// What binds tighter than the signs of ranges.
const ABOVE_RANGES: u8 = 141;

/// Counts the brackets that are open behind a token.
fn step_over(token: &token::Kind, open: &mut usize) {
    match token {
        token::Kind::Sign("(" | "[" | "{" | "#{" | "?[") => *open += 1,
        token::Kind::Sign(")" | "]" | "}") => *open = open.saturating_sub(1),
        _ => {}
    }
}

/// How tightly an operator binds, as Rhai has it.
fn precedence(sign: &str) -> Option<u8> {
    Some(match sign {
        "||" | "^" | "|" => 30,
        "&&" | "&" => 60,
        "==" | "!=" => 90,
        "<" | "<=" | ">" | ">=" => 130,
        "??" => 135,
        ".." | "..=" => 140,
        "+" | "-" => 150,
        "*" | "/" | "%" => 180,
        "**" => 190,
        "<<" | ">>" => 210,
        _ => return None,
    })
}

/// Whether `[` behind it can be an index: a number or a block before a list is something else gone wrong.
fn indexable(node: &Node) -> bool {
    !matches!(node.kind, Kind::Closure { .. } | Kind::Constant(Value::Bool(_) | Value::Unit | Value::Null))
}

pub(super) fn too_deep(span: Span) -> Fault {
    let bound = limit::EXPRESSION_DEPTH_MAX;
    Fault::error(code::TOO_LARGE, span, format!("this expression is nested deeper than {bound} levels"))
        .hint("name parts of it with `let`")
}
