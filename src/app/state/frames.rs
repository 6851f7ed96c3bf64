//! Which volume of a series over time, phase or weighting is shown and measured, and stacks of one
//! series that a reader joins.

use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::json;

use super::State;
use crate::app::effect::{Effect, Failure, Scanned, Work};
use crate::app::lookup;
use crate::app::view::Severity;
use crate::case::{
    AuditAction, AuditNote, Change, FrameOf, PatientId, Series, SeriesId, SeriesSource,
};
use crate::jobs::Lane;
use crate::open::Item;
use crate::warning::{Warning, WarningCode};

/// What begins the part of a W-4D warning that names the volume.
const NAMED: &str = "; volume ";

/// The frame that an item is entered with: the first, where there are several.
pub(super) fn first_of(item: &Item) -> Option<FrameOf> {
    (item.n_frames_4d > 1).then_some(FrameOf {
        index: 0,
        of: item.n_frames_4d,
    })
}

/// Warnings of a series, the one of its several volumes naming that which is measured.
pub(super) fn named(warnings: &[Warning], frame: Option<FrameOf>) -> Vec<Warning> {
    let name = |warning: &Warning| {
        let mut warning = warning.clone();
        if let (WarningCode::FourD, Some(frame)) = (warning.code, frame) {
            let plain = warning.message.split(NAMED).next().unwrap_or_default();
            warning.message = format!("{plain}{NAMED}{} is shown and measured", frame.index + 1);
        }
        warning
    };
    warnings.iter().map(name).collect()
}

impl State {
    /// How many volumes a series has and which is shown; `None` where it is one.
    pub(in crate::app) fn frame_of(&self, series: &Series) -> Option<FrameOf> {
        // Series that were entered before volumes could be chosen say nothing.
        series
            .frame
            .or_else(|| first_of(self.items.get(&series.id)?))
    }

    /// Shows another volume of a series over time, phase or weighting. What was marked stays on the
    /// volume that it was drawn on: where there is such, the other volume becomes a series beside it.
    pub(super) fn choose_frame(
        &mut self,
        series: SeriesId,
        index: usize,
        now: Timestamp,
        effects: &mut Vec<Effect>,
    ) {
        let Some(record) = self.series(series).cloned() else {
            return;
        };
        let Some(shown) = self.frame_of(&record) else {
            self.refuse(
                "This series is one volume",
                "Only series over time, phase or weighting have several.",
            );
            return;
        };
        if index >= shown.of {
            self.refuse(
                format!("This series has {} volumes", shown.of),
                "They are counted from 1.",
            );
            return;
        }
        if index == shown.index {
            return;
        }
        if let Some(beside) = self.entered_with(&record, index) {
            self.show_series(beside, effects);
            return;
        }
        let frame = Some(FrameOf { index, ..shown });
        let warnings = named(&record.warnings, frame);
        let title = format!("Show volume {} of {}", index + 1, shown.of);
        let detail = json!({"frame": index, "before": shown.index, "of": shown.of});
        let is_marked = self.records.annotations.iter().any(|a| a.series == series);
        if is_marked {
            let Some(source) = lookup::source(&self.records, series).cloned() else {
                return;
            };
            let id = SeriesId(self.ids.next(now));
            let changes = vec![
                Change::PutSeries(Series {
                    id,
                    frame,
                    warnings,
                    ..record.clone()
                }),
                Change::PutSource(SeriesSource {
                    series: id,
                    ..source
                }),
            ];
            let note = AuditNote::new("series.frame", AuditAction::C, "series", id)
                .of(record.patient)
                .step(title)
                .detail(detail);
            if self.commit(changes, note, effects).is_some() {
                if let Some(item) = self.items.get(&series).map(Arc::clone) {
                    self.items.insert(id, item);
                }
                self.show_series(id, effects);
            }
            return;
        }
        let after = Series {
            frame,
            warnings,
            ..record
        };
        let note = AuditNote::new("series.frame", AuditAction::U, "series", series)
            .of(after.patient)
            .step(title)
            .detail(detail);
        if self
            .commit(vec![Change::PutSeries(after)], note, effects)
            .is_some()
        {
            self.reload_restated(effects);
        }
    }

    /// The series of the same visit that shows another volume of the same files.
    fn entered_with(&self, record: &Series, index: usize) -> Option<SeriesId> {
        let is_it = |s: &&Series| {
            s.time_point == record.time_point
                && s.fingerprint == record.fingerprint
                && s.frame_index() == index
        };
        self.records.series.iter().find(is_it).map(|s| s.id)
    }

    /// Joins the stacks that a series was split into, as far as one grid can hold them. The parts
    /// stay, and so does what was measured on them.
    pub(super) fn join_stacks(&mut self, series: SeriesId, effects: &mut Vec<Effect>) {
        let Some((patient, source)) = self
            .series(series)
            .map(|s| s.patient)
            .zip(lookup::source(&self.records, series).cloned())
        else {
            return;
        };
        let files = self.files_of(patient, &source);
        let root = source.root;
        let work = Work::Join { root, files };
        self.start("Joining stacks", Lane::Io, work, effects);
    }

    /// Files of all stacks of one series, each once.
    fn files_of(&self, patient: PatientId, source: &SeriesSource) -> Vec<PathBuf> {
        let of_patient =
            |s: &&SeriesSource| self.series(s.series).is_some_and(|s| s.patient == patient);
        let kin = self.records.sources.iter().filter(|s| {
            s.series == source.series
                || (!s.series_uid.is_empty() && s.series_uid == source.series_uid)
        });
        let mut files: Vec<PathBuf> = kin
            .filter(of_patient)
            .flat_map(|s| s.files.iter().cloned())
            .collect();
        files.sort();
        files.dedup();
        files
    }

    /// Enters what was joined, and shows it.
    pub(super) fn absorb_joined(
        &mut self,
        joined: Result<Scanned, Failure>,
        now: Timestamp,
        effects: &mut Vec<Effect>,
    ) {
        let scanned = match joined {
            Ok(scanned) => scanned,
            Err(failure) => {
                self.say_failure(&failure);
                return;
            }
        };
        let before: Vec<SeriesId> = self.records.series.iter().map(|s| s.id).collect();
        self.import(scanned, now, effects);
        let entered = self.records.series.iter().map(|s| s.id);
        let new: Vec<SeriesId> = entered.filter(|id| !before.contains(id)).collect();
        match new.first() {
            Some(first) => {
                self.show_series(*first, effects);
                self.say(
                    Severity::Info,
                    "The stacks were joined to one series, which is shown",
                    "The parts are still in the list of series.",
                );
            }
            None => self.say(
                Severity::Info,
                "These stacks are joined already; the joined one is in the list of series",
                "",
            ),
        }
    }
}
