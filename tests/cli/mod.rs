//! The real binary on real files: exit code, the whole of stdout, the whole of stderr.

#[cfg(feature = "http")]
pub mod authority;
mod check;
#[cfg(feature = "serve")]
mod client;
#[cfg(feature = "sqlite")]
mod data;
#[cfg(feature = "sqlite")]
mod deploy;
mod completions;
mod connectors;
mod coverage;
#[cfg(feature = "http")]
mod credentials;
mod doctor;
mod documents;
mod examples;
mod far;
mod files;
mod fmt;
mod hostile;
mod init_ci;
mod input;
mod interrupt;
mod making;
mod new;
#[cfg(feature = "http")]
pub mod login;
mod recorded;
#[cfg(feature = "repl")]
mod repl;
#[cfg(all(feature = "repl", target_os = "linux"))]
mod repl_terminal;
mod run;
mod sandbox;
mod seeds;
mod settings;
mod snapshot;
mod terminal;
mod test;
mod watch;

use std::io::Write as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

/// What a command left behind.
pub struct Done {
    pub code: i32,
    pub stdout: String,
    /// With times, durations and ids of runs covered, so that it is the same each time.
    pub stderr: String,
}

/// A folder with files in it, in which `flow` is called.
pub struct Folder(TempDir);

impl Folder {
    /// A folder with one program, `main.flow`.
    pub fn with(program: &str) -> Self {
        let folder = Self(TempDir::new().expect("a folder for a test"));
        folder.write("main.flow", program.as_bytes());
        folder
    }

    pub fn write(&self, name: &str, bytes: &[u8]) {
        std::fs::write(self.path().join(name), bytes).expect("a file for a test");
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_flow"));
        command
            .args(args)
            .current_dir(self.path())
            .env_clear()
            .env("USER", "tester")
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Calls `flow` with these arguments and waits for its end.
    pub fn flow(&self, args: &[&str]) -> Done {
        let output = self.command(args).output().expect("the binary starts");
        done(output)
    }

    /// The same, in a folder of this one.
    pub fn flow_at(&self, folder: &str, args: &[&str]) -> Done {
        let output = self.command(args).current_dir(self.path().join(folder)).output().expect("the binary starts");
        done(output)
    }

    /// The same, in an environment with these variables.
    pub fn flow_in(&self, environment: &[(&str, &str)], args: &[&str]) -> Done {
        let output = self.command(args).envs(environment.iter().copied()).output().expect("the binary starts");
        done(output)
    }

    /// The same, with something on stdin.
    pub fn flow_fed(&self, stdin: &[u8], args: &[&str]) -> Done {
        let mut child = self.command(args).stdin(Stdio::piped()).spawn().expect("the binary starts");
        child.stdin.take().expect("it was asked for").write_all(stdin).expect("it reads its input");
        done(child.wait_with_output().expect("it ends"))
    }

    /// Both.
    #[cfg(feature = "repl")]
    pub fn flow_in_fed(&self, environment: &[(&str, &str)], stdin: &[u8], args: &[&str]) -> Done {
        let mut command = self.command(args);
        let mut child =
            command.envs(environment.iter().copied()).stdin(Stdio::piped()).spawn().expect("the binary starts");
        child.stdin.take().expect("it was asked for").write_all(stdin).expect("it reads its input");
        done(child.wait_with_output().expect("it ends"))
    }

    /// Starts `flow` and does not wait.
    pub fn start(&self, args: &[&str]) -> Child {
        self.command(args).spawn().expect("the binary starts")
    }
}

/// What a process left behind.
pub fn done(output: std::process::Output) -> Done {
    Done {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8(output.stdout).expect("stdout is UTF-8"),
        stderr: covered(&String::from_utf8(output.stderr).expect("stderr is UTF-8")),
    }
}

/// A text with `TIME`, `TOOK` and `RUN` for what differs from run to run.
fn covered(text: &str) -> String {
    text.lines().map(|line| format!("{}\n", covered_line(line))).collect()
}

fn covered_line(line: &str) -> String {
    let words = line.split(' ').map(|word| {
        let bare = word.trim_matches(|c: char| matches!(c, '(' | ')' | ','));
        let is_time = bare.len() == 8
            && bare.bytes().enumerate().all(|(at, byte)| match at {
                2 | 5 => byte == b':',
                _ => byte.is_ascii_digit(),
            });
        let is_run = bare.len() == 36 && bare.bytes().filter(|byte| *byte == b'-').count() == 4;
        let (number, unit) = bare.split_at(bare.find(|c: char| c.is_alphabetic()).unwrap_or(bare.len()));
        let is_length = matches!(unit, "ms" | "s") && !number.is_empty() && number.parse::<f64>().is_ok();
        match (is_time, is_run, is_length) {
            (true, ..) => word.replace(bare, "TIME"),
            (_, true, _) => word.replace(bare, "RUN"),
            (.., true) => word.replace(bare, "TOOK"),
            _ => word.to_owned(),
        }
    });
    words.collect::<Vec<_>>().join(" ")
}
