//! Inline Rhai.
use crate::base::span::Span;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Form {
    Expression,
    Block,
}
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Function {
    pub name: Arc<str>,
    pub params: Vec<Arc<str>>,
    pub body: Arc<str>,
    pub span: Span,
    pub name_span: Span,
}
#[derive(Clone, Debug, Default)]
pub struct Library;
impl Library {
    pub fn compile(_f: &[Function]) -> (Self, Vec<crate::base::diagnostic::Diagnostic>) {
        (Self, vec![])
    }
}
#[derive(Clone, Debug)]
pub struct Expr;
pub struct Read {
    pub root: Arc<str>,
}
impl Expr {
    pub fn constant(&self) -> Option<&crate::base::value::Value> {
        None
    }
    pub fn reads(&self) -> &[Read] {
        &[]
    }
}
pub fn compile(
    _text: &str,
    _span: Span,
    _form: Form,
    _library: &Library,
) -> Result<Expr, Vec<crate::base::diagnostic::Diagnostic>> {
    Ok(Expr)
}
