//! What goes round, or runs against each other: `for`, `while`, `repeat`, `race`, `lock`.

use super::super::ast::{Action, Arg, Branch, Expr, For, ForSource, Lock, Race, Repeat, Runners, Step, While};
use super::super::code;
use super::super::grammar::{Node, Rule};
use super::Builder;
use super::step::Label;

impl Builder<'_> {
    /// What stands behind `for`; also of a race.
    pub(super) fn for_head(&mut self, node: &Node<'_>, parallel: bool) -> Option<For> {
        let owner = node;
        let head = node.clone().into_inner().find(|part| part.as_rule() == Rule::for_head)?;
        let (mut item, mut source, mut max, mut tolerate, mut junk) = (None, None, None, None, false);
        for part in head.clone().into_inner() {
            match part.as_rule() {
                Rule::name => item = Some(self.name(&part)),
                Rule::expr => source = Some(ForSource::Items(self.expr(&part))),
                Rule::stream => source = self.stream(part).map(|step| ForSource::Stream(Box::new(step))),
                Rule::limits => (max, tolerate) = self.limits(part),
                Rule::junk_head => {
                    junk = true;
                    self.header_junk(&part, "for");
                }
                _ => {}
            }
        }
        if !junk && (item.is_none() || source.is_none()) {
            self.missing(
                owner,
                "this `for` is not complete",
                "write `for item in items { ... }` or `for row from sql.query { ... } { ... }`",
            );
        }
        let block = self.block_in(&head);
        let body = self.body(block, owner, "this `for`");
        let span = self.span(&head);
        let source = source.filter(|_| !junk).unwrap_or_else(|| ForSource::Items(Expr::hole(span.before())));
        match item {
            Some(item) => Some(For { parallel, item, source, max, tolerate, body }),
            None => {
                self.poison_steps(&body);
                None
            }
        }
    }

    fn stream(&mut self, node: Node<'_>) -> Option<Step> {
        let (span, head) = (self.span(&node), self.head(&node));
        let head = self.faults.span(head);
        let call = self.call(node)?;
        Some(call.into_step(Label { doc: None, name: None, ty: None }, span, head))
    }

    /// `max N` and `tolerate N`.
    fn limits(&mut self, node: Node<'_>) -> (Option<Arg>, Option<Arg>) {
        let (mut max, mut tolerate) = (None, None);
        for limit in node.into_inner() {
            let tolerates = limit.clone().into_inner().any(|part| part.as_rule() == Rule::kw_tolerate);
            if tolerates {
                tolerate =
                    self.only_arg(limit, "tolerate", "a number, a percentage or `all`", "tolerate 5%").map(|arg| {
                        match arg {
                            Arg::Expr(expr) if &*expr.source == "all" => Arg::All(expr.span),
                            other => other,
                        }
                    });
            } else {
                max = self.limit(limit);
            }
        }
        (max, tolerate)
    }

    pub(super) fn limit(&mut self, node: Node<'_>) -> Option<Arg> {
        self.only_arg(node, "max", "a number", "max 10")
    }

    pub(super) fn while_(&mut self, node: &Node<'_>) -> Action {
        let condition = self.condition(node, "while", "while vars.cursor != () max 500 { ... }");
        let limits = node.clone().into_inner().find(|part| part.as_rule() == Rule::limits);
        let max = limits.and_then(|limits| self.limits(limits).0);
        let block = self.block_in(node);
        Action::While(While { condition, max, body: self.body(block, node, "this `while`") })
    }

    pub(super) fn repeat(&mut self, node: &Node<'_>) -> Action {
        let (mut every, mut max) = (None, None);
        for part in node.clone().into_inner() {
            match part.as_rule() {
                Rule::every => every = self.every(part),
                Rule::limit => max = self.limit(part),
                Rule::junk_head => self.header_junk(&part, "repeat"),
                _ => {}
            }
        }
        let block = self.block_in(node);
        Action::Repeat(Repeat { every, max, body: self.body(block, node, "this `repeat`") })
    }

    pub(super) fn every(&mut self, node: Node<'_>) -> Option<Arg> {
        self.only_arg(node, "every", "a duration", "every 10s")
    }

    pub(super) fn lock(&mut self, node: &Node<'_>) -> Option<Action> {
        let (mut key, mut max) = (None, None);
        for part in node.clone().into_inner() {
            match part.as_rule() {
                Rule::arg => key = Some(self.arg(part)),
                Rule::limits => max = self.limits(part).0,
                Rule::junk_head => self.header_junk(&part, "lock"),
                _ => {}
            }
        }
        if key.is_none() {
            self.missing(node, "this `lock` does not say what it locks", "write `lock \"crm\" max 3 { ... }`");
        }
        let block = self.block_in(node);
        let body = self.body(block, node, "this `lock`");
        let key = key.unwrap_or_else(|| Arg::Expr(Expr::hole(body.span.before())));
        Some(Action::Lock(Lock { key, max, body }))
    }

    pub(super) fn race(&mut self, node: &Node<'_>) -> Option<Action> {
        let (mut wins, mut runners) = (None, None);
        for part in node.clone().into_inner() {
            match part.as_rule() {
                Rule::arg => wins = Some(self.arg(part)),
                Rule::junk_head => self.header_junk(&part, "race"),
                Rule::race_for => {
                    let turns = self.for_head(&part, false)?;
                    let items = match turns.source {
                        ForSource::Items(items) => items,
                        ForSource::Stream(call) => {
                            let fault = self
                                .faults
                                .error(code::MISPLACED, call.span.range(), "a race does not stream its runners")
                                .hint("call the operation in a step of its own and write `race for x in STEP { ... }`");
                            self.faults.push(fault);
                            Expr::hole(call.span)
                        }
                    };
                    runners = Some(Runners::Items { item: turns.item, items, max: turns.max, body: turns.body });
                }
                Rule::race_body => runners = Some(Runners::Branches(self.branches(part))),
                Rule::race_below => runners = self.below(part).map(|body| Runners::Branches(self.branches(body))),
                _ => {}
            }
        }
        if runners.is_none() {
            self.missing(node, "nobody takes part in this race", "write `race { branch a { ... }, branch b { ... } }`");
        }
        Some(Action::Race(Race { wins, runners: runners.unwrap_or(Runners::Branches(Vec::new())) }))
    }

    fn branches(&mut self, node: Node<'_>) -> Vec<Branch> {
        let mut branches = Vec::new();
        for item in self.items(node) {
            if item.node.as_rule() == Rule::branch {
                branches.extend(self.branch(item.node));
                continue;
            }
            let (head, known) = (self.head(&item.node), !super::is_junk(item.node.as_rule()));
            if known {
                let fault = self
                    .faults
                    .error(code::MISPLACED, head, "a race consists of branches")
                    .hint("put it into a branch: `branch NAME { ... }`");
                self.faults.push(fault);
            }
            self.item(item);
        }
        branches
    }

    fn branch(&mut self, node: Node<'_>) -> Option<Branch> {
        let (span, owner) = (self.span(&node), node.clone());
        let mut name = None;
        for part in node.into_inner() {
            match part.as_rule() {
                Rule::name => name = Some(self.name(&part)),
                Rule::mistaken_title => name = self.title_for_name(&part),
                Rule::junk_head => self.header_junk(&part, "branch"),
                _ => {}
            }
        }
        if name.is_none() {
            self.missing(&owner, "this branch has no name", "write `branch NAME { ... }`");
        }
        let block = self.block_in(&owner);
        let body = self.body(block, &owner, "this branch");
        Some(Branch { name: name?, body, span })
    }
}
