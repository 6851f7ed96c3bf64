//! How far a long transfer is, told a few times a second.

use std::time::{Duration, Instant};

use crate::jobs::JobContext;

/// Between two times that something is told.
const PAUSE: Duration = Duration::from_millis(200);

/// Bytes for people.
#[must_use]
pub fn size(bytes: u64) -> String {
    let bytes = bytes as f64;
    match bytes {
        b if b < 1e3 => format!("{b} bytes"),
        b if b < 1e6 => format!("{:.1} kB", b / 1e3),
        b if b < 1e9 => format!("{:.1} MB", b / 1e6),
        b => format!("{:.2} GB", b / 1e9),
    }
}

/// Counts the bytes of a job that has several files.
pub(super) struct Meter<'j> {
    job: &'j JobContext,
    step: String,
    total: u64,
    /// Bytes of files that are finished.
    before: u64,
    /// Bytes of the file under way.
    here: u64,
    /// Bytes that were moved since `began`.
    moved: u64,
    began: Instant,
    told: Option<Instant>,
}

impl<'j> Meter<'j> {
    pub(super) fn new(job: &'j JobContext, total: u64) -> Self {
        Self {
            job,
            step: String::new(),
            total,
            before: 0,
            here: 0,
            moved: 0,
            began: Instant::now(),
            told: None,
        }
    }

    pub(super) const fn job(&self) -> &'j JobContext {
        self.job
    }

    /// A file begins: `Fetching model.safetensors`.
    pub(super) fn begin(&mut self, step: String) {
        (self.before, self.here) = (self.before + self.here, 0);
        self.resume(step);
    }

    /// The file under way goes on, in another way.
    pub(super) fn resume(&mut self, step: String) {
        (self.moved, self.began) = (0, Instant::now());
        self.step = step;
        self.tell();
    }

    /// A file is there already.
    pub(super) const fn skip(&mut self, bytes: u64) {
        self.before += bytes;
    }

    /// The file under way is this far without anything having been moved: what was there before, or
    /// nothing when it begins anew.
    pub(super) const fn at(&mut self, bytes: u64) {
        self.here = bytes;
    }

    /// More of the file under way was moved.
    ///
    /// # Errors
    /// When the job was cancelled.
    pub(super) fn add(&mut self, bytes: usize) -> Result<(), crate::jobs::Cancelled> {
        self.here += bytes as u64;
        self.moved += bytes as u64;
        if self.told.is_none_or(|told| told.elapsed() >= PAUSE) {
            self.tell();
        }
        self.job.check()
    }

    fn tell(&mut self) {
        self.told = Some(Instant::now());
        let done = (self.before + self.here).min(self.total);
        let seconds = self.began.elapsed().as_secs_f64();
        let rate = match seconds {
            s if s > 0.5 && self.moved > 0 => {
                format!(", {}/s", size((self.moved as f64 / s) as u64))
            }
            _ => String::new(),
        };
        let (step, total) = (&self.step, size(self.total));
        let text = format!("{step}: {} of {total}{rate}", size(done));
        self.job.progress.step(&text);
        self.job.progress.set(done as usize, self.total as usize);
    }
}
