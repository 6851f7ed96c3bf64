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
use super::anchor::{self, Anchors};
use super::apply::{Surroundings, apply, register_artifact};
use super::artifacts::Artifacts;
use super::audit::{self, Author, Head};
use super::cache::Cache;
use super::carry_over;
use super::connection::{self, Journalling};
use super::erase;
use super::error::Error;
use super::load::load;
use super::migrate::migrate;
use super::words::Fault;
use crate::case::{
    AuditAction, AuditNote, Change, Outcome, PatientId, Records, StepId, Transaction,
};

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
    /// What was committed stands, but something beside it failed: the anchor was not written, or
    /// an erasure has to be finished at the next start.
    Trouble {
        /// What.
        error: Error,
    },
}

pub(super) enum Request {
    Queued(Ticket, Transaction),
    Now(Box<Transaction>, Sender<Result<Option<u64>, Error>>),
}

pub(super) type Clock = Box<dyn Fn() -> Timestamp + Send>;

/// Transactions that are written to the disk in one go at most, when they wait anyway.
const BATCH: usize = 256;

/// Where a workspace keeps its things.
#[derive(Clone)]
pub(super) struct Places {
    pub(super) dir: PathBuf,
    pub(super) database: PathBuf,
    /// Folder of the anchor key; `None` for no anchor.
    pub(super) anchors: Option<PathBuf>,
    pub(super) artifacts: Artifacts,
    pub(super) cache: Cache,
}

pub(super) struct Writer {
    places: Places,
    conn: Connection,
    author: Author,
    clock: Clock,
    anchors: Option<Anchors>,
    /// What went wrong beside commits and was not told yet.
    troubles: Vec<Error>,
    /// Hash of the newest audit entry that is on the disk.
    head: Arc<Mutex<String>>,
}

/// What was found while opening.
pub(super) struct Opened {
    pub(super) records: Records,
    /// The anchor tells another story than the trail.
    pub(super) alerts: Vec<String>,
    /// The session before this one did not end by closing.
    pub(super) unclean: bool,
}

impl Writer {
    /// Opens or founds the database, enters the opening into the audit trail, and reads everything.
    pub(super) fn open(
        places: Places,
        journalling: Journalling,
        session: Uuid,
        app_version: &str,
        clock: Clock,
    ) -> Result<(Self, Opened), Error> {
        let path = places.database.clone();
        let mut conn = connection::open_for_writing(&path, journalling)?;
        migrate(&mut conn, &path)?;
        let founded = is_to_be_founded(&conn).map_err(|fault| fault.at("read", &path))?;
        let mut writer = Self {
            places,
            conn,
            author: Author::here(session, app_version),
            clock,
            anchors: None,
            troubles: Vec::new(),
            head: Arc::default(),
        };
        let opened = writer
            .enter_session(founded)
            .map_err(|fault| fault.at("write to", &path))?;
        Ok((writer, opened))
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
        while let Ok(first) = queue.recv() {
            let mut batch = vec![first];
            batch.extend(queue.try_iter().take(BATCH - 1));
            for (request, result) in self.commit_batch(batch) {
                match request {
                    Request::Queued(ticket, _) => {
                        let answer = match result {
                            Ok(seq) => Answer::Committed { ticket, seq },
                            Err(error) => Answer::Failed { ticket, error },
                        };
                        // Nobody listens any more while the workspace is being dropped.
                        drop(answers.send(answer));
                    }
                    // The caller waits for this reply; it can only be gone if it panicked.
                    Request::Now(_, reply) => drop(reply.send(result)),
                }
            }
            for error in self.troubles.drain(..) {
                tracing::error!("{error}");
                drop(answers.send(Answer::Trouble { error }));
            }
            let wake = wake.lock().as_ref().map(Arc::clone);
            if let Some(wake) = wake {
                wake();
            }
        }
        if let Err(error) = self.leave_session() {
            tracing::error!("{error}");
        }
    }

    /// Commits what waits: together when all of it can be, else one by one, so that a failed
    /// transaction holds up no other.
    fn commit_batch(&mut self, batch: Vec<Request>) -> Vec<(Request, Result<Option<u64>, Error>)> {
        let transactions: Vec<&Transaction> = batch.iter().map(Request::transaction).collect();
        let results = match self.commit_all(&transactions) {
            Ok(seqs) => seqs.into_iter().map(Ok).collect(),
            Err(error) if batch.len() == 1 => vec![Err(error)],
            Err(_) => transactions
                .iter()
                .map(|t| self.commit(t))
                .collect::<Vec<_>>(),
        };
        batch.into_iter().zip(results).collect()
    }

    pub(super) fn commit(&mut self, transaction: &Transaction) -> Result<Option<u64>, Error> {
        let seqs = self.commit_all(&[transaction])?;
        Ok(seqs.into_iter().flatten().next())
    }

    /// All of these, or none.
    fn commit_all(&mut self, transactions: &[&Transaction]) -> Result<Vec<Option<u64>>, Error> {
        let path = self.places.database.clone();
        let unaccounted =
            |t: &&Transaction| t.audit.is_none() && !t.changes.iter().all(audit::looks_only);
        if transactions.iter().any(unaccounted) {
            return Err(Error::Unaccounted);
        }
        let erased = erased_by(transactions);
        if !erased.is_empty() {
            erase::announce(&self.places.dir)?;
        }
        let written = self
            .write(transactions)
            .map_err(|fault| fault.at("write to", &path));
        let (seqs, head) = match written {
            Ok(written) => written,
            Err(error) => {
                if !erased.is_empty() {
                    erase::retract(&self.places.dir)?;
                }
                return Err(error);
            }
        };
        if let Some(head) = head {
            self.advance(&head);
        }
        if !erased.is_empty()
            && let Err(error) = erase::finish(&self.conn, &self.places, &erased)
        {
            self.troubles.push(error);
        }
        Ok(seqs)
    }

    fn write(
        &mut self,
        transactions: &[&Transaction],
    ) -> Result<(Vec<Option<u64>>, Option<Head>), Fault> {
        let tx = self
            .conn
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut seqs = Vec::with_capacity(transactions.len());
        let mut head = None;
        for transaction in transactions {
            let now = (self.clock)();
            let entered = enter(&tx, &self.places.artifacts, &self.author, now, transaction)?;
            seqs.push(entered.as_ref().map(|(seq, _)| *seq));
            head = entered.map(|(_, head)| head).or(head);
        }
        tx.commit()?;
        Ok((seqs, head))
    }

    /// The trail has grown to `head`.
    fn advance(&mut self, head: &Head) {
        self.head.lock().clone_from(&head.hash);
        if let Some(anchors) = &mut self.anchors
            && let Err(error) = anchors.set(head.entries, &head.hash)
        {
            self.troubles.push(Error::Anchor(Box::new(error)));
        }
    }

    /// What the anchors say against the trail. Anchors that cannot be read are told of and do not
    /// keep the record from being opened.
    fn anchor_findings(&mut self, folder: &Path) -> Vec<anchor::Finding> {
        match anchor::check(&self.conn, &self.places.dir, folder) {
            Ok((_, findings)) => findings,
            Err(fault) => {
                let error = fault.at("read the anchors of", &self.places.database);
                self.troubles.push(Error::Anchor(Box::new(error)));
                Vec::new()
            }
        }
    }

    fn enter_session(&mut self, founded: bool) -> Result<Opened, Fault> {
        erase::resume(&self.conn, &self.places)?;
        let findings = match self.places.anchors.clone() {
            Some(folder) if !founded => self.anchor_findings(&folder),
            _ => Vec::new(),
        };
        let unclean = !founded && !was_closed(&self.conn)?;
        let now = (self.clock)();
        let tx = self
            .conn
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        let enter = |note: AuditNote, changes: Vec<Change>| {
            let transaction = Transaction {
                id: StepId(Uuid::now_v7()),
                changes,
                inverse: Vec::new(),
                audit: Some(note),
            };
            enter(&tx, &self.places.artifacts, &self.author, now, &transaction)
        };
        if founded {
            let id = Uuid::new_v4();
            tx.execute(
                "INSERT INTO workspace (one, id, created) VALUES (1, ?1, ?2)",
                [id.to_string(), now.to_string()],
            )?;
            let note = AuditNote::new("workspace.create", AuditAction::C, "workspace", id)
                .detail(json!({"created": now.to_string()}));
            enter(note, Vec::new())?;
        }
        let session = self.author.session;
        for finding in &findings {
            let note = AuditNote::new("alert.anchor", AuditAction::E, "session", session)
                .titled(finding.message())
                .ended(Outcome::SeriousFailure);
            enter(note, Vec::new())?;
        }
        let records = load(&tx)?;
        for (patient, changes) in carry_over::due(&tx, &records)? {
            let note = AuditNote::new(carry_over::EVENT, AuditAction::E, "patient", patient);
            enter(note.of(patient), changes)?;
        }
        let open = AuditNote::new("session.open", AuditAction::E, "session", session);
        enter(open, Vec::new())?;
        let head = audit::head(&tx)?;
        tx.commit()?;
        if let (Some(folder), Some(workspace)) =
            (&self.places.anchors, anchor::workspace_id(&self.conn)?)
        {
            match Anchors::open(&self.places.dir, folder, &workspace) {
                Ok(anchors) => self.anchors = Some(anchors),
                Err(error) => self.troubles.push(Error::Anchor(Box::new(error))),
            }
        }
        // Both slots, so that none holds what an alert was about.
        self.advance(&head);
        self.advance(&head);
        Ok(Opened {
            records,
            alerts: findings.iter().map(anchor::Finding::message).collect(),
            unclean,
        })
    }

    fn leave_session(&mut self) -> Result<(), Error> {
        let session = self.author.session;
        self.commit(&Transaction {
            id: StepId(Uuid::now_v7()),
            changes: Vec::new(),
            inverse: Vec::new(),
            audit: Some(AuditNote::new(
                "session.close",
                AuditAction::E,
                "session",
                session,
            )),
        })?;
        Ok(())
    }
}

impl Request {
    const fn transaction(&self) -> &Transaction {
        match self {
            Self::Queued(_, transaction) => transaction,
            Self::Now(transaction, _) => transaction,
        }
    }
}

/// Applies the changes of a transaction and appends its audit entry.
fn enter(
    tx: &Connection,
    artifacts: &Artifacts,
    author: &Author,
    now: Timestamp,
    transaction: &Transaction,
) -> Result<Option<(u64, Head)>, Fault> {
    let around = Surroundings {
        artifacts,
        now: &now.to_string(),
    };
    let erases = |change: &Change| match (change, &transaction.audit) {
        (Change::ErasePatient(id), Some(note)) => {
            note.event != "patient.erase" || note.patient != Some(*id)
        }
        _ => false,
    };
    if transaction.changes.iter().any(erases) {
        let why = "only an entry patient.erase on the patient can erase it";
        return Err(Error::Refused(why.to_owned()).into());
    }
    let mut named = Vec::new();
    for change in &transaction.changes {
        if let Change::PutSegmented(segmented) = change {
            let sha256 = &segmented.artifact_sha256;
            named.push(register_artifact(tx, sha256, "mask", &around)?);
        }
        apply(tx, change)?;
    }
    let Some(note) = &transaction.audit else {
        return Ok(None);
    };
    for sha256 in &note.artifacts {
        if !named.iter().any(|(known, _)| known == sha256) {
            named.push(register_artifact(tx, sha256, "file", &around)?);
        }
    }
    Ok(Some(audit::append(
        tx,
        author,
        now,
        note,
        transaction,
        &named,
    )?))
}

fn erased_by(transactions: &[&Transaction]) -> Vec<PatientId> {
    let changes = transactions.iter().flat_map(|t| &t.changes);
    changes
        .filter_map(|change| match change {
            Change::ErasePatient(id) => Some(*id),
            _ => None,
        })
        .collect()
}

/// Whether the workspace has its tables and nothing else: new, or its founding was interrupted.
fn is_to_be_founded(conn: &Connection) -> Result<bool, Fault> {
    Ok(anchor::workspace_id(conn)?.is_none() && audit::head(conn)?.entries == 0)
}

/// Whether the last session closed.
fn was_closed(conn: &Connection) -> Result<bool, Fault> {
    let last = conn.query_row(
        "SELECT coalesce((SELECT event FROM audit ORDER BY seq DESC LIMIT 1), 'session.close')",
        [],
        |row| row.get::<_, String>(0),
    )?;
    Ok(last == "session.close")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::{Patient, PatientId, PatientIdentity};

    fn writer(dir: &Path) -> Writer {
        let places = Places {
            dir: dir.to_owned(),
            database: dir.join("x.sqlite"),
            anchors: None,
            artifacts: Artifacts::open(&dir.join("artifacts")).unwrap(),
            cache: Cache::new(&dir.join("artifacts")),
        };
        let clock = Box::new(|| Timestamp::UNIX_EPOCH);
        let (writer, _) = Writer::open(
            places,
            Journalling::WriteAhead,
            Uuid::new_v4(),
            "test",
            clock,
        )
        .unwrap();
        writer
    }

    fn enter_patient(name: &str) -> Transaction {
        let id = PatientId(Uuid::new_v4());
        Transaction {
            id: StepId(Uuid::new_v4()),
            inverse: Vec::new(),
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
            audit: Some(AuditNote::new("patient.create", AuditAction::C, "patient", id).of(id)),
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
        let mut names: Vec<_> = load(&writer.conn)
            .unwrap()
            .identities
            .into_iter()
            .map(|i| i.name)
            .collect();
        names.sort();
        assert_eq!(names, ["first", "second"]);
    }
}
