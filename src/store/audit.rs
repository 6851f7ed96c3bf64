//! The audit trail: append-only rows, each chained to the one before.
//!
//! `hash = SHA-256(prev_hash ‖ row)`, where `prev_hash` are the 32 bytes of the preceding row's
//! hash (zeros before the first) and `row` is the canonical JSON ([`canonical_json`]) of an object
//! with the columns of the row except `prev_hash` and `hash`: text columns as strings, `seq`,
//! `format`, `utc_ns` and `outcome` as numbers. Another program can verify the chain from this
//! sentence. `format` is 1; a row with further columns will have another number.
//!
//! Rows hold ids, codes and numbers only. What a transaction changed stands, without the erasable
//! parts, in the table `journal`; its SHA-256 (`changes_sha256`) is part of the row.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Row, named_params};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::artifacts::{hex, sha256_hex};
use super::error::Error;
use super::words::Fault;
use crate::case::{AuditAction, AuditNote, Change, PatientIdentity, SeriesSource, Treatment};
use crate::provenance::canonical_json;
use crate::warning::Warning;

/// Hash before the first row.
pub(super) const GENESIS: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// Which columns the hash of a row covers.
const FORMAT: i64 = 1;

/// What stands in an audit entry in place of text that might identify a person.
const WITHHELD: &str = "…";

/// Who is writing.
pub(super) struct Author {
    pub(super) session: Uuid,
    pub(super) app_version: String,
}

/// One row as it is stored.
pub(super) struct Entry {
    pub(super) seq: i64,
    pub(super) format: i64,
    pub(super) utc_ns: i64,
    pub(super) session: String,
    pub(super) user: String,
    pub(super) app_version: String,
    pub(super) event: String,
    pub(super) action: String,
    pub(super) object_type: String,
    pub(super) object_id: String,
    pub(super) reason: String,
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
            session: row.get("session")?,
            user: row.get("user")?,
            app_version: row.get("app_version")?,
            event: row.get("event")?,
            action: row.get("action")?,
            object_type: row.get("object_type")?,
            object_id: row.get("object_id")?,
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
        let row = canonical_json(&json!({
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
        }));
        let mut hasher = Sha256::new();
        hasher.update(unhex(prev_hash));
        hasher.update(row);
        hex(&hasher.finalize())
    }
}

/// Appends the entry of a transaction, preceded by an entry of its own when the clock has gone
/// backwards since the last one. Returns the sequence number.
pub(super) fn append(
    tx: &Connection,
    author: &Author,
    now: Timestamp,
    note: &AuditNote,
    changes: &[Change],
) -> Result<u64, Fault> {
    let utc_ns = nanoseconds(now);
    let last = last(tx)?;
    if let Some(last) = &last
        && utc_ns < last.utc_ns
    {
        let step = AuditNote {
            event: "clock.step".into(),
            action: AuditAction::E,
            object_type: "session".into(),
            object_id: author.session.to_string(),
            detail: json!({"back_ns": last.utc_ns.saturating_sub(utc_ns)}),
            artifacts: Vec::new(),
        };
        push(tx, author, utc_ns, &step, &[], Some(last))?;
        let behind = self::last(tx)?;
        return push(tx, author, utc_ns, note, changes, behind.as_ref());
    }
    push(tx, author, utc_ns, note, changes, last.as_ref())
}

fn last(tx: &Connection) -> Result<Option<Entry>, Fault> {
    Ok(tx
        .prepare_cached("SELECT * FROM audit ORDER BY seq DESC LIMIT 1")?
        .query_row([], Entry::read)
        .optional()?)
}

/// Hash of the newest entry; empty before the first.
pub(super) fn head(tx: &Connection) -> Result<String, Fault> {
    Ok(last(tx)?.map(|entry| entry.hash).unwrap_or_default())
}

fn push(
    tx: &Connection,
    author: &Author,
    utc_ns: i64,
    note: &AuditNote,
    changes: &[Change],
    last: Option<&Entry>,
) -> Result<u64, Fault> {
    let content = journal_content(changes)?;
    let mut entry = Entry {
        seq: last.map_or(1, |l| l.seq + 1),
        format: FORMAT,
        utc_ns,
        session: author.session.to_string(),
        user: String::new(),
        app_version: author.app_version.clone(),
        event: plain_or_withheld(&note.event),
        action: format!("{:?}", note.action),
        object_type: plain_or_withheld(&note.object_type),
        object_id: plain_or_withheld(&note.object_id),
        reason: String::new(),
        detail: canonical_json(&withhold_personal(&note.detail)),
        artifacts: canonical_json(&json!(note.artifacts)),
        changes_sha256: content
            .as_ref()
            .map_or_else(String::new, |c| sha256_hex(c.as_bytes())),
        outcome: 0,
        prev_hash: last.map_or_else(|| GENESIS.to_owned(), |l| l.hash.clone()),
        hash: String::new(),
    };
    let texts = [
        &entry.event,
        &entry.object_type,
        &entry.object_id,
        &entry.detail,
    ];
    if texts.iter().any(|text| text.contains(WITHHELD)) {
        tracing::error!(seq = entry.seq, "text was withheld from an audit entry");
    }
    entry.hash = entry.chained(&entry.prev_hash);
    tx.prepare_cached(
        "INSERT INTO audit (seq, format, utc_ns, session, user, app_version, event, action, object_type,
            object_id, reason, detail, artifacts, changes_sha256, outcome, prev_hash, hash)
         VALUES (:seq, :format, :utc_ns, :session, :user, :app_version, :event, :action, :object_type,
            :object_id, :reason, :detail, :artifacts, :changes, :outcome, :prev, :hash)",
    )?
    .execute(named_params! {
        ":seq": entry.seq,
        ":format": entry.format,
        ":utc_ns": entry.utc_ns,
        ":session": entry.session,
        ":user": entry.user,
        ":app_version": entry.app_version,
        ":event": entry.event,
        ":action": entry.action,
        ":object_type": entry.object_type,
        ":object_id": entry.object_id,
        ":reason": entry.reason,
        ":detail": entry.detail,
        ":artifacts": entry.artifacts,
        ":changes": entry.changes_sha256,
        ":outcome": entry.outcome,
        ":prev": entry.prev_hash,
        ":hash": entry.hash,
    })?;
    if let Some(content) = content {
        tx.prepare_cached("INSERT INTO journal (seq, content) VALUES (?1, ?2)")?
            .execute(rusqlite::params![entry.seq, content])?;
    }
    u64::try_from(entry.seq).map_err(|_| {
        Fault::Store(Error::Row {
            table: "audit",
            what: "seq",
            detail: entry.seq.to_string(),
        })
    })
}

/// Canonical JSON of the changes without views, settings and erasable parts; `None` for none.
fn journal_content(changes: &[Change]) -> Result<Option<String>, Error> {
    let kept: Vec<Change> = changes.iter().filter_map(without_erasable).collect();
    if kept.is_empty() {
        return Ok(None);
    }
    let value = serde_json::to_value(&kept)
        .map_err(|e| Error::Refused(format!("a change has no JSON form: {e}")))?;
    Ok(Some(canonical_json(&value)))
}

fn without_erasable(change: &Change) -> Option<Change> {
    let bare = |warnings: &[Warning]| {
        let bare = warnings
            .iter()
            .map(|w| Warning::new(w.code, w.message.clone()));
        bare.collect()
    };
    Some(match change {
        Change::PutSeriesView(..) | Change::PutSetting(..) => return None,
        Change::PutPatient(patient, identity) => Change::PutPatient(
            patient.clone(),
            PatientIdentity {
                patient: identity.patient,
                code: String::new(),
                name: String::new(),
                birth_date: None,
                sex: String::new(),
            },
        ),
        Change::PutSource(source) => Change::PutSource(SeriesSource {
            series: source.series,
            root: "".into(),
            item: source.item,
            series_uid: String::new(),
            description: String::new(),
            files: Vec::new(),
        }),
        Change::PutSeries(series) => {
            let mut series = series.clone();
            series.warnings = bare(&series.warnings);
            Change::PutSeries(series)
        }
        Change::PutSegmented(segmented) => {
            let mut segmented = segmented.clone();
            segmented.warnings = bare(&segmented.warnings);
            Change::PutSegmented(segmented)
        }
        Change::PutTreatment(treatment) => Change::PutTreatment(Treatment {
            name: String::new(),
            ..treatment.clone()
        }),
        other => other.clone(),
    })
}

/// A copy of the detail of an audit entry in which every text that might identify a person is
/// replaced by `…`.
///
/// Text passes when it has at most 64 characters out of `A–Z a–z 0–9 _ . : + -`, as ids, hashes,
/// dates and code words do, or is a name and a version (`growcut/1`): no blanks, no paths, no `^`
/// of person names. The store passes every entry through this, in all builds alike: a word too many
/// must not cost the user the gesture, and must not enter a trail that is never erased. It cannot
/// tell a bare surname from a code word; that is left to callers and their tests.
#[must_use]
pub fn withhold_personal(detail: &Value) -> Value {
    match detail {
        Value::String(text) => plain_or_withheld(text).into(),
        Value::Array(items) => items.iter().map(withhold_personal).collect(),
        Value::Object(members) => members
            .iter()
            .map(|(name, value)| (plain_or_withheld(name), withhold_personal(value)))
            .collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) => detail.clone(),
    }
}

fn plain_or_withheld(text: &str) -> String {
    if is_plain(text) { text } else { WITHHELD }.to_owned()
}

fn is_plain(text: &str) -> bool {
    let plain = |part: &str| {
        part.bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"_.:+-".contains(&b))
    };
    let versioned = |name: &str, version: &str| {
        name.starts_with(|c: char| c.is_ascii_alphabetic())
            && version.starts_with(|c: char| c.is_ascii_digit())
            && plain(name)
            && plain(version)
    };
    text.len() <= 64
        && text
            .split_once('/')
            .map_or_else(|| plain(text), |(name, version)| versioned(name, version))
}

/// Nanoseconds since 1970; a clock beyond the range of 64 bits (the year 2262) is held at its end.
fn nanoseconds(time: Timestamp) -> i64 {
    let ns = time.as_nanosecond();
    i64::try_from(ns).unwrap_or(if ns < 0 { i64::MIN } else { i64::MAX })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_identify_is_withheld() {
        let detail = json!({
            "engine": "growcut/1",
            "lesion": "0190b2c4-7f1e-7cc0-8000-0123456789ab",
            "mask": GENESIS,
            "at": "2024-03-01T10:00:00.5+02:00",
            "voxels": 4963,
            "confidence": 0.93,
            "done": true,
            "none": null,
            "patient": "DOE^JANE",
            "name": "Jane Doe",
            "umlaut": "Müller",
            "path": "/home/jane/scan.dcm",
            "relative": "scans/jane",
            "drive": "C:\\scans",
            "long": "x".repeat(65),
            "list": ["ok", "not ok"],
            "a key": 1,
        });
        let clean = withhold_personal(&detail);
        for same in [
            "engine",
            "lesion",
            "mask",
            "at",
            "voxels",
            "confidence",
            "done",
            "none",
        ] {
            assert_eq!(clean[same], detail[same]);
        }
        for gone in [
            "patient", "name", "umlaut", "path", "relative", "drive", "long",
        ] {
            assert_eq!(clean[gone], WITHHELD);
        }
        assert_eq!(clean["list"], json!(["ok", WITHHELD]));
        assert_eq!(clean[WITHHELD], 1);
    }
}
