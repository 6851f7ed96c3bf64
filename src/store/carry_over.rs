//! Carrying records over from the first format of the audit trail.
//!
//! Entries of format 1 did not keep the erasable parts of changes, so the record cannot be made
//! again from them. A workspace that has such entries gets, once, an entry per patient that puts
//! everything that stands; from there on replaying the trail makes the whole record.

use rusqlite::Connection;

use super::words::Fault;
use crate::case::{AnnotationId, Change, PatientId, Records, SeriesId};

/// Event of the entries.
pub(super) const EVENT: &str = "record.carry_over";

/// What is to be carried over now, patient by patient.
pub(super) fn due(
    conn: &Connection,
    records: &Records,
) -> Result<Vec<(PatientId, Vec<Change>)>, Fault> {
    let mut first = conn.prepare("SELECT 1 FROM audit WHERE format = 1 LIMIT 1")?;
    let mut done = conn.prepare("SELECT 1 FROM audit WHERE format > 1 LIMIT 1")?;
    if !first.exists([])? || done.exists([])? {
        return Ok(Vec::new());
    }
    Ok(records
        .patients
        .iter()
        .map(|p| (p.id, everything_of(records, p.id)))
        .collect())
}

/// Changes that put everything of a patient into an empty record, each after what it refers to.
fn everything_of(r: &Records, id: PatientId) -> Vec<Change> {
    let mut changes = Vec::new();
    for patient in r.patients.iter().filter(|p| p.id == id) {
        let identity = r.identities.iter().find(|i| i.patient == id);
        if let Some(identity) = identity {
            changes.push(Change::PutPatient(patient.clone(), identity.clone()));
        }
    }
    let points = r.time_points.iter().filter(|t| t.patient == id);
    changes.extend(points.cloned().map(Change::PutTimePoint));
    let series: Vec<SeriesId> = r
        .series
        .iter()
        .filter(|s| s.patient == id)
        .map(|s| s.id)
        .collect();
    let own = |id: &SeriesId| series.binary_search(id).is_ok();
    changes.extend(
        r.series
            .iter()
            .filter(|s| own(&s.id))
            .cloned()
            .map(Change::PutSeries),
    );
    changes.extend(
        r.sources
            .iter()
            .filter(|s| own(&s.series))
            .cloned()
            .map(Change::PutSource),
    );
    let lesions = r.lesions.iter().filter(|l| l.patient == id);
    changes.extend(lesions.cloned().map(Change::PutLesion));
    let marks: Vec<AnnotationId> = r
        .annotations
        .iter()
        .filter(|a| own(&a.series))
        .map(|a| a.id)
        .collect();
    let annotations = r.annotations.iter().filter(|a| own(&a.series));
    changes.extend(annotations.cloned().map(Change::PutAnnotation));
    let masks = r
        .segmented
        .iter()
        .filter(|s| marks.binary_search(&s.annotation).is_ok());
    changes.extend(masks.cloned().map(Change::PutSegmented));
    let treatments = r.treatments.iter().filter(|t| t.patient == id);
    changes.extend(treatments.cloned().map(Change::PutTreatment));
    let scenarios = r.scenarios.iter().filter(|s| s.patient == id);
    changes.extend(scenarios.cloned().map(Change::PutScenario));
    let priors = r.priors.iter().filter(|p| p.patient == id);
    changes.extend(priors.copied().map(Change::PutPrior));
    changes
}
