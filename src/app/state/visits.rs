//! Time points and treatments: splitting, merging, dating.

use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::json;

use super::State;
use crate::app::effect::Effect;
use crate::app::grouping;
use crate::app::treatments::TreatmentEntry;
use crate::app::view::Severity;
use crate::app::view_build::treatment_kind;
use crate::case::{
    AuditAction, AuditNote, Change, Scenario, ScenarioId, Series, SeriesId, StepKind, TimePoint,
    TimePointId, Treatment, TreatmentId,
};
use crate::texts::tr;
use crate::twin::ScenarioChange;

impl State {
    /// Moves the studies that share the date of `series` to a time point of their own; all series
    /// of a time point with a single date cannot be split by date, so there only `series` moves.
    pub(super) fn split_time_point(
        &mut self,
        series: SeriesId,
        now: Timestamp,
        effects: &mut Vec<Effect>,
    ) {
        let Some(chosen) = self.series(series).cloned() else {
            return;
        };
        let all: Vec<Series> = self.series_of(chosen.time_point).cloned().collect();
        let same_date = |s: &Series| s.study_date == chosen.study_date;
        let moving: Vec<Series> = if all.iter().all(same_date) {
            vec![chosen.clone()]
        } else {
            all.iter().filter(|s| same_date(s)).cloned().collect()
        };
        if moving.len() == all.len() {
            self.say(
                Severity::Info,
                tr!("This time point holds a single study, so there is nothing to split"),
                "",
            );
            return;
        }
        let own = TimePoint {
            id: TimePointId(self.ids.next(now)),
            patient: chosen.patient,
            date: chosen.study_date,
            order: self.next_order(),
            by_user: true,
        };
        let staying = all.iter().filter(|s| !moving.contains(s));
        let mut changes = vec![Change::PutTimePoint(own.clone())];
        if let Some(rest) = self.time_point(chosen.time_point) {
            changes.push(Change::PutTimePoint(TimePoint {
                date: grouping::first_date(staying).or(rest.date),
                by_user: true,
                ..rest.clone()
            }));
        }
        let moved: Vec<SeriesId> = moving.iter().map(|s| s.id).collect();
        changes.extend(moving.into_iter().map(|s| {
            Change::PutSeries(Series {
                time_point: own.id,
                ..s
            })
        }));
        let detail = json!({"from": chosen.time_point, "series": moved});
        let audit = AuditNote::new("time_point.split", AuditAction::U, "time_point", own.id)
            .of(own.patient)
            .step(format!("Split {}", self.visit_name(chosen.time_point)))
            .detail(detail);
        if self.commit(changes, audit, effects).is_some() {
            self.after_regrouping(effects);
        }
    }

    pub(super) fn merge_time_points(
        &mut self,
        into: TimePointId,
        from: TimePointId,
        effects: &mut Vec<Effect>,
    ) {
        let (Some(kept), Some(gone)) = (self.time_point(into).cloned(), self.time_point(from))
        else {
            return;
        };
        if into == from || kept.patient != gone.patient {
            return;
        }
        let marked_twice = self
            .lesions_of(kept.patient)
            .find(|l| {
                self.annotation_at(l.id, into).is_some() && self.annotation_at(l.id, from).is_some()
            })
            .map(|l| l.label.clone());
        if let Some(label) = marked_twice {
            self.say(
                Severity::Warning,
                tr!(
                    "{label} is marked at both time points, so they were not merged",
                    label
                ),
                tr!("Remove one of the two marks first."),
            );
            return;
        }
        let patient = kept.patient;
        let moving: Vec<Series> = self.series_of(from).cloned().collect();
        let moved: Vec<SeriesId> = moving.iter().map(|s| s.id).collect();
        let date = [kept.date, gone.date].into_iter().flatten().min();
        let mut changes = vec![Change::PutTimePoint(TimePoint {
            date,
            by_user: true,
            ..kept
        })];
        changes.extend(moving.into_iter().map(|s| {
            Change::PutSeries(Series {
                time_point: into,
                ..s
            })
        }));
        changes.push(Change::RemoveTimePoint(from));
        let detail = json!({"from": from, "series": moved});
        let title = format!(
            "Merge {} into {}",
            self.visit_name(from),
            self.visit_name(into)
        );
        let audit = AuditNote::new("time_point.merge", AuditAction::U, "time_point", into)
            .of(patient)
            .step(title)
            .detail(detail);
        if self.commit(changes, audit, effects).is_some() {
            self.after_regrouping(effects);
        }
    }

    pub(super) fn set_date(&mut self, id: TimePointId, date: Date, effects: &mut Vec<Effect>) {
        let Some(before) = self.time_point(id).cloned() else {
            return;
        };
        if before.date == Some(date) {
            return;
        }
        let detail = json!({"date": date, "date_before": before.date});
        let audit = AuditNote::new("time_point.date", AuditAction::U, "time_point", id)
            .of(before.patient)
            .step(format!("Date {} {date}", self.visit_name(id)))
            .detail(detail);
        let after = TimePoint {
            date: Some(date),
            by_user: true,
            ..before
        };
        let changes = vec![Change::PutTimePoint(after)];
        if self.commit(changes, audit, effects).is_some() {
            self.after_regrouping(effects);
        }
    }

    pub(super) fn next_order(&self) -> u32 {
        let orders = self.records.time_points.iter().map(|t| t.order);
        orders.max().map_or(0, |n| n + 1)
    }

    /// Days have changed: every twin is of older data.
    fn after_regrouping(&mut self, effects: &mut Vec<Effect>) {
        if let Some(patient) = self.shown {
            self.stale_all_twins(patient);
            self.load_patient(patient, effects);
        }
    }

    /// Enters what a reader knows of a treatment; what cannot be understood is refused.
    pub(super) fn take_entry(
        &mut self,
        entry: TreatmentEntry,
        now: Timestamp,
        effects: &mut Vec<Effect>,
    ) {
        let Some(patient) = self.shown else { return };
        if let Err(why) = entry.check() {
            self.refuse(
                tr!("The treatment was not entered: {why}", why),
                tr!("Correct it and enter it again."),
            );
            return;
        }
        let treatment = Treatment {
            id: TreatmentId(self.ids.next(now)),
            patient,
            date: entry.date,
            kind: entry.kind,
            name: entry.name,
            dose: entry.dose,
            unit: entry.unit,
            duration_days: entry.duration_days,
            schedule: entry.schedule,
            fractions: entry.fractions,
        };
        self.add_treatment(treatment, false, effects);
    }

    /// Enters a treatment; one that was `imported` with images is no step, as they are none.
    pub(super) fn add_treatment(
        &mut self,
        treatment: Treatment,
        imported: bool,
        effects: &mut Vec<Effect>,
    ) {
        let detail = json!({
            "kind": treatment.kind, "date": treatment.date, "dose": treatment.dose,
            "duration_days": treatment.duration_days, "schedule": treatment.schedule,
            "fractions": treatment.fractions,
        });
        let patient = treatment.patient;
        let what = if treatment.name.is_empty() {
            treatment_kind(treatment.kind)
        } else {
            &treatment.name
        };
        let audit = AuditNote::new("treatment.add", AuditAction::C, "treatment", treatment.id)
            .of(patient)
            .titled(format!("Enter {what} {}", treatment.date))
            .detail(detail);
        let audit = AuditNote {
            step: if imported {
                StepKind::None
            } else {
                StepKind::Do
            },
            ..audit
        };
        if self
            .commit(vec![Change::PutTreatment(treatment)], audit, effects)
            .is_some()
        {
            self.stale_all_twins(patient);
            self.refresh_twins(effects);
        }
    }

    pub(super) fn remove_treatment(&mut self, id: TreatmentId, effects: &mut Vec<Effect>) {
        let found = self.records.treatments.iter().find(|t| t.id == id);
        let Some(treatment) = found else {
            return;
        };
        let patient = treatment.patient;
        let what = if treatment.name.is_empty() {
            treatment_kind(treatment.kind)
        } else {
            &treatment.name
        };
        let audit = AuditNote::new("treatment.remove", AuditAction::D, "treatment", id)
            .of(patient)
            .step(format!("Remove {what} {}", treatment.date));
        if self
            .commit(vec![Change::RemoveTreatment(id)], audit, effects)
            .is_some()
        {
            self.stale_all_twins(patient);
            self.refresh_twins(effects);
        }
    }

    /// A patient has at most one scenario at a time.
    pub(super) fn set_scenario(
        &mut self,
        change: Option<ScenarioChange>,
        now: Timestamp,
        effects: &mut Vec<Effect>,
    ) {
        let Some(patient) = self.shown else { return };
        let standing = self
            .records
            .scenarios
            .iter()
            .find(|s| s.patient == patient)
            .cloned();
        let (changes, audit) = match (change, standing) {
            (None, None) => return,
            (None, Some(old)) => (
                vec![Change::RemoveScenario(old.id)],
                AuditNote::new("scenario.remove", AuditAction::D, "scenario", old.id)
                    .step("Take the what-if question away"),
            ),
            (Some(change), old) => {
                let id = old.map_or_else(|| ScenarioId(self.ids.next(now)), |s| s.id);
                let detail = serde_json::to_value(&change).unwrap_or_default();
                let scenario = Scenario {
                    id,
                    patient,
                    change,
                };
                (
                    vec![Change::PutScenario(scenario)],
                    AuditNote::new("scenario.set", AuditAction::C, "scenario", id)
                        .step("Ask what if")
                        .detail(detail),
                )
            }
        };
        if self.commit(changes, audit.of(patient), effects).is_some() {
            self.stale_all_twins(patient);
            self.refresh_twins(effects);
        }
    }
}
