//! Following what is written, and counting runs.

use super::{Opening, Verdict, Writing, must};
use crate::base::status::Status;
use crate::run::journal::{Count, Follow, Mark};

pub(super) async fn hold(open: Opening<'_>) -> Verdict {
    let store = open();
    let before = store.progress().taken;
    let (mut one, mut other) = (Writing::new("suite-followed", "followed"), Writing::new("suite-beside", "beside"));
    let first = one.append(&*store, 2);
    other.standing.status = Status::Failed;
    let second = other.append(&*store, 1);
    let third = one.append(&*store, 3);
    store.synced(third).await?;
    let waited = store.written_after(Mark(third.0 - 1)).await?;
    let progress = store.progress();
    drop(store);
    let store = open();
    let all = store.passages(before, third, &Follow::default()).await?;
    let marks: Vec<Mark> = all.iter().map(|passage| passage.mark).collect();
    let whole = all.iter().zip([&one.records[..2], &other.records[..], &one.records[2..]]);
    let same = whole.clone().count() == 3 && whole.into_iter().all(|(passage, records)| passage.records == records);
    let places: Vec<_> = all.iter().map(|passage| (&*passage.run.0, &*passage.workflow, passage.first)).collect();
    let named =
        places == [("suite-followed", "followed", 0), ("suite-beside", "beside", 0), ("suite-followed", "followed", 2)];
    let rest = store.passages(first, second, &Follow::default()).await?;
    let nothing = store.passages(third, third, &Follow::default()).await?;
    let of_run = Follow { run: Some(one.standing.run.clone()), ..Follow::default() };
    let of_workflow = Follow { workflow: Some("followed".into()), ..Follow::default() };
    let by_run: Vec<Mark> = store.passages(before, third, &of_run).await?.iter().map(|it| it.mark).collect();
    let by_workflow: Vec<Mark> = store.passages(before, third, &of_workflow).await?.iter().map(|it| it.mark).collect();
    let counts = store.counts().await?;
    let counted = counts.contains(&Count { workflow: "followed".into(), status: Status::Running, runs: 1 })
        && counts.contains(&Count { workflow: "beside".into(), status: Status::Failed, runs: 1 });
    let known = progress.written >= third && progress.taken >= progress.written && progress.trouble.is_none();
    Ok(must(marks == [first, second, third], "what is followed comes in the order of the journal, each batch once")
        .and(must(same && named, "what is followed says of which run it is, and what happened"))
        .and(must(rest.len() == 1 && rest[0].mark == second, "the journal can be followed from any mark to any other"))
        .and(must(nothing.is_empty(), "beyond the last batch there is nothing to follow"))
        .and(must(by_run == [first, third] && by_workflow == by_run, "one run, or one workflow, can be followed"))
        .and(must(waited >= third, "whoever waits for more hears when there is"))
        .and(must(counted, "runs are counted by workflow and status"))
        .and(must(known, "it is known how far writing is")))
}
