//! What is shown: patient, series, slice, window. Remembered on disk, not audited.

use std::path::PathBuf;

use super::{SHOWN_PATIENT, Sample, SampleSource, Slot, State};
use crate::app::effect::{Effect, ReadAs, Work};
use crate::app::lookup;
use crate::app::view::{LinkMode, Severity};
use crate::case::{
    AuditAction, AuditNote, Change, LesionId, PatientId, SeriesId, SeriesView, TimePointId,
};
use crate::geometry::Point;
use crate::jobs::Lane;
use crate::open::Watch;
use crate::reformat::Slab;
use crate::texts::{mark, tr};
use crate::volume::{IntensityUnit, WindowLevel};

/// What a picture was made of; equal keys mean equal pixels.
pub(in crate::app) type PictureKey = (usize, WindowLevel, bool, Option<Slab>, u64);

/// Key of the setting that remembers that identities are hidden.
const HIDDEN: &str = "hide_identity";

/// A window of this width shows one value: what it was made of is all alike.
const NARROWEST: f64 = 1e-6;

/// Key of the setting that remembers that a series is shown inverted.
fn inverted_key(series: SeriesId) -> String {
    format!("inverted/{series}")
}

/// Key of the setting that remembers which series a time point shows.
pub(in crate::app) fn shown_series_key(time_point: TimePointId) -> String {
    format!("shown_series/{time_point}")
}

impl State {
    pub(super) fn open_sample(&mut self, sample: usize, effects: &mut Vec<Effect>) {
        let Some(Sample { title, source, .. }) = self.samples.get(sample).cloned() else {
            return;
        };
        match source {
            SampleSource::Phantom(out) => {
                let watch = Watch::default();
                let work = Work::MakePhantom { out, watch };
                self.start(mark!("Making the sample study"), Lane::Cpu, work, effects);
            }
            SampleSource::Folder(Some(path)) => {
                self.look_into(vec![path], effects);
            }
            SampleSource::Folder(None) => self.say(
                Severity::Error,
                tr!("The files of the sample “{title}” were not found", title),
                tr!("Start the program from its source folder, or set ONCOTWIN_SAMPLES to the folder sample_data."),
            ),
        }
    }

    pub(super) fn show_chooser(&mut self, effects: &mut Vec<Effect>) {
        self.shown = None;
        self.selected = None;
        self.unload();
        let change = Change::PutSetting(SHOWN_PATIENT.to_owned(), serde_json::Value::Null);
        self.commit_unaudited(change, effects);
    }

    pub(super) fn show_patient(&mut self, patient: PatientId, effects: &mut Vec<Effect>) {
        if self.patient(patient).is_none() {
            return;
        }
        if self.shown != Some(patient) {
            self.put_off_thumbnail();
            self.unload();
            self.selected = None;
            self.shown = Some(patient);
            self.note_opening(patient, effects);
            self.note_recent(patient, effects);
            let value = serde_json::to_value(patient).unwrap_or_default();
            self.commit_unaudited(Change::PutSetting(SHOWN_PATIENT.to_owned(), value), effects);
        }
        self.load_patient(patient, effects);
    }

    /// Enters into the audit trail that a patient is looked at.
    pub(super) fn note_opening(&mut self, patient: PatientId, effects: &mut Vec<Effect>) {
        let note = AuditNote::new("patient.open", AuditAction::R, "patient", patient).of(patient);
        self.note(note, effects);
    }

    /// Gives the memory of images and masks back.
    pub(super) fn unload(&mut self) {
        let images = self.images.values().filter_map(Slot::job);
        let masks = self.masks.values().filter_map(Slot::job);
        let twins = self.twins.values().filter_map(Slot::job);
        let links = self.links.jobs();
        let sum = self.sum.job();
        for job in images.chain(masks).chain(twins).chain(links).chain(sum) {
            self.cancel(job);
        }
        self.images.clear();
        self.masks.clear();
        self.pictures.clear();
        self.sections.clear();
        self.fused.clear();
        self.slabs.clear();
        self.drop_surfaces();
        self.gauged = super::measurements::Gauged::default();
        self.links = super::links::Links::default();
        self.twins.clear();
        self.stale_twins.clear();
        self.sum = super::sums::Sum::default();
        self.versions = None;
        self.traced = None;
    }

    /// Loads what the columns of a patient show, the masks that stand, and the twins.
    pub(super) fn load_patient(&mut self, patient: PatientId, effects: &mut Vec<Effect>) {
        self.load_history(patient, effects);
        for time_point in self.visits(patient) {
            if let Some(series) = self.series_shown_in(time_point) {
                self.load_series(series, effects);
            }
        }
        self.load_fused(effects);
        let lesions: Vec<LesionId> = self.lesions_of(patient).map(|l| l.id).collect();
        for lesion in lesions {
            if !self.twins.contains_key(&lesion) {
                self.twin_is_stale(lesion);
            }
        }
        let annotated: Vec<SeriesId> = self
            .records
            .annotations
            .iter()
            .filter(|a| self.segmented(a.id).is_none())
            .filter(|a| self.series(a.series).is_some_and(|s| s.patient == patient))
            .map(|a| a.series)
            .collect();
        for series in annotated {
            self.load_series(series, effects);
        }
        self.refresh_twins(effects);
    }

    /// The series that a time point shows: the one chosen, else one that carries a lesion, else
    /// CT before MR before the rest, the one with most slices first.
    pub(in crate::app) fn series_shown_in(&self, time_point: TimePointId) -> Option<SeriesId> {
        let chosen = self.shown_series.get(&time_point);
        let chosen = chosen.filter(|id| {
            self.series(**id)
                .is_some_and(|s| s.time_point == time_point)
        });
        if let Some(id) = chosen {
            return Some(*id);
        }
        let is_annotated = |id: SeriesId| {
            self.records.annotations.iter().any(|a| a.series == id)
                || self.records.measurements.iter().any(|m| m.series == id)
        };
        self.series_of(time_point)
            .max_by_key(|s| {
                let rank = match s.modality.code() {
                    "CT" => 2,
                    "MR" => 1,
                    _ => 0,
                };
                (
                    is_annotated(s.id),
                    rank,
                    s.shape[2],
                    std::cmp::Reverse(s.id),
                )
            })
            .map(|s| s.id)
    }

    /// Loads the pixels of a series unless they are there or on their way.
    pub(super) fn load_series(&mut self, series: SeriesId, effects: &mut Vec<Effect>) {
        if matches!(
            self.images.get(&series),
            Some(Slot::Ready(_) | Slot::Waiting(_))
        ) {
            return;
        }
        let source = lookup::source(&self.records, series).cloned();
        let (Some(source), Some(record)) = (source, self.series(series)) else {
            return;
        };
        let work = Work::Load {
            series,
            item: self.items.get(&series).cloned(),
            source,
            fingerprint: record.fingerprint.clone(),
            read_as: ReadAs::of(record),
        };
        let job = self.start(mark!("Loading images"), Lane::Io, work, effects);
        self.images.insert(series, Slot::Waiting(job));
    }

    pub(super) fn show_series(&mut self, series: SeriesId, effects: &mut Vec<Effect>) {
        let Some(time_point) = self.series(series).map(|s| s.time_point) else {
            return;
        };
        self.shown_series.insert(time_point, series);
        let value = serde_json::to_value(series).unwrap_or_default();
        self.commit_unaudited(
            Change::PutSetting(shown_series_key(time_point), value),
            effects,
        );
        // A failed image is tried again: the files may be back.
        if matches!(self.images.get(&series), Some(Slot::Failed(_))) {
            self.images.remove(&series);
        }
        self.load_series(series, effects);
        self.load_fused(effects);
    }

    pub(super) fn set_slice(&mut self, series: SeriesId, slice: usize, effects: &mut Vec<Effect>) {
        let Some(n_slices) = self.series(series).map(|s| s.shape[2]) else {
            return;
        };
        let slice = slice.min(n_slices.saturating_sub(1));
        let left = self.view_of(series).slice;
        if left != slice {
            // It was on screen until now: what is shown only from now on was not looked at yet.
            self.note_seen(series, left, effects);
        }
        self.edit_view(series, effects, |view| view.slice = slice);
    }

    pub(super) fn edit_view(
        &mut self,
        series: SeriesId,
        effects: &mut Vec<Effect>,
        edit: impl FnOnce(&mut SeriesView),
    ) {
        if self.series(series).is_none() {
            return;
        }
        let before = self.view_of(series);
        let mut view = before;
        edit(&mut view);
        if view != before {
            self.commit_unaudited(Change::PutSeriesView(series, view), effects);
        }
    }

    /// Sets the window of a series, and of those beside it whose values mean the same: tissue that
    /// looks alike at two time points then is alike.
    pub(super) fn set_window(
        &mut self,
        series: SeriesId,
        window: Option<WindowLevel>,
        effects: &mut Vec<Effect>,
    ) {
        for other in self.alike(series) {
            self.edit_view(other, effects, |view| view.window = window);
        }
        self.remember_window(series, window, effects);
    }

    /// A series, and those on screen that are linked to it and have values of the same absolute unit.
    fn alike(&self, series: SeriesId) -> Vec<SeriesId> {
        let unit_of = |id: SeriesId| {
            let unit = self.images.get(&id).and_then(Slot::ready)?.volume.unit;
            // Arbitrary units mean something else in each scan.
            (unit != IntensityUnit::Arbitrary).then_some(unit)
        };
        let linked = |id: SeriesId| self.link_mode(id) != LinkMode::Off;
        let unit = unit_of(series).filter(|_| linked(series));
        let others = self.series_on_screen().into_iter().filter(|other| {
            *other != series && unit.is_some() && unit_of(*other) == unit && linked(*other)
        });
        std::iter::once(series).chain(others).collect()
    }

    /// Sets the window by the values of the slice shown, or of a rectangle in it: from their 0.1 to
    /// their 99.9 percentile.
    pub(super) fn auto_window(
        &mut self,
        series: SeriesId,
        region: Option<[Point; 2]>,
        effects: &mut Vec<Effect>,
    ) {
        let Some(image) = self.images.get(&series).and_then(Slot::ready) else {
            return;
        };
        let grid = image.volume.grid();
        let [ni, nj, nk] = grid.shape();
        let k = self.view_of(series).slice.min(nk - 1);
        let (mut i, mut j) = (0..ni, 0..nj);
        if let Some([a, b]) = region {
            let (a, b) = (grid.voxel_from_patient(a), grid.voxel_from_patient(b));
            let span = |a: f64, b: f64, n: usize| {
                let last = n as f64 - 1.0;
                let at = |v: f64| v.round().clamp(0.0, last) as usize;
                at(a.min(b))..at(a.max(b)) + 1
            };
            (i, j) = (span(a.i, b.i, ni), span(a.j, b.j, nj));
        }
        let mut row = vec![f32::NAN; i.len()];
        let mut values = Vec::with_capacity(i.len() * j.len());
        for j in j {
            image.volume.row_into([i.start, j, k], &mut row);
            values.extend(row.iter().copied().filter(|v| !v.is_nan()));
        }
        match WindowLevel::automatic(values.into_iter()).filter(|w| w.width > NARROWEST) {
            Some(window) => self.set_window(series, Some(window), effects),
            None => self.refuse(
                tr!("The window stays as it is: all values there are alike"),
                tr!("Choose a larger part of the picture."),
            ),
        }
    }

    /// Whether a series is shown inverted, beside what its file says.
    pub(in crate::app) fn is_inverted(&self, series: SeriesId) -> bool {
        let key = inverted_key(series);
        self.records.setting(&key).unwrap_or(false)
    }

    /// Whether what tells who the patients are is left out of the window.
    pub(in crate::app) fn hides_identity(&self) -> bool {
        self.records.setting(HIDDEN).unwrap_or(false)
    }

    pub(super) fn hide_identity(&mut self, hidden: bool, effects: &mut Vec<Effect>) {
        let change = Change::PutSetting(HIDDEN.to_owned(), hidden.into());
        self.commit_unaudited(change, effects);
    }

    pub(super) fn invert(&mut self, series: SeriesId, effects: &mut Vec<Effect>) {
        if self.series(series).is_none() {
            return;
        }
        let value = (!self.is_inverted(series)).into();
        let change = Change::PutSetting(inverted_key(series), value);
        self.commit_unaudited(change, effects);
    }

    /// Selects a lesion and brings it into view wherever it is marked.
    pub(super) fn select_lesion(&mut self, lesion: Option<LesionId>, effects: &mut Vec<Effect>) {
        self.selected = lesion.filter(|id| self.lesion(*id).is_some());
        let Some(lesion) = self.selected else { return };
        let marks: Vec<_> = self
            .records
            .annotations
            .iter()
            .filter(|a| a.lesion == lesion)
            .map(|a| (a.id, a.series, a.marking.place()))
            .collect();
        let marked: Vec<_> = marks
            .iter()
            .filter_map(|(_, series, place)| Some((*series, (*place)?)))
            .collect();
        self.look_where_unmarked(&marked, effects);
        for (annotation, series, place) in marks {
            let on_mask = self.segmented(annotation).map(|s| s.measured.axis_slice);
            let slice = on_mask.or_else(|| {
                let image = self.images.get(&series).and_then(Slot::ready)?;
                let k = image.volume.grid().voxel_from_patient(place?).k;
                Some(k.round().max(0.0) as usize)
            });
            if let Some(slice) = slice {
                self.set_slice(series, slice, effects);
            }
            if let Some(place) = place {
                self.look_at_planes(series, effects, |look| look.at = Some(place));
            }
        }
    }

    /// The folder in which the shown patient's report is proposed.
    #[must_use]
    pub fn export_folder(&self) -> PathBuf {
        self.workspace.join("reports")
    }
}
