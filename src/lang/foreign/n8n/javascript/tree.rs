//! What is said in JavaScript.

/// An expression.
#[derive(Clone, Debug, PartialEq)]
pub enum Expr {
    Name(String),
    Number(String),
    Text(String),
    /// A text with values in it.
    Template(Vec<Expr>),
    Truth(bool),
    Null,
    List(Vec<Expr>),
    /// Names and values; a spread value has no name.
    Object(Vec<(Option<String>, Expr)>),
    /// `a.b`, `a?.b`
    Member(Box<Expr>, String, bool),
    /// `a[b]`, `a?.[b]`
    Index(Box<Expr>, Box<Expr>, bool),
    Call(Box<Expr>, Vec<Expr>),
    New(String, Vec<Expr>),
    /// `!a`, `-a`, `+a`, `typeof a`
    Unary(&'static str, Box<Expr>),
    Binary(&'static str, Box<Expr>, Box<Expr>),
    /// `a ? b : c`
    Choice(Box<Expr>, Box<Expr>, Box<Expr>),
    /// `a => b`
    Arrow(Vec<String>, Box<Expr>),
    /// `/pattern/flags`
    Regex(String, String),
}

/// Statements that name values, and what is returned behind them.
#[derive(Clone, Debug, PartialEq)]
pub struct Script {
    /// `const name = value;`
    pub names: Vec<(String, Expr)>,
    /// `return value;`
    pub gives: Expr,
}
