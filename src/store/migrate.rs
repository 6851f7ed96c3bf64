//! The schema and how older databases reach it.

use std::fs::File;
use std::path::{Path, PathBuf};

use rusqlite::Connection;

use super::error::Error;

/// Scripts in order; number n takes a database from schema n − 1 to n. Published scripts are never
/// edited.
pub(super) const MIGRATIONS: &[&str] = &[
    include_str!("migrations/0001_records.sql"),
    include_str!("migrations/0002_accountability.sql"),
    include_str!("migrations/0003_uptake.sql"),
    include_str!("migrations/0004_frames.sql"),
    include_str!("migrations/0005_marking.sql"),
    include_str!("migrations/0006_consistency.sql"),
    include_str!("migrations/0007_measurements.sql"),
    include_str!("migrations/0008_priors.sql"),
    include_str!("migrations/0009_schedules.sql"),
];

/// `OTwn` in `PRAGMA application_id`: tells our databases from others.
pub(super) const APPLICATION_ID: i32 = 0x4f54_776e;

/// Brings the database to the schema of this program; returns whether it was empty before.
///
/// Each script is applied in one transaction with its version number, after a copy of the database
/// was put beside it.
pub(super) fn migrate(conn: &mut Connection, path: &Path) -> Result<bool, Error> {
    migrate_with(conn, path, MIGRATIONS)
}

/// Where a database stands.
struct Standing {
    version: u32,
    /// Nothing was ever written to it.
    empty: bool,
}

/// Refuses, before anything is written, databases of a newer program or of something else.
pub(super) fn refuse_strangers(conn: &Connection, path: &Path) -> Result<(), Error> {
    standing(conn, path, MIGRATIONS.len()).map(drop)
}

/// Whether the database has the schema of this program.
pub(super) fn is_present(conn: &Connection, path: &Path) -> Result<bool, Error> {
    let standing = standing(conn, path, MIGRATIONS.len())?;
    Ok(standing.version as usize == MIGRATIONS.len())
}

/// An empty database with the schema of this program, in memory.
pub(super) fn in_memory() -> Result<Connection, Error> {
    let path = Path::new(":memory:");
    let failed = || Error::database("make", path);
    let mut conn = Connection::open_in_memory().map_err(failed())?;
    migrate(&mut conn, path)?;
    conn.pragma_update(None, "foreign_keys", true)
        .map_err(failed())?;
    conn.set_prepared_statement_cache_capacity(64);
    Ok(conn)
}

/// A copy of an older database in the folder `scratch`, brought to the schema of this program.
pub(super) fn migrated_copy(
    conn: &Connection,
    path: &Path,
    scratch: &Path,
) -> Result<Connection, Error> {
    let copy = scratch.join("copy.sqlite");
    vacuum_into(conn, path, &copy)?;
    let mut conn = Connection::open(&copy).map_err(Error::database("open", &copy))?;
    migrate(&mut conn, &copy)?;
    Ok(conn)
}

fn vacuum_into(conn: &Connection, path: &Path, target: &Path) -> Result<(), Error> {
    let text = target.to_str().ok_or_else(|| Error::Io {
        doing: "copy the database to",
        path: target.to_owned(),
        source: std::io::Error::other("the folder's name is not Unicode; rename it"),
    })?;
    conn.execute("VACUUM INTO ?1", [text])
        .map(drop)
        .map_err(Error::database("copy", path))
}

fn migrate_with(conn: &mut Connection, path: &Path, scripts: &[&str]) -> Result<bool, Error> {
    let Standing { version, empty } = standing(conn, path, scripts.len())?;
    if !empty && (version as usize) < scripts.len() {
        back_up(conn, path, version)?;
    }
    for (number, script) in (1u32..).zip(scripts).skip(version as usize) {
        let failed = || Error::database("migrate", path);
        let tx = conn.transaction().map_err(failed())?;
        tx.execute_batch(script).map_err(failed())?;
        tx.pragma_update(None, "application_id", APPLICATION_ID)
            .map_err(failed())?;
        tx.pragma_update(None, "user_version", number)
            .map_err(failed())?;
        tx.commit().map_err(failed())?;
    }
    Ok(empty)
}

fn standing(conn: &Connection, path: &Path, known: usize) -> Result<Standing, Error> {
    let failed = || Error::database("read", path);
    let pragma = |name| conn.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let version = pragma("user_version").map_err(failed())?;
    let application = pragma("application_id").map_err(failed())?;
    let tables: i64 = conn
        .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
        .map_err(failed())?;
    let empty = version == 0 && tables == 0;
    match u32::try_from(version) {
        Ok(version) if empty || application == i64::from(APPLICATION_ID) => {
            if version as usize > known {
                return Err(Error::Newer {
                    path: path.to_owned(),
                    found: version,
                    known: known as u32,
                });
            }
            Ok(Standing { version, empty })
        }
        _ => Err(Error::Foreign {
            path: path.to_owned(),
        }),
    }
}

/// A whole copy, `oncotwin.sqlite.schema-N.bak`, made under another name first: an interrupted copy
/// is never taken for a backup.
fn back_up(conn: &Connection, path: &Path, version: u32) -> Result<(), Error> {
    let backup = beside(path, &format!("schema-{version}.bak"));
    let partial = beside(path, "partial.bak");
    if partial.exists() {
        std::fs::remove_file(&partial).map_err(Error::io("replace", &partial))?;
    }
    vacuum_into(conn, path, &partial)?;
    File::options()
        .write(true)
        .open(&partial)
        .and_then(|file| file.sync_all())
        .map_err(Error::io("sync", &partial))?;
    std::fs::rename(&partial, &backup).map_err(Error::io("name the backup", &backup))
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(suffix);
    name.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A database as the first published schema left it.
    fn schema_1(path: &Path) -> Connection {
        let mut conn = Connection::open(path).unwrap();
        migrate_with(&mut conn, path, &MIGRATIONS[..1]).unwrap();
        conn.execute(
            "INSERT INTO settings (key, value) VALUES ('theme', '\"dark\"')",
            [],
        )
        .unwrap();
        conn
    }

    fn n_settings(conn: &Connection) -> u32 {
        conn.query_row("SELECT count(*) FROM settings", [], |row| row.get(0))
            .unwrap()
    }

    fn version(conn: &Connection) -> u32 {
        conn.pragma_query_value(None, "user_version", |row| row.get(0))
            .unwrap()
    }

    #[test]
    fn schema_1_reaches_the_present_schema_with_its_rows() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.sqlite");
        let mut conn = schema_1(&path);
        assert!(!migrate(&mut conn, &path).unwrap());
        assert_eq!(version(&conn) as usize, MIGRATIONS.len());
        let records = super::super::load::load(&conn).unwrap();
        assert_eq!(records.settings.len(), 1);
    }

    #[test]
    fn an_older_database_is_copied_before_it_is_changed() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.sqlite");
        let mut conn = schema_1(&path);
        std::fs::write(dir.path().join("x.sqlite.partial.bak"), b"interrupted").unwrap();
        let scripts = [MIGRATIONS[0], "ALTER TABLE settings ADD COLUMN note TEXT;"];
        assert!(!migrate_with(&mut conn, &path, &scripts).unwrap());
        assert_eq!(version(&conn), 2);
        conn.prepare("SELECT key, note FROM settings").unwrap();
        let backup = Connection::open(dir.path().join("x.sqlite.schema-1.bak")).unwrap();
        assert_eq!(version(&backup), 1);
        assert_eq!(n_settings(&backup), 1);
        assert!(!dir.path().join("x.sqlite.partial.bak").exists());
    }

    #[test]
    fn a_failing_migration_leaves_the_old_schema() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.sqlite");
        let mut conn = schema_1(&path);
        let scripts = [MIGRATIONS[0], "DROP TABLE settings; NOT SQL;"];
        migrate_with(&mut conn, &path, &scripts).unwrap_err();
        assert_eq!(version(&conn), 1);
        assert_eq!(n_settings(&conn), 1);
    }

    #[test]
    fn newer_and_foreign_databases_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.sqlite");
        let mut conn = schema_1(&path);
        conn.pragma_update(None, "user_version", 99).unwrap();
        let error = migrate(&mut conn, &path).unwrap_err();
        assert!(matches!(error, Error::Newer { found: 99, .. }), "{error}");

        let path = dir.path().join("y.sqlite");
        let mut conn = Connection::open(&path).unwrap();
        conn.execute_batch("CREATE TABLE recipes (name TEXT)")
            .unwrap();
        let before = std::fs::read(&path).unwrap();
        let error = refuse_strangers(&conn, &path).unwrap_err();
        assert!(matches!(error, Error::Foreign { .. }), "{error}");
        migrate(&mut conn, &path).unwrap_err();
        assert_eq!(std::fs::read(&path).unwrap(), before);
    }
}
