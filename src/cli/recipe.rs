//! How the engine of a directory is made: by the command that begins with it, and anew whenever the directory has changed.

use std::path::PathBuf;
use std::sync::Arc;

use crate::host::clock::VirtualClock;
use crate::host::sandbox::Sandbox;
use crate::host::site::Make;
use crate::host::{BuildError, Builder, Engine, Program};
use crate::run::world::BoxFuture;
use crate::store::Sqlite;

/// What engines are made by.
pub struct Recipe {
    /// The directory of the programs, or one program.
    pub programs: PathBuf,
    /// The arguments of `--set`.
    pub set: Vec<String>,
    pub store: Arc<Sqlite>,
    /// Whether runs are carried out, or only told things.
    pub duty: Duty,
}

/// What an engine does.
pub enum Duty {
    /// It carries runs out, in the world or in a sandbox, by the clock of this machine or another. What it is given for itself
    /// lies in `data`.
    CarryOut { sandbox: bool, clock: Option<VirtualClock>, data: PathBuf },
    /// It writes down what runs are told.
    WriteDown,
}

impl Recipe {
    /// An engine of what stands there now.
    ///
    /// # Errors
    /// Everything that is wrong with the programs or the settings.
    pub async fn engine(&self) -> Result<Engine, BuildError> {
        let program = match self.programs.is_dir() {
            true => Program::from_directory(&self.programs),
            false => Program::from_file(&self.programs),
        };
        self.engine_of(program.map_err(BuildError::Program)?).await
    }

    /// An engine of a program.
    ///
    /// # Errors
    /// Everything that is wrong with the settings.
    pub async fn engine_of(&self, program: Program) -> Result<Engine, BuildError> {
        let package = program.package.clone();
        let mut builder = Builder::new(program).environment().journal(self.store.clone());
        for assignment in &self.set {
            builder = builder.set(assignment);
        }
        builder = match &self.duty {
            Duty::WriteDown => builder.write_down_only(),
            Duty::CarryOut { sandbox, clock, data } => {
                builder = builder.credentials_in(data);
                if let Some(clock) = clock {
                    builder = builder.clock(clock.clone());
                }
                match sandbox {
                    true => {
                        let sandbox = Sandbox::start(&package, |_| {}).await;
                        let sandbox = sandbox.map_err(|error| BuildError::NoSandbox(error.to_string().into()))?;
                        // Its stand-in answers at once.
                        builder.sandbox(Arc::new(sandbox))
                    }
                    false => builder.people_answer_later(),
                }
            }
        };
        builder.build()
    }
}

impl Make for Recipe {
    fn make(&self) -> BoxFuture<'_, Result<Engine, BuildError>> {
        Box::pin(self.engine())
    }
}
