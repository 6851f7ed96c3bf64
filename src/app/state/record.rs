//! Looking things up in the record.

use super::State;
use crate::app::lookup;
use crate::app::view_build::{column_title, visit_title};
use crate::app::{grouping, reading};
use crate::case::{
    Annotation, AnnotationId, Lesion, LesionId, Patient, PatientId, Reader, Segmented, Series,
    SeriesId, SeriesView, Signoff, TimePoint, TimePointId,
};

impl State {
    /// Who acts.
    pub(in crate::app) fn reader(&self) -> Option<&Reader> {
        lookup::reader(&self.records, self.reader?)
    }

    pub(in crate::app) fn patient(&self, id: PatientId) -> Option<&Patient> {
        self.records.patients.iter().find(|p| p.id == id)
    }

    pub(in crate::app) fn series(&self, id: SeriesId) -> Option<&Series> {
        lookup::series(&self.records, id)
    }

    pub(in crate::app) fn series_of(
        &self,
        time_point: TimePointId,
    ) -> impl Iterator<Item = &Series> {
        self.records
            .series
            .iter()
            .filter(move |s| s.time_point == time_point)
    }

    pub(in crate::app) fn time_point(&self, id: TimePointId) -> Option<&TimePoint> {
        lookup::time_point(&self.records, id)
    }

    /// The patient's visits, oldest first.
    pub(in crate::app) fn visits(&self, patient: PatientId) -> Vec<TimePointId> {
        let points = grouping::ordered(&self.records, patient);
        points.into_iter().map(|t| t.id).collect()
    }

    pub(in crate::app) fn lesion(&self, id: LesionId) -> Option<&Lesion> {
        lookup::lesion(&self.records, id)
    }

    pub(in crate::app) fn lesions_of(&self, patient: PatientId) -> impl Iterator<Item = &Lesion> {
        self.records
            .lesions
            .iter()
            .filter(move |l| l.patient == patient)
    }

    /// Label of a lesion; empty when it is not there.
    pub(in crate::app) fn label(&self, id: LesionId) -> String {
        self.lesion(id).map(|l| l.label.clone()).unwrap_or_default()
    }

    /// What the column of a visit is called: `Baseline`, `Follow-up 1`, …
    pub(in crate::app) fn visit_name(&self, id: TimePointId) -> String {
        let Some(patient) = self.time_point(id).map(|t| t.patient) else {
            return String::new();
        };
        let at = self.visits(patient).iter().position(|t| *t == id);
        at.map(column_title).unwrap_or_default()
    }

    /// The same in the language of the window, for messages; never for what is stored.
    pub(in crate::app) fn visit_title(&self, id: TimePointId) -> String {
        let patient = self.time_point(id).map(|t| t.patient);
        let at = patient.and_then(|p| self.visits(p).iter().position(|t| *t == id));
        at.map(visit_title).unwrap_or_default()
    }

    pub(in crate::app) fn annotation(&self, id: AnnotationId) -> Option<&Annotation> {
        lookup::annotation(&self.records, id)
    }

    pub(in crate::app) fn segmented(&self, id: AnnotationId) -> Option<&Segmented> {
        lookup::segmented(&self.records, id)
    }

    /// The gesture that counts for a lesion at a time point: the newest.
    pub(in crate::app) fn annotation_at(
        &self,
        lesion: LesionId,
        time_point: TimePointId,
    ) -> Option<&Annotation> {
        self.records
            .annotations
            .iter()
            .filter(|a| a.lesion == lesion)
            .filter(|a| lookup::visit_of(&self.records, a) == Some(time_point))
            .max_by_key(|a| (a.created, a.id))
    }

    /// The signature that locks the visit of a gesture.
    pub(in crate::app) fn signature_on(&self, annotation: &Annotation) -> Option<&Signoff> {
        let time_point = lookup::visit_of(&self.records, annotation)?;
        reading::signature(&self.records, time_point)
    }

    pub(in crate::app) fn view_of(&self, series: SeriesId) -> SeriesView {
        let views = &self.records.series_views;
        let found = views.binary_search_by_key(&series, |(id, _)| *id).ok();
        found.and_then(|at| views.get(at)).map_or_else(
            || {
                let middle = self.series(series).map_or(0, |s| s.shape[2] / 2);
                SeriesView {
                    slice: middle,
                    ..SeriesView::default()
                }
            },
            |(_, view)| *view,
        )
    }
}
