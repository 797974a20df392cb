//! `flow test --coverage`: what the tests reached, and what not.

use serde_json::Value as Json;

use super::{Done, Folder};

/// Line by line: what its one test reaches, and what it does not.
const SHOP: &str = r#"connector shop {
    config { base_url: url = "https://shop.example" }
    keyed operation reserve(sku: int) -> { id: string } { POST "/held" { body: { sku } } }
    keyed operation release(id: string) { DELETE "/held/{id}" }
    example reserve { sku: 1 } gets 201 { id: "a" } gives { id: "a" }
}
fn whole(n) { round(n) }
fn round(n) { n + 0 }
fn unused(n) { n }
workflow order {
    input { sku: int, gift: bool = false }
    step held = shop.reserve {
        sku: input.sku
        on server_error retry 2 times every 1s
        on conflict skip
        undo shop.release { id: output.id }
    }
    if input.gift {
        step wrapped = log.info { message: "a bow" }
    } else {
        step plain = log.info { message: "no bow" }
    }
    match input.sku {
        1 => { return }
        2 => { fail refused "two" }
        _ => { let n = whole(input.sku) }
    }
    fail too_many "so many" when input.sku > 50
    step seen = log.info { message: "many", when input.sku > 70 }
    race {
        branch slow { wait 3d }
        branch quick { wait 1s }
    }
    repeat max 3 { until true }
    step late = wait signal "paid" {
        timeout 3d
        remind every 1d { step nudge = log.info { message: "?" } }
        on timeout skip
    }
    step kid = parcel { sku: input.sku }
    on failure { step regret = log.info { message: "sorry" } }
    finally { step bye = log.info { message: "bye" } }
}
workflow parcel {
    input { sku: int }
    step sent = log.info { message: "sent" }
    return
}
test "it is ordered" for order {
    input: { sku: 7 }
    mock shop.reserve fails server_error then { id: "a" }
    expect run.status == "completed"
}
"#;

/// What was not reached, as `line  text`, as it is shown.
fn missed(done: &Done) -> Vec<String> {
    let list = done.stdout.split_once("not reached\n").map_or("", |(_, list)| list);
    let lines = list.lines().take_while(|line| line.starts_with("  "));
    lines.map(|line| line.trim().trim_start_matches("main.flow:").to_owned()).collect()
}

#[test]
fn what_no_test_reached_is_named_with_its_line() {
    let done = Folder::with(SHOP).flow(&["test", "--coverage", "main.flow"]);
    assert_eq!(done.code, 0, "{}{}", done.stdout, done.stderr);
    let expected = [
        "4  operation shop.release",
        "9  fn unused",
        "15  on conflict skip",
        "16  undo shop.release",
        "18  if input.gift",
        "19  step wrapped = log.info",
        "24  1 =>",
        "24  return",
        "25  2 =>",
        "25  fail refused \"two\"",
        "28  fail too_many \"so many\" when input.sku > 50",
        "29  step seen = log.info",
        "41  on failure",
        "41  step regret = log.info",
    ];
    assert_eq!(missed(&done), expected, "{}", done.stdout);
    let table: Vec<&str> = done.stdout.lines().filter(|line| line.contains("  order ") || line.contains("%")).collect();
    let cells = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(cells(table[0]), ["main.flow", "16/22", "4/7", "4/6", "0/1", "2/3", "1/2", "65%"], "{}", done.stdout);
    assert_eq!(cells(table[1])[0], "order");
    assert_eq!(cells(table[2]), ["parcel", "2/2", "-", "-", "-", "-", "-", "100%"], "{}", done.stdout);
    assert_eq!(done.stdout.lines().last(), Some("2 passed, 0 failed"));
}

#[test]
fn more_tests_reach_more_whether_they_pass_or_not() {
    let folder = Folder::with(&format!(
        "{SHOP}{}",
        r#"test "two are refused, and taken back" for order {
    input: { sku: 2, gift: true }
    mock shop.reserve => { id: "a" }
    mock shop.release => ()
    expect run.status == "completed"
}
test "one is enough" for order {
    input: { sku: 1 }
    mock shop.reserve fails conflict
    expect run.status == "completed"
}
test "many are too many" for order {
    input: { sku: 60 }
    mock shop.reserve => { id: "a" }
    mock shop.release => ()
    expect unused(error.type) == "too_many"
}
"#
    ));
    let done = folder.flow(&["test", "--coverage", "main.flow"]);
    assert_eq!(done.code, 1, "{}", done.stdout);
    assert_eq!(missed(&done), ["4  operation shop.release", "29  step seen = log.info"], "{}", done.stdout);
}

#[test]
fn less_than_the_least_is_a_failure() {
    let folder = Folder::with(SHOP);
    let done = folder.flow(&["test", "--coverage-min", "65%", "main.flow"]);
    assert_eq!((done.code, done.stderr.as_str()), (0, ""), "{}", done.stdout);
    let done = folder.flow(&["test", "--coverage-min", "80", "main.flow"]);
    assert_eq!((done.code, done.stderr.as_str()), (1, "coverage is 65%, less than 80%\n"));
    assert!(!done.stdout.contains("coverage"), "the table is for those who ask: {}", done.stdout);
    let done = folder.flow(&["test", "--coverage-min", "101%", "main.flow"]);
    assert_eq!(done.code, 2);
    assert!(done.stderr.contains("`101%` is no percentage: write one from 0 to 100, as `80%`"), "{}", done.stderr);
}

#[test]
fn tools_read_json_and_lcov() {
    let folder = Folder::with(SHOP);
    let done = folder.flow(&["test", "--coverage", "--coverage-lcov", "out.info", "--format", "json", "main.flow"]);
    let report: Json = serde_json::from_str(&done.stdout).expect("it is JSON");
    let file = &report["coverage"]["files"][0];
    assert_eq!((&report["coverage"]["reached"], &report["coverage"]["of"]), (&27.into(), &41.into()), "{report:#}");
    assert_eq!(file["workflows"][0]["steps"], serde_json::json!({ "reached": 14, "of": 20 }), "{report:#}");
    let retry = file["places"].as_array().and_then(|all| all.iter().find(|place| place["line"] == 14)).cloned();
    let retry = retry.expect("the handler is there");
    let text = "on server_error retry 2 times every 1s";
    assert_eq!((&retry["text"], &retry["hits"], &retry["workflow"]), (&text.into(), &1.into(), &"order".into()));

    let tracefile = std::fs::read_to_string(folder.path().join("out.info")).expect("it was written");
    let lines: Vec<&str> = tracefile.lines().collect();
    for line in ["SF:main.flow", "FN:7,whole", "FNDA:0,unused", "FNF:3", "FNH:2", "DA:19,0", "DA:21,1", "end_of_record"]
    {
        assert!(lines.contains(&line), "{line} in {tracefile}");
    }
    let branches = lines.iter().filter(|line| line.starts_with("BRDA:")).count();
    assert_eq!(branches, 14, "arms, handlers and undos: {tracefile}");
    assert!(lines.contains(&"BRF:14") && lines.contains(&"BRH:8"), "{tracefile}");
    let folder = Folder::with(SHOP);
    let done = folder.flow(&["test", "--coverage-lcov", "no/such/place", "main.flow"]);
    assert_eq!(done.code, 2);
    assert!(done.stderr.starts_with("error: `no/such/place` cannot be written: "), "{}", done.stderr);
}

#[test]
fn a_used_file_counts_where_it_is_named_too() {
    let folder = Folder::with(
        r#"use "tax.flow" as tax
workflow bill {
    step sum = tax.added { net: 100.0 }
    output { gross: float = sum.gross }
}
test "a bill is taxed" for bill {
    expect output.gross == 119.0
}
"#,
    );
    folder.write(
        "tax.flow",
        br#"fn rate() { 0.19 }
workflow added {
    input { net: float }
    output { gross: float = input.net + share(input.net) }
}
workflow other {
    step idle = wait 1d
}
fn share(net) { net * rate() }
"#,
    );
    let done = folder.flow(&["test", "--coverage", "main.flow"]);
    assert!(!done.stdout.contains("tax.flow") && missed(&done).is_empty(), "{}{}", done.stdout, done.stderr);
    let done = folder.flow(&["test", "--coverage", "main.flow", "tax.flow"]);
    assert_eq!(done.code, 0, "{}", done.stderr);
    assert!(done.stdout.contains("not reached\n  tax.flow:7  step idle = wait 1d\n"), "{}", done.stdout);
}
