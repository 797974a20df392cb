//! The services of the connectors that programs call, by what each names for that.

use std::collections::BTreeSet;
use std::path::Path;

use futures_util::future::join_all;

use super::finding::Finding;
use super::reach::{PATIENCE, too_late};
use crate::cli::connectors::{Found, Verdict};
use crate::cli::exit::Exit;
use crate::host::Program;
use crate::host::settings::configure::Uses;

/// Asks each connector that the programs call, all at once, each by the operation that it names for that.
pub async fn findings(programs: &[Program], data: Option<&Path>, set: &[String]) -> Vec<Finding> {
    let mut seen = BTreeSet::new();
    let mut asked = Vec::new();
    for program in programs {
        for name in Uses::of_all(&program.package).connectors() {
            let Some(connector) = program.package.connectors.get(name) else { continue };
            let key = (program.directory.clone(), name.clone(), connector.digest);
            if seen.insert(key) {
                asked.push((program.clone(), connector.clone()));
            }
        }
    }
    let answers = asked.into_iter().map(|(program, connector)| async move {
        let name = connector.name.clone();
        let asking = Verdict::on(Found { program, connector, operation: None }, data, set);
        (name, tokio::time::timeout(PATIENCE, asking).await)
    });
    let answered = join_all(answers).await.into_iter().filter_map(|(name, answer)| match answer {
        Ok(verdict) => finding(&name, verdict),
        Err(_) => Some(
            Finding::faulty("service", format!("{name}: {}", too_late()))
                .way_out(format!("flow connectors check {name}")),
        ),
    });
    answered.collect()
}

/// What is said of one that was asked. Why one could not be is said with its settings.
fn finding(name: &str, verdict: Verdict) -> Option<Finding> {
    let message = format!("{name}: {}", verdict.words());
    let finding = match verdict.exit() {
        _ if !verdict.was_asked() => return None,
        Exit::Done => Finding::fine("service", message),
        Exit::Failed | Exit::Wrong | Exit::Cancelled => Finding::faulty("service", message),
    };
    Some(finding.ways_out(verdict.hints))
}
