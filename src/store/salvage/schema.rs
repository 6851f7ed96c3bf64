//! A fresh database of an older schema.

use std::path::Path;

use rusqlite::Connection;

use super::super::error::Error;
use super::super::migrate::{APPLICATION_ID, MIGRATIONS, migrate};

/// The version of the newest schema.
pub(super) const NEWEST: u32 = MIGRATIONS.len() as u32;

/// Makes the database at `path` as program versions with the schema `version` founded it.
pub(super) fn build(path: &Path, version: u32) -> Result<Connection, Error> {
    let failed = || Error::database("create", path);
    let mut conn = Connection::open(path).map_err(failed())?;
    // A scratch file: it is synced once, when it is finished.
    conn.pragma_update(None, "journal_mode", "MEMORY")
        .and_then(|()| conn.pragma_update(None, "synchronous", "OFF"))
        .map_err(failed())?;
    if version == NEWEST {
        migrate(&mut conn, path)?;
        return Ok(conn);
    }
    for script in &MIGRATIONS[..version.min(NEWEST) as usize] {
        conn.execute_batch(script).map_err(failed())?;
    }
    conn.pragma_update(None, "application_id", APPLICATION_ID)
        .and_then(|()| conn.pragma_update(None, "user_version", version))
        .map_err(failed())?;
    Ok(conn)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schema(conn: &Connection) -> Vec<(String, Option<String>)> {
        conn.prepare("SELECT name, sql FROM sqlite_schema ORDER BY name")
            .unwrap()
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
            .unwrap()
            .map(Result::unwrap)
            .collect()
    }

    #[test]
    fn an_older_database_is_taken_for_one_of_ours() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.sqlite");
        let mut conn = build(&path, NEWEST - 1).unwrap();
        migrate(&mut conn, &path).unwrap();
        assert_eq!(
            schema(&conn),
            schema(&build(&dir.path().join("y.sqlite"), NEWEST).unwrap())
        );
    }
}
