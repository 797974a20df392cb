//! One request to a token address, and what it gives.

use base64::Engine as _;
use reqwest::Url;

use super::answer::{self, As};
use super::client::{Broken, send, shown};
use super::draft::{Draft, Parts, Proof, address};
use super::home;
use super::jwt;
use super::oauth::{Asker, Issued};
use super::plain;
use crate::base::failure::{Failure, Kind};
use crate::base::time::{Duration, Timestamp};
use crate::base::value::{Map, Value};

/// Asks for a token. `rotated` is the refresh token that the far side gave last.
///
/// # Errors
/// `auth_error` where the far side gives none, or what the connection to it does.
pub async fn fetch(asker: &Asker<'_>, rotated: Option<&str>) -> Result<Issued, Broken> {
    ask(asker, form(asker, rotated).map_err(Broken::definite)?).await
}

/// Asks for the first token of a person who agreed and brought `code`.
///
/// # Errors
/// As [`fetch`].
pub async fn redeem(asker: &Asker<'_>, code: &str, redirect: &str, verifier: &str) -> Result<Issued, Broken> {
    let form =
        [("grant_type", "authorization_code"), ("code", code), ("redirect_uri", redirect), ("code_verifier", verifier)];
    ask(asker, form.into_iter().map(|(name, value)| (name.into(), value.into())).collect()).await
}

/// What is asked with, beside who asks.
fn form(asker: &Asker<'_>, rotated: Option<&str>) -> Result<Map, Failure> {
    let credentials = asker.credentials;
    let mut form = Map::new();
    if &*credentials.scheme == "jwt" {
        form.insert("grant_type".into(), jwt::GRANT.into());
        form.insert("assertion".into(), jwt::assertion(credentials, Timestamp::now())?.into());
        return Ok(form);
    }
    if credentials.needs_login() {
        // The person agreed long ago; their refresh token asks for the next one, for what they agreed to.
        let refresh = rotated.ok_or_else(|| unsigned(&asker.connector.connector.name))?;
        form.insert("grant_type".into(), "refresh_token".into());
        form.insert("refresh_token".into(), refresh.into());
        return Ok(form);
    }
    let grant = credentials.grant();
    form.insert("grant_type".into(), grant.as_str().into());
    if grant == "refresh_token" {
        let refresh = rotated.map(ToOwned::to_owned).or_else(|| credentials.value("refresh_token", None));
        form.insert("refresh_token".into(), refresh.unwrap_or_default().into());
    }
    for name in ["scope", "audience", "resource"] {
        if let Some(value) = credentials.value(name, None) {
            form.insert(name.into(), value.into());
        }
    }
    Ok(form)
}

fn unsigned(connector: &str) -> Failure {
    let message = format!("nobody is signed in to `{connector}`, or no longer: `flow connectors login {connector}`");
    Failure::new(Kind::AuthError, message)
}

/// In a sandbox, the address of the stand-in for `url`, which is a constant of the connector or was given by settings.
fn stood_in(asker: &Asker<'_>, url: Url) -> Url {
    match &asker.environment.stand_in {
        Some(stand_in) if stand_in.origin() != url.origin() => {
            let mut there = stand_in.clone();
            there.set_path(&format!("/{}/-/token_url", asker.connector.connector.name));
            there
        }
        _ => url,
    }
}

async fn ask(asker: &Asker<'_>, mut form: Map) -> Result<Issued, Broken> {
    let (credentials, environment) = (asker.credentials, asker.environment);
    let field = |name: &str| credentials.value(name, None);
    let url = address(&field("token_url").unwrap_or_default()).map_err(Broken::definite)?;
    let url = stood_in(asker, url);
    plain::check(asker.connector, &asker.bounds.allowed, &url).map_err(Broken::definite)?;
    let mut headers = Map::new();
    headers.insert("accept".into(), "application/json".into());
    let (client, secret) = (field("client_id").unwrap_or_default(), field("client_secret"));
    match secret {
        Some(secret) if field("client_auth").as_deref() == Some("basic") => {
            let pair = base64::engine::general_purpose::STANDARD.encode(format!("{client}:{secret}"));
            environment.mask.learn(&pair);
            headers.insert("authorization".into(), format!("Basic {pair}").into());
        }
        secret => {
            let own = [("client_id", Some(client).filter(|client| !client.is_empty())), ("client_secret", secret)];
            form.extend(own.into_iter().filter_map(|(name, value)| Some((name.into(), value?.into()))));
        }
    }
    let mut parts = Parts { method: "POST".into(), url: url.to_string(), headers, ..Parts::default() };
    match field("send").as_deref() {
        Some("json") => parts.body = form.into(),
        _ => parts.form = form.into(),
    }
    let asked = Timestamp::now();
    let draft = parts.draft(environment).map_err(Broken::definite)?;
    let answer = send(asker.clients, Draft { proof: Proof::Body, ..draft }, asker.bounds).await?;
    let response =
        answer::value(&answer, As::Json).or_else(|_| answer::value(&answer, As::Declared)).map_err(Broken::definite)?;
    let body = response.get("body").cloned().unwrap_or_default();
    let token = body.get("access_token").and_then(Value::as_text);
    match (Kind::from_status(answer.status.as_u16()), token) {
        (None, Some(token)) => {
            environment.mask.learn(token);
            let refresh = body.get("refresh_token").and_then(Value::as_text);
            if let Some(refresh) = refresh {
                environment.mask.learn(refresh);
            }
            Ok(Issued {
                access: token.into(),
                until: lifetime(&body).map(|lifetime| lifetime.after(asked)),
                refresh: refresh.map(Into::into),
                base_url: home::stated(asker, &url, &response).map_err(Broken::definite)?,
            })
        }
        (None, None) => Err(Broken::definite(Failure::new(Kind::AuthError, tokenless(&shown(&url), &body)))),
        (Some(kind), _) => {
            // A token that is refused for any reason of ours is a matter of credentials (`invalid_grant` is a 400).
            let kind = match kind {
                kind @ (Kind::ServerError | Kind::RateLimited | Kind::Timeout) => kind,
                _ => Kind::AuthError,
            };
            let mut failure = answer::failure(kind, None, &credentials.scheme, &answer, &response);
            let mut message = with_code(&failure.message, &body);
            if failure.kind == Kind::AuthError && credentials.needs_login() {
                message.push_str(&format!(
                    "; to sign in again: `flow connectors login {}`",
                    asker.connector.connector.name
                ));
            }
            failure.message = message.into();
            failure.body = body.get("error").cloned().unwrap_or_default();
            Err(Broken::definite(failure))
        }
    }
}

/// How long a token is good, where the answer says so: some say it as a text.
fn lifetime(body: &Value) -> Option<Duration> {
    let seconds: f64 = body.get("expires_in")?.to_string().parse().ok()?;
    // Beyond a century nobody means it; the cast cannot overflow below that.
    (0.0..3_155_760_000.0).contains(&seconds).then_some(Duration((seconds * 1000.0) as i64))
}

/// Some say with status 200 that they give none, and why.
fn tokenless(url: &str, body: &Value) -> String {
    match body.get("error").and_then(Value::as_text) {
        Some(error) => format!("{url} gave no token: {error}"),
        None => format!("{url} gave no token"),
    }
}

/// The far side's own word, `invalid_grant`, where only its sentence was said.
fn with_code(message: &str, body: &Value) -> String {
    match body.get("error").and_then(Value::as_text) {
        Some(code) if !message.contains(code) => format!("{message} ({code})"),
        _ => message.to_owned(),
    }
}
