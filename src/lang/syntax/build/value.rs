//! Values, objects, lists, and the parameters of clauses.

use crate::base::time::Duration;

use super::super::ast::{Arg, Code, Expr, Field, List, Name, Object, Value};
use super::super::code;
use super::super::grammar::{Node, Rule};
use super::Builder;
use super::junk::Place;
use crate::base::limit;
use crate::base::span::Span;

impl Builder<'_> {
    pub(super) fn value(&mut self, node: Node<'_>) -> Value {
        let whole = self.range(&node);
        let mut parts = node.into_inner();
        let Some(first) = parts.next() else { return Value::Expr(Expr::hole(self.faults.span(whole))) };
        let tail = parts.next();
        match (first.as_rule(), tail) {
            (Rule::object, None) => Value::Object(self.object(first)),
            (Rule::object, Some(tail)) => {
                let (brace, span) = (self.range(&first), self.span(&first).before());
                let fault = self
                    .faults
                    .error(code::BROKEN_EXPRESSION, brace.start..brace.start + 1, "an expression cannot begin with `{`")
                    .label("this opens an object, and nothing may follow it")
                    .also(self.span(&tail), "but this does")
                    .fix("inside an expression an object is written `#{ ... }`", span, "#");
                self.faults.push(fault);
                Value::Expr(Expr::hole(self.faults.span(whole)))
            }
            (Rule::list, None) => Value::List(self.list(first)),
            _ => Value::Expr(self.expr_at(whole)),
        }
    }

    pub(super) fn object(&mut self, node: Node<'_>) -> Object {
        let span = self.span(&node);
        Object { fields: self.fields(node), span }
    }

    /// The fields in a pair of braces.
    pub(super) fn fields(&mut self, node: Node<'_>) -> Vec<Field> {
        let mut fields = Vec::new();
        for item in self.items(node) {
            match item.node.as_rule() {
                Rule::field | Rule::mistaken_field_equals | Rule::short => fields.extend(self.field(item.node)),
                _ => self.junk(item, Place::Fields),
            }
        }
        fields
    }

    /// `key: value`, `key`, and the mistaken `key = value`.
    pub(super) fn field(&mut self, node: Node<'_>) -> Option<Field> {
        let (span, short) = (self.span(&node), node.as_rule() == Rule::short);
        if short {
            let key = self.name(&node);
            let value = Value::Expr(self.expr_at(key.span.range()));
            return Some(Field { key, value, short, span });
        }
        if matches!(node.as_rule(), Rule::mistaken_field_equals | Rule::mistaken_clause_equals) {
            self.equals_for_colon(&node);
        }
        let owner = node.clone();
        let (mut key, mut value) = (None, None);
        for part in node.into_inner() {
            match part.as_rule() {
                Rule::key => key = Some(self.key(&part)),
                Rule::value => value = Some(self.value(part)),
                Rule::late_value => value = Some(self.late_value(part)),
                _ => {}
            }
        }
        let key = key?;
        let value = value.unwrap_or_else(|| {
            let shown = key.text.clone();
            self.missing(
                &owner,
                format!("`{shown}:` has no value"),
                format!("write its value behind the colon, on the same line; `{shown}: ()` for none"),
            );
            Value::Expr(Expr::hole(span.after()))
        });
        Some(Field { key, value, short, span })
    }

    /// Reports the `=` of a node that should have a `:`.
    pub(super) fn equals_for_colon(&mut self, node: &Node<'_>) {
        let Some(equals) = node.clone().into_inner().find(|part| part.as_rule() == Rule::assign) else { return };
        let (range, span) = (self.range(&equals), self.span(&equals));
        let key = self.first_word(node);
        let gap = self.faults.span(key.end..range.start).to(span);
        let key = self.slice(key).to_owned();
        let fault = self.faults.error(code::COLON_OR_EQUALS, range, "a field takes `:`, not `=`").fix(
            format!("write `{key}: ...`"),
            gap,
            ":",
        );
        self.faults.push(fault);
    }

    /// A value that stands below its key.
    pub(super) fn late_value(&mut self, node: Node<'_>) -> Value {
        let Some(inner) = node.into_inner().next() else { return Value::Expr(Expr::hole(self.faults.span(0..0))) };
        let start = inner.as_span().start();
        let above = self.mask[..start].trim_end().len();
        let gap = self.faults.span(above..start);
        let mut fault = self
            .faults
            .error(code::MISSING, start..start + 1, "a value stands on the line of its key")
            .label("move this up");
        if self.slice(above..start).trim().is_empty() {
            fault = fault.fix("put it behind the colon", gap, " ");
        }
        self.faults.push(fault);
        match inner.as_rule() {
            Rule::object => Value::Object(self.object(inner)),
            Rule::list => Value::List(self.list(inner)),
            _ => Value::Expr(self.expr(&inner)),
        }
    }

    pub(super) fn key(&mut self, node: &Node<'_>) -> Name {
        let written = self.written(node).to_owned();
        if self.mask.as_bytes().get(self.range(node).start) == Some(&b'"') {
            let text = self.plain(node);
            return Name { text: text.text, span: text.span };
        }
        if !written.is_ascii() || written.contains('-') {
            let span = self.span(node);
            let fault = self
                .faults
                .error(code::MALFORMED_NAME, self.range(node), format!("the key `{written}` needs quotes"))
                .fix(format!("write `\"{written}\"`"), span, format!("\"{written}\""));
            self.faults.push(fault);
        }
        Name { text: written.into(), span: self.span(node) }
    }

    pub(super) fn list(&mut self, node: Node<'_>) -> List {
        let span = self.span(&node);
        let mut items = Vec::new();
        for item in self.items(node) {
            match item.node.as_rule() {
                Rule::value => items.push(self.value(item.node)),
                _ => self.junk(item, Place::List),
            }
        }
        List { items, span }
    }

    /// Rhai statements between braces.
    pub(super) fn code(&mut self, node: Node<'_>) -> Code {
        let whole = self.range(&node);
        let range = if whole.len() >= 2 { whole.start + 1..whole.end - 1 } else { whole };
        let span = self.faults.span(range.clone());
        if range.len() > limit::EXPRESSION_BYTES_MAX {
            self.too_long(range, "this script");
            return Code { source: "".into(), span };
        }
        if self.is_unfit(range.clone()) {
            return Code { source: "".into(), span };
        }
        Code { source: self.slice(range).into(), span }
    }

    /// The parameter of a clause.
    pub(super) fn arg(&mut self, node: Node<'_>) -> Arg {
        let whole = self.span(&node);
        let mut parts = node.into_inner();
        let Some(first) = parts.next() else { return Arg::Expr(Expr::hole(whole)) };
        match parts.next() {
            Some(unit) if unit.as_rule() == Rule::mistaken_unit => return self.spelt_unit(&first, &unit),
            Some(_) => return self.long_arg(whole),
            None => {}
        }
        let (range, span) = (self.range(&first), self.span(&first));
        if first.as_rule() == Rule::percent {
            let number = self.slice(range.start..range.end - 1).replace('_', "");
            return Arg::Percent(number.parse().unwrap_or(0.0), span);
        }
        let written = self.written(&first).to_owned();
        match self.misspelt_number(&written, &first) {
            Some(meant) => Arg::Expr(Expr { source: meant.into(), span }),
            None => Arg::Expr(self.expr_at(range)),
        }
    }

    /// `timeout input.pause + 1s`
    fn long_arg(&mut self, span: Span) -> Arg {
        let written = self.slice(span.range()).to_owned();
        if !self.is_unfit(span.range()) {
            let fault = self
                .faults
                .error(
                    code::NEEDS_BRACKETS,
                    span.range(),
                    "the parameter of a clause is too long to stand without brackets",
                )
                .label("only a number, a duration, a text, a path or one call does")
                .fix(format!("write `({written})`"), span, format!("({written})"));
            self.faults.push(fault);
        }
        Arg::Expr(self.expr_at(span.range()))
    }

    /// `5 minutes`
    fn spelt_unit(&mut self, number: &Node<'_>, unit: &Node<'_>) -> Arg {
        let whole = self.range(number).start..self.range(unit).end;
        let span = self.faults.span(whole.clone());
        let written = self.written(number).to_owned();
        if let Some(unit) = unit_meant(self.written(unit)) {
            let right = format!("{written}{unit}");
            let fault = self
                .faults
                .error(code::MALFORMED_NUMBER, whole, "a duration is a number and its unit in one word")
                .fix(format!("write `{right}`"), span, right.clone());
            self.faults.push(fault);
            if right.parse::<Duration>().is_ok() {
                return Arg::Expr(Expr { source: right.into(), span });
            }
        }
        Arg::Expr(Expr::hole(span))
    }

    /// Reports a number with a unit nobody knows, and ISO 8601 durations; gives what is meant, or nothing that can be read.
    fn misspelt_number(&mut self, written: &str, node: &Node<'_>) -> Option<String> {
        let digits = written.trim_start_matches('-');
        let iso = digits.strip_prefix('P').is_some_and(|rest| {
            !rest.is_empty()
                && rest.chars().all(|c| c.is_ascii_digit() || "TYMWDHS".contains(c))
                && rest.contains(|c: char| c.is_ascii_digit())
        });
        let plain = |text: &str| text.chars().all(|c| c.is_ascii_digit() || c == '_' || c == '.');
        let exact = digits.starts_with("0x") || digits.starts_with("0b") || digits.starts_with("0o");
        let number = digits.starts_with(|c: char| c.is_ascii_digit()) && !plain(digits) && !exact;
        if !iso && (!number || digits.parse::<Duration>().is_ok() || digits.replace('_', "").parse::<f64>().is_ok()) {
            return None;
        }
        let span = self.span(node);
        let mut fault = self
            .faults
            .error(code::MALFORMED_NUMBER, self.range(node), format!("`{written}` is no duration"))
            .label("a duration is written `500ms`, `30s`, `5m`, `2h`, `3d`, `1w` or `1h30m`");
        let right = if iso { from_iso(digits) } else { respelt(digits) };
        if let Some(right) = &right {
            fault = fault.fix(format!("write `{right}`"), span, right.clone());
        }
        self.faults.push(fault);
        Some(right.unwrap_or_default())
    }
}

/// The unit that somebody means who writes `minutes` or `min`.
fn unit_meant(word: &str) -> Option<&'static str> {
    Some(match word.to_ascii_lowercase().as_str() {
        "ms" | "millis" | "millisecond" | "milliseconds" => "ms",
        "s" | "sec" | "secs" | "second" | "seconds" => "s",
        "m" | "min" | "mins" | "minute" | "minutes" => "m",
        "h" | "hr" | "hrs" | "hour" | "hours" => "h",
        "d" | "day" | "days" => "d",
        "w" | "week" | "weeks" => "w",
        _ => return None,
    })
}

/// `5min` as `5m`, and `1.5h` as `90m`.
fn respelt(digits: &str) -> Option<String> {
    let at = digits.find(|c: char| !c.is_ascii_digit() && c != '.' && c != '_')?;
    let (number, unit) = (digits[..at].replace('_', ""), unit_meant(&digits[at..])?);
    let exact = format!("{number}{unit}");
    if exact.parse::<Duration>().is_ok() {
        return Some(exact);
    }
    let unit: Duration = format!("1{unit}").parse().ok()?;
    let millis = number.parse::<f64>().ok()? * unit.0 as f64;
    ((0.0..9e15).contains(&millis) && millis.fract() == 0.0).then(|| Duration(millis as i64).to_string())
}

/// `PT1H30M` as `1h30m`.
fn from_iso(text: &str) -> Option<String> {
    let (days, time) = text.strip_prefix('P')?.split_once('T').unwrap_or((text.strip_prefix('P')?, ""));
    let right = format!("{days}{time}").to_ascii_lowercase();
    // `M` before the `T` is a month, which no duration holds.
    (!days.contains(['M', 'Y'])).then(|| right.parse::<Duration>().ok().map(|duration| duration.to_string()))?
}
