//! `flow token new|list|revoke`: who may ask a server what.

use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, Subcommand, ValueEnum};

use super::exit::{Exit, Refusal, Stop};
use super::paper::{deliver, say};
use crate::base::time::Timestamp;
use crate::serve::token::TokenError;
use crate::serve::{Role, Tokens};

/// Make, list and revoke the tokens of a server.
///
/// A token is shown once, when it is made; only its hash is kept, in the data directory. A server that runs knows of a change at
/// once.
#[derive(Debug, Args)]
#[command(
    name = "token",
    after_help = "\
Examples:
  flow token new --role operator --workflow orders,refunds
  flow token list --data /var/lib/flow
  flow token revoke 3f2a90c1"
)]
pub struct TokenCommand {
    /// The data directory of the server.
    #[arg(long, global = true, value_name = "DIR", default_value = super::program::DATA)]
    data: PathBuf,
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Make a token, and show it once.
    New {
        /// What its holder may do.
        #[arg(long, value_enum)]
        role: RoleName,
        /// With which workflows; with all where absent.
        #[arg(long = "workflow", value_name = "NAMES", value_delimiter = ',')]
        workflows: Option<Vec<String>>,
    },
    /// List all tokens by their ids.
    List,
    /// Take a token back.
    Revoke {
        /// Its id.
        id: String,
    },
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum RoleName {
    /// Look at workflows and runs.
    Viewer,
    /// Start runs and tell them things, too.
    Operator,
    /// Everything.
    Admin,
}

impl From<RoleName> for Role {
    fn from(name: RoleName) -> Self {
        match name {
            RoleName::Viewer => Self::Viewer,
            RoleName::Operator => Self::Operator,
            RoleName::Admin => Self::Admin,
        }
    }
}

impl TokenCommand {
    /// Does it.
    ///
    /// # Errors
    /// If the data directory cannot be used, or there is no such token.
    pub fn run(&self) -> Result<Exit, Stop> {
        let data = self.data.display();
        if !self.data.is_dir() {
            let refusal = Refusal::new(format!("there is no data directory `{data}`"));
            return Err(refusal.hint("name the one of your server: `--data DIR`").into());
        }
        self.on(&Tokens::open(&self.data).map_err(refused)?).map_err(refused)?;
        Ok(Exit::Done)
    }

    fn on(&self, tokens: &Tokens) -> Result<(), TokenError> {
        match &self.what {
            What::New { role, workflows } => {
                let workflows = workflows.as_ref().map(|names| names.iter().map(|name| Arc::from(&**name)).collect());
                let (secret, token) = tokens.make((*role).into(), workflows, Timestamp::now())?;
                say(&format!("token {} of the role {}; it is not shown again:", token.id, token.role.word()));
                deliver(&secret);
            }
            What::List => {
                for token in tokens.list() {
                    let workflows =
                        token.workflows.as_ref().map_or_else(|| "all workflows".to_owned(), |it| it.join(","));
                    deliver(&format!("{}  {:8}  {}  {workflows}", token.id, token.role.word(), token.made_at));
                }
            }
            What::Revoke { id } => {
                tokens.revoke(id)?;
                say(&format!("token {id} is revoked"));
            }
        }
        Ok(())
    }
}

fn refused(error: TokenError) -> Refusal {
    Refusal::new(error.to_string())
}
