//! `process.run`: programs of this machine, only those that the settings list.

use std::process::Stdio;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::connectors::{invalid, refused};
use super::files::Roots;
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
    let dir = match call.param("dir") {
        Value::Unit => Ok(call.environment.directory.clone()),
        dir => Roots::of(&call.environment).and_then(|roots| roots.find(&dir.to_string())),
    };
    let dir = match dir {
        Ok(dir) => dir,
        Err(failure) => return Outcome::failed(failure),
    };
    let mut command = tokio::process::Command::new(program);
    command.args(arguments).current_dir(dir).env_clear();
    command.envs(INHERITED.iter().filter_map(|name| std::env::var_os(name).map(|value| (name, value))));
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(error) => {
            let kind = match error.kind() {
                std::io::ErrorKind::NotFound => Kind::NotFound,
                std::io::ErrorKind::PermissionDenied => Kind::PermissionDenied,
                _ => Kind::ServerError,
            };
            return Outcome::failed(Failure::new(kind, format!("`{program}` did not start: {error}")));
        }
    };
    let input = call.param("input");
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let limit = call.environment.response_bytes_max;
    let talk = async {
        let feed = async {
            if let (Some(mut stdin), Value::Text(text)) = (stdin, &input) {
                // A program that does not read to the end is in its right.
                let _ = stdin.write_all(text.as_bytes()).await;
            }
        };
        let ((), stdout, stderr) = tokio::join!(feed, drain(stdout, limit), drain(stderr, limit));
        Ok::<_, std::io::Error>((child.wait().await?, stdout?, stderr?))
    };
    match tokio::time::timeout(call.act.timeout.to_std(), talk).await {
        Ok(Ok((status, stdout, stderr))) => Outcome::done(Value::map([
            ("status", Value::Int(status.code().unwrap_or(-1).into())),
            ("stdout", stdout.into()),
            ("stderr", stderr.into()),
        ])),
        Ok(Err(error)) => {
            Outcome::unknown(Failure::new(Kind::ServerError, format!("`{program}` could not be followed: {error}")))
        }
        Err(_) => Outcome::unknown(Failure::new(
            Kind::Timeout,
            format!("`{program}` was stopped: it took longer than {}", call.act.timeout),
        )),
    }
}

/// All that a program says, up to `limit` bytes; what comes after is an error.
async fn drain(source: Option<impl tokio::io::AsyncRead + Unpin>, limit: usize) -> std::io::Result<String> {
    let mut bytes = Vec::new();
    if let Some(source) = source {
        source.take(limit as u64 + 1).read_to_end(&mut bytes).await?;
    }
    if bytes.len() > limit {
        return Err(std::io::Error::other(format!("it said more than {limit} bytes")));
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
