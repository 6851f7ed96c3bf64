//! Readings: in which state the reading of a time point is, what binds a signature to what was
//! read, and what a signature locks.
//!
//! # What a signature binds
//!
//! `content_sha256` of a [`Signoff`] is the SHA-256 (hex) of the canonical JSON
//! ([`canonical_json`], RFC 8785) of an object with
//!
//! - `time_point`: its `id`, `patient` and `date`,
//! - `series`: `id` and `fingerprint` of every series of the time point,
//! - `annotations`: the gestures on these series as they stand,
//! - `masks`: for each mask made of these gestures `annotation`, `engine`, `mask_sha256`,
//!   `artifact_sha256`, `measured`, `confidence`, the codes of its warnings, and `partial_volume`
//!   and `consistency` where these were worked out,
//! - `lesions`: the lesions that these gestures mark, with label, organ, role and kind,
//! - `measurements`: figures measured on these series, where there are any,
//!
//! each list in the order of its identifiers. While the reading is signed, the program refuses every
//! change of these; a signature whose hash no longer fits shows a change made by other means.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::lookup;
use crate::case::{
    Annotation, AnnotationId, Change, LesionId, Measurement, MeasurementId, ReadingState, Records,
    Series, SeriesId, Signoff, TimePointId,
};
use crate::provenance::canonical_json;

/// Changes of the state of a reading, oldest first.
pub(super) fn signoffs(
    records: &Records,
    time_point: TimePointId,
) -> impl DoubleEndedIterator<Item = &Signoff> {
    let all = records.signoffs.iter();
    all.filter(move |s| s.time_point == time_point)
}

/// The newest change of the state of a reading; identifiers rise.
pub(super) fn newest(records: &Records, time_point: TimePointId) -> Option<&Signoff> {
    signoffs(records, time_point).next_back()
}

/// In which state a reading is.
pub(super) fn state(records: &Records, time_point: TimePointId) -> ReadingState {
    newest(records, time_point).map_or(ReadingState::Draft, |s| s.state)
}

/// The signature that locks a time point, where there is one.
pub(super) fn signature(records: &Records, time_point: TimePointId) -> Option<&Signoff> {
    newest(records, time_point).filter(|s| s.state == ReadingState::Signed)
}

/// Gestures on the series of a time point.
pub(super) fn marks(
    records: &Records,
    time_point: TimePointId,
) -> impl Iterator<Item = &Annotation> {
    let all = records.annotations.iter();
    all.filter(move |a| lookup::visit_of(records, a) == Some(time_point))
}

/// Figures measured on the series of a time point.
pub(super) fn measurements(
    records: &Records,
    time_point: TimePointId,
) -> impl Iterator<Item = &Measurement> {
    let here = move |m: &&Measurement| {
        lookup::series(records, m.series).is_some_and(|s| s.time_point == time_point)
    };
    records.measurements.iter().filter(here)
}

/// SHA-256 (hex) of what is read at a time point; see the head of this file.
pub(super) fn content_sha256(records: &Records, time_point: TimePointId) -> String {
    let point = lookup::time_point(records, time_point);
    let series: Vec<Value> = records
        .series
        .iter()
        .filter(|s| s.time_point == time_point)
        .map(|s| match s.frame {
            None => json!({"id": s.id, "fingerprint": s.fingerprint}),
            Some(frame) => {
                json!({"id": s.id, "fingerprint": s.fingerprint, "frame": frame.index})
            }
        })
        .collect();
    let annotations: Vec<&Annotation> = marks(records, time_point).collect();
    let masks: Vec<Value> = annotations
        .iter()
        .filter_map(|a| lookup::segmented(records, a.id))
        .map(|s| {
            let mut bound = json!({
                "annotation": s.annotation, "engine": s.engine, "mask_sha256": s.mask_sha256,
                "artifact_sha256": s.artifact_sha256, "measured": s.measured,
                "confidence": s.confidence,
                "warnings": s.warnings.iter().map(|w| w.code).collect::<Vec<_>>(),
            });
            // Signatures of a time before these were worked out hold.
            if let (Some(partial), Some(members)) = (s.partial_volume, bound.as_object_mut()) {
                members.insert("partial_volume".to_owned(), json!(partial));
            }
            if let (Some(consistency), Some(members)) = (s.consistency, bound.as_object_mut()) {
                members.insert("consistency".to_owned(), json!(consistency));
            }
            bound
        })
        .collect();
    let marked: BTreeSet<LesionId> = annotations.iter().map(|a| a.lesion).collect();
    let lesions: Vec<_> = marked
        .into_iter()
        .filter_map(|id| lookup::lesion(records, id))
        .collect();
    let mut content = json!({
        "time_point": {
            "id": time_point, "patient": point.map(|p| p.patient), "date": point.and_then(|p| p.date),
        },
        "series": series, "annotations": annotations, "masks": masks, "lesions": lesions,
    });
    let measurements: Vec<&Measurement> = measurements(records, time_point).collect();
    // Signatures of a time before there were any hold.
    if let (false, Some(members)) = (measurements.is_empty(), content.as_object_mut()) {
        members.insert("measurements".to_owned(), json!(measurements));
    }
    hex(&Sha256::digest(canonical_json(&content)))
}

/// Lower-case hex digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

/// Time points whose content these changes would alter, the record standing as given.
pub(super) fn touched(records: &Records, changes: &[Change]) -> BTreeSet<TimePointId> {
    let mut touched = BTreeSet::new();
    // Without any change of state of a reading nothing can be locked, reviewed or broken.
    if records.signoffs.is_empty() {
        return touched;
    }
    let of_series = |id: SeriesId| lookup::series(records, id).map(|s| s.time_point);
    let of_mark = |id: AnnotationId| {
        lookup::annotation(records, id).and_then(|a| lookup::visit_of(records, a))
    };
    let of_measurement =
        |id: MeasurementId| lookup::measurement(records, id).and_then(|m| of_series(m.series));
    let of_lesion = |id: LesionId| {
        let marks = records.annotations.iter().filter(move |a| a.lesion == id);
        marks.filter_map(|a| lookup::visit_of(records, a))
    };
    for change in changes {
        match change {
            Change::PutTimePoint(after) => {
                let before = lookup::time_point(records, after.id);
                touched.extend(before.filter(|b| b.date != after.date).map(|b| b.id));
            }
            Change::RemoveTimePoint(id) => {
                touched.extend(lookup::time_point(records, *id).map(|t| t.id));
            }
            Change::PutSeries(after) => {
                let before = lookup::series(records, after.id);
                if before.is_none_or(|b| !is_same_image(b, after)) {
                    touched.extend(before.map(|b| b.time_point));
                    touched.insert(after.time_point);
                }
            }
            Change::RemoveSeries(id) => touched.extend(of_series(*id)),
            Change::PutLesion(after) => {
                if lookup::lesion(records, after.id).is_some_and(|before| before != after) {
                    touched.extend(of_lesion(after.id));
                }
            }
            Change::RemoveLesion(id) => touched.extend(of_lesion(*id)),
            Change::PutAnnotation(after) => {
                touched.extend(of_mark(after.id));
                touched.extend(of_series(after.series));
            }
            Change::RemoveAnnotation(id) | Change::RemoveSegmented(id) => {
                touched.extend(of_mark(*id));
            }
            Change::PutSegmented(segmented) => touched.extend(of_mark(segmented.annotation)),
            Change::PutMeasurement(after) => {
                touched.extend(of_measurement(after.id));
                touched.extend(of_series(after.series));
            }
            Change::RemoveMeasurement(id) => touched.extend(of_measurement(*id)),
            Change::PutPatient(..)
            | Change::PutSource(_)
            | Change::PutTreatment(_)
            | Change::RemoveTreatment(_)
            | Change::PutScenario(_)
            | Change::RemoveScenario(_)
            | Change::PutPrior(_)
            | Change::RemovePrior(_)
            | Change::PutReader(_)
            | Change::PutSignoff(_)
            | Change::RemoveSignoff(_)
            // Erasing ends what a signature was for.
            | Change::ErasePatient(_)
            | Change::RemoveSeriesView(_)
            | Change::PutSeriesView(..)
            | Change::PutSetting(..) => {}
        }
    }
    touched
}

/// Whether a series stays the same image in the same visit; what is warned of may differ.
fn is_same_image(a: &Series, b: &Series) -> bool {
    a.time_point == b.time_point
        && a.fingerprint == b.fingerprint
        && a.frame_index() == b.frame_index()
}

/// The signature that forbids these changes, the earliest visit first; `None` when nothing does.
pub(super) fn locked_by<'r>(records: &'r Records, changes: &[Change]) -> Option<&'r Signoff> {
    touched(records, changes)
        .into_iter()
        .find_map(|time_point| signature(records, time_point))
}

/// Reviewed time points that these changes make drafts of: touched, not removed altogether, and not
/// made drafts of by the changes themselves, as by redoing an edit.
pub(super) fn unreviewed_by(records: &Records, changes: &[Change]) -> Vec<TimePointId> {
    let is_dealt_with = |reviewed: &Signoff| {
        changes.iter().any(|change| match change {
            Change::RemoveTimePoint(gone) => *gone == reviewed.time_point,
            Change::PutSignoff(put) => {
                put.time_point == reviewed.time_point && put.id > reviewed.id
            }
            _ => false,
        })
    };
    touched(records, changes)
        .into_iter()
        .filter_map(|id| newest(records, id))
        .filter(|s| s.state == ReadingState::Reviewed && !is_dealt_with(s))
        .map(|s| s.time_point)
        .collect()
}
