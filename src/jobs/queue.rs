//! Lanes of worker threads. A lane runs one job at a time; jobs answer on a channel.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::JoinHandle;

use crossbeam_channel::{Receiver, Sender, bounded, unbounded};

use super::JobContext;

/// Identifies one started job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct JobId(pub u64);

/// Counts requests for one target; the answer to an older request is dropped by the receiver.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Generation(pub u64);

/// Where a job runs. Jobs of one lane wait for each other, lanes do not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lane {
    /// Reading and writing files.
    Io,
    /// Computing; one job at a time, parallel inside.
    Cpu,
    /// Computing that somebody waits for with a button held: gestures do not queue behind fits.
    Gesture,
    /// Aligning images, which takes its time: neither fits nor what follows a gesture wait for it.
    Align,
    /// Making what is only looked at.
    Look,
    /// A language model, which takes longest.
    Model,
}

/// A job: a name for people, a lane, a context and the work itself.
pub struct JobSpec<T> {
    /// Identifier chosen by the caller.
    pub id: JobId,
    /// What is shown while it runs; no patient data.
    pub name: String,
    /// Where it runs.
    pub lane: Lane,
    /// Cancel token and progress, shared with the caller.
    pub context: JobContext,
    /// The work.
    pub work: Box<dyn FnOnce(&JobContext) -> T + Send>,
}

/// How a job ended.
#[derive(Debug)]
pub enum Outcome<T> {
    /// It returned.
    Done(T),
    /// It panicked, with this message; the program goes on.
    Panicked(String),
    /// It was cancelled before it started.
    Cancelled,
}

/// The end of one job.
#[derive(Debug)]
pub struct Finished<T> {
    /// Which job.
    pub id: JobId,
    /// How it ended.
    pub outcome: Outcome<T>,
}

/// Called after each finished job, so that a sleeping window wakes up.
pub type Wake = Arc<dyn Fn() + Send + Sync>;

/// The worker threads.
pub struct Queue<T: Send + 'static> {
    io: Option<Sender<JobSpec<T>>>,
    cpu: Option<Sender<JobSpec<T>>>,
    gesture: Option<Sender<JobSpec<T>>>,
    align: Option<Sender<JobSpec<T>>>,
    look: Option<Sender<JobSpec<T>>>,
    model: Option<Sender<JobSpec<T>>>,
    finished: Receiver<Finished<T>>,
    workers: Vec<JoinHandle<()>>,
}

/// Finished jobs that may wait before a worker blocks; far above what one frame produces.
const FINISHED_CAPACITY: usize = 1024;

impl<T: Send + 'static> Queue<T> {
    /// Starts one thread per lane.
    ///
    /// # Errors
    /// When the operating system refuses a thread.
    pub fn start(wake: &Wake) -> std::io::Result<Self> {
        let (answer, finished) = bounded(FINISHED_CAPACITY);
        let mut workers = Vec::new();
        let mut lane = |name: &str| {
            let (send, receive) = unbounded::<JobSpec<T>>();
            let (answer, wake) = (answer.clone(), wake.clone());
            let worker = std::thread::Builder::new().name(name.to_owned());
            workers.push(worker.spawn(move || run_lane(&receive, &answer, &wake))?);
            std::io::Result::Ok(Some(send))
        };
        let (io, cpu) = (lane("oncotwin-io")?, lane("oncotwin-cpu")?);
        let gesture = lane("oncotwin-gesture")?;
        let (align, look) = (lane("oncotwin-align")?, lane("oncotwin-look")?);
        let model = lane("oncotwin-model")?;
        Ok(Self {
            io,
            cpu,
            gesture,
            align,
            look,
            model,
            finished,
            workers,
        })
    }

    /// Queues a job. A job whose lane has died is dropped; its panic was already reported.
    pub fn submit(&self, job: JobSpec<T>) {
        let lane = match job.lane {
            Lane::Io => &self.io,
            Lane::Cpu => &self.cpu,
            Lane::Gesture => &self.gesture,
            Lane::Align => &self.align,
            Lane::Look => &self.look,
            Lane::Model => &self.model,
        };
        if let Some(lane) = lane {
            lane.send(job).ok();
        }
    }

    /// Jobs that ended since the last call.
    #[must_use]
    pub fn drain(&self) -> Vec<Finished<T>> {
        self.finished.try_iter().collect()
    }

    /// Where finished jobs arrive, for waiting on them together with other things.
    #[must_use]
    pub const fn finished(&self) -> &Receiver<Finished<T>> {
        &self.finished
    }
}

impl<T: Send + 'static> Drop for Queue<T> {
    fn drop(&mut self) {
        self.io = None;
        self.cpu = None;
        self.gesture = None;
        self.align = None;
        self.look = None;
        self.model = None;
        for worker in self.workers.drain(..) {
            // Keep the answer channel empty so that a worker's last send cannot block the join.
            while !worker.is_finished() {
                if self
                    .finished
                    .recv_timeout(std::time::Duration::from_millis(5))
                    .is_err()
                {
                    std::thread::yield_now();
                }
            }
            worker.join().ok();
        }
    }
}

fn run_lane<T>(jobs: &Receiver<JobSpec<T>>, answer: &Sender<Finished<T>>, wake: &Wake) {
    for job in jobs {
        let JobSpec {
            id, context, work, ..
        } = job;
        let outcome = if context.cancel.is_cancelled() {
            Outcome::Cancelled
        } else {
            match catch_unwind(AssertUnwindSafe(|| work(&context))) {
                Ok(value) => Outcome::Done(value),
                Err(panic) => Outcome::Panicked(panic_message(&*panic)),
            }
        };
        if answer.send(Finished { id, outcome }).is_err() {
            return;
        }
        wake();
    }
}

fn panic_message(panic: &(dyn std::any::Any + Send)) -> String {
    panic
        .downcast_ref::<&str>()
        .map(|s| (*s).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "panicked without a message".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(
        id: u64,
        lane: Lane,
        work: impl FnOnce(&JobContext) -> u32 + Send + 'static,
    ) -> JobSpec<u32> {
        JobSpec {
            id: JobId(id),
            name: "test".to_owned(),
            lane,
            context: JobContext::default(),
            work: Box::new(work),
        }
    }

    #[test]
    fn a_panic_is_a_failed_job_and_the_lane_goes_on() {
        let queue = Queue::start(&(Arc::new(|| {}) as Wake)).expect("threads");
        queue.submit(job(1, Lane::Cpu, |_| panic!("broken")));
        queue.submit(job(2, Lane::Cpu, |_| 7));
        let first = queue.finished().recv().expect("answer");
        assert!(matches!(first.outcome, Outcome::Panicked(ref m) if m == "broken"));
        let second = queue.finished().recv().expect("answer");
        assert!(matches!(second.outcome, Outcome::Done(7)));
    }

    #[test]
    fn a_job_cancelled_while_it_waits_never_runs() {
        let queue = Queue::start(&(Arc::new(|| {}) as Wake)).expect("threads");
        let (go, wait) = bounded::<()>(0);
        queue.submit(job(1, Lane::Io, move |_| {
            wait.recv().ok();
            1
        }));
        let waiting = job(2, Lane::Io, |_| 2);
        let cancel = waiting.context.cancel.clone();
        queue.submit(waiting);
        cancel.cancel();
        go.send(()).expect("first job waits");
        assert!(matches!(
            queue.finished().recv().expect("answer").outcome,
            Outcome::Done(1)
        ));
        assert!(matches!(
            queue.finished().recv().expect("answer").outcome,
            Outcome::Cancelled
        ));
    }
}
