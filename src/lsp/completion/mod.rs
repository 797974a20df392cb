//! What could be written at a place.
//!
//! [`caret`] says where the caret stands, [`grammar`] which words and kinds of things may come there, and the checker, of a text in which
//! a hole stands at the caret, what of these there is: names, fields, parameters, the type that is wanted.

mod callee;
mod caret;
mod declared;
mod form;
mod grammar;
mod lexeme;
mod list;
mod slot;
mod value;
mod word;

use std::ops::Range;
use std::sync::Arc;

use lsp_types::CompletionItemKind as ItemKind;
use serde_json::Value;

use self::caret::Caret;
use self::declared::Names;
use self::form::Next;
use self::lexeme::{Lexeme, Mark};
use self::list::{Item, List};
use self::slot::{Slot, Takes};
use super::look::Look;
use super::outline::Kind;
use super::place::{PROGRAM, Place};
use super::wording;
use crate::base::failure::KINDS;
use crate::lang::catalog::types;
use crate::lang::check::{HOLE, Hole};
use crate::lang::script::functions::method_named;
use crate::lang::syntax::ast::PersonaItem;

/// What could be written at a place.
pub fn completions(place: &Place<'_>) -> Value {
    let caret = Caret::at(place.text(), place.offset);
    if caret.comment {
        return Value::Null;
    }
    let next = caret.next();
    let look = look(place, &caret, &next);
    let inside = caret.quoted.then(|| place.lines().range(caret.word.clone()));
    let mut offering = Offering { place, caret: &caret, look: &look, list: List::within(inside), is_named_only: false };
    offering.all(&next);
    offering.list.done()
}

/// What the language itself says of the word at a place, where it is a word of the language, an error or something that Rhai brings.
pub fn meaning(place: &Place<'_>) -> Option<(Range<usize>, String)> {
    let caret = Caret::at(place.text(), place.offset);
    let word = &place.text()[caret.word.clone()];
    if caret.comment || caret.quoted || word.is_empty() {
        return None;
    }
    let next = caret.next();
    let behind_dot = caret.statement().last().is_some_and(|last| matches!(last.text, "." | "?."));
    let text = if behind_dot {
        let method = method_named(word)?;
        let head = if method.is_property() { format!("{word}: {}", method.signature) } else { method.signature.into() };
        format!("{}\n\n{}", wording::code(&head), method.doc)
    } else if next.iter().any(|next| matches!(next, Next::Word(known) if *known == word)) {
        format!("`{word}`: {}", word::meaning(word)?)
    } else if next.iter().any(|next| matches!(next, Next::Slot(Slot::Error, _))) {
        let (_, kind) = KINDS.iter().find(|(name, _)| *name == word)?;
        format!("`{word}`: {}", word::error(kind)?)
    } else {
        return None;
    };
    Some((caret.word, text))
}

/// What is known of the text with a hole at the caret.
fn look(place: &Place<'_>, caret: &Caret<'_>, next: &[Next]) -> Arc<Look> {
    let is_value = |next: &Next| matches!(next, Next::Slot(Slot::Expr | Slot::Duration | Slot::Key, _));
    // A text that is no value stays a text.
    let instead = if caret.quoted && !next.iter().any(is_value) { "\"\"" } else { HOLE };
    let look = place.desk.look_at_hole(&place.path, &caret.with(instead));
    let is_script = caret.frames.iter().any(|frame| frame.zone == "rhai");
    if is_script && look.study.checked.notes.hole.is_none() {
        // A statement that is begun above others has no `;` yet, without which none of them can be read.
        return place.desk.look_at_hole(&place.path, &caret.with(&format!("{HOLE};")));
    }
    look
}

/// What is being offered.
struct Offering<'o> {
    place: &'o Place<'o>,
    caret: &'o Caret<'o>,
    look: &'o Look,
    list: List,
    /// Whether what is named is not called: it gets no braces.
    is_named_only: bool,
}

impl<'o> Offering<'o> {
    fn all(&mut self, next: &[Next]) {
        // A number is being written, or the name of something new.
        if self.caret.text[self.caret.word.clone()].starts_with(|first: char| first.is_ascii_digit())
            && !self.caret.quoted
        {
            return;
        }
        if next.is_empty() {
            return self.by_hole();
        }
        let is_call = next.iter().any(|next| matches!(next, Next::Slot(Slot::Key, _)));
        for next in next {
            match next {
                Next::Word(word) if !self.caret.quoted => self.word(word, if is_call { 5 } else { 0 }),
                Next::Slot(slot, from) => self.slot(*slot, *from),
                Next::Word(_) | Next::Sign(_) | Next::More(_) | Next::Inner(..) => {}
            }
        }
    }

    /// What the checker alone says, where the caret stands in nothing that can be understood.
    fn by_hole(&mut self) {
        match &self.look.study.checked.notes.hole {
            Some(Hole::Field(_) | Hole::Name(_)) => self.expression(),
            Some(Hole::Parameter(_)) => self.keys(),
            Some(Hole::Callee(before)) => self.callees(&before.iter().map(|part| &**part).collect::<Vec<_>>()),
            None => {}
        }
    }

    /// A word of the language; one with a colon behind it is a field.
    fn word(&mut self, word: &'static str, rank: u8) {
        let frame = self.caret.inner();
        let zone = frame.map_or("", |frame| frame.zone);
        let doc = word::meaning(word);
        if self.caret.statement().is_empty() && grammar::keys(zone).contains(&word) {
            if frame.is_none_or(|frame| !frame.keys.contains(&word)) {
                let snippet = (!self.has_colon()).then(|| format!("{word}: $0"));
                self.list.add(0, Item::new(word, ItemKind::Property).doc(doc).snippet(snippet));
            }
            return;
        }
        self.list.add(rank, Item::new(word, ItemKind::Keyword).doc(doc));
    }

    /// What there is of a kind; its first lexeme has the number `from`.
    fn slot(&mut self, slot: Slot, from: usize) {
        let is_text = slot.takes() == Takes::Text || matches!(slot, Slot::Expr | Slot::Pattern | Slot::Url);
        if self.caret.quoted && !is_text {
            return;
        }
        let before: Vec<&str> = self.path(from);
        match slot {
            Slot::Name | Slot::Text => {}
            Slot::Expr => self.expression(),
            Slot::Duration => {
                self.durations();
                self.expression();
            }
            Slot::Key => self.keys(),
            Slot::Target => self.targets(),
            Slot::Type => self.types(),
            Slot::Error => self.errors(),
            Slot::Callee => self.callees(&before),
            Slot::Workflow => {
                let tree = match before[..] {
                    [] => Some(0),
                    [alias, ..] => self.look.study.trees.first().and_then(|program| program.used(alias)),
                };
                self.is_named_only = self.caret.frames.last().is_some_and(|frame| frame.zone == "program");
                tree.into_iter().for_each(|tree| self.workflows(tree));
            }
            Slot::Mocked => self.mocked(&before),
            Slot::Source => self.sources(&before),
            Slot::Operation => self.own_operations(),
            Slot::Handler => self.declared(Kind::Handler),
            Slot::Persona => {
                let personas = self.look.study.catalog.personas.keys();
                personas.for_each(|name| self.list.add(0, Item::new(name, ItemKind::Reference).detail("persona")));
            }
            Slot::Step => self.steps(),
            Slot::Pattern => self.patterns(),
            Slot::File => self.files(),
            Slot::Topic => {
                Names::of(&self.look.study).topics.iter().for_each(|it| self.list.text(0, it, "event", None))
            }
            Slot::Signal => {
                Names::of(&self.look.study).signals.iter().for_each(|it| self.list.text(0, it, "signal", None));
            }
            Slot::Zone => self.zones(),
            Slot::Cron => CRON.iter().for_each(|(line, doc)| self.list.text(0, line, doc, None)),
            Slot::Intent => self.intents(),
            Slot::Url => self.url(),
        }
    }

    /// The words of a path before the caret.
    fn path(&self, from: usize) -> Vec<&'o str> {
        let statement = self.caret.statement().get(from..).unwrap_or_default();
        statement.iter().filter(|lexeme| lexeme.mark == Mark::Word).map(|lexeme| lexeme.text).collect()
    }

    /// Whether a colon stands behind the caret already.
    fn has_colon(&self) -> bool {
        self.caret.text[self.caret.whole.end..].trim_start_matches([' ', '\t']).starts_with(':')
    }

    fn errors(&mut self) {
        for (name, kind) in &KINDS {
            self.list.add(1, Item::new(name, ItemKind::EnumMember).detail("error").doc(word::error(kind)));
        }
        Names::of(&self.look.study).errors.iter().for_each(|name| {
            self.list.add(1, Item::new(name, ItemKind::EnumMember).detail("error of this program"));
        });
        if self.caret.statement().first().is_some_and(|word| word.text == "on") {
            self.list.add(0, Item::new("error", ItemKind::EnumMember).doc(Some("All of them.")));
        }
    }

    fn types(&mut self) {
        let statement = self.caret.statement();
        let alias = match statement {
            [.., Lexeme { mark: Mark::Word, text, .. }, Lexeme { text: ".", .. }] => Some(*text),
            _ => None,
        };
        if let Some(alias) = alias {
            let Some(tree) = self.look.study.trees.first().and_then(|program| program.used(alias)) else { return };
            let file = crate::base::span::FileId(u16::try_from(tree).unwrap_or_default());
            let entries = self.look.outline(file).map_or(&[][..], |outline| &outline.entries);
            for entry in entries.iter().filter(|entry| entry.kind == Kind::Type) {
                self.list.add(0, Item::new(&entry.name, ItemKind::Struct));
            }
            return;
        }
        self.declared(Kind::Type);
        for name in types::BUILT_IN {
            let snippet = matches!(name, "list" | "set" | "map").then(|| format!("{name}<$0>"));
            self.list.add(1, Item::new(name, ItemKind::Struct).snippet(snippet));
        }
    }

    /// What the program declares of one kind.
    fn declared(&mut self, kind: Kind) {
        let entries = self.look.outline(PROGRAM).map_or(&[][..], |outline| &outline.entries);
        for entry in entries.iter().filter(|entry| entry.kind == kind) {
            let doc = entry.doc.as_ref().map(|doc| &*doc.text);
            self.list.add(0, Item::new(&entry.name, ItemKind::Reference).doc(doc));
        }
    }

    fn steps(&mut self) {
        let all = self.look.outline(PROGRAM).map(super::outline::Outline::all).unwrap_or_default();
        for entry in all.into_iter().filter(|entry| entry.kind == Kind::Step && !entry.name.contains('.')) {
            self.list.add(0, Item::new(&entry.name, ItemKind::Variable).detail("step"));
        }
    }

    fn intents(&mut self) {
        for persona in self.look.study.catalog.personas.values() {
            for item in &persona.items {
                if let PersonaItem::Intent { name, .. } = item {
                    self.list.text(0, &name.text, &persona.name.text, None);
                }
            }
        }
    }

    /// What an arm may be for: the values that the type of what is looked at leaves to choose from.
    fn patterns(&mut self) {
        if !self.caret.quoted {
            self.list.add(1, Item::new("_", ItemKind::Keyword).doc(Some("Whatever else it is.")));
        }
        let (Some(frame), Some(outer)) = (self.caret.inner(), self.caret.outer()) else { return };
        let (Some(last), Some(close)) = (outer.lexemes.last(), self.caret.close()) else { return };
        let arms = if frame.zone == "switch" { "{ _ => () }" } else { "{ _ => {} }" };
        let text = self.caret.text;
        let asked = format!("{}.{HOLE} {arms}{}", &text[..last.end()], &text[close..]);
        let look = self.place.desk.look_at_hole(&self.place.path, &asked);
        if let Some(Hole::Field(shape)) = &look.study.checked.notes.hole {
            self.choices(shape);
        }
    }

    /// The files of the language that lie near the program.
    fn files(&mut self) {
        let own = self.place.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        for path in self.place.desk.programs().iter().filter(|path| **path != self.place.path) {
            if let Some(relative) = path.strip_prefix(own).and_then(|rest| rest.strip_prefix('/')) {
                self.list.text(0, relative, "file", None);
            }
        }
    }

    fn zones(&mut self) {
        for name in jiff::tz::db().available() {
            self.list.text(0, &name.to_string(), "time zone", None);
        }
    }

    /// The parameters of an operation, in the braces of a path.
    fn url(&mut self) {
        if !self.caret.quoted {
            return;
        }
        let before =
            self.caret.text[..self.place.offset].trim_end_matches(|it: char| it.is_alphanumeric() || it == '_');
        let head = self.caret.outer().map_or(&[][..], |outer| &outer.lexemes);
        let params = head.iter().find(|lexeme| lexeme.mark == Mark::Group && lexeme.text.starts_with('('));
        let (true, Some(params)) = (before.ends_with('{'), params) else { return };
        for param in params.text.trim_matches(['(', ')']).split(',') {
            let name = param.split([':', '=']).next().unwrap_or_default().trim().trim_end_matches('?');
            self.list.add(0, Item::new(name, ItemKind::Field).detail("parameter"));
        }
    }
}

/// Lines that say when a schedule is due, to begin with.
const CRON: [(&str, &str); 6] = [
    ("0 9 * * MON-FRI", "at nine, Monday to Friday"),
    ("0 9 * * *", "every day at nine"),
    ("*/15 * * * *", "every quarter of an hour"),
    ("0 * * * *", "every hour"),
    ("0 0 1 * *", "on the first of each month"),
    ("0 8 * * MON", "every Monday at eight"),
];
