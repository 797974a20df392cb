//! `flow deploy DIR --data DATA`: lets runs that are under way go on under newer programs.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;

use super::ask::whoever;
use super::check::Format;
use super::data;
use super::exit::{Exit, Refusal, Stop};
use super::paper::{Palette, colour_on_stderr, deliver, say, styled};
use super::program::load;
use super::run::not_built;
use super::threads::threads;
use crate::base::report;
use crate::host::{Builder, Deployment, Program};
use crate::run::upgrade::Verdict;
use crate::store::Sqlite;

/// How many runs of a group are named.
const NAMED_MAX: usize = 3;

/// Let runs that are under way go on under newer programs, and say of each what the change means for it.
///
/// A run moves if what is under way in it is the same in the new program, nothing was put before what it has done, and what is
/// known in it fits the new types. A run that stays now is asked again whenever something in it has ended. No server may use the
/// data meanwhile.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  flow deploy flows --data /var/lib/flow --dry-run
  flow deploy orders.flow --data state --verbose")]
pub struct Deploy {
    /// The directory of the programs, or one program.
    #[arg(value_name = "DIR|FILE")]
    program: PathBuf,
    /// Where runs are kept.
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// Says what would be, and changes nothing.
    #[arg(long)]
    dry_run: bool,
    /// Names every run.
    #[arg(short, long)]
    verbose: bool,
    /// Sets one setting, such as `connectors.slack.token=...`; may be given several times.
    #[arg(long = "set", value_name = "PATH=VALUE")]
    set: Vec<String>,
    /// For people, or one JSON object for tools.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

impl Deploy {
    /// Offers the programs to all runs under way.
    ///
    /// # Errors
    /// If a program cannot run, or the data cannot be read or is in use.
    pub fn run(&self) -> Result<Exit, Stop> {
        let program = self.load()?;
        if !self.data.is_dir() {
            let message = format!("there is no directory `{}`, so no runs are kept there", self.data.display());
            return Err(Refusal::new(message).into());
        }
        let store = Arc::new(data::take(&self.data)?);
        let runtime = threads()?;
        let done = runtime.block_on(self.deploy(program, store.clone()));
        runtime.shutdown_background();
        drop(store);
        let deployment = done?;
        deliver(&match self.format {
            Format::Text => self.text(&deployment),
            Format::Json => serde_json::to_string_pretty(&deployment)
                .map_err(|error| Refusal::new(format!("the verdicts cannot be written as JSON: {error}")))?,
        });
        Ok(Exit::Done)
    }

    fn load(&self) -> Result<Program, Stop> {
        if !self.program.is_dir() {
            return load(&self.program);
        }
        Program::from_directory(&self.program).map_err(|faults| {
            say(&report::to_text(&faults.diagnostics, &faults.sources, colour_on_stderr()));
            Stop::Said(Exit::Wrong)
        })
    }

    async fn deploy(&self, program: Program, store: Arc<Sqlite>) -> Result<Deployment, Stop> {
        // It carries nothing out: whoever uses the data next does.
        let mut builder = Builder::new(program).environment().journal(store).write_down_only();
        for assignment in &self.set {
            builder = builder.set(assignment);
        }
        let engine = builder.build().map_err(not_built)?;
        let done = match self.dry_run {
            true => engine.would_mean(&engine.package()).await,
            false => engine.deploy(&engine, &whoever()).await,
        };
        done.map_err(|broken| Refusal::new(broken.to_string()).into())
    }

    fn text(&self, deployment: &Deployment) -> String {
        let strong = Palette::for_stdout().strong;
        if deployment.workflows.is_empty() {
            return "no run under way is concerned\n".to_owned();
        }
        let mut text = String::new();
        for deployed in &deployment.workflows {
            let _ = writeln!(text, "{} {}", styled(strong, "workflow"), styled(strong, &deployed.workflow));
            for group in &deployed.groups {
                let count = group.runs.len();
                let runs = if count == 1 { "1 run".to_owned() } else { format!("{count} runs") };
                let _ = writeln!(text, "  {runs} {}", in_number(&group.verdict, count));
                let named = if self.verbose { count } else { NAMED_MAX.min(count) };
                for run in group.runs.iter().take(named) {
                    let _ = writeln!(text, "    {run}");
                }
                if named < count {
                    let _ = writeln!(text, "    and {} more: `--verbose` names them", count - named);
                }
            }
        }
        text
    }
}

/// The verdict, as it is said of so many runs.
fn in_number(verdict: &Verdict, count: usize) -> String {
    let said = verdict.to_string();
    match (verdict, count) {
        (Verdict::Unaffected, 1) => "is unaffected".to_owned(),
        (Verdict::Unaffected, _) => "are unaffected".to_owned(),
        (_, 1) => said,
        (Verdict::Moves { .. }, _) => said.replacen("moves", "move", 1),
        (Verdict::Stays(_), _) => said.replacen("stays", "stay", 1),
    }
}
