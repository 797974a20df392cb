//! What of a plan tests can reach.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{Mark, What};
use crate::base::span::{Sources, Span};
use crate::lang::plan::handler::HandlerAction;
use crate::lang::plan::node::{Kind, Runners};
use crate::lang::plan::{Body, Branch, Moment, NodeId, Plan};

/// A place that can be reached, and how people know it where its own text does not say.
pub struct Point {
    /// What it is, and where.
    pub mark: Mark,
    /// What it is called; its own line, where nothing else is said.
    pub called: Option<Arc<str>>,
}

/// What of `plan` can be reached, in the order of its nodes.
pub fn points(plan: &Plan, sources: &Sources) -> Vec<Point> {
    let point = |what, span, called| Point { mark: Mark { what, span }, called };
    let undoes: BTreeSet<NodeId> = plan.nodes.iter().filter_map(|node| node.clauses.undo).collect();
    let told: BTreeSet<NodeId> = plan.handlers.iter().filter_map(|handler| notified(&handler.action)).collect();
    let mut points = Vec::new();
    for node in &plan.nodes {
        if undoes.contains(&node.id) {
            let called = format!("undo {}", sources.text(node.span)).into();
            points.push(point(What::Undo, node.span, Some(called)));
        } else if !told.contains(&node.id) {
            points.push(point(What::Step, node.span, None));
        }
        for (number, branch) in arms(&node.kind) {
            points.push(point(What::Branch, branch.span, Some(written(&node.kind, number, &branch.name))));
        }
        points.extend(node.clauses.meanwhile.iter().map(|clause| point(What::Handler, clause.span, None)));
    }
    // What an undo does by itself when it fails is written nowhere: it has the place of its step.
    let starts: BTreeSet<_> = plan.nodes.iter().map(|node| (node.span.file.0, node.span.start)).collect();
    let own = plan.handlers.iter().filter(|one| !starts.contains(&(one.span.file.0, one.span.start)));
    points.extend(own.map(|handler| point(What::Handler, handler.span, None)));
    for moment in Moment::ALL {
        let heads = plan.lifecycle(moment).iter().filter_map(|body| head(plan, body, moment, sources));
        points.extend(heads.map(|span| point(What::Handler, span, Some(moment.word().into()))));
    }
    points
}

/// The arms of which one or some are taken, by the numbers that the journal has for them.
pub fn arms(kind: &Kind) -> Vec<(u32, &Branch)> {
    let branches: Vec<&Branch> = match kind {
        Kind::If { arms, otherwise } => arms.iter().map(|(_, branch)| branch).chain(otherwise).collect(),
        Kind::Match { arms, .. } => arms.iter().map(|arm| &arm.branch).collect(),
        Kind::Race(race) => match &race.runners {
            Runners::Branches(branches) => branches.iter().collect(),
            Runners::Items { .. } => Vec::new(),
        },
        _ => Vec::new(),
    };
    (0u32..).zip(branches).collect()
}

/// An arm as it is written: what leads into it.
fn written(kind: &Kind, number: u32, name: &str) -> Arc<str> {
    match kind {
        Kind::If { arms, .. } if (number as usize) < arms.len() => format!("if {name}").into(),
        Kind::Match { .. } => format!("{name} =>").into(),
        Kind::Race(_) => format!("branch {name}").into(),
        _ => name.into(),
    }
}

/// Where a body at the end of the run begins with its word; one without statements does nothing that could be reached.
pub fn head(plan: &Plan, body: &Body, moment: Moment, sources: &Sources) -> Option<Span> {
    let first = plan.node(*body.statements.first()?).span;
    let text = &sources.get(first.file).text;
    let at = text.get(..first.start as usize)?.rfind(moment.word())?;
    Some(Span::new(first.file, at..at + moment.word().len()))
}

fn notified(action: &HandlerAction) -> Option<NodeId> {
    match action {
        HandlerAction::Notify(call) => Some(*call),
        _ => None,
    }
}
