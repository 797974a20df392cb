//! `flow deploy [DIR]`: lets runs that are under way go on under newer programs.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use super::reach::Whom;
use crate::cli::check::Format;
use crate::cli::exit::{Exit, Refusal, Stop};
use crate::cli::paper::{Palette, deliver, styled};
use crate::host::Deployment;
use crate::run::upgrade::Verdict;
use crate::serve::client::Client;

/// How many runs of a group are named.
const NAMED_MAX: usize = 3;

/// Let runs that are under way go on under newer programs, and say of each what the change means for it.
///
/// A run moves if what is under way in it is the same in the new program, nothing was put before what it has done, and what is
/// known in it fits the new types. A run that stays now is asked again whenever something in it has ended. A server that runs
/// deploys what stands in its own directory now; one that is started later goes on from what was said here.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  flow deploy flows --data /var/lib/flow --dry-run
  flow deploy orders.flow --data state --verbose
  flow deploy --server https://flow.example.com")]
pub struct Deploy {
    /// The directory of the programs, or, where no server runs, one program.
    #[arg(value_name = "DIR|FILE")]
    programs: Option<PathBuf>,
    /// Says what would be, and changes nothing.
    #[arg(long)]
    dry_run: bool,
    /// Names every run.
    #[arg(short, long)]
    verbose: bool,
    /// Sets one setting, such as `connectors.slack.token=...`; may be given several times. A server has its own.
    #[arg(long = "set", value_name = "PATH=VALUE")]
    set: Vec<String>,
    /// For people, or one JSON object for tools.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    #[command(flatten)]
    whom: Whom,
}

impl Deploy {
    /// Offers the programs to all runs under way.
    ///
    /// # Errors
    /// If a program cannot run, or nobody can be asked.
    pub fn run(&self) -> Result<Exit, Stop> {
        let programs = self.programs.as_deref().unwrap_or_else(|| Path::new("."));
        let deployment = self.whom.with(programs, &self.set, async |client| self.deploy(client).await)?;
        deliver(&match self.format {
            Format::Text => self.text(&deployment),
            Format::Json => serde_json::to_string_pretty(&deployment)
                .map_err(|error| Refusal::new(format!("the verdicts cannot be written as JSON: {error}")))?,
        });
        Ok(Exit::Done)
    }

    async fn deploy(&self, client: &Client) -> Result<Deployment, Stop> {
        if !self.set.is_empty() && !client.is_within() {
            let refusal = Refusal::new("`--set` is for when no server runs: the one that does has settings of its own");
            return Err(refusal.hint("stop it, and start it with them: `flow serve DIR --set PATH=VALUE`").into());
        }
        // It is the same directory wherever it is named from.
        let meant = self.programs.as_ref().map(|path| path.canonicalize().unwrap_or_else(|_| path.clone()));
        let body = json!({ "dry_run": self.dry_run, "directory": meant });
        let said = client.post("/v1/deployment", &[], Some(&body)).await?;
        serde_json::from_value(said).map_err(|error| {
            Refusal::new(format!("the server says what this command does not understand: {error}")).into()
        })
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
