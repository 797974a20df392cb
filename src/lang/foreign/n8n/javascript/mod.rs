//! The JavaScript of n8n's expressions, as far as this language has words for it.

mod carry;
mod method;
mod moment;
mod parse;
mod token;
mod tree;
mod value;

pub use carry::{Seen, decides};
pub use method::SLICE;
pub use parse::{expression, script};
pub use tree::Expr;
pub use value::Value;
