//! `flow connectors`: what concerns connectors, and no run.

mod check;
mod found;
mod list;
mod login;
mod new;
mod record;
mod show;

use clap::{Args, Subcommand};

pub use new::New;

use super::exit::{Exit, Stop};

pub use check::{Verdict, to_type};
pub use found::Found;
#[cfg(feature = "repl")]
pub use found::named;
pub use list::in_words;

/// List connectors, show what they can do, check their credentials, sign in to their services, make one's own.
#[derive(Debug, Args)]
#[command(name = "connectors")]
pub struct Connectors {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    List(list::List),
    Show(show::Show),
    Check(check::Check),
    New(New),
    Record(record::Record),
    Login(login::LoginCommand),
}

impl Connectors {
    /// Does it.
    ///
    /// # Errors
    /// What keeps it from being done.
    pub fn run(&self) -> Result<Exit, Stop> {
        match &self.what {
            What::List(command) => command.run(),
            What::Show(command) => command.run(),
            What::Check(command) => command.run(),
            What::New(command) => command.run(),
            What::Record(command) => command.run(),
            What::Login(command) => command.run(),
        }
    }
}
