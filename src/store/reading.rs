//! Opening a database only to read it, and asking whether it is sound.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crossbeam_channel::{RecvTimeoutError, bounded};
use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::DATABASE;
use super::error::Error;
use super::migrate::refuse_strangers;
use crate::jobs::JobContext;

/// How many findings of a check are kept: a damaged database can have one for each row.
const MOST_FINDINGS: usize = 100;

/// How often long work of SQLite is asked whether it was cancelled.
const WATCH: Duration = Duration::from_millis(20);

/// What SQLite's quick check finds wrong with the database of the workspace in `dir`; empty when it
/// is sound. Reads only; the workspace may be open elsewhere.
///
/// # Errors
/// When there is no workspace in `dir`, or it cannot be read at all ([`Error::Damaged`]).
pub fn check_database(dir: &Path) -> Result<Vec<String>, Error> {
    let path = dir.join(DATABASE);
    let conn = open_read_only(&path)?;
    refuse_strangers(&conn, &path)?;
    findings(&conn, "quick_check").map_err(Error::database("check", &path))
}

/// Findings of `PRAGMA integrity_check` or `quick_check`, at most [`MOST_FINDINGS`].
pub(super) fn findings(conn: &Connection, check: &str) -> rusqlite::Result<Vec<String>> {
    let mut found = Vec::new();
    let mut statement = conn.prepare(&format!("PRAGMA {check}({MOST_FINDINGS})"))?;
    let mut rows = statement.query([])?;
    while found.len() < MOST_FINDINGS {
        match rows.next() {
            Ok(None) => break,
            Ok(Some(row)) => {
                // The findings in one tree come as one text of several lines.
                let text: String = row.get(0)?;
                found.extend(text.lines().filter(|l| *l != "ok").map(str::to_owned));
            }
            // Damage can end the check itself.
            Err(e) if e.sqlite_error_code() == Some(ErrorCode::DatabaseCorrupt) => {
                found.push(e.to_string());
                break;
            }
            Err(e) => return Err(e),
        }
    }
    found.truncate(MOST_FINDINGS);
    Ok(found)
}

/// The database at `path`, for reading only, also where the folder is read-only.
pub(super) fn open_read_only(path: &Path) -> Result<Connection, Error> {
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
    conn.busy_timeout(Duration::from_secs(5))
        .map_err(failed())?;
    match conn.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(())) {
        // WAL needs its index file even to read, and a read-only folder allows none. Without a log
        // the database file is complete by itself.
        Err(e)
            if e.sqlite_error_code() == Some(ErrorCode::CannotOpen)
                && !with_suffix(path, "-wal").exists() =>
        {
            open_immutable(path).map_err(failed())
        }
        Err(e) => Err(failed()(e)),
        Ok(()) => Ok(conn),
    }
}

/// The name of a file that SQLite keeps beside the database.
pub(super) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
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

/// Runs long `work` on a connection so that cancelling the job interrupts it; `watch` is called
/// every few milliseconds meanwhile, to tell progress.
pub(super) fn interruptible<T>(
    conn: &Connection,
    job: &JobContext,
    watch: impl Fn() + Send,
    work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
) -> rusqlite::Result<T> {
    let interrupt = conn.get_interrupt_handle();
    std::thread::scope(|scope| {
        let (done, waiting) = bounded::<()>(0);
        scope.spawn(move || {
            while waiting.recv_timeout(WATCH) == Err(RecvTimeoutError::Timeout) {
                if job.cancel.is_cancelled() {
                    interrupt.interrupt();
                }
                watch();
            }
        });
        let result = work(conn);
        drop(done);
        result
    })
}

#[cfg(test)]
mod tests {
    use super::super::migrate::migrate;
    use super::*;

    #[test]
    fn a_database_is_read_without_touching_its_folder() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("50% #1?");
        std::fs::create_dir(&folder).unwrap();
        let path = folder.join("x.sqlite");
        let mut conn = Connection::open(&path).unwrap();
        conn.pragma_update(None, "journal_mode", "WAL").unwrap();
        migrate(&mut conn, &path).unwrap();
        drop(conn);
        let conn = open_immutable(&path).unwrap();
        refuse_strangers(&conn, &path).unwrap();
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1);
    }

    #[test]
    fn long_work_ends_when_it_is_cancelled() {
        let conn = Connection::open_in_memory().unwrap();
        let job = JobContext::default();
        job.cancel.cancel();
        let endless = "WITH RECURSIVE n(k) AS (SELECT 1 UNION ALL SELECT k + 1 FROM n)
            SELECT count(*) FROM n";
        let result = interruptible(
            &conn,
            &job,
            || {},
            |conn| conn.query_row(endless, [], |row| row.get::<_, i64>(0)),
        );
        let code = result.unwrap_err().sqlite_error_code();
        assert_eq!(code, Some(ErrorCode::OperationInterrupted));
    }
}
