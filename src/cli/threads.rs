//! The threads that run programs.

use tokio::runtime::{Builder, Runtime};

use super::exit::Refusal;
use crate::base::limit::STACK_BYTES;

/// How many there are at most.
const THREADS_MAX: usize = 8;

/// Starts them.
///
/// # Errors
/// If the operating system gives none.
pub fn threads() -> Result<Runtime, Refusal> {
    let count = std::thread::available_parallelism().map_or(2, usize::from).clamp(2, THREADS_MAX);
    Builder::new_multi_thread()
        .worker_threads(count)
        .thread_stack_size(STACK_BYTES)
        .enable_all()
        .build()
        .map_err(|error| Refusal::new(format!("no threads could be started: {error}")))
}
