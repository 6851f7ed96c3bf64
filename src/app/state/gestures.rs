//! Lesions and their marks: entering, linking, editing, removing.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::json;

use super::State;
use crate::app::effect::Effect;
use crate::app::view::Severity;
use crate::case::{
    AnnotationId, AuditAction, AuditNote, Change, Lesion, LesionId, LesionRole, PatientId,
};
use crate::texts::tr;

impl State {
    pub(super) fn new_lesion(&mut self, patient: PatientId, now: Timestamp) -> Lesion {
        let taken: BTreeSet<&str> = self.lesions_of(patient).map(|l| l.label.as_str()).collect();
        let label = (1..)
            .map(|n| format!("L{n}"))
            .find(|label| !taken.contains(label.as_str()))
            .unwrap_or_default();
        Lesion {
            id: LesionId(self.ids.next(now)),
            patient,
            label,
            organ: String::new(),
            role: LesionRole::Target,
            nodal: false,
        }
    }

    pub(super) fn remove_annotation(&mut self, id: AnnotationId, effects: &mut Vec<Effect>) {
        let Some((lesion, series)) = self.annotation(id).map(|a| (a.lesion, a.series)) else {
            return;
        };
        let Some((patient, time_point)) = self.series(series).map(|s| (s.patient, s.time_point))
        else {
            return;
        };
        let title = format!(
            "Remove the mark of {} · {}",
            self.label(lesion),
            self.visit_name(time_point)
        );
        let mut changes = vec![Change::RemoveAnnotation(id)];
        let is_last = !self
            .records
            .annotations
            .iter()
            .any(|a| a.lesion == lesion && a.id != id);
        if is_last {
            changes.push(Change::RemoveLesion(lesion));
        }
        let detail = json!({"lesion": lesion, "lesion_removed": is_last});
        let audit = AuditNote::new("annotation.remove", AuditAction::D, "annotation", id)
            .of(patient)
            .step(title)
            .detail(detail);
        if self.commit(changes, audit, effects).is_some() {
            self.forget_mask(id);
            self.after_lesion_change(lesion, effects);
        }
    }

    pub(super) fn link_annotation(
        &mut self,
        id: AnnotationId,
        lesion: Option<LesionId>,
        now: Timestamp,
        effects: &mut Vec<Effect>,
    ) {
        let Some(mut annotation) = self.annotation(id).cloned() else {
            return;
        };
        let Some(series) = self.series(annotation.series) else {
            return;
        };
        let (patient, time_point) = (series.patient, series.time_point);
        let from = annotation.lesion;
        if lesion == Some(from) {
            return;
        }
        if let Some(occupied) = lesion
            .and_then(|l| self.annotation_at(l, time_point))
            .map(|a| a.lesion)
        {
            let label = self
                .lesion(occupied)
                .map(|l| l.label.clone())
                .unwrap_or_default();
            self.say(
                Severity::Warning,
                tr!(
                    "{label} is marked at this time point already, so nothing was linked",
                    label
                ),
                tr!("Remove one of the two marks first."),
            );
            return;
        }
        let mut changes = Vec::new();
        let (to, to_label) = match lesion.and_then(|id| self.lesion(id)) {
            Some(known) => (known.id, known.label.clone()),
            None => {
                let new = self.new_lesion(patient, now);
                let named = (new.id, new.label.clone());
                changes.push(Change::PutLesion(new));
                named
            }
        };
        let title = format!(
            "Link {} · {} to {to_label}",
            self.label(from),
            self.visit_name(time_point)
        );
        annotation.lesion = to;
        changes.push(Change::PutAnnotation(annotation));
        if !self
            .records
            .annotations
            .iter()
            .any(|a| a.lesion == from && a.id != id)
        {
            changes.push(Change::RemoveLesion(from));
        }
        let detail = json!({"from": from, "to": to});
        let audit = AuditNote::new("annotation.link", AuditAction::U, "annotation", id)
            .of(patient)
            .step(title)
            .detail(detail);
        if self.commit(changes, audit, effects).is_some() {
            self.after_lesion_change(from, effects);
            self.after_lesion_change(to, effects);
        }
    }

    pub(super) fn edit_lesion(
        &mut self,
        id: LesionId,
        label: &str,
        organ: String,
        role: LesionRole,
        nodal: bool,
        effects: &mut Vec<Effect>,
    ) {
        let Some(before) = self.lesion(id).cloned() else {
            return;
        };
        let label = label.trim();
        let is_taken = self
            .lesions_of(before.patient)
            .any(|l| l.id != id && l.label == label);
        if label.is_empty() || is_taken {
            self.say(
                Severity::Warning,
                tr!("A lesion needs a label that no other lesion of the patient has"),
                tr!("{label} keeps its label.", label = before.label),
            );
            return;
        }
        let before_label = before.label.clone();
        let after = Lesion {
            label: label.to_owned(),
            organ,
            role,
            nodal,
            ..before
        };
        if after == before {
            return;
        }
        let detail = json!({
            "role": after.role, "nodal": after.nodal,
            "role_before": before.role, "nodal_before": before.nodal,
            "label_changed": after.label != before.label, "organ_changed": after.organ != before.organ,
        });
        let title = if after.label == before_label {
            format!("Edit {}", after.label)
        } else {
            format!("Rename {before_label} to {}", after.label)
        };
        let audit = AuditNote::new("lesion.edit", AuditAction::U, "lesion", id)
            .of(after.patient)
            .step(title)
            .detail(detail);
        self.commit(vec![Change::PutLesion(after)], audit, effects);
    }

    pub(super) fn remove_lesion(&mut self, id: LesionId, effects: &mut Vec<Effect>) {
        let Some((patient, title)) = self
            .lesion(id)
            .map(|l| (l.patient, format!("Remove {}", l.label)))
        else {
            return;
        };
        let marks: Vec<AnnotationId> = self
            .records
            .annotations
            .iter()
            .filter(|a| a.lesion == id)
            .map(|a| a.id)
            .collect();
        let audit = AuditNote::new("lesion.remove", AuditAction::D, "lesion", id)
            .of(patient)
            .step(title)
            .detail(json!({"annotations": &marks}));
        if self
            .commit(vec![Change::RemoveLesion(id)], audit, effects)
            .is_some()
        {
            for mark in marks {
                self.forget_mask(mark);
            }
            self.after_lesion_change(id, effects);
        }
    }

    /// Keeps selection and twins true after gestures moved between lesions.
    pub(super) fn after_lesion_change(&mut self, id: LesionId, effects: &mut Vec<Effect>) {
        if self.lesion(id).is_none() {
            self.forget_twin(id);
            self.selected = self.selected.filter(|s| *s != id);
        } else {
            self.twin_is_stale(id);
            self.refresh_twins(effects);
        }
    }
}
