//! Erasing a patient: everything of it goes, the chain of the audit trail stays.
//!
//! In the transaction: all rows of the patient, and the journals of all entries that concern it.
//! Behind it: artifacts that no other patient's entries name, the whole stage cache, and what the
//! database file and its log still hold of deleted rows.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::ErrorKind;
use std::path::Path;

use rusqlite::Connection;

use super::atomic;
use super::error::Error;
use super::words::Fault;
use super::writer::Places;
use crate::case::PatientId;

/// Removes the rows of a patient and empties the journals of its entries.
pub(super) fn patient(tx: &Connection, id: PatientId) -> Result<(), Fault> {
    let id = id.to_string();
    // Masks refer to artifacts, whose rows go when no other mask or entry names them.
    tx.execute("DELETE FROM patients WHERE id = ?1", [&id])?;
    tx.execute(
        "UPDATE journal SET title = NULL, inverse = NULL, content = NULL
         WHERE seq IN (SELECT seq FROM audit WHERE patient = ?1)",
        [&id],
    )?;
    for sha256 in artifacts_of(tx, &id)? {
        tx.execute("DELETE FROM artifacts WHERE sha256 = ?1", [sha256])?;
    }
    Ok(())
}

/// Artifacts that only entries of this patient name.
pub(super) fn artifacts_of(tx: &Connection, patient: &str) -> Result<BTreeSet<String>, Fault> {
    let mut statement = tx.prepare_cached(
        "SELECT value FROM audit, json_each(audit.artifacts) WHERE patient = ?1
         EXCEPT SELECT value FROM audit, json_each(audit.artifacts) WHERE patient <> ?1",
    )?;
    let found = statement.query_map([patient], |row| row.get(0))?;
    Ok(found.collect::<rusqlite::Result<_>>()?)
}

/// Stands in the workspace while an erasure is under way.
const MARKER: &str = "oncotwin.erasing";

/// States that an erasure begins; should it be interrupted, the next start finishes it.
pub(super) fn announce(dir: &Path) -> Result<(), Error> {
    let path = dir.join(MARKER);
    File::create(&path)
        .and_then(|file| file.sync_all())
        .and_then(|()| atomic::sync_dir(dir))
        .map_err(Error::io("prepare erasing in", &path))
}

/// States that none is under way.
pub(super) fn retract(dir: &Path) -> Result<(), Error> {
    let path = dir.join(MARKER);
    match std::fs::remove_file(&path) {
        Err(e) if e.kind() != ErrorKind::NotFound => Err(Error::io("remove", &path)(e)),
        _ => Ok(()),
    }
}

/// Removes what is outside the tables, behind the transaction that erased these patients.
pub(super) fn finish(
    conn: &Connection,
    places: &Places,
    patients: &[PatientId],
) -> Result<(), Error> {
    for patient in patients {
        let artifacts = artifacts_of(conn, &patient.to_string())
            .map_err(|fault| fault.at("read", &places.database))?;
        for sha256 in artifacts {
            places.artifacts.remove(&sha256)?;
        }
    }
    places.cache.clear()?;
    scrub(conn, &places.database)?;
    remove_old_schemas(&places.dir)?;
    retract(&places.dir)
}

/// Finishes an erasure that was interrupted.
pub(super) fn resume(conn: &Connection, places: &Places) -> Result<(), Fault> {
    if !places.dir.join(MARKER).exists() {
        return Ok(());
    }
    let mut statement =
        conn.prepare("SELECT object_id FROM audit WHERE event = 'patient.erase'")?;
    let ids = statement.query_map([], |row| row.get::<_, String>(0))?;
    let ids: Vec<String> = ids.collect::<rusqlite::Result<_>>()?;
    drop(statement);
    let patients: Vec<PatientId> = ids
        .iter()
        .filter_map(|id| id.parse().ok().map(PatientId))
        .collect();
    Ok(finish(conn, places, &patients)?)
}

/// Rewrites the database so that neither free pages nor the log hold anything that was deleted.
fn scrub(conn: &Connection, path: &Path) -> Result<(), Error> {
    let failed = || Error::database("scrub", path);
    conn.execute_batch("VACUUM").map_err(failed())?;
    conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
        .map_err(failed())
}

/// Copies of the database that migrations left hold the patient, too.
fn remove_old_schemas(dir: &Path) -> Result<(), Error> {
    let entries = std::fs::read_dir(dir).map_err(Error::io("read the folder", dir))?;
    for entry in entries.flatten() {
        let path = entry.path();
        if path.extension().is_some_and(|e| e == "bak") {
            std::fs::remove_file(&path).map_err(Error::io("remove", &path))?;
        }
    }
    Ok(())
}
