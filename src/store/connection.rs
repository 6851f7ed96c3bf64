//! Connections to the database: for writing, and for reading without touching anything.

use std::path::Path;

use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::error::Error;
use super::migrate;

/// How changes reach the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Journalling {
    /// Write-ahead log: readers and the writer do not wait for each other. Needs memory shared
    /// between processes, which network file systems do not have.
    WriteAhead,
    /// Rollback journal.
    Rollback,
}

/// The connection of the writer.
pub(super) fn open_for_writing(path: &Path, journalling: Journalling) -> Result<Connection, Error> {
    let conn = Connection::open(path).map_err(Error::database("open", path))?;
    migrate::refuse_strangers(&conn, path)?;
    configure(&conn, journalling).map_err(Error::database("open", path))?;
    Ok(conn)
}

fn configure(conn: &Connection, journalling: Journalling) -> rusqlite::Result<()> {
    conn.busy_timeout(std::time::Duration::from_secs(5))?;
    let wanted = match journalling {
        Journalling::WriteAhead => "WAL",
        Journalling::Rollback => "DELETE",
    };
    let mode: String =
        conn.pragma_update_and_check(None, "journal_mode", wanted, |row| row.get(0))?;
    if !mode.eq_ignore_ascii_case(wanted) {
        tracing::warn!(mode, wanted, "the file system chose another journal mode");
    }
    conn.pragma_update(None, "synchronous", "FULL")?;
    // On macOS a plain fsync leaves data in the drive's cache.
    conn.pragma_update(None, "fullfsync", true)?;
    conn.pragma_update(None, "checkpoint_fullfsync", true)?;
    conn.pragma_update(None, "foreign_keys", true)?;
    // What is deleted is overwritten: an erased patient must not stay in free pages.
    conn.pragma_update(None, "secure_delete", true)?;
    conn.pragma_update(None, "trusted_schema", false)?;
    conn.set_prepared_statement_cache_capacity(64);
    Ok(())
}

/// A connection that cannot write; the database may be open elsewhere.
pub(super) fn open_for_reading(path: &Path) -> Result<Connection, Error> {
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
    let conn = match conn.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(())) {
        // WAL needs its index file even to read, and a read-only folder allows none. Without a log
        // the database file is complete by itself.
        Err(e) if e.sqlite_error_code() == Some(ErrorCode::CannotOpen) && !has_log(path) => {
            open_immutable(path).map_err(failed())?
        }
        Err(e) => return Err(failed()(e)),
        Ok(()) => conn,
    };
    migrate::refuse_strangers(&conn, path)?;
    Ok(conn)
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
