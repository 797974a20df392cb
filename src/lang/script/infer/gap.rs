//! What is known at a place of a script where a name is still to be written.

use std::sync::Arc;

use super::super::tree::{Kind, Node};
use super::{Expr, Infer};
use crate::base::shape::Shape;

/// What could stand where a name is still to be written, as far as the script alone knows.
#[derive(Clone, Debug)]
pub enum Gap {
    /// A field of a value of this type, or a function that takes it.
    Field(Shape),
    /// A name.
    Name {
        /// The variables of the script that are seen there, innermost last.
        locals: Vec<(Arc<str>, Shape)>,
        /// The type of what it is compared with.
        beside: Option<Shape>,
    },
}

impl Expr {
    /// What is known where the word `hole` stands in it; `read` is as in [`Expr::shape`].
    pub fn gap(&self, hole: &str, read: &dyn Fn(usize) -> Shape) -> Option<Gap> {
        self.inferred(read, Some(hole)).gap
    }
}

impl Infer<'_> {
    /// Notes what is known at a node, if it is what is looked for. The first visit says it: later ones know less.
    pub(super) fn look_for_gap(&mut self, node: &Node) {
        let Some(hole) = self.hole.filter(|_| self.gap.is_none()) else { return };
        match &node.kind {
            Kind::Slot { read, .. } => {
                let read = &self.found.reads[*read];
                if &*read.root == hole && read.path.is_empty() {
                    self.gap = Some(Gap::Name { locals: self.locals.clone(), beside: self.beside.take() });
                }
            }
            Kind::Binary { op: "==" | "!=", left, right, .. } => {
                let is_hole = |node: &Node| match &node.kind {
                    Kind::Slot { read, .. } => &*self.found.reads[*read].root == hole,
                    _ => false,
                };
                if is_hole(right) {
                    self.beside = Some(self.value(left));
                } else if is_hole(left) {
                    self.beside = Some(self.value(right));
                }
            }
            Kind::Field { of, name, .. } if &*name.text == hole => {
                let of = self.value(of);
                self.gap = Some(Gap::Field(of));
            }
            _ => {}
        }
    }

    /// Visits what the type does not hang on, and the gap may be in: what functions are given, conditions, targets.
    pub(super) fn look_below(&mut self, node: &Node) {
        // Once each: closures in closures would otherwise be visited again and again.
        if self.hole.is_none() || self.gap.is_some() || !self.looked.insert((node.span, node.depth)) {
            return;
        }
        match &node.kind {
            Kind::Closure { .. } => {
                self.of_closure(Some(node), []);
            }
            Kind::Call { args, .. } | Kind::Method { args, .. } => args.iter().for_each(|arg| {
                self.node(arg);
            }),
            Kind::While { condition, .. } | Kind::Do { condition, .. } => {
                self.node(condition);
            }
            Kind::Assign { target, .. } => {
                self.node(target);
            }
            Kind::Switch { arms, .. } => arms.iter().filter_map(|arm| arm.guard.as_ref()).for_each(|guard| {
                self.node(guard);
            }),
            Kind::Range { from, to, .. } => from.iter().chain(to).for_each(|end| {
                self.node(end);
            }),
            Kind::Function { params, body, .. } => {
                let around = std::mem::take(&mut self.locals);
                self.locals = params.iter().map(|param| (param.text.clone(), Shape::Any)).collect();
                self.node(body);
                self.locals = around;
            }
            _ => {}
        }
    }
}
