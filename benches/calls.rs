//! Figures of calls over HTTP, each beside a floor measured in the same run, and what the standard library costs at start.
//!
//! `cargo bench --bench calls` prints the table of `docs/benchmarks.md`. The server is a process of its own that only recognises
//! the end of a request and writes the same answer each time.

use std::env;
use std::hint::black_box;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use orchestra_flow::base::stack::with_room;
use orchestra_flow::base::status::Status;
use orchestra_flow::base::value::Value;
use orchestra_flow::lang::catalog::standard;
use orchestra_flow::lang::{self, NoFiles};
use orchestra_flow::{Builder, Program};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// Set for the process that only answers.
const ONLY_ANSWER: &str = "FLOW_BENCH_ONLY_ANSWER";
/// How many requests, and how many at once.
const CALLS: u32 = 10_000;
const AT_ONCE: usize = 64;
/// How often each is measured, by turns; the median counts.
const ROUNDS: usize = 7;
const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 31\r\n\r\n{\"id\":7,\"name\":\"Ada Lovelace\"}\n";

fn main() {
    if env::var_os(ONLY_ANSWER).is_some() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(answer());
        return;
    }
    let work = || {
        println!("| what | figure | floor | ratio | reach |");
        println!("|---|---|---|---|---|");
        requests();
        start();
    };
    with_room(true, work).expect("a thread can be started");
}

/// The other process, which ends with this one.
struct Server(Child, String);

impl Server {
    fn start() -> Self {
        let this = env::current_exe().expect("this program has a name");
        let mut child =
            Command::new(this).env(ONLY_ANSWER, "1").stdout(Stdio::piped()).spawn().expect("the server starts");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("it was asked for")).read_line(&mut line).expect("it says where");
        Self(child, line.trim().to_owned())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

async fn answer() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
    println!("http://{}/it", listener.local_addr().expect("an address"));
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(serve(stream));
    }
}

async fn serve(mut stream: TcpStream) {
    let _ = stream.set_nodelay(true);
    let mut asked = Vec::with_capacity(4096);
    while stream.read_buf(&mut asked).await.is_ok_and(|count| count > 0) {
        if asked.ends_with(b"\r\n\r\n") {
            asked.clear();
            if stream.write_all(ANSWER).await.is_err() {
                return;
            }
        }
    }
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

fn timed(work: impl FnOnce()) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}

fn requests() {
    let server = Server::start();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .thread_stack_size(orchestra_flow::base::limit::STACK_BYTES)
        .enable_all()
        .build()
        .expect("a runtime");
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::new();
    let floor = || runtime.block_on(bare(&client, &server.1));
    let text = format!(
        "workflow bench {{ input {{ url: url }}\n parallel for i in 0..{CALLS} max {AT_ONCE} {{ step page = http.get {{ url: input.url }} }} }}"
    );
    let program = Program::from_text("bench.flow", &text).map_err(|_| ()).expect("it compiles");
    let engine = Builder::new(program).set("http.allow_hosts=127.0.0.1").build().map_err(|_| ()).expect("it is set up");
    let steps = || {
        runtime.block_on(async {
            let running =
                engine.start("bench", &Value::map([("url", Value::from(&*server.1))])).await.expect("it starts");
            let summary = running.end().await;
            assert_eq!(summary.status, Status::Completed, "{:?}", summary.failure);
        });
    };
    // Once that is not counted: connections are made. Then by turns, so that a busy neighbour hits both.
    floor();
    steps();
    let (mut floors, mut times) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        floors.push(timed(floor));
        times.push(timed(steps));
    }
    let per_second = |time: Duration| f64::from(CALLS) / time.as_secs_f64();
    let (floor, time) = (per_second(median(floors)), per_second(median(times)));
    println!(
        "| {CALLS} GETs on loopback through a step, {AT_ONCE} at once | {:.1} k/s | a bare reqwest client: {:.1} k/s | {:.2} | at least 0.70 |",
        time / 1e3,
        floor / 1e3,
        time / floor
    );
}

/// The same requests by as many tasks, and nothing else; each body is read.
async fn bare(client: &reqwest::Client, url: &str) {
    let (next, url): (Arc<AtomicU32>, Arc<str>) = (Arc::default(), url.into());
    let tasks: Vec<_> = (0..AT_ONCE)
        .map(|_| {
            let (client, next, url) = (client.clone(), next.clone(), url.clone());
            tokio::spawn(async move {
                while next.fetch_add(1, Ordering::Relaxed) < CALLS {
                    let answer = client.get(&*url).send().await.expect("an answer");
                    black_box(answer.bytes().await.expect("a body"));
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.expect("it ends");
    }
}

/// What a program pays for the standard library that names one of its connectors.
fn start() {
    let text = "workflow one {\n    step told = slack.post_message { channel: \"C1\", text: \"hello\" }\n}\n";
    let none = "workflow one {\n    step told = script { \"hello\" }\n}\n";
    let own = format!("{}\n{}", standard::connector("slack").expect("it is there").text, text);
    let compile = |text: &str| {
        let compilation = lang::compile("bench.flow", text, &NoFiles);
        assert!(compilation.package.is_some(), "{:?}", compilation.diagnostics.first());
    };
    let figure = |text: &str| {
        compile(text);
        median((0..ROUNDS * 5).map(|_| timed(|| compile(text))).collect()).as_secs_f64() * 1e3
    };
    let (time, floor, least) = (figure(text), figure(&own), figure(none));
    let others = standard::CONNECTORS.len() - 1;
    println!(
        "| parse, check and plan a program that names one connector of the standard library, {others} others beside it | {time:.2} ms | \
         that connector written into the program, no library named: {floor:.2} ms | {:.2} | 1 |",
        time / floor
    );
    println!("| the same of a program that names none | {least:.2} ms | - | - | - |");
}
