//! Checking a workspace without changing it: the chain of the audit trail, its journals and anchors,
//! the artifacts, the database file, and whether replaying the trail makes the tables that stand.
//!
//! What each check finds, and what none can find, is written in `docs/threat-model.md`.

mod artifacts;
mod compare;
mod replay;
mod schema;

use std::path::{Path, PathBuf};

use rusqlite::Connection;
use serde::Serialize;

use super::anchor;
use super::artifacts::Artifacts;
use super::audit::journal::{self, Stored};
use super::audit::{Entry, GENESIS};
use super::connection;
use super::error::Error;
use super::words::Fault;
use super::{ARTIFACTS, DATABASE, migrate, soundness};
use replay::{Act, Replay};

/// What to hold the trail against.
#[derive(Clone, Debug, Default)]
pub struct VerifyOptions {
    /// Folder of the anchor key ([`super::default_anchor_folder`]); `None` checks no anchor.
    pub anchors: Option<PathBuf>,
    /// A hash printed earlier (in a report); it must be in the trail. Lower-case hex.
    pub head: Option<String>,
}

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct VerifyReport {
    /// Whether there is no defect.
    pub ok: bool,
    /// Number of entries.
    pub entries: u64,
    /// Hash of the last entry.
    pub head: String,
    /// Number of the entry with the hash asked for.
    pub head_found_at: Option<i64>,
    /// Number of anchors that the trail was held against; 0 when this user has none of it.
    pub anchors: usize,
    /// Number of artifacts whose content was hashed.
    pub artifacts: u64,
    /// Number of entries whose journal was erased with its patient.
    pub erased: u64,
    /// Number of changes that were replayed.
    pub replayed: u64,
    /// Number of rows of state tables that were compared with the replay; `None` when the trail
    /// cannot be replayed (an older workspace that was not opened since).
    pub rows_compared: Option<u64>,
    /// Defects in the order found.
    pub defects: Vec<Defect>,
}

/// One thing that is not as it was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Defect {
    /// The audit entry concerned; `None` when it concerns none in particular.
    pub seq: Option<i64>,
    /// What kind.
    pub kind: DefectKind,
    /// In words, without patient data.
    pub message: String,
}

/// Kinds of defects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum DefectKind {
    /// The content of an entry does not have its hash: it was edited.
    Content,
    /// An entry does not follow the one before it: entries were removed, inserted or reordered.
    Chain,
    /// Numbers of entries do not run on.
    Sequence,
    /// An entry cannot be read.
    Unreadable,
    /// The journal of an entry is missing, superfluous, edited, or erased without its patient.
    Journal,
    /// The trail is not the one that was anchored.
    Anchor,
    /// The hash asked for is not in the trail.
    Head,
    /// The program found earlier that the trail was not the one that was anchored.
    Alert,
    /// A table holds something else than the trail makes.
    Replay,
    /// An artifact is missing, was changed, or was to be erased.
    Artifact,
    /// Tables, indexes or triggers are not those of the program.
    Guard,
    /// The database file is damaged.
    Database,
}

/// Checks the workspace in `dir`, reading only; it may be open elsewhere.
///
/// # Errors
/// When there is no workspace in `dir`, or it cannot be opened at all.
pub fn verify(dir: &Path, options: &VerifyOptions) -> Result<VerifyReport, Error> {
    let path = dir.join(DATABASE);
    let conn = connection::open_for_reading(&path)?;
    let mut report = VerifyReport {
        ok: true,
        entries: 0,
        head: GENESIS.to_owned(),
        head_found_at: None,
        anchors: 0,
        artifacts: 0,
        erased: 0,
        replayed: 0,
        rows_compared: None,
        defects: Vec::new(),
    };
    let scratch;
    let conn = if migrate::is_present(&conn, &path)? {
        conn
    } else {
        scratch = tempfile::tempdir().map_err(Error::io("make a scratch folder in", dir))?;
        migrate::migrated_copy(&conn, &path, scratch.path())?
    };
    // One snapshot, however much is written meanwhile.
    let tx = conn
        .unchecked_transaction()
        .map_err(Error::database("read", &path))?;
    let checks = checks(&tx, dir, options, &mut report);
    match checks.map_err(|fault| fault.at("read", &path)) {
        Ok(()) => {}
        // A file that cannot be read to its end is a finding, not a failure of the check.
        Err(error @ (Error::Damaged { .. } | Error::Row { .. } | Error::Database { .. })) => {
            report.add(None, DefectKind::Database, error.to_string());
        }
        Err(error) => return Err(error),
    }
    report.ok = report.defects.is_empty();
    Ok(report)
}

fn checks(
    conn: &Connection,
    dir: &Path,
    options: &VerifyOptions,
    report: &mut VerifyReport,
) -> Result<(), Fault> {
    integrity(conn, report)?;
    let model = migrate::in_memory()?;
    schema::check(conn, &model, report)?;
    let erasures = erasures(conn)?;
    let is_replayable = is_replayable(conn)?;
    let replayed = std::thread::scope(|scope| {
        let (acts, queue) = crossbeam_channel::bounded(512);
        let replay = scope.spawn(move || Replay::new(model).run(&queue));
        let walked = walk(conn, options, &erasures, report, |act| {
            // The replay ends early only when it failed; its answer says why.
            drop(acts.send(act));
        });
        drop(acts);
        let replayed = replay.join();
        walked.map(|()| replayed)
    })?;
    let Ok(replayed) = replayed else {
        let message = "replaying the trail failed through a defect of the program".to_owned();
        report.add(None, DefectKind::Replay, message);
        return Ok(());
    };
    report.replayed = replayed.n_changes;
    for (seq, message) in &replayed.failures {
        report.add(Some(*seq), DefectKind::Replay, message.clone());
    }
    if is_replayable {
        let n_rows = compare::tables(conn, &replayed, report)?;
        report.rows_compared = Some(n_rows);
    }
    if let Some(folder) = &options.anchors {
        let (n_anchors, findings) = anchor::check(conn, dir, folder)?;
        report.anchors = n_anchors;
        for finding in findings {
            report.add(None, DefectKind::Anchor, finding.message());
        }
    }
    artifacts::check(conn, &Artifacts::read_only(&dir.join(ARTIFACTS)), report)?;
    Ok(())
}

/// Findings of SQLite on the file as such.
fn integrity(conn: &Connection, report: &mut VerifyReport) -> Result<(), Fault> {
    for finding in soundness::findings(conn, "integrity_check")? {
        report.add(None, DefectKind::Database, finding);
    }
    Ok(())
}

/// Patients that were erased, and by which entry.
fn erasures(conn: &Connection) -> Result<Vec<(String, i64)>, Fault> {
    let mut statement = conn
        .prepare("SELECT object_id, seq FROM audit WHERE event = 'patient.erase' AND format > 1")?;
    let found = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(found.collect::<rusqlite::Result<_>>()?)
}

/// Entries of format 1 do not hold enough to make the tables from; a record that was carried over
/// begins anew behind them.
fn is_replayable(conn: &Connection) -> Result<bool, Fault> {
    let mut old = conn.prepare("SELECT 1 FROM audit WHERE format = 1 LIMIT 1")?;
    let mut new = conn.prepare("SELECT 1 FROM audit WHERE format > 1 LIMIT 1")?;
    Ok(!old.exists([])? || new.exists([])?)
}

fn walk(
    conn: &Connection,
    options: &VerifyOptions,
    erasures: &[(String, i64)],
    report: &mut VerifyReport,
    mut replay: impl FnMut(Act),
) -> Result<(), Fault> {
    let mut statement = conn.prepare(
        "SELECT audit.*, journal.seq AS journal_seq, title, inverse, content
         FROM audit LEFT JOIN journal USING (seq) ORDER BY audit.seq",
    )?;
    let mut rows = statement.query([])?;
    let mut seq = 0;
    while let Some(row) = rows.next()? {
        report.entries += 1;
        let expected = seq + 1;
        let entry = match Entry::read(row) {
            Ok(entry) => entry,
            Err(e) => {
                seq = row.get("seq").unwrap_or(expected);
                report.add(Some(seq), DefectKind::Unreadable, e.to_string());
                continue;
            }
        };
        seq = entry.seq;
        if seq != expected {
            let message = format!("entry {expected} should stand here");
            report.add(Some(seq), DefectKind::Sequence, message);
        }
        if entry.prev_hash != report.head {
            let message = "the entry does not follow the one before it".to_owned();
            report.add(Some(seq), DefectKind::Chain, message);
        }
        if entry.chained(&entry.prev_hash) != entry.hash {
            let message = "the entry does not have the content that its hash states".to_owned();
            report.add(Some(seq), DefectKind::Content, message);
        }
        if entry.event == "alert.anchor" {
            let message = "the program noted here that the trail had lost its end, or was another \
                           one, when it was opened"
                .to_owned();
            report.add(Some(seq), DefectKind::Alert, message);
        }
        let stored = match row.get::<_, Option<i64>>("journal_seq")? {
            Some(_) => journal::stored(row)?,
            None => Stored::Absent,
        };
        check_journal(&entry, &stored, erasures, report);
        report.head.clone_from(&entry.hash);
        if options.head.as_ref() == Some(&entry.hash) {
            report.head_found_at = Some(seq);
        }
        replay(Act { entry, stored });
    }
    if report.entries == 0 {
        let message = "the trail is empty, though founding a workspace is its first entry";
        report.add(None, DefectKind::Sequence, message.to_owned());
    }
    if options.head.is_some() && report.head_found_at.is_none() {
        let message = "the hash asked for is not in the trail: entries were changed or cut off \
                       since it was printed, or it is of another workspace"
            .to_owned();
        report.add(None, DefectKind::Head, message);
    }
    loose_journals(conn, report)
}

impl VerifyReport {
    fn add(&mut self, seq: Option<i64>, kind: DefectKind, message: String) {
        self.defects.push(Defect { seq, kind, message });
    }
}

fn check_journal(
    entry: &Entry,
    stored: &Stored,
    erasures: &[(String, i64)],
    report: &mut VerifyReport,
) {
    let is_erased = erasures
        .iter()
        .any(|(patient, seq)| *patient == entry.patient && entry.seq < *seq);
    let stated = entry.changes_sha256.as_str();
    let message = match stored {
        Stored::Absent if stated.is_empty() => return,
        _ if stated.is_empty() => "the entry changed nothing, yet has a journal",
        Stored::Absent => "the journal of the entry is missing",
        Stored::Erased if is_erased => {
            report.erased += 1;
            return;
        }
        Stored::Erased => "the journal was emptied although its patient was not erased",
        _ if is_erased => "the journal should have been erased with its patient",
        Stored::Format1(content) if super::artifacts::sha256_hex(content.as_bytes()) == stated => {
            return;
        }
        Stored::Whole(journal) if journal.sha256() == stated => return,
        Stored::Format1(_) | Stored::Whole(_) => {
            "the journal does not have the content that the entry states"
        }
    };
    report.add(Some(entry.seq), DefectKind::Journal, message.to_owned());
}

fn loose_journals(conn: &Connection, report: &mut VerifyReport) -> Result<(), Fault> {
    let mut statement =
        conn.prepare("SELECT seq FROM journal WHERE seq NOT IN (SELECT seq FROM audit)")?;
    for seq in statement.query_map([], |row| row.get(0))? {
        let message = "a journal stands without its entry".to_owned();
        report.add(Some(seq?), DefectKind::Journal, message);
    }
    Ok(())
}
