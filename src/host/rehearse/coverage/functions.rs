//! The `fn`s that what was reached names: a journal does not tell of them, but of whoever calls them.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::reached::Reached;
use crate::base::span::Span;
use crate::lang::plan::connector::Operation;
use crate::lang::plan::test::{Act, Answer, Mock, Test};
use crate::lang::plan::workflow::Functions as Known;
use crate::lang::plan::{Formula, Package, Plan, Script, visit};
use crate::lang::script::Origin;

/// The `fn`s that were named, by the places of their names.
#[derive(Default)]
pub struct Functions {
    /// Where the name of each stands.
    pub called: BTreeSet<Span>,
}

/// Every `fn` of a package: its name, and where that stands.
pub fn all(package: &Package) -> impl Iterator<Item = (Arc<str>, Span)> {
    let known = package.plans.values().map(|plan| &plan.functions).chain([&package.functions]);
    known.flat_map(|known| &known.sources).map(|function| (function.name.clone(), function.name_span))
}

impl Functions {
    /// What a run of `plan` names that reached so much.
    pub fn run(&mut self, plan: &Plan, reached: &Reached<'_>) {
        let known = &plan.functions;
        visit::head(plan, &mut |script| self.script(known, script));
        visit::body(&plan.body, &mut |script| self.script(known, script));
        let nodes = reached.nodes.iter().map(|node| plan.node(*node));
        nodes.for_each(|node| visit::node(node, &mut |script| self.script(known, script)));
        let handlers = reached.handlers.iter().filter_map(|handler| plan.handlers.get(handler.0 as usize));
        handlers.for_each(|handler| visit::handler(handler, &mut |script| self.script(known, script)));
    }

    /// What a test names itself.
    pub fn test(&mut self, package: &Package, test: &Test) {
        let known = &package.functions;
        let mut formula = |formula: &Formula| visit::formula(formula, &mut |script| self.script(known, script));
        [&test.input, &test.trigger, &test.state].into_iter().flatten().for_each(&mut formula);
        for act in &test.acts {
            match act {
                Act::Signal { payload, .. } | Act::Event { payload, .. } => formula(payload),
                Act::Advance(..) | Act::Cancel(_) | Act::Expect(_) => {}
            }
        }
        for reply in test.mocks.iter().flat_map(|Mock { replies, .. }| replies) {
            if let Answer::Value(value) = &reply.answer {
                formula(value);
            }
        }
        for act in &test.acts {
            if let Act::Expect(script) = act {
                self.script(known, script);
            }
        }
    }

    /// What an operation names.
    pub fn operation(&mut self, package: &Package, operation: &Operation) {
        visit::operation(operation, &mut |script| self.script(&package.functions, script));
    }

    fn script(&mut self, known: &Known, script: &Script) {
        let expr = script.compiled(known.library());
        let known = script.home.as_deref().unwrap_or(known);
        expr.functions_called().iter().for_each(|called| self.function(known, &called.name));
    }

    fn function(&mut self, known: &Known, name: &str) {
        let Some(function) = known.sources.iter().find(|function| *function.name == *name) else { return };
        if self.called.insert(function.name_span) {
            let called = known.library().called_in(name).iter().filter(|called| called.origin == Origin::Program);
            called.for_each(|called| self.function(known, &called.name));
        }
    }
}
