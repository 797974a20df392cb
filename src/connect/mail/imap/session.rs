//! A connection on which somebody has signed in, and the folder that is open on it.

use std::num::NonZeroU32;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use imap_next::imap_types::auth::AuthMechanism;
use imap_next::imap_types::command::CommandBody;
use imap_next::imap_types::response::{Capability, Code, Data, GreetingKind};
use imap_next::imap_types::secret::Secret;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::account::{Account, Proof};
use super::folder::Folder;
use super::link::{Answer, Link, Wire};
use crate::base::failure::{Failure, Kind};
use crate::base::secret::Mask;
use crate::connect::mail::security::Security;
use crate::connect::mail::token;
use crate::connect::registry::Call;
use crate::connect::tls::trusting;

/// What may be done in an open folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Access {
    /// It is read; nothing in it changes, not even what counts as new.
    Read,
    /// It is changed.
    Change,
}

/// A folder that is open.
struct Open {
    folder: Folder,
    access: Access,
    validity: NonZeroU32,
}

/// A connection on which somebody has signed in.
pub struct Session {
    account: Account,
    link: Link,
    capabilities: Vec<Capability<'static>>,
    open: Option<Open>,
}

impl Session {
    /// Connects to the mailbox of `account` and signs in.
    ///
    /// # Errors
    /// `connection_error` and `auth_error` above all; nothing has been asked of the mailbox then.
    pub async fn begin(account: &Account, call: &Call) -> Result<Self, Failure> {
        let link = connect(account, call.environment.response_bytes_max).await?;
        let mut session = Self { account: account.clone(), link, capabilities: Vec::new(), open: None };
        session.learn_capabilities().await?;
        session.sign_in(call).await?;
        // Many servers can do more for who has signed in.
        session.learn_capabilities().await?;
        Ok(session)
    }

    /// Whether another command can be sent over it.
    pub fn is_sound(&self) -> bool {
        self.link.is_sound()
    }

    /// Whether the server says that it can do this.
    pub fn can(&self, capability: &Capability<'_>) -> bool {
        self.capabilities.iter().any(|known| known == capability)
    }

    /// Sends a command and waits for its answer.
    ///
    /// # Errors
    /// What the server refuses it with, or what becomes of the connection.
    pub async fn command(&mut self, body: CommandBody<'static>) -> Result<Answer, Failure> {
        self.link.command(body).await
    }

    /// The numbers that a search finds.
    ///
    /// # Errors
    /// As [`Session::command`].
    pub async fn search(&mut self, body: CommandBody<'static>) -> Result<Vec<NonZeroU32>, Failure> {
        let found = self.command(body).await?.data.into_iter().filter_map(|data| match data {
            Data::Search(numbers) => Some(numbers),
            _ => None,
        });
        Ok(found.flatten().collect())
    }

    /// Asks whether it still lives.
    ///
    /// # Errors
    /// `connection_error` where it does not.
    pub async fn probe(&mut self) -> Result<(), Failure> {
        self.command(CommandBody::Noop).await.map(drop)
    }

    /// Opens `folder`, or looks what is new in it where it is open; gives from when on it counts.
    ///
    /// # Errors
    /// `not_found` where there is none.
    pub async fn enter(&mut self, folder: &Folder, access: Access) -> Result<NonZeroU32, Failure> {
        if let Some(open) = self.open.as_ref().filter(|open| open.folder == *folder && open.access >= access) {
            let validity = open.validity;
            return self.probe().await.map(|()| validity);
        }
        self.open = None;
        let mailbox = folder.mailbox()?;
        let body = match access {
            Access::Read => CommandBody::Examine { mailbox },
            Access::Change => CommandBody::Select { mailbox },
        };
        let answer = self.command(body).await.map_err(|failure| failure.detail("folder", &*folder.name))?;
        let validity = answer.codes.iter().find_map(|code| match code {
            Code::UidValidity(validity) => Some(*validity),
            _ => None,
        });
        let lacking = || self.account.failure(Kind::ServerError, format!("keeps no numbers for `{folder}`"));
        let validity = validity.ok_or_else(lacking)?;
        self.open = Some(Open { folder: folder.clone(), access, validity });
        Ok(validity)
    }

    async fn learn_capabilities(&mut self) -> Result<(), Failure> {
        let answer = self.command(CommandBody::Capability).await?;
        let told = answer.data.into_iter().filter_map(|data| match data {
            Data::Capability(told) => Some(told.into_inner()),
            _ => None,
        });
        self.capabilities = told.flatten().collect();
        Ok(())
    }

    async fn sign_in(&mut self, call: &Call) -> Result<(), Failure> {
        let mask = &call.environment.mask;
        match self.account.proof.clone() {
            Proof::Password(password) => self.by_password(&password, mask).await,
            Proof::Token(_) => {
                let token = token::current(call, None).await?.ok_or_else(|| self.no_token())?;
                match self.by_token(&token, mask).await {
                    // It may have been withdrawn before its time.
                    Err(refused) if refused.kind == Kind::AuthError => {
                        match token::current(call, Some(&token)).await? {
                            Some(other) => self.by_token(&other, mask).await,
                            None => Err(refused),
                        }
                    }
                    done => done,
                }
            }
        }
    }

    async fn by_password(&mut self, password: &str, mask: &Mask) -> Result<(), Failure> {
        let user = self.account.user.clone();
        if self.can(&Capability::Auth(AuthMechanism::Plain)) {
            let proof = format!("\0{user}\0{password}").into_bytes();
            return self.authenticate(AuthMechanism::Plain, proof, mask).await;
        }
        if self.can(&Capability::LoginDisabled) {
            let what = "takes no password on this connection: set `imap_security = \"starttls\"`, or write `imaps://`";
            return Err(self.account.failure(Kind::AuthError, what));
        }
        let unusable = |_| Failure::new(Kind::AuthError, "the user or the password of the mailbox cannot be sent");
        let login = CommandBody::login(user.to_string(), password.to_owned()).map_err(unusable)?;
        self.command(login).await.map(drop)
    }

    async fn by_token(&mut self, token: &str, mask: &Mask) -> Result<(), Failure> {
        let proof = format!("user={}\u{1}auth=Bearer {token}\u{1}\u{1}", self.account.user).into_bytes();
        self.authenticate(AuthMechanism::XOAuth2, proof, mask).await
    }

    async fn authenticate(
        &mut self,
        mechanism: AuthMechanism<'static>,
        proof: Vec<u8>,
        mask: &Mask,
    ) -> Result<(), Failure> {
        // As it goes over the wire: a server may say it back.
        mask.learn(&STANDARD.encode(&proof));
        // In the command itself where the server takes it there; otherwise it asks for it.
        let (at_once, when_asked) =
            if self.can(&Capability::SaslIr) { (Some(Secret::new(proof.into())), None) } else { (None, Some(proof)) };
        let body = CommandBody::Authenticate { mechanism, initial_response: at_once };
        self.link.prove(body, when_asked).await.map(drop)
    }

    fn no_token(&self) -> Failure {
        self.account.failure(Kind::AuthError, "wants a token, and there is none")
    }
}

/// A connection that is protected as the settings say.
async fn connect(account: &Account, bytes_max: usize) -> Result<Link, Failure> {
    let unreachable =
        |error: std::io::Error| account.failure(Kind::ConnectionError, format!("cannot be reached: {error}"));
    let host = account.host.trim_start_matches('[').trim_end_matches(']');
    let stream = TcpStream::connect((host, account.port)).await.map_err(unreachable)?;
    stream.set_nodelay(true).map_err(unreachable)?;
    if account.security == Security::Tls {
        let wire = encrypted(account, Box::new(stream)).await?;
        let mut link = Link::new(account, wire, false, bytes_max);
        greeted(account, &mut link).await?;
        return Ok(link);
    }
    let mut link = Link::new(account, Box::new(stream), false, bytes_max);
    greeted(account, &mut link).await?;
    if account.security == Security::None {
        return Ok(link);
    }
    // A server that cannot encrypt gets nothing more.
    link.command(CommandBody::StartTLS).await.map_err(|failure| match failure.kind {
        Kind::ConnectionError => failure,
        _ => account.failure(Kind::ConnectionError, format!("cannot encrypt: {}", failure.message)),
    })?;
    // What came before the encryption counts for nothing: anybody on the way may have said it.
    Ok(Link::new(account, encrypted(account, link.into_wire()).await?, true, bytes_max))
}

async fn greeted(account: &Account, link: &mut Link) -> Result<(), Failure> {
    let greeting = link.greeting().await?;
    match greeting.kind {
        GreetingKind::Ok | GreetingKind::PreAuth => Ok(()),
        GreetingKind::Bye => Err(account.failure(Kind::ConnectionError, format!("takes nobody: {}", greeting.text))),
    }
}

async fn encrypted(account: &Account, wire: Box<dyn Wire>) -> Result<Box<dyn Wire>, Failure> {
    let failed = |why: String| account.failure(Kind::ConnectionError, format!("cannot be reached encrypted: {why}"));
    let config = trusting(account.ca_file.as_deref())
        .map_err(|why| Failure::new(Kind::ValidationError, format!("`ca_file`: {why}")))?;
    let host = account.host.trim_start_matches('[').trim_end_matches(']').to_owned();
    let name = ServerName::try_from(host).map_err(|error| failed(error.to_string()))?;
    let stream = TlsConnector::from(config).connect(name, wire).await.map_err(|error| failed(error.to_string()))?;
    Ok(Box::new(stream))
}
