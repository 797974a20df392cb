//! The command line, one file per command.
//!
//! In: arguments, and a terminal or none. Out: on stdout what was asked for, on stderr everything else, and an exit code.
//! Never: how a program is checked or run (held by `tests/architecture.rs`: only `host` and what lies above it is called).

mod ask;
mod check;
mod completions;
mod connectors;
#[cfg(feature = "serve")]
mod client;
#[cfg(feature = "sqlite")]
mod data;
mod diff;
mod document;
mod doctor;
#[cfg(feature = "sqlite")]
mod dump;
mod effects;
mod elapsed;
mod exit;
mod explain;
mod export;
mod face;
mod fmt;
mod graph;
mod import;
mod init_ci;
mod input;
mod log;
#[cfg(feature = "lsp")]
mod lsp;
mod man;
mod manual;
mod new;
mod output;
mod panic;
mod paper;
mod plan;
mod program;
mod programs;
#[cfg(feature = "sqlite")]
mod prune;
#[cfg(feature = "serve")]
mod recipe;
#[cfg(feature = "repl")]
mod repl;
#[cfg(feature = "sqlite")]
mod restore;
mod run;
mod screen;
#[cfg(feature = "serve")]
mod serve;
mod stand_in;
mod test;
mod threads;
#[cfg(feature = "serve")]
mod token;
mod tree;

use std::process::ExitCode;

use clap::{CommandFactory as _, Parser, Subcommand};

pub use explain::PAGES;
#[cfg(feature = "repl")]
pub use repl::{Piece, Reader};

use exit::{Exit, Stop};
use paper::say;

/// A workflow language that is checked before it runs.
#[derive(Debug, Parser)]
#[command(name = "flow", version, max_term_width = 100)]
#[command(after_help = "\
A first try, without any account:
  flow new hello && cd hello
  flow run --sandbox welcome.flow

Exit codes: 0 done, 1 the run or a test failed, 2 a program, an input or a usage that is wrong, 130 cancelled.")]
struct Flow {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    New(new::New),
    Run(run::Run),
    #[cfg(feature = "serve")]
    Serve(serve::Serve),
    #[cfg(feature = "serve")]
    Token(token::TokenCommand),
    #[cfg(feature = "serve")]
    #[command(flatten)]
    Client(client::Verb),
    Check(check::Check),
    Fmt(fmt::Fmt),
    Test(test::Test),
    Plan(plan::Plan),
    Diff(diff::Diff),
    Graph(graph::Graph),
    Effects(effects::Effects),
    Explain(explain::Explain),
    #[cfg(feature = "repl")]
    Repl(repl::Repl),
    #[cfg(feature = "lsp")]
    Lsp(lsp::Lsp),
    Doctor(doctor::Doctor),
    InitCi(init_ci::InitCi),
    Connectors(connectors::Connectors),
    Import(import::Import),
    Export(export::Export),
    #[cfg(feature = "sqlite")]
    Prune(prune::Prune),
    #[cfg(feature = "sqlite")]
    Dump(dump::Dump),
    #[cfg(feature = "sqlite")]
    Restore(restore::Restore),
    Completions(completions::Completions),
    Man(man::ManCommand),
}

/// All commands with their arguments, for whoever completes them or writes pages about them.
fn command() -> clap::Command {
    Flow::command()
}

/// Reads the arguments of the process and does what they ask for.
pub fn main() -> ExitCode {
    // What people write may be nested as deep as the language allows, and the first thread's stack is not ours to choose.
    let work = std::thread::Builder::new().stack_size(crate::base::limit::STACK_BYTES).spawn(answer);
    match work.map(std::thread::JoinHandle::join) {
        Ok(Ok(exit)) => exit.into(),
        // The thread has said on stderr why it broke.
        Ok(Err(_)) => ExitCode::from(101),
        Err(error) => {
            say(&format!("error: no thread could be started: {error}"));
            Exit::Wrong.into()
        }
    }
}

/// Answers a shell that asks what could be typed, or else does what was typed.
fn answer() -> Exit {
    completions::answered().unwrap_or_else(|| Flow::parse().command.run())
}

impl Command {
    fn run(self) -> Exit {
        let done = match self {
            Self::New(command) => command.run(),
            Self::Run(command) => command.run(),
            #[cfg(feature = "serve")]
            Self::Serve(command) => command.run(),
            #[cfg(feature = "serve")]
            Self::Token(command) => command.run(),
            #[cfg(feature = "serve")]
            Self::Client(verb) => verb.run(),
            Self::Check(command) => command.run(),
            Self::Fmt(command) => command.run(),
            Self::Test(command) => command.run(),
            Self::Plan(command) => command.run(),
            Self::Diff(command) => command.run(),
            Self::Graph(command) => command.run(),
            Self::Effects(command) => command.run(),
            Self::Explain(command) => command.run(),
            #[cfg(feature = "repl")]
            Self::Repl(command) => command.run(),
            #[cfg(feature = "lsp")]
            Self::Lsp(command) => command.run(),
            Self::Doctor(command) => command.run(),
            Self::InitCi(command) => command.run(),
            Self::Connectors(command) => command.run(),
            Self::Import(command) => command.run(),
            Self::Export(command) => command.run(),
            #[cfg(feature = "sqlite")]
            Self::Prune(command) => command.run(),
            #[cfg(feature = "sqlite")]
            Self::Dump(command) => command.run(),
            #[cfg(feature = "sqlite")]
            Self::Restore(command) => command.run(),
            Self::Completions(command) => command.run(),
            Self::Man(command) => command.run(),
        };
        let exit = match done {
            Ok(exit) | Err(Stop::Said(exit)) => exit,
            Err(Stop::Refused(refusal)) => {
                paper::refuse(&refusal);
                Exit::Wrong
            }
        };
        match paper::lost() {
            None => exit,
            Some(refusal) => {
                paper::refuse(&refusal);
                Exit::Wrong
            }
        }
    }
}
