//! A Dovecot of the test's own, and the connectors of an engine that reads a mailbox there.

use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant, SystemTime};

use orchestra_flow::base::span::Sources;
use orchestra_flow::base::value::Value;
use orchestra_flow::connect::log::Log;
use orchestra_flow::connect::{Connectors, Natives};
use orchestra_flow::host::settings::Settings;
use orchestra_flow::host::settings::configure::Uses;
use orchestra_flow::lang::plan::Package;
use orchestra_flow::run::world::{Outcome, Perform as _};

use crate::connect::declared::{call, package};
use crate::connect::desk::{json, value};

const PROGRAM: &str = "/usr/sbin/dovecot";
/// The password of everybody.
pub const PASSWORD: &str = "pass \"word\\ ü";

/// A mail server with a mailbox for whoever asks with the right password.
pub struct Dovecot {
    home: tempfile::TempDir,
    owner: Option<(u32, u32)>,
    plain: u16,
    encrypted: u16,
    messages: AtomicUsize,
    server: Option<Child>,
}

impl Dovecot {
    /// Starts one; `None` where none is installed.
    pub fn start() -> Option<Self> {
        if !Path::new(PROGRAM).is_file() {
            println!(
                "SKIPPED: Dovecot is not installed, so `email` was not tried on a mailbox (apt-get install dovecot-imapd)"
            );
            return None;
        }
        let home = tempfile::tempdir().expect("a directory");
        let mut dovecot = Self {
            owner: owner(home.path()),
            home,
            plain: free_port(),
            encrypted: free_port(),
            messages: 0.into(),
            server: None,
        };
        for folder in ["run", "mail"] {
            std::fs::create_dir(dovecot.path(folder)).expect("a directory");
            dovecot.give_away(&dovecot.path(folder));
        }
        dovecot.certify();
        let users: String = ["ada", "bob"].iter().map(|user| format!("{user}:{{PLAIN}}{PASSWORD}::::::\n")).collect();
        std::fs::write(dovecot.path("users"), users).expect("a file");
        dovecot.give_away(&dovecot.path("users"));
        dovecot.restart("");
        Some(dovecot)
    }

    /// Starts it anew, with `more` in its configuration.
    pub fn restart(&mut self, more: &str) {
        self.stop();
        std::fs::write(self.path("dovecot.conf"), self.configuration(more)).expect("a file");
        let mut command = Command::new(PROGRAM);
        command
            .arg("-F")
            .arg("-c")
            .arg(self.path("dovecot.conf"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .process_group(0);
        let log = std::fs::File::create(self.path("errors")).expect("a file");
        self.server = Some(command.stderr(log).spawn().expect("it starts"));
        let until = Instant::now() + Duration::from_secs(30);
        while std::net::TcpStream::connect(("127.0.0.1", self.plain)).is_err() {
            let said = || ["log", "errors"].map(|name| std::fs::read_to_string(self.path(name)).unwrap_or_default());
            assert!(Instant::now() < until, "the mail server does not listen: {:?}", said());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Ends it, and all that it started.
    pub fn stop(&mut self) {
        if let Some(mut server) = self.server.take() {
            // With all that it started: those that somebody is connected to would live on.
            let _ = Command::new("kill").args(["-KILL", "--", &format!("-{}", server.id())]).status();
            let _ = server.wait();
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    /// Where authorities, files and templates are found from.
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    fn configuration(&self, more: &str) -> String {
        let home = self.home.path().display();
        let (uid, gid) = self.owner.unwrap_or_else(myself);
        let user = name_of("/etc/passwd", uid);
        let group = name_of("/etc/group", gid);
        let (plain, encrypted) = (self.plain, self.encrypted);
        format!(
            r#"base_dir = {home}/run
state_dir = {home}/run
log_path = {home}/log
protocols = imap
listen = 127.0.0.1
ssl = yes
ssl_cert = <{home}/server.pem
ssl_key = <{home}/server.key
mail_location = maildir:{home}/mail/%u
first_valid_uid = 1
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
mail_max_userip_connections = 100
maildir_stat_dirs = yes
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {plain}
  }}
  inet_listener imaps {{
    port = {encrypted}
    ssl = yes
  }}
}}
auth_failure_delay = 0
service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
passdb {{
  driver = passwd-file
  args = scheme=PLAIN username_format=%u {home}/users
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={home}/mail/%u
}}
namespace inbox {{
  inbox = yes
  separator = /
  mailbox Entwürfe {{
    auto = create
    special_use = \Drafts
  }}
  mailbox Archive {{
    auto = create
    special_use = \Archive
  }}
}}
{more}
"#
        )
    }

    /// Writes an authority, and a certificate of it for `localhost` with its key.
    fn certify(&self) {
        let (authority_key, own_key) =
            (rcgen::KeyPair::generate().expect("a key"), rcgen::KeyPair::generate().expect("a key"));
        let mut authority = rcgen::CertificateParams::new(Vec::new()).expect("names");
        authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let issued = authority.self_signed(&authority_key).expect("a certificate");
        let issuer = rcgen::Issuer::new(authority, authority_key);
        let own = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).expect("names");
        let own = own.signed_by(&own_key, &issuer).expect("a certificate");
        for (name, text) in
            [("ca.pem", issued.pem()), ("server.pem", own.pem()), ("server.key", own_key.serialize_pem())]
        {
            std::fs::write(self.path(name), text).expect("a file");
            self.give_away(&self.path(name));
        }
    }

    /// Puts a message into the inbox of `user`, as it came; it arrived `age` ago.
    pub fn deliver(&self, user: &str, message: &[u8], age: Duration) {
        let number = self.messages.fetch_add(1, Ordering::Relaxed);
        let inbox = self.folder(user, "");
        let name = format!("{}.M{number}.here", 1_700_000_000 + number);
        let draft = inbox.join("tmp").join(&name);
        std::fs::write(&draft, message).expect("a file");
        let arrived = SystemTime::now() - age;
        std::fs::File::options().append(true).open(&draft).expect("it is there").set_modified(arrived).expect("a time");
        self.give_away(&draft);
        std::fs::rename(&draft, inbox.join("new").join(&name)).expect("it can be moved");
    }

    /// Makes a folder, by its name on the wire with a dot before each part, where it is not there.
    pub fn folder(&self, user: &str, name: &str) -> PathBuf {
        let inbox = self.path(&format!("mail/{user}"));
        let own = if name.is_empty() { inbox.clone() } else { inbox.join(name) };
        for folder in [inbox, own.clone(), own.join("cur"), own.join("tmp"), own.join("new")] {
            if !folder.is_dir() {
                std::fs::create_dir(&folder).expect("a directory");
                self.give_away(&folder);
            }
        }
        own
    }

    fn give_away(&self, path: &Path) {
        if let Some((user, group)) = self.owner {
            chown(path, Some(user), Some(group)).expect("it is given away");
        }
    }

    /// An engine that opens the mailbox of `user`, with `more` settings.
    pub fn desk(&self, user: &str, more: &[(&str, &str)]) -> Desk {
        let url = format!("imap://127.0.0.1:{}", self.plain);
        let own = [("imap_url", url.as_str()), ("imap_user", user), ("imap_password", PASSWORD)];
        Desk::with(self.home.path(), &[&own[..], more].concat())
    }

    /// Where it encrypts from the first byte, under the name that its certificate has.
    pub fn encrypted(&self) -> String {
        format!("imaps://localhost:{}", self.encrypted)
    }

    /// Where it listens, under the name that its certificate has.
    pub fn plain(&self) -> String {
        format!("imap://localhost:{}", self.plain)
    }
}

impl Drop for Dovecot {
    fn drop(&mut self) {
        self.stop();
    }
}

/// An engine's connectors, `email` among them.
pub struct Desk {
    package: Package,
    connectors: Connectors,
}

impl Desk {
    /// With these settings of `email`, in `home`.
    pub fn with(home: &Path, settings: &[(&str, &str)]) -> Self {
        Self::bounded(home, settings, 60 * 1024 * 1024)
    }

    /// The same with answers of `bytes_max` bytes at most.
    pub fn bounded(home: &Path, settings: &[(&str, &str)], bytes_max: usize) -> Self {
        let package = package("workflow read { step email.folders }");
        // A setting that is given twice is the later one.
        let given: Vec<String> = settings
            .iter()
            .enumerate()
            .filter(|(index, (name, _))| !settings[index + 1..].iter().any(|(later, _)| later == name))
            .map(|(_, (name, value))| format!("connectors.email.{name}={value:?}"))
            .collect();
        let mut sources = Sources::default();
        let (settings, mut wrong) = Settings::read(home, [], &given, &mut sources);
        let (configured, more) = settings.configure(&package, &Uses::of_all(&package), &mut sources);
        wrong.extend(more);
        let wrong: Vec<&str> = wrong.iter().map(|it| it.message.as_str()).collect();
        assert!(wrong.is_empty(), "{wrong:?}");
        let mut environment = settings.environment(Log::default());
        environment.response_bytes_max = bytes_max;
        let connectors = Connectors::new(environment, configured, Natives::standard());
        Self { package, connectors }
    }

    /// Carries out `email.NAME`.
    pub async fn perform(&self, name: &str, params: &str) -> Outcome {
        self.attempt(name, params, Value::Unit, false, 5_000).await
    }

    /// The same within so many milliseconds.
    pub async fn hurried(&self, name: &str, params: &str, millis: i64) -> Outcome {
        self.attempt(name, params, Value::Unit, false, millis).await
    }

    /// A page of a stream.
    pub async fn page(&self, name: &str, params: &str, page: Value) -> Outcome {
        self.attempt(name, params, page, true, 5_000).await
    }

    async fn attempt(&self, name: &str, params: &str, page: Value, streamed: bool, millis: i64) -> Outcome {
        let mut act = call(&self.package, &format!("email.{name}"), json(params));
        act.page = page;
        act.streamed = streamed;
        act.timeout = orchestra_flow::base::time::Duration(millis);
        self.connectors.perform(act).await
    }

    /// What `email.NAME` gives, which must be something.
    pub async fn ask(&self, name: &str, params: &str) -> serde_json::Value {
        value(self.perform(name, params).await)
    }
}

fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    listener.local_addr().expect("an address").port()
}

fn myself() -> (u32, u32) {
    use std::os::unix::fs::MetadataExt as _;
    let own = std::fs::metadata("/proc/self").expect("this process");
    (own.uid(), own.gid())
}

/// Mailboxes of root are refused: there, all belongs to the user that the package made. Gives who that is.
fn owner(home: &Path) -> Option<(u32, u32)> {
    use std::os::unix::fs::PermissionsExt as _;
    if myself().0 != 0 {
        return None;
    }
    let users = std::fs::read_to_string("/etc/passwd").expect("a list of users");
    let line = users.lines().find(|line| line.starts_with("dovecot:")).expect("the package made its user");
    let mut ids = line.split(':').skip(2).map(|id| id.parse::<u32>().expect("a number"));
    std::fs::set_permissions(home, std::fs::Permissions::from_mode(0o777)).expect("it can be entered");
    Some((ids.next().expect("a user"), ids.next().expect("a group")))
}

/// The name that goes with a number in a list of users or groups.
fn name_of(list: &str, id: u32) -> String {
    let text = std::fs::read_to_string(list).expect("a list");
    let line = text.lines().find(|line| line.split(':').nth(2) == Some(&id.to_string()));
    line.and_then(|line| line.split(':').next()).expect("a name").to_owned()
}
