//! Who acts, what was done, and how far the readings have come.

use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::column_title;
use crate::app::history::{Listed, Step};
use crate::app::state::State;
use crate::app::summary::Summary;
use crate::app::view::{HistoryRow, HistoryView, ReaderRow, ReadersView, ReadingView};
use crate::app::{lookup, reading};
use crate::case::{PatientId, ReaderId, ReaderRole, ReadingState, Records, Signoff, TimePointId};
use crate::texts::{self, tr};

/// Date of a time in the computer's time zone.
pub(in crate::app) fn local_day(at: Timestamp) -> String {
    let at = at.to_zoned(TimeZone::system());
    at.strftime("%Y-%m-%d").to_string()
}

/// Date and time in the computer's time zone.
pub(in crate::app) fn local_time(at: Timestamp) -> String {
    let at = at.to_zoned(TimeZone::system());
    at.strftime("%Y-%m-%d %H:%M").to_string()
}

/// Name of a reader; empty for an unnamed one.
pub(in crate::app) fn reader_name(records: &Records, id: Option<ReaderId>) -> String {
    let reader = id.and_then(|id| lookup::reader(records, id));
    reader.map(|r| r.name.clone()).unwrap_or_default()
}

/// What a change of the state of a reading says: `Signed by A. Reader (radiologist), approval,
/// 2026-03-01 10:12`.
pub(in crate::app) fn signoff_text(
    records: &Records,
    signoff: &Signoff,
    time: &dyn Fn(Timestamp) -> String,
) -> String {
    let act = match (signoff.state, signoff.reason.is_empty()) {
        (ReadingState::Signed, _) => tr!("Signed"),
        (ReadingState::Reviewed, _) => tr!("Reviewed"),
        (ReadingState::Draft, true) => tr!("Draft again after an edit"),
        (ReadingState::Draft, false) => tr!("Amended"),
    };
    let role = signoff.reader.and_then(|id| lookup::reader(records, id));
    let role = role.map(|r| format!(" ({})", texts::text(r.role.name())));
    let by = if signoff.reader_name.is_empty() {
        String::new()
    } else {
        tr!(
            " by {reader}{role}",
            reader = signoff.reader_name,
            role = role.unwrap_or_default()
        )
    };
    let meaning = signoff
        .meaning
        .map(|m| format!(", {}", texts::text(m.name())));
    let reason = if signoff.reason.is_empty() {
        String::new()
    } else {
        format!(": {}", signoff.reason)
    };
    let (meaning, when) = (meaning.unwrap_or_default(), time(signoff.created));
    format!("{act}{by}{meaning}, {when}{reason}")
}

/// A reader with role, as printed.
pub(in crate::app) fn reader_with_role(name: &str, role: ReaderRole) -> String {
    format!("{name} ({})", role.name())
}

impl State {
    pub(super) fn readers_view(&self) -> ReadersView {
        let row = |r: &crate::case::Reader| ReaderRow {
            id: r.id,
            name: r.name.clone(),
            role: r.role,
        };
        ReadersView {
            current: self.reader().map(|r| r.id),
            all: self.records.readers.iter().map(row).collect(),
        }
    }

    pub(super) fn history_view(&mut self, patient: PatientId) -> HistoryView {
        let Some(history) = self.histories.get(&patient) else {
            return HistoryView::default();
        };
        let revision = history.revision();
        let is_current = |l: &Listed| l.patient == patient && l.revision == revision;
        if !self.listed_history.as_ref().is_some_and(is_current) {
            let row = |step: &Step| {
                let make = || {
                    Arc::new(HistoryRow {
                        id: step.id,
                        title: step.title.clone(),
                        who: reader_name(&self.records, step.reader),
                        when: local_time(step.at),
                        reason: step.reason.clone(),
                    })
                };
                Arc::clone(step.row.get_or_init(make))
            };
            let undone = history.undone().iter().rev();
            let rows = history.done().iter().chain(undone).map(row).collect();
            self.listed_history = Some(Listed {
                patient,
                revision,
                rows,
            });
        }
        let listed = self.listed_history.as_ref();
        HistoryView {
            steps: listed.map(|l| Arc::clone(&l.rows)).unwrap_or_default(),
            standing: history.done().len(),
            undo: history.done().last().map(|s| s.title.clone()),
            redo: history.undone().last().map(|s| s.title.clone()),
            pending: history.is_pending(),
        }
    }

    pub(super) fn reading_view(
        &self,
        n: usize,
        time_point: TimePointId,
        summary: &Summary,
    ) -> ReadingView {
        let text = |s: &Signoff| signoff_text(&self.records, s, &local_time);
        let lines: Vec<String> = reading::signoffs(&self.records, time_point)
            .map(text)
            .collect();
        let (last, earlier) = match lines.split_last() {
            Some((last, earlier)) => (last.clone(), earlier.to_vec()),
            None => (String::new(), Vec::new()),
        };
        ReadingView {
            state: reading::state(&self.records, time_point),
            text: last,
            broken: summary.readings.get(n).is_some_and(|r| r.is_broken),
            has_content: reading::marks(&self.records, time_point).next().is_some(),
            history: earlier,
        }
    }

    /// The readings as a report prints them, visit by visit, times in UTC.
    pub(in crate::app) fn printed_readings(
        &self,
        patient: PatientId,
        summary: &Summary,
    ) -> Vec<crate::report::Reading> {
        let utc = |at: Timestamp| at.strftime("%Y-%m-%d %H:%M UTC").to_string();
        let visits = self.visits(patient).into_iter().enumerate();
        let print = |(n, id): (usize, TimePointId)| {
            let lines = reading::signoffs(&self.records, id);
            let lines = lines
                .map(|s| signoff_text(&self.records, s, &utc))
                .collect();
            crate::report::Reading {
                time_point: column_title(n),
                is_signed: reading::signature(&self.records, id).is_some(),
                is_broken: summary.readings.get(n).is_some_and(|r| r.is_broken),
                lines,
            }
        };
        visits.map(print).collect()
    }
}
