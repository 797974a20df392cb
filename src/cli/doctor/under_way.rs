//! Runs that are under way, and whether the programs are still those that they began with.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use super::counted;
use super::finding::Finding;
use super::program::Patients;
use crate::host::UNDER_WAY;
use crate::lang::plan::Plan;
use crate::run::journal::{Journal as _, Query};
use crate::store::Sqlite;
use crate::store::keyring::KEY_VARIABLE;

/// How many runs are read at a time.
const RUNS_AT_ONCE: usize = 500;

/// How the runs of one workflow stand to its program.
#[derive(Default)]
struct Count {
    same: usize,
    other: usize,
}

/// What is said of the runs in `data`.
pub async fn findings(data: &Path, patients: &Patients) -> Vec<Finding> {
    let key = std::env::var(KEY_VARIABLE).ok().filter(|key| !key.is_empty());
    // What cannot be read was said.
    let Ok(store) = Sqlite::look(data, key.as_deref()) else { return Vec::new() };
    let plan = |name: &str| -> Option<&Arc<Plan>> {
        patients.programs.iter().find_map(|program| program.package.plans.get(name))
    };
    let mut counts: BTreeMap<Arc<str>, Count> = BTreeMap::new();
    let mut query = Query { statuses: UNDER_WAY.to_vec(), limit: RUNS_AT_ONCE, ..Query::default() };
    loop {
        let Ok(page) = store.runs(&query).await else { break };
        for run in page.runs {
            let same = plan(&run.workflow).is_some_and(|plan| plan.digest == run.plan);
            let count = counts.entry(run.workflow).or_default();
            *(if same { &mut count.same } else { &mut count.other }) += 1;
        }
        match page.next {
            Some(next) => query.before = Some(next),
            None => break,
        }
    }
    let above = data.parent().filter(|above| !above.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut findings = Vec::new();
    let same: usize = counts.values().map(|count| count.same).sum();
    if same > 0 {
        findings
            .push(Finding::fine("runs", format!("{} under way, by the programs as they are", counted(same, "run"))));
    }
    for (workflow, count) in counts.iter().filter(|(_, count)| count.other > 0) {
        let runs = counted(count.other, "run");
        findings.push(match plan(workflow) {
            Some(_) => Finding::doubtful("runs", format!("{runs} of `{workflow}` under way, by another version of it"))
                .way_out(format!("flow deploy {} --data {} --dry-run", above.display(), data.display())),
            None if patients.are_all_of(above) => {
                Finding::doubtful("runs", format!("{runs} of `{workflow}` under way, which no program here declares"))
                    .way_out(format!("flow runs --workflow {workflow} --data {}", data.display()))
            }
            None => continue,
        });
    }
    findings
}
