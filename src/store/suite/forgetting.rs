//! Forgetting: runs that have had their time go whole, and nothing goes that somebody needs.

use std::sync::Arc;

use super::{Opening, Verdict, Writing, event, moment, must};
use crate::base::id::RunId;
use crate::base::status::Status;
use crate::base::value::Value;
use crate::lang::plan::Plan;
use crate::lang::{NoFiles, compile};
use crate::run::event::{Event, Record};
use crate::run::journal::{Broken, Fact, Journal, Mark, Query};

pub(super) async fn hold(open: Opening<'_>) -> Verdict {
    Ok(forgets_runs(open)
        .await?
        .and(gives_no_mark_twice(open).await?)
        .and(keeps_the_plans_of_runs_that_moved(open).await?)
        .and(sweeps(open).await?))
}

/// A run that came to rest at second 10, or has not, with so many batches and a large value.
async fn write(
    store: &dyn Journal,
    run: &str,
    parent: Option<&str>,
    rests: bool,
    batches: usize,
) -> Result<Writing, Broken> {
    let mut run = Writing::new(run, "forgotten");
    run.standing.parent = parent.map(|parent| RunId(parent.into()));
    run.standing.tags = vec!["old".into()];
    for _ in 1..batches {
        run.append(store, 1);
    }
    if rests {
        run.standing.status = Status::Completed;
        run.standing.rested_at = Some(moment(10));
    }
    let mut last = run.batch(1);
    let payload = Value::from("y".repeat(50_000));
    last.records = vec![Record { at: moment(10), event: Event::Signalled { name: "large".into(), payload } }];
    if let (Some(record), Some(large)) = (run.records.last_mut(), last.records.first()) {
        *record = large.clone();
    }
    run.last = store.append(vec![last]);
    store.synced(run.last).await?;
    Ok(run)
}

async fn names(store: &dyn Journal, query: &Query) -> Result<Vec<String>, Broken> {
    let page = store.runs(query).await?;
    Ok(page.runs.into_iter().map(|run| run.run.to_string()).collect())
}

async fn forgets_runs(open: Opening<'_>) -> Verdict {
    let store = open();
    write(&*store, "suite-old", None, true, 2_500).await?;
    write(&*store, "suite-old-child", Some("suite-old"), true, 2).await?;
    write(&*store, "suite-half", None, true, 2).await?;
    write(&*store, "suite-half-child", Some("suite-half"), false, 2).await?;
    let mut later = write(&*store, "suite-later", None, false, 2).await?;
    later.standing.status = Status::Failed;
    later.standing.rested_at = Some(moment(20));
    later.append(&*store, 1);
    store.synced(later.last).await?;
    let all = Query { workflow: Some("forgotten".into()), limit: 10, ..Query::default() };
    let old = Query { rested_before: Some(moment(15)), roots: true, ..all.clone() };
    let children = Query { parent: Some(RunId("suite-old".into())), ..all.clone() };
    let had_their_time = names(&*store, &old).await? == ["suite-half", "suite-old"];
    let waited_for = names(&*store, &children).await? == ["suite-old-child"];
    let going = ["suite-old", "suite-half", "suite-nobody"].map(|run| RunId(run.into())).to_vec();
    let forgotten = store.forget(going).await?;
    drop(store);
    let store = open();
    let left = names(&*store, &all).await?;
    let tagged = names(&*store, &Query { tags: vec!["old".into()], ..all }).await?;
    let gone = store.history(&RunId("suite-old".into()), 0).await?.records.is_empty()
        && store.standing(&RunId("suite-old-child".into())).await?.is_none();
    let whole = store.history(&later.standing.run, 0).await?.records == later.records;
    let stay = ["suite-later", "suite-half-child", "suite-half"];
    Ok(must(
        had_their_time,
        "runs that have been at rest since before a moment, and that no run waited for, can be listed",
    )
    .and(must(waited_for, "the runs that a run waited for can be listed"))
    .and(must(gone && forgotten.runs == 2, "a run is forgotten with all it waited for"))
    .and(must(forgotten.batches == 2_502, "all its records go"))
    .and(must(left == stay, "a run stays as long as one that it waited for has not come to rest, and others stay"))
    .and(must(tagged == stay, "what was forgotten is found by its tags no more"))
    .and(must(whole, "a large value stays as long as a run holds it")))
}

async fn gives_no_mark_twice(open: Opening<'_>) -> Verdict {
    let store = open();
    let last = write(&*store, "suite-last", None, true, 3).await?;
    let forgotten = store.forget(vec![last.standing.run.clone()]).await?;
    drop(store);
    let store = open();
    let next = write(&*store, "suite-next-one", None, true, 1).await?;
    Ok(must(forgotten.runs == 1 && next.last > last.last, "no mark is given twice, though what was there has gone"))
}

/// A plan of the workflow `moves` that gives this.
fn plan(gives: &str) -> Option<Arc<Plan>> {
    let text = format!("workflow moves {{ output {{ gives: \"{gives}\" }} }}");
    compile("suite.flow", &text, &NoFiles).package?.plans.values().next().cloned()
}

/// Needs a store that can be opened again: what was kept since it was opened stays anyway.
async fn keeps_the_plans_of_runs_that_moved(open: Opening<'_>) -> Verdict {
    let store = open();
    let plans: Vec<Arc<Plan>> = ["old", "new", "next"].into_iter().filter_map(plan).collect();
    let mut run = Writing::new("suite-moves", "moves");
    for plan in plans.iter().take(2) {
        store.keep(plan);
        run.standing.plan = plan.digest;
        run.append(&*store, 2);
    }
    for plan in plans.iter().skip(2) {
        store.keep(plan);
        let mut asked = run.batch(1);
        let event = Event::MoveAsked { plan: plan.digest, by: "ann".into() };
        asked.records = vec![Record { at: moment(1), event }];
        run.last = store.append(vec![asked]);
    }
    store.synced(run.last).await?;
    drop(store);
    let store = open();
    store.sweep(moment(0), moment(0)).await?;
    let mut kept = true;
    for plan in &plans {
        kept &= store.plan(plan.digest).await?.is_some();
    }
    Ok(must(
        kept && plans.len() == 3,
        "the plans stay that a run is pinned to, was pinned to before, and is to be moved to",
    ))
}

async fn sweeps(open: Opening<'_>) -> Verdict {
    let store = open();
    let text = "workflow hears { step heard = wait event \"suite-needed\" }";
    let package = compile("suite.flow", text, &NoFiles).package.unwrap_or_default();
    let mut run = Writing::new("suite-hears", "hears");
    for plan in package.plans.values() {
        store.keep(plan);
        run.standing.plan = plan.digest;
    }
    let early = store.publish(event("suite-needed", 1));
    let mut batch = run.batch(1);
    let fact = |name: &str, until| Fact { name: name.into(), value: Some(Value::Int(1)), until };
    batch.facts =
        vec![fact("suite/over", Some(moment(5))), fact("suite/lasts", None), fact("suite/later", Some(moment(50)))];
    run.last = store.append(vec![batch]);
    store.publish(event("suite-needed", 2));
    store.publish(event("suite-free", 3));
    store.publish(event("suite-free", 30));
    let heard = store.publish(event("suite-free", 4));
    store.publish(event("suite-free", 5));
    store.heard(heard);
    store.synced(Mark(heard.0 + 1)).await?;
    store.sweep(moment(10), moment(20)).await?;
    let at = async |topic: &str| -> Result<Vec<i64>, Broken> {
        let events = store.events(topic, Mark(early.0 - 1), 10).await?;
        Ok(events.into_iter().map(|event| event.emission.at.as_second()).collect())
    };
    let (needed, free) = (at("suite-needed").await?, at("suite-free").await?);
    let over = store.fact("suite/over").await?.is_none();
    let lasts = store.fact("suite/lasts").await?.is_some() && store.fact("suite/later").await?.is_some();
    let pinned = store.plan(run.standing.plan).await?.is_some();
    run.standing.rested_at = Some(moment(10));
    run.append(&*store, 1);
    store.synced(run.last).await?;
    store.sweep(moment(10), moment(20)).await?;
    let needed_no_more = at("suite-needed").await?;
    Ok(must(over && lasts, "a fact goes when its time has come, and not before")
        .and(must(needed == [2], "an event stays as long as a run needs it that was accepted before"))
        .and(must(free == [30, 5], "an event that no run needs goes when it is old and was heard of"))
        .and(must(needed_no_more.is_empty(), "a run that has come to rest needs no event"))
        .and(must(pinned, "a plan stays that a run is pinned to")))
}
