//! Serverless Workflow 1.0: each kind of task gives what its specification says.

use super::Import;

#[test]
fn an_order_goes_through_switch_emit_try_and_raise() {
    let order = Import::of("serverless/orders.yaml");
    assert!(
        order.summary.starts_with("main.flow: 7 tasks of Serverless Workflow, all one to one\n"),
        "{}\n{}",
        order.summary,
        order.text
    );
    let lines = r#"lines: [{ sku: "tea", cents: 5, pieces: 2 }, { sku: "pot", cents: 7, pieces: 1 }]"#;
    order.holds(
        "process_order",
        &format!(
            r#"input: {{ orderType: "electronic", {lines} }}
            expect emitted("shop.order.link-sent") == [#{{ text: "order o1 of 2", cents: 17 }}]
            expect output == #{{ text: "order o1 of 2", cents: 17 }}"#
        ),
    );
    order.holds(
        "process_order",
        &format!(
            r#"input: {{ orderId: "o7", orderType: "physical", {lines} }}
            mock http.post => {{ status: 200, headers: {{}}, body: {{ number: "n1" }} }}
            expect output == #{{ tracking: "n1", label: "order o7 of 2" }}
            expect calls(http.post)[0].url == "https://courier.example/pickups/physical"
            expect calls(http.post)[0].body == #{{ skus: "tea, pot", cents: 17 }}
            expect calls(http.post)[0].headers == #{{ "X-Label": "order o7 of 2" }}"#
        ),
    );
    order.holds(
        "process_order",
        &format!("input: {{ orderType: \"pigeon\", {lines} }}\nexpect error.type == \"unknown_kind\" && error.message == \"nobody knows how to send pigeon\""),
    );
}

#[test]
fn each_turn_of_a_for_is_given_what_the_one_before_gave() {
    let colors = Import::of("serverless/colors.yaml");
    assert_eq!(
        colors.gives(r#"{"colors": ["red", "green", "blue"]}"#),
        r#"{"done":{"colors":["red","green","blue"],"indexes":[0,1,2]}}"#
    );
}

#[test]
fn jumps_forward_and_back_are_in_the_order_of_the_run() {
    let jumps = Import::of("serverless/jumps.yaml");
    jumps.holds("jumps", r#"expect output == #{ colors: ["red", "green", "blue"] }"#);
    let countdown = Import::of("serverless/countdown.yaml");
    countdown.holds("countdown", "input: { left: 3 }\nexpect output == #{ turns: 3 }\nexpect run.elapsed == 90s");
}

#[test]
fn branches_run_together_and_the_first_of_those_that_compete_wins() {
    let together = Import::of("serverless/together.yaml");
    together.holds(
        "together",
        r#"input: { sku: "tea" }
        mock prices.find_price => 450
        mock http.get => { status: 200, headers: {}, body: { left: 3 } }
        event "shop.paid" { cents: 4, who: "Bob" }
        event "shop.paid" { cents: 5, who: "Ada" }
        expect calls(http.get)[0].url == "https://stock.example/items/tea"
        expect output == #{ result: #{ price: 450, by: "Ada" }, sku: "tea" }"#,
    );
    together.holds(
        "together",
        r#"input: { sku: "tea" }
        mock prices.find_price => 450
        mock http.get => { status: 200, headers: {}, body: { left: 0 } }
        expect output == #{ result: [450, 0], sku: "tea" }"#,
    );
    let first = Import::of("serverless/race.yaml");
    assert!(first.text.contains("trigger every 15m"), "{}", first.text);
    first.holds("first_answer", "expect output == #{ who: \"quick\" }\nexpect run.elapsed == 1m");
}

#[test]
fn commands_are_run_with_their_arguments() {
    let commands = Import::of("serverless/commands.yaml");
    commands.holds(
        "commands",
        r#"input: { name: "Ada" }
        mock process.run => { status: 0, stdout: "hello Ada there\n", stderr: "" }
        expect calls(process.run)[0].command == ["sh", "-c", "echo \"$@\"", "sh", "hello Ada", "there"]
        expect calls(process.run)[1].command == ["python3", "-c", "print(1)"]
        expect output == 0"#,
    );
}

#[test]
fn expressions_of_jq_give_what_jq_gives() {
    let looks = Import::of("serverless/jq.yaml");
    looks.holds(
        "looks",
        r#"input: { a: { b: [1, { c: 5 }], k: 1 }, n: 2, list: [{ name: "tea", on: true }, { name: "pot", on: false }] }
        expect output.path == 5 && output.missing == () && output.or == "none"
        expect !output.both && output.merged == #{ a: 1, b: 2 } && output.over == ["b", "k", "z"]
        expect output.kept == ["tea"] && output.some && output.sorted == "pot"
        expect output.text == "a3b xy" && output.upper == "TEA" && output.choice == "two"
        expect output.bound == 5 && output.half == 0.5 && output.last == "pot" && output.pair == 6
        expect output.starts && output.reduced == () && output.run == "looks" && output.task == "looks""#,
    );
    // What has no equal is said, with the words of jq beside it.
    assert!(looks.summary.contains("0 one to one"), "{}", looks.summary);
    assert!(looks.text.contains("// jq: reduce .list[] as $x (0; . + 1)"), "{}", looks.text);
}

#[test]
fn events_are_waited_for_one_by_one_together_and_until_it_is_enough() {
    let waits = Import::from(
        "waits.yaml",
        br#"
document: { dsl: '1.0.0', namespace: samples, name: waits, version: '1.0.0' }
do:
  - vitals:
      listen:
        to:
          all:
            - with: { type: sensor.temperature, data: { room: kitchen } }
            - with: { type: sensor.humidity }
      output: { as: '${ { warm: .[0].value, damp: .[1].value } }' }
      export: { as: '${ . }' }
  - doctors:
      listen:
        to:
          any:
            - with: { type: doctor.called }
          until: ( . | length ) >= 2
  - report:
      set: { warm: '${ $context.warm }', damp: '${ $context.damp }', doctors: '${ map(.name) }' }
"#,
    );
    waits.holds(
        "waits",
        r#"event "sensor.temperature" { room: "hall", value: 1 }
        event "sensor.humidity" { value: 40 }
        event "sensor.temperature" { room: "kitchen", value: 21 }
        event "doctor.called" { name: "Ada" }
        event "doctor.called" { name: "Bob" }
        expect output == #{ warm: 21, damp: 40, doctors: ["Ada", "Bob"] }"#,
    );
}

#[test]
fn a_try_goes_on_with_what_its_handler_gives() {
    let pets = Import::from(
        "pets.json",
        br#"{
  "document": { "dsl": "1.0.0", "namespace": "samples", "name": "pets", "version": "1.0.0" },
  "do": [
    { "find": {
        "try": [{ "get": { "call": "http", "with": { "method": "get", "endpoint": "https://pets.example/pets/{name}" } } }],
        "catch": {
          "errors": { "with": { "type": "https://serverlessworkflow.io/spec/1.0.0/errors/communication", "status": 404 } },
          "as": "err",
          "do": [{ "none": { "set": { "error": "${ $err.type }", "name": "${ .name }" } } }]
        }
    } }
  ]
}"#,
    );
    let input = "input: { name: \"Milou\" }\n";
    pets.holds(
        "pets",
        &format!(
            "{input}mock http.get => {{ status: 200, headers: {{}}, body: {{ id: 7 }} }}\nexpect output == #{{ id: 7 }}"
        ),
    );
    // What the filter does not let in fails the run.
    pets.holds(
        "pets",
        &format!("{input}mock http.get fails server_error \"down\"\nexpect error.type == \"server_error\""),
    );
}

#[test]
fn documents_that_mean_harm_are_told_or_written_and_break_nothing() {
    let head = "document: { dsl: '1.0.0', namespace: a, name: b, version: '1.0.0' }\n";
    for (document, says) in [
        ("do: 7", "are no list of `name: task`"),
        (
            "do:\n  - a: { set: {}, then: bb }\n  - b: { set: {} }",
            "b.yaml:3: `a` leads to `bb`, and no task beside it is called so\n  hint: did you mean `b`?",
        ),
    ] {
        let folder = crate::cli::Folder::with("");
        folder.write("b.yaml", format!("{head}{document}").as_bytes());
        let done = folder.flow(&["import", "b.yaml"]);
        assert_eq!(done.code, 2, "{}", done.stdout);
        assert!(done.stderr.contains(says), "{}", done.stderr);
    }
    let deep = format!("{}.a{}", "(".repeat(500), ")".repeat(500));
    let long = vec![".a"; 400].join(" + ");
    let nested = format!("{}{}", "do: [ { a: { ".repeat(14), "} } ]".repeat(14));
    for document in [
        "do: []".to_owned(),
        "do:\n  - a: {}".to_owned(),
        "do:\n  - a: 7".to_owned(),
        "do:\n  - a: { set: 7 }".to_owned(),
        "do:\n  - a: { call: 7 }\n  - b: { fork: 7 }\n  - c: { for: 7, do: [] }\n  - d: { listen: 7 }".to_owned(),
        "do:\n  - a: { run: {} }\n  - b: { emit: {} }\n  - c: { raise: {} }\n  - d: { try: [], catch: 7 }".to_owned(),
        "do:\n  - a: { wait: soon }\n  - b: { switch: [] }\n  - c: { switch: [ { d: { then: a } } ] }".to_owned(),
        "do:\n  - a: { set: { x: '${ \"${ }', y: '${}', z: '${ \"\\( ' } }".to_owned(),
        format!("do:\n  - a: {{ set: {{ x: '${{ {deep} }}' }} }}"),
        format!("do:\n  - a: {{ set: {{ x: '${{ {long} }}' }} }}"),
        nested,
        // Jumps that no blocks are made of.
        "do:\n  - a: { switch: [ { x: { when: .x, then: c } }, { y: { when: .y, then: b } } ] }\n  - b: { set: {}, then: d }\n  \
         - c: { switch: [ { x: { when: .x, then: b } }, { y: { then: d } } ] }\n  - d: { switch: [ { x: { when: .x, then: a } }, { y: { when: .y, then: c } } ] }"
            .to_owned(),
    ] {
        Import::from("b.yaml", format!("{head}{document}").as_bytes());
    }
}
