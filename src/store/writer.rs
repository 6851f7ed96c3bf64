//! The one thread that owns the connection.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crossbeam_channel::{Receiver, Sender};
use jiff::Timestamp;
use parking_lot::Mutex;
use rusqlite::{Connection, TransactionBehavior};
use serde_json::json;
use uuid::Uuid;

use super::Wake;
use super::apply::{Surroundings, apply, register_artifact};
use super::artifacts::Artifacts;
use super::audit::{self, Author};
use super::error::Error;
use super::load::load;
use super::migrate::{migrate, refuse_strangers};
use super::words::Fault;
use crate::case::{AuditAction, AuditNote, Change, Records, Transaction};

/// Names one queued transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(pub u64);

/// What became of a queued transaction.
#[derive(Debug)]
pub enum Answer {
    /// It is on the disk.
    Committed {
        /// Which one.
        ticket: Ticket,
        /// Sequence number of its audit entry; `None` for one without.
        seq: Option<u64>,
    },
    /// Nothing of it was written. Later transactions are not held up.
    Failed {
        /// Which one.
        ticket: Ticket,
        /// Why.
        error: Error,
    },
}

pub(super) enum Request {
    Queued(Ticket, Transaction),
    Now(Box<Transaction>, Sender<Result<Option<u64>, Error>>),
}

pub(super) type Clock = Box<dyn Fn() -> Timestamp + Send>;

pub(super) struct Writer {
    path: PathBuf,
    conn: Connection,
    artifacts: Artifacts,
    author: Author,
    clock: Clock,
    /// Hash of the newest audit entry that is on the disk.
    head: Arc<Mutex<String>>,
}

impl Writer {
    /// Opens or founds the database, enters the opening into the audit trail, and reads everything.
    pub(super) fn open(
        path: &Path,
        artifacts: Artifacts,
        session: Uuid,
        app_version: &str,
        clock: Clock,
    ) -> Result<(Self, Records), Error> {
        let mut conn = Connection::open(path).map_err(Error::database("open", path))?;
        refuse_strangers(&conn, path)?;
        configure(&conn).map_err(Error::database("open", path))?;
        let founded = migrate(&mut conn, path)?;
        let records = load(&conn).map_err(|fault| fault.at("read", path))?;
        let mut writer = Self {
            path: path.to_owned(),
            conn,
            artifacts,
            author: Author {
                session,
                app_version: app_version.to_owned(),
            },
            clock,
            head: Arc::default(),
        };
        writer
            .enter_session(founded)
            .map_err(|fault| fault.at("write to", path))?;
        Ok((writer, records))
    }

    /// Hash of the newest audit entry on the disk, kept up to date while the writer runs.
    pub(super) fn head(&self) -> Arc<Mutex<String>> {
        Arc::clone(&self.head)
    }

    pub(super) fn run(
        mut self,
        queue: &Receiver<Request>,
        answers: &Sender<Answer>,
        wake: &Mutex<Option<Wake>>,
    ) {
        for request in queue {
            match request {
                Request::Queued(ticket, transaction) => {
                    let answer = match self.commit(&transaction) {
                        Ok(seq) => Answer::Committed { ticket, seq },
                        Err(error) => Answer::Failed { ticket, error },
                    };
                    // Nobody listens any more while the workspace is being dropped.
                    drop(answers.send(answer));
                    let wake = wake.lock().as_ref().map(Arc::clone);
                    if let Some(wake) = wake {
                        wake();
                    }
                }
                Request::Now(transaction, reply) => {
                    // The caller waits for this reply; it can only be gone if it panicked.
                    drop(reply.send(self.commit(&transaction)));
                }
            }
        }
    }

    fn commit(&mut self, transaction: &Transaction) -> Result<Option<u64>, Error> {
        let looks_only =
            |change: &Change| matches!(change, Change::PutSeriesView(..) | Change::PutSetting(..));
        if transaction.audit.is_none() && !transaction.changes.iter().all(looks_only) {
            return Err(Error::Unaccounted);
        }
        self.write(transaction)
            .map_err(|fault| fault.at("write to", &self.path))
    }

    fn write(&mut self, transaction: &Transaction) -> Result<Option<u64>, Fault> {
        let now = (self.clock)();
        let tx = self
            .conn
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        let around = Surroundings {
            artifacts: &self.artifacts,
            now: &now.to_string(),
        };
        for change in &transaction.changes {
            apply(&tx, change, &around)?;
        }
        let mut seq = None;
        if let Some(note) = &transaction.audit {
            for sha256 in &note.artifacts {
                register_artifact(&tx, sha256, "file", &around)?;
            }
            seq = Some(audit::append(
                &tx,
                &self.author,
                now,
                note,
                &transaction.changes,
            )?);
        }
        let head = audit::head(&tx)?;
        tx.commit()?;
        *self.head.lock() = head;
        Ok(seq)
    }

    fn enter_session(&mut self, founded: bool) -> Result<(), Fault> {
        let now = (self.clock)();
        let tx = self
            .conn
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        let note = |event: &str, action, object_type: &str, object_id: Uuid| AuditNote {
            event: event.into(),
            action,
            object_type: object_type.into(),
            object_id: object_id.to_string(),
            detail: json!({}),
            artifacts: Vec::new(),
        };
        if founded {
            let id = Uuid::new_v4();
            tx.execute(
                "INSERT INTO workspace (one, id, created) VALUES (1, ?1, ?2)",
                [id.to_string(), now.to_string()],
            )?;
            let found = note("workspace.create", AuditAction::C, "workspace", id);
            audit::append(&tx, &self.author, now, &found, &[])?;
        }
        let open = note(
            "session.open",
            AuditAction::E,
            "session",
            self.author.session,
        );
        audit::append(&tx, &self.author, now, &open, &[])?;
        let head = audit::head(&tx)?;
        tx.commit()?;
        *self.head.lock() = head;
        Ok(())
    }
}

fn configure(conn: &Connection) -> rusqlite::Result<()> {
    conn.busy_timeout(std::time::Duration::from_secs(5))?;
    let mode: String =
        conn.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
    if !mode.eq_ignore_ascii_case("wal") {
        tracing::warn!(mode, "the file system of the workspace does not allow WAL");
    }
    conn.pragma_update(None, "synchronous", "FULL")?;
    // On macOS a plain fsync leaves data in the drive's cache.
    conn.pragma_update(None, "fullfsync", true)?;
    conn.pragma_update(None, "checkpoint_fullfsync", true)?;
    conn.pragma_update(None, "foreign_keys", true)?;
    conn.pragma_update(None, "trusted_schema", false)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::{Patient, PatientId, PatientIdentity};

    fn writer(dir: &Path) -> Writer {
        let artifacts = Artifacts::open(&dir.join("artifacts")).unwrap();
        let path = dir.join("x.sqlite");
        let clock = Box::new(|| Timestamp::UNIX_EPOCH);
        let (writer, _) = Writer::open(&path, artifacts, Uuid::new_v4(), "test", clock).unwrap();
        writer
    }

    fn enter_patient(name: &str) -> Transaction {
        let id = PatientId(Uuid::new_v4());
        Transaction {
            changes: vec![Change::PutPatient(
                Patient {
                    id,
                    created: Timestamp::UNIX_EPOCH,
                },
                PatientIdentity {
                    patient: id,
                    code: String::new(),
                    name: name.to_owned(),
                    birth_date: None,
                    sex: String::new(),
                },
            )],
            audit: Some(AuditNote {
                event: "patient.create".into(),
                action: AuditAction::C,
                object_type: "patient".into(),
                object_id: id.to_string(),
                detail: json!({}),
                artifacts: Vec::new(),
            }),
        }
    }

    #[test]
    fn a_full_disk_fails_one_transaction_and_no_other() {
        let dir = tempfile::tempdir().unwrap();
        let mut writer = writer(dir.path());
        assert_eq!(writer.commit(&enter_patient("first")).unwrap(), Some(3));
        let pages: i64 = writer
            .conn
            .pragma_query_value(None, "page_count", |row| row.get(0))
            .unwrap();
        // SQLite answers a full disk and a full quota of pages with the same code.
        writer
            .conn
            .pragma_update(None, "max_page_count", pages)
            .unwrap();
        let error = writer
            .commit(&enter_patient(&"x".repeat(1 << 20)))
            .unwrap_err();
        assert!(matches!(error, Error::DiskFull { .. }), "{error}");
        writer
            .conn
            .pragma_update(None, "max_page_count", 1 << 30)
            .unwrap();
        assert_eq!(writer.commit(&enter_patient("second")).unwrap(), Some(4));
        let names: Vec<_> = load(&writer.conn)
            .unwrap()
            .identities
            .into_iter()
            .map(|i| i.name)
            .collect();
        assert_eq!(names, ["first", "second"]);
    }
}
