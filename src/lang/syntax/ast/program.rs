//! A file and its declarations.

use super::block::Block;
use super::connector::{Connector, Persona};
use super::test::Test;
use super::types::Type;
use super::value::{Code, Name, Text};
use crate::base::span::{FileId, Span};

/// One source file.
#[derive(Clone, Debug)]
pub struct Program {
    /// Which file.
    pub file: FileId,
    /// What it declares, in order.
    pub declarations: Vec<Declaration>,
    /// Its comments in order, `///` included; the formatter puts them back by place.
    pub comments: Vec<Comment>,
    /// Names of steps and other things that stand in text that could not be read: nobody should be told they do not exist.
    pub poisoned: Vec<Name>,
}

/// A comment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comment {
    /// The comment with its slashes.
    pub span: Span,
    /// Whether nothing but blanks stands before it on its line.
    pub own_line: bool,
}

/// What may stand at the top level.
#[derive(Clone, Debug)]
pub enum Declaration {
    /// `use "lib/alerts.flow" as alerts`
    Use(Use),
    /// `type Order { ... }`, `type Kind = "a" | "b"`
    Type(TypeDeclaration),
    /// `fn net(total) { ... }`
    Fn(Function),
    /// `workflow NAME "Title" { ... }`
    Workflow(Workflow),
    /// `handler NAME { on ... }`
    Handler(HandlerSet),
    /// `connector NAME "Title" { ... }`
    Connector(Connector),
    /// `persona NAME "Title" { ... }`
    Persona(Persona),
    /// `test "what it shows" for WORKFLOW { ... }`
    Test(Test),
}

impl Declaration {
    /// All of it.
    pub fn span(&self) -> Span {
        match self {
            Self::Use(it) => it.span,
            Self::Type(it) => it.span,
            Self::Fn(it) => it.span,
            Self::Workflow(it) => it.span,
            Self::Handler(it) => it.span,
            Self::Connector(it) => it.span,
            Self::Persona(it) => it.span,
            Self::Test(it) => it.span,
        }
    }
}

/// `use "lib/alerts.flow" as alerts`
#[derive(Clone, Debug)]
pub struct Use {
    /// The file, relative to this one.
    pub path: Text,
    /// The name before the dot; the file's stem where not written.
    pub alias: Option<Name>,
    /// All of it.
    pub span: Span,
}

/// `type NAME ...`
#[derive(Clone, Debug)]
pub struct TypeDeclaration {
    /// The `///` above it.
    pub doc: Option<Text>,
    /// Its name.
    pub name: Name,
    /// What it stands for.
    pub ty: Type,
    /// All of it.
    pub span: Span,
}

/// `fn NAME(PARAMS) { rhai }`
#[derive(Clone, Debug)]
pub struct Function {
    /// The `///` above it.
    pub doc: Option<Text>,
    /// Its name.
    pub name: Name,
    /// Its parameters.
    pub params: Vec<Name>,
    /// Its body.
    pub body: Code,
    /// All of it.
    pub span: Span,
}

/// `workflow NAME "Title" { ... }`
#[derive(Clone, Debug)]
pub struct Workflow {
    /// The `///` above it.
    pub doc: Option<Text>,
    /// Its name.
    pub name: Name,
    /// Its title.
    pub title: Option<Text>,
    /// Everything in its braces, in order.
    pub body: Block,
    /// All of it.
    pub span: Span,
}

/// `handler NAME { on ... }`
#[derive(Clone, Debug)]
pub struct HandlerSet {
    /// The `///` above it.
    pub doc: Option<Text>,
    /// Its name.
    pub name: Name,
    /// Its handlers: items other than `on` and `handle` are reported by the checker.
    pub body: Block,
    /// All of it.
    pub span: Span,
}
