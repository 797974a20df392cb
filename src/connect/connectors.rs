//! The connectors of one program with their settings, and the one door through which operations are carried out.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use indexmap::IndexMap;

use super::databases::Databases;
use super::log::Log;
use super::registry::{Call, Natives};
use super::traffic::Traffic;
use super::witness::Witness;
use crate::base::failure::{Failure, Kind};
use crate::base::limit::{RESPONSE_BYTES_MAX, SAVED_BYTES_MAX};
use crate::base::secret::Mask;
use crate::base::value::{Map, Value};
use crate::lang::catalog::Signature;
use crate::lang::plan;
use crate::run::world::{Act, BoxFuture, Outcome, Perform, Settings};

/// The directory beside a program in which an engine keeps its data, if it is not told another.
pub const DATA: &str = ".flow";

/// The file beside a program with its settings.
pub const SETTINGS: &str = "flow.toml";

/// A connector with its settings.
pub struct Configured {
    /// As it is declared.
    pub connector: Arc<plan::Connector>,
    /// The values of its `config`; what is not set is `()`.
    pub config: Value,
    /// The hosts, with their ports, that the settings gave for its addresses: they may be private (`host:port`).
    pub hosts: Vec<Arc<str>>,
    /// What requests of this connector share: connections, tokens.
    #[cfg(feature = "http")]
    pub http: super::http::Shared,
}

impl std::fmt::Debug for Configured {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Configured").field("connector", &self.connector.name).finish_non_exhaustive()
    }
}

impl Configured {
    /// A connector with the values of its `config`. `hosts` are those that the settings themselves name.
    pub fn new(connector: Arc<plan::Connector>, config: Map, hosts: Vec<Arc<str>>) -> Self {
        Self {
            connector,
            // What is hidden elsewhere goes out from here.
            config: Value::from(config).opened(),
            hosts,
            #[cfg(feature = "http")]
            http: super::http::Shared::default(),
        }
    }

    /// One value of its `config`; `()` where it is not set.
    pub fn setting(&self, name: &str) -> Value {
        self.config.get(name).cloned().unwrap_or_default()
    }

    /// One value of its `config`, if it is a text.
    pub fn setting_text(&self, name: &str) -> Option<Arc<str>> {
        match self.setting(name) {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }
}

/// What connectors may know of where they run.
#[derive(Clone)]
pub struct Environment {
    /// The program's own directory: templates and attachments are found from here.
    pub directory: PathBuf,
    /// Under which directories files may be touched; relative ones count from `directory`.
    pub file_roots: Vec<PathBuf>,
    /// What is the engine's own, and closed to programs wherever it lies: its data, its settings.
    pub closed: Vec<PathBuf>,
    /// Where files are changed instead, in a sandbox.
    pub scratch: Option<Arc<super::files::Scratch>>,
    /// Hosts that may be asked although their addresses are private: `host` or `host:port`.
    pub allow_hosts: Vec<Arc<str>>,
    /// The proxy that HTTP goes by.
    pub proxy: Option<Arc<str>>,
    /// Hosts that are asked without it: `host`, `host:port` or `*.domain`.
    pub no_proxy: Vec<Arc<str>>,
    /// A file of authorities that HTTPS trusts beside those of the machine.
    pub ca_file: Option<PathBuf>,
    /// Where requests go instead of their own hosts, in a sandbox: `ADDRESS/CONNECTOR/HOST/PATH`.
    pub stand_in: Option<url::Url>,
    /// How large an answer may be, in bytes.
    pub response_bytes_max: usize,
    /// How large an answer may be that goes into a file, in bytes.
    pub saved_bytes_max: u64,
    /// The databases that `sql.*` may name.
    pub databases: Databases,
    /// Which programs `process.run` may start.
    pub programs: Vec<Arc<str>>,
    /// What must not be shown.
    pub mask: Mask,
    /// Plain settings and secrets by name, for `env("X")` and `secret("X")` in connectors.
    pub settings: Arc<dyn Settings>,
    /// Where lines of the log go.
    pub log: Log,
    /// What calls wait for, and how they went.
    pub traffic: Traffic,
    /// Sees the answers that come, where somebody wants to.
    pub witness: Option<Witness>,
    /// What the engine itself was given; `None` where it forgets that with the process.
    #[cfg(feature = "http")]
    pub vault: Option<Arc<super::vault::Vault>>,
}

impl std::fmt::Debug for Environment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Environment").field("directory", &self.directory).finish_non_exhaustive()
    }
}

/// Knows nothing.
struct Nothing;

impl Settings for Nothing {
    fn env(&self, _: &str) -> Option<Value> {
        None
    }
    fn secret(&self, _: &str) -> Option<Value> {
        None
    }
}

impl Environment {
    /// The narrowest one: files only in `directory`, no private hosts, no programs, no settings, log lines dropped.
    pub fn at(directory: impl Into<PathBuf>) -> Self {
        Self {
            directory: directory.into(),
            file_roots: vec![PathBuf::from(".")],
            closed: [DATA, SETTINGS].map(PathBuf::from).to_vec(),
            scratch: None,
            allow_hosts: Vec::new(),
            proxy: None,
            no_proxy: Vec::new(),
            ca_file: None,
            stand_in: None,
            response_bytes_max: RESPONSE_BYTES_MAX,
            saved_bytes_max: SAVED_BYTES_MAX,
            databases: Databases::default(),
            programs: Vec::new(),
            mask: Mask::default(),
            settings: Arc::new(Nothing),
            log: Log::default(),
            traffic: Traffic::default(),
            witness: None,
            #[cfg(feature = "http")]
            vault: None,
        }
    }
}

/// The connectors of one program, ready to act.
#[derive(Debug)]
pub struct Connectors {
    environment: Arc<Environment>,
    configured: IndexMap<Arc<str>, Arc<Configured>>,
    natives: Natives,
}

impl Connectors {
    /// Puts together what operations need.
    pub fn new(environment: Environment, configured: impl IntoIterator<Item = Configured>, natives: Natives) -> Self {
        Self {
            environment: Arc::new(environment),
            configured: configured.into_iter().map(|one| (one.connector.name.clone(), Arc::new(one))).collect(),
            natives,
        }
    }

    /// A connector with its settings, if anything of the program uses it.
    pub fn configured(&self, name: &str) -> Option<&Arc<Configured>> {
        self.configured.get(name)
    }

    /// What connectors may know of where they run.
    pub fn environment(&self) -> &Arc<Environment> {
        &self.environment
    }

    async fn carry_out(&self, mut act: Act) -> Outcome {
        let signature = act.operation.signature.clone();
        let Some(connector) = self.configured.get(&signature.connector) else {
            return invalid(format!("the connector `{}` has no settings in this engine", signature.connector));
        };
        fill_defaults(&mut act);
        let call = Call {
            act,
            connector: connector.clone(),
            environment: self.environment.clone(),
            ahead: Map::new(),
            found: None,
        };
        if call.act.operation.request.is_some() {
            #[cfg(feature = "http")]
            return super::http::declared::perform(call).await;
            #[cfg(not(feature = "http"))]
            return invalid("this build has no HTTP: the feature `http` is off");
        }
        match self.natives.get(&signature.full_name()) {
            Some(body) => body.call(call).await,
            None => invalid(format!("`{}` is native, but this engine has no body for it", signature.full_name())),
        }
    }
}

/// What came, as it is declared: optional fields are there, texts become moments. What a native operation gives must be of the
/// type it declares: it can be mended where it stands. What a far side answers is passed on as it came where it is not: what
/// was done is done, and whoever reads the field in question is told.
fn as_declared(signature: &Signature, outcome: Outcome) -> Outcome {
    let Ok(value) = &outcome.result else { return outcome };
    match signature.result.check_answer(value) {
        Ok(value) => Outcome { result: Ok(value), ..outcome },
        Err(misfits) if signature.native => {
            let list = misfits.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
            let message = format!("`{}` did not give what it declares: {list}", signature.full_name());
            Outcome::unknown(Failure::new(Kind::ValidationError, message))
        }
        Err(_) => Outcome { result: Ok(signature.result.hide(value.clone())), ..outcome },
    }
}

/// Parameters that were left out get their declared defaults.
pub fn fill_defaults(act: &mut Act) {
    let signature = act.operation.signature.clone();
    let missing = |field: &crate::base::shape::Field| act.params.get(&field.name).is_none_or(Value::is_unit);
    if !signature.params.iter().any(|field| field.default.is_some() && missing(field)) {
        return;
    }
    let mut params = act.params.as_map().cloned().unwrap_or_default();
    for field in &signature.params {
        if let Some(default) = &field.default
            && missing(field)
        {
            params.insert(field.name.clone(), default.clone());
        }
    }
    act.params = params.into();
}

impl Perform for Connectors {
    fn perform(&self, act: Act) -> BoxFuture<'_, Outcome> {
        Box::pin(async move {
            let signature = act.operation.signature.clone();
            let (effect, begun) = (signature.effect_of(act.key_given), Instant::now());
            let mask = &self.environment.mask;
            let secrets = act.secrets();
            let _held = (!secrets.is_empty()).then(|| mask.hold(secrets));
            let outcome = self.carry_out(act.opened()).await.hiding(&mask.known());
            let outcome = as_declared(&signature, outcome);
            let error = outcome.error(&effect);
            self.environment.traffic.count(&signature.full_name(), error.as_ref(), begun.elapsed());
            outcome
        })
    }
}

/// A parameter or a setting that cannot be used; nothing happened.
pub(super) fn invalid(message: impl Into<Arc<str>>) -> Outcome {
    Outcome::failed(Failure::new(Kind::ValidationError, message))
}

/// The failure of something that was refused before anything was done.
pub(super) fn refused(message: impl Into<Arc<str>>) -> Failure {
    Failure::new(Kind::PermissionDenied, message)
}
