//! The databases that the table is tried on.

use std::path::Path;
#[cfg(any(feature = "postgres", feature = "mysql"))]
use std::{
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use orchestra_flow::base::value::Map;
use orchestra_flow::connect::Connectors;
use orchestra_flow::connect::databases::{CONNECTIONS, Database, Databases, Place};

use crate::connect::desk::desk;

/// A database, and how it calls what all of them have.
pub struct Peer {
    /// Its address, as settings have it.
    pub url: String,
    /// The type of a number that counts itself up.
    pub serial: &'static str,
    /// The type of a moment.
    pub moment: &'static str,
    /// The type of bytes.
    pub bytes: &'static str,
    /// The type of JSON.
    pub json: &'static str,
    /// Whether JSON comes as the text that it is there.
    pub json_is_text: bool,
    /// A query that takes much longer than a second.
    pub slow: &'static str,
    home: tempfile::TempDir,
    #[cfg(any(feature = "postgres", feature = "mysql"))]
    server: Option<Server>,
}

/// A query that counts to a hundred million.
const COUNTING: &str =
    "with recursive n(i) as (select 1 union all select i + 1 from n where i < 100000000) select count(*) as c from n";

/// The certificates of a server for `localhost`, made for the test: the authority is what clients trust.
#[cfg(any(feature = "postgres", feature = "mysql"))]
pub const AUTHORITY: &str = "authority.pem";

impl Peer {
    /// A SQLite file.
    pub fn sqlite() -> Self {
        Self {
            url: "sqlite:data.db".to_owned(),
            serial: "integer primary key",
            moment: "text",
            bytes: "blob",
            json: "json",
            json_is_text: false,
            slow: COUNTING,
            home: tempfile::tempdir().expect("a directory"),
            #[cfg(any(feature = "postgres", feature = "mysql"))]
            server: None,
        }
    }

    /// A PostgreSQL server; `None` where none is installed.
    #[cfg(feature = "postgres")]
    pub fn postgres() -> Option<Self> {
        let mut found: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
            .into_iter()
            .flatten()
            .flatten()
            .map(|entry| entry.path())
            .collect();
        found.sort();
        let Some(programs) = found.pop().map(|version| version.join("bin")).filter(|it| it.join("initdb").is_file())
        else {
            println!("SKIPPED: PostgreSQL is not installed, so `sql` was not tried on it (apt-get install postgresql)");
            return None;
        };
        let home = tempfile::tempdir().expect("a directory");
        certificates(home.path());
        std::fs::write(home.path().join("password"), "pass%word").expect("a file");
        let owner = give_away(home.path(), "postgres");
        let data = home.path().join("data");
        let made = run_as(owner, &programs.join("initdb"))
            .args([
                "--username=flow",
                "--auth-host=scram-sha-256",
                "--auth-local=trust",
                "--no-sync",
                "--encoding=UTF8",
            ])
            .args(["--locale=C", "--pwfile"])
            .arg(home.path().join("password"))
            .arg("-D")
            .arg(&data)
            .output()
            .expect("it starts");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let port = free_port();
        let mut command = run_as(owner, &programs.join("postgres"));
        command.arg("-D").arg(&data).arg("-k").arg(home.path()).args(["-h", "127.0.0.1", "-p", &port.to_string()]);
        command.args(["-c", "fsync=off", "-c", "ssl=on"]);
        for (name, file) in [("ssl_cert_file", "server.pem"), ("ssl_key_file", "server.key")] {
            command.arg("-c").arg(format!("{name}={}", home.path().join(file).display()));
        }
        let server = Server::start(command, port, home.path());
        let peer = Self {
            url: format!("postgres://flow:pass%25word@127.0.0.1:{port}/postgres"),
            serial: "serial primary key",
            moment: "timestamptz",
            bytes: "bytea",
            json: "jsonb",
            json_is_text: false,
            slow: "select 1 as c from pg_sleep(30)",
            home,
            server: Some(server),
        };
        Some(peer)
    }

    /// A MariaDB server; `None` where none is installed.
    #[cfg(feature = "mysql")]
    pub fn mariadb() -> Option<Self> {
        let (installer, program) = (Path::new("/usr/bin/mariadb-install-db"), Path::new("/usr/sbin/mariadbd"));
        if !installer.is_file() || !program.is_file() {
            println!(
                "SKIPPED: MariaDB is not installed, so `sql` was not tried on it (apt-get install mariadb-server)"
            );
            return None;
        }
        let home = tempfile::tempdir().expect("a directory");
        certificates(home.path());
        std::fs::write(
            home.path().join("first.sql"),
            "create database flow character set utf8mb4;\n\
             create user 'flow'@'%' identified by 'pass%word';\n\
             grant all on flow.* to 'flow'@'%';\n",
        )
        .expect("a file");
        let owner = give_away(home.path(), "mysql");
        let data = format!("--datadir={}", home.path().join("data").display());
        let made = run_as(owner, installer)
            .args(["--no-defaults", &data, "--skip-test-db", "--auth-root-authentication-method=normal"])
            .output()
            .expect("it starts");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let port = free_port();
        let file = |option: &str, name: &str| format!("--{option}={}", home.path().join(name).display());
        let mut command = run_as(owner, program);
        command.args(["--no-defaults", &data, "--bind-address=127.0.0.1", &format!("--port={port}")]);
        command.args([file("socket", "socket"), file("pid-file", "pid"), file("init-file", "first.sql")]);
        command.args([file("ssl-ca", AUTHORITY), file("ssl-cert", "server.pem"), file("ssl-key", "server.key")]);
        command.args(["--innodb-flush-log-at-trx-commit=0", "--skip-name-resolve"]);
        let server = Server::start(command, port, home.path());
        let peer = Self {
            url: format!("mysql://flow:pass%25word@127.0.0.1:{port}/flow"),
            serial: "int auto_increment primary key",
            moment: "timestamp(6)",
            bytes: "blob",
            json: "json",
            json_is_text: true,
            slow: "select sleep(30) as c",
            home,
            server: Some(server),
        };
        Some(peer)
    }

    /// Where its program would stand.
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// The database as settings name it.
    pub fn database(&self) -> Database {
        let place = Place::read(&self.url).expect("an address");
        Database { name: "db".into(), place, connections: CONNECTIONS, rows_max: 5_000 }
    }

    /// An engine's connectors on this database; what `shape` changes of it.
    pub fn desk(&self, shape: impl FnOnce(&mut Database)) -> Connectors {
        let mut database = self.database();
        shape(&mut database);
        let databases = Databases::new([database]).beside(self.home());
        desk(self.home(), "sql", Map::new(), |environment| environment.databases = databases)
    }

    /// A desk at which no answer may have more bytes.
    pub fn narrow_desk(&self, bytes: usize) -> Connectors {
        let databases = Databases::new([self.database()]).beside(self.home());
        desk(self.home(), "sql", Map::new(), |environment| {
            environment.databases = databases;
            environment.response_bytes_max = bytes;
        })
    }

    /// Ends its server at once, as a failure of its machine would.
    #[cfg(any(feature = "postgres", feature = "mysql"))]
    pub fn kill(&mut self) {
        self.server = None;
    }
}

/// A server, as long as this value lives.
#[cfg(any(feature = "postgres", feature = "mysql"))]
struct Server(Child);

#[cfg(any(feature = "postgres", feature = "mysql"))]
impl Server {
    /// Starts it, and waits until it listens.
    fn start(mut command: Command, port: u16, home: &Path) -> Self {
        let log = std::fs::File::create(home.join("log")).expect("a file");
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn().expect("it starts");
        let mut server = Self(child);
        let until = Instant::now() + Duration::from_secs(60);
        let log = || std::fs::read_to_string(home.join("log")).unwrap_or_default();
        // It listens before it is ready.
        let is_ready = || log().contains("ready to accept connections") || log().contains("ready for connections");
        while !is_ready() || std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(server.0.try_wait().ok().flatten().is_none(), "the server ended: {}", log());
            assert!(Instant::now() < until, "the server does not listen: {}", log());
            std::thread::sleep(Duration::from_millis(50));
        }
        server
    }
}

#[cfg(any(feature = "postgres", feature = "mysql"))]
impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[cfg(any(feature = "postgres", feature = "mysql"))]
fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    listener.local_addr().expect("an address").port()
}

/// Neither server runs as root: there, everything in `home` is given to `user`. Gives who that is.
#[cfg(any(feature = "postgres", feature = "mysql"))]
fn give_away(home: &Path, user: &str) -> Option<(u32, u32)> {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
    if std::fs::metadata(home).expect("a directory").uid() != 0 {
        return None;
    }
    let users = std::fs::read_to_string("/etc/passwd").expect("a list of users");
    let line = users.lines().find(|line| line.split(':').next() == Some(user)).expect("the package made its user");
    let mut ids = line.split(':').skip(2).map(|id| id.parse::<u32>().expect("a number"));
    let owner = (ids.next().expect("a user"), ids.next().expect("a group"));
    let inside = std::fs::read_dir(home).expect("a directory").flatten().map(|entry| entry.path());
    for path in inside.chain([home.to_owned()]) {
        chown(&path, Some(owner.0), Some(owner.1)).expect("it is given away");
    }
    std::fs::set_permissions(home, std::fs::Permissions::from_mode(0o755)).expect("it can be entered");
    Some(owner)
}

#[cfg(any(feature = "postgres", feature = "mysql"))]
fn run_as(owner: Option<(u32, u32)>, program: &Path) -> Command {
    use std::os::unix::process::CommandExt as _;
    let mut command = Command::new(program);
    if let Some((user, group)) = owner {
        command.uid(user).gid(group);
    }
    command.current_dir("/");
    command
}

/// Writes an authority, and a certificate of it for `localhost` with its key.
#[cfg(any(feature = "postgres", feature = "mysql"))]
fn certificates(home: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    let authority_key = rcgen::KeyPair::generate().expect("a key");
    let mut authority = rcgen::CertificateParams::new(Vec::new()).expect("names");
    authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    authority.distinguished_name.push(rcgen::DnType::CommonName, "authority");
    let issued = authority.self_signed(&authority_key).expect("a certificate");
    let issuer = rcgen::Issuer::new(authority, authority_key);
    let key = rcgen::KeyPair::generate().expect("a key");
    let own = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).expect("names");
    let certificate = own.signed_by(&key, &issuer).expect("a certificate");
    for (name, text) in
        [(AUTHORITY, issued.pem()), ("server.pem", certificate.pem()), ("server.key", key.serialize_pem())]
    {
        let path = home.join(name);
        std::fs::write(&path, text).expect("a file");
        let mode = if name == "server.key" { 0o600 } else { 0o644 };
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).expect("its mode");
    }
}
