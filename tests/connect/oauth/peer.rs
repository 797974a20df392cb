//! The authorization server of `server.mjs`.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use crate::cli::authority::browse;

/// The server; it ends with the test.
pub struct Peer {
    process: Child,
    /// `http://HOST:PORT`.
    pub base: String,
}

impl Peer {
    /// Starts it; its tokens are good for `seconds`. `None` where it is not installed.
    pub fn start(seconds: u32) -> Option<Self> {
        let Some(modules) = std::env::var_os("FLOW_TEST_OAUTH") else {
            println!(
                "SKIPPED: FLOW_TEST_OAUTH names no directory with oidc-provider, so `auth oauth2` was not tried against it \
                 (npm install oidc-provider@9.13.3, then its node_modules)"
            );
            return None;
        };
        let here = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/connect");
        let mut command = Command::new("node");
        command.arg(format!("{here}/oauth/server.mjs")).arg(modules).arg(format!("{here}/keys/service.pem"));
        command.arg(seconds.to_string()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut process = command.spawn().expect("node starts");
        let mut line = String::new();
        BufReader::new(process.stdout.take().expect("its output")).read_line(&mut line).expect("a line");
        let base = line.trim().to_owned();
        assert!(base.starts_with("http://"), "the server said no address: {base:?}");
        Some(Self { process, base })
    }

    /// Takes back everything that people agreed to.
    pub fn take_back(&self) {
        browse(&format!("{}/revoke", self.base));
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
