//! `flow connectors`: what concerns connectors, and no run.

mod login;

use clap::{Args, Subcommand};

use super::exit::{Exit, Stop};

/// Sign in to the services that connectors speak to.
#[derive(Debug, Args)]
#[command(name = "connectors")]
pub struct Connectors {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    Login(login::LoginCommand),
}

impl Connectors {
    /// Does it.
    ///
    /// # Errors
    /// What keeps it from being done.
    pub fn run(&self) -> Result<Exit, Stop> {
        match &self.what {
            What::Login(command) => command.run(),
        }
    }
}
