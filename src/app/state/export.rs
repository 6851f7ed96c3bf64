//! Gathering what a report needs and starting to write it.

use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;

use super::{Image, Slot, State};
use crate::app::effect::{Effect, Work};
use crate::app::report_input::{KeyView, ReportInput};
use crate::app::view::Severity;
use crate::app::view_build::reader_with_role;
use crate::app::{VERSION, figure_text, grouping, reading, twin_input};
use crate::case::{Measurement, PatientId, TimePoint};
use crate::jobs::Lane;
use crate::report::{Format, MeasuredFigure};
use crate::texts::{self, mark, tr};
use crate::volume::WindowLevel;

impl State {
    /// Writes the report of the shown patient.
    pub(super) fn export(
        &mut self,
        dir: PathBuf,
        formats: Vec<Format>,
        now: Timestamp,
        effects: &mut Vec<Effect>,
    ) {
        let Some(patient) = self.shown else {
            self.say(
                Severity::Error,
                tr!("No patient is shown, so there is nothing to report"),
                "",
            );
            return;
        };
        let figures = self.measured_figures(patient);
        if self.lesions_of(patient).next().is_none() && figures.is_empty() {
            self.say(
                Severity::Error,
                tr!("Nothing is measured, so there is nothing to report"),
                tr!("Drag the longest diameter of a lesion, or measure a figure, first."),
            );
            return;
        }
        if self.refuses_to_write() {
            return;
        }
        let _english = texts::english();
        let summary = self.summary(patient);
        let growth = self
            .lesions_of(patient)
            .map(|l| l.id)
            .enumerate()
            .filter_map(|(color, id)| Some((color, self.growth_of(id)?)))
            .collect();
        let input = ReportInput {
            software: format!("OncoTwin {VERSION}"),
            created: now,
            audit_head: self.audit_head.clone(),
            reader: self
                .reader()
                .map(|r| reader_with_role(&r.name, r.role))
                .unwrap_or_default(),
            readings: self.printed_readings(patient, &summary),
            baseline: twin_input::baseline(self, patient),
            summary,
            growth,
            key_views: self.key_views(patient),
            figures,
        };
        let work = Work::Export {
            input: Box::new(input),
            dir,
            formats,
        };
        self.start(mark!("Writing the report"), Lane::Cpu, work, effects);
    }

    /// The figures of a patient with what they measure, visit by visit.
    fn measured_figures(&mut self, patient: PatientId) -> Vec<MeasuredFigure> {
        let _english = texts::english();
        let mut rows = Vec::new();
        let points = grouping::ordered(&self.records, patient);
        let points: Vec<TimePoint> = points.into_iter().cloned().collect();
        for point in points {
            let here: Vec<Measurement> = reading::measurements(&self.records, point.id)
                .cloned()
                .collect();
            for measurement in here {
                let series = self.series(measurement.series);
                let modality = series.map_or_else(String::new, |s| s.modality.code().to_owned());
                let measures = self.gauged(measurement.id);
                rows.push(MeasuredFigure {
                    id: measurement.id.to_string(),
                    time_point: self.visit_name(point.id),
                    date: point.date.map(|d| d.to_string()).unwrap_or_default(),
                    modality,
                    label: measurement.label,
                    lines: measures
                        .map(|m| figure_text::lines(&measurement.figure, &m))
                        .unwrap_or_default(),
                    measures,
                    figure: measurement.figure,
                });
            }
        }
        rows
    }

    /// The lesion with the longest diameter at its first, last and middle visit, in this order.
    pub(super) fn largest_views(&self, patient: PatientId) -> Vec<KeyView> {
        let mut views = self.key_views(patient);
        let length = |view: &KeyView| view.measured.long_axis.length.value();
        let largest = views.iter().max_by(|a, b| length(a).total_cmp(&length(b)));
        let Some(color) = largest.map(|view| view.color) else {
            return Vec::new();
        };
        views.retain(|view| view.color == color);
        let middle = views.len() / 2;
        let mut wanted = vec![0, views.len() - 1, middle];
        wanted.dedup();
        let mut of_visits: Vec<Option<KeyView>> = views.into_iter().map(Some).collect();
        wanted
            .into_iter()
            .filter_map(|n| of_visits[n].take())
            .collect()
    }

    /// One picture per lesion and visit, all visits of a lesion in the same window.
    fn key_views(&self, patient: PatientId) -> Vec<KeyView> {
        let points = grouping::ordered(&self.records, patient);
        let mut views = Vec::new();
        for (color, lesion) in self.lesions_of(patient).enumerate() {
            let mut window: Option<WindowLevel> = None;
            for (n, point) in points.iter().enumerate() {
                let Some(mark) = self.annotation_at(lesion.id, point.id) else {
                    continue;
                };
                let image = self.images.get(&mark.series).and_then(Slot::ready);
                let mask = self.masks.get(&mark.id).and_then(Slot::ready);
                let (
                    Some(Image {
                        volume,
                        window: own,
                        ..
                    }),
                    Some(mask),
                    Some(segmented),
                ) = (image, mask, self.segmented(mark.id))
                else {
                    continue;
                };
                let shown = self.view_of(mark.series).window.unwrap_or(*own);
                views.push(KeyView {
                    label: lesion.label.clone(),
                    color,
                    time_point: n,
                    volume: Arc::clone(volume),
                    mask: Arc::clone(mask),
                    measured: segmented.measured.clone(),
                    window: *window.get_or_insert(shown),
                });
            }
        }
        views
    }
}
