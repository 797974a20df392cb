//! A person agrees in a browser, once, that the engine acts for them: the authorization code grant with PKCE (RFC 6749, 7636,
//! 8252). What comes of it goes into the vault.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::Url;
use ring::rand::{SecureRandom as _, SystemRandom};
use sha2::{Digest as _, Sha256};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::client::{Bounds, Broken, Clients};
use super::draft::address;
use super::grant;
use super::guard::Allowed;
use super::oauth::Asker;
use crate::base::failure::{Failure, Kind};
use crate::base::time::Duration;
use crate::connect::connectors::{Configured, Environment};
use crate::connect::credentials::Credentials;

/// Where the browser comes back to.
const PATH: &str = "/callback";
/// How long the first lines of what a browser asks may be, in bytes.
const HEAD_BYTES_MAX: usize = 16 * 1024;
/// How long asking for the token may take.
const TIMEOUT: Duration = Duration::seconds(60);

/// A login that waits for a person.
pub struct Login {
    connector: Configured,
    environment: Environment,
    credentials: Credentials,
    listener: TcpListener,
    redirect: String,
    state: String,
    verifier: String,
}

impl std::fmt::Debug for Login {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Login").field("redirect", &self.redirect).finish_non_exhaustive()
    }
}

impl Login {
    /// Listens on loopback, at `port` or at any that is free.
    ///
    /// # Errors
    /// Where nothing can listen there.
    pub async fn begin(
        connector: Configured,
        environment: Environment,
        credentials: Credentials,
        port: u16,
    ) -> Result<Self, Failure> {
        let failed = |error| {
            Failure::new(Kind::ConnectionError, format!("nothing can listen for the browser at port {port}: {error}"))
        };
        let listener = TcpListener::bind(("127.0.0.1", port)).await.map_err(failed)?;
        let port = listener.local_addr().map_err(failed)?.port();
        let (state, verifier) = (chance()?, chance()?);
        let redirect = format!("http://localhost:{port}{PATH}");
        Ok(Self { connector, environment, credentials, listener, redirect, state, verifier })
    }

    /// Where the person agrees.
    ///
    /// # Errors
    /// `validation_error` where the connector names no address.
    pub fn url(&self) -> Result<String, Failure> {
        let mut url = address(&self.credentials.value("authorize_url", None).unwrap_or_default())?;
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(&self.verifier));
        url.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", &self.credentials.value("client_id", None).unwrap_or_default())
            .append_pair("redirect_uri", &self.redirect)
            .append_pair("state", &self.state)
            .append_pair("code_challenge", &challenge)
            .append_pair("code_challenge_method", "S256");
        if let Some(scope) = self.credentials.value("scope", None) {
            url.query_pairs_mut().append_pair("scope", &scope);
        }
        Ok(url.into())
    }

    /// Where the browser comes back to: some services must be told before.
    pub fn redirect(&self) -> &str {
        &self.redirect
    }

    /// Waits until the browser comes back, asks for the token and puts it into the vault.
    ///
    /// # Errors
    /// `auth_error` where the person or the service refuses, or the vault cannot be used.
    pub async fn finish(self) -> Result<(), Failure> {
        let (code, mut browser) = self.code().await?;
        let kept = match code {
            Ok(code) => self.redeem(&code).await,
            Err(refused) => Err(refused),
        };
        let said = match &kept {
            Ok(()) => "You are signed in. This page can be closed.".to_owned(),
            Err(failure) => format!("This did not work: {}", self.environment.mask.cover(&failure.message)),
        };
        say(&mut browser, &said).await;
        kept
    }

    /// What the browser brings, and the browser. Whoever does not bring the state of this login is sent away.
    async fn code(&self) -> Result<(Result<String, Failure>, TcpStream), Failure> {
        loop {
            let accepted = self.listener.accept().await;
            let (mut browser, _) = accepted
                .map_err(|error| Failure::new(Kind::ConnectionError, format!("nobody can come back: {error}")))?;
            let Some(url) = asked(&mut browser).await.filter(|url| url.path() == PATH) else {
                say(&mut browser, "Nothing is here.").await;
                continue;
            };
            let value =
                |name: &str| url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned());
            if value("state").as_deref() != Some(&*self.state) {
                say(&mut browser, "This does not belong to the login that is under way.").await;
                continue;
            }
            let code = value("code").ok_or_else(|| {
                let said = [value("error"), value("error_description")].into_iter().flatten().collect::<Vec<_>>();
                Failure::new(Kind::AuthError, format!("the service gave no access: {}", said.join(": ")))
            });
            return Ok((code, browser));
        }
    }

    async fn redeem(&self, code: &str) -> Result<(), Failure> {
        self.environment.mask.learn(code);
        self.environment.mask.learn(&self.verifier);
        let clients = Clients::of(&self.connector, &self.environment)?;
        let bounds = Bounds {
            allowed: Allowed::new(self.environment.allow_hosts.iter().chain(&self.connector.hosts).cloned()),
            deadline: std::time::Instant::now() + TIMEOUT.to_std(),
            timeout: TIMEOUT,
            bytes_max: self.environment.response_bytes_max,
            saved_bytes_max: self.environment.saved_bytes_max,
        };
        let asker = Asker {
            connector: &self.connector,
            credentials: &self.credentials,
            clients: &clients,
            bounds: &bounds,
            environment: &self.environment,
        };
        let issued = grant::redeem(&asker, code, &self.redirect, &self.verifier).await;
        let issued = issued.map_err(|Broken { failure, .. }| failure)?;
        let Some(vault) = &self.environment.vault else {
            return Err(Failure::new(Kind::AuthError, "there is nowhere to keep what a login gives"));
        };
        let kept = vault.keep(&self.credentials.name(&self.connector.connector.name), &issued.to_value());
        kept.map_err(|error| Failure::new(Kind::AuthError, error.to_string()))
    }
}

/// A text that nobody can guess.
fn chance() -> Result<String, Failure> {
    let mut bytes = [0; 32];
    let filled = SystemRandom::new().fill(&mut bytes);
    filled.map_err(|_| Failure::new(Kind::AuthError, "this machine gives no chance for a login"))?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

/// What a browser asks for; `None` where it is nothing that could be read.
async fn asked(browser: &mut TcpStream) -> Option<Url> {
    let mut head = Vec::new();
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        if head.len() > HEAD_BYTES_MAX || browser.read_buf(&mut head).await.ok()? == 0 {
            return None;
        }
    }
    let head = String::from_utf8(head).ok()?;
    let target = head.strip_prefix("GET ")?.split(' ').next()?;
    Url::parse("http://localhost/").ok()?.join(target).ok()
}

/// A page of one sentence. Whether it arrives changes nothing.
async fn say(browser: &mut TcpStream, sentence: &str) {
    let plain = sentence.replace('&', "&amp;").replace('<', "&lt;");
    let page = format!("<!doctype html><meta charset=utf-8><title>Orchestra Flow</title><p>{plain}</p>\n");
    let answer = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{page}",
        page.len()
    );
    let _ = browser.write_all(answer.as_bytes()).await;
    let _ = browser.shutdown().await;
}
