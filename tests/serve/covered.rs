//! Secrets by the ways out that lead past the run's own answers: what a script throws, what a far side or the network says of a
//! request, the stream, traces, questions, forms, replies, the log at its lowest level, copies.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::StreamExt as _;
use serde_json::{Value as Json, json};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use super::process::{self, Process, command};
use super::secrets::{KEY, SESSION, TOKEN, ask_all, files_hold_none, flow, holds_none};
use super::traces::collect;
use super::{Client, folder, runtime};
use crate::connect::peer::{Peer, says};

/// Steps of one run each; whether the run ends well. `hid` is what a far side said that was told the token and says it again:
/// the check does not know that, as it knows of `input.token`.
const DOORS: [(&str, bool, &str); 28] = [
    ("thrown", false, r#"step x = script { throw "no: " + input.token }"#),
    ("thrown_itself", false, "step x = script { throw input.token }"),
    ("thrown_loud", false, r#"step x = script { throw "no: " + input.token.to_upper() }"#),
    ("thrown_paired", false, r#"step x = script { let pair = base64("user:" + input.token); throw "Basic " + pair }"#),
    (
        "thrown_fields",
        false,
        r#"step x = script { let loud = input.token.to_upper(); throw #{ type: "t_" + loud, message: "m", loud: loud } }"#,
    ),
    ("thrown_in_function", false, "step x = script { complain(input.token.to_upper()) }"),
    ("no_number", false, "step x = script { parse_int(input.token.to_upper()) }"),
    ("no_such_field", false, "step x = script { let m = #{ a: 1 }; m[input.token.to_upper()].b }"),
    ("no_such_key", false, r#"step x = script { hid.all[hid.said + "x"].b }"#),
    ("printed", true, r#"step x = script { print("it is " + input.token); print(input.token.to_upper()); 1 }"#),
    ("failed", false, r#"fail own_kind "it was ${hid.said}""#),
    ("refused", false, r#"step x = http.get { url: "${input.closed}/x?key=${url_encode(input.token)}" }"#),
    ("path", false, r#"step x = http.get { url: "${input.closed}/${url_encode(input.token)}/y" }"#),
    ("no_url", false, r#"step x = http.get { url: "nonsense ${input.token}" }"#),
    ("no_host", false, r#"step x = http.get { url: "http://${input.token}.invalid/" }"#),
    ("header", false, r#"step x = http.get { url: input.refusing, headers: { "X-Token": input.token + "\n" } }"#),
    (
        "answered",
        false,
        r#"step x = http.get { url: "${input.refusing}/a?t=${url_encode(input.token)}", headers: { a: input.token } }"#,
    ),
    ("keyed", true, r#"step x = other { key "k-${hid.said}" }"#),
    ("locked", true, r#"lock "l-${hid.said}" max 1 { step x = log.info { message: "in ${hid.said}" } }"#),
    ("asked", true, r#"step x = ask role "boss" { question: "Is ${hid.said} right?" }"#),
    ("listening", true, r#"step x = wait event "told" { where event.code == input.token }"#),
    ("emitting", true, r#"emit "told" { code: hid.said, told: "it is ${hid.said}" }"#),
    (
        "large",
        true,
        "step x = script { let t = input.token; for n in 0..15 { t = t + t; } #{ text: t, list: [t, 1] } }",
    ),
    (
        "looped",
        true,
        r#"for one in hid.all { step x = log.info { message: "${one.key} is ${one.value}", values: { v: one } } }"#,
    ),
    ("set", true, "set vars.held = hid.said\n    step x = script { #{ joined: vars.held } }"),
    ("kept", true, "set state.last = hid.said"),
    ("output", true, "output { t: hid.said, loud: hid.said.to_upper(), list: [hid.said], all: hid.all }"),
    ("settled", true, r#"step x = script { throw "no: " + input.token.to_upper() } with { on error skip }"#),
];

fn program(far: &Peer) -> String {
    let doors = DOORS.iter().map(|(name, _, body)| {
        let kept = if *name == "kept" { "\n    state { last: any = 1 }" } else { "" };
        format!(
            "workflow {name} {{
    input {{ token: secret, refusing: string, closed: string }}{kept}
    vars {{ held: any = 1 }}
    step hid = far.echo {{ token: input.token }}
    {body}
}}\n"
        )
    });
    let far = far.url("/");
    let others = format!(
        r#"
fn complain(what) {{ throw "I was given " + what }}

connector far {{
    config {{ base_url: url = "{far}", key: secret = secret("FAR_KEY") }}
    auth query "key" config.key
    read operation echo(token: secret) -> any {{
        GET "/echo" {{ query: {{ t: token }}, headers: {{ "X-Token": token }} }}
        output response.body
    }}
}}

workflow other {{ output 1 }}

workflow hooked {{
    trigger webhook "/hook" {{ verify token {{ key: secret("FAR_KEY"), header: "X-Token" }} }}
    input {{ pin: secret, n: int = 0 }}
    output 1
}}

workflow replied {{
    trigger api POST "/replied"
    input {{ pin: secret }}
    step hid = far.echo {{ token: input.pin }}
    reply 201 {{ headers: {{ "X-Pin": hid.said, "X-Said": "it is ${{hid.said}}" }}, body: hid }}
}}

workflow formed {{
    trigger form "/formed"
    input {{ pin: secret, both: {{ user: string, pin: secret }}, pins: list<secret>, age: int }}
    output 1
}}
"#
    );
    doors.chain([others]).collect()
}

/// A far side that says again what it was told.
async fn echo() -> Peer {
    let said = json!({ "said": TOKEN, "all": { "a": TOKEN, TOKEN: 1 } });
    Peer::new([says(200, &said.to_string())]).await
}

/// One that does not like it.
async fn refusing() -> Peer {
    let said = json!({ "message": format!("no such token {TOKEN}") });
    Peer::new([says(422, &said.to_string())]).await
}

/// The real server with all of that, told to log as much as it can, and a collector of its traces.
struct House {
    process: Process,
    input: Json,
    told: mpsc::UnboundedReceiver<(String, Json)>,
    heard: Arc<Mutex<Vec<u8>>>,
}

impl House {
    async fn open(folder: &Path, refusing: &Peer) -> Self {
        let settings = format!("[http]\nallow_hosts = [\"127.0.0.1\"]\n[secrets]\nFAR_KEY = \"{KEY}\"\n");
        std::fs::write(folder.join("flow.toml"), settings).expect("it can be written");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let collector = format!("http://{}", listener.local_addr().expect("an address"));
        let (tell, told) = mpsc::unbounded_channel();
        tokio::spawn(collect(listener, tell));
        let mut serve = command(folder, &["--log", "json", "--otlp", &collector]);
        let process =
            Process::of(serve.env("FLOW_TOKEN", process::TOKEN).env("RUST_LOG", "trace").env("RUST_BACKTRACE", "1"));
        let heard = Arc::<Mutex<Vec<u8>>>::default();
        tokio::spawn(listen(process.client.clone(), heard.clone()));
        let closed = TcpListener::bind("127.0.0.1:0").await.expect("a port").local_addr().expect("an address");
        let input = json!({ "token": TOKEN, "refusing": refusing.url(""), "closed": format!("http://{closed}") });
        Self { process, input, told, heard }
    }

    /// Starts a run: its id.
    async fn start(&self, workflow: &str) -> String {
        let path = format!("/v1/workflows/{workflow}/runs");
        let started = self.process.client.post(&path, self.input.clone()).await;
        assert_eq!(started.status, 201, "{workflow}: {started:?}");
        holds_none(workflow, started.json.to_string().as_bytes());
        started.json["id"].as_str().expect("an id").to_owned()
    }

    /// Waits until a run stands so, and looks at all that is said of it.
    async fn stands(&self, run: &str, status: &str) {
        self.process.client.until(&format!("/v1/runs/{run}"), |run| run["status"] == status).await;
        ask_all(&self.process.client, run).await;
    }
}

/// Hears the stream of everything, as it comes.
async fn listen(client: Client, heard: Arc<Mutex<Vec<u8>>>) {
    let asked = client.request(reqwest::Method::GET, "/v1/stream?from=0").send().await.expect("an answer");
    let mut stream = asked.bytes_stream();
    while let Some(Ok(piece)) = stream.next().await {
        heard.lock().expect("nobody panics with it").extend_from_slice(&piece);
    }
}

#[test]
fn no_way_out_of_a_run_tells_its_secrets() {
    let runtime = runtime();
    let (far, refusing) = runtime.block_on(async { (echo().await, refusing().await) });
    let folder = folder(&[("main.flow", &program(&far))]);
    let mut house = runtime.block_on(House::open(folder.path(), &refusing));
    let data = folder.path().join(".flow").display().to_string();
    runtime.block_on(async {
        let client = &house.process.client;
        let mut runs = Vec::new();
        for (name, well, _) in DOORS {
            let run = house.start(name).await;
            match name {
                "asked" => {
                    house.stands(&run, "waiting").await;
                    let answered = client.post(&format!("/v1/runs/{run}/answers/x"), json!("yes")).await;
                    assert_eq!(answered.status, 200, "{answered:?}");
                }
                "listening" => {
                    house.stands(&run, "waiting").await;
                    files_hold_none(&folder.path().join(".flow"));
                    let emitting = house.start("emitting").await;
                    house.stands(&emitting, "completed").await;
                }
                _ => {}
            }
            house.stands(&run, if well { "completed" } else { "failed" }).await;
            runs.push(run);
        }
        // What is forked or retried has the real values, and says them no more than the first one.
        for (name, run) in DOORS.iter().map(|(name, ..)| name).zip(&runs) {
            let said = flow(folder.path(), &[], &["fork", run, "--accept", "--data", &data]);
            holds_none(&format!("flow fork of {name}"), said.1.as_bytes());
            let fork =
                client.post(&format!("/v1/runs/{run}/fork"), json!({ "preview": true, "input": house.input })).await;
            holds_none(&format!("a fork of {name}"), fork.json.to_string().as_bytes());
        }
        for run in &runs {
            let told = tokio::time::timeout(Duration::from_secs(20), house.told.recv()).await;
            let (line, sent) = told.expect("it is told").expect("a trace");
            holds_none(&format!("{line} ({run})"), sent.to_string().as_bytes());
        }
    });
    for args in [vec!["failures"], vec!["runs"], vec!["dump", "--all"]] {
        let (_, said) = flow(folder.path(), &[], &[&args[..], &["--data", &data]].concat());
        holds_none(&args.join(" "), said.as_bytes());
    }
    let heard = house.heard.lock().expect("nobody panics with it").clone();
    assert!(heard.len() > 10_000, "the stream was heard");
    holds_none("the stream", &heard);
    let (_, said) = house.process.terminate();
    assert!(said.contains("it is "), "what is printed stands in the log: {said}");
    holds_none("the log", said.as_bytes());
    files_hold_none(&folder.path().join(".flow"));
    let asked = far.requests();
    assert!(asked.iter().any(|it| it.contains("sword%20%22fish%22%2642") || it.contains("sword+")), "{asked:?}");
}

#[test]
fn what_comes_by_a_request_is_not_said_again() {
    let runtime = runtime();
    let far = runtime.block_on(echo());
    let folder = folder(&[("main.flow", &program(&far))]);
    let house = runtime.block_on(House::open(folder.path(), &far));
    runtime.block_on(async {
        let client = &house.process.client;
        let send = async |path: &str, headers: &[(&str, &str)], body: String| {
            let mut request = client.request(reqwest::Method::POST, path);
            for (name, value) in headers {
                request = request.header(*name, *value);
            }
            let response = request.body(body).send().await.expect("an answer");
            let head = format!("{:?}", response.headers());
            let status = response.status().as_u16();
            let text = response.text().await.expect("text");
            holds_none(&format!("{path}: the head"), head.as_bytes());
            holds_none(&format!("{path}: the body"), text.as_bytes());
            (status, text)
        };
        let json_type = ("content-type", "application/json");
        // Refused deliveries say nothing of the key, nor of what was sent.
        for (token, body) in [
            (KEY, json!({ "pin": [TOKEN], "n": "x" }).to_string()),
            (KEY, format!("{{ \"pin\": \"{SESSION}\"")),
            (SESSION, json!({ "pin": TOKEN }).to_string()),
        ] {
            send("/hook", &[json_type, ("x-token", token)], body).await;
        }
        send("/hook", &[json_type, ("x-token", KEY)], json!({ "pin": TOKEN }).to_string()).await;
        let (status, _) = send("/replied", &[json_type], json!({ "pin": TOKEN }).to_string()).await;
        assert_eq!(status, 201);
        let page = client.get("/formed").await;
        let text = page.json.as_str().expect("a page").to_owned();
        let mark = |name: &str| {
            let rest = text.split(&format!("name=\"{name}\" value=\"")).nth(1).expect("a mark");
            rest.split('"').next().expect("its end").to_owned()
        };
        let cookie = page.header("set-cookie").split(';').next().expect("a cookie").to_owned();
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        let both = json!({ "user": "ada", "pin": TOKEN }).to_string();
        form.append_pair("flow_form", &mark("flow_form")).append_pair("flow_page", &mark("flow_page"));
        form.append_pair("pin", SESSION).append_pair("both", &both).append_pair("pins", &format!("{SESSION}\n{TOKEN}"));
        form.append_pair("age", "old");
        let form_type = ("content-type", "application/x-www-form-urlencoded");
        let (status, page) = send("/formed", &[form_type, ("cookie", &cookie)], form.finish()).await;
        assert!(status == 422 && page.contains("must be a whole number"), "{status}: {page}");
    });
    let (_, said) = house.process.terminate();
    holds_none("the log", said.as_bytes());
    files_hold_none(&folder.path().join(".flow"));
}
