//! Checking the audit trail of a workspace without changing it.

use std::path::Path;

use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension as _};
use serde::Serialize;

use super::artifacts::{Artifacts, sha256_hex};
use super::audit::{Entry, GENESIS};
use super::error::Error;
use super::words::Fault;
use super::{ARTIFACTS, DATABASE, migrate};

/// What a walk along the audit trail found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct VerifyReport {
    /// Whether there is no defect.
    pub ok: bool,
    /// Number of entries.
    pub entries: u64,
    /// Hash of the last entry. Compared with one printed earlier it shows whether entries were cut
    /// off at the end, which the chain alone cannot show.
    pub head: String,
    /// Number of artifacts whose content was hashed.
    pub artifacts: u64,
    /// Number of entries whose journal content was erased.
    pub erased: u64,
    /// Defects in the order of entries.
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
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
    /// The journal of an entry is missing, superfluous or edited.
    Journal,
    /// An artifact is missing or its content was changed.
    Artifact,
    /// The triggers that protect the trail are not there.
    Guard,
}

/// Walks the whole audit trail of the workspace in `dir`, reading only; the workspace may be open
/// elsewhere. Recomputes every hash of the chain, of the journal and of the artifacts.
///
/// # Errors
/// When there is no workspace in `dir`, or it cannot be read at all.
pub fn verify(dir: &Path) -> Result<VerifyReport, Error> {
    let path = dir.join(DATABASE);
    let conn = open_read_only(&path)?;
    migrate::refuse_strangers(&conn, &path)?;
    // One snapshot, however much is written meanwhile.
    let tx = conn
        .unchecked_transaction()
        .map_err(Error::database("read", &path))?;
    let artifacts = Artifacts::read_only(&dir.join(ARTIFACTS));
    walk(&tx, &artifacts).map_err(|fault| fault.at("read", &path))
}

fn open_read_only(path: &Path) -> Result<Connection, Error> {
    if !path.is_file() {
        return Err(Error::Io {
            doing: "find the workspace database",
            path: path.to_owned(),
            source: std::io::ErrorKind::NotFound.into(),
        });
    }
    let failed = || Error::database("open", path);
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(path, flags).map_err(failed())?;
    conn.busy_timeout(std::time::Duration::from_secs(5))
        .map_err(failed())?;
    match conn.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(())) {
        // WAL needs its index file even to read, and a read-only folder allows none. Without a log
        // the database file is complete by itself.
        Err(e) if e.sqlite_error_code() == Some(ErrorCode::CannotOpen) && !has_log(path) => {
            open_immutable(path).map_err(failed())
        }
        Err(e) => Err(failed()(e)),
        Ok(()) => Ok(conn),
    }
}

fn has_log(path: &Path) -> bool {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    Path::new(&log).exists()
}

fn open_immutable(path: &Path) -> rusqlite::Result<Connection> {
    let path = path
        .to_str()
        .ok_or_else(|| rusqlite::Error::InvalidPath(path.to_owned()))?;
    let path = path
        .replace('%', "%25")
        .replace('?', "%3f")
        .replace('#', "%23");
    Connection::open_with_flags(
        format!("file:{path}?immutable=1"),
        OpenFlags::SQLITE_OPEN_READ_ONLY
            | OpenFlags::SQLITE_OPEN_NO_MUTEX
            | OpenFlags::SQLITE_OPEN_URI,
    )
}

fn walk(conn: &Connection, artifacts: &Artifacts) -> Result<VerifyReport, Fault> {
    let mut report = VerifyReport {
        ok: true,
        entries: 0,
        head: GENESIS.to_owned(),
        artifacts: 0,
        erased: 0,
        defects: Vec::new(),
    };
    guards(conn, &mut report)?;
    let mut journal = conn.prepare("SELECT content FROM journal WHERE seq = ?1")?;
    let mut statement = conn.prepare("SELECT * FROM audit ORDER BY seq")?;
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
        let content = journal
            .query_row([seq], |row| row.get::<_, Option<String>>(0))
            .optional()?;
        check_journal(&entry, content, &mut report);
        report.head = entry.hash;
    }
    loose_journals(conn, &mut report)?;
    check_artifacts(conn, artifacts, &mut report)?;
    report.ok = report.defects.is_empty();
    Ok(report)
}

impl VerifyReport {
    fn add(&mut self, seq: Option<i64>, kind: DefectKind, message: String) {
        self.defects.push(Defect { seq, kind, message });
    }
}

/// `content` is `None` without a journal row, `Some(None)` with an erased one.
fn check_journal(entry: &Entry, content: Option<Option<String>>, report: &mut VerifyReport) {
    let message = match (entry.changes_sha256.as_str(), content) {
        ("", None) => return,
        ("", Some(_)) => "the entry changed nothing, yet has a journal",
        (_, None) => "the journal of the entry is missing",
        (_, Some(None)) => {
            report.erased += 1;
            return;
        }
        (sha256, Some(Some(content))) if sha256_hex(content.as_bytes()) == sha256 => return,
        _ => "the journal does not have the content that the entry states",
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

fn guards(conn: &Connection, report: &mut VerifyReport) -> Result<(), Fault> {
    let mut statement =
        conn.prepare("SELECT 1 FROM sqlite_schema WHERE type = 'trigger' AND name = ?1")?;
    for name in [
        "audit_no_update",
        "audit_no_delete",
        "audit_in_order",
        "journal_no_update",
        "journal_no_delete",
        "journal_in_order",
    ] {
        if !statement.exists([name])? {
            let message = format!("the trigger {name} was removed");
            report.add(None, DefectKind::Guard, message);
        }
    }
    Ok(())
}

/// Artifacts named by entries and by the table of artifacts; each is read once, and reported with
/// the first entry that names it.
fn check_artifacts(
    conn: &Connection,
    artifacts: &Artifacts,
    report: &mut VerifyReport,
) -> Result<(), Fault> {
    let mut statement = conn.prepare(
        "SELECT sha256, min(seq) FROM (
            SELECT value AS sha256, seq FROM audit, json_each(audit.artifacts)
            WHERE json_valid(audit.artifacts)
            UNION ALL SELECT sha256, NULL FROM artifacts)
         GROUP BY sha256 ORDER BY min(seq), sha256",
    )?;
    let named = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    for pair in named {
        let (sha256, seq): (String, Option<i64>) = pair?;
        report.artifacts += 1;
        if let Err(error) = artifacts.get(&sha256) {
            let what = match error {
                Error::MissingArtifact { .. } => "is missing",
                Error::Corrupt { .. } => "was changed",
                _ => "cannot be read",
            };
            let message = format!("artifact {sha256} {what}");
            report.add(seq, DefectKind::Artifact, message);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_is_read_without_touching_its_folder() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("50% #1?");
        std::fs::create_dir(&folder).unwrap();
        let path = folder.join("x.sqlite");
        let mut conn = Connection::open(&path).unwrap();
        conn.pragma_update(None, "journal_mode", "WAL").unwrap();
        migrate::migrate(&mut conn, &path).unwrap();
        drop(conn);
        let conn = open_immutable(&path).unwrap();
        migrate::refuse_strangers(&conn, &path).unwrap();
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1);
    }
}
