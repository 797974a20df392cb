//! What comes from outside in a simulated history: events and webhooks, each sent until it is confirmed, some of them twice; and
//! the runs that start by them, one by the other.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use orchestra_flow::base::id::RunId;
use orchestra_flow::base::value::Value;
use orchestra_flow::run::driver::Driver;
use orchestra_flow::run::journal::Happened;
use orchestra_flow::trigger::Triggers;
use orchestra_flow::trigger::request::Request;

use crate::run::simulator::Actor;

/// Workflows that hear of what others emit, and of what is sent from outside. A chain: what `w` emits starts `hears`, that
/// emits what starts `passes`. They stand beside each random program.
pub const LISTENERS: &str = r#"
workflow hears {
    trigger event "told"
    input { n: int }
    step did = far.act { what: "heard", timeout 20s, on error skip, on outcome_unknown skip }
    emit "passed" { n: input.n }
}
workflow passes {
    trigger event "passed"
    input { n: int }
    concurrency 2
    step put = far.put { what: "passed", timeout 20s, on error retry 1 times every 5s, on error skip }
    step next = wait event "told" { where event.n != input.n, timeout 40s, on timeout skip }
}
workflow hooked {
    trigger webhook "/hooks/far" { verify token { key: "key", header: "x-token", id: "x-id", window: 3h } }
    input { n: int }
    step did = far.act { what: "hooked", timeout 20s, on error skip, on outcome_unknown skip }
    emit "passed" { n: input.n }
}
"#;

/// The topics, and who hears of them.
const HEARD_BY: [(&str, &str); 2] = [("told", "hears"), ("passed", "passes")];

/// Something that somebody outside sends.
#[derive(Clone, Debug)]
pub enum Sent {
    /// An event, with a number by which it is known again.
    Event(i64),
    /// A webhook, by what its sender calls it.
    Hook(i64),
}

/// What was confirmed to those who sent it.
#[derive(Default)]
pub struct Confirmed {
    events: BTreeSet<i64>,
    /// The run of each webhook.
    hooks: BTreeMap<i64, BTreeSet<String>>,
    broken: Vec<String>,
}

/// Those outside, as long as the history goes on.
#[derive(Clone, Default)]
pub struct Senders {
    confirmed: Arc<Mutex<Confirmed>>,
}

impl Senders {
    /// Sends something; whether it was confirmed. If not, it is sent again.
    pub async fn send(&self, sent: &Sent, driver: &Driver, triggers: &Triggers) -> bool {
        match sent {
            Sent::Event(number) => {
                let payload = Value::map([("n", Value::Int(*number))]);
                let published = driver.publish("told", &payload).await.is_ok();
                if published {
                    self.confirmed.lock().expect("nobody panics here").events.insert(*number);
                }
                published
            }
            Sent::Hook(number) => {
                let headers = [("x-token", "key".to_owned()), ("x-id", format!("delivery {number}"))];
                let headers = headers.map(|(name, value)| (name.to_owned(), value)).into();
                let body = format!(r#"{{ "n": {number} }}"#).into_bytes();
                let request = Request { method: "POST".to_owned(), headers, body, ..Request::default() };
                let matched = triggers.route("POST", "/hooks/far").expect("there is such a webhook");
                let answer = triggers.answer(&matched, &request).await;
                let mut confirmed = self.confirmed.lock().expect("nobody panics here");
                match answer {
                    Ok(answer) => {
                        let said: serde_json::Value = serde_json::from_slice(&answer.body).unwrap_or_default();
                        let run = said["id"].as_str().unwrap_or_default().to_owned();
                        confirmed.hooks.entry(*number).or_default().insert(run);
                    }
                    Err(refusal) => confirmed.broken.push(format!("the webhook {number} was refused: {refusal:?}")),
                }
                true
            }
        }
    }

    /// Says what must not be of what was sent and heard. `events` are those on disk, by topic.
    pub fn check(
        &self,
        runs: &BTreeMap<RunId, Actor>,
        events: impl Fn(&str) -> Vec<Happened>,
        say: &mut dyn FnMut(String),
    ) {
        let confirmed = self.confirmed.lock().expect("nobody panics here");
        confirmed.broken.iter().for_each(|said| say(said.clone()));
        for (topic, workflow) in HEARD_BY {
            let there: BTreeSet<String> = events(topic).iter().map(|event| event.mark.0.to_string()).collect();
            let heard = triggered(runs, workflow);
            let taken: BTreeSet<String> = heard.iter().map(|(id, _)| id.clone()).collect();
            if heard.len() != taken.len() {
                say(format!("an event {topic:?} has started two runs: {heard:?}"));
            }
            if there != taken {
                say(format!(
                    "the events {topic:?} at {there:?} are there, and runs were started by those at {taken:?}"
                ));
            }
        }
        let told = events("told");
        let number = |event: &Happened| event.emission.payload.get("n").and_then(Value::as_int);
        let there: BTreeSet<i64> = told.iter().filter_map(number).collect();
        if !confirmed.events.is_subset(&there) {
            say(format!("I12: the events {:?} were confirmed, and {there:?} are there", confirmed.events));
        }
        let hooked = triggered(runs, "hooked");
        for (number, answers) in &confirmed.hooks {
            let id = format!("delivery {number}");
            let runs: BTreeSet<String> =
                hooked.iter().filter(|(other, _)| *other == id).map(|(_, run)| run.to_string()).collect();
            if runs.len() != 1 || runs != *answers {
                say(format!("the webhook {id:?} was confirmed as {answers:?}, and its runs are {runs:?}"));
            }
        }
    }
}

/// The runs of a workflow, and what the trigger calls that by which each was started.
fn triggered(runs: &BTreeMap<RunId, Actor>, workflow: &str) -> Vec<(String, RunId)> {
    let of_it = runs.iter().filter(|(_, actor)| *actor.run.accepted.workflow == *workflow);
    let id = |actor: &Actor| actor.run.accepted.trigger.get("id").map(ToString::to_string).unwrap_or_default();
    of_it.map(|(run, actor)| (id(actor), run.clone())).collect()
}
