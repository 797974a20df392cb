//! `flow repl [FILES]`: what is typed is checked and carried out at once.
//!
//! A session is a program that grows: what it declares is kept by name, what it names is kept with its type. What is typed is read by
//! the front end as a part of that program, and carried out by the engine as `flow run` carries out any workflow; nothing here
//! computes or decides what a text means.

mod about;
mod body;
mod command;
mod declarations;
mod editor;
mod file;
mod form;
mod front;
mod help;
#[cfg(feature = "sqlite")]
mod kept;
mod known;
mod mock;
mod piped;
mod reading;
mod session;
mod sheet;
mod stage;
mod terminal;
mod tested;
mod travel;

use std::path::{Path, PathBuf};

use clap::Args;

use super::exit::{Exit, Refusal, Stop};
use super::paper::{stderr_is_live, stdin_is_terminal, stdout_is_terminal};
use super::threads::threads;
use command::After;
use form::Form;
use piped::Piped;
pub use reading::{Piece, Reader};
use session::Session;
use stage::Stage;
use terminal::{Keyboard, Typed};

/// Try the language: type an expression, a step or a workflow, and see what comes of it.
///
/// Expressions and statements happen at once; what a step gives has its name from then on. `:help` lists what else can be said. What is
/// piped in is answered too: values go to stdout, everything else to stderr.
#[derive(Debug, Args)]
#[command(after_help = "\
Ends with 0 if all went well; with 1 if a run failed, with 2 if something was wrong.

Examples:
  flow repl
  flow repl --sandbox scripts/customer_onboarding.flow
  echo '[3, 1, 2].sorted()' | flow repl")]
pub struct Repl {
    /// Programs whose declarations are there from the beginning.
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Points every connector at a stand-in on this machine, as `:sandbox on` does.
    #[arg(long)]
    sandbox: bool,
    /// The data directory of a server or of `flow run --data`: `:open RUN` opens runs that are kept there.
    #[cfg(feature = "sqlite")]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Sets one setting, such as `connectors.slack.token=...`; may be given several times.
    #[arg(long = "set", value_name = "PATH=VALUE")]
    set: Vec<String>,
}

impl Repl {
    /// Answers until there is nothing more to answer.
    ///
    /// # Errors
    /// If a file cannot be taken in.
    pub fn run(&self) -> Result<Exit, Stop> {
        let typed = stdin_is_terminal() && stdout_is_terminal();
        let stage = Stage::new(threads()?, stderr_is_live(), self.set.clone(), self.sandbox, typed);
        let directory = self.files.first().and_then(|file| file.parent());
        let directory = directory.filter(|it| !it.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let mut session = Session::new(stage, directory.to_owned(), typed);
        #[cfg(feature = "sqlite")]
        if let Some(data) = &self.data {
            crate::cli::data::is_there(data)?;
            session.data = Some(data.clone());
        }
        for file in &self.files {
            session.load(file)?;
        }
        let exit = match typed {
            true => talk(&mut session),
            false => listen(&mut session),
        };
        session.stage.leave();
        exit
    }
}

/// Answers whoever types.
fn talk(session: &mut Session) -> Result<Exit, Stop> {
    let keyboard = Keyboard::new();
    let mut keyboard = keyboard.map_err(|error| Refusal::new(format!("the terminal cannot be used: {error}")))?;
    session.stage.stay_when_interrupted();
    session.stage.leave_when_hung_up();
    session.remark(&format!("flow {}; `:help` says what can be said, Ctrl-D leaves", env!("CARGO_PKG_VERSION")));
    while !session.stage.is_gone() {
        match keyboard.next(session) {
            Typed::Said(said) if answer_each(session, &said) == After::Leave => break,
            Typed::Said(_) | Typed::Dropped => {}
            Typed::Closed => break,
        }
    }
    // Whoever typed has seen what came of each.
    Ok(Exit::Done)
}

/// Answers what is piped in.
fn listen(session: &mut Session) -> Result<Exit, Stop> {
    session.stage.leave_when_interrupted();
    let mut said = Piped::new(std::io::stdin().lock());
    loop {
        match said.next() {
            Ok(Some(said)) if answer(session, &said) == After::Leave => break,
            Ok(Some(_)) => {}
            Ok(None) => break,
            Err(error) => return Err(Refusal::new(format!("stdin cannot be read: {error}")).into()),
        }
    }
    Ok(session.exit())
}

/// Answers what was pasted, or edited: the things said in it one by one, up to the first of which nothing comes. What only declares, and
/// what is computed as a script, is one thing.
fn answer_each(session: &mut Session, said: &str) -> After {
    let mut lines = Piped::new(said.as_bytes());
    let pieces: Vec<String> = std::iter::from_fn(|| lines.next().ok().flatten()).collect();
    let declares = |piece: &String| form::forms(piece) == [Form::Declarations];
    if pieces.len() < 2 || said.contains(';') || pieces.iter().all(declares) {
        return answer(session, said);
    }
    for piece in pieces {
        if answer(session, &piece) == After::Leave {
            return After::Leave;
        }
        if session.last() != Exit::Done {
            break;
        }
    }
    After::GoOn
}

/// Answers one thing that was said.
fn answer(session: &mut Session, said: &str) -> After {
    if form::is_silent(said) {
        return After::GoOn;
    }
    let command = said.trim_start().strip_prefix(':').map(str::to_owned).or_else(|| meant(session, said.trim()));
    let answered = survived(|| match command {
        Some(command) => command::obey(session, &command),
        None => {
            let came = session.answer(said);
            session.note(came);
            After::GoOn
        }
    });
    answered.unwrap_or_else(|| {
        session.note(Ok(Exit::Failed));
        After::GoOn
    })
}

/// The command that is meant by what people are used to from elsewhere.
fn meant(session: &Session, said: &str) -> Option<String> {
    match said {
        "help" | "exit" | "quit" if session.names.get(said).is_none() => Some(said.to_owned()),
        _ => {
            let name = said.strip_suffix('?')?;
            let is_name = |letter: char| letter.is_alphanumeric() || matches!(letter, '_' | '.');
            (!name.is_empty() && name.chars().all(is_name)).then(|| format!("help {name}"))
        }
    }
}

/// What comes of some work; none where it breaks, which is a fault of this program, and has said so. The session goes on.
fn survived<T>(work: impl FnOnce() -> T) -> Option<T> {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(work)).ok()
}
