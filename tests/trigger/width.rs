//! How many runs of one chain may come back to a workflow that lies before them: a bound in width, beside the one in length.

use orchestra_flow::base::status::Status;
use orchestra_flow::run::admission::Reason;

use super::*;

/// How many may, here.
const MOST: usize = 60;

fn folder_with_bound() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("flow.toml"), format!("[run]\nchain_runs = {MOST}\n")).expect("it is written");
    folder
}

/// Lets a storm of runs of these workflows come to its end: how many were accepted, and the messages of those that were
/// refused or failed.
async fn ends(house: &House, workflows: &[&str]) -> (usize, Vec<String>) {
    for _ in 0..4_000 {
        let mut all = Vec::new();
        for workflow in workflows {
            all.extend(house.runs(workflow).await);
        }
        let failed = all.iter().filter(|run| run.status == Status::Failed).count();
        let before = all.len();
        if failed > 0 && all.iter().all(|run| run.status.is_at_rest()) {
            // What comes next would have come by now.
            tokio::time::sleep(Duration::from_millis(200)).await;
            let mut count = 0;
            for workflow in workflows {
                count += house.runs(workflow).await.len();
            }
            if count == before {
                return told(house, &all).await;
            }
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("it goes on for ever");
}

/// How many of these runs were let in, and what the others heard.
async fn told(house: &House, all: &[Standing]) -> (usize, Vec<String>) {
    let (mut accepted, mut messages) = (0, Vec::new());
    for run in all {
        let records = house.store.history(&run.run, 0).await.expect("it can be read").records;
        let turned_away = records.iter().find_map(|record| match &record.event {
            Event::TurnedAway { reason: Reason::Chain { failure } } => Some(failure.message.to_string()),
            _ => None,
        });
        if run.status == Status::Failed {
            assert_eq!(run.error.as_deref(), Some("limit_exceeded"), "{run:?}");
        }
        match turned_away {
            Some(message) => messages.push(message),
            None => accepted += 1,
        }
    }
    (accepted, messages)
}

const FORKS: &str = "
    workflow fork2 {
        input { n: int }
        step s = start fork2 { n: input.n + 1 }
        step t = start fork2 { n: input.n + 1 }
        output s
    }
    workflow other { output { ok: true } }";

#[test]
fn a_workflow_that_starts_itself_twice_ends_also_over_a_restart() {
    let folder = folder_with_bound();
    let first = process(folder.path(), FORKS, None, async |house| {
        let n = Value::map([("n", Value::Int(0))]);
        let id = house.engine.start("fork2", &n).await.expect("it starts").id().0.clone();
        house.until("fork2", MOST / 3).await;
        id
    });
    process(folder.path(), FORKS, None, async |house| {
        let (accepted, messages) = ends(&house, &["fork2"]).await;
        assert_eq!(accepted, MOST + 1, "the first one has come back to nobody");
        assert!(!messages.is_empty());
        for told in messages {
            let wanted = format!(
                "the run {first} has led to {MOST} runs that come back to a workflow which lies before them, and that is the bound (`run.chain_runs`); here `fork2` -> `fork2`."
            );
            assert!(told.starts_with(&wanted), "{told}");
        }
        // Whoever comes from outside is let in.
        let other = house.engine.start("other", &Value::Unit).await.expect("it starts").end().await;
        assert_eq!(other.status, Status::Completed);
        let n = Value::map([("n", Value::Int(0))]);
        house.engine.start("fork2", &n).await.expect("it starts");
        house.until("fork2", accepted + MOST).await;
    });
}

#[test]
fn a_loop_of_starts_ends_where_its_chain_is_spent() {
    let program = "
        workflow many {
            input { n: int }
            for i in 1..=5_000 { start many { n: input.n + 1 } }
        }";
    let folder = folder_with_bound();
    process(folder.path(), program, None, async |house| {
        let n = Value::map([("n", Value::Int(0))]);
        house.engine.start("many", &n).await.expect("it starts");
        let (accepted, messages) = ends(&house, &["many"]).await;
        assert_eq!(accepted, MOST + 1);
        assert!(messages.len() < 1_000, "what cannot start is not tried thousands of times: {}", messages.len());
    });
}

#[test]
fn events_that_start_more_than_one_run_end() {
    let program = r#"
        workflow one {
            trigger event "ball" { input: {} }
            emit "ball" {}
        }
        workflow two {
            trigger event "ball" { input: {} }
            emit "ball" {}
        }"#;
    let folder = folder_with_bound();
    process(folder.path(), program, None, async |house| {
        let _listening = house.triggers.listen();
        house.listens("one").await;
        house.listens("two").await;
        house.engine.publish("ball", &Value::Unit).await.expect("it is kept");
        let (accepted, messages) = ends(&house, &["one", "two"]).await;
        // From outside both were started, and each began a chain. In it, each run that has only its like before it starts one
        // of the other workflow that comes back to nobody.
        assert!((MOST..=4 * MOST + 6).contains(&accepted), "{accepted}");
        assert!(messages.iter().all(|told| told.contains("come back")), "{messages:?}");
    });
}

#[test]
fn ends_that_start_more_than_one_run_end() {
    let program = r#"
        workflow one {
            trigger event "run.completed" { input: {} }
            output { ok: true }
        }
        workflow two {
            trigger event "run.completed" { input: {} }
            output { ok: true }
        }"#;
    let folder = folder_with_bound();
    process(folder.path(), program, None, async |house| {
        let _listening = house.triggers.listen();
        house.listens("one").await;
        house.listens("two").await;
        house.engine.start("one", &Value::Unit).await.expect("it starts").end().await;
        let (accepted, messages) = ends(&house, &["one", "two"]).await;
        // Each `one` that has only others like it before it starts a `two` that comes back to nobody.
        assert!((MOST..=2 * MOST + 4).contains(&accepted), "{accepted}");
        assert!(!messages.is_empty());
    });
}

#[test]
fn steps_that_wait_for_runs_of_their_own_workflow_end() {
    let program = "
        workflow tree {
            input { n: int }
            parallel {
                step a = tree { n: input.n + 1 }
                step b = tree { n: input.n + 1 }
            }
        }";
    let folder = folder_with_bound();
    process(folder.path(), program, None, async |house| {
        let n = Value::map([("n", Value::Int(0))]);
        let end = house.engine.start("tree", &n).await.expect("it starts").end().await;
        assert_eq!(end.failure.expect("it fails").kind.name(), "limit_exceeded");
        let (accepted, _) = told(&house, &house.runs("tree").await).await;
        assert!(accepted <= MOST + 1, "{accepted}");
    });
}
