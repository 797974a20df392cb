//! The server by its door: real HTTP on a real socket, with a store in a file.

mod clock;
mod covered;
mod deployment;
mod documented;
mod failures;
mod figures;
mod forks;
mod hook;
mod killed;
mod limits;
mod problems;
mod outputs;
mod questions;
pub mod process;
mod programs;
mod runs;
mod secrets;
mod steps;
mod stream;
mod tokens;
mod traces;
mod trigger;
mod triggered;

use std::path::Path;
use std::sync::Arc;

use orchestra_flow::host::Site;
use orchestra_flow::host::clock::VirtualClock;
use orchestra_flow::serve::{self, Limits, Role, Server, Socket, Tokens, listen};
use orchestra_flow::store::Sqlite;
use orchestra_flow::{Builder, Program};
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde_json::{Value as Json, json};
use tempfile::TempDir;

/// What most tests serve.
const PROGRAM: &str = r#"
/// Says hello.
workflow greet "Greeting" {
    input { name: string, times: int = 1 }
    tags ["kind", "short"]
    output { text: "hello " + input.name, times: input.times }
}

workflow patient {
    step sent: int = wait signal "go"
    output { sent: sent }
}

workflow approval {
    step ok: { approve: bool } = ask role "boss" { question: "Pay?" }
    output { approve: ok.approve, by: steps.ok.by.name }
}

workflow paid {
    step event_ = wait event "payment" { where event.order == 7 }
    output { cents: int = event_.cents }
}

workflow stuck {
    step job = sequence { fail conflict "taken" } with { on conflict park }
    output { job: job }
}

workflow broken {
    fail out_of_cheese "there is none"
}
"#;

/// The secret of the owner's token.
const OWNER: &str = "owner-of-the-tests";

/// A runtime as the server has one.
pub fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .thread_stack_size(orchestra_flow::base::limit::STACK_BYTES)
        .enable_all()
        .build()
        .expect("a runtime")
}

/// A folder with these programs.
fn folder(programs: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, text) in programs {
        std::fs::write(folder.path().join(name), text).expect("a program");
    }
    folder
}

/// A client of one server, with one token.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    url: String,
    token: Option<String>,
}

impl Client {
    fn new(url: &str, token: Option<&str>) -> Self {
        // The first one counts for all.
        let _ = rustls::crypto::ring::default_provider().install_default();
        Self { http: reqwest::Client::new(), url: url.to_owned(), token: token.map(str::to_owned) }
    }

    /// The same server, asked with another token or none.
    fn with(&self, token: Option<&str>) -> Self {
        Self { token: token.map(str::to_owned), ..self.clone() }
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.url));
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    pub async fn get(&self, path: &str) -> Answer {
        Answer::of(self.request(Method::GET, path).send().await.expect("an answer")).await
    }

    async fn post(&self, path: &str, body: Json) -> Answer {
        Answer::of(self.request(Method::POST, path).json(&body).send().await.expect("an answer")).await
    }

    /// Looks at something until it is as wanted.
    async fn until(&self, path: &str, wanted: impl Fn(&Json) -> bool) -> Json {
        let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(20);
        loop {
            let answer = self.get(path).await;
            if wanted(&answer.json) {
                return answer.json;
            }
            assert!(tokio::time::Instant::now() < deadline, "{path} stays {}", answer.json);
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    }
}

/// What was answered.
#[derive(Debug)]
pub struct Answer {
    status: StatusCode,
    headers: reqwest::header::HeaderMap,
    pub json: Json,
}

impl Answer {
    async fn of(response: Response) -> Self {
        let (status, headers) = (response.status(), response.headers().clone());
        let text = response.text().await.expect("a body");
        Self { status, headers, json: serde_json::from_str(&text).unwrap_or(Json::String(text)) }
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("it is text"))
    }

    /// Checks that this is a problem document of this status, and gives its detail.
    fn problem(&self, status: u16) -> &str {
        assert_eq!(self.status.as_u16(), status, "{self:?}");
        assert_eq!(self.header("content-type"), "application/problem+json", "{self:?}");
        assert_eq!(self.json["status"], json!(status), "{self:?}");
        assert!(self.json["type"].is_string() && self.json["title"].is_string(), "{self:?}");
        self.json["detail"].as_str().expect("a detail")
    }
}

/// A server in this process, on a port of its own.
struct Served {
    server: Server,
    client: Client,
    listening: tokio::task::JoinHandle<()>,
}

impl Served {
    async fn start(folder: &Path) -> Self {
        Self::start_within(folder, Limits::default()).await
    }

    async fn start_within(folder: &Path, limits: Limits) -> Self {
        Self::start_with(folder, limits, None).await
    }

    async fn start_with(folder: &Path, limits: Limits, clock: Option<VirtualClock>) -> Self {
        let program = Program::from_directory(folder).expect("the programs are right");
        let data = folder.join("data");
        let store = Arc::new(Sqlite::open(&data).expect("a store"));
        let mut builder = Builder::new(program).journal(store).people_answer_later();
        if let Some(clock) = clock.clone() {
            builder = builder.clock(clock);
        }
        let engine = builder.build().expect("an engine");
        engine.recover().await.expect("it recovers");
        let tokens = Tokens::open(&data).expect("tokens").with_owner("owner", OWNER);
        let site = Site::fixed(engine);
        site.listen().await.expect("what starts runs is right");
        let mut server = serve::Builder::new(site).tokens(tokens).limits(limits);
        if let Some(clock) = clock {
            server = server.clock(clock);
        }
        let server = server.build();
        let socket = Socket::bind(([127, 0, 0, 1], 0).into()).await.expect("a port");
        let client = Client::new(&format!("http://{}", socket.address()), Some(OWNER));
        let (listening, router) = (server.clone(), server.router());
        let listening = tokio::spawn(async move { listen(socket, &listening, router).await });
        Self { server, client, listening }
    }

    /// Makes a token, as another process would.
    fn token(folder: &Path, role: Role, workflows: Option<&[&str]>) -> (String, String) {
        let tokens = Tokens::open(&folder.join("data")).expect("tokens");
        let workflows = workflows.map(|names| names.iter().map(|name| Arc::from(*name)).collect());
        let (secret, token) = tokens.make(role, workflows, orchestra_flow::base::time::Timestamp::now()).expect("one");
        (secret, token.id.to_string())
    }

    /// Stops it, and waits until the last answer is out.
    async fn stop(self) {
        self.server.stop();
        self.listening.await.expect("it ends in order");
    }
}

/// Serves [`PROGRAM`] for one test.
fn served(test: impl AsyncFnOnce(&Client, &Path)) {
    let folder = folder(&[("main.flow", PROGRAM)]);
    runtime().block_on(async {
        let served = Served::start(folder.path()).await;
        test(&served.client, folder.path()).await;
        served.stop().await;
    });
}
