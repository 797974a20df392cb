//! The program a command is about.

use std::path::Path;
use std::sync::Arc;

use super::exit::{Exit, Refusal, Stop};
use super::paper::{colour_on_stderr, say};
use crate::base::diagnostic::nearest;
use crate::base::report;
use crate::host::Program;
use crate::lang::plan::Plan;

/// Where data is kept unless something else is said, in the directory of the programs.
pub use crate::connect::connectors::DATA;

/// Reads and compiles a program; what is wrong with it is said on stderr.
///
/// # Errors
/// If it cannot run.
pub fn load(file: &Path) -> Result<Program, Stop> {
    Program::from_file(file).map_err(|faults| {
        say(&report::to_text(&faults.diagnostics, &faults.sources, colour_on_stderr()));
        Stop::Said(Exit::Wrong)
    })
}

/// The workflow that is meant: the one of this name, or the only one.
///
/// # Errors
/// If there is none of this name, or the name was left out and there are several.
pub fn workflow<'p>(program: &'p Program, name: Option<&str>, file: &Path) -> Result<&'p Arc<Plan>, Refusal> {
    let plans = &program.package.plans;
    let file = file.display();
    // Those of used files are `alias.name`, and are not meant where nobody names them.
    let own: Vec<&Arc<str>> = plans.keys().filter(|name| !name.contains('.')).collect();
    let list = own.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    match (name, own.as_slice()) {
        (Some(name), _) => plans.get(name).ok_or_else(|| {
            let refusal = Refusal::new(format!("{file} has no workflow `{name}`"));
            match nearest(name, plans.keys().map(AsRef::as_ref)) {
                Some(near) => refusal.hint(format!("did you mean `{near}`?")),
                None if own.is_empty() => refusal.hint("it declares none"),
                None => refusal.hint(format!("it has {list}")),
            }
        }),
        (None, [only]) => Ok(&plans[*only]),
        (None, []) => Err(Refusal::new(format!("{file} has no workflow"))),
        (None, [first, ..]) => Err(Refusal::new(format!("{file} has several workflows: {list}"))
            .hint(format!("name the one you mean behind the file: `{file} {first}`"))),
    }
}
