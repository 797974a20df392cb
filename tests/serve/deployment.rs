//! The directory of a server is changed while it runs: what is deployed, what is refused, what that means for runs and triggers.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::{Value as Json, json};
use tempfile::TempDir;

use super::process::Process;
use super::{Client, folder, runtime};

const NAP: &str = r#"
workflow nap {
    step first = log.info { message: "first" }
    step sent: int = wait signal "go"
    step last = log.info { message: "last" }
    output { version: 1 }
}

workflow stays {
    step sent: int = wait signal "go"
}
"#;

fn write(folder: &TempDir, text: &str) {
    std::fs::write(folder.path().join("main.flow"), text).expect("it can be written");
}

async fn started(client: &Client, workflow: &str) -> String {
    let answer = client.post(&format!("/v1/workflows/{workflow}/runs"), json!({})).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    answer.json["id"].as_str().expect("an id").to_owned()
}

/// Starts a run and waits until it waits.
async fn waits(client: &Client, workflow: &str) -> String {
    let id = started(client, workflow).await;
    client.until(&format!("/v1/runs/{id}"), |run| run["status"] == "waiting").await;
    id
}

/// Waits until the version of before is replaced: by which one.
async fn replaced(client: &Client, before: &Json) -> Json {
    client.until("/v1/deployment", |version| version["since"] != before["since"]).await
}

/// What is said of a run.
fn verdict<'d>(version: &'d Json, run: &str) -> &'d Json {
    let all = version["deployment"]["workflows"].as_array().expect("workflows").iter();
    let groups = all.flat_map(|workflow| workflow["groups"].as_array().expect("groups"));
    let mut said = groups.filter(|group| group["runs"].as_array().expect("runs").contains(&json!(run)));
    said.next().unwrap_or_else(|| panic!("nothing is said of {run}: {version}"))
}

#[test]
fn a_file_is_edited_while_runs_wait() {
    let folder = folder(&[("main.flow", NAP)]);
    let server = Process::start(folder.path(), &[]);
    let (moves, stays, unaffected) = runtime().block_on(async {
        let client = &server.client;
        let (moves, stays) = (waits(client, "nap").await, waits(client, "stays").await);
        let before = client.get("/v1/deployment").await.json;
        assert_eq!((&before["by"], &before["refused"]), (&json!("start"), &Json::Null));
        let edited = NAP.replace(r#""last""#, r#""at last""#).replace("version: 1", "version: 2");
        write(
            &folder,
            &edited.replace("workflow stays {\n    step sent: int", "workflow stays {\n    step sent: string"),
        );
        let version = replaced(client, &before).await;
        assert_eq!(verdict(&version, &moves)["verdict"], "moves");
        assert_eq!(verdict(&version, &stays)["words"], "`sent` is under way and was changed");
        assert_eq!(client.post(&format!("/v1/runs/{moves}/signals/go"), json!(3)).await.status, 200);
        let run = client.until(&format!("/v1/runs/{moves}"), |run| run["status"] == "completed").await;
        assert_eq!(run["output"], json!({ "version": 2 }), "it went on under the new program");
        let unaffected = waits(client, "nap").await;
        write(&folder, &edited.replace(r#""first""#, r#""at first""#));
        let version = replaced(client, &version).await;
        assert_eq!(verdict(&version, &unaffected)["verdict"], "unaffected");
        (moves, stays, unaffected)
    });
    let (code, log) = server.terminate();
    assert_eq!(code, Some(0));
    for (run, said) in [(moves, "moves at `last`"), (stays, "stays, because"), (unaffected, "unaffected")] {
        let told = log.lines().any(|line| line.contains(said) && line.contains(&run));
        assert!(told, "the log does not say of {run} that it {said}:\n{log}");
    }
    assert!(log.contains("deployed: `nap` was changed, `stays` was changed"), "{log}");
}

#[test]
fn what_does_not_compile_is_said_and_what_runs_goes_on() {
    let folder = folder(&[("main.flow", NAP)]);
    let server = Process::start(folder.path(), &[]);
    runtime().block_on(async {
        let client = &server.client;
        let run = waits(client, "nap").await;
        write(&folder, "workflow a { output { n: nobody } }");
        let version = client.until("/v1/deployment", |version| !version["refused"].is_null()).await;
        let text = version["refused"]["text"].as_str().expect("a text");
        assert!(text.contains("main.flow:1:26: error[F0201]"), "{text}");
        assert_eq!(version["refused"]["diagnostics"][0]["code"], "F0201");
        assert_eq!(client.get("/readyz").await.status, 200);
        started(client, "nap").await;
        let refused = client.post("/v1/deployment", json!({})).await;
        assert!(refused.problem(422).contains("main.flow:1:26: error[F0201]"), "{refused:?}");
        write(&folder, &NAP.replace("version: 1", "version: 2"));
        let version = client.until("/v1/deployment", |version| version["refused"].is_null()).await;
        assert_eq!(verdict(&version, &run)["verdict"], "moves");
        write(&folder, "workflow a {");
        client.until("/v1/deployment", |version| !version["refused"].is_null()).await;
        write(&folder, &NAP.replace("version: 1", "version: 2"));
        let again = client.until("/v1/deployment", |version| version["refused"].is_null()).await;
        assert_eq!(again["since"], version["since"], "it is what ran all the time");
    });
    let (_, log) = server.terminate();
    assert_eq!(log.matches("error[F0201]").count(), 1, "it is said once:\n{log}");
    assert_eq!(log.matches("deployed:").count(), 1, "{log}");
}

#[test]
fn a_file_that_is_being_written_is_not_taken() {
    let folder = folder(&[("main.flow", NAP)]);
    let server = Process::start(folder.path(), &[]);
    runtime().block_on(async {
        let client = &server.client;
        let before = client.get("/v1/deployment").await.json;
        let mut text = String::new();
        for part in ["workflow a { output { n: 1 } }\n", "workflow b { output", " { n: 2 } }\n", "workflow c { }\n"] {
            text.push_str(part);
            write(&folder, &text);
            tokio::time::sleep(Duration::from_millis(400)).await;
        }
        replaced(client, &before).await;
        let workflows = client.get("/v1/workflows").await.json;
        assert_eq!(workflows["workflows"].as_array().map(Vec::len), Some(3));
    });
    let (_, log) = server.terminate();
    assert_eq!(log.matches("deployed:").count(), 1, "{log}");
    assert!(!log.contains("cannot be deployed"), "{log}");
}

/// How many runs of a workflow there are.
async fn count(client: &Client, workflow: &str) -> usize {
    let runs = client.get(&format!("/v1/runs?workflow={workflow}&limit=1000")).await.json;
    runs["runs"].as_array().expect("runs").len()
}

#[test]
fn schedules_are_added_changed_and_removed() {
    let hourly = |lines: &str| format!("workflow tick {{\n{lines}\n    output {{ due: trigger.due }}\n}}\n");
    let folder = folder(&[("main.flow", &hourly(r#"trigger schedule "0 * * * *" { catch_up all }"#))]);
    let server = Process::start(folder.path(), &["--clock", "virtual"]);
    runtime().block_on(async {
        let client = &server.client;
        let advance = async |by: &str| {
            let answer = client.post("/v1/clock/advance", json!({ "by": by })).await;
            assert_eq!(answer.status, 200, "{answer:?}");
            count(client, "tick").await
        };
        let mut version = client.get("/v1/deployment").await.json;
        let mut edit = async |lines: &str| {
            write(&folder, &hourly(lines));
            // A virtual clock stands still: one deployment is told from the next by what it does, and by a second of time.
            let answer = client.post("/v1/clock/advance", json!({ "by": "1s" })).await;
            assert_eq!(answer.status, 200);
            version = replaced(client, &version).await;
        };
        assert_eq!(advance("5h").await, 5);
        edit(
            r#"trigger schedule "0 * * * *" { catch_up all }
                trigger schedule "30 * * * *" { catch_up all }"#,
        )
        .await;
        assert_eq!(advance("5h").await, 15, "the one goes on, the other begins: none is lost, none is twice");
        edit(
            r#"trigger schedule "0 * * * *" { catch_up all }
                trigger every 2h { catch_up all }"#,
        )
        .await;
        let before = count(client, "tick").await;
        let after = advance("10h").await;
        assert!((before + 14..=before + 15).contains(&after), "10 by the one, 5 by the other: {before}, {after}");
        edit("trigger every 2h { catch_up all }").await;
        let before = count(client, "tick").await;
        assert_eq!(advance("10h").await, before + 5, "the other is gone");
        edit(r#"trigger schedule "0 * * * *" { catch_up all }"#).await;
        let before = count(client, "tick").await;
        assert_eq!(before, count(client, "tick").await, "what it missed while it was gone was not for it");
        assert_eq!(advance("3h").await, before + 3);
    });
    server.terminate();
}

/// What all runs of a workflow were given by their triggers, under this name.
async fn given(client: &Client, workflow: &str, name: &str) -> Vec<Json> {
    let runs = client.get(&format!("/v1/runs?workflow={workflow}&limit=1000")).await.json;
    let mut given = Vec::new();
    for run in runs["runs"].as_array().expect("runs") {
        let run = run["id"].as_str().expect("an id");
        let run = client.until(&format!("/v1/runs/{run}"), |run| run["status"] == "completed").await;
        given.push(run["output"][name].clone());
    }
    given
}

#[test]
fn what_triggers_have_taken_is_neither_lost_nor_taken_twice() {
    let program = |version: usize| {
        format!(
            r#"
workflow beat {{
    input {{ due: string }}
    trigger every 1s {{ catch_up all, input: {{ due: format(trigger.due, "%Y-%m-%dT%H:%M:%SZ") }} }}
    output {{ due: input.due, version: {version} }} }}
workflow told {{
    input {{ n: int }}
    trigger event "thing.happened"
    output {{ n: input.n, version: {version} }} }}
workflow gathers {{
    input {{ items: list<{{ n: int }}> }}
    trigger webhook "/gathered" {{ batch 100 or 2s }}
    output {{ items: input.items, version: {version} }} }}
"#
        )
    };
    let folder = folder(&[("main.flow", &program(0))]);
    let server = Process::start(folder.path(), &[]);
    runtime().block_on(async {
        let client = &server.client;
        let mut sent = 0;
        let mut version = client.get("/v1/deployment").await.json;
        for edition in 1..4 {
            write(&folder, &program(edition));
            loop {
                let answer = client.post("/v1/events/thing.happened", json!({ "n": sent })).await;
                assert_eq!(answer.status, 201);
                let answer = client.post("/gathered", json!({ "n": sent })).await;
                assert_eq!(answer.status, 202, "{answer:?}");
                sent += 1;
                let now = client.get("/v1/deployment").await.json;
                if now["since"] != version["since"] {
                    version = now;
                    break;
                }
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        }
        let numbers: Vec<Json> = (0..sent).map(|n| json!(n)).collect();
        client
            .until("/v1/runs?workflow=told&limit=1000", |runs| {
                runs["runs"].as_array().map(Vec::len) == Some(sent.min(1000))
            })
            .await;
        let mut told = given(client, "told", "n").await;
        told.sort_by_key(Json::as_u64);
        assert_eq!(told, numbers, "each event once");
        let lists = given(client, "gathers", "items").await;
        let mut gathered: Vec<Json> =
            lists.iter().flat_map(|items| items.as_array().expect("items")).map(|item| item["n"].clone()).collect();
        gathered.sort_by_key(Json::as_u64);
        assert_eq!(gathered, numbers, "each request once");
        let mut due: Vec<i64> = given(client, "beat", "due").await.iter().map(seconds).collect();
        due.sort_unstable();
        let distinct: BTreeSet<i64> = due.iter().copied().collect();
        assert_eq!(distinct.len(), due.len(), "no moment twice");
        let (first, last) = (due.first().expect("one"), due.last().expect("one"));
        assert_eq!(due.len() as i64, last - first + 1, "no moment is missing: {due:?}");
    });
    server.terminate();
}

fn seconds(moment: &Json) -> i64 {
    let moment = moment.as_str().expect("a moment");
    moment.parse::<orchestra_flow::base::time::Timestamp>().expect("a moment").as_millisecond() / 1_000
}

/// `flow deploy` in a folder: its exit code, stdout and stderr.
fn flow(folder: &Path, args: &[&str]) -> (Option<i32>, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_flow"));
    command.arg("deploy").args(args).current_dir(folder).env_remove("FLOW_TOKEN").env_remove("FLOW_SERVER");
    let done = command.output().expect("it starts");
    let text = |bytes| String::from_utf8(bytes).expect("text");
    (done.status.code(), text(done.stdout), text(done.stderr))
}

#[test]
fn a_server_that_does_not_watch_deploys_when_it_is_told_to() {
    let folder = folder(&[("main.flow", NAP)]);
    let server = Process::start(folder.path(), &["--no-watch"]);
    let run = runtime().block_on(waits(&server.client, "nap"));
    write(&folder, &NAP.replace(r#""last""#, r#""at last""#));
    let moves = format!("workflow nap\n  1 run moves at `last`\n    {run}\n");
    let (code, said, wrong) = flow(folder.path(), &[".", "--dry-run"]);
    assert_eq!((code, said.as_str(), wrong.as_str()), (Some(0), moves.as_str(), ""));
    runtime().block_on(async {
        tokio::time::sleep(Duration::from_millis(1_500)).await;
        assert_eq!(server.client.get("/v1/deployment").await.json["by"], "start", "nothing was deployed");
    });
    let (code, said, wrong) = flow(folder.path(), &[]);
    assert_eq!((code, said.as_str(), wrong.as_str()), (Some(0), moves.as_str(), ""));
    let (_, said, _) = flow(folder.path(), &["."]);
    assert_eq!(said, "no run under way is concerned\n");
    write(&folder, "workflow a { output { n: nobody } }");
    let (code, _, wrong) = flow(folder.path(), &["."]);
    assert_eq!(code, Some(2));
    assert!(
        wrong.contains("the version that runs goes on") && wrong.contains("main.flow:1:26: error[F0201]"),
        "{wrong}"
    );
    let other = tempfile::tempdir().expect("a folder");
    let (code, _, wrong) = flow(folder.path(), &[other.path().to_str().expect("text")]);
    assert_eq!(code, Some(2));
    assert!(wrong.contains("this server runs the programs of"), "{wrong}");
    let (code, _, wrong) = flow(folder.path(), &["--set", "secrets.A=b"]);
    assert!(code == Some(2) && wrong.contains("settings of its own"), "{wrong}");
    server.terminate();
}

#[test]
fn what_was_changed_while_no_server_ran_is_deployed_when_one_starts() {
    let folder = folder(&[("main.flow", NAP)]);
    let server = Process::start(folder.path(), &[]);
    let run = runtime().block_on(waits(&server.client, "nap"));
    server.terminate();
    write(&folder, &NAP.replace("version: 1", "version: 2"));
    let server = Process::start(folder.path(), &[]);
    runtime().block_on(async {
        let path = format!("/v1/runs/{run}/events");
        server
            .client
            .until(&path, |events| {
                events["events"].as_array().is_some_and(|all| all.iter().any(|it| it["event"] == "moved"))
            })
            .await;
        assert_eq!(server.client.post(&format!("/v1/runs/{run}/signals/go"), json!(3)).await.status, 200);
        let run = server.client.until(&format!("/v1/runs/{run}"), |run| run["status"] == "completed").await;
        assert_eq!(run["output"], json!({ "version": 2 }));
    });
    server.terminate();
}
