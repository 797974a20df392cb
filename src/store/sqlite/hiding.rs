//! Secrets in stored JSON: each is sealed where it stands, and opened where it is read. What holds none is not touched.
//!
//! The key goes with the connection: whoever reads or writes by it asks for `hide(...)` and `reveal(...)`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use memchr::memmem;
use rusqlite::functions::{Context, FunctionFlags};
use rusqlite::{Connection, OptionalExtension as _, params};
use serde::Serialize;

use super::content::{Fault, value_length};
use crate::base::value::with_secrets_written_out;
use crate::store::keyring::{KeyError, Keyring};

/// What a secret begins with in stored JSON, before its value.
const PLAIN: &[u8] = br#"{"$flow":"secret","value":"#;

/// What stands around a sealed one.
const OPENS: &[u8] = br#"{"$flow":"sealed","value":""#;
const CLOSES: &[u8] = br#""}"#;

/// The fact by which it is known with which key things are sealed here.
const KEY_FACT: &str = "sealed/key";

/// Lets the SQL of this connection use `hide(whose, json)` and `reveal(whose, sealed)`.
pub(super) fn install(connection: &Connection, keyring: &Keyring) -> rusqlite::Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DIRECTONLY;
    let own = keyring.clone();
    connection.create_scalar_function(c"hide", 3, flags, move |asked| {
        let used: bool = asked.get(2)?;
        own.seal(&whose(asked)?, asked.get_raw(1).as_blob()?, || used).map_err(told)
    })?;
    let own = keyring.clone();
    connection.create_scalar_function(c"reveal", 2, flags, move |asked| {
        own.open(&whose(asked)?, asked.get_raw(1).as_blob()?).map_err(told)
    })
}

fn whose(asked: &Context<'_>) -> rusqlite::Result<String> {
    asked.get(0)
}

fn told(error: KeyError) -> rusqlite::Error {
    rusqlite::Error::UserFunctionError(format!("a secret in it is sealed, and cannot be used: {error}").into())
}

/// Whether what is sealed here can be opened with this key.
///
/// # Errors
/// If it cannot, or the store cannot be read.
pub(super) fn check(connection: &Connection, keyring: &Keyring) -> rusqlite::Result<Result<(), KeyError>> {
    let mark = connection
        .query_row("SELECT value FROM fact WHERE name = ?1", [KEY_FACT], |row| row.get::<_, Vec<u8>>(0))
        .optional()?;
    let mark = mark.and_then(|json| STANDARD_NO_PAD.decode(serde_json::from_slice::<String>(&json).ok()?).ok());
    Ok(mark.map_or(Ok(()), |mark| keyring.fits(&mark)))
}

/// Something in stored form, with the secrets in it sealed as things of `whose`; and whether there are any.
///
/// # Errors
/// If it is no data, which would be a fault in this program, or there is no key.
pub(super) fn write<T: Serialize>(connection: &Connection, whose: &str, what: &T) -> Result<(Vec<u8>, bool), Fault> {
    let plain = with_secrets_written_out(|| serde_json::to_vec(what))?;
    if memmem::find(&plain, PLAIN).is_none() {
        return Ok((plain, false));
    }
    let (mut hidden, mut done) = (Vec::with_capacity(2 * plain.len()), 0);
    for at in memmem::find_iter(&plain, PLAIN) {
        if at < done {
            continue;
        }
        hidden.extend_from_slice(plain.get(done..at).unwrap_or_default());
        let from = at + PLAIN.len();
        let value = plain.get(from..).unwrap_or_default();
        let value = value.get(..value_length(value)).unwrap_or_default();
        hidden.extend_from_slice(OPENS);
        hidden.extend_from_slice(STANDARD_NO_PAD.encode(seal(connection, whose, value)?).as_bytes());
        hidden.extend_from_slice(CLOSES);
        done = from + value.len() + 1;
    }
    hidden.extend_from_slice(plain.get(done..).unwrap_or_default());
    Ok((hidden, true))
}

/// Seals a value, and notes with which key that was done.
fn seal(connection: &Connection, whose: &str, value: &[u8]) -> Result<Vec<u8>, Fault> {
    let used: bool = connection
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM fact WHERE name = ?1)")?
        .query_row([KEY_FACT], |row| row.get(0))?;
    let sealed: Vec<u8> = connection
        .prepare_cached("SELECT hide(?1, ?2, ?3)")?
        .query_row(params![whose, value, used], |row| row.get(0))?;
    if !used && let Some(mark) = Keyring::mark(&sealed) {
        let mark = serde_json::to_vec(&STANDARD_NO_PAD.encode(mark))?;
        connection
            .prepare_cached("INSERT INTO fact (name, value, until, sum) VALUES (?1, ?2, NULL, seal(?1, ?2, NULL))")?
            .execute(params![KEY_FACT, mark])?;
    }
    Ok(sealed)
}

/// What [`write`] wrote, with its secrets opened; as it is, if it holds none.
///
/// # Errors
/// If there is no key, or another one, or something is not what was sealed.
pub(super) fn reveal(connection: &Connection, whose: &str, json: Vec<u8>) -> Result<Vec<u8>, Fault> {
    if memmem::find(&json, OPENS).is_none() {
        return Ok(json);
    }
    let (mut plain, mut done) = (Vec::with_capacity(json.len()), 0);
    for at in memmem::find_iter(&json, OPENS) {
        let text = json.get(at + OPENS.len()..).unwrap_or_default();
        let text = text.get(..memchr::memchr(b'"', text).unwrap_or(text.len())).unwrap_or_default();
        plain.extend_from_slice(json.get(done..at).unwrap_or_default());
        plain.extend_from_slice(PLAIN);
        plain.extend_from_slice(&open(connection, whose, text)?);
        plain.push(b'}');
        done = at + OPENS.len() + text.len() + CLOSES.len();
    }
    plain.extend_from_slice(json.get(done..).unwrap_or_default());
    Ok(plain)
}

fn open(connection: &Connection, whose: &str, text: &[u8]) -> Result<Vec<u8>, Fault> {
    // It was large, and has been left out.
    if text.is_empty() {
        return Ok(b"\"\"".to_vec());
    }
    let sealed = STANDARD_NO_PAD.decode(text).map_err(|_| Fault("a secret in it is not what was sealed".to_owned()))?;
    let opened =
        connection.prepare_cached("SELECT reveal(?1, ?2)")?.query_row(params![whose, sealed], |row| row.get(0))?;
    Ok(opened)
}
