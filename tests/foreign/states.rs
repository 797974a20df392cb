//! Amazon States Language: each construct gives what its documentation says.

use super::Import;

#[test]
fn an_order_goes_through_choice_map_retry_and_catch() {
    let order = Import::of("states/order.json");
    assert!(
        order.summary.starts_with("main.flow: 10 states of Amazon States Language, all one to one\n"),
        "{}",
        order.summary
    );
    let input = r#"input: { data: {
        id: "o7", total: 120, customer: { name: "Ada", tier: "gold", card: "4242" }, lines: [{ sku: "tea" }, { sku: "pot" }]
    } }
    mock aws_lambda.price_of => 5 when params.payload.sku == "tea"
    mock aws_lambda.price_of => 7"#;
    // A service that stumbles twice is asked again.
    order.holds(
        "order",
        &format!(
            r#"{input}
            mock aws_lambda.charge fails server_error "busy" 2 times then {{ receipt: "r1" }}
            expect output == #{{ id: "o7", receipt: "r1", prices: [5, 7] }}
            expect calls(aws_lambda.charge).len() == 3
            expect calls(aws_lambda.charge)[0].payload == #{{ card: "4242", cents: 120, note: "order o7 of Ada" }}"#
        ),
    );
    // An error that is caught takes its own way, with its cause where `ResultPath` puts it.
    order.holds(
        "order",
        &format!(
            r#"{input}
            mock aws_lambda.charge fails CardRefused "no money"
            mock sns.publish => {{ MessageId: "m" }}
            expect output == #{{ id: "o7", state: "refused" }}
            expect calls(sns.publish)[0].request.Message == "no money""#
        ),
    );
    order.holds(
        "order",
        &format!("{input}\nmock aws_lambda.charge fails conflict \"no\"\nexpect error.type == \"ChargeFailed\""),
    );
    order.holds(
        "order",
        r#"input: { data: { id: "o8", total: 1, customer: {}, lines: [] } }
        expect error.type == "EmptyOrder" && error.message == "the order has no lines""#,
    );
}

/// Samples, what they are called, and what holds of them: with which input and which answers, what comes out.
const DOCUMENTED: &[(&str, &str, &str)] = &[
    // The results that the documentation of the intrinsic functions states.
    (
        "states/intrinsics.json",
        "intrinsics",
        r#"input: {
            id: 123456, inputArray: [1, 2, 3, 4, 5, 6, 7, 8, 9], lookingFor: 5, index: 5, doubled: [1, 2, 3, 3, 3, 3, 3, 3, 4],
            text: "Data to encode", base64: "RGF0YSB0byBlbmNvZGU=", json1: { a: { a1: 1, a2: 2 }, b: 2 }, json2: { a: { a3: 1, a4: 2 }, c: 3 },
            escaped: "{\"foo\": \"bar\"}", unescaped: { foo: "bar" }, start: 1, end: 999, value1: 111, step: -1,
            csv: "1,2,3,4,5", splitter: ",", name: "Arnav"
        }
        expect output.array == [123456]
        expect output.partition == [[1, 2, 3, 4], [5, 6, 7, 8], [9]]
        expect output.contains && output.range == [1, 3, 5, 7, 9]
        expect output.item == 6 && output.length == 9 && output.unique == [1, 2, 3, 4]
        expect output.encoded == "RGF0YSB0byBlbmNvZGU=" && output.decoded == "Data to encode"
        expect output.hash == sha256("Data to encode")
        expect output.merged == #{ a: #{ a3: 1, a4: 2 }, b: 2, c: 3 }
        expect output.parsed == #{ foo: "bar" } && output.written == "{\"foo\":\"bar\"}"
        expect output.random >= 1 && output.random < 999
        expect output.added == 110 && output.split == ["1", "2", "3", "4", "5"]
        expect output.letters == ["This", "is", "a", "test", "string"]
        expect output.uuid.len() == 36 && output.formatted == "Hello, my name is Arnav."
        expect output.nested == "9 of 2: {it's}""#,
    ),
    (
        "states/paths.json",
        "paths",
        r#"input: { data: {
            dataset2: { x: 1 }, product: { details: { color: "blue", size: "small" }, availability: "in stock" },
            list: [1, 2, 3, 4], rows: [{ n: 1 }, { n: 2 }], "an odd name": { when: 7 }
        } }
        expect output.chosen == #{ x: 1 }
        expect output.selected == #{
            comment: "Selecting what I care about.", MyDetails: #{ size: "small", exists: "in stock", StaticValue: "foo" }
        }
        expect output.product.details == #{ color: "blue", size: "small", extra: #{ n: 1 } }
        expect output.odd == #{ first: 1, rest: [2, 3], all: [1, 2], odd: 7, when: "x" }
        expect output.list == [1, 2, 3, 4]"#,
    ),
    (
        "states/choice.json",
        "choice",
        r#"input: { type: "Private", value: 22 }
        expect output == "twenties""#,
    ),
    (
        "states/choice.json",
        "choice",
        r#"input: { type: "Public", value: 22 }
        expect output == "public""#,
    ),
    (
        "states/choice.json",
        "choice",
        r#"input: { type: "Private", value: 30 }
        expect error.message == "No Matches!""#,
    ),
    (
        "states/tests.json",
        "tests",
        r#"input: { maybe: { deep: "log-7.txt" }, n: 1, at: "2026-03-01T00:00:00Z", most: 5, done: false }
        expect output == "log""#,
    ),
    (
        "states/tests.json",
        "tests",
        r#"input: { n: "one", at: "2026-03-01T00:00:00Z", most: 5, done: false }
        expect output == "no number""#,
    ),
    (
        "states/tests.json",
        "tests",
        r#"input: { n: 1, at: "2025-03-01T00:00:00Z", most: 5, done: false }
        expect output == "long ago""#,
    ),
    (
        "states/tests.json",
        "tests",
        r#"input: { n: 9, at: "2026-03-01T00:00:00Z", most: 5, done: false }
        expect output == "too many""#,
    ),
    (
        "states/tests.json",
        "tests",
        r#"input: { n: 1, at: "2026-03-01T00:00:00Z", most: 5, done: true }
        expect output == true"#,
    ),
    (
        "states/wait.json",
        "wait",
        r#"at "2026-03-14T01:00:00Z"
        input: { seconds: 20, expirydate: "2026-03-15T00:00:00Z", Error: "Late", Cause: "no reason" }
        expect error.type == "Late" && error.message == "for no reason"
        expect run.elapsed == 23h"#,
    ),
    // A loop goes round until its choice leads out of it; each wait is as long as the input says.
    (
        "states/poll.json",
        "poll",
        r#"input: { data: { wait_time: 30, job: "j" } }
        mock aws_lambda.submit_job => "guid-1"
        mock aws_lambda.check_job => "RUNNING" 2 times then "SUCCEEDED"
        expect output == "SUCCEEDED" && run.elapsed == 90s
        expect calls(aws_lambda.check_job).map(|one| one.payload) == ["guid-1", "guid-1", "guid-1", "guid-1"]"#,
    ),
    (
        "states/poll.json",
        "poll",
        r#"input: { data: { wait_time: 30 } }
        mock aws_lambda.submit_job => "guid-1"
        mock aws_lambda.check_job => "FAILED"
        expect error.message == "AWS Batch Job Failed""#,
    ),
    (
        "states/count.json",
        "count",
        r#"input: { data: { left: true } }
        expect output.iterator == #{ count: 10, index: 10, step: 1 } && output.left && output.result.success"#,
    ),
    (
        "states/tangled.json",
        "tangled",
        r#"input: { data: { n: 1 } }
        expect output == 40"#,
    ),
    (
        "states/tangled.json",
        "tangled",
        r#"input: { data: { n: 6 } }
        expect output == 24"#,
    ),
    // Pauses between attempts that grow by another rate than two, to a longest one.
    (
        "states/growing.json",
        "growing",
        r#"input: { data: {} }
        mock aws_lambda.charge fails Busy 4 times then { receipt: "r" }
        expect output == #{ receipt: "r" } && run.elapsed == 36s"#,
    ),
    // `States.TaskFailed` stands for every error but `States.Timeout`.
    (
        "states/growing.json",
        "growing",
        r#"input: { data: {} }
        mock aws_lambda.charge fails timeout
        expect error.type == "timeout" && calls(aws_lambda.charge).len() == 1"#,
    ),
    (
        "states/growing.json",
        "growing",
        r#"input: { data: {} }
        mock aws_lambda.charge fails conflict "no"
        expect output == "given up: no""#,
    ),
    // Filters in paths, as the example of JSONPath's own documentation states them.
    (
        "states/store.json",
        "store",
        r#"input: { store: { book: [
            { category: "reference", title: "Sayings", price: 8.95 }, { category: "fiction", title: "Sword", price: 12.99 },
            { category: "fiction", title: "Moby", isbn: "0-553-21311-3", price: 8.99 }
        ] } }
        expect output == #{ cheap: ["Sayings", "Moby"], known: ["Moby"], fiction: [12.99, 8.99], both: ["Moby"], count: 2 }"#,
    ),
    // The list of a map that is read from elsewhere.
    (
        "states/reader.json",
        "reader",
        r#"input: { bucket: "b" }
        mock s3.get_object => [{ id: 1 }, { id: 2 }, { id: 3 }]
        expect output == [1, 2] && calls(s3.get_object)[0].request == #{ Bucket: "b", Key: "rows.csv" }"#,
    ),
    // A branch each for the same input; the outputs are a list in the order of the branches.
    (
        "states/parallel.json",
        "parallel",
        r#"input: { data: [3, 2] }
        mock activity.add => params.request[0] + params.request[1]
        mock activity.subtract => params.request[0] - params.request[1]
        expect output == [5, 1]"#,
    ),
    (
        "states/map.json",
        "map",
        r#"input: { ContextObjectExample: { Items: [{ who: "bob" }, { who: "meg" }, { who: "joe" }] }, note: "x" }
        expect output == [
            #{ index: 0, value: "bob", note: "x" }, #{ index: 1, value: "meg", note: "x" }, #{ index: 2, value: "joe", note: "x" }
        ]"#,
    ),
    (
        "states/maps.json",
        "maps",
        r#"input: { jobs: ["a", "b"] }
        mock aws_lambda.try_job => "done" when params.payload.job == "a"
        mock aws_lambda.try_job => "busy"
        expect output == ["done", "gave up"] && run.elapsed == 2m
        expect calls(aws_lambda.try_job).len() == 4"#,
    ),
    // JSONata: what its documentation says of its functions, of paths into lists and of what is not there.
    (
        "states/jsonata.json",
        "jsonata",
        r#"input: { name: "Ada", n: 6, items: [{ sku: "tea", price: 4, pieces: 2 }, { sku: "pot", price: 12, pieces: 1 }, { sku: "cup", price: 6, pieces: 3 }] }
        expect output.text == "Hello Ada, 6 things"
        expect output.sum == 22 && output.count == 2 && output.one == 4
        expect output.names == ["TEA", "POT", "CUP"] && output.total == 38
        expect output.made == [#{ id: "tea", cents: 400 }, #{ id: "pot", cents: 1200 }, #{ id: "cup", cents: 600 }]
        expect output.half == 3 && output.quarter == 1.5
        expect output.kind == "many" && output.missing == "absent"
        expect output.range == [1, 2, 3, 4] && output.joined == "tea-pot-cup"
        expect output.block == 14 && output.merged == #{ a: 1, b: 6 }
        expect output.words == ["a", "b", "c"] && output.part == "ellvalue"
        expect output.first == "tea" && output.last == "cup" && output["in"]
        expect output.plain == "no expression" && output.deep == #{ list: [1, 6] }"#,
    ),
    (
        "states/variables.json",
        "variables",
        r#"input: { data: { product: "tea" } }
        mock aws_lambda.order_product fails SoldOut "none left" 2 times then { receipt: "r", price: 5 }
        expect output == #{ receipt: "r", tries: 3, price: 5 }
        expect run.elapsed == 30s
        expect calls(aws_lambda.order_product).map(|one| one.payload.attempt) == [1, 2, 3]"#,
    ),
    (
        "states/variables.json",
        "variables",
        r#"input: { data: { product: "tea" } }
        mock aws_lambda.order_product fails SoldOut "none left"
        expect error.type == "SoldOut" && error.message == "after 3 tries: none left""#,
    ),
    (
        "states/inventory.json",
        "inventory",
        r#"input: { rate: 3, orders: [{ id: "a", amount: 2, open: true }, { id: "b", amount: 5, open: false }, { id: "c", amount: 7, open: true }] }
        expect output == #{ lines: ["1. a: 6", "2. c: 21"], of: 3 }"#,
    ),
    (
        "states/approval.json",
        "approval",
        r#"input: { what: "o7" }
        mock sqs.send_message => ()
        signal "ask" { by: "Ada" }
        mock http.post fails rate_limited 2 times then { status: 201, headers: {}, body: { id: 7 } }
        expect output == #{ status: 201, id: 7 } && run.elapsed == 10s
        expect calls(sqs.send_message)[0].request.MessageBody.token == run.id
        expect calls(http.post)[2].url == "https://api.example/orders/o7" && calls(http.post)[2].body.by == "Ada""#,
    ),
    (
        "states/approval.json",
        "approval",
        r#"input: { what: "o7" }
        mock sqs.send_message => ()
        expect error.type == "NoAnswer" && run.elapsed == 1h"#,
    ),
    // A block is caught as a whole; a list may lose as many items as it tolerates. The document is in YAML.
    (
        "states/trip.yaml",
        "trip",
        r#"input: { data: { guests: ["a", "b"] } }
        mock aws_lambda.hotel => { id: 1 }
        mock aws_lambda.flight fails Busy 2 times then { id: 2 }
        mock ses.send_email fails conflict when params.request.To == "a"
        mock ses.send_email => ()
        expect output == #{ hotel: 1, flight: 2 } && run.elapsed == 2s"#,
    ),
    (
        "states/trip.yaml",
        "trip",
        r#"input: { data: { guests: [] } }
        mock aws_lambda.hotel => { id: 1 }
        mock aws_lambda.flight fails Busy
        mock aws_lambda.undo => ()
        expect error.type == "TripFailed" && calls(aws_lambda.undo)[0].payload.why == "Busy""#,
    ),
    (
        "states/batches.json",
        "batches",
        r#"input: { ids: [1, 2, 3, 4, 5, 6, 7], name: "n" }
        expect output == [#{ run: "n", count: 3 }, #{ run: "n", count: 3 }, #{ run: "n", count: 1 }]"#,
    ),
];

#[test]
fn what_is_left_to_do_is_said_in_its_place() {
    let approval = Import::of("states/approval.json");
    assert_eq!(
        approval.summary,
        "main.flow: 4 states of Amazon States Language, 1 one to one
  4 things to look at, marked TODO(import):
    line 6: no way leads to the state `Nowhere`: it is left out
    line 13: `Ask`: whoever gets the token `run.id` answers by `flow signal RUN ask`, with the output
    line 21: `Fetch`: the connection's credentials go into `auth`: `auth bearer secret(\"NAME\")`
    line 33: `sqs` stands for AWS sqs: say in the settings where it is reached over HTTP
  next: flow check main.flow, flow test main.flow
"
    );
}

#[test]
fn each_construct_gives_what_its_documentation_says() {
    for (sample, workflow, test) in DOCUMENTED {
        Import::of(sample).holds(workflow, test);
    }
}

#[test]
fn what_calls_nobody_runs_for_real() {
    let choice = Import::of("states/choice.json");
    assert_eq!(choice.gives(r#"{ "type": "Private", "value": 0 }"#), "\"zero\"");
    let inventory = Import::of("states/inventory.json");
    let orders = r#"{ "rate": 2, "orders": [{ "id": "a", "amount": 2, "open": true }] }"#;
    assert_eq!(inventory.gives(orders), r#"{"lines":["1. a: 4"],"of":1}"#);
}
