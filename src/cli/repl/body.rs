//! What is carried out when something is said: a workflow that is made for it. The names of the session that are read come in as its
//! input, what was typed is its body, and what that names is looked at behind it.

use std::sync::Arc;

use super::declarations::Declarations;
use super::form::Form;
use super::known::Names;
use super::sheet::Sheet;
use crate::base::shape::Shape;
use crate::base::span::Source;
use crate::base::value::Value;
use crate::lang::check::{HOLE, Hole, Named};
use crate::lang::layout;
use crate::lang::syntax::quoted;

/// What the value of an expression is called in the session.
pub const IT: &str = "it";
/// What it is called in the workflow, where `it` is that of the expression before.
const ANSWER: &str = "this_answer";
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
    renamed: Option<(std::ops::Range<usize>, String)>,
    /// The names that are read.
    read: Vec<Arc<str>>,
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
        Self { declarations, names, typed, form, renamed, read, workflow: free_name(declarations) }
    }

    /// The text of everything, with `behind` at the end of the workflow.
    pub fn sheet(&self, behind: &str) -> Sheet {
        let mut sheet = Sheet::default();
        put_declarations(&mut sheet, self.declarations);
        sheet.put(&format!("workflow {} {{\n", self.workflow));
        if !self.read.is_empty() {
            let field = |name: &Arc<str>| {
                let ty = self.names.get(name).map_or_else(|| "any".to_owned(), super::known::Known::written_type);
                format!("{name}: {ty}\n")
            };
            sheet.put(&format!("input {{\n{}}}\n", self.read.iter().map(field).collect::<String>()));
            self.read.iter().for_each(|name| sheet.put(&format!("let {name} = input.{name}\n")));
        }
        let all = 0..self.typed.text.len();
        match (self.form, &self.renamed) {
            (Form::Expression, _) => {
                sheet.put(&format!("let {ANSWER} = "));
                sheet.quote(self.typed, all);
            }
            (Form::Script, _) => {
                sheet.put(&format!("step {ANSWER} = script {{\n"));
                sheet.quote(self.typed, all);
                sheet.put("\n}");
            }
            (_, Some((place, name))) => {
                sheet.quote(self.typed, 0..place.start);
                sheet.put(name);
                sheet.quote(self.typed, place.end..all.end);
            }
            (_, None) => sheet.quote(self.typed, all),
        }
        sheet.put(&format!("\n{behind}}}\n"));
        sheet
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
        let called = |called: &Arc<str>| match &self.renamed {
            _ if &**called == ANSWER => IT.into(),
            Some((place, new)) if **new == **called => self.typed.text[place.clone()].into(),
            _ => called.clone(),
        };
        new.map(|(name, _, shape)| Made { name: called(name), called: name.clone(), shape: shape.clone() }).collect()
    }

    /// What the workflow is given.
    pub fn input(&self) -> Value {
        let values = self.read.iter().filter_map(|name| Some((name.clone(), self.names.get(name)?.value.clone())));
        Value::map(values)
    }
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

/// The words of a text with their places, those in strings and comments too: one too many does no harm.
fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let is_word = |letter: char| letter.is_alphanumeric() || letter == '_';
    text.split(move |letter: char| !is_word(letter))
        .filter(|word| !word.is_empty())
        .map(|word| (word.as_ptr() as usize - text.as_ptr() as usize, word))
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
