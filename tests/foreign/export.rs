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
    for part in ["call: http", "count: 2", "type: courier.came", "hours: 2", "flow://errors/too_late"] {
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
        said.contains("3 things to look at:\n") && said.contains("`later`: jq has no equal of: now() + 3d"),
        "{said}"
    );
    assert!(document.contains("todo:"), "{document}");
    let (picture, _) = exported(SUMS, &["--to", "mermaid"]);
    assert!(picture.contains("flowchart TB"), "{picture}");
}

/// A connector whose requests say all that a request can: settings, credentials, parts of the address, what need not be given.
const DESK: &str = r#"connector desk "Desk" {
    config {
        base_url: url = "https://desk.example/v2"
        region:   string
        token:    secret = secret("DESK_TOKEN")
    }
    auth bearer config.token
    headers: { "X-Region": config.region }
    fail conflict "${response.body.reason}" when response.body?.ok == false

    /// Opens a ticket.
    once operation open(customer: string, text: string, urgent: bool?, tags: list<string> = ["new"]) -> { number: int } {
        POST "/customers/${customer}/tickets" { body: { text, urgent, tags }, query: { notify: urgent } }
        output { number: response.body.ticket.number }
    }
}

workflow tell {
    input { customer: string, text: string }
    step opened = desk.open { customer: input.customer, text: input.text }
    output { number: opened.number }
}
"#;

#[test]
fn an_operation_of_a_connector_goes_out_as_the_request_that_it_is() {
    let (document, said) = exported(DESK, &[]);
    let read: serde_json::Value = serde_saphyr::from_str(&document).expect("it is YAML");
    let open = &read["use"]["functions"]["desk.open"];
    let request = &open["do"][0]["request"];
    assert_eq!(request["call"], "http", "{document}");
    assert_eq!(request["with"]["method"], "post", "{document}");
    assert_eq!(
        request["with"]["endpoint"]["uri"], "https://desk.example/v2/customers/{customer}/tickets",
        "{document}"
    );
    assert_eq!(request["with"]["endpoint"]["authentication"]["use"], "desk", "{document}");
    assert_eq!(request["with"]["headers"]["X-Region"], "${ $context.settings_of.desk.region }", "{document}");
    assert_eq!(read["use"]["authentications"]["desk"]["bearer"]["token"], "${ $secrets.DESK_TOKEN }", "{document}");
    assert_eq!(read["use"]["secrets"], serde_json::json!(["DESK_TOKEN"]), "{document}");
    assert_eq!(read["do"][0]["settings"]["set"]["desk"]["region"], "", "{document}");
    assert_eq!(read["do"][1]["opened"]["call"], "desk.open", "{document}");
    assert!(said.contains("`desk.open`: the setting `desk.region` is what the first task, `settings`, says"), "{said}");

    // Read again, it asks for the same, and takes the same answers for failures.
    let back = Import::from("tell.yaml", document.as_bytes());
    let input = "input: { customer: \"c7\", text: \"It is broken\" }\n";
    back.holds(
        "tell",
        &format!(
            r#"{input}mock http.post => {{ status: 200, headers: {{}}, body: {{ ok: true, ticket: {{ number: 12 }} }} }}
            expect output == #{{ number: 12 }}
            expect calls(http.post)[0].url == "https://desk.example/v2/customers/c7/tickets"
            expect calls(http.post)[0].body == #{{ text: "It is broken", tags: ["new"] }}"#
        ),
    );
    back.holds(
        "tell",
        &format!(
            r#"{input}mock http.post => {{ status: 200, headers: {{}}, body: {{ ok: false, reason: "closed" }} }}
            expect error.type == "conflict" && error.message == "closed""#
        ),
    );
}

#[test]
fn what_an_engine_of_its_own_does_is_asked_of_whoever_runs_the_document() {
    let (document, said) = exported(
        r#"workflow mixed {
    step rows = sql.query { database: "shop", sql: "SELECT 1" }
    step more = sql.query { database: "shop", sql: "SELECT 2" }
    step out  = process.run { command: ["echo", "hello"] }
    output { out: any = out.stdout, rows: any = rows, more: any = more }
}"#,
        &[],
    );
    assert!(
        said.contains("1 thing to look at:\n")
            && said.contains("`sql.query`: whoever runs the document provides a function"),
        "{said}"
    );
    for part in ["call: query@sql", "command: echo", "return: all"] {
        assert!(document.contains(part), "{part}\n{document}");
    }
}

/// Loops that are left early, from further in, or not at all.
const LEFT: &str = r#"workflow left {
    input { list: list<int>, most: int = 10 }
    vars { seen: int = 0, turns: int = 0, steps: int = 0 }
    step taken = for n in input.list {
        until n > input.most
        set vars.seen = vars.seen + n
        output n
    }
    while true max 50 {
        set vars.turns = vars.turns + 1
        if vars.turns > 2 {
            until vars.seen > 0
            set vars.turns = vars.turns + 10
        }
        set vars.turns = vars.turns + 100
    }
    for n in input.list {
        step inner = for m in input.list {
            output m
        }
        set vars.steps = vars.steps + inner.len()
    }
    output { taken: any = taken, seen: any = vars.seen, turns: any = vars.turns, steps: any = vars.steps }
}
"#;

#[test]
fn loops_are_left_where_the_program_leaves_them() {
    let folder = Folder::with(LEFT);
    let (document, said) = exported(LEFT, &[]);
    assert!(said.contains("all one to one"), "{said}\n{document}");
    let back = Import::from("left.yaml", document.as_bytes());
    for input in [r#"{"list": [1, 2, 30, 4]}"#, r#"{"list": [1, 2], "most": 1}"#, r#"{"list": [3]}"#] {
        let before = folder.flow(&["run", "main.flow", "--input", input]);
        assert_eq!(before.code, 0, "{}", before.stderr);
        assert_eq!(back.gives(input), before.stdout.trim_end(), "{document}\n{}", back.text);
    }
    // Where nothing leaves it, the bound does.
    let endless = "workflow endless {\n    while true max 3 { step note = sequence { output 1 } }\n    output 1\n}";
    let (document, _) = exported(endless, &[]);
    let back = Import::from("endless.yaml", document.as_bytes());
    back.holds("endless", "expect error.type == \"limit_exceeded\"");
}

#[test]
fn nothing_is_lost_without_a_word() {
    let (_, said) = exported(
        r#"workflow losing {
    input { list: list<int> = [1] }
    priority 3
    trigger schedule "0 6 * * *" { zone "Europe/Berlin" }
    step asked = http.get {
        url: "https://a.example"
        deadline 1m
        timeout 5s
        on server_error retry 3 times backoff 1s to 20s
    }
    step sent = http.post { url: "https://a.example", key input.list }
    parallel for n in input.list max 2 tolerate 1 { step one = log.info { message: "n" } }
    for n in input.list max 7 { step two = log.info { message: "n" } }
    output asked.status
}"#,
        &[],
    );
    for told in [
        "`priority` is left out",
        "the clauses of the trigger",
        "its pauses grow past `20s`",
        "`key` is left out",
        "its turns run at once",
        "`tolerate` is left out",
        "`max 7` is left out",
        "`log.info`: whoever runs the document",
    ] {
        assert!(said.contains(told), "{told}\n{said}");
    }
}

#[test]
fn expressions_go_out_and_come_back_with_the_same_values() {
    let program = r#"workflow looks {
    input { list: list<int>, name: string, on: bool? = true, other: bool? }
    let a = if input.on { "yes" } else { "no" }
    let b = switch input.list.len() { 0 => "none", 1 | 2 => "few", _ => "many" }
    let c = input.list.filter(|n| n > 1).map(|n| n * 2)
    let d = { half: sum(input.list) / 2.0, first: input.list.first(), upper: input.name.to_upper() }
    let e = input.other ?? input.on
    step f = script {
        let twice = input.list.map(|n| n * 2);
        let most = twice.max();
        #{ twice: twice, most: most }
    }
    let g = replace_all(input.name, "a", "o")
    step h = for at in 0..3 { output at * 10 }
    output { a: any = a, b: any = b, c: any = c, d: any = d, e: any = e, f: any = f, g: any = g, h: any = h, in: any = 2 in input.list, n: any = "${input.name}!" }
}
"#;
    let folder = Folder::with(program);
    let (document, said) = exported(program, &[]);
    assert!(said.contains("all one to one"), "{said}\n{document}");
    let back = Import::from("looks.yaml", document.as_bytes());
    for input in
        [r#"{"list": [1, 2, 3], "name": "banana"}"#, r#"{"list": [5], "name": "", "on": false, "other": true}"#]
    {
        let before = folder.flow(&["run", "main.flow", "--input", input]);
        assert_eq!(before.code, 0, "{}", before.stderr);
        let json = |text: &str| serde_json::from_str::<serde_json::Value>(text).expect("it is JSON");
        assert_eq!(json(&back.gives(input)), json(&before.stdout), "{document}\n{}", back.text);
    }
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
