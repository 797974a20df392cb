//! The names of headers that a connector sends and reads.

use super::checker::Checker;
use super::code;
use crate::base::diagnostic::Diagnostic;
use crate::base::letter::is_header_name;
use crate::base::span::Span;
use crate::lang::syntax::ast::{Effect, Field, HeaderOf, Text, Value};

impl<'a> Checker<'a> {
    /// `retry_after header "X-Wait"`
    pub fn header_of(&mut self, header: &'a HeaderOf, clause: &str, units: &[&str]) {
        self.one_word(&header.unit, clause, units);
        self.header_name(&header.name.text, header.name.span);
    }

    /// The fields of `headers`, where they are written out.
    pub fn headers_sent(&mut self, field: &'a Field) {
        let Value::Object(object) = &field.value else { return };
        object.fields.iter().for_each(|field| self.header_name(&field.key.text, field.key.span));
    }

    /// What carries the key of a `keyed` operation.
    pub fn key_carrier(&mut self, effect: Option<&'a Effect>) {
        let Some(Effect::Keyed { carrier: Some(Text { text, span, .. }), .. }) = effect else { return };
        match ["body.", "query."].into_iter().find_map(|part| text.strip_prefix(part)) {
            Some("") => self.report(
                Diagnostic::error(code::CONNECTOR, *span, format!("`{text}` names no field"))
                    .hint("such as `keyed \"body.request_id\"`"),
            ),
            Some(_) => {}
            None => self.header_name(text, *span),
        }
    }

    /// Whether a header can have this name.
    pub fn header_name(&mut self, name: &str, span: Span) {
        if is_header_name(name) {
            return;
        }
        let message =
            if name.is_empty() { "a header has a name".to_owned() } else { format!("no header is called `{name}`") };
        self.report(
            Diagnostic::error(code::CONNECTOR, span, message)
                .hint("a name has letters, digits and `-`, such as `X-Request-Id`; no blank, no `:`"),
        );
    }
}
