//! A workspace as one file, and back.
//!
//! A backup is a POSIX tar archive (ustar) with, in this order:
//!
//! ```text
//! oncotwin.sqlite       a snapshot of the database, without a log
//! artifacts/ab/cdef…    the artifacts that the snapshot names
//! manifest.json         what the archive holds, with SHA-256 and size of each file
//! SHA256                SHA-256 (hex) of every byte of the archive before this member
//! ```
//!
//! Any tar program can unpack it. The last member covers headers and padding too, so that a change
//! of any bit is found. The cache and the lock are left out.

mod archive;
mod restore;

pub use restore::{RestoreReport, restore};

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rusqlite::{Connection, ErrorCode, OptionalExtension as _};
use serde::{Deserialize, Serialize};

use super::artifacts::Artifacts;
use super::atomic::sync_dir;
use super::connection::open_for_reading;
use super::error::Error;
use super::migrate::refuse_strangers;
use super::soundness::{findings, interruptible};
use super::{ARTIFACTS, DATABASE};
use crate::jobs::JobContext;
use archive::Pack;

const FORMAT: u32 = 1;
const MANIFEST: &str = "manifest.json";

/// What the archive says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Manifest {
    format: u32,
    app_version: String,
    created: Timestamp,
    #[serde(flatten)]
    contents: Contents,
    complete: bool,
    missing: Vec<Gap>,
    files: Vec<FileEntry>,
}

/// A file in a backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileEntry {
    /// Path in the archive and in the workspace, with slashes.
    pub path: String,
    /// Size in bytes.
    pub size: u64,
    /// SHA-256 of the content, hex.
    pub sha256: String,
}

/// An artifact that the record names and the backup does not hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gap {
    /// SHA-256 of the artifact, hex.
    pub sha256: String,
    /// Why, in words.
    pub reason: String,
}

/// What the database says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Contents {
    /// Id of the workspace; absent in a database that lost it.
    workspace: Option<String>,
    /// Number of audit entries.
    audit_entries: u64,
    /// Hash of the newest audit entry, hex; empty without entries.
    audit_head: String,
}

/// What a backup holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BackupReport {
    /// The file.
    pub path: PathBuf,
    /// Its size in bytes.
    pub bytes: u64,
    /// Whether every artifact that the record names is in it, whole.
    pub complete: bool,
    /// Those that are not.
    pub missing: Vec<Gap>,
    /// Number of artifacts in it.
    pub artifacts: u64,
    /// Number of audit entries.
    pub audit_entries: u64,
    /// Hash of the newest audit entry, hex.
    pub audit_head: String,
}

/// Writes a backup of the workspace in `dir` to the new file `to`; the workspace may be open and
/// written to meanwhile. `now` and `app_version` are noted in the backup.
///
/// Under its name the backup appears whole and durable, or not at all.
///
/// # Errors
/// [`Error::Exists`] when there is a file `to`, [`Error::Damaged`] when the database is not sound
/// (a backup of it would hide that; see [`super::salvage()`]), [`Error::DiskFull`],
/// [`Error::ReadOnly`], [`Error::Cancelled`], and other errors of files and database.
pub fn backup(
    dir: &Path,
    to: &Path,
    app_version: &str,
    now: Timestamp,
    job: &JobContext,
) -> Result<BackupReport, Error> {
    let to = absolute(to)?;
    if to.symlink_metadata().is_ok() {
        return Err(Error::Exists { path: to });
    }
    let folder = to.parent().unwrap_or(&to);
    let scratch = scratch_beside(&to)?;
    let copy = scratch.path().join(DATABASE);
    job.progress.step("copying the database");
    snapshot(&dir.join(DATABASE), &copy, job)?;
    let (contents, named) = read_contents(&copy)?;

    let unnamed = tempfile::Builder::new()
        .prefix(".oncotwin-backup-")
        .tempfile_in(folder)
        .map_err(Error::io("write the backup in", folder))?;
    let failed = || Error::io("write the backup", &to);
    let mut pack = Pack::new(unnamed.as_file(), now);
    let source = std::fs::File::open(&copy).map_err(Error::io("read", &copy))?;
    let size = source.metadata().map_err(Error::io("read", &copy))?.len();
    pack.add(DATABASE, size, source).map_err(failed())?;
    let missing = add_artifacts(&mut pack, &dir.join(ARTIFACTS), &named, &to, job)?;
    let manifest = Manifest {
        format: FORMAT,
        app_version: app_version.to_owned(),
        created: now,
        contents,
        complete: missing.is_empty(),
        missing,
        files: pack.files().to_vec(),
    };
    let text = serde_json::to_vec_pretty(&manifest)
        .map_err(|e| Error::Refused(format!("the manifest has no JSON form: {e}")))?;
    pack.add(MANIFEST, text.len() as u64, &text[..])
        .map_err(failed())?;
    let bytes = pack.seal().map_err(failed())?;
    job.check()?;
    unnamed.as_file().sync_all().map_err(failed())?;
    give_name(unnamed, &to)?;
    if let Err(error) = sync_dir(folder) {
        // What is not surely on the disk must not pass for a backup, nor bar the way of the next.
        drop(std::fs::remove_file(&to));
        return Err(Error::io("sync", folder)(error));
    }
    Ok(BackupReport {
        bytes,
        artifacts: (named.len() - manifest.missing.len()) as u64,
        complete: manifest.complete,
        missing: manifest.missing,
        audit_entries: manifest.contents.audit_entries,
        audit_head: manifest.contents.audit_head,
        path: to,
    })
}

/// Gives the finished file its name, unless there is one of that name.
fn give_name(file: tempfile::NamedTempFile, to: &Path) -> Result<(), Error> {
    let failed = || Error::io("write the backup", to);
    let exists = || Error::Exists {
        path: to.to_owned(),
    };
    let Err(refused) = file.persist_noclobber(to) else {
        return Ok(());
    };
    match refused.error.kind() {
        ErrorKind::AlreadyExists => Err(exists()),
        // Some file systems in user space neither know links nor how to rename without replacing.
        ErrorKind::Unsupported | ErrorKind::PermissionDenied | ErrorKind::InvalidInput => {
            if to.symlink_metadata().is_ok() {
                return Err(exists());
            }
            refused
                .file
                .persist(to)
                .map(drop)
                .map_err(|e| failed()(e.error))
        }
        _ => Err(failed()(refused.error)),
    }
}

/// Adds the artifacts `named` and returns those that cannot be had.
fn add_artifacts(
    pack: &mut Pack<'_>,
    dir: &Path,
    named: &[String],
    to: &Path,
    job: &JobContext,
) -> Result<Vec<Gap>, Error> {
    job.progress.step("copying artifacts");
    let artifacts = Artifacts::read_only(dir);
    let mut missing = Vec::new();
    for (n, sha256) in named.iter().enumerate() {
        job.check()?;
        job.progress.set(n, named.len());
        let reason = match artifacts.get(sha256) {
            Ok(bytes) => {
                pack.add(&artifact_name(sha256), bytes.len() as u64, &bytes[..])
                    .map_err(Error::io("write the backup", to))?;
                continue;
            }
            Err(Error::MissingArtifact { .. }) => "the file is missing",
            Err(Error::Corrupt { .. }) => "the file was changed",
            Err(Error::Refused(_)) => "this is not the name of an artifact",
            Err(_) => "the file cannot be read",
        };
        missing.push(Gap {
            sha256: sha256.clone(),
            reason: reason.to_owned(),
        });
    }
    Ok(missing)
}

/// Path of an artifact in the archive.
fn artifact_name(sha256: &str) -> String {
    let (folder, name) = sha256.split_at_checked(2).unwrap_or_default();
    format!("{ARTIFACTS}/{folder}/{name}")
}

/// A copy of the database as it is at one moment, checked, and without what was deleted from it.
fn snapshot(database: &Path, copy: &Path, job: &JobContext) -> Result<(), Error> {
    let conn = open_for_reading(database)?;
    refuse_strangers(&conn, database)?;
    let target = copy.to_str().ok_or_else(|| Error::Io {
        doing: "copy the database to",
        path: copy.to_owned(),
        source: std::io::Error::other("the folder's name is not Unicode; choose another"),
    })?;
    let pragma = |name| conn.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let expected = pragma("page_count")
        .and_then(|pages| Ok(pages * pragma("page_size")?))
        .map_err(Error::database("read", database))?;
    let watch = || {
        let written = std::fs::metadata(copy).map_or(0, |meta| meta.len());
        job.progress.set(written as usize, expected as usize);
    };
    let found = interruptible(&conn, job, watch, |conn| {
        let found = findings(conn, "quick_check")?;
        if found.is_empty() {
            conn.execute("VACUUM INTO ?1", [target])?;
        }
        Ok(found)
    });
    job.check()?;
    match found {
        Ok(found) => match found.into_iter().next() {
            None => Ok(()),
            Some(detail) => Err(Error::Damaged {
                path: database.to_owned(),
                detail,
            }),
        },
        Err(e) => Err(match e.sqlite_error_code() {
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
                Error::database("read", database)(e)
            }
            _ => Error::database("copy the database to", copy)(e),
        }),
    }
}

/// What a database says of itself, and the artifacts that it names.
fn read_contents(path: &Path) -> Result<(Contents, Vec<String>), Error> {
    let conn = open_for_reading(path)?;
    refuse_strangers(&conn, path)?;
    let read = |conn: &Connection| -> rusqlite::Result<_> {
        let contents = Contents {
            workspace: conn
                .query_row("SELECT id FROM workspace", [], |row| row.get(0))
                .optional()?,
            audit_entries: conn
                .query_row("SELECT count(*) FROM audit", [], |row| row.get::<_, i64>(0))?
                .unsigned_abs(),
            audit_head: conn
                .query_row(
                    "SELECT hash FROM audit ORDER BY seq DESC LIMIT 1",
                    [],
                    |row| row.get(0),
                )
                .optional()?
                .unwrap_or_default(),
        };
        let mut statement = conn.prepare("SELECT sha256 FROM artifacts ORDER BY sha256")?;
        let named = statement.query_map([], |row| row.get(0))?;
        Ok((contents, named.collect::<Result<_, _>>()?))
    };
    read(&conn).map_err(Error::database("read", path))
}

fn absolute(path: &Path) -> Result<PathBuf, Error> {
    std::path::absolute(path).map_err(Error::io("find", path))
}

/// A folder for files in the making beside `target`, on the same file system; removed when dropped.
pub(super) fn scratch_beside(target: &Path) -> Result<tempfile::TempDir, Error> {
    let folder = target.parent().unwrap_or(target);
    tempfile::Builder::new()
        .prefix(".oncotwin-")
        .tempdir_in(folder)
        .map_err(Error::io("write in", folder))
}

/// Whether `dir` is absent or an empty folder, as a new workspace needs it.
pub(super) fn refuse_occupied(dir: &Path) -> Result<(), Error> {
    match std::fs::read_dir(dir) {
        Ok(mut entries) => match entries.next() {
            None => Ok(()),
            Some(_) => Err(Error::NotEmpty {
                dir: dir.to_owned(),
            }),
        },
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(()),
        Err(e) if e.kind() == ErrorKind::NotADirectory => Err(Error::Exists {
            path: dir.to_owned(),
        }),
        Err(e) => Err(Error::io("look into", dir)(e)),
    }
}

/// Gives the finished folder `scratch` the name `dir`, which is absent or an empty folder.
pub(super) fn put_in_place(scratch: tempfile::TempDir, dir: &Path) -> Result<(), Error> {
    refuse_occupied(dir)?;
    // Refuses a folder that was filled in the meantime.
    match std::fs::remove_dir(dir) {
        Err(e) if e.kind() != ErrorKind::NotFound => {
            return Err(Error::io("replace the empty folder", dir)(e));
        }
        _ => {}
    }
    std::fs::rename(scratch.path(), dir).map_err(Error::io("create", dir))?;
    // The folder has moved; there is nothing left to remove.
    let _moved = scratch.keep();
    let folder = dir.parent().unwrap_or(dir);
    sync_dir(folder).map_err(Error::io("sync", folder))
}
