//! What an evaluation may say that goes wrong, or prints, with a secret in its hands: our words, and those of the program. What
//! it quotes beside them may be made from the secret, in whatever form.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::broken::Broken;
use super::expr::Expr;
use super::functions;
use super::tree::{Kind, Leave, Node, Part};
use crate::base::failure::Kind as Failing;
use crate::base::secret::{MASK, Secrets};
use crate::base::span::Span;
use crate::base::value::Value;

/// What stands around what a message quotes.
const QUOTES: [char; 3] = ['`', '\'', '"'];

/// The words of a program that an evaluation may say in spite of the secrets it met.
pub(super) struct Discreet<'a> {
    secrets: &'a Secrets,
    /// The texts that are written out in it.
    texts: BTreeSet<&'a str>,
    /// Where something is thrown.
    throws: Vec<Span>,
    expr: &'a Expr,
}

impl<'a> Discreet<'a> {
    pub fn new(expr: &'a Expr, secrets: &'a Secrets) -> Self {
        let mut discreet = Self { secrets, texts: BTreeSet::new(), throws: Vec::new(), expr };
        discreet.read(expr.tree().0);
        expr.library().bodies().for_each(|body| discreet.read(body));
        discreet
    }

    fn read(&mut self, node: &'a Node) {
        match &node.kind {
            Kind::Constant(Value::Text(text)) => drop(self.texts.insert(text)),
            Kind::Text(parts) => self.texts.extend(parts.iter().filter_map(|part| match part {
                Part::Plain(text) => Some(&**text),
                Part::Value(_) => None,
            })),
            Kind::Leave { how: Leave::Throw, .. } => self.throws.push(node.span),
            _ => {}
        }
        node.kind.each_child(&mut |child| self.read(child));
    }

    /// A text that the program made: what it is written to begin with, and no more.
    pub fn line(&self, line: &str) -> String {
        let begins = self.texts.iter().filter(|text| line.starts_with(**text)).max_by_key(|text| text.len());
        match begins {
            Some(text) if text.len() == line.len() => line.to_owned(),
            Some(text) => self.secrets.cover(text) + MASK,
            None => MASK.to_owned(),
        }
    }

    /// What went wrong, with no more said than may be.
    pub fn broken(&self, broken: Broken) -> Broken {
        let is_thrown = broken.span.is_some_and(|at| {
            self.throws.iter().any(|throw| throw.file == at.file && (throw.start..throw.end).contains(&at.start))
        });
        if !is_thrown {
            return Broken { message: self.unquoted(&broken.message), ..broken.hiding(self.secrets) };
        }
        let kind = match broken.kind {
            Failing::Own(name) if !self.texts.contains(&*name) => Failing::ScriptError,
            kind => kind,
        };
        let is_written = |value: &Value| value.as_text().is_some_and(|text| self.texts.contains(text));
        let shown = |value: &Value| if is_written(value) { value.clone() } else { value.clone().hidden() };
        // A name may be computed as well as a value.
        let details = broken.details.iter().map(|(name, value)| (Arc::from(self.secrets.cover(name)), shown(value)));
        Broken { message: self.line(&broken.message), kind, details: Arc::new(details.collect()), span: broken.span }
    }

    /// Whether it is ours to quote, or stands in the program: a name, a sign.
    fn is_word(&self, quoted: &str) -> bool {
        let bare = quoted.trim_start_matches("?.");
        let is_sign = !bare.contains(char::is_alphanumeric);
        let is_function =
            || functions::names().any(|name| name == bare) || self.expr.library().names().any(|name| name == bare);
        is_sign || self.expr.text().contains(bare) || is_function()
    }

    /// A message of ours, without what it quotes and the program does not say.
    fn unquoted(&self, message: &str) -> String {
        let pieces: Vec<&str> = message.split(QUOTES).collect();
        let foreign = |at: &usize| at % 2 == 1 && !self.is_word(pieces[*at]);
        let Some(at) = (0..pieces.len()).find(foreign) else { return self.secrets.cover(message) };
        // What is quoted may hold such a sign itself: it ends where the last of them stands.
        let begins = pieces[..at].iter().map(|piece| piece.len() + 1).sum();
        let ends = message.rfind(QUOTES).filter(|end| *end >= begins).unwrap_or(message.len());
        let around = |range: std::ops::Range<usize>| self.secrets.cover(message.get(range).unwrap_or_default());
        format!("{}{MASK}{}", around(0..begins), around(ends..message.len()))
    }
}
