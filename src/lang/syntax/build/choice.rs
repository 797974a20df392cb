//! `if` and `match`.

use super::super::ast::{Action, Arm, Block, Expr, If, Match, Pattern};
use super::super::code;
use super::super::grammar::{Node, Rule};
use super::Builder;
use super::junk::Place;

impl Builder<'_> {
    pub(super) fn if_(&mut self, node: &Node<'_>) -> Action {
        let (mut arms, mut otherwise) = (Vec::new(), None);
        for part in node.clone().into_inner() {
            match part.as_rule() {
                Rule::arm_if => arms.push(self.arm_if(part)),
                Rule::else_if => {
                    for inner in part.into_inner() {
                        match inner.as_rule() {
                            Rule::mistaken_elif => {
                                let (span, written) = (self.span(&inner), self.written(&inner).to_owned());
                                let fault = self
                                    .faults
                                    .error(code::FOREIGN_WORD, self.range(&inner), format!("there is no `{written}`"))
                                    .fix("write `else if`", span, "else if");
                                self.faults.push(fault);
                            }
                            Rule::arm_if => arms.push(self.arm_if(inner)),
                            _ => {}
                        }
                    }
                }
                Rule::else_ => {
                    if let Some(junk) = part.clone().into_inner().find(|inner| inner.as_rule() == Rule::junk_head) {
                        self.header_junk(&junk, "else");
                    }
                    let block = self.block_in(&part);
                    otherwise = Some(self.body(block, &part, "this `else`"));
                }
                _ => {}
            }
        }
        Action::If(If { arms, otherwise })
    }

    fn arm_if(&mut self, node: Node<'_>) -> (Expr, Block) {
        let condition = self.condition(&node, "if", "if order.total > 100 { ... }");
        let block = self.block_in(&node);
        let lost = block.is_none() && self.range(&node).is_empty();
        let body = if lost {
            Block { items: Vec::new(), span: self.span(&node) }
        } else {
            self.body(block, &node, "this `if`")
        };
        (condition, body)
    }

    /// The expression of a header, and what stands too much behind it.
    pub(super) fn condition(&mut self, node: &Node<'_>, keyword: &str, example: &str) -> Expr {
        let mut condition = None;
        let mut junk = false;
        for part in node.clone().into_inner() {
            match part.as_rule() {
                Rule::expr => condition = Some(self.expr(&part)),
                Rule::junk_head => {
                    junk = true;
                    self.header_junk(&part, keyword);
                }
                _ => {}
            }
        }
        // An expression with something too much behind it is only a part of what was meant.
        if junk && let Some(part) = &condition {
            return Expr::hole(part.span);
        }
        condition.unwrap_or_else(|| {
            let span = self.span(node);
            if !junk {
                let word = span.range().start.saturating_sub(keyword.len() + 1)..span.range().start;
                let place = if self.range(node).is_empty() || !self.mask.is_char_boundary(word.start) {
                    span.range()
                } else {
                    word
                };
                let fault = self
                    .faults
                    .error(code::MISSING, place, format!("this `{keyword}` has no condition"))
                    .hint(format!("write `{example}`"));
                self.faults.push(fault);
            }
            Expr::hole(span.before())
        })
    }

    pub(super) fn match_(&mut self, node: &Node<'_>) -> Action {
        let subject = self.condition(node, "match", "match order.country { \"DE\" => { ... }, _ => { ... } }");
        let mut arms = None;
        for part in node.clone().into_inner() {
            match part.as_rule() {
                Rule::match_body => arms = Some(self.arms(part)),
                Rule::match_below => arms = self.below(part).map(|body| self.arms(body)),
                _ => {}
            }
        }
        if arms.is_none() {
            self.missing(node, "this `match` has no arms", "write `match x { \"a\" => { ... }, _ => { ... } }`");
        }
        Action::Match(Match { subject, arms: arms.unwrap_or_default() })
    }

    fn arms(&mut self, node: Node<'_>) -> Vec<Arm> {
        let mut arms = Vec::new();
        for item in self.items(node) {
            match item.node.as_rule() {
                Rule::arm => arms.push(self.arm(item.node)),
                _ => self.junk(item, Place::Arms),
            }
        }
        arms
    }

    fn arm(&mut self, node: Node<'_>) -> Arm {
        let (span, owner) = (self.span(&node), node.clone());
        let (mut patterns, mut guard, mut body) = (Vec::new(), None, None);
        for part in node.into_inner() {
            match part.as_rule() {
                Rule::pattern => patterns.push(self.pattern(part)),
                Rule::arm_guard => {
                    if let Some(word) = part.clone().into_inner().find(|inner| inner.as_rule() == Rule::kw_when) {
                        self.replace(&word, code::FOREIGN_WORD, "the guard of an arm begins with `if`", "if");
                    }
                    guard = self.only_expr(part, "if", "x if x > 10 => { ... }");
                }
                Rule::mistaken_case => self.replace(&part, code::FOREIGN_WORD, "an arm begins with its pattern", ""),
                Rule::mistaken_arrow => {
                    self.replace(&part, code::FOREIGN_WORD, "between a pattern and its block stands `=>`", "=>")
                }
                Rule::block => body = Some(self.block(part)),
                Rule::block_below => body = self.below(part).map(|block| self.block(block)),
                Rule::arm_item => {
                    let place = self.span(&part);
                    let fault = self
                        .faults
                        .error(code::MISSING, self.head(&part), "an arm is a block")
                        .label("this stands without braces")
                        .hint("put `{ ... }` around it");
                    self.faults.push(fault);
                    let items = self.items(part).into_iter().filter_map(|item| self.item(item)).collect();
                    body = Some(Block { items, span: place });
                }
                _ => {}
            }
        }
        let body = self.body(body, &owner, "this arm");
        Arm { patterns, guard, body, span }
    }

    /// Reports a piece that is written otherwise here.
    pub(super) fn replace(&mut self, node: &Node<'_>, code: crate::base::diagnostic::Code, message: &str, right: &str) {
        let (span, written) = (self.span(node), self.written(node).to_owned());
        let advice = match (right.trim(), written.trim()) {
            ("", written) => format!("delete `{written}`"),
            (right, "") => format!("put `{right}` before it"),
            (right, written) => format!("write `{right}` instead of `{written}`"),
        };
        let fault = self.faults.error(code, self.range(node), message).fix(advice, span, right);
        self.faults.push(fault);
    }

    fn pattern(&mut self, node: Node<'_>) -> Pattern {
        let span = self.span(&node);
        let Some(form) = node.into_inner().next() else { return Pattern::Any(span) };
        match form.as_rule() {
            Rule::pattern_list => {
                let mut members = Vec::new();
                for item in self.items(form) {
                    match item.node.as_rule() {
                        Rule::pattern => members.push(self.pattern(item.node)),
                        _ => self.junk(item, Place::Patterns),
                    }
                }
                Pattern::List(members, span)
            }
            Rule::pattern_range => {
                let (mut from, mut to, mut inclusive, mut dots) = (None, None, false, false);
                for part in form.into_inner() {
                    match part.as_rule() {
                        Rule::pattern_end => *(if dots { &mut to } else { &mut from }) = Some(self.expr(&part)),
                        Rule::range_closed => (dots, inclusive) = (true, true),
                        _ => dots = true,
                    }
                }
                Pattern::Range { from, to, inclusive, span }
            }
            Rule::pattern_literal => Pattern::Literal(self.expr(&form)),
            _ => match form.as_str() {
                "_" => Pattern::Any(span),
                word @ ("default" | "else" | "otherwise") => {
                    let fault = self
                        .faults
                        .error(code::FOREIGN_WORD, span.range(), format!("`{word}` is no pattern"))
                        .fix("what fits anything is written `_`", span, "_");
                    self.faults.push(fault);
                    Pattern::Any(span)
                }
                _ => Pattern::Name(self.name(&form)),
            },
        }
    }
}
