//! What lies along a path into a value of a type.

use super::{Bounds, Shape};

/// What is found under a name.
#[derive(Clone, Debug, PartialEq)]
pub enum Lookup {
    /// A field of this type; [`Shape::Optional`] where it may be absent.
    Found(Shape),
    /// No such field; these there are.
    Missing(Vec<String>),
    /// The value has no fields at all.
    NoFields,
}

/// What Rhai gives as a property of a text.
const TEXT_PROPERTIES: [(&str, Shape); 4] = [
    ("len", Shape::Int(Bounds::NONE)),
    ("is_empty", Shape::Bool),
    ("chars", Shape::Any),
    ("bytes", Shape::Int(Bounds::NONE)),
];
/// What Rhai gives as a property of a list.
const LIST_PROPERTIES: [(&str, Shape); 2] = [("len", Shape::Int(Bounds::NONE)), ("is_empty", Shape::Bool)];
/// What a day says of itself in numbers.
const DAY_PROPERTIES: [&str; 7] = ["year", "month", "day", "weekday", "week", "day_of_year", "quarter"];
/// What a moment says of itself in numbers beside.
const MOMENT_PROPERTIES: [&str; 5] = ["hour", "minute", "second", "millisecond", "timestamp"];
/// How many whole units a duration is.
const DURATION_PROPERTIES: [&str; 6] = ["milliseconds", "seconds", "minutes", "hours", "days", "weeks"];

impl Bounds {
    /// Neither bound.
    pub const NONE: Self = Self { min: None, max: None };

    /// Whether there is none.
    pub fn is_none(self) -> bool {
        self == Self::NONE
    }
}

impl Shape {
    /// `string` without bounds.
    pub const fn text() -> Self {
        Self::Text(Bounds::NONE, None)
    }

    /// `int` without bounds.
    pub const fn int() -> Self {
        Self::Int(Bounds::NONE)
    }

    /// `float` without bounds.
    pub const fn float() -> Self {
        Self::Float(Bounds::NONE)
    }

    /// `list<T>`
    pub fn list(item: Self) -> Self {
        Self::List(item.into(), Bounds::NONE)
    }

    /// An object type without a name.
    pub fn object<N: Into<std::sync::Arc<str>>>(fields: impl IntoIterator<Item = (N, Self)>) -> Self {
        let fields = fields
            .into_iter()
            .map(|(name, shape)| super::Field { name: name.into(), shape, default: None, doc: None })
            .collect();
        Self::Object(super::Object { name: None, fields }.into())
    }

    /// `T?`; what may be absent anyway stays as it is.
    #[must_use]
    pub fn optional(self) -> Self {
        if self.may_be_absent() { self } else { Self::Optional(self.into()) }
    }

    /// Whether `()` is a value of this type as far as is known; of `any` nothing is known.
    pub fn may_be_absent(&self) -> bool {
        match self {
            Self::Any | Self::Unit | Self::Optional(_) => true,
            Self::Union(members) => members.iter().any(Self::may_be_absent),
            Self::OneOf(values) => values.iter().any(super::Value::is_unit),
            _ => false,
        }
    }

    /// The type without `?`.
    #[must_use]
    pub fn present(&self) -> &Self {
        match self {
            Self::Optional(inner) => inner.present(),
            other => other,
        }
    }

    /// The type of the items a loop over a value of this type meets; `None` where it cannot be gone through.
    pub fn item(&self) -> Option<Self> {
        match self.present() {
            Self::Any => Some(Self::Any),
            Self::List(item, _) | Self::Set(item, _) => Some((**item).clone()),
            Self::Map(item, _) => Some(Self::object([("key", Self::text()), ("value", (**item).clone())])),
            Self::Object(_) => Some(Self::object([("key", Self::text()), ("value", Self::Any)])),
            // Some member may be a list.
            Self::Union(_) | Self::OneOf(_) => Some(Self::Any),
            _ => None,
        }
    }

    /// What `value.name` is. Absence of the value itself is the caller's affair: look at [`Shape::present`] first.
    pub fn field(&self, name: &str) -> Lookup {
        match self {
            Self::Any => Lookup::Found(Self::Any),
            Self::Optional(inner) => inner.field(name),
            Self::Object(object) => match object.fields.iter().find(|field| &*field.name == name) {
                // A default stands where the field was left out.
                Some(field) if field.default.is_some() => Lookup::Found(field.shape.present().clone()),
                Some(field) => Lookup::Found(field.shape.clone()),
                None => Lookup::Missing(object.fields.iter().map(|field| field.name.to_string()).collect()),
            },
            Self::Map(item, _) => Lookup::Found((**item).clone()),
            Self::List(..) | Self::Set(..) => property(&LIST_PROPERTIES, name),
            Self::Text(..) | Self::Email | Self::Url | Self::Uuid | Self::Secret => property(&TEXT_PROPERTIES, name),
            Self::Union(members) => {
                let found: Vec<Self> = members
                    .iter()
                    .filter_map(|member| match member.field(name) {
                        Lookup::Found(shape) => Some(shape),
                        Lookup::Missing(_) | Lookup::NoFields => None,
                    })
                    .collect();
                if found.is_empty() {
                    let known = members.iter().flat_map(|member| match member.field(name) {
                        Lookup::Missing(known) => known,
                        Lookup::Found(_) | Lookup::NoFields => Vec::new(),
                    });
                    return Lookup::Missing(known.collect());
                }
                // Which member it is, only the run knows.
                Lookup::Found(found.into_iter().reduce(|one, other| one.join(&other)).unwrap_or_default())
            }
            Self::Bytes => property(&LIST_PROPERTIES, name),
            Self::Date => of_day(name),
            Self::DateTime => match name {
                "date" => Lookup::Found(Self::Date),
                "zone" => Lookup::Found(Self::text()),
                _ if MOMENT_PROPERTIES.contains(&name) => Lookup::Found(Self::int()),
                _ => of_day(name),
            },
            Self::Duration if DURATION_PROPERTIES.contains(&name) => Lookup::Found(Self::int()),
            Self::Bool | Self::Unit | Self::Int(_) | Self::Float(_) | Self::Duration => Lookup::NoFields,
            Self::OneOf(_) => Lookup::Found(Self::Any),
        }
    }
}

fn of_day(name: &str) -> Lookup {
    match name {
        "weekday_name" => Lookup::Found(Shape::text()),
        _ if DAY_PROPERTIES.contains(&name) => Lookup::Found(Shape::int()),
        _ => Lookup::NoFields,
    }
}

fn property(known: &[(&str, Shape)], name: &str) -> Lookup {
    match known.iter().find(|(property, _)| *property == name) {
        Some((_, shape)) => Lookup::Found(shape.clone()),
        None => Lookup::NoFields,
    }
}
