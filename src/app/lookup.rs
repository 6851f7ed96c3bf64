//! Finding objects of the record by their identifiers. Every list of [`Records`] is sorted by them.

use crate::case::{
    Annotation, AnnotationId, Lesion, LesionId, Measurement, MeasurementId, PatientId,
    PatientIdentity, Reader, ReaderId, Records, Segmented, Series, SeriesId, SeriesSource,
    TimePoint, TimePointId,
};

/// The item with this key, of a list sorted by it.
fn find<T, K: Ord>(list: &[T], key: K, of: impl Fn(&T) -> K) -> Option<&T> {
    let at = list.binary_search_by(|item| of(item).cmp(&key)).ok()?;
    list.get(at)
}

pub(super) fn identity(records: &Records, id: PatientId) -> Option<&PatientIdentity> {
    find(&records.identities, id, |i| i.patient)
}

pub(super) fn time_point(records: &Records, id: TimePointId) -> Option<&TimePoint> {
    find(&records.time_points, id, |t| t.id)
}

pub(super) fn series(records: &Records, id: SeriesId) -> Option<&Series> {
    find(&records.series, id, |s| s.id)
}

pub(super) fn source(records: &Records, id: SeriesId) -> Option<&SeriesSource> {
    find(&records.sources, id, |s| s.series)
}

pub(super) fn lesion(records: &Records, id: LesionId) -> Option<&Lesion> {
    find(&records.lesions, id, |l| l.id)
}

pub(super) fn annotation(records: &Records, id: AnnotationId) -> Option<&Annotation> {
    find(&records.annotations, id, |a| a.id)
}

pub(super) fn segmented(records: &Records, id: AnnotationId) -> Option<&Segmented> {
    find(&records.segmented, id, |s| s.annotation)
}

pub(super) fn measurement(records: &Records, id: MeasurementId) -> Option<&Measurement> {
    find(&records.measurements, id, |m| m.id)
}

pub(super) fn reader(records: &Records, id: ReaderId) -> Option<&Reader> {
    find(&records.readers, id, |r| r.id)
}

/// The visit of the series that a gesture was made on.
pub(super) fn visit_of(records: &Records, annotation: &Annotation) -> Option<TimePointId> {
    series(records, annotation.series).map(|s| s.time_point)
}
