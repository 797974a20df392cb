//! A store that breaks while runs are under way: what cannot be written has not happened.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use orchestra_flow::base::id::{Digest, RunId};
use orchestra_flow::base::time::Timestamp;
use orchestra_flow::base::value::Value;
use orchestra_flow::lang::plan::Plan;
use orchestra_flow::run::admission::Turn;
use orchestra_flow::run::journal::{
    Batch, Broken, Count, Due, Emission, Fact, Follow, Forgotten, Happened, History, Journal, Mark, Page, Passage,
    Progress, Query, Standing,
};
use orchestra_flow::run::wait::{Open, Waiting};
use orchestra_flow::run::world::BoxFuture;
use orchestra_flow::store::Memory;
use orchestra_flow::{Builder, Program};

use super::runtime;

/// Keeps so many batches, and then no more.
struct Breaking {
    kept: Memory,
    batches: u64,
}

impl Journal for Breaking {
    fn append(&self, batches: Vec<Batch>) -> Mark {
        self.kept.append(batches)
    }

    fn synced(&self, mark: Mark) -> BoxFuture<'_, Result<(), Broken>> {
        let synced = if mark.0 <= self.batches { Ok(()) } else { Err(Broken("the disk is gone".into())) };
        Box::pin(std::future::ready(synced))
    }

    fn history<'a>(&'a self, run: &'a RunId, from: u64) -> BoxFuture<'a, Result<History, Broken>> {
        self.kept.history(run, from)
    }

    fn standing<'a>(&'a self, run: &'a RunId) -> BoxFuture<'a, Result<Option<Standing>, Broken>> {
        self.kept.standing(run)
    }

    fn runs<'a>(&'a self, query: &'a Query) -> BoxFuture<'a, Result<Page, Broken>> {
        self.kept.runs(query)
    }

    fn busy(&self) -> BoxFuture<'_, Result<Vec<RunId>, Broken>> {
        self.kept.busy()
    }

    fn at_gates(&self) -> BoxFuture<'_, Result<Vec<(RunId, Turn)>, Broken>> {
        self.kept.at_gates()
    }

    fn due(&self, until: Timestamp, limit: usize) -> BoxFuture<'_, Result<Due, Broken>> {
        self.kept.due(until, limit)
    }

    fn publish(&self, event: Emission) -> Mark {
        self.kept.publish(event)
    }

    fn events<'a>(&'a self, topic: &'a str, after: Mark, limit: usize) -> BoxFuture<'a, Result<Vec<Happened>, Broken>> {
        self.kept.events(topic, after, limit)
    }

    fn heard(&self, mark: Mark) {
        self.kept.heard(mark);
    }

    fn unheard(&self, after: Mark, limit: usize) -> BoxFuture<'_, Result<Vec<Happened>, Broken>> {
        self.kept.unheard(after, limit)
    }

    fn waiting<'a>(&'a self, query: &'a Waiting) -> BoxFuture<'a, Result<Vec<Open>, Broken>> {
        self.kept.waiting(query)
    }

    fn note(&self, facts: Vec<Fact>) -> Mark {
        self.kept.note(facts)
    }

    fn facts<'a>(&'a self, prefix: &'a str) -> BoxFuture<'a, Result<Vec<Fact>, Broken>> {
        self.kept.facts(prefix)
    }

    fn written_after(&self, mark: Mark) -> BoxFuture<'_, Result<Mark, Broken>> {
        self.kept.written_after(mark)
    }

    fn passages<'a>(
        &'a self,
        after: Mark,
        until: Mark,
        follow: &'a Follow,
    ) -> BoxFuture<'a, Result<Vec<Passage>, Broken>> {
        self.kept.passages(after, until, follow)
    }

    fn counts(&self) -> BoxFuture<'_, Result<Vec<Count>, Broken>> {
        self.kept.counts()
    }

    fn progress(&self) -> Progress {
        self.kept.progress()
    }

    fn fact<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Option<Value>, Broken>> {
        self.kept.fact(name)
    }

    fn forget(&self, runs: Vec<RunId>) -> BoxFuture<'_, Result<Forgotten, Broken>> {
        self.kept.forget(runs)
    }

    fn sweep(&self, now: Timestamp, events: Timestamp) -> BoxFuture<'_, Result<Forgotten, Broken>> {
        self.kept.sweep(now, events)
    }

    fn keep(&self, plan: &Plan) -> Mark {
        self.kept.keep(plan)
    }

    fn plan(&self, digest: Digest) -> BoxFuture<'_, Result<Option<Plan>, Broken>> {
        self.kept.plan(digest)
    }
}

const PROGRAM: &str = r#"
connector desk { native once operation stamp(page: int) -> { } }
workflow forms {
    for page in 1..=10 { step done = desk.stamp { page } }
    finally { step last = desk.stamp { page: 0 } }
}
"#;

/// How often something left the process before the store broke, and what was said of the run.
fn stamps(batches: u64) -> (u32, String) {
    let count = Arc::new(AtomicU32::new(0));
    let counted = count.clone();
    let stamp = move |_: serde_json::Value| {
        counted.fetch_add(1, Ordering::SeqCst);
        async { Ok(serde_json::json!({})) }
    };
    let said = runtime().block_on(async {
        let program = Program::from_text("forms.flow", PROGRAM).unwrap_or_else(|faults| panic!("{faults}"));
        let store = Arc::new(Breaking { kept: Memory::default(), batches });
        let engine = Builder::new(program).native("desk.stamp", stamp).journal(store).build();
        let engine = engine.unwrap_or_else(|error| panic!("{error}"));
        match engine.start("forms", &Value::Unit).await {
            Ok(running) => {
                let summary = running.end().await;
                summary.failure.map_or(summary.status.to_string(), |failure| failure.message.to_string())
            }
            Err(error) => error.to_string(),
        }
    });
    (count.load(Ordering::SeqCst), said)
}

#[test]
fn nothing_leaves_the_process_that_is_not_written() {
    assert_eq!(stamps(0), (0, "the disk is gone".to_owned()), "it is not even accepted");
    let mut before = 0;
    for batches in 1..30 {
        let (count, said) = stamps(batches);
        assert!(before <= count && count <= before + 1, "{batches} batches, {count} calls after {before}");
        if said == "completed" {
            assert_eq!(count, 11);
            return;
        }
        assert_eq!(said, "what happens cannot be written: the disk is gone", "{batches} batches");
        before = count;
    }
    panic!("with 30 batches it does not end")
}
