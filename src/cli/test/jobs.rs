//! Several tests at once, told in their order.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread::{self, Builder};

use crate::base::limit::STACK_BYTES;
use crate::cli::exit::{Refusal, Stop};

/// Does each piece of work, so many at once, and tells what came of it in the order of the work, as soon as all before it was told.
///
/// # Errors
/// That of `told`, after which no more is begun; if the operating system gives no threads.
pub fn each<'w, W: Sync, D: Send>(
    works: &'w [W],
    jobs: Option<NonZeroUsize>,
    perform: impl Fn(&W) -> D + Sync,
    mut told: impl FnMut(&'w W, D) -> Result<(), Stop>,
) -> Result<(), Stop> {
    let jobs = jobs.or_else(|| thread::available_parallelism().ok()).map_or(1, usize::from).min(works.len());
    let next = AtomicUsize::new(0);
    let (done, came) = mpsc::channel();
    thread::scope(|scope| {
        for _ in 0..jobs {
            let (done, next, perform) = (done.clone(), &next, &perform);
            let work = move || {
                while let Some((index, work)) = take(works, next) {
                    // Nobody listens any more who was told of a failure.
                    if done.send((index, perform(work))).is_err() {
                        return;
                    }
                }
            };
            let begun = Builder::new().stack_size(STACK_BYTES).spawn_scoped(scope, work);
            begun.map_err(|error| Refusal::new(format!("no thread could be started: {error}")))?;
        }
        drop(done);
        let (mut early, mut turn) = (BTreeMap::new(), 0);
        for (index, done) in came {
            early.insert(index, done);
            while let Some(done) = early.remove(&turn) {
                told(&works[turn], done)?;
                turn += 1;
            }
        }
        Ok(())
    })
}

fn take<'w, W>(works: &'w [W], next: &AtomicUsize) -> Option<(usize, &'w W)> {
    let index = next.fetch_add(1, Ordering::Relaxed);
    works.get(index).map(|work| (index, work))
}
