//! What `--online` adds: whether services, hosts and databases can be reached, and know who asks.

use std::path::Path;
use std::time::Duration;

use super::finding::Finding;
use super::{database, host, service};
use crate::base::failure::{Failure, Kind};
use crate::base::value::Value;
use crate::host::{Builder, Program};
use crate::lang::plan::{Effects, Target, effects};

/// How long each has to answer.
pub const PATIENCE: Duration = Duration::from_secs(15);

/// Asks all that the programs would speak to, at once.
pub async fn findings(programs: &[Program], data: Option<&Path>, set: &[String]) -> Vec<Finding> {
    let services = service::findings(programs, data, set);
    let hosts = host::findings(programs, set);
    let databases = database::findings(programs, set);
    let (services, hosts, databases) = tokio::join!(services, hosts, databases);
    [services, hosts, databases].concat()
}

/// Calls an operation of the standard library with the settings of `program`, by all the rules for its runs. Nothing is said where
/// the settings are wrong, since that is said elsewhere.
pub async fn ask(
    program: &Program,
    (connector, operation): (&str, &str),
    params: Value,
    set: &[String],
) -> Option<Result<Value, Failure>> {
    let standard = Program { directory: program.directory.clone(), ..Program::of_standard(connector)? };
    let operation = standard.package.connectors.get(connector)?.operations.get(operation)?.clone();
    let builder = set.iter().fold(Builder::new(standard).environment(), |builder, set| builder.set(set));
    let alone = builder.alone(&operation).ok()?;
    let Ok(outcome) = tokio::time::timeout(PATIENCE, alone.call(params)).await else {
        return Some(Err(Failure::new(Kind::Timeout, too_late())));
    };
    Some(outcome.result.map_err(|failure| {
        let message = alone.mask().cover(&failure.message).into();
        Failure { message, ..failure }
    }))
}

/// What is said of one that does not answer.
pub fn too_late() -> String {
    format!("nobody answered within {} s", PATIENCE.as_secs())
}

/// What programs touch by operations of `connector`, as far as its name is known: each thing once for each directory, with a program
/// that touches it.
pub fn touched<'p>(
    programs: &'p [Program],
    connector: &str,
    targets: impl Fn(&Effects) -> &[Target],
) -> Vec<(&'p Program, String)> {
    let mut touched: Vec<(&Program, String)> = Vec::new();
    for program in programs {
        for plan in program.package.plans.values() {
            let account = effects(&program.package, plan);
            let own = account.operations.iter().filter(|it| it.operation.split('.').next() == Some(connector));
            let steps: Vec<&String> = own.flat_map(|called| &called.steps).collect();
            let known = targets(&account).iter().filter(|target| target.known && !target.name.contains('*'));
            for target in known.filter(|target| target.steps.iter().any(|step| steps.contains(&step))) {
                let is_known =
                    |(other, name): &(&Program, String)| other.directory == program.directory && *name == target.name;
                if !touched.iter().any(is_known) {
                    touched.push((program, target.name.clone()));
                }
            }
        }
    }
    touched
}
