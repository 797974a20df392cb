//! Lists of runs: what is asked for, the latest first, page by page.

use super::{Opening, Verdict, Writing, accepted, moment, must};
use crate::base::status::Status;
use crate::base::value::Value;
use crate::run::journal::{Broken, Field, Journal, Mark, Query};

pub(super) async fn hold(open: Opening<'_>) -> Verdict {
    let store = open();
    // Ids need not grow with time.
    let (eu, new) = ("eu", "new");
    let ada = Value::map([("id", Value::Int(7)), ("name", "Ada".into())]);
    let ada = Value::map([("customer", ada), ("lines", Value::list([Value::map([("sku", Value::from("a-1"))])]))]);
    let large = Value::map([("customer", Value::map([("id", Value::Int(8))])), ("text", "x".repeat(50_000).into())]);
    let text = Value::map([("customer", Value::map([("id", Value::from("7"))]))]);
    let mut last = Mark::default();
    for (run, status, tags, input) in [
        ("suite-c", Status::Running, &[eu, new][..], ada),
        ("suite-a", Status::Failed, &[eu], large),
        ("suite-b", Status::Running, &[], text),
        ("suite-d", Status::Completed, &[new], Value::Unit),
    ] {
        let mut run = Writing::new(run, "listed");
        run.standing.accepted_at = moment(i64::try_from(last.0).unwrap_or_default());
        run.standing.tags = tags.iter().map(|&tag| tag.into()).collect();
        let mut first = run.batch(1);
        first.records[0].event = accepted(&run.standing, input);
        run.last = store.append(vec![first]);
        run.standing.status = status;
        run.standing.busy = status == Status::Running;
        run.standing.rested_at = (!run.standing.busy).then(|| moment(1_000));
        run.standing.error = (status == Status::Failed).then(|| "not_found".into());
        last = run.append(&*store, 1);
    }
    store.synced(last).await?;
    let busy: Vec<String> = store.busy().await?.into_iter().map(|run| run.to_string()).collect();
    Ok(filters(&*store)
        .await?
        .and(pages(&*store).await?)
        .and(must(busy == ["suite-c", "suite-b"], "runs that are busy are known, in the order they were accepted")))
}

fn all() -> Query {
    Query { workflow: Some("listed".into()), limit: 10, ..Query::default() }
}

/// The last letters of the runs that a query describes.
async fn letters(store: &dyn Journal, query: &Query) -> Result<String, Broken> {
    let page = store.runs(query).await?;
    Ok(page.runs.iter().filter_map(|run| run.run.0.chars().last()).collect())
}

async fn filters(store: &dyn Journal) -> Verdict {
    let field = |path: &str, is: &str| vec![Field { path: path.into(), is: is.into() }];
    let whole = store.runs(&all()).await?.runs;
    let when = |place: usize| whole.get(place).map(|run| run.accepted_at);
    for (query, expected, rule) in [
        (all(), "dbac", "runs are listed by when they were accepted, the latest first"),
        (
            Query { workflow: Some("other".into()), ..all() },
            "",
            "a list holds the runs of the workflow that is asked for",
        ),
        (
            Query { statuses: vec![Status::Running], ..all() },
            "bc",
            "a list holds the runs in the state that is asked for",
        ),
        (
            Query { statuses: vec![Status::Running, Status::Failed], ..all() },
            "bac",
            "a list holds the runs in any of the states that are asked for",
        ),
        (
            Query { error: Some("not_found".into()), ..all() },
            "a",
            "a list holds the runs with the error that is asked for",
        ),
        (Query { error: Some("timeout".into()), ..all() }, "", "a list holds no run with another error"),
        (Query { tags: vec!["eu".into()], ..all() }, "ac", "a list holds the runs with the tag that is asked for"),
        (
            Query { tags: vec!["new".into(), "eu".into()], ..all() },
            "c",
            "a list holds the runs with all tags that are asked for",
        ),
        (
            Query { tags: vec!["new".into()], statuses: vec![Status::Running], workflow: None, ..all() },
            "c",
            "all conditions of a list hold at once",
        ),
        (
            Query { input: field("customer.id", "7"), ..all() },
            "bc",
            "a list holds the runs with the value in their input that is asked for, as a text shows it",
        ),
        (Query { input: field("lines.0.sku", "a-1"), ..all() }, "c", "a field of the input can be in a list"),
        (Query { input: field("customer.id", "8"), ..all() }, "a", "a field of a large input is found"),
        (Query { input: field("customer", "7"), ..all() }, "", "a field is found at its own place only"),
        (Query { since: when(2), ..all() }, "dba", "a list begins with the moment that is asked for"),
        (Query { until: when(2), ..all() }, "c", "a list ends before the moment that is asked for"),
    ] {
        let found = letters(store, &query).await?;
        if found != expected {
            return Ok(must(false, rule).map_err(|broken| format!("{broken}: {found:?}, and not {expected:?}")));
        }
    }
    Ok(Ok(()))
}

async fn pages(store: &dyn Journal) -> Verdict {
    for narrow in [
        all(),
        Query { tags: vec!["eu".into()], ..all() },
        Query { statuses: vec![Status::Running], workflow: None, ..all() },
        Query { input: vec![Field { path: "customer.id".into(), is: "7".into() }], ..all() },
    ] {
        let whole = letters(store, &narrow).await?;
        for limit in 1..4 {
            let (mut found, mut query) = (String::new(), Query { limit, ..narrow.clone() });
            loop {
                found += &letters(store, &query).await?;
                query.before = store.runs(&query).await?.next;
                if query.before.is_none() {
                    break;
                }
            }
            if found != whole {
                return Ok(must(false, "the pages of a list are the list, whatever their size"));
            }
        }
    }
    let last = store.runs(&Query { limit: 4, ..all() }).await?;
    Ok(must(last.next.is_none(), "after the last run there is no next page"))
}
