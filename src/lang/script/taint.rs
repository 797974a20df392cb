//! Whether a secret may be in what an expression gives.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::expr::Expr;
use super::library::Library;
use super::resolve::Setting;
use super::stack;
use super::tree::{Kind, Node};

/// Functions whose result says nothing about the secret that went in.
const ONE_WAY: [&str; 5] = ["hmac", "sha256", "len", "blank", "contains"];

impl Expr {
    /// Whether a secret may be in its value, if those paths hold one of which `read` says so by their number in
    /// [`Expr::reads`]. What is only compared, counted or digested does not give it away.
    pub fn may_give_secret(&self, read: &dyn Fn(usize) -> bool) -> bool {
        let (tree, found) = self.tree();
        let reads: Vec<bool> = (0..found.reads.len()).map(read).collect();
        let taint = Taint { reads: &reads, settings: &found.settings, library: self.library() };
        stack::with_room(self.text(), || taint.of(tree, &mut BTreeSet::new()))
    }
}

struct Taint<'a> {
    /// Which of the paths hold one.
    reads: &'a [bool],
    /// The settings that are read, by their places.
    settings: &'a [Setting],
    library: &'a Library,
}

impl Taint<'_> {
    /// `seen` are the functions on the way here.
    fn of(&self, node: &Node, seen: &mut BTreeSet<Arc<str>>) -> bool {
        match &node.kind {
            Kind::Slot { read, .. } => self.reads.get(*read).copied().unwrap_or_default(),
            Kind::Setting(at) => self.settings.get(*at).is_some_and(|setting| setting.secret),
            Kind::Binary { op: "==" | "!=" | "<" | ">" | "<=" | ">=" | "in" | "!in" | "&&" | "||", .. }
            | Kind::Unary { op: "!", .. } => false,
            Kind::If { then, otherwise, .. } => {
                self.of(then, seen) || otherwise.as_ref().is_some_and(|otherwise| self.of(otherwise, seen))
            }
            Kind::Call { name, .. } | Kind::Method { name, .. } if ONE_WAY.contains(&&*name.text) => false,
            Kind::Call { name, .. } if self.in_function(&name.text, seen) => true,
            kind => {
                let mut found = false;
                kind.each_child(&mut |child| found = found || self.of(child, seen));
                found
            }
        }
    }

    /// Whether a function of the program gives a secret of its own.
    fn in_function(&self, name: &Arc<str>, seen: &mut BTreeSet<Arc<str>>) -> bool {
        let Some(body) = self.library.body(name).filter(|_| seen.insert(name.clone())) else { return false };
        Taint { reads: &[], settings: self.library.settings(), library: self.library }.of(body, seen)
    }
}
