//! `flow connectors list [FILE]...`: what there is, and what is still to be set.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use serde_json::{Value as Json, json};

use super::found::{programs, standings};
use crate::cli::check::Format;
use crate::cli::exit::{Exit, Stop};
use crate::cli::paper::{Palette, deliver, styled};
use crate::host::settings::standing::{Standing, Unset, Way};
use crate::lang::plan::{Connector, reference};

/// List connectors: what each is, and which of its settings are still missing.
///
/// Without a file those of the standard library, with the settings of this directory; otherwise those that the programs declare
/// or use. Nothing is asked of any service: `flow connectors check` does that.
#[derive(Debug, Args)]
#[command(
    name = "list",
    after_help = "Examples:\n  flow connectors list\n  flow connectors list flows/*.flow\n  flow connectors list --format json"
)]
pub struct List {
    /// Programs whose connectors are meant.
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The data directory that keeps what services gave at logins; `.flow` beside the program where absent.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Sets one setting, such as `connectors.slack.token=...`; may be given several times.
    #[arg(long = "set", value_name = "PATH=VALUE")]
    set: Vec<String>,
    /// For people, or JSON.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

impl List {
    /// Lists them.
    ///
    /// # Errors
    /// A file that is no program.
    pub fn run(&self) -> Result<Exit, Stop> {
        let mut known: Vec<(Arc<Connector>, Standing)> = Vec::new();
        for program in programs(&self.files)? {
            for (connector, standing) in standings(program, self.data.as_deref(), &self.set) {
                if !known.iter().any(|(other, _)| other.digest == connector.digest) {
                    known.push((connector, standing));
                }
            }
        }
        match self.format {
            Format::Json => {
                let list = known.iter().map(|(connector, standing)| as_json(connector, standing)).collect();
                deliver(&format!("{:#}", Json::Array(list)));
            }
            Format::Text => deliver(&table(&known, &Palette::for_stdout())),
        }
        Ok(Exit::Done)
    }
}

/// The connectors in columns.
fn table(known: &[(Arc<Connector>, Standing)], palette: &Palette) -> String {
    let widest = |of: &dyn Fn(&Connector) -> usize| known.iter().map(|(connector, _)| of(connector)).max().unwrap_or(0);
    let names = widest(&|connector| connector.name.chars().count());
    let titles = widest(&|connector| reference::title(connector).chars().count());
    let holdings = widest(&|connector| holding(connector).chars().count());
    let row = |(connector, standing): &(Arc<Connector>, Standing)| {
        let name = styled(palette.strong, format!("{:<names$}", connector.name));
        let title = reference::title(connector);
        let style = if standing.is_ready() { palette.good } else { palette.doubtful };
        let state = styled(style, in_words(connector, standing));
        format!("{name}  {title:<titles$}  {:<holdings$}  {state}\n", holding(connector))
    };
    known.iter().map(row).collect()
}

/// `22 operations, 1 trigger`
fn holding(connector: &Connector) -> String {
    let count = |count: usize, what: &str| format!("{count} {what}{}", if count == 1 { "" } else { "s" });
    let operations = count(connector.operations.len(), "operation");
    if connector.sources.is_empty() {
        return operations;
    }
    format!("{operations}, {}", count(connector.sources.len(), "trigger"))
}

/// What is still to be done, in a few words.
pub fn in_words(connector: &Connector, standing: &Standing) -> String {
    if standing.is_ready() {
        return if standing.signs_in { "set" } else { "needs no credentials" }.to_owned();
    }
    let settings = variables(&standing.settings);
    let ways: Vec<String> = standing.ways.iter().map(|way| way_in_words(connector, way, &standing.settings)).collect();
    let ways = ways.into_iter().filter(|way| !way.is_empty()).collect::<Vec<_>>().join(", or ");
    let parts: Vec<String> = [settings, ways].into_iter().filter(|part| !part.is_empty()).collect();
    format!("needs {}", parts.join("; "))
}

fn way_in_words(connector: &Connector, way: &Way, said: &[Unset]) -> String {
    let lacks: Vec<Unset> = way.lacks.iter().filter(|unset| !said.contains(unset)).cloned().collect();
    let login = way.needs_login.then(|| format!("`flow connectors login {}`", connector.name));
    let parts: Vec<String> = [variables(&lacks)].into_iter().filter(|it| !it.is_empty()).chain(login).collect();
    parts.join(" and ")
}

fn variables(unset: &[Unset]) -> String {
    unset.iter().map(|unset| &*unset.variable).collect::<Vec<_>>().join(" and ")
}

fn as_json(connector: &Connector, standing: &Standing) -> Json {
    let unset =
        |unset: &Unset| json!({ "setting": unset.field, "variable": unset.variable, "secret": unset.is_secret });
    let way =
        |way: &Way| json!({ "missing": way.lacks.iter().map(unset).collect::<Vec<_>>(), "login": way.needs_login });
    json!({
        "name": connector.name,
        "title": reference::title(connector),
        "doc": connector.doc,
        "operations": connector.operations.keys().collect::<Vec<_>>(),
        "triggers": connector.sources.iter().map(|source| &source.name).collect::<Vec<_>>(),
        "check": connector.check,
        "signs_in": standing.signs_in,
        "ready": standing.is_ready(),
        "missing": standing.settings.iter().map(unset).collect::<Vec<_>>(),
        "ways": standing.ways.iter().map(way).collect::<Vec<_>>(),
    })
}
