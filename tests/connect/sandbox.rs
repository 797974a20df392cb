//! The stand-ins of `--sandbox`.

use std::path::Path;

use orchestra_flow::base::span::Sources;
use orchestra_flow::base::value::Value;
use orchestra_flow::connect::log::Log;
use orchestra_flow::connect::{Connectors, Natives};
use orchestra_flow::host::sandbox::Sandbox;
use orchestra_flow::host::settings::Settings;
use orchestra_flow::host::settings::configure::Uses;
use orchestra_flow::lang::plan::Package;
use orchestra_flow::run::world::Perform;

use super::declared::{EVERY_SERVICE, call, home_with_files, package};
use super::desk::{json, value};

/// The connectors of `package`, pointed at stand-ins, without any setting.
async fn sandbox(package: &Package) -> (Sandbox, Connectors) {
    sandbox_at(package, tempfile::tempdir().expect("a directory").path()).await
}

/// The same with the files of `home`.
async fn sandbox_at(package: &Package, home: &Path) -> (Sandbox, Connectors) {
    let mut sources = Sources::default();
    let sandbox = Sandbox::start(package, |_| {}).await.expect("a port on loopback");
    let (mut settings, wrong) = Settings::read(home, [], &[], &mut sources);
    sandbox.point(&mut settings);
    let uses = Uses::of_all(package);
    let (configured, more) = settings.configure(package, &uses, &mut sources);
    let wrong: Vec<&str> = wrong.iter().chain(&more).map(|it| it.message.as_str()).collect();
    assert!(wrong.is_empty(), "{wrong:?}");
    let environment = sandbox.enclose(settings.environment(Log::default()));
    let natives = sandbox.natives(Natives::standard());
    (sandbox, Connectors::new(environment, configured, natives))
}

/// All connectors of the standard library.
fn standard() -> Package {
    let others = r#"
        step http.get { url: "https://x.example" }
        step email.send { to: "a@b.example", subject: "x", text: "x" }
        step process.run { command: ["x"] }
    }"#;
    package(&EVERY_SERVICE.replace('}', others))
}

#[tokio::test]
async fn every_example_can_be_played() {
    let package = standard();
    let home = home_with_files();
    let (sandbox, connectors) = sandbox_at(&package, home.path()).await;
    let (mut played, mut requests) = (0, 0);
    for connector in package.connectors.values() {
        for operation in connector.operations.values().filter(|it| &*it.signature.connector != "http") {
            for example in operation.examples.iter().filter(|example| example.fails.is_none()) {
                let full = operation.signature.full_name();
                let got = value(connectors.perform(call(&package, &full, example.params.clone())).await);
                if &*full == "email.send" {
                    assert_eq!(got["accepted"], serde_json::json!(["ada@example.com"]));
                } else if &*full == "jira.create_issue" {
                    assert_eq!(got["key"], "ONBOARD-1");
                } else {
                    let expected = example.gives.clone().unwrap_or_default();
                    let expected = operation.signature.result.check_answer(&expected).unwrap_or(expected);
                    assert_eq!(json(&got.to_string()), json(&expected.to_json().to_string()), "{full}");
                }
                played += 1;
                requests += operation.requests().count().max(1);
            }
        }
    }
    assert_eq!(sandbox.sent().len(), requests);
    assert!(played > 200, "{played}");
}

#[tokio::test]
async fn answers_repeat_what_was_sent() {
    let package = standard();
    let (sandbox, connectors) = sandbox(&package).await;
    let ask = async |name: &str, params: &str| value(connectors.perform(call(&package, name, json(params))).await);
    assert_eq!(ask("slack.post_message", r##"{ "channel": "#new", "text": "Hello" }"##).await["channel"], "#new");
    let contact = ask(
        "salesforce.create",
        r#"{ "object": "Contact", "fields": { "Email": "bob@example.com", "FirstName": "Bob" } }"#,
    )
    .await;
    assert_eq!((&contact["email"], &contact["FirstName"]), (&"bob@example.com".into(), &"Bob".into()));
    let found = ask("slack.find_user", r#"{ "email": "x@y.example" }"#).await;
    assert_eq!(found["id"], "U1");
    let issue = ask("jira.get_issue", r#"{ "issue": "OTHER-7" }"#).await;
    assert_eq!(issue["key"], "OTHER-7");
    let echo = ask("http.get", r#"{ "url": "https://api.example.com/a/b", "query": { "q": "1" } }"#).await;
    assert_eq!(
        (&echo["body"]["url"], &echo["body"]["query"]["q"]),
        (&"https://api.example.com/a/b".into(), &"1".into())
    );
    let sent = sandbox.sent();
    let lines: Vec<&str> = sent.iter().map(|it| &*it.summary).collect();
    assert_eq!(lines[0], "POST /chat.postMessage");
    assert_eq!(lines.last(), Some(&"GET /api.example.com/a/b"));
    assert_eq!(sent[0].operation.as_deref(), Some("post_message"));
    assert_eq!(sent[0].body.get("text"), Some(&Value::from("Hello")));
}

#[tokio::test]
async fn a_message_is_kept_as_it_was_sent() {
    let package = standard();
    let (sandbox, connectors) = sandbox(&package).await;
    let params = r#"{ "to": ["ada@example.com", "bob@example.com"], "subject": "Grüße aus der Ferne, und zwar viele davon", "text": "Hello.\n.dot" }"#;
    value(connectors.perform(call(&package, "email.send", json(params))).await);
    let sent = sandbox.sent().remove(0);
    assert_eq!(&*sent.summary, "mail to ada@example.com, bob@example.com: Grüße aus der Ferne, und zwar viele davon");
    let message = sent.body.get("message").map(ToString::to_string).unwrap_or_default();
    assert!(message.contains("Hello.\n.dot"), "{message}");
}
