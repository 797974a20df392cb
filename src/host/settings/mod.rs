//! What is set beside the program: `flow.toml`, then the environment, then `--set`; the later one wins.
//!
//! In: a directory, the variables of the environment, the arguments of `--set`. Out: settings by path, what connectors need,
//! and diagnostics. Never: a secret in a message, nor any value in what a message quotes (held by `tests/connect/settings.rs` and
//! `tests/cli/settings.rs`).

/// Where connectors go.
#[cfg(feature = "http")]
mod address;
mod beside;
/// The codes of what can be wrong.
pub mod code;
/// What connectors need of the settings.
pub mod configure;
mod cover;
mod databases;
mod file;
mod known;
/// What programs read that nobody has set.
pub mod needs;
/// What is still to be set before a connector can be called.
pub mod standing;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::base::diagnostic::Diagnostic;
use crate::base::limit::{
    ATTEMPT_MILLIS_DEFAULT, CHAIN_RUNS_MAX, PATIENCE_MILLIS_DEFAULT, RESPONSE_BYTES_MAX, SAVED_BYTES_MAX,
};
use crate::base::secret::Mask;
use crate::base::span::{Source, Sources, Span};
use crate::base::time::Duration;
use crate::base::value::Value;
use crate::connect::log::Log;
use crate::connect::{Environment, Traffic};
use crate::disk;
use crate::run::prune::{EVENTS_KEPT, Retention};
use crate::run::world;
use cover::Covered;
use file::Quoted;

/// The name of the file beside the program.
pub use crate::connect::connectors::SETTINGS as FILE;

/// One value that was set.
#[derive(Clone, Debug)]
struct Entry {
    value: Value,
    /// Where: in `flow.toml`, or in what stands for the command line.
    span: Span,
    /// Where its name stands: what is said of a name that nobody knows.
    name: Span,
}

/// Settings by their path: `["http", "allow_hosts"]`.
type Entries = BTreeMap<Vec<String>, Entry>;

/// What is set beside the program.
#[derive(Clone, Default)]
pub struct Settings {
    directory: PathBuf,
    file: Entries,
    environment: BTreeMap<String, String>,
    given: Entries,
    mask: Mask,
    /// Whether what is not set has a stand-in, because nothing real is asked.
    stands_in: bool,
}

impl std::fmt::Debug for Settings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Settings").field("directory", &self.directory).finish_non_exhaustive()
    }
}

/// What stands in for a secret in a sandbox.
const SECRET_STAND_IN: &str = "sandbox";
/// What stands in for a setting in a sandbox: a text that can also be an address.
pub const SETTING_STAND_IN: &str = "https://sandbox.example";

impl Settings {
    /// Reads `flow.toml` in `directory`, if it is there, and takes in the variables of the environment and the arguments of
    /// `--set`. Texts to be quoted by diagnostics are added to `sources`.
    pub fn read(
        directory: &Path,
        environment: impl IntoIterator<Item = (String, String)>,
        given: &[String],
        sources: &mut Sources,
    ) -> (Self, Vec<Diagnostic>) {
        let mut settings = Self {
            directory: directory.to_owned(),
            environment: environment.into_iter().filter(|(_, value)| !value.is_empty()).collect(),
            ..Self::default()
        };
        let mut diagnostics = Vec::new();
        let path = directory.join(FILE);
        match disk::read(&path) {
            Ok(text) => {
                let text = text.trim_start_matches('\u{feff}');
                let covered = Covered::of(text);
                let id = sources.add(Source::new(path.display().to_string(), &covered.text));
                let entries = file::parse(text, &Quoted { file: id, covered }, &mut diagnostics);
                // Of a file that is broken, what can be read is not what was meant.
                settings.file = if diagnostics.is_empty() { entries } else { Entries::new() };
            }
            Err(fault) if fault.is_missing() => {}
            Err(fault) => {
                let id = sources.add(Source::new(path.display().to_string(), ""));
                let message = format!("{FILE} cannot be read: {fault}");
                diagnostics.push(Diagnostic::error(code::UNREADABLE, Span::new(id, 0..0), message));
            }
        }
        for argument in given {
            let covered = Covered::assignment(argument);
            let id = sources.add(Source::new("--set", &covered.text));
            match file::assignment(argument, &Quoted { file: id, covered }) {
                Ok((path, entry)) => {
                    settings.given.insert(path, entry);
                }
                Err(diagnostic) => diagnostics.push(diagnostic),
            }
        }
        for entries in [&settings.file, &settings.given] {
            known::check(entries, &mut diagnostics);
        }
        settings.check_databases(sources, &mut diagnostics);
        (settings, diagnostics)
    }

    /// Sets one value over everything else, as a stand-in does with addresses.
    pub fn set(&mut self, path: &[&str], value: impl Into<Value>) {
        let path = path.iter().map(|&part| part.to_owned()).collect();
        self.given.insert(path, Entry { value: value.into(), span: Span::default(), name: Span::default() });
    }

    /// From now on `env("X")` and `secret("X")` have an answer for every name.
    pub fn stand_in(&mut self) {
        self.stands_in = true;
    }

    /// The directory of the program.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// The secrets handed out so far; every text that people see passes through it.
    pub fn mask(&self) -> &Mask {
        &self.mask
    }

    /// What connectors may know of where they run. Lines of the log go to `log`.
    pub fn environment(&self, log: Log) -> Environment {
        let texts = |path: &[&str]| -> Option<Vec<Arc<str>>> {
            let items = self.get(path)?.as_list()?;
            Some(items.iter().map(|item| item.to_string().into()).collect())
        };
        let count = |name| self.get(&["http", name]).and_then(Value::as_int);
        let roots = texts(&["files", "roots"]).unwrap_or_else(|| vec![".".into()]);
        Environment {
            directory: self.directory.clone(),
            file_roots: roots.iter().map(|root| PathBuf::from(&**root)).collect(),
            closed: Environment::at(&self.directory).closed,
            scratch: None,
            allow_hosts: texts(&["http", "allow_hosts"]).unwrap_or_default(),
            proxy: self.proxy(),
            no_proxy: texts(&["http", "no_proxy"]).unwrap_or_default(),
            ca_file: self.get(&["http", "ca_file"]).and_then(Value::as_text).map(PathBuf::from),
            stand_in: None,
            response_bytes_max: count("response_bytes_max")
                .and_then(|it| usize::try_from(it).ok())
                .unwrap_or(RESPONSE_BYTES_MAX),
            saved_bytes_max: count("saved_bytes_max").and_then(|it| u64::try_from(it).ok()).unwrap_or(SAVED_BYTES_MAX),
            databases: self.databases(),
            programs: texts(&["process", "allow"]).unwrap_or_default(),
            mask: self.mask.clone(),
            settings: Arc::new(self.clone()),
            log,
            traffic: Traffic::default(),
            witness: None,
            #[cfg(feature = "http")]
            vault: None,
        }
    }

    /// `http.proxy`; its password is a secret.
    fn proxy(&self) -> Option<Arc<str>> {
        let address = self.get(&["http", "proxy"])?.as_text()?;
        let password = url::Url::parse(address).ok().and_then(|address| address.password().map(str::to_owned));
        password.iter().for_each(|password| self.mask.learn(password));
        Some(address.into())
    }

    /// `serve.patience`: how long whoever starts a run by a request waits for what it answers.
    pub fn patience(&self) -> Duration {
        self.duration(&["serve", "patience"]).unwrap_or(Duration(PATIENCE_MILLIS_DEFAULT))
    }

    /// What is no duration was reported with the settings.
    fn duration(&self, path: &[&str]) -> Option<Duration> {
        match self.get(path)? {
            Value::Duration(duration) => Some(*duration),
            Value::Text(text) => text.parse().ok(),
            _ => None,
        }
    }

    /// A value of `--set` or of the file.
    fn get(&self, path: &[&str]) -> Option<&Value> {
        Some(&self.entry(path)?.value)
    }

    fn entry(&self, path: &[&str]) -> Option<&Entry> {
        let path: Vec<String> = path.iter().map(|&part| part.to_owned()).collect();
        self.given.get(&path).or_else(|| self.file.get(&path))
    }

    /// How long runs and events are kept: the table `[store]`.
    pub fn retention(&self) -> Retention {
        Retention {
            ended: self.duration(&["store", "keep"]),
            failed: self.duration(&["store", "keep_failed"]),
            events: self.duration(&["store", "keep_events"]).unwrap_or(EVENTS_KEPT),
        }
    }

    /// A value by name: `--set TABLE.NAME=...`, the environment, then the table in the file.
    fn named(&self, table: &str, name: &str) -> Option<Value> {
        let path = vec![table.to_owned(), name.to_owned()];
        let given = self.given.get(&path).map(|entry| entry.value.clone());
        given
            .or_else(|| self.environment.get(name).map(|text| text.as_str().into()))
            .or_else(|| self.file.get(&path).map(|entry| entry.value.clone()))
    }
}

impl world::Settings for Settings {
    fn env(&self, name: &str) -> Option<Value> {
        self.named("env", name).or_else(|| self.stands_in.then(|| SETTING_STAND_IN.into()))
    }

    fn secret(&self, name: &str) -> Option<Value> {
        let stand_in = || self.stands_in.then(|| SECRET_STAND_IN.into());
        let Some(secret) = self.named("secrets", name) else { return stand_in() };
        self.mask.learn(&secret.open().to_string());
        Some(secret)
    }

    /// `run.timeout`
    fn attempt_timeout(&self) -> Duration {
        self.duration(&["run", "timeout"]).unwrap_or(Duration(ATTEMPT_MILLIS_DEFAULT))
    }

    /// `run.chain_runs`
    fn chain_runs(&self) -> u64 {
        let set = self.get(&["run", "chain_runs"]).and_then(Value::as_int);
        set.and_then(|count| u64::try_from(count).ok()).unwrap_or(CHAIN_RUNS_MAX)
    }
}
