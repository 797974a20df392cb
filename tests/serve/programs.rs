//! What is served: all programs of a directory, as one.

use orchestra_flow::Program;
use serde_json::json;

use super::{Served, folder, runtime, served};

#[test]
fn a_workflow_says_what_it_takes_and_gives() {
    served(async |client, _| {
        let greet = client.get("/v1/workflows/greet").await.json;
        assert_eq!((&greet["title"], &greet["doc"]), (&json!("Greeting"), &json!("Says hello.")));
        assert_eq!(greet["tags"], json!(["kind", "short"]));
        let takes = json!({
            "type": "object",
            "properties": { "name": { "type": "string" }, "times": { "type": "integer", "default": 1 } },
            "additionalProperties": false,
            "required": ["name"],
        });
        assert_eq!(greet["input"], takes);
        let all = client.get("/v1/workflows").await.json;
        let names: Vec<_> =
            all["workflows"].as_array().expect("workflows").iter().map(|it| it["name"].clone()).collect();
        assert_eq!(names, ["greet", "patient", "approval", "paid", "stuck", "broken"]);
        assert_eq!(all["workflows"][0], greet);
    });
}

#[test]
fn every_program_of_a_directory_is_served() {
    let shared = "workflow both { output { n: 1 } }";
    let one = "use \"lib/shared.flow\" as shared\nworkflow one { step x = shared.both {} output { n: x.n } }";
    let two = "use \"lib/shared.flow\" as shared\n\
               workflow two {\n trigger webhook \"/in\"\n step x = shared.both {} output { n: x.n + 1 } }";
    let folder = folder(&[("one.flow", one), ("two.flow", two), ("notes.txt", "no program")]);
    std::fs::create_dir(folder.path().join("lib")).expect("a folder");
    std::fs::write(folder.path().join("lib/shared.flow"), shared).expect("a program");
    runtime().block_on(async {
        let served = Served::start(folder.path()).await;
        for (workflow, n) in [("one", 1), ("two", 2)] {
            let done = served.client.post(&format!("/v1/workflows/{workflow}/runs?wait=20s"), json!({})).await;
            assert_eq!(done.json["output"], json!({ "n": n }), "{done:?}");
        }
        let two = served.client.get("/v1/workflows/two").await.json;
        assert_eq!(two["triggers"], json!([{ "type": "webhook", "path": "/in" }]));
        served.stop().await;
    });
}

#[test]
fn a_name_means_one_thing_in_a_directory() {
    let one = "workflow same { output { n: 1 } }";
    let two = "workflow other { output { n: 1 } }\nworkflow same { output { n: 1 } }";
    let folder = folder(&[("one.flow", one), ("two.flow", two)]);
    let faults = Program::from_directory(folder.path()).expect_err("two have one name").to_string();
    assert!(
        faults.contains("two.flow:2:10: error[F0202]: the workflow `same` is declared by two programs"),
        "{faults}"
    );
    assert!(faults.contains("first declared here") && faults.contains("one.flow"), "{faults}");
}

#[test]
fn everything_that_is_wrong_in_any_file_is_said() {
    let folder = folder(&[
        ("a.flow", "workflow a { output { n: nobody } }"),
        ("b.flow", "workflow b { output { n: nothing } }"),
    ]);
    let faults = Program::from_directory(folder.path()).expect_err("both are wrong").to_string();
    assert!(faults.contains("a.flow:1:26: error[F0201]") && faults.contains("b.flow:1:26: error[F0201]"), "{faults}");
    let faults = Program::from_directory(folder.path().join("nowhere")).expect_err("it is not there").to_string();
    assert!(faults.contains("error[F0100]: the directory cannot be read: there is none of this name"), "{faults}");
    let empty = tempfile::tempdir().expect("a folder");
    let faults = Program::from_directory(empty.path()).expect_err("it is empty").to_string();
    assert!(faults.contains("there is no `.flow` file in this directory"), "{faults}");
}
