//! The mailbox that the settings name: where it is, and who opens it.

use std::path::PathBuf;
use std::sync::Arc;

use crate::base::failure::{Failure, Kind};
use crate::connect::mail::security::{Security, is_loopback};
use crate::connect::mail::token;
use crate::connect::registry::Call;

/// How whoever opens it proves who they are.
#[derive(Clone, PartialEq, Eq)]
pub enum Proof {
    /// By a password.
    Password(Arc<str>),
    /// By a token, which is asked for when it is needed; this is what the credentials behind it are known by.
    Token(String),
}

/// A mailbox.
#[derive(Clone, PartialEq, Eq)]
pub struct Account {
    /// The server.
    pub host: Arc<str>,
    /// Its port.
    pub port: u16,
    /// How the connection is protected.
    pub security: Security,
    /// Who opens it.
    pub user: Arc<str>,
    /// How they prove it.
    pub proof: Proof,
    /// The authorities that the server proves itself to, where they are not those of the machine.
    pub ca_file: Option<PathBuf>,
}

impl std::fmt::Debug for Account {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Account").field("host", &self.host).field("port", &self.port).finish_non_exhaustive()
    }
}

impl std::fmt::Display for Account {
    /// The server, as messages name it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the mail server {}:{}", self.host, self.port)
    }
}

impl Account {
    /// From the settings of the connector that `call` belongs to.
    ///
    /// # Errors
    /// `validation_error` for settings that name no mailbox.
    pub fn of(call: &Call) -> Result<Self, Failure> {
        let invalid = |message: String| Failure::new(Kind::ValidationError, message);
        let connector = &call.connector;
        let address = connector
            .setting_text("imap_url")
            .ok_or_else(|| invalid("no mailbox is set: set FLOW_CONNECTOR_EMAIL_IMAP_URL".to_owned()))?;
        let wrong = |why: &str| invalid(format!("`imap_url` {why}: write it as `imaps://imap.example.com`"));
        let url = url::Url::parse(&address).map_err(|error| wrong(&format!("is no address ({error})")))?;
        let encrypted = match url.scheme() {
            "imaps" => true,
            "imap" => false,
            _ => return Err(wrong("must begin with `imaps://` or `imap://`")),
        };
        if !url.username().is_empty() || url.password().is_some() {
            // A password in there would be shown as any address is.
            return Err(wrong("must not say who signs in, which `imap_user` and `imap_password` do"));
        }
        let host: Arc<str> = url.host_str().filter(|host| !host.is_empty()).ok_or_else(|| wrong("has no host"))?.into();
        let security = match Security::set(connector, "imap_security")? {
            Some(security) => security,
            None if encrypted => Security::Tls,
            None if is_loopback(&host) => Security::None,
            None => Security::StartTls,
        };
        if encrypted && security != Security::Tls {
            return Err(invalid(
                "`imaps://` is encrypted from the first byte: `imap_security` cannot be another".into(),
            ));
        }
        let port = url.port().unwrap_or(if security == Security::Tls { 993 } else { 143 });
        let user = connector.setting_text("imap_user").or_else(|| connector.setting_text("user"));
        let user = user.ok_or_else(|| {
            invalid("nobody is set who opens the mailbox: set FLOW_CONNECTOR_EMAIL_IMAP_USER".to_owned())
        })?;
        let ca_file = connector.setting_text("ca_file").map(|file| call.environment.directory.join(&*file));
        Ok(Self { host, port, security, user, proof: proof(call), ca_file })
    }

    /// A failure that this mailbox's server is the cause of.
    pub fn failure(&self, kind: Kind, what: impl std::fmt::Display) -> Failure {
        Failure::new(kind, format!("{self} {what}"))
    }
}

/// A token, where the settings have what one is got with, otherwise the password.
fn proof(call: &Call) -> Proof {
    if let Some(name) = token::name(call) {
        return Proof::Token(name);
    }
    let set = |name| call.connector.setting_text(name);
    Proof::Password(set("imap_password").or_else(|| set("password")).unwrap_or_default())
}
