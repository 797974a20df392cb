//! The examples of connectors, played: what an example says comes of it is held against what does.
//!
//! In: a program, and one of the examples in it. Out: what came of it, and in what that is not what the example says. Never: a byte to
//! anywhere but loopback, a setting or a file of the program's directory (held by `tests/cli/examples.rs`).

mod difference;
mod stage;
mod verdict;

use std::io;
use std::sync::Arc;

use super::builder::{BuildError, Builder};
use super::program::Program;
use super::sandbox::{Sandbox, Sent, files};
use crate::base::failure::{Failure, Kind};
use crate::base::span::Span;
use crate::base::value::Value;
use crate::lang::catalog::standard;
use crate::lang::plan::connector::Example;
use crate::lang::plan::{Connector, Operation, Package, Source};
use crate::run::world::Outcome;
use crate::trigger;
use stage::Stage;

/// An example of a connector, with what it is an example of.
#[derive(Clone, Debug)]
pub struct Piece {
    /// The connector.
    pub connector: Arc<Connector>,
    /// What of it.
    pub of: Of,
    /// What is played.
    pub example: Example,
}

/// What an example is one of.
#[derive(Clone, Debug)]
pub enum Of {
    /// A request.
    Operation(Arc<Operation>),
    /// A trigger, by its name.
    Trigger(Box<Source>),
}

/// What came of an example.
#[derive(Debug)]
pub struct Played {
    /// As for any call.
    pub outcome: Outcome,
    /// What was asked for, in order.
    pub asked: Vec<Sent>,
}

/// All examples of the connectors of `package` that can be played: those of operations that make requests, and of triggers.
pub fn pieces(package: &Package) -> Vec<Piece> {
    package.connectors.values().flat_map(of_connector).collect()
}

/// Those of the connectors that `program` or a file it uses declares itself.
pub fn own_pieces(program: &Program) -> Vec<Piece> {
    let mut pieces = pieces(&program.package);
    pieces.retain(|piece| {
        let source = program.sources.get(piece.span().file);
        !standard::CONNECTORS.iter().any(|file| *file.path == *source.name && *file.text == *source.text)
    });
    pieces
}

fn of_connector(connector: &Arc<Connector>) -> Vec<Piece> {
    let piece =
        |of: &Of, example: &Example| Piece { connector: connector.clone(), of: of.clone(), example: example.clone() };
    let operations = connector.operations.values().filter(|operation| operation.request.is_some());
    let operations = operations.map(|it| (Of::Operation(it.clone()), &it.examples));
    let triggers = connector.sources.iter().map(|it| (Of::Trigger(Box::new(it.clone())), &it.examples));
    let mut pieces: Vec<Piece> =
        operations.chain(triggers).flat_map(|(of, examples)| examples.iter().map(move |it| piece(&of, it))).collect();
    pieces.sort_by_key(|piece| piece.span().start);
    pieces
}

impl Piece {
    /// What it is an example of: `crm.get`.
    pub fn name(&self) -> String {
        let name = match &self.of {
            Of::Operation(operation) => &operation.signature.name,
            Of::Trigger(source) => &source.name,
        };
        format!("{}.{name}", self.connector.name)
    }

    /// Where it stands.
    pub fn span(&self) -> Span {
        self.example.span
    }

    /// Plays it.
    ///
    /// # Errors
    /// No free port on loopback, no room for its files; settings that have no value even here.
    pub async fn play(&self, program: &Program) -> Result<Played, BuildError> {
        let stage = Stage::new(self.files()).map_err(no_stage)?;
        let package = Arc::new(self.alone(&program.package));
        let sandbox = Sandbox::playing(&package, self.example.answers(), stage.aside()).await.map_err(no_stage)?;
        let sandbox = Arc::new(sandbox);
        let program = Program { package, directory: stage.directory().to_owned(), ..program.clone() };
        let builder = Builder::new(program).sandbox(sandbox.clone());
        let outcome = match &self.of {
            Of::Operation(operation) => {
                let operation = without_credentials(operation);
                builder.alone(&operation)?.call(self.example.params.clone()).await
            }
            Of::Trigger(source) => self.brings(source, builder)?,
        };
        Ok(Played { outcome, asked: sandbox.sent() })
    }

    /// The items that the answer brings.
    fn brings(&self, source: &Source, builder: Builder) -> Result<Outcome, BuildError> {
        let (configured, settings) = builder.configured(&self.connector.name)?;
        let Some(connector) = configured.into_iter().next() else { return Ok(Outcome::done(Value::Unit)) };
        let brought = trigger::rehearse(&Arc::new(connector), &source.name, &self.example, &settings);
        let items = brought.and_then(|items| match source.by.is_some() && items.iter().any(|one| one.key.is_none()) {
            true => Err(Failure::new(Kind::ValidationError, "an item has no name: `by` gives none")),
            false => Ok(Value::list(items.into_iter().map(|one| one.item))),
        });
        Ok(items.map_or_else(Outcome::failed, Outcome::done))
    }

    /// The files that it sends.
    fn files(&self) -> Vec<Arc<str>> {
        match &self.of {
            Of::Operation(operation) => files(&self.connector, operation, &self.example),
            Of::Trigger(_) => Vec::new(),
        }
    }

    /// The package, with a connector that asks for no credentials: an example says nothing of them.
    fn alone(&self, package: &Package) -> Package {
        let mut connector = Connector::clone(&self.connector);
        connector.auth.clear();
        connector.operations.values_mut().for_each(|operation| *operation = without_credentials(operation));
        let connectors = [(connector.name.clone(), Arc::new(connector))].into_iter().collect();
        Package { connectors, ..package.clone() }
    }
}

fn without_credentials(operation: &Arc<Operation>) -> Arc<Operation> {
    let mut own = Operation::clone(operation);
    own.shaping.auth.clear();
    Arc::new(own)
}

fn no_stage(error: io::Error) -> BuildError {
    BuildError::NoSandbox(error.to_string().into())
}
