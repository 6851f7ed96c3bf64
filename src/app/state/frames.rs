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
    AuditAction, AuditNote, Change, FrameOf, PatientId, Series, SeriesId, SeriesSource, TimePointId,
};
use crate::jobs::Lane;
use crate::open::Item;
use crate::texts::{mark, tr};
use crate::warning::{self, WarningCode};

/// The frame that an item is entered with: the first, where there are several.
pub(super) fn first_of(item: &Item) -> Option<FrameOf> {
    (item.n_frames_4d > 1).then_some(FrameOf {
        index: 0,
        of: item.n_frames_4d,
    })
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
                tr!("This series is one volume"),
                tr!("Only series over time, phase or weighting have several."),
            );
            return;
        };
        if index >= shown.of {
            self.refuse(
                tr!("This series has {n} volumes" | "This series has {n} volumes" % shown.of),
                tr!("They are counted from 1."),
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
        let warnings = warning::naming_frame(&record.warnings, Some(index));
        let title = format!("Show volume {} of {}", index + 1, shown.of);
        let detail = json!({"frame": index, "before": shown.index, "of": shown.of});
        let is_marked = self.records.annotations.iter().any(|a| a.series == series)
            || self.records.measurements.iter().any(|m| m.series == series);
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
        let Some((record, source)) = self
            .series(series)
            .zip(lookup::source(&self.records, series))
        else {
            return;
        };
        let mut files: Vec<PathBuf> = self
            .stacks_of(record.patient, source)
            .flat_map(|s| s.files.iter().cloned())
            .collect();
        files.sort();
        files.dedup();
        let work = Work::Join {
            root: source.root.clone(),
            files,
            visit: record.time_point,
        };
        self.start(mark!("Joining stacks"), Lane::Io, work, effects);
    }

    /// Where all stacks of one series are, itself among them.
    fn stacks_of<'a>(
        &'a self,
        patient: PatientId,
        source: &'a SeriesSource,
    ) -> impl Iterator<Item = &'a SeriesSource> {
        let is_kin = move |s: &&SeriesSource| {
            s.series == source.series
                || (!s.series_uid.is_empty() && s.series_uid == source.series_uid)
        };
        let is_theirs =
            move |s: &&SeriesSource| self.series(s.series).is_some_and(|s| s.patient == patient);
        self.records.sources.iter().filter(is_kin).filter(is_theirs)
    }

    /// Whether a series is one of several stacks of one series.
    pub(in crate::app) fn is_split(&self, record: &Series) -> bool {
        let parted = |s: &Series| s.warnings.iter().any(|w| w.code == WarningCode::Split);
        let Some(source) = lookup::source(&self.records, record.id) else {
            return false;
        };
        let parts = self
            .stacks_of(record.patient, source)
            .filter_map(|s| self.series(s.series))
            .filter(|s| parted(s) && s.fingerprint != record.fingerprint);
        parted(record) && parts.count() > 0
    }

    /// Enters what was joined into the visit of its parts, and shows it.
    pub(super) fn absorb_joined(
        &mut self,
        visit: TimePointId,
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
        let prints: Vec<String> = scanned
            .items
            .iter()
            .map(|(_, print)| print.clone())
            .collect();
        let find = |state: &Self| {
            let mut series = state.records.series.iter();
            let found = series.find(|s| s.time_point == visit && prints.contains(&s.fingerprint));
            found.map(|s| s.id)
        };
        let before = find(self);
        self.import(scanned, Some(visit), now, effects);
        // A signed reading keeps it out, and says so.
        let Some(series) = find(self) else { return };
        self.show_series(series, effects);
        let text = match before {
            None => tr!("The stacks were joined to one series, which is shown"),
            Some(_) => tr!("These stacks are joined already; the joined one is shown"),
        };
        self.say(
            Severity::Info,
            text,
            tr!("The parts are still in the list of series."),
        );
    }
}
