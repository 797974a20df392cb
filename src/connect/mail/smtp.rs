//! Handing a message to an SMTP server: all of its recipients or none.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use lettre::Address;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, Certificate, CertificateStore, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::{ClientId, Extension, MailBodyParameter, MailParameter};

use super::message::Composed;
use super::security::{Security, is_loopback};
use crate::base::failure::{Failure, Kind};
use crate::base::time::Duration;
use crate::base::value::Value;
use crate::connect::connectors::{Configured, Environment};
use crate::run::world::Outcome;

/// The server that the settings name.
#[derive(Debug)]
pub struct Server {
    host: Arc<str>,
    port: u16,
    security: Security,
    user: Option<(Arc<str>, Arc<str>)>,
    /// What takes the place of the password.
    pub token: Option<Arc<str>>,
    ca_file: Option<std::path::PathBuf>,
    /// The sender of messages that name none.
    pub from: Option<Arc<str>>,
}

impl Server {
    /// From the settings of the connector.
    ///
    /// # Errors
    /// `validation_error` for settings that make no server.
    pub fn of(connector: &Configured, environment: &Environment) -> Result<Self, Failure> {
        let invalid = |message: &str| Failure::new(Kind::ValidationError, message);
        let host = connector
            .setting_text("host")
            .ok_or_else(|| invalid("no mail server is set: set FLOW_CONNECTOR_EMAIL_HOST"))?;
        let port = match connector.setting("port") {
            Value::Unit => None,
            port => Some(port.to_string().parse::<u16>().map_err(|_| invalid("the mail server's `port` is no port"))?),
        };
        let loopback = is_loopback(&host);
        let security = match Security::set(connector, "security")? {
            Some(security) => security,
            None if port == Some(465) => Security::Tls,
            None if loopback => Security::None,
            None => Security::StartTls,
        };
        let port = port.unwrap_or(match security {
            Security::StartTls => 587,
            Security::Tls => 465,
            Security::None => 25,
        });
        let user = connector.setting_text("user");
        let from = connector
            .setting_text("from")
            .or_else(|| user.clone().filter(|user| user.contains('@')))
            .or_else(|| loopback.then(|| "flow@localhost".into()));
        let user = user.map(|user| (user, connector.setting_text("password").unwrap_or_else(|| "".into())));
        let ca_file = connector.setting_text("ca_file").map(|file| environment.directory.join(&*file));
        Ok(Self { host, port, security, user, token: None, ca_file, from })
    }

    fn tls(&self) -> Result<TlsParameters, Failure> {
        let broken = |error: Error| Failure::new(Kind::ConnectionError, format!("no TLS: {error}"));
        let mut builder = TlsParameters::builder(self.host.to_string());
        if let Some(file) = &self.ca_file {
            let unusable = |error: String| {
                Failure::new(Kind::ValidationError, format!("`ca_file` {} cannot be used: {error}", file.display()))
            };
            let pem = std::fs::read(file).map_err(|error| unusable(error.to_string()))?;
            // What holds none would be taken for a list of nobody, and every server would be refused.
            if !String::from_utf8_lossy(&pem).contains("-----BEGIN CERTIFICATE-----") {
                return Err(unusable("it holds no certificate in PEM".to_owned()));
            }
            let certificate = Certificate::from_pem(&pem).map_err(|error| unusable(error.to_string()))?;
            builder = builder.certificate_store(CertificateStore::None).add_root_certificate(certificate);
        }
        builder.build_rustls().map_err(broken)
    }
}

/// Hands `message` over.
pub async fn deliver(server: &Server, message: Composed, timeout: Duration) -> Outcome {
    // From the first byte of the content on, nobody but the server knows whether the message is on its way.
    let content_left = AtomicBool::new(false);
    match tokio::time::timeout(timeout.to_std(), hand_over(server, &message, timeout, &content_left)).await {
        Ok(Ok(accepted)) => Outcome::done(Value::map([
            ("message_id", Value::from(message.id)),
            ("accepted", Value::list(accepted.into_iter().map(Value::from))),
        ])),
        Ok(Err((failure, answered))) => {
            if answered || !content_left.load(Ordering::Relaxed) {
                Outcome::failed(failure)
            } else {
                Outcome::unknown(failure)
            }
        }
        Err(_) => {
            let text = format!("the mail server {}:{} took longer than {timeout}", server.host, server.port);
            let failure = Failure::new(Kind::Timeout, text).detail("limit", "attempt");
            if content_left.load(Ordering::Relaxed) { Outcome::unknown(failure) } else { Outcome::failed(failure) }
        }
    }
}

/// A failure, and whether the server itself answered it: then it is certain.
type Refused = (Failure, bool);

async fn hand_over(
    server: &Server,
    composed: &Composed,
    timeout: Duration,
    content_left: &AtomicBool,
) -> Result<Vec<String>, Refused> {
    let own = |failure: Failure| (failure, true);
    let at = |stage: &'static str| move |error: Error| broken(server, stage, &error);
    let hello = ClientId::default();
    let wrapped = if server.security == Security::Tls { Some(server.tls().map_err(own)?) } else { None };
    let target = (&*server.host, server.port);
    let mut connection = AsyncSmtpConnection::connect_tokio1(target, Some(timeout.to_std()), &hello, wrapped, None)
        .await
        .map_err(at("connect"))?;
    if server.security == Security::StartTls {
        connection.starttls(server.tls().map_err(own)?, &hello).await.map_err(at("STARTTLS"))?;
    }
    if let Some((user, password)) = &server.user {
        let (word, mechanisms) = match &server.token {
            Some(token) => (token, &[Mechanism::Xoauth2][..]),
            None => (password, DEFAULT_MECHANISMS),
        };
        let credentials = Credentials::new(user.to_string(), word.to_string());
        connection.auth(mechanisms, &credentials).await.map_err(at("AUTH"))?;
    }
    let (envelope, content) = (composed.message.envelope(), composed.message.formatted());
    let mut addresses = envelope.to().iter().chain(envelope.from());
    let foreign = addresses.any(|address| !AsRef::<str>::as_ref(address).is_ascii());
    let options = options(&connection, foreign, content.is_ascii()).map_err(own)?;
    let from: Option<Address> = envelope.from().cloned();
    connection.command(Mail::new(from, options)).await.map_err(at("MAIL FROM"))?;
    let (mut accepted, mut refused) = (Vec::new(), Vec::new());
    for recipient in envelope.to() {
        match connection.command(Rcpt::new(recipient.clone(), Vec::new())).await {
            Ok(_) => accepted.push(recipient.to_string()),
            Err(error) if error.status().is_some() => refused.push((recipient.to_string(), error)),
            Err(error) => return Err(broken(server, "RCPT TO", &error)),
        }
    }
    if let Some((_, first)) = refused.first() {
        // All or nobody: a message that only some get cannot be sent to the others later without sending it twice.
        let (mut failure, _) = broken(server, "RCPT TO", first);
        let names: Vec<&str> = refused.iter().map(|(name, _)| name.as_str()).collect();
        failure.message = format!("{}; nothing was sent; refused: {}", failure.message, names.join(", ")).into();
        let list = refused.iter().map(|(name, error)| {
            Value::map([("address", Value::from(name.as_str())), ("reason", error.to_string().into())])
        });
        failure = failure.detail("refused", Value::list(list));
        failure = failure.detail("accepted", Value::list(accepted.into_iter().map(Value::from)));
        connection.abort().await;
        return Err((failure, true));
    }
    connection.command(Data).await.map_err(at("DATA"))?;
    content_left.store(true, Ordering::Relaxed);
    connection.message(&content).await.map_err(at("the message"))?;
    // The message is on its way; that the server does not say goodbye changes nothing.
    let _ = connection.quit().await;
    Ok(accepted)
}

/// What the server must be told about the content.
fn options(
    connection: &AsyncSmtpConnection,
    foreign_addresses: bool,
    ascii: bool,
) -> Result<Vec<MailParameter>, Failure> {
    let info = connection.server_info();
    let lacking = |what: &str| Failure::new(Kind::ValidationError, format!("the mail server does not take {what}"));
    let mut options = Vec::new();
    if foreign_addresses {
        if !info.supports_feature(Extension::SmtpUtfEight) {
            return Err(lacking("addresses with letters beyond ASCII"));
        }
        options.push(MailParameter::SmtpUtfEight);
    }
    if !ascii {
        if !info.supports_feature(Extension::EightBitMime) {
            return Err(lacking("content beyond ASCII"));
        }
        options.push(MailParameter::Body(MailBodyParameter::EightBitMime));
    }
    Ok(options)
}

/// The failure that an error stands for, and whether the server itself answered it.
fn broken(server: &Server, stage: &str, error: &Error) -> Refused {
    use std::error::Error as _;
    let Server { host, port, .. } = server;
    let reason = error.source().map_or_else(|| error.to_string(), ToString::to_string);
    let Some(code) = error.status() else {
        let kind = if error.is_timeout() { Kind::Timeout } else { Kind::ConnectionError };
        let kind = if stage == "AUTH" && error.is_client() { Kind::AuthError } else { kind };
        let text = match stage {
            "connect" => format!("the mail server {host}:{port} cannot be reached: {reason}"),
            stage => format!("the mail server {host}:{port} broke off at {stage}: {reason}"),
        };
        return (Failure::new(kind, text), false);
    };
    let number: u16 = code.into();
    let kind = match (number, stage) {
        (530 | 534 | 535 | 538, _) | (500..=599, "AUTH") => Kind::AuthError,
        (421 | 450..=452, _) => Kind::RateLimited,
        (550 | 551 | 553, "RCPT TO") => Kind::NotFound,
        (400..=499, _) => Kind::ServerError,
        _ => Kind::ValidationError,
    };
    let mut failure = Failure::new(kind, format!("the mail server {host}:{port} refused {stage}: {number} {reason}"));
    failure.status = Some(number);
    (failure, true)
}
