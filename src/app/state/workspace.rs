//! What concerns the workspace as a whole: erasing a patient, reading it again, crash reports.

use serde_json::Value;

use super::look::shown_series_key;
use super::{SHOWN_PATIENT, State};
use crate::app::effect::Effect;
use crate::app::view::Severity;
use crate::case::{AuditAction, AuditNote, Change, PatientId};
use crate::crash::CrashReport;
use crate::texts::tr;

impl State {
    /// Erases a patient for good. The audit trail keeps that it was, by whom, when and why.
    pub(super) fn erase_patient(
        &mut self,
        patient: PatientId,
        reason: &str,
        effects: &mut Vec<Effect>,
    ) {
        let reason = reason.trim();
        if self.patient(patient).is_none() || self.refuses_to_write() {
            return;
        }
        if reason.is_empty() {
            self.refuse(tr!("The patient was not erased: a reason is required"),
                tr!("State why. The reason is kept when everything else of the patient is gone, so it must not name anybody."),
            );
            return;
        }
        // A job that ended later would leave its results behind.
        self.cancel_all();
        self.erasing = Some((patient, reason.to_owned()));
        self.finish_erasing(effects);
    }

    /// Erases the patient that was to be erased, once no job runs any more.
    pub(super) fn finish_erasing(&mut self, effects: &mut Vec<Effect>) {
        if !self.jobs.is_empty() {
            return;
        }
        let Some((patient, reason)) = self.erasing.take() else {
            return;
        };
        let mut changes = vec![Change::ErasePatient(patient)];
        for visit in self.visits(patient) {
            let key = shown_series_key(visit);
            if self.records.setting::<Value>(&key).is_some() {
                changes.push(Change::PutSetting(key, Value::Null));
            }
            self.shown_series.remove(&visit);
        }
        let mut keys: Vec<String> = self.seen_keys(patient).collect();
        keys.extend(self.keys_of_series(patient));
        changes.extend(
            keys.into_iter()
                .map(|key| Change::PutSetting(key, Value::Null)),
        );
        if self.recent().contains(&patient) {
            changes.push(self.forget_recent(patient));
        }
        let is_shown = self.shown == Some(patient);
        if is_shown {
            changes.push(Change::PutSetting(SHOWN_PATIENT.to_owned(), Value::Null));
        }
        let note = AuditNote::new("patient.erase", AuditAction::D, "patient", patient)
            .of(patient)
            .because(reason);
        if self.commit(changes, note, effects).is_none() {
            return;
        }
        self.forget_drafts_of(patient, effects);
        if is_shown {
            self.shown = None;
            self.selected = None;
            self.unload();
            self.last_report.clear();
        }
        self.histories.remove(&patient);
        self.forget_thumbnail(patient);
        let records = &self.records;
        self.items
            .retain(|id, _| records.series.iter().any(|s| s.id == *id));
        // Messages may name what was erased.
        self.messages.clear();
        self.say(
            Severity::Info,
            tr!("The patient was erased from this workspace"),
            tr!("Original images, and reports and backups that were written, are files of their own and still there."),
        );
    }

    /// Takes the first crash report off the list, to be kept or deleted.
    pub(super) fn settle_crash(&mut self, keep: bool, effects: &mut Vec<Effect>) {
        if !self.crashes.is_empty() {
            let path = self.crashes.remove(0).path;
            effects.push(Effect::SettleCrash { path, keep });
        }
    }

    /// States the crash reports that wait to be dealt with, newest first.
    pub(in crate::app) fn set_crashes(&mut self, crashes: Vec<CrashReport>) {
        self.crashes = crashes;
    }

    /// Says that something beside the record failed.
    pub(in crate::app) fn complain(&mut self, text: String) {
        self.say(Severity::Error, text, "");
    }

    /// Says what came of reading the workspace again.
    pub(in crate::app) fn say_reloaded(&mut self) {
        match self.read_only.clone() {
            Some(reason) => self.say(
                Severity::Info,
                tr!(
                    "The workspace was read again; it still cannot be changed: {reason}",
                    reason
                ),
                "",
            ),
            None => self.say(
                Severity::Info,
                tr!("The workspace was read again and can be changed now"),
                "",
            ),
        }
    }
}
