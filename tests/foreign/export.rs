//! `flow export`: what a plan becomes in another language, judged by what comes of it when it is read again.

use std::path::Path;

use super::Import;
use crate::cli::Folder;

/// The document that a program becomes, and what was said of it.
fn exported(program: &str, args: &[&str]) -> (String, String) {
    let folder = Folder::with(program);
    let done = folder.flow(&[&["export", "main.flow"], args].concat());
    assert_eq!(done.code, 0, "{}", done.stderr);
    (done.stdout, done.stderr)
}

/// The sums of a list, and what they cost to send.
const SUMS: &str = r#"/// Adds up.
workflow sums "Sums" {
    version "1.2.0"
    input { lines: list<{ cents: int, on: bool }>, country: string }
    vars { rounds: int = 0 }
    let wanted = input.lines.filter(|line| line.on)
    let total  = sum(wanted.map(|line| line.cents))
    step rate = match input.country {
        "DE" | "AT" => { output 19 }
        _           => { output 7 }
    }
    if total > 100 {
        set vars.rounds = vars.rounds + 1
    } else {
        set vars.rounds = vars.rounds + 2
    }
    while vars.rounds < 3 max 5 {
        set vars.rounds = vars.rounds + 1
    }
    step names = for line in wanted { output "line of ${line.cents}" }
    step both = parallel {
        step a = sequence { output total * 2 }
        step b = sequence { output total + rate }
        output [a, b]
    }
    output { total: any = total, rate: any = rate, rounds: any = vars.rounds, names: any = names, both: any = both }
}
"#;

#[test]
fn a_program_that_went_out_and_came_back_gives_the_same() {
    let input = r#"{"lines": [{"cents": 5, "on": true}, {"cents": 7, "on": false}, {"cents": 9, "on": true}], "country": "AT"}"#;
    let folder = Folder::with(SUMS);
    let before = folder.flow(&["run", "main.flow", "--input", input]);
    assert_eq!(before.code, 0, "{}", before.stderr);
    let (document, said) = exported(SUMS, &[]);
    assert!(said.contains("all one to one"), "{said}\n{document}");
    let back = Import::from("sums.yaml", document.as_bytes());
    assert_eq!(back.gives(input), before.stdout.trim_end(), "{document}\n{}", back.text);
}

#[test]
fn requests_retries_and_events_come_back_as_they_were() {
    let (document, said) = exported(
        r#"workflow ship {
    input { order: string }
    step booked = http.post {
        url:  "https://courier.example/pickups"
        body: { order: input.order }
        auth bearer secret("COURIER")
        retry 2 times every 1m
    }
    step word = wait event "courier.came" { where event.number == booked.body.number }
    emit "order.shipped" { order: input.order, by: word.driver }
    fail too_late "nobody came" when word.driver == ""
    wait 2h
    output { driver: any = word.driver }
}"#,
        &[],
    );
    assert!(said.contains("all one to one"), "{said}\n{document}");
    for part in ["call: http", "count: 2", "type: courier.came", "hours: 2", "urn:flow:error:too_late"] {
        assert!(document.contains(part), "{part}\n{document}");
    }
    let back = Import::from("ship.yaml", document.as_bytes());
    back.holds(
        "ship",
        r#"input: { order: "o7" }
        mock http.post => { status: 200, headers: {}, body: { number: "n1" } }
        event "courier.came" { number: "n0", driver: "Bob" }
        event "courier.came" { number: "n1", driver: "Ada" }
        expect output == #{ driver: "Ada" }
        expect emitted("order.shipped") == [#{ order: "o7", by: "Ada" }]"#,
    );
}

#[test]
fn what_has_no_equal_there_is_told_and_stands_beside_its_task() {
    let (document, said) = exported(
        "workflow odd {\n    input { at: int }\n    lock \"crm\" { step note = log.info { message: \"in\" } }\n    let later = now() + 3d\n    \
         output { later: any = later }\n}",
        &[],
    );
    assert!(
        said.contains("2 things to look at:\n") && said.contains("`later`: jq has no equal of: now() + 3d"),
        "{said}"
    );
    assert!(document.contains("todo:"), "{document}");
    let (picture, _) = exported(SUMS, &["--to", "mermaid"]);
    assert!(picture.contains("flowchart TB"), "{picture}");
}

/// Whatever a program holds, its document is one that can be read again.
#[test]
fn each_sample_goes_out_and_comes_back_as_a_program_that_checks() {
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts");
    let folder = Folder::with("");
    let mut count = 0;
    for entry in std::fs::read_dir(&samples).expect("the folder is part of the repository").flatten() {
        let path = entry.path();
        if path.extension().is_none_or(|ending| ending != "flow") {
            continue;
        }
        let file = path.display().to_string();
        let name = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        // Some hold several workflows: the one they are named after counts.
        let mut done = folder.flow(&["export", &file]);
        if done.code != 0 {
            done = folder.flow(&["export", &file, &name]);
        }
        if done.code != 0 {
            continue;
        }
        Import::from("back.yaml", done.stdout.as_bytes());
        count += 1;
    }
    assert!(count >= 25, "only {count} were exported");
}
