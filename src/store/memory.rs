//! Changes applied to records in memory, by the same rules as the tables.

use crate::case::{Change, LesionId, PatientId, Records, SeriesId};

/// Why a change contradicts the record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The object that it belongs to is not in the record.
    #[error("the change belongs to an object that is not in the record")]
    NoParent,
    /// It would join objects of two patients.
    #[error("the change would join objects of two patients")]
    OtherPatient,
    /// Another lesion of the patient has the label.
    #[error("another lesion of this patient has the same label")]
    LabelTaken,
    /// A visit cannot go while series belong to it.
    #[error("the visit still holds series")]
    InUse,
}

/// Applies one change, all of it or nothing.
///
/// `Put…` replaces by id and keeps the place in the order of entry; removing takes dependents along
/// (a lesion its gestures, a gesture its mask) except that a visit must be empty, and removing what
/// is not there changes nothing.
///
/// # Errors
/// [`Refusal`]; a store refuses the same changes.
pub fn apply_in_memory(records: &mut Records, change: &Change) -> Result<(), Refusal> {
    let r = records;
    match change {
        Change::PutPatient(patient, identity) => {
            check(patient.id == identity.patient, Refusal::OtherPatient)?;
            put(&mut r.patients, patient, |p| p.id);
            put(&mut r.identities, identity, |i| i.patient);
        }
        Change::PutTimePoint(time_point) => {
            has_patient(r, time_point.patient)?;
            let moves = |s: &crate::case::Series| {
                s.time_point == time_point.id && s.patient != time_point.patient
            };
            check(!r.series.iter().any(moves), Refusal::OtherPatient)?;
            put(&mut r.time_points, time_point, |t| t.id);
        }
        Change::RemoveTimePoint(id) => {
            let used = r.series.iter().any(|s| s.time_point == *id);
            check(!used, Refusal::InUse)?;
            r.time_points.retain(|t| t.id != *id);
        }
        Change::PutSeries(series) => {
            let time_point = r.time_points.iter().find(|t| t.id == series.time_point);
            let owner = time_point.ok_or(Refusal::NoParent)?.patient;
            check(owner == series.patient, Refusal::OtherPatient)?;
            let before = r.series.iter().find(|s| s.id == series.id);
            let moves = before.is_some_and(|s| s.patient != series.patient);
            let annotated = r.annotations.iter().any(|a| a.series == series.id);
            check(!(moves && annotated), Refusal::OtherPatient)?;
            put(&mut r.series, series, |s| s.id);
        }
        Change::PutSource(source) => {
            patient_of_series(r, source.series)?;
            put(&mut r.sources, source, |s| s.series);
        }
        Change::RemoveSeries(id) => {
            r.series.retain(|s| s.id != *id);
            r.sources.retain(|s| s.series != *id);
            r.series_views.retain(|(s, _)| s != id);
            r.annotations.retain(|a| a.series != *id);
            drop_loose_masks(r);
        }
        Change::PutLesion(lesion) => {
            has_patient(r, lesion.patient)?;
            let mut others = r.lesions.iter().filter(|l| l.id != lesion.id);
            let taken = others.any(|l| l.patient == lesion.patient && l.label == lesion.label);
            check(!taken, Refusal::LabelTaken)?;
            let before = r.lesions.iter().find(|l| l.id == lesion.id);
            let moves = before.is_some_and(|l| l.patient != lesion.patient);
            let annotated = r.annotations.iter().any(|a| a.lesion == lesion.id);
            check(!(moves && annotated), Refusal::OtherPatient)?;
            put(&mut r.lesions, lesion, |l| l.id);
        }
        Change::RemoveLesion(id) => {
            r.lesions.retain(|l| l.id != *id);
            r.annotations.retain(|a| a.lesion != *id);
            drop_loose_masks(r);
        }
        Change::PutAnnotation(annotation) => {
            let of_lesion = patient_of_lesion(r, annotation.lesion)?;
            let of_series = patient_of_series(r, annotation.series)?;
            check(of_lesion == of_series, Refusal::OtherPatient)?;
            put(&mut r.annotations, annotation, |a| a.id);
        }
        Change::RemoveAnnotation(id) => {
            r.annotations.retain(|a| a.id != *id);
            drop_loose_masks(r);
        }
        Change::PutSegmented(segmented) => {
            let mut annotations = r.annotations.iter();
            let known = annotations.any(|a| a.id == segmented.annotation);
            check(known, Refusal::NoParent)?;
            put(&mut r.segmented, segmented, |s| s.annotation);
        }
        Change::PutTreatment(treatment) => {
            has_patient(r, treatment.patient)?;
            put(&mut r.treatments, treatment, |t| t.id);
        }
        Change::RemoveTreatment(id) => r.treatments.retain(|t| t.id != *id),
        Change::PutScenario(scenario) => {
            has_patient(r, scenario.patient)?;
            put(&mut r.scenarios, scenario, |s| s.id);
        }
        Change::RemoveScenario(id) => r.scenarios.retain(|s| s.id != *id),
        Change::PutSeriesView(series, view) => {
            patient_of_series(r, *series)?;
            put(&mut r.series_views, &(*series, *view), |v| v.0);
        }
        Change::PutSetting(key, value) => {
            let setting = (key.clone(), value.clone());
            match r.settings.iter_mut().find(|(k, _)| k == key) {
                Some(found) => *found = setting,
                None => r.settings.push(setting),
            }
        }
    }
    Ok(())
}

const fn check(holds: bool, refusal: Refusal) -> Result<(), Refusal> {
    if holds { Ok(()) } else { Err(refusal) }
}

fn put<T: Clone, K: PartialEq>(list: &mut Vec<T>, item: &T, key: impl Fn(&T) -> K) {
    match list.iter_mut().find(|old| key(old) == key(item)) {
        Some(found) => *found = item.clone(),
        None => list.push(item.clone()),
    }
}

fn has_patient(records: &Records, id: PatientId) -> Result<(), Refusal> {
    let known = records.patients.iter().any(|p| p.id == id);
    check(known, Refusal::NoParent)
}

fn patient_of_series(records: &Records, id: SeriesId) -> Result<PatientId, Refusal> {
    let found = records.series.iter().find(|s| s.id == id);
    found.map(|s| s.patient).ok_or(Refusal::NoParent)
}

fn patient_of_lesion(records: &Records, id: LesionId) -> Result<PatientId, Refusal> {
    let found = records.lesions.iter().find(|l| l.id == id);
    found.map(|l| l.patient).ok_or(Refusal::NoParent)
}

fn drop_loose_masks(records: &mut Records) {
    let annotations = &records.annotations;
    let kept = |id| annotations.iter().any(|a| a.id == id);
    records.segmented.retain(|s| kept(s.annotation));
}
