//! Which names an argument takes: each is offered by what the help calls its value.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use clap::{Arg, Command, ValueHint};
use clap_complete::engine::{
    ArgValueCandidates, ArgValueCompleter, CompletionCandidate as Candidate, PathCompleter, ValueCompleter as _,
};

#[cfg(feature = "sqlite")]
use super::kept;
use super::line::Line;
use crate::base::status::Status;
use crate::cli::PAGES;
#[cfg(feature = "sqlite")]
use crate::cli::program::DATA;
use crate::cli::programs::is_program;
use crate::host::Program;
use crate::lang::catalog::standard;
use crate::lang::plan::Connector;

/// All commands, with what is offered for their arguments.
pub fn command() -> Command {
    named(super::super::command())
}

fn named(command: Command) -> Command {
    let name = command.get_name().to_owned();
    command.mut_subcommands(named).mut_args(|arg| offering(&name, arg))
}

/// The argument of the command `command`, with what is offered for it.
fn offering(command: &str, arg: Arg) -> Arg {
    let values = arg.get_value_names().and_then(|names| names.first()).map(|name| name.to_string()).unwrap_or_default();
    let of_programs = arg.is_positional() && command != "import";
    match &*values {
        "FILE" | "OLD" | "NEW" if of_programs => arg.add(ArgValueCompleter::new(programs)),
        "FILE | DIR" | "FILE | DIR | -" | "FILE|DIR" | "DIR|FILE" => {
            arg.add(ArgValueCompleter::new(programs_or_folders))
        }
        "DIR" => arg.value_hint(ValueHint::DirPath),
        _ if arg.get_id() == "workflow" || arg.get_id() == "workflows" => arg.add(ArgValueCandidates::new(workflows)),
        #[cfg(feature = "sqlite")]
        "RUN" | "RUN[.STEP]" => arg.add(ArgValueCandidates::new(|| kept::runs(&data(&Line::typed())))),
        #[cfg(feature = "sqlite")]
        "STEP" => arg.add(ArgValueCandidates::new(|| {
            let line = Line::typed();
            line.word("run").map(|run| kept::steps(&data(&line), &run)).unwrap_or_default()
        })),
        "STATUS" => arg.add(ArgValueCandidates::new(|| Status::ALL.map(|status| Candidate::new(status.word())).into())),
        "CODE" => arg.add(ArgValueCandidates::new(|| PAGES.iter().map(|(code, _)| Candidate::new(*code)).collect())),
        "NAME" if matches!(command, "show" | "login") => arg.add(ArgValueCandidates::new(connectors)),
        "NAME | FILE" => arg.add(or_programs(connectors)),
        "OPERATION | FILE" => arg.add(or_programs(operations)),
        "NAME.OPERATION" => arg.add(ArgValueCandidates::new(dotted)),
        _ => arg,
    }
}

/// The data directory that is named, or else the usual one.
#[cfg(feature = "sqlite")]
fn data(line: &Line) -> PathBuf {
    line.path("data").unwrap_or_else(|| PathBuf::from(DATA))
}

/// Programs, and the folders on the way to them.
fn programs(typed: &OsStr) -> Vec<Candidate> {
    PathCompleter::any().filter(is_program).complete(typed)
}

/// Programs and folders: both are meant.
fn programs_or_folders(typed: &OsStr) -> Vec<Candidate> {
    PathCompleter::any().filter(|path| is_program(path) || path.is_dir()).complete(typed)
}

/// Some names, and programs.
fn or_programs(names: fn() -> Vec<Candidate>) -> ArgValueCompleter {
    ArgValueCompleter::new(move |typed: &OsStr| {
        let begins = |name: &Candidate| name.get_value().as_encoded_bytes().starts_with(typed.as_encoded_bytes());
        let mut offered: Vec<Candidate> = names().into_iter().filter(begins).collect();
        offered.extend(programs(typed));
        offered
    })
}

/// The workflows of the program that is named; else those of the programs that are meant, and those that have runs.
fn workflows() -> Vec<Candidate> {
    let line = Line::typed();
    let program = match line.path("file") {
        Some(file) => Program::from_file(file).ok(),
        None => Program::from_directory(line.path("programs").unwrap_or_else(|| PathBuf::from("."))).ok(),
    };
    let mut found: Vec<Candidate> = Vec::new();
    // Those of used files are `alias.name`, and are not meant where somebody chooses.
    for (name, plan) in
        program.iter().flat_map(|program| &program.package.plans).filter(|(name, _)| !name.contains('.'))
    {
        found.push(explained(name, plan.title.as_deref()));
    }
    #[cfg(feature = "sqlite")]
    if line.path("file").is_none() {
        for workflow in kept::workflows(&data(&line)) {
            if !found.iter().any(|known| known.get_value() == &*workflow) {
                found.push(Candidate::new(&*workflow));
            }
        }
    }
    found
}

/// A name with a few words on it.
pub fn explained(name: &str, words: Option<&str>) -> Candidate {
    Candidate::new(name).help(words.map(|words| words.to_owned().into()))
}

/// The connectors of the standard library, and those of the program that is named.
fn connectors() -> Vec<Candidate> {
    let line = Line::typed();
    let mut found: Vec<Candidate> = standard::CONNECTORS.iter().map(|file| Candidate::new(file.name)).collect();
    if let Some(program) = program_named(&line) {
        let own = program.package.connectors.keys().filter(|name| standard::connector(name).is_none());
        found.extend(own.map(|name| Candidate::new(&**name)));
    }
    found
}

/// The operations of the connector that is named.
fn operations() -> Vec<Candidate> {
    let line = Line::typed();
    let Some(name) = line.word("name") else { return Vec::new() };
    with_connector(&line, &name, |connector| {
        let all = connector.operations.values();
        all.map(|operation| explained(&operation.signature.name, operation.signature.doc.as_deref())).collect()
    })
}

/// `slack.whoami`: the operations of the connector whose name is typed, or else connectors.
fn dotted() -> Vec<Candidate> {
    let line = Line::typed();
    let typed = line.word("operation").unwrap_or_default();
    let Some((name, _)) = typed.rsplit_once('.') else {
        return connectors().into_iter().map(|name| with_dot(&name)).collect();
    };
    with_connector(&line, name, |connector| {
        let all = connector.operations.values();
        all.map(|it| explained(&format!("{name}.{}", it.signature.name), it.signature.doc.as_deref())).collect()
    })
}

fn with_dot(name: &Candidate) -> Candidate {
    Candidate::new(format!("{}.", name.get_value().to_string_lossy()))
}

/// What a connector gives: one of the program that is named, or of the standard library.
fn with_connector(line: &Line, name: &str, gives: impl Fn(&Connector) -> Vec<Candidate>) -> Vec<Candidate> {
    let own = program_named(line).filter(|program| program.package.connectors.contains_key(name));
    let program = own.or_else(|| Program::of_standard(name));
    program.and_then(|program| program.package.connectors.get(name).map(|found| gives(found))).unwrap_or_default()
}

/// The program among the arguments, if it can run.
fn program_named(line: &Line) -> Option<Program> {
    let words = ["file", "files", "rest", "what"].into_iter().flat_map(|argument| line.words(argument));
    let mut files = words.map(PathBuf::from).filter(|path| is_program(path) && Path::is_file(path));
    files.next().and_then(|file| Program::from_file(file).ok())
}
