//! Changes applied to records in memory, by the same rules as the tables, and what takes them back.

use crate::case::{
    Annotation, AnnotationId, Change, LesionId, PatientId, ReaderId, Records, Segmented, SeriesId,
};

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
    /// A figure has no size, or not every number of it is one.
    #[error("the figure has no size")]
    NoFigure,
}

/// Applies changes in order, all of them or none, and returns what takes them back: applied in its
/// order, it leaves the records as they were before.
///
/// Erasing a patient cannot be taken back: what it removes is not part of the answer.
///
/// # Errors
/// The first [`Refusal`]; a store refuses the same changes.
pub fn apply_in_memory(records: &mut Records, changes: &[Change]) -> Result<Vec<Change>, Refusal> {
    let mut done: Vec<Vec<Back>> = Vec::with_capacity(changes.len());
    for change in changes {
        match apply(records, change) {
            Ok(inverse) => done.push(inverse),
            Err(refusal) => {
                for back in done.into_iter().rev().flatten() {
                    back.take(records);
                }
                return Err(refusal);
            }
        }
    }
    let back = done.into_iter().rev().flatten();
    Ok(back.filter_map(Back::into_change).collect())
}

/// One step back.
enum Back {
    /// By a change that the record knows.
    Change(Change),
    /// By leaving out what no change takes out: it only ever comes in for good.
    ForgetSource(SeriesId),
    ForgetReader(ReaderId),
    ForgetSetting(String),
}

impl Back {
    fn take(self, r: &mut Records) {
        match self {
            // It was made for exactly this state, so it is not refused.
            Self::Change(change) => drop(apply(r, &change)),
            Self::ForgetSource(id) => r.sources.retain(|s| s.series != id),
            Self::ForgetReader(id) => r.readers.retain(|x| x.id != id),
            Self::ForgetSetting(key) => r.settings.retain(|(k, _)| *k != key),
        }
    }

    fn into_change(self) -> Option<Change> {
        match self {
            Self::Change(change) => Some(change),
            Self::ForgetSource(_) | Self::ForgetReader(_) | Self::ForgetSetting(_) => None,
        }
    }
}

/// Applies one change, all of it or nothing; returns what takes it back.
///
/// `Put…` replaces by id; removing takes dependents along (a lesion its gestures, a gesture its
/// mask) except that a visit must be empty, and removing what is not there changes nothing.
fn apply(records: &mut Records, change: &Change) -> Result<Vec<Back>, Refusal> {
    let r = records;
    let mut inverse = Vec::new();
    let mut forget = None;
    match change {
        Change::PutPatient(patient, identity) => {
            check(patient.id == identity.patient, Refusal::OtherPatient)?;
            let before = put(&mut r.patients, patient, |p| p.id);
            let identity_before = put(&mut r.identities, identity, |i| i.patient);
            inverse.push(match before.zip(identity_before) {
                Some((patient, identity)) => Change::PutPatient(patient, identity),
                None => Change::ErasePatient(patient.id),
            });
        }
        Change::PutTimePoint(time_point) => {
            has_patient(r, time_point.patient)?;
            let moves = |s: &crate::case::Series| {
                s.time_point == time_point.id && s.patient != time_point.patient
            };
            check(!r.series.iter().any(moves), Refusal::OtherPatient)?;
            let before = put(&mut r.time_points, time_point, |t| t.id);
            inverse
                .push(before.map_or(Change::RemoveTimePoint(time_point.id), Change::PutTimePoint));
        }
        Change::RemoveTimePoint(id) => {
            let used = r.series.iter().any(|s| s.time_point == *id);
            check(!used, Refusal::InUse)?;
            inverse.extend(take(&mut r.time_points, *id, |t| t.id).map(Change::PutTimePoint));
            let gone = r.signoffs.extract_if(.., |s| s.time_point == *id);
            inverse.extend(gone.map(Change::PutSignoff));
        }
        Change::PutSeries(series) => {
            let time_point = get(&r.time_points, series.time_point, |t| t.id);
            let owner = time_point.ok_or(Refusal::NoParent)?.patient;
            check(owner == series.patient, Refusal::OtherPatient)?;
            let before = get(&r.series, series.id, |s| s.id);
            let moves = before.is_some_and(|s| s.patient != series.patient);
            let annotated = r.annotations.iter().any(|a| a.series == series.id)
                || r.measurements.iter().any(|m| m.series == series.id);
            check(!(moves && annotated), Refusal::OtherPatient)?;
            let before = put(&mut r.series, series, |s| s.id);
            inverse.push(before.map_or(Change::RemoveSeries(series.id), Change::PutSeries));
        }
        Change::PutSource(source) => {
            patient_of_series(r, source.series)?;
            match put(&mut r.sources, source, |s| s.series) {
                Some(before) => inverse.push(Change::PutSource(before)),
                None => forget = Some(Back::ForgetSource(source.series)),
            }
        }
        Change::RemoveSeries(id) => {
            inverse.extend(take(&mut r.series, *id, |s| s.id).map(Change::PutSeries));
            inverse.extend(take(&mut r.sources, *id, |s| s.series).map(Change::PutSource));
            let view = take(&mut r.series_views, *id, |v| v.0);
            inverse.extend(view.map(|(series, view)| Change::PutSeriesView(series, view)));
            take_annotations(r, |a| a.series == *id, &mut inverse);
            let gone = r.measurements.extract_if(.., |m| m.series == *id);
            inverse.extend(gone.map(Change::PutMeasurement));
        }
        Change::PutLesion(lesion) => {
            has_patient(r, lesion.patient)?;
            let mut others = r.lesions.iter().filter(|l| l.id != lesion.id);
            let taken = others.any(|l| l.patient == lesion.patient && l.label == lesion.label);
            check(!taken, Refusal::LabelTaken)?;
            let before = get(&r.lesions, lesion.id, |l| l.id);
            let moves = before.is_some_and(|l| l.patient != lesion.patient);
            let annotated = moves && r.annotations.iter().any(|a| a.lesion == lesion.id);
            check(!annotated, Refusal::OtherPatient)?;
            let before = put(&mut r.lesions, lesion, |l| l.id);
            inverse.push(before.map_or(Change::RemoveLesion(lesion.id), Change::PutLesion));
        }
        Change::RemoveLesion(id) => {
            inverse.extend(take(&mut r.lesions, *id, |l| l.id).map(Change::PutLesion));
            take_annotations(r, |a| a.lesion == *id, &mut inverse);
        }
        Change::PutAnnotation(annotation) => {
            let of_lesion = patient_of_lesion(r, annotation.lesion)?;
            let of_series = patient_of_series(r, annotation.series)?;
            check(of_lesion == of_series, Refusal::OtherPatient)?;
            let before = put(&mut r.annotations, annotation, |a| a.id);
            inverse.push(before.map_or(
                Change::RemoveAnnotation(annotation.id),
                Change::PutAnnotation,
            ));
        }
        Change::RemoveAnnotation(id) => {
            let gone = take(&mut r.annotations, *id, |a| a.id);
            let mask = take(&mut r.segmented, *id, |s| s.annotation);
            inverse.extend(gone.map(Change::PutAnnotation));
            inverse.extend(mask.map(Change::PutSegmented));
        }
        Change::PutSegmented(segmented) => {
            let known = get(&r.annotations, segmented.annotation, |a| a.id).is_some();
            check(known, Refusal::NoParent)?;
            let before = put(&mut r.segmented, segmented, |s| s.annotation);
            inverse.push(before.map_or(
                Change::RemoveSegmented(segmented.annotation),
                Change::PutSegmented,
            ));
        }
        Change::RemoveSegmented(id) => {
            let mask = take(&mut r.segmented, *id, |s| s.annotation);
            inverse.extend(mask.map(Change::PutSegmented));
        }
        Change::PutMeasurement(measurement) => {
            patient_of_series(r, measurement.series)?;
            check(measurement.figure.is_usable(), Refusal::NoFigure)?;
            let before = put(&mut r.measurements, measurement, |m| m.id);
            inverse.push(before.map_or(
                Change::RemoveMeasurement(measurement.id),
                Change::PutMeasurement,
            ));
        }
        Change::RemoveMeasurement(id) => {
            let gone = take(&mut r.measurements, *id, |m| m.id);
            inverse.extend(gone.map(Change::PutMeasurement));
        }
        Change::PutTreatment(treatment) => {
            has_patient(r, treatment.patient)?;
            let before = put(&mut r.treatments, treatment, |t| t.id);
            inverse
                .push(before.map_or(Change::RemoveTreatment(treatment.id), Change::PutTreatment));
        }
        Change::RemoveTreatment(id) => {
            inverse.extend(take(&mut r.treatments, *id, |t| t.id).map(Change::PutTreatment));
        }
        Change::PutScenario(scenario) => {
            has_patient(r, scenario.patient)?;
            let before = put(&mut r.scenarios, scenario, |s| s.id);
            inverse.push(before.map_or(Change::RemoveScenario(scenario.id), Change::PutScenario));
        }
        Change::RemoveScenario(id) => {
            inverse.extend(take(&mut r.scenarios, *id, |s| s.id).map(Change::PutScenario));
        }
        Change::PutPrior(choice) => {
            has_patient(r, choice.patient)?;
            let before = put(&mut r.priors, choice, |p| p.patient);
            inverse.push(before.map_or(Change::RemovePrior(choice.patient), Change::PutPrior));
        }
        Change::RemovePrior(id) => {
            inverse.extend(take(&mut r.priors, *id, |p| p.patient).map(Change::PutPrior));
        }
        Change::PutReader(reader) => match put(&mut r.readers, reader, |x| x.id) {
            Some(before) => inverse.push(Change::PutReader(before)),
            None => forget = Some(Back::ForgetReader(reader.id)),
        },
        Change::PutSignoff(signoff) => {
            let time_point = get(&r.time_points, signoff.time_point, |t| t.id);
            let owner = time_point.ok_or(Refusal::NoParent)?.patient;
            check(owner == signoff.patient, Refusal::OtherPatient)?;
            if let Some(reader) = signoff.reader {
                let known = get(&r.readers, reader, |x| x.id);
                check(known.is_some(), Refusal::NoParent)?;
            }
            let before = put(&mut r.signoffs, signoff, |s| s.id);
            inverse.push(before.map_or(Change::RemoveSignoff(signoff.id), Change::PutSignoff));
        }
        Change::RemoveSignoff(id) => {
            inverse.extend(take(&mut r.signoffs, *id, |s| s.id).map(Change::PutSignoff));
        }
        Change::ErasePatient(id) => erase(r, *id),
        Change::PutSeriesView(series, view) => {
            patient_of_series(r, *series)?;
            let before = put(&mut r.series_views, &(*series, *view), |v| v.0);
            inverse.push(
                before.map_or(Change::RemoveSeriesView(*series), |(series, view)| {
                    Change::PutSeriesView(series, view)
                }),
            );
        }
        Change::RemoveSeriesView(series) => {
            let view = take(&mut r.series_views, *series, |v| v.0);
            inverse.extend(view.map(|(series, view)| Change::PutSeriesView(series, view)));
        }
        Change::PutSetting(key, value) => {
            let setting = (key.clone(), value.clone());
            match put(&mut r.settings, &setting, |s| s.0.clone()) {
                Some((key, value)) => inverse.push(Change::PutSetting(key, value)),
                None => forget = Some(Back::ForgetSetting(key.clone())),
            }
        }
    }
    Ok(inverse
        .into_iter()
        .map(Back::Change)
        .chain(forget)
        .collect())
}

const fn check(holds: bool, refusal: Refusal) -> Result<(), Refusal> {
    if holds { Ok(()) } else { Err(refusal) }
}

/// The item with this key, of a list sorted by it.
fn get<T, K: Ord>(list: &[T], key: K, of: impl Fn(&T) -> K) -> Option<&T> {
    let at = list.binary_search_by(|item| of(item).cmp(&key)).ok()?;
    list.get(at)
}

/// Puts an item where its key belongs; returns the one that had the key.
fn put<T: Clone, K: Ord>(list: &mut Vec<T>, item: &T, of: impl Fn(&T) -> K) -> Option<T> {
    let key = of(item);
    match list.binary_search_by(|other| of(other).cmp(&key)) {
        Ok(at) => Some(std::mem::replace(&mut list[at], item.clone())),
        Err(at) => {
            list.insert(at, item.clone());
            None
        }
    }
}

/// Takes the item with this key out.
fn take<T, K: Ord>(list: &mut Vec<T>, key: K, of: impl Fn(&T) -> K) -> Option<T> {
    let at = list.binary_search_by(|item| of(item).cmp(&key)).ok()?;
    Some(list.remove(at))
}

/// Takes gestures out with their masks.
fn take_annotations(
    r: &mut Records,
    gone: impl Fn(&Annotation) -> bool,
    inverse: &mut Vec<Change>,
) {
    let annotations: Vec<Annotation> = r.annotations.extract_if(.., |a| gone(a)).collect();
    for annotation in annotations {
        let mask: Option<Segmented> = take(&mut r.segmented, annotation.id, |s| s.annotation);
        inverse.push(Change::PutAnnotation(annotation));
        inverse.extend(mask.map(Change::PutSegmented));
    }
}

fn erase(r: &mut Records, id: PatientId) {
    r.patients.retain(|p| p.id != id);
    r.identities.retain(|i| i.patient != id);
    r.time_points.retain(|t| t.patient != id);
    let gone: Vec<SeriesId> = r
        .series
        .extract_if(.., |s| s.patient == id)
        .map(|s| s.id)
        .collect();
    r.sources.retain(|s| gone.binary_search(&s.series).is_err());
    r.series_views.retain(|v| gone.binary_search(&v.0).is_err());
    r.measurements
        .retain(|m| gone.binary_search(&m.series).is_err());
    r.lesions.retain(|l| l.patient != id);
    let gone: Vec<AnnotationId> = r
        .annotations
        .extract_if(.., |a| gone.binary_search(&a.series).is_ok())
        .map(|a| a.id)
        .collect();
    r.segmented
        .retain(|s| gone.binary_search(&s.annotation).is_err());
    r.treatments.retain(|t| t.patient != id);
    r.scenarios.retain(|s| s.patient != id);
    r.priors.retain(|p| p.patient != id);
    r.signoffs.retain(|s| s.patient != id);
}

fn has_patient(records: &Records, id: PatientId) -> Result<(), Refusal> {
    let known = get(&records.patients, id, |p| p.id).is_some();
    check(known, Refusal::NoParent)
}

fn patient_of_series(records: &Records, id: SeriesId) -> Result<PatientId, Refusal> {
    let found = get(&records.series, id, |s| s.id);
    found.map(|s| s.patient).ok_or(Refusal::NoParent)
}

fn patient_of_lesion(records: &Records, id: LesionId) -> Result<PatientId, Refusal> {
    let found = get(&records.lesions, id, |l| l.id);
    found.map(|l| l.patient).ok_or(Refusal::NoParent)
}
