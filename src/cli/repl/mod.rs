//! `flow repl [FILES]`: what is typed is checked and carried out at once.
//!
//! A session is a program that grows: what it declares is kept by name, what it names is kept with its type. What is typed is read by
//! the front end as a part of that program, and carried out by the engine as `flow run` carries out any workflow; nothing here
//! computes or decides what a text means.

mod body;
mod command;
mod declarations;
mod editor;
mod file;
mod form;
mod front;
mod help;
mod known;
mod piped;
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
use piped::Piped;
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
        session.data.clone_from(&self.data);
        for file in &self.files {
            session.load(file)?;
        }
        match typed {
            true => talk(&mut session),
            false => listen(&mut session),
        }
    }
}

/// Answers whoever types.
fn talk(session: &mut Session) -> Result<Exit, Stop> {
    let keyboard = Keyboard::new();
    let mut keyboard = keyboard.map_err(|error| Refusal::new(format!("the terminal cannot be used: {error}")))?;
    session.remark(&format!("flow {}; `:help` says what can be said, Ctrl-D leaves", env!("CARGO_PKG_VERSION")));
    loop {
        match keyboard.next(session) {
            Typed::Said(said) if answer(session, &said) == After::Leave => break,
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

/// Answers one thing that was said.
fn answer(session: &mut Session, said: &str) -> After {
    if form::is_silent(said) {
        return After::GoOn;
    }
    let answered = survived(|| match said.trim_start().strip_prefix(':') {
        Some(command) => command::obey(session, command),
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

/// What comes of some work; none where it breaks, which is a fault of this program, and has said so. The session goes on.
fn survived<T>(work: impl FnOnce() -> T) -> Option<T> {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(work)).ok()
}
