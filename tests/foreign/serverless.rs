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

/// Tasks, and what the specification and the features of its conformance tests say that comes of them.
const DOCUMENTED: &[(&str, &str, &str)] = &[
    (
        "a task is given what `input.from` takes",
        "do:\n  - who: { input: { from: .user.claims.subject }, set: { player: '${ . }' } }",
        r#"input: { user: { claims: { subject: "s1" } } }
        expect output == #{ player: "s1" }"#,
    ),
    (
        "`output.as` sees what the task gave, and `$input` what it was given",
        "do:\n  - one: { set: { id: 1 }, output: { as: .id } }\n  - two: { set: { id: 2 }, output: { as: '{ ids: [ $input, .id ] }' } }",
        "expect output == #{ ids: [1, 2] }",
    ),
    (
        "`set` lays values out as they are written",
        "do:\n  - start: { set: { shape: circle, size: '${ .configuration.size }', rest: [ 1, '${ 1 + 1 }', 'n ${ 3 }' ], none: null } }",
        r#"input: { configuration: { size: { width: 6, height: 6 } } }
        expect output == #{ shape: "circle", size: #{ width: 6, height: 6 }, rest: [1, 2, "n 3"], none: () }"#,
    ),
    (
        "tasks under one `do` run in a row",
        "do:\n  - all:\n      do:\n        - red: { set: { colors: '${ .colors + [\"red\"] }' } }\n        - blue: { set: { colors: '${ .colors + [\"blue\"] }' } }",
        r#"expect output == #{ colors: ["red", "blue"] }"#,
    ),
    (
        "the first case of a `switch` that holds says where to go on",
        "do:\n  - pick:\n      switch:\n        - red: { when: '.color == \"red\"', then: setRed }\n        - green: { when: '.color == \"green\"', then: setGreen }\n  \
         - setRed: { set: { colors: '${ .colors + [\"red\"] }' }, then: end }\n  - setGreen: { set: { colors: '${ .colors + [\"green\"] }' }, then: end }",
        r#"input: { color: "green" }
        expect output == #{ colors: ["green"] }"#,
    ),
    (
        "where no case holds, the `then` of the `switch` does",
        "do:\n  - pick: { switch: [ { red: { when: '.color == \"red\"', then: setRed } } ], then: end }\n  - setRed: { set: { color: red }  }",
        r#"input: { data: { color: "yellow" } }
        expect output == #{ color: "yellow" }"#,
    ),
    (
        "a case without `when` is the default",
        "do:\n  - pick:\n      switch:\n        - red: { when: '.color == \"red\"', then: setRed }\n        - other: { then: setOther }\n  \
         - setRed: { set: { colors: [ red ] } }\n  - setOther: { set: { colors: '${ .colors + [ $input.color ] }' } }",
        r#"input: { data: { color: "yellow" } }
        expect output == #{ colors: ["yellow"] }"#,
    ),
    (
        "a task whose `if` does not hold hands on what it was given",
        "do:\n  - a: { if: '${ .n > 5 }', set: { big: true } }\n  - b: { if: '${ .n <= 5 }', set: { n: '${ .n + 1 }' } }",
        r#"input: { data: { n: 3 } }
        expect output == #{ n: 4 }"#,
    ),
    (
        "a `for` stops where its `while` no longer holds",
        "do:\n  - loop:\n      for: { each: x, in: .xs }\n      while: .n == null or .n < 3\n      do:\n        - mark: { set: { n: '${ (.n // 0) + $x }' } }",
        r#"input: { xs: [1, 2, 3, 4] }
        expect output == #{ n: 3 }"#,
    ),
    (
        "a `for` over an empty list hands on what it was given",
        "do:\n  - first: { set: { list: [], n: 7 } }\n  - loop: { for: { each: x, in: .list }, do: [ { mark: { set: { last: '${ $x }' } } } ] }",
        "expect output == #{ list: [], n: 7 }",
    ),
    (
        "the branches of a `fork` give a list",
        "do:\n  - all:\n      fork:\n        compete: false\n        branches:\n          - a: { set: { x: 1 } }\n          - b: { set: { y: 2 } }",
        "expect output == [#{ x: 1 }, #{ y: 2 }]",
    ),
    (
        "what was raised is caught by its status, under the name that `as` says",
        "do:\n  - attempt:\n      try: [ { bad: { raise: { error: { type: 'https://errors.example/compliance', status: 400, title: Compliance Error } } } } ]\n      \
         catch: { errors: { with: { status: 400 } }, as: err, do: [ { note: { set: { error: '${ $err.title }', status: '${ $err.status }' } } } ] }",
        r#"expect output == #{ error: "Compliance Error", status: 400 }"#,
    ),
    (
        "what the filter does not name is not caught",
        "do:\n  - attempt:\n      try: [ { bad: { raise: { error: { type: 'https://errors.example/compliance', status: 400, title: Compliance Error } } } } ]\n      \
         catch: { errors: { with: { status: 503 } }, do: [ { note: { set: { error: 1 } } } ] }",
        r#"expect error.type == "compliance""#,
    ),
    (
        "pauses that grow by as much each time",
        "do:\n  - attempt:\n      try: [ { ask: { call: http, with: { method: get, endpoint: 'https://a.example' } } } ]\n      \
         catch: { errors: { with: { status: 503 } }, retry: { delay: { seconds: 2 }, backoff: { linear: {} }, limit: { attempt: { count: 3 } } } }",
        r#"mock http.get fails server_error { status: 503 } 3 times then { status: 200, headers: {}, body: { ok: true } }
        expect output == #{ ok: true } && run.elapsed == 12s"#,
    ),
    (
        "`export.as` keeps what later tasks read in `$context`",
        "do:\n  - a: { set: { n: 1 }, export: { as: '${ { seen: .n } }' } }\n  - b: { set: { m: 2 } }\n  - c: { set: { both: '${ [ $context.seen, .m ] }' } }",
        "expect output == #{ both: [1, 2] }",
    ),
    (
        "an event that is emitted is what the task gives",
        "do:\n  - say: { emit: { event: { with: { source: 'https://s.example', type: com.greeted.v1, data: { greetings: '${ \"Hello \\(.first) \\(.last)!\" }' } } } } }",
        r#"input: { first: "John", last: "Doe" }
        expect output.type == "com.greeted.v1" && output.source == "https://s.example" && output.specversion == "1.0"
        expect output.data == #{ greetings: "Hello John Doe!" }"#,
    ),
    (
        "events belong together by what is expected of them",
        "do:\n  - paid: { listen: { to: { one: { with: { type: order.paid }, correlate: { order: { from: .data.id, expect: '${ .id }' } } } } } }\n  \
         - out: { set: { by: '${ .[0].by }' } }",
        r#"input: { id: "o7" }
        event "order.paid" { id: "o6", by: "Bob" }
        event "order.paid" { id: "o7", by: "Ada" }
        expect output == #{ by: "Ada" }"#,
    ),
    (
        "a declared function runs where it is called, with its arguments",
        "use:\n  functions:\n    pet:\n      call: http\n      with: { method: get, endpoint: 'https://pets.example/pet/{petId}' }\ndo:\n  - one: { call: pet, with: { petId: 69 } }",
        r#"mock http.get => { status: 200, headers: {}, body: { id: 69 } }
        expect output == #{ id: 69 } && calls(http.get)[0].url == "https://pets.example/pet/69""#,
    ),
    (
        "waits are as long as they say, and hand on what they were given",
        "do:\n  - a: { set: { n: 1 } }\n  - b: { wait: { minutes: 1, seconds: 30 } }\n  - c: { wait: PT1H }",
        "expect output == #{ n: 1 } && run.elapsed == 3690s",
    ),
    (
        "what the workflow gives is what `output.as` takes",
        "output: { as: '${ .a.b }' }\ndo:\n  - a: { set: { a: { b: 5 } } }",
        "expect output == 5",
    ),
];

#[test]
fn each_kind_of_task_gives_what_the_specification_says() {
    for (says, document, test) in DOCUMENTED {
        let head = "document: { dsl: '1.0.3', namespace: samples, name: sample, version: '1.0.0' }\n";
        let import = Import::from("sample.yaml", format!("{head}{document}\n").as_bytes());
        assert!(!import.text.contains("TODO"), "{says}\n{}", import.text);
        import.holds("sample", test);
    }
}

#[test]
fn what_has_to_be_done_by_hand_says_how() {
    let import = Import::from(
        "hands.yaml",
        br#"
document: { dsl: '1.0.3', namespace: samples, name: hands, version: '1.0.0' }
do:
  - greet:
      call: grpc
      with: { proto: { endpoint: 'file:///greet.proto' }, service: { name: Greeter, host: localhost }, method: SayHello, arguments: { name: Ada } }
  - attempt:
      try: [ { ask: { call: http, with: { method: get, endpoint: 'https://a.example' } } } ]
      catch: { retry: { delay: { seconds: 1 }, backoff: { linear: {} }, jitter: { from: { seconds: 0 }, to: { seconds: 1 } }, limit: { attempt: { count: 30 } } } }
  - both:
      listen: { to: { all: [ { with: { type: a }, correlate: { order: { from: .data.id } } }, { with: { type: b }, correlate: { order: { from: .data.id } } } ] } }
"#,
    );
    for told in [
        "`greet`: gRPC is not spoken here: give the service a gateway that takes JSON over HTTP, and let `greeter` post to it",
        "write several handlers, each `retry 1 times` with a pause of its own",
        "write `backoff A to B`, which chance spreads",
        "all events of one run agree in `order` there",
    ] {
        assert!(import.text.contains(told), "{told}\n{}", import.text);
    }
}
