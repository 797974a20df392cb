//! Where a server is found: a file beside the data it works on, as long as it does. Only its owner can read it.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::token::write_private;

/// The file, in the data directory.
const FILE: &str = "server.json";

/// Where a server listens, and how whoever owns the data proves it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Beacon {
    /// Its address: `http://127.0.0.1:8080`
    pub url: String,
    /// Its process.
    pub pid: u32,
    /// A token of the role admin that ends with the process.
    pub token: Option<String>,
}

/// The file, as long as this value lives.
#[derive(Debug)]
pub struct Lit {
    file: PathBuf,
}

impl Beacon {
    /// A server of this process.
    pub fn new(address: SocketAddr, token: Option<String>) -> Self {
        Self { url: format!("http://{address}"), pid: std::process::id(), token }
    }

    /// Puts the file there.
    ///
    /// # Errors
    /// Those of the operating system.
    pub fn light(&self, data: &Path) -> std::io::Result<Lit> {
        let file = data.join(FILE);
        write_private(&file, &serde_json::to_vec_pretty(self)?)?;
        Ok(Lit { file })
    }

    /// The server that works on this data, if one left word. It may have been killed since.
    pub fn find(data: &Path) -> Option<Self> {
        serde_json::from_slice(&std::fs::read(data.join(FILE)).ok()?).ok()
    }
}

impl Drop for Lit {
    fn drop(&mut self) {
        // What is left behind is found to be out of date by whoever tries it.
        let _ = std::fs::remove_file(&self.file);
    }
}
