//! From words and signs to an expression, by how tightly they bind.

use super::token::{Token, tokens};
use super::{Jq, Piece};

/// How deep expressions may stand in each other.
const DEPTH_MAX: usize = 48;
/// How long an expression may be.
const BYTES_MAX: usize = 16 * 1024;
/// Of how many words and signs it may be: what stands in a row is as deep as it is long.
const TOKENS_MAX: usize = 500;

/// Signs between two expressions, from those that bind least; each line binds alike.
const LEVELS: [&[&str]; 6] =
    [&["//"], &["or"], &["and"], &["==", "!=", "<=", ">=", "<", ">"], &["+", "-"], &["*", "/", "%"]];

/// Reads an expression; what cannot be read is told by what stands there.
pub fn read(text: &str) -> Result<Jq, String> {
    if text.len() > BYTES_MAX {
        return Err("an expression as long as this".to_owned());
    }
    read_inside(text, 0)
}

/// Reads an expression inside of a text.
pub fn read_inside(text: &str, depth: usize) -> Result<Jq, String> {
    if depth > DEPTH_MAX / 8 {
        return Err("texts as deep as this".to_owned());
    }
    let mut reader = Reader { tokens: tokens(text, depth)?, at: 0, depth: depth * 8 };
    if reader.tokens.len() > TOKENS_MAX {
        return Err("an expression as long as this".to_owned());
    }
    let read = reader.pipe()?;
    match reader.tokens.get(reader.at) {
        None => Ok(read),
        Some(left) => Err(format!("`{}`", shown(left))),
    }
}

struct Reader {
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
}

impl Reader {
    fn pipe(&mut self) -> Result<Jq, String> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err("brackets as deep as this".to_owned());
        }
        let left = self.comma()?;
        let read = if self.word("as") {
            let Some(Token::Variable(name)) = self.next() else { return Err("`as`".to_owned()) };
            self.expect("|")?;
            Jq::Bind(Box::new(left), name, Box::new(self.pipe()?))
        } else if self.sign("|") {
            Jq::Pipe(Box::new(left), Box::new(self.pipe()?))
        } else {
            left
        };
        self.depth -= 1;
        Ok(read)
    }

    fn comma(&mut self) -> Result<Jq, String> {
        let mut left = self.level(0)?;
        while self.sign(",") {
            left = Jq::Comma(Box::new(left), Box::new(self.level(0)?));
        }
        Ok(left)
    }

    fn level(&mut self, level: usize) -> Result<Jq, String> {
        let Some(signs) = LEVELS.get(level) else { return self.sole() };
        let mut left = self.level(level + 1)?;
        while let Some(sign) = signs.iter().find(|sign| self.sign(sign) || self.word(sign)) {
            let right = self.level(level + 1)?;
            left = Jq::Both(Box::new(left), sign, Box::new(right));
        }
        Ok(left)
    }

    /// One thing, and what is taken of it.
    fn sole(&mut self) -> Result<Jq, String> {
        if self.sign("-") {
            self.depth += 1;
            if self.depth > DEPTH_MAX {
                return Err("signs as deep as this".to_owned());
            }
            let read = Jq::Negative(Box::new(self.sole()?));
            self.depth -= 1;
            return Ok(read);
        }
        let mut read = self.primary()?;
        loop {
            if let Some(Token::Field(name)) = self.tokens.get(self.at) {
                read = Jq::Field(Box::new(read), name.clone());
                self.at += 1;
            } else if self.sign("[") {
                read = self.bracket(read)?;
            } else if self.sign("?") {
                // What is not there is nothing here, too.
            } else if self.sign(".") {
                read = match self.next() {
                    Some(Token::Text(pieces)) => Jq::Index(Box::new(read), Box::new(Jq::Text(pieces))),
                    Some(Token::Sign("[")) => self.bracket(read)?,
                    _ => return Err("`.`".to_owned()),
                };
            } else {
                return Ok(read);
            }
        }
    }

    fn primary(&mut self) -> Result<Jq, String> {
        let token = self.next().ok_or_else(|| "an expression that does not end".to_owned())?;
        Ok(match token {
            Token::Field(name) => Jq::Field(Box::new(Jq::Dot), name),
            Token::Variable(name) => Jq::Variable(name),
            Token::Number(number) => Jq::Constant(number.into()),
            Token::Text(pieces) => Jq::Text(pieces),
            Token::Sign(".") => match self.tokens.get(self.at) {
                Some(Token::Text(pieces)) => {
                    let index = Jq::Text(pieces.clone());
                    self.at += 1;
                    Jq::Index(Box::new(Jq::Dot), Box::new(index))
                }
                _ => Jq::Dot,
            },
            Token::Sign("(") => {
                let read = self.pipe()?;
                self.expect(")")?;
                read
            }
            Token::Sign("[") if self.sign("]") => Jq::List(None),
            Token::Sign("[") => {
                let read = self.pipe()?;
                self.expect("]")?;
                Jq::List(Some(Box::new(read)))
            }
            Token::Sign("{") => self.object()?,
            Token::Word(word) => match word.as_str() {
                "null" => Jq::Constant(serde_json::Value::Null),
                "true" => Jq::Constant(true.into()),
                "false" => Jq::Constant(false.into()),
                "if" => self.choice()?,
                "reduce" | "foreach" | "def" | "try" | "label" | "import" | "then" | "else" | "end" | "elif" | "as"
                | "and" | "or" => return Err(format!("`{word}`")),
                _ => self.call(word)?,
            },
            Token::Sign(sign) => return Err(format!("`{sign}`")),
        })
    }

    fn call(&mut self, name: String) -> Result<Jq, String> {
        let mut arguments = Vec::new();
        if self.sign("(") {
            loop {
                arguments.push(self.pipe()?);
                if !self.sign(";") {
                    break;
                }
            }
            self.expect(")")?;
        }
        Ok(Jq::Call(name, arguments))
    }

    /// `if a then b elif c then d else e end`, behind its `if`.
    fn choice(&mut self) -> Result<Jq, String> {
        let when = self.pipe()?;
        self.expect_word("then")?;
        let then = self.pipe()?;
        let other = if self.word("elif") {
            self.depth += 1;
            if self.depth > DEPTH_MAX {
                return Err("`elif` as deep as this".to_owned());
            }
            let other = self.choice()?;
            self.depth -= 1;
            other
        } else if self.word("else") {
            let other = self.pipe()?;
            self.expect_word("end")?;
            other
        } else {
            self.expect_word("end")?;
            Jq::Dot
        };
        Ok(Jq::If(Box::new(when), Box::new(then), Box::new(other)))
    }

    fn object(&mut self) -> Result<Jq, String> {
        let mut fields = Vec::new();
        while !self.sign("}") {
            let text = |text: &str| Jq::Text(vec![Piece::Plain(text.to_owned())]);
            let (key, short) = match self.next() {
                Some(Token::Word(name)) => (text(&name), Jq::Field(Box::new(Jq::Dot), name)),
                Some(Token::Variable(name)) => (text(&name), Jq::Variable(name)),
                Some(Token::Number(number)) => (text(&number.to_string()), Jq::Dot),
                Some(Token::Text(pieces)) => {
                    (Jq::Text(pieces.clone()), Jq::Index(Box::new(Jq::Dot), Box::new(Jq::Text(pieces))))
                }
                Some(Token::Sign("(")) => {
                    let key = self.pipe()?;
                    self.expect(")")?;
                    (key, Jq::Dot)
                }
                Some(other) => return Err(format!("`{}`", shown(&other))),
                None => return Err("an object that does not end".to_owned()),
            };
            let value = if self.sign(":") { self.field()? } else { short };
            fields.push((key, value));
            if !self.sign(",") {
                self.expect("}")?;
                break;
            }
        }
        Ok(Jq::Object(fields))
    }

    /// The value of a field: up to a comma.
    fn field(&mut self) -> Result<Jq, String> {
        let mut left = self.level(0)?;
        while self.sign("|") {
            left = Jq::Pipe(Box::new(left), Box::new(self.level(0)?));
        }
        Ok(left)
    }

    /// What stands in brackets behind something.
    fn bracket(&mut self, of: Jq) -> Result<Jq, String> {
        let of = Box::new(of);
        if self.sign("]") {
            return Ok(Jq::Each(of));
        }
        let from = if self.sign(":") { None } else { Some(Box::new(self.pipe()?)) };
        if let Some(index) = from.clone().filter(|_| self.sign("]")) {
            return Ok(Jq::Index(of, index));
        }
        if from.is_some() {
            self.expect(":")?;
        }
        if from.is_some() && self.sign("]") {
            return Ok(Jq::Slice(of, from, None));
        }
        let to = self.pipe()?;
        self.expect("]")?;
        Ok(Jq::Slice(of, from, Some(Box::new(to))))
    }

    fn next(&mut self) -> Option<Token> {
        let token = self.tokens.get(self.at).cloned();
        self.at += 1;
        token
    }

    fn sign(&mut self, sign: &str) -> bool {
        let is_there = matches!(self.tokens.get(self.at), Some(Token::Sign(own)) if *own == sign);
        self.at += usize::from(is_there);
        is_there
    }

    fn word(&mut self, word: &str) -> bool {
        let is_there = matches!(self.tokens.get(self.at), Some(Token::Word(own)) if own == word);
        self.at += usize::from(is_there);
        is_there
    }

    fn expect(&mut self, sign: &str) -> Result<(), String> {
        if self.sign(sign) { Ok(()) } else { Err(format!("an expression without its `{sign}`")) }
    }

    fn expect_word(&mut self, word: &str) -> Result<(), String> {
        if self.word(word) { Ok(()) } else { Err(format!("an expression without its `{word}`")) }
    }
}

fn shown(token: &Token) -> String {
    match token {
        Token::Field(name) => format!(".{name}"),
        Token::Word(name) => name.clone(),
        Token::Variable(name) => format!("${name}"),
        Token::Number(number) => number.to_string(),
        Token::Text(_) => "\"...\"".to_owned(),
        Token::Sign(sign) => (*sign).to_owned(),
    }
}
