//! Values as written, against the type that is wanted where they stand.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::checker::{Checker, Typed};
use super::code;
use super::mention::Hole;
use crate::base::diagnostic::Diagnostic;
use crate::base::shape::{self, Fit, Shape};
use crate::base::span::Span;
use crate::base::value::Value as Constant;
use crate::lang::syntax::ast::{Arg, Declare, Field, Value};

impl<'a> Checker<'a> {
    /// A value whose type is whatever it is.
    pub fn value(&mut self, value: &Value) -> Typed {
        match value {
            Value::Expr(expr) => self.expression(expr),
            Value::Object(object) => self.object(&object.fields),
            Value::List(list) => {
                let items: Vec<Typed> = list.items.iter().map(|item| self.value(item)).collect();
                let secret = items.iter().any(|item| item.secret);
                let item = items.into_iter().map(|item| item.shape).reduce(|one, other| one.join(&other));
                Typed { shape: Shape::list(item.unwrap_or_default()), secret }
            }
        }
    }

    /// An object whose type is whatever it is.
    pub fn object(&mut self, fields: &[Field]) -> Typed {
        self.keys_once(fields);
        let mut secret = false;
        let mut shapes: Vec<(Arc<str>, Shape)> = Vec::with_capacity(fields.len());
        for field in fields {
            let typed = self.value(&field.value);
            secret |= typed.secret;
            shapes.push((field.key.text.clone(), typed.shape));
        }
        Typed { shape: Shape::object(shapes), secret }
    }

    /// A value that must be of type `wanted`; `what` names its place in messages: "`amount` of stripe.charge".
    pub fn wanted(&mut self, value: &Value, wanted: &Shape, what: &str) -> Typed {
        match (value, wanted.present()) {
            (Value::Object(object), Shape::Object(known)) => {
                let secret = self.object_wanted(&object.fields, object.span, known, what);
                Typed { shape: wanted.clone(), secret }
            }
            (Value::Object(object), Shape::Map(item, _)) => {
                self.keys_once(&object.fields);
                let mut secret = false;
                for field in &object.fields {
                    let what = format!("`{}` in {what}", field.key.text);
                    secret |= self.wanted(&field.value, &item.as_ref().clone().optional(), &what).secret;
                }
                Typed { shape: wanted.clone(), secret }
            }
            (Value::List(list), Shape::List(item, bounds) | Shape::Set(item, bounds)) => {
                let mut secret = false;
                for value in &list.items {
                    secret |= self.wanted(value, &item.as_ref().clone(), &format!("an item of {what}")).secret;
                }
                self.length(list.items.len(), *bounds, list.span, what);
                Typed { shape: wanted.clone(), secret }
            }
            _ => {
                if let Value::Expr(expr) = value {
                    self.hole_wanted(&expr.source, wanted);
                }
                let typed = self.value(value);
                self.fits(value, &typed.shape, wanted, what);
                typed
            }
        }
    }

    fn length(&mut self, length: usize, bounds: shape::Bounds, place: Span, what: &str) {
        let list = Constant::list(std::iter::repeat_n(Constant::Unit, length));
        if let Err(misfits) = Shape::List(Shape::Any.into(), bounds).check(&list) {
            for misfit in misfits {
                self.report(Diagnostic::error(code::MISMATCH, place, format!("{what} {}", misfit.message)));
            }
        }
    }

    /// Whether a value of type `given` may stand where `wanted` is wanted.
    fn fits(&mut self, value: &Value, given: &Shape, wanted: &Shape, what: &str) {
        let place = value.span();
        if let Value::Expr(expr) = value
            && let Some(constant) = self.constant(expr)
        {
            self.constant_fits(&constant, place, wanted, what);
            return;
        }
        match wanted.accepts(given) {
            Fit::Surely | Fit::Perhaps => {}
            Fit::IfPresent => {
                let message = format!("this may be absent, and {what} must be {}", wanted.described());
                self.report(
                    Diagnostic::error(code::ABSENT, place, message)
                        .hint("say what to take then: `... ?? value`, or look first: `when ... != ()`"),
                );
            }
            Fit::Never => {
                let message = format!("{what} must be {}, this is {}", wanted.described(), given.described());
                let mut diagnostic = Diagnostic::error(code::MISMATCH, place, message);
                if let Some(missing) = lacking(wanted.present(), given.present()) {
                    diagnostic = diagnostic.label(missing);
                }
                if let Some(hint) = conversion(wanted.present(), given.present()) {
                    diagnostic = diagnostic.hint(hint);
                }
                self.report(diagnostic);
            }
        }
    }

    /// A constant tells everything.
    pub fn constant_fits(&mut self, constant: &Constant, place: Span, wanted: &Shape, what: &str) {
        let Err(misfits) = wanted.check_answer(constant) else { return };
        for misfit in misfits {
            // The near one becomes a hint that a tool can carry out.
            let message = misfit.message.split("; did you mean").next().unwrap_or_default();
            let inside = if misfit.path.is_empty() { String::new() } else { format!(", in `{}`:", misfit.path) };
            let mut diagnostic = Diagnostic::error(code::MISMATCH, place, format!("{what}{inside} {message}"));
            if let (Shape::OneOf(values), Some(text)) = (wanted.present(), constant.as_text())
                && let Some(near) = crate::base::diagnostic::nearest(text, values.iter().filter_map(Constant::as_text))
            {
                diagnostic = diagnostic.fix(format!("did you mean \"{near}\"?"), place, format!("{near:?}"));
            } else if let Some(hint) = conversion(wanted.present(), &Shape::of(constant)) {
                diagnostic = diagnostic.hint(hint);
            }
            self.report(diagnostic);
        }
    }

    /// The fields of an object of a known type.
    fn object_wanted(&mut self, fields: &[Field], place: Span, known: &shape::Object, what: &str) -> bool {
        self.keys_once(fields);
        let mut secret = false;
        for field in fields {
            let name = &field.key.text;
            match known.fields.iter().find(|candidate| candidate.name == *name) {
                Some(found) => {
                    self.mention_key(&field.key, found);
                    let wanted =
                        if found.default.is_some() { found.shape.clone().optional() } else { found.shape.clone() };
                    secret |= self.wanted(&field.value, &wanted, &format!("`{name}` of {what}")).secret;
                }
                None => {
                    self.hole(name, |_| Hole::Parameter(super::call::not_given(fields, &known.fields)));
                    secret |= self.value(&field.value).secret;
                    let names: Vec<&str> = known.fields.iter().map(|field| &*field.name).collect();
                    self.unknown_of(
                        code::UNKNOWN_FIELD,
                        name,
                        field.key.span,
                        format!("{what} has no field `{name}`"),
                        &names,
                    );
                }
            }
        }
        let renamed = super::call::renamed(fields, &known.fields).map(|(_, meant)| meant);
        let missing: Vec<&shape::Field> =
            super::call::lacking(fields, &known.fields).filter(|field| Some(*field) != renamed).collect();
        if !missing.is_empty() {
            let names = super::expression::listed(missing.iter().map(|field| &*field.name));
            let message = format!("{what} lacks {names}");
            self.report(Diagnostic::error(code::MISMATCH, place, message));
        }
        secret
    }

    /// A key may stand in an object once.
    pub fn keys_once(&mut self, fields: &[Field]) {
        let mut seen: BTreeMap<&str, Span> = BTreeMap::new();
        for field in fields {
            if let Some(first) = seen.insert(&field.key.text, field.key.span) {
                self.report(
                    Diagnostic::error(code::SAID_TWICE, field.key.span, format!("`{}` is given twice", field.key.text))
                        .also(first, "first given here"),
                );
            }
        }
    }

    /// The argument of a clause.
    pub fn argument(&mut self, arg: &Arg, wanted: &Shape, what: &str) -> Typed {
        let Arg::Expr(expr) = arg else {
            self.report(
                Diagnostic::error(code::ARGUMENT, arg.span(), format!("{what} must be {}", wanted.described()))
                    .hint("only `tolerate` takes a percentage or `all`"),
            );
            return Typed::default();
        };
        self.hole_wanted(&expr.source, wanted);
        let typed = self.expression(expr);
        let place = expr.span;
        let message = if let Some(constant) = self.constant(expr) {
            match wanted.check(&constant) {
                Ok(_) => return typed,
                Err(misfits) => {
                    let reason = misfits.into_iter().map(|misfit| misfit.message).collect::<Vec<_>>().join(", ");
                    let mut diagnostic = Diagnostic::error(code::ARGUMENT, place, format!("{what} {reason}"));
                    if let (Shape::Duration, Constant::Int(number)) = (wanted, &constant) {
                        diagnostic = diagnostic.fix("say of what", place, format!("{number}s"));
                    } else if let Some(hint) = conversion(wanted, &Shape::of(&constant)) {
                        diagnostic = diagnostic.hint(hint);
                    }
                    self.report(diagnostic);
                    return typed;
                }
            }
        } else {
            match wanted.accepts(&typed.shape) {
                Fit::Surely | Fit::Perhaps => return typed,
                Fit::IfPresent => format!("{what} must be {}, this may be absent", wanted.described()),
                Fit::Never => format!("{what} must be {}, this is {}", wanted.described(), typed.shape.described()),
            }
        };
        self.report(Diagnostic::error(code::ARGUMENT, place, message));
        typed
    }

    /// A condition must be true or false.
    pub fn condition(&mut self, expr: &crate::lang::syntax::ast::Expr, what: &str) -> Typed {
        let typed = self.expression(expr);
        if Shape::Bool.accepts(typed.shape.present()) == Fit::Never {
            let message = format!("{what} must be true or false, this is {}", typed.shape.described());
            let hint = match typed.shape.present() {
                Shape::Text(..) => "compare it: `... == \"...\"`, or ask whether it is there: `... != ()`",
                Shape::Int(_) | Shape::Float(_) => "compare it: `... > 0`",
                Shape::List(..) | Shape::Set(..) | Shape::Map(..) => "ask for its length: `....len() > 0`",
                _ => "ask whether it is there: `... != ()`",
            };
            self.report(Diagnostic::error(code::MISMATCH, expr.span, message).hint(hint));
        }
        typed
    }

    /// A declared field with a value: its type as stated, or as the value shows it.
    pub fn declared_value(&mut self, declare: &Declare, found: &mut Vec<Diagnostic>) -> Typed {
        let what = format!("`{}`", declare.name.text);
        let stated = declare.ty.as_ref().map(|ty| self.written_type(ty, found));
        let typed = match (&declare.value, &stated) {
            (Some(value), Some(wanted)) => self.wanted(value, wanted, &what),
            (Some(value), None) => self.value(value),
            (None, _) => Typed::default(),
        };
        Typed { shape: stated.unwrap_or(typed.shape), secret: typed.secret }
    }

    /// The shape of a type in the file at hand, kept for the plan.
    pub fn written_type(&mut self, ty: &crate::lang::syntax::ast::Type, found: &mut Vec<Diagnostic>) -> Shape {
        let shape = self.catalog.types.shape(self.trees, self.tree, ty, found);
        self.checked.shapes.insert(ty.span, shape.clone());
        self.mention_type(ty);
        shape
    }

    /// Likewise, with what is wrong reported at once.
    pub fn stated_type(&mut self, ty: &crate::lang::syntax::ast::Type) -> Shape {
        let mut found = Vec::new();
        let shape = self.written_type(ty, &mut found);
        self.found.append(&mut found);
        shape
    }
}

/// What an object of one type lacks to be of another.
pub(super) fn lacking(wanted: &Shape, given: &Shape) -> Option<String> {
    let (Shape::Object(wanted), Shape::Object(given)) = (wanted, given) else { return None };
    wanted.fields.iter().find_map(|field| match given.fields.iter().find(|candidate| candidate.name == field.name) {
        None if field.default.is_none() && !field.shape.may_be_absent() => Some(format!("`{}` is missing", field.name)),
        Some(found) if field.shape.accepts(&found.shape) == Fit::Never => {
            Some(format!("`{}` is {}, not {}", field.name, found.shape.described(), field.shape.described()))
        }
        Some(_) | None => None,
    })
}

/// How one gets from a given type to a wanted one.
pub(super) fn conversion(wanted: &Shape, given: &Shape) -> Option<&'static str> {
    Some(match (wanted, given) {
        (Shape::Text(..), Shape::Int(_) | Shape::Float(_) | Shape::Bool) => "as a text: `\"${...}\"`",
        (Shape::Int(_), Shape::Text(..)) => "as a number: `parse_int(...)`",
        (Shape::Float(_), Shape::Text(..)) => "as a number: `parse_float(...)`",
        (Shape::List(..), Shape::Text(..) | Shape::Email | Shape::Object(_)) => "as a list of one: `[...]`",
        (Shape::Text(..) | Shape::Email, Shape::List(..)) => {
            "one item of it: `...[0]`, or all as a text: `join(..., \", \")`"
        }
        (Shape::Duration, Shape::Int(_) | Shape::Float(_)) => "a duration has a unit: `30s`, `5m`, `2h`",
        (Shape::Duration, Shape::Text(..)) => "a duration stands without quotes: `30s`",
        _ => return None,
    })
}
