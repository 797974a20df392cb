//! Time in a sandbox: it passes at once where a run waits, and stands still where a person is asked.

use std::sync::Arc;
use std::time::Duration;

use crate::cli::ask::Terminal;
use crate::host::Engine;
use crate::host::clock::VirtualClock;

/// How many moments are passed. A run that is still waiting then probably waits for ever.
pub const WAITS_MAX: usize = 10_000;

/// How long nothing is looked for where nobody waits for a moment: something else is under way, or a person thinks.
const PAUSE: Duration = Duration::from_millis(5);

/// Moves `clock` from one moment that somebody waits for to the next. Returns when that has happened too often.
pub async fn pass_time(engine: &Engine, clock: Option<&VirtualClock>, terminal: Option<&Arc<Terminal>>) {
    let Some(clock) = clock else { return };
    let mut passed = 0;
    while passed < WAITS_MAX {
        let is_asking = terminal.is_some_and(|terminal| terminal.is_asking());
        // A journal that cannot be written ends the run by itself.
        if !is_asking && matches!(engine.advance_to_next(clock).await, Ok(Some(_))) {
            passed += 1;
        } else {
            tokio::time::sleep(PAUSE).await;
        }
    }
}
