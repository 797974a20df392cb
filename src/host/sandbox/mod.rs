//! Stand-ins on loopback for everything a program would call: real HTTP and real SMTP, answered with the `example`s that the
//! connectors declare.
//!
//! In: a package. Out: settings that point every connector here, and what was sent. Never: a byte to anywhere but loopback,
//! a change to a file of the program (held by `tests/connect/sandbox.rs`).

mod attempt;
mod echo;
mod http;
mod mail;
mod natives;
mod people;
mod routes;
mod script;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::settings::{SETTING_STAND_IN, Settings};
use crate::base::shape::Shape;
use crate::base::value::Value;
use crate::connect::files::Scratch;
use crate::connect::{Environment, Natives};
use crate::lang::plan::connector::Answer;
use crate::lang::plan::{Connector, Formula, Package};
use crate::run::world::Consult;
use http::{Answers, Desk};
use routes::Routes;
use script::Script;

pub use attempt::files;

/// What stands in for credentials.
const CREDENTIAL: &str = "sandbox";

/// Something a program sent.
#[derive(Clone, Debug, PartialEq)]
pub struct Sent {
    /// By which connector.
    pub connector: Arc<str>,
    /// By which operation, where the stand-in can tell.
    pub operation: Option<Arc<str>>,
    /// In one line: `POST /chat.postMessage`, `mail to ada@example.com: Welcome`; empty where the name of the operation says it.
    pub summary: Arc<str>,
    /// What it carried: the body of a request, the text of a message.
    pub body: Value,
    /// What it was answered.
    pub answer: Value,
}

/// Takes what was sent, at once.
type Show = Arc<dyn Fn(&Sent) + Send + Sync>;

/// Where everything that was sent is kept.
#[derive(Clone)]
struct Record {
    sent: Arc<Mutex<Vec<Sent>>>,
    show: Show,
}

impl Record {
    fn take(&self, sent: Sent) {
        (self.show)(&sent);
        // Whoever held the lock did not leave half a change behind.
        self.sent.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(sent);
    }
}

/// The stand-ins, as long as this value lives.
pub struct Sandbox {
    package: Package,
    http: SocketAddr,
    smtp: SocketAddr,
    record: Record,
    scratch: Arc<Scratch>,
    _servers: Servers,
    /// Whether services stay where their connectors say: what is asked there comes here all the same.
    leaves_addresses: bool,
}

impl Sandbox {
    /// Starts the stand-ins for `package`. `show` is called for everything that is sent.
    ///
    /// # Errors
    /// That of the operating system, where it has no free port on loopback.
    pub async fn start(package: &Package, show: impl Fn(&Sent) + Send + Sync + 'static) -> std::io::Result<Self> {
        let record = Record { sent: Arc::default(), show: Arc::new(show) };
        Self::answering(package, Routes::new(package), record).await
    }

    /// Starts stand-ins for one call: its requests get these answers in order, whatever they ask for. What it writes lies in
    /// `aside`.
    ///
    /// # Errors
    /// As for [`Sandbox::start`].
    pub async fn playing(
        package: &Package,
        answers: impl IntoIterator<Item = Answer>,
        aside: PathBuf,
    ) -> std::io::Result<Self> {
        let record = Record { sent: Arc::default(), show: Arc::new(|_| {}) };
        let sandbox = Self::answering(package, Script::new(answers), record).await?;
        Ok(Self { leaves_addresses: true, scratch: Arc::new(Scratch::new(aside)), ..sandbox })
    }

    async fn answering(package: &Package, answers: impl Answers + 'static, record: Record) -> std::io::Result<Self> {
        let (http, smtp) = (TcpListener::bind(("127.0.0.1", 0)).await?, TcpListener::bind(("127.0.0.1", 0)).await?);
        let (http_address, smtp_address) = (http.local_addr()?, smtp.local_addr()?);
        let desk = Arc::new(Desk::new(answers, record.clone()));
        let servers = vec![tokio::spawn(http::serve(http, desk)), tokio::spawn(mail::serve(smtp, record.clone()))];
        // Another one each time: nobody finds what an earlier run left behind.
        let scratch = std::env::temp_dir().join(format!("flow-sandbox-{}", uuid::Uuid::now_v7().simple()));
        Ok(Self {
            package: package.clone(),
            http: http_address,
            smtp: smtp_address,
            record,
            scratch: Arc::new(Scratch::new(scratch)),
            _servers: Servers(servers),
            leaves_addresses: false,
        })
    }

    /// Points the connectors of the package here and gives them credentials that are none.
    pub fn point(&self, settings: &mut Settings) {
        settings.stand_in();
        for (name, connector) in &self.package.connectors {
            for (field, value) in self.stand_ins(connector) {
                settings.set(&["connectors", name, &field], value);
            }
        }
        settings.set(&["http", "allow_hosts"], Value::list([Value::from(self.http.to_string())]));
    }

    /// Sends requests to other hosts here, too, and keeps files as they are: what is written goes to a directory aside.
    pub fn enclose(&self, mut environment: Environment) -> Environment {
        environment.stand_in = url::Url::parse(&format!("http://{}", self.http)).ok();
        environment.scratch = Some(self.scratch.clone());
        environment.allow_hosts = vec![self.http.to_string().into()];
        environment.ca_file = None;
        environment
    }

    /// Native operations with stand-ins for those that would leave this machine or start programs.
    pub fn natives(&self, natives: Natives) -> Natives {
        natives::stand_in(natives, &self.package, &self.record)
    }

    /// Who answers what `ask` asks where no person can: with something of the answer's type.
    pub fn consult(&self) -> Arc<dyn Consult> {
        Arc::new(people::StandIn::new(self.record.clone()))
    }

    /// Where files were written, and which.
    pub fn files(&self) -> (&Path, Vec<PathBuf>) {
        (self.scratch.directory(), self.scratch.written())
    }

    /// Everything that was sent so far, in order.
    pub fn sent(&self) -> Vec<Sent> {
        self.record.sent.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }

    /// The settings of a connector that must not be the real ones.
    fn stand_ins(&self, connector: &Connector) -> Vec<(Arc<str>, Value)> {
        if &*connector.name == "email" {
            let (host, port) = (self.smtp.ip().to_string(), i64::from(self.smtp.port()));
            return vec![
                ("host".into(), host.into()),
                ("port".into(), Value::Int(port)),
                ("security".into(), "none".into()),
            ];
        }
        let fields = connector.config.iter().filter_map(|(field, default)| {
            let shape = match &field.shape {
                Shape::Optional(inner) => inner,
                shape => shape,
            };
            let required = !matches!(field.shape, Shape::Optional(_)) && field.default.is_none();
            let value = match shape {
                Shape::Url if self.leaves_addresses => {
                    (default.is_none() && field.default.is_none()).then(|| SETTING_STAND_IN.to_owned())?
                }
                Shape::Url if &*field.name == "base_url" => format!("http://{}/{}", self.http, connector.name),
                Shape::Url => format!("http://{}/{}/-/{}", self.http, connector.name, field.name),
                Shape::Secret => CREDENTIAL.to_owned(),
                Shape::Text(..) | Shape::Email if required && !matches!(default, Some(Formula::Constant(_))) => {
                    CREDENTIAL.to_owned()
                }
                _ => return None,
            };
            Some((field.name.clone(), value.into()))
        });
        fields.collect()
    }
}

/// They serve as long as this value lives.
struct Servers(Vec<JoinHandle<()>>);

impl Drop for Servers {
    fn drop(&mut self) {
        self.0.iter().for_each(JoinHandle::abort);
    }
}

impl std::fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sandbox").field("http", &self.http).field("smtp", &self.smtp).finish_non_exhaustive()
    }
}
