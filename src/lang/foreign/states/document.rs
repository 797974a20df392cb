//! The document that states hand to each other, as far as it is known where a state stands.

use indexmap::IndexMap;

use crate::lang::foreign::term::{Term, field};
use crate::lang::layout;

/// What a document is.
#[derive(Clone, Debug, PartialEq)]
pub enum Document {
    /// The input of the run.
    Input,
    /// Something with a name: the output of a step, a variable, or a part of such.
    Path(String),
    /// An object of known fields, perhaps with a name under which it is known as a whole.
    Made(Option<String>, IndexMap<String, Document>),
    /// A document with fields put over its own.
    Over(Box<Document>, IndexMap<String, Document>),
    /// Something computed.
    Term(Term),
}

/// What is read of the input of a workflow.
#[derive(Clone, Debug, Default)]
pub struct Reads {
    /// Its fields, and whether they may be absent.
    fields: IndexMap<String, bool>,
    /// Whether it is read as a whole.
    whole: bool,
    /// Whether all of this is known from having written the workflow once.
    known: Option<Box<Reads>>,
}

impl Reads {
    /// For writing the workflow again.
    pub fn known(self) -> Self {
        Self { known: Some(Box::new(Self { known: None, ..self })), ..Self::default() }
    }

    /// Whether the input is one field, `data`: it is passed on as a whole, with fields nobody names.
    fn is_data(&self) -> bool {
        self.known.as_ref().is_some_and(|known| known.whole)
    }

    /// Notes that a field is asked for whether it is there.
    pub fn optional(&mut self, name: &str) {
        self.fields.insert(name.to_owned(), true);
    }

    fn field(&mut self, name: &str) -> String {
        self.fields.entry(name.to_owned()).or_insert(false);
        let root = if self.is_data() { "input.data" } else { "input" };
        format!("{root}{}", field(name))
    }

    fn is_optional(&self, path: &str) -> bool {
        let Some(known) = self.known.as_ref().filter(|known| !known.whole) else { return false };
        path.strip_prefix("input.").is_some_and(|name| known.fields.get(name) == Some(&true))
    }

    /// What the workflow declares of its input and its variables.
    pub fn declarations(&self, variables: &[String]) -> String {
        let mut text = String::new();
        if self.is_data() {
            text.push_str("    /// The document that the first state is given.\n    input { data: any }\n");
        } else if !self.fields.is_empty() {
            let one = |(name, optional): (&String, &bool)| {
                format!("{}: any{}", layout::key(name), if *optional { "?" } else { "" })
            };
            let fields: Vec<String> = self.fields.iter().map(one).collect();
            text.push_str(&format!("    input {{ {} }}\n", fields.join(", ")));
        }
        if !variables.is_empty() {
            let fields: Vec<String> = variables.iter().map(|name| format!("{name}: any = ()")).collect();
            text.push_str(&format!("    vars {{ {} }}\n", fields.join(", ")));
        }
        if !text.is_empty() {
            text.push('\n');
        }
        text
    }
}

impl Document {
    /// An empty object.
    pub fn empty() -> Self {
        Self::Made(None, IndexMap::new())
    }

    /// A field of it.
    pub fn get(&self, name: &str, reads: &mut Reads) -> Self {
        match self {
            Self::Input => Self::Path(reads.field(name)),
            Self::Path(path) => {
                let mark = if reads.is_optional(path) { "?" } else { "" };
                Self::Path(format!("{path}{mark}{}", field(name)))
            }
            Self::Made(whole, fields) => match (fields.get(name), whole) {
                (Some(known), _) => known.clone(),
                (None, Some(whole)) => Self::Path(format!("{whole}?{}", field(name))),
                (None, None) => Self::Term(Term::Path("()".to_owned())),
            },
            Self::Over(base, fields) => match fields.get(name) {
                Some(known) => known.clone(),
                None => base.get(name, reads),
            },
            Self::Term(Term::Object(fields)) => {
                let found = fields.iter().find(|(own, _)| own == name);
                Self::Term(found.map_or_else(|| Term::Path("()".to_owned()), |(_, term)| term.clone()))
            }
            Self::Term(term) => Self::Path(format!("{}{}", term.tight(), field(name))),
        }
    }

    /// Whether a field is there, as far as that is known.
    pub fn has(&self, name: &str) -> Option<bool> {
        match self {
            Self::Input | Self::Path(_) | Self::Term(_) => None,
            Self::Made(_, fields) => Some(fields.contains_key(name)),
            Self::Over(base, fields) => {
                if fields.contains_key(name) {
                    Some(true)
                } else {
                    base.has(name)
                }
            }
        }
    }

    /// The document with something put where a path of fields leads.
    pub fn put(&self, path: &[String], value: Self, reads: &mut Reads) -> Self {
        let Some((first, rest)) = path.split_first() else { return value };
        let value = if rest.is_empty() {
            value
        } else {
            let inner = match (self.has(first), self) {
                (Some(false), _) => Self::empty(),
                (Some(true), _) => self.get(first, reads),
                (None, Self::Input) => {
                    reads.optional(first);
                    let Self::Path(path) = self.get(first, reads) else { return value };
                    Self::Path(format!("({path} ?? #{{}})"))
                }
                (None, _) => Self::Path(format!("({}?{} ?? #{{}})", self.term(reads).tight(), field(first))),
            };
            inner.put(rest, value, reads)
        };
        match self {
            Self::Made(_, fields) => {
                let mut fields = fields.clone();
                fields.insert(first.clone(), value);
                Self::Made(None, fields)
            }
            Self::Over(base, fields) => {
                let mut fields = fields.clone();
                fields.insert(first.clone(), value);
                Self::Over(base.clone(), fields)
            }
            Self::Input | Self::Path(_) | Self::Term(_) => {
                Self::Over(Box::new(self.clone()), IndexMap::from([(first.clone(), value)]))
            }
        }
    }

    /// The document as a value.
    pub fn term(&self, reads: &mut Reads) -> Term {
        match self {
            Self::Input => {
                reads.whole = true;
                Term::Path(if reads.is_data() { "input.data" } else { "input" }.to_owned())
            }
            Self::Path(path) => Term::Path(path.clone()),
            Self::Made(Some(name), _) => Term::Path(name.clone()),
            Self::Made(None, fields) => Term::Object(written(fields, reads)),
            Self::Over(base, fields) => {
                let base = base.term(reads);
                Term::Over(Box::new(base), written(fields, reads))
            }
            Self::Term(term) => term.clone(),
        }
    }
}

fn written(fields: &IndexMap<String, Document>, reads: &mut Reads) -> Vec<(String, Term)> {
    fields.iter().map(|(name, it)| (name.clone(), it.term(reads))).collect()
}
