//! Getting what can be read out of a damaged workspace.
//!
//! The damaged database is copied and read page by page. Every row goes through the rules of a
//! fresh schema, so that the result is a workspace like any other; what cannot be kept is counted.
//! The audit trail keeps its gaps: they show where entries were lost.

mod fill;
mod pages;
mod schema;
mod tables;

use std::fs::File;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rusqlite::{Connection, OpenFlags, OptionalExtension as _};
use serde::Serialize;
use uuid::Uuid;

use super::artifacts::Artifacts;
use super::atomic::sync_dir;
use super::backup::{Gap, put_in_place, refuse_occupied, scratch_beside};
use super::error::Error;
use super::lock::Lock;
use super::migrate::APPLICATION_ID;
use super::migrate::migrate;
use super::soundness::{findings, interruptible, with_suffix};
use super::{ARTIFACTS, DATABASE};
use crate::jobs::JobContext;
use fill::Count;
use pages::Pages;
use tables::{Harvest, Table};

/// Only here do numbers run on without gaps, so that a missing row is known to be lost.
const AUDIT: &str = "audit";

/// What was saved, and what was not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SalvageReport {
    /// The new workspace.
    pub dir: PathBuf,
    /// Whether nothing is known to be lost.
    pub whole: bool,
    /// What was found wrong with the database, at most some hundred lines.
    pub findings: Vec<String>,
    /// Tables in the order of the schema.
    pub tables: Vec<SalvagedTable>,
    /// Number of artifacts copied.
    pub artifacts: u64,
    /// Artifacts that the record names and that are missing or were changed.
    pub missing: Vec<Gap>,
    /// The id of the workspace was lost, and it has a new one.
    pub new_identity: bool,
}

/// What became of the rows of one table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SalvagedTable {
    /// Name of the table.
    pub name: String,
    /// Rows that could be read.
    pub read: u64,
    /// Rows in the new workspace.
    pub written: u64,
    /// Rows that were read and left out, because they contradict others, have lost what they belong
    /// to, or hold something that the program never writes.
    pub left_out: u64,
    /// Rows that are known to be lost.
    pub lost: u64,
    /// Pages of the table are damaged, on which an unknown number of further rows stood.
    pub more_may_be_lost: bool,
}

/// Copies what can be read of the workspace in `dir` into the new workspace `to`, which must be
/// absent or an empty folder. Nothing in `dir` is changed.
///
/// # Errors
/// [`Error::Locked`] when the workspace is open, [`Error::NotEmpty`] and [`Error::Exists`] for `to`,
/// [`Error::Foreign`] and [`Error::Newer`] for databases of others and of later versions,
/// [`Error::Damaged`] when not one row can be read, [`Error::DiskFull`], [`Error::ReadOnly`],
/// [`Error::Cancelled`], and other errors of files and database.
pub fn salvage(dir: &Path, to: &Path, job: &JobContext) -> Result<SalvageReport, Error> {
    let to = std::path::absolute(to).map_err(Error::io("find", to))?;
    refuse_occupied(&to)?;
    let _lock = Lock::for_copying(dir)?;
    let scratch = scratch_beside(&to)?;
    let (bytes, mut found) = copy_and_check(dir, scratch.path(), job)?;

    let pages = Pages::new(bytes);
    let new = tempfile::Builder::new()
        .prefix("new")
        .tempdir_in(scratch.path())
        .map_err(Error::io("write in", scratch.path()))?;
    let path = new.path().join(DATABASE);
    let failed = || Error::database("write", &path);
    job.progress.step("reading what can be read");
    let (mut conn, old_tables, harvest) = read(&pages, dir, &path)?;
    job.check()?;
    found.extend(harvest.findings.iter().cloned());
    let torn: Vec<(bool, u64)> = harvest.found.iter().map(|f| (f.is_torn, f.lost)).collect();
    job.progress.step("writing the new workspace");
    let (counts, undecided) = fill_tables(&conn, &old_tables, harvest).map_err(failed())?;
    if undecided > 0 {
        found.push(format!(
            "{undecided} pages hold rows that may belong to several tables; they were left out"
        ));
    }
    if counts.iter().all(|count| count.read == 0) {
        return Err(Error::Damaged {
            path: dir.join(DATABASE),
            detail: "not one row of it can be read".to_owned(),
        });
    }
    job.check()?;
    let new_identity = name_workspace(&conn).map_err(failed())?;
    migrate(&mut conn, &path)?;
    let new_tables = tables::of(&conn).map_err(failed())?;
    let late = finish_tables(&conn, &new_tables).map_err(failed())?;
    drop_copies(new.path())?;
    job.check()?;

    let mut report = Vec::new();
    for (table, late) in new_tables.iter().zip(late) {
        let old = old_tables.iter().position(|t| t.name == table.name);
        let count = old.map(|n| counts[n]).unwrap_or_default();
        let (is_torn, unreadable) = old.map(|n| torn[n]).unwrap_or_default();
        let written = count_rows(&conn, table).map_err(failed())?;
        let lost = if table.name == AUDIT {
            audit_gaps(&conn).map_err(failed())?
        } else {
            unreadable
        };
        report.push(SalvagedTable {
            name: table.name.clone(),
            read: count.read,
            written,
            left_out: count.left_out + late.left_out,
            lost,
            more_may_be_lost: is_torn,
        });
    }
    let named = named_artifacts(&conn).map_err(failed())?;
    conn.close().map_err(|(_, e)| failed()(e))?;
    let (artifacts, missing) = copy_artifacts(dir, new.path(), &named, job)?;
    sync(&path)?;
    job.check()?;
    put_in_place(new, &to)?;
    let is_clean = |t: &SalvagedTable| t.left_out == 0 && t.lost == 0 && !t.more_may_be_lost;
    Ok(SalvageReport {
        dir: to,
        whole: found.is_empty() && missing.is_empty() && report.iter().all(is_clean),
        findings: found,
        tables: report,
        artifacts,
        missing,
        new_identity,
    })
}

/// Copies the database with its logs, lets SQLite play these back and check the copy, and returns
/// its bytes and what was found.
fn copy_and_check(
    dir: &Path,
    scratch: &Path,
    job: &JobContext,
) -> Result<(Vec<u8>, Vec<String>), Error> {
    job.progress.step("copying the damaged database");
    let original = dir.join(DATABASE);
    let copy = scratch.join("damaged.sqlite");
    copy_file(&original, &copy)?;
    for suffix in ["-wal", "-journal"] {
        let log = with_suffix(&original, suffix);
        if log.exists() {
            copy_file(&log, &with_suffix(&copy, suffix))?;
        }
    }
    job.check()?;
    job.progress.step("checking the copy");
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let checked = Connection::open_with_flags(&copy, flags)
        .and_then(|conn| interruptible(&conn, job, || {}, |c| findings(c, "integrity_check")));
    job.check()?;
    let found = checked.unwrap_or_else(|e| vec![e.to_string()]);
    let bytes = std::fs::read(&copy).map_err(Error::io("read", &copy))?;
    Ok((bytes, found))
}

/// Copies a file; an error names the side that it is about.
fn copy_file(from: &Path, to: &Path) -> Result<(), Error> {
    std::fs::copy(from, to)
        .map(drop)
        .map_err(|e| match e.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::ReadOnlyFilesystem => {
                Error::io("write a copy of the database in", to.parent().unwrap_or(to))(e)
            }
            _ => Error::io("copy", from)(e),
        })
}

/// Makes a fresh database of the schema of the damaged one and gathers the rows for it.
fn read(
    pages: &Pages,
    dir: &Path,
    path: &Path,
) -> Result<(Connection, Vec<Table>, Harvest), Error> {
    let header = pages.header();
    let stated = header.map_or(0, |h| h.version);
    let version = if (1..=schema::NEWEST).contains(&stated) {
        stated
    } else {
        schema::NEWEST
    };
    let conn = schema::build(path, version)?;
    let tables = tables::of(&conn).map_err(Error::database("read", path))?;
    let harvest = tables::harvest(pages, &tables);
    let is_ours = header.is_none_or(|h| h.application == APPLICATION_ID.cast_unsigned());
    if !is_ours && harvest.found.iter().all(|f| f.records.is_empty()) {
        return Err(Error::Foreign {
            path: dir.join(DATABASE),
        });
    }
    // A damaged number is told from that of a later version by the tables that came with it.
    if stated > schema::NEWEST && !harvest.unknown.is_empty() {
        return Err(Error::Newer {
            path: dir.join(DATABASE),
            found: stated,
            known: schema::NEWEST,
        });
    }
    Ok((conn, tables, harvest))
}

/// Writes all rows that keep the rules; also returns how many pages could not be told to a table.
fn fill_tables(
    conn: &Connection,
    tables: &[Table],
    mut harvest: Harvest,
) -> rusqlite::Result<(Vec<Count>, u64)> {
    let mut counts = vec![Count::default(); tables.len()];
    fill::unguarded(conn, false, |conn| {
        fill::write_found(conn, tables, &mut harvest.found, &mut counts)
    })?;
    let undecided = fill::unguarded(conn, true, |conn| {
        fill::write_strays(conn, tables, harvest.strays, &mut counts)
    })?;
    fill::unguarded(conn, false, |conn| {
        fill::remove_orphans(conn, tables, &mut counts)
    })?;
    Ok((counts, undecided))
}

/// Takes out what the program could not load.
fn finish_tables(conn: &Connection, tables: &[Table]) -> rusqlite::Result<Vec<Count>> {
    let mut counts = vec![Count::default(); tables.len()];
    fill::unguarded(conn, false, |conn| {
        fill::remove_unreadable(conn, tables, &mut counts)?;
        fill::remove_orphans(conn, tables, &mut counts)
    })?;
    Ok(counts)
}

/// Gives a workspace that lost its id the one that its founding states in the audit trail, or else
/// a new one; whether it is new.
fn name_workspace(conn: &Connection) -> rusqlite::Result<bool> {
    let id = conn.query_row("SELECT id FROM workspace", [], |row| row.get(0));
    let id: Option<String> = id.optional()?;
    if id.is_some_and(|id| Uuid::parse_str(&id).is_ok()) {
        return Ok(false);
    }
    let founding: Option<(String, i64)> = conn
        .query_row(
            "SELECT object_id, utc_ns FROM audit WHERE event = 'workspace.create' ORDER BY seq",
            [],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .optional()?;
    let first: Option<i64> = conn.query_row("SELECT min(utc_ns) FROM audit", [], |r| r.get(0))?;
    let known = founding.and_then(|(id, ns)| Some((Uuid::parse_str(&id).ok()?, ns)));
    let is_new = known.is_none();
    let (id, ns) = known.unwrap_or_else(|| (Uuid::new_v4(), first.unwrap_or(0)));
    let created = Timestamp::from_nanosecond(i128::from(ns)).unwrap_or(Timestamp::UNIX_EPOCH);
    conn.execute(
        "INSERT OR REPLACE INTO workspace (one, id, created) VALUES (1, ?1, ?2)",
        [id.to_string(), created.to_string()],
    )?;
    Ok(is_new)
}

/// Removes the copy that a migration puts beside the database; the original is still there.
fn drop_copies(dir: &Path) -> Result<(), Error> {
    let failed = || Error::io("tidy", dir);
    for entry in std::fs::read_dir(dir).map_err(failed())? {
        let path = entry.map_err(failed())?.path();
        if path.extension().is_some_and(|e| e == "bak") {
            std::fs::remove_file(&path).map_err(failed())?;
        }
    }
    Ok(())
}

fn count_rows(conn: &Connection, table: &Table) -> rusqlite::Result<u64> {
    let sql = format!("SELECT count(*) FROM \"{}\"", table.name);
    let rows: i64 = conn.query_row(&sql, [], |row| row.get(0))?;
    Ok(rows.unsigned_abs())
}

/// Numbers that are missing up to the last entry.
fn audit_gaps(conn: &Connection) -> rusqlite::Result<u64> {
    let gaps: i64 = conn.query_row(
        "SELECT coalesce(max(seq), 0) - count(*) FROM audit",
        [],
        |r| r.get(0),
    )?;
    Ok(gaps.unsigned_abs())
}

fn named_artifacts(conn: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut statement = conn.prepare("SELECT sha256 FROM artifacts ORDER BY sha256")?;
    statement.query_map([], |row| row.get(0))?.collect()
}

/// Copies every artifact that still has the content of its name, named by the record or not, and
/// returns how many, and those that the record names and that are not among them.
fn copy_artifacts(
    dir: &Path,
    new: &Path,
    named: &[String],
    job: &JobContext,
) -> Result<(u64, Vec<Gap>), Error> {
    job.progress.step("copying artifacts");
    let source = Artifacts::read_only(&dir.join(ARTIFACTS));
    let target = Artifacts::open(&new.join(ARTIFACTS))?;
    let mut there = stored_artifacts(&dir.join(ARTIFACTS));
    there.extend(named.iter().cloned());
    there.sort();
    there.dedup();
    let mut copied = 0;
    let mut missing = Vec::new();
    for (n, sha256) in there.iter().enumerate() {
        job.check()?;
        job.progress.set(n, there.len());
        let reason = match source.get(sha256) {
            Ok(bytes) => {
                target.put(&bytes)?;
                copied += 1;
                continue;
            }
            Err(Error::MissingArtifact { .. }) => "the file is missing",
            Err(Error::Corrupt { .. }) => "the file was changed",
            Err(_) => "the file cannot be read",
        };
        if named.binary_search(sha256).is_ok() {
            missing.push(Gap {
                sha256: sha256.clone(),
                reason: reason.to_owned(),
            });
        }
    }
    Ok((copied, missing))
}

/// Names of the files in an artifact folder, where they have the form of one.
fn stored_artifacts(dir: &Path) -> Vec<String> {
    let names = |dir: &Path| -> Vec<String> {
        let entries = std::fs::read_dir(dir).into_iter().flatten();
        entries
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .collect()
    };
    let mut found = Vec::new();
    for folder in names(dir).into_iter().filter(|name| name.len() == 2) {
        for name in names(&dir.join(&folder)) {
            let sha256 = format!("{folder}{name}");
            let is_hash = sha256.len() == 64 && sha256.bytes().all(|b| b.is_ascii_hexdigit());
            if is_hash {
                found.push(sha256);
            }
        }
    }
    found
}

/// Makes the finished database durable.
fn sync(path: &Path) -> Result<(), Error> {
    let folder = path.parent().unwrap_or(path);
    File::options()
        .write(true)
        .open(path)
        .and_then(|file| file.sync_all())
        .and_then(|()| sync_dir(folder))
        .map_err(Error::io("sync", path))
}
