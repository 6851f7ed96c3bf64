//! The workspace on disk: records, audit trail, artifacts and the cache of stages.
//!
//! ```text
//! DIR/oncotwin.sqlite      records and audit trail (WAL, synchronous=FULL)
//! DIR/oncotwin.lock        held while a process writes
//! DIR/artifacts/ab/cdef…   content-addressed files (SHA-256)
//! DIR/artifacts/cache/…    results of stages; may be deleted at any time
//! ```
//!
//! One process writes at a time, and in it one thread owns the connection. A transaction is on the
//! disk, with its audit entry, before it is reported as committed.

mod apply;
mod artifacts;
mod atomic;
mod audit;
mod backup;
mod cache;
mod error;
mod filesystem;
mod load;
mod mask_codec;
mod memory;
mod migrate;
mod reading;
mod salvage;
mod verify;
mod words;
mod writer;

pub use artifacts::Artifacts;
pub use audit::withhold_personal;
pub use backup::{BackupReport, FileEntry, Gap, RestoreReport, backup, restore};
pub use cache::{Cache, CacheWarning, Cached, Origin};
pub use error::Error;
pub use filesystem::{FileSystem, detect as detect_file_system};
pub use mask_codec::{MaskCodecError, decode_mask, encode_mask};
pub use memory::{Refusal, apply_in_memory};
pub use reading::check_database;
pub use salvage::{SalvageReport, SalvagedTable, salvage};
pub use verify::{Defect, DefectKind, VerifyReport, verify};
pub use writer::{Answer, Ticket};

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;

use crossbeam_channel::{Receiver, Sender, bounded, unbounded};
use jiff::Timestamp;
use parking_lot::Mutex;
use uuid::Uuid;

use crate::case::{Records, Transaction};
use writer::{Request, Writer};

const DATABASE: &str = "oncotwin.sqlite";
const LOCK: &str = "oncotwin.lock";
const ARTIFACTS: &str = "artifacts";

/// Called after every answer, from the writer's thread.
pub type Wake = Arc<dyn Fn() + Send + Sync>;

/// An open workspace. Dropping it finishes what was committed and frees the lock.
pub struct Workspace {
    dir: PathBuf,
    session: Uuid,
    artifacts: Artifacts,
    cache: Cache,
    next_ticket: AtomicU64,
    requests: Option<Sender<Request>>,
    answers: Receiver<Answer>,
    answer: Sender<Answer>,
    wake: Arc<Mutex<Option<Wake>>>,
    head: Arc<Mutex<String>>,
    thread: Option<JoinHandle<()>>,
    /// Freed by the system when the process dies, however it dies.
    _lock: File,
}

impl Workspace {
    /// Opens the workspace in `dir`, or founds one there, and reads its records.
    ///
    /// `clock` gives the time of audit entries; `app_version` is written into each.
    ///
    /// # Errors
    /// [`Error::Locked`] when another process has it open, [`Error::Newer`] when a later version of
    /// the program wrote it, and the errors of files and database.
    pub fn open(
        dir: &Path,
        clock: impl Fn() -> Timestamp + Send + 'static,
        app_version: &str,
    ) -> Result<(Self, Records), Error> {
        create_private(dir).map_err(Error::io("create the workspace folder", dir))?;
        let lock = lock(dir)?;
        let artifacts = Artifacts::open(&dir.join(ARTIFACTS))?;
        let session = Uuid::new_v4();
        let (writer, records) = Writer::open(
            &dir.join(DATABASE),
            artifacts.clone(),
            session,
            app_version,
            Box::new(clock),
        )?;
        let head = writer.head();
        let (requests, queue) = unbounded();
        let (answer, answers) = unbounded();
        let wake: Arc<Mutex<Option<Wake>>> = Arc::default();
        let thread = {
            let (answer, wake) = (answer.clone(), Arc::clone(&wake));
            std::thread::Builder::new()
                .name("store".into())
                .spawn(move || writer.run(&queue, &answer, &wake))
                .map_err(Error::io("start the writer thread for", dir))?
        };
        let workspace = Self {
            dir: dir.to_owned(),
            session,
            cache: Cache::new(&dir.join(ARTIFACTS)),
            artifacts,
            next_ticket: AtomicU64::new(1),
            requests: Some(requests),
            answers,
            answer,
            wake,
            head,
            thread: Some(thread),
            _lock: lock,
        };
        Ok((workspace, records))
    }

    /// Where a workspace lies when the user names none: the data directory of the platform.
    ///
    /// # Errors
    /// [`Error::NoHome`] when the platform names no such directory.
    pub fn default_dir() -> Result<PathBuf, Error> {
        directories::ProjectDirs::from("", "", "oncotwin")
            .map(|dirs| dirs.data_dir().join("workspace"))
            .ok_or(Error::NoHome)
    }

    /// The folder.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Identifies this opening of the workspace in the audit trail.
    #[must_use]
    pub const fn session(&self) -> Uuid {
        self.session
    }

    /// Hash of the newest audit entry on the disk: printed in a report, it later shows that no entry
    /// up to then was changed or cut.
    #[must_use]
    pub fn audit_head(&self) -> String {
        self.head.lock().clone()
    }

    /// Content-addressed files of this workspace; cheap to clone, usable from any thread.
    #[must_use]
    pub const fn artifacts(&self) -> &Artifacts {
        &self.artifacts
    }

    /// Results of stages; cheap to clone, usable from any thread.
    #[must_use]
    pub const fn cache(&self) -> &Cache {
        &self.cache
    }

    /// Sets what is called after every answer (a repaint of the window, say).
    pub fn wake_with(&self, wake: Wake) {
        *self.wake.lock() = Some(wake);
    }

    /// Queues a transaction and returns at once. Transactions are committed in the order of these
    /// calls; each is answered in [`Workspace::answers`].
    pub fn commit(&self, transaction: Transaction) -> Ticket {
        let ticket = Ticket(self.next_ticket.fetch_add(1, Ordering::Relaxed));
        let request = Request::Queued(ticket, transaction);
        if self.send(request).is_err() {
            let error = Error::Stopped;
            // The receiver lives in `self`, so this cannot fail.
            drop(self.answer.send(Answer::Failed { ticket, error }));
        }
        ticket
    }

    /// Commits behind everything queued so far, waits, and returns the sequence number of the audit
    /// entry (`None` for a transaction without one).
    ///
    /// # Errors
    /// Why nothing of the transaction was written.
    pub fn commit_now(&self, transaction: Transaction) -> Result<Option<u64>, Error> {
        let (reply, answer) = bounded(1);
        self.send(Request::Now(Box::new(transaction), reply))?;
        answer.recv().map_err(|_| Error::Stopped)?
    }

    /// Answers to [`Workspace::commit`], in order.
    #[must_use]
    pub const fn answers(&self) -> &Receiver<Answer> {
        &self.answers
    }

    fn send(&self, request: Request) -> Result<(), Error> {
        let requests = self.requests.as_ref().ok_or(Error::Stopped)?;
        requests.send(request).map_err(|_| Error::Stopped)
    }
}

impl Drop for Workspace {
    fn drop(&mut self) {
        // Closing the channel lets the writer finish its queue and end.
        self.requests = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the writer thread of the workspace had panicked");
        }
    }
}

/// A folder that only its owner may read, as far as it is made here: it holds patients' names.
fn create_private(dir: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir)
}

fn lock(dir: &Path) -> Result<File, Error> {
    let path = dir.join(LOCK);
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .map_err(Error::io("open the lock file", &path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Error::Locked {
            dir: dir.to_owned(),
        }),
        Err(TryLockError::Error(source)) => Err(Error::io("lock", &path)(source)),
    }
}
