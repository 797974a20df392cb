//! `process.run`: programs of this machine, only those that the settings list.
//!
//! In: a call of `process.run`. Out: how the program ended, and what it said. Never: a program, or anything it has started, that
//! goes on after it was stopped (held by `tests/connect/process.rs`).

use std::path::PathBuf;
use std::process::Stdio;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::Child;

use super::connectors::{invalid, refused};
use super::files::{Roots, broken};
use super::registry::{Call, Native, Natives};
use crate::base::failure::{Failure, Kind};
use crate::base::value::Value;
use crate::run::world::Outcome;

/// What a program is given of the engine's own environment: never its secrets.
const INHERITED: [&str; 6] = ["PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR"];

/// Binds the operation of the standard library's `process`.
pub fn register(natives: &mut Natives) {
    natives.bind("process.run", Run);
}

struct Run;

impl Native for Run {
    fn call(&self, call: Call) -> crate::run::world::BoxFuture<'static, Outcome> {
        Box::pin(run(call))
    }
}

async fn run(call: Call) -> Outcome {
    let words: Option<Vec<String>> =
        call.param("command").as_list().map(|items| items.iter().map(ToString::to_string).collect());
    let Some((program, arguments)) = words.as_deref().and_then(<[String]>::split_first) else {
        return invalid("`command` must be a list: the program, then its arguments");
    };
    if !call.environment.programs.iter().any(|allowed| **allowed == **program) {
        return Outcome::failed(refused(format!(
            "the program `{program}` is not allowed: list it in the settings, `process.allow = [\"{program}\"]`"
        )));
    }
    let (dir, input) = match directory(&call).and_then(|dir| Ok((dir, input(&call)?))) {
        Ok(given) => given,
        Err(failure) => return Outcome::failed(failure),
    };
    let mut command = tokio::process::Command::new(program);
    command.args(arguments).current_dir(dir).env_clear();
    command.envs(INHERITED.iter().filter_map(|name| std::env::var_os(name).map(|value| (name, value))));
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    #[cfg(unix)]
    command.process_group(0);
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(error) => return Outcome::failed(not_started(program, &error)),
    };
    // Goes before the child does: as long as the child is not waited for, nobody else gets its number.
    let group = Group::of(&child);
    let limit = call.environment.response_bytes_max;
    match tokio::time::timeout(call.act.timeout.to_std(), follow(&mut child, input, limit)).await {
        Ok(Ok(said)) => {
            group.leave();
            Outcome::done(said)
        }
        Ok(Err(Lost::TooMuch)) => Outcome::unknown(Failure::new(
            Kind::LimitExceeded,
            format!(
                "`{program}` was stopped: it said more than {limit} bytes; the setting `http.response_bytes_max` allows more"
            ),
        )),
        Ok(Err(Lost::Broken(error))) => {
            Outcome::unknown(Failure::new(Kind::ServerError, format!("`{program}` could not be followed: {error}")))
        }
        Err(_) => Outcome::unknown(Failure::new(
            Kind::Timeout,
            format!("`{program}` was stopped, with all that it had started: it took longer than {}", call.act.timeout),
        )),
    }
}

/// Where the program runs.
fn directory(call: &Call) -> Result<PathBuf, Failure> {
    let dir = match call.param("dir") {
        Value::Unit => return Ok(call.environment.directory.clone()),
        dir => dir.to_string(),
    };
    let found = Roots::of(&call.environment)?.find(&dir)?;
    match std::fs::metadata(&found) {
        Ok(about) if about.is_dir() => Ok(found),
        Ok(_) => Err(Failure::new(Kind::ValidationError, format!("`dir`: `{dir}` is no directory"))),
        Err(error) => Err(broken(&dir, &error)),
    }
}

/// What the program reads.
fn input(call: &Call) -> Result<Vec<u8>, Failure> {
    match call.param("input") {
        Value::Unit => Ok(Vec::new()),
        Value::Text(text) => Ok(text.as_bytes().to_vec()),
        Value::Bytes(bytes) => Ok(bytes.to_vec()),
        other => {
            let message = format!("`input` must be a string, is of type {}: `json(...)` makes one", other.type_name());
            Err(Failure::new(Kind::ValidationError, message))
        }
    }
}

fn not_started(program: &str, error: &std::io::Error) -> Failure {
    use std::io::ErrorKind as E;
    let kind = match error.kind() {
        E::NotFound => Kind::NotFound,
        E::PermissionDenied => Kind::PermissionDenied,
        // Arguments that no program can be given: with a NUL in them, or too long.
        E::InvalidInput | E::ArgumentListTooLong => Kind::ValidationError,
        _ => Kind::ServerError,
    };
    Failure::new(kind, format!("`{program}` did not start: {error}"))
}

/// Why it is not known what a program did.
enum Lost {
    TooMuch,
    Broken(std::io::Error),
}

impl From<std::io::Error> for Lost {
    fn from(error: std::io::Error) -> Self {
        Self::Broken(error)
    }
}

/// Gives a program its input, and waits for what it says and for its end.
async fn follow(child: &mut Child, input: Vec<u8>, limit: usize) -> Result<Value, Lost> {
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let feed = async move {
        if let Some(mut stdin) = stdin {
            // A program that does not read to the end is in its right.
            let _ = stdin.write_all(&input).await;
        }
        // The program sees the end of its input; that it has read it is no end of the program.
        std::future::pending().await
    };
    let listen = async {
        let (stdout, stderr) = tokio::try_join!(drain(stdout, limit), drain(stderr, limit))?;
        Ok((child.wait().await?, stdout, stderr))
    };
    let said: Result<_, Lost> = tokio::select! {
        said = listen => said,
        never = feed => never,
    };
    let (status, stdout, stderr) = said?;
    Ok(Value::map([
        ("status", Value::Int(status.code().unwrap_or(-1).into())),
        ("stdout", stdout.into()),
        ("stderr", stderr.into()),
    ]))
}

/// All that a program says, up to `limit` bytes.
async fn drain(source: Option<impl AsyncRead + Unpin>, limit: usize) -> Result<String, Lost> {
    let mut bytes = Vec::new();
    if let Some(source) = source {
        source.take(limit as u64 + 1).read_to_end(&mut bytes).await?;
    }
    if bytes.len() > limit { Err(Lost::TooMuch) } else { Ok(String::from_utf8_lossy(&bytes).into_owned()) }
}

/// A program with all that it has started, ended when this is dropped.
struct Group {
    #[cfg(unix)]
    leader: Option<rustix::process::Pid>,
}

#[cfg(unix)]
impl Group {
    fn of(child: &Child) -> Self {
        let number = child.id().and_then(|id| i32::try_from(id).ok());
        Self { leader: number.and_then(rustix::process::Pid::from_raw) }
    }

    /// The program has ended by itself: what it has left running was meant to run.
    fn leave(mut self) {
        self.leader = None;
    }
}

#[cfg(unix)]
impl Drop for Group {
    fn drop(&mut self) {
        if let Some(leader) = self.leader {
            // One that has ended meanwhile needs no end.
            let _ = rustix::process::kill_process_group(leader, rustix::process::Signal::KILL);
        }
    }
}

/// Elsewhere the program alone is ended, when its handle is dropped.
#[cfg(not(unix))]
impl Group {
    fn of(_: &Child) -> Self {
        Self {}
    }

    fn leave(self) {}
}
