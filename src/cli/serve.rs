//! `flow serve DIR`: runs all programs of a directory, and answers over HTTP.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::{Args, ValueEnum, value_parser};

use super::exit::{Exit, Refusal, Stop};
use super::paper::{colour_on_stderr, deliver, say};
use super::program::DATA;
use super::recipe::{Duty, Recipe};
use super::run::not_built;
use super::threads::threads;
use super::{data, panic};
use crate::base::diagnostic::Diagnostic;
use crate::base::limit;
use crate::base::report;
use crate::base::span::Sources;
use crate::base::time::Timestamp;
use crate::host::clock::VirtualClock;
use crate::host::{Engine, Faults, Program, Site};
use crate::run::journal::{Journal as _, Query};
use crate::serve::token::{self, TokenError};
use crate::serve::{Beacon, Builder, Limits, Role, Socket, Tokens, Traces, listen, log};
use crate::store::Sqlite;

/// The variable that gives the admin's token.
const TOKEN_VARIABLE: &str = "FLOW_TOKEN";

/// How long what is under way outside has to end when the server stops.
const LAST_WORDS: Duration = Duration::from_secs(10);

/// How long threads have to let go of what they hold when the server stops.
const LAST_MOMENT: Duration = Duration::from_secs(5);

/// Run all programs of a directory, and answer over HTTP.
///
/// Everything that happens is kept in the data directory: what a crash cuts off goes on when the server is started again. Who
/// asks needs a token; one for the admin is shown at the first start, `flow token` makes others. stdout says where the server
/// listens. What is changed in the directory is deployed: new runs are runs of it, and runs under way go on under it where they
/// may. Ctrl-C and SIGTERM stop it in order.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  flow serve flows
  flow serve flows --sandbox --listen 127.0.0.1:0
  FLOW_TOKEN=... flow serve flows --listen 0.0.0.0:8080 --data /var/lib/flow --log json")]
pub struct Serve {
    /// The directory of the programs: every `.flow` file in it is one.
    #[arg(value_name = "DIR")]
    directory: PathBuf,
    /// Where to listen; with port 0, on one that is free.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// Where to keep what happens; `.flow` in DIR where absent. It is made if it is not there.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Points every connector at a stand-in on this machine.
    #[arg(long)]
    sandbox: bool,
    /// Sets one setting, such as `connectors.slack.token=...`; may be given several times.
    #[arg(long = "set", value_name = "PATH=VALUE")]
    set: Vec<String>,
    /// Deploys what is changed in the directory only when it is told to.
    #[arg(long)]
    no_watch: bool,
    /// Lets everybody do everything; only where nobody but this machine can connect.
    #[arg(long)]
    no_auth: bool,
    /// The clock that programs see: a virtual one stands still until `POST /v1/clock/advance` moves it.
    #[arg(long, value_enum, default_value_t = Time::Wall)]
    clock: Time,
    /// How the log is written to stderr.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    log: Format,
    /// Tells an OpenTelemetry collector of every run that ends: its address, such as http://127.0.0.1:4318.
    #[arg(long, value_name = "URL", env = "OTEL_EXPORTER_OTLP_ENDPOINT")]
    otlp: Option<String>,
    /// How large the body of a request may be.
    #[arg(long, value_name = "BYTES", default_value_t = limit::HTTP_BODY_BYTES_MAX)]
    body_bytes: usize,
    /// How many requests one token, and one address, may make in a second.
    #[arg(long, value_name = "NUMBER", default_value_t = limit::HTTP_REQUESTS_PER_SECOND_MAX, value_parser = value_parser!(u32).range(1..))]
    rate: u32,
    /// How many connections there may be at once.
    #[arg(long, value_name = "NUMBER", default_value_t = limit::HTTP_CONNECTIONS_MAX, value_parser = value_parser!(u32).range(1..))]
    connections: u32,
}

/// Which clock programs see.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Time {
    /// That of this machine.
    Wall,
    /// One that stands still until it is moved.
    Virtual,
}

/// How the log is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

impl Serve {
    /// Serves until it is told to stop.
    ///
    /// # Errors
    /// If a program, the settings or the usage is wrong, the data is in use, or nothing can listen at the address.
    pub fn run(&self) -> Result<Exit, Stop> {
        if self.no_auth && !self.listen.ip().is_loopback() {
            let message =
                format!("`--no-auth` lets everybody do everything, and {} can be reached from elsewhere", self.listen);
            return Err(Refusal::new(message).hint("listen on 127.0.0.1, or leave `--no-auth` out").into());
        }
        let data = self.data.clone().unwrap_or_else(|| self.directory.join(DATA));
        // Before a directory of data is made: where there are no programs, nothing is left behind.
        let program = Program::from_directory(&self.directory).map_err(|faults| wrong(&faults))?;
        let store = Arc::new(data::take(&data)?);
        let runtime = threads()?;
        let done = runtime.block_on(self.serve(program, &data, store.clone()));
        // Whoever still holds the store lets go of it; it closes when everything that happened is on disk.
        runtime.shutdown_timeout(LAST_MOMENT);
        if let Some(trouble) = store.progress().trouble {
            // To close it would be to wait until it can be written.
            let _ = std::mem::ManuallyDrop::new(store);
            let message = format!("not all that happened is on disk: {trouble}; nobody was told of what is lost");
            return Err(Refusal::new(message)
                .hint("make room, and start the server again: runs go on from there")
                .into());
        }
        drop(store);
        done
    }

    async fn serve(&self, program: Program, data: &Path, store: Arc<Sqlite>) -> Result<Exit, Stop> {
        // Before anything is started: whoever is told where to connect can.
        let socket = Socket::bind(self.listen).await;
        let socket = socket.map_err(|error| Refusal::new(format!("nothing can listen at {}: {error}", self.listen)))?;
        let signals = Signals::listen()?;
        let clock = match self.clock {
            Time::Wall => None,
            Time::Virtual => Some(VirtualClock::at(virtual_now(&store).await?)),
        };
        let recipe = self.recipe(store, data, clock.clone());
        let engine = engine_of(program, &recipe).await?;
        log::listen(self.log == Format::Json, engine.mask().clone());
        panic::cover(engine.mask().clone());
        let own = if self.no_auth { None } else { Some(token::secret().map_err(refused)?) };
        let tokens = own.as_deref().map(|own| self.tokens(data, own)).transpose()?;
        if let Some(address) = &self.otlp {
            let wrong = |reason| Refusal::new(format!("traces cannot be sent to `{address}`: {reason}"));
            tokio::spawn(Traces::to(address).map_err(wrong)?.follow(engine.clone()));
        }
        let recovered = engine.recover().await.map_err(|broken| Refusal::new(broken.to_string()))?;
        if recovered > 0 {
            tracing::info!("{recovered} runs that were cut off go on");
        }
        tokio::spawn(engine.clone().prune_in_time());
        let limits = Limits {
            body_bytes: self.body_bytes,
            requests_per_second: self.rate,
            connections: self.connections,
            ..Limits::default()
        };
        let site = Site::of(engine, &self.directory, recipe);
        site.listen().await.map_err(|faults| wrong(&faults))?;
        let mut server = Builder::new(site.clone()).limits(limits);
        if let Some(tokens) = tokens {
            server = server.tokens(tokens);
        }
        if let Some(clock) = clock {
            server = server.clock(clock);
        }
        let server = server.build();
        let beacon = Beacon::new(socket.address(), own);
        let lit = beacon.light(data);
        let lit = lit.map_err(|error| Refusal::new(format!("`{}` cannot be written: {error}", data.display())))?;
        deliver(&format!("listening on {}", beacon.url));
        let stopper = server.clone();
        tokio::spawn(async move {
            signals.one().await;
            tracing::info!("stopping: no more requests are taken");
            stopper.stop();
        });
        let watching = (!self.no_watch).then(|| tokio::spawn(site.clone().watch()));
        listen(socket, &server, server.router()).await;
        if let Some(watching) = watching {
            watching.abort();
        }
        // What a trigger is about to take may have to wait for a disk that is full.
        let _ = tokio::time::timeout(LAST_WORDS, site.fall_silent()).await;
        let stopped = server.engine().stop(LAST_WORDS).await;
        drop(lit);
        stopped.map(|()| Exit::Done).map_err(|broken| Refusal::new(broken.to_string()).into())
    }

    fn recipe(&self, store: Arc<Sqlite>, data: &Path, clock: Option<VirtualClock>) -> Recipe {
        let duty = Duty::CarryOut { sandbox: self.sandbox, clock, data: data.to_owned() };
        Recipe { programs: self.directory.clone(), set: self.set.clone(), store, duty }
    }

    /// Who may ask. At the first start a token is made for the admin, unless the environment gives one.
    fn tokens(&self, data: &Path, own: &str) -> Result<Tokens, Refusal> {
        let mut tokens = Tokens::open(data).map_err(refused)?;
        let given = std::env::var(TOKEN_VARIABLE).ok().map(|token| token.trim().to_owned());
        match given.filter(|token| !token.is_empty()) {
            Some(given) => tokens = tokens.with_owner("admin", &given),
            None if tokens.is_empty() => {
                let (secret, _) = tokens.make(Role::Admin, None, Timestamp::now()).map_err(refused)?;
                say(&format!("the token of the admin, which is not shown again:\n  {secret}"));
            }
            None => {}
        }
        Ok(tokens.with_owner("owner", own))
    }
}

/// The engine that the process begins with; what is probably not as meant is said.
async fn engine_of(program: Program, recipe: &Recipe) -> Result<Engine, Stop> {
    say_all(&program.warnings, &program.sources);
    let engine = recipe.engine_of(program).await.map_err(not_built)?;
    let warnings = engine.warnings();
    say_all(&warnings.diagnostics, &warnings.sources);
    Ok(engine)
}

fn say_all(diagnostics: &[Diagnostic], sources: &Sources) {
    if !diagnostics.is_empty() {
        say(&report::to_text(diagnostics, sources, colour_on_stderr()));
    }
}

fn wrong(faults: &Faults) -> Stop {
    say_all(&faults.diagnostics, &faults.sources);
    Stop::Said(Exit::Wrong)
}

/// Where a virtual clock begins: now, or where it was when the last run was accepted, if that is later.
async fn virtual_now(store: &Sqlite) -> Result<Timestamp, Refusal> {
    let latest = store.runs(&Query { limit: 1, ..Query::default() }).await;
    let latest = latest.map_err(|broken| Refusal::new(broken.to_string()))?.runs;
    let moments = latest.into_iter().flat_map(|run| [Some(run.accepted_at), run.rested_at]).flatten();
    Ok(moments.fold(Timestamp::now(), Timestamp::max))
}

fn refused(error: TokenError) -> Refusal {
    Refusal::new(error.to_string())
}

/// What asks the process to end.
struct Signals {
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
}

impl Signals {
    /// Listens from now on: none is missed.
    fn listen() -> Result<Self, Refusal> {
        Ok(Self {
            #[cfg(unix)]
            terminate: tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())
                .map_err(|error| Refusal::new(format!("signals cannot be heard: {error}")))?,
        })
    }

    /// Waits for the first one.
    #[cfg(unix)]
    async fn one(mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = tokio::signal::ctrl_c() => {}
        }
    }

    #[cfg(not(unix))]
    async fn one(self) {
        // Where Ctrl-C cannot be heard, the server is ended by other means.
        let _ = tokio::signal::ctrl_c().await;
    }
}
