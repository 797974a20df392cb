//! `flow connectors login NAME [FILE]`: a person agrees in a browser that flows may act for them.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use clap::Args;

use super::found::{Found, data, named};
use crate::base::failure::Failure;
use crate::cli::exit::{Exit, Refusal, Stop};
use crate::cli::paper::{say, stderr_is_live};
use crate::cli::threads::threads;
use crate::host::Builder;
use crate::host::builder::LoginError;

/// Sign in to a service in a browser, once, and keep what it gives.
///
/// Opens the browser, or says the address to open, and waits on this machine until the browser comes back. What the service gives
/// is kept encrypted in the data directory, where `flow run` and `flow serve` find it.
#[derive(Debug, Args)]
#[command(
    name = "login",
    after_help = "\
The app that asks is one's own: its `client_id` (and `client_secret`) are settings of the connector. Services that want to know
where the browser comes back to are told http://localhost:PORT/callback, with the PORT of --port.

Examples:
  flow connectors login google_drive
  flow connectors login hubspot flows/main.flow --port 8090 --data /var/lib/flow"
)]
pub struct LoginCommand {
    /// The connector.
    #[arg(value_name = "NAME")]
    name: String,
    /// The program that declares it, or whose flow.toml sets it; where absent, the standard library and the flow.toml that is here.
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    /// The data directory that keeps what the service gives; `.flow` beside the program where absent.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Sets one setting, such as `connectors.slack.client_id=...`; may be given several times.
    #[arg(long = "set", value_name = "PATH=VALUE")]
    set: Vec<String>,
    /// The port of this machine that the browser comes back to; any that is free where absent.
    #[arg(long, value_name = "PORT", default_value_t = 0, hide_default_value = true)]
    port: u16,
    /// Only says the address, and opens no browser.
    #[arg(long)]
    no_browser: bool,
}

impl LoginCommand {
    /// Signs in.
    ///
    /// # Errors
    /// A connector without this way to sign in, settings that are missing, a service that refuses.
    pub fn run(&self) -> Result<Exit, Stop> {
        let Found { program, .. } = named(&self.name, self.file.as_deref())?;
        let data = data(&program, self.data.as_deref());
        let mut builder = Builder::new(program).environment().credentials_in(&data);
        for assignment in &self.set {
            builder = builder.set(assignment);
        }
        let runtime = threads()?;
        runtime.block_on(async {
            let login = builder.login(&self.name, self.port).await.map_err(|error| refused(&error))?;
            let wrong = |failure: Failure| Refusal::new(failure.message.to_string());
            let url = login.url().map_err(wrong)?;
            say(&format!(
                "open this address, and agree:\n  {url}\nwaiting for the browser to come back to {}",
                login.redirect()
            ));
            if stderr_is_live() && !self.no_browser {
                browse(&url);
            }
            login.finish().await.map_err(wrong)?;
            say(&format!("signed in to {}; kept in {}", self.name, data.display()));
            Ok(Exit::Done)
        })
    }
}

fn refused(error: &LoginError) -> Refusal {
    let refusal = Refusal::new(error.to_string());
    match error {
        LoginError::NoWay(_) => {
            refusal.hint("its credentials are settings: docs/settings.md has those of each connector")
        }
        LoginError::Settings(found) => {
            let hints = found.iter().flat_map(|found| &found.hints);
            hints.fold(refusal, |refusal, hint| refusal.hint(hint.text.clone()))
        }
        LoginError::Unknown(_) | LoginError::Lacking(..) | LoginError::Failed(_) => refusal,
    }
}

/// Opens `url` where there is something that opens addresses; it was said anyway.
fn browse(url: &str) {
    let opener = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };
    let _ = Command::new(Path::new(opener))
        .arg(url)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
}
