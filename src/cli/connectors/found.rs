//! The connectors that a command is about: those of programs, or of the standard library.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::base::diagnostic::nearest;
use crate::cli::exit::{Refusal, Stop};
use crate::cli::program::{DATA, load};
use crate::host::settings::standing::Standing;
use crate::host::{Builder, Program};
use crate::lang::catalog::standard;
use crate::lang::plan::{Connector, Operation};

/// A connector with the program that declares or uses it.
#[derive(Debug)]
pub struct Found {
    /// The program; its directory is that of the settings.
    pub program: Program,
    /// The connector.
    pub connector: Arc<Connector>,
    /// The operation that was named behind it: `slack.whoami`.
    pub operation: Option<Arc<Operation>>,
}

/// The connector or operation `name`, such as `slack` and `slack.whoami`: of the program `file` with the settings that lie beside
/// it, otherwise of the standard library. Without a file the settings are those of the working directory.
///
/// # Errors
/// Where there is none of this name.
pub fn named(name: &str, file: Option<&Path>) -> Result<Found, Stop> {
    let program = file.map(load).transpose()?;
    let own: Vec<&str> = program.iter().flat_map(|it| it.package.connectors.keys()).map(AsRef::as_ref).collect();
    // A connector of a used file has a dot in its name.
    let (connector, operation) = match name.rsplit_once('.') {
        Some((connector, operation)) if !own.contains(&name) => (connector, Some(operation)),
        _ => (name, None),
    };
    let program = match &program {
        Some(program) if own.contains(&connector) => program.clone(),
        // It need not be used by the program whose settings it has.
        Some(program) => Program { directory: program.directory.clone(), ..standard_program(connector, &own)? },
        None => standard_program(connector, &own)?,
    };
    let connector = program.package.connectors.get(connector).cloned().ok_or_else(|| unknown(connector, &own))?;
    let operation = operation.map(|name| self::operation(&connector, name).cloned()).transpose()?;
    Ok(Found { program, connector, operation })
}

/// A connector of the standard library; `own` are the names that may have been meant beside those of the library.
fn standard_program(name: &str, own: &[&str]) -> Result<Program, Refusal> {
    Program::of_standard(name).ok_or_else(|| unknown(name, own))
}

fn unknown(name: &str, own: &[&str]) -> Refusal {
    let refusal = Refusal::new(format!("there is no connector `{name}`"));
    let known = standard::CONNECTORS.iter().map(|file| file.name).chain(own.iter().copied());
    match nearest(name, known) {
        Some(near) => refusal.hint(format!("did you mean `{near}`?")),
        None => refusal
            .hint("name the file that declares it behind its name: `main.flow`")
            .hint("`flow connectors list` has those of the standard library"),
    }
}

/// The operation `name` of `connector`.
///
/// # Errors
/// Where it has none, with the one that was probably meant.
pub fn operation<'c>(connector: &'c Connector, name: &str) -> Result<&'c Arc<Operation>, Refusal> {
    connector.operations.get(name).ok_or_else(|| {
        let refusal = Refusal::new(format!("`{}` has no operation `{name}`", connector.name));
        match nearest(name, connector.operations.keys().map(AsRef::as_ref)) {
            Some(near) => refusal.hint(format!("did you mean `{}.{near}`?", connector.name)),
            None => refusal.hint(format!("`flow connectors show {}` lists them", connector.name)),
        }
    })
}

/// The programs of `files`; where none is named, every connector of the standard library by itself.
///
/// # Errors
/// A file that is no program.
pub fn programs(files: &[PathBuf]) -> Result<Vec<Program>, Stop> {
    if files.is_empty() {
        return Ok(standard::CONNECTORS.iter().filter_map(|file| Program::of_standard(file.name)).collect());
    }
    files.iter().map(|file| load(file)).collect()
}

/// Where the engine keeps what it was given, for a program.
pub fn data(program: &Program, named: Option<&Path>) -> PathBuf {
    named.map_or_else(|| program.directory.join(DATA), Path::to_owned)
}

/// How the connectors of `program` stand, with the settings that commands give.
pub fn standings(program: Program, data_of: Option<&Path>, set: &[String]) -> Vec<(Arc<Connector>, Standing)> {
    let data = data(&program, data_of);
    let builder = Builder::new(program).environment().credentials_in(&data);
    set.iter().fold(builder, |builder, assignment| builder.set(assignment)).standings()
}

/// Whether a word names a program rather than an operation or a connector.
pub fn is_file(word: &str) -> bool {
    Path::new(word).extension().is_some_and(|extension| extension == "flow") || word.contains(std::path::MAIN_SEPARATOR)
}
