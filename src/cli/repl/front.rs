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
use super::session::Session;
use super::sheet::Sheet;
use super::survived;
use crate::base::id::RunId;
use crate::base::span::{FileId, Source, Span};
use crate::host::stood::Stood;
use crate::host::{Disk, study};
use crate::lang::Kept;
use crate::lang::check::Named;
use crate::lang::syntax::words::{CLAUSES, DECLARATIONS, STATEMENTS};
use crate::lang::syntax::{is_open, lexeme, quoted};
use crate::lsp::{Offer, offers};

/// What is being typed is called so.
const TYPED: &str = "typed";
/// What stands before a callee.
const CALLS: &str = "step called = ";
/// What has a name in every workflow, and stands for nothing in a session.
const OF_RUNS: [&str; 3] = ["input", "run", "trigger"];
/// Of so many choices, each is told with what it is.
const DETAILED_MAX: usize = 24;
/// So much is told of each.
const DETAIL_CHARS_MAX: usize = 60;
/// What has a name in every run.
const SCOPES: [&str; 8] = ["input", "vars", "state", "steps", "run", "trigger", "error", "output"];
/// Beyond this, what is typed is coloured by its words alone.
const STUDIED_BYTES_MAX: usize = 256 * 1024;

/// What the session knows, for whoever types.
#[derive(Default)]
pub struct Front {
    declarations: Declarations,
    names: Names,
    /// The run that is looked at as it stood.
    travel: Option<Stood>,
    /// How runs are called that can be opened, the last one first.
    runs: Vec<RunId>,
    /// What was coloured last.
    painted: RefCell<(String, String)>,
    /// What was read of the session with the last keys.
    kept: RefCell<Kept>,
}

/// Something that could be written.
pub struct Choice {
    /// What it is called.
    label: String,
    /// What is shown: with what it is, where not too much could be written.
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
    pub fn know(&mut self, session: &Session) {
        (self.declarations, self.names) = (session.declarations.clone(), session.names.clone());
        self.travel.clone_from(&session.travel);
        self.runs = session.past.iter().rev().map(|came| came.id.clone()).collect();
        *self.painted.borrow_mut() = <(String, String)>::default();
    }

    /// What was typed as a part of a session that declares these.
    fn sheet(&self, typed: &Source, declarations: &Declarations) -> Sheet {
        match form::forms(&typed.text) {
            [Form::Declarations] => {
                let mut sheet = Sheet::default();
                let others = declarations.without(&Declarations::of(typed));
                put_declarations(&mut sheet, &others);
                sheet.quote(typed, 0..typed.text.len());
                sheet
            }
            forms => {
                let form = forms.first().copied().unwrap_or(Form::Expression);
                Body::new(declarations, &self.names, typed, form, Reach::All).sheet("")
            }
        }
    }

    /// What could be written at `offset` of a text that is no command.
    fn offers(&self, text: &str, offset: usize) -> Vec<Choice> {
        if let Some(choices) = self.travel.as_ref().and_then(|stood| standing(stood, &text[..offset])) {
            return choices;
        }
        // A text whose `${` is being written has no end yet.
        let ended = text[..offset].rfind("${").filter(|at| offset == text.len() && !text[*at..].contains('}'));
        let typed = match ended {
            Some(_) => Source::new(TYPED, &format!("{text}}}\"")),
            None => Source::new(TYPED, text),
        };
        let sheet = self.sheet(&typed, &self.declarations);
        let at = sheet.offset(TYPED, offset).unwrap_or(sheet.len());
        // Whoever types goes on typing, whatever is wrong with the front end.
        let offered =
            survived(|| offers("session", sheet.text(), at, &Disk, &mut self.kept.borrow_mut())).unwrap_or_default();
        let is_own = |label: &str| self.names.get(label).is_some() || form::forms(text) == [Form::Declarations];
        let offered = offered.iter().filter(|offer| !OF_RUNS.contains(&&*offer.label) || is_own(&offer.label));
        let mut choices: Vec<Choice> = offered.map(choice).collect();
        if form::is_silent(&text[..word_start(text, offset)]) {
            let words = STATEMENTS.iter().filter(|word| form::may_begin(word)).chain(&DECLARATIONS);
            choices.extend(words.map(|word| plain(word)));
        }
        choices
    }

    /// The fields of the input of the workflow that is to be run, as JSON has them, and where the word begins that they stand for.
    fn inputs(&self, text: &str, offset: usize) -> (Vec<Choice>, usize) {
        let word = word_start(text, offset);
        let start = text[..word].strip_suffix('"').map_or(word, str::len);
        let name = text.split(['{', ' ']).next().unwrap_or_default();
        // Where a value is written, nothing is known of it.
        if !text[..start].trim_end().ends_with(['{', ',']) {
            return (Vec::new(), start);
        }
        let call = format!("{CALLS}{name} {{ ");
        let fields = self.offers(&format!("{call} }}"), call.len()).into_iter();
        let fields = fields.filter(|choice| choice.text.starts_with(&format!("{}:", choice.label)));
        let fields = fields.filter(|choice| choice.label.starts_with(&text[word..offset]));
        (fields.map(|choice| Choice { text: format!("\"{}\": ", choice.label), ..choice }).collect(), start)
    }

    /// What could be written at the end of a text that is no command.
    pub fn texts(&self, text: &str) -> Vec<String> {
        self.offers(text, text.len()).into_iter().map(|choice| choice.text).collect()
    }

    /// A line in colours.
    pub fn paint(&self, line: &str) -> String {
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
        // What is typed means the same without what it cannot mean: a key costs as much as what is named, not as the session.
        let sheet = self.sheet(&typed, &self.declarations.meant_by(line));
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

/// What could be written behind a text about a run as it stood: its names, and the fields of what they stood for.
fn standing(stood: &Stood, text: &str) -> Option<Vec<Choice>> {
    let is_word = |letter: char| letter.is_alphanumeric() || letter == '_';
    let before = text[..word_start(text, text.len())].trim_end_matches('?');
    let Some(owner) = before.strip_suffix('.').map(|before| before.trim_end_matches('?')) else {
        let made = stood.names().into_iter().map(|name| plain(&name));
        return Some(made.chain(SCOPES.into_iter().map(plain)).collect());
    };
    let start = owner.trim_end_matches(|letter: char| is_word(letter) || matches!(letter, '.' | '?')).len();
    let mut path = owner[start..].split('.').map(|name| name.trim_end_matches('?'));
    let value = path.next().and_then(|root| stood.name(root));
    let value = path.try_fold(value?, |value, name| value.get(name).cloned())?;
    let fields = value.as_map()?.iter().map(|(name, value)| Choice {
        label: name.to_string(),
        shown: format!("{name}  {}", value.type_name()),
        text: name.to_string(),
    });
    Some(fields.collect())
}

fn choice(offer: &Offer) -> Choice {
    let detail = match offer.detail.char_indices().nth(DETAIL_CHARS_MAX) {
        Some((end, _)) => format!("{}…", &offer.detail[..end]),
        None => offer.detail.clone(),
    };
    // What is said of a parameter begins with its name.
    let says_name = detail.strip_prefix(&offer.label).is_some_and(|rest| rest.starts_with([':', '(']));
    let shown = match says_name {
        true => detail,
        false => format!("{}  {detail}", offer.label).trim_end().to_owned(),
    };
    Choice { label: offer.label.clone(), shown, text: offer.text.clone() }
}

fn plain(word: &str) -> Choice {
    Choice { label: word.to_owned(), shown: word.to_owned(), text: word.to_owned() }
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
            Some(Some(("open", rest))) => {
                let runs = self.runs.iter().filter(|run| run.0.starts_with(rest)).map(|run| plain(&run.0));
                return Ok((line.len() - rest.len(), runs.collect()));
            }
            Some(Some(("edit", _))) => self.declarations.iter().map(|it| plain(&it.declared.name)).collect(),
            Some(Some(("load" | "save", rest))) => {
                let (at, files) = FilenameCompleter::new().complete(rest, pos - (line.len() - rest.len()), context)?;
                let files = files.into_iter().map(|pair| Choice { shown: pair.display, ..plain(&pair.replacement) });
                return Ok((line.len() - rest.len() + at, files.collect()));
            }
            Some(Some(("run", rest))) if rest.contains('{') => {
                let (choices, start) = self.inputs(rest, pos.max(line.len() - rest.len()) - (line.len() - rest.len()));
                return Ok((line.len() - rest.len() + start, choices));
            }
            Some(Some(("run" | "plan" | "graph", _))) => self.declarations.named("workflow").map(plain).collect(),
            Some(Some(("help", rest))) => {
                let commands = COMMANDS.iter().map(|command| plain(command.word)).filter(|_| !rest.contains('.'));
                let (callees, functions) =
                    (self.offers(&format!("{CALLS}{rest}"), CALLS.len() + rest.len()), self.offers(rest, rest.len()));
                commands.chain(callees).chain(functions.into_iter().filter(|_| !rest.contains('.'))).collect()
            }
            Some(Some(("sandbox", _))) => ["on", "off"].into_iter().map(plain).collect(),
            Some(Some(("why", _))) => self
                .travel
                .iter()
                .flat_map(|stood| stood.plan().nodes.iter())
                .filter_map(|node| node.name.as_deref())
                .map(plain)
                .collect(),
            Some(Some((word, rest))) => {
                let behind = line.len() - rest.len();
                let offset = pos.max(behind) - behind;
                match word == "mock" && !rest[..offset].contains("=>") {
                    // Whoever is mocked is called somewhere.
                    true => self.offers(&format!("{CALLS}{rest}"), CALLS.len() + offset),
                    false => self.offers(rest, offset),
                }
            }
            None => self.offers(line, pos),
        };
        choices.retain(|choice| choice.text.starts_with(begun));
        if choices.len() > DETAILED_MAX {
            choices.iter_mut().for_each(|choice| choice.shown.clone_from(&choice.label));
        }
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
