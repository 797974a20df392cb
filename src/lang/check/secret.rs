//! Secrets on their way out.

use super::checker::Checker;
use super::code;
use crate::base::diagnostic::Diagnostic;
use crate::base::shape::{self, Shape};
use crate::base::span::Span;
use crate::lang::catalog::Signature;
use crate::lang::syntax::ast::Field;

/// Connectors whose operations put what they get before people.
const SHOWN_BY: [&str; 3] = ["log", "email", "slack"];
/// Parameters that people read, whatever the connector.
const READ_BY_PEOPLE: [&str; 12] = [
    "text",
    "message",
    "subject",
    "html",
    "title",
    "summary",
    "description",
    "comment",
    "content",
    "caption",
    "note",
    "blocks",
];
/// Connectors that send what they are given, and where credentials belong into requests.
const REQUESTS: [&str; 1] = ["http"];

impl<'a> Checker<'a> {
    /// A secret where others see it.
    pub fn leak(&mut self, place: Span, whereto: &str) {
        self.report(
            Diagnostic::error(code::SECRET, place, format!("a secret goes into {whereto}")).hint(
                "what is masked in logs would be plain there; show a digest of it, `sha256(...)`, or leave it out",
            ),
        );
    }

    /// A secret as a parameter of an operation.
    pub fn secret_parameter(&mut self, field: &Field, wanted: &shape::Field, signature: &Signature) {
        if wanted.shape.present() == &Shape::Secret || REQUESTS.contains(&&*signature.connector) {
            return;
        }
        let what = format!("`{}` of {}", wanted.name, signature.full_name());
        if SHOWN_BY.contains(&&*signature.connector) || READ_BY_PEOPLE.contains(&&*wanted.name) {
            self.leak(field.value.span(), &what);
            return;
        }
        self.report(
            Diagnostic::warning(code::SECRET, field.value.span(), format!("a secret goes into {what}"))
                .hint("if it belongs there, declare the parameter as `secret`"),
        );
    }
}
