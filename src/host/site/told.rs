//! What is said of a deployment, in the log: what is another workflow now, and of each run what that means for it.

use crate::host::deploy::Deployment;
use crate::lang::plan::Package;

/// Says which workflows are new, changed or gone.
pub(super) fn changes(before: &Package, now: &Package) {
    let new = now.plans.values().filter(|plan| !before.plans.contains_key(&plan.name));
    let gone = before.plans.values().filter(|plan| !now.plans.contains_key(&plan.name));
    let changed = now.plans.values().filter(|plan| {
        let twin = before.plans.get(&plan.name);
        twin.is_some_and(|twin| twin.digest != plan.digest)
    });
    let said = new.map(|plan| (plan, "is new"));
    let said = said.chain(changed.map(|plan| (plan, "was changed"))).chain(gone.map(|plan| (plan, "is gone")));
    let words: Vec<String> = said.map(|(plan, word)| format!("`{}` {word}", plan.name)).collect();
    let words = if words.is_empty() { "no workflow was changed".to_owned() } else { words.join(", ") };
    tracing::info!("deployed: {words}");
}

/// Says of each run what a deployment means for it.
pub(super) fn verdicts(deployment: &Deployment) {
    for deployed in &deployment.workflows {
        for group in &deployed.groups {
            for run in &group.runs {
                tracing::info!(run = %run, workflow = %deployed.workflow, "{}", group.verdict);
            }
        }
    }
}
