//! What goes wrong in a `fn` of the program because of the types that a call gives it.

use std::sync::Arc;

use super::super::library;
use super::super::tree::{Kind, Node};
use super::{Infer, Wrong};
use crate::base::shape::Shape;
use crate::base::span::Span;
use crate::base::stack;
use crate::base::value::Value;

/// How many calls of one expression are followed into functions; those of one function with the same types count once.
const CALLS_MAX: usize = 16;

/// How deep a body may be to be followed without asking for room.
const DEPTH_MAX: usize = 12;

impl Infer<'_> {
    /// Follows a call of a function of the program; `given` are the types of its arguments.
    pub(super) fn follow_call(&mut self, name: &Arc<str>, given: &[Shape], call: Span) {
        let library = self.library;
        let Some((params, body)) = library.declared(name) else { return };
        let is_known = given.iter().any(|shape| *shape != Shape::Any);
        let is_followed = self.followed.iter().any(|(followed, types)| followed == name && types == given);
        // What stands inside of `try` may be meant.
        if !is_known || is_followed || self.tried > 0 || self.followed.len() >= CALLS_MAX || self.hole.is_some() {
            return;
        }
        self.followed.push((name.clone(), given.to_vec()));
        let mut inside = Infer::new(self.found, library, library.settings(), body);
        inside.followed = std::mem::take(&mut self.followed);
        inside.calls = self.calls + 1;
        for (at, param) in params.iter().enumerate() {
            inside.declare(&param.text, given.get(at).cloned().unwrap_or_default());
        }
        let deep = body.depth > DEPTH_MAX || inside.calls > 1;
        stack::with_room(deep, || drop(inside.node(body)));
        self.followed = inside.followed;
        self.wrong.extend(inside.wrong.into_iter().map(|wrong| Wrong::Called {
            name: name.clone(),
            given: given.to_vec(),
            call,
            wrong: wrong.into(),
        }));
    }
}

impl Infer<'_> {
    /// How much more what comes behind a condition may be meant for other values than those at hand: all of it in a `fn`,
    /// which is there for every call, and otherwise where the condition tells types apart.
    pub(super) fn meant(&self, condition: &Node) -> usize {
        usize::from(self.calls > 0 || tells_apart(condition))
    }

    /// Does `inner` as what may not come to run at all.
    pub(super) fn perhaps<T>(&mut self, inner: impl FnOnce(&mut Self) -> T) -> T {
        let more = usize::from(self.calls > 0);
        self.tried += more;
        let done = inner(self);
        self.tried -= more;
        done
    }

    /// Does `inner` for each item of `over`, of which a `fn` may be given none on purpose.
    pub(super) fn for_items<T>(&mut self, over: &Node, inner: impl FnOnce(&mut Self) -> T) -> T {
        if makes_up(over) { self.perhaps(inner) } else { inner(self) }
    }
}

/// The function that is meant where its bare name stands in the place of a closure.
pub(super) fn pointed(node: &Node) -> Option<Arc<str>> {
    let Kind::Call { name, args, .. } = &node.kind else { return None };
    match args.as_slice() {
        [Node { kind: Kind::Constant(Value::Text(pointed)), .. }] if &*name.text == "Fn" => {
            Some(library::demangled(pointed).into())
        }
        _ => None,
    }
}

/// Whether a condition asks of what type something is.
fn tells_apart(condition: &Node) -> bool {
    let mut apart = match &condition.kind {
        Kind::Call { name, .. } | Kind::Method { name, .. } => {
            matches!(&*name.text, "type_of" | "is_def_var" | "is_def_fn")
        }
        _ => false,
    };
    condition.kind.each_child(&mut |child| apart = apart || tells_apart(child));
    apart
}

/// Whether a value takes the place of an absent one somewhere in a node.
fn makes_up(node: &Node) -> bool {
    let mut makes = match &node.kind {
        Kind::Binary { op, .. } => *op == "??",
        Kind::Field { optional, .. } | Kind::Index { optional, .. } | Kind::Method { optional, .. } => *optional,
        _ => false,
    };
    node.kind.each_child(&mut |child| makes = makes || makes_up(child));
    makes
}
