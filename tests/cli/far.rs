//! A service on loopback that answers as a test says.

use std::io::Write as _;
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use super::authority::read;

/// A running service.
pub struct Far {
    pub base: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Far {
    /// Answers each request, given by its first line and the whole of its head, with a status and a body in JSON.
    pub fn start(answer: impl Fn(&str, &str) -> (u16, &'static str) + Send + 'static) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port on loopback");
        let base = format!("http://{}", listener.local_addr().expect("an address"));
        let asked: Arc<Mutex<Vec<String>>> = Arc::default();
        let own = asked.clone();
        std::thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let Some((head, body)) = read(&mut stream) else { continue };
                let line = head.lines().next().unwrap_or_default().trim_end_matches(" HTTP/1.1");
                let (status, said) = answer(line, &head);
                own.lock().expect("nobody panics with it").push(format!("{line} {body}").trim_end().to_owned());
                let _ = write!(
                    stream,
                    "HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{said}",
                    said.len()
                );
            }
        });
        Self { base, asked }
    }

    /// The first line and the body of each request so far.
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().expect("nobody panics with it").clone()
    }
}
