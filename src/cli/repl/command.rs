//! What begins with a colon: commands about the session.

use std::path::Path;
use std::sync::Arc;

use super::super::exit::{Exit, Refusal, Stop};
use super::super::explain::PAGES;
use super::super::input;
use super::super::manual::paint;
use super::super::paper::{Palette, deliver, styled};
use super::super::run::{example_input, misfits_of};
use super::body::IT;
use super::session::Session;
use super::stage::{Look, Trouble};
use super::{about, editor, file, help, mock, tested, travel};
use crate::base::diagnostic::nearest;
use crate::base::span::Source;
use crate::base::value::Value;
use crate::host::Program;
use crate::lang::plan::{self, Plan};
use crate::run::intake::StartError;

/// Whether the session goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum After {
    /// It does.
    GoOn,
    /// It ends.
    Leave,
}

/// Does what a command asks for; `said` is what stands behind the colon.
pub fn obey(session: &mut Session, said: &str) -> After {
    let said = said.trim();
    let (word, rest) = said.split_once(char::is_whitespace).unwrap_or((said, ""));
    let rest = rest.trim();
    if matches!(word, "quit" | "q" | "exit") {
        return After::Leave;
    }
    let came = match word {
        "help" | "h" | "?" | "" => about::tell(session, rest),
        "type" | "t" => of_type(session, rest),
        "names" => names(session),
        "plan" => plan_of(session, rest),
        "graph" => graph_of(session, rest),
        "run" => run(session, rest),
        "load" => load(session, rest),
        "save" => save(session, rest),
        "sandbox" => sandbox(session, rest),
        "mock" => mock::answer(session, rest),
        "explain" => explain(rest),
        "test" => tested::run(session, rest),
        "edit" => editor::edit(session, rest),
        "open" => travel::open(session, rest),
        "runs" => travel::runs(session),
        "at" => travel::at(session, rest),
        "next" => travel::step(session, rest, false),
        "back" => travel::step(session, rest, true),
        "why" => travel::why(session, rest),
        other => Err(unknown(other)),
    };
    session.note(came);
    After::GoOn
}

fn unknown(word: &str) -> Stop {
    let refusal = Refusal::new(format!("there is no command `:{word}`"));
    match nearest(word, help::COMMANDS.iter().map(|command| command.word)) {
        Some(near) => refusal.hint(format!("did you mean `:{near}`?")),
        None => refusal.hint("`:help` lists all of them"),
    }
    .into()
}

fn wants(usage: &str) -> Stop {
    Refusal::new(format!("it is written `{usage}`")).into()
}

fn of_type(session: &mut Session, text: &str) -> Result<Exit, Stop> {
    if text.is_empty() {
        return Err(wants(":type EXPRESSION"));
    }
    deliver(&session.type_of(text)?.to_string());
    Ok(Exit::Done)
}

/// All names, each with its type.
fn names(session: &Session) -> Result<Exit, Stop> {
    let palette = Palette::for_stdout();
    let declared = session.declarations.iter().map(|it| it.declared.to_string());
    let known = session.names.iter().map(|(name, known)| format!("{}: {}", styled(palette.strong, name), known.shape));
    let all: Vec<String> = declared.chain(known).collect();
    deliver(&all.join("\n"));
    Ok(Exit::Done)
}

/// The workflow that is meant: of this name, or the only one.
fn workflow<'p>(program: &'p Program, name: &str) -> Result<&'p Arc<Plan>, Stop> {
    let file = Path::new("the session");
    Ok(super::super::program::workflow(program, (!name.is_empty()).then_some(name), file)?)
}

fn plan_of(session: &Session, name: &str) -> Result<Exit, Stop> {
    let (program, _) = session.program()?;
    deliver(&plan::print(workflow(&program, name)?));
    Ok(Exit::Done)
}

fn graph_of(session: &Session, name: &str) -> Result<Exit, Stop> {
    let (program, _) = session.program()?;
    deliver(&plan::graph::to_mermaid(workflow(&program, name)?));
    Ok(Exit::Done)
}

/// `:run NAME {json}`
fn run(session: &mut Session, text: &str) -> Result<Exit, Stop> {
    let end = text.find(|letter: char| letter.is_whitespace() || matches!(letter, '{' | '@')).unwrap_or(text.len());
    let (name, given) = (&text[..end], text[end..].trim());
    let (program, sheet) = session.program()?;
    let plan = workflow(&program, name)?.clone();
    let input = match given {
        "" if session.stage.sandboxed && !plan.input.fields.is_empty() => {
            let example = example_input(&plan);
            session.remark(&format!("no input was given; made up by type: {example}"));
            example
        }
        "" => Value::Unit,
        "-" => return Err(wants(":run NAME {json}")),
        path if path.starts_with('@') => input::read(path)?,
        json => input::parse("the input", json.as_bytes())?,
    };
    let sources = program.sources.clone();
    let came = session.stage.perform(program, &plan.name, &input, Look::Whole).map_err(|trouble| match trouble {
        Trouble::Start(error) => match *error {
            StartError::Input(misfits) => {
                let example = example_input(&plan).to_json();
                misfits_of(&plan, &misfits).hint(format!("such as `:run {} {example}`", plan.name)).into()
            }
            other => Refusal::new(other.to_string()).into(),
        },
        other => session.troubled(other, &sheet, &Source::new("session", "")),
    })?;
    let exit = session.ended(&came, &sources, &sheet);
    if let (Exit::Done, Some(summary)) = (exit, &came.summary) {
        session.names.learn(IT, plan.output.clone(), summary.output.clone());
        session.show(Some(summary.output.clone()));
    }
    session.remark(&format!("run {}; `:open` shows how it went", came.id));
    session.keep(came);
    Ok(exit)
}

fn load(session: &mut Session, path: &str) -> Result<Exit, Stop> {
    match path {
        "" => session.load_again().unwrap_or_else(|| Err(wants(":load FILE"))),
        path => session.load(Path::new(path)),
    }
}

fn save(session: &Session, path: &str) -> Result<Exit, Stop> {
    if path.is_empty() {
        return Err(wants(":save FILE"));
    }
    let text = file::program_of(session);
    std::fs::write(path, &text).map_err(|error| Refusal::new(format!("`{path}` cannot be written: {error}")))?;
    session.remark(&format!("{path} has {} lines", text.lines().count()));
    // What was named otherwise later may stand in another order than it happened.
    match Program::from_text(path, &text) {
        Ok(_) => Ok(Exit::Done),
        Err(faults) => {
            let refusal = Refusal::new(format!("{path} is written, and does not stand by itself yet:\n{faults}"));
            Err(refusal.hint("put what is read before it is made in order").into())
        }
    }
}

fn sandbox(session: &mut Session, word: &str) -> Result<Exit, Stop> {
    session.stage.sandboxed = match word {
        "on" => true,
        "off" => false,
        "" => !session.stage.sandboxed,
        _ => return Err(wants(":sandbox on|off")),
    };
    session.remark(match session.stage.sandboxed {
        true => "stand-ins on this machine take everything; files are written aside, and waits take no time",
        false => "what is said happens",
    });
    Ok(Exit::Done)
}

fn explain(code: &str) -> Result<Exit, Stop> {
    let wanted = code.trim_matches(['[', ']']).to_uppercase();
    match PAGES.iter().find(|(code, _)| *code == wanted) {
        Some((_, page)) => deliver(&paint(page, &Palette::for_stdout())),
        None => return Err(Refusal::new(format!("there is no diagnostic `{code}`")).into()),
    }
    Ok(Exit::Done)
}
