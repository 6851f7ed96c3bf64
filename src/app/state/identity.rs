//! Whether the studies of a patient belong to one person.

use serde_json::json;

use super::State;
use crate::app::effect::Effect;
use crate::app::lookup;
use crate::case::{AuditAction, AuditNote, Change, PatientId, Series, SeriesId};
use crate::open::Item;
use crate::texts::tr;
use crate::warning::{Warning, WarningCode};

/// Key of the setting that holds the series which were stated to be of this person.
fn one_person_key(patient: PatientId) -> String {
    format!("one_person/{patient}")
}

impl State {
    /// What speaks against an item being of a patient with whose number it comes.
    pub(super) fn identity_warning(&self, patient: PatientId, item: &Item) -> Option<Warning> {
        let identity = lookup::identity(&self.records, patient)?;
        let differs =
            |a: &str, b: &str| !a.is_empty() && !b.is_empty() && !a.eq_ignore_ascii_case(b);
        let mut odd = Vec::new();
        // Without a number, who states a name is not known to be the one who states none.
        let unnumbered = item.patient.id.is_empty();
        let stated_once = |a: bool, b: bool| unnumbered && a != b;
        let (ours, theirs) = (&identity.name, &item.patient.name);
        if differs(ours, theirs) || stated_once(ours.is_empty(), theirs.is_empty()) {
            odd.push("name");
        }
        let (ours, theirs) = (identity.birth_date, item.patient.birth_date);
        if matches!((ours, theirs), (Some(a), Some(b)) if a != b)
            || stated_once(ours.is_some(), theirs.is_some())
        {
            odd.push("birth date");
        }
        if differs(&identity.sex, &item.patient.sex) {
            odd.push("sex");
        }
        let message = if !odd.is_empty() {
            format!(
                "{}, but {} differ{}",
                if unnumbered {
                    "the file states no patient number and lies in a folder named like that of the \
                     other studies"
                } else {
                    "the patient number is that of the other studies"
                },
                odd.join(" and "),
                if odd.len() == 1 { "s" } else { "" }
            )
        } else if item.patient.id.is_empty() && self.is_elsewhere(patient, item) {
            "the file names no patient: only the name of its folder says whose it is, and the other studies lie in another folder of that name".to_owned()
        } else {
            return None;
        };
        Some(Warning::new(WarningCode::Patient, message))
    }

    /// Whether every study of a patient lies in another folder than this file.
    fn is_elsewhere(&self, patient: PatientId, item: &Item) -> bool {
        let folder = item.paths.first().and_then(|p| p.parent());
        let mut sources = self
            .records
            .series
            .iter()
            .filter(|s| s.patient == patient)
            .filter_map(|s| lookup::source(&self.records, s.id))
            .peekable();
        sources.peek().is_some()
            && sources.all(|s| s.files.first().and_then(|f| f.parent()) != folder)
    }

    /// Series of a patient about whose identity something is odd and nothing was stated.
    fn disputed(&self, patient: PatientId) -> Vec<&Series> {
        let stated = self.stated(patient);
        self.records
            .series
            .iter()
            .filter(|s| s.patient == patient)
            .filter(|s| s.warnings.iter().any(|w| w.code == WarningCode::Patient))
            .filter(|s| !stated.contains(&s.id))
            .collect()
    }

    fn stated(&self, patient: PatientId) -> Vec<SeriesId> {
        let key = one_person_key(patient);
        self.records.setting(&key).unwrap_or_default()
    }

    /// Why the studies of a patient may not be compared yet; `None` when they may.
    pub(in crate::app) fn identity_dispute(&self, patient: PatientId) -> Option<String> {
        let disputed = self.disputed(patient);
        let first = disputed
            .iter()
            .flat_map(|s| &s.warnings)
            .find(|w| w.code == WarningCode::Patient)?;
        Some(tr!(
            "{n} series of this patient may be of another person: {why}"
                | "{n} series of this patient may be of another person: {why}" % disputed.len(),
            why = first.message
        ))
    }

    /// Whether something must wait until it is stated whose the studies are, which then is said.
    pub(super) fn must_state_identity(&mut self) -> bool {
        let Some(dispute) = self.shown.and_then(|p| self.identity_dispute(p)) else {
            return false;
        };
        self.refuse(
            tr!("Nothing was done. {dispute}", dispute),
            tr!("Check the identities; then state in the red strip why the studies belong to one person."),
        );
        true
    }

    /// Enters why the studies of the shown patient belong to one person.
    pub(super) fn state_one_person(&mut self, reason: &str, effects: &mut Vec<Effect>) {
        let reason = reason.trim();
        let Some(patient) = self.shown else {
            return;
        };
        let disputed: Vec<SeriesId> = self.disputed(patient).iter().map(|s| s.id).collect();
        if disputed.is_empty() {
            return;
        }
        if reason.is_empty() {
            self.refuse(
                tr!("Nothing was stated: a reason is required"),
                tr!("Say what shows that the studies belong to one person."),
            );
            return;
        }
        let mut stated = self.stated(patient);
        stated.extend(&disputed);
        stated.sort_unstable();
        let value = serde_json::to_value(&stated).unwrap_or_default();
        let note = AuditNote::new("patient.one_person", AuditAction::E, "patient", patient)
            .of(patient)
            .because(reason)
            .detail(json!({"series": disputed}));
        let change = Change::PutSetting(one_person_key(patient), value);
        self.commit(vec![change], note, effects);
    }
}
