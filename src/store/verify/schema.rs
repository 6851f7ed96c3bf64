//! Whether tables, indexes and the triggers that protect the trail are those of the program.

use std::collections::BTreeMap;

use rusqlite::Connection;

use super::{DefectKind, VerifyReport};
use crate::store::words::Fault;

/// Compares the schema with that of `model`, a fresh database.
pub(super) fn check(
    conn: &Connection,
    model: &Connection,
    report: &mut VerifyReport,
) -> Result<(), Fault> {
    let (found, expected) = (objects(conn)?, objects(model)?);
    for (name, sql) in &expected {
        let message = match found.get(name) {
            None => format!("the {} {} was removed", name.0, name.1),
            Some(other) if other != sql => format!("the {} {} was changed", name.0, name.1),
            Some(_) => continue,
        };
        report.add(None, DefectKind::Guard, message);
    }
    for (kind, name) in found.keys().filter(|name| !expected.contains_key(name)) {
        let message = format!("the {kind} {name} is not one of the program");
        report.add(None, DefectKind::Guard, message);
    }
    Ok(())
}

/// Definitions by kind and name.
fn objects(conn: &Connection) -> Result<BTreeMap<(String, String), Option<String>>, Fault> {
    let mut statement = conn.prepare("SELECT type, name, sql FROM sqlite_schema")?;
    let found = statement.query_map([], |row| {
        Ok(((row.get(0)?, row.get(1)?), row.get::<_, Option<String>>(2)?))
    })?;
    Ok(found.collect::<rusqlite::Result<_>>()?)
}
