//! What is carried out when something is said: a workflow that is made for it. The names of the session that are read come in as its
//! input, what was typed is its body, and what that names is looked at behind it.

use std::ops::Range;
use std::sync::Arc;

use super::declarations::Declarations;
use super::form::{Form, first_word, words};
use super::known::{Known, Names};
use super::sheet::Sheet;
use crate::base::shape::{Field, Shape};
use crate::base::span::Source;
use crate::base::value::Value;
use crate::lang::check::{HOLE, Hole, Named};
use crate::lang::layout;
use crate::lang::syntax::{bare, quoted};

/// What the value of an expression is called in the session.
pub const IT: &str = "it";
/// What it is called in the workflow, where `it` is that of the expression before.
const ANSWER: &str = "this_answer";
/// What stands before `steps` where those of what was typed before are meant.
const INPUT: &str = "input.";
/// What is called so stands where the names in scope are asked for.
const PROBE: &str = "this_place";

/// What was typed, on its way to being carried out.
pub struct Body<'s> {
    /// What is declared.
    declarations: &'s Declarations,
    /// What is known by name.
    names: &'s Names,
    /// What was typed.
    typed: &'s Source,
    /// How it is read.
    form: Form,
    /// A name of the session that is read in what names it anew: where it is named, and what it is called there.
    renamed: Option<(Range<usize>, String)>,
    /// The names that are read.
    read: Vec<Arc<str>>,
    /// Where `steps` stands in it for steps of what was typed before.
    looks_back: Vec<usize>,
    /// The workflow.
    pub workflow: String,
}

/// A name that was made.
#[derive(Clone, Debug)]
pub struct Made {
    /// What the session calls it.
    pub name: Arc<str>,
    /// What the workflow calls it.
    called: Arc<str>,
    /// Its type.
    pub shape: Shape,
}

impl Made {
    /// What the workflow calls it.
    pub fn called(&self) -> &Arc<str> {
        &self.called
    }

    /// What its value is called, as it stands at the end.
    pub fn at_the_end(at: usize) -> String {
        format!("this_end_{at}")
    }
}

/// Which names of the session come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Those that are read: for whoever carries it out.
    Read,
    /// All of them: for whoever looks for one.
    All,
}

impl<'s> Body<'s> {
    /// The workflow for what was typed.
    pub fn new(declarations: &'s Declarations, names: &'s Names, typed: &'s Source, form: Form, reach: Reach) -> Self {
        let words: Vec<(usize, &str)> = words(&typed.text).collect();
        let mut named = declared(&typed.text, &words);
        let reads = |name: &str, but: Option<usize>| words.iter().any(|(at, word)| *word == name && Some(*at) != but);
        // `let n = n + 1`: the new one is named anew, so that the old one can be read.
        let renamed = match (form, named.first()) {
            (Form::Statement, Some((at, name))) if named.len() == 1 && names.get(name).is_some() => {
                let first = words.get(1).is_some_and(|(second, _)| second == at);
                (first && reads(name, Some(*at))).then(|| (*at..at + name.len(), format!("new_{name}")))
            }
            _ => None,
        };
        if renamed.is_some() || form != Form::Statement {
            named.clear();
        }
        let read = names.iter().map(|(name, _)| name.clone());
        let read = read
            .filter(|name| (reach == Reach::All || reads(name, None)) && !named.iter().any(|(_, it)| *it == &**name))
            .collect();
        let looks_back = looks_back(&typed.text, names, &declared(&typed.text, &words));
        Self { declarations, names, typed, form, renamed, read, looks_back, workflow: free_name(declarations) }
    }

    /// The text of everything, with `behind` at the end of the workflow.
    pub fn sheet(&self, behind: &str) -> Sheet {
        let mut sheet = Sheet::default();
        put_declarations(&mut sheet, self.declarations);
        sheet.put(&format!("workflow {} {{\n", self.workflow));
        if !self.read.is_empty() || !self.looks_back.is_empty() {
            let field = |(name, known): (&Arc<str>, &Known)| format!("{name}: {}\n", known.written_type());
            sheet.put(&format!("input {{\n{}", self.values().map(field).collect::<String>()));
            if !self.looks_back.is_empty() {
                sheet.put(&format!("steps: {{\n{}}}\n", self.names.records().map(field).collect::<String>()));
            }
            sheet.put("}\n");
            self.read.iter().for_each(|name| sheet.put(&format!("let {name} = input.{name}\n")));
        }
        let all = 0..self.typed.text.len();
        match (self.form, &self.renamed) {
            (Form::Expression, _) => {
                sheet.put(&format!("let {ANSWER} = "));
                self.quote(&mut sheet, all);
            }
            (Form::Script, _) => {
                sheet.put(&format!("step {ANSWER} = script {{\n"));
                self.quote(&mut sheet, all);
                sheet.put("\n}");
            }
            (_, Some((place, name))) => {
                self.quote(&mut sheet, 0..place.start);
                sheet.put(name);
                self.quote(&mut sheet, place.end..all.end);
            }
            (_, None) => self.quote(&mut sheet, all),
        }
        sheet.put(&format!("\n{behind}}}\n"));
        sheet
    }

    /// Puts a stretch of what was typed behind `sheet`. What was typed before comes in as the input, its steps too.
    fn quote(&self, sheet: &mut Sheet, range: Range<usize>) {
        let mut at = range.start;
        for place in self.looks_back.iter().filter(|place| range.contains(place)) {
            sheet.quote(self.typed, at..*place);
            sheet.put(INPUT);
            at = *place;
        }
        sheet.quote(self.typed, at..range.end);
    }

    /// The names that are read, with what they are.
    fn values(&self) -> impl Iterator<Item = (&Arc<str>, &Known)> {
        self.read.iter().filter_map(|name| Some((name, self.names.get(name)?)))
    }

    /// The text in which the names in scope behind what was typed are asked for.
    pub fn asking(&self) -> Sheet {
        self.sheet(&format!("let {PROBE} = {HOLE}\n"))
    }

    /// The text in which all that was made is looked at.
    pub fn looking(&self, made: &[Made]) -> Sheet {
        let looks = made.iter().enumerate();
        self.sheet(
            &looks.map(|(at, made)| format!("let {} = {}\n", Made::at_the_end(at), made.called)).collect::<String>(),
        )
    }

    /// What was made, by what the front end says is in scope.
    pub fn made(&self, hole: Option<&Hole>) -> Vec<Made> {
        let Some(Hole::Name(all)) = hole else { return Vec::new() };
        let new = all.iter().filter(|(name, named, _)| {
            matches!(named, Named::Step | Named::Local) && !self.read.contains(name) && &**name != PROBE
        });
        new.map(|(name, _, shape)| Made { name: self.called(name), called: name.clone(), shape: shape.clone() })
            .collect()
    }

    /// What the workflow is given.
    pub fn input(&self) -> Value {
        let value = |(name, known): (&Arc<str>, &Known)| (name.clone(), known.value.clone());
        let steps =
            (!self.looks_back.is_empty()).then(|| ("steps".into(), Value::map(self.names.records().map(value))));
        Value::map(self.values().map(value).chain(steps))
    }

    /// The types of the records of its steps, by what the session calls them.
    pub fn records(&self, hole: Option<&Hole>) -> Vec<Made> {
        let Some(Hole::Name(all)) = hole else { return Vec::new() };
        let steps = all.iter().find(|(name, named, _)| *named == Named::Scope && &**name == "steps");
        let Some((.., Shape::Object(steps))) = steps else { return Vec::new() };
        let made = |field: &Field| {
            let (name, called) = (self.called(&field.name), field.name.clone());
            Made { name, called, shape: field.shape.clone() }
        };
        steps.fields.iter().filter(|field| *field.name != *ANSWER).map(made).collect()
    }

    /// What the session calls something.
    fn called(&self, called: &Arc<str>) -> Arc<str> {
        match &self.renamed {
            _ if &**called == ANSWER => IT.into(),
            Some((place, new)) if **new == **called => self.typed.text[place.clone()].into(),
            _ => called.clone(),
        }
    }
}

/// Where `steps` stands in a text for steps of what was typed before: behind it stands the name of none that is named here.
fn looks_back(text: &str, names: &Names, declared: &[(usize, &str)]) -> Vec<usize> {
    if names.records().next().is_none() || !text.contains("steps") {
        return Vec::new();
    }
    let bare = bare(text);
    let is_bare = |at: usize| bare.iter().any(|range| range.contains(&at));
    let looks = words(text).filter(|(at, word)| {
        let behind = text[at + word.len()..].trim_start();
        let behind = behind.strip_prefix("?.").or_else(|| behind.strip_prefix('.'));
        let own = |behind: &str| declared.iter().any(|(_, name)| *name == first_word(behind.trim_start()));
        *word == "steps" && is_bare(*at) && !text[..*at].trim_end().ends_with('.') && behind.is_some_and(|it| !own(it))
    });
    looks.map(|(at, _)| at).collect()
}

/// The text of all that is declared.
pub fn put_declarations(sheet: &mut Sheet, declarations: &Declarations) {
    for declaration in declarations.iter() {
        sheet.quote(&declaration.source, declaration.range.clone());
        sheet.put("\n\n");
    }
}

/// A name for the workflow of a session that nobody has taken.
pub fn free_name(declarations: &Declarations) -> String {
    let mut name = "session".to_owned();
    while declarations.named("workflow").any(|taken| taken == name) {
        name.push('_');
    }
    name
}

/// The names that a text declares, and where. What stands in texts and comments declares nothing.
fn declared<'t>(text: &str, words: &[(usize, &'t str)]) -> Vec<(usize, &'t str)> {
    let quoted = quoted(text);
    let is_quoted = |at: usize| quoted.iter().any(|(range, _)| range.contains(&at));
    let pairs = words.windows(2).filter(|pair| matches!(pair[0].1, "let" | "step" | "for" | "branch"));
    pairs.filter(|pair| !is_quoted(pair[0].0)).map(|pair| pair[1]).collect()
}

/// A value as a program writes it, laid out in so many columns.
pub fn shown(value: &Value, width: usize) -> String {
    layout::laid_out(value, 0, 0, width)
}
