//! Words and signs to what they say.

use super::token::{Piece, Token, tokens};
use super::tree::{Expr, Script};

/// How deep an expression may be.
const DEPTH_MAX: usize = 48;
/// How long one may be, in letters.
const LENGTH_MAX: usize = 20_000;
/// How many words and signs one may have.
const TOKENS_MAX: usize = 600;

/// Operators by how tightly they bind.
const BINARY: [&[&str]; 7] =
    [&["??"], &["||"], &["&&"], &["===", "!==", "==", "!="], &["<=", ">=", "<", ">"], &["+", "-"], &["*", "/", "%"]];

/// Reads an expression.
pub fn expression(source: &str) -> Result<Expr, String> {
    let mut parser = Parser::of(source, 0)?;
    let expr = parser.expression()?;
    parser.takes(";");
    if parser.at < parser.tokens.len() { Err("more than one expression stands in it".to_owned()) } else { Ok(expr) }
}

/// Reads `const a = b; return c;`.
pub fn script(source: &str) -> Result<Script, String> {
    let mut parser = Parser::of(source, 0)?;
    let mut names = Vec::new();
    loop {
        match parser.word()?.as_str() {
            "const" | "let" | "var" => {
                let name = parser.word()?;
                parser.expect("=")?;
                names.push((name, parser.expression()?));
                parser.takes(";");
            }
            "return" => {
                let gives = parser.expression()?;
                parser.takes(";");
                if parser.at < parser.tokens.len() {
                    return Err("something stands behind what is returned".to_owned());
                }
                return Ok(Script { names, gives });
            }
            _ => return Err("it has statements".to_owned()),
        }
    }
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
}

impl Parser {
    fn of(source: &str, depth: usize) -> Result<Self, String> {
        if source.len() > LENGTH_MAX {
            return Err("it is too long".to_owned());
        }
        let tokens = tokens(source)?;
        if tokens.len() > TOKENS_MAX {
            return Err("it is too long".to_owned());
        }
        Ok(Self { tokens, at: 0, depth })
    }

    fn next(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn sees(&self, sign: &str) -> bool {
        matches!(self.next(), Some(Token::Sign(own)) if *own == sign)
    }

    fn takes(&mut self, sign: &str) -> bool {
        let sees = self.sees(sign);
        self.at += usize::from(sees);
        sees
    }

    fn expect(&mut self, sign: &str) -> Result<(), String> {
        if self.takes(sign) { Ok(()) } else { Err(format!("`{sign}` is missing in it")) }
    }

    fn word(&mut self) -> Result<String, String> {
        match self.next() {
            Some(Token::Name(word)) => {
                let word = word.clone();
                self.at += 1;
                Ok(word)
            }
            _ => Err("a name is missing in it".to_owned()),
        }
    }

    fn expression(&mut self) -> Result<Expr, String> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err("it is too deep".to_owned());
        }
        let expr = match self.arrow()? {
            Some(arrow) => arrow,
            None => self.choice()?,
        };
        self.depth -= 1;
        Ok(expr)
    }

    /// `x => ...`, `(x, y) => ...`
    fn arrow(&mut self) -> Result<Option<Expr>, String> {
        let begin = self.at;
        let mut names = Vec::new();
        if let Some(Token::Name(name)) = self.next() {
            names.push(name.clone());
            self.at += 1;
        } else if self.takes("(") {
            while let Some(Token::Name(name)) = self.next() {
                names.push(name.clone());
                self.at += 1;
                self.takes(",");
            }
            if !self.takes(")") {
                self.at = begin;
                return Ok(None);
            }
        }
        if !self.takes("=>") {
            self.at = begin;
            return Ok(None);
        }
        let body = if self.sees("{") {
            self.expect("{")?;
            if self.word()? != "return" {
                return Err("a function in it has statements".to_owned());
            }
            let body = self.expression()?;
            self.takes(";");
            self.expect("}")?;
            body
        } else {
            self.expression()?
        };
        Ok(Some(Expr::Arrow(names, Box::new(body))))
    }

    fn choice(&mut self) -> Result<Expr, String> {
        let when = self.binary(0)?;
        if !self.takes("?") {
            return Ok(when);
        }
        let then = self.expression()?;
        self.expect(":")?;
        let other = self.expression()?;
        Ok(Expr::Choice(Box::new(when), Box::new(then), Box::new(other)))
    }

    fn binary(&mut self, level: usize) -> Result<Expr, String> {
        let Some(signs) = BINARY.get(level) else { return self.unary() };
        let mut left = self.binary(level + 1)?;
        while let Some(sign) = signs.iter().copied().find(|sign| self.sees(sign)) {
            self.at += 1;
            let right = self.binary(level + 1)?;
            let sign = match sign {
                "===" => "==",
                "!==" => "!=",
                sign => sign,
            };
            left = Expr::Binary(sign, Box::new(left), Box::new(right));
        }
        Ok(left)
    }

    fn unary(&mut self) -> Result<Expr, String> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err("it is too deep".to_owned());
        }
        let sign = ["!", "-", "+"].into_iter().find(|sign| self.sees(sign));
        let expr = if let Some(sign) = sign {
            self.at += 1;
            Expr::Unary(sign, Box::new(self.unary()?))
        } else if matches!(self.next(), Some(Token::Name(word)) if word == "typeof") {
            self.at += 1;
            Expr::Unary("typeof", Box::new(self.unary()?))
        } else {
            self.postfix()?
        };
        self.depth -= 1;
        Ok(expr)
    }

    fn postfix(&mut self) -> Result<Expr, String> {
        let mut expr = self.primary()?;
        loop {
            if self.takes(".") {
                expr = Expr::Member(Box::new(expr), self.word()?, false);
            } else if self.takes("?.") {
                expr = if self.takes("[") {
                    let index = self.expression()?;
                    self.expect("]")?;
                    Expr::Index(Box::new(expr), Box::new(index), true)
                } else {
                    Expr::Member(Box::new(expr), self.word()?, true)
                };
            } else if self.takes("[") {
                let index = self.expression()?;
                self.expect("]")?;
                expr = Expr::Index(Box::new(expr), Box::new(index), false);
            } else if self.takes("(") {
                expr = Expr::Call(Box::new(expr), self.list(")")?);
            } else {
                return Ok(expr);
            }
        }
    }

    fn list(&mut self, end: &str) -> Result<Vec<Expr>, String> {
        let mut list = Vec::new();
        while !self.takes(end) {
            if self.sees("...") {
                return Err("it spreads a list".to_owned());
            }
            list.push(self.expression()?);
            if !self.takes(",") && !self.sees(end) {
                return Err(format!("`{end}` is missing in it"));
            }
        }
        Ok(list)
    }

    fn primary(&mut self) -> Result<Expr, String> {
        let Some(token) = self.next().cloned() else { return Err("it ends too early".to_owned()) };
        self.at += 1;
        Ok(match token {
            Token::Number(number) => Expr::Number(number),
            Token::Text(text) => Expr::Text(text),
            Token::Regex(pattern, flags) => Expr::Regex(pattern, flags),
            Token::Template(pieces) => {
                let mut parts = Vec::new();
                for piece in pieces {
                    match piece {
                        Piece::Text(text) if text.is_empty() => {}
                        Piece::Text(text) => parts.push(Expr::Text(text)),
                        Piece::Source(source) => {
                            let mut inner = Self::of(&source, self.depth + 1)?;
                            parts.push(inner.expression()?);
                        }
                    }
                }
                Expr::Template(parts)
            }
            Token::Name(word) => match word.as_str() {
                "true" => Expr::Truth(true),
                "false" => Expr::Truth(false),
                "null" | "undefined" => Expr::Null,
                "new" => {
                    let name = self.word()?;
                    let given = if self.takes("(") { self.list(")")? } else { Vec::new() };
                    Expr::New(name, given)
                }
                "function" | "async" | "await" | "throw" | "if" | "for" | "while" => {
                    return Err(format!("it has `{word}`"));
                }
                _ => Expr::Name(word),
            },
            Token::Sign("(") => {
                let expr = self.expression()?;
                self.expect(")")?;
                expr
            }
            Token::Sign("[") => Expr::List(self.list("]")?),
            Token::Sign("{") => self.object()?,
            Token::Sign(sign) => return Err(format!("`{sign}` stands where a value is expected")),
        })
    }

    fn object(&mut self) -> Result<Expr, String> {
        let mut fields = Vec::new();
        while !self.takes("}") {
            if self.takes("...") {
                fields.push((None, self.expression()?));
            } else {
                let name = match self.next().cloned() {
                    Some(Token::Name(name) | Token::Text(name) | Token::Number(name)) => name,
                    _ => return Err("a field in it has no plain name".to_owned()),
                };
                self.at += 1;
                let value = if self.takes(":") { self.expression()? } else { Expr::Name(name.clone()) };
                fields.push((Some(name), value));
            }
            if !self.takes(",") && !self.sees("}") {
                return Err("`}` is missing in it".to_owned());
            }
        }
        Ok(Expr::Object(fields))
    }
}
