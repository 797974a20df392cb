//! Forms of the language, each a line of words, and how far a statement has come in one.
//!
//! `wait ( DURATION | until EXPR | event TOPIC ) {wait}?` reads as it looks: small words stand as they are, capitals are
//! slots, `( | )` is a choice, `?` may be left out, `*` may come again, `{zone}` is a bracket in which the forms of that
//! zone hold, `@rule` a form that has a name.

use std::collections::BTreeSet;
use std::str::SplitWhitespace;

use super::lexeme::{Lexeme, Mark};
use super::slot::{Slot, Takes};

/// A form.
#[derive(Clone, Debug)]
pub enum Form {
    /// A word as it stands.
    Word(&'static str),
    /// A sign as it stands.
    Sign(&'static str),
    /// Something of a kind.
    Slot(Slot),
    /// A bracket, and the forms that hold in it.
    Inner(char, &'static str),
    /// The form with a name.
    Rule(&'static str),
    /// One after the other.
    All(Vec<Form>),
    /// Any of these.
    OneOf(Vec<Form>),
    /// Once or not at all.
    Maybe(Box<Form>),
    /// Any number of times.
    Often(Box<Form>),
}

/// What may come next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// A word.
    Word(&'static str),
    /// A sign.
    Sign(&'static str),
    /// Something of a kind, whose first lexeme has this number.
    Slot(Slot, usize),
    /// An expression that is whole may go on; it began at the lexeme with this number.
    More(usize),
    /// A bracket that opens a zone.
    Inner(char, &'static str),
}

impl Form {
    /// Reads a form as it is written in the table.
    pub fn read(line: &'static str) -> Self {
        let mut words = line.split_whitespace();
        sequence(&mut words)
    }

    /// The word with a colon behind it that the form begins with.
    pub fn key(&self) -> Option<&'static str> {
        match self {
            Self::All(parts) => match parts[..] {
                [Self::Word(word), Self::Sign(":"), ..] => Some(word),
                _ => None,
            },
            _ => None,
        }
    }
}

fn sequence(words: &mut SplitWhitespace<'static>) -> Form {
    let (mut choices, mut parts) = (Vec::new(), Vec::new());
    while let Some(word) = words.next() {
        match word {
            ")" | ")?" | ")*" => {
                choices.push(whole(parts));
                let form = if choices.len() == 1 { choices.remove(0) } else { Form::OneOf(choices) };
                return often(form, word);
            }
            "|" => choices.push(whole(std::mem::take(&mut parts))),
            "(" => parts.push(sequence(words)),
            _ => parts.push(often(single(word), word)),
        }
    }
    whole(parts)
}

fn whole(mut parts: Vec<Form>) -> Form {
    if parts.len() == 1 { parts.remove(0) } else { Form::All(parts) }
}

/// A form, and how often it stands by the end of its word.
fn often(form: Form, word: &str) -> Form {
    match word.as_bytes() {
        [_, .., b'?'] => Form::Maybe(form.into()),
        [_, .., b'*'] => Form::Often(form.into()),
        _ => form,
    }
}

fn single(word: &'static str) -> Form {
    let word = if word.len() > 1 { word.trim_end_matches(['?', '*']) } else { word };
    let bracket = word.chars().next().filter(|first| word.len() > 2 && "{[(".contains(*first));
    if let Some(open) = bracket {
        return Form::Inner(open, &word[1..word.len() - 1]);
    }
    if let Some(rule) = word.strip_prefix('@') {
        return Form::Rule(rule);
    }
    if let Some(slot) = Slot::named(word) {
        return Form::Slot(slot);
    }
    if word.starts_with(|first: char| first.is_alphabetic()) {
        return Form::Word(word);
    }
    Form::Sign(if word.len() > 2 { word.trim_matches('\'') } else { word })
}

/// A walk along the lexemes of a statement.
pub struct Walk<'w> {
    /// What stands before the caret.
    pub lexemes: &'w [Lexeme<'w>],
    /// Finds a form by its name.
    pub rule: fn(&str) -> &'static [Form],
    /// What may come behind them all.
    pub next: Vec<Next>,
}

impl Walk<'_> {
    fn note(&mut self, next: Next) {
        if !self.next.contains(&next) {
            self.next.push(next);
        }
    }

    /// Walks a form from each of the places; gives the places where it may end.
    pub fn along(&mut self, form: &Form, starts: &BTreeSet<usize>) -> BTreeSet<usize> {
        if starts.is_empty() {
            return BTreeSet::new();
        }
        match form {
            Form::Word(word) => self.one(starts, Next::Word(word), |it| it.mark == Mark::Word && it.text == *word),
            Form::Sign(sign) => self.one(starts, Next::Sign(sign), |it| it.mark == Mark::Sign && it.text == *sign),
            Form::Inner(open, zone) => {
                self.one(starts, Next::Inner(*open, zone), |it| it.mark == Mark::Group && it.text.starts_with(*open))
            }
            Form::Slot(slot) => starts.iter().flat_map(|start| self.slot(*slot, *start)).collect(),
            Form::Rule(name) => {
                let rule = self.rule;
                rule(name).iter().flat_map(|form| self.along(form, starts)).collect()
            }
            Form::All(parts) => parts.iter().fold(starts.clone(), |starts, part| self.along(part, &starts)),
            Form::OneOf(choices) => choices.iter().flat_map(|choice| self.along(choice, starts)).collect(),
            Form::Maybe(form) => self.along(form, starts).into_iter().chain(starts.iter().copied()).collect(),
            Form::Often(form) => {
                let mut all = starts.clone();
                let mut fresh = starts.clone();
                while !fresh.is_empty() {
                    fresh = self.along(form, &fresh).difference(&all).copied().collect();
                    all.extend(&fresh);
                }
                all
            }
        }
    }

    fn one(&mut self, starts: &BTreeSet<usize>, next: Next, fits: impl Fn(&Lexeme<'_>) -> bool) -> BTreeSet<usize> {
        let mut ends = BTreeSet::new();
        for start in starts {
            match self.lexemes.get(*start) {
                None => self.note(next),
                Some(lexeme) if fits(lexeme) => {
                    ends.insert(start + 1);
                }
                Some(_) => {}
            }
        }
        ends
    }

    /// Where something of a kind may end that begins at `start`.
    fn slot(&mut self, slot: Slot, start: usize) -> Vec<usize> {
        let Some(first) = self.lexemes.get(start) else {
            self.note(Next::Slot(slot, start));
            if slot.takes() == Takes::Type {
                self.note(Next::Inner('{', "fields"));
            }
            return Vec::new();
        };
        let end = self.lexemes.len();
        match slot.takes() {
            Takes::Word => {
                if matches!(first.mark, Mark::Word | Mark::Text) {
                    vec![start + 1]
                } else {
                    Vec::new()
                }
            }
            Takes::Text => {
                if first.mark == Mark::Text {
                    vec![start + 1]
                } else {
                    Vec::new()
                }
            }
            Takes::Path => self.path(slot, start),
            Takes::Type => {
                let run = self.lexemes[start..].iter().take_while(|lexeme| is_of_type(lexeme)).count();
                if start + run == end {
                    match self.lexemes.last() {
                        Some(last) if matches!(last.text, "<" | "|" | ".") => {
                            self.note(Next::Slot(slot, start));
                            self.note(Next::Inner('{', "fields"));
                        }
                        _ => self.note(Next::Sign("|")),
                    }
                }
                (start + 1..=start + run).collect()
            }
            Takes::Value => {
                if self.lexemes.last().is_some_and(Lexeme::wants_more) {
                    self.note(Next::Slot(slot, start));
                } else {
                    self.note(Next::More(start));
                }
                (start + 1..=end).collect()
            }
        }
    }

    /// `word.word.word`
    fn path(&mut self, slot: Slot, start: usize) -> Vec<usize> {
        let (mut at, mut ends) = (start, Vec::new());
        while self.lexemes.get(at).is_some_and(|lexeme| lexeme.mark == Mark::Word) {
            at += 1;
            ends.push(at);
            if self.lexemes.get(at).is_none_or(|lexeme| lexeme.text != ".") {
                break;
            }
            at += 1;
        }
        if at == self.lexemes.len() && at > start && self.lexemes[at - 1].text == "." {
            self.note(Next::Slot(slot, start));
        }
        ends
    }
}

/// Whether a lexeme may stand in a type.
fn is_of_type(lexeme: &Lexeme<'_>) -> bool {
    match lexeme.mark {
        Mark::Word | Mark::Text | Mark::Number => true,
        Mark::Sign => lexeme.text.chars().all(|letter| "<>?|.-".contains(letter)),
        Mark::Group => !lexeme.text.starts_with('['),
    }
}
