//! Long work: cancellation, progress and the lanes that run it. Knows nothing of the window.

mod queue;

pub use queue::{Finished, Generation, JobId, JobSpec, Lane, Outcome, Queue, Wake};

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use parking_lot::Mutex;

/// The job was asked to stop, and did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("cancelled")]
pub struct Cancelled;

/// A shared flag that asks a job to stop.
#[derive(Clone, Debug, Default)]
pub struct CancelToken(Arc<AtomicBool>);

impl CancelToken {
    /// Asks every holder of this token to stop.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether stopping was asked for.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// What a job is doing and how far it is; read by the window while the job writes.
#[derive(Clone, Debug, Default)]
pub struct Progress(Arc<ProgressCell>);

#[derive(Debug, Default)]
struct ProgressCell {
    permille: AtomicU32,
    step: Mutex<String>,
}

impl Progress {
    /// States the step under way. No patient data: steps are shown and may be logged.
    pub fn step(&self, name: &str) {
        *self.0.step.lock() = name.to_owned();
    }

    /// States that `done` of `total` parts of the step are finished.
    pub fn set(&self, done: usize, total: usize) {
        let permille = (done.min(total) * 1000).checked_div(total).unwrap_or(0);
        self.0.permille.store(permille as u32, Ordering::Relaxed);
    }

    /// Name of the step and fraction done, 0–1.
    #[must_use]
    pub fn read(&self) -> (String, f32) {
        let permille = self.0.permille.load(Ordering::Relaxed);
        (self.0.step.lock().clone(), permille as f32 / 1000.0)
    }
}

/// What a stage gets from its surroundings: a way to be cancelled and a way to tell progress.
#[derive(Clone, Debug, Default)]
pub struct JobContext {
    /// Asks the stage to stop.
    pub cancel: CancelToken,
    /// Where the stage says how far it is.
    pub progress: Progress,
}

impl JobContext {
    /// The same job to whoever stops it, with progress that nobody reads: for a part that would tell of
    /// its own small steps.
    #[must_use]
    pub fn silent(&self) -> Self {
        Self {
            cancel: self.cancel.clone(),
            progress: Progress::default(),
        }
    }

    /// Returns early from a stage that was cancelled: `job.check()?`.
    ///
    /// # Errors
    /// [`Cancelled`] when the token was raised.
    pub fn check(&self) -> Result<(), Cancelled> {
        if self.cancel.is_cancelled() {
            return Err(Cancelled);
        }
        Ok(())
    }
}
