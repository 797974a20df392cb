//! What a clause with one parameter needs, and what is said where it is missing.

use super::super::ast::{Arg, Expr, Name, Path, Text, Value};
use super::super::code;
use super::super::grammar::{Node, Rule};
use super::Builder;

impl Builder<'_> {
    /// The parameter of a clause that has just one; reports its absence.
    pub(super) fn only_arg(&mut self, node: Node<'_>, keyword: &str, what: &str, example: &str) -> Option<Arg> {
        let owner = node.clone();
        let arg = node.into_inner().find(|part| part.as_rule() == Rule::arg);
        if arg.is_none() {
            self.missing(&owner, format!("`{keyword}` needs {what}"), format!("write `{example}`"));
        }
        arg.map(|arg| self.arg(arg))
    }

    pub(super) fn only_expr(&mut self, node: Node<'_>, keyword: &str, example: &str) -> Option<Expr> {
        let owner = node.clone();
        let expr = node.into_inner().find(|part| part.as_rule() == Rule::expr);
        if expr.is_none() {
            self.missing(&owner, format!("`{keyword}` needs an expression"), format!("write `{example}`"));
        }
        expr.map(|expr| self.expr(&expr))
    }

    pub(super) fn only_value(&mut self, node: Node<'_>, keyword: &str, example: &str) -> Option<Value> {
        let owner = node.clone();
        let value = node.into_inner().find(|part| part.as_rule() == Rule::value);
        if value.is_none() {
            self.missing(&owner, format!("`{keyword}` needs a value"), format!("write `{example}`"));
        }
        value.map(|value| self.value(value))
    }

    pub(super) fn only_text(&mut self, node: Node<'_>, keyword: &str, example: &str) -> Option<Text> {
        let owner = node.clone();
        if let Some(topic) = node.clone().into_inner().find(|part| part.as_rule() == Rule::mistaken_topic) {
            return Some(self.unquoted(&topic, keyword));
        }
        let text = node.into_inner().find(|part| part.as_rule() == Rule::string);
        if text.is_none() {
            self.missing(&owner, format!("`{keyword}` needs a text in quotes"), format!("write `{example}`"));
        }
        text.map(|text| self.plain(&text))
    }

    pub(super) fn only_word(&mut self, node: Node<'_>, keyword: &str, example: &str) -> Option<Name> {
        let owner = node.clone();
        let word = node.into_inner().find(|part| matches!(part.as_rule(), Rule::word | Rule::name));
        if word.is_none() {
            self.missing(&owner, format!("`{keyword}` needs a word behind it"), format!("write `{example}`"));
        }
        word.map(|word| self.name(&word))
    }

    pub(super) fn only_path(&mut self, node: Node<'_>, keyword: &str, example: &str) -> Option<Path> {
        let owner = node.clone();
        let path = node.into_inner().find(|part| part.as_rule() == Rule::path);
        if path.is_none() {
            self.missing(&owner, format!("`{keyword}` needs a name"), format!("write `{example}`"));
        }
        path.map(|path| self.path(path))
    }

    /// `emit customer.created`, without quotes.
    pub(super) fn unquoted(&mut self, node: &Node<'_>, keyword: &str) -> Text {
        let (span, written) = (self.span(node), self.written(node).to_owned());
        let right = format!("\"{written}\"");
        let fault = self.faults.error(code::PLAIN_TEXT, span.range(), format!("`{keyword}` takes a text in quotes"));
        self.faults.push(fault.fix(format!("write `{right}`"), span, right));
        Text { text: written.into(), span }
    }
}
