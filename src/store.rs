//! The workspace on disk: records, audit trail, artifacts and the cache of stages.
//!
//! ```text
//! DIR/oncotwin.sqlite      records and audit trail (WAL, synchronous=FULL)
//! DIR/oncotwin.lock        held while a process writes
//! DIR/oncotwin.anchor-…    where the audit trail stood, keyed
//! DIR/artifacts/ab/cdef…   content-addressed files (SHA-256)
//! DIR/artifacts/cache/…    results of stages; may be deleted at any time
//! ```
//!
//! One process writes at a time, and in it one thread owns the connection. A transaction is on the
//! disk, with its audit entry, before it is reported as committed.

mod anchor;
mod apply;
mod artifacts;
mod atomic;
mod audit;
mod backup;
mod bench;
mod cache;
mod carry_over;
mod connection;
mod erase;
mod error;
mod filesystem;
mod load;
mod lock;
mod mask_codec;
mod memory;
mod migrate;
mod query;
mod rehearsal;
mod salvage;
mod soundness;
mod tamper;
mod verify;
mod words;
mod writer;

pub use anchor::{default_anchor_folder, forget_anchors};
pub use artifacts::Artifacts;
pub use audit::withhold_personal;
pub use backup::{BackupReport, FileEntry, Gap, RestoreReport, backup, restore};
pub use bench::{RecordFigures, bench_record};
pub use cache::{Cache, CacheWarning, Cached, Origin};
pub use error::Error;
pub use filesystem::{FileSystem, detect as detect_file_system};
pub use mask_codec::{MaskCodecError, decode_mask, encode_mask};
pub use memory::{Refusal, apply_in_memory};
pub use query::{Act, AuditEntry, Query, Step, Which};
pub use rehearsal::{Act as RehearsedAct, Rehearsal};
pub use salvage::{SalvageReport, SalvagedTable, salvage};
pub use soundness::check_database;
pub use tamper::{Tampering, tamper};
pub use verify::{Defect, DefectKind, VerifyOptions, VerifyReport, verify};
pub use writer::{Answer, Ticket};

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;

use crossbeam_channel::{Receiver, Sender, bounded, unbounded};
use jiff::Timestamp;
use parking_lot::Mutex;
use uuid::Uuid;

use crate::case::{Records, Transaction};
use connection::Journalling;
use lock::Lock;
use writer::{Places, Request, Writer};

const DATABASE: &str = "oncotwin.sqlite";
const ARTIFACTS: &str = "artifacts";

/// Called after every answer, from the writer's thread.
pub type Wake = Arc<dyn Fn() + Send + Sync>;

/// How a workspace is to be opened.
pub struct OpenOptions {
    /// Gives the time of audit entries.
    pub clock: Box<dyn Fn() -> Timestamp + Send>,
    /// Version of the program, written into each entry.
    pub app_version: String,
    /// Folder of the key that anchors the audit trail ([`default_anchor_folder`]); `None` for no
    /// anchor.
    pub anchors: Option<PathBuf>,
    /// What is asked for.
    pub access: Access,
    /// Where the folder lies; `None` asks the system.
    pub file_system: Option<FileSystem>,
}

/// Reading and writing, or reading only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// To write, or not at all.
    Write,
    /// To write; where another process writes or the folder allows it not, to read.
    WriteOrRead,
    /// To read; nothing is touched, not even an audit entry made.
    Read,
}

/// What opening a workspace found.
#[derive(Debug, Default)]
pub struct Opened {
    /// Everything it holds.
    pub records: Records,
    /// Why it can only be read, in words with what to do; `None` when it can be written.
    pub read_only: Option<String>,
    /// What the user must be told: the audit trail contradicts its anchor.
    pub alerts: Vec<String>,
    /// What the user should know: the file system does not suit a database.
    pub notes: Vec<String>,
    /// The session before this one ended without closing.
    pub unclean: bool,
}

/// An open workspace. Dropping it finishes what was committed and frees the lock.
pub struct Workspace {
    dir: PathBuf,
    session: Uuid,
    artifacts: Artifacts,
    cache: Cache,
    next_ticket: AtomicU64,
    /// `None` while dropping and for reading only.
    requests: Option<Sender<Request>>,
    read_only: Option<String>,
    answers: Receiver<Answer>,
    answer: Sender<Answer>,
    wake: Arc<Mutex<Option<Wake>>>,
    head: Arc<Mutex<String>>,
    thread: Option<JoinHandle<()>>,
    /// Freed by the system when the process dies, however it dies.
    _lock: Option<Lock>,
}

impl Workspace {
    /// Opens the workspace in `dir`, or founds one there, and reads its records.
    ///
    /// # Errors
    /// [`Error::Locked`] when another process writes and reading does not suffice, [`Error::Newer`]
    /// when a later version of the program wrote it, and the errors of files and database.
    pub fn open(dir: &Path, options: OpenOptions) -> Result<(Self, Opened), Error> {
        match options.access {
            Access::Read => Self::open_for_reading(dir, "it was asked for so".to_owned()),
            Access::Write => Self::open_for_writing(dir, options),
            Access::WriteOrRead => match Self::open_for_writing(dir, options) {
                Err(error @ (Error::Locked { .. } | Error::ReadOnly { .. }))
                    if dir.join(DATABASE).is_file() =>
                {
                    Self::open_for_reading(dir, error.to_string())
                }
                other => other,
            },
        }
    }

    fn open_for_writing(dir: &Path, options: OpenOptions) -> Result<(Self, Opened), Error> {
        create_private(dir).map_err(Error::io("create the workspace folder", dir))?;
        let lock = Lock::for_writing(dir)?;
        let artifacts = Artifacts::open(&dir.join(ARTIFACTS))?;
        let places = Places {
            dir: dir.to_owned(),
            database: dir.join(DATABASE),
            anchors: options.anchors,
            artifacts: artifacts.clone(),
            cache: Cache::new(&dir.join(ARTIFACTS)),
        };
        let (journalling, notes) = journalling(&options.file_system, dir);
        let mut workspace = Self::idle(dir, artifacts, places.cache.clone());
        let (writer, found) = Writer::open(
            places,
            journalling,
            workspace.session,
            &options.app_version,
            options.clock,
        )?;
        workspace.head = writer.head();
        let (requests, queue) = unbounded();
        let (answer, wake) = (workspace.answer.clone(), Arc::clone(&workspace.wake));
        let thread = std::thread::Builder::new()
            .name("store".into())
            .spawn(move || writer.run(&queue, &answer, &wake))
            .map_err(Error::io("start the writer thread for", dir))?;
        workspace.requests = Some(requests);
        workspace.thread = Some(thread);
        workspace._lock = Some(lock);
        let opened = Opened {
            records: found.records,
            alerts: found.alerts,
            unclean: found.unclean,
            notes,
            read_only: None,
        };
        Ok((workspace, opened))
    }

    fn open_for_reading(dir: &Path, reason: String) -> Result<(Self, Opened), Error> {
        let path = dir.join(DATABASE);
        let conn = connection::open_for_reading(&path)?;
        if !migrate::is_present(&conn, &path)? {
            return Err(Error::Older { path });
        }
        let read = |fault: words::Fault| fault.at("read", &path);
        let records = load::load(&conn).map_err(read)?;
        let head = audit::head(&conn).map_err(read)?;
        let artifacts = Artifacts::read_only(&dir.join(ARTIFACTS));
        let cache = Cache::read_only(&dir.join(ARTIFACTS));
        let mut workspace = Self::idle(dir, artifacts, cache);
        *workspace.head.lock() = head.hash;
        workspace.read_only = Some(reason.clone());
        let opened = Opened {
            records,
            read_only: Some(reason),
            ..Opened::default()
        };
        Ok((workspace, opened))
    }

    fn idle(dir: &Path, artifacts: Artifacts, cache: Cache) -> Self {
        let (answer, answers) = unbounded();
        Self {
            dir: dir.to_owned(),
            session: Uuid::new_v4(),
            artifacts,
            cache,
            next_ticket: AtomicU64::new(1),
            requests: None,
            read_only: None,
            answers,
            answer,
            wake: Arc::default(),
            head: Arc::default(),
            thread: None,
            _lock: None,
        }
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

    /// The audit trail and its journal, for reading; usable from any thread.
    #[must_use]
    pub fn query(&self) -> Query {
        Query::new(&self.dir)
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
        if let Err(error) = self.send(request) {
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
        if let Some(reason) = &self.read_only {
            let reason = reason.clone();
            return Err(Error::ReadingOnly { reason });
        }
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

/// How to write on this file system, and what to tell the user of it.
fn journalling(known: &Option<FileSystem>, dir: &Path) -> (Journalling, Vec<String>) {
    let found = known.clone().map_or_else(|| detect_file_system(dir), Ok);
    match found {
        Ok(FileSystem::Local) => (Journalling::WriteAhead, Vec::new()),
        Ok(FileSystem::Network(name)) => {
            let note = format!(
                "The workspace lies on a network file system ({name}). It is written with a \
                 rollback journal, which is slower; open it on one computer at a time, and keep \
                 backups: locks of network file systems cannot always be relied on."
            );
            (Journalling::Rollback, vec![note])
        }
        Err(error) => {
            tracing::warn!("the kind of file system is not known: {error}");
            (Journalling::Rollback, Vec::new())
        }
    }
}
