//! Outputs by themselves: large ones piece by piece, and what is asked for in vain.

use serde_json::{Value as Json, json};

use super::{Client, Served, folder, runtime};

const PROGRAM: &str = r#"
workflow large {
    input { letters: string }
    step rows = for n in [1, 2, 3] {
        step text = script { input.letters + n }
    }
    step moment = script { #{ at: datetime("2026-03-29T01:00:00Z"), none: (), all: input.letters } }
    step failed = sequence { fail conflict "taken" } with { on conflict skip }
    output { rows: rows, again: rows, moment: moment }
}

workflow patient {
    step sent: int = wait signal "go"
    output { sent: sent }
}
"#;

/// What is at a path, as text, with its length and its tag.
async fn read(client: &Client, path: &str) -> (String, Option<u64>, String) {
    let answer = client.request(reqwest::Method::GET, path).send().await.expect("an answer");
    assert_eq!(answer.status(), 200, "{path}");
    assert_eq!(answer.headers()["content-type"], "application/json");
    let tag = answer.headers()["etag"].to_str().expect("a tag").to_owned();
    let length = answer.headers()["content-length"].to_str().ok().and_then(|length| length.parse().ok());
    (answer.text().await.expect("a text"), length, tag)
}

#[test]
fn an_output_comes_by_itself_as_the_run_shows_it() {
    let folder = folder(&[("main.flow", PROGRAM)]);
    runtime().block_on(async {
        let served = Served::start(folder.path()).await;
        let client = &served.client;
        let input = json!({ "letters": "a \"letter\" of ä\n".repeat(30_000) });
        let run = client.post("/v1/workflows/large/runs?wait=20s", input).await.json;
        assert_eq!(run["status"], "completed", "{:.300}", run.to_string());
        let path = format!("/v1/runs/{}", run["id"].as_str().expect("an id"));
        let steps = client.get(&format!("{path}/steps")).await.json;
        let mut tags = std::collections::BTreeSet::new();
        let whole = [(format!("{path}/output"), &run["output"])];
        let steps = steps["steps"].as_array().expect("steps").iter();
        let steps = steps
            .filter(|step| step["place"] != "failed")
            .map(|step| (format!("{path}/steps/{}/output", step["place"].as_str().expect("a place")), &step["output"]));
        let mut count = 0;
        for (path, output) in whole.into_iter().chain(steps) {
            let (text, length, tag) = read(client, &path).await;
            assert_eq!(Some(text.len() as u64), length, "{path}");
            assert!(&serde_json::from_str::<Json>(&text).expect("JSON") == output, "{path}");
            tags.insert(tag.clone());
            let known = client.request(reqwest::Method::GET, &path).header("if-none-match", &tag);
            let known = known.send().await.expect("an answer");
            assert_eq!((known.status().as_u16(), &known.headers()["etag"]), (304, &tag.parse().expect("a tag")));
            count += 1;
        }
        assert_eq!(count, 9);
        let by_name = read(client, &format!("{path}/steps/text/output")).await;
        let by_place = read(client, &format!("{path}/steps/rows[2].text/output")).await;
        assert!(by_name == by_place, "a name stands for the last step of that name");
        assert_eq!(tags.len(), 7, "the same output has the same tag, and others have others");
        served.stop().await;
    });
}

#[test]
fn what_has_no_output_says_so() {
    let folder = folder(&[("main.flow", PROGRAM)]);
    runtime().block_on(async {
        let served = Served::start(folder.path()).await;
        let client = &served.client;
        let run = client.post("/v1/workflows/patient/runs", json!({})).await.json;
        let path = format!("/v1/runs/{}", run["id"].as_str().expect("an id"));
        client.until(&path, |run| run["status"] == "waiting").await;
        for (path, says) in [
            (format!("{path}/output"), "has no output: it is waiting"),
            (format!("{path}/steps/sent/output"), "the step `sent` has no output: it is running"),
            (format!("{path}/steps/send/output"), "the run has no step `send`; did you mean `sent`?"),
            ("/v1/runs/nobody/output".to_owned(), "there is no run `nobody`"),
        ] {
            let answer = client.get(&path).await;
            assert!(answer.problem(404).ends_with(says), "{path}: {}", answer.json);
        }
        served.stop().await;
    });
}
