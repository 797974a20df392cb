//! `set`: what may be set, to what.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::checker::Checker;
use super::code;
use super::mention::{Hole, Named};
use super::walk::{self, Seen};
use crate::base::diagnostic::Diagnostic;
use crate::base::shape::{Bounds, Fit, Lookup, Shape};
use crate::base::span::Span;
use crate::lang::syntax::ast::{Item, Set, Value};

impl<'a> Checker<'a> {
    pub fn set(&mut self, set: &'a Set) {
        let target = self.set_target(set);
        let what = format!("`{}`", set.target.dotted());
        let typed = match &target {
            Some(wanted) if !set.add => self.wanted(&set.value, wanted, &what),
            _ => self.value(&set.value),
        };
        if set.add
            && let Some(wanted) = target
        {
            self.added(&wanted, &typed.shape, &set.value, &what);
        }
        if typed.secret
            && let [root, name, ..] = &set.target.parts[..]
            && &*root.text == "vars"
        {
            self.course.secret_vars.insert(name.text.clone());
        }
        if typed.secret && set.target.parts.first().is_some_and(|root| &*root.text == "state") {
            self.leak(set.value.span(), "the state, which other runs and people see");
        }
    }

    /// What can be set here.
    fn settable(&self) -> Vec<(Arc<str>, Named, Shape)> {
        let known = ["vars", "state"].into_iter();
        known.filter_map(|word| Some((word.into(), Named::Scope, self.here.word(word)?.shape.clone()))).collect()
    }

    /// The type of what is set.
    fn set_target(&mut self, set: &Set) -> Option<Shape> {
        let (root, path) = set.target.parts.split_first()?;
        let whole = match &*root.text {
            "vars" | "state" => match self.here.word(&root.text) {
                Some(typed) => typed.shape.clone(),
                None => {
                    let (what, hint) = match &*root.text {
                        "vars" => ("`vars`", "declare it: `vars { name = value }`"),
                        _ => ("`state`", "declare it: `state { name: type = value }`"),
                    };
                    if !self.here.lenient {
                        let message = format!("this workflow has no {what}");
                        self.report(Diagnostic::error(code::SET_TARGET, root.span, message).hint(hint));
                    }
                    return None;
                }
            },
            other => {
                self.hole(other, |this| Hole::Name(this.settable()));
                let message = format!("`{other}` cannot be set: only `vars` and `state` can");
                let mut diagnostic = Diagnostic::error(code::SET_TARGET, set.target.span, message);
                let is_field = |scope: &str| {
                    self.here.word(scope).is_some_and(|typed| {
                        matches!(&typed.shape, Shape::Object(object) if object.fields.iter().any(|f| &*f.name == other))
                    })
                };
                if let Some(scope) = ["vars", "state"].into_iter().find(|scope| is_field(scope)) {
                    diagnostic = diagnostic.fix("say whose it is", root.span, format!("{scope}.{other}"));
                } else {
                    diagnostic =
                        diagnostic.hint("a name for a value is a `let`; what changes is declared in `vars { }`");
                }
                self.report(diagnostic);
                // Whoever reads it below means what was to be set here.
                if self.names.find(other).is_none()
                    && let Some(broken) = self.broken.get_mut(self.tree)
                {
                    broken.insert(root.text.clone());
                }
                return None;
            }
        };
        if path.is_empty() {
            let message = format!("`{}` is set field by field", root.text);
            self.report(
                Diagnostic::error(code::SET_TARGET, root.span, message).hint(format!("`set {}.NAME = ...`", root.text)),
            );
            return None;
        }
        let mut shape = whole.clone();
        let mut owner = root.text.to_string();
        for part in path {
            self.hole(&part.text, |_| Hole::Field(shape.clone()));
            shape = match shape.present().field(&part.text) {
                Lookup::Found(found) => found,
                Lookup::Missing(known) => {
                    let known: Vec<&str> = known.iter().map(String::as_str).collect();
                    let message = format!("`{owner}` has no field `{}`", part.text);
                    self.unknown_of(code::UNKNOWN_FIELD, &part.text, part.span, message, &known);
                    return None;
                }
                Lookup::NoFields => {
                    let message = format!("`{owner}` is {}: it has no fields to set", shape.described());
                    self.report(Diagnostic::error(code::SET_TARGET, part.span, message));
                    return None;
                }
            };
            if owner == *root.text {
                self.mention(root.span, Named::Scope, Vec::new(), &whole);
                self.mention_field(&root.text, &part.text, part.span, &shape);
            }
            owner = format!("{owner}.{}", part.text);
        }
        Some(shape)
    }

    /// `+=` adds to numbers, texts, lists, sets and maps.
    fn added(&mut self, target: &Shape, given: &Shape, value: &Value, what: &str) {
        let fits = can_be_added(target.present(), given.present());
        if !fits {
            let message = format!("{what} is {}: {} cannot be added to it", target.described(), given.described());
            self.report(
                Diagnostic::error(code::MISMATCH, value.span(), message)
                    .hint("`+=` adds to numbers, texts, lists, sets and maps"),
            );
        }
    }

    /// Says so if two of some bodies that run at once set one variable. The bodies come in an order in which each is behind
    /// those it waits for; `ordered(earlier, later)` says whether it does wait.
    pub fn sets_apart(&mut self, bodies: &[&'a Item], ordered: &dyn Fn(usize, usize) -> bool) {
        let mut setters: BTreeMap<String, Vec<(usize, Span)>> = BTreeMap::new();
        for (index, item) in bodies.iter().enumerate() {
            walk::item(item, &mut |found| {
                if let Seen::Set(set) = found
                    && let Some(variable) = variable(set)
                {
                    setters.entry(variable).or_default().push((index, set.target.span));
                }
            });
        }
        for (variable, places) in setters {
            // In such an order, a chain of setters waits link by link.
            let clash = places.windows(2).find(|pair| pair[0].0 != pair[1].0 && !ordered(pair[0].0, pair[1].0));
            let Some([(_, one), (_, other)]) = clash else { continue };
            let (first, second) = if one.start < other.start { (*one, *other) } else { (*other, *one) };
            let message = format!("`{variable}` is set by two bodies that run at once");
            self.report(
                Diagnostic::error(code::SET_TWICE, second, message)
                    .also(first, "here, too")
                    .hint("let each give an `output`, and set the variable behind the `parallel`"),
            );
        }
    }

    /// Says so if two branches of a race set one variable: of variables only the winner's writes are kept, so with one
    /// winner they may; of state every write is.
    pub fn branches_set(&mut self, branches: &[Vec<&'a Item>], one_wins: bool) {
        let mut first: BTreeMap<String, (usize, Span)> = BTreeMap::new();
        let mut clashes: BTreeMap<String, (Span, Span)> = BTreeMap::new();
        for (index, items) in branches.iter().enumerate() {
            for item in items {
                walk::item(item, &mut |found| {
                    let Seen::Set(set) = found else { return };
                    let Some(variable) = variable(set) else { return };
                    let place = set.target.span;
                    let (branch, before) = *first.entry(variable.clone()).or_insert((index, place));
                    if branch != index {
                        clashes.entry(variable).or_insert((before, place));
                    }
                });
            }
        }
        for (variable, (before, place)) in clashes {
            if one_wins && !variable.starts_with("state.") {
                continue;
            }
            let message = format!("`{variable}` is set by two branches that run at once");
            self.report(
                Diagnostic::error(code::SET_TWICE, place, message)
                    .also(before, "here, too")
                    .hint("let each branch give an `output`, and set the variable behind the `race`"),
            );
        }
    }

    /// Says so if the turns of a loop that run at once set a variable.
    pub fn turns_set(&mut self, body: &'a crate::lang::syntax::ast::Block, only_state: bool, turns: &str) {
        let mut first: BTreeMap<String, Span> = BTreeMap::new();
        walk::block(body, &mut |found| {
            if let Seen::Set(set) = found
                && let Some(variable) = variable(set)
            {
                first.entry(variable).or_insert(set.target.span);
            }
        });
        for (variable, place) in first {
            if only_state && !variable.starts_with("state.") {
                continue;
            }
            let message = format!("`{variable}` is set by {turns}, which run at once");
            self.report(Diagnostic::error(code::SET_TWICE, place, message).hint(
                "let each turn give an `output` and set the variable behind the loop: `set vars.total = sum(results)`",
            ));
        }
    }
}

/// Whether `+=` makes sense of a value of type `given`.
fn can_be_added(target: &Shape, given: &Shape) -> bool {
    match target {
        Shape::Any | Shape::OneOf(_) => true,
        Shape::Union(members) => members.iter().any(|member| can_be_added(member, given)),
        Shape::Int(_) | Shape::Float(_) => Shape::float().accepts(given) != Fit::Never,
        Shape::List(item, _) | Shape::Set(item, _) => {
            item.accepts(given) != Fit::Never || Shape::List(item.clone(), Bounds::NONE).accepts(given) != Fit::Never
        }
        Shape::Text(..) => !matches!(given, Shape::Object(_) | Shape::Map(..) | Shape::List(..) | Shape::Set(..)),
        Shape::Map(..) | Shape::Object(_) => !matches!(
            given,
            Shape::Text(..) | Shape::Int(_) | Shape::Float(_) | Shape::Bool | Shape::List(..) | Shape::Set(..)
        ),
        Shape::Duration | Shape::DateTime | Shape::Date => true,
        Shape::Bool
        | Shape::Unit
        | Shape::Email
        | Shape::Url
        | Shape::Uuid
        | Shape::Bytes
        | Shape::Secret
        | Shape::Optional(_) => false,
    }
}

/// The variable that a `set` changes, whole.
fn variable(set: &Set) -> Option<String> {
    let [root, field, ..] = &set.target.parts[..] else { return None };
    let root: &Arc<str> = &root.text;
    matches!(&**root, "vars" | "state").then(|| format!("{root}.{}", field.text))
}
