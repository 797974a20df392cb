//! A server that speaks MongoDB's protocol, and a way to it that can be cut.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use orchestra_flow::connect::databases::{CONNECTIONS, Database, Databases, Place};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// The server; it ends with the test.
pub struct Peer {
    process: Child,
    /// `HOST:PORT`.
    pub host: String,
}

impl Peer {
    /// Starts it; `None` where it is not installed.
    pub fn start() -> Option<Self> {
        let Some(program) = std::env::var_os("FLOW_TEST_MONGODB") else {
            println!(
                "SKIPPED: FLOW_TEST_MONGODB names no server, so `mongodb` was not tried \
                 (npm install @jongodb/memory-server-bin-linux-x64-gnu@0.1.6, then its bin/jongodb)"
            );
            return None;
        };
        let mut command = Command::new(program);
        command.args(["--host=127.0.0.1", "--port=0"]).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut process = command.spawn().expect("the server starts");
        let mut line = String::new();
        BufReader::new(process.stdout.take().expect("its output")).read_line(&mut line).expect("a line");
        let rest = line.trim().strip_prefix("JONGODB_URI=mongodb://").unwrap_or_else(|| panic!("{line}"));
        let host = rest.split('/').next().expect("a host").to_owned();
        Some(Self { process, host })
    }

    /// Ends it.
    pub fn stop(&mut self) {
        self.process.kill().expect("it ends");
        self.process.wait().expect("it ended");
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // It may have been stopped by the test.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The database `crm` at `host`, as settings name it.
pub fn crm(host: &str, rows_max: usize) -> Databases {
    let place = Place::read(&format!("mongodb://{host}/crm")).expect("an address");
    Databases::new([Database { name: "crm".into(), place, connections: CONNECTIONS, rows_max }])
}

/// A way to `host` that hands the first request with `word` over, and breaks before its answer. Gives its own address.
pub async fn cut_after(word: &'static [u8], host: &str) -> String {
    way(host, move |heard| heard.windows(word.len()).any(|at| at == word)).await
}

/// A way to `host`, and all that goes there.
pub async fn overheard(host: &str) -> (String, Arc<Mutex<Vec<u8>>>) {
    let heard = Arc::new(Mutex::new(Vec::new()));
    let all = heard.clone();
    let listens = move |part: &[u8]| {
        all.lock().expect("nobody broke it").extend_from_slice(part);
        false
    };
    (way(host, listens).await, heard)
}

/// A way to `host` that breaks, once, before the answer to what `is_last` of a request.
async fn way(host: &str, is_last: impl Fn(&[u8]) -> bool + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let own = listener.local_addr().expect("an address").to_string();
    let (host, cut, is_last) = (host.to_owned(), Arc::new(AtomicBool::new(false)), Arc::new(is_last));
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            tokio::spawn(pass(client, host.clone(), is_last.clone(), cut.clone()));
        }
    });
    own
}

async fn pass(mut client: TcpStream, host: String, is_last: Arc<impl Fn(&[u8]) -> bool>, cut: Arc<AtomicBool>) {
    let mut server = TcpStream::connect(host).await.expect("the server");
    let (mut asked, mut answered) = (vec![0; 65_536], vec![0; 65_536]);
    let mut breaks = false;
    loop {
        tokio::select! {
            read = client.read(&mut asked) => {
                let Some(read) = read.ok().filter(|read| *read > 0) else { return };
                breaks |= is_last(&asked[..read]) && !cut.swap(true, Ordering::Relaxed);
                server.write_all(&asked[..read]).await.expect("it takes it");
            }
            read = server.read(&mut answered) => {
                let Some(read) = read.ok().filter(|read| *read > 0) else { return };
                if breaks || client.write_all(&answered[..read]).await.is_err() {
                    return;
                }
            }
        }
    }
}
