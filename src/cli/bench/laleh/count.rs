//! How far a step with many parts is, told to whoever watches.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::jobs::{Cancelled, JobContext};

/// Counts parts that several threads do.
pub(super) struct Count<'a> {
    job: &'a JobContext,
    done: AtomicUsize,
    total: usize,
}

impl<'a> Count<'a> {
    /// A step of so many parts begins.
    pub(super) fn new(job: &'a JobContext, step: &str, total: usize) -> Self {
        job.progress.step(step);
        job.progress.set(0, total);
        Self {
            job,
            done: AtomicUsize::new(0),
            total,
        }
    }

    /// Another part begins, unless the job was asked to stop.
    pub(super) fn one(&self) -> Result<(), Cancelled> {
        self.job.check()?;
        let done = self.done.fetch_add(1, Ordering::Relaxed);
        self.job.progress.set(done, self.total);
        Ok(())
    }
}
