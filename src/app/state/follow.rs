//! What is shown follows a record that changed in many places at once: masks, images, twins,
//! selection and view.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{Slot, State};
use crate::app::effect::{Effect, Work};
use crate::case::{AnnotationId, Change, LesionId, PatientId, SeriesId};
use crate::jobs::Lane;
use crate::texts::mark;

impl State {
    /// Follows changes that were just made, of which `changes` names everything concerned, and
    /// brings what they concern into view.
    pub(super) fn follow(
        &mut self,
        patient: PatientId,
        changes: &[Change],
        effects: &mut Vec<Effect>,
    ) {
        let mut masks: BTreeSet<AnnotationId> = BTreeSet::new();
        let mut marks: Vec<(AnnotationId, SeriesId)> = Vec::new();
        let mut lesions: BTreeSet<LesionId> = BTreeSet::new();
        let mut measured: Vec<SeriesId> = Vec::new();
        let mut days_moved = false;
        for change in changes {
            match change {
                Change::PutAnnotation(a) => {
                    marks.push((a.id, a.series));
                    lesions.insert(a.lesion);
                }
                Change::RemoveAnnotation(id) | Change::RemoveSegmented(id) => {
                    masks.insert(*id);
                }
                Change::PutSegmented(s) => {
                    masks.insert(s.annotation);
                    lesions.extend(self.annotation(s.annotation).map(|a| a.lesion));
                }
                Change::PutMeasurement(m) => measured.push(m.series),
                Change::PutLesion(l) => {
                    lesions.insert(l.id);
                }
                Change::RemoveLesion(id) => {
                    lesions.insert(*id);
                }
                Change::PutTimePoint(_)
                | Change::RemoveTimePoint(_)
                | Change::PutSeries(_)
                | Change::RemoveSeries(_)
                | Change::PutTreatment(_)
                | Change::RemoveTreatment(_)
                | Change::PutScenario(_)
                | Change::RemoveScenario(_)
                | Change::PutPrior(_)
                | Change::RemovePrior(_) => days_moved = true,
                _ => {}
            }
        }
        for annotation in masks {
            self.forget_mask(annotation);
        }
        self.reload_restated(effects);
        for lesion in &lesions {
            if self.lesion(*lesion).is_some() {
                self.twin_is_stale(*lesion);
            } else {
                self.forget_twin(*lesion);
            }
        }
        if days_moved {
            self.stale_all_twins(patient);
        }
        self.show_marks(&marks, effects);
        for series in measured {
            let visit = self.series(series).map(|s| s.time_point);
            let shown = visit.and_then(|visit| self.series_shown_in(visit));
            if visit.is_some() && shown != Some(series) {
                self.show_series(series, effects);
            }
        }
        let loaded: Vec<SeriesId> = self.images.keys().copied().collect();
        for series in loaded {
            self.complete_masks(series, effects);
        }
        self.load_patient(patient, effects);
        let standing = |id: &LesionId| self.lesion(*id).is_some();
        match lesions.iter().find(|id| standing(id)) {
            // Whoever works on a lesion stays on the slice.
            Some(lesion) if self.selected == Some(*lesion) => {}
            Some(lesion) => self.select_lesion(Some(*lesion), effects),
            None => self.selected = self.selected.filter(standing),
        }
    }

    /// Shows the series of the marks that stand.
    fn show_marks(&mut self, marks: &[(AnnotationId, SeriesId)], effects: &mut Vec<Effect>) {
        for (mark, series) in marks {
            let visit = self.series(*series).map(|s| s.time_point);
            let shown = visit.and_then(|visit| self.series_shown_in(visit));
            if self.annotation(*mark).is_some() && shown != Some(*series) {
                self.show_series(*series, effects);
            }
        }
    }

    /// Loads the masks on a series that stand, and makes those that were not made yet. Does nothing
    /// while the image is not there: taking it in comes back here.
    pub(super) fn complete_masks(&mut self, series: SeriesId, effects: &mut Vec<Effect>) {
        let Some(image) = self.images.get(&series).and_then(Slot::ready) else {
            return;
        };
        let grid = Arc::clone(image.volume.grid());
        let to_segment: Vec<AnnotationId> = self.unsegmented_on(series).collect();
        for annotation in to_segment {
            self.segment_or_wait(annotation, None, effects);
        }
        let to_load: Vec<(AnnotationId, String)> = self
            .records
            .annotations
            .iter()
            .filter(|a| a.series == series && !self.masks.contains_key(&a.id))
            .filter_map(|a| self.segmented(a.id))
            .map(|s| (s.annotation, s.artifact_sha256.clone()))
            .collect();
        for (annotation, artifact_sha256) in to_load {
            let work = Work::LoadMask {
                annotation,
                artifact_sha256,
                grid: Arc::clone(&grid),
            };
            let job = self.start(mark!("Reading masks"), Lane::Io, work, effects);
            self.masks.insert(annotation, Slot::Waiting(job));
        }
    }

    /// Gestures on a series that no mask was made of yet and none is being made of. A signed reading
    /// takes no mask any more.
    pub(super) fn unsegmented_on(&self, series: SeriesId) -> impl Iterator<Item = AnnotationId> {
        self.records
            .annotations
            .iter()
            .filter(move |a| a.series == series && !self.masks.contains_key(&a.id))
            .filter(|a| !a.marking.steps.is_empty())
            .filter(|a| self.segmented(a.id).is_none() && self.signature_on(a).is_none())
            .map(|a| a.id)
    }

    /// Drops the mask of a gesture; a job that makes or loads it is stopped.
    pub(super) fn forget_mask(&mut self, annotation: AnnotationId) {
        if let Some(Slot::Waiting(job)) = self.masks.remove(&annotation) {
            self.cancel(job);
        }
    }

    /// Drops the twin of a lesion; a job that fits it is stopped.
    pub(super) fn forget_twin(&mut self, lesion: LesionId) {
        self.stale_twins.retain(|l| *l != lesion);
        if let Some(Slot::Waiting(job)) = self.twins.remove(&lesion) {
            self.cancel(job);
        }
    }
}
