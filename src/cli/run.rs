//! `flow run FILE [WORKFLOW]`: runs a workflow in this process and shows it.

mod hurry;
/// Watching a run to its end.
pub(super) mod watch;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::ask::Terminal;
use super::exit::{Exit, Refusal, Stop};
use super::face::Face;
use super::paper::{Palette, can_ask, colour_on_stderr, deliver, say, stderr_is_live, styled};
use super::program::{DATA, load, workflow};
use super::screen::Screen;
use super::threads::threads;
use super::tree::Tree;
use super::{input, log, panic, stand_in};
use crate::base::report;
use crate::base::shape::{Misfit, Shape};
use crate::base::span::Sources;
use crate::base::status::Status;
use crate::base::time::Timestamp;
use crate::base::value::Value;
use crate::connect::left_out;
use crate::host::clock::VirtualClock;
use crate::host::sandbox::Sandbox;
use crate::host::{BuildError, Builder, Engine, Faults, Program};
use crate::lang::plan::Plan;
use crate::run::driver::Running;
use crate::run::driver::Summary;
use crate::run::intake::{self, StartError};

/// How long what still works for a run that has ended has to be let go.
const LAST_MOMENT: Duration = Duration::from_millis(200);

/// Run a workflow, and print its output as JSON.
///
/// Only the output goes to stdout. stderr shows a tree of the steps, or a line for each change where it is no terminal. Ctrl-C
/// cancels the run in order: what was done is undone, what must be finished is finished. A second Ctrl-C kills it.
#[derive(Debug, Args)]
#[command(after_help = "\
Settings come from flow.toml beside the program, then the environment, then --set.

Examples:
  flow run --sandbox scripts/customer_onboarding.flow
  flow run report.flow --input '{\"day\": \"2026-03-29\"}'
  flow run import.flow --input @rows.json
  generate | flow run import.flow --input -
  flow run probe.flow --set 'http.allow_hosts=[\"127.0.0.1\"]'")]
pub struct Run {
    /// The program.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Which workflow; may be left out where there is one.
    #[arg(value_name = "WORKFLOW")]
    workflow: Option<String>,
    /// The input: JSON, `@FILE`, or `-` for stdin. In a sandbox, made up by type where absent.
    #[arg(short, long, value_name = "JSON|@FILE|-", allow_hyphen_values = true)]
    input: Option<String>,
    /// Sets one setting, such as `connectors.slack.token=...`; may be given several times.
    #[arg(long = "set", value_name = "PATH=VALUE")]
    set: Vec<String>,
    /// Points every connector at a stand-in on this machine, writes files aside, and shows what was sent. Needs no account and
    /// no settings.
    #[arg(long)]
    sandbox: bool,
    /// Keeps what happens in this directory, which is made if it is not there: what is cut off goes on when the directory is
    /// used again.
    #[cfg(feature = "sqlite")]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Names the run: the same key gives the same run, which is joined if it exists. With --data.
    #[cfg(feature = "sqlite")]
    #[arg(long, value_name = "KEY", requires = "data")]
    key: Option<String>,
    /// How the run is shown on stderr.
    #[arg(long, value_enum, default_value_t = Look::Auto)]
    format: Look,
}

/// How a run is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Look {
    /// A tree on a terminal, lines elsewhere.
    Auto,
    /// A line for each change.
    Plain,
}

impl Run {
    /// Runs the workflow to its end.
    ///
    /// # Errors
    /// If the program, the input, the settings or the usage is wrong.
    pub fn run(&self) -> Result<Exit, Stop> {
        let program = load(&self.file)?;
        let plan = workflow(&program, self.workflow.as_deref(), &self.file)?.clone();
        if !program.warnings.is_empty() {
            let count = program.warnings.len();
            let plural = if count == 1 { "" } else { "s" };
            say(&format!("{count} warning{plural}; `flow check {}` shows them", self.file.display()));
        }
        let input = self.input(&plan)?;
        let screen = Arc::new(Screen::new(Palette::for_stderr(), self.format == Look::Auto && stderr_is_live()));
        let runtime = threads()?;
        let done = runtime.block_on(self.to_the_end(program, &plan, &input, &screen));
        // Whatever still works for a run that has ended is let go: programs that it has started end with it.
        runtime.shutdown_timeout(LAST_MOMENT);
        done
    }

    /// The input that was given; in a sandbox, one made up.
    fn input(&self, plan: &Plan) -> Result<Value, Refusal> {
        match &self.input {
            Some(given) => input::read(given),
            None if self.sandbox && !plan.input.fields.is_empty() => {
                let example = example_input(plan);
                say(&format!("no --input was given; made up by type: {example}"));
                Ok(example)
            }
            None => Ok(Value::Unit),
        }
    }

    async fn to_the_end(
        &self,
        program: Program,
        plan: &Arc<Plan>,
        input: &Value,
        screen: &Arc<Screen>,
    ) -> Result<Exit, Stop> {
        let sources = program.sources.clone();
        let terminal = can_ask().then(|| Arc::new(Terminal::new(screen.clone())));
        let sandbox =
            match self.sandbox {
                false => None,
                true => Some(Arc::new(Sandbox::start(&program.package, |_| {}).await.map_err(|error| {
                    Refusal::new(format!("the stand-ins of the sandbox found no free port: {error}"))
                })?)),
            };
        // Where nothing is kept, nobody is left with moments that have not come yet.
        let clock = (self.sandbox && self.data().is_none()).then(|| VirtualClock::at(Timestamp::now()));
        let data = self.data().map_or_else(|| program.directory.join(DATA), Path::to_owned);
        let mut builder = Builder::new(program).environment().only(&plan.name).log(log::to_screen(screen.clone()));
        builder = builder.credentials_in(&data);
        for assignment in &self.set {
            builder = builder.set(assignment);
        }
        if let Some(terminal) = &terminal {
            builder = builder.consult(terminal.clone());
        }
        if let Some(sandbox) = &sandbox {
            builder = builder.sandbox(sandbox.clone());
        }
        if let Some(clock) = &clock {
            builder = builder.clock(clock.clone());
        }
        #[cfg(feature = "sqlite")]
        if let Some(data) = &self.data {
            let store = super::data::take(data)?;
            builder = builder.journal(Arc::new(store));
        }
        let engine = match builder.build() {
            Ok(engine) => engine,
            Err(error) => {
                // What is wrong with the input is said at once, and not when the settings are mended.
                if let Err(misfits) = intake::fit(plan, input) {
                    say(&format!("{} {}\n", styled(screen.palette.bad, "error:"), misfitting(plan, &misfits)));
                }
                return Err(not_built(error));
            }
        };
        if !engine.warnings().diagnostics.is_empty() {
            let Faults { diagnostics, sources } = &*engine.warnings();
            say(&report::to_text(diagnostics, sources, colour_on_stderr()));
        }
        screen.hide(engine.mask().clone());
        panic::cover(engine.mask().clone());
        log::listen(screen.clone());
        engine.recover().await.map_err(|broken| Refusal::new(broken.to_string()))?;
        // As long as the run is looked at, and what was sent for it is told.
        let given = intake::fit(plan, input).map(|input| input.secrets()).unwrap_or_default();
        let _held = engine.mask().hold(given);
        let running = self.start(&engine, plan, input).await.map_err(|error| not_started(plan, error))?;
        // One that was there before may have been rewound.
        let tree = if running.was_joined() { Tree::new } else { Tree::of_new };
        let mut face = Face::new(tree(plan.clone(), engine.mask().clone()), screen.clone());
        let summary = watch::watch(&engine, running, &mut face, terminal.as_ref(), clock.as_ref()).await;
        face.finish(engine.now());
        if let Some(sandbox) = &sandbox {
            say(&engine.mask().cover(&stand_in::report(sandbox, &screen.palette)));
        }
        Ok(report_end(&engine, &summary, &sources, screen))
    }
}

impl Run {
    #[cfg(feature = "sqlite")]
    fn data(&self) -> Option<&Path> {
        self.data.as_deref()
    }

    #[cfg(not(feature = "sqlite"))]
    fn data(&self) -> Option<&Path> {
        None
    }

    #[cfg(feature = "sqlite")]
    async fn start(&self, engine: &Engine, plan: &Plan, input: &Value) -> Result<Running, StartError> {
        match &self.key {
            Some(key) => engine.start_once(&plan.name, key, input).await,
            None => engine.start(&plan.name, input).await,
        }
    }

    #[cfg(not(feature = "sqlite"))]
    async fn start(&self, engine: &Engine, plan: &Plan, input: &Value) -> Result<Running, StartError> {
        engine.start(&plan.name, input).await
    }
}

/// Says how a run ended: its output on stdout, everything else on stderr.
fn report_end(engine: &Engine, summary: &Summary, sources: &Sources, screen: &Screen) -> Exit {
    let palette = &screen.palette;
    let mask = engine.mask();
    // Lines have told each problem as it came.
    if screen.live && !summary.problems.is_empty() {
        say(&styled(palette.bad, "problems that do not change the outcome:"));
        for problem in &summary.problems {
            let place = if problem.place.is_empty() { "the run" } else { &*problem.place };
            say(&mask.cover(&format!("  {place}: {}: {}", problem.kind, problem.message)));
        }
    }
    match summary.status {
        Status::Completed => {
            let json = summary.output.to_json();
            let text = if super::paper::stdout_is_terminal() { format!("{json:#}") } else { json.to_string() };
            deliver(&mask.cover(&text));
            Exit::Done
        }
        Status::Cancelled => {
            say(&styled(palette.doubtful, "cancelled"));
            Exit::Cancelled
        }
        _ => {
            say(&mask.cover(&failure_text(summary, sources, palette)));
            Exit::Failed
        }
    }
}

/// Type, message and step of the error a run failed with, and the place in the program where that is known.
pub(super) fn failure_text(summary: &Summary, sources: &Sources, palette: &Palette) -> String {
    let part = |name: &str| summary.error.as_ref().and_then(|error| error.get(name)).cloned().unwrap_or_default();
    let step = match part("step").to_string() {
        step if step.is_empty() || step == "null" => String::new(),
        step => format!(" in step `{step}`"),
    };
    let word = styled(palette.bad, "error:");
    // No line of it begins where this program's own words do.
    let message = part("message").to_string().replace('\n', "\n  ");
    let mut text = format!("{word} {}{step}: {message}", part("type"));
    if let Some(span) = summary.failure.as_ref().and_then(|failure| failure.span) {
        text.push('\n');
        text.push_str(&report::excerpt(span, "", sources, colour_on_stderr()));
    }
    let mut cause = part("cause");
    while !cause.is_unit() {
        let of = |name: &str| cause.get(name).cloned().unwrap_or_default();
        text.push_str(&format!("\n  because of {}: {}", of("type"), of("message")));
        cause = of("cause");
    }
    let body = part("body");
    if !body.is_unit() {
        text.push_str(&format!("\n  the far side said: {}", super::tree::first_line(&body.to_string())));
    }
    text
}

/// Settings that are missing or wrong are said as diagnostics.
pub(super) fn not_built(error: BuildError) -> Stop {
    match error {
        BuildError::Program(faults) | BuildError::Settings(faults) => {
            say(&report::to_text(&faults.diagnostics, &faults.sources, colour_on_stderr()));
            Stop::Said(Exit::Wrong)
        }
        BuildError::NoSandbox(_) => Stop::Refused(Refusal::new(error.to_string())),
        BuildError::LeftOut { ref features, .. } => {
            let first: Vec<&str> = features.iter().filter_map(|choice| choice.first().copied()).collect();
            let hint = format!("`{}` makes one that can; `flow test` and `--sandbox` need none", left_out::way(&first));
            Stop::Refused(Refusal::new(error.to_string()).hint(hint))
        }
        BuildError::NoBody(_) => Stop::Refused(
            Refusal::new(error.to_string())
                .hint("a native operation is written in Rust: run this program in the engine that embeds it"),
        ),
    }
}

/// Everything that is wrong with the input, by path, and what one would look like.
fn misfitting(plan: &Plan, misfits: &[Misfit]) -> Refusal {
    let example = example_input(plan).to_json().to_string();
    misfits_of(plan, misfits).hint(format!("such as --input '{}'", example.replace('\'', "'\\''")))
}

/// Everything that is wrong with the input, by path.
pub(super) fn misfits_of(plan: &Plan, misfits: &[Misfit]) -> Refusal {
    let list: String = misfits.iter().map(|misfit| format!("\n  {misfit}")).collect();
    Refusal::new(format!("the input does not fit `{}`:{list}", plan.name))
}

/// Why a run did not begin.
fn not_started(plan: &Plan, error: StartError) -> Stop {
    match error {
        StartError::Input(misfits) => Stop::Refused(misfitting(plan, &misfits)),
        other => Stop::Refused(Refusal::new(other.to_string())),
    }
}

/// An input that fits, made up by type.
pub(super) fn example_input(plan: &Plan) -> Value {
    Shape::Object(Arc::new(plan.input.clone())).example().without_absent()
}
