//! What an expression of n8n is while it is carried over.

use crate::lang::foreign::n8n::data::{Data, Items};
use crate::lang::foreign::term::Term;

/// A value, or one of the things through which n8n's expressions reach values.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A value.
    Data(Data),
    /// What came out of a node: `$input`, `$('A')`.
    Source(Items),
    /// One item, which has `json`.
    Item(Data),
    /// A list of items.
    List(Term),
    /// Something of JavaScript's own or of n8n's: `Math`, `$execution`.
    Global(&'static str),
    /// A moment.
    Moment(Term),
}

impl Value {
    /// A computed value.
    pub fn code(code: impl Into<String>) -> Self {
        Self::Data(Data::Term(Term::Code(code.into())))
    }

    /// A call or a name.
    pub fn path(code: impl Into<String>) -> Self {
        Self::Data(Data::Path(code.into()))
    }
}
