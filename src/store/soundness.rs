//! Asking a database whether it is sound, and long work of it that can be cancelled.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crossbeam_channel::{RecvTimeoutError, bounded};
use rusqlite::{Connection, ErrorCode};

use super::DATABASE;
use super::connection::open_for_reading;
use super::error::Error;
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
    let conn = open_for_reading(&path)?;
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

/// The name of a file that SQLite keeps beside the database.
pub(super) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
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
    use super::*;

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
