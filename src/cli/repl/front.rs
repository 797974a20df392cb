//! What the front end says while somebody types: whether a text is at its end, what could stand at a place, which colour a name has.

use std::borrow::Cow;
use std::cell::RefCell;
use std::ops::Range;

use anstyle::{AnsiColor, Style};
use rustyline::completion::{Candidate, Completer, FilenameCompleter};
use rustyline::highlight::{CmdKind, Highlighter};
use rustyline::hint::Hinter;
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{Context, Helper};

use super::body::{Body, Reach, put_declarations};
use super::declarations::Declarations;
use super::form::{self, Form};
use super::help::COMMANDS;
use super::known::Names;
use super::sheet::Sheet;
use super::survived;
use crate::base::span::{FileId, Source, Span};
use crate::host::{Disk, study};
use crate::lang::Kept;
use crate::lang::check::Named;
use crate::lang::syntax::words::{CLAUSES, DECLARATIONS, STATEMENTS};
use crate::lang::syntax::{is_open, lexeme, quoted};
use crate::lsp::{Offer, offers};

/// What is being typed is called so.
const TYPED: &str = "typed";
/// Beyond this, what is typed is coloured by its words alone.
const STUDIED_BYTES_MAX: usize = 256 * 1024;

/// What the session knows, for whoever types.
#[derive(Default)]
pub struct Front {
    declarations: Declarations,
    names: Names,
    /// What was coloured last.
    painted: RefCell<(String, String)>,
    /// What was read of the session with the last keys.
    kept: RefCell<Kept>,
}

/// Something that could be written.
pub struct Choice {
    shown: String,
    text: String,
}

impl Candidate for Choice {
    fn display(&self) -> &str {
        &self.shown
    }

    fn replacement(&self) -> &str {
        &self.text
    }
}

impl Front {
    /// From now on this is known.
    pub fn know(&mut self, declarations: &Declarations, names: &Names) {
        (self.declarations, self.names) = (declarations.clone(), names.clone());
    }

    /// What was typed as a part of the session.
    fn sheet(&self, typed: &Source) -> Sheet {
        match form::forms(&typed.text) {
            [Form::Declarations] => {
                let mut sheet = Sheet::default();
                let others = self.declarations.without(&Declarations::of(typed));
                put_declarations(&mut sheet, &others);
                sheet.quote(typed, 0..typed.text.len());
                sheet
            }
            forms => {
                let form = forms.first().copied().unwrap_or(Form::Expression);
                Body::new(&self.declarations, &self.names, typed, form, Reach::All).sheet("")
            }
        }
    }

    /// What could be written at `offset` of a text that is no command.
    fn offers(&self, text: &str, offset: usize) -> Vec<Choice> {
        let typed = Source::new(TYPED, text);
        let sheet = self.sheet(&typed);
        let at = sheet.offset(TYPED, offset).unwrap_or(sheet.len());
        // Whoever types goes on typing, whatever is wrong with the front end.
        let offered =
            survived(|| offers("session", sheet.text(), at, &Disk, &mut self.kept.borrow_mut())).unwrap_or_default();
        let mut choices: Vec<Choice> = offered.iter().map(choice).collect();
        if form::is_silent(&text[..word_start(text, offset)]) {
            let words = STATEMENTS.iter().filter(|word| form::may_begin(word)).chain(&DECLARATIONS);
            choices.extend(words.map(|word| plain(word)));
        }
        choices
    }

    fn paint(&self, line: &str) -> String {
        let mut marks = lexical(line);
        if !line.starts_with(':') && line.len() < STUDIED_BYTES_MAX {
            marks.extend(survived(|| self.meanings(line)).unwrap_or_default());
        }
        marks.sort_by_key(|(range, _)| (range.start, range.end));
        let (mut painted, mut at) = (String::with_capacity(line.len() * 2), 0);
        for (range, style) in marks {
            // What stands in a text or a comment is a part of that.
            if range.start < at || line.get(range.clone()).is_none() {
                continue;
            }
            painted.push_str(&line[at..range.start]);
            painted.push_str(&format!("{style}{}{style:#}", &line[range.clone()]));
            at = range.end;
        }
        painted.push_str(&line[at..]);
        painted
    }

    /// The names in a text, by what they mean.
    fn meanings(&self, line: &str) -> Vec<(Range<usize>, Style)> {
        let typed = Source::new(TYPED, line);
        let sheet = self.sheet(&typed);
        let seen = study("session", sheet.text(), &mut self.kept.borrow_mut());
        let written = sheet.sources(&seen.sources);
        let whole = Span::new(FileId(0), 0..sheet.len());
        let mentions = seen.checked.notes.mentions.iter().filter(|(span, _)| span.file == whole.file);
        let colours = mentions.filter_map(|(span, mention)| {
            let place = written.place(seen.written(*span))?;
            let is_typed = *written.sources.get(place.file).name == *TYPED;
            is_typed.then(|| Some((place.range(), colour(mention.named)?))).flatten()
        });
        colours.collect()
    }
}

fn choice(offer: &Offer) -> Choice {
    let shown = match offer.detail.is_empty() {
        true => offer.label.clone(),
        false => format!("{}  {}", offer.label, offer.detail),
    };
    Choice { shown, text: offer.text.clone() }
}

fn plain(word: &str) -> Choice {
    Choice { shown: word.to_owned(), text: word.to_owned() }
}

/// Where the word begins that ends at `offset`.
fn word_start(text: &str, offset: usize) -> usize {
    text[..offset].trim_end_matches(|letter: char| letter.is_alphanumeric() || letter == '_').len()
}

impl Completer for Front {
    type Candidate = Choice;

    fn complete(&self, line: &str, pos: usize, context: &Context<'_>) -> rustyline::Result<(usize, Vec<Choice>)> {
        let start = word_start(line, pos);
        let begun = &line[start..pos];
        let mut choices = match line.strip_prefix(':').map(|said| said.split_once(char::is_whitespace)) {
            Some(None) => COMMANDS.iter().map(|command| plain(command.word)).collect(),
            Some(Some(("load" | "save" | "edit" | "open", rest))) => {
                let (at, files) = FilenameCompleter::new().complete(rest, pos - (line.len() - rest.len()), context)?;
                let files = files.into_iter().map(|pair| Choice { shown: pair.display, text: pair.replacement });
                return Ok((line.len() - rest.len() + at, files.collect()));
            }
            Some(Some(("run" | "plan" | "graph", _))) => self.declarations.named("workflow").map(plain).collect(),
            Some(Some(("help", _))) => COMMANDS.iter().map(|command| plain(command.word)).collect(),
            Some(Some((_, rest))) => {
                let behind = line.len() - rest.len();
                self.offers(rest, pos.max(behind) - behind)
            }
            None => self.offers(line, pos),
        };
        choices.retain(|choice| choice.text.starts_with(begun));
        Ok((start, choices))
    }
}

impl Hinter for Front {
    type Hint = String;
}

impl Validator for Front {
    fn validate(&self, context: &mut ValidationContext<'_>) -> rustyline::Result<ValidationResult> {
        let said = context.input();
        // Two blank lines end what is open: then it is said what is missing.
        let gives_up = said.contains('\n') && said.rsplit('\n').take(2).all(|line| line.trim().is_empty());
        let waits = is_open(said) && !gives_up || is_announced(said);
        Ok(if waits { ValidationResult::Incomplete } else { ValidationResult::Valid(None) })
    }
}

/// Whether a text is nothing but what is said of a declaration that follows.
fn is_announced(text: &str) -> bool {
    text.trim_start().starts_with("///") && form::is_silent(text) && !text.ends_with('\n')
}

impl Highlighter for Front {
    fn highlight<'l>(&self, line: &'l str, _: usize) -> Cow<'l, str> {
        let known = self.painted.borrow().0 == line;
        if !known {
            let painted = self.paint(line);
            *self.painted.borrow_mut() = (line.to_owned(), painted);
        }
        Cow::Owned(self.painted.borrow().1.clone())
    }

    fn highlight_prompt<'b, 's: 'b, 'p: 'b>(&'s self, prompt: &'p str, _: bool) -> Cow<'b, str> {
        let style = Style::new().dimmed();
        Cow::Owned(format!("{style}{prompt}{style:#}"))
    }

    fn highlight_char(&self, _: &str, _: usize, kind: CmdKind) -> bool {
        kind != CmdKind::MoveCursor
    }
}

impl Helper for Front {}

fn of_colour(colour: AnsiColor) -> Style {
    Style::new().fg_color(Some(colour.into()))
}

/// The colour of a name; none for those that are read.
fn colour(named: Named) -> Option<Style> {
    match named {
        Named::Function | Named::Operation | Named::Workflow => Some(of_colour(AnsiColor::Blue)),
        Named::Connector | Named::File | Named::Persona => Some(of_colour(AnsiColor::Cyan)),
        Named::Type | Named::Handler => Some(of_colour(AnsiColor::Yellow)),
        Named::Scope => Some(of_colour(AnsiColor::Magenta)),
        Named::Step | Named::Local | Named::Parameter | Named::Variable | Named::Field => None,
    }
}

/// Texts, comments, numbers, and the words of the language that begin something.
fn lexical(line: &str) -> Vec<(Range<usize>, Style)> {
    let mut marks: Vec<(Range<usize>, Style)> = Vec::new();
    for (range, is_comment) in quoted(line) {
        marks.push((range, if is_comment { Style::new().dimmed() } else { of_colour(AnsiColor::Green) }));
    }
    let mut at = 0;
    let mut begins = true;
    while at < line.len() {
        if let Some((range, _)) = marks.iter().find(|(range, _)| range.contains(&at)) {
            at = range.end;
            begins = false;
            continue;
        }
        let length = lexeme::length(&line[at..]).max(1);
        let word = line.get(at..at + length).unwrap_or_default();
        let first = word.chars().next().unwrap_or_default();
        match first {
            '0'..='9' => marks.push((at..at + length, of_colour(AnsiColor::Cyan))),
            _ if begins && is_word_of_language(word) => marks.push((at..at + length, Style::new().bold())),
            _ => {}
        }
        begins = matches!(first, '\n' | '{' | '}' | ',') || begins && first.is_whitespace();
        at += if word.is_empty() { line[at..].chars().next().map_or(1, char::len_utf8) } else { length };
    }
    marks
}

fn is_word_of_language(word: &str) -> bool {
    STATEMENTS.contains(&word) || DECLARATIONS.contains(&word) || CLAUSES.contains(&word)
}
