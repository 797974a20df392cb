//! `parallel`: what waits for what, read off the text.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::block::{Owner, is_late, span};
use super::checker::Checker;
use super::code;
use super::names::{Binding, Kind};
use super::walk::{self, Seen};
use crate::base::diagnostic::Diagnostic;
use crate::base::shape::Shape;
use crate::base::span::Span;
use crate::lang::script::{Form, Key};
use crate::lang::syntax::ast::{Action, Block, Item, Runners, Step};

impl<'a> Checker<'a> {
    /// The items of a `parallel`: first who waits for whom, then each behind those it waits for.
    pub fn parallel_items(&mut self, block: &'a Block) {
        let items = &block.items;
        let made: Vec<Vec<(Arc<str>, Span)>> = items.iter().map(|item| self.made_by(item)).collect();
        let mut makers: BTreeMap<Arc<str>, Vec<usize>> = BTreeMap::new();
        for (index, names) in made.iter().enumerate() {
            for (name, _) in names {
                makers.entry(name.clone()).or_default().push(index);
            }
        }
        let mut waits: Vec<BTreeMap<usize, Span>> = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            let mut found = BTreeMap::new();
            // Handlers and the output belong to the block, not to its course.
            if !is_late(item) {
                for (name, place) in self.mentioned_by(item) {
                    for maker in makers.get(&name).into_iter().flatten() {
                        if *maker != index {
                            found.entry(*maker).or_insert(place);
                        }
                    }
                }
            }
            waits.push(found);
        }
        let order = self.order(items, &waits, &made);
        self.checked.orders.insert(block.span, waits.iter().map(|waits| waits.keys().copied().collect()).collect());
        let order: Vec<usize> = order.into_iter().filter(|index| !is_late(&items[*index])).collect();
        let bodies: Vec<&'a Item> = order.iter().map(|index| &items[*index]).collect();
        self.sets_apart(&bodies, &|earlier, later| waits_for(&waits, order[later], order[earlier]));
        let (concurrent, before) = (self.here.concurrent, self.here.tested.len());
        self.here.concurrent = true;
        for index in order {
            self.item(&items[index], Owner::Parallel);
        }
        self.here.concurrent = concurrent;
        self.here.tested.truncate(before);
    }

    /// An order in which each item comes behind those it waits for; a cycle is reported and cut.
    fn order(
        &mut self,
        items: &'a [Item],
        waits: &[BTreeMap<usize, Span>],
        made: &[Vec<(Arc<str>, Span)>],
    ) -> Vec<usize> {
        let mut order = Vec::with_capacity(items.len());
        let mut placed = vec![false; items.len()];
        let mut left: Vec<usize> = waits.iter().map(BTreeMap::len).collect();
        let mut waiting: Vec<Vec<usize>> = vec![Vec::new(); items.len()];
        for (index, found) in waits.iter().enumerate() {
            found.keys().for_each(|maker| waiting[*maker].push(index));
        }
        let mut ready: BTreeSet<usize> = (0..items.len()).filter(|index| left[*index] == 0).collect();
        loop {
            while let Some(index) = ready.pop_first() {
                placed[index] = true;
                order.push(index);
                for next in &waiting[index] {
                    left[*next] = left[*next].saturating_sub(1);
                    if left[*next] == 0 && !placed[*next] {
                        ready.insert(*next);
                    }
                }
            }
            let Some(first) = (0..items.len()).find(|index| !placed[*index]) else { return order };
            // Everything left waits for something left, so walking back along the waits must meet itself.
            let mut way = vec![first];
            let cycle = loop {
                let here = way[way.len() - 1];
                let Some(next) = waits[here].keys().copied().find(|maker| !placed[*maker]) else { break way };
                if let Some(at) = way.iter().position(|seen| *seen == next) {
                    break way.split_off(at);
                }
                way.push(next);
            };
            self.cycle(items, waits, made, &cycle);
            // The members keep their places, so that nobody is told that they do not exist.
            for index in &cycle {
                for (name, place) in &made[*index] {
                    let binding =
                        Binding { kind: Kind::Step, placeholder: true, ..Binding::local(name, *place, Shape::Any) };
                    self.names.push(binding);
                }
            }
            for index in cycle {
                if !placed[index] {
                    left[index] = 0;
                    ready.insert(index);
                }
            }
        }
    }

    fn cycle(
        &mut self,
        items: &[Item],
        waits: &[BTreeMap<usize, Span>],
        made: &[Vec<(Arc<str>, Span)>],
        cycle: &[usize],
    ) {
        let name = |index: usize| made[index].last().map_or_else(|| "this".to_owned(), |(name, _)| format!("`{name}`"));
        let mut way: Vec<String> = cycle.iter().map(|index| name(*index)).collect();
        way.push(name(cycle[0]));
        let message = format!("these steps wait for each other: {}", way.join(" -> "));
        let mut diagnostic = Diagnostic::error(code::CYCLE, span(&items[cycle[0]]), message);
        for (at, index) in cycle.iter().enumerate() {
            let next = cycle[(at + 1) % cycle.len()];
            if let Some(place) = waits[*index].get(&next) {
                diagnostic = diagnostic.also(*place, format!("{} waits for {}", name(*index), name(next)));
            }
        }
        self.report(diagnostic.hint("take one of these references out, or put the steps one after the other"));
    }

    /// The names that an item makes for its siblings.
    fn made_by(&self, item: &'a Item) -> Vec<(Arc<str>, Span)> {
        let mut names = Vec::new();
        match item {
            Item::Step(step) => self.made_by_step(step, &mut names),
            Item::Let(binding) => names.push((binding.name.text.clone(), binding.name.span)),
            _ => {}
        }
        names
    }

    /// Steps in bodies first, the step itself last.
    fn made_by_step(&self, step: &'a Step, names: &mut Vec<(Arc<str>, Span)>) {
        let inner = |block: &'a Block, names: &mut Vec<(Arc<str>, Span)>| {
            for item in &block.items {
                if let Item::Step(step) = item {
                    self.made_by_step(step, names);
                }
            }
        };
        match &step.action {
            Action::Sequence(body) | Action::Parallel(body) => inner(body, names),
            Action::If(branches) => {
                branches.arms.iter().for_each(|(_, body)| inner(body, names));
                branches.otherwise.iter().for_each(|body| inner(body, names));
            }
            Action::Match(branches) => branches.arms.iter().for_each(|arm| inner(&arm.body, names)),
            Action::For(turns) => inner(&turns.body, names),
            Action::While(turns) => inner(&turns.body, names),
            Action::Repeat(turns) => inner(&turns.body, names),
            Action::Race(race) => match &race.runners {
                Runners::Branches(branches) => branches.iter().for_each(|branch| inner(&branch.body, names)),
                Runners::Items { body, .. } => inner(body, names),
            },
            Action::Lock(lock) => inner(&lock.body, names),
            Action::Call(_) | Action::Start(_) | Action::Script(_) | Action::Ask(_) | Action::Wait(_) => {}
        }
        if let Some(name) = self.step_name(step) {
            names.push((name, step.span));
        }
    }

    /// The names that anything in an item refers to, with the first place of each.
    fn mentioned_by(&mut self, item: &'a Item) -> Vec<(Arc<str>, Span)> {
        let mut exprs: Vec<(Arc<str>, Span, Form)> = Vec::new();
        let mut names: Vec<(Arc<str>, Span)> = Vec::new();
        walk::item(item, &mut |found| match found {
            Seen::Expr(expr) => exprs.push((expr.source.clone(), expr.span, Form::Expression)),
            Seen::Code(code) => exprs.push((code.source.clone(), code.span, Form::Block)),
            Seen::After(name) => names.push((name.text.clone(), name.span)),
            _ => {}
        });
        for (source, place, form) in exprs {
            let Some(compiled) = self.compile(&source, place, form) else { continue };
            for read in compiled.reads() {
                match read.path.first().map(|segment| &segment.key) {
                    Some(Key::Field(name)) if &*read.root == "steps" => names.push((name.clone(), read.span)),
                    _ => names.push((read.root.clone(), read.span)),
                }
            }
        }
        names
    }
}

/// Whether item `one` waits for item `other`, perhaps by way of others.
fn waits_for(waits: &[BTreeMap<usize, Span>], one: usize, other: usize) -> bool {
    let mut seen = BTreeSet::from([one]);
    let mut open = vec![one];
    while let Some(here) = open.pop() {
        for next in waits[here].keys() {
            if *next == other {
                return true;
            }
            if seen.insert(*next) {
                open.push(*next);
            }
        }
    }
    false
}
