//! The program as a process of its own: W1 and W6.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::table::{alone, folder, thousands};

pub fn cold_start() {
    let folder = folder();
    let text = "workflow one {\n    step greet = script { \"hello\" }\n    output { said: greet }\n}\n";
    std::fs::write(folder.path().join("one.flow"), text).expect("the program is written");
    let mut number = 0;
    let mut run = || {
        number += 1;
        Command::new(env!("CARGO_BIN_EXE_flow"))
            .args(["run", "one.flow", "--data", &format!("data{number}")])
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("it starts")
    };
    let mut times: Vec<_> = (0..15)
        .map(|_| {
            let start = Instant::now();
            assert!(run().wait().expect("it ends").success());
            start.elapsed()
        })
        .collect();
    times.sort();
    let wall = times[times.len() / 2].as_secs_f64() * 1e3;
    alone("W1 `flow run --data` of a one-step program, whole process", &format!("{wall:.1} ms"), "20 ms");
    let peaks = (0..15).map(|_| peak(run()));
    let peaks = peaks.fold([0f64; 2], |most, peak| [most[0].max(peak[0]), most[1].max(peak[1])]);
    let [most, own] = peaks.map(|kilobytes| kilobytes / 1024.0);
    alone(
        "W1 memory of that process, at its peak",
        &format!("{most:.1} MiB, of which its own: {own:.1} MiB"),
        "16 MiB",
    );
}

/// How much memory a process had at its peak, in kilobytes, and how much of it was its own and not pages of the program's file,
/// which processes share. It is looked at again and again until it has ended.
pub fn peak(mut child: Child) -> [f64; 2] {
    let [mut most, mut own] = [0f64; 2];
    loop {
        let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
        // Before it is the program it shows the memory of this one.
        if status.starts_with("Name:\tflow\n") {
            let line = |name: &str| status.lines().find_map(|line| line.strip_prefix(name));
            let kilobytes = |name| line(name).and_then(|line| line.trim().trim_end_matches(" kB").parse().ok());
            most = most.max(kilobytes("VmHWM:").unwrap_or_default());
            own = own.max(kilobytes("RssAnon:").unwrap_or_default());
        }
        if child.try_wait().expect("it is there").is_some() {
            return [most, own];
        }
        std::thread::sleep(Duration::from_micros(200));
    }
}

/// Starts over HTTP, of a server in a process of its own: connections stay open, each start is answered when it is on disk.
pub fn served() {
    const CONNECTIONS: usize = 64;
    const EACH: usize = 157;
    let folder = folder();
    std::fs::write(folder.path().join("bench.flow"), "workflow bench { output { done: true } }").expect("a program");
    let mut server = Command::new(env!("CARGO_BIN_EXE_flow"))
        .args(["serve", ".", "--listen", "127.0.0.1:0", "--no-auth", "--rate", "1000000", "--data", "data"])
        .current_dir(folder.path())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the server starts");
    let mut said = String::new();
    let out = server.stdout.take().expect("it was asked for");
    BufReader::new(out).read_line(&mut said).expect("it says where it listens");
    let address = said.trim().rsplit('/').next().unwrap_or_default().to_owned();
    let start = Instant::now();
    let clients: Vec<_> = (0..CONNECTIONS)
        .map(|_| {
            let address = address.clone();
            std::thread::spawn(move || client(&address, EACH))
        })
        .collect();
    let mut latencies: Vec<Duration> = clients.into_iter().flat_map(|client| client.join().expect("it ends")).collect();
    let per_second = latencies.len() as f64 / start.elapsed().as_secs_f64();
    server.kill().expect("it is there");
    server.wait().expect("it ends");
    latencies.sort();
    let at = |share: usize| latencies[latencies.len() * share / 100].as_secs_f64() * 1e3;
    let what =
        format!("W6 10,000 starts over HTTP from 64 connections (a start: p50 {:.1} ms, p99 {:.1} ms)", at(50), at(99));
    alone(&what, &thousands(per_second), "5 k/s");
}

/// Starts so many runs over one connection; how long each took.
fn client(address: &str, count: usize) -> Vec<Duration> {
    let stream = TcpStream::connect(address).expect("it listens");
    stream.set_nodelay(true).expect("it is set");
    let mut answers = BufReader::new(stream.try_clone().expect("it can be read"));
    let mut stream = stream;
    let request = format!(
        "POST /v1/workflows/bench/runs HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{{}}"
    );
    let mut latencies = Vec::with_capacity(count);
    for _ in 0..count {
        let start = Instant::now();
        stream.write_all(request.as_bytes()).expect("it is sent");
        let (mut line, mut status, mut length) = (String::new(), String::new(), 0);
        while answers.read_line(&mut line).expect("it answers") > 2 {
            if status.is_empty() {
                status.clone_from(&line);
            }
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().expect("a length");
            }
            line.clear();
        }
        let mut body = vec![0; length];
        answers.read_exact(&mut body).expect("the answer is whole");
        assert!(status.contains(" 201 "), "{status}{}", String::from_utf8_lossy(&body));
        latencies.push(start.elapsed());
    }
    latencies
}
