//! The real process: started, killed, started again, told to stop.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::json;

use super::{Client, PROGRAM, folder, runtime};

/// `flow serve` under way.
pub struct Process {
    child: Child,
    pub client: Client,
    said: std::process::ChildStderr,
}

pub const TOKEN: &str = "the-token-of-the-environment";

pub fn command(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_flow"));
    command.arg("serve").arg(folder).args(["--listen", "127.0.0.1:0"]).args(args);
    command.env_clear().stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

impl Process {
    pub fn start(folder: &Path, args: &[&str]) -> Self {
        Self::of(command(folder, args).env("FLOW_TOKEN", TOKEN))
    }

    pub fn of(command: &mut Command) -> Self {
        let mut child = command.spawn().expect("it starts");
        let (out, mut said) = (child.stdout.take().expect("stdout"), child.stderr.take().expect("stderr"));
        let mut line = String::new();
        BufReader::new(out).read_line(&mut line).expect("a line");
        let url = line.trim().strip_prefix("listening on ").map(str::to_owned);
        let url = url.unwrap_or_else(|| {
            panic!("it said `{line}` and {}", std::io::read_to_string(&mut said).unwrap_or_default())
        });
        Self { child, client: Client::new(&url, Some(TOKEN)), said }
    }

    /// Ends it as a crash does.
    pub fn kill(mut self) {
        self.child.kill().expect("it lives");
        self.child.wait().expect("it ends");
    }

    /// Asks it to end: its exit code, and what it said.
    pub fn terminate(mut self) -> (Option<i32>, String) {
        let pid = self.child.id().to_string();
        Command::new("kill").args(["-TERM", &pid]).status().expect("there is a `kill`");
        let code = self.child.wait().expect("it ends").code();
        let mut said = String::new();
        self.said.read_to_string(&mut said).expect("it is text");
        (code, said)
    }
}

impl Drop for Process {
    /// A test that fails leaves no server behind.
    fn drop(&mut self) {
        // One that has ended needs no end.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn what_was_accepted_outlives_the_process() {
    let folder = folder(&[("main.flow", PROGRAM)]);
    let runtime = runtime();
    let first = Process::start(folder.path(), &[]);
    let (done, open) = runtime.block_on(async {
        let done = first.client.post("/v1/workflows/greet/runs?wait=20s", json!({ "name": "Ada" })).await;
        let open = first.client.post("/v1/workflows/patient/runs", json!({})).await;
        assert_eq!((done.status.as_u16(), open.status.as_u16()), (201, 201));
        (
            format!("/v1/runs/{}", done.json["id"].as_str().expect("id")),
            open.json["id"].as_str().expect("id").to_owned(),
        )
    });
    first.kill();
    let second = Process::start(folder.path(), &[]);
    runtime.block_on(async {
        let client = &second.client;
        assert_eq!(client.get(&done).await.json["output"]["text"], "hello Ada");
        assert_eq!(client.post(&format!("/v1/runs/{open}/signals/go"), json!(3)).await.status, 200);
        let run = client.until(&format!("/v1/runs/{open}"), |run| run["status"] == "completed").await;
        assert_eq!(run["output"], json!({ "sent": 3 }));
    });
    let (code, _) = second.terminate();
    assert_eq!(code, Some(0));
}

#[test]
fn without_tokens_only_programs_of_this_machine_are_answered() {
    let folder = folder(&[("main.flow", PROGRAM)]);
    let process = Process::start(folder.path(), &["--no-auth"]);
    let answer = |name: &'static str, value: &'static str| {
        let request = process.client.request(reqwest::Method::GET, "/v1/runs").header(name, value);
        runtime().block_on(async { request.send().await.expect("an answer").status().as_u16() })
    };
    for foreign in ["http://evil.example", "null", "http://127.0.0.1.evil.example", "http://localhost@evil.example"] {
        assert_eq!(answer("origin", foreign), 403, "a page of {foreign}");
    }
    assert_eq!(answer("host", "evil.example:18130"), 403, "another name of this machine");
    for own in ["http://127.0.0.1:8080", "http://localhost", "http://[::1]:3000"] {
        assert_eq!(answer("origin", own), 200, "a page of {own}");
    }
    process.kill();
}

/// What `flow` says of the server that works on the data of this folder.
fn asked(folder: &Path, args: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_flow"));
    let command = command.args(args).arg("--data").arg(folder.join(".flow")).env_clear().stdin(Stdio::null());
    let done = command.output().expect("it ends");
    assert!(done.status.success(), "{args:?}: {}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).expect("it is text")
}

#[test]
fn how_long_a_run_takes_is_told_by_the_clock_of_its_server() {
    let folder = folder(&[("main.flow", "workflow nap { wait 30d }")]);
    let process = Process::start(folder.path(), &["--clock", "virtual"]);
    let run = runtime().block_on(async {
        let started = process.client.post("/v1/workflows/nap/runs", json!({})).await;
        let moved = process.client.post("/v1/clock/advance", json!({ "by": "27h" })).await;
        assert_eq!(moved.status, 200, "{moved:?}");
        started.json["id"].as_str().expect("an id").to_owned()
    });
    assert!(asked(folder.path(), &["runs"]).contains(" 1d3h"), "{}", asked(folder.path(), &["runs"]));
    let shown = asked(folder.path(), &["show", &run]);
    assert!(shown.contains("1d3h"), "{shown}");
    process.kill();
}

/// How much memory a process has, in MiB.
#[cfg(target_os = "linux")]
fn memory(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("it runs");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("it has memory");
    line.trim().trim_end_matches(" kB").parse::<u64>().expect("a number") / 1_024
}

#[cfg(target_os = "linux")]
#[test]
fn a_client_that_takes_nothing_costs_next_to_no_memory() {
    use std::io::Write as _;

    let folder = folder(&[("main.flow", PROGRAM)]);
    let process = Process::start(folder.path(), &[]);
    let client = &process.client;
    let address = client.url.strip_prefix("http://").expect("it is HTTP");
    let name = "x".repeat(1_000_000);
    let start = async || client.post("/v1/workflows/greet/runs?wait=20s", json!({ "name": name })).await.json;
    let runtime = runtime();
    runtime.block_on(async {
        for _ in 0..40 {
            start().await;
        }
    });
    let before = memory(process.child.id());
    let head = format!("GET /v1/stream?from=0 HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {TOKEN}\r\n\r\n");
    let deaf: Vec<_> = (0..10)
        .map(|_| {
            let mut deaf = std::net::TcpStream::connect(address).expect("it listens");
            deaf.write_all(head.as_bytes()).expect("it is sent");
            deaf
        })
        .collect();
    let mut most = 0;
    runtime.block_on(async {
        for _ in 0..20 {
            start().await;
            most = most.max(memory(process.child.id()));
        }
    });
    // The journal holds 120 MB, and each of them has asked for all of it.
    assert!(most < before + 300, "{before} MiB before, {most} MiB with ten of them");
    drop(deaf);
    process.kill();
}

#[test]
fn bounds_of_nothing_are_refused() {
    for bound in ["--connections", "--rate"] {
        let folder = folder(&[("main.flow", PROGRAM)]);
        let refused = command(folder.path(), &[bound, "0"]).output().expect("it ends");
        assert_eq!(refused.status.code(), Some(2), "{refused:?}");
        assert!(String::from_utf8_lossy(&refused.stderr).contains(bound), "{refused:?}");
    }
}

/// How often the threads of a process have gone to sleep and been woken.
#[cfg(target_os = "linux")]
fn wakes(process: &Process) -> u64 {
    let tasks = std::fs::read_dir(format!("/proc/{}/task", process.child.id())).expect("it lives");
    let status = tasks.filter_map(|task| std::fs::read_to_string(task.ok()?.path().join("status")).ok());
    let switches = |status: String| -> Option<u64> {
        let line = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
        line?.trim().parse().ok()
    };
    status.filter_map(switches).sum()
}

#[cfg(target_os = "linux")]
#[test]
fn a_server_with_nothing_to_do_rests() {
    let program = r#"workflow inbox { trigger file "inbox/*.csv" { on created, input: {} }, output { ok: true } }"#;
    let folder = folder(&[("main.flow", program)]);
    std::fs::create_dir(folder.path().join("inbox")).expect("a folder");
    std::fs::write(folder.path().join("inbox/one.csv"), "a,b").expect("a file");
    let process = Process::start(folder.path(), &[]);
    let runs = "/v1/runs?workflow=inbox";
    runtime().block_on(process.client.until(runs, |page| page["runs"][0]["status"] == "completed"));
    let before = wakes(&process);
    std::thread::sleep(std::time::Duration::from_millis(700));
    let wakes = wakes(&process) - before;
    assert!(wakes < 200, "it looks again and again at what has not changed: {wakes} times");
    process.kill();
}

#[test]
fn one_server_works_on_one_data_directory_and_leaves_word_where_it_is() {
    let folder = folder(&[("main.flow", PROGRAM)]);
    let data = folder.path().join("elsewhere");
    let data = data.to_str().expect("it is text");
    let first = Process::start(folder.path(), &["--data", data]);
    let word: serde_json::Value =
        serde_json::from_slice(&std::fs::read(format!("{data}/server.json")).expect("it left word")).expect("JSON");
    assert_eq!((&word["url"], &word["pid"]), (&json!(first.client.url), &json!(first.child.id())));
    let own = first.client.with(word["token"].as_str());
    assert_eq!(runtime().block_on(own.get("/v1/runs")).status, 200, "whoever owns the data is let in");
    let second = command(folder.path(), &["--data", data]).output().expect("it starts");
    assert_eq!(second.status.code(), Some(2));
    let said = String::from_utf8(second.stderr).expect("text");
    let pid = first.child.id();
    let in_use = format!("error: the data directory `{data}` is in use by the process {pid}\n");
    assert!(said.starts_with(&in_use) && said.contains("hint: stop that process first"), "{said}");
    let (code, _) = first.terminate();
    assert_eq!(code, Some(0));
    assert!(!Path::new(data).join("server.json").exists(), "nobody is sent to a server that has gone");
}

#[test]
fn a_directory_that_is_not_there_is_not_made() {
    let folder = folder(&[]);
    let nowhere = folder.path().join("nowhere");
    let done = command(&nowhere, &[]).output().expect("it starts");
    let said = String::from_utf8(done.stderr).expect("text");
    assert_eq!(done.status.code(), Some(2));
    assert!(said.contains("the directory cannot be read: there is none of this name"), "{said}");
    assert!(!nowhere.exists(), "nothing is left behind");
}

#[test]
fn the_token_of_the_admin_is_shown_once() {
    let folder = folder(&[("main.flow", PROGRAM)]);
    let start = || Process::of(&mut command(folder.path(), &[]));
    let first = start();
    let mut lines = String::new();
    let (client, runtime) = (first.client.clone(), runtime());
    assert_eq!(runtime.block_on(client.get("/v1/runs")).status, 401);
    let (_, said) = first.terminate();
    lines.push_str(&said);
    let token = lines.lines().map(str::trim).find(|line| line.starts_with("flow_")).expect("it is shown").to_owned();
    let second = start();
    let holder = second.client.with(Some(&token));
    assert_eq!(runtime.block_on(holder.get("/v1/runs")).status, 200);
    let (_, said) = second.terminate();
    assert!(!said.contains("flow_"), "{said}");
}

#[test]
fn tokens_are_made_and_revoked_while_the_server_runs() {
    let folder = folder(&[("main.flow", PROGRAM)]);
    let served = Process::start(folder.path(), &[]);
    let token = |args: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_flow"));
        let done =
            command.arg("token").args(args).arg("--data").arg(folder.path().join(".flow")).output().expect("it runs");
        assert!(done.status.success(), "{done:?}");
        String::from_utf8(done.stdout).expect("text").trim().to_owned()
    };
    let secret = token(&["new", "--role", "operator", "--workflow", "greet"]);
    let (holder, runtime) = (served.client.with(Some(&secret)), runtime());
    let start = |workflow: &str| {
        let path = format!("/v1/workflows/{workflow}/runs");
        runtime.block_on(holder.post(&path, json!({ "name": "Ada" }))).status.as_u16()
    };
    assert_eq!((start("greet"), start("patient")), (201, 403));
    let list = token(&["list"]);
    assert!(list.contains("operator") && list.ends_with("greet"), "{list}");
    token(&["revoke", list.split(' ').next().expect("an id")]);
    assert_eq!(start("greet"), 401);
    served.terminate();
}

#[test]
fn what_is_wrong_is_said_before_anything_is_served() {
    let wrong = folder(&[("main.flow", "workflow a { output { n: nobody } }")]);
    let done = command(wrong.path(), &[]).output().expect("it starts");
    assert_eq!(done.status.code(), Some(2));
    let said = String::from_utf8(done.stderr).expect("text");
    assert!(said.contains("main.flow:1:26: error[F0201]"), "{said}");
    let right = folder(&[("main.flow", PROGRAM)]);
    let open = Command::new(env!("CARGO_BIN_EXE_flow"))
        .arg("serve")
        .arg(right.path())
        .args(["--no-auth", "--listen", "0.0.0.0:0"])
        .output()
        .expect("it starts");
    assert_eq!(open.status.code(), Some(2));
    let said = String::from_utf8(open.stderr).expect("text");
    assert!(said.contains("`--no-auth` lets everybody do everything, and 0.0.0.0:0 can be reached"), "{said}");
    let served = Process::of(&mut command(right.path(), &["--no-auth"]));
    assert_eq!(runtime().block_on(served.client.with(None).get("/v1/runs")).status, 200);
    served.kill();
}

#[test]
fn the_log_is_one_object_a_line_where_it_is_asked_for() {
    let program = "workflow tell { step said = log.warn { message: \"look out\" } output { n: 1 } }";
    let folder = folder(&[("main.flow", program)]);
    let served = Process::start(folder.path(), &["--log", "json"]);
    let done = runtime().block_on(served.client.post("/v1/workflows/tell/runs?wait=20s", json!({})));
    assert_eq!(done.json["status"], "completed", "{done:?}");
    let (_, said) = served.terminate();
    let lines: Vec<serde_json::Value> =
        said.lines().map(|line| serde_json::from_str(line).expect("an object")).collect();
    let line = lines.iter().find(|line| line["fields"]["message"] == "look out").expect("it is there");
    assert_eq!((&line["level"], &line["fields"]["run"]), (&json!("WARN"), &done.json["id"]));
}

#[test]
fn a_virtual_clock_does_not_go_back_when_the_server_is_started_again() {
    let folder = folder(&[("main.flow", PROGRAM)]);
    let runtime = runtime();
    let first = Process::start(folder.path(), &["--clock", "virtual"]);
    let moved = runtime.block_on(async {
        let moved = first.client.post("/v1/clock/advance", json!({ "by": "3d" })).await.json["now"].clone();
        first.client.post("/v1/workflows/greet/runs?wait=20s", json!({ "name": "Ada" })).await;
        moved
    });
    first.kill();
    let second = Process::start(folder.path(), &["--clock", "virtual"]);
    assert_eq!(runtime.block_on(second.client.get("/v1/clock")).json["now"], moved);
    second.kill();
}

#[test]
fn what_is_under_way_ends_before_the_process_does() {
    let program = r#"
        connector slow {
            config { base_url: url }
            once operation stamp() -> { } { POST "/stamp" }
        }
        workflow stamps {
            for page in 1..=1000 { step done = slow.stamp {} }
            output { done: true }
        }
    "#;
    let runtime = runtime();
    let folder = folder(&[("main.flow", program)]);
    // A far side that takes its time.
    let far = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = far.local_addr().expect("an address");
    let (asked, asking) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        use std::io::Write as _;
        for stream in far.incoming() {
            let mut stream = stream.expect("a connection");
            let mut head = [0; 4096];
            while stream.read(&mut head).is_ok_and(|read| read > 0) {
                let _ = asked.send(());
                std::thread::sleep(std::time::Duration::from_millis(300));
                if stream
                    .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-type: application/json\r\n\r\n{}")
                    .is_err()
                {
                    break;
                }
            }
        }
    });
    let set = format!("connectors.slow.base_url=http://{address}");
    let first = Process::start(folder.path(), &["--set", &set]);
    let started = runtime.block_on(first.client.post("/v1/workflows/stamps/runs", json!({})));
    let run = format!("/v1/runs/{}", started.json["id"].as_str().expect("an id"));
    asking.recv().expect("it is asked");
    let (code, said) = first.terminate();
    assert_eq!(code, Some(0), "{said}");
    let second = Process::start(folder.path(), &["--set", &set]);
    runtime.block_on(async {
        let events = second.client.get(&format!("{run}/events")).await.json;
        let events = events["events"].as_array().expect("events").clone();
        let count = |what: &str| events.iter().filter(|event| event["event"] == what).count();
        assert_eq!(count("interrupted"), 0, "nothing was torn off");
        assert!(count("answered") >= 1, "{events:?}");
        let standing = second.client.get(&run).await.json;
        assert_eq!(standing["ended_at"], json!(null), "it goes on");
    });
    second.kill();
}

/// A server that may make no file larger than so many blocks of 512 bytes: its disk is full, until it is given more.
#[cfg(target_os = "linux")]
fn on_a_small_disk(folder: &Path) -> Process {
    let mut command = Command::new("sh");
    command.args(["-c", r#"ulimit -S -f 512; trap "" XFSZ; exec "$0" "$@""#, env!("CARGO_BIN_EXE_flow"), "serve"]);
    command.arg(folder).args(["--listen", "127.0.0.1:0"]).env("FLOW_TOKEN", TOKEN);
    Process::of(command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()))
}

/// Starts runs until the disk is full: those that were accepted.
#[cfg(target_os = "linux")]
async fn fill(client: &Client) -> Vec<String> {
    let mut accepted = Vec::new();
    loop {
        let name = "x".repeat(10_000);
        let answer = client.post("/v1/workflows/greet/runs", json!({ "name": name })).await;
        match answer.status.as_u16() {
            201 => accepted.push(answer.json["id"].as_str().expect("an id").to_owned()),
            _ => {
                // It was on its way when the disk became full, or came after that.
                let said = answer.problem(503);
                assert!(["may be accepted yet", "nothing was accepted"].iter().any(|it| said.contains(it)), "{said}");
                return accepted;
            }
        }
    }
}

#[cfg(target_os = "linux")]
#[test]
fn while_the_disk_is_full_nothing_is_accepted_and_nobody_waits() {
    let folder = folder(&[("main.flow", PROGRAM)]);
    let server = on_a_small_disk(folder.path());
    runtime().block_on(async {
        let client = &server.client;
        let accepted = fill(client).await;
        assert_eq!(client.get("/healthz").await.status, 200);
        client.get("/readyz").await.problem(503);
        let refused = client.post("/v1/workflows/greet/runs", json!({ "name": "Ada" })).await;
        assert!(refused.problem(503).contains("nothing was accepted"), "{refused:?}");
        assert_eq!(refused.header("retry-after"), "1");
        let pid = server.child.id().to_string();
        let more = Command::new("prlimit").args(["--pid", &pid, "--fsize=unlimited"]).status();
        assert!(more.is_ok_and(|status| status.success()), "`prlimit` gives it room");
        client.until("/readyz", |ready| ready["status"] == "ok").await;
        for run in accepted {
            client.until(&format!("/v1/runs/{run}"), |run| run["status"] == "completed").await;
        }
        let named = client.get("/v1/runs?input.name=Ada").await.json;
        assert_eq!(named["runs"], json!([]), "what was refused was not accepted");
    });
    assert_eq!(server.terminate().0, Some(0));
}

#[cfg(target_os = "linux")]
#[test]
fn a_server_with_a_full_disk_ends_when_it_is_told_to() {
    let folder = folder(&[("main.flow", PROGRAM)]);
    let server = on_a_small_disk(folder.path());
    runtime().block_on(fill(&server.client));
    let (code, said) = server.terminate();
    assert_eq!(code, Some(2));
    assert!(said.contains("not all that happened is on disk") && said.contains("make room"), "{said}");
}
