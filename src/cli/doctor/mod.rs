//! `flow doctor [FILE]...`: what is ready, what is missing, and the line to type for each.

mod clock;
mod connector;
#[cfg(feature = "sqlite")]
mod data;
mod database;
mod editor;
mod finding;
mod host;
mod kept;
mod program;
mod reach;
mod service;
#[cfg(feature = "sqlite")]
mod under_way;

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::Value as Json;

use super::check::Format;
use super::exit::{Exit, Stop};
use super::paper::{Palette, deliver, styled};
use super::program::DATA;
use super::threads::threads;
use crate::host::{Builder, Program};
use finding::{Finding, State};
use program::Patients;

/// Look at settings, credentials, data, versions and this machine, and say what to type where something is missing.
///
/// Looks at all programs of this directory, or at those that are named, and says of everything that their runs need whether it is
/// there. Nothing is changed, and nobody is asked: with --online the services, hosts and databases are. Ends with 0 where runs can be
/// carried out, with 1 where something is at fault.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  flow doctor
  flow doctor --online
  flow doctor flows/orders.flow --data /var/lib/flow
  flow doctor --format json")]
pub struct Doctor {
    /// Programs, or directories of them; this directory where absent.
    #[arg(value_name = "FILE|DIR")]
    programs: Vec<PathBuf>,
    /// The data directory; `.flow` beside the programs where absent.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Sets one setting, such as `connectors.slack.token=...`; may be given several times.
    #[arg(long = "set", value_name = "PATH=VALUE")]
    set: Vec<String>,
    /// Asks services who signs in, and hosts and databases whether they answer.
    #[arg(long)]
    online: bool,
    /// For people, or JSON.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

impl Doctor {
    /// Looks at everything, whatever is wrong with the first.
    ///
    /// # Errors
    /// If no threads can be started to ask services.
    pub fn run(&self) -> Result<Exit, Stop> {
        let patients = Patients::of(&self.programs);
        let mut findings = vec![Finding::fine("version", version())];
        findings.extend(patients.findings());
        for program in &patients.programs {
            findings.extend(connector::findings(self.builder(program), program));
        }
        for program in patients.left_out() {
            findings.extend(connector::findings(Builder::new(program.clone()).environment(), &program));
        }
        if self.online {
            findings.extend(threads()?.block_on(reach::findings(&patients.programs, self.data.as_deref(), &self.set)));
        }
        for data in self.data_directories(&patients) {
            #[cfg(feature = "sqlite")]
            {
                findings.extend(data::findings(&data));
                findings.extend(threads()?.block_on(under_way::findings(&data, &patients)));
            }
            findings.extend(kept::findings(&data));
        }
        findings.extend(clock::findings());
        findings.extend(editor::findings());
        // What several programs share is said once.
        let mut said: Vec<Finding> = Vec::new();
        findings.into_iter().for_each(|finding| {
            if !said.contains(&finding) {
                said.push(finding)
            }
        });
        match self.format {
            Format::Json => deliver(&format!("{:#}", Json::Array(said.iter().map(Finding::as_json).collect()))),
            Format::Text => deliver(&in_words(&said, self.online)),
        }
        let is_faulty = said.iter().any(|finding| finding.state == State::Faulty);
        Ok(if is_faulty { Exit::Failed } else { Exit::Done })
    }

    fn builder(&self, program: &Program) -> Builder {
        let data = self.data.clone().unwrap_or_else(|| program.directory.join(DATA));
        let builder = Builder::new(program.clone()).environment().credentials_in(&data);
        self.set.iter().fold(builder, |builder, assignment| builder.set(assignment))
    }

    /// Where what happens is kept, and credentials: each directory once.
    fn data_directories(&self, patients: &Patients) -> Vec<PathBuf> {
        match &self.data {
            Some(data) => vec![data.clone()],
            None => patients.directories().into_iter().map(|directory| beside(&directory, DATA)).collect(),
        }
    }
}

/// This program, with what it was built without.
fn version() -> String {
    let parts = [
        ("http", cfg!(feature = "http")),
        ("mail", cfg!(feature = "mail")),
        ("html", cfg!(feature = "html")),
        ("serve", cfg!(feature = "serve")),
        ("sqlite", cfg!(feature = "sqlite")),
        ("postgres", cfg!(feature = "postgres")),
        ("mysql", cfg!(feature = "mysql")),
        ("mongodb", cfg!(feature = "mongodb")),
    ];
    let without: Vec<&str> = parts.iter().filter(|(_, is_there)| !is_there).map(|(name, _)| *name).collect();
    let without = if without.is_empty() { String::new() } else { format!(", without {}", without.join(", ")) };
    format!("flow {}{without}", env!("CARGO_PKG_VERSION"))
}

/// A name in a directory, as people write it.
fn beside(directory: &Path, name: &str) -> PathBuf {
    if directory == Path::new(".") { PathBuf::from(name) } else { directory.join(name) }
}

/// `2 faults`
fn counted(count: usize, thing: &str) -> String {
    format!("{count} {thing}{}", if count == 1 { "" } else { "s" })
}

/// All findings, and in the last line how many are no good ones.
fn in_words(findings: &[Finding], online: bool) -> String {
    let palette = Palette::for_stdout();
    let lines: String = findings.iter().map(|finding| finding.in_words(&palette)).collect();
    let count = |state: State| findings.iter().filter(|finding| finding.state == state).count();
    let last = match (count(State::Faulty), count(State::Doubtful)) {
        (0, 0) if online => styled(palette.good, "everything is ready"),
        (0, 0) => styled(palette.good, "everything is ready; `flow doctor --online` asks the services, too"),
        (0, warnings) => styled(palette.doubtful, counted(warnings, "warning")),
        (faults, 0) => styled(palette.bad, counted(faults, "fault")),
        (faults, warnings) => {
            styled(palette.bad, format!("{}, {}", counted(faults, "fault"), counted(warnings, "warning")))
        }
    };
    format!("{lines}\n{last}\n")
}
