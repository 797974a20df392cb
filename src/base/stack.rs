//! Room for recursion: what follows a text down its nesting need not care how deep that is.
//!
//! On which thread something is computed changes nothing about it, so this is the one place where the pure half of the
//! house starts a thread.

use super::limit;

/// Runs `work` here, or, if it may recurse `deep`, on a thread with a stack of [`limit::STACK_BYTES`]: the bounds on
/// nesting keep the recursion within that one. `None` where the system gives no such thread.
pub fn with_room<T: Send>(deep: bool, work: impl FnOnce() -> T + Send) -> Option<T> {
    if !deep {
        return Some(work());
    }
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(limit::STACK_BYTES).spawn_scoped(scope, work).ok()?;
        match thread.join() {
            Ok(done) => Some(done),
            Err(panic) => std::panic::resume_unwind(panic),
        }
    })
}
