//! `paginate`: how the next page is asked for.

use super::checker::Checker;
use super::code;
use crate::base::diagnostic::Diagnostic;
use crate::base::shape::{Bounds, Shape};
use crate::lang::catalog;
use crate::lang::syntax::ast::{Field, Name, Value};

const KINDS: [&str; 4] = ["cursor", "page", "offset", "link"];
const FIELDS: [&str; 6] = ["send", "next", "items", "size", "limit", "max"];
/// The parts of a request that may carry where a page begins.
const CARRIERS: [&str; 4] = ["query", "body", "form", "headers"];

impl<'a> Checker<'a> {
    /// `paginate KIND { fields }`
    pub fn pages(&mut self, kind: &'a Name, fields: &'a [Field]) {
        self.one_word(kind, "paginate", &KINDS);
        self.keys_once(fields);
        for field in fields {
            match &*field.key.text {
                // A place, and no value: parameters of the same name do not stand for it.
                "send" => self.carrier(&field.value),
                "max" => {
                    let max = catalog::types::constant(&field.value).and_then(|max| max.as_int());
                    if max.is_none_or(|max| max < 1) {
                        let message = "`max` is the most pages that are asked for, a number";
                        self.report(
                            Diagnostic::error(code::CONNECTOR, field.value.span(), message)
                                .hint("how many items are wanted says `limit`, which may be a parameter"),
                        );
                    }
                }
                "limit" => {
                    let count = Shape::Int(Bounds { min: Some(1.0), max: None }).optional();
                    self.wanted(&field.value, &count, "`limit`");
                }
                "next" | "items" | "size" => {
                    self.answered(|this| this.value(&field.value));
                }
                _ => {
                    let message = format!("`paginate` has no `{}`", field.key.text);
                    self.unknown_of(code::UNKNOWN_WORD, &field.key.text, field.key.span, message, &FIELDS);
                }
            }
        }
    }

    fn carrier(&mut self, place: &Value) {
        let named = match place {
            Value::Expr(expr) => expr.source.split_once('.'),
            _ => None,
        };
        let is_name = |name: &str| !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || "_-$.".contains(c));
        if !named.is_some_and(|(part, name)| CARRIERS.contains(&part) && is_name(name)) {
            let message = "`send` names the place in the request that says which page is wanted";
            self.report(
                Diagnostic::error(code::CONNECTOR, place.span(), message)
                    .hint("such as `query.cursor`, `body.start`, `form.page`, `headers.Range`"),
            );
        }
    }
}
