//! The document that states hand to each other, as far as it is known where a state stands.

use indexmap::IndexMap;

use crate::lang::foreign::term::{Term, field};
use crate::lang::layout;

/// How long the line of the input may be.
const LINE_MAX: usize = 100;

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
    pub fn declarations(&self, variables: &IndexMap<String, &'static str>) -> String {
        if self.is_data() {
            let about = "    /// The document that the first state is given.\n".to_owned();
            return format!("{about}{}", declared(&["data".to_owned()], variables));
        }
        let one = |(name, optional): (&String, &bool)| if *optional { format!("{name}?") } else { name.clone() };
        declared(&self.fields.iter().map(one).collect::<Vec<_>>(), variables)
    }
}

/// The head of a workflow: fields of its input, of which those that end with `?` may be absent, and variables.
pub fn declared(fields: &[String], variables: &IndexMap<String, &'static str>) -> String {
    let mut text = String::new();
    if !fields.is_empty() {
        let one = |field: &String| match field.strip_suffix('?') {
            Some(name) => format!("{}: any?", layout::key(name)),
            None => format!("{}: any", layout::key(field)),
        };
        let fields: Vec<String> = fields.iter().map(one).collect();
        let line = format!("    input {{ {} }}\n", fields.join(", "));
        if line.chars().count() <= LINE_MAX {
            text.push_str(&line);
        } else {
            text.push_str(&format!("    input {{\n        {}\n    }}\n", fields.join("\n        ")));
        }
    }
    if !variables.is_empty() {
        let fields: Vec<String> = variables.iter().map(|(name, kind)| format!("{name}: {kind}")).collect();
        text.push_str(&format!("    vars {{ {} }}\n", fields.join(", ")));
    }
    if !text.is_empty() {
        text.push('\n');
    }
    text
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

    /// A field of it, or nothing where it has none.
    pub fn find(&self, name: &str, reads: &mut Reads) -> Self {
        match self {
            Self::Input if !reads.is_data() => {
                reads.optional(name);
                self.get(name, reads)
            }
            Self::Input | Self::Path(_) => Self::Path(format!("{}?{}", self.term(reads).tight(), field(name))),
            Self::Over(base, fields) if !fields.contains_key(name) => base.find(name, reads),
            Self::Made(..) | Self::Over(..) | Self::Term(_) => self.get(name, reads),
        }
    }

    /// How much it consists of: its fields, and theirs.
    pub fn size(&self) -> usize {
        match self {
            Self::Input | Self::Made(Some(_), _) => 1,
            Self::Path(path) => 1 + path.len() / LINE_MAX,
            Self::Made(None, fields) => 1 + fields.values().map(Self::size).sum::<usize>(),
            Self::Over(base, fields) => base.size() + fields.values().map(Self::size).sum::<usize>(),
            Self::Term(term) => 1 + term.expression().len() / LINE_MAX,
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

    /// A field into which something is put: an empty object where it is not there.
    fn object(&self, name: &str, reads: &mut Reads) -> Self {
        let owner = match self {
            Self::Made(_, fields) => return fields.get(name).cloned().unwrap_or_else(Self::empty),
            Self::Over(base, fields) => {
                return fields.get(name).cloned().unwrap_or_else(|| base.object(name, reads));
            }
            Self::Input if !reads.is_data() => {
                reads.optional(name);
                return Self::Path(format!("({} ?? #{{}})", reads.field(name)));
            }
            Self::Input | Self::Path(_) | Self::Term(_) => self.term(reads).tight(),
        };
        Self::Path(format!("({owner}?{} ?? #{{}})", field(name)))
    }

    /// What documents have in common that come by several ways: what is the same, and the fields in which they differ. `None`
    /// where they differ as a whole.
    pub fn common(ends: &[&Self]) -> Option<(Self, IndexMap<String, Self>, Vec<String>)> {
        let parts: Vec<(&Self, IndexMap<String, Self>)> = ends
            .iter()
            .map(|end| match end {
                Self::Over(base, fields) => (&**base, fields.clone()),
                other => (*other, IndexMap::new()),
            })
            .collect();
        let (base, first) = parts.first()?;
        if parts.iter().any(|(other, _)| other != base) || matches!(base, Self::Made(None, _)) {
            return None;
        }
        let names: Vec<&String> = parts.iter().flat_map(|(_, fields)| fields.keys()).collect();
        let mut same = IndexMap::new();
        let mut differ: Vec<String> = Vec::new();
        for name in names {
            let first = first.get(name);
            if parts.iter().all(|(_, fields)| fields.get(name).is_some() && fields.get(name) == first) {
                first.into_iter().for_each(|known| drop(same.insert(name.clone(), known.clone())));
            } else if !differ.contains(name) {
                differ.push(name.clone());
            }
        }
        // What only some of them have would have to be absent from the others.
        let is_whole = differ.iter().all(|name| parts.iter().all(|(_, fields)| fields.contains_key(name)));
        is_whole.then(|| ((*base).clone(), same, differ))
    }

    /// The fields that stand over a document, by name.
    pub fn over(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Over(_, fields) => fields.get(name),
            Self::Input | Self::Path(_) | Self::Made(..) | Self::Term(_) => None,
        }
    }

    /// The document with something put where a path of fields leads.
    pub fn put(&self, path: &[String], value: Self, reads: &mut Reads) -> Self {
        let Some((first, rest)) = path.split_first() else { return value };
        let value = if rest.is_empty() {
            value
        } else {
            let inner = self.object(first, reads);
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
