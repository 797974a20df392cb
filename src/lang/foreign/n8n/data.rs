//! What nodes hand to each other, as far as it is known where a node stands.

use indexmap::{IndexMap, IndexSet};

use crate::lang::foreign::term::{Term, field};

/// The `json` of one item.
#[derive(Clone, Debug, PartialEq)]
pub enum Data {
    /// What the trigger brings.
    Input,
    /// Something with a name: the output of a step, or a part of such.
    Path(String),
    /// An object of known fields, perhaps with a name under which it is known as a whole.
    Made(Option<String>, IndexMap<String, Data>),
    /// Something with fields put over its own.
    Over(Box<Data>, IndexMap<String, Data>),
    /// The answer of a service whose fields have other names here: theirs, ours.
    Answer(String, &'static [(&'static str, &'static str)]),
    /// What a step gives that may have failed and is passed over then.
    Risky(String, Box<Data>),
    /// Something computed.
    Term(Term),
}

/// What comes out of a node.
#[derive(Clone, Debug, PartialEq)]
pub enum Items {
    /// One item.
    One(Data),
    /// What may be one item or, where it is a list, one for each of its own: the body of an answer.
    Either(Data),
    /// The items of a list.
    Many(Term),
}

/// What is read of the input of a workflow.
#[derive(Clone, Debug, Default)]
pub struct Reads {
    /// Its fields.
    pub fields: IndexSet<String>,
    /// Whether it is read as a whole.
    pub whole: bool,
    /// Whether all of it is one field, `item`: known from having written the workflow once.
    pub is_item: bool,
}

impl Reads {
    fn field(&mut self, name: &str) -> String {
        if self.is_item {
            return format!("input.item{}", field(name));
        }
        self.fields.insert(name.to_owned());
        format!("input{}", field(name))
    }
}

impl Data {
    /// An item without fields.
    pub fn empty() -> Self {
        Self::Made(None, IndexMap::new())
    }

    /// An item of known fields.
    pub fn made<const N: usize>(fields: [(&str, Data); N]) -> Self {
        Self::Made(None, fields.into_iter().map(|(name, it)| (name.to_owned(), it)).collect())
    }

    /// A computed value.
    pub fn code(code: impl Into<String>) -> Self {
        Self::Term(Term::Code(code.into()))
    }

    /// Nothing.
    pub fn nothing() -> Self {
        Self::Term(Term::Path("()".to_owned()))
    }

    /// A field of it; `soft` where it may be missing. None where nothing here is called so.
    pub fn get(&self, name: &str, soft: bool, reads: &mut Reads) -> Option<Self> {
        let mark = if soft { "?" } else { "" };
        Some(match self {
            Self::Input => Self::Path(if soft && reads.is_item {
                format!("input.item?{}", field(name))
            } else {
                reads.field(name)
            }),
            Self::Path(path) => Self::Path(format!("{path}{mark}{}", field(name))),
            Self::Made(whole, fields) => match (fields.get(name), whole) {
                (Some(known), _) => known.clone(),
                (None, Some(whole)) => Self::Path(format!("{whole}?{}", field(name))),
                (None, None) => Self::nothing(),
            },
            Self::Over(base, fields) => match fields.get(name) {
                Some(known) => known.clone(),
                None => base.get(name, soft, reads)?,
            },
            Self::Answer(step, names) => {
                let (_, ours) = names.iter().find(|(theirs, _)| *theirs == name)?;
                Self::Path(format!("{step}{mark}.{ours}"))
            }
            Self::Risky(step, _) if name == "error" => Self::Path(format!("steps.{step}.error?.message")),
            Self::Risky(step, data) => match &**data {
                Self::Path(path) => Self::Path(format!("{path}?{}", field(name))),
                data => return data.get(name, true, reads).filter(|_| !step.is_empty()),
            },
            Self::Term(Term::Object(fields)) => {
                let found = fields.iter().find(|(own, _)| own == name);
                Self::Term(found.map_or_else(|| Term::Path("()".to_owned()), |(_, term)| term.clone()))
            }
            Self::Term(term) => Self::Path(format!("{}{mark}{}", term.tight(), field(name))),
        })
    }

    /// The item with fields put over its own.
    pub fn over(&self, fields: IndexMap<String, Data>) -> Self {
        match self {
            Self::Made(None, own) => {
                let mut own = own.clone();
                own.extend(fields);
                Self::Made(None, own)
            }
            Self::Over(base, own) => {
                let mut own = own.clone();
                own.extend(fields);
                Self::Over(base.clone(), own)
            }
            base => Self::Over(Box::new(base.clone()), fields),
        }
    }

    /// The item as a value.
    pub fn term(&self, reads: &mut Reads) -> Term {
        match self {
            Self::Input => {
                reads.whole = true;
                Term::Path(if reads.is_item { "input.item" } else { "input" }.to_owned())
            }
            Self::Path(path) | Self::Answer(path, _) => Term::Path(path.clone()),
            Self::Made(Some(name), _) => Term::Path(name.clone()),
            Self::Made(None, fields) => Term::Object(written(fields, reads)),
            Self::Over(base, fields) => Term::Over(Box::new(base.term(reads)), written(fields, reads)),
            Self::Risky(_, data) => data.term(reads),
            Self::Term(term) => term.clone(),
        }
    }
}

fn written(fields: &IndexMap<String, Data>, reads: &mut Reads) -> Vec<(String, Term)> {
    fields.iter().map(|(name, it)| (name.clone(), it.term(reads))).collect()
}

impl Items {
    /// One item, with nothing in it.
    pub fn empty() -> Self {
        Self::One(Data::empty())
    }

    /// The first of the items: what a node sees that runs once.
    pub fn first(&self) -> Data {
        match self {
            Self::One(data) | Self::Either(data) => data.clone(),
            Self::Many(list) => Data::Path(format!("{}[0]", list.tight())),
        }
    }

    /// All of them as a value: the item where there is one.
    pub fn term(&self, reads: &mut Reads) -> Term {
        match self {
            Self::One(data) | Self::Either(data) => data.term(reads),
            Self::Many(list) => list.clone(),
        }
    }
}
