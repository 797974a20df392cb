//! From a text to a tree, by the binding powers of JSONata.

use super::token::{Token, tokens};
use super::tree::Node;

/// How deep an expression may be.
const DEPTH_MAX: usize = 40;

/// The tree of an expression; nothing where it is none, or has what is not read.
pub fn parsed(text: &str) -> Option<Node> {
    let mut parser = Parser { tokens: tokens(text)?, at: 0, depth: 0 };
    let node = parser.expression(0)?;
    (parser.at == parser.tokens.len()).then_some(node)
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
}

impl Parser {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn takes(&mut self, sign: &str) -> bool {
        let is_it = matches!(self.peek(), Some(Token::Sign(own)) if *own == sign);
        self.at += usize::from(is_it);
        is_it
    }

    fn expect(&mut self, sign: &str) -> Option<()> {
        self.takes(sign).then_some(())
    }

    fn expression(&mut self, power: u8) -> Option<Node> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return None;
        }
        let mut left = self.first()?;
        while let Some((sign, own)) = self.peek().and_then(power_of)
            && own > power
        {
            self.at += 1;
            left = self.further(left, sign, own)?;
        }
        self.depth -= 1;
        Some(left)
    }

    fn first(&mut self) -> Option<Node> {
        let token = self.peek()?.clone();
        self.at += 1;
        Some(match token {
            Token::Text(text) => Node::Text(text),
            Token::Number(number) => Node::Number(number),
            Token::Quoted(word) => Node::Name(word),
            Token::Variable(name) if self.takes("(") => Node::Call(name, self.items(")")?),
            Token::Variable(name) => Node::Variable(name),
            Token::Word(word) => match word.as_str() {
                "true" => Node::Truth(true),
                "false" => Node::Truth(false),
                "null" => Node::Null,
                "function" | "λ" if self.takes("(") => self.function()?,
                _ => Node::Name(word),
            },
            Token::Sign("-") => Node::Negated(Box::new(self.expression(70)?)),
            Token::Sign("[") => self.list()?,
            Token::Sign("{") => self.object()?,
            Token::Sign("(") => self.block()?,
            Token::Sign(_) => return None,
        })
    }

    fn further(&mut self, left: Node, sign: &'static str, power: u8) -> Option<Node> {
        let left = Box::new(left);
        Some(match sign {
            "." => step(left, self.expression(power)?),
            "[" => {
                // `a[]` is a list whatever it holds.
                if self.takes("]") {
                    return Some(Node::Call("list".to_owned(), vec![*left]));
                }
                let inside = self.expression(0)?;
                self.expect("]")?;
                Node::Filter(left, Box::new(inside))
            }
            "?" => {
                let then = self.expression(0)?;
                let otherwise = if self.takes(":") { Some(Box::new(self.expression(0)?)) } else { None };
                Node::If(left, Box::new(then), otherwise)
            }
            ":=" => match *left {
                Node::Variable(name) => Node::Bound(name, Box::new(self.expression(power - 1)?)),
                _ => return None,
            },
            // `a ~> $f(b)` is `$f(a, b)`.
            "~>" => match self.expression(power)? {
                Node::Call(name, mut given) => {
                    given.insert(0, *left);
                    Node::Call(name, given)
                }
                Node::Variable(name) => Node::Call(name, vec![*left]),
                _ => return None,
            },
            sign => Node::Binary(sign, left, Box::new(self.expression(power)?)),
        })
    }

    /// What stands between commas, up to a sign.
    fn items(&mut self, end: &str) -> Option<Vec<Node>> {
        let mut items = Vec::new();
        while !self.takes(end) {
            items.push(self.expression(0)?);
            if !self.takes(",") {
                self.expect(end)?;
                break;
            }
        }
        Some(items)
    }

    fn list(&mut self) -> Option<Node> {
        let mut items = Vec::new();
        while !self.takes("]") {
            let item = self.expression(0)?;
            let item = if self.takes("..") { Node::Range(Box::new(item), Box::new(self.expression(0)?)) } else { item };
            items.push(item);
            if !self.takes(",") {
                self.expect("]")?;
                break;
            }
        }
        Some(match items.as_slice() {
            [Node::Range(..)] => items.remove(0),
            _ if items.iter().any(|item| matches!(item, Node::Range(..))) => return None,
            _ => Node::List(items),
        })
    }

    fn object(&mut self) -> Option<Node> {
        let mut fields = Vec::new();
        while !self.takes("}") {
            let name = self.expression(0)?;
            self.expect(":")?;
            fields.push((name, self.expression(0)?));
            if !self.takes(",") {
                self.expect("}")?;
                break;
            }
        }
        Some(Node::Object(fields))
    }

    fn block(&mut self) -> Option<Node> {
        let mut nodes = Vec::new();
        while !self.takes(")") {
            nodes.push(self.expression(0)?);
            if !self.takes(";") {
                self.expect(")")?;
                break;
            }
        }
        Some(if nodes.len() == 1 { nodes.remove(0) } else { Node::Block(nodes) })
    }

    fn function(&mut self) -> Option<Node> {
        let mut names = Vec::new();
        while !self.takes(")") {
            let Some(Token::Variable(name)) = self.peek().cloned() else { return None };
            self.at += 1;
            names.push(name);
            if !self.takes(",") {
                self.expect(")")?;
                break;
            }
        }
        self.expect("{")?;
        let body = self.expression(0)?;
        self.expect("}")?;
        Some(Node::Function(names, Box::new(body)))
    }
}

/// `a.b`; of `a.b[c]`, in which the brackets bind more tightly, what is found among the `b`s of `a`.
fn step(owner: Box<Node>, part: Node) -> Node {
    match part {
        Node::Filter(inner, by) => Node::Filter(Box::new(step(owner, *inner)), by),
        part => Node::Step(owner, Box::new(part)),
    }
}

/// A sign between two expressions, and how tightly it binds.
fn power_of(token: &Token) -> Option<(&'static str, u8)> {
    let powers: [(&str, u8); 21] = [
        ("[", 80),
        (".", 75),
        ("*", 60),
        ("/", 60),
        ("%", 60),
        ("+", 50),
        ("-", 50),
        ("&", 50),
        ("=", 40),
        ("!=", 40),
        ("<", 40),
        ("<=", 40),
        (">", 40),
        (">=", 40),
        ("~>", 40),
        ("in", 40),
        ("and", 30),
        ("or", 25),
        ("?", 20),
        ("??", 22),
        (":=", 10),
    ];
    let word = match token {
        Token::Sign("?:") => return Some(("??", 22)),
        Token::Sign(sign) => sign,
        Token::Word(word) => word.as_str(),
        Token::Text(_) | Token::Number(_) | Token::Quoted(_) | Token::Variable(_) => return None,
    };
    powers.into_iter().find(|(sign, _)| *sign == word)
}
