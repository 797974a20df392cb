//! The databases that the settings name: where each lies, and how it is reached.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use url::{Host, Url};

use crate::base::diagnostic::nearest;

/// How many connections one database gets unless its settings say otherwise.
pub const CONNECTIONS: usize = 10;
/// How many rows one query may give at once unless the settings of its database say otherwise.
pub const ROWS_MAX: usize = 100_000;

/// A database and what may be done to it at once.
#[derive(Clone, Debug, PartialEq)]
pub struct Database {
    /// What programs call it.
    pub name: Arc<str>,
    /// Where it lies.
    pub place: Place,
    /// How many connections it gets at most; loops that stream have as many of their own.
    pub connections: usize,
    /// How many rows a query may give that is not streamed.
    pub rows_max: usize,
}

/// Where a database lies.
#[derive(Clone, Debug, PartialEq)]
pub enum Place {
    /// A SQLite file.
    Sqlite {
        /// The file; a relative one counts from the program's directory.
        path: PathBuf,
        /// What may be done to it.
        access: Access,
    },
    /// A PostgreSQL server.
    Postgres(Server),
    /// A MySQL or MariaDB server.
    Mysql(Server),
    /// A deployment of MongoDB.
    Mongodb {
        /// How it is reached, as its connection string says it, without who signs in.
        address: Arc<str>,
        /// Its servers as they stand in `address`, and who signs in.
        server: Server,
    },
}

/// What may be done to a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// It is read, and nothing else.
    Read,
    /// It is changed, and must be there.
    Change,
    /// It is changed, and made where it is not there.
    Create,
}

/// A server of databases.
#[derive(Clone, PartialEq)]
pub struct Server {
    /// Its name or address; a directory or a file where it is reached by a socket of this machine.
    pub host: String,
    /// Its port, where the address names one.
    pub port: Option<u16>,
    /// Who signs in.
    pub user: Option<String>,
    /// The password of `user`.
    pub password: Option<String>,
    /// The database on it.
    pub database: Option<String>,
    /// Whether the connection is encrypted, and the server proves who it is.
    pub encrypted: bool,
    /// The certificates to trust instead of the system's, in PEM; a relative path counts from the program's directory.
    pub ca_file: Option<PathBuf>,
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A password is shown to nobody.
        f.debug_struct("Server").field("host", &self.host).field("port", &self.port).finish_non_exhaustive()
    }
}

impl Server {
    /// Whether it is reached by a socket of this machine.
    pub fn is_socket(&self) -> bool {
        self.host.starts_with('/')
    }
}

impl Place {
    /// The place that an address names: `postgres://...`, `mysql://...`, `mongodb://...` or `sqlite:path`.
    ///
    /// # Errors
    /// What is wrong with it, without a word of its password.
    pub fn read(address: &str) -> Result<Self, String> {
        let (scheme, rest) = address.split_once(':').unwrap_or_default();
        match scheme {
            "sqlite" => file(rest),
            "postgres" | "postgresql" => server(address, "host").map(Self::Postgres),
            "mysql" | "mariadb" => server(address, "socket").map(Self::Mysql),
            "mongodb" | "mongodb+srv" => mongodb(scheme, rest),
            _ => Err("must begin with `postgres://`, `mysql://`, `mongodb://` or `sqlite:`".to_owned()),
        }
    }

    /// Its server, unless it is a file.
    pub fn server_mut(&mut self) -> Option<&mut Server> {
        match self {
            Self::Sqlite { .. } => None,
            Self::Postgres(server) | Self::Mysql(server) | Self::Mongodb { server, .. } => Some(server),
        }
    }

    /// What it is called, for people: never with a password.
    pub fn shown(&self) -> String {
        match self {
            Self::Sqlite { path, .. } => path.display().to_string(),
            Self::Postgres(server) | Self::Mysql(server) | Self::Mongodb { server, .. } => match server.port {
                Some(port) if !server.is_socket() => format!("{}:{port}", server.host),
                _ => server.host.clone(),
            },
        }
    }
}

/// A connection string of MongoDB is no plain address: it may name several servers.
fn mongodb(scheme: &str, rest: &str) -> Result<Place, String> {
    let rest = rest.strip_prefix("//").ok_or_else(|| format!("must begin with `{scheme}://`"))?;
    let hosts_end = rest.find('/').unwrap_or(rest.len());
    let (signs_in, hosts) = rest[..hosts_end].rsplit_once('@').unwrap_or(("", &rest[..hosts_end]));
    if hosts.is_empty() || hosts.starts_with('?') {
        return Err("names no host".to_owned());
    }
    let path = rest[hosts_end..].trim_start_matches('/');
    let (database, options) = path.split_once('?').unwrap_or((path, ""));
    if hosts.contains('?') || database.is_empty() {
        return Err(format!("names no database: end it with one, as in `{scheme}://{hosts}/crm`"));
    }
    let (user, password) = signs_in.split_once(':').map_or((signs_in, None), |(user, word)| (user, Some(word)));
    let text = |text: &str| {
        let decoded = percent_decoded(text);
        decoded.ok_or_else(|| "has a `%` that stands for no letter: write `%25` for `%` itself".to_owned())
    };
    let tls = |pair: (std::borrow::Cow<'_, str>, std::borrow::Cow<'_, str>)| {
        matches!(&*pair.0, "tls" | "ssl").then(|| &*pair.1 == "true")
    };
    let encrypted = url::form_urlencoded::parse(options.as_bytes()).find_map(tls);
    let server = Server {
        host: hosts.to_owned(),
        port: None,
        user: text(user).map(|user| Some(user).filter(|user| !user.is_empty()))?,
        password: password.map(text).transpose()?,
        database: Some(text(database)?),
        encrypted: encrypted.unwrap_or(scheme == "mongodb+srv"),
        ca_file: None,
    };
    Ok(Place::Mongodb { address: format!("{scheme}://{}", &rest[hosts_end - hosts.len()..]).into(), server })
}

fn file(rest: &str) -> Result<Place, String> {
    let rest = rest.strip_prefix("//").unwrap_or(rest);
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    if path.is_empty() || path == ":memory:" {
        return Err(
            "needs a file, as in `sqlite:data/crm.db`: a database in memory ends with its connection".to_owned()
        );
    }
    let access = match query {
        "" | "mode=rwc" => Access::Create,
        "mode=rw" => Access::Change,
        "mode=ro" => Access::Read,
        _ => return Err("knows `?mode=ro`, `?mode=rw` and `?mode=rwc`, and nothing else".to_owned()),
    };
    Ok(Place::Sqlite { path: PathBuf::from(path), access })
}

fn server(address: &str, socket: &str) -> Result<Server, String> {
    let url = Url::parse(address).map_err(|error| format!("is no address: {error}"))?;
    let text = |text: &str| {
        let decoded = percent_decoded(text);
        decoded.ok_or_else(|| "has a `%` that stands for no letter: write `%25` for `%` itself".to_owned())
    };
    let given = |part: &str| text(part).map(|part| Some(part).filter(|part| !part.is_empty()));
    let (mut host, mut encrypted) = (given(url.host_str().unwrap_or_default())?, None);
    for (name, value) in url.query_pairs() {
        match &*name {
            name if name == socket && value.starts_with('/') => host = Some(value.into_owned()),
            "sslmode" | "ssl-mode" => encrypted = Some(is_encrypted(&value)?),
            name => {
                let near = nearest(name, [socket, "sslmode"]);
                let hint = near.map_or_else(String::new, |near| format!(": did you mean `{near}`?"));
                return Err(format!("knows `sslmode` and `{socket}` behind its `?`, and no `{name}`{hint}"));
            }
        }
    }
    let host = host.ok_or_else(|| "names no host".to_owned())?;
    let here = host.starts_with('/') || is_loopback(&url);
    Ok(Server {
        host,
        port: url.port(),
        user: given(url.username())?,
        password: url.password().map(text).transpose()?,
        database: given(url.path().trim_start_matches('/'))?,
        encrypted: encrypted.unwrap_or(!here),
        ca_file: None,
    })
}

fn is_encrypted(mode: &str) -> Result<bool, String> {
    match mode.to_ascii_lowercase().replace('_', "-").as_str() {
        "disable" | "disabled" => Ok(false),
        // Whoever wants encryption gets a server that proves who it is: without that it keeps nobody out.
        "require" | "required" | "verify-ca" | "verify-full" | "verify-identity" => Ok(true),
        _ => Err("has an `sslmode` that is neither `verify-full` nor `disable`".to_owned()),
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        // Of a scheme that the standard does not know, an address comes as a name.
        Some(Host::Domain(name)) => {
            name == "localhost" || name.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
        }
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        rest = after;
        if first != b'%' {
            bytes.push(first);
            continue;
        }
        let digits = std::str::from_utf8(rest.get(..2)?).ok()?;
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
        rest = &rest[2..];
    }
    String::from_utf8(bytes).ok()
}

/// The databases that the settings name.
#[derive(Clone, Debug, Default)]
pub struct Databases(Vec<Arc<Database>>);

impl Databases {
    /// These databases.
    pub fn new(databases: impl IntoIterator<Item = Database>) -> Self {
        Self(databases.into_iter().map(Arc::new).collect())
    }

    /// The database `name`; capitals do not count, since an environment variable cannot tell them.
    pub fn get(&self, name: &str) -> Option<&Arc<Database>> {
        let exact = self.0.iter().find(|database| *database.name == *name);
        exact.or_else(|| self.0.iter().find(|database| database.name.eq_ignore_ascii_case(name)))
    }

    /// What they are called.
    pub fn names(&self) -> impl Iterator<Item = &str> + Clone {
        self.0.iter().map(|database| &*database.name)
    }

    /// Reads their files, relative paths counting from `directory`.
    #[must_use]
    pub fn beside(self, directory: &Path) -> Self {
        let beside = |mut database: Database| {
            match &mut database.place {
                Place::Sqlite { path, .. } => *path = directory.join(&*path),
                Place::Postgres(server) | Place::Mysql(server) | Place::Mongodb { server, .. } => {
                    server.ca_file = server.ca_file.take().map(|file| directory.join(file));
                }
            }
            database
        };
        Self::new(self.0.into_iter().map(|database| beside(Arc::unwrap_or_clone(database))))
    }
}
