//! Expressions of JSONata as a tree.

/// An expression.
#[derive(Clone, Debug, PartialEq)]
pub enum Node {
    /// `"text"`
    Text(String),
    /// `1.5`
    Number(String),
    /// `true`
    Truth(bool),
    /// `null`
    Null,
    /// A field of what is looked at.
    Name(String),
    /// `$name`; the empty one is what is looked at.
    Variable(String),
    /// `[a, b]`
    List(Vec<Node>),
    /// `[1..5]`
    Range(Box<Node>, Box<Node>),
    /// `{ "a": b }`
    Object(Vec<(Node, Node)>),
    /// `a.b`
    Step(Box<Node>, Box<Node>),
    /// `a[b]`
    Filter(Box<Node>, Box<Node>),
    /// `$f(a, b)`
    Call(String, Vec<Node>),
    /// `function($a) { b }`
    Function(Vec<String>, Box<Node>),
    /// `a ? b : c`
    If(Box<Node>, Box<Node>, Option<Box<Node>>),
    /// `a + b`
    Binary(&'static str, Box<Node>, Box<Node>),
    /// `-a`
    Negated(Box<Node>),
    /// `($a := b; c)`
    Block(Vec<Node>),
    /// `$a := b`
    Bound(String, Box<Node>),
}
