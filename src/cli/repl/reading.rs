//! What a session makes of a text before anything happens: whoever tries any text asks here (`fuzz/`).

use std::path::PathBuf;

use super::declarations::Declarations;
use super::form::{self, Form};
use super::front::Front;
use super::piped::Piped;
use super::session::Session;
use super::stage::Stage;
use super::threads;
use crate::lang::syntax::is_open;

/// Something that is said at once, as a session reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// What was said.
    pub text: String,
    /// Whether more must follow.
    pub is_open: bool,
    /// How it is read; nothing where it is refused, or is a command of the prompt.
    pub read_as: Option<&'static str>,
    /// Why it is refused, as it is told.
    pub refused: String,
    /// It in colours.
    pub painted: String,
    /// What could be written behind it.
    pub offered: Vec<String>,
}

/// A session that reads, and carries nothing out.
pub struct Reader(Session);

impl Reader {
    /// One to which nothing was said.
    ///
    /// # Errors
    /// If the operating system gives no threads.
    pub fn new() -> Result<Self, String> {
        let stage = threads().map(|threads| Stage::new(threads, false, Vec::new(), true, false));
        stage.map(|stage| Self(Session::new(stage, PathBuf::from("."), false))).map_err(|refusal| refusal.to_string())
    }

    /// The pieces of a text that is piped in, each read after those before it. What was read before that is forgotten.
    pub fn read(&mut self, text: &str) -> Vec<Piece> {
        self.0.declarations = Declarations::default();
        let (mut pieces, mut said) = (Vec::new(), Piped::new(text.as_bytes()));
        while let Ok(Some(text)) = said.next() {
            pieces.push(self.piece(text));
        }
        pieces
    }

    fn piece(&mut self, text: String) -> Piece {
        let mut front = Front::default();
        front.know(&self.0);
        let is_command = text.trim_start().starts_with(':');
        let (painted, offered) = (front.paint(&text), if is_command { Vec::new() } else { front.texts(&text) });
        let read = if is_command { Ok(None) } else { self.read_as(&text).map(Some) };
        let (read_as, refused) = match read {
            Ok(form) => (form.map(in_a_word), String::new()),
            Err(refused) => (None, refused),
        };
        Piece { is_open: is_open(&text), text, read_as, refused, painted, offered }
    }

    fn read_as(&mut self, text: &str) -> Result<Form, String> {
        let session = &mut self.0;
        let typed = session.next_source(text.trim());
        if form::forms(&typed.text) == [Form::Declarations] {
            let taken = session.with(Declarations::of(&typed), &typed);
            let taken = taken.map_err(|(faults, sheet)| session.in_words(faults, &sheet, &typed))?;
            session.declarations = taken.all;
            return Ok(Form::Declarations);
        }
        if let Some(word) = form::word_of_workflows(&typed.text) {
            return Err(super::session::belongs_to_workflows(word).to_string());
        }
        session.form(&typed).map_err(|(faults, sheet)| session.in_words(faults, &sheet, &typed))
    }
}

fn in_a_word(form: Form) -> &'static str {
    match form {
        Form::Declarations => "declarations",
        Form::Statement => "statement",
        Form::Expression => "expression",
        Form::Script => "script",
    }
}
