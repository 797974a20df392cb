//! Whether values of one type may stand where another is wanted.

use super::check::same;
use super::{Bounds, Object, Shape};
use crate::base::value::Value;

/// How a given type stands to a wanted one, from good to bad.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fit {
    /// Every value fits.
    Surely,
    /// Some values may fit; the run will tell.
    Perhaps,
    /// Every value fits but `()`.
    IfPresent,
    /// No value fits.
    Never,
}

impl Shape {
    /// Whether a value of type `given` may stand where this type is wanted.
    pub fn accepts(&self, given: &Self) -> Fit {
        match (self, given) {
            (Self::Any, _) => Fit::Surely,
            (_, Self::Any) => Fit::Perhaps,
            (Self::Optional(_), Self::Unit) | (Self::Unit, Self::Unit) => Fit::Surely,
            (Self::Optional(wanted), Self::Optional(given)) => wanted.accepts(given),
            (Self::Optional(wanted), given) => wanted.accepts(given),
            (Self::Unit, Self::Optional(_)) => Fit::Perhaps,
            (wanted, Self::Optional(given)) => match wanted.accepts(given) {
                Fit::Never => Fit::Never,
                _ if wanted.may_be_absent() => Fit::Perhaps,
                _ => Fit::IfPresent,
            },
            (wanted, Self::OneOf(values)) => all(values.iter().map(|value| wanted.accepts_value(value))),
            (wanted, Self::Union(members)) => all(members.iter().map(|member| wanted.accepts(member))),
            (Self::Union(members), given) => any(members.iter().map(|member| member.accepts(given))),
            (Self::OneOf(values), given) => {
                // A wider type may hold one of the values.
                let may = values.iter().any(|value| given.accepts_value(value) != Fit::Never);
                if may { Fit::Perhaps } else { Fit::Never }
            }
            (Self::Bool, Self::Bool)
            | (Self::Email, Self::Email)
            | (Self::Url, Self::Url)
            | (Self::Uuid, Self::Uuid)
            | (Self::Date, Self::Date)
            | (Self::DateTime, Self::DateTime)
            | (Self::Duration, Self::Duration)
            | (Self::Bytes, Self::Bytes)
            | (Self::Secret, Self::Secret | Self::Text(..) | Self::Email | Self::Url | Self::Uuid) => Fit::Surely,
            (Self::Int(wanted), Self::Int(given)) | (Self::Float(wanted), Self::Int(given) | Self::Float(given)) => {
                wanted.accepts(*given)
            }
            // A float may be whole.
            (Self::Int(_), Self::Float(_)) => Fit::Perhaps,
            (Self::Text(wanted, None), Self::Text(given, _)) => wanted.accepts(*given),
            (Self::Text(_, Some(wanted)), Self::Text(_, Some(given))) if wanted == given => Fit::Surely,
            (Self::Text(_, Some(_)), Self::Text(..)) => Fit::Perhaps,
            (Self::Text(wanted, None), Self::Email | Self::Url | Self::Uuid | Self::Secret) if wanted.is_none() => {
                Fit::Surely
            }
            (
                Self::Text(..),
                Self::Email
                | Self::Url
                | Self::Uuid
                | Self::Secret
                | Self::Date
                | Self::DateTime
                | Self::Duration
                | Self::Bytes,
            ) => Fit::Perhaps,
            (
                Self::Email | Self::Url | Self::Uuid | Self::Date | Self::DateTime | Self::Duration | Self::Bytes,
                Self::Text(..) | Self::Secret,
            ) => Fit::Perhaps,
            (Self::List(wanted, a), Self::List(given, b) | Self::Set(given, b))
            | (Self::Set(wanted, a), Self::List(given, b) | Self::Set(given, b))
            | (Self::Map(wanted, a), Self::Map(given, b)) => {
                let items = match wanted.accepts(given) {
                    // An absent item in a list is a fault of that item only.
                    Fit::IfPresent => Fit::Perhaps,
                    other => other,
                };
                items.max(a.accepts(*b))
            }
            (Self::Map(wanted, _), Self::Object(given)) => {
                let fields = given.fields.iter().map(|field| match wanted.accepts(&field.shape) {
                    Fit::IfPresent => Fit::Perhaps,
                    other => other,
                });
                fields.max().unwrap_or(Fit::Surely)
            }
            (Self::Object(wanted), Self::Map(given, _)) => {
                let never = wanted.fields.iter().any(|field| {
                    field.default.is_none() && !field.shape.may_be_absent() && field.shape.accepts(given) == Fit::Never
                });
                if never { Fit::Never } else { Fit::Perhaps }
            }
            (Self::Object(wanted), Self::Object(given)) => accepts_object(wanted, given),
            _ => Fit::Never,
        }
    }

    /// Whether this one value may stand where this type is wanted.
    pub fn accepts_value(&self, value: &Value) -> Fit {
        match self {
            Self::OneOf(values) => {
                if values.iter().any(|known| same(known, value)) {
                    Fit::Surely
                } else {
                    Fit::Never
                }
            }
            shape if shape.check_answer(value).is_ok() => Fit::Surely,
            _ => Fit::Never,
        }
    }
}

impl Bounds {
    /// How values within `given` stand to these bounds.
    fn accepts(self, given: Self) -> Fit {
        let apart = self.min.zip(given.max).is_some_and(|(min, max)| max < min)
            || self.max.zip(given.min).is_some_and(|(max, min)| min > max);
        let inside = self.min.is_none_or(|min| given.min.is_some_and(|given| given >= min))
            && self.max.is_none_or(|max| given.max.is_some_and(|given| given <= max));
        match (apart, inside) {
            (true, _) => Fit::Never,
            (false, true) => Fit::Surely,
            (false, false) => Fit::Perhaps,
        }
    }
}

fn accepts_object(wanted: &Object, given: &Object) -> Fit {
    let fields =
        wanted.fields.iter().map(|field| match given.fields.iter().find(|candidate| candidate.name == field.name) {
            Some(found) if field.default.is_some() => field.shape.accepts(found.shape.present()),
            Some(found) => match field.shape.accepts(&found.shape) {
                Fit::IfPresent => Fit::Perhaps,
                other => other,
            },
            None if field.default.is_some() || field.shape.may_be_absent() => Fit::Surely,
            None => Fit::Never,
        });
    fields.max().unwrap_or(Fit::Surely)
}

/// Of a value that is one of several: all must fit.
fn all(fits: impl Iterator<Item = Fit>) -> Fit {
    let fits: Vec<Fit> = fits.collect();
    if fits.iter().all(|fit| *fit == Fit::Never) {
        Fit::Never
    } else if fits.iter().all(|fit| *fit == Fit::Surely) {
        Fit::Surely
    } else {
        Fit::Perhaps
    }
}

/// Of a place that takes one of several: the best fit counts.
fn any(fits: impl Iterator<Item = Fit>) -> Fit {
    fits.min().unwrap_or(Fit::Never)
}
