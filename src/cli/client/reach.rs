//! Where a command finds the server: the one that is named, the one that works on the data directory, or, where none does, the
//! same router in this process. Then what runs are told is written down, and carried out when a server starts.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;

use crate::cli::data;
use crate::cli::exit::{Refusal, Stop};
use crate::cli::program::DATA;
use crate::cli::recipe::{Duty, Recipe};
use crate::cli::threads::threads;
use crate::host::{Program, Site};
use crate::serve::client::{Client, Failed};
use crate::serve::{Beacon, Builder, Server};
use crate::store::sqlite::FILE;

/// The options of every command that talks to a server.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Server")]
pub struct Reach {
    #[command(flatten)]
    whom: Whom,
    /// The directory of the programs, for what is started while no server runs.
    #[arg(long, value_name = "DIR", default_value = ".")]
    programs: PathBuf,
}

/// Which server is meant.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Server")]
pub struct Whom {
    /// The server, such as `http://127.0.0.1:8080`; where absent, the one that works on the data directory.
    #[arg(long, value_name = "URL", env = "FLOW_SERVER")]
    server: Option<String>,
    /// The token for it. The server of the data directory needs none from whoever may read that directory.
    #[arg(long, value_name = "TOKEN", env = "FLOW_TOKEN", hide_env_values = true)]
    token: Option<String>,
    /// The directory in which the server keeps what happens.
    #[arg(long, value_name = "DIR", default_value = DATA)]
    data: PathBuf,
}

impl Reach {
    /// The directory in which the server keeps what happens.
    pub fn data(&self) -> &Path {
        &self.whom.data
    }

    /// Carries out `work` with the server that is meant.
    ///
    /// # Errors
    /// If there is none and no data directory either, or `work` cannot do what was asked.
    pub fn with<T>(&self, work: impl AsyncFnOnce(&Client) -> Result<T, Stop>) -> Result<T, Stop> {
        self.whom.with(&self.programs, &[], work)
    }
}

impl Whom {
    /// Carries out `work` with the server that is meant. Where none runs, these programs are taken, with these settings.
    ///
    /// # Errors
    /// As [`Reach::with`].
    pub fn with<T>(
        &self,
        programs: &Path,
        set: &[String],
        work: impl AsyncFnOnce(&Client) -> Result<T, Stop>,
    ) -> Result<T, Stop> {
        let runtime = threads()?;
        let done = runtime.block_on(async {
            let (client, lacking) = self.client(programs, set).await?;
            work(&client).await.map_err(|stop| lacking.into_iter().fold(stop, Stop::hint))
        });
        runtime.shutdown_background();
        done
    }

    /// The server, and why there is none for the programs, should that matter.
    async fn client(&self, programs: &Path, set: &[String]) -> Result<(Client, Option<String>), Refusal> {
        if let Some(server) = &self.server {
            return Ok((Client::at(server, self.token.clone()), None));
        }
        if let Some(beacon) = Beacon::find(&self.data) {
            let client = Client::at(&beacon.url, self.token.clone().or(beacon.token));
            // One that was killed leaves word behind.
            if client.get("/healthz").await.is_ok() {
                return Ok((client, None));
            }
        }
        if !self.data.join(FILE).exists() {
            let directory = self.data.display();
            return Err(Refusal::new(format!("no server is named, and `{directory}` holds no runs"))
                .hint("start one: `flow serve DIR`")
                .hint("or name one: `--server URL`, or the directory it keeps its runs in: `--data DIR`"));
        }
        let (server, lacking) = self.within(programs, set).await?;
        Ok((Client::within(server.router(), None), lacking))
    }

    /// A server in this process, which only writes down. Where the programs cannot run, it has none, and says why: what is in the
    /// journal can be told of all the same.
    async fn within(&self, programs: &Path, set: &[String]) -> Result<(Server, Option<String>), Refusal> {
        let store = data::take_or_look(&self.data)?;
        let (programs, set) = (programs.to_owned(), set.to_vec());
        let recipe = Recipe { programs, set, store: Arc::new(store), duty: Duty::WriteDown };
        let (engine, lacking) = match recipe.engine().await {
            Ok(engine) => (engine, None),
            Err(why) => {
                let none = recipe.engine_of(Program::default()).await;
                let why = format!(
                    "no server runs, and the programs in `{}` cannot run here: {why}",
                    recipe.programs.display()
                );
                (none.map_err(|error| Refusal::new(error.to_string()))?, Some(why))
            }
        };
        let directory = recipe.programs.clone();
        Ok((Builder::new(Site::of(engine, &directory, recipe)).build(), lacking))
    }
}

/// Why a server did not do what was asked, as the end of a command.
impl From<Failed> for Stop {
    fn from(failed: Failed) -> Self {
        match &failed {
            Failed::Problem(problem) if problem.status == 401 => {
                Refusal::new(failed.to_string()).hint("give the token: `--token`, or FLOW_TOKEN").into()
            }
            _ => Refusal::new(failed.to_string()).into(),
        }
    }
}

/// The parts of a path, each written so that it stands for itself.
pub fn path(parts: &[&str]) -> String {
    let mut path = String::new();
    for part in parts {
        path.push('/');
        for byte in part.bytes() {
            match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' | b':' | b'[' | b']' => {
                    path.push(char::from(byte));
                }
                _ => path.push_str(&format!("%{byte:02X}")),
            }
        }
    }
    path
}
