//! Reading the audit trail and its journal: for the list of steps, for earlier masks, for where a
//! number comes from, and for export. Never writes; the workspace may be open.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use rusqlite::{Connection, Row};
use serde::Serialize;
use serde_json::Value;

use super::audit::Entry;
use super::audit::journal::{self, Stored};
use super::connection;
use super::error::Error;
use super::soundness;
use super::words::Fault;
use crate::case::{Change, PatientId, ReaderId, StepId, StepKind};

/// An audit entry with what its journal says.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AuditEntry {
    /// Sequence number, from 1.
    pub seq: u64,
    /// Format of the row.
    pub format: i64,
    /// When.
    pub at: Timestamp,
    /// Offset of local time from UTC then and there, seconds.
    pub tz_s: i64,
    /// Session.
    pub session: String,
    /// Reader id; empty for an unnamed one.
    pub user: String,
    /// Role of the reader.
    pub role: String,
    /// Computer.
    pub host: String,
    /// Version of the program.
    pub app_version: String,
    /// DICOM event code (PS3.16 CID 400).
    pub event_code: i64,
    /// Event, `object.verb`.
    pub event: String,
    /// C, R, U, D or E.
    pub action: String,
    /// Type of the object.
    pub object_type: String,
    /// Its id.
    pub object_id: String,
    /// Patient concerned; empty for none.
    pub patient: String,
    /// Transaction.
    pub step: String,
    /// `do`, `undo:ID`, `redo:ID`, or empty.
    pub kind: String,
    /// Engine or model with version.
    pub model: String,
    /// SHA-256 of artifacts written or named.
    pub artifacts: Vec<String>,
    /// SHA-256 of the journal; empty for none.
    pub changes_sha256: String,
    /// DICOM outcome: 0, 4, 8 or 12.
    pub outcome: i64,
    /// Hash of the entry before.
    pub prev_hash: String,
    /// Hash of this one.
    pub hash: String,
    /// What it changed; `None` when nothing was, or when it was erased.
    pub act: Option<Act>,
    /// The journal was erased with its patient.
    pub erased: bool,
}

/// What the journal of an entry says.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Act {
    /// In words.
    pub title: String,
    /// Why, where stated.
    pub reason: String,
    /// Ids, codes and numbers.
    pub detail: Value,
    /// What it changed.
    pub changes: Vec<Change>,
    /// What takes that back.
    pub inverse: Vec<Change>,
}

/// A step of a patient's history, as undo needs it.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// Transaction.
    pub id: StepId,
    /// Whether it is done, undone or redone; never [`StepKind::None`].
    pub kind: StepKind,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub reader: Option<ReaderId>,
    /// In words.
    pub title: String,
    /// Changes that take it back, as JSON ([`Step::changes_back`]); they are many and seldom asked for.
    pub inverse: Arc<str>,
}

impl Step {
    /// The changes that take the step back.
    ///
    /// # Errors
    /// When the text is not what the program writes.
    pub fn changes_back(&self) -> Result<Vec<Change>, Error> {
        serde_json::from_str(&self.inverse).map_err(|e| Error::Row {
            table: "journal",
            what: "inverse",
            detail: e.to_string(),
        })
    }
}

/// Which entries are asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Which {
    /// All.
    All,
    /// Those of one event that concern a patient.
    Event(PatientId, String),
    /// Those on one object.
    Object(String),
    /// The one with this sequence number.
    Seq(u64),
    /// The one of this transaction.
    Step(StepId),
    /// Those whose hash, journal hash, transaction, object or artifact begins with these hex digits.
    Prefix(String),
}

/// Reads the audit trail of one workspace.
#[derive(Clone, Debug)]
pub struct Query {
    path: PathBuf,
}

impl Query {
    /// On the workspace in `dir`.
    #[must_use]
    pub fn new(dir: &Path) -> Self {
        Self {
            path: dir.join(super::DATABASE),
        }
    }

    /// The steps of a patient's history, oldest first. What is queued and not committed is not
    /// among them.
    ///
    /// # Errors
    /// Errors of the database.
    pub fn steps(&self, patient: PatientId) -> Result<Vec<Step>, Error> {
        self.read(|conn| {
            let mut statement = conn.prepare(
                "SELECT step, kind, utc_ns, user, title, inverse
                 FROM audit JOIN journal USING (seq)
                 WHERE patient = ?1 AND kind <> '' AND inverse IS NOT NULL ORDER BY seq",
            )?;
            let mut rows = statement.query([patient.to_string()])?;
            let mut steps = Vec::new();
            while let Some(row) = rows.next()? {
                steps.extend(step(row)?);
            }
            Ok(steps)
        })
    }

    /// Entries with their journals, in order.
    ///
    /// # Errors
    /// Errors of the database.
    pub fn entries(&self, which: &Which) -> Result<Vec<AuditEntry>, Error> {
        let mut all = Vec::new();
        self.visit(which, |entry| all.push(entry))?;
        Ok(all)
    }

    /// Shows every entry asked for to `see`, in order, without holding more than one.
    ///
    /// # Errors
    /// Errors of the database.
    pub fn visit(&self, which: &Which, mut see: impl FnMut(AuditEntry)) -> Result<(), Error> {
        const ALL: &str = "SELECT * FROM audit LEFT JOIN journal USING (seq)";
        let (sql, params) = match which {
            Which::All => (String::new(), Vec::new()),
            Which::Event(patient, event) => (
                "WHERE patient = ?1 AND event = ?2".to_owned(),
                vec![patient.to_string(), event.clone()],
            ),
            Which::Object(id) => ("WHERE object_id = ?1".to_owned(), vec![id.clone()]),
            Which::Seq(seq) => (
                "WHERE seq = CAST(?1 AS INTEGER)".to_owned(),
                vec![seq.to_string()],
            ),
            Which::Step(id) => ("WHERE step = ?1".to_owned(), vec![id.to_string()]),
            Which::Prefix(prefix) => (
                "WHERE substr(hash, 1, length(?1)) = ?1 OR substr(step, 1, length(?1)) = ?1
                    OR substr(object_id, 1, length(?1)) = ?1
                    OR substr(changes_sha256, 1, length(?1)) = ?1
                    OR EXISTS (SELECT 1 FROM json_each(audit.artifacts)
                        WHERE substr(value, 1, length(?1)) = ?1)"
                    .to_owned(),
                vec![prefix.to_ascii_lowercase()],
            ),
        };
        self.read(|conn| {
            let mut statement = conn.prepare(&format!("{ALL} {sql} ORDER BY seq"))?;
            let mut rows = statement.query(rusqlite::params_from_iter(params))?;
            while let Some(row) = rows.next()? {
                see(entry(row)?);
            }
            Ok(())
        })
    }

    /// What SQLite's quick check finds wrong with the database; empty when it is sound.
    ///
    /// # Errors
    /// When it cannot be read at all.
    pub fn soundness(&self) -> Result<Vec<String>, Error> {
        self.read(|conn| Ok(soundness::findings(conn, "quick_check")?))
    }

    fn read<T>(&self, read: impl FnOnce(&Connection) -> Result<T, Fault>) -> Result<T, Error> {
        let conn = connection::open_for_reading(&self.path)?;
        read(&conn).map_err(|fault| fault.at("read", &self.path))
    }
}

fn step(row: &Row<'_>) -> Result<Option<Step>, Fault> {
    let kind: String = row.get("kind")?;
    let id: String = row.get("step")?;
    let inverse: String = row.get("inverse")?;
    let (Some(kind), Ok(id)) = (step_kind(&kind), id.parse()) else {
        return Ok(None);
    };
    let user: String = row.get("user")?;
    Ok(Some(Step {
        id: StepId(id),
        kind,
        at: time(row.get("utc_ns")?),
        reader: user.parse().ok().map(ReaderId),
        title: row.get::<_, Option<String>>("title")?.unwrap_or_default(),
        inverse: inverse.into(),
    }))
}

fn step_kind(text: &str) -> Option<StepKind> {
    let of = |id: &str| id.parse().ok().map(StepId);
    match text.split_once(':') {
        None if text == "do" => Some(StepKind::Do),
        Some(("undo", id)) => of(id).map(StepKind::Undo),
        Some(("redo", id)) => of(id).map(StepKind::Redo),
        _ => None,
    }
}

fn time(utc_ns: i64) -> Timestamp {
    // Every 64-bit count of nanoseconds is within the range of time stamps.
    Timestamp::from_nanosecond(i128::from(utc_ns)).unwrap_or(Timestamp::UNIX_EPOCH)
}

fn entry(row: &Row<'_>) -> Result<AuditEntry, Fault> {
    let e = Entry::read(row)?;
    let (act, erased) = match journal::stored(row)? {
        Stored::Whole(journal) => {
            let content = journal.parse()?;
            let act = Act {
                inverse: journal::parse_changes(&journal.inverse)?,
                title: journal.title,
                reason: content.reason,
                detail: content.detail,
                changes: content.changes,
            };
            (Some(act), false)
        }
        Stored::Format1(changes) => {
            let act = Act {
                reason: e.reason.clone(),
                detail: serde_json::from_str(&e.detail).unwrap_or_default(),
                changes: journal::parse_changes(&changes)?,
                ..Act::default()
            };
            (Some(act), false)
        }
        Stored::Absent | Stored::Erased => (None, !e.changes_sha256.is_empty()),
    };
    Ok(AuditEntry {
        seq: e.seq.unsigned_abs(),
        format: e.format,
        at: time(e.utc_ns),
        tz_s: e.tz_s,
        session: e.session,
        user: e.user,
        role: e.role,
        host: e.host,
        app_version: e.app_version,
        event_code: if e.format == 1 {
            super::audit::event_code(&e.event)
        } else {
            e.event_code
        },
        event: e.event,
        action: e.action,
        object_type: e.object_type,
        object_id: e.object_id,
        patient: e.patient,
        step: e.step,
        kind: e.kind,
        model: e.model,
        artifacts: serde_json::from_str(&e.artifacts).unwrap_or_default(),
        changes_sha256: e.changes_sha256,
        outcome: e.outcome,
        prev_hash: e.prev_hash,
        hash: e.hash,
        act,
        erased,
    })
}
