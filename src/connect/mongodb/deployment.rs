//! The clients of deployments: one for each database of the settings, with its pool of connections.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration as Time;

use ::mongodb::bson::Document;
use ::mongodb::options::{ClientOptions, Tls, TlsOptions};
use ::mongodb::{Client, Collection};

use super::fault::Fault;
use crate::base::diagnostic::nearest;
use crate::base::failure::{Failure, Kind};
use crate::connect::databases::{Database, Place, Server};
use crate::connect::registry::Call;

/// How long a server is looked for, and a connection made, unless the address says otherwise.
const REACH: Time = Time::from_secs(5);

/// The database that a call names.
///
/// # Errors
/// `validation_error` where the settings do not name it, or name one of another kind.
pub fn named(call: &Call) -> Result<Arc<Database>, Failure> {
    let name = call.text("database")?;
    let databases = &call.environment.databases;
    let Some(database) = databases.get(&name) else {
        let near = nearest(&name, databases.names());
        let hint = near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
        let message = format!("the settings name no database `{name}`: write `[databases.{name}]` in flow.toml{hint}");
        return Err(Failure::new(Kind::ValidationError, message).detail("database", &*name));
    };
    match &database.place {
        Place::Mongodb { .. } => Ok(database.clone()),
        Place::Sqlite { .. } | Place::Postgres(_) | Place::Mysql(_) => Err(foreign(database)),
    }
}

fn foreign(database: &Database) -> Failure {
    let message = format!("the database `{}` is none of MongoDB: ask it by `sql.*`", database.name);
    Failure::new(Kind::ValidationError, message).detail("database", &*database.name)
}

/// A connection string with who signs in.
fn signed_in(address: &str, server: &Server) -> String {
    let (Some(user), Some((scheme, rest))) = (&server.user, address.split_once("://")) else {
        return address.to_owned();
    };
    let password = server.password.as_ref().map(|word| format!(":{}", encoded(word))).unwrap_or_default();
    format!("{scheme}://{}{password}@{rest}", encoded(user))
}

/// `text` as a part of an address, whatever letters it has.
fn encoded(text: &str) -> String {
    let letter = |byte: u8| match byte {
        byte if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    };
    text.bytes().map(letter).collect()
}

/// The clients that are open, by the names of their databases.
#[derive(Default)]
pub struct Deployments {
    clients: Mutex<BTreeMap<Arc<str>, Opened>>,
}

/// A client, and the database as it was set when it was opened.
type Opened = (Arc<Database>, Client);

impl Deployments {
    /// A collection of a database.
    ///
    /// # Errors
    /// `validation_error` for an address or a name that cannot be used, `connection_error` for a name without servers.
    pub async fn collection(&self, database: &Arc<Database>, name: &str) -> Result<Collection<Document>, Fault> {
        let client = match self.open(database) {
            Some(client) => client,
            None => self.keep(database, connect(database).await?),
        };
        let invalid = |message: String| Fault::from(Failure::new(Kind::ValidationError, message));
        if name.is_empty() || name.contains('$') || name.contains('\0') {
            return Err(invalid(format!("`{name}` names no collection")));
        }
        let Some(own) = client.default_database() else {
            return Err(invalid(format!(
                "the address of `{}` names no database: end it with one, as in `mongodb://host/crm`",
                database.name
            )));
        };
        Ok(own.collection(name))
    }

    fn open(&self, database: &Arc<Database>) -> Option<Client> {
        // Whoever held the lock did not leave half a change behind.
        let clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        let (known, client) = clients.get(&database.name)?;
        (known == database).then(|| client.clone())
    }

    /// Keeps a client, unless somebody else made one meanwhile.
    fn keep(&self, database: &Arc<Database>, client: Client) -> Client {
        if let Some(first) = self.open(database) {
            return first;
        }
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        clients.insert(database.name.clone(), (database.clone(), client.clone()));
        client
    }
}

async fn connect(database: &Database) -> Result<Client, Fault> {
    let Place::Mongodb { address, server } = &database.place else { return Err(foreign(database).into()) };
    let address = signed_in(address, server);
    let fault = |error| Fault::of(database, error);
    let mut options = ClientOptions::parse(address).await.map_err(fault)?;
    options.app_name.get_or_insert_with(|| "flow".to_owned());
    options.server_selection_timeout.get_or_insert(REACH);
    options.connect_timeout.get_or_insert(REACH);
    options.max_pool_size.get_or_insert(u32::try_from(database.connections).unwrap_or(u32::MAX));
    if let Some(file) = &server.ca_file {
        options.tls = Some(Tls::Enabled(TlsOptions::builder().ca_file_path(file.clone()).build()));
    }
    Client::with_options(options).map_err(fault)
}
