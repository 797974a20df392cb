//! One connection to a server: a command goes out, what comes until its end is its answer.
//!
//! The protocol is that of `imap-next`: commands are made of checked parts, so that nothing in a name or a search can become a
//! command of its own, and what comes is cut into pieces of bounded size before it is read.

use imap_next::client::{Client, Error, Event, Options};
use imap_next::imap_types::auth::AuthenticateData;
use imap_next::imap_types::command::{Command, CommandBody};
use imap_next::imap_types::core::Tag;
use imap_next::imap_types::response::{Bye, Code, Data, Greeting, Status, StatusBody, StatusKind};
use imap_next::{Interrupt, Io, State as _};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

use super::account::Account;
use super::refusal;
use crate::base::failure::{Failure, Kind};

/// How much is read at once, in bytes.
const READ_BYTES: usize = 64 * 1024;
/// How much may come beside the message itself in an answer, in bytes.
const BESIDE_BYTES: usize = 1024 * 1024;

/// What bytes go over.
pub trait Wire: AsyncRead + AsyncWrite + Send + Sync + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Sync + Unpin> Wire for T {}

/// What a server answered to a command that it carried out.
#[derive(Debug, Default)]
pub struct Answer {
    /// What it told meanwhile.
    pub data: Vec<Data<'static>>,
    /// The codes of what it said, that at the end among them.
    pub codes: Vec<Code<'static>>,
}

/// What came: an event of the protocol, or a line that is none of it.
enum Heard {
    Event(Box<Event>),
    Odd(Vec<u8>),
}

/// A connection.
pub struct Link {
    account: Account,
    client: Client,
    wire: Box<dyn Wire>,
    buffer: Box<[u8]>,
    tags: u64,
    bytes_max: usize,
    came: usize,
    /// Whether everything that was asked has been answered to its end.
    is_sound: bool,
}

impl Link {
    /// A connection over `wire`. `is_greeted` says that the server has greeted before; what it says to one command may have
    /// `bytes_max` bytes.
    pub fn new(account: &Account, wire: Box<dyn Wire>, is_greeted: bool, bytes_max: usize) -> Self {
        let bytes_max = bytes_max.saturating_add(BESIDE_BYTES);
        let mut options = Options::default();
        options.crlf_relaxed = true;
        options.max_response_size = u32::try_from(bytes_max).unwrap_or(u32::MAX);
        options.discard_greeting = is_greeted;
        Self {
            account: account.clone(),
            client: Client::new(options),
            wire,
            buffer: vec![0; READ_BYTES].into(),
            tags: 0,
            bytes_max,
            came: 0,
            is_sound: true,
        }
    }

    /// What it goes over, to be encrypted from here on; what came and was not read is forgotten.
    pub fn into_wire(self) -> Box<dyn Wire> {
        self.wire
    }

    /// Whether another command can be sent over it.
    pub fn is_sound(&self) -> bool {
        self.is_sound
    }

    /// What the server says first.
    ///
    /// # Errors
    /// `connection_error` where it is no mail server, or does not want to talk.
    pub async fn greeting(&mut self) -> Result<Greeting<'static>, Failure> {
        self.is_sound = false;
        match self.hear().await? {
            Heard::Event(event) => match *event {
                Event::GreetingReceived { greeting } => {
                    self.is_sound = true;
                    Ok(greeting)
                }
                _ => Err(self.odd(b"")),
            },
            Heard::Odd(line) => Err(self.odd(&line)),
        }
    }

    /// Sends a command and waits for the end of its answer.
    ///
    /// # Errors
    /// What the server refuses it with, or what becomes of the connection.
    pub async fn command(&mut self, body: CommandBody<'static>) -> Result<Answer, Failure> {
        self.converse(body, None).await
    }

    /// Proves who asks by `body`; `proof` goes when the server asks for it, and nothing when it asks again.
    ///
    /// # Errors
    /// As [`Link::command`].
    pub async fn prove(&mut self, body: CommandBody<'static>, proof: Option<Vec<u8>>) -> Result<Answer, Failure> {
        self.converse(body, proof).await
    }

    async fn converse(&mut self, body: CommandBody<'static>, mut proof: Option<Vec<u8>>) -> Result<Answer, Failure> {
        let name = body.name();
        self.tags += 1;
        let tag = Tag::unvalidated(format!("a{}", self.tags));
        (self.came, self.is_sound) = (0, false);
        self.client.enqueue_command(Command { tag: tag.clone(), body });
        let mut answer = Answer::default();
        loop {
            let event = match self.hear().await? {
                Heard::Event(event) => *event,
                Heard::Odd(line) => match self.read_loosely(&tag, &line)? {
                    Some(end) => return self.ended(name, answer, end),
                    None => continue,
                },
            };
            match event {
                Event::DataReceived { data } => answer.data.push(data),
                Event::StatusReceived { status }
                | Event::CommandRejected { status, .. }
                | Event::AuthenticateStatusReceived { status, .. } => match status {
                    Status::Tagged(end) if end.tag == tag => return self.ended(name, answer, end.body),
                    Status::Tagged(end) => return Err(self.odd(end.tag.inner().as_bytes())),
                    Status::Untagged(said) => answer.codes.extend(said.code),
                    Status::Bye(bye) => return Err(self.left(&bye)),
                },
                Event::AuthenticateContinuationRequestReceived { .. } => {
                    let data = AuthenticateData::r#continue(proof.take().unwrap_or_default());
                    self.client.set_authenticate_data(data).map_err(|_| self.odd(b"+"))?;
                }
                _ => {}
            }
        }
    }

    /// The answer, now that its end has come.
    fn ended(&mut self, name: &str, mut answer: Answer, end: StatusBody<'static>) -> Result<Answer, Failure> {
        self.is_sound = true;
        match end.kind {
            StatusKind::Ok => {
                answer.codes.extend(end.code);
                Ok(answer)
            }
            StatusKind::No | StatusKind::Bad => Err(refusal::refused(&self.account, name, &end)),
        }
    }

    /// The next thing that the server says; sends meanwhile what is to be sent.
    async fn hear(&mut self) -> Result<Heard, Failure> {
        loop {
            // The library traces all that it sends, passwords too.
            let client = &mut self.client;
            let next = tracing::dispatcher::with_default(&tracing::Dispatch::none(), || client.next());
            match next {
                Ok(event) => return Ok(Heard::Event(Box::new(event))),
                Err(Interrupt::Io(Io::Output(bytes))) => {
                    let sent = async {
                        self.wire.write_all(&bytes).await?;
                        self.wire.flush().await
                    };
                    sent.await.map_err(|error| self.broken(&error.to_string()))?;
                }
                Err(Interrupt::Io(Io::NeedMoreInput)) => self.read().await?,
                Err(Interrupt::Error(Error::ResponseTooLong { .. })) => return Err(self.too_much()),
                Err(Interrupt::Error(
                    Error::MalformedMessage { discarded_bytes } | Error::ExpectedCrlfGotLf { discarded_bytes },
                )) => return Ok(Heard::Odd(discarded_bytes.declassify().to_vec())),
            }
        }
    }

    async fn read(&mut self) -> Result<(), Failure> {
        let count = self.wire.read(&mut self.buffer).await.map_err(|error| self.broken(&error.to_string()))?;
        if count == 0 {
            return Err(self.broken("it was closed"));
        }
        self.came += count;
        if self.came > self.bytes_max {
            return Err(self.too_much());
        }
        self.client.enqueue_input(&self.buffer[..count]);
        Ok(())
    }

    /// A line that the library does not take. The end of an answer is read all the same, for many servers write it in the
    /// language of their country; news that nobody asked for are passed over; what was asked for is not.
    fn read_loosely(&self, tag: &Tag<'_>, line: &[u8]) -> Result<Option<StatusBody<'static>>, Failure> {
        let text = String::from_utf8_lossy(line);
        let mut words = text.trim_end().splitn(3, ' ');
        let (first, second) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let kind = match second.to_ascii_uppercase().as_str() {
            "OK" => Some(StatusKind::Ok),
            "NO" => Some(StatusKind::No),
            "BAD" => Some(StatusKind::Bad),
            _ => None,
        };
        match (first, kind) {
            (first, Some(kind)) if first == tag.inner() => {
                let rest: String =
                    words.next().unwrap_or("-").chars().map(|it| if it.is_ascii() { it } else { '?' }).collect();
                Ok(Some(StatusBody { kind, code: None, text: rest.try_into().map_err(|_| self.odd(line))? }))
            }
            ("*", Some(_)) => Ok(None),
            ("*", None) if !is_asked_for(&text) => Ok(None),
            _ => Err(self.odd(line)),
        }
    }

    fn broken(&self, why: &str) -> Failure {
        Failure::new(Kind::ConnectionError, format!("the connection to {} broke: {why}", self.account))
    }

    fn left(&self, bye: &Bye<'_>) -> Failure {
        self.account.failure(Kind::ConnectionError, format!("ends the connection: {}", bye.text))
    }

    fn odd(&self, line: &[u8]) -> Failure {
        let shown: String = String::from_utf8_lossy(line).chars().take(80).collect();
        self.account.failure(Kind::ConnectionError, format!("said what is no IMAP: {shown:?}"))
    }

    fn too_much(&self) -> Failure {
        let bound = self.bytes_max - BESIDE_BYTES;
        let what = format!("answered with more than {bound} bytes, the setting `http.response_bytes_max`");
        self.account.failure(Kind::LimitExceeded, what)
    }
}

/// Whether a line belongs to what commands ask for.
fn is_asked_for(line: &str) -> bool {
    line.split(' ')
        .take(3)
        .any(|word| ["FETCH", "SEARCH", "LIST", "CAPABILITY"].iter().any(|it| word.eq_ignore_ascii_case(it)))
}
