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
