//! The audit trail: append-only rows, each chained to the one before.
//!
//! `hash = SHA-256(prev_hash ‖ row)`, where `prev_hash` are the 32 bytes of the preceding row's
//! hash (zeros before the first) and `row` is the canonical JSON ([`canonical_json`]) of an object
//! with the columns of the row except `prev_hash` and `hash`: text columns as strings, integer
//! columns as numbers. Another program can verify the chain from this sentence. A row of `format` 1
//! covers the columns of the first schema only; rows are written in format 2.
//!
//! Rows of format 2 hold ids and codes only. What an act changed, what stood before, its title,
//! details and reason are the [`journal`]; `changes_sha256` binds it to the row.

pub(super) mod journal;
mod personal;

pub use personal::withhold_personal;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Row, named_params};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::artifacts::hex;
use super::error::Error;
use super::words::{Fault, word};
use crate::case::{AuditAction, AuditNote, Change, Outcome, StepId, StepKind, Transaction};
use crate::provenance::canonical_json;
use journal::Journal;
use personal::{WITHHELD, plain_or_withheld};

/// Hash before the first row.
pub(super) const GENESIS: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// Which columns the hash of a row covers.
pub(super) const FORMAT: i64 = 2;

/// Who is writing, and where.
pub(super) struct Author {
    pub(super) session: Uuid,
    pub(super) app_version: String,
    pub(super) host: String,
}

impl Author {
    /// The author of a session on this computer.
    pub(super) fn here(session: Uuid, app_version: &str) -> Self {
        Self {
            session,
            app_version: app_version.to_owned(),
            host: gethostname::gethostname().to_string_lossy().into_owned(),
        }
    }
}

/// One row as it is stored.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) seq: i64,
    pub(super) format: i64,
    pub(super) utc_ns: i64,
    /// Offset of local time from UTC, seconds.
    pub(super) tz_s: i64,
    pub(super) session: String,
    /// Id of the reader; empty for an unnamed one.
    pub(super) user: String,
    pub(super) role: String,
    pub(super) host: String,
    pub(super) app_version: String,
    /// DICOM PS3.16 CID 400.
    pub(super) event_code: i64,
    pub(super) event: String,
    pub(super) action: String,
    pub(super) object_type: String,
    pub(super) object_id: String,
    pub(super) patient: String,
    /// Id of the transaction.
    pub(super) step: String,
    /// `do`, `undo:ID`, `redo:ID`, or empty.
    pub(super) kind: String,
    pub(super) model: String,
    /// Of format 1; since then in the journal.
    pub(super) reason: String,
    /// Of format 1; since then in the journal.
    pub(super) detail: String,
    pub(super) artifacts: String,
    pub(super) changes_sha256: String,
    pub(super) outcome: i64,
    pub(super) prev_hash: String,
    pub(super) hash: String,
}

impl Entry {
    pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            seq: row.get("seq")?,
            format: row.get("format")?,
            utc_ns: row.get("utc_ns")?,
            tz_s: row.get("tz_s")?,
            session: row.get("session")?,
            user: row.get("user")?,
            role: row.get("role")?,
            host: row.get("host")?,
            app_version: row.get("app_version")?,
            event_code: row.get("event_code")?,
            event: row.get("event")?,
            action: row.get("action")?,
            object_type: row.get("object_type")?,
            object_id: row.get("object_id")?,
            patient: row.get("patient")?,
            step: row.get("step")?,
            kind: row.get("kind")?,
            model: row.get("model")?,
            reason: row.get("reason")?,
            detail: row.get("detail")?,
            artifacts: row.get("artifacts")?,
            changes_sha256: row.get("changes_sha256")?,
            outcome: row.get("outcome")?,
            prev_hash: row.get("prev_hash")?,
            hash: row.get("hash")?,
        })
    }

    /// The hash that the row must have behind `prev_hash` (hex).
    pub(super) fn chained(&self, prev_hash: &str) -> String {
        let mut row = json!({
            "seq": self.seq,
            "format": self.format,
            "utc_ns": self.utc_ns,
            "session": self.session,
            "user": self.user,
            "app_version": self.app_version,
            "event": self.event,
            "action": self.action,
            "object_type": self.object_type,
            "object_id": self.object_id,
            "reason": self.reason,
            "detail": self.detail,
            "artifacts": self.artifacts,
            "changes_sha256": self.changes_sha256,
            "outcome": self.outcome,
        });
        // A row of format 1 with anything in the later columns was edited: it gets another hash.
        if self.format != 1 || self.has_later_columns() {
            row["tz_s"] = self.tz_s.into();
            row["event_code"] = self.event_code.into();
            for (name, value) in [
                ("role", &self.role),
                ("host", &self.host),
                ("patient", &self.patient),
                ("step", &self.step),
                ("kind", &self.kind),
                ("model", &self.model),
            ] {
                row[name] = value.as_str().into();
            }
        }
        let mut hasher = Sha256::new();
        hasher.update(unhex(prev_hash));
        hasher.update(canonical_json(&row));
        hex(&hasher.finalize())
    }

    fn has_later_columns(&self) -> bool {
        let texts = [
            &self.role,
            &self.host,
            &self.patient,
            &self.step,
            &self.kind,
            &self.model,
        ];
        self.tz_s != 0 || self.event_code != 0 || texts.iter().any(|t| !t.is_empty())
    }
}

/// Where the trail stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Head {
    /// Number of entries.
    pub(super) entries: i64,
    /// Hash of the last one; empty before the first.
    pub(super) hash: String,
    utc_ns: i64,
}

/// The newest entry of the trail.
pub(super) fn head(conn: &Connection) -> Result<Head, Fault> {
    let last = conn
        .prepare_cached("SELECT seq, hash, utc_ns FROM audit ORDER BY seq DESC LIMIT 1")?
        .query_row([], |row| {
            Ok(Head {
                entries: row.get(0)?,
                hash: row.get(1)?,
                utc_ns: row.get(2)?,
            })
        })
        .optional()?;
    Ok(last.unwrap_or(Head {
        entries: 0,
        hash: String::new(),
        utc_ns: i64::MIN,
    }))
}

/// Appends the entry of a transaction, preceded by an entry of its own when the clock has gone
/// backwards since the last one. Returns its sequence number and the head behind it.
pub(super) fn append(
    tx: &Connection,
    author: &Author,
    now: Timestamp,
    note: &AuditNote,
    transaction: &Transaction,
    artifacts: &[(String, u64)],
) -> Result<(u64, Head), Fault> {
    let utc_ns = nanoseconds(now);
    let mut head = head(tx)?;
    if utc_ns < head.utc_ns {
        let back_ns = head.utc_ns.saturating_sub(utc_ns);
        let step = AuditNote::new("clock.step", AuditAction::E, "session", author.session)
            .detail(json!({"back_ns": back_ns}));
        let journal = Journal::of(&step, &[], &[], &[])?;
        head = push(tx, author, utc_ns, &step, None, &journal, &head)?;
    }
    let journal = Journal::of(note, &transaction.changes, &transaction.inverse, artifacts)?;
    let head = push(
        tx,
        author,
        utc_ns,
        note,
        Some(transaction.id),
        &journal,
        &head,
    )?;
    let seq = u64::try_from(head.entries).map_err(|_| Error::Row {
        table: "audit",
        what: "seq",
        detail: head.entries.to_string(),
    })?;
    Ok((seq, head))
}

fn push(
    tx: &Connection,
    author: &Author,
    utc_ns: i64,
    note: &AuditNote,
    step: Option<StepId>,
    journal: &Option<Journal>,
    last: &Head,
) -> Result<Head, Fault> {
    let mut entry = Entry {
        seq: last.entries + 1,
        format: FORMAT,
        utc_ns,
        tz_s: offset_s(utc_ns),
        session: author.session.to_string(),
        user: note.reader.map_or_else(String::new, |r| r.to_string()),
        role: note.role.map(|r| word(&r)).transpose()?.unwrap_or_default(),
        host: plain_or_withheld(&author.host),
        app_version: author.app_version.clone(),
        event_code: event_code(&note.event),
        event: plain_or_withheld(&note.event),
        action: format!("{:?}", note.action),
        object_type: plain_or_withheld(&note.object_type),
        object_id: plain_or_withheld(&note.object_id),
        patient: note.patient.map_or_else(String::new, |p| p.to_string()),
        step: step.map_or_else(String::new, |s| s.to_string()),
        kind: match note.step {
            StepKind::None => String::new(),
            StepKind::Do => "do".to_owned(),
            StepKind::Undo(of) => format!("undo:{of}"),
            StepKind::Redo(of) => format!("redo:{of}"),
        },
        model: plain_or_withheld(&note.model),
        reason: String::new(),
        detail: "{}".to_owned(),
        artifacts: canonical_json(&json!(note.artifacts)),
        changes_sha256: journal.as_ref().map(Journal::sha256).unwrap_or_default(),
        outcome: match note.outcome {
            Outcome::Success => 0,
            Outcome::MinorFailure => 4,
            Outcome::SeriousFailure => 8,
        },
        prev_hash: if last.hash.is_empty() {
            GENESIS.to_owned()
        } else {
            last.hash.clone()
        },
        hash: String::new(),
    };
    let texts = [
        &entry.event,
        &entry.object_type,
        &entry.object_id,
        &entry.model,
    ];
    if texts.iter().any(|text| text.contains(WITHHELD)) {
        tracing::error!(seq = entry.seq, "text was withheld from an audit entry");
    }
    entry.hash = entry.chained(&entry.prev_hash);
    insert(tx, &entry)?;
    if let Some(journal) = journal {
        journal.insert(tx, entry.seq)?;
    }
    Ok(Head {
        entries: entry.seq,
        hash: entry.hash,
        utc_ns,
    })
}

/// Writes a row as it is.
pub(super) fn insert(tx: &Connection, entry: &Entry) -> Result<(), Fault> {
    tx.prepare_cached(
        "INSERT INTO audit (seq, format, utc_ns, tz_s, session, user, role, host, app_version,
            event_code, event, action, object_type, object_id, patient, step, kind, model,
            reason, detail, artifacts, changes_sha256, outcome, prev_hash, hash)
         VALUES (:seq, :format, :utc_ns, :tz_s, :session, :user, :role, :host, :app_version,
            :event_code, :event, :action, :object_type, :object_id, :patient, :step, :kind, :model,
            :reason, :detail, :artifacts, :changes, :outcome, :prev, :hash)",
    )?
    .execute(named_params! {
        ":seq": entry.seq,
        ":format": entry.format,
        ":utc_ns": entry.utc_ns,
        ":tz_s": entry.tz_s,
        ":session": entry.session,
        ":user": entry.user,
        ":role": entry.role,
        ":host": entry.host,
        ":app_version": entry.app_version,
        ":event_code": entry.event_code,
        ":event": entry.event,
        ":action": entry.action,
        ":object_type": entry.object_type,
        ":object_id": entry.object_id,
        ":patient": entry.patient,
        ":step": entry.step,
        ":kind": entry.kind,
        ":model": entry.model,
        ":reason": entry.reason,
        ":detail": entry.detail,
        ":artifacts": entry.artifacts,
        ":changes": entry.changes_sha256,
        ":outcome": entry.outcome,
        ":prev": entry.prev_hash,
        ":hash": entry.hash,
    })?;
    Ok(())
}

/// Code of an event in DICOM PS3.16, context group 400 (audit event ids).
pub(super) fn event_code(event: &str) -> i64 {
    let (object, verb) = event.split_once('.').unwrap_or((event, ""));
    match (object, verb) {
        ("patient", "erase") => 110_105,
        ("series", "import" | "relink") => 110_107,
        ("report", _) | ("backup", _) => 110_106,
        ("series" | "patient", "open") => 110_103,
        ("series", "changed") | ("alert" | "clock", _) => 110_113,
        ("audit", _) => 110_101,
        ("reader", _) => 110_114,
        ("session" | "workspace", _) => 110_100,
        _ => 110_110,
    }
}

/// Whether changes only say how things are looked at, which needs no entry.
pub(super) const fn looks_only(change: &Change) -> bool {
    matches!(
        change,
        Change::PutSeriesView(..) | Change::RemoveSeriesView(_) | Change::PutSetting(..)
    )
}

/// Nanoseconds since 1970; a clock beyond the range of 64 bits (the year 2262) is held at its end.
fn nanoseconds(time: Timestamp) -> i64 {
    let ns = time.as_nanosecond();
    i64::try_from(ns).unwrap_or(if ns < 0 { i64::MIN } else { i64::MAX })
}

/// Offset of the computer's time zone from UTC at that time, seconds.
fn offset_s(utc_ns: i64) -> i64 {
    let time = Timestamp::from_nanosecond(i128::from(utc_ns)).unwrap_or(Timestamp::UNIX_EPOCH);
    i64::from(jiff::tz::TimeZone::system().to_offset(time).seconds())
}

/// The bytes of hex digits; what is not hex (an edited row) stands for itself, so that it hashes to
/// something that does not match.
fn unhex(text: &str) -> Vec<u8> {
    let digit = |b: u8| char::from(b).to_digit(16).map(|d| d as u8);
    let bytes: Option<Vec<u8>> = text
        .as_bytes()
        .chunks(2)
        .map(|pair| match pair {
            [high, low] => Some(digit(*high)? << 4 | digit(*low)?),
            _ => None,
        })
        .collect();
    bytes.unwrap_or_else(|| text.as_bytes().to_vec())
}
