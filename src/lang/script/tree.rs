//! What an expression or a script says, as a tree with places.

use std::sync::Arc;

use crate::base::span::Span;
use crate::base::value::Value;

/// One expression or statement.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub kind: Kind,
    pub span: Span,
    /// How many levels hang below this one: what bounds every recursion over the tree.
    pub depth: usize,
}

/// A name with its place.
#[derive(Clone, Debug)]
pub(super) struct Name {
    pub text: Arc<str>,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub(super) enum Kind {
    // What is there from the beginning.
    Constant(Value),
    Char(char),
    Text(Vec<Part>),
    List(Vec<Node>),
    Map(Vec<(Name, Node)>),

    // What is read.
    Variable(Arc<str>),
    This,
    Field {
        of: Box<Node>,
        name: Name,
        optional: bool,
    },
    Index {
        of: Box<Node>,
        index: Box<Node>,
        optional: bool,
    },
    /// A path outside of the script, by its place in the lists of slots and of reads; put in by `resolve`.
    Slot {
        slot: usize,
        read: usize,
    },
    /// A setting or a secret, by its place in the list of settings; put in by `resolve`.
    Setting(usize),

    // What is computed.
    Unary {
        op: &'static str,
        of: Box<Node>,
    },
    Binary {
        op: &'static str,
        op_span: Span,
        left: Box<Node>,
        right: Box<Node>,
    },
    Range {
        from: Option<Box<Node>>,
        to: Option<Box<Node>>,
        inclusive: bool,
    },
    Call {
        name: Name,
        args: Vec<Node>,
        open: bool,
    },
    Method {
        of: Box<Node>,
        name: Name,
        args: Vec<Node>,
        optional: bool,
    },
    Closure {
        params: Vec<Name>,
        body: Box<Node>,
    },

    // What decides and repeats.
    Block(Vec<Node>, Tail),
    If {
        condition: Box<Node>,
        then: Box<Node>,
        otherwise: Option<Box<Node>>,
    },
    Switch {
        on: Box<Node>,
        arms: Vec<Arm>,
    },
    While {
        condition: Box<Node>,
        body: Box<Node>,
    },
    Loop {
        body: Box<Node>,
    },
    Do {
        body: Box<Node>,
        condition: Box<Node>,
        until: bool,
    },
    For {
        item: Name,
        counter: Option<Name>,
        over: Box<Node>,
        body: Box<Node>,
    },
    Try {
        body: Box<Node>,
        error: Option<Name>,
        handler: Box<Node>,
    },

    // What only a statement can be.
    Let {
        name: Name,
        constant: bool,
        value: Option<Box<Node>>,
    },
    Assign {
        op: &'static str,
        target: Box<Node>,
        value: Box<Node>,
    },
    Leave {
        how: Leave,
        value: Option<Box<Node>>,
    },
    Function {
        name: Name,
        of: Option<Name>,
        private: bool,
        params: Vec<Name>,
        body: Box<Node>,
    },
    Nothing,
}

/// Whether a block gives the value of its last statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tail {
    Value,
    Nothing,
}

/// How the course of things is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Leave {
    Break,
    Continue,
    Return,
    Throw,
}

impl Leave {
    pub fn word(self) -> &'static str {
        match self {
            Self::Break => "break",
            Self::Continue => "continue",
            Self::Return => "return",
            Self::Throw => "throw",
        }
    }
}

/// A piece of a string.
#[derive(Clone, Debug)]
pub(super) enum Part {
    Plain(Arc<str>),
    Value(Node),
}

/// One case of a `switch`; without patterns it is `_`.
#[derive(Clone, Debug)]
pub(super) struct Arm {
    pub patterns: Vec<Node>,
    pub guard: Option<Node>,
    pub body: Node,
}

impl Node {
    pub fn new(kind: Kind, span: Span) -> Self {
        let mut deepest = 0;
        kind.each_child(&mut |child| deepest = deepest.max(child.depth + 1));
        Self { kind, span, depth: deepest }
    }

    /// `()` at a place.
    pub fn unit(span: Span) -> Self {
        Self { kind: Kind::Constant(Value::Unit), span, depth: 0 }
    }

    /// The value, if it is written out: a literal, or a list or a map of such.
    pub fn constant(&self) -> Option<Value> {
        match &self.kind {
            Kind::Constant(value) => Some(value.clone()),
            Kind::Char(c) => Some(c.to_string().into()),
            Kind::List(items) => {
                let items: Option<Vec<Value>> = items.iter().map(Self::constant).collect();
                items.map(Value::list)
            }
            Kind::Map(entries) => {
                let entries: Option<Vec<_>> =
                    entries.iter().map(|(key, value)| Some((key.text.clone(), value.constant()?))).collect();
                entries.map(Value::map)
            }
            _ => None,
        }
    }

    pub fn is_unit(&self) -> bool {
        matches!(self.kind, Kind::Constant(Value::Unit))
    }

    /// Whether it is what only a statement can be.
    pub fn is_statement(&self) -> bool {
        matches!(self.kind, Kind::Let { .. } | Kind::Assign { .. } | Kind::Leave { .. } | Kind::Nothing)
    }

    /// Whether nothing after it runs: it ends in `return`, `throw`, `break` or `continue`.
    pub fn diverges(&self) -> bool {
        match &self.kind {
            Kind::Leave { .. } => true,
            Kind::Block(statements, _) => statements.iter().any(Self::diverges),
            Kind::If { then, otherwise: Some(otherwise), .. } => then.diverges() && otherwise.diverges(),
            _ => false,
        }
    }
}

impl Kind {
    /// Calls `visit` with each direct child, in the order in which they run.
    pub fn each_child<'a>(&'a self, visit: &mut dyn FnMut(&'a Node)) {
        match self {
            Self::Constant(_)
            | Self::Char(_)
            | Self::Variable(_)
            | Self::This
            | Self::Slot { .. }
            | Self::Setting(_) => {}
            Self::Nothing => {}
            Self::Text(parts) => parts.iter().for_each(|part| {
                if let Part::Value(node) = part {
                    visit(node);
                }
            }),
            Self::List(items) => items.iter().for_each(visit),
            Self::Map(entries) => entries.iter().for_each(|(_, value)| visit(value)),
            Self::Field { of, .. } | Self::Unary { of, .. } => visit(of),
            Self::Index { of, index, .. } => {
                visit(of);
                visit(index);
            }
            Self::Binary { left, right, .. } => {
                visit(left);
                visit(right);
            }
            Self::Range { from, to, .. } => {
                from.iter().for_each(|node| visit(node));
                to.iter().for_each(|node| visit(node));
            }
            Self::Call { args, .. } => args.iter().for_each(visit),
            Self::Method { of, args, .. } => {
                visit(of);
                args.iter().for_each(visit);
            }
            Self::Closure { body, .. } | Self::Loop { body } | Self::Function { body, .. } => visit(body),
            Self::Block(statements, _) => statements.iter().for_each(visit),
            Self::If { condition, then, otherwise } => {
                visit(condition);
                visit(then);
                otherwise.iter().for_each(|node| visit(node));
            }
            Self::Switch { on, arms } => {
                visit(on);
                for arm in arms {
                    arm.patterns.iter().for_each(&mut *visit);
                    arm.guard.iter().for_each(&mut *visit);
                    visit(&arm.body);
                }
            }
            Self::While { condition, body } => {
                visit(condition);
                visit(body);
            }
            Self::Do { body, condition, .. } => {
                visit(body);
                visit(condition);
            }
            Self::For { over, body, .. } => {
                visit(over);
                visit(body);
            }
            Self::Try { body, handler, .. } => {
                visit(body);
                visit(handler);
            }
            Self::Let { value, .. } | Self::Leave { value, .. } => value.iter().for_each(|node| visit(node)),
            Self::Assign { target, value, .. } => {
                visit(target);
                visit(value);
            }
        }
    }
}
