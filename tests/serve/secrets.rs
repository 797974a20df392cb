//! Secrets in runs: they go where the program sends them, and show nowhere: not in the store, an answer, a log or an error.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use base64::Engine as _;
use serde_json::{Value as Json, json};

use super::process::Process;
use super::{Client, folder, runtime};
use crate::connect::peer::{Deed, Peer, says};

/// What the run is given.
pub(super) const TOKEN: &str = "sword \"fish\"&42";
/// What the settings hold.
pub(super) const KEY: &str = "key-of-the-settings";
/// What a step with the clause `secret` gives.
pub(super) const SESSION: &str = "session-kept-quiet";
/// What a signal carries, what a person answers, what a trigger brings.
const WORD: &str = "word-by-signal";
const CODE: &str = "code-of-a-person";
const TYPED: &str = "typed-by-somebody";

const SECRETS: [&str; 8] = [TOKEN, KEY, SESSION, WORD, CODE, TYPED, LOUD, PAIRED];
/// What a script makes of the token: in capitals, and with something before it in base64.
const LOUD: &str = "SWORD";
const PAIRED: &str = "dXNlcjpzd29yZCAi";

fn program(peer: &Peer) -> String {
    format!(
        r#"
connector far {{
    config {{ base_url: url = "{}", key: secret = secret("FAR_KEY") }}
    auth header "X-Key" config.key
    keyed operation open(token: secret, user: string) -> any {{
        POST "/open/{{user}}" {{ query: {{ t: token }}, body: {{ token, user, told: "Bearer " + token }} }}
        output response.body
    }}
}}

workflow inner {{
    input {{ pin: secret }}
    step opened = far.open {{ token: input.pin, user: "inner" }}
    output {{ ok: opened.ok }}
}}

workflow main {{
    input {{ user: string, token: secret }}
    vars {{ held: secret = input.token }}
    let bearer = "Bearer ${{input.token}}"
    step session = far.open {{ token: input.token, user: input.user, secret }}
    step echoed = far.open {{ token: session.session, user: "echoed" }}
    step child = inner {{ pin: vars.held }}
    step word: {{ word: secret }} = wait signal "word"
    step answer: {{ code: secret }} = ask role "boss" {{ question: "Which code?" }}
    step scripted = script {{ let all = input.token + word.word; if all.len() < 3 {{ throw "bad " + all; }} #{{ joined: all, note: "n" }} }}
    step last = far.open {{ token: bearer + word.word + answer.code + scripted.joined, user: "last", on error park }}
    parallel for part in [input.token, word.word] {{ step each = far.open {{ token: part, user: "each" }} }}
    output {{ user: input.user, done: last.ok }}
}}

workflow wrong {{
    input {{ token: secret }}
    step number = script {{ parse_int(input.token) }}
    output {{ n: 1 }}
}}

workflow typed {{
    trigger api POST "/typed"
    input {{ pin: secret }}
    step opened = far.open {{ token: input.pin, user: "typed" }}
    output {{ ok: opened.ok }}
}}
"#,
        peer.url("/")
    )
}

/// The far side says again what it was told, and refuses once.
async fn peer() -> Peer {
    let session = json!({ "ok": true, "session": SESSION }).to_string();
    let echo = json!({ "ok": true, "echo": format!("you said {TOKEN} and {SESSION} with {KEY}") }).to_string();
    let base64 = base64::engine::general_purpose::STANDARD.encode(TOKEN);
    let refusal = json!({ "message": format!("no such token: {TOKEN}, {WORD}, {CODE}, {base64}, {KEY}") }).to_string();
    let good = |body: &str| says(200, body);
    let first: [Deed; 4] = [good(&session), good(&echo), good(&echo), says(422, &refusal)];
    Peer::new(first.into_iter().chain([good(&echo)])).await
}

/// The forms in which one of them may stand in a text.
fn forms(secret: &str) -> Vec<String> {
    let form: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
    let quoted = json!(secret).to_string();
    let twice = json!(quoted).to_string();
    let plain = base64::engine::general_purpose::STANDARD_NO_PAD.encode(secret);
    let inside = |text: &str| text.trim_matches(['"', '\\']).to_owned();
    vec![secret.into(), form.clone(), form.replace('+', "%20"), inside(&quoted), inside(&twice), plain]
}

/// Which of them stands in these bytes.
fn given_away(bytes: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(bytes);
    SECRETS.into_iter().flat_map(forms).find(|form| text.contains(&**form))
}

pub(super) fn holds_none(what: &str, bytes: &[u8]) {
    if let Some(form) = given_away(bytes) {
        let text = String::from_utf8_lossy(bytes);
        let at = text.find(&form).unwrap_or_default();
        let around: String =
            text.chars().skip(text.get(..at).map_or(0, |t| t.chars().count()).saturating_sub(160)).take(400).collect();
        panic!("{what} gives `{form}` away: ...{around}...");
    }
}

pub(super) fn files_hold_none(directory: &Path) {
    for entry in std::fs::read_dir(directory).expect("a directory").flatten() {
        match entry.path() {
            path if path.is_dir() => files_hold_none(&path),
            path => holds_none(&path.display().to_string(), &std::fs::read(&path).expect("a file")),
        }
    }
}

/// What `flow` says with these arguments, on both ways out.
pub(super) fn flow(folder: &Path, environment: &[(&str, &str)], args: &[&str]) -> (Option<i32>, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_flow"));
    command.args(args).current_dir(folder).env_clear().envs(environment.iter().copied()).stdin(Stdio::null());
    told(&command.output().expect("it ends"))
}

/// What it writes on stdout, without an environment.
fn written(folder: &Path, args: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_flow"));
    let done = command.args(args).current_dir(folder).env_clear().stdin(Stdio::null()).output().expect("it ends");
    String::from_utf8(done.stdout).expect("it is text")
}

/// The same without an environment, and with something on stdin.
fn fed(folder: &Path, stdin: &[u8], args: &[&str]) -> (Option<i32>, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_flow"));
    command.args(args).current_dir(folder).env_clear().stdin(Stdio::piped());
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
    child.stdin.take().expect("it was asked for").write_all(stdin).expect("it reads");
    told(&child.wait_with_output().expect("it ends"))
}

fn told(done: &Output) -> (Option<i32>, String) {
    let said = format!("{}{}", String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    (done.status.code(), said)
}

/// Asks for everything that there is to know of a run, and of all runs.
pub(super) async fn ask_all(client: &Client, run: &str) {
    let own = [
        "",
        "/events",
        "/steps",
        "/output",
        "/causes",
        "/causes/last",
        "/journal",
        "/steps/session/output",
        "/steps/scripted/output",
        "/steps/echoed/output",
        "/steps/word/output",
        "/steps/x/output",
    ];
    let paths = own.iter().map(|path| format!("/v1/runs/{run}{path}"));
    let all = [
        "/v1/runs?workflow=main",
        "/v1/failures",
        "/v1/parked",
        "/v1/questions",
        "/metrics",
        "/v1/workflows/main",
        "/readyz",
    ];
    for path in paths.chain(all.into_iter().map(str::to_owned)) {
        let answer = client.get(&path).await;
        holds_none(&path, answer.json.to_string().as_bytes());
        holds_none(&path, format!("{:?}", answer.headers).as_bytes());
    }
}

async fn signalled(client: &Client, run: &str) -> Json {
    let told = client.post(&format!("/v1/runs/{run}/signals/word"), json!({ "word": WORD })).await;
    assert_eq!(told.status, 200, "{told:?}");
    client
        .until(&format!("/v1/questions?run={run}"), |open| !open["questions"].as_array().is_none_or(Vec::is_empty))
        .await
}

#[test]
fn what_is_secret_goes_out_and_shows_nowhere() {
    let runtime = runtime();
    let peer = runtime.block_on(peer());
    let folder = folder(&[("main.flow", &program(&peer))]);
    let settings = format!("[connectors.far]\nbase_url = \"{}\"\n[secrets]\nFAR_KEY = \"{KEY}\"\n", peer.url("/"));
    std::fs::write(folder.path().join("flow.toml"), settings).expect("it can be written");
    let data = folder.path().join(".flow");
    let first = Process::start(folder.path(), &["--log", "json"]);
    let run = runtime.block_on(async {
        let started = first.client.post("/v1/workflows/main/runs", json!({ "user": "ada", "token": TOKEN })).await;
        assert_eq!(started.status, 201, "{started:?}");
        holds_none("the answer to the start", started.json.to_string().as_bytes());
        let run = started.json["id"].as_str().expect("an id").to_owned();
        let waits = |steps: &Json| steps.to_string().contains("waiting");
        first.client.until(&format!("/v1/runs/{run}"), |run| run["status"] == "waiting" || waits(run)).await;
        first.client.until(&format!("/v1/runs/{run}/steps"), |steps| steps.to_string().contains("\"word\"")).await;
        ask_all(&first.client, &run).await;
        run
    });
    first.kill();
    files_hold_none(&data);
    // A new process has the real values, and nobody told it.
    let second = Process::start(folder.path(), &["--log", "json"]);
    runtime.block_on(async {
        let client = &second.client;
        signalled(client, &run).await;
        ask_all(client, &run).await;
        let answered = client.post(&format!("/v1/runs/{run}/answers/answer"), json!({ "code": CODE })).await;
        assert_eq!(answered.status, 200, "{answered:?}");
        client.until("/v1/parked", |open| open.to_string().contains(&run)).await;
        ask_all(client, &run).await;
        let wrong = client.post("/v1/workflows/wrong/runs?wait=20s", json!({ "token": TOKEN })).await;
        assert_eq!(wrong.json["status"], "failed", "{wrong:?}");
        holds_none("an error of a script", wrong.json.to_string().as_bytes());
        ask_all(client, wrong.json["id"].as_str().expect("an id")).await;
        let misfit = client.post("/v1/workflows/wrong/runs", json!({ "token": [TOKEN] })).await;
        holds_none("an input that does not fit", misfit.json.to_string().as_bytes());
        let typed = client.post("/typed", json!({ "pin": TYPED })).await;
        assert!(typed.status.is_success(), "{typed:?}");
        let typed = client.until("/v1/runs?workflow=typed", |page| page["runs"][0]["status"] == "completed").await;
        ask_all(client, typed["runs"][0]["id"].as_str().expect("an id")).await;
        let decided = client.post(&format!("/v1/runs/{run}/parked/last"), json!({ "decision": "retry" })).await;
        assert_eq!(decided.status, 200, "{decided:?}");
        client.until(&format!("/v1/runs/{run}"), |run| run["status"] == "completed").await;
        ask_all(client, &run).await;
    });
    let command = |args: &[&str]| {
        let place = data.display().to_string();
        let args = [args, &["--data", &place]].concat();
        let (_, said) = flow(folder.path(), &[], &args);
        holds_none(&args.join(" "), said.as_bytes());
        said
    };
    let shown = command(&["show", &run, "--events"]);
    assert!(shown.contains("***"), "{shown}");
    for args in [
        vec!["show", &run],
        vec!["show", &run, "session", "--output"],
        vec!["why", &run, "last"],
        vec!["runs"],
        vec!["failures"],
    ] {
        command(&args);
    }
    let (code, said) = second.terminate();
    assert_eq!(code, Some(0));
    holds_none("the log", said.as_bytes());
    files_hold_none(&data);
    let asked = peer.requests();
    let told =
        |user: &str| asked.iter().filter(|it| it.contains(&format!("/open/{user}"))).cloned().collect::<Vec<_>>();
    let in_json = json!(TOKEN).to_string();
    assert!(told("ada")[0].contains(&in_json) && told("ada")[0].contains(KEY), "{asked:?}");
    assert!(told("echoed")[0].contains(SESSION) && told("inner")[0].contains(&in_json), "{asked:?}");
    let joined = json!(format!("Bearer {TOKEN}{WORD}{CODE}{TOKEN}{WORD}")).to_string();
    let last = told("last");
    assert!(last.len() == 2 && last.iter().all(|it| it.contains(&joined)), "{last:?}");
    assert!(told("typed")[0].contains(TYPED) && told("each").len() == 2, "{asked:?}");
    assert!(!asked.iter().any(|it| it.contains("***")), "{asked:?}");
}

/// A run of one process, kept in `DIR`.
fn kept(peer: &Peer) -> tempfile::TempDir {
    let folder = folder(&[("main.flow", &program(peer))]);
    let settings = format!("[connectors.far]\nbase_url = \"{}\"\n", peer.url("/"));
    std::fs::write(folder.path().join("flow.toml"), settings).expect("it can be written");
    folder
}

#[test]
fn a_dump_stays_sealed_and_without_the_key_nothing_is_opened() {
    const SEALING: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
    let runtime = runtime();
    let peer = runtime.block_on(Peer::new([says(200, r#"{ "ok": true }"#)]));
    let folder = kept(&peer);
    let own = [("FAR_KEY", KEY), ("FLOW_KEY", SEALING)];
    let input = json!({ "pin": TOKEN }).to_string();
    let (code, said) = flow(folder.path(), &own, &["run", "main.flow", "inner", "--data", "d", "--input", &input]);
    assert_eq!(code, Some(0), "{said}");
    holds_none("flow run", said.as_bytes());
    files_hold_none(&folder.path().join("d"));
    assert!(!folder.path().join("d/credentials/key").exists(), "the key was given");
    // Neither way needs the key.
    let dumped = written(folder.path(), &["dump", "--data", "d", "--all"]);
    assert!(dumped.contains(r#""$flow":"sealed""#), "{dumped}");
    holds_none("the dump", dumped.as_bytes());
    let (code, said) = fed(folder.path(), dumped.as_bytes(), &["restore", "--data", "e"]);
    assert_eq!(code, Some(0), "{said}");
    for (environment, reason) in [
        (vec![], "holds secrets that are sealed, and its key is neither in `FLOW_KEY` nor in the file"),
        (
            vec![("FLOW_KEY", "ff0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f")],
            "it was sealed with another key than the one in `FLOW_KEY`",
        ),
        (vec![("FLOW_KEY", "secret")], "`FLOW_KEY` is no key: a key is 64 hexadecimal digits"),
    ] {
        let args = ["run", "main.flow", "inner", "--data", "e", "--input", &input];
        let (code, said) = flow(folder.path(), &[&environment[..], &[("FAR_KEY", KEY)]].concat(), &args);
        assert!(code != Some(0) && said.contains(reason), "{said}");
    }
    let (code, said) = flow(folder.path(), &own, &["run", "main.flow", "inner", "--data", "e", "--input", &input]);
    assert_eq!(code, Some(0), "{said}");
}

#[test]
fn a_program_cannot_read_what_the_engine_keeps_for_itself() {
    let files = |path: &str| {
        format!("workflow main {{ step text = files.read {{ path: \"{path}\" }}, output {{ text: text }} }}")
    };
    for path in [".flow/credentials/key", ".flow/flow.db", "flow.toml", "./x/../flow.toml", "link/key", "d/flow.db"] {
        let folder = folder(&[("main.flow", &files(path))]);
        let at = |name: &str| folder.path().join(name);
        std::fs::create_dir_all(at(".flow/credentials")).expect("a directory");
        std::fs::create_dir_all(at("x")).expect("a directory");
        std::fs::write(at(".flow/credentials/key"), SESSION).expect("a file");
        std::fs::write(at("flow.toml"), format!("[secrets]\nX = \"{SESSION}\"\n")).expect("a file");
        #[cfg(unix)]
        std::os::unix::fs::symlink(at(".flow/credentials"), at("link")).expect("a link");
        let (code, said) = flow(folder.path(), &[], &["run", "main.flow", "--data", "d"]);
        assert!(code != Some(0) && said.contains("permission_denied"), "{path}: {said}");
        assert!(said.contains("is the engine's own: its data and its settings are closed to programs"), "{said}");
        holds_none(path, said.as_bytes());
    }
}
