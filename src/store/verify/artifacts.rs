//! Whether artifacts are there and have the content of their names.

use std::collections::BTreeMap;

use rayon::prelude::*;
use rusqlite::Connection;

use super::{DefectKind, VerifyReport};
use crate::store::artifacts::Artifacts;
use crate::store::error::Error;
use crate::store::words::Fault;

/// Hashes every artifact that the trail or the table names; each is reported with the first entry
/// that names it. Those of erased patients must be gone.
pub(super) fn check(
    conn: &Connection,
    artifacts: &Artifacts,
    report: &mut VerifyReport,
) -> Result<(), Fault> {
    let mut statement = conn.prepare(
        "SELECT value, seq,
            patient IN (SELECT object_id FROM audit WHERE event = 'patient.erase')
         FROM audit, json_each(audit.artifacts) WHERE json_valid(audit.artifacts)
         UNION ALL SELECT sha256, NULL, 0 FROM artifacts",
    )?;
    // First entry, and whether only erased patients' entries name it.
    let mut named: BTreeMap<String, (Option<i64>, bool)> = BTreeMap::new();
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let sha256: String = row.get(0)?;
        let (seq, is_erased): (Option<i64>, bool) = (row.get(1)?, row.get(2)?);
        let known = named.entry(sha256).or_insert((seq, is_erased));
        known.0 = match (known.0, seq) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        known.1 &= is_erased;
    }
    let findings: Vec<(Option<i64>, String)> = named
        .par_iter()
        .filter_map(|(sha256, (seq, is_erased))| {
            let what = match (artifacts.get(sha256), is_erased) {
                (Ok(_), false) | (Err(Error::MissingArtifact { .. }), true) => return None,
                (Ok(_) | Err(Error::Corrupt { .. }), true) => {
                    "should have been erased with its patient"
                }
                (Err(Error::MissingArtifact { .. }), false) => "is missing",
                (Err(Error::Corrupt { .. }), false) => "was changed",
                (Err(_), _) => "cannot be read",
            };
            Some((*seq, format!("artifact {sha256} {what}")))
        })
        .collect();
    report.artifacts += named.values().filter(|(_, erased)| !erased).count() as u64;
    for (seq, message) in findings {
        report.add(seq, DefectKind::Artifact, message);
    }
    Ok(())
}
