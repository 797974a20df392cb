//! Values that tasks hand to each other, as far as they are known where a task stands.

use indexmap::IndexMap;

use super::input::Reads;
use crate::lang::foreign::term::{Term, field};

/// A value: how it is written, and what is known of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Value {
    /// How it is written; [`Value::term`] gives it to programs.
    written: Term,
    /// What is known of it.
    pub shape: Shape,
}

/// What is known of a value before anything runs.
#[derive(Clone, Debug, PartialEq)]
pub enum Shape {
    /// It may be anything, and nothing too.
    Any,
    /// `null`
    Nothing,
    /// `true` or `false`
    Truth,
    /// A number.
    Number,
    /// A text.
    Text,
    /// A list.
    List,
    /// An object of these fields, and of no others.
    Object(IndexMap<String, Shape>),
    /// The input of the workflow.
    Input,
}

impl Value {
    /// The input of the workflow.
    pub fn input() -> Self {
        Self::of(Term::Path("input".to_owned()), Shape::Input)
    }

    /// `null`
    pub fn nothing() -> Self {
        Self::of(Term::Path("()".to_owned()), Shape::Nothing)
    }

    /// A value of which something is known.
    pub fn of(written: Term, shape: Shape) -> Self {
        Self { written, shape }
    }

    /// Something with a name, of which nothing is known: the output of a step, a variable.
    pub fn path(path: impl Into<String>) -> Self {
        Self::of(Term::Path(path.into()), Shape::Any)
    }

    /// An expression that goes on no further without brackets.
    pub fn code(code: impl Into<String>, shape: Shape) -> Self {
        Self::of(Term::Code(code.into()), shape)
    }

    /// An expression that binds as tightly as a name, such as a call.
    pub fn call(code: impl Into<String>, shape: Shape) -> Self {
        Self::of(Term::Path(code.into()), shape)
    }

    /// A text.
    pub fn text(text: &str) -> Self {
        Self::of(Term::text(text), Shape::Text)
    }

    /// An object of fields.
    pub fn object(fields: Vec<(String, Self)>, reads: &mut Reads) -> Self {
        let shape = fields.iter().map(|(name, it)| (name.clone(), it.shape.clone())).collect();
        let fields = fields.into_iter().map(|(name, it)| (name, it.term(reads))).collect();
        Self::of(Term::Object(fields), Shape::Object(shape))
    }

    /// A list of items.
    pub fn list(items: &[Self], reads: &mut Reads) -> Self {
        Self::of(Term::List(items.iter().map(|it| it.term(reads)).collect()), Shape::List)
    }

    /// The same value under a name.
    pub fn named(&self, name: &str) -> Self {
        let shape = if self.shape == Shape::Input { Shape::Any } else { self.shape.clone() };
        Self::of(Term::Path(name.to_owned()), shape)
    }

    /// The same value, which is a list.
    pub fn listed(self) -> Self {
        Self { shape: Shape::List, ..self }
    }

    /// How it is written.
    pub fn term(&self, reads: &mut Reads) -> Term {
        if self.shape == Shape::Input { Term::Path(reads.whole()) } else { self.written.clone() }
    }

    /// Whether it is written in a word or two, so that it can stand in several places.
    pub fn is_short(&self) -> bool {
        match &self.written {
            Term::Path(path) => !path.contains(['(', '"', ' ']) || path == "()",
            Term::Object(fields) => fields.is_empty(),
            Term::List(items) => items.is_empty(),
            Term::Code(_) | Term::Over(..) => false,
        }
    }

    /// A field of it; nothing where there is none.
    pub fn get(&self, name: &str, reads: &mut Reads) -> Self {
        match (&self.shape, &self.written) {
            (Shape::Input, _) => reads.field(name),
            (Shape::Nothing, _) => Self::nothing(),
            (Shape::Object(shapes), written) => match (shapes.get(name), written) {
                (None, _) => Self::nothing(),
                (Some(shape), Term::Object(fields)) => {
                    let found = fields.iter().find(|(own, _)| own == name);
                    found.map_or_else(Self::nothing, |(_, term)| Self::of(term.clone(), shape.clone()))
                }
                (Some(shape), written) => {
                    Self::of(Term::Path(format!("{}{}", written.tight(), field(name))), shape.clone())
                }
            },
            (_, Term::Over(base, fields)) => match fields.iter().find(|(own, _)| own == name) {
                Some((_, term)) => Self::of(term.clone(), Shape::Any),
                None => Self::path(format!("{}?{}", base.tight(), field(name))),
            },
            (_, written) => Self::path(format!("{}?{}", written.tight(), field(name))),
        }
    }

    /// An item of it, where its items are known.
    pub fn item(&self, at: usize) -> Option<Self> {
        match &self.written {
            Term::List(items) => items.get(at).map(|item| Self::of(item.clone(), Shape::Any)),
            _ => None,
        }
    }

    /// It, or what stands for nothing of its kind where it may be nothing.
    pub fn or(&self, default: &str, reads: &mut Reads) -> String {
        let tight = self.term(reads).tight();
        if self.shape == Shape::Any { format!("({tight} ?? {default})") } else { tight }
    }

    /// It as a condition: only `null` and `false` do not hold.
    pub fn holds(&self, reads: &mut Reads) -> String {
        match self.shape {
            Shape::Truth => self.term(reads).expression(),
            Shape::Nothing => "false".to_owned(),
            Shape::Any => format!("({} ?? false) != false", self.term(reads).tight()),
            Shape::Number | Shape::Text | Shape::List | Shape::Object(_) | Shape::Input => "true".to_owned(),
        }
    }
}
