//! Blocks: choices, loops, races, locks.

use super::super::body::{Arm, Branch, Pattern};
use super::super::formula::Formula;
use super::super::handler::Link;
use super::super::node::{For, ForSource, Kind, NodeId, Race, Runners, Tolerance};
use super::super::written::shortened;
use super::super::{Body, Slot};
use super::builder::{Builder, Scope};
use super::step::Role;
use crate::base::span::Span;
use crate::base::value::Value;
use crate::lang::syntax::ast::{self, Action, Step};

impl Builder<'_> {
    /// What a block does. `behind` are the handlers behind it; they act on the block, which shields what is inside from
    /// the handlers further out (semantics 14).
    pub(super) fn block(&mut self, step: &Step, scope: Scope, id: NodeId, behind: Option<&[Link]>, unit: bool) -> Kind {
        let shielded = match behind {
            Some(_) => self.chain(&[Link::Shield(id)], scope.units),
            None => scope.units,
        };
        // Each turn and each branch is a unit of its own, to which its statements belong.
        let turn = Scope::unit(shielded);
        let inside = match behind {
            Some(links) => Scope { units: shielded, own: self.chain(links, scope.units) },
            None if unit => turn,
            None => scope,
        };
        match &step.action {
            Action::Sequence(block) => Kind::Sequence(self.grouped(block, inside, unit)),
            Action::Parallel(block) => Kind::Parallel(self.grouped(block, inside, unit)),
            Action::If(choice) => self.labelled_if(unit, |builder| builder.choice(choice, inside)),
            Action::Match(choice) => self.labelled_if(unit, |builder| builder.match_(choice, inside)),
            Action::Lock(lock) => Kind::Lock {
                key: self.values.arg(&lock.key),
                places: lock.max.as_ref().map_or(Formula::Constant(Value::Int(1)), |max| self.values.arg(max)),
                body: self.grouped(&lock.body, inside, unit),
            },
            Action::For(each) => Kind::For(self.for_(each, turn)),
            Action::While(each) => Kind::While {
                condition: self.values.script(&each.condition),
                max: each.max.as_ref().map(|max| self.values.arg(max)),
                body: self.opening(&each.body, turn),
                gathers: self.gathers([each.body.span]),
            },
            Action::Repeat(each) => Kind::Repeat {
                every: each.every.as_ref().map(|every| self.values.arg(every)),
                max: each.max.as_ref().map(|max| self.values.arg(max)),
                body: self.opening(&each.body, turn),
                gathers: self.gathers([each.body.span]),
            },
            Action::Race(race) => Kind::Race(self.race(race, turn)),
            Action::Call(_) | Action::Start(_) | Action::Script(_) | Action::Ask(_) | Action::Wait(_) => {
                unreachable!("only blocks are lowered here: `kind` tells them from calls")
            }
        }
    }

    fn labelled_if<T>(&mut self, unit: bool, build: impl FnOnce(&mut Self) -> T) -> T {
        if unit { self.labelled(build) } else { build(self) }
    }

    /// A body that opens no frame.
    fn grouped(&mut self, block: &ast::Block, scope: Scope, unit: bool) -> Body {
        self.labelled_if(unit, |builder| builder.body(block, scope))
    }

    fn choice(&mut self, choice: &ast::If, scope: Scope) -> Kind {
        let mut arms = Vec::new();
        for (condition, block) in &choice.arms {
            let name = shortened(&condition.source).into();
            let condition = self.values.script(condition);
            arms.push((condition, Branch { name, span: block.span, body: self.grouped(block, scope, false) }));
        }
        let otherwise = choice.otherwise.as_ref().map(|block| Branch {
            name: "else".into(),
            span: block.span,
            body: self.grouped(block, scope, false),
        });
        Kind::If { arms, otherwise }
    }

    fn match_(&mut self, choice: &ast::Match, scope: Scope) -> Kind {
        let subject = self.values.script(&choice.subject);
        let mut arms = Vec::new();
        for arm in &choice.arms {
            let names: Vec<String> = arm.patterns.iter().map(pattern_text).collect();
            let guard = arm.guard.as_ref().map(|guard| format!(" if {}", guard.source)).unwrap_or_default();
            arms.push(Arm {
                patterns: arm.patterns.iter().map(|pattern| self.pattern(pattern)).collect(),
                guard: arm.guard.as_ref().map(|guard| self.values.script(guard)),
                branch: Branch {
                    name: shortened(&format!("{}{guard}", names.join(" | "))).into(),
                    span: arm.span,
                    body: self.grouped(&arm.body, scope, false),
                },
            });
        }
        Kind::Match { subject, arms }
    }

    fn pattern(&self, pattern: &ast::Pattern) -> Pattern {
        let literal = |expr: &ast::Expr| self.values.expr(expr).constant().cloned();
        match pattern {
            ast::Pattern::Literal(expr) => Pattern::Literal(literal(expr).unwrap_or_default()),
            ast::Pattern::Range { from, to, inclusive, .. } => Pattern::Range {
                from: from.as_ref().and_then(literal),
                to: to.as_ref().and_then(literal),
                inclusive: *inclusive,
            },
            ast::Pattern::List(items, _) => Pattern::List(items.iter().map(|item| self.pattern(item)).collect()),
            ast::Pattern::Name(name) => Pattern::Name(self.place(name.span)),
            ast::Pattern::Any(_) => Pattern::Any,
        }
    }

    fn for_(&mut self, each: &ast::For, turn: Scope) -> For {
        let source = match &each.source {
            ast::ForSource::Items(items) => ForSource::Items(self.values.script(items)),
            ast::ForSource::Stream(call) => {
                ForSource::Stream(self.labelled(|builder| builder.call(call, turn, Role::Stream)))
            }
        };
        let tolerate = each.tolerate.as_ref().map(|tolerate| match tolerate {
            ast::Arg::All(_) => Tolerance::All,
            ast::Arg::Percent(percent, _) => Tolerance::Percent(*percent),
            ast::Arg::Expr(count) => Tolerance::Count(self.values.expr(count)),
        });
        For {
            parallel: each.parallel,
            name: each.item.text.clone(),
            item: self.place(each.item.span),
            source,
            max: each.max.as_ref().map(|max| self.values.arg(max)),
            tolerate,
            body: self.opening(&each.body, turn),
            gathers: self.gathers([each.body.span]),
        }
    }

    fn race(&mut self, race: &ast::Race, turn: Scope) -> Race {
        let wins = race.wins.as_ref().map(|wins| self.values.arg(wins));
        match &race.runners {
            ast::Runners::Branches(branches) => Race {
                wins,
                gathers: self.gathers(branches.iter().map(|branch| branch.body.span)),
                runners: Runners::Branches(
                    branches
                        .iter()
                        .map(|branch| Branch {
                            name: branch.name.text.clone(),
                            span: branch.name.span,
                            body: self.opening(&branch.body, turn),
                        })
                        .collect(),
                ),
            },
            ast::Runners::Items { item, items, max, body } => Race {
                wins,
                gathers: self.gathers([body.span]),
                runners: Runners::Items {
                    name: item.text.clone(),
                    item: self.place(item.span),
                    items: self.values.script(items),
                    max: max.as_ref().map(|max| self.values.arg(max)),
                    body: self.opening(body, turn),
                },
            },
        }
    }

    fn gathers(&self, frames: impl IntoIterator<Item = Span>) -> Vec<super::super::Gather> {
        let mut gathers = self.values.layout.gathers(frames);
        for gather in &mut gathers {
            gather.inner.depth += self.values.base;
            gather.outer.depth += self.values.base;
        }
        gathers
    }

    /// The place of an item or of a name in a pattern: these have one even if nobody reads them.
    fn place(&self, span: Span) -> Slot {
        self.slot(span).unwrap_or(Slot { depth: self.depth(span), index: 0 })
    }
}

fn pattern_text(pattern: &ast::Pattern) -> String {
    match pattern {
        ast::Pattern::Literal(expr) => expr.source.to_string(),
        ast::Pattern::Range { from, to, inclusive, .. } => {
            let end = |end: &Option<ast::Expr>| end.as_ref().map(|end| end.source.to_string()).unwrap_or_default();
            format!("{}..{}{}", end(from), if *inclusive { "=" } else { "" }, end(to))
        }
        ast::Pattern::List(items, _) => {
            format!("[{}]", items.iter().map(pattern_text).collect::<Vec<_>>().join(", "))
        }
        ast::Pattern::Name(name) => name.text.to_string(),
        ast::Pattern::Any(_) => "_".to_owned(),
    }
}
