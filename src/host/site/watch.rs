//! Watching a directory: what is changed in it is deployed when it has been left alone for a moment.

use std::time::Duration;

use super::{Site, Source, Undeployed};
use crate::base::limit::FILE_QUIET_MILLIS;
use crate::base::span::Sources;
use crate::host::builder::BuildError;
use crate::host::engine::Engine;
use crate::host::lookout::{Look, Lookout};
use crate::trigger::Listening;

/// By whose word what was changed in the directory is deployed.
const BY: &str = "watch";

/// How long the directory must have been left alone to count as whole.
const QUIET: Duration = Duration::from_millis(FILE_QUIET_MILLIS);

impl Site {
    /// Deploys what was changed in the directory before the start, and what is from now on, for as long as somebody waits for it. What does not compile is said in the
    /// log, and what runs goes on.
    pub async fn watch(self) {
        let Ok(source) = self.source() else { return };
        if let Err(broken) = self.catch_up().await {
            tracing::error!("runs under way are not told of what was changed before the start: {broken}");
        }
        let mut lookout = Lookout::new(QUIET);
        let mut seen = None;
        loop {
            let look = self.look(source);
            lookout.follow(&look);
            if seen.as_ref() == Some(&look) {
                lookout.stirred().await;
            } else {
                seen = self.settle(source, lookout.settled(look, || self.look(source)).await).await;
            }
        }
    }

    /// Deploys what stands in the directory, which was left alone; what was seen then, if nothing was changed meanwhile.
    async fn settle(&self, source: &Source, look: Look) -> Option<Look> {
        let mut turn = self.inner.turn.lock().await;
        let made = source.make.make().await;
        if self.look(source) != look {
            return None;
        }
        let read = match &made {
            Ok(newer) => newer.warnings().sources.clone(),
            Err(error) => error.faults().map(|faults| faults.sources.clone()).unwrap_or_default(),
        };
        let running = self.engine().warnings();
        let everything = || Look::at([&*source.directory], [&running.sources, &read]);
        let before = everything();
        self.replace(source, made, &mut turn).await;
        let seen = self.look(source);
        // What was changed while it was deployed is not what was deployed.
        (everything() == before).then_some(seen)
    }

    /// Deploys what was made, unless it is what runs.
    async fn replace(&self, source: &Source, made: Result<Engine, BuildError>, listening: &mut Option<Listening>) {
        let done = match made {
            Ok(newer) if self.is_what_runs(&newer) => return self.runs_again(),
            Ok(newer) => self.take(newer, BY, listening).await.map(drop),
            Err(error) => Err(self.refuse(error).into()),
        };
        match done {
            Ok(()) => {}
            Err(Undeployed::Unfit(error)) => {
                let directory = source.directory.display();
                tracing::error!(
                    "what stands in `{directory}` cannot be deployed; the version that runs goes on\n{error}"
                );
            }
            Err(error) => tracing::error!("what was changed is not deployed: {error}"),
        }
    }

    fn look(&self, source: &Source) -> Look {
        let refused = self.version().refused;
        let faults = refused.as_deref().and_then(|refused| refused.error.faults());
        let running = self.engine().warnings();
        let sources: Vec<&Sources> = std::iter::once(&running.sources).chain(faults.map(|it| &it.sources)).collect();
        Look::at([&*source.directory], sources)
    }

    /// Whether an engine was made of the same texts as the one that runs.
    fn is_what_runs(&self, newer: &Engine) -> bool {
        fn texts(sources: &Sources) -> Vec<(&str, &str)> {
            let mut texts: Vec<_> = sources.iter().map(|(_, source)| (&*source.name, &*source.text)).collect();
            texts.sort_unstable();
            texts
        }
        texts(&self.engine().warnings().sources) == texts(&newer.warnings().sources)
    }

    /// What was changed was changed back.
    fn runs_again(&self) {
        if self.now().version.refused.take().is_some() {
            tracing::info!("what stands in the directory is what runs again");
        }
    }
}
